//! What a correction would do, worked out and not done.

use std::collections::{BTreeMap, HashMap};

use chargly_ledger::{
    CorrectionAction, CorrectionFilter, CorrectionRequest, Credits, EntryId, Policy, Position, WalletNo,
};
use compact_str::CompactString;

use super::plan::{Planned, Skip, Step, plan};
use super::select::{Candidate, Source, completed, invalid};
use super::{CORRECTION_CUSTOMERS_MAX, CORRECTION_EVENTS_MAX, LEFT_ALONE_TOLD_MAX, LeftAlone, PAGE_EVENTS};
use crate::environment::Environment;
use crate::outcome::CallError;

/// What commits to a preview: the journal's head that it saw, and a digest of what it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreviewSeal {
    /// Only events below this are looked at.
    pub up_to: Position,
    /// Over the filter, the action, and what each event is now and would be.
    pub digest: [u8; 16],
}

/// Sums over events, in micro-credits. 128 bits, because a sum over many wallets passes 64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Events that would change.
    pub events: u64,
    /// What those are charged now.
    pub before_micro: i128,
    /// What they would be charged.
    pub after_micro: i128,
    /// What would be given back.
    pub returned_micro: i128,
    /// What would be charged again.
    pub charged_micro: i128,
    /// How much of that the wallets could not pay as they stand, and would owe.
    pub debt_micro: i128,
}

impl Totals {
    fn add(&mut self, planned: &Planned, step: Step) {
        self.events += 1;
        self.before_micro += i128::from(planned.before.micro());
        self.after_micro += i128::from(planned.after.micro());
        match step {
            Step::Return(credits) => self.returned_micro += i128::from(credits.micro()),
            Step::Charge(credits) => self.charged_micro += i128::from(credits.micro()),
        }
    }
}

/// What would change for one customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerDifference {
    /// The customer's own id.
    pub customer: CompactString,
    /// Sums over that customer's events.
    pub totals: Totals,
}

/// What a correction would do.
#[derive(Clone, Debug)]
pub struct Preview {
    /// What a correction of exactly this is opened with.
    pub seal: PreviewSeal,
    /// The filter, with what follows from the action.
    pub filter: CorrectionFilter,
    /// The action, with the rate card that its rule counts with.
    pub action: CorrectionAction,
    /// Over all customers.
    pub totals: Totals,
    /// Customer by customer, the largest difference first.
    pub customers: Vec<CustomerDifference>,
    /// Events that are right already.
    pub unchanged: u64,
    /// Events that would be left alone, by reason.
    pub left_alone: BTreeMap<Skip, u64>,
    /// The first of them.
    pub left_alone_told: Vec<LeftAlone>,
}

impl Environment {
    /// Works out what a correction would do, as the journal stands.
    pub async fn preview_correction(
        &self,
        filter: CorrectionFilter,
        action: CorrectionAction,
    ) -> Result<Preview, CallError> {
        let up_to = self.tail().committed().next;
        let (filter, action) = completed(&self.catalogue(), filter, action)?;
        self.preview_at(filter, action, up_to).await
    }

    /// As [`Environment::preview_correction`], of events below a position; filter and action are [`completed`].
    pub(super) async fn preview_at(
        &self,
        filter: CorrectionFilter,
        action: CorrectionAction,
        up_to: Position,
    ) -> Result<Preview, CallError> {
        let mut source = Source::new(&self.catalogue(), &filter, &action, up_to)?;
        let mut sums = Sums::new(&filter, &action, up_to);
        while let Some(candidates) = self.candidates(&mut source).await? {
            for planned in self.plan_all(&action, candidates).await? {
                sums.add(&planned)?;
            }
        }
        let Sums { digest, wallets, totals, unchanged, left_alone, left_alone_told } = sums;
        let mut totals = totals;
        let customers = self.with_debts(wallets).await?;
        totals.debt_micro = customers.iter().map(|customer| customer.totals.debt_micro).sum();
        let mut short = [0; 16];
        short.copy_from_slice(&digest.finalize().as_bytes()[..16]);
        let seal = PreviewSeal { up_to, digest: short };
        Ok(Preview { seal, filter, action, totals, customers, unchanged, left_alone, left_alone_told })
    }

