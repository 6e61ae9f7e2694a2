//! `/v1/corrections`

use chargly_api::{IdKind, ObjectWriter};
use chargly_engine::PreviewSeal;
use chargly_engine::ledger::{Money, Position};

pub(crate) mod customers;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod open;
pub(crate) mod preview;
mod request;
pub(crate) mod undo;
mod view;

/// Customers that the answer to a preview lists, those with the largest difference. The totals are of all.
const CUSTOMERS_SHOWN_MAX: usize = 1_000;

/// A preview's seal on the wire: `1042.9f86d081884c7d659a2feaa0c55ad015`.
struct Seal(PreviewSeal);

impl Seal {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "must be the `preview` of a preview's answer, as it was given".to_owned();
        let (position, hex) = text.split_once('.').ok_or_else(wrong)?;
        let is_plain = |digits: &str, radix| digits.chars().all(|c| c.is_digit(radix) && !c.is_uppercase());
        if !is_plain(position, 10) || !is_plain(hex, 16) || hex.len() != 32 {
            return Err(wrong());
        }
        let up_to = Position(position.parse().map_err(|_| wrong())?);
        let digest = u128::from_str_radix(hex, 16).map_err(|_| wrong())?.to_be_bytes();
        Ok(Self(PreviewSeal { up_to, digest }))
    }
}

impl std::fmt::Display for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:032x}", self.0.up_to.0, u128::from_be_bytes(self.0.digest))
    }
}

/// A sum of credits. It may pass what one wallet can hold.
fn credits(o: &mut ObjectWriter<'_>, name: &str, micro: i128) {
    o.number(name, decimal(micro));
}

/// Micro-credits as a decimal without trailing zeros.
fn decimal(micro: i128) -> String {
    // As money, which has three places more.
    Money::amount_of(micro * 1_000)
}

const KIND: IdKind = IdKind::Correction;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_has_one_spelling() {
        let text = "1042.9f86d081884c7d659a2feaa0c55ad015";
        assert_eq!(Seal::parse(text).map(|seal| seal.to_string()).as_deref(), Ok(text));
        for wrong in
            ["", "1", "1.", &text[..36], &format!("{text}0"), &text.to_uppercase(), &format!("+{text}")]
        {
            assert!(Seal::parse(wrong).is_err(), "{wrong}");
        }
    }
}
