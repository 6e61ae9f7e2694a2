//! Top-ups: what is known of an order of a pack, from the checkout to the money that came and, perhaps, went back.
//!
//! Whatever a payment provider says is a target, not a change: an order may be told the same thing twice, late, or in
//! another order, and comes to stand at the same place.

use compact_str::CompactString;

use crate::codec::{boxed_codec, codec_enum, codec_struct};
use crate::{
    Adjustment, Credits, Draw, EntryId, EventTypeNo, LotNo, Millis, Money, PackNo, Position, Settlement,
    WalletNo,
};

/// Orders of one wallet that nobody has paid or given up yet. Bounds what a sweep has to ask a provider for.
pub const OPEN_ORDERS_PER_WALLET_MAX: usize = 100;

impl EventTypeNo {
    /// What credits are owed for that a refund or a dispute took back: no event type. Only a lot without a scope pays.
    pub const OF_ORDER: Self = Self(u32::MAX);
}

/// Order a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRequest {
    /// Which version of a pack.
    pub pack: PackNo,
    /// Who takes the money: `sandbox`, `stripe`.
    pub provider: CompactString,
}
codec_struct!(OrderRequest { pack, provider });

/// What was ordered, as it was for sale then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderTerms {
    /// Credits that come with it, bonus included.
    pub credits: Credits,
    /// What it costs, before discount and tax.
    pub price: Money,
    /// For how many days its credits are good.
    pub valid_days: Option<u32>,
}
codec_struct!(OrderTerms { credits, price, valid_days });

/// Note that a provider has opened a checkout for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutRequest {
    /// Of which order.
    pub order: EntryId,
    /// What the provider calls it.
    pub reference: CompactString,
    /// Where the buyer pays.
    pub url: CompactString,
    /// When it ends.
    pub expires_at: Millis,
}
codec_struct!(CheckoutRequest { order, reference, url, expires_at });

/// Where the payment of an order stands, in the order in which one state gives way to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderStatus {
    /// Nobody has paid yet.
    Created,
    /// The money is on its way.
    Pending,
    /// The checkout ended before anybody paid.
    Expired,
    /// The money will not come.
    Failed,
    /// The money came, and is not what the order was sold for (or there is no room for the credits): a person decides.
    Held,
    /// The money came, and the credits are in the wallet.
    Paid,
}
codec_enum!(OrderStatus, "order status" {
    0 => Created, 1 => Pending, 2 => Expired, 3 => Failed, 4 => Held, 5 => Paid
});

impl OrderStatus {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Created, Self::Pending, Self::Expired, Self::Failed, Self::Held, Self::Paid];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Pending => "pending",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Paid => "paid",
        }
    }

    /// Whether the money may still come by itself.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Created | Self::Pending)
    }
}

/// Money that came for an order, as the provider counts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Before discount and tax.
    pub subtotal: Money,
    /// Nano-units taken off it.
    pub discount_nano: i64,
    /// Nano-units put on it.
    pub tax_nano: i64,
    /// Nano-units that the buyer paid: what refunds and disputes are parts of.
    pub total_nano: i64,
    /// What the provider calls it; empty where nothing had to be paid.
    pub reference: CompactString,
}
codec_struct!(Payment { subtotal, discount_nano, tax_nano, total_nano, reference });

impl Payment {
    /// Nano-units that count as the price of the credits: net of discount and tax.
    pub fn net_nano(&self) -> i64 {
        self.subtotal.nano.saturating_sub(self.discount_nano).max(0)
    }
}

/// What a provider says of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentUpdate {
    /// The money is on its way.
    Pending,
    /// The checkout ended before anybody paid.
    Expired,
    /// The money will not come.
    Failed,
    /// The money came.
    Paid(Payment),
}
codec_enum!(PaymentUpdate, "payment update" { 1 => Pending, 2 => Expired, 3 => Failed, 4 => Paid(payment) });

