//! What is missing before something can be acted on.

use chargly_ledger::{Need, Needed};

use super::numbers::{count, counted, odds_at_least, percent_exactly};

/// What there is of what is needed: `3 of 20 paying customers so far`.
pub fn need_in_words(need: &Need) -> String {
    let of = |noun: &str| format!("{} of {} {noun} so far", count(need.have), count(need.need));
    let share = |bp: i64| percent_exactly(bp);
    match need.what {
        Needed::PayingCustomers => of("paying customers"),
        Needed::Events => of("events"),
        Needed::Days => of("days with events"),
        Needed::LargestCustomer => format!(
            "one customer alone makes {} of the cost; {} or less would tell of more than one",
            share(need.have),
            share(need.need)
        ),
        Needed::CostsKnown => {
            format!(
                "the cost of {} of the events is known, {} are needed",
                share(need.have),
                share(need.need)
            )
        }
        Needed::PaidCredits => {
            "nobody has paid for credits yet, so nothing says what one is worth".to_owned()
        }
        Needed::Looks => format!("{} of {} looks, a week apart, that say the same", need.have, need.need),
        Needed::Certainty => {
            let odds = |bp: i64| odds_at_least(u32::try_from(bp).unwrap_or(0));
            format!("{} that it is true so far; {} is the least to act on", odds(need.have), odds(need.need))
        }
        Needed::LiveChanges => {
            let most = if need.need == 1 { "one".to_owned() } else { count(need.need) };
            format!(
                "{} not a month old yet, and at most {most} may be: else nothing stays to compare with",
                if need.have == 1 {
                    "1 price change is".to_owned()
                } else {
                    format!("{} price changes are", count(need.have))
                }
            )
        }
        Needed::DaysSinceChange => of("days since its last price change"),
    }
}

/// What is still to come: `17 more paying customers`. `None` where waiting is not what helps.
pub(super) fn still(need: &Need) -> Option<String> {
    let more = |noun: &str| {
        let missing = (need.need - need.have).max(1);
        let noun = counted(missing, noun);
        let (number, noun) = noun.split_once(' ').unwrap_or((&noun, ""));
        format!("{number} more {noun}")
    };
    Some(match need.what {
        Needed::PayingCustomers => more("paying customer"),
        Needed::Events => more("event"),
        Needed::Days => format!("{} with events", more("day")),
        Needed::LargestCustomer => "more use by other customers".to_owned(),
        Needed::CostsKnown => "costs with more of the events".to_owned(),
        Needed::PaidCredits => "a first sale of credits".to_owned(),
        Needed::Looks => "another look that says the same, a week later".to_owned(),
        Needed::Certainty => "more usage".to_owned(),
        Needed::LiveChanges => return None,
        Needed::DaysSinceChange => more("day"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_what_there_is() {
        for (what, have, need, expected, more) in [
            (
                Needed::PayingCustomers,
                3,
                20,
                "3 of 20 paying customers so far",
                Some("17 more paying customers"),
            ),
            (
                Needed::PayingCustomers,
                19,
                20,
                "19 of 20 paying customers so far",
                Some("1 more paying customer"),
            ),
            (Needed::Days, 9, 14, "9 of 14 days with events so far", Some("5 more days with events")),
            (Needed::Days, 13, 14, "13 of 14 days with events so far", Some("1 more day with events")),
            (
                Needed::LargestCustomer,
                6_210,
                5_000,
                "one customer alone makes 62.1 % of the cost; 50 % or less would tell of more than one",
                Some("more use by other customers"),
            ),
            (
                Needed::Certainty,
                6_999,
                7_000,
                "6 in 10 that it is true so far; 7 in 10 is the least to act on",
                Some("more usage"),
            ),
            (
                Needed::Looks,
                1,
                2,
                "1 of 2 looks, a week apart, that say the same",
                Some("another look that says the same, a week later"),
            ),
            (
                Needed::LiveChanges,
                2,
                1,
                "2 price changes are not a month old yet, and at most one may be: else nothing stays to compare with",
                None,
            ),
        ] {
            let told = Need { what, have, need };
            assert_eq!(need_in_words(&told), expected);
            assert_eq!(still(&told).as_deref(), more);
        }
    }
}
