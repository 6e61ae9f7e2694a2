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
