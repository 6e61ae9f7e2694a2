//! Credit packs: what is for sale. Immutable versions, so that what a purchase was sold as never changes.

use compact_str::CompactString;

use crate::codec::{boxed_codec, codec_struct};
use crate::{Catalogue, Credits, EntryId, KeyNo, Millis, Money, PackNo, Rejection};

/// Packs there may be, retired ones included: more is no choice for a buyer.
pub const PACKS_MAX: usize = 100;
/// The longest code of a pack, in bytes: it is typed by people and stands in links.
pub const PACK_CODE_BYTES_MAX: usize = 64;
/// The longest time that credits of a pack may be good for, in days (ten years).
pub const PACK_VALID_DAYS_MAX: u32 = 3_650;

/// Publish a version of a pack: the first, or another in the place of the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackRequest {
    /// What it is called in calls and links, for ever: `power_4000`.
    pub code: CompactString,
    /// What buyers call it.
    pub name: CompactString,
    /// Who it is for, in a sentence; may be empty.
    pub audience: CompactString,
    /// How many credits are paid for.
    pub credits: Credits,
    /// How many come on top. They share the price of the others.
    pub bonus: Credits,
    /// What it costs.
    pub price: Money,
    /// One plain line about what is saved; may be empty.
    pub discount_line: CompactString,
    /// Where it stands among the others: lower first.
    pub order: i32,
    /// For how many days its credits are good; for ever when not given.
    pub valid_days: Option<u32>,
    /// Whether it is for sale.
    pub is_active: bool,
}
codec_struct!(PackRequest {
    code,
    name,
    audience,
    credits,
    bonus,
    price,
    discount_line,
    order,
    valid_days,
    is_active
});

boxed_codec!(PackRequest);

/// A version of a pack. Immutable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackVersion {
    /// Its number over all packs.
    pub number: PackNo,
    /// The fact that published it.
    pub id: EntryId,
    /// Which version of that pack: 1, 2, …
    pub version: u32,
    /// What is sold.
    pub terms: PackRequest,
    /// Who published it.
    pub author: KeyNo,
    /// When.
    pub published_at: Millis,
}
codec_struct!(PackVersion { number, id, version, terms, author, published_at });

impl PackRequest {
    /// Credits that a buyer gets, bonus included.
    pub fn credits_in_all(&self) -> Credits {
        self.credits + self.bonus
    }

    /// # Errors
    /// [`Rejection::Invalid`] naming the field that is wrong.
    pub fn check(&self, catalogue: &Catalogue) -> Result<(), Rejection> {
        let is_code = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        if self.code.is_empty() || self.code.len() > PACK_CODE_BYTES_MAX || !self.code.bytes().all(is_code) {
            return Err(Rejection::invalid(
                "code",
                format!("must be 1 to {PACK_CODE_BYTES_MAX} characters of a-z, 0-9, - and _"),
            ));
        }
        if self.name.is_empty() {
            return Err(Rejection::invalid("name", "must not be empty"));
        }
        if !self.credits.is_positive() {
            return Err(Rejection::invalid("credits", "must be greater than zero"));
        }
        if self.bonus < Credits::ZERO || self.credits.checked_add(self.bonus).is_none() {
            return Err(Rejection::invalid(
                "bonus_credits",
                "must not be negative or beyond the largest amount",
            ));
        }
        self.check_price(catalogue)?;
        if self.valid_days.is_some_and(|days| !(1..=PACK_VALID_DAYS_MAX).contains(&days)) {
            return Err(Rejection::invalid("valid_days", format!("must be 1 to {PACK_VALID_DAYS_MAX}")));
        }
        if catalogue.pack_by_code(&self.code).is_none() && catalogue.newest_packs().count() >= PACKS_MAX {
            return Err(Rejection::invalid("code", format!("would be one more than {PACKS_MAX} packs")));
        }
        Ok(())
    }

    fn check_price(&self, catalogue: &Catalogue) -> Result<(), Rejection> {
        let Money { nano, currency } = self.price;
        if currency != catalogue.currency {
            return Err(Rejection::invalid(
                "price.currency",
                format!("must be {}, the currency of this project", catalogue.currency.as_str()),
            ));
        }
        if !(1..=Money::NANO_MAX).contains(&nano) {
            return Err(Rejection::invalid(
                "price.amount",
                "must be greater than zero and within the largest amount",
            ));
        }
        // Nobody can pay part of a coin.
        if nano % currency.coin_nano() != 0 {
            return Err(Rejection::invalid(
                "price.amount",
                format!("must be a whole number of the smallest coins of {}", currency.as_str()),
            ));
        }
        Ok(())
    }
}

impl Catalogue {
    /// A version of a pack by number.
    pub fn pack(&self, number: PackNo) -> Option<&PackVersion> {
        self.packs.get(number.index())
    }

    /// The newest version of a pack, for sale or not.
    pub fn pack_by_code(&self, code: &str) -> Option<&PackVersion> {
        self.packs.iter().rev().find(|pack| pack.terms.code == code)
    }

    /// The newest version of every pack, in the order of publishing.
    pub fn newest_packs(&self) -> impl Iterator<Item = &PackVersion> {
        let is_newest = |pack: &&PackVersion| {
            self.pack_by_code(&pack.terms.code).is_some_and(|p| p.number == pack.number)
        };
        self.packs.iter().filter(is_newest)
    }

    /// The packs for sale, in the order in which they are shown.
    pub fn packs_for_sale(&self) -> Vec<&PackVersion> {
        let mut packs: Vec<_> = self.newest_packs().filter(|pack| pack.terms.is_active).collect();
        packs.sort_by(|a, b| (a.terms.order, &a.terms.code).cmp(&(b.terms.order, &b.terms.code)));
        packs
    }

    /// The smallest pack that was for sale before the fact at `before` and has at least so many credits; the largest,
    /// where none has. An answer that is given again long after names the same pack.
    pub fn pack_covering(&self, credits: Credits, before: crate::Position) -> Option<&PackVersion> {
        let known = || self.packs.iter().filter(|pack| pack.id.position < before);
        let is_newest = |pack: &&PackVersion| {
            known().rev().find(|p| p.terms.code == pack.terms.code).is_some_and(|p| p.number == pack.number)
        };
        let for_sale = || known().filter(is_newest).filter(|pack| pack.terms.is_active);
        let size = |pack: &&PackVersion| (pack.terms.credits_in_all(), pack.terms.price.nano, pack.number);
        let covering = for_sale().filter(|pack| pack.terms.credits_in_all() >= credits).min_by_key(size);
        covering.or_else(|| for_sale().max_by_key(size))
    }
}
