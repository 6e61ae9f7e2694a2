//! What an event costs the operator: frozen when it is metered, from the best source there is, and never a guess that
//! passes for a fact. No cost is not a cost of 0.

use compact_str::CompactString;

use crate::codec::{codec_enum, codec_struct};
use crate::rates::half_even;
use crate::{CardNo, Catalogue, EventTypeNo, Millis, Money, Position, PriceNo, Quantity, Usage};

/// The longest value of a dimension, in bytes; what is longer is cut.
pub const DIMENSION_VALUE_BYTES_MAX: usize = 64;

/// What an event cost the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Nano-units of the environment's currency.
    pub nano: i64,
    /// How it is known.
    pub source: CostSource,
}
codec_struct!(Cost { nano, source });

/// How a cost is known, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostSource {
    /// It was reported with the event, or later.
    Reported,
    /// It was computed from the usage and the rate card in force when the event occurred.
    RateCard {
        /// Which card had the rates.
        card: CardNo,
    },
    /// It is the event type's default for each unit of quantity.
    Estimated,
}
codec_enum!(CostSource, "source of a cost" { 1 => Reported, 2 => RateCard { card }, 3 => Estimated });

impl CostSource {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::RateCard { .. } => "rate_card",
            Self::Estimated => "estimated",
        }
    }
}

/// A property that reports are grouped by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dimension {
    /// Which.
    pub name: CompactString,
    /// What the event has of it.
    pub value: CompactString,
}
codec_struct!(Dimension { name, value });

/// What is known of an event beside its price. Most events have none of it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Facets {
    /// The cost where it was computed: by a rate card or as an estimate. `None` where it was reported, or is missing.
    pub cost: Option<Cost>,
    /// What a model was used for.
    pub usage: Option<Usage>,
    /// Its declared dimensions, by name.
    pub dimensions: Vec<Dimension>,
}
codec_struct!(Facets { cost, usage, dimensions });

impl Facets {
    /// `None` when there is nothing in them.
    pub fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

/// An event that a later fact is about, by what reports need of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRef {
    /// Of which type.
    pub event_type: EventTypeNo,
    /// Under which price version.
    pub price: Option<PriceNo>,
    /// When it occurred; when it was recorded where the caller did not say.
    pub at: Millis,
    /// Its declared dimensions.
    pub dimensions: Vec<Dimension>,
}
codec_struct!(EventRef { event_type, price, at, dimensions });

/// Attach or correct the cost of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostRequest {
    /// Which event: a meter event or a capture.
    pub event: Position,
    /// What it cost; `None` where its usage is given instead.
    pub cost: Option<Money>,
}
codec_struct!(CostRequest { event, cost });

/// The cost of a recorded event: reported, else computed, else missing.
pub fn cost_of_event(reported: Option<Money>, facets: Option<&Facets>) -> Option<Cost> {
    match reported {
        Some(money) => Some(Cost { nano: money.nano, source: CostSource::Reported }),
        None => facets.and_then(|facets| facets.cost),
    }
}

/// Computes what was not reported: by the rate card in force at `at`, else as the event type's estimate.
pub(crate) fn compute(
    catalogue: &Catalogue,
    event_type: EventTypeNo,
    quantity: Quantity,
    reported: Option<Money>,
    usage: Option<&Usage>,
    at: Millis,
) -> Option<Cost> {
    if reported.is_some() {
        return None;
    }
    let by_card = usage.and_then(|usage| catalogue.rates.cost_of(usage, at, None).ok());
    by_card.or_else(|| {
        let per_unit = catalogue.event_type_no(event_type)?.estimated_cost_nano?;
        let exact = i128::from(per_unit) * i128::from(quantity.micro());
        let nano = i64::try_from(half_even(exact, 1_000_000)).ok().filter(|n| *n <= Money::NANO_MAX)?;
        Some(Cost { nano, source: CostSource::Estimated })
    })
}

/// The facets of a fact: those of the call with the cost that was computed.
pub(crate) fn with_cost(facets: Option<&Facets>, cost: Option<Cost>) -> Option<Box<Facets>> {
    if cost.is_none() && facets.is_none() {
        return None;
    }
    Facets { cost, ..facets.cloned().unwrap_or_default() }.boxed()
}