/// Money of an order that went back or may, each a total so far. Nano-units of what the buyer paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Returns {
    /// Refunded, less refunds that failed.
    pub refunded_nano: i64,
    /// Taken by disputes, less what was given back.
    pub withdrawn_nano: i64,
    /// Under dispute and not taken.
    pub disputed_nano: i64,
}
codec_struct!(Returns { refunded_nano, withdrawn_nano, disputed_nano });

/// Bring an order to where its provider says that it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettleRequest {
    /// Which order.
    pub order: EntryId,
    /// Of its payment; `None` where nothing is said of it.
    pub payment: Option<PaymentUpdate>,
    /// Of the money that went back; `None` where nothing is said of it.
    pub returns: Option<Returns>,
    /// The refund of ours that has come to its end: done, and then part of `returns`; or, where nothing is said of
    /// `returns`, refused.
    pub ends_refund: Option<Position>,
    /// A person accepts what came although it is not what the order was sold for.
    pub is_accepted: bool,
}
codec_struct!(SettleRequest { order, payment, returns, ends_refund, is_accepted });

/// Refund unused credits of an order, by our own decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundRequest {
    /// Which order.
    pub order: EntryId,
    /// How many credits; all that are unused when not given.
    pub credits: Option<Credits>,
}
codec_struct!(RefundRequest { order, credits });

/// Why a paid order waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeldBecause {
    /// Another sum came than the order was sold for.
    Amount,
    /// It came in another currency.
    Currency,
    /// The wallet has no room for the credits.
    NoRoom,
}
codec_enum!(HeldBecause, "reason to hold an order" { 1 => Amount, 2 => Currency, 3 => NoRoom });

impl HeldBecause {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Amount => "amount",
            Self::Currency => "currency",
            Self::NoRoom => "no_room",
        }
    }
}

/// The credits of an order arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fulfilment {
    /// The lot's number in the wallet.
    pub lot: LotNo,
    /// How many credits, bonus included.
    pub credits: Credits,
    /// What counts as their price: net of discount and tax.
    pub price: Money,
    /// Until when they are good; [`Millis::NEVER`] for ever.
    pub expires_at: Millis,
    /// Debt that they paid at once.
    pub settlements: Vec<Settlement>,
}
codec_struct!(Fulfilment { lot, credits, price, expires_at, settlements });

/// Credits that followed money back, or came again with it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Reclaim {
    /// The order's lot.
    pub order_lot: LotNo,
    /// Credits of the order's lot that its dispute or refund had set aside until now.
    pub released: Credits,
    /// Credits of the order's lot that are set aside from now on.
    pub reserved: Credits,
    /// Of what was set aside, what lapsed now because the lot had expired meanwhile.
    pub broken: Option<Draw>,
    /// What left the order's lot. Its money was refunded, not recognised.
    pub taken: Credits,
    /// What came back to the order's lot.
    pub restored: Credits,
    /// What had lapsed already: nobody owes it, and its revenue is taken back. Negative where that comes again.
    pub lapsed: Credits,
    /// What was used already and is owed now.
    pub owed: Credits,
    /// What was owed and is no longer.
    pub forgiven: Credits,
    /// What was owed and paid by other lots, and went back to them, with their revenue.
    pub returns: Vec<Draw>,
    /// What could go back to no lot.
    pub adjustment: Option<Adjustment>,
    /// What was used already and nobody will pay. Negative where that comes again.
    pub uncollectable: Credits,
    /// Nano-units of the lot's price that were given back; negative where they came again.
    pub refunded_nano: i64,
    /// Nano-units of revenue of the order's lot that were recognised; negative where they were taken back.
    pub revenue_nano: i64,
    /// The wallet is frozen by it.
    pub freezes: bool,
    /// The wallet is thawed by it, which an earlier fact of the order had frozen.
    pub thaws: bool,
    /// Where the order stands after it.
    pub sums: OrderSums,
}
codec_struct!(Reclaim {
    order_lot,
    released,
    reserved,
    broken,
    taken,
    restored,
    lapsed,
    owed,
    forgiven,
    returns,
    adjustment,
    uncollectable,
    refunded_nano,
    revenue_nano,
    freezes,
    thaws,
    sums
});

