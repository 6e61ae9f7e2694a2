//! Values of a dimension that differ so much in margin that one price for all is wrong for most.
#![expect(clippy::float_arithmetic, reason = "gaps and subsidies are estimates; amounts are integers")]

use chargly_ledger::{
    AdviceKind, AdvisedPrice, Condition, Credits, Detail, Driver, Level, Row, Rule, Span, margin_bp,
};
use compact_str::CompactString;
use hashbrown::HashSet;

use super::{Found, lacks};
use crate::advice::gather::{Dimension, LevelOf, Sums, Window};
use crate::advice::price::{grid_of, moved_rule, stepped};
use crate::advice::subject::Subject;
use crate::advice::sureness::{Stated, guardrails, looks_need, sample_needs, share_bp, waiting_needs};
use crate::statistics::{float, whole128};
use crate::{Cluster, Gap, ratio_gap};

/// A value needs this part of the cost for a row of its own, in basis points.
const LEVEL_COST_MIN_BP: i64 = 1_000;
/// Rows at most: a price list that people can keep in mind.
const ROWS_MAX: usize = 4;
/// Margins that differ by less than this are left alone, as a share of revenue.
const GAP_MIN: f64 = 0.15;
/// The longest value that a condition can name for sure: longer ones were cut.
const VALUE_BYTES_MAX: usize = 63;

/// A dimension that was looked at.
struct Candidate<'a> {
    dimension: &'a Dimension,
    /// Those with a tenth of the cost, the worst margin first.
    levels: Vec<&'a LevelOf>,
    gap: Gap,
    /// Nano-units over the window by which cheap values pay for dear ones.
    subsidy: f64,
}

/// Claim: margins of two values with a tenth of the cost each differ by more than 15 points.
pub(crate) fn split(subject: &Subject<'_>) -> Option<Found> {
    if subject.window() != Window::Weeks || names_dimension(&subject.base.rule) {
        return None;
    }
    let found = subject.of.dimensions().iter().filter_map(|dimension| candidate(subject, dimension));
    // The one whose subsidy is largest at the lower end of its range.
    let lowest = |found: &Candidate<'_>| found.subsidy * found.gap.quantile(0.05) / found.gap.middle();
    let found = found.max_by(|a, b| lowest(a).total_cmp(&lowest(b)))?;
    let window = Window::Weeks;
    let mut evidence = subject.evidence(window);
    let stated = Stated::of_cost(found.gap.probability_above(GAP_MIN), &evidence);
    let bp = |share: f64| whole128(share * 1e4);
    let quantile = |p: f64| found.gap.quantile(p);
    let of_gap = |p: f64| whole128(found.subsidy * quantile(p) / found.gap.middle());
    let subsidy = |amount: i128| subject.a_month(window, amount);
    let (rows, default, priced) = rows(subject, &found)?;
    evidence.margin_after_bp = margin_after(subject, &priced);
    evidence.detail = Detail::Levels {
        dimension: found.dimension.name.clone(),
        levels: priced.iter().map(|of| level_of(subject, of.level, of.proposed, found.dimension)).collect(),
        gap_bp: Span { low: bp(quantile(0.05)), middle: bp(found.gap.middle()), high: bp(quantile(0.95)) },
        cross_subsidy: Span {
            low: subsidy(of_gap(0.05)),
            middle: subsidy(whole128(found.subsidy)),
            high: subsidy(of_gap(0.95)),
        },
    };
    let current = subject.current(&subject.of.total(window))?;
    let gained: i128 = priced.iter().map(|of| of.gained_nano).sum();
    let gain = subject.a_month(window, gained);
    let planned = subject.planned_nano(&subject.of.total(window));
    let mean_micro = i128::from(current.micro()) * (planned + gained) / planned.max(1);
    let recommended = i64::try_from(mean_micro).ok().map(Credits::from_micro)?;
    let mut needs = sample_needs(&evidence);
    needs.extend(looks_need(2));
    needs.extend(waiting_needs(subject));
    // Rows move by different steps: the guardrail looks at the one that moves most.
    let widest = priced.iter().map(|of| of.proposed).max_by_key(|p| (p.micro() - current.micro()).abs())?;
    let target_bp = evidence.target_bp;
    Some(Found {
        kind: AdviceKind::Split,
        window,
        proposal: Some(AdvisedPrice {
            rule: Rule::ByDimension { rows, default: Box::new(default) },
            grid: subject.base.grid,
            rounding: subject.base.rounding,
        }),
        current: Some(current),
        recommended: Some(recommended),
        driver: Driver::Cost,
        guardrails: guardrails(subject, (current.micro(), widest.micro()), evidence.margin_after_bp, false),
        lift: Span { low: gain.min(0), middle: gain, high: gain.max(0) },
        if_left: lacks(subject, window, &evidence, target_bp),
        stated,
        needs,
        evidence,
    })
}

