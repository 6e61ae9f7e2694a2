//! `GET /v1/customers/{customer}/ledger`: every movement of a wallet, newest first, with the balance after it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::ledger::{Catalogue, EntryId, EntryKind, Fact, Position, Wallet, WalletEvent};
use chargly_engine::{Environment, HistoryLine};

use crate::answer::Answer;
use crate::call::Call;
use crate::query::{Page, next_cursor};
use crate::view;

fn from_request(call: &mut Call) -> Result<Page, Problem> {
    let page = call.page()?;
    Ok(page)
}

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let customer = call.customer()?;
    let page = from_request(&mut call)?;
    let list = format!("ledger|{customer}");
    let from = page.position(&call.env, &list).await?;
    let Some(wallet) = call.env.wallet(&customer).await.map_err(|error| call.problem(error))? else {
        return Ok(Answer::object(|o| {
            o.array("data", |_| {}).null("next_cursor");
        }));
    };
    let found =
        call.env.list_history(&wallet, from, page.limit()).await.map_err(|error| call.problem(error))?;
    let events = named_facts(&call.env, &found.lines).await;
    let catalogue = call.env.catalogue();
    let next = next_cursor(&call.env, &list, found.next);
    Ok(Answer::object(|o| {
        o.array("data", |data| {
            for line in &found.lines {
                data.object(|o| write_line(o, line, &wallet, &events, &catalogue));
            }
        });
        o.shown_or_null("next_cursor", next);
    }))
}

/// Writes a line; `events` are the facts that it names.
pub(crate) fn write_line(
    o: &mut ObjectWriter<'_>,
    line: &HistoryLine,
    wallet: &Wallet,
    events: &BTreeMap<Position, EntryId>,
    catalogue: &Catalogue,
) {
    let entry = &line.entry;
    o.shown("id", view::line_id(line.fact, line.index));
    // What happened by time counts from when it was due, however late it was recorded.
    view::instant(o, "at", entry.due.unwrap_or(line.at));
    o.text("kind", entry.kind.as_str()).text("label", &label(line, catalogue));
    o.number("credits", entry.credits).number("balance_after", line.balance_after);
    let event = match entry.kind {
        EntryKind::Charge | EntryKind::Capture | EntryKind::Reversal => match entry.event {
            Some(position) => events.get(&position).copied(),
            // The line's own fact is the event.
            None => Some(line.fact),
        },
        EntryKind::Grant | EntryKind::Expiry | EntryKind::Void | EntryKind::Refund => None,
    };
    o.shown_or_null("event_id", event.map(|id| view::id(IdKind::Event, id)));
    let lot = entry.lot.and_then(|number| wallet.lot(number));
    o.shown_or_null("grant_id", lot.map(|lot| view::id(IdKind::Grant, lot.id)));
    if let Some(order) = entry.order.and_then(|position| events.get(&position)) {
        o.shown("order_id", view::id(IdKind::Order, *order));
    }
}

/// What the line was, in words that a customer understands.
fn label(line: &HistoryLine, catalogue: &Catalogue) -> String {
    let event = line.entry.event_type.and_then(|no| catalogue.event_type_no(no));
    let reason = line.stored.payload.known().reason;
    let named = |words: &str| match &reason {
        Some(reason) => format!("{words}: {reason}"),
        None => words.to_owned(),
    };
    match (line.entry.kind, event) {
        (EntryKind::Charge, Some(event)) if is_collected(line) => format!("{}: charged later", event.label),
        (EntryKind::Charge | EntryKind::Capture, Some(event)) => event.label.to_string(),
        (EntryKind::Charge, None) => "Usage".to_owned(),
        (EntryKind::Capture, None) => "Usage under a hold".to_owned(),
        (EntryKind::Reversal, _) => named("Reversal"),
        (EntryKind::Expiry, _) => "Credits expired".to_owned(),
        (EntryKind::Void, _) => named("Grant taken back"),
        (EntryKind::Refund, _) if line.entry.credits.is_positive() => "Payment restored".to_owned(),
        (EntryKind::Refund, _) => "Payment refunded".to_owned(),
        (EntryKind::Grant, _) => named(line.entry.grant.map_or("Credits", |kind| match kind.as_str() {
            "paid" => "Credits bought",
            "promotional" => "Credits given",
            _ => "Adjustment",
        })),
    }
}

/// Whether it charges what was used before and not charged then.
fn is_collected(line: &HistoryLine) -> bool {
    matches!(&line.stored.fact, Fact::Wallet(fact) if matches!(fact.event, WalletEvent::Collected { .. }))
}

/// The ids of the events that reversals and later charges on this page are about, and of the orders that its lines belong to. One that cannot be read has no link, which is no reason
/// to keep the page from the reader.
pub(crate) async fn named_facts(
    env: &Arc<Environment>,
    lines: &[HistoryLine],
) -> BTreeMap<Position, EntryId> {
    let wanted: Vec<Position> =
        lines.iter().filter_map(|line| line.entry.event.or(line.entry.order)).collect();
    if wanted.is_empty() {
        return BTreeMap::new();
    }
    let env = Arc::clone(env);
    let read = move || {
        let read = |position| env.facts().read(position).ok().flatten().map(|stored| (position, stored.id));
        wanted.into_iter().filter_map(read).collect()
    };
    tokio::task::spawn_blocking(read).await.unwrap_or_default()
}
