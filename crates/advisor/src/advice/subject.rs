//! One event type, and what is known of it: figures of its windows, its price, and what its past changes taught.
#![expect(clippy::float_arithmetic, reason = "what a unit costs is an estimate; amounts are integers")]

use std::cell::OnceCell;

use chargly_ledger::{
    Credits, EventType, Evidence, Measure, PriceVersion, Rule, Span, Tail, credits_for_margin, margin_bp,
};

use super::gather::{OfType, Sums, Window};
use super::{CreditWorth, Inputs};
use crate::statistics::{float, whole128};
use crate::{Belief, Cluster, Lesson, Options, UnitCost, lesson, unit_cost};

/// Micro-units of one.
const MICRO: i128 = 1_000_000;
/// Basis points of a whole.
pub(crate) const WHOLE_BP: i128 = 10_000;
/// Days of the month that gains are told for.
pub(crate) const MONTH_DAYS: i128 = 30;

/// What a price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Each event, however much is in it.
    Event,
    /// Each unit of an event's quantity.
    Quantity,
}

/// One event type that has a price, was used, and whose credits are worth something.
pub(crate) struct Subject<'a> {
    pub(crate) inputs: &'a Inputs<'a>,
    pub(crate) event_type: &'a EventType,
    pub(crate) of: &'a OfType,
    /// Its newest price version: what a proposal replaces.
    pub(crate) base: &'a PriceVersion,
    pub(crate) unit: Unit,
    pub(crate) worth: CreditWorth,
    /// What its past changes taught.
    pub(crate) lessons: Vec<Lesson>,
    /// What a unit costs, by window, once it was asked for.
    unit_costs: [OnceCell<Option<UnitCost>>; 4],
}

impl<'a> Subject<'a> {
    pub(crate) fn new(inputs: &'a Inputs<'a>, event_type: &'a EventType, of: &'a OfType) -> Option<Self> {
        let base = inputs.catalogue.price(*event_type.prices.last()?)?;
        let lessons = lessons(inputs, event_type);
        // Worth nothing where nobody knows: then there is no margin either.
        let worth = inputs.worth.unwrap_or(CreditWorth { nano: 0, micro: 1 });
        let unit_costs = Default::default();
        Some(Self { inputs, event_type, of, base, unit: unit_of(&base.rule), worth, lessons, unit_costs })
    }

    /// The window that estimates look at: four whole weeks, or what there is of a young project.
    pub(crate) fn window(&self) -> Window {
        if self.of.total(Window::Weeks).events > 0 { Window::Weeks } else { Window::Now }
    }

    /// Micro-units that a price is for, among these sums.
    pub(crate) fn units_micro(&self, sums: &Sums) -> i128 {
        match self.unit {
            Unit::Event => i128::from(sums.events) * MICRO,
            Unit::Quantity => i128::from(sums.quantity_micro),
        }
    }

    /// Micro-credits that these sums cost at the newest price. What a rule of several parts costs is only known of what
    /// was charged.
    pub(crate) fn credits_now_micro(&self, sums: &Sums) -> i128 {
        match &self.base.rule {
            Rule::Flat { credits } => i128::from(credits.micro()) * i128::from(sums.events),
            _ => i128::from(sums.credits_micro),
        }
    }

    /// Nano-units that they are worth.
    pub(crate) fn planned_nano(&self, sums: &Sums) -> i128 {
        self.worth.of(self.credits_now_micro(sums))
    }

    /// What a typical unit costs now, in credits.
    pub(crate) fn current(&self, sums: &Sums) -> Option<Credits> {
        if let Rule::Flat { credits } = &self.base.rule {
            return Some(*credits);
        }
        let units = self.units_micro(sums);
        let micro = (units > 0).then(|| i128::from(sums.credits_micro) * MICRO / units)?;
        i64::try_from(micro).ok().map(Credits::from_micro)
    }

    /// Nano-units that these sums cost, with events of unknown cost taken to cost as much as the others.
    pub(crate) fn cost_nano(sums: &Sums) -> i128 {
        let known = sums.events - sums.missing;
        if known <= 0 {
            return 0;
        }
        i128::from(sums.cost_nano) * i128::from(sums.events) / i128::from(known)
    }

