//! A span of a journal in memory, simulated.

use std::ops::Range;
use std::sync::Arc;

use chargly_ledger::{Fact, Position, Recorded, State, state_digest};
use chargly_simulator::{Entry, History, Mode, Proposal, References, Tally, World, original_of};
use chargly_testkit::ledger::{Stored, fold};

/// A span of a journal.
pub(crate) struct Span<'a> {
    stored: &'a [Stored],
    range: Range<usize>,
}

impl<'a> Span<'a> {
    /// The facts in `range`.
    pub(crate) fn new(stored: &'a [Stored], range: Range<usize>) -> Self {
        Self { stored, range }
    }

    /// The state before the span.
    fn opening(&self) -> State {
        let mut state = State::new();
        fold(&mut state, &self.stored[..self.range.start]).expect("a journal that can be folded");
        state.commit();
        state
    }

    /// The digest of the state after the span.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut state = State::new();
        fold(&mut state, &self.stored[..self.range.end]).expect("a journal that can be folded");
        state_digest(&state)
    }

    /// What happened, and what the span refers to.
    fn history(&self) -> (State, Tally, References) {
        let mut history = History::new(self.opening(), self.first());
        self.each(|entry| history.step(entry));
        let (state, tally, mut references) = history.into_parts();
        for position in references.missing() {
            let at = usize::try_from(position.0).expect("a place in memory");
            let original = with_entry(&self.stored[at], |entry| original_of(entry.recorded, entry.fact));
            references.found(original.expect("an event"));
        }
        (state, tally, references)
    }

    /// What would have happened, and the sums of what did.
    pub(crate) fn run(&self, proposal: &Proposal, mode: Mode) -> (World, Tally) {
        let (_, tally, references) = self.history();
        let proposal = Arc::new(proposal.clone());
        let mut world = World::new(self.opening(), self.first(), proposal, Arc::new(references), mode);
        self.each(|entry| {
            let before = world.differences();
            world.step(entry);
            if before == 0 && world.differences() > 0 {
                eprintln!("came out otherwise at {}: {:?}", entry.recorded.id.position, entry.fact);
            }
        });
        world.commit();
        (world, tally)
    }

    fn first(&self) -> Position {
        Position(self.range.start as u64)
    }

    fn each(&self, mut step: impl FnMut(&Entry<'_>)) {
        for stored in &self.stored[self.range.clone()] {
            with_entry(stored, &mut step);
        }
    }
}

fn with_entry<T>(stored: &Stored, read: impl FnOnce(&Entry<'_>) -> T) -> T {
    let fact = Fact::decode(&stored.fact).expect("a fact that was recorded");
    let recorded = Recorded::new(stored.position, stored.at, &fact, &stored.fact);
    read(&Entry { recorded, fact: &fact, payload: stored.payload.as_deref() })
}

/// What has to be the same when nothing is proposed: credits, revenue, cash, cost.
pub(crate) fn sum_of_figures(tally: &Tally) -> (u64, [i128; 5]) {
    let t = &tally.totals;
    (t.events, [t.used_micro, t.uncharged_micro, t.revenue_nano, t.cash_nano, t.cost_nano])
}
