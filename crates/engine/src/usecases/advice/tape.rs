//! The second scan: how the chosen customers stood when the span began, and what was recorded of them in it, kept in
//! memory to be run again for each proposal.
//!
//! Wallets are numbered by their place among the chosen, so that memory and time grow with those alone. Customers' own
//! ids are not read.

use std::ops::Range;

use chargly_journal::PayloadRef;
use chargly_ledger::{Fact, Millis, Original, Position, Recorded, State, WalletEvent, WalletFact};
use chargly_simulator::{Entry, History, References, Tally, World};

use super::sample::Sample;
use super::scan::unreadable;
use crate::usecases::past::{Past, PastError, Watch, copy, last_of};

/// Facts that are run before others get their turn: a few milliseconds of work.
const PIECE_FACTS: usize = 2_000;

/// What happened to the chosen customers, ready to be run again.
pub(super) struct Tape {
    /// How they stood when the span began.
    opening: State,
    /// Positions of the span.
    span: Range<u64>,
    /// Where it ends, by the time of recording.
    to: Millis,
    /// Binary forms of facts and payloads, one behind the other.
    bytes: Vec<u8>,
    facts: Vec<Taped>,
}

/// A fact on the tape: its name, and where its parts are.
struct Taped {
    recorded: Recorded,
    fact: Range<usize>,
    payload: Option<Range<usize>>,
}

/// What really happened, in the sums of a simulation.
pub(super) struct Happened {
    /// The state when the span ended.
    pub(super) end: State,
    /// The sums.
    pub(super) tally: Tally,
    /// What facts of the span refer to.
    pub(super) references: References,
}

impl Tape {
    /// Reads everything below the end of the span, of which little is kept.
    pub(super) fn read(
        past: &mut Past<'_>,
        sample: &Sample,
        span: Range<u64>,
        to: Millis,
    ) -> Result<Self, PastError> {
        let mut tape = Self { opening: State::new(), span, to, bytes: Vec::new(), facts: Vec::new() };
        past.chunks(&(0..tape.span.end), |chunk| {
            let at = Millis(chunk.at_ms);
            for entry in chunk.entries() {
                let position = Position(entry.position.0);
                let fail = |source| unreadable(position, source);
                let number = match Fact::decode_wallet(entry.fact).map_err(fail)? {
                    None => None,
                    Some((wallet, _)) => match sample.number(wallet) {
                        Some(number) => Some(number),
                        None => continue,
                    },
                };
                let mut fact = Fact::decode(entry.fact).map_err(fail)?;
                // It is about a wallet that may not be here, and moves nothing.
                if matches!(fact, Fact::BatchAccepted { .. }) {
                    continue;
                }
                let recorded = Recorded::new(position, at, &fact, entry.fact);
                if let (Fact::Wallet(fact), Some(number)) = (&mut fact, number) {
                    fact.header.wallet = number;
                }
                if position.0 < tape.span.start {
                    tape.opening.apply(recorded, &fact, None);
                } else {
                    tape.keep(recorded, &fact, entry.payload);
                }
            }
            tape.opening.commit();
            Ok(())
        })?;
        Ok(tape)
    }

    fn keep(&mut self, recorded: Recorded, fact: &Fact, payload: PayloadRef<'_>) {
        let start = self.bytes.len();
        fact.encode_into(&mut self.bytes);
        let fact_range = start..self.bytes.len();
        let payload = match payload {
            PayloadRef::Present(bytes) if !has_customer(fact) => {
                self.bytes.extend_from_slice(bytes);
                Some(fact_range.end..self.bytes.len())
            }
            _ => None,
        };
        self.facts.push(Taped { recorded, fact: fact_range, payload });
    }

    /// Facts on it.
    pub(super) fn len(&self) -> u64 {
        self.facts.len() as u64
    }

    /// Where the span begins.
    pub(super) fn first(&self) -> Position {
        Position(self.span.start)
    }

    /// The opening state, to be run on.
    pub(super) fn opening(&self) -> State {
        copy(&self.opening)
    }

    /// Adds up what really happened. Events from before the span that it refers to are read by `past`.
    pub(super) fn happened(
        &self,
        past: &mut Past<'_>,
        sample: &Sample,
        (watch, breathe): (&Watch, &dyn Fn()),
    ) -> Result<Happened, PastError> {
        let mut history = History::new(self.opening(), self.first());
        self.play((watch, breathe), |entry, is_piece_over| {
            history.step(entry);
            if is_piece_over {
                history.commit();
            }
        })?;
        history.commit();
        history.finish(last_of(&self.span, self.to), self.to);
        let (end, tally, mut references) = history.into_parts();
        let as_here = |original: Original| Original {
            wallet: sample.number(original.wallet).unwrap_or(original.wallet),
            ..original
        };
        past.look_up(&mut references, as_here)?;
        Ok(Happened { end, tally, references })
    }

    /// Runs a world to the end of the span.
    pub(super) fn run(
        &self,
        mut world: World,
        (watch, breathe): (&Watch, &dyn Fn()),
    ) -> Result<World, PastError> {
        self.play((watch, breathe), |entry, is_piece_over| {
            world.step(entry);
            if is_piece_over {
                world.commit();
            }
        })?;
        world.commit();
        world.finish(last_of(&self.span, self.to), self.to);
        Ok(world)
    }

    /// Shows every fact in its order, and whether it is the last one before a rest.
    fn play(
        &self,
        (watch, breathe): (&Watch, &dyn Fn()),
        mut show: impl FnMut(&Entry<'_>, bool),
    ) -> Result<(), PastError> {
        for piece in self.facts.chunks(PIECE_FACTS) {
            if watch.is_cancelled() {
                return Err(PastError::Cancelled);
            }
            for (at, taped) in piece.iter().enumerate() {
                let bytes = self.bytes.get(taped.fact.clone()).unwrap_or_default();
                let position = taped.recorded.id.position;
                let fact = Fact::decode(bytes).map_err(|source| unreadable(position, source))?;
                let payload = taped.payload.clone().and_then(|range| self.bytes.get(range));
                show(&Entry { recorded: taped.recorded, fact: &fact, payload }, at + 1 == piece.len());
            }
            watch.advance(piece.len() as u64);
            breathe();
        }
        Ok(())
    }
}

/// Whether the payload of a fact has the customer's own id.
fn has_customer(fact: &Fact) -> bool {
    matches!(fact, Fact::Wallet(WalletFact { event: WalletEvent::Opened { .. }, .. }))
}
