//! `/v1/recommendations`: what is read, decided and looked for. Records are made by hand, because how advice is found
//! is the advisor's.

mod decisions;
mod looks;
mod reads;

use chargly_engine::ledger::{
    AdviceKind, AdvisedPrice, Credits, Driver, Evidence, Grid, Guardrail, GuardrailRule, Millis, Need,
    Needed, Position, Recommendation, Rounding, Rule, Span,
};

use crate::world::{START_MS, World};

const PATH: &str = "/v1/recommendations";
const DOLLAR: i128 = 1_000_000_000;
const DAY_MS: i64 = 86_400_000;

pub(crate) fn cr(text: &str) -> Credits {
    Credits::parse(text).expect("credits")
}

/// `chat.reply` at 4 credits, which costs 0.42 ¢, where a credit is worth 0.4 ¢ and three quarters are to be kept.
pub(crate) async fn selling_replies() -> World {
    let world = World::start().await;
    world.put("/v1/event-types/chat.reply", r#"{"label":"Reply","credits":4}"#).await.expect(200);
    world
}

/// The advice that 5 credits would be better.
pub(crate) fn advice(world: &World, event: &str) -> Recommendation {
    let catalogue = world.test.catalogue();
    let event_type = catalogue.event_type(event).expect("an event type");
    let events = 45_500;
    Recommendation {
        kind: AdviceKind::UnderTarget,
        event_type: event_type.number,
        base: event_type.prices.last().copied(),
        proposal: Some(AdvisedPrice {
            rule: Rule::Flat { credits: cr("5") },
            grid: Grid::Credit,
            rounding: Rounding::Up,
        }),
        current: Some(cr("4")),
        recommended: Some(cr("5")),
        driver: Driver::Cost,
        probability_bp: 9_000,
        uncapped_bp: 9_000,
        is_exact: false,
        caps: Vec::new(),
        needs: Vec::new(),
        guardrails: vec![
            Guardrail { rule: GuardrailRule::Step, is_kept: true, value: 2_500, limit: 2_000 },
            Guardrail { rule: GuardrailRule::CoolDown, is_kept: true, value: 90, limit: 30 },
        ],
        lift: Span { low: 21 * DOLLAR, middle: 182 * DOLLAR, high: 182 * DOLLAR },
        if_left: Span::exactly(9 * DOLLAR),
        evidence: Evidence {
            events,
            customers: 412,
            paying_customers: 96,
            days: 28,
            quantity_micro: 1_000_000 * i128::from(events),
            credits_micro: 4_000_000 * i128::from(events),
            cost_nano: 4_200_000 * i128::from(events),
            planned_nano: 16_000_000 * i128::from(events),
            cost_per_unit: Span::exactly(4_200_000),
            cost_is_exact: true,
            margin_bp: Some(7_375),
            margin_after_bp: Some(7_900),
            target_bp: 7_500,
            floor_bp: 4_000,
            target_price: Some(cr("4.2")),
            ..Evidence::default()
        },
        backtest: None,
        window_from: Millis(START_MS - 28 * DAY_MS),
        window_to: Millis(START_MS),
        cut_off: Position(7),
        method: 1,
        seed: 7,
    }
}

/// The same, of which too little is known.
pub(crate) fn watched(world: &World, event: &str) -> Recommendation {
    let needs = vec![Need { what: Needed::PayingCustomers, have: 3, need: 20 }];
    Recommendation { needs, ..advice(world, event) }
}

/// Records advice as a look does; its id.
pub(crate) async fn recorded(world: &World, advice: Recommendation) -> String {
    world.test.record_recommendation(advice).await.expect("recorded");
    world.get(PATH).await.expect(200).text("/data/0/id")
}