/// One level, or all others together, with the price that is proposed for it.
struct Priced<'a> {
    level: LevelSums<'a>,
    proposed: Credits,
    gained_nano: i128,
}

impl Priced<'_> {
    /// Leaves the price where it is instead of lowering it.
    fn not_below(&mut self, current: Credits) {
        if self.proposed < current {
            self.proposed = current;
            self.gained_nano = 0;
        }
    }
}

/// A level's figures, or those of all that have no row.
#[derive(Clone, Copy)]
pub(super) struct LevelSums<'a> {
    pub(super) value: &'a str,
    pub(super) weeks: Sums,
    pub(super) earlier: Sums,
    pub(super) customers: u32,
}

impl<'a> LevelSums<'a> {
    pub(super) fn of(level: &'a LevelOf) -> Self {
        let customers = level.by_cluster.values().filter(|[weeks, _]| weeks.events > 0).count();
        Self {
            value: &level.value,
            weeks: level.weeks,
            earlier: level.earlier,
            customers: u32::try_from(customers).unwrap_or(u32::MAX),
        }
    }

    /// All of these as one.
    pub(super) fn rest(levels: impl Iterator<Item = &'a LevelOf>) -> Self {
        let (mut weeks, mut earlier, mut customers) = (Sums::default(), Sums::default(), HashSet::new());
        for level in levels {
            weeks += level.weeks;
            earlier += level.earlier;
            customers.extend(
                level.by_cluster.iter().filter(|(_, [w, _])| w.events > 0).map(|(number, _)| *number),
            );
        }
        Self { value: "", weeks, earlier, customers: u32::try_from(customers.len()).unwrap_or(u32::MAX) }
    }
}

fn candidate<'a>(subject: &Subject<'_>, dimension: &'a Dimension) -> Option<Candidate<'a>> {
    let total = subject.of.total(Window::Weeks);
    let is_large = |level: &&LevelOf| {
        share_bp(level.weeks.cost_nano.into(), total.cost_nano.into()) >= LEVEL_COST_MIN_BP
            && level.weeks.missing < level.weeks.events
    };
    let mut levels: Vec<&LevelOf> = dimension.levels.iter().filter(is_large).collect();
    let margin = |level: &LevelOf| subject.margin_bp(&level.weeks).unwrap_or(i64::MIN);
    levels.sort_by_key(|level| (margin(level), level.value.clone()));
    let (worst, best) = (*levels.first()?, *levels.last()?);
    let is_apart = margin(best).saturating_sub(margin(worst)) > 1_500;
    if levels.len() < 2 || dimension.is_cut || !is_apart {
        return None;
    }
    // Cost over revenue of the same customers, side by side.
    let mut numbers: Vec<u32> = worst.by_cluster.keys().chain(best.by_cluster.keys()).copied().collect();
    numbers.sort_unstable();
    numbers.dedup();
    let of = |level: &LevelOf, number: &u32| {
        let sums = level.by_cluster.get(number).map(|[weeks, _]| *weeks).unwrap_or_default();
        Cluster { units: float(subject.planned_nano(&sums)), ..subject.cluster(&sums) }
    };
    let of_level = |level: &LevelOf| numbers.iter().map(|number| of(level, number)).collect::<Vec<_>>();
    let gap = ratio_gap(&of_level(worst), &of_level(best), subject.seed())?;
    let (cost, units) = (float(Subject::cost_nano(&total)), float(subject.units_micro(&total)));
    let mean = cost / units;
    let off = |level: &LevelOf| {
        let units = float(subject.units_micro(&level.weeks));
        (float(Subject::cost_nano(&level.weeks)) - mean * units).abs()
    };
    let subsidy = dimension.levels.iter().map(off).sum::<f64>() / 2.0;
    Some(Candidate { dimension, levels, gap, subsidy })
}

