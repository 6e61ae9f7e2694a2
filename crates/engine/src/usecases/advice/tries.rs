//! Trying proposals on the past: one span, one sample of customers, every proposal run again on it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chargly_ledger::{Backtest, Catalogue, Millis, PriceRun, Recommendation, Shock, Span};
use chargly_simulator::{
    Comparison, CustomerChange, Mode, Proposal, ProposedPrice, Runs, Spread, Totals, World, bill_shock,
    compare, elasticities,
};

use super::sample::{Sample, Use, choose};
use super::tape::{Happened, Tape};
use crate::usecases::past::{Past, PastError, Watch};

/// How much work one look may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Facts run again, once for each run they are part of.
    steps: u64,
    /// Facts of a span up to which all customers are taken.
    taped_facts: u64,
}

/// At one to two million steps a second on one thread, twelve millions leave a look over ten million events within 20
/// seconds beside other work; and beyond 400,000 facts more of them tell little that fewer do not.
pub(super) const LIMITS: Limits = Limits { steps: 12_000_000, taped_facts: 400_000 };

/// Elasticities drawn for each proposal: fewer show no span, more no other one.
const DRAWS_MIN: u64 = 4;
/// See [`DRAWS_MIN`].
const DRAWS_MAX: u64 = 8;
/// Runs of a proposal beside those that are drawn: usage as it was, and with packs bought again.
const PLAIN_RUNS: u64 = 2;
/// Threads that try proposals: more would leave live traffic none.
const THREADS_MAX: usize = 2;

/// What proposals are tried on.
pub(super) struct Ground<'a> {
    /// Event types and prices.
    pub(super) catalogue: &'a Catalogue,
    /// Wallets that were ever opened.
    pub(super) wallets: u32,
    /// The end of the span, by position and by time.
    pub(super) end: (u64, Millis),
    /// Which random numbers.
    pub(super) seed: u64,
    /// How much work it may be.
    pub(super) limits: Limits,
}

/// Who watches, and what happens between pieces of work.
#[derive(Clone, Copy)]
pub(super) struct Pace<'a> {
    pub(super) watch: &'a Watch,
    pub(super) breathe: &'a (dyn Fn() + Sync),
}

/// Tries each recommendation that proposes a price; what has none, or a price that cannot be computed, has no answer.
pub(super) fn try_all(
    past: &mut Past<'_>,
    ground: &Ground<'_>,
    recommendations: &[Recommendation],
    pace: Pace<'_>,
) -> Result<Vec<Option<Backtest>>, PastError> {
    let proposals: Vec<_> = recommendations.iter().map(|made| proposal_of(ground.catalogue, made)).collect();
    let count = proposals.iter().flatten().count() as u64;
    let windows = recommendations.iter().zip(&proposals).filter(|(_, proposal)| proposal.is_some());
    let Some(from) = windows.map(|(made, _)| made.window_from).min() else {
        return Ok(vec![None; recommendations.len()]);
    };
    let (end, to) = ground.end;
    let span = past.first_at(from, end)?.min(end)..end;
    let Limits { steps, taped_facts } = ground.limits;
    let facts_max = taped_facts.min(steps / (count * (PLAIN_RUNS + DRAWS_MIN) + 1));
    pace.watch.expect(span.end - span.start + span.end);
    let sample = choose(past, &span, ground.wallets, facts_max)?;
    let tape = Tape::read(past, &sample, span, to)?;
    let draws = (steps / (count * tape.len()).max(1)).saturating_sub(PLAIN_RUNS);
    let draws = draws.clamp(DRAWS_MIN, DRAWS_MAX);
    pace.watch.expect(tape.len() * (1 + count * (PLAIN_RUNS + draws)));
    let happened = tape.happened(past, &sample, (pace.watch, pace.breathe))?;
    let trial = Trial { tape: &tape, happened: &happened, draws, seed: ground.seed, pace };
    let found = trial.run_all(&proposals)?;
    let backtest = |comparison: Comparison| {
        let runs = 1 + PLAIN_RUNS + draws;
        backtest(&sample, &comparison, (from, to), tape.len() * runs)
    };
    Ok(found.into_iter().map(|comparison| comparison.map(backtest)).collect())
}

fn proposal_of(catalogue: &Catalogue, made: &Recommendation) -> Option<Arc<Proposal>> {
    let advised = made.proposal.as_ref()?;
    // As it would be published: with the rate card that it would pin.
    let rule = catalogue.checked_rule(&advised.rule, advised.rounding).ok()?;
    let price = ProposedPrice { rule, grid: advised.grid, rounding: advised.rounding };
    Some(Arc::new([(made.event_type, price)].into_iter().collect()))
}

/// All proposals on one tape.
struct Trial<'a> {
    tape: &'a Tape,
    happened: &'a Happened,
    draws: u64,
    seed: u64,
    pace: Pace<'a>,
}

