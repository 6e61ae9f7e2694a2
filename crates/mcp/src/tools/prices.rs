//! What an event type costs.

use chargly_api::product;

use crate::present::{any_object, boolean, number, schema, text, whole};
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
    present: |answer, _| product::rule(answer),
};
