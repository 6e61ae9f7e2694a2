//! From what was left in one period to what is left in the next: how much of the difference is price, rate, mix, volume
//! and credits that were given away; and the same for what a credit brings.
//!
//! Every step is an amount in billionths, worked out from sums of both periods by event type. Where a step takes a
//! division it is rounded towards zero, and the step named behind it takes the rest.
//!
//! Invariants: the steps add up to the difference exactly; no float. Not owned here: the sums (the API), the drawing.

use crate::look::{Amount, UNIT};

/// Sums of one event type in one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) events: Amount,
    pub(super) quantity: Amount,
    pub(super) credits: Amount,
    /// Those of the credits that were of lots at no price.
    pub(super) given: Amount,
    pub(super) revenue: Amount,
    pub(super) cost: Amount,
}

/// The same before and now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) before: Sums,
    pub(super) now: Sums,
}

/// What moved what is left, of one event type or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moves {
    /// More or fewer events, at what an event left on average before. Of all types together only.
    pub(super) volume: Amount,
    /// Other event types, and larger or smaller events, at what a unit of each left before. Of a single type this has
    /// its volume, too.
    pub(super) mix: Amount,
    /// What a unit brings, but for what was given away.
    pub(super) price: Amount,
    /// Credits that were given away: what they would have brought at what paid ones brought before.
    pub(super) promo: Amount,
    /// What a unit costs.
    pub(super) rate: Amount,
}

/// From what was left before to what is left now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bridge {
    pub(super) before: Amount,
    pub(super) moves: Moves,
    /// What is of no event type: credits that lapsed, revenue that was taken back with money.
    pub(super) no_type: Amount,
    pub(super) now: Amount,
    /// The moves of each type, in the order they came.
    pub(super) by_type: Vec<Moves>,
}

/// The bridge between two periods; `no_type` is revenue of no event type, before and now. `None` without events before,
/// and where an amount is beyond what can be multiplied.
pub(super) fn bridge(types: &[Pair], no_type: (Amount, Amount)) -> Option<Bridge> {
    let by_type = types.iter().map(moves).collect::<Option<Vec<Moves>>>()?;
    let sum = |of: fn(&Pair) -> Amount| types.iter().map(of).sum::<Amount>();
    let left = |sums: &Sums| sums.revenue.less(sums.cost);
    let (events_before, events_now) = (sum(|pair| pair.before.events), sum(|pair| pair.now.events));
    let before: Amount = types.iter().map(|pair| left(&pair.before)).sum();
    let now: Amount = types.iter().map(|pair| left(&pair.now)).sum();
    let volume = times(before, events_now.less(events_before), events_before)?;
    let all = |of: fn(&Moves) -> Amount| by_type.iter().map(of).sum::<Amount>();
    let moves = Moves {
        volume,
        mix: all(|moves| moves.mix).less(volume),
        price: all(|moves| moves.price),
        promo: all(|moves| moves.promo),
        rate: all(|moves| moves.rate),
    };
    Some(Bridge {
        before: before.plus(no_type.0),
        moves,
        no_type: no_type.1.less(no_type.0),
        now: now.plus(no_type.1),
        by_type,
    })
}

/// What moved what one event type leaves.
fn moves(Pair { before, now }: &Pair) -> Option<Moves> {
    let left = |sums: &Sums| sums.revenue.less(sums.cost);
    // What began or ended has no unit to compare with: all of it is what is sold now, and was not, or the other way.
    if before.quantity.0 <= 0 || now.quantity.0 <= 0 {
        return Some(Moves { mix: left(now).less(left(before)), ..Moves::default() });
    }
    // The same units as now, at what a unit brought and cost before.
    let revenue = times(before.revenue, now.quantity, before.quantity)?;
    let cost = times(before.cost, now.quantity, before.quantity)?;
    let promo = given_away(before, now)?;
    Some(Moves {
        volume: Amount::ZERO,
        mix: revenue.less(cost).less(left(before)),
        price: now.revenue.less(revenue).less(promo),
        promo,
        rate: cost.less(now.cost),
    })
}

/// What it took from revenue that a larger share of the credits used was given away than before; more than nothing where
/// a smaller one was. A paid credit is worth what it brought before, else what it brings now.
fn given_away(before: &Sums, now: &Sums) -> Option<Amount> {
    let usual = match before.credits.0 > 0 {
        true => times(now.credits, before.given, before.credits)?,
        false => Amount::ZERO,
    };
    let more = now.given.less(usual);
    let paid = |sums: &Sums| sums.credits.less(sums.given);
    match [before, now].into_iter().find(|sums| paid(sums).0 > 0) {
        Some(sums) => times(Amount::ZERO.less(more), sums.revenue, paid(sums)),
        None => Some(Amount::ZERO),
    }
}

