//! Lots: which burns first, what they earn, how they begin, lapse and are taken back.

use chargly_testkit::story::check;

#[test]
fn lots_burn_in_the_documented_order() {
    // Each lot would burn later than the one below it, but for the one rule named behind it.
    check(
        "
        grant ada 1 paid $2                             # granted later than what follows: burns last of all
        grant ada 1 paid $1                             # cheaper
        grant ada 1                                     # given before sold
        grant ada 1 paid $3 only chat.reply,agent.run   # narrower scope
        grant ada 1 paid $3 only chat.reply             # narrower still
        grant ada 1 paid $3 until +9d                   # expires
        grant ada 1 paid $3 until +8d                   # expires sooner
        grant ada 1 paid $3 priority -1                 # priority
        lots ada   -> lot 8 1 of 1, lot 7 1 of 1, lot 6 1 of 1, lot 5 1 of 1, lot 4 1 of 1, lot 3 1 of 1, lot 2 1 of 1, lot 1 1 of 1
        meter ada chat.reply    -> charged 8: lot 8 1 $3, lot 7 1 $3, lot 6 1 $3, lot 5 1 $3, lot 4 1 $3, lot 3 1, lot 2 1 $1, lot 1 1 $2
        ",
    );
}

#[test]
fn of_equal_lots_the_older_burns_first() {
    check(
        "
        grant ada 10 paid $1
        wait 1s
        grant ada 20 paid $2
        grant ada 20 paid $2 from -1h                   # in effect since earlier
        lots ada                     -> lot 3 20 of 20, lot 1 10 of 10, lot 2 20 of 20
        ",
    );
}

#[test]
fn one_entry_is_made_for_each_lot_touched() {
    check(
        "
        grant ada 10 paid $1 until +1d
        grant ada 10 until +2d
        grant ada 100 paid $20
        meter ada image.generate            -> charged 40: lot 1 10 $1, lot 2 10, lot 3 20 $4
        wallet ada                          -> 80 posted, 0 held, 80 available
        ",
    );
}

#[test]
fn revenue_adds_up_to_the_price_to_the_last_nano_unit() {
    check(
        "
        type tool caller-set
        grant ada 3 paid $1
        meter ada tool credits 1            -> charged 1: lot 1 1 $0.333333333
        meter ada tool credits 1            -> charged 1: lot 1 1 $0.333333333
        meter ada tool credits 1            -> charged 1: lot 1 1 $0.333333334
        ",
    );
}

#[test]
fn a_lot_pays_only_for_the_event_types_of_its_scope() {
    check(
        "
        grant ada 100 only agent.run,ai.summary
        meter ada chat.reply       -> refused insufficient_credits required 8 available 0
        meter ada agent.run                 -> charged 25: lot 1 25
        wallet ada                          -> 75 posted, 0 held, 75 available
        ",
    );
}

#[test]
fn a_lot_to_come_counts_from_its_day_on() {
    check(
        "
        grant ada 100 from +1d until +2d    -> lot 1 to come
        wallet ada                          -> 0 posted, 0 held, 0 available
        meter ada chat.reply       -> refused insufficient_credits required 8 available 0
        wait 1d
        meter ada chat.reply                -> charged 8: lot 1 8
        wait 1d
        due ada                             -> lot expired: lot 1 92
        wallet ada                          -> 0 posted, 0 held, 0 available
        ",
    );
}

#[test]
fn what_is_due_happens_in_order_of_its_time_however_late_it_is_noticed() {
    check(
        "
        grant ada 10 from +2d until +4d
        grant ada 10 until +1d
        grant ada 10 until +3d paid $1
        wait 30d
        due ada     -> lot expired: lot 2 10; lot 1 begins with 10; lot expired: lot 3 10 $1; lot expired: lot 1 10
        due ada                             -> nothing
        ",
    );
}

#[test]
fn an_expired_remainder_lapses_once_and_its_price_is_recognised_as_breakage() {
    check(
        "
        grant ada 100 paid $10 until +1d
        meter ada image.generate            -> charged 40: lot 1 40 $4
        wait 1d
        meter ada chat.reply       -> refused insufficient_credits required 8 available 0
        due ada                             -> nothing
        wallet ada                          -> 0 posted, 0 held, 0 available
        ",
    );
}

