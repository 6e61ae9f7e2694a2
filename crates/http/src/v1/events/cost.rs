//! `POST /v1/events/{id}/cost`: attach what an event cost the operator, or correct it. Charges nothing.

use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::Outcome;
use chargly_engine::ledger::{Catalogue, EntryId, WalletEvent, WalletFact};
use compact_str::CompactString;

use super::sent_cost::{SentCost, read_cost, write_cost, write_usage};
use crate::answer::Answer;
use crate::call::Call;
use crate::{read, view};

struct Request {
    cost: SentCost,
    reason: Option<CompactString>,
    key: Option<CompactString>,
}

fn from_request(call: &Call) -> Result<Request, Problem> {
    call.read(|fields, problems| {
        if !fields.has("cost") {
            fields.required("cost", problems, |_| Ok(()));
        }
        let cost = read_cost(fields, problems);
        let reason = fields.optional("reason", problems, read::reason);
        let key = call.key_of(fields, problems);
        Some(Request { cost, reason, key })
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let event = call.id(IdKind::Event)?;
    let Request { cost: SentCost { reported, usage }, reason, key } = from_request(&call)?;
    let set = call.env.set_cost(call.actor(), event, (reported, usage), reason, key).await;
    let outcome = set.map_err(|error| call.problem(error))?;
    let customer = call.customer_of_fact(&outcome.fact).await?;
    let catalogue = call.env.catalogue();
    Ok(call.answer(&outcome, &customer, |o, fact| into_view(o, &outcome, fact, event, &catalogue)))
}

fn into_view(
    o: &mut ObjectWriter<'_>,
    outcome: &Outcome,
    fact: &WalletFact,
    event: EntryId,
    catalogue: &Catalogue,
) {
    let WalletEvent::CostSet { cost, before, usage, .. } = &fact.event else { return };
    o.shown("id", view::line_id(outcome.id, 0)).shown("event_id", view::id(IdKind::Event, event));
    write_cost(o, "cost", *cost, None, catalogue);
    write_cost(o, "before", *before, None, catalogue);
    if let Some(usage) = usage {
        write_usage(o, usage);
    }
    view::instant(o, "recorded_at", outcome.at);
}
