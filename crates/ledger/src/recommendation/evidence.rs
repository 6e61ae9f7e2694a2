//! What a recommendation rests on: every number that its card shows.

use compact_str::CompactString;

use crate::codec::{codec_enum, codec_struct};
use crate::{Credits, Quantity};

/// A range that is right 9 times in 10, with its middle. Of amounts in nano-units, or of what its field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Span {
    /// The lower end.
    pub low: i128,
    /// The middle.
    pub middle: i128,
    /// The upper end.
    pub high: i128,
}
codec_struct!(Span { low, middle, high });

impl Span {
    /// A single value, where there is nothing to estimate.
    pub const fn exactly(value: i128) -> Self {
        Self { low: value, middle: value, high: value }
    }
}

/// Why a price should change: the operator's cost, or what the operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// What it costs the operator. Customers mostly find that fair.
    Cost,
    /// What the operator wants to earn. Customers mostly do not.
    Demand,
    /// Neither: something is missing.
    Data,
}
codec_enum!(Driver, "driver" { 0 => Cost, 1 => Demand, 2 => Data });

impl Driver {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cost => "cost_driven",
            Self::Demand => "demand_driven",
            Self::Data => "data",
        }
    }
}

/// Something that is missing before a claim can be acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// Customers who paid for credits.
    PayingCustomers,
    /// Events.
    Events,
    /// Days with events.
    Days,
    /// The largest customer's share of the cost, in basis points: too much of it tells of one customer only.
    LargestCustomer,
    /// Events whose cost is known, in basis points of all.
    CostsKnown,
    /// Nano-units that customers paid for credits: without any, a credit is worth nothing known.
    PaidCredits,
    /// Looks, a week apart, that say the same.
    Looks,
    /// The probability of the claim, in basis points.
    Certainty,
    /// Price changes that may still be younger than their review.
    LiveChanges,
    /// Days since the last price change of this event type.
    DaysSinceChange,
}
codec_enum!(Needed, "need" {
    0 => PayingCustomers,
    1 => Events,
    2 => Days,
    3 => LargestCustomer,
    4 => CostsKnown,
    5 => PaidCredits,
    6 => Looks,
    7 => Certainty,
    8 => LiveChanges,
    9 => DaysSinceChange,
});

impl Needed {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PayingCustomers => "paying_customers",
            Self::Events => "events",
            Self::Days => "days",
            Self::LargestCustomer => "largest_customer_share",
            Self::CostsKnown => "costs_known",
            Self::PaidCredits => "paid_credits",
            Self::Looks => "looks",
            Self::Certainty => "certainty",
            Self::LiveChanges => "live_changes",
            Self::DaysSinceChange => "days_since_change",
        }
    }
}

/// What is missing, how much of it there is, and how much there must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// What.
    pub what: Needed,
    /// What there is.
    pub have: i64,
    /// What there must be: at least, but at most for [`Needed::LargestCustomer`] and [`Needed::LiveChanges`].
    pub need: i64,
}
codec_struct!(Need { what, have, need });

/// Why a probability is not stated as high as it was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapReason {
    /// The claim is about profit, and nothing but the prior says how usage answers.
    PriorAlone,
    /// The claim is about profit, and fewer than three own price changes say how usage answers.
    FewChanges,
    /// Below 20 customers.
    VeryFewCustomers,
    /// Below 50 customers.
    FewCustomers,
    /// More than a fifth of the cost is estimated.
    EstimatedCosts,
}
codec_enum!(CapReason, "cap" {
    0 => PriorAlone, 1 => FewChanges, 2 => VeryFewCustomers, 3 => FewCustomers, 4 => EstimatedCosts,
});

impl CapReason {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PriorAlone => "prior_alone",
            Self::FewChanges => "few_own_changes",
            Self::VeryFewCustomers => "below_20_customers",
            Self::FewCustomers => "below_50_customers",
            Self::EstimatedCosts => "estimated_costs",
        }
    }
}

/// A limit on a stated probability that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Why.
    pub why: CapReason,
    /// No more than this, in basis points.
    pub at_bp: u32,
}
codec_struct!(Cap { why, at_bp });

