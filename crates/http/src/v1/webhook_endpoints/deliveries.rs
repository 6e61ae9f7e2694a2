//! `GET /v1/webhook-endpoints/{id}/deliveries`: what was sent to an endpoint or waits for it, the newest first, with what
//! was answered.

use chargly_api::{ObjectWriter, Problem, Problems};
use chargly_engine::ledger::{Millis, Position};
use chargly_webhooks::MessageType;
use chargly_webhooks::ops::{Attempt, DeliveryFilter, DeliveryState, LoggedDelivery};

use super::{find, problem, wallet_no, webhooks};
use crate::answer::Answer;
use crate::call::Call;
use crate::query::{Page, next_cursor};
use crate::view;

struct Request {
    filter: DeliveryFilter,
    customer: Option<String>,
    page: Page,
}

fn from_request(call: &mut Call) -> Result<Request, Problem> {
    let mut query = std::mem::take(&mut call.query);
    let mut problems = Problems::default();
    let state = query.optional("state", &mut problems, |name| {
        let known = DeliveryState::ALL.into_iter().find(|state| state.as_str() == name);
        known.ok_or_else(|| "must be one of pending, delivered, failed".to_owned())
    });
    let kind = query.optional("type", &mut problems, |name| {
        let known = MessageType::from_name(name).map(|kind| kind.as_str().to_owned());
        known.ok_or_else(|| "is not a type of message".to_owned())
    });
    let customer = query.customer(&mut problems);
    let page = Page::read(&mut query, &mut problems);
    query.finish(&mut problems);
    problems.check()?;
    Ok(Request { filter: DeliveryFilter { state, kind, ..DeliveryFilter::default() }, customer, page })
}

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let endpoint = find(&call)?;
    let Request { mut filter, customer, page } = from_request(&mut call)?;
    let list = format!("deliveries|{}|{:?}|{:?}|{customer:?}", endpoint.id, filter.state, filter.kind);
    let before = page.index(&list)?;
    filter.before = (before > 0).then(|| i64::try_from(before).unwrap_or(i64::MAX));
    let mut is_known = true;
    if let Some(customer) = &customer {
        filter.wallet = wallet_no(&call, customer).await.map_err(|error| call.problem(error))?;
        is_known = filter.wallet.is_some();
    }
    let found = match is_known {
        true => webhooks(&call)?.deliveries(&endpoint, filter, page.limit()).await,
        false => Ok(Vec::new()),
    };
    let found = found.map_err(|error| problem(&call, error))?;
    // The cursor is the number of the last delivery shown.
    let last = found.last().filter(|_| found.len() == page.limit());
    let next = last.map(|delivery| Position(delivery.number.unsigned_abs()));
    Ok(Answer::object(|o| {
        o.array("data", |out| {
            for delivery in &found {
                out.object(|o| write_delivery(o, delivery));
            }
        });
        o.shown_or_null("next_cursor", next_cursor(&call.env, &list, next));
    }))
}

fn write_delivery(o: &mut ObjectWriter<'_>, delivery: &LoggedDelivery) {
    o.text("message", &delivery.id).text("type", &delivery.kind).text("state", delivery.state.as_str());
    o.number("tries", delivery.tries);
    view::instant_or_null(o, "next_attempt_at", delivery.due_ms.map(Millis));
    o.raw("body", delivery.body.as_bytes());
    o.array("attempts", |list| {
        for attempt in &delivery.attempts {
            list.object(|o| write_attempt(o, attempt));
        }
    });
}

fn write_attempt(o: &mut ObjectWriter<'_>, attempt: &Attempt) {
    view::instant(o, "at", Millis(attempt.at_ms));
    o.number("took_ms", attempt.took_ms).text("result", &attempt.result);
    match attempt.status {
        Some(status) => o.number("status", status),
        None => o.null("status"),
    };
    o.text_or_null("answer", attempt.answer.as_deref());
}
