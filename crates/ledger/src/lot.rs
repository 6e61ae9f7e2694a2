//! Lots: credits that came in together, at one price, and the order in which they burn.

use std::cmp::Ordering;

use crate::codec::{codec_enum, codec_struct};
use crate::{Credits, EntryId, EventTypeNo, LotNo, Millis, Money};

/// Where a lot came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantKind {
    /// Sold, at a price.
    Paid,
    /// Given, to win or keep a customer.
    Promotional,
    /// Given by the operator to put something right.
    Adjustment,
}
codec_enum!(GrantKind, "grant kind" { 0 => Paid, 1 => Promotional, 2 => Adjustment });

impl GrantKind {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Promotional => "promotional",
            Self::Adjustment => "adjustment",
        }
    }
}

/// Where a lot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LotStatus {
    /// Its day has not come.
    Pending,
    /// It can be drawn from.
    Active,
    /// Its time is over; what is left of it is reserved by open holds.
    Expired,
    /// It was taken back.
    Voided,
}
codec_enum!(LotStatus, "lot status" { 0 => Pending, 1 => Active, 2 => Expired, 3 => Voided });

/// A lot of credits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// Its number in the wallet.
    pub number: LotNo,
    /// The fact that granted it (or the reversal that made it).
    pub id: EntryId,
    /// Where it came from.
    pub kind: GrantKind,
    /// Where it stands.
    pub status: LotStatus,
    /// Lower burns first.
    pub priority: i32,
    /// Whether it came with an order: its money goes back through that, and no other way.
    pub is_ordered: bool,
    /// What was paid for all of it.
    pub price: Option<Money>,
    /// How many credits it was granted with.
    pub credits: Credits,
    /// How many have left it: used, lapsed or taken back.
    pub used: Credits,
    /// How many of those lapsed.
    pub lapsed: Credits,
    /// How many are reserved by open holds.
    pub held: Credits,
    /// From when it can be used.
    pub effective_at: Millis,
    /// Until when; [`Millis::NEVER`] for ever.
    pub expires_at: Millis,
    /// When it was granted.
    pub granted_at: Millis,
    /// Which event types it pays for; all when empty.
    pub scope: Vec<EventTypeNo>,
}
codec_struct!(Lot {
    number,
    id,
    kind,
    status,
    priority,
    is_ordered,
    price,
    credits,
    used,
    lapsed,
    held,
    effective_at,
    expires_at,
    granted_at,
    scope
});

impl Lot {
    /// Credits still in it, reserved ones included.
    pub fn remaining(&self) -> Credits {
        if self.status == LotStatus::Voided { Credits::ZERO } else { self.credits - self.used }
    }

    /// Credits still in it that no hold reserves.
    pub fn free(&self) -> Credits {
        self.remaining() - self.held
    }

    /// Whether a new charge for this event type may draw from it.
    pub fn pays_for(&self, event_type: EventTypeNo) -> bool {
        self.status == LotStatus::Active && (self.scope.is_empty() || self.scope.contains(&event_type))
    }

    /// Nano-units recognised when `used` of its credits have left it: ⌊price × used ÷ credits⌋. Over the life of
    /// the lot the differences of this add up to the price exactly.
    pub fn recognised_nano(&self, used: Credits) -> i64 {
        let Some(price) = self.price else { return 0 };
        if self.credits.is_zero() {
            return price.nano;
        }
        let share = i128::from(price.nano) * i128::from(used.micro()) / i128::from(self.credits.micro());
        // At most the price itself, as `used` never passes `credits`.
        i64::try_from(share).unwrap_or(price.nano)
    }

    /// The total order in which lots burn: priority, then what lapses first, then what is good for less, then what
    /// was given before what was paid, then the cheaper, then the older.
    pub fn burns_before(&self, other: &Self) -> Ordering {
        let breadth = |lot: &Self| if lot.scope.is_empty() { usize::MAX } else { lot.scope.len() };
        (self.priority, self.expires_at, breadth(self), self.kind == GrantKind::Paid)
            .cmp(&(other.priority, other.expires_at, breadth(other), other.kind == GrantKind::Paid))
            .then_with(|| price_per_credit(self, other))
            .then_with(|| {
                (self.effective_at, self.granted_at, self.id.position, self.number).cmp(&(
                    other.effective_at,
                    other.granted_at,
                    other.id.position,
                    other.number,
                ))
            })
    }
}

