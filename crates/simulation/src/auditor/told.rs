//! What clients are told, held against the books: every answer is durable, the first one under a key is given again
//! for ever, and what was called not applied has left no trace.

use chargly_engine::ledger::{Fact, Rejection, Wallet, WalletEvent, difference};
use chargly_engine::{Answered, Census, Failure, Verdict};
use chargly_testkit::ledger::Names as _;
use chargly_testkit::model::{Balance, Micro, Ms, Place};

use super::{Auditor, Finding, Kept};
use crate::calls::{Asked, CallNo, Flight, Part};

impl Auditor {
    /// Clients hear what came of a submission.
    pub(crate) fn hear(&mut self, flight: &Flight, answered: &Answered) -> Result<(), Finding> {
        if flight.parts.len() != answered.verdicts.len() {
            let (parts, verdicts) = (flight.parts.len(), answered.verdicts.len());
            return Err(format!("{parts} things were asked and {verdicts} answered"));
        }
        let failed = |v: &Verdict| matches!(v, Verdict::Failed(Failure::NotRecorded | Failure::StorageFull));
        let mut frames: Vec<u64> =
            answered.verdicts.iter().filter_map(|verdict| self.frame_of(verdict)).collect();
        let is_torn = !frames.is_empty() && answered.verdicts.iter().any(failed);
        frames.dedup();
        self.seen.note_if(is_torn, "batch failed in a later group");
        self.seen.note_if(frames.len() > 1, "batch split over groups");
        for (part, verdict) in flight.parts.iter().zip(&answered.verdicts) {
            match part {
                Part::Act(number) => self.hear_call(*number, flight.from, verdict)?,
                Part::Read(customer) => {
                    self.seen.note_if(flight.was_held_back, "read held back by an undone group");
                    self.hear_read(customer, flight.from, verdict)?;
                }
                Part::Census => self.hear_census(flight.from, verdict)?,
            }
        }
        Ok(())
    }

    /// The frame of what was done just now.
    fn frame_of(&self, verdict: &Verdict) -> Option<u64> {
        let Verdict::Done { position, .. } = verdict else { return None };
        self.at(position.0).map(|kept| kept.frame)
    }

    fn hear_call(&mut self, number: CallNo, from: Place, verdict: &Verdict) -> Result<(), Finding> {
        let bound = self.calls[number].slot.as_ref().and_then(|slot| self.bound.get(slot)).copied();
        if let Some((other, place)) = bound.filter(|(_, place)| *place < from)
            && !matches!(verdict, Verdict::PerhapsDuplicate(_) | Verdict::Failed(_))
        {
            return Err(format!(
                "call {number} has the key of call {other} at {place} and is told {verdict:?}"
            ));
        }
        match verdict {
            Verdict::Done { position, at, fact } => self.hear_done(number, position.0, at.0, fact),
            Verdict::PerhapsDuplicate(position) => self.hear_duplicate(number, position.0, from),
            Verdict::Rejected(why) => self.hear_rejected(number, from, why),
            Verdict::RejectedInBatch { index, .. } => self.hear_rejected_batch(number, *index, from),
            Verdict::Failed(Failure::Stopped) => {
                self.calls[number].is_in_doubt = true;
                Ok(())
            }
            Verdict::Failed(why) => self.hear_not_applied(number, from, *why),
            Verdict::CheckRuns(_) | Verdict::Cold(_) => {
                Err(format!("call {number} is left to look for what it needs: {verdict:?}"))
            }
            Verdict::Wallet(_)
            | Verdict::Hold(_)
            | Verdict::Amended(_)
            | Verdict::Order(_)
            | Verdict::OpenOrders(_)
            | Verdict::Census(_)
            | Verdict::Spent(_)
            | Verdict::Means(_)
            | Verdict::Lots(_)
            | Verdict::Expiring(_)
            | Verdict::Erased(_) => Err(format!("call {number} is answered like a read: {verdict:?}")),
        }
    }

    /// Done just now: the fact is on the disk, it is this call's, and it is the first time that anybody hears so.
    fn hear_done(&mut self, number: CallNo, place: Place, at: Ms, fact: &Fact) -> Result<(), Finding> {
        let kept = self.durable(number, place)?;
        if kept.fact != *fact || kept.at != at {
            return Err(format!("call {number} is told of another fact than the one at {place}: {fact:?}"));
        }
        let is_refused = matches!(fact, Fact::Wallet(f) if matches!(f.event, WalletEvent::Refused { .. }));
        self.seen.note(if is_refused { "refused" } else { "acknowledged" });
        let call = &mut self.calls[number];
        call.decided += 1;
        if call.applied != Some(place) || call.decided > 1 || call.told.is_some_and(|told| told != place) {
            return Err(format!(
                "call {number} is told of {place} as its own, but it is at {:?}",
                call.applied
            ));
        }
        call.told = Some(place);
        self.heard(number, "done", place);
        Ok(())
    }