/// A rule that keeps advice from doing harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardrailRule {
    /// How far one change moves the price, in basis points.
    Step,
    /// The margin after the change, in basis points.
    Floor,
    /// The price over that of 90 days before, in basis points.
    Doubling,
    /// What nine in ten customers pay more at most, in basis points.
    BillShock,
    /// Days since the last change of this price.
    CoolDown,
    /// Days since this price last moved the other way.
    Reversal,
    /// Changes that would be younger than their review.
    LiveChanges,
    /// Customers whose wallet newly runs out, in basis points of all.
    LostCustomers,
    /// Whether the day is one on which prices stay.
    Blackout,
}
codec_enum!(GuardrailRule, "guardrail" {
    0 => Step, 1 => Floor, 2 => Doubling, 3 => BillShock, 4 => CoolDown, 5 => Reversal, 6 => LiveChanges,
    7 => LostCustomers, 8 => Blackout,
});

impl GuardrailRule {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Floor => "margin_floor",
            Self::Doubling => "doubling",
            Self::BillShock => "bill_shock",
            Self::CoolDown => "cool_down",
            Self::Reversal => "reversal",
            Self::LiveChanges => "live_changes",
            Self::LostCustomers => "lost_customers",
            Self::Blackout => "blackout",
        }
    }
}

/// A guardrail, and how the proposal stands to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guardrail {
    /// Which.
    pub rule: GuardrailRule,
    /// Whether the proposal keeps it.
    pub is_kept: bool,
    /// What the proposal has.
    pub value: i64,
    /// What the rule asks for.
    pub limit: i64,
}
codec_struct!(Guardrail { rule, is_kept, value, limit });

/// Single events' costs, in nano-units, and how much of the cost the dearest hundredth has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tail {
    /// Half of the events cost at most this.
    pub p50_nano: i64,
    /// Nine in ten cost at most this.
    pub p90_nano: i64,
    /// 99 in 100 cost at most this.
    pub p99_nano: i64,
    /// The share of the cost that the dearest hundredth of events has, in basis points.
    pub dearest_bp: u32,
}
codec_struct!(Tail { p50_nano, p90_nano, p99_nano, dearest_bp });

/// One value of a dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// The value; empty for events without one, and for all values that have no row.
    pub value: CompactString,
    /// Events.
    pub events: u64,
    /// Customers.
    pub customers: u32,
    /// Units, in micro-units.
    pub quantity_micro: i128,
    /// Micro-credits charged.
    pub credits_micro: i128,
    /// Nano-units of cost.
    pub cost_nano: i128,
    /// Nano-units that the credits are worth.
    pub planned_nano: i128,
    /// Nano-units that a unit costs.
    pub cost_per_unit_nano: i64,
    /// The margin in basis points; `None` without revenue.
    pub margin_bp: Option<i64>,
    /// Its share of the units before, in basis points; `None` where nothing is compared.
    pub share_before_bp: Option<u32>,
    /// Its share of the units now, in basis points.
    pub share_bp: u32,
    /// Credits a unit that are proposed for it.
    pub proposed: Option<Credits>,
}
codec_struct!(Level {
    value,
    events,
    customers,
    quantity_micro,
    credits_micro,
    cost_nano,
    planned_nano,
    cost_per_unit_nano,
    margin_bp,
    share_before_bp,
    share_bp,
    proposed
});

/// What only one kind of recommendation rests on.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Detail {
    /// Nothing more.
    #[default]
    Plain,
    /// Values of a dimension differ in margin.
    Levels {
        /// Of which dimension.
        dimension: CompactString,
        /// The dearest first.
        levels: Vec<Level>,
        /// The distance between the best and the worst margin of those with a tenth of the cost, in basis points.
        gap_bp: Span,
        /// Nano-units a month by which cheap values pay for dear ones.
        cross_subsidy: Span,
    },
    /// Cost is a base and so much a unit.
    Line {
        /// Nano-units whatever the quantity.
        base: Span,
        /// Nano-units for each unit.
        per_unit: Span,
        /// A small event, of which one in ten is smaller still.
        small: Quantity,
        /// Its margin now, in basis points.
        small_margin_bp: i64,
        /// The least that an event should cost.
        minimum: Credits,
    },
    /// What a provider takes for a unit moved.
    Rate {
        /// Of what: a dimension's value, or a provider's model and unit; empty for the whole event type.
        of: CompactString,
        /// Nano-units before.
        before: Span,
        /// Nano-units since.
        after: Span,
        /// The first day of the new rate, in days since 1970.
        since_day: i32,
        /// When it was noticed, in days since 1970.
        noticed_day: i32,
        /// Whether a rate card says so; then nothing is estimated.
        is_declared: bool,
        /// Credits a unit that met the target before.
        target_before: Option<Credits>,
    },
    /// Dear events became more of all events.
    Mix {
        /// Of which dimension.
        dimension: CompactString,
        /// The dearest first.
        levels: Vec<Level>,
        /// Nano-units a unit that rates moved the mean cost.
        by_rates: Span,
        /// Nano-units a unit that shares moved it.
        by_mix: Span,
    },
    /// Figures are missing.
    Missing {
        /// Events without a cost.
        events: u64,
        /// Their share, in basis points.
        events_bp: u32,
        /// The share of the cost that is estimated, in basis points.
        estimated_bp: u32,
        /// Events charged without a price version, which cost what callers said or nothing.
        unpriced: u64,
    },
}
codec_enum!(Detail, "detail" {
    0 => Plain,
    1 => Levels { dimension, levels, gap_bp, cross_subsidy },
    2 => Line { base, per_unit, small, small_margin_bp, minimum },
    3 => Rate { of, before, after, since_day, noticed_day, is_declared, target_before },
    4 => Mix { dimension, levels, by_rates, by_mix },
    5 => Missing { events, events_bp, estimated_bp, unpriced },
});

