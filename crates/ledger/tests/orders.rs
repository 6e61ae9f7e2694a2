//! Orders of packs: paid once whatever is delivered how often, and credits that follow money back.

use chargly_testkit::story::check;

/// A pack of 500 credits for $10, bought by ada: her first lot.
fn bought(story: &str) -> String {
    format!(
        "
        pack regular 500 for $10
        type tool caller-set
        order ada regular as o
        settle o paid                       -> paid: lot 1 500 for $10
        {story}"
    )
}

#[test]
fn top_up_adds_to_what_is_left() {
    check(
        "
        pack regular 500 for $10            -> pack 0, version 1
        grant ada 47
        order ada regular as o              -> ordered 500 for $10
        checkout o                          -> checkout opened
        settle o paid                       -> paid: lot 2 500 for $10
        wallet ada                          -> 547 posted, 0 held, 547 available
        ",
    );
}

#[test]
fn five_deliveries_give_one_grant() {
    check(
        "
        pack regular 500 for $10
        order ada regular as o
        checkout o                          -> checkout opened
        checkout o                          -> rejected unchanged
        settle o paid                       -> paid: lot 1 500 for $10
        settle o paid                       -> rejected unchanged
        settle o paid                       -> rejected unchanged
        settle o pending                    -> rejected unchanged
        settle o paid                       -> rejected unchanged
        checkout o                          -> rejected unchanged
        wallet ada                          -> 500 posted, 0 held, 500 available
        ",
    );
}

#[test]
fn a_payment_only_goes_forward() {
    check(
        "
        pack regular 500 for $10
        order ada regular as o
        settle o pending                    -> pending
        settle o pending                    -> rejected unchanged
        settle o expired                    -> expired
        settle o pending                    -> rejected unchanged
        settle o failed                     -> failed
        settle o expired                    -> rejected unchanged
        checkout o                          -> rejected unchanged
        settle o paid                       -> paid: lot 1 500 for $10
        settle o failed                     -> rejected unchanged
        order-of o                          -> paid
        ",
    );
}

#[test]
fn credits_bought_are_used_at_their_price_and_a_bonus_shares_it() {
    check(
        "
        pack regular 400 bonus 100 for $10
        order ada regular as o              -> ordered 500 for $10
        settle o paid                       -> paid: lot 1 500 for $10
        meter ada image.generate            -> charged 40: lot 1 40 $0.8
        ",
    );
}

#[test]
fn an_edit_of_a_pack_leaves_orders_placed_before_as_they_were() {
    check(
        "
        pack regular 500 for $10 days 30
        order ada regular as o
        pack regular 400 for $12            -> pack 1, version 2
        settle o paid                       -> paid: lot 1 500 for $10
        order ada regular as p              -> ordered 400 for $12
        pack regular 400 for $12 retired    -> pack 2, version 3
        order ada regular                   -> rejected invalid_request pack
        order ada golden                    -> rejected not_found
        settle p paid                       -> paid: lot 2 400 for $12
        wait 30d
        due ada                             -> lot expired: lot 1 500 $10
        ",
    );
}

#[test]
fn a_pack_that_nobody_could_buy_is_rejected() {
    check(
        "
        pack p 0 for $10                    -> rejected invalid_request credits
        pack p 10 bonus -1 for $10          -> rejected invalid_request bonus_credits
        pack p 8000000000 bonus 1 for $10   -> rejected invalid_request bonus_credits
        pack p 8000000000 for $10           -> pack 0, version 1
        pack p 10 for $0                    -> rejected invalid_request price.amount
        pack p 10 for $0.001                -> rejected invalid_request price.amount
        pack p 10 for EUR1                  -> rejected invalid_request price.currency
        pack p 10 for $1 days 0             -> rejected invalid_request valid_days
        pack p 10 for $1 days 3651          -> rejected invalid_request valid_days
        pack p 10 for $1 days 3650          -> pack 1, version 2
        ",
    );
}

