//! What an event type costs.

use chargly_api::{ErrorCode, Problem};
use serde_json::Value;

use crate::args::Sent;
use crate::present::{any_object, at, boolean, number, object, schema, text, whole};
use crate::tool::{Effect, Field, Shape, To, Tool};

pub(super) static GET_PRICING_RULE: Tool = Tool {
    name: "chargly.get_pricing_rule",
    title: "Read a price",
    description: "Reads the price in force of an event type. Costs nothing. A flat price of c credits is multiplier 0 \
        with minimumCredits c; a price made of the provider's cost is its multiplier, with the least that is charged \
        in minimumCredits; any other has its whole rule in rule, and in words in inWords. What one event would cost a \
        customer is better asked of chargly.quote. Fails with not_found (no such event type) or no_active_price.",
    method: "GET",
    path: "/v1/event-types/{name}",
    scope: "read",
    effect: Effect::Reads,
    fields: &[Field::required(
        "feature",
        To::Path("name"),
        Shape::Event,
        "The event type, like image.generate",
    )],
    output: || {
        let fields = [
            ("id", text("The id of this version of the price")),
            ("feature", text("The event type")),
            ("multiplier", number("Credits for each cent of cost; 0 where the price is not made of costs")),
            ("minimumCredits", number("The least that is charged: the whole price where it is flat")),
            ("enabled", boolean("Whether the event type is in use")),
            ("version", whole("The version of the price")),
            ("rule", any_object("The whole rule, where it is neither flat nor made of costs")),
            ("inWords", text("The price in words")),
        ];
        schema(fields, &["id", "feature", "multiplier", "minimumCredits", "enabled", "version"])
    },
    present: |answer, sent| rule(answer, sent),
};

fn rule(answer: &Value, sent: &Sent) -> Result<Value, Problem> {
    let price = &answer["price"];
    if price.is_null() {
        let detail = "The event type has no price in force.";
        return Err(Problem::new(ErrorCode::NoActivePrice, detail).text("event", sent.text("feature")));
    }
    let rule = &price["rule"];
    let nothing = || Value::from(0);
    let least = || Some(at(rule, "/minimum")).filter(|least| !least.is_null()).unwrap_or_else(nothing);
    let (multiplier, minimum, whole) = match rule["type"].as_str() {
        Some("flat") => (nothing(), at(rule, "/credits"), Value::Null),
        Some("cost_plus") => (as_number(&rule["multiplier"]), least(), Value::Null),
        _ => (nothing(), least(), rule.clone()),
    };
    Ok(object([
        ("id", at(price, "/id")),
        ("feature", at(answer, "/name")),
        ("multiplier", multiplier),
        ("minimumCredits", minimum),
        ("enabled", (answer["archived"] != Value::Bool(true)).into()),
        ("version", at(price, "/version")),
        ("rule", whole),
        ("inWords", at(price, "/in_words")),
    ]))
}

/// A decimal that the route writes as text.
fn as_number(decimal: &Value) -> Value {
    decimal.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| decimal.clone())
}
