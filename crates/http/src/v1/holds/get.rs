//! `GET /v1/holds/{id}`: how a hold stands.

use std::sync::Arc;

use chargly_api::{IdKind, Problem};
use chargly_engine::ledger::{EntryId, Fact, Millis, Position, Wallet, WalletEvent};
use chargly_engine::{CallError, Environment, StoredFact};

use crate::answer::Answer;
use crate::call::Call;
use crate::view;

/// Facts of a wallet that are looked through, newest first, for the end of a hold.
const SCANNED_FOR_END_MAX: usize = 100_000;

/// How a hold ended.
struct End {
    state: &'static str,
    at: Option<Millis>,
}

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let id = call.id(IdKind::Hold)?;
    let placed = call.env.fact(id, "hold").await.map_err(|error| call.problem(error))?;
    let wallet = call.env.wallet_of_hold(id).await.map_err(|error| call.problem(error))?;
    let Some(wallet) = wallet else { return Err(Problem::not_found("hold")) };
    let end = match wallet.hold(id.position) {
        Some(_) => None,
        None => Some(find_end(&call.env, &wallet, id).await.map_err(|error| call.problem(error))?),
    };
    let Some(body) = into_view(&call, &placed, &wallet, end.as_ref()) else {
        return Err(Problem::not_found("hold"));
    };
    Ok(body)
}

fn into_view(call: &Call, placed: &StoredFact, wallet: &Wallet, end: Option<&End>) -> Option<Answer> {
    let Fact::Wallet(fact) = &placed.fact else { return None };
    let WalletEvent::HoldPlaced { request, price, expires_at, .. } = &fact.event else { return None };
    let catalogue = call.env.catalogue();
    let open = wallet.hold(placed.id.position);
    Some(Answer::object(|o| {
        o.shown("id", view::id(IdKind::Hold, placed.id)).text("state", end.map_or("open", |end| end.state));
        o.text("event", view::event_name(&catalogue, request.event_type)).text("customer", &wallet.customer);
        o.number("credits", open.map(|hold| hold.credits).unwrap_or_default());
        view::price_version(o, *price, &catalogue);
        view::instant(o, "placed_at", placed.at);
        view::instant(o, "expires_at", open.map_or(*expires_at, |hold| hold.expires_at));
        view::instant_or_null(o, "ended_at", end.and_then(|end| end.at));
    }))
}

/// Looks through the wallet's history for the fact that ended a hold.
async fn find_end(env: &Arc<Environment>, wallet: &Wallet, hold: EntryId) -> Result<End, CallError> {
    let (env, newest) = (Arc::clone(env), wallet.last);
    let search = move || {
        let mut next = Some(newest);
        for _ in 0..SCANNED_FOR_END_MAX {
            let Some(position) = next.filter(|position| *position > hold.position) else { break };
            let Some(stored) = env.facts().read(position)? else { break };
            let Fact::Wallet(fact) = &stored.fact else { break };
            if let Some(end) = end_of(&fact.event, stored.at, hold) {
                return Ok(end);
            }
            next = fact.header.previous;
        }
        Ok(End { state: "ended", at: None })
    };
    let stopped = Err(CallError::Failed(chargly_engine::Failure::Stopped));
    tokio::task::spawn_blocking(search).await.unwrap_or(stopped)
}

fn end_of(event: &WalletEvent, at: Millis, hold: EntryId) -> Option<End> {
    let end =
        |position: Position, state, at| (position == hold.position).then_some(End { state, at: Some(at) });
    match event {
        WalletEvent::HoldCaptured { request, ended: true, .. } => end(request.hold.position, "captured", at),
        WalletEvent::HoldVoided { request, .. } => end(request.hold.position, "voided", at),
        WalletEvent::HoldExpired { hold: expired, due, .. } => end(*expired, "expired", *due),
        _ => None,
    }
}