    /// Plans a page of candidates.
    pub(super) async fn plan_all(
        &self,
        action: &CorrectionAction,
        candidates: Vec<Candidate>,
    ) -> Result<Vec<Planned>, CallError> {
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<EntryId> = candidates.iter().map(|candidate| candidate.stored.id).collect();
        let mut wallets: Vec<WalletNo> =
            candidates.iter().filter_map(|c| chargly_index::entry::wallet(&c.stored.fact)).collect();
        wallets.sort_unstable();
        wallets.dedup();
        let customers = self.customers_of(&wallets).await?;
        let erased: Vec<WalletNo> = wallets
            .into_iter()
            .zip(customers)
            .filter_map(|(wallet, customer)| customer.is_empty().then_some(wallet))
            .collect();
        let amended = self.amended(&ids).await?;
        let catalogue = self.catalogue();
        let planned = candidates.into_iter().zip(&amended).filter_map(|(candidate, amended)| {
            let wallet = chargly_index::entry::wallet(&candidate.stored.fact);
            let is_erased = wallet.is_some_and(|wallet| erased.contains(&wallet));
            plan(&catalogue, action, candidate, amended, is_erased)
        });
        Ok(planned.collect())
    }

    /// Sums by wallet with their customers, and what each would owe as its wallet stands.
    async fn with_debts(
        &self,
        sums: HashMap<WalletNo, Totals>,
    ) -> Result<Vec<CustomerDifference>, CallError> {
        let mut all: Vec<(WalletNo, Totals)> = sums.into_iter().collect();
        all.sort_by_key(|(wallet, totals)| {
            (std::cmp::Reverse((totals.after_micro - totals.before_micro).abs()), *wallet)
        });
        let mut customers = Vec::with_capacity(all.len());
        for slice in all.chunks(PAGE_EVENTS) {
            let numbers: Vec<WalletNo> = slice.iter().map(|(wallet, _)| *wallet).collect();
            for (wallet, (_, totals)) in self.wallets(&numbers).await?.into_iter().zip(slice) {
                let Some(wallet) = wallet else { continue };
                let can_pay = wallet.balance.available().max(Credits::ZERO).micro();
                let net = totals.charged_micro - totals.returned_micro;
                let debt_micro = match wallet.policy {
                    // What is not there is not charged at all.
                    Policy::RecordOnly => 0,
                    Policy::Strict | Policy::Overdraft { .. } => (net - i128::from(can_pay)).max(0),
                };
                let totals = Totals { debt_micro, ..*totals };
                customers.push(CustomerDifference { customer: wallet.customer, totals });
            }
        }
        Ok(customers)
    }
}

/// What is added up while a preview goes through its events.
struct Sums {
    digest: blake3::Hasher,
    wallets: HashMap<WalletNo, Totals>,
    totals: Totals,
    unchanged: u64,
    left_alone: BTreeMap<Skip, u64>,
    left_alone_told: Vec<LeftAlone>,
}

impl Sums {
    fn new(filter: &CorrectionFilter, action: &CorrectionAction, up_to: Position) -> Self {
        let mut digest = blake3::Hasher::new();
        digest.update(&CorrectionRequest::scope_bytes(filter, action, up_to));
        Self {
            digest,
            wallets: HashMap::new(),
            totals: Totals::default(),
            unchanged: 0,
            left_alone: BTreeMap::new(),
            left_alone_told: Vec::new(),
        }
    }

    fn add(&mut self, planned: &Planned) -> Result<(), CallError> {
        let Planned { event, original, before, after, step } = planned;
        for number in [event.position.0, before.micro().cast_unsigned(), after.micro().cast_unsigned()] {
            self.digest.update(&number.to_le_bytes());
        }
        let step = match step {
            Ok(Some(step)) => *step,
            Ok(None) => {
                self.unchanged += 1;
                return Ok(());
            }
            Err(skip) => {
                self.digest.update(skip.as_str().as_bytes());
                *self.left_alone.entry(*skip).or_default() += 1;
                if self.left_alone_told.len() < LEFT_ALONE_TOLD_MAX {
                    self.left_alone_told.push(LeftAlone { event: *event, why: *skip });
                }
                return Ok(());
            }
        };
        self.totals.add(planned, step);
        self.wallets.entry(original.wallet).or_default().add(planned, step);
        check_size(self.totals.events, self.wallets.len())
    }
}

/// Refuses what is too much for one correction.
fn check_size(events: u64, customers: usize) -> Result<(), CallError> {
    let too_many = |what: &str, limit: usize| {
        let problem = format!("finds more than {limit} {what}: narrow it, by time for one");
        Err(invalid("filter", &problem).into())
    };
    if events > CORRECTION_EVENTS_MAX as u64 {
        return too_many("events to change", CORRECTION_EVENTS_MAX);
    }
    if customers > CORRECTION_CUSTOMERS_MAX {
        return too_many("customers", CORRECTION_CUSTOMERS_MAX);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correction_holds_its_limits_on_both_sides() {
        let (events, customers) = (CORRECTION_EVENTS_MAX as u64, CORRECTION_CUSTOMERS_MAX);
        assert!(check_size(events, customers).is_ok());
        assert!(check_size(events + 1, 1).is_err());
        assert!(check_size(1, customers + 1).is_err());
    }
}
