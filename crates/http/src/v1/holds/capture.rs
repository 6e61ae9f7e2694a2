//! `POST /v1/holds/{id}/capture`: charge what was held, wholly or in part.

use chargly_api::{IdKind, Problem};
use chargly_engine::Properties;
use chargly_engine::ledger::{CaptureRequest, EntryId, Fact, IfInsufficient, Scope, Usage, WalletEvent};
use compact_str::CompactString;

use crate::answer::Answer;
use crate::call::Call;
use crate::read;
use crate::v1::events::request::Context;
use crate::v1::events::sent_cost::{SentCost, read_cost};
use crate::v1::events::view::write_event;

struct Request {
    capture: CaptureRequest,
    usage: Option<Usage>,
    properties: Option<Properties>,
    key: CompactString,
}

/// `event` is what the hold is for: its prices say which properties count.
fn from_request(call: &Call, hold: EntryId, event: Option<&str>) -> Result<Request, Problem> {
    let catalogue = call.env.catalogue();
    let context = Context { catalogue: &catalogue, now_ms: call.env.wall_ms() };
    call.read(|fields, problems| {
        let quantity = fields.optional("quantity", problems, read::quantity);
        let credits = fields.optional("credits", problems, read::credits);
        if quantity.is_some() && credits.is_some() {
            problems.add("credits", "must not be sent together with quantity".to_owned());
        }
        let SentCost { reported: cost, usage } = read_cost(fields, problems);
        let event_type = event.and_then(|name| catalogue.event_type(name));
        let properties = context.properties(event_type, fields, problems);
        let if_insufficient = fields.optional("if_insufficient", problems, read::if_insufficient);
        let is_final = fields.optional("final", problems, chargly_api::Value::boolean).unwrap_or(true);
        let key = call.key_of(fields, problems);
        if key.is_none() && !is_final {
            // Under the hold's own key the second step would be taken for a retry of the first.
            problems.add("idempotency_key", "is required for a step, which is not final".to_owned());
        }
        let if_insufficient = if_insufficient.unwrap_or(IfInsufficient::Refuse);
        Some(Request {
            capture: CaptureRequest { hold, quantity, credits, cost, if_insufficient, is_final },
            usage,
            properties,
            key: key.unwrap_or_else(|| call.param("id").into()),
        })
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let hold = call.id(IdKind::Hold)?;
    let placed = call.env.fact(hold, "hold").await.map_err(|error| call.problem(error))?;
    let event = match placed.fact {
        Fact::Wallet(fact) => match fact.event {
            WalletEvent::HoldPlaced { request, .. } => Some(request.event_type),
            _ => return Err(Problem::not_found("hold")),
        },
        _ => return Err(Problem::not_found("hold")),
    };
    let catalogue = call.env.catalogue();
    let event = event.and_then(|no| catalogue.event_type_no(no)).map(|known| known.name.clone());
    let Request { capture, usage, properties, key } = from_request(&call, hold, event.as_deref())?;
    if capture.if_insufficient == IfInsufficient::Record {
        call.needs(Scope::Record)?;
    }
    call.may_choose(capture.credits)?;
    let captured = call.env.capture_hold(call.actor(), capture, usage, properties, Some(key)).await;
    let outcome = captured.map_err(|error| call.problem(error))?;
    let customer = call.customer_of_fact(&outcome.fact).await?;
    Ok(call.answer(&outcome, &customer, |o, fact| {
        write_event(o, (outcome.id, outcome.at), fact, &customer, &catalogue);
    }))
}
