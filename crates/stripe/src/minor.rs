//! Stripe's smallest coins and our nano-units.
//!
//! How many decimal places a currency has is [`Currency::minor_digits`]'s to say; only where Stripe counts otherwise
//! than ISO 4217 is it said here. Nothing is rounded: what is not a whole number of coins is refused.

use chargly_engine::ledger::{Currency, Money};
use chargly_engine::payments::ProviderError;

/// Decimal places in which Stripe counts otherwise: króna and Ugandan shilling have no coins, and stay in hundredths
/// because they once were; the ariary's fifths are not counted.
/// (<https://docs.stripe.com/currencies#special-cases>)
const OTHERWISE: &[(&str, u32)] = &[("isk", 2), ("ugx", 2), ("mga", 0)];

/// Decimal places of nano-units.
const NANO_DIGITS: u32 = Money::PLACES;

fn digits(currency: Currency) -> u32 {
    let otherwise = OTHERWISE.iter().find(|(code, _)| *code == currency.as_str());
    otherwise.map_or_else(|| currency.minor_digits(), |(_, digits)| *digits)
}

/// Decimal places that an amount may make use of: of what has no coins, none; of the dinars' three, Stripe takes two.
fn usable_digits(currency: Currency) -> u32 {
    digits(currency).min(currency.minor_digits()).min(2)
}

fn nano_per(digits: u32) -> i64 {
    10_i64.pow(NANO_DIGITS - digits.min(NANO_DIGITS))
}

/// In Stripe's smallest coins.
///
/// # Errors
/// When the amount is not a whole number of them.
pub(crate) fn to_minor(money: Money) -> Result<i64, ProviderError> {
    match money.nano % nano_per(usable_digits(money.currency)) {
        0 => Ok(money.nano / nano_per(digits(money.currency))),
        _ => Err(ProviderError::Refused {
            code: "amount_not_in_coins".to_owned(),
            message: format!("{money:?} is not a whole number of the currency's smallest coins"),
        }),
    }
}

/// In nano-units.
///
/// # Errors
/// When it is more than any amount can be.
pub(crate) fn to_nano(minor: i64, currency: Currency) -> Result<i64, ProviderError> {
    let nano = minor.checked_mul(nano_per(digits(currency))).filter(|nano| nano.abs() <= Money::NANO_MAX);
    nano.ok_or_else(|| ProviderError::Unreadable { what: format!("an amount of {minor} in {currency:?}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).expect("a code")
    }

    #[test]
    fn amounts_are_counted_as_stripe_counts_them() {
        for (amount, code, minor) in [
            ("20", "usd", 2_000),
            ("0.01", "usd", 1),
            ("500", "jpy", 500),
            ("5.12", "kwd", 5_120),
            ("5", "isk", 500),
            ("5", "ugx", 500),
            ("5", "mga", 5),
            ("0", "eur", 0),
        ] {
            let money = Money::parse(amount, currency(code)).expect("an amount");
            assert_eq!(to_minor(money), Ok(minor), "{money:?}");
            assert_eq!(to_nano(minor, money.currency), Ok(money.nano), "{money:?}");
        }
    }

    #[test]
    fn what_is_not_a_whole_number_of_coins_is_refused() {
        for (amount, code) in
            [("0.001", "usd"), ("0.5", "jpy"), ("5.124", "kwd"), ("5.5", "isk"), ("5.5", "mga")]
        {
            let money = Money::parse(amount, currency(code)).expect("an amount");
            assert!(to_minor(money).is_err(), "{money:?}");
        }
    }

    #[test]
    fn more_than_any_amount_is_not_understood() {
        assert_eq!(to_nano(900_000_000_000, Currency::USD), Ok(Money::NANO_MAX));
        for minor in [900_000_000_001, i64::MAX, i64::MIN] {
            assert!(to_nano(minor, Currency::USD).is_err(), "{minor}");
        }
    }
}
