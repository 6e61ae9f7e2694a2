//! One event, by its id: as it was charged, and what became of it.

use chargly_ledger::{Amended, EntryId, Fact, WalletEvent};

use crate::environment::Environment;
use crate::facts::StoredFact;
use crate::outcome::CallError;
use crate::submission::{Ask, Failure, Item, Key, Verdict};

impl Environment {
    /// The fact of an event: a meter event or a capture.
    pub async fn event(&self, id: EntryId) -> Result<StoredFact, CallError> {
        let stored = self.read_fact(id.position).await?.filter(|stored| stored.id == id);
        stored.filter(|s| is_event(&s.fact)).ok_or(CallError::NotFound { kind: "event" })
    }

    /// The fact with this id, whatever it is.
    pub async fn fact(&self, id: EntryId, kind: &'static str) -> Result<StoredFact, CallError> {
        let stored = self.read_fact(id.position).await?.filter(|stored| stored.id == id);
        stored.ok_or(CallError::NotFound { kind })
    }

    /// What became of events after they were charged, in one turn of the writer.
    pub async fn amended(&self, events: &[EntryId]) -> Result<Vec<Amended>, CallError> {
        let items = events
            .iter()
            .map(|id| Item {
                ask: Ask::Amended(id.position),
                key: Key::None,
                payload: 0..0,
                digest: [0; 32],
                cleared: None,
            })
            .collect();
        let answered = self.ask(items, Vec::new(), true).await?;
        answered
            .verdicts
            .into_iter()
            .map(|verdict| match verdict {
                Verdict::Amended(amended) => Ok(amended),
                Verdict::Failed(failure) => Err(failure.into()),
                _ => Err(Failure::Stopped.into()),
            })
            .collect()
    }
}

/// Whether a fact is a meter event: charged directly, or by capturing a hold.
pub(crate) fn is_event(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Wallet(fact)
            if matches!(fact.event, WalletEvent::Metered { .. } | WalletEvent::HoldCaptured { .. })
    )
}
