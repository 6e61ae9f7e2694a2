//! Allowances that come again every period, what is carried over, and what customers get at first sight.

use chargly_testkit::story::check;

#[test]
fn a_monthly_allowance_keeps_its_day_where_a_month_has_it() {
    // Every story begins on 23 November 2026; 69 days later is 31 January 2027.
    check(
        "
        wait 69d
        allowance ada plan 100 month        -> allowance plan
        due ada                             -> period: lot 1 100
        wait 28d                            # 28 February
        due ada                             -> period: lapsed lot 1 100, lot 2 100
        wait 30d                            # 30 March
        due ada                             -> nothing
        wait 1d                             # 31 March
        due ada                             -> period: lapsed lot 2 100, lot 3 100
        wait 30d                            # 30 April
        due ada                             -> period: lapsed lot 3 100, lot 4 100
        ",
    );
}

#[test]
fn at_the_end_of_a_period_what_is_left_lapses_is_carried_over_or_topped_up() {
    // 100 credits a day, of which so many are used.
    for (rollover, used, expected, wallet) in [
        ("", "30", "period: lapsed lot 1 70, lot 2 100", "100"),
        ("max 50", "30", "period: lapsed lot 1 20, carried lot 1, lot 2 100", "150"),
        ("max 50", "60", "period: carried lot 1, lot 2 100", "140"),
        ("max 50", "100", "period: lot 2 100", "100"),
        ("min 20 max 50", "30", "period: lapsed lot 1 20, carried lot 1, lot 2 100", "150"),
        ("min 20 max 50", "60", "period: carried lot 1, lot 2 100", "140"),
        ("min 20 max 50", "90", "period: carried lot 1, lot 2 110", "120"),
        ("min 20 max 50", "100", "period: lot 2 120", "120"),
    ] {
        check(&format!(
            "
            type tool caller-set
            allowance ada plan 100 day {rollover}
            due ada                         -> period: lot 1 100
            meter ada tool credits {used}
            wait 1d
            due ada                         -> {expected}
            wallet ada                      -> {wallet} posted, 0 held, {wallet} available
            "
        ));
    }
}

#[test]
fn what_is_carried_over_lapses_oldest_first_and_burns_first() {
    check(
        "
        allowance ada plan 100 day max 150
        due ada                             -> period: lot 1 100
        wait 1d
        due ada                             -> period: carried lot 1, lot 2 100
        wait 1d
        due ada                 -> period: lapsed lot 1 50, carried lot 1, carried lot 2, lot 3 100
        lots ada                            -> lot 1 50 of 100, lot 2 100 of 100, lot 3 100 of 100
        meter ada image.generate            -> charged 40: lot 1 40
        wait 1d
        due ada                 -> period: lapsed lot 1 10, lapsed lot 2 50, carried lot 2, carried lot 3, lot 4 100
        ",
    );
}

#[test]
fn periods_that_nobody_noticed_begin_one_by_one() {
    check(
        "
        allowance ada plan 100 day max 30
        due ada                             -> period: lot 1 100
        wait 3d
        due ada                 -> period: lapsed lot 1 70, carried lot 1, lot 2 100; period: lapsed lot 1 30, lapsed lot 2 70, carried lot 2, lot 3 100; period: lapsed lot 2 30, lapsed lot 3 70, carried lot 3, lot 4 100
        wallet ada                          -> 130 posted, 0 held, 130 available
        ",
    );
}

#[test]
fn what_a_hold_reserves_at_the_end_of_a_period_stays_good_until_the_hold_ends() {
    check(
        "
        allowance ada plan 100 day
        due ada
        hold ada image.generate lasting 2d as h  -> held 40: lot 1 40
        hold ada agent.run lasting 2d as g  -> held 25: lot 1 25
        wait 1d
        due ada                             -> period: lapsed lot 1 35, lot 2 100
        wallet ada                          -> 165 posted, 65 held, 100 available
        capture h                           -> captured 40: lot 1 40
        void g                              -> hold voided: released lot 1 25, lapsed lot 1 25
        wallet ada                          -> 100 posted, 0 held, 100 available
        ",
    );
}

#[test]
fn a_hold_that_ends_with_the_period_frees_what_is_carried_over() {
    check(
        "
        allowance ada plan 100 day max 100
        due ada
        hold ada image.generate lasting 1d
        wait 1d
        due ada                 -> hold expired: released lot 1 40; period: carried lot 1, lot 2 100
        wallet ada                          -> 200 posted, 0 held, 200 available
        ",
    );
}

#[test]
fn an_allowance_begins_on_its_day_and_pays_debt_and_its_scope_only() {
    check(
        "
        meter ada agent.run record as run   -> charged 25: owed 25
        meter ada chat.reply record as chat -> charged 8: owed 8
        allowance ada plan 100 week from +1d only chat.reply  -> allowance plan
        due ada                             -> nothing
        wait 1d
        due ada                             -> period: lot 1 100, settles chat 8
        wallet ada                          -> 67 posted, 0 held, 67 available, 25 owed
        meter ada ai.summary                -> refused insufficient_credits required 12 available 0
        ",
    );
}

