//! What can be asked, in the words of the design.

mod fields;

use std::collections::{BTreeMap, BTreeSet};

use super::allowances::{Period, Rollover};
use super::orders::{News, Returns};
use super::packs::Shortfall;
use super::{Micro, Ms, Nano, Place};

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// Nano-units of the currency.
    pub nano: Nano,
    /// ISO code in lower case.
    pub currency: String,
}

/// Where a lot comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sold.
    Paid,
    /// Given.
    Promotional,
    /// Put right.
    Adjustment,
}

/// What happens when credits run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Refuse.
    Strict,
    /// Owe, down to a limit in micro-credits.
    Overdraft(Micro),
    /// Charge what is there and let the rest go.
    RecordOnly,
}

/// What an event costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Always the same.
    Flat(Micro),
    /// `base + credits × measure`, within optional bounds.
    PerUnit {
        /// Charged whatever the measure.
        base: Micro,
        /// Micro-credits for each unit.
        credits: Micro,
        /// What is counted.
        measure: Measure,
        /// Never less.
        minimum: Option<Micro>,
        /// Never more.
        maximum: Option<Micro>,
    },
    /// Each unit of the event's quantity at the price of its tier: where a tier ends, and its credits.
    Tiered(Vec<(Option<Micro>, Micro)>),
    /// The rule of the first row of which every property has its text.
    ByDimension {
        /// In order.
        rows: Vec<(BTreeMap<String, String>, Rule)>,
        /// For all others.
        default: Box<Rule>,
    },
    /// The cost times a ratio, rounded up.
    CostPlus {
        /// Credits for a unit of currency: above and below the line.
        multiplier: (i128, i128),
        /// Never less.
        minimum: Option<Micro>,
    },
}

/// What a per-unit rule counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The event's quantity.
    Quantity,
    /// A property of the event.
    Property(String),
}

/// To what a price is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// A millionth of a credit.
    MicroCredit,
    /// A whole credit.
    Credit,
}

/// Which way a price is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Nearest, ties up.
    HalfUp,
    /// Nearest, ties to the even one.
    HalfEven,
    /// Up.
    Up,
    /// Down.
    Down,
}

/// A property of an event as far as prices look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Property {
    /// A number of micro-units that can be counted.
    Number(Micro),
    /// Zero: a number that cannot be counted.
    BadNumber,
    /// Text.
    Text(String),
}

/// Something asked of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the wire's own, documented in the contract")]
pub enum Request {
    /// Define or change an event type.
    DefineEventType { name: String, caller_set: bool, archived: bool, first_price: Option<Micro> },
    /// Publish a price version.
    PublishPrice {
        event_type: String,
        rule: Rule,
        grid: Grid,
        rounding: Rounding,
        effective_at: Option<Ms>,
        replaces: Option<u32>,
    },
    /// Price an event and deduct it.
    Meter {
        customer: String,
        event_type: String,
        quantity: Option<Micro>,
        credits: Option<Micro>,
        cost: Option<Money>,
        record: bool,
        /// To be left uncharged, rather than refused.
        uncharged: bool,
        properties: BTreeMap<String, Property>,
    },
    /// Reserve credits.
    PlaceHold {
        customer: String,
        event_type: String,
        quantity: Option<Micro>,
        credits: Option<Micro>,
        ttl_s: Option<u32>,
    },
    /// Reserve more.
    IncreaseHold { hold: Place, quantity: Option<Micro>, credits: Option<Micro> },
    /// Move the expiry.
    ExtendHold { hold: Place, ttl_s: u32 },
    /// Charge what is held.
    CaptureHold {
        hold: Place,
        quantity: Option<Micro>,
        credits: Option<Micro>,
        cost: Option<Money>,
        record: bool,
        is_final: bool,
        properties: BTreeMap<String, Property>,
    },
    /// Give a hold up.
    VoidHold { hold: Place },
    /// Put a lot into a wallet.
    Grant {
        customer: String,
        credits: Micro,
        kind: Kind,
        price: Option<Money>,
        priority: i32,
        effective_at: Option<Ms>,
        expires_at: Option<Ms>,
        scope: BTreeSet<String>,
    },
    /// Take back what is left of a lot.
    VoidGrant { customer: String, lot: u32 },
    /// Undo an event.
    Reverse { event: Place, credits: Option<Micro> },
    /// Charge an event again.
    Recharge { event: Place, credits: Micro },
    /// Charge what of an event was used and not charged.
    Collect { event: Place, credits: Option<Micro> },
    /// Attach or correct what an event cost the operator.
    SetCost { event: Place, cost: Money },
    /// Choose what happens when credits run out.
    SetPolicy { customer: String, policy: Policy },
    /// Stop new spending.
    Freeze { customer: String },
    /// Allow it again.
    Thaw { customer: String },
    /// Forget who it is.
    EraseCustomer { customer: String },
    /// Publish a version of a pack.
    PublishPack {
        code: String,
        credits: Micro,
        bonus: Micro,
        price: Money,
        valid_days: Option<u32>,
        is_active: bool,
    },
    /// Choose what customers get at first sight (for so many days), and what becomes of used credits whose money
    /// went back.
    ChangeSettings {
        welcome: Option<(Micro, Option<u32>)>,
        refund_shortfall: Shortfall,
        dispute_shortfall: Shortfall,
    },
    /// Choose what may be spent in a day in the name of the key that asks: in all, and for each customer.
    SetBudget { per_day: Option<Micro>, per_customer: Option<Micro> },
    /// Order the newest version of a pack.
    PlaceOrder { customer: String, pack: String },
    /// Note that a checkout was opened.
    OpenCheckout { order: Place },
    /// Bring an order to where its provider says that it stands.
    SettleOrder {
        order: Place,
        payment: Option<News>,
        returns: Option<Returns>,
        ends_refund: Option<Place>,
        is_accepted: bool,
    },
    /// Refund unused credits.
    RefundOrder { order: Place, credits: Option<Micro> },
    /// Give credits again every period.
    SetAllowance {
        customer: String,
        code: String,
        credits: Micro,
        period: Period,
        starts_at: Option<Ms>,
        rollover: Rollover,
        priority: i32,
        scope: BTreeSet<String>,
    },
    /// Give them no longer.
    EndAllowance { customer: String, code: String },
}

