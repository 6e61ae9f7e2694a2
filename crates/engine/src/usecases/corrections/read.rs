//! Corrections as they stand: decided, going on, done; and what each changed, customer by customer.

use std::collections::HashMap;

use chargly_ledger::{Correction, CorrectionRequest, EntryId, WalletNo};
use compact_str::CompactString;

use super::changes::read_changes;
use super::{PAGE_EVENTS, Progress};
use crate::environment::Environment;
use crate::outcome::CallError;

/// A correction as it stands.
#[derive(Clone, Debug)]
pub struct CorrectionState {
    /// What is remembered of it.
    pub record: Correction,
    /// What was decided.
    pub request: CorrectionRequest,
    /// The correction that undid it.
    pub undone_by: Option<EntryId>,
    /// How far this process has come with it.
    pub progress: Progress,
}

/// What a correction changed for one customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerChange {
    /// The customer's own id; empty once erased.
    pub customer: CompactString,
    /// Events changed.
    pub events: u64,
    /// Micro-credits given back.
    pub returned_micro: i128,
    /// Micro-credits charged again.
    pub charged_micro: i128,
    /// Events that the ledger refused to change.
    pub refused: u64,
}

impl Environment {
    /// A correction by its id.
    pub async fn correction(&self, id: EntryId) -> Result<CorrectionState, CallError> {
        let catalogue = self.catalogue();
        let record = catalogue.correction(id.position).filter(|known| known.id == id).copied();
        let record = record.ok_or(CallError::NotFound { kind: "correction" })?;
        let (_, request) = self.correction_request(id).await?;
        let undone_by = catalogue.undone_by(id.position).map(|by| by.id);
        let progress = self.running_corrections().of(id.position).unwrap_or_default();
        Ok(CorrectionState { record, request, undone_by, progress })
    }

    /// What a correction has changed so far, the largest change first.
    pub async fn correction_customers(&self, id: EntryId) -> Result<Vec<CustomerChange>, CallError> {
        let state = self.correction(id).await?;
        let end = state.record.closed.map_or(self.tail().committed().next, |closed| closed.position);
        let (facts, correction) = (self.facts_handle(), id.position);
        let by_wallet = self
            .blocking(move || {
                let (mut next, mut found) = (correction, HashMap::<WalletNo, CustomerChange>::new());
                while next < end {
                    for change in read_changes(&facts, correction, &mut next, end, PAGE_EVENTS)? {
                        found.entry(change.wallet).or_default().add(change.returned_micro);
                    }
                }
                Ok(found)
            })
            .await?;
        let mut all: Vec<(WalletNo, CustomerChange)> = by_wallet.into_iter().collect();
        all.sort_by_key(|(wallet, change)| {
            (std::cmp::Reverse(change.returned_micro + change.charged_micro), *wallet)
        });
        let mut changes = Vec::with_capacity(all.len());
        for slice in all.chunks(PAGE_EVENTS) {
            let numbers: Vec<WalletNo> = slice.iter().map(|(wallet, _)| *wallet).collect();
            let customers = self.customers_of(&numbers).await?;
            let named = customers.into_iter().zip(slice);
            changes
                .extend(named.map(|(customer, (_, change))| CustomerChange { customer, ..change.clone() }));
        }
        Ok(changes)
    }
}

impl CustomerChange {
    fn add(&mut self, returned_micro: Option<i64>) {
        let Some(returned) = returned_micro else {
            self.refused += 1;
            return;
        };
        self.events += 1;
        self.returned_micro += i128::from(returned.max(0));
        self.charged_micro -= i128::from(returned.min(0));
    }
}
