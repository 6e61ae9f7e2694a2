//! One event, by its id: as it was charged, and what became of it.

use chargly_ledger::{Amended, Cold, ColdKey, EntryId, Fact};

use crate::environment::Environment;
use crate::facts::StoredFact;
use crate::outcome::CallError;
use crate::submission::{Ask, Failure, Item, Verdict};

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

    /// What became of events after they were charged: as the writer knows it, else as the last checkpoint does.
    pub async fn amended(&self, events: &[EntryId]) -> Result<Vec<Amended>, CallError> {
        let items = events.iter().map(|id| Item::read(Ask::Amended(id.position))).collect();
        let answered = self.ask(items, Vec::new(), true).await?;
        let mut amended = Vec::with_capacity(events.len());
        let mut unknown = Vec::new();
        for (verdict, event) in answered.verdicts.into_iter().zip(events) {
            match verdict {
                Verdict::Amended(known) => {
                    unknown.extend(known.is_none().then_some(ColdKey::Event(event.position)));
                    amended.push(known.unwrap_or_default());
                }
                Verdict::Failed(failure) => return Err(failure.into()),
                _ => return Err(Failure::Stopped.into()),
            }
        }
        if unknown.is_empty() {
            return Ok(amended);
        }
        for record in self.load_cold(unknown).await?.found {
            let Cold::Event { event, amended: found } = record else { continue };
            if let Some(at) = events.iter().position(|id| id.position == event) {
                amended[at] = found;
            }
        }
        Ok(amended)
    }
}

/// Whether a fact is a meter event: charged directly, or by capturing a hold.
pub(crate) fn is_event(fact: &Fact) -> bool {
    chargly_index::entry::event_type(fact).is_some()
}