impl Request {
    /// The customer it names.
    pub fn customer(&self) -> Option<&str> {
        match self {
            Self::Meter { customer, .. }
            | Self::PlaceHold { customer, .. }
            | Self::Grant { customer, .. }
            | Self::VoidGrant { customer, .. }
            | Self::SetPolicy { customer, .. }
            | Self::Freeze { customer }
            | Self::Thaw { customer }
            | Self::PlaceOrder { customer, .. }
            | Self::SetAllowance { customer, .. }
            | Self::EndAllowance { customer, .. }
            | Self::EraseCustomer { customer } => Some(customer),
            _ => None,
        }
    }

    /// The hold it names.
    pub fn hold(&self) -> Option<Place> {
        match self {
            Self::IncreaseHold { hold, .. }
            | Self::ExtendHold { hold, .. }
            | Self::CaptureHold { hold, .. }
            | Self::VoidHold { hold } => Some(*hold),
            _ => None,
        }
    }

    /// Whether it is about event types, prices, packs or settings, and no wallet.
    pub fn is_of_catalogue(&self) -> bool {
        matches!(
            self,
            Self::DefineEventType { .. }
                | Self::PublishPrice { .. }
                | Self::PublishPack { .. }
                | Self::ChangeSettings { .. }
                | Self::SetBudget { .. }
        )
    }

    /// Whether it is about packs, orders, allowances or what customers get at first sight.
    pub fn is_of_sales(&self) -> bool {
        matches!(
            self,
            Self::PublishPack { .. }
                | Self::ChangeSettings { .. }
                | Self::PlaceOrder { .. }
                | Self::OpenCheckout { .. }
                | Self::SettleOrder { .. }
                | Self::RefundOrder { .. }
                | Self::SetAllowance { .. }
                | Self::EndAllowance { .. }
        )
    }

    /// The order it names.
    pub fn order(&self) -> Option<Place> {
        match self {
            Self::OpenCheckout { order }
            | Self::SettleOrder { order, .. }
            | Self::RefundOrder { order, .. } => Some(*order),
            _ => None,
        }
    }

    /// The event it names.
    pub fn event(&self) -> Option<Place> {
        match self {
            Self::Reverse { event, .. }
            | Self::Recharge { event, .. }
            | Self::Collect { event, .. }
            | Self::SetCost { event, .. } => Some(*event),
            _ => None,
        }
    }

    /// The event it names, to put another one there.
    pub fn event_mut(&mut self) -> Option<&mut Place> {
        match self {
            Self::Reverse { event, .. }
            | Self::Recharge { event, .. }
            | Self::Collect { event, .. }
            | Self::SetCost { event, .. } => Some(event),
            _ => None,
        }
    }
}
