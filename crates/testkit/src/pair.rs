//! The model and the real ledger side by side: whatever is asked of one is asked of the other, and every answer,
//! every fact and every wallet must be the same.

use crate::ledger::Driver;
use crate::model::{Answer, Entry, Model, Ms, Place, Request};

/// Both ledgers, with one clock.
pub struct Pair {
    /// The reference.
    pub model: Model,
    /// The real one.
    pub driver: Driver,
    /// The time; it never goes back.
    pub now: Ms,
}

/// When every pair begins: 2026-11-23T10:00:00Z.
pub const BEGINNING: Ms = 1_795_428_000_000;

impl Pair {
    /// Both, before anything was asked; in US dollars.
    pub fn new() -> Self {
        Self { model: Model::new("usd"), driver: Driver::new("usd"), now: BEGINNING }
    }

    /// Asks both.
    ///
    /// # Panics
    /// Where they differ in anything.
    pub fn ask(&mut self, key: Option<&str>, request: &Request) -> Answer {
        let begun = self.model.journal.len();
        let expected = self.model.ask(key, request, self.now);
        let answer = self.driver.ask(key, request, self.now);
        assert_eq!(answer, expected, "the ledger's answer (left) and the model's (right) to {request:?}");
        self.compare(begun, &format!("{request:?}"));
        answer
    }

    /// Lets what is due in a customer's wallet happen in both.
    ///
    /// # Panics
    /// Where they differ in anything.
    pub fn sweep(&mut self, customer: &str) {
        let begun = self.model.journal.len();
        self.model.sweep(customer, self.now);
        self.driver.sweep(customer, self.now);
        self.compare(begun, "what happened by time");
    }

    /// What happened at a place.
    pub fn entry(&self, place: Place) -> &Entry {
        &self.model.journal[usize::try_from(place).expect("a place in memory")]
    }

    fn compare(&self, begun: usize, after: &str) {
        let (facts, expected) = (self.driver.journal_from(begun), &self.model.journal[begun..]);
        assert_eq!(facts, expected, "the ledger's facts (left) and the model's (right) after {after}");
        let (wallets, expected) = (self.driver.wallets(), self.model.wallets());
        for (wallet, expected) in wallets.iter().zip(&expected) {
            assert_eq!(wallet, expected, "the ledger's wallet (left) and the model's (right) after {after}");
        }
        assert_eq!(wallets.len(), expected.len(), "wallets after {after}");
    }
}

impl Default for Pair {
    fn default() -> Self {
        Self::new()
    }
}
