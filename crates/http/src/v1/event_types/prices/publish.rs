//! `POST /v1/event-types/{name}/prices`: publish a new price version, which never changes again.

use chargly_api::limits::NOTE_BYTES_MAX;
use chargly_api::{Fields, IdKind, Problem, Problems, Value};
use chargly_engine::Outcome;
use chargly_engine::ledger::{
    Catalogue, CatalogueChange, CatalogueFact, EventTypeNo, Fact, PriceNo, PriceRequest, PriceVersion,
};
use compact_str::CompactString;

use super::rule::{self, Terms};
use super::write_price;
use crate::answer::Answer;
use crate::call::{Call, id_field};
use crate::errors::{refusal_of, refusal_problem};
use crate::read;

fn from_request(
    call: &Call,
    event_type: EventTypeNo,
    catalogue: &Catalogue,
) -> Result<(PriceRequest, Option<CompactString>), Problem> {
    let versions = Versions { catalogue, event_type };
    call.read(|fields, problems| {
        let terms = match fields.has("copy_of") {
            true => versions.copied(fields, problems),
            false => rule::terms(fields, problems),
        };
        let effective_at = fields.optional("effective_at", problems, read::instant);
        let note = fields.required("note", problems, |value| read::some_prose(value, NOTE_BYTES_MAX));
        let replaces = fields.optional("replaces", problems, |value| versions.by_id(value).map(|p| p.number));
        let key = call.key_of(fields, problems);
        let Terms { rule, grid, rounding } = terms?;
        let request = PriceRequest {
            event_type,
            rule,
            grid,
            rounding,
            effective_at,
            note: note?,
            replaces,
            because: None,
        };
        Some((request, key))
    })
}

/// The versions that a request can name.
struct Versions<'c> {
    catalogue: &'c Catalogue,
    event_type: EventTypeNo,
}

impl<'c> Versions<'c> {
    fn by_id(&self, value: Value<'_>) -> Result<&'c PriceVersion, String> {
        let id = id_field(value, IdKind::Price)?;
        self.find(|price| price.id == id)
    }

    /// The terms of the version in `copy_of`, named by its id or its number.
    fn copied(&self, fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Terms> {
        for name in ["rule", "grid", "rounding"] {
            if fields.take(name).is_some() {
                problems.add(name, "must not be sent with copy_of: a copy has all of them".to_owned());
            }
        }
        let original = fields.required("copy_of", problems, |value| match value.number() {
            Ok(_) => {
                let version = value.integer(1, u32::MAX.into())?;
                self.find(|price| i64::from(price.version) == version)
            }
            Err(_) => self.by_id(value),
        })?;
        let PriceVersion { grid, rounding, .. } = *original;
        Some(Terms { rule: original.rule.as_copied(), grid, rounding })
    }

    fn find(&self, is_it: impl Fn(&PriceVersion) -> bool) -> Result<&'c PriceVersion, String> {
        let mut known = self.catalogue.prices.iter().filter(|price| price.event_type == self.event_type);
        known.find(|price| is_it(price)).ok_or_else(|| "is no price version of this event type".to_owned())
    }
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