#[test]
fn a_lot_is_good_until_the_instant_of_its_expiry() {
    check(
        "
        grant ada 100 until +1d
        wait 86399999ms
        meter ada chat.reply                -> charged 8: lot 1 8
        wait 1ms
        meter ada chat.reply       -> refused insufficient_credits required 8 available 0
        ",
    );
}

#[test]
fn void_takes_back_what_is_left_of_a_lot_and_of_its_price() {
    check(
        "
        grant ada 100 paid $10
        grant ada 50 paid $5 from +1d
        meter ada image.generate            -> charged 40: lot 1 40 $4
        void-grant ada 1                    -> lot 1 voided: 60 refunded $6
        void-grant ada 2                    -> lot 2 voided: 50 refunded $5
        void-grant ada 1                    -> refused grant_not_open
        wallet ada                          -> 0 posted, 0 held, 0 available
        wait 1d
        due ada                             -> nothing
        ",
    );
}

#[test]
fn a_lot_without_credits_left_cannot_be_voided() {
    check(
        "
        grant ada 8
        grant ada 8 until +1d
        void-grant ada 3                    -> refused grant_not_open
        meter ada chat.reply                -> charged 8: lot 2 8
        void-grant ada 2                    -> refused grant_not_open
        hold ada chat.reply as h            -> held 8: lot 1 8
        void-grant ada 1                    -> refused grant_held held 8
        void h
        void-grant ada 1                    -> lot 1 voided: 8
        void-grant bob 1                    -> rejected not_found
        ",
    );
}

#[test]
fn an_expired_lot_that_a_hold_reserves_cannot_be_voided() {
    check(
        "
        grant ada 8 until +1m
        hold ada chat.reply
        wait 1m
        void-grant ada 1                    -> refused grant_not_open
        ",
    );
}

#[test]
fn only_paid_lots_have_a_price_in_the_currency_of_the_project() {
    check(
        "
        grant ada 5 price $1                -> rejected invalid_request price
        grant ada 5 adjustment price $1     -> rejected invalid_request price
        grant ada 5 paid EUR1               -> rejected invalid_request price.currency
        grant ada 5 sold                    -> lot 1
        ",
    );
}

#[test]
fn a_lot_must_end_after_now_and_after_it_begins() {
    check(
        "
        grant ada 5 until +0s               -> rejected invalid_request expires_at
        grant ada 5 until -1s               -> rejected invalid_request expires_at
        grant ada 5 from +2h until +2h      -> rejected invalid_request expires_at
        grant ada 5 from -2h until -1h      -> rejected invalid_request expires_at
        wallet ada                          -> unknown
        grant ada 5 from +2h until +3h      -> lot 1 to come
        ",
    );
}

#[test]
fn a_wallet_has_at_most_ten_thousand_live_lots() {
    // Straight to the ledger: the model adds everything up afresh, and 10,000 lots would take it minutes.
    use chargly_ledger::{LOTS_PER_WALLET_MAX, Refusal, WalletEvent};
    use chargly_testkit::ledger::Driver;
    use chargly_testkit::model::{Answer, Happening, Kind, Refused, Request};

    let mut driver = Driver::new("usd");
    let grant = Request::Grant {
        customer: "ada".to_owned(),
        credits: 1,
        kind: Kind::Promotional,
        price: None,
        priority: 0,
        effective_at: None,
        expires_at: None,
        scope: std::collections::BTreeSet::new(),
    };
    let mut last = Answer::Replayed(0);
    for _ in 0..LOTS_PER_WALLET_MAX {
        last = driver.ask(None, &grant, 0);
    }
    let happened = |driver: &Driver, answer: &Answer| match answer {
        Answer::Done(place) => driver.entry(*place).map(|entry| entry.what),
        _ => None,
    };
    assert!(matches!(happened(&driver, &last), Some(Happening::Granted { lot: 10_000, .. })));
    let one_more = driver.ask(None, &grant, 0);
    assert_eq!(happened(&driver, &one_more), Some(Happening::Refused(Refused::TooManyGrants)));
    let Answer::Done(place) = one_more else { panic!("a verdict") };
    let Some(chargly_ledger::Fact::Wallet(fact)) = driver.recorder.fact(chargly_ledger::Position(place))
    else {
        panic!("a fact of the wallet")
    };
    let WalletEvent::Refused { refusal: Refusal::TooManyGrants { limit }, .. } = fact.event else {
        panic!("refused for the number of lots")
    };
    assert_eq!(limit, 10_000);
}
