//! Figures by declared dimensions, and what makes figures stale.

use chargly_ledger::{
    CatalogueChange, CatalogueFact, Dimension, EventRef, EventTypeNo, Facets, Fact, KeyNo, Millis, Origin,
    Payload, Position, Settings, WalletEvent, WalletNo,
};
use chargly_views::{By, DIMENSION_VALUES_MAX, FiguresQuery, Interval, OTHER, Setup, Views};

use crate::facts::*;

fn changed(change: CatalogueChange) -> Fact {
    Fact::Catalogue(CatalogueFact { origin: Origin { actor: KeyNo(1), key: None }, change })
}

fn defined(event_type: EventTypeNo, dimensions: &[&str]) -> Fact {
    changed(CatalogueChange::EventTypeDefined {
        event_type,
        name: "chat.reply".into(),
        label: "".into(),
        description: "".into(),
        caller_set_credits: false,
        dimensions: dimensions.iter().map(|name| (*name).into()).collect(),
        archived: false,
        estimated_cost_nano: None,
    })
}

fn in_zone(name: &str) -> Fact {
    changed(CatalogueChange::SettingsChanged {
        settings: Settings { time_zone: name.into(), ..Settings::default() },
    })
}

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension { name: name.into(), value: value.into() }
}

/// A chat of 10 credits with these dimensions in its fact.
fn chat(dimensions: &[(&str, &str)]) -> Fact {
    let dimensions = dimensions.iter().map(|(name, value)| dimension(name, value)).collect();
    let facets = Facets { dimensions, ..Facets::default() }.boxed();
    let request = request(CHAT, 1, None);
    fact(ADA, WalletEvent::Metered { request, charge: charge(10, &[(10, 20)]), facets })
}

/// Events by value of a dimension.
#[track_caller]
fn by(views: &Views, name: &str) -> Vec<(String, i128)> {
    let report = views.figures(&ever(Interval::Total, &[By::Dimension(name.into())])).expect("figures");
    let value = |row: &chargly_views::FiguresRow| {
        row.dimension.as_ref().map_or_else(String::new, ToString::to_string)
    };
    report.rows.iter().map(|row| (value(row), row.figures.events)).collect()
}

fn counts(pairs: &[(&str, i128)]) -> Vec<(String, i128)> {
    pairs.iter().map(|(value, events)| ((*value).to_owned(), *events)).collect()
}

#[test]
fn events_count_under_the_values_of_their_declared_dimensions() {
    let dir = tempfile::tempdir().expect("dir");
    let mut views = Views::open(dir.path()).expect("open");
    let facts = [
        defined(CHAT, &["model", "plan"]),
        chat(&[("model", "small"), ("plan", "pro")]),
        chat(&[("model", "large")]),
        chat(&[("model", "small"), ("undeclared", "x")]),
        metered(ADA, IMAGE, 1, charge(1, &[(1, 2)]), None),
    ];
    for fact in facts {
        fold(&mut views, &[(TEN, fact)]);
        views.flush().expect("flush");
    }
    drop(views);
    let mut views = Views::open(dir.path()).expect("reopen");
    fold(&mut views, &[(TEN, chat(&[("model", "large")]))]);
    assert_eq!(views.asked_setup(), None);
    assert_eq!(by(&views, "model"), counts(&[("large", 2), ("small", 2)]));
    assert_eq!(by(&views, "plan"), counts(&[("", 3), ("pro", 1)]));
    assert_eq!(by(&views, "undeclared"), []);
    // A filter by value, told apart by hour and not by value.
    let query = FiguresQuery {
        dimension: Some(dimension("model", "small")),
        ..ever(Interval::Hour, &[By::EventType])
    };
    let rows = views.figures(&query).expect("figures").rows;
    let found: Vec<_> =
        rows.iter().map(|r| (r.start, r.event_type, r.dimension.clone(), r.figures.events)).collect();
    assert_eq!(found, [(Some(TEN), Some(CHAT), None, 2)]);
}

#[test]
fn what_corrects_an_event_counts_under_its_value() {
    let mut views = Views::in_memory().expect("open");
    let of =
        EventRef { event_type: CHAT, price: None, at: TEN, dimensions: vec![dimension("model", "large")] };
    let Fact::Wallet(back) = reversed(ADA, 4, &[(4, 8)]) else { panic!("a wallet's fact") };
    let WalletEvent::Reversed { request, credits, debt, returns, adjustment, .. } = back.event else {
        panic!("a reversal")
    };
    let back = WalletEvent::Reversed { request, credits, debt, returns, adjustment, of: Some(Box::new(of)) };
    let facts = [defined(CHAT, &["model"]), chat(&[("model", "large")]), fact(ADA, back)];
    fold(&mut views, &facts.map(|fact| (TEN, fact)));
    let rows = views.figures(&ever(Interval::Total, &[By::Dimension("model".into())])).expect("figures").rows;
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].figures.credits_micro, rows[0].figures.reversed_micro), (10, 4));
}

#[test]
fn values_beyond_the_limit_count_as_other() {
    let mut views = Views::in_memory().expect("open");
    fold(&mut views, &[(TEN, defined(CHAT, &["user"]))]);
    let values: Vec<String> = (0..DIMENSION_VALUES_MAX + 2).map(|n| format!("u{n:04}")).collect();
    for _ in 0..2 {
        let facts: Vec<_> = values.iter().map(|value| (TEN, chat(&[("user", value)]))).collect();
        fold(&mut views, &facts);
    }
    let found = by(&views, "user");
    assert_eq!(found.len(), DIMENSION_VALUES_MAX + 1);
    assert_eq!(found[0], (OTHER.to_owned(), 4));
    assert!(found[1..].iter().all(|(_, events)| *events == 2));
}

