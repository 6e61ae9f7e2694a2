//! Numbers as people say them: from the integers of a record, rounded to what a person needs.

use std::fmt::Write as _;

use chargly_ledger::{Credits, Currency, Money, Span};

/// Nano-units in one unit of a currency.
const NANO: u128 = 1_000_000_000;
/// Nano-units in a hundredth of one.
const CENT: u128 = NANO / 100;
/// Micro-units in one unit, of credits or of what is counted.
const MICRO: i128 = 1_000_000;

/// A whole number with its digits in groups of three: `10,307`.
pub(super) fn count(number: impl Into<i128>) -> String {
    let number = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut out = String::from(if number < 0 { "−" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its noun: `1 customer`, `12 customers`.
pub(super) fn counted(number: impl Into<i128>, noun: &str) -> String {
    let number = number.into();
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A sum of money: `$182`, `$4.20`, `−$3.10`. From ten on without cents.
pub(super) fn sum(nano: i128, currency: Currency) -> String {
    let size = nano.unsigned_abs();
    if size != 0 && size < CENT / 2 {
        return each(nano, currency);
    }
    let coins = currency.minor_digits().min(2);
    let places = if size >= 10 * NANO { 0 } else { coins };
    with_currency(nano, currency, &fixed(size, places, true))
}

/// What one thing costs: in cents, to three digits, where it is less than a dollar: `4.0 ¢`, `0.42 ¢`, `12.5 ¢`.
pub(super) fn each(nano: i128, currency: Currency) -> String {
    let size = nano.unsigned_abs();
    if size >= NANO || size == 0 {
        return with_currency(nano, currency, &fixed(size, 2, true));
    }
    let size = three_digits(size);
    if currency == Currency::USD && size < NANO {
        return format!("{}{} ¢", sign(nano), decimal(size, CENT, size < 10 * CENT));
    }
    with_currency(nano, currency, &decimal(size, NANO, false))
}

/// The whole amount with every digit, where the arithmetic is shown: `$412.30`, `$0.0042`.
pub(super) fn exactly(nano: i128, currency: Currency) -> String {
    let text = Money::amount_of(nano.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), |whole: i128| count(whole));
    let part = if (1..2).contains(&part.len()) { format!("{part}0") } else { part.to_owned() };
    let point = if part.is_empty() { "" } else { "." };
    with_currency(nano, currency, &format!("{whole}{point}{part}"))
}

/// A range of sums: `$95 to $210`, or one of them where both ends read alike.
pub(super) fn range(span: &Span, show: impl Fn(i128) -> String) -> String {
    let (low, high) = (show(span.low), show(span.high));
    if low == high { low } else { format!("{low} to {high}") }
}

/// Credits: `1 credit`, `4.2 credits`.
pub(super) fn credits(credits: Credits) -> String {
    let noun = if credits.micro() == 1_000_000 { "credit" } else { "credits" };
    format!("{} {noun}", bare_credits(credits))
}

/// Credits without the word: `4.2`.
pub(super) fn bare_credits(credits: Credits) -> String {
    micro(credits.micro().into())
}

/// Credits to three digits, upwards, so that what is said is enough: `0.317 credits`.
pub(super) fn credits_up(credits: Credits) -> String {
    if credits.micro() < 0 {
        return self::credits(credits);
    }
    let size = credits.micro().unsigned_abs();
    let digits = u32::try_from(size.to_string().len()).unwrap_or(3);
    let step = 10u64.pow(digits.saturating_sub(3)).min(1_000_000);
    let micro = i64::try_from(size.div_ceil(step) * step).unwrap_or(i64::MAX);
    self::credits(Credits::from_micro(micro))
}

/// Millionths of a unit to three digits: `1.02`.
pub(super) fn about_micro(number: i128) -> String {
    let rounded = i128::try_from(three_digits(number.unsigned_abs())).unwrap_or(i128::MAX);
    micro(rounded * number.signum())
}

/// Millionths of a unit: `45,500`, `4.2`.
pub(super) fn micro(micro: i128) -> String {
    // As money, which has three places more.
    let text = Money::amount_of(micro.abs().saturating_mul(1_000));
    let (whole, part) = text.split_once('.').map_or((text.as_str(), None), |(w, p)| (w, Some(p)));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), |whole: i128| count(whole));
    let part = part.map(|part| format!(".{part}")).unwrap_or_default();
    format!("{}{whole}{part}", sign(micro))
}

/// Basis points as a percentage, rounded down to a tenth, so that nothing reads as reached which is not.
pub(super) fn percent(bp: impl Into<i128>) -> String {
    let tenths = bp.into().div_euclid(10);
    tenths_of_percent(tenths)
}

/// Basis points as a percentage with every digit: `73.75 %`.
pub(super) fn percent_exactly(bp: impl Into<i128>) -> String {
    let bp = bp.into();
    let mut out = format!("{}{}", sign(bp), bp.unsigned_abs() / 100);
    let part = bp.unsigned_abs() % 100;
    if part > 0 {
        let part = format!("{part:02}");
        let _ = write!(out, ".{}", part.trim_end_matches('0'));
    }
    out + " %"
}

/// By how much a change moves a thing, in tenths of a percent, without a sign; `None` where it was nothing before.
pub(super) fn moved_by(before: i128, after: i128) -> Option<String> {
    let change = (after - before).abs().checked_mul(1_000)?;
    (before > 0).then(|| tenths_of_percent((change + before / 2) / before))
}

/// Points between two shares of basis points, without the word: `1.3`.
pub(super) fn points(bp: i128) -> String {
    percent(bp).trim_end_matches(" %").to_owned()
}

/// Odds of a claim that is estimated: `9 in 10`. The nearest that people say, and `19 in 20` before `10 in 10`.
pub(super) fn odds(bp: u32) -> String {
    match bp {
        ..9_250 => format!("{} in 10", (bp + 499) / 1_000),
        9_250..9_700 => "19 in 20".to_owned(),
        9_700..9_950 => "98 in 100".to_owned(),
        9_950.. => "99 in 100".to_owned(),
    }
}

/// Odds that a claim has at least: rounded down.
pub(super) fn odds_at_least(bp: u32) -> String {
    match bp {
        ..9_500 => format!("{} in 10", bp / 1_000),
        9_500..9_900 => "19 in 20".to_owned(),
        9_900.. => "99 in 100".to_owned(),
    }
}

/// Nano-units that one of so many millionths comes to, rounded; `None` where there are none.
pub(super) fn per_unit(nano: i128, of_micro: i128) -> Option<i128> {
    let whole = nano.checked_mul(MICRO)?;
    (of_micro > 0).then(|| (whole + of_micro / 2).div_euclid(of_micro))
}

fn tenths_of_percent(tenths: i128) -> String {
    let size = tenths.unsigned_abs();
    let whole = i128::try_from(size / 10).map(count).unwrap_or_default();
    let part = if size.is_multiple_of(10) { String::new() } else { format!(".{}", size % 10) };
    format!("{}{whole}{part} %", sign(tenths))
}

fn sign(number: i128) -> String {
    if number < 0 { "−".to_owned() } else { String::new() }
}

/// An amount with its sign, its currency's symbol before it, or the currency's code behind it.
fn with_currency(nano: i128, currency: Currency, amount: &str) -> String {
    let symbol = match currency.as_str() {
        "usd" => "$",
        "eur" => "€",
        "gbp" => "£",
        "jpy" => "¥",
        "inr" => "₹",
        code => return format!("{}{amount} {}", sign(nano), code.to_uppercase()),
    };
    format!("{}{symbol}{amount}", sign(nano))
}

/// Nano-units with so many decimal places, rounded; whole amounts without any where `trims`.
fn fixed(nano: u128, places: u32, trims: bool) -> String {
    let unit = NANO / 10u128.pow(places);
    let rounded = (nano + unit / 2) / unit;
    let per_whole = 10u128.pow(places);
    let whole = i128::try_from(rounded / per_whole).map(count).unwrap_or_default();
    let part = rounded % per_whole;
    if part == 0 && (trims || places == 0) {
        return whole;
    }
    format!("{whole}.{part:0width$}", width = places as usize)
}

/// A multiple of `unit` as a decimal without trailing zeros, but with a digit behind the point where `pads`.
fn decimal(nano: u128, unit: u128, pads: bool) -> String {
    let width = unit.to_string().len() - 1;
    let (whole, part) = (nano / unit, nano % unit);
    let part = format!("{part:0width$}");
    match part.trim_end_matches('0') {
        "" if pads => format!("{whole}.0"),
        "" => whole.to_string(),
        part => format!("{whole}.{part}"),
    }
}

/// Rounded to its first three digits.
fn three_digits(number: u128) -> u128 {
    let digits = u32::try_from(number.to_string().len()).unwrap_or(3);
    let step = 10u128.pow(digits.saturating_sub(3));
    (number + step / 2) / step * step
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOLLAR: i128 = 1_000_000_000;

    #[test]
    fn money_has_the_digits_that_a_person_needs() {
        for (nano, expected) in [
            (182 * DOLLAR, "$182"),
            (12_345 * DOLLAR + 600_000_000, "$12,346"),
            (45 * DOLLAR + 204_000_000, "$45"),
            (4 * DOLLAR + 204_000_000, "$4.20"),
            (45 * DOLLAR, "$45"),
            (-3 * DOLLAR - 100_000_000, "−$3.10"),
            (0, "$0"),
            (4_200_000, "0.42 ¢"),
        ] {
            assert_eq!(sum(nano, Currency::USD), expected, "{nano}");
        }
        for (nano, expected) in [
            (40_000_000, "4.0 ¢"),
            (4_200_000, "0.42 ¢"),
            (16_000_000, "1.6 ¢"),
            (32_549_000, "3.25 ¢"),
            (125_000_000, "12.5 ¢"),
            (1_250, "0.000125 ¢"),
            (1_250_000_000, "$1.25"),
            (999_900_000, "$1"),
            (-4_200_000, "−0.42 ¢"),
        ] {
            assert_eq!(each(nano, Currency::USD), expected, "{nano}");
        }
        let euro = Currency::parse("eur").expect("a currency");
        assert_eq!(each(42_000_000, euro), "€0.042");
        let franc = Currency::parse("chf").expect("a currency");
        assert_eq!(sum(-182 * DOLLAR, franc), "−182 CHF");
        assert_eq!(exactly(4_200_000, Currency::USD), "$0.0042");
        assert_eq!(exactly(412 * DOLLAR + 300_000_000, Currency::USD), "$412.30");
        assert_eq!(exactly(1_860 * DOLLAR, Currency::USD), "$1,860");
    }

    #[test]
    fn a_margin_is_rounded_down_so_that_no_target_reads_as_reached_that_is_not() {
        for (bp, expected) in
            [(7_499, "74.9 %"), (7_375, "73.7 %"), (7_900, "79 %"), (-5, "−0.1 %"), (0, "0 %")]
        {
            assert_eq!(percent(bp), expected, "{bp}");
        }
        assert_eq!(percent_exactly(7_375), "73.75 %");
        assert_eq!(percent_exactly(2_000), "20 %");
        assert_eq!(percent_exactly(-50), "−0.5 %");
    }

    #[test]
    fn odds_never_read_as_certainty() {
        for (bp, expected) in [
            (6_999, "7 in 10"),
            (8_500, "8 in 10"),
            (8_800, "9 in 10"),
            (9_249, "9 in 10"),
            (9_500, "19 in 20"),
            (9_800, "98 in 100"),
            (10_000, "99 in 100"),
        ] {
            assert_eq!(odds(bp), expected, "{bp}");
        }
        for (bp, expected) in
            [(8_999, "8 in 10"), (9_000, "9 in 10"), (9_899, "19 in 20"), (10_000, "99 in 100")]
        {
            assert_eq!(odds_at_least(bp), expected, "{bp}");
        }
    }

    #[test]
    fn amounts_are_grouped_and_trimmed() {
        assert_eq!(count(10_307), "10,307");
        assert_eq!(count(-1), "−1");
        assert_eq!(counted(1, "customer"), "1 customer");
        assert_eq!(credits(Credits::from_micro(4_200_000)), "4.2 credits");
        assert_eq!(micro(182_000_000_000), "182,000");
        assert_eq!(about_micro(1_015_807), "1.02");
        for (micro, expected) in [
            (316_726, "0.317 credits"),
            (14_421_060, "14.5 credits"),
            (1_234_500_000, "1,235 credits"),
            (2_000_000, "2 credits"),
        ] {
            assert_eq!(credits_up(Credits::from_micro(micro)), expected);
        }
        assert_eq!(per_unit(728 * DOLLAR, 45_500_000_000), Some(16_000_000));
        assert_eq!(moved_by(32, 40).as_deref(), Some("25 %"));
        assert_eq!(points(125), "1.2");
    }
}
