//! Events charged again, which corrections do, and what they are known to cost afterwards.

use chargly_testkit::story::check;

#[test]
fn what_is_charged_again_is_paid_like_a_new_event_and_given_back_first() {
    check(
        "
        grant ada 10 paid $1 until +1d
        grant ada 100 paid $20
        meter ada image.generate as e       -> charged 40: lot 1 10 $1, lot 2 30 $6
        recharge e 5                        -> charged again 5: lot 2 5 $1
        reverse e 6                         -> reversed 6: lot 2 5 $1, lot 2 1 $0.2
        reverse e                           -> reversed 39: lot 2 29 $5.8, lot 1 10 $1
        wallet ada                          -> 110 posted, 0 held, 110 available
        ",
    );
}

#[test]
fn a_reversal_is_undone_and_done_again_without_an_end() {
    check(
        "
        grant ada 100 paid $10
        meter ada image.generate as e       -> charged 40: lot 1 40 $4
        reverse e                           -> reversed 40: lot 1 40 $4
        recharge e 40                       -> charged again 40: lot 1 40 $4
        reverse e                           -> reversed 40: lot 1 40 $4
        recharge e 12                       -> charged again 12: lot 1 12 $1.2
        reverse e 13           -> refused already_reversed requested 13 left 12 reversed 80
        wallet ada                          -> 88 posted, 0 held, 88 available
        ",
    );
}

#[test]
fn what_cannot_be_paid_again_is_owed_also_where_spending_is_refused() {
    check(
        "
        grant ada 40 paid $4
        meter ada image.generate as e       -> charged 40: lot 1 40 $4
        freeze ada
        recharge e 8                        -> charged again 8: owed 8
        wallet ada                          -> -8 posted, 0 held, -8 available, 8 owed
        grant ada 10 paid $2                -> lot 2: settles e 8 $1.6
        reverse e 10                        -> reversed 10: lot 2 8 $1.6, lot 1 2 $0.2
        ",
    );
}

#[test]
fn debt_of_a_second_charge_stands_behind_older_debt_unless_it_never_ended() {
    check(
        "
        grant ada 10
        meter ada image.generate record as first    -> charged 40: lot 1 10, owed 30
        meter ada chat.reply record as second       -> charged 8: owed 8
        recharge first 5                            -> charged again 5: owed 5
        grant ada 36                                -> lot 2: settles first 35, settles second 1
        recharge first 2                            -> charged again 2: owed 2
        grant ada 8                                 -> lot 3: settles second 7, settles first 1
        wallet ada                                  -> -1 posted, 0 held, -1 available, 1 owed
        ",
    );
}

#[test]
fn a_record_only_wallet_is_charged_again_what_is_there() {
    check(
        "
        grant ada 42
        meter ada image.generate as e       -> charged 40: lot 1 40
        policy ada record-only
        recharge e 8                        -> charged again 8: lot 1 2, not charged 6
        reverse e              -> reversed 42: lot 1 2, lot 1 40
        ",
    );
}

#[test]
fn what_is_charged_again_stays_an_amount() {
    check(
        "
        grant ada 40
        meter ada image.generate as e
        recharge e 0           -> rejected invalid_request credits
        recharge e 8000000000  -> charged again 8000000000: owed 8000000000
        recharge e 1           -> refused balance_too_large
        reverse e              -> reversed 8000000040: lot 1 40, owed 8000000000
        recharge e 1           -> refused balance_too_large
        ",
    );
}

#[test]
fn a_cost_is_attached_later_and_corrected() {
    check(
        "
        grant ada 100
        meter ada image.generate as e
        set-cost e $0.04                    -> cost $0.04 before unknown
        set-cost e $0.05                    -> cost $0.05 before $0.04
        meter ada image.generate cost $0.03 as f
        set-cost f $0                       -> cost $0 before $0.03
        set-cost f EUR0.01                  -> rejected invalid_request cost.currency
        reverse e                           -> reversed 40: lot 1 40
        ",
    );
}