    /// The fewest credits a unit that reach a margin, not yet on any grid.
    pub(crate) fn price_for(&self, cost_nano: i128, units_micro: i128, margin_bp: u32) -> Option<Credits> {
        let figures = chargly_ledger::Figures {
            cost_nano: u128::try_from(cost_nano).ok()?,
            quantity_micro: u128::try_from(units_micro).ok()?,
            revenue_nano: u128::try_from(self.worth.nano).ok()?,
            credits_micro: u128::try_from(self.worth.micro).ok()?,
        };
        credits_for_margin(&figures, margin_bp)
    }

    /// Nano-units that a unit costs, rounded down; 0 of none.
    pub(crate) fn unit_cost_nano(&self, sums: &Sums) -> i128 {
        let units = self.units_micro(sums);
        if units <= 0 { 0 } else { Self::cost_nano(sums) * MICRO / units }
    }

    /// The margin of these sums at the newest price.
    pub(crate) fn margin_bp(&self, sums: &Sums) -> Option<i64> {
        margin_bp(self.planned_nano(sums), Self::cost_nano(sums))
    }

    /// What a unit costs, from a window's customers, in nano-units for a unit (not a micro-unit).
    pub(crate) fn unit_cost(&self, window: Window) -> Option<&UnitCost> {
        let of = |window| {
            // Where no event cost anything else, customers tell nothing more.
            if let Some(halves) = self.halves(window, |sums| self.cluster(sums)) {
                return unit_cost(&halves, self.seed());
            }
            let clusters = self.of.clusters().iter().map(|cluster| self.cluster(cluster.of(window)));
            unit_cost(&clusters.collect::<Vec<_>>(), self.seed())
        };
        self.unit_costs[window.index()].get_or_init(|| of(window)).as_ref()
    }

    /// Cost over what the credits are worth, from a window's customers.
    pub(crate) fn cost_of_revenue(&self, window: Window) -> Option<UnitCost> {
        let of = |sums: &Sums| Cluster { units: float(self.planned_nano(sums)), ..self.cluster(sums) };
        if let Some(halves) = self.halves(window, of).filter(|_| matches!(self.base.rule, Rule::Flat { .. }))
        {
            return unit_cost(&halves, self.seed());
        }
        let clusters: Vec<Cluster> =
            self.of.clusters().iter().map(|cluster| of(cluster.of(window))).collect();
        unit_cost(&clusters, self.seed())
    }

    /// All of a window twice, where every event costs the same: two customers who do not differ.
    fn halves(&self, window: Window, of: impl Fn(&Sums) -> Cluster) -> Option<[Cluster; 2]> {
        self.of.is_uniform(self.unit).then(|| [of(&self.of.total(window)); 2])
    }

    pub(crate) fn cluster(&self, sums: &Sums) -> Cluster {
        Cluster { cost: float(Self::cost_nano(sums)), units: float(self.units_micro(sums)) / 1e6 }
    }

    /// Random numbers of their own for each event type.
    pub(crate) fn seed(&self) -> u64 {
        self.inputs.seed ^ (u64::from(self.event_type.number.0) << 32)
    }

    /// What is believed of how usage answers.
    pub(crate) fn belief(&self) -> Belief {
        let advice = &self.inputs.catalogue.settings.advice;
        Belief {
            centre_milli: advice.elasticity_milli,
            scale_milli: advice.elasticity_scale_milli,
            lessons: self.lessons.clone(),
        }
    }

