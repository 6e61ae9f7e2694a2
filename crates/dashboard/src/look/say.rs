//! Amounts and times as people say them. The exact value stands beside it: in a title, and in the table behind.
//!
//! Rounded half away from zero, with three digits that mean something; a share to a tenth of a percent.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::amount::{Amount, UNIT};

/// What stands where there is nothing.
pub(crate) const NONE: &str = "—";
/// What stands where a cost is not known. Never a zero.
pub(crate) const COST_MISSING: &str = "cost missing";
/// Currencies that have no smaller coins.
const WHOLE_CURRENCIES: [&str; 5] = ["jpy", "krw", "clp", "vnd", "isk"];

/// What an amount counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Things: events, customers.
    Count,
    /// Credits.
    Credits,
    /// Money of the environment's currency.
    Money(Currency),
    /// A share of a whole.
    Share,
    /// Days.
    Days,
}

/// An ISO code, in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Currency([u8; 3]);

impl Currency {
    /// Reads a code; US dollars where it is none.
    pub(crate) fn of(code: &str) -> Self {
        code.as_bytes().try_into().map_or(Self(*b"usd"), Self)
    }

    pub(crate) fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("usd")
    }

    /// `$`, `€`, `£`; nothing for all others, whose code stands behind.
    fn sign(self) -> Option<&'static str> {
        match &self.0 {
            b"usd" => Some("$"),
            b"eur" => Some("€"),
            b"gbp" => Some("£"),
            _ => None,
        }
    }

    fn decorate(self, sign: &str, number: &str) -> String {
        match self.sign() {
            Some(symbol) => format!("{sign}{symbol}{number}"),
            None => format!("{sign}{number} {}", self.code().to_ascii_uppercase()),
        }
    }
}

impl Unit {
    /// `12.4 k`, `$1,204`, `$0.0042`, `61.3 %`: short.
    pub(crate) fn short(self, amount: Amount) -> String {
        let (sign, size) = split(amount);
        match self {
            Self::Count | Self::Credits => format!("{sign}{}", scaled(size)),
            Self::Money(currency) => currency.decorate(sign, &money_digits(size, currency)),
            Self::Share => format!("{sign}{} %", fixed(size.saturating_mul(100), 1)),
            Self::Days => format!("{sign}{} d", trimmed(&fixed(size, 1))),
        }
    }

    /// The exact value with its unit: what a title says.
    pub(crate) fn exact(self, amount: Amount) -> String {
        let (sign, size) = split(amount);
        let digits = grouped(&Amount(size).exact());
        match self {
            Self::Count => format!("{sign}{digits}"),
            Self::Credits => format!("{sign}{digits} {}", noun(amount)),
            Self::Money(currency) => currency.decorate(sign, &with_coins(&digits, currency)),
            Self::Share => format!("{sign}{} %", grouped(&Amount(size.saturating_mul(100)).exact())),
            Self::Days => format!("{sign}{digits} days"),
        }
    }

    /// Short, with the unit's noun where it has one: `12.4 k credits`.
    pub(crate) fn in_words(self, amount: Amount) -> String {
        match self {
            Self::Credits => format!("{} {}", self.short(amount), noun(amount)),
            _ => self.short(amount),
        }
    }
}

/// `credit` or `credits`.
fn noun(amount: Amount) -> &'static str {
    if amount.0 == UNIT { "credit" } else { "credits" }
}

fn split(amount: Amount) -> (&'static str, i128) {
    (if amount.0 < 0 { "−" } else { "" }, amount.0.saturating_abs())
}

/// `999`, `1,240`, `12.4 k`, `1.24 M`, `0.25`.
fn scaled(size: i128) -> String {
    const SCALES: [(i128, &str); 3] = [(1_000_000_000, " bn"), (1_000_000, " M"), (1_000, " k")];
    // Below ten thousand a number is said whole.
    if size >= 10_000 * UNIT {
        for (scale, suffix) in SCALES {
            if size >= scale * UNIT {
                return format!("{}{suffix}", three_digits(size / scale));
            }
        }
    }
    if size >= 100 * UNIT || size % UNIT == 0 {
        return grouped(&trimmed(&fixed(size, if size >= 1_000 * UNIT { 0 } else { 1 })));
    }
    three_digits(size)
}

/// Three digits that mean something: `12.4`, `1.24`, `0.0161`.
fn three_digits(size: i128) -> String {
    let mut decimals = 2;
    let mut bound = 10 * UNIT;
    while size >= bound && decimals > 0 {
        decimals -= 1;
        bound *= 10;
    }
    let mut bound = UNIT;
    while size < bound && size > 0 && decimals < 9 {
        decimals += 1;
        bound /= 10;
    }
    trimmed(&fixed(size, decimals))
}

/// Money with its coins where that is enough: `1,204`, `12.40`, `0.0042`.
fn money_digits(size: i128, currency: Currency) -> String {
    let coins = if WHOLE_CURRENCIES.contains(&currency.code()) { 0 } else { 2 };
    if size >= 1_000_000 * UNIT {
        return scaled(size);
    }
    if size >= 1_000 * UNIT {
        return grouped(&fixed(size, 0));
    }
    if size == 0 || size >= UNIT {
        return grouped(&fixed(size, coins));
    }
    let short = three_digits(size);
    if short.len() < "0.00".len() { fixed(size, coins) } else { short }
}