#[test]
fn a_change_counts_from_the_next_period_on() {
    check(
        "
        allowance ada plan 100 day
        due ada                             -> period: lot 1 100
        allowance ada plan 20 day max 10    -> allowance plan
        due ada                             -> nothing
        wait 1d
        due ada                             -> period: lapsed lot 1 90, carried lot 1, lot 2 20
        # Another rhythm begins where the next period would have.
        allowance ada plan 70 week
        wait 1d
        due ada                             -> period: lapsed lot 1 10, lapsed lot 2 20, lot 3 70
        wait 6d
        due ada                             -> nothing
        wait 1d
        due ada                             -> period: lapsed lot 3 70, lot 4 70
        ",
    );
}

#[test]
fn what_an_allowance_gave_stays_until_its_time_when_it_is_ended() {
    check(
        "
        end-allowance ada plan              -> rejected not_found
        allowance ada plan 100 day max 100
        due ada                             -> period: lot 1 100
        end-allowance ada other             -> rejected not_found
        end-allowance ada plan              -> allowance ended
        end-allowance ada plan              -> rejected not_found
        wallet ada                          -> 100 posted, 0 held, 100 available
        wait 1d
        due ada                             -> lot expired: lot 1 100
        wait 30d
        due ada                             -> nothing
        ",
    );
}

#[test]
fn a_reversal_after_the_period_gives_a_lot_of_its_own() {
    check(
        "
        allowance ada plan 40 day max 40
        due ada
        meter ada image.generate as e       -> charged 40: lot 1 40
        wait 1d
        due ada                             -> period: lot 2 40
        reverse e                           -> reversed 40: new lot 3 40
        ",
    );
}

#[test]
fn an_allowance_that_cannot_be_is_rejected() {
    check(
        "
        allowance ada plan 0 day                    -> rejected invalid_request credits
        allowance ada plan 10 day min 5 max 4       -> rejected invalid_request rollover
        allowance ada plan 10 day max 7999999991    -> rejected invalid_request rollover.max
        allowance ada plan 10 day from -1s          -> rejected invalid_request starts_at
        wallet ada                                  -> unknown
        allowance ada plan 10 day max 7999999990    -> allowance plan
        ",
    );
}

#[test]
fn an_allowance_is_set_once_under_its_key() {
    for (other, field) in [
        ("plan 11 day min 2 max 5", "credits"),
        ("code 10 day min 2 max 5", "code"),
        ("plan 10 week min 2 max 5", "period"),
        ("plan 10 day min 2 max 5 from +1d", "starts_at"),
        ("plan 10 day min 1 max 5", "rollover.min"),
        ("plan 10 day min 2 max 6", "rollover.max"),
        ("plan 10 day min 2 max 5 priority 1", "priority"),
        ("plan 10 day min 2 max 5 only chat.reply", "scope"),
    ] {
        check(&format!(
            "
            [k] allowance ada plan 10 day min 2 max 5   -> allowance plan
            [k] allowance ada plan 10 day min 2 max 5   -> replayed: allowance plan
            [k] allowance ada {other}                   -> conflict on {field}
            "
        ));
    }
}

#[test]
fn a_wallet_has_ten_allowances_and_no_more() {
    let nine: String = (2..=10).map(|n| format!("allowance ada plan-{n} 1 day\n")).collect();
    check(&format!(
        "
        allowance ada plan-1 1 day
        {nine}
        allowance ada plan-11 1 day         -> refused too_many_allowances
        allowance ada plan-1 2 day          -> allowance plan-1
        end-allowance ada plan-2
        allowance ada plan-11 1 day         -> allowance plan-11
        "
    ));
}

#[test]
fn what_a_full_wallet_has_no_room_for_is_not_granted() {
    check(
        "
        grant ada 7999999990
        allowance ada plan 100 day
        due ada                             -> period: lot 2 10
        wait 1d
        due ada                             -> period: lapsed lot 2 10, lot 3 10
        grant ada 1                         -> refused balance_too_large
        ",
    );
}

#[test]
fn what_a_customer_gets_at_first_sight_pays_for_the_first_event() {
    check(
        "
        settings welcome 50 welcome-days 30 -> settings changed
        meter ada image.generate            -> charged 40: lot 1 40
        wallet ada                          -> 10 posted, 0 held, 10 available
        grant ada 5                         -> lot 2
        wait 30d
        due ada                             -> lot expired: lot 1 10
        settings
        meter bob chat.reply                -> refused insufficient_credits required 8 available 0
        settings welcome 0                  -> rejected invalid_request welcome_grant.credits
        settings welcome 1 welcome-days 0   -> rejected invalid_request welcome_grant.valid_days
        ",
    );
}
