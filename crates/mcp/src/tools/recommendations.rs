//! Advice on prices: reading it, and a person's decision about it.

use chargly_api::product;
use serde_json::{Value, json};

use super::{CURSOR, KEY_ONCE, LIMIT, REASON};
use crate::present::{at, boolean, list, number, page, schema, text, whole};
use crate::tool::{Effect, Field, Shape, To, Tool};

const STATUSES: &[&str] = &["pending", "accepted", "rejected", "applied", "expired"];
const ID: Field = Field::required(
    "recommendationId",
    To::Path("id"),
    Shape::Text(64),
    "The id of exactly one recommendation, as chargly.list_pricing_recommendations gives it",
);

fn recommendation_schema() -> Value {
    let lift = schema(
        [
            ("amount", text("The estimate, a decimal")),
            ("low", text("The low end")),
            ("high", text("The high end")),
            ("currency", text("The currency")),
            ("per", text("month")),
        ],
        &["amount", "low", "high", "currency", "per"],
    );
    let fields = [
        ("id", text("The recommendation's id")),
        ("feature", text("The event type")),
        ("currentCredits", number("What one typical event costs now")),
        ("recommendedCredits", number("What it would cost")),
        ("reason", text("Why, in words")),
        ("confidence", text("high, medium or watching")),
        ("estimatedLift", lift),
        ("versionFrom", whole("The version of the price that it was made for")),
        ("versionTo", whole("The version that applying publishes")),
        ("status", json!({"type": "string", "enum": STATUSES})),
    ];
    schema(fields, &["id", "feature", "reason", "confidence", "estimatedLift", "status"])
}

pub(super) static LIST: Tool = Tool {
    name: "chargly.list_pricing_recommendations",
    title: "List advice on prices",
    description: "Lists what Chargly advises about prices, newest first. Costs nothing and changes nothing. Use status \
        pending for what waits for a decision. Advice is a claim with a confidence, not a fact: read \
        chargly.explain_pricing_recommendation before you speak for one.",
    method: "GET",
    path: "/v1/recommendations",
    scope: "read",
    effect: Effect::Reads,
    fields: &[
        Field::optional("feature", To::Query("event"), Shape::Event, "Only of this event type"),
        Field::optional("status", To::Query("status"), Shape::Word(STATUSES), "Only those that stand so"),
        LIMIT,
        CURSOR,
    ],
    output: || page(&recommendation_schema()),
    present: |answer, _| Ok(list(answer, product::recommendation)),
};

pub(super) static GET: Tool = Tool {
    name: "chargly.get_pricing_recommendation",
    title: "Read one piece of advice",
    description: "Reads one recommendation and where it stands. Costs nothing and changes nothing. Fails with not_found.",
    method: "GET",
    path: "/v1/recommendations/{id}",
    scope: "read",
    effect: Effect::Reads,
    fields: &[ID],
    output: recommendation_schema,
    present: |answer, _| Ok(product::recommendation(answer)),
};

pub(super) static EXPLAIN: Tool = Tool {
    name: "chargly.explain_pricing_recommendation",
    title: "Explain one piece of advice",
    description: "Gives the arithmetic of a recommendation, line by line: costs, margins, how sure it is. Costs \
        nothing and changes nothing. Use it to let a person decide. Fails with not_found.",
    method: "GET",
    path: "/v1/recommendations/{id}/explain",
    scope: "read",
    effect: Effect::Reads,
    fields: &[ID],
    output: || {
        let versions = schema([("from", whole("The version now")), ("to", whole("The version after"))], &[]);
        let fields = [
            ("recommendationId", text("The recommendation")),
            ("reason", text("Why, in words")),
            ("confidence", text("high, medium or watching")),
            ("targetMarginPercent", number("The margin that is aimed at, in per cent")),
            ("estimatedMarginPercent", number("The margin that is expected, in per cent")),
            ("providerCostContext", text("What the provider's costs are taken from")),
            ("versionTransition", versions),
            ("lines", json!({"type": "array", "items": {"type": "string"}})),
        ];
        let required =
            ["recommendationId", "reason", "confidence", "targetMarginPercent", "versionTransition"];
        schema(fields, &required)
    },
    present: |answer, _| {
        let mut explanation = product::explanation(answer);
        explanation["lines"] = at(answer, "/lines");
        Ok(explanation)
    },
};

pub(super) static APPLY: Tool = Tool {
    name: "chargly.apply_pricing_recommendation",
    title: "Publish the price of one piece of advice",
    description: "Publishes exactly the price that one pending recommendation proposes: from effectiveAt on, every \
        customer pays it. Ask a person first, and show what changes. It needs a key that a person gave the scope \
        prices; other keys get forbidden. Fails with not_found, recommendation_not_open (it was decided, or has \
        expired), recommendation_not_applicable (it proposes no price) or version_superseded (the price has changed \
        since; look again).",
    method: "POST",
    path: "/v1/recommendations/{id}/apply",
    scope: "prices",
    effect: Effect::Takes,
    fields: &[
        ID,
        Field::optional(
            "noticeDays",
            To::Body("notice_days"),
            Shape::Whole(0, 365),
            "Days until the price holds",
        ),
        Field::optional(
            "effectiveAt",
            To::Body("effective_at"),
            Shape::Time,
            "When the price begins to hold, RFC 3339; as soon as may be if left out",
        ),
        REASON,
        KEY_ONCE,
    ],
    output: || {
        let fields = [
            ("success", boolean("Always true; a refusal is an error")),
            ("recommendationId", text("The recommendation")),
            ("status", text("applied, or accepted until the price begins to hold")),
            ("newVersion", whole("The version of the price that was published")),
        ];
        schema(fields, &["success", "recommendationId", "status"])
    },
    present: |answer, _| Ok(product::decided(answer)),
};

pub(super) static REJECT: Tool = Tool {
    name: "chargly.reject_pricing_recommendation",
    title: "Turn one piece of advice down",
    description: "Turns one recommendation down: it is not made again until the figures move. No price changes. Ask a \
        person first. It needs a key that a person gave the scope prices; other keys get forbidden. Fails with \
        not_found or recommendation_not_open.",
    method: "POST",
    path: "/v1/recommendations/{id}/reject",
    scope: "prices",
    effect: Effect::Takes,
    fields: &[ID, REASON, KEY_ONCE],
    output: || {
        let fields = [
            ("success", boolean("Always true; a refusal is an error")),
            ("recommendationId", text("The recommendation")),
            ("status", text("rejected")),
        ];
        schema(fields, &["success", "recommendationId", "status"])
    },
    present: |answer, _| Ok(product::decided(answer)),
};
