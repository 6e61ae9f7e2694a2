//! Holds: credits set aside, then captured, voided or expired, and only one of these.

use chargly_testkit::story::check;

#[test]
fn capture_takes_what_was_held_and_releases_the_rest() {
    check(
        "
        grant ada 100 paid $1
        hold ada image.generate as h                    -> held 40: lot 1 40
        wallet ada                                      -> 100 posted, 40 held, 60 available
        capture h credits 30                            -> captured 30: lot 1 30 $0.3, released lot 1 10
        wallet ada                                      -> 70 posted, 0 held, 70 available
        ",
    );
}

#[test]
fn capture_without_an_amount_takes_all_that_is_held() {
    check(
        "
        grant ada 100
        hold ada image.generate x 3 as flat             -> held 40: lot 1 40
        hold ada image.generate credits 15 as said      -> held 15: lot 1 15
        capture flat                                    -> captured 40: lot 1 40
        capture said                                    -> captured 15: lot 1 15
        wallet ada                                      -> 45 posted, 0 held, 45 available
        ",
    );
}

#[test]
fn capture_above_held_amount_is_refused() {
    check(
        "
        grant ada 100
        hold ada image.generate as h                    -> held 40: lot 1 40
        capture h credits 40.000001       -> refused capture_exceeds_hold held 40 requested 40.000001
        wallet ada                                      -> 100 posted, 40 held, 60 available
        capture h credits 40                            -> captured 40: lot 1 40
        ",
    );
}

#[test]
fn capture_above_held_amount_of_finished_work_is_charged_afresh() {
    check(
        "
        grant ada 100 paid $1
        hold ada image.generate as h                    -> held 40: lot 1 40
        capture h credits 55 record                     -> captured 55: lot 1 55 $0.55
        grant bob 40
        hold bob image.generate as i                    -> held 40: lot 1 40
        capture i credits 55 record                     -> captured 55: lot 1 40, owed 15
        wallet bob                                      -> -15 posted, 0 held, -15 available, 15 owed
        ",
    );
}

#[test]
fn capture_in_steps_keeps_the_rest_held() {
    check(
        "
        grant ada 100
        hold ada image.generate as h                    -> held 40: lot 1 40
        capture h credits 10 step                       -> captured 10: lot 1 10, still held 30
        wallet ada                                      -> 90 posted, 30 held, 60 available
        capture h credits 31                -> refused capture_exceeds_hold held 30 requested 31
        capture h                                       -> captured 30: lot 1 30
        wallet ada                                      -> 60 posted, 0 held, 60 available
        ",
    );
}

#[test]
fn a_hold_ends_once() {
    check(
        "
        grant ada 200
        hold ada image.generate as captured
        hold ada image.generate as voided
        hold ada image.generate lasting 60s as expired
        capture captured
        void voided                                     -> hold voided: released lot 1 40
        wait 60s
        capture captured                                -> refused hold_not_open captured
        void captured                                   -> refused hold_not_open captured
        extend captured 60s                             -> refused hold_not_open captured
        increase captured credits 1                     -> refused hold_not_open captured
        capture voided                                  -> refused hold_not_open voided
        void voided                                     -> refused hold_not_open voided
        extend voided 60s                               -> refused hold_not_open voided
        increase voided credits 1                       -> refused hold_not_open voided
        capture expired                                 -> refused hold_not_open expired
        void expired                                    -> refused hold_not_open expired
        extend expired 60s                              -> refused hold_not_open expired
        increase expired credits 1                      -> refused hold_not_open expired
        ",
    );
}

#[test]
fn a_hold_lasts_fifteen_minutes_unless_the_caller_says_otherwise() {
    check(
        "
        grant ada 100
        hold ada image.generate
        hold ada chat.reply lasting 20m
        wait 899s
        due ada                                         -> nothing
        wait 1s
        due ada                                         -> hold expired: released lot 1 40
        wallet ada                                      -> 100 posted, 8 held, 92 available
        wait 5m
        due ada                                         -> hold expired: released lot 1 8
        ",
    );
}

#[test]
fn extend_moves_the_expiry_from_now() {
    check(
        "
        grant ada 100
        hold ada image.generate lasting 60s as h
        wait 59s
        extend h 60s                                    -> until +60s
        wait 59s
        due ada                                         -> nothing
        extend h 0s                                     -> until +0s
        due ada                                         -> hold expired: released lot 1 40
        ",
    );
}

#[test]
fn increase_holds_more_at_the_pinned_price() {
    check(
        "
        grant ada 100
        price ai.summary each 2                         -> price 5, version 2
        hold ada ai.summary x 10 as h                   -> held 20: lot 1 20
        price ai.summary each 3                         -> price 6, version 3
        increase h x 5                                  -> held 10 more: lot 1 10
        increase h credits 70.5     -> refused insufficient_credits required 70.5 available 70
        capture h x 15                                  -> captured 30: lot 1 30
        meter ada ai.summary x 10                       -> charged 30: lot 1 30
        ",
    );
}

#[test]
fn hold_beyond_what_is_available_is_refused() {
    check(
        "
        grant ada 60
        hold ada image.generate                         -> held 40: lot 1 40
        hold ada agent.run         -> refused insufficient_credits required 25 available 20
        meter ada agent.run        -> refused insufficient_credits required 25 available 20
        hold ada ai.summary                             -> held 12: lot 1 12
        wallet ada                                      -> 60 posted, 52 held, 8 available
        ",
    );
}

