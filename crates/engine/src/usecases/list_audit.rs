//! What people did: everything but metering, refusals, and what happens by time. Newest first, from the runs' list.

use chargly_index::{Block, Posting, entry};
use chargly_ledger::Position;

use super::list_events::{Selection, newest_first};
use crate::environment::Environment;
use crate::facts::StoredFact;
use crate::outcome::CallError;

/// A page of the audit log.
#[derive(Debug)]
pub struct AuditPage {
    /// Newest first.
    pub facts: Vec<StoredFact>,
    /// Where the next page begins: below this position.
    pub next: Option<Position>,
}

impl Environment {
    /// What people did, newest first, below a position.
    pub async fn list_audit(&self, below: Option<Position>, limit: usize) -> Result<AuditPage, CallError> {
        let (facts, lookup) = (self.facts_handle(), self.lookup_handle());
        let head = self.tail().committed().next;
        self.blocking(move || {
            let page = newest_first(&facts, &lookup, &Audited, below.unwrap_or(head), limit)?;
            Ok(AuditPage { facts: page.events, next: page.next })
        })
        .await
    }
}

struct Audited;

impl Selection for Audited {
    fn lists(&self) -> Vec<Posting> {
        vec![Posting::Audited]
    }

    fn may_be_in(&self, _block: &Block) -> bool {
        true
    }

    fn takes(&self, stored: &StoredFact) -> bool {
        entry::is_audited(&stored.fact)
    }
}
