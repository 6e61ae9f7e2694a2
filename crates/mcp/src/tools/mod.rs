//! Every tool there is.

mod holds;
mod metering;
mod prices;
mod recommendations;
mod reports;
mod wallets;

use crate::tool::{Field, Shape, To, Tool, WithoutKey};

/// Every tool, in the order in which a model reads of them.
pub(crate) static TOOLS: [&Tool; 16] = [
    &metering::METER_EVENT,
    &metering::QUOTE,
    &wallets::GET_WALLET,
    &wallets::LIST_WALLET_HISTORY,
    &wallets::LIST_CREDIT_PACKS,
    &wallets::CREATE_CHECKOUT,
    &holds::PLACE_HOLD,
    &holds::CAPTURE_HOLD,
    &holds::VOID_HOLD,
    &reports::GET_USAGE,
    &prices::GET_PRICING_RULE,
    &recommendations::LIST,
    &recommendations::GET,
    &recommendations::EXPLAIN,
    &recommendations::APPLY,
    &recommendations::REJECT,
];

/// For whoever connects, before it has read of any tool.
pub(crate) const INSTRUCTIONS: &str = "Chargly keeps each customer's balance of prepaid credits. Read \
    chargly.get_wallet or chargly.quote before you spend; spend with chargly.meter_event when a piece of work is done, \
    or with chargly.place_hold before costly work and chargly.capture_hold after it. When a call may have been lost, \
    repeat it with the same idempotencyKey: it is then charged once. An error is JSON with `code`, `detail` and \
    `retryable`; insufficient_credits says by how much a wallet falls short, and chargly.create_checkout makes an \
    address where a person can pay. Never change a price without a person's consent.";

const CUSTOMER: &str = "The customer's id in your own system, like user_42";
const KEY: &str = "Names this one operation. Repeat a call whose answer was lost with the same key, and it happens \
    once. Left out, a random one is made and returned";

/// The customer, in the path of the route.
const CUSTOMER_IN_PATH: Field =
    Field::required("customerId", To::Path("customer"), Shape::Text(255), CUSTOMER);
/// The customer, in the body of the route.
const CUSTOMER_IN_BODY: Field =
    Field::required("customerId", To::Body("customer"), Shape::Text(255), CUSTOMER);
/// The idempotency key of a call that is made once.
const KEY_ONCE: Field =
    Field::optional("idempotencyKey", To::Body("idempotency_key"), Shape::Key(WithoutKey::Fresh), KEY);
/// The event type that is priced.
const EVENT: Field = Field::required(
    "event",
    To::Body("event"),
    Shape::Event,
    "The event type, as its price is set for: segments joined by dots, like image.generate",
);
const LIMIT: Field = Field::optional(
    "limit",
    To::Query("limit"),
    Shape::Whole(1, 1_000),
    "Items of a page, at most; 100 if left out",
);
const CURSOR: Field =
    Field::optional("cursor", To::Query("cursor"), Shape::Text(1_000), "nextCursor of the page before");
const METADATA: Field = Field::optional(
    "metadata",
    To::Body("properties"),
    Shape::Object,
    "Details of the work, like {\"model\": \"…\"}: kept with the event; prices may depend on them",
);
const REASON: Field = Field::optional(
    "reason",
    To::Body("reason"),
    Shape::Text(1_000),
    "Why, for whoever reads the record later",
);
