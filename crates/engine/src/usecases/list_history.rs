//! A wallet's ledger, newest first, with the balance after each line.

use chargly_ledger::{Credits, EntryId, Fact, LedgerEntry, Millis, Position, Wallet, entries};

use crate::environment::Environment;
use crate::facts::StoredFact;
use crate::outcome::CallError;

/// Facts one page looks at, at most: a wallet with thousands of refusals in a row gets a short page and a cursor.
const SCANNED_PER_PAGE_MAX: usize = 10_000;

/// A line of a wallet's ledger.
#[derive(Clone, Debug)]
pub struct HistoryLine {
    /// The fact it belongs to.
    pub fact: EntryId,
    /// Which line of that fact, from 0.
    pub index: usize,
    /// When it was recorded.
    pub at: Millis,
    /// The line.
    pub entry: LedgerEntry,
    /// Posted credits after it.
    pub balance_after: Credits,
    /// The fact, for its label and its payload.
    pub stored: std::sync::Arc<StoredFact>,
}

/// A page of a wallet's ledger.
#[derive(Debug)]
pub struct HistoryPage {
    /// Newest first.
    pub lines: Vec<HistoryLine>,
    /// The fact that the next page begins with.
    pub next: Option<Position>,
}

impl Environment {
    /// The ledger of a wallet from a fact of it (the newest by default) backwards: whole facts, so that a page may be
    /// a few lines longer than asked.
    pub async fn list_history(
        &self,
        wallet: &Wallet,
        from: Option<Position>,
        limit: usize,
    ) -> Result<HistoryPage, CallError> {
        let facts = self.facts_handle();
        let (number, newest) = (wallet.number, wallet.last);
        self.blocking(move || {
            let mut lines = Vec::new();
            let mut next = Some(from.unwrap_or(newest));
            let mut looked_at = 0;
            while let Some(position) = next {
                if lines.len() >= limit || looked_at == SCANNED_PER_PAGE_MAX {
                    break;
                }
                looked_at += 1;
                let Some(stored) = facts.read(position)? else { break };
                let Fact::Wallet(fact) = &stored.fact else { break };
                if fact.header.wallet != number {
                    break;
                }
                next = fact.header.previous;
                let after = fact.header.after.posted;
                lines.extend(lines_of(&std::sync::Arc::new(stored), after));
            }
            Ok(HistoryPage { lines, next })
        })
        .await
    }
}

/// The lines of one fact, newest first: the balance after the last is the fact's own.
pub(super) fn lines_of(stored: &std::sync::Arc<StoredFact>, after: Credits) -> Vec<HistoryLine> {
    let mut balance = after;
    let mut lines = Vec::new();
    for (index, entry) in entries(&stored.fact).into_iter().enumerate().rev() {
        let (fact, at) = (stored.id, stored.at);
        lines.push(HistoryLine {
            fact,
            index,
            at,
            entry,
            balance_after: balance,
            stored: std::sync::Arc::clone(stored),
        });
        balance -= entry.credits;
    }
    lines
}
