//! Idempotency keys: the same request gets the same answer, another one a conflict that names the field.

use chargly_testkit::story::check;

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