#[test]
fn discount_lowers_the_price_of_the_credits_and_tax_does_not_raise_it() {
    check(
        "
        pack regular 500 for $10
        order ada regular as o
        settle o paid discount $2 tax $1.60 -> paid: lot 1 500 for $8
        meter ada image.generate            -> charged 40: lot 1 40 $0.64
        # 40 % of the $9.60 that were paid.
        settle o refunded $3.84             -> paid: taken 200, refunded $3.2
        ",
    );
}

#[test]
fn what_cost_nothing_is_there_and_nothing_can_be_refunded() {
    check(
        "
        pack regular 500 for $10
        order ada regular as o
        settle o paid discount $10          -> paid: lot 1 500
        meter ada image.generate            -> charged 40: lot 1 40
        refund o                            -> refused nothing_to_refund
        settle o refunded $10 disputed $10  -> paid
        wallet ada                          -> 460 posted, 0 held, 460 available
        ",
    );
}

#[test]
fn money_that_is_not_what_the_order_was_sold_for_waits_for_a_person() {
    check(
        "
        pack regular 500 for $10
        order ada regular as o
        settle o paid $9                    -> held for its amount
        settle o paid $10                   -> rejected unchanged
        refund o                            -> refused order_not_paid held
        wallet ada                          -> 0 posted, 0 held, 0 available
        settle o accept                     -> paid: lot 1 500 for $9
        settle o accept                     -> rejected unchanged
        order ada regular as p
        settle p accept                     -> rejected unchanged
        settle p paid EUR10                 -> held for its currency
        settle p accept                     -> paid: lot 2 500 for $10
        order ada regular as q
        settle q paid $9 accept             -> paid: lot 3 500 for $9
        ",
    );
}

#[test]
fn credits_for_which_there_is_no_room_wait_until_there_is() {
    check(
        "
        pack regular 500 for $10
        grant ada 8000000000 until +1d
        order ada regular as o
        settle o paid                       -> held for want of room
        settle o accept                     -> rejected unchanged
        wait 1d
        settle o paid                       -> paid: lot 2 500 for $10
        ",
    );
}

#[test]
fn a_top_up_settles_debt_at_once() {
    check(
        "
        pack regular 500 for $10
        meter ada agent.run record as run   -> charged 25: owed 25
        order ada regular as o
        settle o paid                       -> paid: lot 1 500 for $10, settles run 25 $0.5
        wallet ada                          -> 475 posted, 0 held, 475 available
        ",
    );
}

#[test]
fn a_refund_takes_what_is_left_first_and_then_what_is_owed() {
    for (used, settled, wallet, order) in [
        (
            "0",
            "paid: taken 200, refunded $4",
            "300 posted, 0 held, 300 available",
            "paid: taken 200, refunded $4",
        ),
        (
            "300",
            "paid: taken 200, refunded $4",
            "0 posted, 0 held, 0 available",
            "paid: taken 200, refunded $4",
        ),
        (
            "400",
            "paid: taken 100, owed 100, refunded $4, revenue $-2",
            "-100 posted, 0 held, -100 available, 100 owed",
            "paid: taken 100, owed 100, refunded $4",
        ),
        (
            "500",
            "paid: owed 200, refunded $4, revenue $-4",
            "-200 posted, 0 held, -200 available, 200 owed",
            "paid: owed 200, refunded $4",
        ),
    ] {
        check(&bought(&format!(
            "
        meter ada tool credits {used}
        settle o refunded 40%               -> {settled}
        settle o refunded 40%               -> rejected unchanged
        wallet ada                          -> {wallet}
        order-of o                          -> {order}
            "
        )));
    }
}

#[test]
fn a_refund_of_all_takes_the_lot_with_its_price() {
    check(&bought(
        "
        settle o refunded 100%              -> paid: taken 500, refunded $10
        wallet ada                          -> 0 posted, 0 held, 0 available
        lots ada                            -> none
        # More than all of it is all of it.
        settle o refunded 130%              -> paid
        wallet ada                          -> 0 posted, 0 held, 0 available
        ",
    ));
}

