//! An amount read from text: whatever it is, it is refused, or it is printed and read back as the same amount.
#![no_main]

use chargly_ledger::{Credits, Currency, Money, Quantity};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(credits) = Credits::parse(text) {
        assert_eq!(Credits::parse(&credits.to_string()), Ok(credits));
    }
    if let Ok(quantity) = Quantity::parse(text) {
        assert_eq!(Quantity::parse(&quantity.to_string()), Ok(quantity));
    }
    if let Ok(money) = Money::parse(text, Currency::USD) {
        assert_eq!(Money::parse(&money.amount(), Currency::USD), Ok(money));
    }
});