/// From what a credit brought to what it brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PerCredit {
    pub(super) before: Amount,
    /// A larger or smaller share of the credits used was given away.
    pub(super) given: Amount,
    /// Revenue of no event type, for each credit used: credits that lapsed, less what was taken back.
    pub(super) no_type: Amount,
    /// What was paid for the credits that were used.
    pub(super) paid: Amount,
    pub(super) now: Amount,
}

/// The bridge of revenue per credit used. `None` where no credits were used in one of the periods.
pub(super) fn per_credit(of_types: &Pair, no_type: (Amount, Amount)) -> Option<PerCredit> {
    let Pair { before, now } = of_types;
    let whole = Amount(UNIT);
    let before_all = times(before.revenue.plus(no_type.0), whole, before.credits)?;
    let now_all = times(now.revenue.plus(no_type.1), whole, now.credits)?;
    let given = times(given_away(before, now)?, whole, now.credits)?;
    let lapsed = times(no_type.1, whole, now.credits)?.less(times(no_type.0, whole, before.credits)?);
    Some(PerCredit {
        before: before_all,
        given,
        no_type: lapsed,
        paid: now_all.less(before_all).less(given).less(lapsed),
        now: now_all,
    })
}

/// `amount × part ÷ whole`, rounded towards zero; `None` of nothing, and beyond what can be multiplied.
fn times(amount: Amount, part: Amount, whole: Amount) -> Option<Amount> {
    if whole.0 <= 0 {
        return None;
    }
    amount.0.checked_mul(part.0).map(|product| Amount(product / whole.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events, quantity, credits, given credits, revenue and cost, all whole.
    fn sums([events, quantity, credits, given, revenue, cost]: [i64; 6]) -> Sums {
        let whole = Amount::whole;
        Sums {
            events: whole(events),
            quantity: whole(quantity),
            credits: whole(credits),
            given: whole(given),
            revenue: whole(revenue),
            cost: whole(cost),
        }
    }

    fn pair(before: [i64; 6], now: [i64; 6]) -> Pair {
        Pair { before: sums(before), now: sums(now) }
    }

    /// Volume, mix, price, promo and rate of some types, in whole units.
    fn steps(types: &[Pair]) -> [i128; 5] {
        let found = bridge(types, (Amount::ZERO, Amount::ZERO)).expect("a bridge");
        assert_adds_up(&found);
        let Moves { volume, mix, price, promo, rate } = found.moves;
        [volume, mix, price, promo, rate].map(|amount| amount.0 / UNIT)
    }

    fn assert_adds_up(found: &Bridge) {
        let Moves { volume, mix, price, promo, rate } = found.moves;
        let moved: Amount = [volume, mix, price, promo, rate, found.no_type].into_iter().sum();
        assert_eq!(found.before.plus(moved), found.now);
    }

    #[test]
    fn each_cause_alone_moves_its_own_step_alone() {
        // 100 events of a unit each, 10 credits and $2 an event, $1 of cost.
        let before = [100, 100, 1_000, 0, 200, 100];
        for (why, now, expected) in [
            ("nothing moved", before, [0, 0, 0, 0, 0]),
            ("half as many events again", [150, 150, 1_500, 0, 300, 150], [50, 0, 0, 0, 0]),
            ("an event has two units", [100, 200, 2_000, 0, 400, 200], [0, 100, 0, 0, 0]),
            ("a unit is charged 15 credits", [100, 100, 1_500, 0, 300, 100], [0, 0, 100, 0, 0]),
            ("a credit was sold for half", [100, 100, 1_000, 0, 100, 100], [0, 0, -100, 0, 0]),
            ("a quarter was given away", [100, 100, 1_000, 250, 150, 100], [0, 0, 0, -50, 0]),
            ("all of it was given away", [100, 100, 1_000, 1_000, 0, 100], [0, 0, 0, -200, 0]),
            ("a unit costs $1.50", [100, 100, 1_000, 0, 200, 150], [0, 0, 0, 0, -50]),
            ("nothing is used", [0, 0, 0, 0, 0, 0], [-100, 0, 0, 0, 0]),
        ] {
            assert_eq!(steps(&[pair(before, now)]), expected, "{why}");
        }
    }

    #[test]
    fn less_given_away_than_before_is_a_gain_of_promo() {
        // Half was given away, and a paid credit brought $0.20: nothing is given away now.
        let types = [pair([100, 100, 1_000, 500, 100, 80], [100, 100, 1_000, 0, 200, 80])];
        assert_eq!(steps(&types), [0, 0, 0, 100, 0]);
        // All was given away, so that only now a paid credit brings something.
        let types = [pair([100, 100, 1_000, 1_000, 0, 80], [100, 100, 1_000, 0, 200, 80])];
        assert_eq!(steps(&types), [0, 0, 0, 200, 0]);
    }

    #[test]
    fn as_many_events_of_a_type_that_leaves_less_are_mix() {
        // Chat leaves $1 an event, images leave nothing.
        let chat = |events: i64| [events, events, events * 10, 0, events * 2, events];
        let image = |events: i64| [events, events, events * 50, 0, events * 10, events * 10];
        let moved = [pair(chat(80), chat(50)), pair(image(20), image(50))];
        assert_eq!(steps(&moved), [0, -30, 0, 0, 0]);
        let found = bridge(&moved, (Amount::ZERO, Amount::ZERO)).expect("a bridge");
        assert_eq!(found.by_type[0].mix, Amount::whole(-30), "at what a unit of the type left");
        // Twice as many of each is volume alone.
        assert_eq!(steps(&[pair(chat(80), chat(160)), pair(image(20), image(40))]), [80, 0, 0, 0, 0]);
    }

    #[test]
    fn what_begins_or_ends_is_mix_and_what_has_no_type_stands_apart() {
        let types = [
            pair([100, 100, 1_000, 0, 200, 100], [100, 100, 1_000, 0, 200, 100]),
            pair([0; 6], [10, 10, 100, 0, 50, 20]),
            pair([10, 10, 100, 0, 5, 20], [0; 6]),
        ];
        let found = bridge(&types, (Amount::whole(7), Amount::whole(-2))).expect("a bridge");
        assert_adds_up(&found);
        assert_eq!((found.before, found.now), (Amount::whole(92), Amount::whole(128)));
        assert_eq!((found.moves.volume, found.moves.mix), (Amount::ZERO, Amount::whole(45)));
        assert_eq!(found.no_type, Amount::whole(-9));
        assert_eq!(bridge(&types[1..2], (Amount::ZERO, Amount::ZERO)), None, "no events before");
        assert_eq!(bridge(&[], (Amount::ZERO, Amount::ZERO)), None);
    }

    #[test]
    fn a_credit_brings_less_where_more_is_given_away_and_more_where_it_lapses_or_was_dearer() {
        let nothing = (Amount::ZERO, Amount::ZERO);
        let usual = [100, 100, 1_000, 0, 200, 100];
        let cents = |found: PerCredit| {
            [found.before, found.given, found.no_type, found.paid, found.now].map(|a| a.0 * 100 / UNIT)
        };
        for (why, now, no_type, expected) in [
            ("a quarter was given away", [100, 100, 1_000, 250, 150, 100], nothing, [20, -5, 0, 0, 15]),
            ("packs were dearer", [200, 200, 2_000, 0, 600, 100], nothing, [20, 0, 0, 10, 30]),
            ("$50 lapsed", usual, (Amount::ZERO, Amount::whole(50)), [20, 0, 5, 0, 25]),
            (
                "all at once",
                [100, 100, 2_000, 500, 450, 0],
                (Amount::ZERO, Amount::whole(60)),
                [20, -5, 3, 7, 25],
            ),
        ] {
            assert_eq!(cents(per_credit(&pair(usual, now), no_type).expect("a bridge")), expected, "{why}");
        }
        assert_eq!(per_credit(&pair(usual, [0; 6]), nothing), None);
        assert_eq!(per_credit(&pair([0; 6], usual), nothing), None);
    }

    proptest::proptest! {
        #[test]
        fn steps_add_up_whatever_there_is(
            numbers in proptest::collection::vec(proptest::array::uniform12(0_i64..1_000_000), 1..6),
            nano in -999_i128..999,
            no_type in (-1_000_i64..1_000, -1_000_i64..1_000),
        ) {
            let types: Vec<Pair> = numbers
                .iter()
                .map(|n| {
                    let mut of = pair([n[0], n[1], n[2], n[3], n[4], n[5]], [n[6], n[7], n[8], n[9], n[10], n[11]]);
                    of.now.revenue.0 += nano;
                    of.before.cost.0 -= nano;
                    of
                })
                .collect();
            let no_type = (Amount::whole(no_type.0), Amount::whole(no_type.1));
            if let Some(found) = bridge(&types, no_type) {
                assert_adds_up(&found);
                for (moves, of) in found.by_type.iter().zip(&types) {
                    let moved = moves.mix.plus(moves.price).plus(moves.promo).plus(moves.rate);
                    let left = |sums: &Sums| sums.revenue.less(sums.cost);
                    proptest::prop_assert_eq!(left(&of.before).plus(moved), left(&of.now));
                }
            }
        }
    }
}
