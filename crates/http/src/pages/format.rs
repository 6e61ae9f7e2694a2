//! Amounts and instants as people read them. Exact: nothing is rounded, and nothing passes through a float.

use chargly_engine::ledger::{Credits, Money};
use jiff::Timestamp;

/// Currencies that have no smaller coins: a whole amount of them has no decimals.
const WHOLE_CURRENCIES: [&str; 16] = [
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof",
    "xpf",
];

/// `4,000`, `0.25`.
pub(crate) fn credits(credits: Credits) -> String {
    grouped(&credits.to_string())
}

/// `4,000 credits`, `1 credit`.
pub(crate) fn credits_in_words(amount: Credits) -> String {
    let noun = if amount.micro() == 1_000_000 { "credit" } else { "credits" };
    format!("{} {noun}", credits(amount))
}

/// `$20.00`, `€1,234.50`, `20.00 CHF`. As many decimals as the currency has coins, more only where the amount has them.
pub(crate) fn money(money: Money) -> String {
    let code = money.currency.as_str();
    let decimals = if WHOLE_CURRENCIES.contains(&code) { 0 } else { 2 };
    let amount = money.amount();
    let (sign, amount) = amount.strip_prefix('-').map_or(("", amount.as_str()), |amount| ("−", amount));
    let amount = with_decimals(&grouped(amount), decimals);
    match code {
        "usd" => format!("{sign}${amount}"),
        "eur" => format!("{sign}€{amount}"),
        "gbp" => format!("{sign}£{amount}"),
        _ => format!("{sign}{amount} {}", code.to_ascii_uppercase()),
    }
}

/// `29 November 2026, 16:30 UTC`. A page without scripts cannot know where its reader is.
pub(crate) fn instant(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
    at.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// The same for programs.
pub(crate) fn machine_instant(ms: i64) -> String {
    chargly_api::time::show(ms)
}

/// A decimal with its thousands set apart.
fn grouped(decimal: &str) -> String {
    let (sign, decimal) = decimal.strip_prefix('-').map_or(("", decimal), |decimal| ("−", decimal));
    let (whole, fraction) =
        decimal.split_once('.').map_or((decimal, None), |(whole, rest)| (whole, Some(rest)));
    let mut out = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// A decimal with at least so many decimals.
fn with_decimals(decimal: &str, decimals: usize) -> String {
    let there = decimal.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let point = if there == 0 && decimals > 0 { "." } else { "" };
    format!("{decimal}{point}{}", "0".repeat(decimals.saturating_sub(there)))
}

#[cfg(test)]
mod tests {
    use chargly_engine::ledger::Currency;

    use super::*;

    #[test]
    fn credits_have_their_thousands_set_apart_and_every_decimal() {
        for (text, shown, words) in [
            ("0", "0", "0 credits"),
            ("1", "1", "1 credit"),
            ("547", "547", "547 credits"),
            ("999.5", "999.5", "999.5 credits"),
            ("1000", "1,000", "1,000 credits"),
            ("0.000001", "0.000001", "0.000001 credits"),
            ("1234567.25", "1,234,567.25", "1,234,567.25 credits"),
            ("8000000000", "8,000,000,000", "8,000,000,000 credits"),
            ("-1200", "−1,200", "−1,200 credits"),
        ] {
            let amount = Credits::parse(text).expect("an amount");
            assert_eq!((credits(amount).as_str(), credits_in_words(amount).as_str()), (shown, words));
        }
    }

    #[test]
    fn money_has_the_sign_or_code_and_the_coins_of_its_currency() {
        for (amount, currency, shown) in [
            ("20", "usd", "$20.00"),
            ("0", "usd", "$0.00"),
            ("9.5", "eur", "€9.50"),
            ("1234.56", "gbp", "£1,234.56"),
            ("0.0042", "usd", "$0.0042"),
            ("1000000", "usd", "$1,000,000.00"),
            ("9000000000", "usd", "$9,000,000,000.00"),
            ("20", "chf", "20.00 CHF"),
            ("2000", "jpy", "2,000 JPY"),
            ("0.5", "jpy", "0.5 JPY"),
        ] {
            let currency = Currency::parse(currency).expect("a currency");
            assert_eq!(money(Money::parse(amount, currency).expect("an amount")), shown);
        }
        assert_eq!(money(Money { nano: -1_234_500_000_000, currency: Currency::USD }), "−$1,234.50");
    }

    #[test]
    fn instants_are_read_by_people_and_by_programs() {
        let ms = 1_795_428_000_000;
        assert_eq!(instant(ms), "23 November 2026, 10:00 UTC");
        assert_eq!(machine_instant(ms), "2026-11-23T10:00:00.000Z");
    }
}
