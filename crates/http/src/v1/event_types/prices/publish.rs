//! `POST /v1/event-types/{name}/prices`: publish a new price version, which never changes again.

use chargly_api::limits::NOTE_BYTES_MAX;
use chargly_api::{IdKind, Problem};
use chargly_engine::Outcome;
use chargly_engine::ledger::{
    Catalogue, CatalogueChange, CatalogueFact, EventTypeNo, Fact, Grid, PriceNo, PriceRequest, PriceVersion,
    Rounding,
};
use compact_str::CompactString;

use super::{rule, write_price};
use crate::answer::Answer;
use crate::call::{Call, id_field};
use crate::errors::{refusal_of, refusal_problem};
use crate::read;

fn from_request(
    call: &Call,
    event_type: EventTypeNo,
    catalogue: &Catalogue,
) -> Result<(PriceRequest, Option<CompactString>), Problem> {
    call.read(|fields, problems| {
        let rule = rule::from_request(fields, problems);
        let grid = fields.optional("grid", problems, rule::grid);
        let rounding = fields.optional("rounding", problems, rule::rounding);
        let effective_at = fields.optional("effective_at", problems, read::instant);
        let note = fields.required("note", problems, |value| read::some_prose(value, NOTE_BYTES_MAX));
        let replaces = fields.optional("replaces", problems, |value| {
            let id = id_field(value, IdKind::Price)?;
            let known =
                catalogue.prices.iter().find(|price| price.id == id && price.event_type == event_type);
            known.map(|price| price.number).ok_or_else(|| "is no price version of this event type".to_owned())
        });
        let key = call.key_of(fields, problems);
        let request = PriceRequest {
            event_type,
            rule: rule?,
            grid: grid.unwrap_or(Grid::MicroCredit),
            rounding: rounding.unwrap_or(Rounding::HalfUp),
            effective_at,
            note: note?,
            replaces,
        };
        Some((request, key))
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let catalogue = call.env.catalogue();
    let event_type =
        catalogue.event_type(call.param("name")).ok_or_else(|| Problem::not_found("event_type"))?;
    let (request, key) = from_request(&call, event_type.number, &catalogue)?;
    let published = call.env.publish_price(call.actor(), request, key).await;
    let outcome = published.map_err(|error| call.problem(error))?;
    let catalogue = call.env.catalogue();
    if let Some(refusal) = refusal_of(&outcome.fact) {
        let problem = refusal_problem(refusal, None, &catalogue);
        return Ok(call.written(&outcome, Answer::problem(&problem, &call.instance)));
    }
    let price = published_price(&outcome).and_then(|no| catalogue.price(no));
    let price: &PriceVersion = price.ok_or_else(|| Problem::not_found("price_version"))?;
    Ok(call.written(&outcome, Answer::object(|o| write_price(o, price, &catalogue))))
}

/// A version never changes, so the catalogue's is the fact's.
fn published_price(outcome: &Outcome) -> Option<PriceNo> {
    match outcome.fact.as_ref() {
        Fact::Catalogue(CatalogueFact { change: CatalogueChange::PricePublished { price, .. }, .. }) => {
            Some(*price)
        }
        _ => None,
    }
}