/// The figures behind a recommendation, of one event type over its window.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Evidence {
    /// Events charged.
    pub events: u64,
    /// Customers with at least one.
    pub customers: u32,
    /// Those of them who ever paid for credits.
    pub paying_customers: u32,
    /// Days with events.
    pub days: u32,
    /// The largest customer's share of the cost, in basis points; of the units where no cost is known.
    pub largest_customer_bp: u32,
    /// Units, in micro-units.
    pub quantity_micro: i128,
    /// Micro-credits charged, less what was given back.
    pub credits_micro: i128,
    /// Nano-units that they cost.
    pub cost_nano: i128,
    /// Nano-units really recognised, from the lots that were burned.
    pub booked_nano: i128,
    /// Nano-units that the credits are worth at what is paid for one.
    pub planned_nano: i128,
    /// What was paid for credits, in nano-units …
    pub paid_nano: i128,
    /// … and for how many micro-credits.
    pub paid_micro: i128,
    /// Events without a cost.
    pub cost_missing: u64,
    /// The part of the cost that is estimated, in nano-units.
    pub estimated_nano: i128,
    /// Nano-units of cost of refused events.
    pub unbilled_nano: i128,
    /// Nano-units that a unit costs.
    pub cost_per_unit: Span,
    /// Whether every unit costs the same, so that nothing is estimated.
    pub cost_is_exact: bool,
    /// Nano-units that a unit cost in the window before; `None` where there was none.
    pub cost_per_unit_before: Option<i64>,
    /// The margin at what a credit is worth, in basis points; `None` without revenue.
    pub margin_bp: Option<i64>,
    /// The margin by the lots that were burned, in basis points.
    pub booked_margin_bp: Option<i64>,
    /// The margin at the proposed price and the same use, in basis points.
    pub margin_after_bp: Option<i64>,
    /// The margin aimed at, in basis points.
    pub target_bp: u32,
    /// The margin that must be kept, in basis points.
    pub floor_bp: u32,
    /// The fewest credits a unit that cover the cost.
    pub break_even: Option<Credits>,
    /// The fewest credits a unit that reach the target.
    pub target_price: Option<Credits>,
    /// How usage answers to price, in thousandths; `None` where the claim does not rest on it.
    pub elasticity_milli: Option<Span>,
    /// Own price changes behind it.
    pub own_changes: u32,
    /// The probability of the claim under each of three priors, in basis points; empty where it rests on none.
    pub by_prior_bp: Vec<u32>,
    /// Single events' costs.
    pub tail: Option<Tail>,
    /// What only this kind rests on.
    pub detail: Detail,
}
codec_struct!(Evidence {
    events,
    customers,
    paying_customers,
    days,
    largest_customer_bp,
    quantity_micro,
    credits_micro,
    cost_nano,
    booked_nano,
    planned_nano,
    paid_nano,
    paid_micro,
    cost_missing,
    estimated_nano,
    unbilled_nano,
    cost_per_unit,
    cost_is_exact,
    cost_per_unit_before,
    margin_bp,
    booked_margin_bp,
    margin_after_bp,
    target_bp,
    floor_bp,
    break_even,
    target_price,
    elasticity_milli,
    own_changes,
    by_prior_bp,
    tail,
    detail
});
