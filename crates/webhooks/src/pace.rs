//! The hourly look at what time alone brings about: wallets that are empty in a few days at their pace, and lots that
//! will expire.

use std::sync::Arc;

use chargly_api::{Id, IdKind};
use chargly_engine::CallError;
use chargly_engine::figures::CustomerLine;
use chargly_engine::ledger::Millis;
use chargly_engine::views::{After, By, FiguresQuery, Interval, Ranking};
use chargly_ops::{Alert, AlertKind, OpsError};
use thiserror::Error;

use crate::draft::{Details, Draft};
use crate::expiries;
use crate::follow::put;
use crate::service::Shared;
use crate::subscribers::Subscribers;
use crate::types::MessageType;

/// Days until a wallet is empty at which that is told. Decreasing.
pub(crate) const DAYS: [i64; 3] = [7, 3, 1];
/// How often it is looked, in milliseconds.
const EVERY_MS: i64 = 60 * 60 * 1_000;
/// How far back a customer counts as active, in milliseconds (28 days): what a pace is made of.
const ACTIVE_MS: i64 = 28 * 24 * 60 * 60 * 1_000;
/// Customers looked at together.
const PAGE: usize = 500;

/// Why it could not be looked.
#[derive(Debug, Error)]
pub(crate) enum PassError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Ops(#[from] OpsError),
}

/// Looks, every hour, for as long as somebody wants to know.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut endpoints = shared.endpoints.subscribe();
    let (mut paces_ms, mut expiries_ms) = (None, None);
    loop {
        let subscribers = Subscribers::of(&endpoints.borrow_and_update().clone());
        let wants = |kind| subscribers.wanted().has(kind) && !shared.is_paused();
        if is_due(&mut paces_ms, wants(MessageType::WalletLowBalance), shared.now_ms()) {
            complain(&shared, "low balances", look_at_paces(&shared, &subscribers).await);
        }
        if is_due(&mut expiries_ms, wants(MessageType::CreditsExpiring), shared.now_ms()) {
            complain(&shared, "lots that expire", expiries::look(&shared, &subscribers).await);
        }
        tokio::select! {
            _ = endpoints.changed() => {}
            () = tokio::time::sleep(shared.options.look_every) => {}
            () = shared.closed() => return,
        }
    }
}

/// Whether an hour has passed, or somebody wants to know who did not before.
fn is_due(last_ms: &mut Option<i64>, is_wanted: bool, now_ms: i64) -> bool {
    if !is_wanted {
        *last_ms = None;
        return false;
    }
    let is_due = last_ms.is_none_or(|last_ms| now_ms - last_ms >= EVERY_MS);
    if is_due {
        *last_ms = Some(now_ms);
    }
    is_due
}

fn complain(shared: &Shared, what: &str, looked: Result<(), PassError>) {
    match looked {
        Ok(()) => shared.tell_senders(),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(
                environment = shared.env.name(),
                error,
                "cannot look for {what}; tried again in an hour"
            );
        }
    }
}

/// Looks at every customer that was active lately.
async fn look_at_paces(shared: &Arc<Shared>, subscribers: &Subscribers) -> Result<(), PassError> {
    let (now, head) = (Millis(shared.now_ms()), shared.env.tail().committed().next);
    let mut after: Option<After> = None;
    loop {
        let query = FiguresQuery {
            from: Millis(now.0 - ACTIVE_MS),
            to: now.plus(1),
            interval: Interval::Total,
            by: vec![By::Wallet],
            event_type: None,
            price: None,
            wallet: None,
            dimension: None,
        };
        let page = shared.env.top_customers(query, Ranking::Credits, (PAGE, after), Some(head)).await?;
        // Nobody can be erased between what was read and what is written down.
        let mut names = Arc::clone(&shared.names).lock_owned().await;
        names.learn(&shared.env, page.lines.iter().map(|line| line.wallet).collect()).await?;
        let to = subscribers.of_type(MessageType::WalletLowBalance, u64::MAX, false);
        shared
            .on_file(move |shared| {
                shared.ops.derive(|tx| {
                    for line in &page.lines {
                        let subject = i64::from(line.wallet.0);
                        let told = tx.alert(AlertKind::Pace, subject)?.unwrap_or_default();
                        let (fired, level) = follow(told.fired, line.tenths_to_empty);
                        if fired != told.fired {
                            tx.set_alert(AlertKind::Pace, subject, Alert { fired, value: 0 })?;
                        }
                        if let (Some(level), Some(who)) = (level, names.get(line.wallet)) {
                            put(tx, &draft(line, level, now), (Some(who), now.0), &to)?;
                        }
                    }
                    Ok(())
                })
            })
            .await?;
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// What is told of a wallet that is empty in so many tenths of a day, and which level is to be told now, if any.
fn follow(mut fired: i64, tenths: Option<i128>) -> (i64, Option<i64>) {
    let mut crossed = None;
    for (index, days) in DAYS.into_iter().enumerate() {
        let bit = 1 << index;
        match tenths {
            Some(tenths) if tenths <= i128::from(days) * 10 => {
                if fired & bit == 0 {
                    crossed = Some(days);
                }
                fired |= bit;
            }
            // Told again after it was a tenth above.
            Some(tenths) if tenths < i128::from(days) * 11 => {}
            Some(_) | None => fired &= !bit,
        }
    }
    (fired, crossed)
}

fn draft(line: &CustomerLine, level: i64, now: Millis) -> Draft {
    let tenths = line.tenths_to_empty.and_then(|tenths| i64::try_from(tenths).ok()).unwrap_or_default();
    Draft {
        kind: MessageType::WalletLowBalance,
        id: timed_id("days", (line.wallet.0.into(), level), now),
        wallet: Some(line.wallet),
        at: now,
        micro: None,
        balance_micro: Some(line.available.micro()),
        details: Details::Days { level, tenths },
    }
}

/// The id of a message that no fact makes: by what it is about and when it was told.
pub(crate) fn timed_id(what: &str, (subject, level): (u64, i64), now: Millis) -> Id {
    let hash = blake3::hash(format!("{what} {subject} {level} {}", now.0).as_bytes());
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, ..] = *hash.as_bytes();
    Id {
        kind: IdKind::Message,
        position: u64::from_be_bytes([a, b, c, d, e, f, g, h]),
        tag: u32::from_be_bytes([i, j, k, l]),
        line: u16::from_be_bytes([m, n]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_to_empty_are_told_once_each_and_again_after_a_tenth_above() {
        let mut fired = 0;
        let told: Vec<_> = [80, 70, 69, 30, 5, 31, 32, 33, 30, 78, 70]
            .into_iter()
            .map(|tenths| {
                let (next, level) = follow(fired, Some(tenths));
                fired = next;
                level
            })
            .collect();
        let expected = [None, Some(7), None, Some(3), Some(1), None, None, None, Some(3), None, Some(7)];
        assert_eq!(told, expected);
        assert_eq!(follow(7, None), (0, None), "no pace any more");
    }

    #[test]
    fn pass_is_due_at_once_and_then_every_hour_for_as_long_as_it_is_wanted() {
        let mut last = None;
        assert!(is_due(&mut last, true, 0));
        assert!(!is_due(&mut last, true, EVERY_MS - 1));
        assert!(is_due(&mut last, true, EVERY_MS));
        assert!(!is_due(&mut last, false, EVERY_MS + 1));
        assert!(is_due(&mut last, true, EVERY_MS + 2));
    }
}
