//! The wallets that are metered: given credits before, counted before and after.
//!
//! The server's own account of itself is not believed: what the callers saw accepted must have left the balances,
//! to the credit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use tokio::task::JoinSet;

use crate::client::{Answer, Connection};
use crate::request::{
    CUSTOMER_MARK, EVENT_TYPE, HOT_CUSTOMER, KEY_MARK, KIND_PREFIX, KINDS, Target, Template,
};

/// Credits that each of the spread wallets gets: more events than any case meters on one of them.
const SPREAD_CREDITS: i64 = 1_000_000;
/// Credits that the hot wallet gets: half an hour at a million events a second, and within the wire's limit.
const HOT_CREDITS: i64 = 2_000_000_000;

/// One of the spread wallets, whatever their number.
pub(crate) const FIRST_CUSTOMER: &str = "bench_000000";

/// Connections over which wallets are funded and read.
const CONNECTIONS: u32 = 64;

/// Bytes of an unexpected answer that an error quotes.
const QUOTED_BYTES: usize = 400;

/// Credits of all wallets that the load touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Balances {
    /// Sum over the spread wallets.
    pub(crate) spread: i64,
    /// Of the one hot wallet.
    pub(crate) hot: i64,
}

impl Balances {
    /// Of `wallets` wallets and the hot one of a new project, once [`set_up`] is done.
    pub(crate) fn funded(wallets: u32) -> Self {
        Self { spread: i64::from(wallets) * SPREAD_CREDITS, hot: HOT_CREDITS }
    }
}

/// Makes the event type at one credit an event and funds `customers` wallets and the hot one.
///
/// `seed` makes the grants' keys.
pub(crate) async fn set_up(target: &Target, customers: u32, seed: u64) -> Result<()> {
    put_event_type(target, EVENT_TYPE).await?;
    for_each_customer(target, grant(target, CUSTOMER_MARK, SPREAD_CREDITS), customers, seed, granted)
        .await
        .context("funding the wallets")?;
    fund_one(target, HOT_CUSTOMER, HOT_CREDITS, key(seed, 0)).await
}

/// Reads all balances.
pub(crate) async fn balances(target: &Target, customers: u32) -> Result<Balances> {
    let spread = for_each_customer(target, wallet(target, CUSTOMER_MARK), customers, 0, posted)
        .await
        .context("reading the wallets")?;
    let hot = posted_of(target, HOT_CUSTOMER).await?;
    Ok(Balances { spread, hot })
}

/// Gives `credits` to one customer, once for each `key`.
pub(crate) async fn fund_one(target: &Target, customer: &str, credits: i64, key: u128) -> Result<()> {
    let mut grant = grant(target, customer, credits);
    grant.set_all(0, key);
    one_call(target, &grant, granted).await.with_context(|| format!("funding {customer}"))?;
    Ok(())
}

/// Whole credits that one customer has; below zero if a server overdrew.
pub(crate) async fn posted_of(target: &Target, customer: &str) -> Result<i64> {
    one_call(target, &wallet(target, customer), posted)
        .await
        .with_context(|| format!("reading the wallet of {customer}"))
}

fn grant(target: &Target, customer: &str, credits: i64) -> Template {
    let body = format!(r#"{{"credits":{credits},"kind":"promotional","idempotency_key":"{KEY_MARK}"}}"#);
    Template::new(target, "POST", &format!("/v1/customers/{customer}/grants"), &body)
}

fn wallet(target: &Target, customer: &str) -> Template {
    Template::new(target, "GET", &format!("/v1/customers/{customer}/wallet"), "")
}

/// Makes the event types of [`Template::months`] at one credit an event.
pub(crate) async fn put_kinds(target: &Target) -> Result<()> {
    for kind in 0..KINDS {
        put_event_type(target, &format!("{KIND_PREFIX}{kind}")).await?;
    }
    Ok(())
}

async fn put_event_type(target: &Target, name: &str) -> Result<()> {
    let path = format!("/v1/event-types/{name}");
    let put = Template::new(target, "PUT", &path, r#"{"label":"Bench event","credits":1}"#);
    one_call(target, &put, |answer| match answer.status {
        // 409: an earlier bench made it. Whether it costs one credit is seen by the balances.
        200..=299 | 409 => Ok(0),
        _ => unexpected(answer),
    })
    .await
    .context("making the event type")?;
    Ok(())
}

/// Makes one call per customer over some connections, and adds up what `read` finds in the answers.
async fn for_each_customer(
    target: &Target,
    template: Template,
    customers: u32,
    seed: u64,
    read: fn(&Answer<'_>) -> Result<i64>,
) -> Result<i64> {
    let next = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS.min(customers) {
        let mut connection = Connection::open(target.server).await?;
        let (mut template, next) = (template.clone(), Arc::clone(&next));
        tasks.spawn(async move {
            let mut sum = 0_i64;
            loop {
                let customer = next.fetch_add(1, Ordering::Relaxed);
                if customer >= customers {
                    return anyhow::Ok(sum);
                }
                template.set_all(customer, key(seed, u64::from(customer) + 1));
                let answer = connection.exchange(template.bytes()).await?;
                sum += read(&answer).with_context(|| format!("customer {customer}"))?;
            }
        });
    }
    let mut sum = 0;
    while let Some(ended) = tasks.join_next().await {
        sum += ended.context("a connection's task")??;
    }
    Ok(sum)
}

async fn one_call(target: &Target, template: &Template, read: fn(&Answer<'_>) -> Result<i64>) -> Result<i64> {
    let mut connection = Connection::open(target.server).await?;
    let answer = connection.exchange(template.bytes()).await?;
    read(&answer)
}

fn key(seed: u64, number: u64) -> u128 {
    u128::from(seed) << u64::BITS | u128::from(number)
}

fn granted(answer: &Answer<'_>) -> Result<i64> {
    match answer.status {
        200..=299 => Ok(0),
        _ => unexpected(answer),
    }
}

/// Reads whole credits: one event costs one, so a fraction could only be a mistake.
fn posted(answer: &Answer<'_>) -> Result<i64> {
    #[derive(Deserialize)]
    struct Wallet {
        posted: serde_json::Number,
    }
    if answer.status != 200 {
        return unexpected(answer);
    }
    let wallet: Wallet = serde_json::from_slice(answer.body).context("a wallet without `posted`")?;
    wallet.posted.as_i64().with_context(|| format!("{} is no whole number of credits", wallet.posted))
}

fn unexpected(answer: &Answer<'_>) -> Result<i64> {
    let quoted = &answer.body[..answer.body.len().min(QUOTED_BYTES)];
    bail!("the server answered {}: {}", answer.status, String::from_utf8_lossy(quoted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balance_that_is_not_whole_or_not_there_is_an_error() {
        let read =
            |status, body: &'static str| posted(&Answer { status, is_replay: false, body: body.as_bytes() });
        assert_eq!(read(200, r#"{"customer":"a","posted":999999,"held":0}"#).ok(), Some(999_999));
        assert!(read(200, r#"{"posted":0.5}"#).is_err());
        assert_eq!(read(200, r#"{"posted":-1}"#).ok(), Some(-1));
        assert!(read(200, "{}").is_err());
        assert!(read(404, r#"{"posted":1}"#).is_err());
    }
}
