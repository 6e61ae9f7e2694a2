//! Lots that will expire with credits in them, told some days before, each once.

use std::sync::Arc;

use chargly_api::IdKind;
use chargly_engine::ExpiringLot;
use chargly_engine::ledger::{Millis, WalletNo};
use chargly_ops::{Alert, AlertKind};

use crate::draft::{Details, Draft, public};
use crate::follow::put;
use crate::pace::{PassError, timed_id};
use crate::service::Shared;
use crate::subscribers::Subscribers;
use crate::types::MessageType;

/// Days before a lot expires at which that is told. Decreasing.
const DAYS: [i64; 3] = [30, 7, 1];
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Looks at the lots of every wallet, a slice in each turn of the writer.
pub(crate) async fn look(shared: &Arc<Shared>, subscribers: &Subscribers) -> Result<(), PassError> {
    let now = Millis(shared.now_ms());
    let mut from = WalletNo(0);
    loop {
        let slice = shared.env.expiring_lots(from, now.plus(DAYS[0] * DAY_MS + 1)).await?;
        tell(shared, subscribers, slice.lots, now).await?;
        match slice.next {
            Some(next) => from = next,
            None => break,
        }
    }
    // What has expired is no longer asked for.
    shared.on_file(move |shared| shared.ops.forget_expiries(now.0 - DAY_MS)).await?;
    Ok(())
}

async fn tell(
    shared: &Arc<Shared>,
    subscribers: &Subscribers,
    lots: Vec<ExpiringLot>,
    now: Millis,
) -> Result<(), PassError> {
    if lots.is_empty() {
        return Ok(());
    }
    // Nobody can be erased between what was read and what is written down.
    let mut names = Arc::clone(&shared.names).lock_owned().await;
    names.learn(&shared.env, lots.iter().map(|lot| lot.wallet).collect()).await?;
    let to = subscribers.of_type(MessageType::CreditsExpiring, u64::MAX, false);
    shared
        .on_file(move |shared| {
            shared.ops.derive(|tx| {
                for lot in &lots {
                    let subject = lot.lot.position.0.cast_signed();
                    let told = tx.alert(AlertKind::Expiry, subject)?.unwrap_or_default();
                    let (fired, days) = follow(told.fired, lot.expires_at.0 - now.0);
                    let Some(days) = days else { continue };
                    tx.set_alert(AlertKind::Expiry, subject, Alert { fired, value: lot.expires_at.0 })?;
                    if let Some(who) = names.get(lot.wallet) {
                        put(tx, &draft(lot, days, now), (Some(who), now.0), &to)?;
                    }
                }
                Ok(())
            })
        })
        .await?;
    Ok(())
}

/// What is told of a lot with so much time left, and which number of days is to be told now, if any.
fn follow(mut fired: i64, left_ms: i64) -> (i64, Option<i64>) {
    let mut crossed = None;
    for (index, days) in DAYS.into_iter().enumerate().filter(|(_, days)| left_ms <= days * DAY_MS) {
        if fired & (1 << index) == 0 {
            crossed = Some(days);
        }
        fired |= 1 << index;
    }
    (fired, crossed)
}

fn draft(lot: &ExpiringLot, days: i64, now: Millis) -> Draft {
    Draft {
        kind: MessageType::CreditsExpiring,
        id: timed_id("expiry", (lot.lot.position.0, days), now),
        wallet: Some(lot.wallet),
        at: now,
        micro: Some(lot.credits.micro()),
        balance_micro: Some(lot.available.micro()),
        details: Details::Expiry {
            id: public(IdKind::Grant, lot.lot),
            kind: lot.kind,
            expires_at: lot.expires_at,
            days,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lot_is_told_thirty_seven_and_one_day_before_each_once() {
        let mut fired = 0;
        let told: Vec<_> = [40, 30, 20, 7, 6, 1, 0]
            .into_iter()
            .map(|days| {
                let (next, level) = follow(fired, days * DAY_MS);
                fired = next;
                level
            })
            .collect();
        assert_eq!(told, [None, Some(30), None, Some(7), None, Some(1), None]);
    }

    #[test]
    fn lot_that_is_seen_late_is_told_by_the_nearest_number_of_days_only() {
        assert_eq!(follow(0, DAY_MS / 2), (0b111, Some(1)));
        assert_eq!(follow(0, 30 * DAY_MS + 1), (0, None));
    }
}
