//! How fast the credits of packs are used up: of the paid lots of each month or week, what was used, lapsed or taken back
//! by when.
//!
//! No rollup tells lots apart by when they came, since that would need a record of every lot there ever was. So the facts
//! since the first cohort are read, beside the traffic, and what was found is kept for a minute: how many facts may be read
//! is the caller's to say.

mod fold;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use chargly_ledger::{Fact, Millis, Position};
use chargly_views::{Interval, Zone};

use self::fold::{Fold, Grid};
use crate::environment::Environment;
use crate::facts::{Facts, ReadFactError};
use crate::outcome::CallError;

pub use fold::Moved;

/// How long an answer is given again, in milliseconds: pages ask often, and a curve of months moves slowly.
const FRESH_MS: i64 = 60_000;
/// Rest after each piece of reading, about a megabyte: whoever waits for the core gets it.
const REST: Duration = Duration::from_micros(500);

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BurnDownQuery {
    /// When the first cohort begins, or a time in it.
    pub from: Millis,
    /// A week or a month: which lots are told apart.
    pub cohort: Interval,
    /// A day, a week or a month: for which pieces of time.
    pub interval: Interval,
}

/// What became of the paid lots since a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BurnDown {
    /// The pieces of time, from the beginning of the first cohort until now.
    pub pieces: Vec<Range<Millis>>,
    /// The oldest first, also those in which nothing was sold.
    pub cohorts: Vec<Cohort>,
    /// The position of the first fact that is not in it.
    pub as_of: Position,
    /// The time of the last that is.
    pub as_of_at: Millis,
}

/// The lots of a month or a week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cohort {
    /// When it began.
    pub start: Millis,
    /// In which piece of time it began.
    pub first: usize,
    /// All that moved until the end of that piece, and of each one since.
    pub sums: Vec<Moved>,
}

/// What is to be read is more than may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyFacts {
    /// How many facts there are since then.
    pub facts: u64,
}

/// The last answer, to what, and when by the monotonic clock. Whoever asks while it is being made waits for it.
#[derive(Debug, Default)]
pub(crate) struct BurnDownCache(tokio::sync::Mutex<Option<(BurnDownQuery, i64, Arc<BurnDown>)>>);

impl Environment {
    /// What became of paid lots, at most a minute old, and not older than `at_least`. Reads `facts_max` facts at most.
    pub async fn burn_down(
        self: &Arc<Self>,
        query: BurnDownQuery,
        facts_max: u64,
        at_least: Option<Position>,
    ) -> Result<Result<Arc<BurnDown>, TooManyFacts>, CallError> {
        let mut last = self.burn_down_cache().0.lock().await;
        let now_ms = self.clock().monotonic_ms();
        if let Some((asked, made_ms, found)) = &*last
            && *asked == query
            && now_ms - made_ms < FRESH_MS
            && at_least.is_none_or(|position| found.as_of >= position)
        {
            return Ok(Ok(Arc::clone(found)));
        }
        let head = self.tail().committed().next;
        // Everything that was answered is committed: a position behind that is not there to wait for.
        if let Some(position) = at_least.filter(|position| head < *position) {
            return Err(CallError::FiguresBehind { position });
        }
        let (facts, grid) = (self.facts_handle(), grid(self.views().zone(), query, Millis(self.wall_ms())));
        let read = self.blocking(move || Ok(read(&facts, grid, head, facts_max)?)).await?;
        let found = match read {
            Ok(found) => Arc::new(found),
            Err(too_many) => return Ok(Err(too_many)),
        };
        *last = Some((query, now_ms, Arc::clone(&found)));
        Ok(Ok(found))
    }
}

/// The cohorts and pieces of time from the beginning of the first cohort until now.
fn grid(zone: &Zone, query: BurnDownQuery, now: Millis) -> Grid {
    let from = zone.interval(query.cohort, query.from).start;
    let starts = |interval| {
        let mut starts = Vec::new();
        let mut at = from;
        while at <= now || starts.is_empty() {
            starts.push(at);
            at = zone.interval(interval, at).end;
        }
        (starts, at)
    };
    let ((cohorts, _), (pieces, end)) = (starts(query.cohort), starts(query.interval));
    Grid { cohorts, pieces, end }
}

