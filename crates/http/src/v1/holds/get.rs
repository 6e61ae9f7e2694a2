//! `GET /v1/holds/{id}`: how a hold stands.

use chargly_api::{IdKind, Problem};
use chargly_engine::StoredFact;
use chargly_engine::ledger::{Fact, HoldRef, Wallet, WalletEvent};

use crate::answer::Answer;
use crate::call::Call;
use crate::view;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let id = call.id(IdKind::Hold)?;
    let placed = call.env.fact(id, "hold").await.map_err(|error| call.problem(error))?;
    let found = call.env.hold(id).await.map_err(|error| call.problem(error))?;
    let view = found.and_then(|found| into_view(&call, &placed, &found.0, &found.1));
    view.ok_or_else(|| Problem::not_found("hold"))
}

fn into_view(call: &Call, placed: &StoredFact, hold: &HoldRef, wallet: &Wallet) -> Option<Answer> {
    let Fact::Wallet(fact) = &placed.fact else { return None };
    let WalletEvent::HoldPlaced { request, price, expires_at, .. } = &fact.event else { return None };
    let catalogue = call.env.catalogue();
    let open = wallet.hold(placed.id.position);
    Some(Answer::object(|o| {
        o.shown("id", view::id(IdKind::Hold, placed.id))
            .text("state", hold.end.map_or("open", |end| end.as_str()));
        o.text("event", view::event_name(&catalogue, request.event_type)).text("customer", &wallet.customer);
        o.number("credits", open.map(|hold| hold.credits).unwrap_or_default());
        view::price_version(o, *price, &catalogue);
        view::instant(o, "placed_at", placed.at);
        view::instant(o, "expires_at", open.map_or(*expires_at, |hold| hold.expires_at));
        view::instant_or_null(o, "ended_at", hold.end.map(|_| hold.ended_at));
    }))
}