#[test]
fn a_refund_that_fails_brings_back_what_it_took() {
    check(&bought(
        "
        meter ada tool credits 400          -> charged 400: lot 1 400 $8
        settle o refunded 100%              -> paid: taken 100, owed 400, refunded $10, revenue $-8
        wallet ada                          -> -400 posted, 0 held, -400 available, 400 owed
        settle o back                       -> paid: restored 100, forgiven 400, refunded $-10, revenue $8
        wallet ada                          -> 100 posted, 0 held, 100 available
        ",
    ));
}

#[test]
fn a_refund_before_the_grant_leaves_the_balance_that_it_leaves_after_it() {
    check(
        "
        pack regular 500 for $10
        order ada regular as o
        settle o refunded $4                -> created
        settle o paid                       -> paid: lot 1 500 for $10, taken 200, refunded $4
        wallet ada                          -> 300 posted, 0 held, 300 available
        order ada regular as p
        settle p paid refunded 100%         -> paid: lot 2 500 for $10, taken 500, refunded $10
        wallet ada                          -> 300 posted, 0 held, 300 available
        ",
    );
}

#[test]
fn rounding_goes_down_and_the_money_adds_up() {
    check(
        "
        pack odd 3 for $1
        type tool caller-set
        order ada odd as o
        settle o paid
        settle o refunded $0.50             -> paid: taken 1.5, refunded $0.5
        settle o refunded $0.333333333      -> paid: restored 0.500001, refunded $-0.166667
        meter ada tool credits 2.000001     -> charged 2.000001: lot 1 2.000001 $0.666667
        lots ada                            -> none
        ",
    );
}

#[test]
fn uncollectable_credits_are_counted_and_nobody_owes_them() {
    check(&bought(
        "
        settings refund uncollectable
        meter ada tool credits 400
        settle o refunded 100%              -> paid: taken 100, uncollectable 400, refunded $10, revenue $-8
        wallet ada                          -> 0 posted, 0 held, 0 available
        # What nobody pays comes again first.
        settle o refunded 40%               -> paid: uncollectable -300, refunded $-6, revenue $6
        ",
    ));
}

#[test]
fn a_dispute_sets_the_rest_of_the_lot_aside_and_takes_it_with_the_money() {
    check(&bought(
        "
        meter ada tool credits 100          -> charged 100: lot 1 100 $2
        settle o disputed 100%              -> paid: set aside 400
        wallet ada                          -> 400 posted, 400 held, 0 available
        meter ada chat.reply                -> refused insufficient_credits required 8 available 0
        settle o withdrawn 100%  -> paid: taken 400, owed 100, set aside 0, refunded $10, revenue $-2, frozen
        wallet ada                          -> -100 posted, 0 held, -100 available, 100 owed
        settle o withdrawn 100%             -> rejected unchanged
        meter ada chat.reply record         -> refused wallet_frozen
        settle o back            -> paid: restored 400, forgiven 100, refunded $-10, revenue $2, thawed
        wallet ada                          -> 400 posted, 0 held, 400 available
        ",
    ));
}

#[test]
fn an_inquiry_moves_no_money_and_frees_what_it_set_aside() {
    check(&bought(
        "
        settle o disputed 40%               -> paid: set aside 200
        wallet ada                          -> 500 posted, 200 held, 300 available
        void-grant ada 1                    -> rejected invalid_request grant
        settle o back                       -> paid: set aside 0
        wallet ada                          -> 500 posted, 0 held, 500 available
        ",
    ));
}

#[test]
fn debt_of_a_dispute_is_settled_by_the_next_pack_and_goes_back_to_it_when_it_is_won() {
    check(&bought(
        "
        pack cheap 500 for $5
        meter ada tool credits 500          -> charged 500: lot 1 500 $10
        settle o withdrawn 100%             -> paid: owed 500, refunded $10, revenue $-10, frozen
        grant ada 1000 only tool            -> lot 2
        order ada cheap as p
        settle p paid                       -> paid: lot 3 500 for $5, settles o 500 $5
        wallet ada                          -> 1000 posted, 0 held, 1000 available
        meter ada tool credits 1            -> refused wallet_frozen
        settle o back            -> paid: back to lot 3 500 $5, refunded $-10, revenue $10, thawed
        wallet ada                          -> 1500 posted, 0 held, 1500 available
        ",
    ));
}

