//! Days to empty: how long what a wallet has lasts at the pace of its last weeks.

use chargly_ledger::Millis;

/// How many whole days back are looked at: four half-lives, behind which a day counts a sixteenth.
pub const BURN_DAYS: usize = 28;
/// Active days below which nothing is said: fewer are no pace.
pub const ACTIVE_DAYS_MIN: usize = 5;

/// Weight of a day that lies so many days back, yesterday first: 2^16 · 2^(−age / 7), rounded to the nearest whole, so
/// that a day counts half as much as the one a week after it.
const WEIGHTS: [i128; BURN_DAYS] = [
    65_536, 59_358, 53_761, 48_693, 44_102, 39_945, 36_179, 32_768, 29_679, 26_881, 24_347, 22_051, 19_972,
    18_089, 16_384, 14_839, 13_440, 12_173, 11_026, 9_986, 9_045, 8_192, 7_420, 6_720, 6_087, 5_513, 4_993,
    4_522,
];
pub(super) const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// As long as that reaches back, but for changes of the clocks.
pub(super) const BURN_MS: i64 = 28 * DAY_MS;

/// What a wallet used on each of the last whole days, yesterday first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Burn {
    micro: [i128; BURN_DAYS],
}

impl Burn {
    /// Takes in what was used on the local day that began at `start`; `today` is the start of the current day, which
    /// is not whole and does not count.
    pub fn add(&mut self, today: Millis, start: Millis, credits_micro: i128) {
        // Days with a change of clock are an hour longer or shorter: the nearest whole number is how many there were.
        let age = (today.0 - start.0 + DAY_MS / 2).div_euclid(DAY_MS);
        let day = usize::try_from(age - 1).ok().and_then(|day| self.micro.get_mut(day));
        if let Some(day) = day {
            *day += credits_micro;
        }
    }

    /// Tenths of a day until `available_micro` is used up, rounded down. `None` under [`ACTIVE_DAYS_MIN`] active days,
    /// or where nothing is used on balance. Days before the first use do not count, idle ones after it do.
    pub fn tenths_to_empty(&self, available_micro: i128) -> Option<i128> {
        let first = self.micro.iter().rposition(|day| *day > 0)?;
        if self.micro.iter().filter(|day| **day > 0).count() < ACTIVE_DAYS_MIN {
            return None;
        }
        let days = WEIGHTS.iter().zip(&self.micro).take(first + 1);
        let (weight, used) =
            days.fold((0, 0), |(weight, used), (w, day)| (weight + w, used + w * day.max(&0)));
        if used <= 0 {
            return None;
        }
        Some(available_micro.max(0).checked_mul(weight)?.checked_mul(10)? / used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MICRO: i128 = 1_000_000;
    const TODAY: Millis = Millis(1_795_392_000_000);

    fn burn(days: &[(i64, i128)]) -> Burn {
        let mut burn = Burn::default();
        for (age, credits) in days {
            burn.add(TODAY, Millis(TODAY.0 - age * DAY_MS), credits * MICRO);
        }
        burn
    }

    #[test]
    fn weights_halve_every_week() {
        for (age, weight) in WEIGHTS.iter().enumerate().skip(7) {
            let double = weight * 2 - WEIGHTS[age - 7];
            assert!((-1..=1).contains(&double), "day {age}");
        }
        assert!(WEIGHTS.is_sorted_by(|a, b| a > b));
    }

    #[test]
    fn steady_use_lasts_as_many_days_as_it_divides_into() {
        let daily: Vec<_> = (1..=28).map(|age| (age, 10)).collect();
        assert_eq!(burn(&daily).tenths_to_empty(75 * MICRO), Some(75));
        assert_eq!(burn(&daily).tenths_to_empty(0), Some(0));
        assert_eq!(burn(&daily).tenths_to_empty(-5 * MICRO), Some(0), "in debt");
    }

    #[test]
    fn recent_days_count_more() {
        let rising: Vec<_> = (1..=28).map(|age| (age, if age <= 7 { 20 } else { 10 })).collect();
        // The mean is 12.5 a day, the weighted one 15.3.
        assert_eq!(burn(&rising).tenths_to_empty(150 * MICRO), Some(97));
    }

    #[test]
    fn fewer_than_five_active_days_are_no_pace() {
        let days: Vec<_> = [1, 3, 9, 20].map(|age| (age, 10)).into();
        assert_eq!(burn(&days).tenths_to_empty(100 * MICRO), None);
        let five: Vec<_> = [1, 3, 9, 20, 28].map(|age| (age, 10)).into();
        assert!(burn(&five).tenths_to_empty(100 * MICRO).is_some());
    }

    #[test]
    fn today_and_what_lies_further_back_do_not_count() {
        let days: Vec<_> = [0, 1, 2, 3, 4, 29, 300].map(|age| (age, 10)).into();
        assert_eq!(burn(&days).tenths_to_empty(100 * MICRO), None, "four whole days of the last 28");
        let mut shifted = Burn::default();
        for age in 1..=5 {
            // A day of 25 hours in between.
            shifted.add(TODAY, Millis(TODAY.0 - age * DAY_MS - 3_600_000), 10 * MICRO);
        }
        assert_eq!(shifted.tenths_to_empty(100 * MICRO), Some(100));
    }
}
