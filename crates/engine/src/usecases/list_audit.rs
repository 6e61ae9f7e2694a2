//! What people did: everything but metering, refusals, and what happens by time. A bounded scan, newest first.

use chargly_ledger::{Fact, Position, WalletEvent};

use super::list_events::scan;
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
        let facts = self.facts_handle();
        let head = self.tail().committed().next;
        self.blocking(move || {
            let page = scan(&facts, below.unwrap_or(head), |s| is_audited(&s.fact), limit)?;
            Ok(AuditPage { facts: page.events, next: page.next })
        })
        .await
    }
}

fn is_audited(fact: &Fact) -> bool {
    match fact {
        Fact::Catalogue(_) | Fact::EnvironmentCreated { .. } | Fact::EpochStarted { .. } => true,
        Fact::BatchAccepted { .. } => false,
        Fact::Wallet(fact) => matches!(
            fact.event,
            WalletEvent::Granted { .. }
                | WalletEvent::GrantVoided { .. }
                | WalletEvent::Reversed { .. }
                | WalletEvent::PolicySet { .. }
                | WalletEvent::Frozen
                | WalletEvent::Thawed
        ),
    }
}
