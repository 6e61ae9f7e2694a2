//! Disputes: credits are set aside while money is disputed, follow it when it is taken, and come again with it.

use chargly_testkit::story::{bought, check};

#[test]
fn a_dispute_sets_the_rest_of_the_lot_aside_and_takes_it_with_the_money() {
    check(&bought(
        "
        meter ada tool credits 100          -> charged 100: lot 1 100 $2
        settle o disputed 100%              -> paid: set aside 400
        wallet ada                          -> 400 posted, 400 held, 0 available
        meter ada chat.reply                -> refused insufficient_credits required 8 available 0
        settle o withdrawn 100%  -> paid: taken 400, owed 100, set aside 0, refunded $10, revenue $-2, frozen
        wallet ada                          -> -100 posted, 0 held, -100 available, 100 owed
        settle o withdrawn 100%             -> rejected unchanged
        meter ada chat.reply record         -> refused wallet_frozen
        settle o back            -> paid: restored 400, forgiven 100, refunded $-10, revenue $2, thawed
        wallet ada                          -> 400 posted, 0 held, 400 available
        ",
    ));
}

#[test]
fn an_inquiry_moves_no_money_and_frees_what_it_set_aside() {
    check(&bought(
        "
        settle o disputed 40%               -> paid: set aside 200
        wallet ada                          -> 500 posted, 200 held, 300 available
        void-grant ada 1                    -> rejected invalid_request grant
        settle o back                       -> paid: set aside 0
        wallet ada                          -> 500 posted, 0 held, 500 available
        ",
    ));
}

#[test]
fn debt_of_a_dispute_is_settled_by_the_next_pack_and_goes_back_to_it_when_it_is_won() {
    check(&bought(
        "
        pack cheap 500 for $5
        meter ada tool credits 500          -> charged 500: lot 1 500 $10
        settle o withdrawn 100%             -> paid: owed 500, refunded $10, revenue $-10, frozen
        grant ada 1000 only tool            -> lot 2
        order ada cheap as p
        settle p paid                       -> paid: lot 3 500 for $5, settles o 500 $5
        wallet ada                          -> 1000 posted, 0 held, 1000 available
        meter ada tool credits 1            -> refused wallet_frozen
        settle o back            -> paid: back to lot 3 500 $5, refunded $-10, revenue $10, thawed
        wallet ada                          -> 1500 posted, 0 held, 1500 available
        ",
    ));
}

#[test]
fn debt_paid_in_part_is_forgiven_first_and_then_given_back() {
    check(&bought(
        "
        settings dispute debt
        meter ada tool credits 500
        settle o withdrawn 100%             -> paid: owed 500, refunded $10, revenue $-10
        grant ada 100 until +1d             -> lot 2: settles o 100
        wallet ada                          -> -400 posted, 0 held, -400 available, 400 owed
        settle o withdrawn 60%              -> paid: forgiven 200, refunded $-4, revenue $4
        wait 1d
        settle o back            -> paid: forgiven 200, new lot 3 100, refunded $-6, revenue $6
        wallet ada                          -> 100 posted, 0 held, 100 available
        ",
    ));
}

#[test]
fn debt_of_an_order_that_was_won_and_is_lost_again_remembers_what_paid_before() {
    check(&bought(
        "
        settings dispute debt
        meter ada tool credits 500
        settle o withdrawn 100%             -> paid: owed 500, refunded $10, revenue $-10
        grant ada 100                       -> lot 2: settles o 100
        settle o back            -> paid: forgiven 400, back to lot 2 100, refunded $-10, revenue $10
        settle o withdrawn 100%             -> paid: owed 500, refunded $10, revenue $-10
        grant ada 700                       -> lot 3: settles o 500
        ",
    ));
}

#[test]
fn a_person_who_froze_the_wallet_thaws_it() {
    check(&bought(
        "
        meter ada tool credits 500
        freeze ada
        settle o withdrawn 100%             -> paid: owed 500, refunded $10, revenue $-10
        settle o back                       -> paid: forgiven 500, refunded $-10, revenue $10
        meter ada tool credits 1            -> refused wallet_frozen
        ",
    ));
}

#[test]
fn of_a_lot_that_expires_under_dispute_what_is_set_aside_stays_good() {
    check(
        "
        pack month 500 for $10 days 30
        order ada month as o
        settle o paid
        order ada month as p
        settle p paid
        settle o disputed 40%               -> paid: set aside 200
        settle p disputed 100%              -> paid: set aside 500
        wait 30d
        due ada                             -> lot expired: lot 1 300 $6; lot expired: lot 2 0
        wallet ada                          -> 700 posted, 700 held, 0 available
        # Lost: the money takes them.
        settle o withdrawn 40%              -> paid: taken 200, set aside 0, refunded $4
        # Won: they lapse now.
        settle p back                       -> paid: set aside 0, expired lot 2 500 $10
        wallet ada                          -> 0 posted, 0 held, 0 available
        ",
    );
}

#[test]
fn a_dispute_and_a_refund_of_one_order_share_its_lot() {
    check(&bought(
        "
        settle o disputed 40%               -> paid: set aside 200
        refund o 301                        -> refused refund_exceeds_unused requested 301 unused 300
        refund o as r                       -> set aside 300 to refund $6
        wallet ada                          -> 500 posted, 500 held, 0 available
        settle o refunded 60% disputed 40% ends r  -> paid: taken 300, set aside 200, refunded $6
        settle o refunded 60% withdrawn 40%        -> paid: taken 200, set aside 0, refunded $4
        lots ada                            -> none
        ",
    ));
}