    /// The key was seen: it was, at that place, and a retry of the same is answered with the same for ever.
    fn hear_duplicate(&mut self, number: CallNo, place: Place, from: Place) -> Result<(), Finding> {
        let kept = self.durable(number, place)?;
        let slot = self.calls[number].slot.as_ref();
        let Some((first, bound_at)) = slot.and_then(|slot| self.bound.get(slot)).copied() else {
            return Err(format!("call {number} has a key that nobody used, and is sent to {place}"));
        };
        if bound_at != place {
            return Err(format!("call {number} is sent to {place}, but its key was bound at {bound_at}"));
        }
        let is_refused =
            matches!(&kept.fact, Fact::Wallet(f) if matches!(f.event, WalletEvent::Refused { .. }));
        let found = self.conflict(number, place);
        let expected = self.expected_conflict(number, first);
        if found != expected {
            return Err(format!("call {number} should conflict with {first} in {expected:?}, not {found:?}"));
        }
        self.seen.note_if(place >= from, "duplicate within one group");
        self.seen.note_if(expected.is_some(), "conflict");
        self.seen.note_if(expected == Some("operation"), "conflict: operation");
        if expected.is_none() {
            self.seen.note("replayed");
            self.seen.note_if(is_refused, "refusal replayed");
            self.seen.note_if(self.calls[number].is_batch(), "atomic batch replayed");
            self.seen.note_if(place < self.time.restarted_at, "replayed after a restart");
            let call = &mut self.calls[number];
            if call.told.is_some_and(|told| told != place) {
                return Err(format!("call {number} was told of {:?}, and now of {place}", call.told));
            }
            call.told = Some(place);
        }
        self.heard(number, "duplicate", place);
        Ok(())
    }

