//! Amounts at their bounds: what cannot be is rejected, what would not fit is refused, nothing wraps.

use chargly_testkit::story::check;

#[test]
fn negative_amounts_are_rejected_wherever_an_amount_is_asked() {
    check(
        "
        type tool caller-set
        grant ada 100
        meter ada tool credits -1                       -> rejected invalid_request credits
        meter ada chat.reply cost $-0.01                -> rejected invalid_request cost.amount
        hold ada chat.reply credits -1                  -> rejected invalid_request credits
        hold ada chat.reply as h                        -> held 8: lot 1 8
        increase h credits -1                           -> rejected invalid_request credits
        capture h credits -1                            -> rejected invalid_request credits
        capture h cost $-0.01                           -> rejected invalid_request cost.amount
        grant ada -5                                    -> rejected invalid_request credits
        grant ada 5 paid $-1                            -> rejected invalid_request price.amount
        meter ada chat.reply as e                       -> charged 8: lot 1 8
        reverse e -1                                    -> rejected invalid_request credits
        policy ada overdraft -1                         -> rejected invalid_request limit
        price chat.reply flat -1                        -> rejected invalid_request rule.credits
        wallet ada                                      -> 92 posted, 8 held, 84 available
        ",
    );
}

#[test]
fn nothing_can_be_captured_or_metered_but_not_granted_or_reversed() {
    check(
        "
        type tool caller-set
        grant ada 0                                     -> rejected invalid_request credits
        grant ada 100
        meter ada tool credits 0 as free                -> charged 0
        meter ada chat.reply as e                       -> charged 8: lot 1 8
        reverse e 0                                     -> rejected invalid_request credits
        reverse free                  -> refused already_reversed requested 0 left 0 reversed 0
        hold ada tool credits 0 as h                    -> held 0
        capture h                                       -> captured 0
        wallet ada                                      -> 92 posted, 0 held, 92 available
        ",
    );
}

#[test]
fn amounts_beyond_the_largest_are_rejected() {
    check(
        "
        type tool caller-set
        grant ada 100
        meter ada tool credits 8000000000.000001        -> rejected invalid_request credits
        hold ada tool credits 8000000000.000001         -> rejected invalid_request credits
        hold ada chat.reply as h
        increase h credits 8000000000.000001            -> rejected invalid_request credits
        capture h credits 8000000000.000001             -> rejected invalid_request credits
        meter ada chat.reply as e
        reverse e 8000000000.000001                     -> rejected invalid_request credits
        policy ada overdraft 8000000000.000001          -> rejected invalid_request limit
        price tool flat 8000000000.000001               -> rejected invalid_request rule.credits
        price tool each 1 max 8000000000.000001         -> rejected invalid_request rule.maximum
        meter ada chat.reply cost $9000000000.000000001 -> rejected invalid_request cost.amount
        grant ada 1 paid $9000000000.000000001          -> rejected invalid_request price.amount
        ",
    );
}

#[test]
fn a_price_that_would_pass_the_largest_amount_is_rejected() {
    check(
        "
        type tool caller-set
        price tool each 8000000000
        meter ada tool x 1     -> refused insufficient_credits required 8000000000 available 0
        meter ada tool x 1.000001                       -> rejected invalid_request quantity
        price tool each 8000000000 max 1
        meter ada tool x 2                              -> rejected invalid_request quantity
        ",
    );
}

#[test]
fn a_grant_that_would_pass_the_largest_balance_is_refused() {
    check(
        "
        grant ada 7999999999
        grant ada 1.000001                              -> refused balance_too_large
        grant ada 1                                     -> lot 2
        grant ada 0.000001                              -> refused balance_too_large
        wallet ada        -> 8000000000 posted, 0 held, 8000000000 available
        meter ada chat.reply
        grant ada 8                                     -> lot 3
        ",
    );
}

#[test]
fn lots_to_come_need_room_already() {
    check(
        "
        grant ada 7999999990 from +1d                   -> lot 1 to come
        grant ada 11                                    -> refused balance_too_large
        grant ada 10                                    -> lot 2
        wait 1d
        due ada                                         -> lot 1 begins with 7999999990
        ",
    );
}

#[test]
fn a_reversal_leaves_room_for_lots_to_come() {
    check(
        "
        grant ada 7999999990 from +1d
        grant ada 10                                    -> lot 2
        meter ada chat.reply as e                       -> charged 8: lot 2 8
        grant ada 8                                     -> lot 3
        reverse e                                       -> refused balance_too_large
        meter ada workflow.step                         -> charged 6: lot 2 2, lot 3 4
        reverse e 6                                     -> reversed 6: lot 2 6
        wait 1d
        due ada                                         -> lot 1 begins with 7999999990
        wallet ada        -> 8000000000 posted, 0 held, 8000000000 available
        ",
    );
}

#[test]
fn debt_that_would_pass_the_largest_amount_is_refused() {
    check(
        "
        type tool caller-set
        meter ada tool credits 8000000000 record        -> charged 8000000000: owed 8000000000
        meter ada tool credits 0.000001 record          -> refused balance_too_large
        policy ada overdraft 8000000000
        meter ada tool credits 0.000001     -> refused insufficient_credits required 0.000001 available 0
        grant ada 5                 -> lot 1: settles event 13 5
        meter ada tool credits 5                        -> charged 5: owed 5
        wallet ada    -> -8000000000 posted, 0 held, -8000000000 available, 8000000000 owed
        ",
    );
}

#[test]
fn a_hold_that_would_pass_the_largest_amount_is_refused() {
    check(
        "
        type tool caller-set
        policy ada record-only
        hold ada tool credits 8000000000 as h           -> held 8000000000
        increase h credits 0.000001                     -> refused balance_too_large
        capture h credits 1 step       -> captured 1: not charged 1, still held 7999999999
        increase h credits 1                            -> held 1 more
        ",
    );
}

#[test]
fn what_is_held_never_passes_the_largest_amount() {
    check(
        "
        type tool caller-set
        grant ada 8000000000
        policy ada overdraft 8000000000
        hold ada tool credits 8000000000 as h           -> held 8000000000: lot 1 8000000000
        hold ada tool credits 0.000001                  -> refused balance_too_large
        increase h credits 0.000001                     -> refused balance_too_large
        meter ada tool credits 8000000000               -> charged 8000000000: owed 8000000000
        wallet ada    -> 0 posted, 8000000000 held, -8000000000 available, 8000000000 owed
        ",
    );
}

#[test]
fn what_is_owed_or_held_on_the_overdraft_never_passes_the_largest_amount() {
    check(
        "
        type tool caller-set
        policy ada overdraft 8000000000
        hold ada tool credits 8000000000                -> held 8000000000: overdraft 8000000000
        meter ada tool credits 0.000001 record          -> refused balance_too_large
        wallet ada             -> 0 posted, 8000000000 held, -8000000000 available
        ",
    );
}

#[test]
fn the_largest_lot_at_the_largest_price_earns_exactly() {
    check(
        "
        type tool caller-set
        grant ada 8000000000 paid $9000000000
        meter ada tool credits 0.000001     -> charged 0.000001: lot 1 0.000001 $0.000001125
        meter ada tool credits 3999999999.999999 -> charged 3999999999.999999: lot 1 3999999999.999999 $4499999999.999998875
        meter ada tool credits 4000000000   -> charged 4000000000: lot 1 4000000000 $4500000000
        wallet ada                                      -> 0 posted, 0 held, 0 available
        ",
    );
}
