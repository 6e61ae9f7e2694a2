//! Refunds: credits that follow money back, and those that are refunded by the operator's own decision.

use chargly_testkit::story::{bought, check};

#[test]
fn a_refund_takes_what_is_left_first_and_then_what_is_owed() {
    for (used, settled, wallet, order) in [
        (
            "0",
            "paid: taken 200, refunded $4",
            "300 posted, 0 held, 300 available",
            "paid: taken 200, refunded $4",
        ),
        (
            "300",
            "paid: taken 200, refunded $4",
            "0 posted, 0 held, 0 available",
            "paid: taken 200, refunded $4",
        ),
        (
            "400",
            "paid: taken 100, owed 100, refunded $4, revenue $-2",
            "-100 posted, 0 held, -100 available, 100 owed",
            "paid: taken 100, owed 100, refunded $4",
        ),
        (
            "500",
            "paid: owed 200, refunded $4, revenue $-4",
            "-200 posted, 0 held, -200 available, 200 owed",
            "paid: owed 200, refunded $4",
        ),
    ] {
        check(&bought(&format!(
            "
        meter ada tool credits {used}
        settle o refunded 40%               -> {settled}
        settle o refunded 40%               -> rejected unchanged
        wallet ada                          -> {wallet}
        order-of o                          -> {order}
            "
        )));
    }
}

#[test]
fn a_refund_of_all_takes_the_lot_with_its_price() {
    check(&bought(
        "
        settle o refunded 100%              -> paid: taken 500, refunded $10
        wallet ada                          -> 0 posted, 0 held, 0 available
        lots ada                            -> none
        # More than all of it is all of it.
        settle o refunded 130%              -> paid
        wallet ada                          -> 0 posted, 0 held, 0 available
        ",
    ));
}

#[test]
fn a_refund_that_fails_brings_back_what_it_took() {
    check(&bought(
        "
        meter ada tool credits 400          -> charged 400: lot 1 400 $8
        settle o refunded 100%              -> paid: taken 100, owed 400, refunded $10, revenue $-8
        wallet ada                          -> -400 posted, 0 held, -400 available, 400 owed
        settle o back                       -> paid: restored 100, forgiven 400, refunded $-10, revenue $8
        wallet ada                          -> 100 posted, 0 held, 100 available
        ",
    ));
}

#[test]
fn a_refund_before_the_grant_leaves_the_balance_that_it_leaves_after_it() {
    check(
        "
        pack regular 500 for $10
        order ada regular as o
        settle o refunded $4                -> created
        settle o paid                       -> paid: lot 1 500 for $10, taken 200, refunded $4
        wallet ada                          -> 300 posted, 0 held, 300 available
        order ada regular as p
        settle p paid refunded 100%         -> paid: lot 2 500 for $10, taken 500, refunded $10
        wallet ada                          -> 300 posted, 0 held, 300 available
        ",
    );
}

#[test]
fn rounding_goes_down_and_the_money_adds_up() {
    check(
        "
        pack odd 3 for $1
        type tool caller-set
        order ada odd as o
        settle o paid
        settle o refunded $0.50             -> paid: taken 1.5, refunded $0.5
        settle o refunded $0.333333333      -> paid: restored 0.500001, refunded $-0.166667
        meter ada tool credits 2.000001     -> charged 2.000001: lot 1 2.000001 $0.666667
        lots ada                            -> none
        ",
    );
}

#[test]
fn uncollectable_credits_are_counted_and_nobody_owes_them() {
    check(&bought(
        "
        settings refund uncollectable
        meter ada tool credits 400
        settle o refunded 100%              -> paid: taken 100, uncollectable 400, refunded $10, revenue $-8
        wallet ada                          -> 0 posted, 0 held, 0 available
        # What nobody pays comes again first.
        settle o refunded 40%               -> paid: uncollectable -300, refunded $-6, revenue $6
        ",
    ));
}

#[test]
fn nobody_owes_credits_that_had_lapsed() {
    check(
        "
        pack month 500 for $10 days 30
        type tool caller-set
        order ada month as o
        settle o paid
        meter ada tool credits 100          -> charged 100: lot 1 100 $2
        wait 30d
        due ada                             -> lot expired: lot 1 400 $8
        settle o refunded 60%               -> paid: lapsed 300, refunded $6, revenue $-6
        wallet ada                          -> 0 posted, 0 held, 0 available
        settle o refunded 100%              -> paid: lapsed 100, owed 100, refunded $4, revenue $-4
        settle o refunded 60%               -> paid: lapsed -100, forgiven 100, refunded $-4, revenue $4
        wallet ada                          -> 0 posted, 0 held, 0 available
        ",
    );
}