/// What has followed money back so far, over all of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct OrderSums {
    /// Credits that left its lot.
    pub taken: Credits,
    /// Credits that had lapsed.
    pub lapsed: Credits,
    /// Credits that were charged as debt, paid meanwhile or not.
    pub owed: Credits,
    /// Credits that nobody will pay.
    pub uncollectable: Credits,
    /// Credits of its lot that a dispute or a refund sets aside.
    pub reserved: Credits,
    /// Nano-units of its price that were given back.
    pub refunded_nano: i64,
}
codec_struct!(OrderSums { taken, lapsed, owed, uncollectable, reserved, refunded_nano });

impl OrderSums {
    /// Credits that followed money back, from wherever they came.
    pub fn reclaimed(&self) -> Credits {
        self.taken + self.lapsed + self.owed + self.uncollectable
    }
}

/// A refund of ours that the provider has not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenRefund {
    /// The fact that started it.
    pub id: EntryId,
    /// Credits set aside for it.
    pub credits: Credits,
    /// What is to be paid back.
    pub amount: Money,
}
codec_struct!(OpenRefund { id, credits, amount });

/// What is remembered of an order for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopUp {
    /// The seal of its id.
    pub tag: u32,
    /// Whose.
    pub wallet: WalletNo,
    /// Which version of a pack.
    pub pack: PackNo,
    /// Who takes the money.
    pub provider: CompactString,
    /// What was ordered, as it was for sale.
    pub terms: OrderTerms,
    /// When.
    pub placed_at: Millis,
    /// Where its payment stands.
    pub status: OrderStatus,
    /// Why it waits for a person, where it does.
    pub held_because: Option<HeldBecause>,
    /// Since when it stands there.
    pub changed_at: Millis,
    /// The fact that noted its checkout.
    pub checkout: Option<Position>,
    /// What the provider calls its checkout.
    pub reference: CompactString,
    /// What came for it.
    pub payment: Option<Payment>,
    /// The lot of the wallet that its credits are in.
    pub lot: Option<LotNo>,
    /// What went back, as the provider said last.
    pub returns: Returns,
    /// What that came to.
    pub sums: OrderSums,
    /// The refund of ours that goes on.
    pub refund: Option<OpenRefund>,
    /// The refund of ours that the provider refused last.
    pub refused: Option<Position>,
    /// The fact of this order that froze the wallet.
    pub froze: Option<Position>,
}
codec_struct!(TopUp {
    tag,
    wallet,
    pack,
    provider,
    terms,
    placed_at,
    status,
    held_because,
    changed_at,
    checkout,
    reference,
    payment,
    lot,
    returns,
    sums,
    refund,
    refused,
    froze
});

impl TopUp {
    /// Whether somebody has to ask its provider for news.
    pub fn is_open(&self) -> bool {
        self.status.is_open() || self.refund.is_some()
    }
}

/// What happens to credits that were used before their money went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Shortfall {
    /// They are owed.
    #[default]
    Debt,
    /// They are owed, and the wallet is frozen.
    DebtAndFreeze,
    /// Nobody owes them; they are counted.
    Uncollectable,
}
codec_enum!(Shortfall, "shortfall" { 0 => Debt, 1 => DebtAndFreeze, 2 => Uncollectable });

impl Shortfall {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debt => "debt",
            Self::DebtAndFreeze => "debt_and_freeze",
            Self::Uncollectable => "uncollectable",
        }
    }
}

boxed_codec!(OrderRequest, OrderTerms, CheckoutRequest, SettleRequest, Fulfilment, Reclaim, TopUp);
