//! Budgets of keys: what counts, what is there again, and when a day turns. Stories begin at 10:00 UTC.

use chargly_testkit::story::check;

#[test]
fn a_budget_in_all_ends_spending_for_every_customer_until_the_day_turns() {
    check(
        "
        grant ada 1000
        grant bob 1000
        budget day 100
        meter ada image.generate                        -> charged 40: lot 1 40
        meter bob image.generate                        -> charged 40: lot 1 40
        spent ada                                       -> key 80 of 100
        meter ada image.generate            -> refused budget_exceeded key 80 of 100 required 40
        wallet ada                                      -> 960 posted, 0 held, 960 available
        meter ada ai.summary                            -> charged 12: lot 1 12
        meter ada chat.reply                            -> charged 8: lot 1 8
        spent bob                                       -> key 100 of 100
        meter bob workflow.step             -> refused budget_exceeded key 100 of 100 required 6
        wait 50399999ms
        meter bob workflow.step             -> refused budget_exceeded key 100 of 100 required 6
        wait 1ms
        spent bob                                       -> key 0 of 100
        meter bob workflow.step                         -> charged 6: lot 1 6
        ",
    );
}

#[test]
fn a_budget_for_each_customer_counts_each_for_itself() {
    check(
        "
        grant ada 1000
        grant bob 1000
        budget day 100 each 50
        meter ada image.generate                        -> charged 40: lot 1 40
        meter ada ai.summary                -> refused budget_exceeded customer 40 of 50 required 12
        meter bob image.generate                        -> charged 40: lot 1 40
        spent ada                                       -> key 80 of 100, ada 40 of 50
        meter ada agent.run                 -> refused budget_exceeded key 80 of 100 required 25
        meter ada chat.reply                            -> charged 8: lot 1 8
        meter cleo workflow.step            -> refused insufficient_credits required 6 available 0
        ",
    );
}

#[test]
fn a_refusal_for_budget_is_given_again_after_the_day_turned_and_charges_nothing() {
    check(
        "
        grant ada 1000
        budget day 10
        [k] meter ada image.generate        -> refused budget_exceeded key 0 of 10 required 40
        budget day 100
        [k] meter ada image.generate        -> replayed: refused budget_exceeded key 0 of 10 required 40
        wait 1d
        [k] meter ada image.generate        -> replayed: refused budget_exceeded key 0 of 10 required 40
        spent ada                                       -> key 0 of 100
        [l] meter ada image.generate                    -> charged 40: lot 1 40
        [l] meter ada image.generate                    -> replayed: charged 40: lot 1 40
        spent ada                                       -> key 40 of 100
        ",
    );
}

#[test]
fn frozen_comes_before_budget_and_budget_before_credits() {
    check(
        "
        grant ada 30
        budget day 20
        meter ada image.generate            -> refused budget_exceeded key 0 of 20 required 40
        freeze ada
        meter ada image.generate            -> refused wallet_frozen
        hold ada image.generate             -> refused wallet_frozen
        thaw ada
        budget day 50
        meter ada image.generate            -> refused insufficient_credits required 40 available 30
        spent ada                                       -> key 0 of 50
        ",
    );
}

#[test]
fn what_a_hold_sets_aside_counts_and_what_it_gives_back_the_same_day_is_there_again() {
    check(
        "
        grant ada 1000
        budget day 100 each 90
        hold ada image.generate as h                    -> held 40: lot 1 40
        spent ada                                       -> key 40 of 100, ada 40 of 90
        increase h credits 45                           -> held 45 more: lot 1 45
        increase h credits 6        -> refused budget_exceeded customer 85 of 90 required 6
        hold ada ai.summary         -> refused budget_exceeded customer 85 of 90 required 12
        void h                                          -> hold voided: released lot 1 85
        spent ada                                       -> key 0 of 100, ada 0 of 90
        hold ada image.generate as i                    -> held 40: lot 1 40
        capture i credits 10 step                       -> captured 10: lot 1 10, still held 30
        spent ada                                       -> key 40 of 100, ada 40 of 90
        capture i credits 5                             -> captured 5: lot 1 5, released lot 1 25
        spent ada                                       -> key 15 of 100, ada 15 of 90
        hold ada image.generate lasting 60s             -> held 40: lot 1 40
        wait 60s
        due ada                                         -> hold expired: released lot 1 40
        spent ada                                       -> key 15 of 100, ada 15 of 90
        ",
    );
}

