//! Stripe's objects, as far as they are looked at. What is not named here is ignored, so that Stripe may add to them.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The metadata field in which our order's id travels.
pub(crate) const ORDER_FIELD: &str = "order_id";
/// What an order's id begins with. An account may be shared with a shop that also says `order_id`.
const ORDER_PREFIX: &str = "ord_";

/// Texts that Stripe keeps with an object for us.
pub(crate) type Metadata = Option<BTreeMap<String, String>>;

/// The order that metadata names, if it is one of ours.
pub(crate) fn order_in(metadata: &Metadata) -> Option<String> {
    metadata.as_ref()?.get(ORDER_FIELD).and_then(|id| ours(id))
}

/// An order's id, if it is one of ours.
pub(crate) fn ours(id: &str) -> Option<String> {
    id.starts_with(ORDER_PREFIX).then(|| id.to_owned())
}

/// A thing by its id, or the thing itself where it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Expandable<T> {
    Id(String),
    Object(Box<T>),
}

/// Anything with an id.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Named {
    pub(crate) id: String,
}

impl Expandable<Named> {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Object(named) => &named.id,
        }
    }
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct List<T> {
    pub(crate) data: Vec<T>,
    #[serde(default)]
    pub(crate) has_more: bool,
}

/// A Checkout Session.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) url: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) payment_status: String,
    pub(crate) client_reference_id: Option<String>,
    #[serde(default)]
    pub(crate) metadata: Metadata,
    pub(crate) payment_intent: Option<Expandable<Named>>,
    pub(crate) currency: Option<String>,
    pub(crate) amount_subtotal: Option<i64>,
    pub(crate) amount_total: Option<i64>,
    pub(crate) total_details: Option<TotalDetails>,
    pub(crate) livemode: bool,
    pub(crate) expires_at: i64,
}

impl Session {
    /// The order that it is the checkout of.
    pub(crate) fn order(&self) -> Option<String> {
        order_in(&self.metadata).or_else(|| self.client_reference_id.as_deref().and_then(ours))
    }

    pub(crate) fn payment(&self) -> Option<&str> {
        self.payment_intent.as_ref().map(Expandable::id)
    }
}

/// What stands between subtotal and total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct TotalDetails {
    pub(crate) amount_discount: i64,
    pub(crate) amount_tax: i64,
}

/// A payment intent, with its charge in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Intent {
    pub(crate) status: String,
    pub(crate) latest_charge: Option<Expandable<Charge>>,
    #[serde(default)]
    pub(crate) metadata: Metadata,
}

impl Intent {
    /// The charge, where it was asked for and there is one.
    pub(crate) fn charge(&self) -> Option<&Charge> {
        match &self.latest_charge {
            Some(Expandable::Object(charge)) => Some(charge),
            _ => None,
        }
    }
}

/// A charge.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Charge {
    pub(crate) amount: i64,
    pub(crate) amount_refunded: i64,
    pub(crate) currency: String,
    pub(crate) payment_intent: Option<Expandable<Named>>,
    #[serde(default)]
    pub(crate) metadata: Metadata,
}

/// A refund.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Refund {
    #[serde(default)]
    pub(crate) metadata: Metadata,
}

/// A dispute, or an inquiry that may become one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Dispute {
    pub(crate) status: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    #[serde(default)]
    pub(crate) balance_transactions: Vec<BalanceTransaction>,
}

/// Money that moved on the operator's balance at Stripe, in the currency of that balance. `amount` is without the fee.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct BalanceTransaction {
    pub(crate) amount: i64,
    pub(crate) currency: String,
}