    /// The figures of a window, without what only some claims rest on.
    pub(crate) fn evidence(&self, window: Window) -> Evidence {
        let settings = &self.inputs.catalogue.settings;
        let sums = self.of.total(window);
        let (cost_nano, units) = (Self::cost_nano(&sums), self.units_micro(&sums));
        let planned_nano = self.planned_nano(&sums);
        let customers = if window == Window::Now { &self.of.customers } else { &self.of.customers_of_weeks };
        let earlier = self.of.total(Window::Earlier);
        let per_unit = |cost: i128, units: i128| (units > 0).then(|| cost * MICRO / units);
        let cost = self.unit_cost(window);
        Evidence {
            events: u64::try_from(sums.events).unwrap_or(0),
            customers: customers.count(),
            paying_customers: self.inputs.gathering.paying_among(customers),
            days: self.of.days_with_events(self.inputs.gathering.calendar().range(window)),
            largest_customer_bp: self.largest_bp(window),
            quantity_micro: sums.quantity_micro.into(),
            credits_micro: sums.credits_micro.into(),
            cost_nano: sums.cost_nano.into(),
            booked_nano: sums.booked_nano.into(),
            planned_nano,
            paid_nano: self.worth.nano,
            paid_micro: self.worth.micro,
            cost_missing: u64::try_from(sums.missing).unwrap_or(0),
            estimated_nano: sums.estimated_nano.into(),
            unbilled_nano: self.of.unbilled_nano,
            cost_per_unit: cost.map_or_else(Span::default, |cost| {
                let (low, high) = cost.range();
                let middle = per_unit(cost_nano, units).unwrap_or(0);
                Span { low: whole128(low).min(middle), middle, high: whole128(high).max(middle) }
            }),
            cost_is_exact: cost.is_some_and(UnitCost::is_exact),
            cost_per_unit_before: per_unit(Self::cost_nano(&earlier), self.units_micro(&earlier))
                .filter(|_| earlier.cost_nano > 0)
                .and_then(|nano| i64::try_from(nano).ok()),
            margin_bp: margin_bp(planned_nano, cost_nano).filter(|_| sums.missing < sums.events),
            booked_margin_bp: margin_bp(sums.booked_nano.into(), cost_nano)
                .filter(|_| sums.missing < sums.events),
            margin_after_bp: None,
            target_bp: settings.target_margin_bp,
            floor_bp: settings.advice.floor_bp,
            break_even: self.price_for(cost_nano, units, 0),
            target_price: self.price_for(cost_nano, units, settings.target_margin_bp),
            elasticity_milli: None,
            own_changes: u32::try_from(self.lessons.len()).unwrap_or(u32::MAX),
            by_prior_bp: Vec::new(),
            tail: self.tail(),
            detail: chargly_ledger::Detail::Plain,
        }
    }

    /// The largest customer's share of the cost, in basis points; of the units where no cost is known.
    fn largest_bp(&self, window: Window) -> u32 {
        let total = self.of.total(window);
        let is_costed = total.cost_nano > 0;
        let of = |sums: &Sums| if is_costed { i128::from(sums.cost_nano) } else { self.units_micro(sums) };
        let largest = self.of.clusters().iter().map(|cluster| of(cluster.of(window))).max().unwrap_or(0);
        let all = of(&total);
        if all <= 0 { 0 } else { u32::try_from(largest * WHOLE_BP / all).unwrap_or(0) }
    }

    fn tail(&self) -> Option<Tail> {
        let costs = &self.of.costs;
        (costs.count() > 0).then(|| Tail {
            p50_nano: costs.quantile(500),
            p90_nano: costs.quantile(900),
            p99_nano: costs.quantile(990),
            dearest_bp: costs.share_of_largest_bp(10),
        })
    }

    /// What an amount over a window comes to in a month.
    pub(crate) fn a_month(&self, window: Window, amount: i128) -> i128 {
        let range = self.inputs.gathering.calendar().range(window);
        // Of a young event type only the days since it began.
        let first = self.of.by_day.iter().position(|events| *events > 0).unwrap_or(0);
        let days = range.end.saturating_sub(range.start.max(first)).max(1);
        amount.saturating_mul(MONTH_DAYS) / i128::try_from(days).unwrap_or(i128::MAX)
    }
}

impl CreditWorth {
    /// Nano-units that so many micro-credits are worth, rounded down.
    pub(crate) fn of(self, credits_micro: i128) -> i128 {
        credits_micro.saturating_mul(self.nano).div_euclid(self.micro.max(1))
    }
}

fn unit_of(rule: &Rule) -> Unit {
    match rule {
        Rule::PerUnit { measure: Measure::Quantity, .. } | Rule::Tiered { .. } => Unit::Quantity,
        Rule::ByDimension { default, .. } => unit_of(default),
        Rule::Flat { .. } | Rule::PerUnit { .. } | Rule::CostPlus { .. } => Unit::Event,
    }
}

/// What each past change of this event type taught.
fn lessons(inputs: &Inputs<'_>, event_type: &EventType) -> Vec<Lesson> {
    let history = inputs.history;
    let advice = &inputs.catalogue.settings.advice;
    let own = history.changes.iter().filter(|change| change.event_type == event_type.number);
    let options = Options {
        prior_centre_milli: advice.elasticity_milli,
        prior_scale_milli: advice.elasticity_scale_milli,
        ..Options::default()
    };
    own.filter_map(|change| lesson(&history.question(change.version, options))).collect()
}
