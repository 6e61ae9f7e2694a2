//! What was refused to a visitor. A refusal is a fact of their wallet as any, and moves nothing, so that no list of
//! movements has it: it is read where the engine recorded it.

use std::sync::Arc;

use chargly_api::{Id, IdKind};
use chargly_engine::Environment;
use chargly_engine::ledger::{Fact, Position, Wallet, WalletEvent};

use super::lines::Line;
use crate::json::Json;
use crate::look::Amount;

/// Facts of the wallet that are looked at, the newest: some three a line of the stream.
const LOOKED_AT_MAX: usize = 64;

/// The stream as a page begins with it: movements and refusals, newest first.
pub(super) async fn with_refusals(env: &Arc<Environment>, customer: &str, ledger: &Json) -> Vec<Line> {
    let movements = ledger.get("data").list().iter();
    let mut lines: Vec<(u64, Line)> =
        movements.map(|line| (position_of(line.get("id").text()), Line::of_ledger(line))).collect();
    // Where there are more movements than are shown, what was refused before them is not shown either.
    let since = match ledger.get("next_cursor").text() {
        "" => 0,
        _ => lines.last().map_or(0, |(position, _)| *position),
    };
    // What cannot be read is missing on the page, and no reason to keep the page from the visitor.
    if let Ok(Some(wallet)) = env.wallet(customer).await {
        let env = Arc::clone(env);
        let found = tokio::task::spawn_blocking(move || refusals(&env, &wallet, since)).await;
        lines.extend(found.unwrap_or_default());
    }
    lines.sort_by_key(|(position, _)| std::cmp::Reverse(*position));
    lines.into_iter().map(|(_, line)| line).collect()
}

/// From fact to fact of the wallet, backwards.
fn refusals(env: &Environment, wallet: &Wallet, since: u64) -> Vec<(u64, Line)> {
    let mut found = Vec::new();
    let mut next = Some(wallet.last);
    for _ in 0..LOOKED_AT_MAX {
        let Some(position @ Position(at)) = next.filter(|Position(at)| *at >= since) else { break };
        let Ok(Some(stored)) = env.facts().read(position) else { break };
        let Fact::Wallet(fact) = &stored.fact else { break };
        if let WalletEvent::Refused { refusal, .. } = &fact.event {
            let id = Id::new(IdKind::Entry, at, stored.id.tag).to_string();
            let posted = Amount::parse(&fact.header.after.posted.to_string()).unwrap_or_default();
            found.push((at, Line::of_refusal(id, refusal.code(), posted)));
        }
        next = fact.header.previous;
    }
    found
}

fn position_of(id: &str) -> u64 {
    Id::parse(id, IdKind::Entry).map_or(0, |id| id.position)
}
