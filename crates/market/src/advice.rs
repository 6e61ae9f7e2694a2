//! Which advice is right: each kind's own question, answered from the plan instead of from data.
#![expect(clippy::float_arithmetic, reason = "comparisons of expected values")]

use crate::draw::normal_below;
use crate::plan::{Happening, MarketPlan, QuantityPlan};
use crate::standing::{Standing, day_of};
use crate::truth::{TypeTruth, margin_bp, unit_revenue};

/// How far from the target a margin may be, in basis points, before advice is due: below it, above it.
const UNDER_BP: i64 = 200;
const OVER_BP: i64 = 1_500;
/// How far apart the margins of two levels are, in basis points, where a split is due.
const GAP_BP: i64 = 1_500;
/// The part of the cost that a level has at least to count.
const LEVEL_COST_SHARE: f64 = 0.1;
/// The margin below which small events need a minimum, in basis points.
const FLOOR_BP: i64 = 4_000;
/// A step of a price.
const STEP: f64 = 1.2;
/// A rate that moved by less is no drift.
const DRIFT: f64 = 0.05;
/// Days before the end in which a drift is news.
const NEWS_DAYS: u32 = 28;
/// The part of events without a cost, in basis points, beyond which nothing else can be said.
const UNTOLD_BP: u32 = 200;
/// The same where an estimate stands for it.
const ESTIMATED_BP: u32 = 2_000;

/// A kind of advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdviceKind {
    /// Events cost more than they bring in: raise the price to where they do not.
    LossMaking,
    /// Raise the price towards the target margin.
    UnderTarget,
    /// Lower the price, and earn more.
    OverTarget,
    /// A price for each level.
    Split,
    /// A least price.
    Minimum,
    /// The provider charges another rate.
    CostDrift,
    /// Costs moved although no rate did.
    MixDrift,
    /// Costs are not told.
    DataQuality,
}

impl AdviceKind {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LossMaking => "loss_making",
            Self::UnderTarget => "under_target",
            Self::OverTarget => "over_target",
            Self::Split => "split",
            Self::Minimum => "minimum",
            Self::CostDrift => "cost_drift",
            Self::MixDrift => "mix_drift",
            Self::DataQuality => "data_quality",
        }
    }
}

/// Whether a kind of advice is right for a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// Which kind.
    pub kind: AdviceKind,
    /// Whether its claim is true at the end.
    pub is_right: bool,
    /// Whether it can be known: not where costs are not told, but for the advice to tell them.
    pub can_be_known: bool,
    /// Why, in a few words with figures.
    pub because: String,
}

/// All kinds, for a type as it stands at the end.
pub(crate) fn advice(
    plan: &MarketPlan,
    index: usize,
    now: &Standing,
    truth: &TypeTruth,
    credit_nano: Option<i64>,
) -> Vec<Advice> {
    let has_estimate = plan
        .happenings
        .iter()
        .any(|what| matches!(what, Happening::CostsEstimated { event, .. } if *event == index));
    let is_untold = truth.untold_bp > if has_estimate { ESTIMATED_BP } else { UNTOLD_BP };
    let blocks = truth.untold_bp > UNTOLD_BP && !has_estimate;
    let told = format!("{} of the events come without a cost", percent(i64::from(truth.untold_bp)));
    let mut all = prices(plan, now, truth, credit_nano);
    all.extend([split(truth), minimum(plan, index, now, credit_nano)]);
    all.extend(drifts(plan, index, truth));
    let advice = |kind, (is_right, because)| Advice { kind, is_right, can_be_known: !blocks, because };
    let mut all: Vec<Advice> = all.into_iter().map(|(kind, answer)| advice(kind, answer)).collect();
    let kind = AdviceKind::DataQuality;
    all.push(Advice { kind, is_right: is_untold, can_be_known: true, because: told });
    all
}

type Answered = (AdviceKind, (bool, String));

