//! `POST /v1/customers/{customer}/grants`: put a lot of credits into a wallet.

use chargly_api::limits::{GRANT_SCOPE_MAX, PRIORITY_MAX};
use chargly_api::{Fields, IdKind, ObjectWriter, Problem, Problems, Value};
use chargly_engine::Outcome;
use chargly_engine::ledger::{
    Catalogue, Credits, EventTypeNo, GrantKind, GrantRequest, WalletEvent, WalletFact,
};
use compact_str::CompactString;

use crate::answer::Answer;
use crate::call::Call;
use crate::{read, view};

struct Request {
    grant: GrantRequest,
    reason: Option<CompactString>,
    key: Option<CompactString>,
}

fn from_request(call: &Call) -> Result<Request, Problem> {
    let catalogue = call.env.catalogue();
    call.read(|fields, problems| {
        let key = call.key_of(fields, problems);
        let reason = fields.optional("reason", problems, read::reason);
        Some(Request { grant: grant(fields, problems, &catalogue)?, reason, key })
    })
}

fn grant(fields: &mut Fields<'_>, problems: &mut Problems, catalogue: &Catalogue) -> Option<GrantRequest> {
    let credits = fields.required("credits", problems, read::some_credits);
    let kind = fields.required("kind", problems, |value| {
        value.one_of(&[
            ("paid", GrantKind::Paid),
            ("promotional", GrantKind::Promotional),
            ("adjustment", GrantKind::Adjustment),
        ])
    });
    let price = read::money("price", fields, problems);
    let priority = fields.optional("priority", problems, priority);
    let effective_at = fields.optional("effective_at", problems, read::instant);
    let expires_at = fields.optional("expires_at", problems, read::instant);
    let scope = fields.optional("scope", problems, |value| scope(value, catalogue));
    Some(GrantRequest {
        credits: credits?,
        kind: kind?,
        price,
        priority: priority.unwrap_or(0),
        effective_at,
        expires_at,
        scope: scope.unwrap_or_default(),
    })
}

pub(super) fn priority(value: Value<'_>) -> Result<i32, String> {
    let most = i64::try_from(PRIORITY_MAX).unwrap_or(i64::MAX);
    value.integer(-most, most).and_then(|n| i32::try_from(n).map_err(|error| error.to_string()))
}

/// Event types by name; sorted, without repeats, so that the order in which they are named says nothing.
pub(super) fn scope(value: Value<'_>, catalogue: &Catalogue) -> Result<Vec<EventTypeNo>, String> {
    let mut scope = Vec::new();
    for name in value.array(GRANT_SCOPE_MAX)? {
        let name = name.text()?;
        let known = catalogue.event_type(&name).map(|known| known.number);
        scope.push(
            known.ok_or_else(|| format!("names {name:?}, which is no event type of this environment"))?,
        );
    }
    scope.sort_unstable();
    scope.dedup();
    Ok(scope)
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let customer = call.customer()?;
    let Request { grant, reason, key } = from_request(&call)?;
    let granted = call.env.grant(call.actor(), customer.clone(), grant, reason, key).await;
    let outcome = granted.map_err(|error| call.problem(error))?;
    let catalogue = call.env.catalogue();
    Ok(call.answer(&outcome, &customer, |o, fact| into_view(o, &outcome, fact, &customer, &catalogue)))
}

fn into_view(
    o: &mut ObjectWriter<'_>,
    outcome: &Outcome,
    fact: &WalletFact,
    customer: &str,
    catalogue: &Catalogue,
) {
    let WalletEvent::Granted { request, active, settlements, .. } = &fact.event else { return };
    let settled: Credits = settlements.iter().map(|settlement| settlement.credits).sum();
    o.shown("id", view::id(IdKind::Grant, outcome.id)).text("customer", customer);
    o.text("kind", request.kind.as_str()).text("status", if *active { "active" } else { "pending" });
    o.number("credits", request.credits).number("debt_settled", settled);
    view::money_or_null(o, "price", request.price);
    o.number("priority", request.priority);
    view::instant(o, "effective_at", request.effective_at.unwrap_or(outcome.at));
    view::instant_or_null(o, "expires_at", request.expires_at);
    o.array("scope", |list| {
        for event_type in &request.scope {
            list.text(view::event_name(catalogue, *event_type));
        }
    });
    view::balance(o, &fact.header.after);
    view::instant(o, "recorded_at", outcome.at);
}