/// Rounded to so many decimals.
fn fixed(size: i128, decimals: u32) -> String {
    let cut = 10_i128.pow(9_u32.saturating_sub(decimals));
    let rounded = (size + cut / 2) / cut;
    if decimals == 0 {
        return rounded.to_string();
    }
    let scale = 10_i128.pow(decimals);
    let width = usize::try_from(decimals).unwrap_or(9);
    format!("{}.{:0width$}", rounded / scale, rounded % scale)
}

/// Without zeros behind the point.
fn trimmed(decimal: &str) -> String {
    if !decimal.contains('.') {
        return decimal.to_owned();
    }
    decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// With the coins of a currency, where it has fewer decimals.
fn with_coins(digits: &str, currency: Currency) -> String {
    if WHOLE_CURRENCIES.contains(&currency.code()) {
        return digits.to_owned();
    }
    match digits.split_once('.') {
        None => format!("{digits}.00"),
        Some((_, fraction)) if fraction.len() == 1 => format!("{digits}0"),
        Some(_) => digits.to_owned(),
    }
}

/// With the thousands set apart.
pub(crate) fn grouped(decimal: &str) -> String {
    let (whole, fraction) = decimal.split_once('.').map_or((decimal, ""), |(whole, rest)| (whole, rest));
    let mut out = String::with_capacity(decimal.len() + decimal.len() / 3);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// A change from one amount to another, as a share of the first, with sign and arrow: `▲ 12.3 %`.
pub(crate) fn change(now: Amount, before: Amount) -> Option<(Direction, String)> {
    if before.0 == 0 {
        return None;
    }
    let share = now.less(before).share_of(Amount(before.0.abs()))?;
    let direction = match share.0 {
        // Less than what would be shown.
        -499_999..=499_999 => Direction::Level,
        share if share > 0 => Direction::Up,
        _ => Direction::Down,
    };
    let sign = match direction {
        Direction::Up => "▲ +",
        Direction::Down => "▼ −",
        Direction::Level => "= ",
    };
    Some((direction, format!("{sign}{} %", fixed(share.0.abs().saturating_mul(100), 1))))
}

/// Which way a figure went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Up,
    Down,
    Level,
}

/// An instant in a time zone: `29 Nov 2026, 16:30`.
pub(crate) fn instant(text: &str, zone: &TimeZone) -> String {
    at(text, zone, "%-d %b %Y, %H:%M")
}

/// The day of an instant: `29 Nov 2026`.
pub(crate) fn day(text: &str, zone: &TimeZone) -> String {
    at(text, zone, "%-d %b %Y")
}

/// Any form of an instant; the text itself where it is none.
pub(crate) fn at(text: &str, zone: &TimeZone, form: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(instant) => instant.to_zoned(zone.clone()).strftime(form).to_string(),
        Err(_) => text.to_owned(),
    }
}

/// `1 customer`, `1,204 customers`.
pub(crate) fn plural(count: i128, one: &str, many: &str) -> String {
    format!("{} {}", grouped(&count.to_string()), if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text).expect("a decimal")
    }

    #[test]
    fn numbers_are_as_short_as_people_say_them() {
        let usd = Unit::Money(Currency::of("usd"));
        for (unit, text, short) in [
            (Unit::Count, "0", "0"),
            (Unit::Count, "999", "999"),
            (Unit::Count, "9999", "9,999"),
            (Unit::Count, "12400", "12.4 k"),
            (Unit::Count, "307403", "307 k"),
            (Unit::Count, "1240000", "1.24 M"),
            (Unit::Count, "-12400", "−12.4 k"),
            (Unit::Credits, "12.5", "12.5"),
            (Unit::Credits, "0.25", "0.25"),
            (usd, "0", "$0.00"),
            (usd, "15350", "$15,350"),
            (usd, "12.4", "$12.40"),
            (usd, "0.0042", "$0.0042"),
            (usd, "0.016112102", "$0.0161"),
            (usd, "0.5", "$0.50"),
            (usd, "-3.5", "−$3.50"),
            (usd, "4545973.97", "$4.55 M"),
            (Unit::Money(Currency::of("chf")), "20", "20.00 CHF"),
            (Unit::Money(Currency::of("jpy")), "2000", "2,000 JPY"),
            (Unit::Share, "0.613", "61.3 %"),
            (Unit::Share, "-0.05", "−5.0 %"),
            (Unit::Days, "12.0", "12 d"),
            (Unit::Days, "3.5", "3.5 d"),
        ] {
            assert_eq!(unit.short(amount(text)), short, "{text}");
        }
    }

    #[test]
    fn exact_values_lose_nothing() {
        let usd = Unit::Money(Currency::of("usd"));
        for (unit, text, exact) in [
            (Unit::Credits, "830896.25", "830,896.25 credits"),
            (Unit::Credits, "1", "1 credit"),
            (usd, "4545.973974243", "$4,545.973974243"),
            (usd, "20", "$20.00"),
            (Unit::Share, "0.6127", "61.27 %"),
        ] {
            assert_eq!(unit.exact(amount(text)), exact);
        }
    }

    #[test]
    fn change_has_sign_and_arrow_and_is_none_of_nothing() {
        for (now, before, expected) in [
            ("110", "100", Some((Direction::Up, "▲ +10.0 %"))),
            ("50", "100", Some((Direction::Down, "▼ −50.0 %"))),
            ("100", "100", Some((Direction::Level, "= 0.0 %"))),
            ("-50", "-100", Some((Direction::Up, "▲ +50.0 %"))),
            ("5", "0", None),
        ] {
            let got = change(amount(now), amount(before));
            assert_eq!(got.as_ref().map(|(way, text)| (*way, text.as_str())), expected, "{now} {before}");
        }
    }
}
