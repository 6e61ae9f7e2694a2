//! Prices: rules, rounding, bounds, and which version is in force.

use chargly_testkit::story::check;

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
fn tiers_are_graduated_by_the_events_own_quantity_and_rounded_once() {
    check(
        "
        grant ada 1000
        type pages
        price pages tiers 100:1,0.5             -> price 5, version 1
        meter ada pages                         -> charged 1: lot 1 1
        meter ada pages x 100                   -> charged 100: lot 1 100
        meter ada pages x 101.5                 -> charged 100.75: lot 1 100.75
        price pages tiers 100:1,0.5 whole up    -> price 6, version 2
        meter ada pages x 101.5                 -> charged 101: lot 1 101
        hold ada pages x 300 as h               -> held 200: lot 1 200
        capture h x 102                         -> captured 101: lot 1 101, released lot 1 99
        price pages tiers 1:1,-1                -> rejected invalid_request rule.tiers[1].credits
        ",
    );
}

#[test]
fn a_table_takes_its_first_row_that_matches_and_else_the_default() {
    check(
        "
        grant ada 1000
        type image
        price image table model=big,size=1024:12;model=big:9;8
        meter ada image model=big size=1024     -> charged 12: lot 1 12
        meter ada image model=big size=1024.0   -> charged 12: lot 1 12
        meter ada image model=big size=512      -> charged 9: lot 1 9
        meter ada image model=small size=1024   -> charged 8: lot 1 8
        meter ada image                         -> charged 8: lot 1 8
        hold ada image                          -> held 8: lot 1 8
        ",
    );
}

#[test]
fn a_price_made_of_the_cost_needs_one_and_a_later_cost_never_prices_anew() {
    check(
        "
        grant ada 1000
        type chat
        price chat times 1000 min 3 whole       -> rejected invalid_request rounding
        price chat times 1000 min 3 whole up    -> price 5, version 1
        meter ada chat                          -> rejected cost_required
        meter ada chat cost $0.0042             -> charged 5: lot 1 5
        meter ada chat cost $0.0001             -> charged 3: lot 1 3
        meter ada chat cost $0                  -> charged 3: lot 1 3
        meter ada chat cost EUR1                -> rejected invalid_request cost.currency
        hold ada chat                           -> rejected cost_required
        hold ada chat credits 10 as h           -> held 10: lot 1 10
        capture h x 1                           -> rejected cost_required
        capture h x 1 cost $0.0042              -> captured 5: lot 1 5, released lot 1 5
        price chat times 1000/3 up              -> price 6, version 2
        meter ada chat cost $0.0042             -> charged 1.4: lot 1 1.4
        meter ada chat cost $0.0041             -> charged 1.366667: lot 1 1.366667
        ",
    );
}
