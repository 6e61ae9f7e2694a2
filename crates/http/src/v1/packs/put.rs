//! `PUT /v1/packs/{code}`: make a pack, or publish another version of it. What was bought before stays what it was.

use chargly_api::limits::{DESCRIPTION_BYTES_MAX, LABEL_BYTES_MAX};
use chargly_api::{Problem, Value};
use chargly_engine::ledger::{Catalogue, Credits, PackRequest};

use super::write_pack;
use crate::answer::Answer;
use crate::call::Call;
use crate::read;
use crate::v1::settings::valid_days;

fn from_request(call: &Call, catalogue: &Catalogue) -> Result<PackRequest, Problem> {
    let code = call.param("code");
    let is_active = catalogue.pack_by_code(code).is_none_or(|known| known.terms.is_active);
    call.read(|fields, problems| {
        let name = fields.required("name", problems, |value| read::some_prose(value, LABEL_BYTES_MAX));
        let audience =
            fields.optional("audience", problems, |value| read::prose(value, DESCRIPTION_BYTES_MAX));
        let credits = fields.required("credits", problems, read::some_credits);
        let bonus = fields.optional("bonus_credits", problems, read::credits);
        if !fields.has("price") {
            problems.add("price", "is required".to_owned());
        }
        let price = read::money("price", fields, problems);
        let line = fields.optional("discount_line", problems, |value| read::prose(value, LABEL_BYTES_MAX));
        let order = fields.optional("order", problems, order);
        let valid_days = fields.optional("valid_days", problems, valid_days);
        Some(PackRequest {
            code: code.into(),
            name: name?,
            audience: audience.unwrap_or_default(),
            credits: credits?,
            bonus: bonus.unwrap_or(Credits::ZERO),
            price: price?,
            discount_line: line.unwrap_or_default(),
            order: order.unwrap_or(0),
            valid_days,
            is_active,
        })
    })
}

fn order(value: Value<'_>) -> Result<i32, String> {
    let most = i64::from(i32::MAX);
    value.integer(-most, most).and_then(|order| i32::try_from(order).map_err(|error| error.to_string()))
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let request = from_request(&call, &call.env.catalogue())?;
    publish(&call, request).await
}

/// Publishes a version, unless it would say nothing new, and shows the pack as it is then.
pub(super) async fn publish(call: &Call, request: PackRequest) -> Result<Answer, Problem> {
    let code = request.code.clone();
    let catalogue = call.env.catalogue();
    if let Some(known) = catalogue.pack_by_code(&code).filter(|known| known.terms == request) {
        return Ok(Answer::object(|o| write_pack(o, known)));
    }
    let published = call.env.publish_pack(call.actor(), request, None).await;
    let outcome = published.map_err(|error| call.problem(error))?;
    let catalogue = call.env.catalogue();
    let pack = catalogue.pack_by_code(&code).ok_or_else(|| Problem::not_found("pack"))?;
    Ok(call.written(&outcome, Answer::object(|o| write_pack(o, pack))))
}
