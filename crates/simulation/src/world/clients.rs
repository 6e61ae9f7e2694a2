//! Clients: they make calls, send them more than once, read, and remember what they were told.

use chargly_engine::ledger::Position;
use chargly_engine::{Answered, Submission, Verdict, Warm};
use chargly_testkit::model::Request;

use super::World;
use crate::calls::{Asked, Call, CallNo, Flight, Part, can_have_key, read_item};

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

    pub(super) fn submit(&mut self, parts: Vec<Part>) {
        let (mut items, mut arena, mut atomic) = (Vec::new(), Vec::new(), false);
        for part in &parts {
            match part {
                Part::Act(number) => {
                    let call = &mut self.books.calls[*number];
                    call.attempts += 1;
                    atomic |= call.is_batch();
                    items.extend(call.items(*number, &mut arena));
                }
                Part::Read(_) | Part::Census => items.push(read_item(part)),
            }
        }
        let (mut submission, answer) = Submission::new(items, arena);
        submission.atomic = atomic;
        self.writer.pending().push_back(submission);
        let from = self.books.len();
        self.flights.push(Flight { parts, answer, from, was_held_back: false });
    }

    /// Does what an environment does for a call that needs records from the index: looks for them, and sends the call
    /// again with what was found. The rest of the submission goes on its way.
    pub(super) fn bring_back(&mut self, flight: &mut Flight, answered: &mut Answered) {
        for index in (0..answered.verdicts.len()).rev() {
            let Verdict::Cold(keys) = &answered.verdicts[index] else { continue };
            self.books.seen.note("sent to the index");
            let warm = Warm { as_of: Position(u64::MAX), looked_for: keys.to_vec(), found: Vec::new() };
            answered.verdicts.remove(index);
            let mut item = answered.items.remove(index);
            item.warm = Some(Box::new(warm));
            let parts = vec![flight.parts.remove(index)];
            let (submission, answer) = Submission::new(vec![item], answered.arena.clone());
            self.writer.pending().push_back(submission);
            self.flights.push(Flight { parts, answer, from: flight.from, was_held_back: false });
        }
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
