//! One price simulation, start to end: the opening state folded from the very first fact, then the span, once as it
//! happened and once for each way of trying the proposal.
//!
//! Memory holds the opening state and one run's copy of it, with wallets and not with events. The journal is read in
//! small pieces, each in a read transaction of its own, and nothing is written.

use std::ops::Range;
use std::sync::Arc;

use chargly_journal::JournalReader;
use chargly_ledger::{Millis, Position, State};
use chargly_simulator::{
    Comparison, History, Mode, Proposal, References, Runs, World, compare, elasticities,
};

use crate::fold::Fold;
use crate::usecases::past::{Past, PastError, Watch, copy, each_entry, last_of};

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
pub type SimulationError = PastError;

/// Simulates on the journal that `reader` reads, which may grow meanwhile. `breathe` is called between pieces of work
/// of a few milliseconds. Also gives the state at the end of the span, as it really was.
pub fn simulate(
    reader: &mut dyn JournalReader,
    simulation: &PriceSimulation,
    watch: &Watch,
    breathe: &dyn Fn(),
) -> Result<(Simulated, State), SimulationError> {
    let mut run = Past::new(reader, watch, breathe);
    let head = run.head()?.0;
    let first = run.first_at(simulation.from, head)?;
    let span = first..run.first_at(simulation.to, head)?.max(first);
    let worlds = 1 + u64::from(simulation.is_replenishing) + u64::from(simulation.draws);
    let all = first + (1 + worlds) * (span.end - span.start);
    watch.expect(all);
    let opening = fold(&mut run, first)?;

    let (end, before, references) = happened(&mut run, &opening, &span, simulation.to)?;
    let references = Arc::new(references);
    let proposal = Arc::new(simulation.proposal.clone());
    let mut differences = 0;
    let mut run_as = |mode| -> Result<_, SimulationError> {
        let first = Position(span.start);
        let world = World::new(copy(&opening), first, Arc::clone(&proposal), Arc::clone(&references), mode);
        let world = would_happen(&mut run, world, &span, simulation.to)?;
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

/// The state before the span.
fn fold(past: &mut Past<'_>, first: u64) -> Result<State, SimulationError> {
    let mut fold = Fold::from_start();
    past.chunks(&(0..first), |chunk| Ok(fold.fold_state(chunk, |_| {})?))?;
    Ok(fold.state)
}

fn happened(
    past: &mut Past<'_>,
    opening: &State,
    span: &Range<u64>,
    to: Millis,
) -> Result<(State, chargly_simulator::Tally, References), SimulationError> {
    let mut history = History::new(copy(opening), Position(span.start));
    past.chunks(span, |chunk| {
        each_entry(chunk, |entry| history.step(entry))?;
        history.commit();
        Ok(())
    })?;
    history.finish(last_of(span, to), to);
    let (state, tally, mut references) = history.into_parts();
    past.look_up(&mut references, |original| original)?;
    Ok((state, tally, references))
}

fn would_happen(
    past: &mut Past<'_>,
    mut world: World,
    span: &Range<u64>,
    to: Millis,
) -> Result<World, SimulationError> {
    past.chunks(span, |chunk| {
        each_entry(chunk, |entry| world.step(entry))?;
        world.commit();
        Ok(())
    })?;
    world.finish(last_of(span, to), to);
    Ok(world)
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
