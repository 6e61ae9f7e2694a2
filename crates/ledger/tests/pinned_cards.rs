//! Prices made of costs: which rate card counts, and that a later one changes no price.

use chargly_ledger::{
    Action, Call, CardNo, CatalogueChange, Condition, Credits, EventTypeNo, EventTypeRequest, Facets, Fact,
    GrantKind, GrantRequest, Grid, IfInsufficient, KeyHash, KeyNo, MeterRequest, Millis, Money, PriceInputs,
    PriceRequest, PropertyValue, Quantity, Rate, RateCardRequest, RateEntry, Ratio, Rejection, Rounding, Row,
    Rule, Stop, Unit, Usage, WalletEvent, execute,
};
use chargly_ledger::{CardPin, difference};
use chargly_testkit::ledger::Driver;

const CHAT: EventTypeNo = EventTypeNo(0);

struct Desk {
    driver: Driver,
    now: Millis,
}

impl Desk {
    fn open() -> Self {
        let mut desk = Self { driver: Driver::new("usd"), now: Millis(1_000) };
        desk.done(Action::DefineEventType(EventTypeRequest {
            name: "chat".into(),
            label: "Chat".into(),
            description: "".into(),
            caller_set_credits: false,
            dimensions: Vec::new(),
            archived: false,
            estimated_cost_nano: Some(1_000_000_000),
            first_price: None,
        }));
        desk.done(Action::Grant {
            customer: "ada".into(),
            request: GrantRequest {
                credits: Credits::from_micro(1_000_000_000),
                kind: GrantKind::Promotional,
                price: None,
                priority: 0,
                effective_at: None,
                expires_at: None,
                scope: Vec::new(),
            },
        });
        desk
    }

    fn execute(&mut self, action: Action) -> Result<Fact, Stop> {
        let call = Call { actor: KeyNo(1), key: Some(KeyHash([1; 16])), action };
        self.driver.recorder.now = self.now;
        execute(&mut self.driver.state, &call, self.now, &mut self.driver.recorder).map(|(_, fact)| fact)
    }

    fn done(&mut self, action: Action) -> Fact {
        self.execute(action).expect("it is allowed")
    }

    /// A card by which an output token costs so many nano-dollars.
    fn card(&mut self, nano: i64) {
        let rate =
            Rate { unit: Unit::OutputTokens, is_batch: false, above_input_tokens: 0, pico: nano * 1_000 };
        let entry = RateEntry { provider: "acme".into(), model: "one".into(), rates: vec![rate] };
        let request = RateCardRequest {
            source: "test".into(),
            note: "".into(),
            effective_at: Some(Millis(0)),
            entries: vec![entry],
        };
        self.done(Action::PublishRateCard(request));
    }

    fn publish(&mut self, rule: Rule) -> Result<Fact, Stop> {
        self.execute(Action::PublishPrice(price(rule)))
    }

