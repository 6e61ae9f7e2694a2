//! Why a fact is on the disk: a call that some client made, or time. Whatever has no cause is a finding.

use chargly_engine::ledger::Fact;
use chargly_testkit::ledger::entry;
use chargly_testkit::model::{Answer, BatchAnswer, Ms, Place};

use super::{Auditor, Finding, is_by_time};
use crate::calls::{Asked, CallNo, call_of};

impl Auditor {
    /// Explains the first fact that is not in the books, and those that belong to it.
    pub(super) fn explain_next(&mut self) -> Result<(), Finding> {
        let begun = self.entered;
        let (fact, at) = (&self.kept[begun].fact, self.kept[begun].at);
        match fact {
            Fact::EnvironmentCreated { .. } if begun == 0 => {}
            Fact::EpochStarted { .. } => self.model.begin_epoch(),
            Fact::Wallet(inner) if is_by_time(fact) => {
                let account = self.accounts.get(inner.header.wallet.index());
                let customer = account.ok_or("something is due in a wallet never opened")?.customer.clone();
                self.model.sweep(&customer, at);
                let caller = self.kept[begun..].iter().find(|kept| !is_by_time(&kept.fact));
                self.seen.note_if(caller.is_none(), "idle wallet swept");
            }
            _ => {
                let mut calls = self.kept[begun..].iter().filter_map(|kept| call_of(&kept.payload));
                let number = calls.next().ok_or_else(|| format!("nobody asked for the fact at {begun}"))?;
                self.apply(number, at)?;
            }
        }
        if self.model.journal.len() == begun {
            return Err(format!("time alone did not bring the fact at {begun} about: it is not due"));
        }
        for place in begun..self.model.journal.len() {
            self.compare(place)?;
            self.enter(place)?;
        }
        Ok(())
    }

    /// A call took effect: once, under its key, and as the model says.
    fn apply(&mut self, number: CallNo, at: Ms) -> Result<(), Finding> {
        let call = self.calls.get(number).ok_or_else(|| format!("there never was a call {number}"))?;
        if let Some(first) = call.applied {
            return Err(format!("call {number} was applied twice, first at {first}: {:?}", call.asked));
        }
        let is_of_caller = |answer| match answer {
            Answer::Done(place) => Ok(place),
            other => Err(format!("the model answers {other:?} to call {number}: {:?}", call.asked)),
        };
        let (place, what) = match &call.asked {
            Asked::One(request) => (is_of_caller(self.model.ask(None, request, at))?, None),
            Asked::Batch(requests) => match self.model.ask_batch(requests, at) {
                BatchAnswer::Accepted(place) => (place, Some("atomic batch accepted")),
                BatchAnswer::Refused(place, _) => (place, Some("atomic batch refused")),
                BatchAnswer::Rejected(index, why) => {
                    return Err(format!("the model rejects event {index} of batch {number}: {why:?}"));
                }
            },
        };
        if let Some(what) = what {
            self.seen.note(what);
        }
        let call = &mut self.calls[number];
        call.applied = Some(place);
        self.seen.note_if(call.was_undone, "key of an undone call used again");
        self.seen.note_if(call.was_rejected, "key of a rejected call used again");
        if let Some(slot) = call.slot.clone()
            && let Some((other, first)) = self.bound.insert(slot, (number, place))
        {
            return Err(format!(
                "call {number} was applied at {place} although call {other} had its key at {first}"
            ));
        }
        self.check_key(number, place)
    }

    /// A fact under a key says so, and no other does.
    fn check_key(&self, number: CallNo, place: Place) -> Result<(), Finding> {
        let Some(kept) = self.at(place) else {
            return Err(format!(
                "call {number} should have led to a fact at {place}; the journal ends before"
            ));
        };
        let has_key = kept.fact.origin().is_some_and(|origin| origin.key.is_some());
        if has_key == self.calls[number].slot.is_some() {
            return Ok(());
        }
        Err(format!("the fact of call {number} at {place} should have a key, or should not"))
    }

    /// The disk and the model have the same at this place.
    fn compare(&self, place: usize) -> Result<(), Finding> {
        let expected = &self.model.journal[place];
        let Some(kept) = self.kept.get(place) else {
            return Err(format!("the model has {expected:?} at {place}, where the journal ends"));
        };
        let customer = kept.payload.customer.as_ref().map(ToString::to_string);
        let found = entry(&kept.fact, self.fold.state.catalogue(), customer);
        if found == *expected {
            return Ok(());
        }
        Err(format!("at {place} the journal has\n  {found:?}\nand the model\n  {expected:?}"))
    }
}