#[test]
fn what_comes_again_after_its_lot_expired_is_good_for_a_week_and_never_owed() {
    check(
        "
        pack month 500 for $10 days 30
        order ada month as o
        settle o paid
        settle o refunded 100%              -> paid: taken 500, refunded $10
        wait 30d
        settle o back                       -> paid: new lot 2 500, refunded $-10, revenue $10
        wallet ada                          -> 500 posted, 0 held, 500 available
        # The operator tries again: the buyer never used a credit.
        settle o refunded 100%              -> paid: lapsed 500, refunded $10, revenue $-10
        wait 7d
        due ada                             -> lot expired: lot 2 500
        wallet ada                          -> 0 posted, 0 held, 0 available
        ",
    );
}

#[test]
fn unused_credits_are_set_aside_until_the_provider_says_what_became_of_their_refund() {
    check(&bought(
        "
        meter ada tool credits 100
        refund o 500                        -> refused refund_exceeds_unused requested 500 unused 400
        refund o 0                          -> refused refund_exceeds_unused requested 0 unused 400
        refund o 0.4                        -> refused nothing_to_refund
        refund o 200 as r                   -> set aside 200 to refund $4
        refund o 10                         -> refused refund_goes_on 200
        wallet ada                          -> 400 posted, 200 held, 200 available
        # Told before it is known that this was the refund, what it may yet take stays set aside.
        settle o refunded $4                -> paid: taken 200, refunded $4
        wallet ada                          -> 200 posted, 200 held, 0 available
        settle o ends r                     -> paid: set aside 0
        settle o ends r                     -> rejected unchanged
        wallet ada                          -> 200 posted, 0 held, 200 available
        refund o as s                       -> set aside 200 to refund $4
        # It was refused.
        settle o ends s                     -> paid: set aside 0
        wallet ada                          -> 200 posted, 0 held, 200 available
        refund o as t                       -> set aside 200 to refund $4
        settle o refunded $8 ends t         -> paid: taken 200, set aside 0, refunded $4
        refund o                            -> refused refund_exceeds_unused requested 0 unused 0
        ",
    ));
}

#[test]
fn a_refund_is_a_whole_number_of_coins_and_what_it_does_not_cover_stays() {
    check(
        "
        pack odd 3 for $1
        order ada odd as o
        settle o paid
        refund o 1 as r                     -> set aside 1 to refund $0.33
        settle o refunded $0.33 ends r      -> paid: taken 0.99, set aside 0, refunded $0.33
        wallet ada                          -> 2.01 posted, 0 held, 2.01 available
        refund o as s                       -> set aside 2.01 to refund $0.67
        settle o refunded $1 ends s         -> paid: taken 2.01, set aside 0, refunded $0.67
        ",
    );
}

#[test]
fn a_refund_is_asked_for_once_under_its_key() {
    check(&bought(
        "
        [k1] refund o 200 as r              -> set aside 200 to refund $4
        [k1] refund o 200                   -> replayed: set aside 200 to refund $4
        [k1] refund o 100                   -> conflict on credits
        [k2] order ada regular              -> ordered 500 for $10
        [k2] order ada regular              -> replayed: ordered 500 for $10
        pack other 1 for $1
        [k2] order ada other                -> conflict on pack
        ",
    ));
}

#[test]
fn a_lot_that_was_bought_is_refunded_and_not_voided() {
    check(&bought(
        "
        grant ada 10
        void-grant ada 1                    -> rejected invalid_request grant
        void-grant ada 2                    -> lot 2 voided: 10
        settle o refunded 100%              -> paid: taken 500, refunded $10
        void-grant ada 1                    -> refused grant_not_open
        ",
    ));
}

#[test]
fn credits_that_a_hold_reserves_are_owed_when_their_money_goes_back() {
    check(&bought(
        "
        hold ada tool credits 300 as h      -> held 300: lot 1 300
        settle o refunded 100%              -> paid: taken 200, owed 300, refunded $10, revenue $-6
        wallet ada                          -> 0 posted, 300 held, -300 available, 300 owed
        capture h credits 200               -> captured 200: lot 1 200 $4, released lot 1 100
        # What is released is there, and counts against what is owed.
        wallet ada                          -> -200 posted, 0 held, -200 available, 300 owed
        lots ada                            -> lot 1 100 of 500
        ",
    ));
}
