//! Notices: what Stripe tells by webhook, read after its signature was found good.
//!
//! Both of Stripe's forms are read. A *snapshot* event carries the object as it was; of it only ids are believed, because
//! the object may be older than the last answer. A *thin* event names a related object: of a payment intent or a charge
//! it says whose it is; of anything else it is acknowledged as about nothing, since the port has no word for a checkout
//! that does not name its order. Subscribe to snapshot events.

use chargly_engine::payments::{About, Notice, NoticeError};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::objects::{Expandable, Metadata, Named, order_in, ours};
use crate::redact::redact;

/// Bytes of one notice. Stripe's largest, a session with its custom fields, take some tens of thousands.
pub const NOTICE_BYTES_MAX: usize = 1024 * 1024;

/// The kinds of notices that orders depend on: what an endpoint has to subscribe to. Others are about nothing.
pub const EVENT_TYPES: &[&str] = &[
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
];

/// Reads a notice whose signature was found good, or that Stripe itself listed.
pub(crate) fn read(body: &[u8]) -> Result<Notice, NoticeError> {
    let value: Value = serde_json::from_slice(body).map_err(|problem| unreadable(&problem))?;
    read_value(value)
}

/// Reads a notice that was parsed.
pub(crate) fn read_value(mut value: Value) -> Result<Notice, NoticeError> {
    let event = StripeEvent::deserialize(&value).map_err(|problem| unreadable(&problem))?;
    let created_ms = event.created.ms().ok_or_else(|| unreadable(&"when it was created"))?;
    let about = event.about();
    redact(&mut value);
    Ok(Notice {
        id: event.id,
        kind: event.kind,
        created_ms,
        is_live: event.livemode,
        about,
        body: value.to_string(),
    })
}

fn unreadable(what: &impl std::fmt::Display) -> NoticeError {
    NoticeError::Unreadable { what: what.to_string() }
}

/// An event of either form.
#[derive(Deserialize)]
struct StripeEvent {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    created: Created,
    livemode: bool,
    data: Option<Data>,
    related_object: Option<Related>,
}

/// Seconds in a snapshot event, text in a thin one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Created {
    Seconds(i64),
    Text(String),
}

impl Created {
    fn ms(&self) -> Option<i64> {
        match self {
            Self::Seconds(seconds) => seconds.checked_mul(1_000),
            Self::Text(text) => text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond),
        }
    }
}

#[derive(Deserialize)]
struct Data {
    object: Option<Object>,
}

/// The object of a snapshot event, of whichever kind.
#[derive(Deserialize)]
struct Object {
    id: Option<String>,
    object: Option<String>,
    #[serde(default)]
    metadata: Metadata,
    client_reference_id: Option<String>,
    payment_intent: Option<Expandable<Named>>,
    charge: Option<Expandable<Named>>,
}

#[derive(Deserialize)]
struct Related {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

impl StripeEvent {
    fn about(&self) -> About {
        if let Some(related) = &self.related_object {
            return related.about();
        }
        match self.data.as_ref().and_then(|data| data.object.as_ref()) {
            Some(object) if EVENT_TYPES.contains(&self.kind.as_str()) => object.about(),
            _ => About::Nothing,
        }
    }
}

impl Related {
    fn about(&self) -> About {
        match self.kind.as_str() {
            "payment_intent" => About::Payment(self.id.clone()),
            "charge" => About::Charge(self.id.clone()),
            _ => About::Nothing,
        }
    }
}

impl Object {
    /// What it says of itself first; what has to be asked for last.
    fn about(&self) -> About {
        let order = order_in(&self.metadata).or_else(|| self.client_reference_id.as_deref().and_then(ours));
        let id_of = |named: &Option<Expandable<Named>>| named.as_ref().map(|named| named.id().to_owned());
        let itself = || self.id.clone().filter(|_| self.object.as_deref() == Some("charge"));
        match (order, id_of(&self.payment_intent), id_of(&self.charge).or_else(itself)) {
            (Some(order), _, _) => About::Order(order),
            (None, Some(payment), _) => About::Payment(payment),
            (None, None, Some(charge)) => About::Charge(charge),
            (None, None, None) => About::Nothing,
        }
    }
}

#[cfg(test)]
mod tests;
