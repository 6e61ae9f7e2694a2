//! Deferred revenue, computed in two ways that share no sum: from the books (sold, less refunded and recognised) and
//! from the lots (what of each price is neither). Both at one position; they must agree.

use std::sync::Arc;

use chargly_ledger::{Fact, Millis, Position, WalletNo};
use chargly_views::Interval;

use super::aged::{Aged, Calendar};
use super::lots::{LotSums, LotsSlice, deferred_change};
use super::{deferred_nano, total};
use crate::environment::Environment;
use crate::facts::{Facts, ReadFactError};
use crate::outcome::CallError;
use crate::submission::{Ask, Failure, Item, Verdict};

/// How old an answer may be that is given again, in milliseconds: reading all lots takes the writer a moment for every
/// few thousand wallets, and pages ask often.
const FRESH_MS: i64 = 10_000;

/// What was sold and is still owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deferred {
    /// Sold, less refunded and recognised, since the beginning; in nano-units.
    pub by_books_nano: i128,
    /// Σ over lots (price − refunded − recognised), in nano-units.
    pub by_lots_nano: i128,
    /// What is left in lots.
    pub lots: LotSums,
    /// The same, told apart by age, end and month; with what was deferred when each wallet was read.
    pub aged: Arc<Aged>,
    /// Up to where what is left in each lot is known at least: the lots are read one after the other, mostly a moment
    /// before the books.
    pub lots_as_of: Position,
    /// The time of the last fact before that.
    pub lots_as_of_at: Millis,
    /// The position of the first fact that neither way to deferred revenue reflects.
    pub as_of: Position,
    /// The time of the last fact that both reflect.
    pub as_of_at: Millis,
}

impl Deferred {
    /// Whether both ways come to the same.
    pub fn agrees(&self) -> bool {
        self.by_books_nano == self.by_lots_nano
    }
}

/// The last answer, and when it was made, by the monotonic clock. Whoever asks while it is being made waits for it.
#[derive(Debug, Default)]
pub(crate) struct DeferredCache(tokio::sync::Mutex<Option<(i64, Deferred)>>);

impl Environment {
    /// Deferred revenue and what is left in lots, at most ten seconds old, and not older than `at_least`.
    pub async fn deferred(self: &Arc<Self>, at_least: Option<Position>) -> Result<Deferred, CallError> {
        let mut last = self.deferred_cache().0.lock().await;
        let now_ms = self.clock().monotonic_ms();
        let reflects = |found: &Deferred| at_least.is_none_or(|position| found.lots_as_of >= position);
        if let Some((made_ms, found)) = &*last
            && now_ms - made_ms < FRESH_MS
            && reflects(found)
        {
            return Ok(found.clone());
        }
        let found = self.compute_deferred(at_least).await?;
        *last = Some((now_ms, found.clone()));
        Ok(found)
    }

    async fn compute_deferred(self: &Arc<Self>, at_least: Option<Position>) -> Result<Deferred, CallError> {
        let calendar = Arc::new(Calendar::new(self.views().zone(), Millis(self.wall_ms())));
        let (read, aged) = self.read_lots(calendar).await?;
        let newest = read.iter().map(|(_, slice)| slice.as_of).max().max(at_least);
        let lots_as_of = read.iter().map(|(_, slice)| slice.as_of).min().unwrap_or(Position(0));
        let always = Millis(0)..Millis::NEVER;
        let books = self.books(always, Interval::Total, newest).await?;
        let (as_of, facts) = (books.as_of, self.facts_handle());
        let env = Arc::clone(self);
        let (sums, later_nano, lots_as_of_at) = self
            .blocking(move || {
                let mut sums = LotSums::default();
                read.iter().for_each(|(_, slice)| sums += slice.sums);
                let at = env.time_before(lots_as_of, Millis(i64::MIN));
                Ok((sums, changes_since(&facts, &read, as_of)?, at))
            })
            .await?;
        Ok(Deferred {
            by_books_nano: deferred_nano(&total(&books)),
            by_lots_nano: sums.deferred_nano + later_nano,
            lots: sums,
            aged: Arc::new(aged),
            lots_as_of,
            lots_as_of_at,
            as_of,
            as_of_at: books.as_of_at,
        })
    }

    /// Every slice with the wallet it begins with, in order; and what all of them owe, told apart by time.
    async fn read_lots(
        &self,
        calendar: Arc<Calendar>,
    ) -> Result<(Vec<(WalletNo, LotsSlice)>, Aged), CallError> {
        let (mut slices, mut all) = (Vec::new(), Aged::new(Arc::clone(&calendar)));
        let mut next = Some(WalletNo(0));
        while let Some(from) = next {
            let answered =
                self.ask(vec![Item::read(Ask::Lots(from, Arc::clone(&calendar)))], Vec::new(), false).await?;
            let (slice, aged) = match answered.verdicts.into_iter().next() {
                Some(Verdict::Lots(slice)) => *slice,
                Some(Verdict::Failed(failure)) => return Err(failure.into()),
                _ => return Err(Failure::Stopped.into()),
            };
            all.merge(&aged);
            slices.push((from, slice));
            next = slice.next;
        }
        Ok((slices, all))
    }
}

/// What was deferred after each wallet's slice was read and before `end`, in nano-units.
fn changes_since(
    facts: &Facts,
    slices: &[(WalletNo, LotsSlice)],
    end: Position,
) -> Result<i128, ReadFactError> {
    let Some(mut from) = slices.iter().map(|(_, slice)| slice.as_of).min() else { return Ok(0) };
    let mut changed = 0;
    while from < end {
        let chunks = facts.chunks_from(from)?;
        if chunks.is_empty() {
            break;
        }
        for chunk in &chunks {
            for entry in chunk.entries() {
                let position = Position(entry.position.0);
                if (from..end).contains(&position) {
                    let fact = Fact::decode(entry.fact)
                        .map_err(|source| ReadFactError::Decode { position, source })?;
                    if slice_of(slices, &fact).is_some_and(|slice| position >= slice.as_of) {
                        changed += deferred_change(&fact);
                    }
                }
            }
            from = from.max(Position(chunk.end().0));
        }
    }
    Ok(changed)
}

/// The slice that the wallet of a fact was read in; wallets opened since belong to the last.
fn slice_of<'a>(slices: &'a [(WalletNo, LotsSlice)], fact: &Fact) -> Option<&'a LotsSlice> {
    let Fact::Wallet(fact) = fact else { return None };
    let after = slices.partition_point(|(first, _)| *first <= fact.header.wallet);
    slices.get(after.checked_sub(1)?).map(|(_, slice)| slice)
}
