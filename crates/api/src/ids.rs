//! Public ids: a kind, then where the fact stands in the journal, sealed with a tag that nobody can guess.

use crate::base32;

/// Digits of a position and its tag: 96 bits.
const WIDTH: usize = 20;
/// Digits of a position, its tag and a line: 112 bits.
const LINE_WIDTH: usize = 23;

/// What an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// A meter event or a capture.
    Event,
    /// A wallet.
    Wallet,
    /// A grant.
    Grant,
    /// A hold.
    Hold,
    /// A line of a wallet's ledger.
    Entry,
    /// A price version.
    Price,
    /// An API key.
    Key,
    /// A correction.
    Correction,
    /// An order of a credit pack.
    Order,
    /// The checkout of an order.
    Checkout,
    /// A version of a credit pack.
    Pack,
    /// A refund that was started here.
    Refund,
    /// An allowance.
    Allowance,
    /// A recommendation.
    Recommendation,
    /// A webhook endpoint. It is no fact: its id is random, in the same form.
    WebhookEndpoint,
    /// A webhook message. Its line says which of the messages that its fact makes.
    Message,
}

impl IdKind {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Event,
        Self::Wallet,
        Self::Grant,
        Self::Hold,
        Self::Entry,
        Self::Price,
        Self::Key,
        Self::Correction,
        Self::Order,
        Self::Checkout,
        Self::Pack,
        Self::Refund,
        Self::Allowance,
        Self::Recommendation,
        Self::WebhookEndpoint,
        Self::Message,
    ];

    /// How ids of this kind begin.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Event => "evt_",
            Self::Wallet => "wal_",
            Self::Grant => "grt_",
            Self::Hold => "hld_",
            Self::Entry => "ent_",
            Self::Price => "prv_",
            Self::Key => "key_",
            Self::Correction => "cor_",
            Self::Order => "ord_",
            Self::Checkout => "chk_",
            Self::Pack => "pck_",
            Self::Refund => "rfd_",
            Self::Allowance => "alw_",
            Self::Recommendation => "rec_",
            Self::WebhookEndpoint => "whk_",
            Self::Message => "msg_",
        }
    }

    /// What such a thing is called in an error.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Wallet => "wallet",
            Self::Grant => "grant",
            Self::Hold => "hold",
            Self::Entry => "entry",
            Self::Price => "price_version",
            Self::Key => "key",
            Self::Correction => "correction",
            Self::Order => "order",
            Self::Checkout => "checkout",
            Self::Pack => "pack",
            Self::Refund => "refund",
            Self::Allowance => "allowance",
            Self::Recommendation => "recommendation",
            Self::WebhookEndpoint => "webhook_endpoint",
            Self::Message => "message",
        }
    }

    /// Whether ids of this kind name a line of a fact.
    const fn has_line(self) -> bool {
        matches!(self, Self::Entry | Self::Message)
    }
}

/// A public id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id {
    /// What it names.
    pub kind: IdKind,
    /// Where the fact stands.
    pub position: u64,
    /// The seal.
    pub tag: u32,
    /// Which line of the fact, for entries and messages; else 0.
    pub line: u16,
}

impl Id {
    /// The id of a fact.
    pub const fn new(kind: IdKind, position: u64, tag: u32) -> Self {
        Self { kind, position, tag, line: 0 }
    }

    /// Reads an id of this kind. Anything else, another kind's id included, is `None`: there is no such thing.
    pub fn parse(text: &str, kind: IdKind) -> Option<Self> {
        let digits = text.strip_prefix(kind.prefix())?;
        let (value, line) = if kind.has_line() {
            let value = base32::read(digits, LINE_WIDTH, 112)?;
            (value >> 16, low_bits(value, 16))
        } else {
            (base32::read(digits, WIDTH, 96)?, 0)
        };
        Some(Self {
            kind,
            position: low_bits(value >> 32, 64),
            tag: u32::try_from(low_bits(value, 32)).ok()?,
            line: u16::try_from(line).ok()?,
        })
    }
}

impl Id {
    /// Appends the id.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.kind.prefix().as_bytes());
        let value = u128::from(self.position) << 32 | u128::from(self.tag);
        if self.kind.has_line() {
            out.extend_from_slice(&base32::digits::<LINE_WIDTH>(value << 16 | u128::from(self.line)));
        } else {
            out.extend_from_slice(&base32::digits::<WIDTH>(value));
        }
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = Vec::with_capacity(4 + LINE_WIDTH);
        self.write(&mut text);
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// The lowest `bits` bits, at most 64.
fn low_bits(value: u128, bits: u32) -> u64 {
    u64::try_from(value & ((1u128 << bits) - 1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn id_of_another_kind_is_not_read() {
        let hold = Id::new(IdKind::Hold, 7, 9).to_string();
        assert_eq!(hold.len(), 24);
        assert_eq!(Id::parse(&hold, IdKind::Hold), Some(Id::new(IdKind::Hold, 7, 9)));
        for kind in IdKind::ALL.into_iter().filter(|k| *k != IdKind::Hold) {
            assert_eq!(Id::parse(&hold, kind), None);
        }
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = Id::new(IdKind::Event, u64::MAX, u32::MAX).to_string();
        assert!(Id::parse(&id, IdKind::Event).is_some());
        for other in [id.to_uppercase(), format!("{id}0"), id.replacen("_1", "_2", 1), id.replace('z', "u")] {
            assert_eq!(Id::parse(&other, IdKind::Event), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(position: u64, tag: u32, line: u16, kind in 0usize..15) {
            let kind = IdKind::ALL[kind];
            let line = if kind.has_line() { line } else { 0 };
            let id = Id { kind, position, tag, line };
            prop_assert_eq!(Id::parse(&id.to_string(), kind), Some(id));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "(evt_|ent_)?\\PC{0,30}", kind in 0usize..15) {
            let _ = Id::parse(&text, IdKind::ALL[kind]);
        }
    }
}
