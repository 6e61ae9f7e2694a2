//! One price simulation, start to end: the opening state folded from the very first fact, then the span, once as it
//! happened and once for each way of trying the proposal.
//!
//! Memory holds the opening state and one run's copy of it, with wallets and not with events. The journal is read in
//! small pieces, each in a read transaction of its own, and nothing is written.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use chargly_journal::{Chunk, JournalReader, PayloadRef};
use chargly_ledger::{EntryId, Fact, Millis, Position, Recorded, State};
use chargly_simulator::{
    Comparison, Entry, History, Mode, Proposal, References, Runs, World, compare, elasticities, original_of,
};
use thiserror::Error;

use crate::facts::ReadFactError;
use crate::fold::{Fold, FoldError};

/// Bytes of journal read at once: a few milliseconds of work, after which others get their turn.
const READ_BYTES: usize = 1024 * 1024;
/// Elasticities drawn at most: each is a run of its own, and twenty already show one in twenty.
pub const ELASTIC_DRAWS_MAX: u32 = 100;
/// Elasticities drawn when nobody says.
pub const ELASTIC_DRAWS_DEFAULT: u32 = 20;
/// Customers whose change is kept of one simulation: the largest rises and the largest falls, half each.
pub const SIMULATED_CUSTOMERS_MAX: usize = 200_000;

/// What is to be simulated.
#[derive(Clone, Debug)]
pub struct PriceSimulation {
    /// From when, by the time of recording.
    pub from: Millis,
    /// Until before when; what is not recorded yet is not waited for.
    pub to: Millis,
    /// The prices that are tried.
    pub proposal: Proposal,
    /// Whether to try with packs bought again.
    pub is_replenishing: bool,
    /// How many elasticities to draw; 0 for none.
    pub draws: u32,
    /// Which ones, and which events happen.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// The runs beside each other.
    pub comparison: Comparison,
    /// The facts of the span.
    pub facts: Range<u64>,
    /// Customers whose change is not kept, because there are too many.
    pub customers_left_out: usize,
    /// Facts that came out otherwise although nothing is proposed; `None` where something is. Not 0 is a defect.
    pub differences: Option<u64>,
}

/// Why there is no result.
#[derive(Debug, Error)]
pub enum SimulationError {
    /// Somebody stopped it.
    #[error("the simulation was cancelled")]
    Cancelled,
    /// The journal could not be read.
    #[error("the journal cannot be read")]
    Read(#[from] chargly_journal::ReadError),
    /// The journal could not be folded.
    #[error("the journal cannot be folded")]
    Fold(#[from] FoldError),
    /// A fact could not be read.
    #[error(transparent)]
    Fact(#[from] ReadFactError),
}

/// How far a simulation has come, and whether it is to stop. Shared with whoever waits for it.
#[derive(Debug, Default)]
pub struct Watch {
    done: AtomicU64,
    all: AtomicU64,
    is_cancelled: AtomicBool,
}

impl Watch {
    /// Facts done, and facts in all: one that several runs take up counts once for each. 0 in all until it is known.
    pub fn progress(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.all.load(Ordering::Relaxed))
    }

    /// Stops the simulation at the next opportunity.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it is to stop.
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed)
    }
}

/// Simulates on the journal that `reader` reads, which may grow meanwhile. `breathe` is called between pieces of work
/// of a few milliseconds. Also gives the state at the end of the span, as it really was.
pub fn simulate(
    reader: &mut dyn JournalReader,
    simulation: &PriceSimulation,
    watch: &Watch,
    breathe: &dyn Fn(),
) -> Result<(Simulated, State), SimulationError> {
    let mut run = Running { reader, watch, breathe };
    let head = run.reader.head()?.next.0;
    let first = run.first_at(simulation.from, head)?;
    let span = first..run.first_at(simulation.to, head)?.max(first);
    let worlds = 1 + u64::from(simulation.is_replenishing) + u64::from(simulation.draws);
    let all = first + (1 + worlds) * (span.end - span.start);
    watch.all.store(all, Ordering::Relaxed);
    let opening = run.fold(first)?;

    let (end, before, references) = run.happened(&opening, &span, simulation.to)?;
    let references = Arc::new(references);
    let proposal = Arc::new(simulation.proposal.clone());
    let mut differences = 0;
    let mut run_as = |mode| -> Result<_, SimulationError> {
        let first = Position(span.start);
        let world = World::new(copy(&opening), first, Arc::clone(&proposal), Arc::clone(&references), mode);
        let world = run.would_happen(world, &span, simulation.to)?;
        differences += world.differences();
        Ok(world.into_tally())
    };
    let fixed = run_as(Mode::Static)?;
    let replenishing = simulation.is_replenishing.then(|| run_as(Mode::Replenishing)).transpose()?;
    let drawn = elasticities(simulation.draws, simulation.seed).into_iter();
    let elastic = drawn.map(|elasticity| {
        let seed = simulation.seed;
        run_as(Mode::Elastic { elasticity, seed }).map(|tally| tally.totals)
    });
    let elastic = elastic.collect::<Result<_, _>>()?;

    let mut comparison = compare(&end, &Runs { before, fixed, replenishing, elastic });
    let customers_left_out = keep_largest(&mut comparison);
    let differences = simulation.proposal.is_empty().then_some(differences);
    Ok((Simulated { comparison, facts: span, customers_left_out, differences }, end))
}