impl Trial<'_> {
    /// Runs proposals on as many threads as there are cores to spare. What comes of one does not depend on the others.
    fn run_all(&self, proposals: &[Option<Arc<Proposal>>]) -> Result<Vec<Option<Comparison>>, PastError> {
        let next = AtomicUsize::new(0);
        let found: Mutex<Vec<Option<Comparison>>> = Mutex::new(vec![None; proposals.len()]);
        let work = || -> Result<(), PastError> {
            while let Some(proposal) = proposals.get(next.fetch_add(1, Ordering::Relaxed)) {
                let Some(proposal) = proposal else { continue };
                let comparison = self.run(proposal)?;
                let at = proposals
                    .iter()
                    .position(|known| known.as_ref().is_some_and(|known| Arc::ptr_eq(known, proposal)));
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(place) = at.and_then(|at| found.get_mut(at)) {
                    *place = Some(comparison);
                }
            }
            Ok(())
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
        let others = threads.min(proposals.iter().flatten().count()).saturating_sub(1);
        std::thread::scope(|scope| {
            let others: Vec<_> = (0..others).map(|_| scope.spawn(work)).collect();
            let own = work();
            others.into_iter().fold(own, |so_far, other| {
                so_far.and(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            })
        })?;
        Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn run(&self, proposal: &Arc<Proposal>) -> Result<Comparison, PastError> {
        let references = Arc::new(self.happened.references.clone());
        let run_as = |mode| {
            let (tape, proposal) = (self.tape, Arc::clone(proposal));
            let world = World::new(tape.opening(), tape.first(), proposal, Arc::clone(&references), mode);
            tape.run(world, (self.pace.watch, self.pace.breathe)).map(World::into_tally)
        };
        let fixed = run_as(Mode::Static)?;
        let replenishing = Some(run_as(Mode::Replenishing)?);
        let seed = self.seed;
        let drawn = elasticities(u32::try_from(self.draws).unwrap_or(0), seed).into_iter();
        let elastic =
            drawn.map(|elasticity| run_as(Mode::Elastic { elasticity, seed }).map(|tally| tally.totals));
        let elastic = elastic.collect::<Result<Vec<Totals>, PastError>>()?;
        let before = self.happened.tally.clone();
        Ok(compare(&self.happened.end, &Runs { before, fixed, replenishing, elastic }))
    }
}

/// What a comparison says of all customers, of whom some were taken.
fn backtest(sample: &Sample, found: &Comparison, (from, to): (Millis, Millis), facts: u64) -> Backtest {
    let scale = Scale::of(sample);
    let span = |spread: Spread| Span {
        low: scale.amount(spread.p5),
        middle: scale.amount(spread.p50),
        high: scale.amount(spread.p95),
    };
    let more = found.customers.iter().filter(|c| c.after_micro > c.before_micro).count() as u64;
    let less = found.customers.iter().filter(|c| c.after_micro < c.before_micro).count() as u64;
    // Whoever does not use what changes would make every bill look quiet.
    let touched: Vec<CustomerChange> =
        found.customers.iter().filter(|c| c.after_micro != c.before_micro).copied().collect();
    let shock = bill_shock(&touched);
    Backtest {
        from,
        to,
        facts,
        customers: sample.all.customers,
        one_in: sample.one_in,
        before: scale.run(&found.before),
        fixed: scale.run(&found.fixed),
        replenishing: found.replenishing.as_ref().map(|totals| scale.run(totals)),
        draws: found.elastic.map_or(0, |elastic| elastic.draws),
        elastic_revenue: found.elastic.map(|elastic| span(elastic.revenue_nano)),
        elastic_margin: found.elastic.map(|elastic| span(elastic.margin_nano)),
        run_outs_before: scale.customers(found.run_outs.before),
        run_outs_newly: scale.customers(found.run_outs.newly),
        run_outs_earlier: scale.customers(found.run_outs.earlier),
        shock: Shock {
            p50_bp: shock.p50_bp,
            p90_bp: shock.p90_bp,
            max_bp: shock.max_bp,
            above: scale.customers(shock.shocked),
        },
        winners: scale.customers(less),
        losers: scale.customers(more),
        outstanding_micro: scale.amount(found.outstanding.credits_micro),
        devaluation_nano: scale.amount(found.outstanding.devaluation_nano),
    }
}

/// How much more all customers are than those who were taken.
struct Scale {
    all: Use,
    taken: Use,
}

impl Scale {
    fn of(sample: &Sample) -> Self {
        Self { all: sample.all, taken: sample.taken }
    }

    /// An amount, by the credits that were used.
    fn amount(&self, amount: i128) -> i128 {
        match (self.all.micro, self.taken.micro) {
            (all, taken) if taken > 0 => scaled(amount, all, taken),
            // Where nothing was charged, by what was recorded.
            _ => scaled(amount, self.all.facts.into(), i128::from(self.taken.facts).max(1)),
        }
    }

    /// A count of customers, by the customers who were there.
    fn customers(&self, count: u64) -> u32 {
        let scaled = scaled(count.into(), self.all.customers.into(), i128::from(self.taken.customers).max(1));
        u32::try_from(scaled).unwrap_or(u32::MAX)
    }

    fn run(&self, totals: &Totals) -> PriceRun {
        let count = |events: u64| u64::try_from(self.amount(events.into())).unwrap_or(u64::MAX);
        PriceRun {
            events: count(totals.events),
            // What was refused and is refused again counts, as it does in what really happened.
            denied: count(totals.denied + totals.refused_again),
            revenue_nano: self.amount(totals.revenue_nano),
            cost_nano: self.amount(totals.cost_nano),
            cash_nano: self.amount(totals.cash_nano),
        }
    }
}

/// `amount` × `all` ÷ `taken`, rounded down; beyond 128 bits the ratio loses its last digits, as an estimate may.
fn scaled(amount: i128, all: i128, taken: i128) -> i128 {
    let (mut all, mut taken) = (all, taken);
    loop {
        match amount.checked_mul(all) {
            _ if all == taken => return amount,
            Some(product) => return product.div_euclid(taken.max(1)),
            None => (all, taken) = (all >> 1, taken >> 1),
        }
    }
}

#[cfg(test)]
mod tests;
