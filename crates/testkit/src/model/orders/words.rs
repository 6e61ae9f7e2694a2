//! What is said of orders, and how they are compared.

use crate::model::{Draw, Micro, Money, Ms, Nano, Place, Settled};

/// Where the payment of an order stands. It only goes forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "named as on the wire")]
pub enum OrderStatus {
    Created,
    Pending,
    Expired,
    Failed,
    Held,
    Paid,
}

/// Why a paid order waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as on the wire")]
pub enum HeldBecause {
    Amount,
    Currency,
    NoRoom,
}

/// What a provider says of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as on the wire")]
pub enum News {
    Pending,
    Expired,
    Failed,
    Paid(Payment),
}

/// Money that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Before discount and tax.
    pub subtotal: Money,
    /// Taken off it, in nano-units.
    pub discount: Nano,
    /// Put on it.
    pub tax: Nano,
    /// What the buyer paid.
    pub total: Nano,
}

/// Money that went back or may, as totals, in nano-units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Returns {
    /// Refunded.
    pub refunded: Nano,
    /// Taken by disputes.
    pub withdrawn: Nano,
    /// Under dispute and not taken.
    pub disputed: Nano,
}

/// The credits of an order came.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the glossary; amounts in micro-credits and nano-units")]
pub struct Arrived {
    pub lot: u32,
    pub credits: Micro,
    pub price: Money,
    pub expires_at: Option<Ms>,
    pub settled: Vec<Settled>,
}

/// Credits followed money. What came again counts negative, where one number says both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the glossary; amounts in micro-credits and nano-units")]
pub struct Followed {
    /// Set aside before, and after.
    pub set_aside: (Micro, Micro),
    /// What was set aside in a lot that is over.
    pub lapses_now: Option<Draw>,
    pub taken: Micro,
    pub restored: Micro,
    pub lapsed: Micro,
    pub owed: Micro,
    pub forgiven: Micro,
    pub returned: Vec<Draw>,
    pub stand_in: Option<(u32, Micro, Ms)>,
    pub uncollectable: Micro,
    pub refunded: Nano,
    pub revenue: Nano,
    pub freezes: bool,
    pub thaws: bool,
}

/// An order as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the glossary; amounts in micro-credits and nano-units")]
pub struct OrderView {
    pub placed: Place,
    pub pack: u32,
    pub credits: Micro,
    pub price: Money,
    pub status: OrderStatus,
    pub held_because: Option<HeldBecause>,
    pub has_checkout: bool,
    pub payment: Option<Payment>,
    pub lot: Option<u32>,
    pub returns: Returns,
    pub taken: Micro,
    pub lapsed: Micro,
    pub owed: Micro,
    pub uncollectable: Micro,
    pub set_aside: Micro,
    pub refunded: Nano,
    /// The refund that goes on: the fact that started it, credits, money.
    pub refund: Option<(Place, Micro, Nano)>,
    pub froze: Option<Place>,
}