fn prices(plan: &MarketPlan, now: &Standing, truth: &TypeTruth, credit_nano: Option<i64>) -> Vec<Answered> {
    let (Some(revenue), Some(margin)) = (unit_revenue(now.credits, credit_nano), truth.margin_bp) else {
        let nothing = (false, "nobody pays for credits, so no price earns anything".to_owned());
        let kinds = [AdviceKind::LossMaking, AdviceKind::UnderTarget, AdviceKind::OverTarget];
        return kinds.map(|kind| (kind, nothing.clone())).into();
    };
    let (cost, target) = (truth.cost_at_end().weighted_nano as f64, i64::from(plan.target_margin_bp));
    let pays = |ratio: f64| libm::pow(ratio, truth.elasticity) * (ratio * revenue - cost) > revenue - cost;
    let said = |what: &str| format!("margin {} of a target of {}{what}", percent(margin), percent(target));
    let (up, down) = (pays(STEP), pays(1.0 / STEP));
    let lower = margin_bp(revenue / STEP, cost).is_some_and(|margin| margin >= target);
    vec![
        (AdviceKind::LossMaking, (margin < 0, said(""))),
        (
            AdviceKind::UnderTarget,
            (
                margin < target - UNDER_BP && up,
                said(if up { "; a fifth more would earn more" } else { "; a fifth more would earn less" }),
            ),
        ),
        (
            AdviceKind::OverTarget,
            (
                margin > target + OVER_BP && down && lower,
                said(if down { "; a sixth less would earn more" } else { "; a sixth less would earn less" }),
            ),
        ),
    ]
}

fn split(truth: &TypeTruth) -> Answered {
    let cost = |level: &crate::truth::LevelTruth| f64::from(level.share_bp) * level.unit_nano as f64;
    let all: f64 = truth.levels.iter().map(cost).sum();
    let counting = truth.levels.iter().filter(|level| cost(level) >= LEVEL_COST_SHARE * all);
    let margins: Vec<i64> = counting.filter_map(|level| level.margin_bp).collect();
    let gap = margins.iter().max().zip(margins.iter().min()).map_or(0, |(most, least)| most - least);
    let because = match truth.levels.is_empty() {
        true => "it has no levels".to_owned(),
        false => format!("the margins of its levels are {} apart", points(gap)),
    };
    (AdviceKind::Split, (gap > GAP_BP, because))
}

fn minimum(plan: &MarketPlan, index: usize, now: &Standing, credit_nano: Option<i64>) -> Answered {
    let event = &plan.events[index];
    let answer = |is_right, because: String| (AdviceKind::Minimum, (is_right, because));
    let QuantityPlan::LogNormal { median, sigma } = event.quantity else {
        return answer(false, "every event is one unit".to_owned());
    };
    let (fixed, levels) = now.level_costs(event);
    let share = normal_below((libm::log(1.5) - libm::log(median)) / sigma);
    let small =
        unit_revenue(now.credits, credit_nano).and_then(|revenue| margin_bp(revenue, fixed + levels[0]));
    let Some(small) = small else { return answer(false, "nobody pays for credits".to_owned()) };
    let because = format!(
        "{} of the events are one unit, at a margin of {}",
        percent(crate::draw::scaled(10_000, share)),
        percent(small)
    );
    answer(fixed > 0.0 && small < FLOOR_BP, because)
}

/// What of the change of the average cost is news, and due to rates or to the mix: Σ share before × Δ rate, and
/// Σ Δ share × rate after.
fn drifts(plan: &MarketPlan, index: usize, truth: &TypeTruth) -> [Answered; 2] {
    let event = &plan.events[index];
    let before_day = plan.days.saturating_sub(NEWS_DAYS + 1);
    let standing = |day| Standing::on(plan, day).swap_remove(index);
    let (before, after) = (standing(before_day), standing(plan.days - 1));
    let was = before.unit_cost(event, &before.shares);
    let by_rates = after.unit_cost(event, &before.shares) / was - 1.0;
    let by_mix = (after.unit_cost(event, &after.shares) - after.unit_cost(event, &before.shares)) / was;
    let rate_moved = plan.happenings.iter().any(|what| {
        let is_mine = matches!(what, Happening::CostDrift { event, factor, .. }
            if *event == index && (factor - 1.0).abs() >= DRIFT);
        is_mine && day_of(what) > before_day && day_of(what) < plan.days
    });
    let said = |what: &str, part: f64| {
        let days = truth.costs.last().map_or(0, |span| span.from_day);
        match part.abs() < 1e-9 {
            true => format!("{what} moved nothing in the last {NEWS_DAYS} days"),
            false => format!("{what} moved the cost by {:+.1} % on day {days}", part * 100.0),
        }
    };
    [
        (AdviceKind::CostDrift, (rate_moved, said("rates", by_rates))),
        (AdviceKind::MixDrift, (by_mix.abs() > by_rates.abs().max(0.02), said("the mix", by_mix))),
    ]
}

/// Basis points as percent.
pub fn percent(bp: i64) -> String {
    format!("{} %", decimal(bp))
}

fn points(bp: i64) -> String {
    format!("{} points", decimal(bp))
}

fn decimal(bp: i64) -> String {
    let sign = if bp < 0 { "−" } else { "" };
    let tenths = (bp.unsigned_abs() + 5) / 10;
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}
