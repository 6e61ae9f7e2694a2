//! What really happened over the span, in the same sums as what would have.

use chargly_ledger::{Fact, Millis, Payload, Recorded, State, WalletEvent, sweep};

use crate::event::cost_of;
use crate::references::References;
use crate::tally::Tally;
use crate::world::{Entry, Taker};

/// The facts of the span, folded as they are.
pub struct History {
    state: State,
    tally: Tally,
    references: References,
    first: chargly_ledger::Position,
}

impl History {
    /// From the state at `first`, where the span begins.
    pub fn new(state: State, first: chargly_ledger::Position) -> Self {
        Self { state, tally: Tally::default(), references: References::default(), first }
    }

    /// Adds the next fact of the span.
    pub fn step(&mut self, entry: &Entry<'_>) {
        if let Fact::Wallet(fact) = entry.fact {
            let (at, wallet) = (entry.recorded.at, fact.header.wallet);
            self.references.note(&fact.event, self.first);
            if let WalletEvent::Refused { asked, refusal, .. } = &fact.event {
                self.tally.refused(at, wallet, refusal);
                if let chargly_ledger::Asked::Meter(request) = asked {
                    self.tally.totals.denied += 1;
                    self.tally.of_type(request.event_type).denied += 1;
                }
            }
            self.tally.happened(at, wallet, &fact.event, cost_of(&fact.event));
        }
        self.state.apply(entry.recorded, entry.fact, customer_of(entry).as_deref());
    }

    /// Forgets how to undo what was added; now and then, so that memory stays small.
    pub fn commit(&mut self) {
        self.state.commit();
    }

    /// Lets happen what is due at the end of the span, in wallets that nothing touched since.
    pub fn finish(&mut self, at: Recorded, to: Millis) {
        finish(&mut self.state, &mut self.tally, at, to);
    }

    /// The sums, and what the facts of the span refer to.
    pub fn into_parts(self) -> (State, Tally, References) {
        (self.state, self.tally, self.references)
    }
}

/// Sweeps every wallet that has something due at `to`.
pub(crate) fn finish(state: &mut State, tally: &mut Tally, at: Recorded, to: Millis) {
    while let Some(wallet) = state.next_due(to) {
        let mut taker = Taker::by_time(tally, at, wallet);
        if sweep(state, wallet, to, &mut taker) == Ok(0) {
            break;
        }
        state.commit();
    }
}

/// The customer's own id, on the fact that opens a wallet; `None` once erased.
pub(crate) fn customer_of(entry: &Entry<'_>) -> Option<compact_str::CompactString> {
    let is_opening =
        matches!(entry.fact, Fact::Wallet(fact) if matches!(fact.event, WalletEvent::Opened { .. }));
    entry.payload.filter(|_| is_opening).and_then(|bytes| Payload::decode_customer(bytes).ok().flatten())
}
