//! `chargly customers erase`: forget a customer, in a data directory that nobody serves, or through a server.
//! `chargly customers list` is a report, and stands with the others; `chargly customers collect` has a file of its own.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use chargly_api::text::check_customer;
use chargly_engine::ledger::{Fact, KeyNo, Rejection};
use chargly_engine::{CallError, Environment, ErasedCustomer, SystemClock};
use chargly_ops::Ops;
use clap::{Args, Subcommand};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::data_dir::{DataDir, HowToOpen, environments_named, time_text};
use crate::failure::Advice;
use crate::http_client::Client;
use crate::output;
use crate::place::Place;

/// Flags of `chargly customers`.
#[derive(Clone, Debug, Args)]
pub(crate) struct CustomersArgs {
    #[command(subcommand)]
    what: What,
}

/// What to do with customers.
#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Print the customers who used something, the largest first, from a running server
    List(super::figures::CustomersListArgs),
    /// Charge what a customer used and was not charged, as far as the wallet can pay
    Collect(super::collect::CollectArgs),
    /// Forget a customer for good: id, keys, properties and reasons. Amounts and figures stay
    Erase(EraseArgs),
}

/// Flags of `chargly customers erase`.
#[derive(Clone, Debug, Args)]
struct EraseArgs {
    /// The customer, by your own id
    #[arg(value_name = "CUSTOMER", value_parser = parse_customer)]
    customer: String,
    /// Yes, for good: nothing brings it back but a backup from before
    #[arg(long, env = "CHARGLY_YES")]
    yes: bool,
    #[command(flatten)]
    place: Place,
}

/// Lists customers, or erases one and says what was left.
///
/// # Errors
/// Without `--yes`; if there is no such customer, or the data directory or the server cannot be used.
pub(crate) fn run(args: &CustomersArgs) -> Result<()> {
    let args = match &args.what {
        What::List(args) => return super::figures::list_customers(args),
        What::Collect(args) => return super::collect::run(args),
        What::Erase(args) => args,
    };
    if !args.yes {
        bail!(Advice::new(
            "erasing a customer cannot be undone; nothing was changed",
            "If that is what you want, say so with --yes. docs/guides/erasure.md tells what stays.",
        ));
    }
    let erased = match args.place.client()? {
        Some(client) => super::runtime()?.block_on(through_server(&client, &args.customer))?,
        None => in_directory(args)?,
    };
    if args.place.json {
        return output::print_json(&erased);
    }
    output::print(&in_words(&erased))
}

async fn through_server(client: &Client, customer: &str) -> Result<Value> {
    let answer = client.call(Method::DELETE, &["v1", "customers", customer], None).await?;
    if answer.status == StatusCode::NOT_FOUND && answer.body["kind"] == "customer" {
        bail!(unknown("the key's environment"));
    }
    answer.ok("erasing the customer")
}

fn in_directory(args: &EraseArgs) -> Result<Value> {
    let data = DataDir::at(&args.place.data);
    data.project()?;
    let name = environments_named(Some(&args.place.env))?[0];
    let clock = Arc::new(SystemClock::start());
    let _lock = data.lock("`chargly customers`", clock.as_ref())?;
    let runtime = super::runtime()?;
    let environment = runtime.block_on(async { data.open(name, HowToOpen::default()) })?;
    let erased = runtime.block_on(erase(&environment, &args.customer));
    environment.close();
    erased
}

/// Forgets what webhooks told of the customer.
fn forget_in_ops(environment: &Environment, erased: &ErasedCustomer) -> Result<()> {
    let (Some(ops), Fact::Wallet(fact)) =
        (Ops::open_without_key(environment.dir())?, erased.outcome.fact.as_ref())
    else {
        return Ok(());
    };
    ops.forget_wallet(fact.header.wallet.0).context("forgetting what webhooks told of the customer")?;
    Ok(())
}

async fn erase(environment: &Arc<Environment>, customer: &str) -> Result<Value> {
    match environment.erase_customer(KeyNo::SYSTEM, customer.into()).await {
        Ok(erased) => {
            forget_in_ops(environment, &erased)?;
            Ok(shown(&erased, customer))
        }
        Err(CallError::Rejected(Rejection::NotFound { .. })) => bail!(unknown(environment.name())),
        Err(error) => Err(anyhow::Error::from(error).context("erasing the customer")),
    }
}

/// Without the id: what is logged of a failure must not bring back what was to be forgotten.
fn unknown(environment: &str) -> Advice {
    Advice::new(
        format!("there is no such customer in {environment}, or no longer"),
        "--env names the other environment; an id is written exactly as it was metered.",
    )
}

/// As the server answers it.
fn shown(erased: &ErasedCustomer, customer: &str) -> Value {
    let after = match erased.outcome.fact.as_ref() {
        Fact::Wallet(fact) => fact.header.after,
        _ => Default::default(),
    };
    let credits = |credits: chargly_engine::ledger::Credits| {
        serde_json::from_str::<Value>(&credits.to_string()).unwrap_or_default()
    };
    json!({
        "customer": customer,
        "erased": true,
        "facts": erased.forgotten.facts,
        "payloads_erased": erased.forgotten.payloads,
        "left": {
            "balance": {
                "posted": credits(after.posted),
                "held": credits(after.held),
                "available": credits(after.available()),
            },
            "debt": credits(after.debt),
            "open_holds": erased.open_holds,
        },
        "erased_at": time_text(erased.outcome.at.0),
    })
}

fn in_words(erased: &Value) -> String {
    let (left, balance) = (&erased["left"], &erased["left"]["balance"]);
    format!(
        "The customer is forgotten: {} payloads of {} facts are erased; every amount stays.\n\
         What was left lapses with the wallet: {} credits posted, {} held by {} open holds, {} owed.\n\
         Backups, exports and logs from before may still have them.\n",
        erased["payloads_erased"],
        erased["facts"],
        balance["posted"],
        balance["held"],
        left["open_holds"],
        left["debt"],
    )
}

pub(super) fn parse_customer(text: &str) -> Result<String, String> {
    check_customer(text).map(|()| text.to_owned())
}
