//! `POST /v1/orders/{id}/refund`: pay unused credits of an order back.

use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::Outcome;
use chargly_engine::ledger::{Credits, EntryId, RefundRequest, WalletEvent, WalletFact};
use compact_str::CompactString;

use crate::answer::Answer;
use crate::call::Call;
use crate::errors::payment_problem;
use crate::{read, view};

struct Request {
    credits: Option<Credits>,
    reason: Option<CompactString>,
    key: Option<CompactString>,
}

fn from_request(call: &Call) -> Result<Request, Problem> {
    call.read(|fields, problems| {
        let credits = fields.optional("credits", problems, read::some_credits);
        let reason = fields.optional("reason", problems, read::reason);
        Some(Request { credits, reason, key: call.key_of(fields, problems) })
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let order = call.id(IdKind::Order)?;
    let Request { credits, reason, key } = from_request(&call)?;
    let started = call.env.refund_order(call.actor(), RefundRequest { order, credits }, reason, key).await;
    let outcome = started.map_err(|error| payment_problem(error, &call.env.catalogue()))?;
    let customer = call.customer_of_fact(&outcome.fact).await?;
    Ok(call.answer(&outcome, &customer, |o, fact| into_view(o, &outcome, fact, order, &customer)))
}

/// As it was when it was started: what came of it stands at the order.
fn into_view(o: &mut ObjectWriter<'_>, outcome: &Outcome, fact: &WalletFact, order: EntryId, customer: &str) {
    let WalletEvent::RefundStarted { credits, amount, .. } = &fact.event else { return };
    o.shown("id", view::id(IdKind::Refund, outcome.id)).shown("order", view::id(IdKind::Order, order));
    o.text("customer", customer).text("status", "started").number("credits", credits);
    view::money_or_null(o, "amount", Some(*amount));
    view::balance(o, &fact.header.after);
    view::instant(o, "recorded_at", outcome.at);
}
