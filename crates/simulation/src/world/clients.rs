//! Clients: they make calls, send them more than once, read, and remember what they were told.

use chargly_engine::{Answered, Verdict};
use chargly_testkit::model::Request;

use super::World;
use crate::calls::{Asked, Call, CallNo, Flight, Part, can_have_key};

impl World {
    /// A new call; nothing where the request names what cannot be read back.
    pub(super) fn make_call(&mut self, request: Request, is_heavy: bool) -> Option<CallNo> {
        let action = chargly_testkit::ledger::action(&self.books, &request)?;
        let number = self.books.calls.len();
        let is_keyed = can_have_key(&request) && !self.dice.once_in(8);
        let owner = self.books.owner(&request).filter(|_| is_keyed);
        let slot = owner.map(|owner| (owner, format!("key {number}")));
        self.books.calls.push(Call::new(Asked::One(request), vec![action], slot, is_heavy));
        Some(number)
    }

    /// A new batch of one customer's events, all or none.
    pub(super) fn make_batch(&mut self, requests: Vec<Request>, is_heavy: bool) -> CallNo {
        let number = self.books.calls.len();
        let actions =
            requests.iter().filter_map(|r| chargly_testkit::ledger::action(&self.books, r)).collect();
        let owner = requests[0].customer().filter(|_| !self.dice.once_in(8));
        let slot = owner.map(|owner| (owner.to_owned(), format!("key {number}")));
        self.books.calls.push(Call::new(Asked::Batch(requests), actions, slot, is_heavy));
        number
    }

    /// Another call under the key of this one.
    pub(super) fn make_rival(&mut self, of: CallNo, asked: Asked) -> Option<CallNo> {
        let requests = match &asked {
            Asked::One(request) => std::slice::from_ref(request),
            Asked::Batch(requests) => requests,
        };
        let actions: Option<Vec<_>> =
            requests.iter().map(|r| chargly_testkit::ledger::action(&self.books, r)).collect();
        let slot = self.books.calls[of].slot.clone();
        self.books.calls.push(Call::new(asked, actions?, slot, false));
        Some(self.books.calls.len() - 1)
    }

    /// Sends calls in one submission.
    pub(super) fn send(&mut self, calls: &[CallNo], with_read: bool) {
        let mut parts: Vec<Part> = calls.iter().map(|call| Part::Act(*call)).collect();
        if with_read {
            parts.push(Part::Census);
        }
        self.submit(parts);
    }

    /// Calls that may be sent again and that nobody was told the end of.
    pub(super) fn unanswered(&self) -> Vec<CallNo> {
        self.calls(|call| call.told.is_none() && self.is_open(call))
    }

    /// Calls whose end somebody was told.
    pub(super) fn answered(&self) -> Vec<CallNo> {
        self.calls(|call| call.told.is_some())
    }

    /// Whether the call, and no other, may yet get its key.
    fn is_open(&self, call: &Call) -> bool {
        call.slot.as_ref().is_some_and(|slot| call.applied.is_some() || !self.books.is_bound(slot))
    }

    fn calls(&self, is_wanted: impl Fn(&Call) -> bool) -> Vec<CallNo> {
        let all = self.books.calls.iter().enumerate();
        all.filter(|(_, call)| call.slot.is_some() && is_wanted(call)).map(|(number, _)| number).collect()
    }
}

/// Calls of a submission that were told to have failed.
pub(super) fn failed_calls(flight: &Flight, answered: &Answered) -> Vec<CallNo> {
    let pairs = flight.parts.iter().zip(&answered.verdicts);
    pairs
        .filter_map(|(part, verdict)| match (part, verdict) {
            (Part::Act(call), Verdict::Failed(_)) => Some(*call),
            _ => None,
        })
        .collect()
}
