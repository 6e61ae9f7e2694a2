//! What goes into calls, in the order of the operations.

use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::amount::{Amount, Money};
use crate::time::Time;
use crate::usage::Cost;

/// What happens where the wallet cannot pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum IfInsufficient {
    /// The event is refused.
    Refuse,
    /// For work already delivered: it always charges, into debt where it has to. The key needs the scope `record`.
    Record,
}

/// Makes setters that answer the input itself.
macro_rules! setters {
    ($($(#[$about:meta])* $field:ident: $kind:ty;)*) => {$(
        $(#[$about])*
        #[must_use]
        pub fn $field(mut self, $field: impl Into<$kind>) -> Self {
            self.$field = Some($field.into());
            self
        }
    )*};
}

macro_rules! properties {
    () => {
        /// One property more: at most 4 KiB and 32 of them; prices may count them.
        #[must_use]
        pub fn property(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
            self.properties.get_or_insert_default().insert(name.into(), value.into());
            self
        }

        /// All properties at once.
        #[must_use]
        pub fn properties(mut self, properties: Map<String, Value>) -> Self {
            self.properties = Some(properties);
            self
        }
    };
}

/// One event, and what may be said of it.
///
/// ```
/// use chargly_client::{Meter, Money};
///
/// let event = Meter::new("image.generate", "user_42")
///     .quantity(2)
///     .cost(Money::new("0.08", "usd"))
///     .property("size", "1024")
///     .idempotency_key("job-8842");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Meter {
    event: String,
    customer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Cost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    occurred_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_insufficient: Option<IfInsufficient>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<String>,
}

impl Meter {
    /// An event by a customer.
    pub fn new(event: impl Into<String>, customer: impl Into<String>) -> Self {
        Self {
            event: event.into(),
            customer: customer.into(),
            quantity: None,
            credits: None,
            cost: None,
            properties: None,
            occurred_at: None,
            if_insufficient: None,
            idempotency_key: None,
        }
    }

    setters! {
        /// How much; 1 if left out.
        quantity: Amount;
        /// Chosen by you, only where the event type has `caller_set_credits`.
        credits: Amount;
        /// What it cost you: [`Money`], or what a provider answered, as it came.
        cost: Cost;
        /// When it happened, if not now.
        occurred_at: Time;
        /// What happens where the wallet cannot pay; it is refused if left out.
        if_insufficient: IfInsufficient;
        /// Names this piece of work, 1–255 visible ASCII characters: the same key never charges twice, whoever asks and
        /// whenever. Without it each call makes one, which covers its own retries and nothing beyond.
        idempotency_key: String;
    }

    properties!();

    pub(crate) fn key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }

    pub(crate) fn take_key(&mut self) -> Option<String> {
        self.idempotency_key.take()
    }

    pub(crate) fn set_key(&mut self, key: impl FnOnce() -> String) {
        self.idempotency_key.get_or_insert_with(key);
    }

    /// What is to be decided when it happens, and not when it is sent.
    pub(crate) fn begin_waiting(&mut self, if_insufficient: IfInsufficient, key: impl FnOnce() -> String) {
        self.occurred_at.get_or_insert_with(|| SystemTime::now().into());
        self.if_insufficient.get_or_insert(if_insufficient);
        self.set_key(key);
    }

    /// Why it can go into no request.
    pub(crate) fn mistake(&self) -> Option<&str> {
        self.cost.as_ref().and_then(Cost::mistake)
    }
}

/// Credits to set aside for work that is about to start, at the price in force now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaceHold {
    event: String,
    customer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_s: Option<u32>,
    #[serde(skip)]
    pub(crate) idempotency_key: Option<String>,
}

impl PlaceHold {
    /// For an event by a customer.
    pub fn new(event: impl Into<String>, customer: impl Into<String>) -> Self {
        Self {
            event: event.into(),
            customer: customer.into(),
            quantity: None,
            credits: None,
            expires_in_s: None,
            idempotency_key: None,
        }
    }

    setters! {
        /// How much; 1 if neither this nor `credits` is given.
        quantity: Amount;
        /// How many credits.
        credits: Amount;
        /// Seconds until it lapses by itself; 15 minutes if left out.
        expires_in_s: u32;
        /// Names this piece of work.
        idempotency_key: String;
    }
}

/// What is charged of a hold: all that is held, if no amount is given.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Capture {
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Cost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_insufficient: Option<IfInsufficient>,
    #[serde(rename = "final", skip_serializing_if = "Option::is_none")]
    is_final: Option<bool>,
    #[serde(skip)]
    pub(crate) idempotency_key: Option<String>,
}

impl Capture {
    /// All that is held.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// How much was used.
        quantity: Amount;
        /// How many credits to charge.
        credits: Amount;
        /// What it cost you: [`Money`], or what a provider answered, as it came.
        cost: Cost;
        /// `Record` charges also what goes beyond the hold.
        if_insufficient: IfInsufficient;
        /// Names this capture. Without it each has a key of its own.
        idempotency_key: String;
    }

    properties!();

    /// Charges this as a step, and keeps the rest held.
    #[must_use]
    pub fn step(mut self) -> Self {
        self.is_final = Some(false);
        self
    }

    pub(crate) fn mistake(&self) -> Option<&str> {
        self.cost.as_ref().and_then(Cost::mistake)
    }
}

