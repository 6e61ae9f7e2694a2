//! What corrects an event counts where the event does.

use chargly_ledger::Credits;
use chargly_ledger::{
    CardNo, Cost, CostRequest, CostSource, EventRef, Facets, Fact, Millis, Position, PriceNo,
    RechargeRequest, ReverseRequest, WalletEvent,
};
use chargly_views::{By, Figures, FiguresRow, Interval, Views};

use crate::facts::*;

/// An image of price version 3 that occurred at ten; what corrects it comes the next day.
fn image() -> Option<Box<EventRef>> {
    let of = EventRef { event_type: IMAGE, price: Some(PriceNo(3)), at: TEN, dimensions: Vec::new() };
    Some(Box::new(of))
}

#[track_caller]
fn check(event: WalletEvent, figures: Figures) {
    let mut views = Views::in_memory().expect("open");
    fold(&mut views, &[(Millis(TEN.0 + DAY_MS), fact(ADA, event))]);
    let report = views.figures(&ever(Interval::Hour, &[By::EventType, By::Price])).expect("figures");
    let expected = FiguresRow {
        start: Some(TEN),
        end: Some(ELEVEN),
        event_type: Some(IMAGE),
        price: Some(PriceNo(3)),
        wallet: None,
        dimension: None,
        figures,
    };
    assert_eq!(report.rows, [expected]);
    let by_wallet = views.figures(&ever(Interval::Day, &[By::EventType, By::Wallet])).expect("figures");
    let found: Vec<_> = by_wallet.rows.iter().map(|r| (r.start, r.wallet, r.event_type, r.figures)).collect();
    assert_eq!(found, [(Some(MIDNIGHT), Some(ADA), Some(IMAGE), figures)]);
}

#[test]
fn a_reversal_counts_in_the_hour_of_the_event_under_its_price() {
    let returns = match reversed(ADA, 8, &[(5, 10), (2, 1)]) {
        Fact::Wallet(fact) => fact.event,
        _ => panic!("a wallet's fact"),
    };
    let WalletEvent::Reversed { credits, debt, returns, adjustment, .. } = returns else {
        panic!("a reversal")
    };
    let request = ReverseRequest { event: Position(1), credits: None, correction: None };
    let event = WalletEvent::Reversed { request, credits, debt, returns, adjustment, of: image() };
    check(event, Figures { reversed_micro: 8, reversed_revenue_nano: 11, ..Figures::default() });
}

#[test]
fn what_is_charged_again_is_no_event() {
    let request =
        RechargeRequest { event: Position(1), credits: Credits::from_micro(9), correction: Position(5) };
    let event = WalletEvent::Recharged { request, charge: charge(9, &[(6, 12)]), of: image() };
    check(event, Figures { recharged_micro: 9, recharged_revenue_nano: 12, ..Figures::default() });
}

fn cost_set(before: Option<Cost>, cost: Option<Cost>) -> WalletEvent {
    let request = CostRequest { event: Position(1), cost: None };
    WalletEvent::CostSet { request, before, cost, usage: None, of: image() }
}

const fn cost(nano: i64, source: CostSource) -> Option<Cost> {
    Some(Cost { nano, source })
}

#[test]
fn a_cost_that_arrives_is_no_longer_missing() {
    let figures = Figures {
        cost_nano: 40,
        cost_missing: -1,
        cost_corrected_nano: 40,
        cost_corrections: 1,
        ..Figures::default()
    };
    check(cost_set(None, cost(40, CostSource::Reported)), figures);
}

#[test]
fn a_corrected_cost_moves_from_its_source_and_keeps_the_first() {
    let card = CostSource::RateCard { card: CardNo(1) };
    let figures = Figures {
        cost_nano: -10,
        estimated_cost_nano: -50,
        estimated_costs: -1,
        card_cost_nano: 40,
        card_costs: 1,
        cost_corrected_nano: -10,
        cost_corrections: 1,
        ..Figures::default()
    };
    check(cost_set(cost(50, CostSource::Estimated), cost(40, card)), figures);
    assert_eq!(figures.cost_first_nano(), 0);
}

#[test]
fn costs_are_told_apart_by_how_they_are_known() {
    let mut views = Views::in_memory().expect("open");
    let card = CostSource::RateCard { card: CardNo(1) };
    let computed = |cost| {
        let facets = Facets { cost, ..Facets::default() }.boxed();
        let request = request(CHAT, 1, None);
        fact(ADA, WalletEvent::Metered { request, charge: charge(5, &[(5, 10)]), facets })
    };
    fold(
        &mut views,
        &[
            (TEN, metered(ADA, CHAT, 1, charge(5, &[(5, 10)]), Some(100))),
            (TEN, computed(cost(20, card))),
            (TEN, computed(cost(3, CostSource::Estimated))),
            (TEN, computed(None)),
            // Two draws of which one recognises nothing, and debt beside a free draw, are told apart, too.
            (TEN, metered(ADA, CHAT, 1, charge(9, &[(4, 0), (5, 7)]), Some(1))),
        ],
    );
    let rows = views.figures(&ever(Interval::Total, &[])).expect("figures").rows;
    let sums = rows[0].figures;
    assert_eq!((sums.events, sums.cost_nano, sums.reported_cost_nano()), (5, 124, 101));
    assert_eq!((sums.card_cost_nano, sums.estimated_cost_nano), (20, 3));
    let counts = (sums.reported_costs(), sums.card_costs, sums.estimated_costs, sums.cost_missing);
    assert_eq!(counts, (2, 1, 1, 1));
    assert_eq!((sums.credits_micro, sums.free_micro, sums.revenue_nano), (29, 4, 47));
}

#[test]
fn an_event_is_late_from_an_hour_after_the_end_of_its_hour() {
    for (recorded, late) in [(ELEVEN.0 + HOUR_MS, 0), (ELEVEN.0 + HOUR_MS + 1, 1)] {
        let mut views = Views::in_memory().expect("open");
        fold(&mut views, &[(Millis(recorded), metered_late(ADA, CHAT, Millis(ELEVEN.0 - 1)))]);
        for by in [By::EventType, By::Wallet] {
            let rows = views.figures(&ever(Interval::Day, &[by])).expect("figures").rows;
            assert_eq!(rows[0].figures.late_events, late);
        }
    }
}
