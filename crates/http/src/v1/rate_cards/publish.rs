//! `POST /v1/rate-cards`: publish what providers charge. A card is never changed; another one takes its place.

use chargly_api::limits::{LABEL_BYTES_MAX, NOTE_BYTES_MAX, RATE_CARD_MODELS_MAX, RATES_PER_MODEL_MAX};
use chargly_api::{Fields, Path, Problem, Problems, Value};
use chargly_engine::Outcome;
use chargly_engine::ledger::{
    CardNo, CatalogueChange, CatalogueFact, Fact, Rate, RateCardRequest, RateEntry, Unit,
};
use chargly_ratecards::pico_of;
use compact_str::CompactString;

use super::write_card;
use crate::answer::Answer;
use crate::call::Call;
use crate::read;

/// Where rates come from when nobody says.
const BY_HAND: &str = "manual";

fn from_request(call: &Call) -> Result<RateCardRequest, Problem> {
    call.read(|fields, problems| {
        let source = fields.optional("source", problems, |value| read::some_prose(value, LABEL_BYTES_MAX));
        let note = fields.optional("note", problems, |value| read::prose(value, NOTE_BYTES_MAX));
        let effective_at = fields.optional("effective_at", problems, read::instant);
        let entries = fields.required("entries", problems, |value| value.array(RATE_CARD_MODELS_MAX));
        let entries: Vec<_> = entries?
            .into_iter()
            .enumerate()
            .filter_map(|(index, value)| entry(value, index, problems))
            .collect();
        Some(RateCardRequest {
            source: source.unwrap_or_else(|| BY_HAND.into()),
            note: note.unwrap_or_default(),
            effective_at,
            entries,
        })
    })
}

fn entry(value: Value<'_>, index: usize, problems: &mut Problems) -> Option<RateEntry> {
    let mut fields = Fields::read(value.raw(), Path::Item("entries", index), problems)?;
    let name = |value: Value<'_>| value.text().map(CompactString::from);
    let provider = fields.required("provider", problems, name);
    let model = fields.required("model", problems, name);
    let sent = fields.required("rates", problems, |value| value.array(RATES_PER_MODEL_MAX));
    let mut rates = Vec::new();
    for (at, value) in sent.into_iter().flatten().enumerate() {
        let path = Path::Deeper(format!("entries[{index}].rates[{at}]"));
        rates.extend(Fields::read(value.raw(), path, problems).and_then(|fields| rate(fields, problems)));
    }
    fields.finish(problems);
    Some(RateEntry { provider: provider?, model: model?, rates })
}

fn rate(mut fields: Fields<'_>, problems: &mut Problems) -> Option<Rate> {
    let unit =
        fields.required("unit", problems, |value| value.one_of(&Unit::ALL.map(|unit| (unit.as_str(), unit))));
    let pico = fields.required("rate", problems, |value| {
        let text = value
            .text()
            .map_err(|problem| format!("{problem}: money is a decimal string, like \"0.0000025\""))?;
        pico_of(&text, 1).map_err(|error| error.to_string())
    });
    let is_batch = fields.optional("batch", problems, Value::boolean);
    let above = fields.optional("above_input_tokens", problems, |value| {
        value
            .integer(1, i64::from(u32::MAX))
            .and_then(|n| u32::try_from(n).map_err(|error| error.to_string()))
    });
    fields.finish(problems);
    Some(Rate {
        unit: unit?,
        is_batch: is_batch.unwrap_or(false),
        above_input_tokens: above.unwrap_or(0),
        pico: pico?,
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let request = from_request(&call)?;
    let published = call.env.publish_rate_card(call.actor(), request).await;
    let outcome = published.map_err(|error| call.problem(error))?;
    let catalogue = call.env.catalogue();
    let number = published_card(&outcome);
    let card = catalogue.rates.cards().iter().find(|card| Some(card.number) == number);
    let card = card.ok_or_else(|| Problem::not_found("rate_card"))?;
    Ok(call.written(&outcome, Answer::object(|o| write_card(o, card, &catalogue))))
}

/// The number of the card that a fact published.
pub(super) fn published_card(outcome: &Outcome) -> Option<CardNo> {
    match outcome.fact.as_ref() {
        Fact::Catalogue(CatalogueFact {
            change: CatalogueChange::RateCardPublished { card, .. }, ..
        }) => Some(*card),
        _ => None,
    }
}
