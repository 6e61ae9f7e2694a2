//! Setting credits aside before work, and charging or freeing them after it.

use super::{CUSTOMER_IN_BODY, EVENT, KEY_ONCE, METADATA};
use crate::present::{at, boolean, number, object, schema, text};
use crate::tool::{Effect, Field, Shape, To, Tool, WithoutKey};

const HOLD: Field = Field::required(
    "holdId",
    To::Path("id"),
    Shape::Text(64),
    "The hold's id, as chargly.place_hold gave it",
);
const KEY_OF_HOLD: Field = Field::optional(
    "idempotencyKey",
    To::Body("idempotency_key"),
    Shape::Key(WithoutKey::TheHold),
    "Names this one operation; repeated with the same key it happens once. Left out, it is the hold's id, or a random \
     one for a step with final false; it is returned",
);

pub(super) static PLACE_HOLD: Tool = Tool {
    name: "chargly.place_hold",
    title: "Set credits aside",
    description: "Sets credits of a customer aside for work that is about to start, so that they are there when it is \
        done. Use it before costly or long work; then chargly.capture_hold with what was really used, or \
        chargly.void_hold if nothing was. Nothing is charged yet, but the credits cannot be spent otherwise until \
        then, or until the hold lapses at expiresAt. Give quantity, or credits, or neither for one unit. Fails with \
        insufficient_credits (required, available, shortfall), budget_exceeded (this key may spend no more today: \
        left, renews_at), wallet_frozen, too_many_holds, unknown_event_type or no_active_price.",
    method: "POST",
    path: "/v1/holds",
    scope: "meter",
    effect: Effect::Adds,
    fields: &[
        CUSTOMER_IN_BODY,
        EVENT,
        Field::optional(
            "quantity",
            To::Body("quantity"),
            Shape::Amount,
            "Units to set credits aside for, by the price in force; 1 if left out",
        ),
        Field::optional(
            "credits",
            To::Body("credits"),
            Shape::Amount,
            "Credits to set aside, instead of a quantity",
        ),
        Field::optional(
            "expiresInSeconds",
            To::Body("expires_in_s"),
            Shape::Whole(1, 2_592_000),
            "After how many seconds the hold lapses by itself",
        ),
        KEY_ONCE,
    ],
    output: || {
        let fields = [
            ("success", boolean("Always true; a refusal is an error")),
            ("holdId", text("The hold's id")),
            ("heldCredits", number("Credits that are set aside")),
            ("remainingBalance", number("Credits that the customer can still spend")),
            ("expiresAt", text("When the hold lapses, RFC 3339 in UTC")),
            ("idempotencyKey", text("The key of this call, given or made")),
        ];
        let required =
            ["success", "holdId", "heldCredits", "remainingBalance", "expiresAt", "idempotencyKey"];
        schema(fields, &required)
    },
    present: |answer, sent| {
        Ok(object([
            ("success", true.into()),
            ("holdId", at(answer, "/id")),
            ("heldCredits", at(answer, "/credits")),
            ("remainingBalance", at(answer, "/balance/available")),
            ("expiresAt", at(answer, "/expires_at")),
            ("idempotencyKey", sent.key.clone().into()),
        ]))
    },
};

pub(super) static CAPTURE_HOLD: Tool = Tool {
    name: "chargly.capture_hold",
    title: "Charge a hold",
    description: "Charges what a hold set aside, wholly or in part, and frees the rest. Call it when the work is done, \
        with the quantity or credits really used; without either, all that is held is charged. It costs the customer \
        credits, at once and for good. With final false it charges a step and keeps the rest held. Fails with \
        capture_exceeds_hold (held, requested), hold_not_open (state: captured, voided or expired) or not_found.",
    method: "POST",
    path: "/v1/holds/{id}/capture",
    scope: "meter",
    effect: Effect::Takes,
    fields: &[
        HOLD,
        Field::optional("quantity", To::Body("quantity"), Shape::Amount, "Units really used"),
        Field::optional(
            "credits",
            To::Body("credits"),
            Shape::Credits,
            "Credits to charge, instead of a quantity",
        ),
        METADATA,
        Field::optional(
            "final",
            To::Body("final"),
            Shape::Boolean,
            "false keeps the rest held for further steps; true if left out",
        ),
        KEY_OF_HOLD,
    ],
    output: || {
        let fields = [
            ("success", boolean("Always true; a refusal is an error")),
            ("eventId", text("The event that was charged")),
            ("holdId", text("The hold")),
            ("deductedCredits", number("Credits that were charged")),
            ("stillHeldCredits", number("Credits that are still held")),
            ("ended", boolean("Whether the hold is over")),
            ("remainingBalance", number("Credits that the customer can still spend")),
            ("idempotencyKey", text("The key of this call, given or made")),
        ];
        let required = [
            "success",
            "eventId",
            "holdId",
            "deductedCredits",
            "stillHeldCredits",
            "ended",
            "remainingBalance",
            "idempotencyKey",
        ];
        schema(fields, &required)
    },
    present: |answer, sent| {
        Ok(object([
            ("success", true.into()),
            ("eventId", at(answer, "/id")),
            ("holdId", at(answer, "/hold_id")),
            ("deductedCredits", at(answer, "/credits")),
            ("stillHeldCredits", at(answer, "/still_held")),
            ("ended", at(answer, "/ended")),
            ("remainingBalance", at(answer, "/balance/available")),
            ("idempotencyKey", sent.key.clone().into()),
        ]))
    },
};

pub(super) static VOID_HOLD: Tool = Tool {
    name: "chargly.void_hold",
    title: "Give a hold up",
    description: "Ends a hold and frees what it set aside; nothing is charged. Call it when the work will not be done. \
        Fails with hold_not_open (state: captured, voided or expired) or not_found.",
    method: "POST",
    path: "/v1/holds/{id}/void",
    scope: "meter",
    effect: Effect::Takes,
    fields: &[HOLD, KEY_OF_HOLD],
    output: || {
        let fields = [
            ("success", boolean("Always true; a refusal is an error")),
            ("holdId", text("The hold")),
            ("releasedCredits", number("Credits that were freed")),
            ("remainingBalance", number("Credits that the customer can spend now")),
            ("idempotencyKey", text("The key of this call, given or made")),
        ];
        schema(fields, &["success", "holdId", "releasedCredits", "remainingBalance", "idempotencyKey"])
    },
    present: |answer, sent| {
        Ok(object([
            ("success", true.into()),
            ("holdId", at(answer, "/id")),
            ("releasedCredits", at(answer, "/released")),
            ("remainingBalance", at(answer, "/balance/available")),
            ("idempotencyKey", sent.key.clone().into()),
        ]))
    },
};