struct Running<'a> {
    reader: &'a mut dyn JournalReader,
    watch: &'a Watch,
    breathe: &'a dyn Fn(),
}

impl Running<'_> {
    /// Where the first chunk begins that was recorded at or after `at`; `head` where there is none. Time never goes
    /// back in a journal, so halving finds it.
    fn first_at(&mut self, at: Millis, head: u64) -> Result<u64, SimulationError> {
        let (mut low, mut high) = (0, head);
        while low < high {
            let middle = chargly_journal::Position(low + (high - low) / 2);
            match self.reader.chunk_at(middle)? {
                Some(chunk) if chunk.at_ms < at.0 => low = chunk.end().0,
                Some(chunk) => high = chunk.first.0,
                None => high = middle.0,
            }
        }
        Ok(low)
    }

    /// Reads the chunks of a range of positions, which begins and ends with one.
    fn chunks(
        &mut self,
        range: &Range<u64>,
        mut each: impl FnMut(&Chunk) -> Result<(), SimulationError>,
    ) -> Result<(), SimulationError> {
        let mut from = range.start;
        while from < range.end {
            let chunks = self.reader.chunks_from(chargly_journal::Position(from), READ_BYTES)?;
            for chunk in chunks.iter().filter(|chunk| chunk.first.0 < range.end) {
                if self.watch.is_cancelled() {
                    return Err(SimulationError::Cancelled);
                }
                each(chunk)?;
                self.watch.done.fetch_add(chunk.end().0 - from, Ordering::Relaxed);
                from = chunk.end().0;
            }
            if chunks.is_empty() {
                break;
            }
            (self.breathe)();
        }
        Ok(())
    }

    /// The state before the span.
    fn fold(&mut self, first: u64) -> Result<State, SimulationError> {
        let mut fold = Fold::from_start();
        self.chunks(&(0..first), |chunk| Ok(fold.fold_state(chunk, |_| {})?))?;
        Ok(fold.state)
    }

    fn happened(
        &mut self,
        opening: &State,
        span: &Range<u64>,
        to: Millis,
    ) -> Result<(State, chargly_simulator::Tally, References), SimulationError> {
        let mut history = History::new(copy(opening), Position(span.start));
        self.chunks(span, |chunk| {
            each_entry(chunk, |entry| history.step(entry))?;
            history.commit();
            Ok(())
        })?;
        history.finish(last_of(span, to), to);
        let (state, tally, mut references) = history.into_parts();
        for position in references.missing() {
            let at = chargly_journal::Position(position.0);
            let Some(chunk) = self.reader.chunk_at(at)? else { continue };
            each_entry(&chunk, |entry| {
                let is_it = entry.recorded.id.position == position;
                if let Some(original) = is_it.then(|| original_of(entry.recorded, entry.fact)).flatten() {
                    references.found(original);
                }
            })?;
        }
        Ok((state, tally, references))
    }

    fn would_happen(
        &mut self,
        mut world: World,
        span: &Range<u64>,
        to: Millis,
    ) -> Result<World, SimulationError> {
        self.chunks(span, |chunk| {
            each_entry(chunk, |entry| world.step(entry))?;
            world.commit();
            Ok(())
        })?;
        world.finish(last_of(span, to), to);
        Ok(world)
    }
}

/// Shows every fact of a chunk.
fn each_entry(chunk: &Chunk, mut show: impl FnMut(&Entry<'_>)) -> Result<(), ReadFactError> {
    for entry in chunk.entries() {
        let position = Position(entry.position.0);
        let fact = Fact::decode(entry.fact).map_err(|source| ReadFactError::Decode { position, source })?;
        let recorded = Recorded::new(position, Millis(chunk.at_ms), &fact, entry.fact);
        let payload = match entry.payload {
            PayloadRef::Present(bytes) => Some(bytes),
            PayloadRef::None | PayloadRef::Erased => None,
        };
        show(&Entry { recorded, fact: &fact, payload });
    }
    Ok(())
}

/// The name of what happens by time at the end of a span.
fn last_of(span: &Range<u64>, to: Millis) -> Recorded {
    Recorded { id: EntryId { position: Position(span.end), tag: 0 }, at: to }
}

fn copy(state: &State) -> State {
    State::restore(state.rest(), state.wallets().cloned())
}

/// Keeps the customers with the largest changes. Says how many are left out.
fn keep_largest(comparison: &mut Comparison) -> usize {
    let customers = &mut comparison.customers;
    let left_out = customers.len().saturating_sub(SIMULATED_CUSTOMERS_MAX);
    if left_out > 0 {
        let half = SIMULATED_CUSTOMERS_MAX / 2;
        customers.drain(half..half + left_out);
    }
    left_out
}
