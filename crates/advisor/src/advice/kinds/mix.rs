//! Dear events became more of all events: the mean cost moved, and no rate did.
//!
//! Its claim goes further than that shares moved the mean by more than rates did: also by 5 % at least. Without that,
//! the chance shift of a month would be advice where rates stand still, as simulated products showed.
#![expect(clippy::float_arithmetic, reason = "effects on a mean are estimates")]

use chargly_ledger::{AdviceKind, Detail, Driver, Level, Span};
use hashbrown::HashSet;

use super::split::{LevelSums, level_figures, split};
use super::{Found, lacks};
use crate::advice::gather::{Dimension, LevelOf, Window};
use crate::advice::subject::Subject;
use crate::advice::sureness::{Stated, looks_need, sample_needs};
use crate::bootstrap::{Spread, replicates};
use crate::statistics::{float, whole128};

/// Levels that are told apart; the rest is one more.
const LEVELS: usize = 5;
/// Columns of a customer: cost and units of each level, now and before.
const COLUMNS: usize = LEVELS * 4;
/// A mean cost that moved by less is left alone.
const MOVED_MIN: f64 = 0.05;

/// Claim: shares moved the mean cost by at least 5 %, and by more than rates did.
pub(crate) fn mix_drift(subject: &Subject<'_>) -> Option<Found> {
    if subject.window() != Window::Weeks || subject.of.total(Window::Earlier).cost_nano <= 0 {
        return None;
    }
    let found = subject.of.dimensions().iter().filter(|dimension| !dimension.is_cut);
    let found = found.filter_map(|dimension| moved(subject, dimension).map(|effects| (dimension, effects)));
    let (dimension, effects) = found.max_by(|(_, a), (_, b)| a.by_mix.total_cmp(&b.by_mix))?;
    let window = Window::Weeks;
    let mut evidence = subject.evidence(window);
    let kept = largest(dimension);
    let rows = bootstrap_rows(subject, dimension, &kept);
    let drawn: Vec<Effects> =
        replicates(&rows, subject.seed()).iter().filter_map(|r| effects_of(&r.sums)).collect();
    // Where rates stand still, the least shift is more than they moved: the shift has to matter as well.
    let more = Spread::of(drawn.iter().map(Effects::beyond))?;
    let stated = Stated::of_cost(more.probability_above(0.0), &evidence);
    let span = |middle: f64, of: fn(&Effects) -> f64| {
        let spread = Spread::of(drawn.iter().map(of));
        let end = |p: f64| spread.as_ref().map_or(middle, |spread| spread.quantile(p));
        Span { low: whole128(end(0.05)), middle: whole128(middle), high: whole128(end(0.95)) }
    };
    let mut levels: Vec<Level> =
        kept.iter().map(|level| level_figures(subject, LevelSums::of(level), dimension)).collect();
    levels.sort_by_key(|level| std::cmp::Reverse(level.cost_per_unit_nano));
    let mix = Detail::Mix {
        dimension: dimension.name.clone(),
        levels,
        by_rates: span(effects.by_rates, |effects| effects.by_rates),
        by_mix: span(effects.by_mix, |effects| effects.by_mix),
    };
    let target_bp = evidence.target_bp;
    let if_left = lacks(subject, window, &evidence, target_bp);
    // The remedy is a price for each value, where these differ in margin.
    if let Some(remedy) = split(subject) {
        let needs = remedy.needs.clone();
        let evidence = chargly_ledger::Evidence { detail: mix, ..remedy.evidence };
        return Some(Found { kind: AdviceKind::MixDrift, evidence, stated, needs, if_left, ..remedy });
    }
    evidence.detail = mix;
    let mut needs = sample_needs(&evidence);
    needs.extend(looks_need(2));
    Some(Found {
        kind: AdviceKind::MixDrift,
        window,
        proposal: None,
        current: subject.current(&subject.of.total(window)),
        recommended: None,
        driver: Driver::Cost,
        guardrails: Vec::new(),
        lift: Span::default(),
        if_left,
        stated,
        needs,
        evidence,
    })
}

/// By how much the mean cost of a unit moved, in nano-units.
struct Effects {
    by_rates: f64,
    by_mix: f64,
    /// The mean cost before.
    before: f64,
}

impl Effects {
    /// By how much shares moved the mean more than rates did, and more than is left alone.
    fn beyond(&self) -> f64 {
        self.by_mix - self.by_rates.abs().max(MOVED_MIN * self.before)
    }
}

fn moved(subject: &Subject<'_>, dimension: &Dimension) -> Option<Effects> {
    let kept = largest(dimension);
    let rows = bootstrap_rows(subject, dimension, &kept);
    let mut sums = [0.0; COLUMNS];
    rows.iter().for_each(|row| sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value));
    effects_of(&sums).filter(|effects| effects.beyond() > 0.0)
}

/// Σ old share × move of the rate, and Σ move of the share × new rate: together, by how much the mean moved.
fn effects_of(sums: &[f64; COLUMNS]) -> Option<Effects> {
    let of = |column: usize| sums.chunks(4).map(|level| level[column]).sum::<f64>();
    let (units, units_before) = (of(1), of(3));
    if units <= 0.0 || units_before <= 0.0 {
        return None;
    }
    let mut effects = Effects { by_rates: 0.0, by_mix: 0.0, before: of(2) / units_before };
    for level in sums.chunks(4) {
        let [cost, now, cost_before, before] = [level[0], level[1], level[2], level[3]];
        let rate = |cost: f64, units: f64, other: f64| if units > 0.0 { cost / units } else { other };
        let rate_before = rate(cost_before, before, 0.0);
        let rate_now = rate(cost, now, rate_before);
        // A level that is new has no rate that could have moved.
        let rate_before = if before > 0.0 { rate_before } else { rate_now };
        effects.by_rates += before / units_before * (rate_now - rate_before);
        effects.by_mix += (now / units - before / units_before) * rate_now;
    }
    Some(effects)
}

/// The levels with most cost in both windows.
fn largest(dimension: &Dimension) -> Vec<&LevelOf> {
    let mut levels: Vec<&LevelOf> = dimension.levels.iter().collect();
    let cost = |level: &LevelOf| i128::from(level.weeks.cost_nano) + i128::from(level.earlier.cost_nano);
    levels.sort_by_key(|level| (std::cmp::Reverse(cost(level)), level.value.clone()));
    levels.truncate(LEVELS - 1);
    levels
}

/// A row for each customer.
fn bootstrap_rows(subject: &Subject<'_>, dimension: &Dimension, kept: &[&LevelOf]) -> Vec<[f64; COLUMNS]> {
    let mut numbers: Vec<u32> = Vec::new();
    let mut seen = HashSet::new();
    for level in &dimension.levels {
        numbers.extend(level.by_cluster.keys().filter(|number| seen.insert(**number)));
    }
    numbers.sort_unstable();
    let places: Vec<(usize, &LevelOf)> = dimension
        .levels
        .iter()
        .map(|level| (kept.iter().position(|known| known.value == level.value).unwrap_or(LEVELS - 1), level))
        .collect();
    let row = |number: &u32| {
        let mut row = [0.0; COLUMNS];
        for (place, level) in &places {
            let Some([weeks, earlier]) = level.by_cluster.get(number) else { continue };
            for (offset, sums) in [(0, weeks), (2, earlier)] {
                row[place * 4 + offset] += float(Subject::cost_nano(sums));
                row[place * 4 + offset + 1] += float(subject.units_micro(sums)) / 1e6;
            }
        }
        row
    };
    numbers.iter().map(row).collect()
}