#[test]
fn what_was_set_aside_on_another_day_is_not_there_again_and_counts_on_its_own_day_only() {
    check(
        "
        grant ada 1000
        budget day 100
        hold ada image.generate lasting 90000s as voided
        hold ada image.generate lasting 90000s as grown
        wait 1d
        spent ada                                       -> key 0 of 100
        void voided                                     -> hold voided: released lot 1 40
        spent ada                                       -> key 0 of 100
        increase grown credits 20                       -> held 20 more: lot 1 20
        spent ada                                       -> key 20 of 100
        capture grown credits 45                        -> captured 45: lot 1 45, released lot 1 15
        spent ada                                       -> key 5 of 100
        ",
    );
}

#[test]
fn a_capture_beyond_its_hold_counts_what_is_beyond_and_a_late_one_all() {
    check(
        "
        grant ada 1000
        budget day 60
        hold ada image.generate as h                    -> held 40: lot 1 40
        capture h credits 61 record     -> refused budget_exceeded key 40 of 60 required 21
        wallet ada                                      -> 1000 posted, 40 held, 960 available
        capture h credits 60 record                     -> captured 60: lot 1 60
        spent ada                                       -> key 60 of 60
        budget day 100
        hold ada image.generate lasting 60s as late     -> held 40: lot 1 40
        wait 60s
        due ada                                         -> hold expired: released lot 1 40
        capture late credits 41 record  -> refused budget_exceeded key 60 of 100 required 41
        capture late record                             -> captured 40: lot 1 40
        spent ada                                       -> key 100 of 100
        ",
    );
}

#[test]
fn finished_work_is_kept_to_the_budget_and_counts_in_full_whoever_pays() {
    check(
        "
        grant ada 10
        budget day 100
        meter ada image.generate record                 -> charged 40: lot 1 10, owed 30
        spent ada                                       -> key 40 of 100
        policy bob record-only
        meter bob image.generate                        -> charged 40: not charged 40
        spent ada                                       -> key 80 of 100
        meter ada image.generate record     -> refused budget_exceeded key 80 of 100 required 40
        ",
    );
}

#[test]
fn a_reversal_gives_nothing_back_and_grants_and_orders_count_nothing() {
    check(
        "
        pack regular 500 for $10
        budget day 40
        grant ada 1000
        order ada regular
        meter ada image.generate as e                   -> charged 40: lot 1 40
        reverse e                                       -> reversed 40: lot 1 40
        meter ada workflow.step             -> refused budget_exceeded key 40 of 40 required 6
        ",
    );
}

#[test]
fn a_budget_lowered_below_what_is_spent_lets_only_through_what_costs_nothing() {
    check(
        "
        type free 0
        grant ada 1000
        budget day 100
        meter ada image.generate                        -> charged 40: lot 1 40
        budget day 30
        meter ada free                                  -> charged 0
        meter ada workflow.step             -> refused budget_exceeded key 40 of 30 required 6
        budget
        spent ada                                       -> no budget
        meter ada image.generate                        -> charged 40: lot 1 40
        budget day 50
        spent ada                                       -> key 40 of 50
        ",
    );
}

/// Finished work counts in full, so that a day can hold more than an amount can say: beyond that nothing more is spent.
#[test]
fn a_day_beyond_the_largest_amount_lets_only_through_what_costs_nothing() {
    check(
        "
        type free 0
        grant ada 1000
        type tool caller-set
        budget each 8000000000
        meter ada tool credits 8000000000 uncharged     -> charged 8000000000: not charged 8000000000
        meter bob tool credits 50 uncharged             -> charged 50: not charged 50
        grant bob 1000
        meter bob image.generate    -> refused budget_exceeded key 8000000050 of 8000000000 required 40
        meter bob free                                  -> charged 0
        ",
    );
}
