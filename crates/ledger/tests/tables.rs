//! Metering and what wallets do when credits run out: the worked examples of the design, every rejection, keys.
//!
//! Holds, grants, reversals and bounds have tables of their own beside this one.

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
fn prices_by_quantity_are_rounded_once_and_kept_in_bounds() {
    check(
        "
        grant ada 1000
        type tokens
        meter ada tokens                        -> rejected no_active_price
        price tokens each 0.1 base 1            -> price 5, version 1
        meter ada tokens x 25.5                 -> charged 3.55: lot 1 3.55
        price tokens each 0.1 base 1 whole      -> price 6, version 2
        meter ada tokens x 25                   -> charged 4: lot 1 4
        price tokens each 0.1 base 1 whole half-even
        meter ada tokens x 15                   -> charged 2: lot 1 2
        price tokens each 0.1 whole up min 2 max 5
        meter ada tokens x 0.1                  -> charged 2: lot 1 2
        meter ada tokens x 31                   -> charged 4: lot 1 4
        meter ada tokens x 99                   -> charged 5: lot 1 5
        ",
    );
}

#[test]
fn a_price_that_counts_a_property_needs_it() {
    check(
        "
        grant ada 1000
        type tokens
        price tokens each 0.01 of n
        meter ada tokens                        -> rejected invalid_request properties.n
        meter ada tokens n=many                 -> rejected invalid_request properties.n
        meter ada tokens n=0                    -> rejected invalid_request properties.n
        meter ada tokens n=-5                   -> rejected invalid_request properties.n
        meter ada tokens n=812                  -> charged 8.12: lot 1 8.12
        hold ada tokens                         -> rejected invalid_request properties.n
        hold ada tokens credits 10 as h         -> held 10: lot 1 10
        capture h x 1                           -> rejected invalid_request properties.n
        capture h x 1 n=500                     -> captured 5: lot 1 5, released lot 1 5
        ",
    );
}