#[test]
fn debt_paid_in_part_is_forgiven_first_and_then_given_back() {
    check(&bought(
        "
        settings dispute debt
        meter ada tool credits 500
        settle o withdrawn 100%             -> paid: owed 500, refunded $10, revenue $-10
        grant ada 100 until +1d             -> lot 2: settles o 100
        wallet ada                          -> -400 posted, 0 held, -400 available, 400 owed
        settle o withdrawn 60%              -> paid: forgiven 200, refunded $-4, revenue $4
        wait 1d
        settle o back            -> paid: forgiven 200, new lot 3 100, refunded $-6, revenue $6
        wallet ada                          -> 100 posted, 0 held, 100 available
        ",
    ));
}

#[test]
fn a_person_who_froze_the_wallet_thaws_it() {
    check(&bought(
        "
        meter ada tool credits 500
        freeze ada
        settle o withdrawn 100%             -> paid: owed 500, refunded $10, revenue $-10
        settle o back                       -> paid: forgiven 500, refunded $-10, revenue $10
        meter ada tool credits 1            -> refused wallet_frozen
        ",
    ));
}

#[test]
fn of_a_lot_that_expires_under_dispute_what_is_set_aside_stays_good() {
    check(
        "
        pack month 500 for $10 days 30
        order ada month as o
        settle o paid
        order ada month as p
        settle p paid
        settle o disputed 40%               -> paid: set aside 200
        settle p disputed 100%              -> paid: set aside 500
        wait 30d
        due ada                             -> lot expired: lot 1 300 $6; lot expired: lot 2 0
        wallet ada                          -> 700 posted, 700 held, 0 available
        # Lost: the money takes them.
        settle o withdrawn 40%              -> paid: taken 200, set aside 0, refunded $4
        # Won: they lapse now.
        settle p back                       -> paid: set aside 0, expired lot 2 500 $10
        wallet ada                          -> 0 posted, 0 held, 0 available
        ",
    );
}

#[test]
fn nobody_owes_credits_that_had_lapsed() {
    check(
        "
        pack month 500 for $10 days 30
        type tool caller-set
        order ada month as o
        settle o paid
        meter ada tool credits 100          -> charged 100: lot 1 100 $2
        wait 30d
        due ada                             -> lot expired: lot 1 400 $8
        settle o refunded 60%               -> paid: lapsed 300, refunded $6, revenue $-6
        wallet ada                          -> 0 posted, 0 held, 0 available
        settle o refunded 100%              -> paid: lapsed 100, owed 100, refunded $4, revenue $-4
        settle o refunded 60%               -> paid: lapsed -100, forgiven 100, refunded $-4, revenue $4
        wallet ada                          -> 0 posted, 0 held, 0 available
        ",
    );
}

#[test]
fn what_comes_again_after_its_lot_expired_is_good_for_a_week_and_never_owed() {
    check(
        "
        pack month 500 for $10 days 30
        order ada month as o
        settle o paid
        settle o refunded 100%              -> paid: taken 500, refunded $10
        wait 30d
        settle o back                       -> paid: new lot 2 500, refunded $-10, revenue $10
        wallet ada                          -> 500 posted, 0 held, 500 available
        # The operator tries again: the buyer never used a credit.
        settle o refunded 100%              -> paid: lapsed 500, refunded $10, revenue $-10
        wait 7d
        due ada                             -> lot expired: lot 2 500
        wallet ada                          -> 0 posted, 0 held, 0 available
        ",
    );
}

