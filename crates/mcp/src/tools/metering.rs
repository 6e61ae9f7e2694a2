//! Spending credits on one event, and asking first what it would cost.

use serde_json::Value;

use super::{CUSTOMER_IN_BODY, EVENT, KEY_ONCE, METADATA};
use crate::args::Sent;
use crate::present::{any_object, at, boolean, number, object, schema, text};
use crate::tool::{Effect, Field, Shape, To, Tool};

const CREDITS: Field = Field::optional(
    "credits",
    To::Body("credits"),
    Shape::Credits,
    "Credits to charge instead of the price; only event types that allow it take it. Leave it out otherwise",
);

pub(super) static METER_EVENT: Tool = Tool {
    name: "chargly.meter_event",
    title: "Charge one event",
    description: "Charges a customer's wallet for one event, by the price in force of its type. Call it once for each \
        piece of work, when the work is done or just before it. It costs the customer credits, at once and for good; \
        chargly.quote says how many without charging. Give an idempotencyKey that names the piece of work: the same \
        call with the same key is charged once. Fails with insufficient_credits (required, available, shortfall, and \
        checkout_hint with the smallest pack that covers it; nothing is charged), budget_exceeded (this key may spend no more today: left, renews_at; stop and tell a \
        person), wallet_frozen, unknown_event_type \
        (did_you_mean), no_active_price, or idempotency_conflict when the key was used for something else. A refusal \
        is final for its key: after a top-up, try again with a new key.",
    method: "POST",
    path: "/v1/events",
    scope: "meter",
    effect: Effect::Takes,
    fields: &[CUSTOMER_IN_BODY, EVENT, CREDITS, METADATA, KEY_ONCE],
    output: || {
        let fields = [
            ("success", boolean("Always true; a refusal is an error")),
            ("eventId", text("The event's id")),
            ("deductedCredits", number("Credits that were charged")),
            ("remainingBalance", number("Credits that the customer can still spend")),
            ("idempotencyKey", text("The key of this call, given or made")),
        ];
        schema(fields, &["success", "eventId", "deductedCredits", "remainingBalance", "idempotencyKey"])
    },
    present: |answer, sent| Ok(charged(answer, sent)),
};

fn charged(answer: &Value, sent: &Sent) -> Value {
    object([
        ("success", true.into()),
        ("eventId", at(answer, "/id")),
        ("deductedCredits", at(answer, "/credits")),
        ("remainingBalance", at(answer, "/balance/available")),
        ("idempotencyKey", sent.key.clone().into()),
    ])
}

pub(super) static QUOTE: Tool = Tool {
    name: "chargly.quote",
    title: "Ask what an event would cost",
    description: "Says how many credits an event would cost a customer now, and whether the wallet could pay. Changes \
        nothing and costs nothing. Use it before costly work, or to tell a person a price. accepted is false where \
        chargly.meter_event would be refused, and refusal says why. The price is not reserved: chargly.place_hold \
        does that. Fails with unknown_event_type or no_active_price.",
    method: "POST",
    path: "/v1/quote",
    scope: "meter",
    effect: Effect::Reads,
    fields: &[
        CUSTOMER_IN_BODY,
        EVENT,
        Field::optional("quantity", To::Body("quantity"), Shape::Amount, "How many units; 1 if left out"),
        CREDITS,
        METADATA,
    ],
    output: || {
        let fields = [
            ("customerId", text("The customer")),
            ("event", text("The event type")),
            ("credits", number("Credits that it would cost")),
            ("balance", number("Credits that the customer can spend now")),
            ("accepted", boolean("Whether it would be accepted")),
            ("priceVersion", text("The version of the price; absent where the caller sets the credits")),
            ("inWords", text("The price in words")),
            (
                "refusal",
                any_object("Why it would be refused, as the error that chargly.meter_event would give"),
            ),
        ];
        schema(fields, &["customerId", "event", "credits", "balance", "accepted"])
    },
    present: |answer, _| Ok(quoted(answer)),
};

fn quoted(answer: &Value) -> Value {
    object([
        ("customerId", at(answer, "/customer")),
        ("event", at(answer, "/event")),
        ("credits", at(answer, "/credits")),
        ("balance", at(answer, "/available")),
        ("accepted", at(answer, "/accepted")),
        ("priceVersion", at(answer, "/price_version")),
        ("inWords", at(answer, "/in_words")),
        ("refusal", at(answer, "/refusal")),
    ])
}