#[test]
fn callers_set_credits_only_where_the_type_lets_them() {
    check(
        "
        type tool caller-set
        grant ada 10
        meter ada chat.reply credits 5          -> rejected invalid_request credits
        meter ada tool credits 5                -> charged 5: lot 1 5
        meter ada tool                          -> rejected no_active_price
        price tool flat 2
        meter ada tool                          -> charged 2: lot 1 2
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
fn the_price_in_force_is_the_latest_begun_and_of_equals_the_later_version() {
    check(
        "
        grant ada 100
        price chat.reply flat 9 from +1h        -> price 5, version 2
        price chat.reply flat 7                 -> price 6, version 3
        meter ada chat.reply                    -> charged 7: lot 1 7
        wait 3599s
        meter ada chat.reply                    -> charged 7: lot 1 7
        wait 1s
        meter ada chat.reply                    -> charged 9: lot 1 9
        price chat.reply flat 10
        price chat.reply flat 11
        meter ada chat.reply                    -> charged 11: lot 1 11
        price chat.reply flat 1 from -1s        -> rejected invalid_request effective_at
        ",
    );
}

#[test]
fn a_price_version_replaces_only_the_one_its_author_saw() {
    check(
        "
        price chat.reply flat 9 replaces 0      -> price 5, version 2
        price chat.reply flat 10 replaces 0     -> refused version_superseded latest 5
        price chat.reply flat 10 replaces 5     -> price 6, version 3
        type tool caller-set
        price tool flat 1 replaces 6            -> refused version_superseded latest none
        ",
    );
}

#[test]
fn first_price_shorthand_is_for_types_without_a_price() {
    check(
        "
        type chat.reply 8                       -> defined
        type chat.reply 9                       -> rejected invalid_request credits
        type chat.reply caller-set              -> defined
        grant ada 100
        meter ada chat.reply credits 3          -> charged 3: lot 1 3
        ",
    );
}

#[test]
fn a_price_with_bounds_that_cross_is_rejected() {
    check(
        "
        price chat.reply each 1 min 5 max 4     -> rejected invalid_request rule.minimum
        price chat.reply each 1 base -1         -> rejected invalid_request rule.base
        price chat.reply each -1                -> rejected invalid_request rule.credits
        price chat.reply each 1 min -1          -> rejected invalid_request rule.minimum
        price chat.reply each 1 max -1          -> rejected invalid_request rule.maximum
        price chat.reply each 1 min 4 max 4     -> price 5, version 2
        ",
    );
}

#[test]
fn same_key_and_request_gives_the_first_answer() {
    check(
        "
        grant ada 20
        [req-1] meter ada ai.summary            -> charged 12: lot 1 12
        [req-1] meter ada ai.summary            -> replayed: charged 12: lot 1 12
        [req-1] meter ada ai.summary x 1        -> replayed: charged 12: lot 1 12
        wallet ada                              -> 8 posted, 0 held, 8 available
        [req-1] meter bob ai.summary   -> refused insufficient_credits required 12 available 0
        ",
    );
}

#[test]
fn a_verdict_stays_a_verdict_after_a_top_up() {
    check(
        "
        [req-1] meter ada ai.summary   -> refused insufficient_credits required 12 available 0
        grant ada 100
        [req-1] meter ada ai.summary   -> replayed: refused insufficient_credits required 12 available 0
        [req-2] meter ada ai.summary            -> charged 12: lot 1 12
        ",
    );
}

#[test]
fn a_rejection_leaves_its_key_free() {
    check(
        "
        grant ada 100
        [req-1] meter ada chat.replies          -> rejected unknown_event_type
        type chat.replies 3
        [req-1] meter ada chat.replies          -> charged 3: lot 1 3
        [req-1] meter ada chat.replies          -> replayed: charged 3: lot 1 3
        ",
    );
}

#[test]
fn same_key_and_another_request_is_a_conflict_that_names_the_field() {
    check(
        "
        type tool caller-set
        grant ada 1000
        [m] meter ada tool credits 5 x 2
        [m] meter ada chat.reply                -> conflict on event
        [m] meter ada tool credits 5 x 3        -> conflict on quantity
        [m] meter ada tool credits 6 x 2        -> conflict on credits
        [m] meter ada tool credits 5 x 2 cost $1    -> conflict on cost
        [m] meter ada tool credits 5 x 2 record -> conflict on if_insufficient
        [m] hold ada tool credits 5             -> conflict on operation
        [h] hold ada chat.reply x 2 lasting 60s as h
        [h] hold ada agent.run x 2 lasting 60s  -> conflict on event
        [h] hold ada chat.reply x 3 lasting 60s -> conflict on quantity
        [h] hold ada chat.reply x 2 credits 1 lasting 60s   -> conflict on credits
        [h] hold ada chat.reply x 2 lasting 61s -> conflict on expires_in_s
        hold ada chat.reply as other
        [i] increase h credits 1
        [i] increase other credits 1            -> conflict on hold
        [i] increase h x 1                      -> conflict on quantity
        [i] increase h credits 2                -> conflict on credits
        [x] extend h 60s
        [x] extend other 60s                    -> conflict on hold
        [x] extend h 61s                        -> conflict on expires_in_s
        [c] capture h credits 1 as e
        [c] capture other credits 1             -> conflict on hold
        [c] capture h x 1                       -> conflict on quantity
        [c] capture h credits 2                 -> conflict on credits
        [c] capture h credits 1 cost $1         -> conflict on cost
        [c] capture h credits 1 record          -> conflict on if_insufficient
        [c] capture h credits 1 step            -> conflict on final
        [v] void other
        [v] void h                              -> conflict on hold
        [g] grant ada 5
        [g] grant ada 6                         -> conflict on credits
        [g] grant ada 5 adjustment              -> conflict on kind
        [g] grant ada 5 paid $1                 -> conflict on kind
        [g] grant ada 5 priority 1              -> conflict on priority
        [g] grant ada 5 from +1d                -> conflict on effective_at
        [g] grant ada 5 until +1d               -> conflict on expires_at
        [g] grant ada 5 only chat.reply         -> conflict on scope
        [p] grant ada 5 paid $1
        [p] grant ada 5 paid $2                 -> conflict on price
        [o] void-grant ada 2
        [o] void-grant ada 3                    -> conflict on grant
        meter ada chat.reply as f
        [r] reverse e 1
        [r] reverse f 1                         -> conflict on event
        [r] reverse e 2                         -> conflict on credits
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
