//! Low balances: each threshold told once when it is crossed, and again only after the balance was well above it.

use chargly_ops::Alert;

/// Parts of what a wallet had after its last top-up, in percent, at which its balance is called low. Decreasing.
pub const LEVELS_PERCENT: [i64; 4] = [50, 20, 5, 0];
/// How far above a level, in percent of the same, a balance has to come before that level is told again.
pub const REARM_PERCENT: i64 = 10;

/// The bit of "nothing left", behind those of the levels.
const EMPTY_BIT: i64 = 1 << LEVELS_PERCENT.len();

/// What happened to a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Credits were granted: what there is now is what levels are parts of.
    Granted,
    /// Anything else, by so many micro-credits.
    Other(i64),
}

/// What has to be told of a balance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Crossed {
    /// The lowest level that was crossed, in percent.
    pub(crate) level_percent: Option<i64>,
    /// Whether nothing is left.
    pub(crate) is_empty: bool,
}

/// Follows a balance: what was told of a wallet, what happened to it, what it can spend now. A wallet that is seen for
/// the first time is taken for one that had its last top-up just before.
pub(crate) fn follow(told: Option<Alert>, change: Change, available_micro: i64) -> (Alert, Crossed) {
    let before = match change {
        Change::Granted => available_micro,
        Change::Other(micro) => available_micro.saturating_sub(micro),
    };
    let mut alert = told.unwrap_or(Alert { fired: 0, value: before });
    if change == Change::Granted {
        alert.value = available_micro;
    }
    let (base, mut crossed) = (alert.value.max(0), Crossed::default());
    for (index, percent) in LEVELS_PERCENT.into_iter().enumerate().filter(|_| base > 0) {
        let bit = 1 << index;
        if available_micro <= part(base, percent) {
            if alert.fired & bit == 0 {
                crossed.level_percent = Some(percent);
            }
            alert.fired |= bit;
        } else if available_micro >= part(base, percent + REARM_PERCENT) {
            alert.fired &= !bit;
        }
    }
    if available_micro <= 0 {
        crossed.is_empty = alert.fired & EMPTY_BIT == 0;
        alert.fired |= EMPTY_BIT;
    } else if available_micro >= part(base, REARM_PERCENT) {
        alert.fired &= !EMPTY_BIT;
    }
    (alert, crossed)
}

/// What a level is in micro-credits.
pub(crate) fn part(base: i64, percent: i64) -> i64 {
    i64::try_from(i128::from(base) * i128::from(percent) / 100).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of a wallet as it is granted (`+`) and uses credits, one line for each step.
    fn told(steps: &[(char, i64)]) -> Vec<String> {
        let (mut alert, mut available, mut lines) = (None, 0, Vec::new());
        for (what, credits) in steps {
            let change = match what {
                '+' => Change::Granted,
                _ => Change::Other(-credits),
            };
            available += if *what == '+' { *credits } else { -credits };
            let (next, crossed) = follow(alert, change, available);
            alert = Some(next);
            lines.push(match (crossed.level_percent, crossed.is_empty) {
                (Some(level), true) => format!("{level} empty"),
                (Some(level), false) => level.to_string(),
                (None, true) => "empty".to_owned(),
                (None, false) => "-".to_owned(),
            });
        }
        lines
    }

    #[test]
    fn each_level_is_told_once_on_the_way_down_and_the_lowest_of_several() {
        assert_eq!(told(&[('+', 1_000), ('-', 499), ('-', 1), ('-', 1)]), ["-", "-", "50", "-"]);
        assert_eq!(told(&[('+', 1_000), ('-', 960), ('-', 40), ('-', 5)]), ["-", "5", "0 empty", "-"]);
        assert_eq!(told(&[('+', 1_000), ('-', 1_000)]), ["-", "0 empty"]);
    }

    #[test]
    fn level_is_told_again_only_after_ten_percent_above_it() {
        let down_up_down = |up: i64| told(&[('+', 1_000), ('-', 500), ('r', -up), ('-', up)]);
        assert_eq!(down_up_down(99), ["-", "50", "-", "-"]);
        assert_eq!(down_up_down(100), ["-", "50", "-", "50"]);
    }

    #[test]
    fn grant_is_the_new_whole_and_arms_everything_again() {
        assert_eq!(told(&[('+', 100), ('-', 60), ('+', 60), ('-', 50)]), ["-", "50", "-", "50"]);
        assert_eq!(told(&[('+', 100), ('-', 100), ('+', 5), ('-', 5)]), ["-", "0 empty", "-", "0 empty"]);
    }

    #[test]
    fn grant_that_only_pays_debt_tells_nothing_and_empty_is_not_told_twice() {
        assert_eq!(told(&[('+', 100), ('-', 150), ('+', 20), ('-', 1)]), ["-", "0 empty", "-", "-"]);
    }

    #[test]
    fn wallet_seen_first_in_the_middle_is_measured_by_what_it_had_then() {
        assert_eq!(follow(None, Change::Other(-60), 40).1.level_percent, Some(50));
        assert_eq!(follow(None, Change::Other(-40), 60).1, Crossed::default());
        assert_eq!(follow(None, Change::Other(-5), -5).1, Crossed { level_percent: None, is_empty: true });
        assert_eq!(follow(None, Change::Other(5), i64::MAX).1, Crossed::default());
    }
}
