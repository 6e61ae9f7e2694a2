//! What was used, in sums.

use serde_json::json;

use crate::present::{any_object, camel, number, schema, text, whole};
use crate::tool::{Effect, Field, Shape, To, Tool};

pub(super) static GET_USAGE: Tool = Tool {
    name: "chargly.get_usage",
    title: "Read what was used",
    description: "Sums what was used by time, and by event type or customer if asked: events, quantity, credits, \
        refusals. Costs nothing. Use it for questions about a period; for the single movements of one wallet use \
        chargly.list_wallet_history. Without from, the last 30 days. Fails with invalid_request where too many rows \
        would come: ask for a shorter range or a longer interval.",
    method: "GET",
    path: "/v1/usage",
    scope: "read",
    effect: Effect::Reads,
    fields: &[
        Field::optional(
            "from",
            To::Query("from"),
            Shape::Time,
            "Begin: a date like 2026-11-23, or a time in RFC 3339",
        ),
        Field::optional("to", To::Query("to"), Shape::Time, "End, not included; now if left out"),
        Field::optional(
            "interval",
            To::Query("interval"),
            Shape::Word(&["total", "hour", "day", "week", "month"]),
            "One row for each; day if left out",
        ),
        Field::optional(
            "groupBy",
            To::Query("group_by"),
            Shape::Text(400),
            "event, customer or price_version, or several joined by commas",
        ),
        Field::optional("event", To::Query("event"), Shape::Event, "Only this event type"),
        Field::optional("customerId", To::Query("customer"), Shape::Text(255), "Only this customer"),
    ],
    output: || {
        let figures = [
            ("events", whole("Events that were charged or recorded")),
            ("lateEvents", whole("Those of them that came after their time had passed")),
            ("quantity", number("Units")),
            ("creditsUsed", number("Credits")),
            ("uncharged", number("Credits of work that no wallet paid")),
            ("refused", whole("Events that were refused")),
        ];
        let totals = schema(figures, &["events", "creditsUsed", "refused"]);
        let mut row = totals.clone();
        for (name, about) in [
            ("start", "Begin of the row's time"),
            ("end", "End of it, not included"),
            ("event", "The event type, where grouped by event"),
            ("customer", "The customer, where grouped by customer"),
            ("priceVersion", "The price, where grouped by price_version"),
            ("dimensionValue", "The value, where grouped by a dimension"),
        ] {
            row["properties"][name] = text(about);
        }
        row["properties"]["unfinished"] =
            json!({"type": "boolean", "description": "Whether its time is not over"});
        let fields = [
            ("from", text("Begin of the report")),
            ("to", text("End of it, not included")),
            ("interval", text("What a row spans")),
            ("groupBy", json!({"type": "array", "items": {"type": "string"}})),
            ("currency", text("The environment's currency")),
            ("timeZone", text("The time zone of its days")),
            ("asOf", any_object("Up to where the journal is reflected: position and time")),
            ("data", json!({"type": "array", "items": row})),
            ("totals", totals),
        ];
        schema(fields, &["from", "to", "interval", "data", "totals"])
    },
    present: |answer, _| Ok(camel(answer)),
};
