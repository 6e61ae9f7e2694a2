//! What is looked after now and then: whether effects are paused, and what is old. At a start: who was erased.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chargly_engine::journal::read_restored;
use chargly_engine::ledger::WalletNo;
use chargly_ops::OpsError;

use crate::manage::ManageError;
use crate::schedule::KEPT_MS;
use crate::service::Shared;

/// How often it is looked whether effects were resumed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often old deliveries are deleted, in milliseconds.
const PRUNE_EVERY_MS: i64 = 10 * 60 * 1_000;
/// Deliveries deleted in one transaction: a few milliseconds.
const PRUNE_MAX: usize = 500;
/// Wallets asked for together.
const WALLETS_MAX: usize = 1_000;
/// Pending deliveries that are counted for the metric, for each endpoint.
const PENDING_COUNTED_MAX: usize = 100_000;
/// How often they are counted, in milliseconds.
const COUNT_EVERY_MS: i64 = 10_000;

/// Looks after all that until the service ends.
pub(crate) async fn run(shared: Arc<Shared>) {
    let (mut pruned_ms, mut counted_ms) = (i64::MIN, i64::MIN);
    loop {
        look_for_resumption(&shared);
        let now_ms = shared.now_ms();
        if now_ms.saturating_sub(pruned_ms) >= PRUNE_EVERY_MS {
            pruned_ms = now_ms;
            complain(&shared, prune(&shared, now_ms).await);
        }
        if now_ms.saturating_sub(counted_ms) >= COUNT_EVERY_MS {
            counted_ms = now_ms;
            complain(&shared, count_pending(&shared).await);
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY.min(shared.options.look_every)) => {}
            () = shared.closed() => return,
        }
    }
}

fn complain(shared: &Shared, done: Result<(), OpsError>) {
    if let Err(error) = done {
        let error = &error as &dyn std::error::Error;
        tracing::error!(
            environment = shared.env.name(),
            error,
            "webhooks cannot be looked after; tried again later"
        );
    }
}

fn look_for_resumption(shared: &Shared) {
    if !shared.is_paused() {
        return;
    }
    let is_paused = match read_restored(shared.env.dir()) {
        Ok(note) => note.is_some_and(|note| note.effects_are_paused),
        Err(_) => true,
    };
    if !is_paused {
        shared.is_paused.store(false, Ordering::Release);
        tracing::info!(environment = shared.env.name(), "webhooks are sent again");
        shared.tell_senders();
    }
}

async fn prune(shared: &Arc<Shared>, now_ms: i64) -> Result<(), OpsError> {
    loop {
        let pruned = shared.on_file(move |shared| shared.ops.prune(now_ms - KEPT_MS, PRUNE_MAX)).await?;
        if pruned < PRUNE_MAX {
            return Ok(());
        }
    }
}

async fn count_pending(shared: &Arc<Shared>) -> Result<(), OpsError> {
    let endpoints = shared.endpoints.borrow().clone();
    let pending = shared
        .on_file(move |shared| {
            endpoints.iter().try_fold(0, |sum, endpoint| {
                Ok(sum + shared.ops.count_pending(endpoint.number, PENDING_COUNTED_MAX)?)
            })
        })
        .await?;
    let pending = u32::try_from(pending).unwrap_or(u32::MAX);
    metrics::gauge!("chargly_webhook_pending", "environment" => shared.env.name().to_owned()).set(pending);
    Ok(())
}

/// Forgets what was told of customers who were erased when the process ended before it got here.
pub(crate) async fn forget_erased(shared: &Arc<Shared>) -> Result<(), ManageError> {
    let mut after = -1;
    loop {
        let wallets = shared.on_file(move |shared| shared.ops.wallets_told_of(after, WALLETS_MAX)).await?;
        let Some(last) = wallets.last() else { return Ok(()) };
        after = i64::from(*last);
        let numbers: Vec<WalletNo> = wallets.into_iter().map(WalletNo).collect();
        let customers = shared.env.customers_of(&numbers).await?;
        for (wallet, customer) in numbers.into_iter().zip(customers) {
            if customer.is_empty() {
                shared.on_file(move |shared| shared.ops.forget_wallet(wallet.0)).await?;
            }
        }
    }
}
