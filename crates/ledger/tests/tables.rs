//! Metering and what wallets do when credits run out: the worked examples of the design, and in which order calls are
//! refused.
//!
//! Prices, keys, holds, grants, reversals and bounds have tables of their own beside this one.

use chargly_testkit::story::check;

#[test]
fn example_catalogue_charges_its_prices() {
    check(
        "
        grant ada 100
        meter ada chat.reply                -> charged 8: lot 1 8
        meter ada image.generate            -> charged 40: lot 1 40
        meter ada ai.summary                -> charged 12: lot 1 12
        meter ada agent.run                 -> charged 25: lot 1 25
        meter ada workflow.step             -> charged 6: lot 1 6
        wallet ada                          -> 9 posted, 0 held, 9 available
        ",
    );
}

#[test]
fn wallet_sum_is_what_came_in_less_what_was_used() {
    check(
        "
        grant ada 700 paid $14
        grant ada 500 paid $10
        meter ada image.generate            -> charged 40: lot 1 40 $0.8
        wallet ada                          -> 1160 posted, 0 held, 1160 available
        ",
    );
}

#[test]
fn top_up_adds_to_what_is_left() {
    check(
        "
        grant ada 47
        grant ada 500 paid $10
        wallet ada                          -> 547 posted, 0 held, 547 available
        ",
    );
}

#[test]
fn an_image_of_the_playground_earns_its_share_of_the_lot_sold() {
    check(
        "
        price image.generate flat 12        -> price 5, version 2
        grant demo_user 1000 paid $20
        meter demo_user image.generate cost $0.04   -> charged 12: lot 1 12 $0.24
        wallet demo_user                    -> 988 posted, 0 held, 988 available
        ",
    );
}

#[test]
fn strict_wallet_cannot_pay_what_it_does_not_have() {
    check(
        "
        meter ada chat.reply       -> refused insufficient_credits required 8 available 0
        wallet ada                          -> 0 posted, 0 held, 0 available
        grant ada 8
        meter ada ai.summary       -> refused insufficient_credits required 12 available 8
        meter ada chat.reply                -> charged 8: lot 1 8
        wallet ada                          -> 0 posted, 0 held, 0 available
        ",
    );
}

#[test]
fn overdraft_wallet_owes_down_to_its_limit_and_not_below() {
    check(
        "
        grant ada 10
        policy ada overdraft 20
        meter ada agent.run                 -> charged 25: lot 1 10, owed 15
        wallet ada                          -> -15 posted, 0 held, -15 available, 15 owed
        meter ada workflow.step    -> refused insufficient_credits required 6 available 5
        policy ada overdraft 21
        meter ada workflow.step             -> charged 6: owed 6
        policy ada strict
        meter ada workflow.step    -> refused insufficient_credits required 6 available 0
        ",
    );
}

#[test]
fn record_only_wallet_charges_what_is_there_and_owes_nothing() {
    check(
        "
        policy ada record-only
        grant ada 10 paid $1
        meter ada agent.run                 -> charged 25: lot 1 10 $1, not charged 15
        meter ada agent.run record          -> charged 25: not charged 25
        wallet ada                          -> 0 posted, 0 held, 0 available
        hold ada agent.run as h             -> held 25
        grant ada 100
        capture h                           -> captured 25: not charged 25
        ",
    );
}

#[test]
fn finished_work_is_charged_though_the_wallet_cannot_pay() {
    check(
        "
        grant ada 10
        meter ada agent.run record as e     -> charged 25: lot 1 10, owed 15
        wallet ada                          -> -15 posted, 0 held, -15 available, 15 owed
        ",
    );
}

#[test]
fn the_next_grant_settles_debt_oldest_first_and_earns_then() {
    check(
        "
        meter ada agent.run record as first     -> charged 25: owed 25
        meter ada chat.reply record as second   -> charged 8: owed 8
        grant ada 30 paid $3                    -> lot 1: settles first 25 $2.5, settles second 5 $0.5
        wallet ada                              -> -3 posted, 0 held, -3 available, 3 owed
        grant ada 10                            -> lot 2: settles second 3
        wallet ada                              -> 7 posted, 0 held, 7 available
        ",
    );
}