/// The rows of the rule, its default, and what each would cost.
fn rows<'a>(subject: &Subject<'_>, found: &Candidate<'a>) -> Option<(Vec<Row>, Rule, Vec<Priced<'a>>)> {
    let mut own: Vec<&LevelOf> = found.levels.iter().copied().filter(|l| can_be_named(&l.value)).collect();
    own.sort_by_key(|level| std::cmp::Reverse(level.weeks.cost_nano));
    own.truncate(ROWS_MAX);
    let is_own = |level: &LevelOf| own.iter().any(|known| known.value == level.value);
    let rest = LevelSums::rest(found.dimension.levels.iter().filter(|level| !is_own(level)));
    let mut priced: Vec<Priced<'a>> =
        own.iter().filter_map(|level| priced(subject, LevelSums::of(level))).collect();
    let current = subject.current(&subject.of.total(Window::Weeks))?;
    let mut others = priced_or_same(subject, rest, current);
    let gained = priced.iter().map(|of| of.gained_nano).sum::<i128>() + others.gained_nano;
    if gained < 0 {
        // One step down on cheap values may cost more than one step up on dear ones brings: then nothing gets cheaper
        // before the dear ones pay for themselves.
        priced.iter_mut().for_each(|of| of.not_below(current));
        others.not_below(current);
    }
    priced.sort_by_key(|of| std::cmp::Reverse(subject.unit_cost_nano(&of.level.weeks)));
    let base = &subject.base.rule;
    let grid = grid_of(base);
    let row = |of: &Priced<'_>| {
        let when = vec![Condition { property: found.dimension.name.clone(), value: of.level.value.into() }];
        Some(Row { when, rule: Box::new(moved_rule(base, (of.proposed, current), grid)?) })
    };
    let mut rows: Vec<Row> = priced.iter().map(row).collect::<Option<_>>()?;
    let default = moved_rule(base, (others.proposed, current), grid)?;
    // A row that says what the default says is none.
    rows.retain(|row| *row.rule != default);
    if rows.is_empty() {
        return None;
    }
    priced.push(others);
    Some((rows, default, priced))
}

fn priced<'a>(subject: &Subject<'_>, level: LevelSums<'a>) -> Option<Priced<'a>> {
    let current = subject.current(&subject.of.total(Window::Weeks))?;
    let settings = &subject.inputs.catalogue.settings;
    let units = subject.units_micro(&level.weeks);
    let wanted = subject.price_for(Subject::cost_nano(&level.weeks), units, settings.target_margin_bp)?;
    let proposed =
        stepped(current, wanted, grid_of(&subject.base.rule), settings.advice.step_bp).unwrap_or(current);
    let micro = units * (i128::from(proposed.micro()) - i128::from(current.micro())) / 1_000_000;
    Some(Priced { level, proposed, gained_nano: subject.worth.of(micro) })
}

fn priced_or_same<'a>(subject: &Subject<'_>, level: LevelSums<'a>, current: Credits) -> Priced<'a> {
    let is_costed = level.weeks.missing < level.weeks.events && level.weeks.cost_nano > 0;
    let found = if is_costed { priced(subject, level) } else { None };
    found.unwrap_or(Priced { level, proposed: current, gained_nano: 0 })
}

fn margin_after(subject: &Subject<'_>, priced: &[Priced<'_>]) -> Option<i64> {
    let total = subject.of.total(Window::Weeks);
    let gained: i128 = priced.iter().map(|of| of.gained_nano).sum();
    margin_bp(subject.planned_nano(&total) + gained, Subject::cost_nano(&total))
}

fn level_of(subject: &Subject<'_>, of: LevelSums<'_>, proposed: Credits, dimension: &Dimension) -> Level {
    Level { proposed: Some(proposed), ..level_figures(subject, of, dimension) }
}

/// The figures of a level that its card shows.
pub(super) fn level_figures(subject: &Subject<'_>, of: LevelSums<'_>, dimension: &Dimension) -> Level {
    let (mut all, mut all_earlier) = (0, 0);
    for level in &dimension.levels {
        all += subject.units_micro(&level.weeks);
        all_earlier += subject.units_micro(&level.earlier);
    }
    let units = subject.units_micro(&of.weeks);
    let share = |part: i128, whole: i128| u32::try_from(share_bp(part, whole)).unwrap_or(0);
    Level {
        value: CompactString::from(of.value),
        events: u64::try_from(of.weeks.events).unwrap_or(0),
        customers: of.customers,
        quantity_micro: of.weeks.quantity_micro.into(),
        credits_micro: of.weeks.credits_micro.into(),
        cost_nano: of.weeks.cost_nano.into(),
        planned_nano: subject.planned_nano(&of.weeks),
        cost_per_unit_nano: i64::try_from(subject.unit_cost_nano(&of.weeks)).unwrap_or(i64::MAX),
        margin_bp: subject.margin_bp(&of.weeks),
        share_before_bp: (all_earlier > 0).then(|| share(subject.units_micro(&of.earlier), all_earlier)),
        share_bp: share(units, all),
        proposed: None,
    }
}

/// Whether a condition can name a value: it is there, and was not cut.
fn can_be_named(value: &str) -> bool {
    !value.is_empty() && value.len() <= VALUE_BYTES_MAX
}

/// Whether a rule tells values apart already, or follows each event's own cost.
fn names_dimension(rule: &Rule) -> bool {
    matches!(rule, Rule::ByDimension { .. } | Rule::CostPlus { .. })
}
