//! Days as people say them, and instants as commands take them.

/// Days since 1970 that a calendar is written for: the years 0 to 9999.
const DAYS: std::ops::RangeInclusive<i32> = -719_528..=2_932_896;
const DAY_MS: i64 = 86_400_000;

/// Days from one to another, both among them: `1 Mar to 28 Mar 2026`.
pub(super) fn days(first: i32, last: i32) -> String {
    let (begin, end) = (day(first), day(last));
    let begin = if civil(first).0 == civil(last).0 {
        begin.rsplit_once(' ').map_or("", |(day, _)| day).to_owned()
    } else {
        begin
    };
    format!("{begin} to {end}")
}

/// A day, by its number since 1970: `14 Mar 2026`.
pub(super) fn day(number: i32) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day) = civil(number);
    let month = usize::try_from(month - 1).ok().and_then(|at| MONTHS.get(at)).unwrap_or(&"");
    format!("{day} {month} {year}")
}

/// An instant as commands and queries take it: the day alone where it is the first instant of one in UTC.
pub(super) fn instant(ms: i64) -> String {
    let days = i32::try_from(ms.div_euclid(DAY_MS)).unwrap_or(i32::MAX);
    let (year, month, day) = civil(days);
    let date = format!("{year:04}-{month:02}-{day:02}");
    let rest = ms.rem_euclid(DAY_MS);
    if rest == 0 {
        return format!("{date}T00:00:00Z");
    }
    let (seconds, part) = (rest / 1_000, rest % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let part = if part == 0 { String::new() } else { format!(".{part:03}") };
    format!("{date}T{hours:02}:{minutes:02}:{seconds:02}{part}Z")
}

/// Year, month and day of a day since 1970, in the Gregorian calendar.
fn civil(number: i32) -> (i64, i64, i64) {
    let number = i64::from(number.clamp(*DAYS.start(), *DAYS.end()));
    // Howard Hinnant's algorithm: eras of 400 years that begin on 1 March of the year 0.
    let shifted = number + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (number, expected) in
            [(0, "1 Jan 1970"), (-1, "31 Dec 1969"), (11_016, "29 Feb 2000"), (20_526, "14 Mar 2026")]
        {
            assert_eq!(day(number), expected, "{number}");
        }
        assert_eq!(days(20_513, 20_540), "1 Mar to 28 Mar 2026");
        assert_eq!(days(20_448, 20_475), "26 Dec 2025 to 22 Jan 2026");
        assert_eq!(instant(1_773_446_400_000), "2026-03-14T00:00:00Z");
        assert_eq!(instant(1_773_446_400_000 + 3_723_004), "2026-03-14T01:02:03.004Z");
    }
}