#[test]
fn a_lot_that_expires_under_a_hold_stays_good_until_the_hold_ends() {
    check(
        "
        grant ada 100 paid $1 until +10m
        hold ada image.generate as h                    -> held 40: lot 1 40
        wait 10m
        due ada                                         -> lot expired: lot 1 60 $0.6
        wallet ada                                      -> 40 posted, 40 held, 0 available
        capture h credits 30        -> captured 30: lot 1 30 $0.3, released lot 1 10, lapsed lot 1 10 $0.1
        wallet ada                                      -> 0 posted, 0 held, 0 available
        lots ada                                        -> none
        ",
    );
}

#[test]
fn what_a_hold_reserved_of_an_expired_lot_lapses_when_it_is_given_up() {
    check(
        "
        grant ada 100 until +10m
        hold ada image.generate as voided
        hold ada image.generate lasting 20m as left
        wait 10m
        due ada                                         -> lot expired: lot 1 20
        void voided                                     -> hold voided: released lot 1 40, lapsed lot 1 40
        wait 10m
        due ada                                         -> hold expired: released lot 1 40, lapsed lot 1 40
        wallet ada                                      -> 0 posted, 0 held, 0 available
        ",
    );
}

#[test]
fn a_hold_and_its_lot_that_end_together_end_in_that_order() {
    check(
        "
        grant ada 100 until +15m
        hold ada image.generate
        wait 15m
        due ada                     -> hold expired: released lot 1 40; lot expired: lot 1 100
        ",
    );
}

#[test]
fn late_capture_is_refused_under_strict() {
    check(
        "
        grant ada 100
        hold ada image.generate as h
        wait 15m
        capture h                                       -> refused hold_not_open expired
        capture h credits 5                             -> refused hold_not_open expired
        wallet ada                                      -> 100 posted, 0 held, 100 available
        ",
    );
}

#[test]
fn late_capture_of_finished_work_is_a_fresh_charge_of_what_was_held() {
    check(
        "
        grant ada 100 paid $1
        hold ada image.generate credits 15 as h
        hold ada chat.reply as stepped
        capture stepped credits 5 step                  -> captured 5: lot 1 5 $0.05, still held 3
        wait 15m
        capture h record                                -> captured 15: lot 1 15 $0.15
        capture stepped record                          -> captured 3: lot 1 3 $0.03
        wallet ada                                      -> 77 posted, 0 held, 77 available
        grant bob 20
        policy bob overdraft 10
        hold bob ai.summary x 1 as i
        wait 15m
        meter bob ai.summary                            -> charged 12: lot 1 12
        capture i                                       -> captured 12: lot 1 8, owed 4
        ",
    );
}

#[test]
fn late_capture_needs_no_price_where_the_hold_had_none() {
    check(
        "
        type draft
        grant ada 100
        hold ada draft credits 10 as h                  -> held 10: lot 1 10
        hold ada draft credits 10 as i                  -> held 10: lot 1 10
        capture i x 1                                   -> rejected no_active_price
        capture i                                       -> captured 10: lot 1 10
        capture i                                       -> refused hold_not_open captured
        wait 15m
        capture h                                       -> refused hold_not_open expired
        capture h record                                -> captured 10: lot 1 10
        ",
    );
}

#[test]
fn a_frozen_wallet_may_capture_what_it_holds_and_no_more() {
    check(
        "
        grant ada 200
        hold ada image.generate as h
        hold ada image.generate lasting 60s as late
        hold ada image.generate as other
        freeze ada
        wait 60s
        capture h credits 41                -> refused capture_exceeds_hold held 40 requested 41
        capture h credits 41 record                     -> refused wallet_frozen
        capture late record                             -> refused wallet_frozen
        increase h credits 1                            -> refused wallet_frozen
        extend h 60s                                    -> until +60s
        capture h                                       -> captured 40: lot 1 40
        void other                                      -> hold voided: released lot 1 40
        thaw ada
        capture late record                             -> captured 40: lot 1 40
        ",
    );
}

#[test]
fn a_hold_on_the_overdraft_becomes_debt_when_it_is_captured() {
    check(
        "
        grant ada 30
        policy ada overdraft 20
        hold ada image.generate as h                    -> held 40: lot 1 30, overdraft 10
        wallet ada                                      -> 30 posted, 40 held, -10 available
        meter ada ai.summary        -> refused insufficient_credits required 12 available 10
        capture h credits 35                            -> captured 35: lot 1 30, owed 5
        wallet ada                                      -> -5 posted, 0 held, -5 available, 5 owed
        meter ada ai.summary                            -> charged 12: owed 12
        ",
    );
}

#[test]
fn a_wallet_has_at_most_a_thousand_open_holds() {
    let mut story = "grant ada 1000\ntype tool caller-set\nfreeze bob\n".to_owned();
    for _ in 0..999 {
        story.push_str("hold ada tool credits 1\n");
    }
    story.push_str(
        "
        hold ada tool credits 0.5 as last               -> held 0.5: lot 1 0.5
        hold ada tool credits 0.5                       -> refused too_many_holds
        freeze ada
        hold ada tool credits 1                         -> refused wallet_frozen
        thaw ada
        void last                                       -> hold voided: released lot 1 0.5
        hold ada tool credits 2      -> refused insufficient_credits required 2 available 1
        hold ada tool credits 1                         -> held 1: lot 1 1
        ",
    );
    check(&story);
}