    /// In which field a retry is found to differ, as the engine finds it out: from the fact alone.
    fn conflict(&self, number: CallNo, place: Place) -> Option<&'static str> {
        let (call, catalogue) = (&self.calls[number], self.state().catalogue());
        let then = self.at(place)?.fact.asked_fields(catalogue);
        match (&call.asked, then) {
            (Asked::Batch(requests), Some(("meter_batch", fields))) => {
                (fields[0].1 != format!("{} events", requests.len())).then_some("events")
            }
            (Asked::One(_), Some(then)) => {
                let now = call.actions[0].asked_fields(catalogue)?;
                difference(&then, &now).map(|d| d.field)
            }
            _ => Some("operation"),
        }
    }

    /// In which field it differs, as the clients know who sent both.
    fn expected_conflict(&self, number: CallNo, first: CallNo) -> Option<&'static str> {
        if number == first {
            return None;
        }
        match (&self.calls[first].asked, &self.calls[number].asked) {
            (Asked::One(first), Asked::One(now)) => first.differs_from(now),
            (Asked::Batch(first), Asked::Batch(now)) => (first.len() != now.len()).then_some("events"),
            _ => Some("operation"),
        }
    }

    fn hear_rejected(&mut self, number: CallNo, from: Place, why: &Rejection) -> Result<(), Finding> {
        let request = self.calls[number].request();
        let times = self.times_since(from);
        if self.catalogue_changed_at < from
            && !times.iter().any(|at| self.model.rejects(request, *at).is_some())
        {
            return Err(format!("call {number} is rejected, and the model would not: {request:?}"));
        }
        self.was_not_applied(number, from, "rejected")?;
        self.calls[number].was_rejected = true;
        self.seen.note("rejected");
        self.seen.note(match why {
            Rejection::UnknownEventType => "unknown_event_type",
            Rejection::EventTypeArchived => "event_type_archived",
            Rejection::NoActivePrice => "no_active_price",
            Rejection::CostRequired => "cost_required",
            Rejection::Invalid { .. } => "invalid_request",
            Rejection::NotFound { .. } => "not_found",
            Rejection::CustomerErased => "gone",
            Rejection::Unchanged => "nothing_to_collect",
            Rejection::CorrectionRunning
            | Rejection::RecommendationNotOpen { .. }
            | Rejection::RecommendationNotApplicable => {
                return Err("no client opens a correction".to_owned());
            }
        });
        self.heard(number, "rejected", 0);
        Ok(())
    }

    fn hear_rejected_batch(&mut self, number: CallNo, index: usize, from: Place) -> Result<(), Finding> {
        let Asked::Batch(requests) = &self.calls[number].asked else {
            return Err(format!("call {number} is no batch, and its event {index} is rejected"));
        };
        let times = self.times_since(from);
        let Some(request) = requests.get(index) else {
            return Err(format!("batch {number} has no event {index}, and it is rejected"));
        };
        if self.catalogue_changed_at < from
            && !times.iter().any(|at| self.model.rejects(request, *at).is_some())
        {
            return Err(format!("event {index} of batch {number} is rejected, and the model would not"));
        }
        self.was_not_applied(number, from, "rejected")?;
        self.seen.note("atomic batch rejected");
        self.heard(number, "rejected", index as Place);
        Ok(())
    }

    fn hear_not_applied(&mut self, number: CallNo, from: Place, why: Failure) -> Result<(), Finding> {
        self.was_not_applied(number, from, "called not applied")?;
        match why {
            Failure::TooLarge => {
                self.seen.note("atomic batch too large");
                self.calls[number].is_settled = true;
            }
            _ => self.calls[number].was_undone = true,
        }
        self.trace_answer(number, "failed", 0);
        Ok(())
    }

    /// Nothing of the call may be on the disk, unless another attempt at it was more lucky.
    fn was_not_applied(&self, number: CallNo, from: Place, what: &str) -> Result<(), Finding> {
        let call = &self.calls[number];
        match call.applied {
            Some(place) if place >= from && call.attempts == 1 => {
                Err(format!("call {number} is {what}, and its fact stands at {place}"))
            }
            _ => Ok(()),
        }
    }

    /// A balance must be one that the wallet had between the question and the answer.
    fn hear_read(&mut self, customer: &str, from: Place, verdict: &Verdict) -> Result<(), Finding> {
        let account = self.accounts.iter().find(|account| account.customer == customer);
        match (verdict, account) {
            (Verdict::Wallet(Some(wallet)), Some(account)) => {
                let told = check_wallet(wallet)?;
                let first = account.balances.partition_point(|(place, _)| *place < from).saturating_sub(1);
                if !account.balances[first..].iter().any(|(_, balance)| *balance == told) {
                    return Err(format!("{customer} is told of {told:?}, and never had it since {from}"));
                }
                self.seen.note("wallet read");
            }
            (Verdict::Wallet(None), account) => {
                let opened = account.and_then(|account| account.balances.first());
                if opened.is_some_and(|(place, _)| *place < from) {
                    return Err(format!("{customer} has a wallet, and is told of none"));
                }
                self.seen.note("unknown customer read");
            }
            // Only a writer that stopped leaves a question open.
            (Verdict::Failed(Failure::Stopped), _) => {}
            (other, _) => return Err(format!("a read of {customer} is answered {other:?}")),
        }
        Ok(())
    }

    fn hear_census(&mut self, from: Place, verdict: &Verdict) -> Result<(), Finding> {
        let Census { wallets, keys, .. } = match verdict {
            Verdict::Census(census) => census,
            Verdict::Failed(_) => return Ok(()),
            other => return Err(format!("a census is answered {other:?}")),
        };
        let opened = |account: &super::Account| account.balances.first().map_or(0, |(place, _)| *place);
        let wallets_then = self.accounts.iter().filter(|account| opened(account) < from).count();
        let (all_wallets, all_keys) = (self.accounts.len(), self.bound.len());
        // Keys of sealed runs are not counted.
        if !(wallets_then..=all_wallets).contains(wallets) || *keys > all_keys {
            return Err(format!(
                "{wallets} wallets and {keys} keys are told; there are {all_wallets}, {all_keys}"
            ));
        }
        self.seen.note("census read");
        Ok(())
    }

    /// Whatever a client is told of must be on the disk already.
    fn durable(&self, number: CallNo, place: Place) -> Result<&Kept, Finding> {
        self.at(place).ok_or_else(|| {
            format!(
                "call {number} is told of {place} before it is durable: the journal ends at {}",
                self.len()
            )
        })
    }

    fn times_since(&self, from: Place) -> Vec<Ms> {
        let frames = self.kept.get(usize::try_from(from).unwrap_or(0)..).unwrap_or_default();
        let mut times: Vec<Ms> = frames.iter().map(|kept| kept.at).collect();
        times.extend([self.time.last(), self.time.latest()]);
        times
    }

    fn heard(&mut self, number: CallNo, what: &str, place: Place) {
        self.calls[number].is_settled = true;
        self.trace_answer(number, what, place);
    }

    fn trace_answer(&mut self, number: CallNo, what: &str, place: Place) {
        self.trace.update(what.as_bytes()).update(&number.to_le_bytes()).update(&place.to_le_bytes());
    }
}

/// The wallet's own lots, holds and debt must add up to the balance that it is told with.
fn check_wallet(wallet: &Wallet) -> Result<Balance, Finding> {
    use chargly_engine::ledger::LotStatus::{Active, Expired};
    let counted = wallet.lots.iter().filter(|lot| matches!(lot.status, Active | Expired));
    let in_lots: Micro = counted.map(|lot| Micro::from(lot.credits.micro() - lot.used.micro())).sum();
    let debt: Micro = wallet.debts().iter().map(|slice| Micro::from(slice.credits.micro())).sum();
    let parts = wallet.holds().iter().flat_map(|hold| {
        let reserved = hold.reserves.iter().map(|reserve| reserve.credits.micro());
        reserved.chain([hold.on_overdraft.micro()])
    });
    let held: Micro = parts.map(Micro::from).sum();
    let told = Balance {
        posted: wallet.balance.posted.micro().into(),
        held: wallet.balance.held.micro().into(),
        debt: wallet.balance.debt.micro().into(),
    };
    let summed = Balance { posted: in_lots - debt, held, debt };
    if told == summed {
        Ok(told)
    } else {
        Err(format!("a wallet is told as {told:?} and sums to {summed:?}"))
    }
}