#[test]
fn unused_credits_are_set_aside_until_the_provider_says_what_became_of_their_refund() {
    check(&bought(
        "
        meter ada tool credits 100
        refund o 500                        -> refused refund_exceeds_unused requested 500 unused 400
        refund o 0                          -> refused refund_exceeds_unused requested 0 unused 400
        refund o 0.4                        -> refused nothing_to_refund
        refund o 200 as r                   -> set aside 200 to refund $4
        refund o 10                         -> refused refund_goes_on 200
        wallet ada                          -> 400 posted, 200 held, 200 available
        # Said before the refund is known to be done, it is counted once.
        settle o refunded $4 ends r         -> paid: taken 200, set aside 0, refunded $4
        settle o ends r                     -> rejected unchanged
        wallet ada                          -> 200 posted, 0 held, 200 available
        refund o as s                       -> set aside 200 to refund $4
        # It was refused.
        settle o ends s                     -> paid: set aside 0
        wallet ada                          -> 200 posted, 0 held, 200 available
        refund o as t                       -> set aside 200 to refund $4
        settle o refunded $8 ends t         -> paid: taken 200, set aside 0, refunded $4
        refund o                            -> refused refund_exceeds_unused requested 0 unused 0
        ",
    ));
}

#[test]
fn a_refund_is_a_whole_number_of_coins_and_what_it_does_not_cover_stays() {
    check(
        "
        pack odd 3 for $1
        order ada odd as o
        settle o paid
        refund o 1 as r                     -> set aside 1 to refund $0.33
        settle o refunded $0.33 ends r      -> paid: taken 0.99, set aside 0, refunded $0.33
        wallet ada                          -> 2.01 posted, 0 held, 2.01 available
        refund o as s                       -> set aside 2.01 to refund $0.67
        settle o refunded $1 ends s         -> paid: taken 2.01, set aside 0, refunded $0.67
        ",
    );
}

#[test]
fn a_refund_is_asked_for_once_under_its_key() {
    check(&bought(
        "
        [k1] refund o 200 as r              -> set aside 200 to refund $4
        [k1] refund o 200                   -> replayed: set aside 200 to refund $4
        [k1] refund o 100                   -> conflict on credits
        [k2] order ada regular              -> ordered 500 for $10
        [k2] order ada regular              -> replayed: ordered 500 for $10
        pack other 1 for $1
        [k2] order ada other                -> conflict on pack
        ",
    ));
}

#[test]
fn a_dispute_and_a_refund_of_one_order_share_its_lot() {
    check(&bought(
        "
        settle o disputed 40%               -> paid: set aside 200
        refund o 301                        -> refused refund_exceeds_unused requested 301 unused 300
        refund o as r                       -> set aside 300 to refund $6
        wallet ada                          -> 500 posted, 500 held, 0 available
        settle o refunded 60% disputed 40% ends r  -> paid: taken 300, set aside 200, refunded $6
        settle o refunded 60% withdrawn 40%        -> paid: taken 200, set aside 0, refunded $4
        lots ada                            -> none
        ",
    ));
}

#[test]
fn a_lot_that_was_bought_is_refunded_and_not_voided() {
    check(&bought(
        "
        grant ada 10
        void-grant ada 1                    -> rejected invalid_request grant
        void-grant ada 2                    -> lot 2 voided: 10
        settle o refunded 100%              -> paid: taken 500, refunded $10
        void-grant ada 1                    -> refused grant_not_open
        ",
    ));
}

#[test]
fn credits_that_a_hold_reserves_are_owed_when_their_money_goes_back() {
    check(&bought(
        "
        hold ada tool credits 300 as h      -> held 300: lot 1 300
        settle o refunded 100%              -> paid: taken 200, owed 300, refunded $10, revenue $-6
        wallet ada                          -> 0 posted, 300 held, -300 available, 300 owed
        capture h                           -> captured 300: lot 1 300 $6
        wallet ada                          -> -300 posted, 0 held, -300 available, 300 owed
        ",
    ));
}

#[test]
fn a_wallet_has_a_hundred_open_orders_and_no_more() {
    let orders = "order ada regular\n".repeat(98);
    check(&format!(
        "
        pack regular 500 for $10
        order ada regular as o
        order ada regular as p
        {orders}
        order ada regular                   -> refused too_many_orders
        settle o expired                    -> expired
        order ada regular                   -> ordered 500 for $10
        settle p paid                       -> paid: lot 1 500 for $10
        # One that is refunded has to be asked for again.
        refund p
        order ada regular                   -> refused too_many_orders
        "
    ));
}