/// The same facts folded anew by what they ask for.
fn refolded(facts: &[(Millis, Fact, Option<Payload>)]) -> (Views, Views) {
    let fold_all = |views: &mut Views| {
        for (position, (at, fact, payload)) in (0..).zip(facts) {
            let payload = payload.as_ref().map(Payload::encode);
            views.fold_with_payload(Position(position), *at, fact, payload.as_deref()).expect("fold");
        }
    };
    let mut first = Views::in_memory().expect("open");
    fold_all(&mut first);
    let setup = first.asked_setup().expect("stale figures");
    let mut again = Views::in_memory_by(&setup).expect("open");
    fold_all(&mut again);
    assert_eq!(again.asked_setup(), None);
    (first, again)
}

fn with_properties(json: &str) -> Option<Payload> {
    Some(Payload { properties: Some(json.into()), ..Payload::default() })
}

fn opened_late(facts: Vec<(Fact, Option<Payload>)>) -> Vec<(Millis, Fact, Option<Payload>)> {
    facts.into_iter().map(|(fact, payload)| (TEN, fact, payload)).collect()
}

#[test]
fn a_dimension_declared_later_is_read_from_the_payloads_of_earlier_events() {
    let facts = opened_late(vec![
        (defined(CHAT, &[]), None),
        (chat(&[]), with_properties(r#"{"model":"small","n":1}"#)),
        (chat(&[]), with_properties(r#"{"model":"l\"arge"}"#)),
        (chat(&[]), with_properties(r#"{"model":[1]}"#)),
        (chat(&[]), with_properties(r#"{"model":42.5}"#)),
        // Erased, or never there.
        (chat(&[]), None),
        (defined(CHAT, &["model"]), None),
        // From here on the fact has the last word.
        (chat(&[("model", "small")]), None),
        (chat(&[]), with_properties(r#"{"model":"ignored"}"#)),
    ]);
    let (stale, views) = refolded(&facts);
    assert_eq!(by(&stale, "model"), []);
    assert_eq!(by(&views, "model"), counts(&[("", 3), ("42.5", 1), ("l\"arge", 1), ("small", 2)]));
}

#[test]
fn an_erasure_makes_figures_read_from_payloads_stale() {
    let mut facts = opened_late(vec![
        (defined(CHAT, &[]), None),
        (chat(&[]), with_properties(r#"{"model":"small"}"#)),
        (defined(CHAT, &["model"]), None),
    ]);
    let (_, mut views) = refolded(&facts);
    assert_eq!(by(&views, "model"), counts(&[("small", 1)]));
    let erased = fact(ADA, WalletEvent::CustomerErased);
    views.fold(views.next(), TEN, &erased).expect("fold");
    let setup = views.asked_setup().expect("stale figures");
    // Whether the payload is erased by now or not, it counts as erased.
    for payload in [with_properties(r#"{"model":"small"}"#), None] {
        facts[1].2 = payload;
        let mut again = Views::in_memory_by(&setup).expect("open");
        for (position, (at, fact, payload)) in (0..).zip(&facts) {
            let payload = payload.as_ref().map(Payload::encode);
            again.fold_with_payload(Position(position), *at, fact, payload.as_deref()).expect("fold");
        }
        again.fold(again.next(), TEN, &erased).expect("fold");
        assert_eq!((again.asked_setup(), by(&again, "model")), (None, counts(&[("", 1)])));
    }
}

#[test]
fn an_erasure_changes_nothing_where_no_payload_was_read() {
    let mut views = Views::in_memory().expect("open");
    let facts =
        [defined(CHAT, &["model"]), chat(&[("model", "small")]), fact(ADA, WalletEvent::CustomerErased)];
    fold(&mut views, &facts.map(|fact| (TEN, fact)));
    assert_eq!((views.asked_setup(), by(&views, "model")), (None, counts(&[("small", 1)])));
}

#[test]
fn another_time_zone_makes_figures_stale_until_they_are_folded_by_it() {
    // Ten in the morning in UTC is the next day in Auckland.
    let late = Millis(TEN.0 + 3 * HOUR_MS);
    let facts = vec![
        (late, metered(WalletNo(3), CHAT, 1, charge(1, &[(1, 2)]), None), None),
        (late, in_zone("Pacific/Auckland"), None),
    ];
    let (stale, views) = refolded(&facts);
    let day = |views: &Views| {
        let rows = views.figures(&ever(Interval::Day, &[By::Wallet])).expect("figures").rows;
        rows[0].start.expect("a day")
    };
    assert_eq!((day(&stale), stale.zone().name()), (MIDNIGHT, "UTC"));
    assert_eq!((day(&views), views.zone().name()), (Millis(MIDNIGHT.0 + 11 * HOUR_MS), "Pacific/Auckland"));
    // Back again before anybody folded: nothing to do.
    let mut views = Views::in_memory().expect("open");
    fold(&mut views, &[(TEN, in_zone("Asia/Tokyo")), (TEN, in_zone("UTC"))]);
    assert_eq!(views.asked_setup(), None);
    assert_eq!(views.setup(), Setup::default());
}
