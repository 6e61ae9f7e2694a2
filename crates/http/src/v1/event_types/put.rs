//! `PUT /v1/event-types/{name}`: define an event type, or change what is not its name.

use chargly_api::limits::{DESCRIPTION_BYTES_MAX, DIMENSIONS_MAX, LABEL_BYTES_MAX, PROPERTY_NAME_BYTES_MAX};
use chargly_api::{Problem, Value, text};
use chargly_engine::ledger::{Catalogue, Currency, EventTypeRequest, Millis, Money};
use compact_str::CompactString;

use super::write_event_type;
use crate::answer::Answer;
use crate::call::Call;
use crate::read;

fn from_request(call: &Call, catalogue: &Catalogue) -> Result<EventTypeRequest, Problem> {
    let name = call.param("name");
    text::check_event_name(name).map_err(|problem| Problem::invalid("name", problem))?;
    call.read(|fields, problems| {
        let label = fields.optional("label", problems, |value| read::some_prose(value, LABEL_BYTES_MAX));
        let description =
            fields.optional("description", problems, |value| read::prose(value, DESCRIPTION_BYTES_MAX));
        let caller_set_credits = fields.optional("caller_set_credits", problems, Value::boolean);
        let dimensions = fields.optional("dimensions", problems, dimensions);
        let estimated_cost = fields.optional("estimated_cost", problems, |value| {
            let text = value.text().map_err(|problem| format!("{problem}: money is a decimal string"))?;
            Money::parse(&text, Currency::USD).map(|m| m.nano).map_err(|error| error.to_string())
        });
        let first_price = fields.optional("credits", problems, read::credits);
        Some(EventTypeRequest {
            name: name.into(),
            label: label.unwrap_or_else(|| name.into()),
            description: description.unwrap_or_default(),
            caller_set_credits: caller_set_credits.unwrap_or(false),
            dimensions: dimensions.unwrap_or_default(),
            archived: catalogue.event_type(name).is_some_and(|known| known.archived),
            estimated_cost_nano: estimated_cost,
            first_price,
        })
    })
}

fn dimensions(value: Value<'_>) -> Result<Vec<CompactString>, String> {
    let mut names: Vec<CompactString> = Vec::new();
    for name in value.array(DIMENSIONS_MAX)? {
        let name = read::some_prose(name, PROPERTY_NAME_BYTES_MAX)?;
        if names.contains(&name) {
            return Err(format!("names {name:?} twice"));
        }
        names.push(name);
    }
    Ok(names)
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let request = from_request(&call, &call.env.catalogue())?;
    define(&call, request).await
}

/// Records a definition and shows the event type as it is then.
pub(super) async fn define(call: &Call, request: EventTypeRequest) -> Result<Answer, Problem> {
    let name = request.name.clone();
    let defined = call.env.define_event_type(call.actor(), request).await;
    let outcome = defined.map_err(|error| call.problem(error))?;
    // A price that came with it is in force from the time of its fact.
    let now = outcome.at.max(Millis(call.env.wall_ms()));
    let catalogue = call.env.catalogue();
    let event_type = catalogue.event_type(&name).ok_or_else(|| Problem::not_found("event_type"))?;
    Ok(call.written(&outcome, Answer::object(|o| write_event_type(o, event_type, &catalogue, now))))
}