/// Why a lot of credits is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GrantKind {
    /// Somebody paid for it.
    Paid,
    /// It was given.
    Promotional,
    /// A correction.
    Adjustment,
}

/// Credits to put into a wallet; promotional ones unless said otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Grant {
    credits: Amount,
    kind: GrantKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip)]
    pub(crate) idempotency_key: Option<String>,
}

impl Grant {
    /// So many credits.
    pub fn new(credits: impl Into<Amount>) -> Self {
        Self {
            credits: credits.into(),
            kind: GrantKind::Promotional,
            price: None,
            priority: None,
            effective_at: None,
            expires_at: None,
            scope: None,
            reason: None,
            idempotency_key: None,
        }
    }

    /// They were paid for: so much for all of them.
    #[must_use]
    pub fn paid(mut self, price: Money) -> Self {
        self.price = Some(price);
        self.kind(GrantKind::Paid)
    }

    /// Of another kind.
    #[must_use]
    pub fn kind(mut self, kind: GrantKind) -> Self {
        self.kind = kind;
        self
    }

    setters! {
        /// Which lot burns first.
        priority: i64;
        /// From when on it counts.
        effective_at: Time;
        /// When what is left of it lapses.
        expires_at: Time;
        /// Event types that it pays for; all if left out.
        scope: Vec<String>;
        /// Why, for the wallet's history.
        reason: String;
        /// Names this grant.
        idempotency_key: String;
    }
}

impl<A: Into<Amount>> From<A> for Grant {
    fn from(credits: A) -> Self {
        Self::new(credits)
    }
}

/// Credits of an event to give back; all that are left of it unless said otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reverse {
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<Amount>,
    #[serde(skip)]
    pub(crate) idempotency_key: Option<String>,
}

impl Reverse {
    /// For a reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), credits: None, idempotency_key: None }
    }

    setters! {
        /// How many.
        credits: Amount;
        /// Names this reversal.
        idempotency_key: String;
    }
}

/// A pack to be bought for a customer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CreateCheckout {
    customer: String,
    pack: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_url: Option<String>,
    #[serde(skip)]
    pub(crate) idempotency_key: Option<String>,
}

impl CreateCheckout {
    /// For a customer, of a pack by its `id` in `list_credit_packs`.
    pub fn new(customer: impl Into<String>, pack: impl Into<String>) -> Self {
        Self {
            customer: customer.into(),
            pack: pack.into(),
            success_url: None,
            cancel_url: None,
            idempotency_key: None,
        }
    }

    setters! {
        /// Where the buyer goes after paying.
        success_url: String;
        /// Where the buyer goes without.
        cancel_url: String;
        /// Names this order, so that two clicks are one.
        idempotency_key: String;
    }
}

/// How a recommendation is applied.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Apply {
    #[serde(skip_serializing_if = "Option::is_none")]
    notice_days: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip)]
    pub(crate) idempotency_key: Option<String>,
}

impl Apply {
    /// As it is proposed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Days until the price holds, 0–365; needed where the recommendation has `notice_required`.
        notice_days: u16;
        /// When it holds.
        effective_at: Time;
        /// Why.
        reason: String;
        /// Names this decision.
        idempotency_key: String;
    }
}

/// Which page of a list.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PageQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_position: Option<String>,
}

impl PageQuery {
    /// The first page.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// 1–1000 items, 100 if left out.
        limit: u16;
        /// The `next_cursor` of the page before.
        cursor: String;
        /// The `position` of a write that the answer has to know of.
        min_position: String;
    }
}

/// Which events.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct EventQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

impl EventQuery {
    /// All, newest first.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Of one customer.
        customer: String;
        /// Of one type.
        event: String;
        /// Not before.
        from: Time;
        /// Before.
        to: Time;
        /// 1–1000 items a page, 100 if left out.
        limit: u16;
        /// The `next_cursor` of the page before.
        cursor: String;
    }
}

/// Which recommendations.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RecommendationQuery {
    #[serde(rename = "event", skip_serializing_if = "Option::is_none")]
    feature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

impl RecommendationQuery {
    /// All, newest first.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// On one event type.
        feature: String;
        /// `pending`, `accepted`, `rejected`, `applied` or `expired`.
        status: String;
        /// Like `loss_making`.
        kind: String;
        /// `high`, `medium` or `low`.
        confidence: String;
        /// 1–1000 items a page, 100 if left out.
        limit: u16;
        /// The `next_cursor` of the page before.
        cursor: String;
    }
}

/// Which figures: of the last 30 days, unless said otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct UsageQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_position: Option<String>,
    #[serde(skip)]
    pub(crate) filters: Vec<(String, String)>,
}

impl UsageQuery {
    /// All of it, in total.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Not before; a date like `2026-11-01` will do.
        from: Time;
        /// Before; a date will do.
        to: Time;
        /// `total`, `hour`, `day`, `week` or `month`.
        interval: String;
        /// `event`, `customer`, `price_version` or a dimension of the event type; several with commas between.
        group_by: String;
        /// Of one type.
        event: String;
        /// Of one customer.
        customer: String;
        /// Of one price version.
        price_version: String;
        /// The `position` of a write that the answer has to know of.
        min_position: String;
    }

    /// Only this value of a dimension.
    #[must_use]
    pub fn filter(mut self, dimension: &str, value: impl Into<String>) -> Self {
        self.filters.push((format!("filter[{dimension}]"), value.into()));
        self
    }
}
