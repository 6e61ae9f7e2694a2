//! Bad and sparse input: what is missing is said, and no number comes from nothing.

use chargly_ledger::{AdviceKind, Detail, Needed, Sureness};

use super::books::{Books, DAYS, Sale, cr, flat, of_kind};

fn low_margin(customer: u32) -> Sale<'static> {
    let cost_nano = Some(32_000_000 + i64::from(customer % 5) * 1_000_000);
    Sale { credits: "10", cost_nano, ..Sale::default() }
}

/// That nothing can be acted on, and that this is why.
fn is_watched_for(books: &Books, what: Needed) {
    let advice = books.advise();
    for made in &advice.recommendations {
        assert_eq!(made.sureness(), Sureness::Watching, "{made:?}");
    }
    let watched = advice.watched.first().expect("an event type with use");
    let lacks = watched.needs.iter().chain(advice.recommendations.iter().flat_map(|made| &made.needs));
    assert!(lacks.into_iter().any(|need| need.what == what), "{what:?} is not among {:?}", watched.needs);
}

#[test]
fn nothing_at_all_gives_nothing() {
    let advice = Books::new(&[flat("10")], 6_000).advise();
    assert_eq!((advice.recommendations, advice.watched), (Vec::new(), Vec::new()));
}

#[test]
fn without_costs_there_is_only_the_advice_to_send_them() {
    let mut books = Books::new(&[flat("10")], 6_000);
    books.sells_daily(60, 20..DAYS, |_, _| Sale { credits: "10", cost_nano: None, ..Sale::default() });
    let advice = books.advise();
    assert_eq!(advice.recommendations.len(), 1);
    let made = of_kind(&advice, AdviceKind::DataQuality).expect("no event has a cost");
    let Detail::Missing { events_bp, .. } = made.evidence.detail else { panic!() };
    assert_eq!((events_bp, made.evidence.margin_bp), (10_000, None), "never a margin of 100 %");
    assert_eq!(made.proposal, None);
    is_watched_for(&books, Needed::CostsKnown);
}

#[test]
fn one_event_in_twenty_without_a_cost_blocks_all_else() {
    let mut books = Books::new(&[flat("10")], 6_000);
    books.sells_daily(60, 20..DAYS, |_, customer| Sale {
        cost_nano: low_margin(customer).cost_nano.filter(|_| customer % 20 != 0),
        ..low_margin(customer)
    });
    let kinds: Vec<_> = books.advise().recommendations.iter().map(|made| made.kind).collect();
    assert_eq!(kinds, [AdviceKind::DataQuality]);
}

#[test]
fn one_customer_is_no_sample() {
    let mut books = Books::new(&[flat("10")], 6_000);
    for _ in 0..20 {
        books.sells_daily(1, 20..DAYS, |day, _| low_margin(u32::try_from(day).expect("a day")));
    }
    is_watched_for(&books, Needed::PayingCustomers);
    is_watched_for(&books, Needed::LargestCustomer);
}

#[test]
fn three_events_are_no_sample() {
    let mut books = Books::new(&[flat("10")], 6_000);
    books.sells_daily(3, DAYS - 1..DAYS, |_, customer| low_margin(customer));
    is_watched_for(&books, Needed::Events);
    is_watched_for(&books, Needed::Days);
}

#[test]
fn customer_that_is_half_of_all_use_decides_nothing() {
    let mut books = Books::new(&[flat("10")], 6_000);
    books.sells_daily(60, 20..DAYS, |_, customer| low_margin(customer));
    for _ in 0..62 {
        books.sells_daily(1, 20..DAYS, |_, _| low_margin(3));
    }
    is_watched_for(&books, Needed::LargestCustomer);
}

#[test]
fn credits_that_nobody_paid_for_are_worth_nothing_known() {
    let mut books = Books::new(&[flat("10")], 6_000);
    books.worth = None;
    for day in 20..DAYS {
        for customer in 0..60 {
            books.sells(&Sale { day, customer, ..low_margin(customer) });
        }
    }
    is_watched_for(&books, Needed::PaidCredits);
    let watched = &books.advise().watched[0];
    assert_eq!((watched.evidence.margin_bp, watched.evidence.target_price), (None, None));
}

#[test]
fn credits_that_were_all_given_away_have_a_list_price_and_no_paying_customer() {
    let mut books = Books::new(&[flat("10")], 6_000);
    for day in 20..DAYS {
        for customer in 0..60 {
            books.sells(&Sale { day, customer, ..low_margin(customer) });
        }
    }
    is_watched_for(&books, Needed::PayingCustomers);
}

#[test]
fn costs_that_are_mostly_estimated_are_told_and_cap_what_is_said() {
    let mut books = Books::new(&[flat("10")], 6_000);
    books.sells_daily(60, 20..DAYS, |_, customer| Sale {
        is_estimated: customer % 2 == 0,
        ..low_margin(customer)
    });
    let advice = books.advise();
    assert!(of_kind(&advice, AdviceKind::DataQuality).is_some());
    let made = of_kind(&advice, AdviceKind::UnderTarget).expect("it only caps");
    assert_eq!(made.probability_bp, 8_000);
    assert_eq!(made.caps.len(), 1, "{:?}", made.caps);
}

#[test]
fn margins_below_zero_everywhere_are_losses_and_no_raises_of_a_step() {
    let mut books = Books::new(&[flat("10"), flat("5")], 6_000);
    for event in 0..2 {
        books.sells_daily(60, 20..DAYS, move |_, customer| Sale {
            event,
            credits: if event == 0 { "10" } else { "5" },
            cost_nano: Some(90_000_000 + i64::from(customer % 5) * 1_000_000),
            ..Sale::default()
        });
    }
    let advice = books.advise();
    let kinds: Vec<_> = advice.recommendations.iter().map(|made| (made.kind, made.recommended)).collect();
    assert_eq!(kinds, [(AdviceKind::LossMaking, Some(cr("23"))), (AdviceKind::LossMaking, Some(cr("23")))]);
}

#[test]
fn clock_that_is_ahead_is_told_and_counts_nowhere() {
    let mut books = Books::new(&[flat("10")], 6_000);
    books.sells(&Sale { day: DAYS + 400, ..low_margin(0) });
    books.sells(&Sale { day: DAYS - 1, ..low_margin(0) });
    let advice = books.advise();
    assert_eq!(advice.ahead, 1);
    assert_eq!(advice.watched[0].evidence.events, 1);
}

#[test]
fn price_that_changed_lately_is_left_alone() {
    let mut books = Books::new(&[flat("8")], 6_000);
    books.price(chargly_ledger::EventTypeNo(0), flat("10"), DAYS - 10, None);
    books.sells_daily(60, 20..DAYS, |_, customer| low_margin(customer));
    is_watched_for(&books, Needed::DaysSinceChange);
}

#[test]
fn two_changes_of_others_that_are_not_reviewed_yet_leave_nothing_to_compare_with() {
    let mut books = Books::new(&[flat("10"), flat("8"), flat("8")], 6_000);
    for other in [1, 2] {
        books.price(chargly_ledger::EventTypeNo(other), flat("9"), DAYS - 10, None);
    }
    books.sells_daily(60, 20..DAYS, |_, customer| low_margin(customer));
    is_watched_for(&books, Needed::LiveChanges);
}
