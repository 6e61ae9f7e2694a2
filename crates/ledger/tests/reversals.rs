//! Reversals: an event undone gives its credits back to the lots that paid, and their revenue with them.

use chargly_testkit::story::check;

#[test]
fn reversal_returns_credits_to_the_lots_that_paid() {
    check(
        "
        grant ada 10 paid $1 until +1d
        grant ada 100 paid $20
        meter ada image.generate as e       -> charged 40: lot 1 10 $1, lot 2 30 $6
        reverse e                           -> reversed 40: lot 2 30 $6, lot 1 10 $1
        wallet ada                          -> 110 posted, 0 held, 110 available
        lots ada                            -> lot 1 10 of 10, lot 2 100 of 100
        ",
    );
}

#[test]
fn partial_reversals_go_back_from_the_last_payer_and_never_pass_the_original() {
    check(
        "
        grant ada 10 until +1d
        grant ada 100
        meter ada image.generate as e       -> charged 40: lot 1 10, lot 2 30
        reverse e 25                        -> reversed 25: lot 2 25
        reverse e 16           -> refused already_reversed requested 16 left 15 reversed 25
        reverse e 10                        -> reversed 10: lot 2 5, lot 1 5
        reverse e                           -> reversed 5: lot 1 5
        reverse e              -> refused already_reversed requested 0 left 0 reversed 40
        wallet ada                          -> 110 posted, 0 held, 110 available
        ",
    );
}

#[test]
fn revenue_goes_back_at_the_current_share_and_still_adds_up() {
    check(
        "
        type tool caller-set
        grant ada 3 paid $1
        meter ada tool credits 1 as first   -> charged 1: lot 1 1 $0.333333333
        meter ada tool credits 1            -> charged 1: lot 1 1 $0.333333333
        reverse first                       -> reversed 1: lot 1 1 $0.333333333
        meter ada tool credits 2            -> charged 2: lot 1 2 $0.666666667
        ",
    );
}

#[test]
fn reversal_into_an_expired_lot_makes_a_lot_for_seven_days_at_no_price() {
    check(
        "
        grant ada 20 paid $2 until +1d
        grant ada 100 paid $10
        meter ada image.generate as e       -> charged 40: lot 1 20 $2, lot 2 20 $2
        wait 1d
        reverse e 30                        -> reversed 30: lot 2 20 $2, new lot 3 10
        reverse e                           -> reversed 10: new lot 4 10
        wait 167h
        meter ada chat.reply                -> charged 8: lot 3 8
        wait 1h
        due ada                             -> lot expired: lot 3 2; lot expired: lot 4 10
        wallet ada                          -> 100 posted, 0 held, 100 available
        ",
    );
}

#[test]
fn reversal_into_a_voided_lot_makes_a_lot_of_its_own() {
    check(
        "
        grant ada 100 paid $10
        meter ada image.generate as e       -> charged 40: lot 1 40 $4
        void-grant ada 1                    -> lot 1 voided: 60 refunded $6
        reverse e                           -> reversed 40: new lot 2 40
        ",
    );
}

#[test]
fn a_used_up_lot_takes_its_credits_back_while_it_lasts() {
    check(
        "
        grant ada 40 until +1d
        meter ada image.generate as e       -> charged 40: lot 1 40
        lots ada                            -> none
        reverse e                           -> reversed 40: lot 1 40
        wait 1d
        due ada                             -> lot expired: lot 1 40
        ",
    );
}

#[test]
fn what_is_still_owed_is_forgiven_first() {
    check(
        "
        grant ada 10
        meter ada image.generate record as e    -> charged 40: lot 1 10, owed 30
        reverse e 12                            -> reversed 12: owed 12
        wallet ada                              -> -18 posted, 0 held, -18 available, 18 owed
        reverse e                               -> reversed 28: lot 1 10, owed 18
        wallet ada                              -> 10 posted, 0 held, 10 available
        ",
    );
}

#[test]
fn a_lot_that_settled_debt_gets_it_back_before_earlier_payers() {
    check(
        "
        grant ada 10 paid $1
        meter ada image.generate record as e    -> charged 40: lot 1 10 $1, owed 30
        grant ada 100 paid $20                  -> lot 2: settles e 30 $6
        reverse e 35                            -> reversed 35: lot 2 30 $6, lot 1 5 $0.5
        wallet ada                              -> 105 posted, 0 held, 105 available
        ",
    );
}

#[test]
fn a_capture_is_an_event_and_can_be_reversed() {
    check(
        "
        grant ada 100
        hold ada image.generate as h
        capture h credits 30 as e               -> captured 30: lot 1 30, released lot 1 10
        reverse e                               -> reversed 30: lot 1 30
        wallet ada                              -> 100 posted, 0 held, 100 available
        ",
    );
}

#[test]
fn what_was_used_and_not_charged_cannot_be_reversed() {
    check(
        "
        grant ada 10
        policy ada record-only
        meter ada image.generate as e           -> charged 40: lot 1 10, not charged 30
        reverse e 11       -> refused already_reversed requested 11 left 10 reversed 0
        reverse e                               -> reversed 10: lot 1 10
        ",
    );
}

#[test]
fn a_frozen_wallet_can_be_reversed_into() {
    check(
        "
        grant ada 100
        meter ada image.generate as e
        freeze ada
        reverse e                               -> reversed 40: lot 1 40
        grant ada 10                            -> lot 2
        void-grant ada 2                        -> lot 2 voided: 10
        ",
    );
}
