//! Looking by itself, once a week.

use std::sync::{Arc, Weak};
use std::time::Duration;

use chargly_ledger::{Fact, Millis, Position};
use chargly_views::{Interval, Zone};

use super::look::LookRequest;
use crate::environment::{Environment, PLAYGROUND};
use crate::facts::ReadFactError;
use crate::outcome::CallError;

/// How often it is looked whether a look is due.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// How long after a week began its look is due, in milliseconds (three hours): late facts of the week before have come by
/// then, and most people sleep.
const AFTER_MONDAY_MS: i64 = 3 * 60 * 60 * 1_000;
/// Looks for advice on an environment once in each of its weeks, where its settings say so, until it is closed.
pub async fn look_weekly(environment: Weak<Environment>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(environment) = environment.upgrade() else { return };
        match environment.weekly_look_is_due().await {
            Ok(true) => {
                let seed = environment.tail().committed().next.0;
                environment.look_for_advice(LookRequest { seed, is_dry: false });
            }
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(environment = environment.name(), %error, "it is not known whether a look is due");
            }
        }
    }
}

impl Environment {
    /// Whether this week's look has not been yet, and there is anything new to look at.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub async fn weekly_look_is_due(self: &Arc<Self>) -> Result<bool, CallError> {
        let catalogue = self.catalogue();
        let now = Millis(self.wall_ms());
        let last = catalogue.last_look;
        let is_time = is_time(self.views().zone(), last.map(|look| look.as_of), now);
        if self.name() == PLAYGROUND || !catalogue.settings.advice.is_weekly || !is_time {
            return Ok(false);
        }
        let (facts, from) = (self.facts_handle(), last.map_or(Position(0), |look| look.cut_off));
        self.blocking(move || {
            let mut from = from;
            loop {
                let chunks = facts.chunks_from(from)?;
                let Some(last) = chunks.last() else { return Ok(false) };
                for entry in chunks.iter().flat_map(|chunk| chunk.entries()) {
                    let position = Position(entry.position.0);
                    let of_wallet = Fact::decode_wallet(entry.fact)
                        .map_err(|source| ReadFactError::Decode { position, source })?;
                    if of_wallet.is_some_and(|(_, is_metered)| is_metered) {
                        return Ok(true);
                    }
                }
                from = Position(last.end().0);
            }
        })
        .await
    }
}

/// Whether the look of the week that `now` is in has not been, and its hour has come. A look is of the week in which the
/// last fact it saw was recorded.
fn is_time(zone: &Zone, last: Option<Millis>, now: Millis) -> bool {
    let monday = zone.interval(Interval::Week, now).start;
    now >= monday.plus(AFTER_MONDAY_MS) && last.is_none_or(|as_of| as_of < monday)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 60 * 60 * 1_000;
    /// Monday, 11 January 2027, 00:00 UTC.
    const MONDAY: i64 = 1_799_625_600_000;

    #[test]
    fn a_week_has_one_look_some_hours_after_it_began() {
        let zone = Zone::utc();
        for (last, now, expected) in [
            (None, 0, false),
            (None, 3, true),
            (Some(-1), 2, false),
            (Some(-1), 3, true),
            (Some(2), 4, false),
            (Some(2), 7 * 24 - 1, false),
            (Some(2), 7 * 24 + 3, true),
        ] {
            let at = |hours: i64| Millis(MONDAY + hours * HOUR_MS);
            assert_eq!(is_time(&zone, last.map(at), at(now)), expected, "{last:?} {now}");
        }
    }
}
