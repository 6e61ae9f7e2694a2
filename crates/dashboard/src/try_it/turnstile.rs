//! How much may be played: clicks of a visitor and of all, new visitors of a day, streams. Anybody may come, and each
//! click is a durable event, so that all of it is bounded.
//!
//! Counted in memory: after a restart it begins anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Clicks of one visitor in a minute: more than anybody clicks for fun.
pub(super) const TRY_VISITOR_CLICKS_MAX: u32 = 40;
/// Clicks of all visitors in a minute: what it may take of the disk that test and live are on.
pub(super) const TRY_CLICKS_MAX: u32 = 240;
/// Visitors of a day who get a wallet: each is a customer for good, until the playground is reset.
pub(super) const TRY_VISITORS_MAX: u32 = 1_000;
/// Open streams of one visitor: as many as tabs they look at.
pub(super) const TRY_VISITOR_STREAMS_MAX: u32 = 3;
/// Open streams of all visitors: most of the server's are for who has a key.
pub(super) const TRY_STREAMS_MAX: u32 = 64;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// Counts who plays.
#[derive(Debug, Default)]
pub(super) struct Turnstile {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    minute: i64,
    clicks: u32,
    clicks_of: HashMap<String, u32>,
    day: i64,
    visitors: u32,
    streams: u32,
    streams_of: HashMap<String, u32>,
}

impl Turnstile {
    /// Counts a click. `Err` has what to tell the visitor: it was too many.
    pub(super) fn click(&self, visitor: &str, now_ms: i64) -> Result<(), &'static str> {
        let mut counts = self.counts();
        let minute = now_ms.div_euclid(MINUTE_MS);
        if counts.minute != minute {
            counts.minute = minute;
            counts.clicks = 0;
            counts.clicks_of.clear();
        }
        if counts.clicks >= TRY_CLICKS_MAX {
            return Err(
                "The playground is busy: everybody together has clicked as often as a minute allows. Try again in a minute.",
            );
        }
        let own = counts.clicks_of.entry(visitor.to_owned()).or_default();
        if *own >= TRY_VISITOR_CLICKS_MAX {
            return Err("That were as many clicks as a minute allows. Go on in a minute.");
        }
        *own += 1;
        counts.clicks += 1;
        Ok(())
    }

    /// Counts a visitor who gets a wallet.
    pub(super) fn newcomer(&self, now_ms: i64) -> Result<(), &'static str> {
        let mut counts = self.counts();
        let day = now_ms.div_euclid(DAY_MS);
        if counts.day != day {
            counts.day = day;
            counts.visitors = 0;
        }
        if counts.visitors >= TRY_VISITORS_MAX {
            return Err("The playground has had as many visitors as a day allows. Come back tomorrow.");
        }
        counts.visitors += 1;
        Ok(())
    }

    /// Room for a stream, held while it is open.
    pub(super) fn stream(self: &Arc<Self>, visitor: &str) -> Option<StreamRoom> {
        let mut counts = self.counts();
        let own = counts.streams_of.get(visitor).copied().unwrap_or(0);
        if counts.streams >= TRY_STREAMS_MAX || own >= TRY_VISITOR_STREAMS_MAX {
            return None;
        }
        counts.streams += 1;
        counts.streams_of.insert(visitor.to_owned(), own + 1);
        Some(StreamRoom { turnstile: Arc::clone(self), visitor: visitor.to_owned() })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room for one stream.
#[derive(Debug)]
pub(super) struct StreamRoom {
    turnstile: Arc<Turnstile>,
    visitor: String,
}

impl Drop for StreamRoom {
    fn drop(&mut self) {
        let mut counts = self.turnstile.counts();
        counts.streams = counts.streams.saturating_sub(1);
        let left = counts.streams_of.get(&self.visitor).copied().unwrap_or(0).saturating_sub(1);
        if left == 0 {
            counts.streams_of.remove(&self.visitor);
        } else {
            counts.streams_of.insert(self.visitor.clone(), left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visitor_may_click_so_often_in_a_minute_and_again_in_the_next() {
        let turnstile = Turnstile::default();
        for _ in 0..TRY_VISITOR_CLICKS_MAX {
            turnstile.click("ada", 59_999).expect("within the limit");
        }
        turnstile.click("ada", 59_999).expect_err("one more");
        turnstile.click("bob", 59_999).expect("another visitor");
        turnstile.click("ada", 60_000).expect("the next minute");
    }

    #[test]
    fn all_visitors_together_may_click_so_often_in_a_minute() {
        let turnstile = Turnstile::default();
        for click in 0..TRY_CLICKS_MAX {
            turnstile.click(&format!("visitor {}", click % 100), 0).expect("within the limit");
        }
        turnstile.click("somebody else", 0).expect_err("one more");
        turnstile.click("somebody else", 60_000).expect("the next minute");
    }

    #[test]
    fn so_many_visitors_of_a_day_get_a_wallet() {
        let turnstile = Turnstile::default();
        for _ in 0..TRY_VISITORS_MAX {
            turnstile.newcomer(DAY_MS - 1).expect("within the limit");
        }
        turnstile.newcomer(DAY_MS - 1).expect_err("one more");
        turnstile.newcomer(DAY_MS).expect("the next day");
    }

    #[test]
    fn streams_are_bounded_by_visitor_and_in_all_and_give_their_room_back() {
        let turnstile = Arc::new(Turnstile::default());
        let own: Vec<_> =
            (0..TRY_VISITOR_STREAMS_MAX).map(|_| turnstile.stream("ada").expect("room")).collect();
        assert!(turnstile.stream("ada").is_none(), "one more");
        drop(own);
        let all: Vec<_> =
            (0..TRY_STREAMS_MAX).map(|n| turnstile.stream(&format!("v{n}")).expect("room")).collect();
        assert!(turnstile.stream("ada").is_none(), "one more of all");
        drop(all);
        assert!(turnstile.stream("ada").is_some(), "all have ended");
    }
}
