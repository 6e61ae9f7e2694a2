//! The sweep: asks for news of orders that nobody has told us of, and goes on with what was cut off.

use std::collections::HashMap;
use std::sync::Weak;
use std::time::Duration;

use chargly_ledger::{EntryId, Position};

use super::PaymentError;
use crate::environment::Environment;
use crate::outcome::CallError;
use crate::submission::{Ask, Failure, Item, Verdict};

/// Orders asked about in one pass: a provider answers a few a second, and the next pass comes soon.
const ASKED_PER_PASS_MAX: usize = 50;
/// Kept notices followed in one pass.
const NOTICES_PER_PASS_MAX: usize = 100;
/// How often missed notices are fetched, in milliseconds.
const CATCH_UP_EVERY_MS: i64 = 10 * 60 * 1_000;
/// How far back they are fetched after a start, in milliseconds: as long as Stripe lists them (30 days).
const CATCH_UP_AT_START_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// How long an order is left alone before it is asked about for the first time, in milliseconds: notices mostly come
/// within seconds.
const FIRST_ASKED_AFTER_MS: i64 = 2 * 60 * 1_000;
/// How long at most between two questions about one order, in milliseconds.
const ASKED_EVERY_MS_MAX: i64 = 60 * 60 * 1_000;

/// When an order is asked about next.
#[derive(Clone, Copy)]
struct Next {
    at_ms: i64,
    wait_ms: i64,
}

/// Sweeps an environment every so often, until it is closed.
pub async fn sweep_payments(environment: Weak<Environment>, every: Duration) {
    let mut sweep = PaymentSweep::default();
    loop {
        tokio::time::sleep(every).await;
        let Some(environment) = environment.upgrade() else { return };
        if environment.payment_providers().is_empty() || environment.effects_are_paused() {
            continue;
        }
        if let Err(error) = sweep.pass(&environment).await {
            tracing::warn!(environment = environment.name(), %error, "the sweep of payments was cut short");
        }
    }
}

/// Which orders were asked about, and when they are again.
#[derive(Default)]
pub struct PaymentSweep {
    /// When missed notices were fetched last.
    caught_up_ms: Option<i64>,
    next: HashMap<Position, Next>,
}

impl PaymentSweep {
    /// Follows what is due at this moment. What it is about to do is measured by the environment's clock alone.
    ///
    /// # Errors
    /// Where the pass was cut short; the next one goes on.
    pub async fn pass(&mut self, environment: &Environment) -> Result<(), PaymentError> {
        environment.follow_due_notices(NOTICES_PER_PASS_MAX).await?;
        self.ask_for_news(environment).await?;
        self.catch_up(environment).await
    }

    /// Fetches what was never delivered, now and then.
    async fn catch_up(&mut self, environment: &Environment) -> Result<(), PaymentError> {
        let now_ms = environment.wall_ms();
        // What was delivered between a backup and its restore was followed in a time that is lost.
        let was_restored =
            self.caught_up_ms.is_none() && environment.was_restored_since(now_ms - CATCH_UP_AT_START_MS);
        let since_ms = match self.caught_up_ms {
            Some(last_ms) if now_ms - last_ms < CATCH_UP_EVERY_MS => return Ok(()),
            // Notices of a moment ago may still be on their way.
            Some(last_ms) => last_ms - CATCH_UP_EVERY_MS,
            None => now_ms - CATCH_UP_AT_START_MS,
        };
        environment.catch_up(since_ms, was_restored).await?;
        self.caught_up_ms = Some(now_ms);
        Ok(())
    }

    async fn ask_for_news(&mut self, environment: &Environment) -> Result<(), PaymentError> {
        let open = environment.open_orders().await?;
        self.next.retain(|placed, _| open.iter().any(|id| id.position == *placed));
        let now_ms = environment.wall_ms();
        let due: Vec<EntryId> =
            open.into_iter().filter(|id| self.is_due(*id, now_ms)).take(ASKED_PER_PASS_MAX).collect();
        for id in due {
            let asked = environment.refresh_order(id).await;
            self.put_off(id, now_ms);
            match asked {
                Ok(_) => {}
                Err(error @ (PaymentError::Paused | PaymentError::Call(CallError::Failed(_)))) => {
                    return Err(error);
                }
                Err(error) => {
                    let (environment, order) = (environment.name(), id.position.0);
                    tracing::warn!(environment, order, %error, "there is no news of an order");
                }
            }
        }
        Ok(())
    }

    fn is_due(&mut self, id: EntryId, now_ms: i64) -> bool {
        let first = Next { at_ms: now_ms + FIRST_ASKED_AFTER_MS, wait_ms: FIRST_ASKED_AFTER_MS };
        self.next.entry(id.position).or_insert(first).at_ms <= now_ms
    }

    fn put_off(&mut self, id: EntryId, now_ms: i64) {
        if let Some(next) = self.next.get_mut(&id.position) {
            next.wait_ms = (next.wait_ms * 2).min(ASKED_EVERY_MS_MAX);
            next.at_ms = now_ms + next.wait_ms;
        }
    }
}

impl Environment {
    /// Orders whose provider has to be asked for news, oldest first.
    pub async fn open_orders(&self) -> Result<Vec<EntryId>, CallError> {
        let answered = self.ask(vec![Item::read(Ask::OpenOrders)], Vec::new(), false).await?;
        match answered.verdicts.into_iter().next() {
            Some(Verdict::OpenOrders(orders)) => Ok(orders),
            Some(Verdict::Failed(failure)) => Err(failure.into()),
            _ => Err(Failure::Stopped.into()),
        }
    }
}
