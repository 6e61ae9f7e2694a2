//! Orders of packs: sold as they were for sale, and paid once, whatever is delivered how often.

use chargly_testkit::story::check;

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
        checkout o                          -> checkout opened
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
