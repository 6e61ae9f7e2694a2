//! What other rates would make of the use that models had of late: each event's cost by the rates in force and by those
//! that are to come, rounded as it would have been.
//!
//! The past is read, since no rollup knows models; nothing is written. An event counts with the usage it has now: one
//! that was given later takes the place of the one before.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chargly_journal::SqliteJournal;
use chargly_ledger::{Fact, Millis, Position, Rate, Usage, WalletEvent};
use chargly_views::{FiguresQuery, Interval};
use compact_str::CompactString;

use super::figures::Line;
use super::past::{Past, PastError, Watch};
use crate::environment::Environment;
use crate::facts::ReadFactError;
use crate::outcome::CallError;
use crate::submission::Failure;

/// How far back use is looked at, in milliseconds (30 days): a month, as rates are thought of.
pub const RATE_EFFECT_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// Facts looked at, at most: a few seconds of reading, and 100 MB where each is an event of a model that changes. What is
/// older is left out, and the answer says from when on it counts.
pub const RATE_EFFECT_FACTS_MAX: u64 = 1_000_000;
/// How long it rests after each few milliseconds of work: a request that waits for the core gets it.
const REST: Duration = Duration::from_micros(500);

/// The rates of a model that are to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateChange {
    /// Whose model.
    pub provider: CompactString,
    /// Which.
    pub model: CompactString,
    /// What holds now; nothing where it has no rates yet.
    pub before: Vec<Rate>,
    /// What is to hold.
    pub after: Vec<Rate>,
}

/// What other rates would have made of the use of one model, or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UseEffect {
    /// Events that have a cost by both rates.
    pub events: u64,
    /// What those cost by the rates that hold now, in nano-units.
    pub before_nano: i128,
    /// What they would cost.
    pub after_nano: i128,
    /// Events that have a cost by the new rates only.
    pub newly_priced: u64,
    /// What those would cost, in nano-units.
    pub newly_priced_nano: i128,
    /// Events that have a cost by the rates of now only.
    pub no_longer_priced: u64,
    /// Events with a unit that neither has a rate for.
    pub unpriced: u64,
}

/// The effect of rates on the use of the last 30 days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateEffect {
    /// From when on events are counted, by when they occurred.
    pub from: Millis,
    /// Until when.
    pub to: Millis,
    /// Whether the 30 days have more facts than are looked at.
    pub is_cut: bool,
    /// One for each change, in their order.
    pub models: Vec<UseEffect>,
    /// All of them together.
    pub total: UseEffect,
    /// The figures of all events of that time.
    pub line: Line,
}

impl UseEffect {
    /// What it does to the margin, in nano-units: less where the use costs more.
    pub fn margin_nano(&self) -> i128 {
        self.before_nano - self.after_nano
    }

    /// Whether the model was used at all.
    pub fn is_used(&self) -> bool {
        *self != Self::default()
    }

    fn add(&mut self, (before, after): Costs) {
        match (before, after) {
            (Some(before), Some(after)) => {
                self.events += 1;
                self.before_nano += i128::from(before);
                self.after_nano += i128::from(after);
            }
            (None, Some(after)) => {
                self.newly_priced += 1;
                self.newly_priced_nano += i128::from(after);
            }
            (Some(_), None) => self.no_longer_priced += 1,
            (None, None) => self.unpriced += 1,
        }
    }
}

impl std::iter::Sum for UseEffect {
    fn sum<I: Iterator<Item = Self>>(each: I) -> Self {
        each.fold(Self::default(), |sum, one| Self {
            events: sum.events + one.events,
            before_nano: sum.before_nano + one.before_nano,
            after_nano: sum.after_nano + one.after_nano,
            newly_priced: sum.newly_priced + one.newly_priced,
            newly_priced_nano: sum.newly_priced_nano + one.newly_priced_nano,
            no_longer_priced: sum.no_longer_priced + one.no_longer_priced,
            unpriced: sum.unpriced + one.unpriced,
        })
    }
}

impl Environment {
    /// What these rates would have made of the last 30 days, had they held. Changes nothing.
    pub async fn rate_effect(self: &Arc<Self>, changes: Vec<RateChange>) -> Result<RateEffect, CallError> {
        let (to, head) = (Millis(self.wall_ms()), self.tail().committed().next);
        let env = Arc::clone(self);
        let (from, is_cut, models) = self.blocking(move || env.read_use(&changes, to).map_err(told)).await?;
        let query = FiguresQuery {
            from,
            to: to.plus(1),
            interval: Interval::Total,
            by: Vec::new(),
            event_type: None,
            price: None,
            wallet: None,
            dimension: None,
        };
        let report = self.figures(query, Some(head)).await?;
        let figures = report.rows.first().map(|row| row.figures).unwrap_or_default();
        let total = models.iter().copied().sum();
        Ok(RateEffect { from, to, is_cut, models, total, line: Line::of(&figures) })
    }