    /// The credits of an event with so many output tokens, and perhaps a reported cost in nano-dollars.
    fn meter(
        &mut self,
        tokens: i64,
        reported: Option<i64>,
        occurred_at: Option<Millis>,
    ) -> Result<Credits, Stop> {
        let quantity = Quantity::from_micro(tokens * 1_000_000);
        let usage = quantity.map(|quantity| Usage {
            provider: "acme".into(),
            model: "one".into(),
            is_batch: false,
            quantities: [(Unit::OutputTokens, quantity)].into_iter().collect(),
        });
        let request = MeterRequest {
            event_type: CHAT,
            quantity: Quantity::ONE,
            credits: None,
            cost: reported.map(|nano| Money { nano, currency: chargly_ledger::Currency::USD }),
            occurred_at,
            if_insufficient: IfInsufficient::Refuse,
        };
        let inputs: PriceInputs = [("model".into(), PropertyValue::Text("big".into()))].into_iter().collect();
        let facets = Facets { usage, ..Facets::default() }.boxed();
        let fact = self.execute(Action::Meter { customer: "ada".into(), request, inputs, facets })?;
        match fact {
            Fact::Wallet(fact) => match fact.event {
                WalletEvent::Metered { charge, .. } => Ok(charge.credits),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

fn price(rule: Rule) -> PriceRequest {
    PriceRequest {
        event_type: CHAT,
        rule,
        grid: Grid::Credit,
        rounding: Rounding::Up,
        effective_at: None,
        note: "".into(),
        replaces: None,
        because: None,
    }
}

fn cost_plus(rate_card: CardPin) -> Rule {
    let multiplier = Ratio::parse("1000").expect("a ratio");
    Rule::CostPlus { multiplier, minimum: None, rate_card }
}

fn credits(whole: i64) -> Result<Credits, Stop> {
    Ok(Credits::whole(whole).expect("small"))
}

#[test]
fn a_later_card_changes_no_price_until_it_is_published_again() {
    let mut desk = Desk::open();
    desk.card(1_000);
    desk.publish(cost_plus(CardPin::NEWEST)).expect("published");
    assert_eq!(desk.meter(7_000, None, None), credits(7));
    desk.card(2_000);
    assert_eq!(desk.meter(7_000, None, None), credits(7));
    // Nor does the time at which it happened.
    assert_eq!(desk.meter(7_000, None, Some(Millis(-5))), credits(7));
    desk.publish(cost_plus(CardPin::NEWEST)).expect("published");
    assert_eq!(desk.meter(7_000, None, None), credits(14));
    desk.publish(cost_plus(CardPin::chosen(CardNo(1)))).expect("published");
    assert_eq!(desk.meter(7_000, None, None), credits(7));
    // What was reported is better than any card.
    assert_eq!(desk.meter(7_000, Some(3_000_000), None), credits(3));
}

#[test]
fn an_estimate_is_no_cost_to_price_by_and_a_card_that_is_not_there_is_refused() {
    let mut desk = Desk::open();
    let rejected = |field: &str, got: Result<Fact, Stop>| match got {
        Err(Stop::Rejected(Rejection::Invalid { field: found, .. })) => assert_eq!(found, field),
        other => panic!("{other:?}"),
    };
    rejected("rule.rate_card", desk.publish(cost_plus(CardPin::chosen(CardNo(1)))));
    desk.publish(cost_plus(CardPin::NEWEST)).expect("published without any card");
    let required: Result<Credits, Stop> = Err(Stop::Rejected(Rejection::CostRequired));
    assert_eq!(desk.meter(7_000, None, None), required);
    desk.card(1_000);
    assert_eq!(desk.meter(7_000, None, None), required, "it is pinned to none");
    desk.publish(cost_plus(CardPin::NEWEST)).expect("published");
    assert_eq!(desk.meter(0, None, None), required);
    rejected("rule.rate_card", desk.publish(cost_plus(CardPin::chosen(CardNo(2)))));
}

#[test]
fn every_row_is_pinned_and_the_fact_says_so_yet_a_retry_is_the_same_request() {
    let mut desk = Desk::open();
    desk.card(1_000);
    let is_big = Condition { property: "model".into(), value: "big".into() };
    let rule = Rule::ByDimension {
        rows: vec![Row { when: vec![is_big], rule: Box::new(cost_plus(CardPin::NEWEST)) }],
        default: Box::new(Rule::Tiered {
            tiers: vec![
                chargly_ledger::Tier { up_to: Some(Quantity::ONE), credits: Credits::from_micro(5) },
                chargly_ledger::Tier { up_to: None, credits: Credits::from_micro(1) },
            ],
        }),
    };
    let fact = desk.publish(rule.clone()).expect("published");
    assert_eq!(Fact::decode(&fact.encode()).as_ref(), Ok(&fact));
    let Fact::Catalogue(published) = &fact else { panic!("a change of the catalogue") };
    let CatalogueChange::PricePublished { request, .. } = &published.change else { panic!("a price") };
    assert_eq!(request.rule, rule.clone().pinned(Some(CardNo(1))));
    desk.card(2_000);
    assert_eq!(desk.meter(7_000, None, None), credits(7));

    let catalogue = desk.driver.state.catalogue();
    let first = fact.asked_fields(catalogue).expect("asked for under a key");
    assert_eq!(difference(&first, &price(rule).asked_fields(catalogue)), None);
    let other = price(cost_plus(CardPin::NEWEST)).asked_fields(catalogue);
    assert_eq!(difference(&first, &other).map(|d| d.field), Some("rule"));
}

#[test]
fn bytes_that_nest_rules_are_refused_without_following_them() {
    let mut desk = Desk::open();
    let table = |default: Rule| Rule::ByDimension { rows: Vec::new(), default: Box::new(default) };
    let fact = desk.publish(Rule::Flat { credits: Credits::from_micro(77) }).expect("published");
    let Fact::Catalogue(mut published) = fact else { panic!("a change of the catalogue") };
    let CatalogueChange::PricePublished { request, .. } = &mut published.change else { panic!("a price") };
    request.rule = table(table(Rule::Flat { credits: Credits::ZERO }));
    assert!(Fact::decode(&Fact::Catalogue(published).encode()).is_err());
}
