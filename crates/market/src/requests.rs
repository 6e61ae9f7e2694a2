//! A plan as the ledger's own requests, for every shop that is made of one.

use chargly_ledger::{
    CheckoutSettings, Credits, Dimension, EventTypeNo, EventTypeRequest, Facets, GrantKind, GrantRequest,
    Grid, IfInsufficient, Measure, MeterRequest, Money, PackRequest, PriceRequest, Quantity, Rate,
    RateCardRequest, RateEntry, Rounding, Rule, Settings, Unit, Usage,
};
use compact_str::CompactString;
use smallvec::SmallVec;

use crate::draw::scaled;
use crate::plan::{CostPlan, EventPlan, Happening, MarketPlan, PackPlan, QuantityPlan};
use crate::shop::{MarketEvent, MarketGrant, Told};

/// The dimension that levels are values of.
pub const LEVEL_DIMENSION: &str = "model";
/// What money is counted in.
pub const CURRENCY: chargly_ledger::Currency = chargly_ledger::Currency::USD;

/// The environment's settings.
pub fn settings(plan: &MarketPlan) -> Settings {
    Settings {
        target_margin_bp: plan.target_margin_bp,
        credit_value_nano: plan.credit_value_nano,
        checkout: CheckoutSettings::default(),
        ..Settings::default()
    }
}

/// A type, without its price.
pub fn event_type(plan: &MarketPlan, event: usize) -> EventTypeRequest {
    let of = &plan.events[event];
    let estimate = plan.happenings.iter().find_map(|happening| match *happening {
        Happening::CostsEstimated { event: which, unit_nano, .. } if which == event => Some(unit_nano),
        _ => None,
    });
    EventTypeRequest {
        name: of.name.clone(),
        label: of.label.clone(),
        description: "Simulated.".into(),
        caller_set_credits: false,
        dimensions: if of.levels.is_empty() { Vec::new() } else { vec![LEVEL_DIMENSION.into()] },
        archived: false,
        estimated_cost_nano: estimate,
        first_price: None,
    }
}

/// A price of a type: for an event, or for a unit where quantities differ.
pub fn price(plan: &MarketPlan, event: usize, number: EventTypeNo, credits: Credits) -> PriceRequest {
    let rule = match plan.events[event].quantity {
        QuantityPlan::One => Rule::Flat { credits },
        QuantityPlan::LogNormal { .. } => Rule::PerUnit {
            base: Credits::ZERO,
            credits,
            measure: Measure::Quantity,
            minimum: None,
            maximum: None,
        },
    };
    PriceRequest {
        event_type: number,
        rule,
        grid: Grid::MicroCredit,
        rounding: Rounding::HalfUp,
        effective_at: None,
        note: "Simulated.".into(),
        replaces: None,
        because: None,
    }
}

/// The packs, smallest first.
pub fn packs(plan: &MarketPlan) -> impl Iterator<Item = PackRequest> {
    (0..).zip(&plan.packs).map(|(order, pack): (i32, &PackPlan)| PackRequest {
        code: pack.code.clone(),
        name: pack.code.clone(),
        audience: CompactString::default(),
        credits: pack.credits,
        bonus: pack.bonus,
        price: Money { nano: pack.price_nano, currency: CURRENCY },
        discount_line: CompactString::default(),
        order,
        valid_days: None,
        is_active: true,
    })
}

/// The rate card of a type whose cost is computed, at so many times the first rates, in force when it is published.
pub fn rate_card(event: &EventPlan, factor: f64) -> Option<RateCardRequest> {
    let CostPlan::RateCard { provider, model, input_pico, output_pico, .. } = &event.cost else {
        return None;
    };
    let rate =
        |unit, first| Rate { unit, is_batch: false, above_input_tokens: 0, pico: scaled(first, factor) };
    let rates = vec![rate(Unit::InputTokens, *input_pico), rate(Unit::OutputTokens, *output_pico)];
    let entries = vec![RateEntry { provider: provider.clone(), model: model.clone(), rates }];
    Some(RateCardRequest {
        source: "simulated".into(),
        note: "Simulated.".into(),
        effective_at: None,
        entries,
    })
}

/// A lot.
pub fn grant(grant: &MarketGrant) -> GrantRequest {
    GrantRequest {
        credits: grant.credits,
        kind: if grant.price_nano.is_some() { GrantKind::Paid } else { GrantKind::Promotional },
        price: grant.price_nano.map(|nano| Money { nano, currency: CURRENCY }),
        priority: 0,
        effective_at: None,
        expires_at: grant.expires_at,
        scope: Vec::new(),
    }
}

/// An event of the type with this number.
pub fn meter(event: &MarketEvent, number: EventTypeNo) -> MeterRequest {
    MeterRequest {
        event_type: number,
        quantity: event.quantity,
        credits: None,
        cost: cost(event),
        occurred_at: Some(event.at),
        if_insufficient: IfInsufficient::Refuse,
    }
}

/// The cost that is reported with an event.
pub fn cost(event: &MarketEvent) -> Option<Money> {
    (event.told == Told::Amount).then_some(Money { nano: event.cost_nano, currency: CURRENCY })
}

/// What a model was used for.
pub fn usage(plan: &MarketPlan, event: &MarketEvent) -> Option<Usage> {
    let CostPlan::RateCard { provider, model, .. } = &plan.events[usize::from(event.event)].cost else {
        return None;
    };
    let Told::Tokens { input, output } = event.told else { return None };
    let counted = |unit, tokens: u32| {
        Quantity::from_micro(i64::from(tokens) * Quantity::ONE.micro()).map(|quantity| (unit, quantity))
    };
    let quantities: SmallVec<[(Unit, Quantity); 3]> =
        [counted(Unit::InputTokens, input), counted(Unit::OutputTokens, output)]
            .into_iter()
            .flatten()
            .collect();
    Some(Usage { provider: provider.clone(), model: model.clone(), is_batch: false, quantities })
}

/// The level of an event, where its type has levels.
pub fn level<'a>(plan: &'a MarketPlan, event: &MarketEvent) -> Option<&'a str> {
    let levels = &plan.events[usize::from(event.event)].levels;
    event.level.and_then(|level| levels.get(usize::from(level))).map(|level| level.name.as_str())
}

/// A level as what reports are grouped by.
pub fn dimension(level: &str) -> Dimension {
    Dimension { name: LEVEL_DIMENSION.into(), value: level.into() }
}

/// What is known of an event beside its price.
pub(crate) fn facets(plan: &MarketPlan, event: &MarketEvent) -> Option<Box<Facets>> {
    let dimensions = level(plan, event).map(dimension).into_iter().collect();
    Facets { cost: None, usage: usage(plan, event), dimensions }.boxed()
}