/// Reads the facts since the first cohort began.
fn read(
    facts: &Facts,
    grid: Grid,
    head: Position,
    facts_max: u64,
) -> Result<Result<BurnDown, TooManyFacts>, ReadFactError> {
    let begin = grid.pieces.first().copied().unwrap_or_default();
    let first = first_at(facts, begin, head)?;
    let count = head.0.saturating_sub(first.0);
    if count > facts_max {
        return Ok(Err(TooManyFacts { facts: count }));
    }
    let mut fold = Fold::new(grid);
    let (mut next, mut as_of_at) = (first, begin);
    while next < head {
        let chunks = facts.chunks_from(next)?;
        if chunks.is_empty() {
            break;
        }
        for chunk in &chunks {
            as_of_at = Millis(chunk.at_ms);
            for entry in chunk.entries().filter(|entry| entry.position.0 >= next.0) {
                let position = Position(entry.position.0);
                let fail = |source| ReadFactError::Decode { position, source };
                match Fact::decode_metered(entry.fact).map_err(fail)? {
                    Some((header, _, charge, _)) => fold.metered(as_of_at, header.wallet, &charge),
                    None => fold.note(as_of_at, &Fact::decode(entry.fact).map_err(fail)?),
                }
            }
            next = next.max(Position(chunk.end().0));
        }
        std::thread::sleep(REST);
    }
    let (grid, moved) = fold.finish();
    let pieces = pieces(&grid);
    let cohorts = cohorts(&grid, &pieces, moved);
    Ok(Ok(BurnDown { pieces, cohorts, as_of: next, as_of_at }))
}

/// Where the first fact stands that was recorded at or after `at`; `head` where there is none. Time never goes back in a
/// journal, so halving finds it.
fn first_at(facts: &Facts, at: Millis, head: Position) -> Result<Position, ReadFactError> {
    let (mut low, mut high) = (0, head.0);
    while low < high {
        let middle = low + (high - low) / 2;
        match facts.chunk_at(Position(middle))? {
            Some(chunk) if chunk.at_ms < at.0 => low = chunk.end().0,
            Some(chunk) => high = chunk.first.0,
            None => high = middle,
        }
    }
    Ok(Position(low.min(head.0)))
}

fn pieces(grid: &Grid) -> Vec<Range<Millis>> {
    let ends = grid.pieces.iter().skip(1).chain([&grid.end]);
    grid.pieces.iter().zip(ends).map(|(start, end)| *start..*end).collect()
}

/// All that moved until the end of each piece, from the one that each cohort began in.
fn cohorts(grid: &Grid, pieces: &[Range<Millis>], moved: Vec<Vec<Moved>>) -> Vec<Cohort> {
    let all = grid.cohorts.iter().zip(moved).map(|(start, moved)| {
        let first = pieces.iter().position(|piece| piece.end > *start).unwrap_or_default();
        let sums = moved.iter().skip(first).scan(Moved::default(), |sum, more| {
            sum.add(more);
            Some(*sum)
        });
        Cohort { start: *start, first, sums: sums.collect() }
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    /// 2026-11-23T10:00:00Z, a Monday.
    const NOW: Millis = Millis(1_795_428_000_000);

    #[test]
    fn grid_begins_with_the_first_cohort_and_ends_with_the_piece_that_now_is_in() {
        let (zone, from) = (Zone::utc(), NOW.plus(-40 * DAY_MS));
        let months =
            grid(&zone, BurnDownQuery { from, cohort: Interval::Month, interval: Interval::Week }, NOW);
        // 14 October is in October. The first week is what October has of it, from Thursday on.
        assert_eq!(months.cohorts, [Millis(1_790_812_800_000), Millis(1_793_491_200_000)]);
        assert_eq!(months.pieces[..2], [Millis(1_790_812_800_000), Millis(1_791_158_400_000)]);
        assert_eq!((months.pieces.len(), months.end), (9, Millis(1_795_996_800_000)));
        let later =
            grid(&zone, BurnDownQuery { from: NOW, cohort: Interval::Week, interval: Interval::Day }, NOW);
        assert_eq!((later.cohorts.len(), later.pieces.len()), (1, 1));
    }

    #[test]
    fn a_cohort_is_told_from_the_piece_on_that_it_began_in_and_adds_up() {
        let granted = |micro| Moved { granted: micro, ..Moved::default() };
        let used = |micro| Moved { used: micro, ..Moved::default() };
        let grid = Grid {
            cohorts: vec![Millis(0), Millis(15)],
            pieces: vec![Millis(0), Millis(10), Millis(20)],
            end: Millis(30),
        };
        let moved =
            vec![vec![granted(100), used(30), used(20)], vec![Moved::default(), granted(50), used(5)]];
        let found = cohorts(&grid, &pieces(&grid), moved);
        let left = |cohort: &Cohort| cohort.sums.iter().map(Moved::left).collect::<Vec<_>>();
        assert_eq!((found[0].first, left(&found[0])), (0, vec![100, 70, 50]));
        assert_eq!((found[1].first, left(&found[1])), (1, vec![50, 45]));
    }
}
