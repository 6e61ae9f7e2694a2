//! `GET /v1/events/{id}/history`: all that happened to one event, with the lines that it left in the wallet's ledger.

use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::StoredFact;
use chargly_engine::ledger::{Catalogue, Fact, RechargeRequest, ReverseRequest, WalletEvent};

use crate::answer::Answer;
use crate::call::Call;
use crate::facts::write_fact;
use crate::v1::customers::ledger::{named_facts, write_line};
use crate::view;

// What the page of limits says is what the engine holds to.
const _: () =
    assert!(chargly_api::limits::EVENT_HISTORY_FACTS_MAX == chargly_engine::EVENT_HISTORY_FACTS_MAX);

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let id = call.id(IdKind::Event)?;
    let stored = call.env.event(id).await.map_err(|error| call.problem(error))?;
    let Fact::Wallet(fact) = &stored.fact else { return Err(Problem::not_found("event")) };
    let wallet = call.env.wallet_no(fact.header.wallet).await.map_err(|error| call.problem(error))?;
    let wallet = wallet.ok_or_else(|| Problem::not_found("event"))?;
    let history = call.env.event_history(id, &wallet).await.map_err(|error| call.problem(error))?;
    let lines: Vec<_> = history.facts.iter().flat_map(|(_, lines)| lines).cloned().collect();
    let named = named_facts(&call.env, &lines).await;
    let catalogue = call.env.catalogue();
    Ok(Answer::object(|o| {
        o.shown("event_id", view::id(IdKind::Event, id)).boolean("complete", history.is_complete);
        o.array("data", |data| {
            for (stored, lines) in &history.facts {
                data.object(|o| {
                    write_fact(o, stored, &wallet.customer, &catalogue);
                    write_correction(o, stored, &catalogue);
                    o.array("entries", |list| {
                        for line in lines {
                            list.object(|o| write_line(o, line, &wallet, &named, &catalogue));
                        }
                    });
                });
            }
        });
    }))
}

/// The correction that a fact belongs to.
fn write_correction(o: &mut ObjectWriter<'_>, stored: &StoredFact, catalogue: &Catalogue) {
    let Fact::Wallet(fact) = &stored.fact else { return };
    let correction = match &fact.event {
        WalletEvent::Reversed { request: ReverseRequest { correction, .. }, .. } => *correction,
        WalletEvent::Recharged { request: RechargeRequest { correction, .. }, .. } => Some(*correction),
        _ => None,
    };
    if let Some(known) = correction.and_then(|position| catalogue.correction(position)) {
        o.shown("correction_id", view::id(IdKind::Correction, known.id));
    }
}