    fn read_use(
        &self,
        changes: &[RateChange],
        to: Millis,
    ) -> Result<(Millis, bool, Vec<UseEffect>), PastError> {
        let (watch, rest) = (Watch::default(), || std::thread::sleep(REST));
        let mut reader = SqliteJournal::reader_in(self.dir());
        let mut past = Past::new(reader.as_mut(), &watch, &rest);
        let head = past.head()?.0;
        // Figures are kept by the hour: both are of the same time.
        let mut from = self.views().zone().hour(to.plus(-RATE_EFFECT_MS)).start;
        let first = past.first_at(from, head)?;
        let begin = begin_of(first, head);
        let is_cut = begin > first;
        let mut uses = Uses::of(changes);
        let mut is_begun = !is_cut;
        past.chunks(&(begin..head), |chunk| {
            if !is_begun {
                is_begun = true;
                from = self.views().zone().hour(Millis(chunk.at_ms)).end;
            }
            for entry in chunk.entries() {
                let position = Position(entry.position.0);
                let read = uses.read(position, Millis(chunk.at_ms), from, entry.fact);
                read.map_err(|source| ReadFactError::Decode { position, source })?;
            }
            Ok(())
        })?;
        Ok((from, is_cut, uses.sums(changes.len())))
    }
}

/// Where reading begins: at the first fact of the time, or at as many facts before the head as are looked at.
fn begin_of(first: u64, head: u64) -> u64 {
    first.max(head.saturating_sub(RATE_EFFECT_FACTS_MAX))
}

fn told(error: PastError) -> CallError {
    match error {
        PastError::Fact(error) => error.into(),
        PastError::Read(error) => ReadFactError::from(error).into(),
        // Nobody stops it, and nothing is folded.
        PastError::Cancelled | PastError::Fold(_) => Failure::Stopped.into(),
    }
}

/// What an event costs by the rates of now and by those to come, in nano-units; `None` where there is no rate.
type Costs = (Option<i64>, Option<i64>);

/// What each event of a model that changes costs by both rates: the last word on it counts.
struct Uses<'a> {
    models: HashMap<(&'a str, &'a str), (usize, &'a RateChange)>,
    known: HashMap<Position, (usize, Costs)>,
}

impl<'a> Uses<'a> {
    fn of(changes: &'a [RateChange]) -> Self {
        let named = changes.iter().enumerate();
        let models = named.map(|(at, one)| ((one.provider.as_str(), one.model.as_str()), (at, one)));
        Self { models: models.collect(), known: HashMap::new() }
    }

    fn read(
        &mut self,
        position: Position,
        at: Millis,
        from: Millis,
        bytes: &[u8],
    ) -> Result<(), chargly_ledger::DecodeError> {
        if let Some((_, request, _, facets)) = Fact::decode_metered(bytes)? {
            if request.occurred_at.unwrap_or(at) >= from {
                self.note(position, facets.as_ref().and_then(|facets| facets.usage.as_ref()));
            }
            return Ok(());
        }
        let Fact::Wallet(fact) = Fact::decode(bytes)? else { return Ok(()) };
        match &fact.event {
            WalletEvent::HoldCaptured { facets, .. } => {
                self.note(position, facets.as_ref().and_then(|facets| facets.usage.as_ref()));
            }
            WalletEvent::CostSet { request, usage, of, .. }
                if of.as_ref().is_some_and(|of| of.at >= from) =>
            {
                self.known.remove(&request.event);
                self.note(request.event, usage.as_ref());
            }
            _ => {}
        }
        Ok(())
    }

    fn note(&mut self, event: Position, usage: Option<&Usage>) {
        let Some(usage) = usage else { return };
        let Some((at, change)) = self.models.get(&(usage.provider.as_str(), usage.model.as_str())) else {
            return;
        };
        let costs = (usage.nano_by(&change.before).ok(), usage.nano_by(&change.after).ok());
        self.known.insert(event, (*at, costs));
    }

    fn sums(&self, changes: usize) -> Vec<UseEffect> {
        let mut sums = vec![UseEffect::default(); changes];
        for (at, costs) in self.known.values() {
            sums[*at].add(*costs);
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_facts_are_looked_at_than_the_limit() {
        let most = RATE_EFFECT_FACTS_MAX;
        for (first, head, begin) in [(0, 10, 0), (5, most + 5, 5), (5, most + 6, 6), (0, 3 * most, 2 * most)]
        {
            assert_eq!(begin_of(first, head), begin, "{first} {head}");
        }
    }
}