/// Compares price ÷ credits without dividing: a/b < c/d iff a·d < c·b. Currencies are compared by code first.
fn price_per_credit(a: &Lot, b: &Lot) -> Ordering {
    let currency = |lot: &Lot| lot.price.map(|p| p.currency);
    let nano = |lot: &Lot| lot.price.map_or(0, |p| i128::from(p.nano));
    currency(a).cmp(&currency(b)).then_with(|| {
        (nano(a) * i128::from(b.credits.micro())).cmp(&(nano(b) * i128::from(a.credits.micro())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Currency, Position};

    fn lot(number: u32) -> Lot {
        Lot {
            number: LotNo(number),
            id: EntryId { position: Position(u64::from(number)), tag: 0 },
            kind: GrantKind::Paid,
            status: LotStatus::Active,
            priority: 0,
            is_ordered: false,
            price: None,
            credits: Credits::from_micro(100_000_000),
            used: Credits::ZERO,
            lapsed: Credits::ZERO,
            held: Credits::ZERO,
            effective_at: Millis(0),
            expires_at: Millis::NEVER,
            granted_at: Millis(0),
            scope: Vec::new(),
        }
    }

    fn usd(nano: i64) -> Option<Money> {
        Some(Money { nano, currency: Currency::USD })
    }

    /// From first to last, each lot differs from the next in the rule named.
    fn in_burn_order() -> Vec<(&'static str, Lot)> {
        vec![
            ("priority", Lot { priority: -1, ..lot(9) }),
            ("expiry", Lot { expires_at: Millis(10), ..lot(8) }),
            ("narrower scope", Lot { scope: vec![EventTypeNo(1)], ..lot(7) }),
            ("wider scope", Lot { scope: vec![EventTypeNo(1), EventTypeNo(2)], ..lot(6) }),
            ("promotional", Lot { kind: GrantKind::Promotional, ..lot(5) }),
            ("cheaper", Lot { price: usd(1), ..lot(4) }),
            ("dearer", Lot { price: usd(2), ..lot(3) }),
            ("effective later", Lot { price: usd(2), effective_at: Millis(1), ..lot(2) }),
            (
                "granted later",
                Lot { price: usd(2), effective_at: Millis(1), granted_at: Millis(1), ..lot(1) },
            ),
            ("id", Lot { price: usd(2), effective_at: Millis(1), granted_at: Millis(1), ..lot(10) }),
        ]
    }

    #[test]
    fn burn_order_is_total_and_follows_the_rules_in_turn() {
        let expected = in_burn_order();
        for (i, (_, a)) in expected.iter().enumerate() {
            for (j, (rule, b)) in expected.iter().enumerate() {
                assert_eq!(a.burns_before(b), i.cmp(&j), "lot {i} against lot {j} ({rule})");
            }
        }
    }

    #[test]
    fn a_lot_of_equal_price_per_credit_is_neither_cheaper_nor_dearer() {
        let small = Lot { price: usd(5), ..lot(1) };
        let large = Lot { price: usd(10), credits: Credits::from_micro(200_000_000), ..lot(2) };
        assert_eq!(price_per_credit(&small, &large), Ordering::Equal);
    }

    proptest::proptest! {
        #[test]
        fn recognised_revenue_adds_up_to_the_price(
            price in 0i64..=9_000_000_000_000_000_000,
            credits in 1i64..=8_000_000_000_000_000,
            cuts in proptest::collection::vec(0.0f64..1.0, 0..20),
        ) {
            let lot = Lot { price: usd(price), credits: Credits::from_micro(credits), ..lot(1) };
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::float_arithmetic,
                reason = "only chooses where to cut")]
            let mut at: Vec<i64> = cuts.iter().map(|c| (c * credits as f64) as i64).collect();
            at.push(credits);
            at.sort_unstable();
            let mut before = Credits::ZERO;
            let mut sum = 0i64;
            for cut in at {
                let after = Credits::from_micro(cut);
                let part = lot.recognised_nano(after) - lot.recognised_nano(before);
                proptest::prop_assert!(part >= 0);
                sum += part;
                before = after;
            }
            proptest::prop_assert_eq!(sum, price);
        }
    }
}
