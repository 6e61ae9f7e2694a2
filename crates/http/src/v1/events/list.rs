//! `GET /v1/events`: events that pass a filter, newest first.

use chargly_api::{Problem, Problems, time};
use chargly_engine::EventFilter;
use chargly_engine::ledger::{Fact, Millis, WalletNo};

use super::get::{attached_to, write_stored_event};
use crate::answer::Answer;
use crate::call::Call;
use crate::query::{Page, next_cursor};

struct Request {
    filter: EventFilter,
    /// The list with its filters, which a cursor belongs to.
    list: String,
    page: Page,
}

fn from_request(call: &mut Call) -> Result<Request, Problem> {
    let catalogue = call.env.catalogue();
    let mut query = std::mem::take(&mut call.query);
    let mut problems = Problems::default();
    let customer = query.customer(&mut problems);
    let event = query.event_type(&catalogue, &mut problems);
    let from = query.optional("from", &mut problems, |at| time::parse(at).map(Millis));
    let to = query.optional("to", &mut problems, |at| time::parse(at).map(Millis));
    let page = Page::read(&mut query, &mut problems);
    query.finish(&mut problems);
    problems.check()?;
    let list = format!("events|{customer:?}|{event:?}|{from:?}|{to:?}");
    Ok(Request { filter: EventFilter { customer, event_type: event, from, to }, list, page })
}

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let Request { filter, list, page } = from_request(&mut call)?;
    let below = page.position(&call.env, &list).await?;
    let found =
        call.env.list_events(filter, below, page.limit()).await.map_err(|error| call.problem(error))?;
    let ids: Vec<_> = found.events.iter().map(|stored| stored.id).collect();
    let amended = call.env.amended(&ids).await.map_err(|error| call.problem(error))?;
    let mut attached = Vec::with_capacity(amended.len());
    for amended in &amended {
        attached.push(attached_to(&call, amended).await?);
    }
    let mut numbers: Vec<_> = found.events.iter().map(|stored| wallet_of(&stored.fact)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let wallets = call.env.wallets(&numbers).await.map_err(|error| call.problem(error))?;
    let catalogue = call.env.catalogue();
    let next = next_cursor(&call.env, &list, found.next);
    Ok(Answer::object(|o| {
        o.array("data", |data| {
            for ((stored, amended), attached) in found.events.iter().zip(&amended).zip(&attached) {
                let wallet = numbers.binary_search(&wallet_of(&stored.fact)).ok();
                let wallet = wallet.and_then(|index| wallets[index].as_deref());
                data.object(|o| {
                    write_stored_event(o, stored, (amended, attached.as_deref()), wallet, &catalogue);
                });
            }
        });
        o.shown_or_null("next_cursor", next);
    }))
}

fn wallet_of(fact: &Fact) -> WalletNo {
    match fact {
        Fact::Wallet(fact) => fact.header.wallet,
        _ => WalletNo(u32::MAX),
    }
}