#[test]
fn a_grant_settles_only_debt_of_the_event_types_it_pays_for() {
    check(
        "
        meter ada agent.run record as run       -> charged 25: owed 25
        meter ada chat.reply record as reply    -> charged 8: owed 8
        grant ada 100 only chat.reply           -> lot 1: settles reply 8
        wallet ada                              -> 67 posted, 0 held, 67 available, 25 owed
        ",
    );
}

#[test]
fn what_is_owed_counts_against_what_can_be_spent() {
    check(
        "
        meter ada agent.run record              -> charged 25: owed 25
        grant ada 30 only chat.reply            -> lot 1
        meter ada chat.reply           -> refused insufficient_credits required 8 available 5
        ",
    );
}

#[test]
fn a_lot_to_come_settles_debt_on_its_day() {
    check(
        "
        meter ada agent.run record as e         -> charged 25: owed 25
        grant ada 30 from +1d                   -> lot 1 to come
        wallet ada                              -> -25 posted, 0 held, -25 available, 25 owed
        wait 1d
        due ada                                 -> lot 1 begins with 30: settles e 25
        wallet ada                              -> 5 posted, 0 held, 5 available
        ",
    );
}

#[test]
fn frozen_wallet_refuses_new_spending_until_it_is_thawed() {
    check(
        "
        grant ada 100
        freeze ada
        meter ada chat.reply                    -> refused wallet_frozen
        meter ada chat.reply record             -> refused wallet_frozen
        hold ada chat.reply                     -> refused wallet_frozen
        policy ada record-only
        meter ada chat.reply                    -> refused wallet_frozen
        thaw ada
        meter ada chat.reply                    -> charged 8: lot 1 8
        ",
    );
}

#[test]
fn archived_and_unknown_event_types_are_rejected() {
    check(
        "
        grant ada 100
        hold ada chat.reply as h
        type chat.reply archived                -> defined
        meter ada chat.reply                    -> rejected event_type_archived
        hold ada chat.reply                     -> rejected event_type_archived
        capture h                               -> captured 8: lot 1 8
        type chat.reply                         -> defined
        meter ada chat.reply                    -> charged 8: lot 1 8
        meter ada chat.replies                  -> rejected unknown_event_type
        hold ada chat.replies                   -> rejected unknown_event_type
        price chat.replies flat 1               -> rejected unknown_event_type
        meter bob chat.replies                  -> rejected unknown_event_type
        wallet bob                              -> unknown
        ",
    );
}

#[test]
fn cost_must_be_in_the_currency_of_the_project() {
    check(
        "
        grant ada 100
        meter ada chat.reply cost EUR0.04       -> rejected invalid_request cost.currency
        hold ada chat.reply as h
        capture h cost EUR0.04                  -> rejected invalid_request cost.currency
        capture h cost $0.04                    -> captured 8: lot 1 8
        ",
    );
}

#[test]
fn refusals_come_in_the_documented_order() {
    check(
        "
        # Metering: what is wrong in itself, then frozen, then credits.
        type tool caller-set
        freeze ada
        meter ada chat.replies cost EUR1        -> rejected invalid_request cost.currency
        type gone archived
        meter ada gone credits 5                -> rejected event_type_archived
        meter ada chat.reply credits 5          -> rejected invalid_request credits
        meter ada chat.reply                    -> refused wallet_frozen
        # Capturing: is the hold open, is it enough, is the wallet frozen, is there enough.
        grant bob 50
        hold bob image.generate as h
        hold bob chat.reply as ended
        void ended
        freeze bob
        capture ended credits 100               -> refused hold_not_open voided
        capture h credits 100                   -> refused capture_exceeds_hold held 40 requested 100
        capture h credits 100 record            -> refused wallet_frozen
        # Increasing: is the hold open, is the wallet frozen, is there enough.
        increase ended credits 100              -> refused hold_not_open voided
        increase h credits 100                  -> refused wallet_frozen
        thaw bob
        increase h credits 100        -> refused insufficient_credits required 100 available 10
        # Voiding a grant: is it open, is it held.
        void-grant bob 1                        -> refused grant_held held 40
        void-grant bob 2                        -> refused grant_not_open
        ",
    );
}
