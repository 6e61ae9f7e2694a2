//! Finished work that a wallet cannot pay: recorded as used and not charged, and collected later.

use chargly_testkit::story::check;

#[test]
fn finished_work_is_charged_wholly_or_not_at_all() {
    check(
        "
        grant ada 50 paid $5
        meter ada image.generate uncharged as first     -> charged 40: lot 1 40 $4
        meter ada image.generate uncharged as second    -> charged 40: not charged 40
        meter ada chat.reply uncharged                  -> charged 8: lot 1 8 $0.8
        wallet ada                                      -> 2 posted, 0 held, 2 available
        reverse second                   -> refused already_reversed requested 0 left 0 reversed 0
        ",
    );
}

#[test]
fn a_frozen_wallet_and_one_never_seen_keep_the_work_too() {
    check(
        "
        grant ada 50
        freeze ada
        meter ada chat.reply uncharged as e     -> charged 8: not charged 8
        collect e                               -> refused wallet_frozen
        thaw ada
        collect e                               -> collected 8: lot 1 8
        meter bob chat.reply uncharged          -> charged 8: not charged 8
        wallet bob                              -> 0 posted, 0 held, 0 available
        ",
    );
}

#[test]
fn policies_go_first_so_that_an_overdraft_is_used_and_no_further_debt_is_made() {
    check(
        "
        policy ada overdraft 10
        meter ada chat.reply uncharged          -> charged 8: owed 8
        meter ada chat.reply uncharged          -> charged 8: not charged 8
        policy bob record-only
        grant bob 5
        meter bob chat.reply uncharged          -> charged 8: lot 1 5, not charged 3
        ",
    );
}

#[test]
fn what_is_uncharged_is_collected_once_wholly_or_in_parts_with_its_revenue() {
    check(
        "
        meter ada image.generate uncharged as e         -> charged 40: not charged 40
        collect e                               -> refused insufficient_credits required 40 available 0
        grant ada 30 paid $3
        collect e                               -> refused insufficient_credits required 40 available 30
        collect e 25                            -> collected 25: lot 1 25 $2.5
        collect e 16                            -> rejected invalid_request credits
        collect e 0                             -> rejected invalid_request credits
        grant ada 20 paid $4
        [k] collect e                           -> collected 15: lot 1 5 $0.5, lot 2 10 $2
        [k] collect e                           -> replayed: collected 15: lot 1 5 $0.5, lot 2 10 $2
        collect e                               -> rejected unchanged
        wallet ada                              -> 10 posted, 0 held, 10 available
        ",
    );
}

#[test]
fn what_was_collected_goes_back_to_the_lots_that_paid_it_and_is_not_collected_again() {
    check(
        "
        grant ada 10 paid $1 until +1d
        meter ada image.generate uncharged as e         -> charged 40: not charged 40
        grant ada 100 paid $20
        collect e                               -> collected 40: lot 1 10 $1, lot 2 30 $6
        reverse e 5                             -> reversed 5: lot 2 5 $1
        reverse e                               -> reversed 35: lot 2 25 $5, lot 1 10 $1
        collect e                               -> rejected unchanged
        wallet ada                              -> 110 posted, 0 held, 110 available
        ",
    );
}

#[test]
fn an_event_that_was_given_back_whole_has_nothing_to_collect() {
    check(
        "
        policy ada record-only
        grant ada 10
        meter ada image.generate as e           -> charged 40: lot 1 10, not charged 30
        reverse e                               -> reversed 10: lot 1 10
        collect e                               -> rejected unchanged
        ",
    );
}

#[test]
fn collecting_is_no_new_use_also_for_a_record_only_wallet() {
    check(
        "
        policy ada record-only
        meter ada image.generate as e           -> charged 40: not charged 40
        grant ada 12
        collect e                               -> refused insufficient_credits required 40 available 12
        collect e 12                            -> collected 12: lot 1 12
        policy ada overdraft 100
        collect e                               -> collected 28: owed 28
        grant ada 30                            -> lot 2: settles e 28
        ",
    );
}
