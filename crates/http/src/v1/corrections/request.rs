//! Reading which events a correction is about, and what is done with them.

use chargly_api::limits::PROPERTY_NAME_BYTES_MAX;
use chargly_api::{Fields, IdKind, Problem, Problems};
use chargly_engine::ledger::{
    CORRECTION_EVENTS_NAMED_MAX, Catalogue, CorrectionAction, CorrectionFilter, DIMENSION_VALUE_BYTES_MAX,
    Dimension, EntryId, PriceNo,
};
use compact_str::CompactString;

use crate::call::{Call, entry_id, id_field};
use crate::read;
use crate::v1::event_types::prices::rule;

/// A filter and an action as they were sent: what they name is still to be found.
pub(super) struct Asked {
    filter: CorrectionFilter,
    customer: Option<CompactString>,
    events: Vec<EntryId>,
    pub(super) action: CorrectionAction,
}

impl Asked {
    /// Reads `filter` and `action`.
    pub(super) fn read(
        catalogue: &Catalogue,
        fields: &mut Fields<'_>,
        problems: &mut Problems,
    ) -> Option<Self> {
        let filter = read_filter(catalogue, fields, problems);
        let action = read_action(catalogue, fields, problems);
        let (filter, customer, events) = filter?;
        Some(Self { filter, customer, events, action: action? })
    }

    /// Finds the customer and the events. One of another environment is none.
    pub(super) async fn found(self, call: &Call) -> Result<(CorrectionFilter, CorrectionAction), Problem> {
        let Self { mut filter, customer, events, action } = self;
        if let Some(customer) = customer {
            let wallet = call.env.wallet(&customer).await.map_err(|error| call.problem(error))?;
            filter.wallet = Some(wallet.ok_or_else(|| Problem::not_found("customer"))?.number);
        }
        for event in events {
            let stored = call.env.event(event).await.map_err(|error| call.problem(error))?;
            filter.events.push(stored.id.position);
        }
        Ok((filter, action))
    }
}

type FilterSent = (CorrectionFilter, Option<CompactString>, Vec<EntryId>);

fn read_filter(
    catalogue: &Catalogue,
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) -> Option<FilterSent> {
    if !fields.has("filter") {
        return fields.required("filter", problems, |_| Err("is required".to_owned()));
    }
    let mut sent = fields.object("filter", problems)?;
    let event_type = sent.optional("event", problems, |value| {
        let name = read::event_name(value)?;
        let known = catalogue.event_type(&name).map(|known| known.number);
        known.ok_or_else(|| "is not an event type of this environment".to_owned())
    });
    let customer = sent.optional("customer", problems, read::customer);
    let are_named = sent.has("ids");
    let ids = sent.optional("ids", problems, |value| {
        let events = value.array(CORRECTION_EVENTS_NAMED_MAX)?;
        let id = |value: chargly_api::Value<'_>| {
            let text = value.text()?;
            entry_id(&text, IdKind::Event).ok_or_else(|| "must be ids of events, like evt_…".to_owned())
        };
        if events.is_empty() {
            return Err("must not be empty".to_owned());
        }
        events.into_iter().map(id).collect::<Result<Vec<_>, String>>()
    });
    let (from, to) = if are_named {
        let from = sent.optional("from", problems, read::instant);
        (from, sent.optional("to", problems, read::instant))
    } else {
        // "All there ever was" has to be said, so that nobody corrects it by leaving something out.
        let from = sent.required("from", problems, read::instant);
        (from, sent.required("to", problems, read::instant))
    };
    let price = sent.optional("price_version", problems, |value| price_of(catalogue, value));
    let dimension = dimension(&mut sent, problems);
    sent.finish(problems);
    let filter =
        CorrectionFilter { event_type, wallet: None, from, to, price, dimension, events: Vec::new() };
    Some((filter, customer, ids.unwrap_or_default()))
}

fn price_of(catalogue: &Catalogue, value: chargly_api::Value<'_>) -> Result<PriceNo, String> {
    let id = id_field(value, IdKind::Price)?;
    let known = catalogue.prices.iter().find(|price| price.id == id).map(|price| price.number);
    known.ok_or_else(|| "is no price version of this environment".to_owned())
}

fn dimension(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Dimension> {
    let mut dimension = fields.object("dimension", problems)?;
    let name = dimension.required("name", problems, |v| read::some_prose(v, PROPERTY_NAME_BYTES_MAX));
    let value = dimension.required("value", problems, |v| read::prose(v, DIMENSION_VALUE_BYTES_MAX));
    dimension.finish(problems);
    Some(Dimension { name: name?, value: value? })
}

fn read_action(
    catalogue: &Catalogue,
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) -> Option<CorrectionAction> {
    if !fields.has("action") {
        return fields.required("action", problems, |_| Err("is required".to_owned()));
    }
    let mut sent = fields.object("action", problems)?;
    let path = sent.path_of("");
    let action = match (sent.has("reverse"), sent.has("reprice")) {
        (true, false) => sent.required("reverse", problems, |value| match value.boolean()? {
            true => Ok(CorrectionAction::Reverse),
            false => Err("must be true, or be left out".to_owned()),
        }),
        (false, true) => reprice(catalogue, &mut sent, problems),
        _ => {
            problems.add(path.trim_end_matches('.'), "must have either reverse or reprice".to_owned());
            return None;
        }
    };
    sent.finish(problems);
    action
}

fn reprice(
    catalogue: &Catalogue,
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) -> Option<CorrectionAction> {
    let mut sent = fields.object("reprice", problems)?;
    let action = if sent.has("price_version") {
        let price = sent.required("price_version", problems, |value| price_of(catalogue, value));
        price.map(|price| CorrectionAction::Reprice { price })
    } else {
        let terms = rule::terms(&mut sent, problems);
        terms.map(|terms| {
            let rule::Terms { rule, grid, rounding } = terms;
            CorrectionAction::RepriceBy { rule, grid, rounding }
        })
    };
    sent.finish(problems);
    action
}
