//! The model and the real ledger side by side: whatever is asked of one is asked of the other, and every answer,
//! every fact and every wallet must be the same.

use chargly_ledger::state_digest;

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
    /// All that was asked when, in order; a sweep names its customer.
    calls: Vec<(Ms, Option<String>, Result<Request, String>)>,
}

/// When every pair begins: 2026-11-23T10:00:00Z.
pub const BEGINNING: Ms = 1_795_428_000_000;

impl Pair {
    /// Both, before anything was asked; in US dollars.
    pub fn new() -> Self {
        Self { model: Model::new("usd"), driver: Driver::new("usd"), now: BEGINNING, calls: Vec::new() }
    }

    /// Asks both.
    ///
    /// # Panics
    /// Where they differ in anything.
    pub fn ask(&mut self, key: Option<&str>, request: &Request) -> Answer {
        self.calls.push((self.now, key.map(str::to_owned), Ok(request.clone())));
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
        self.calls.push((self.now, None, Err(customer.to_owned())));
        let begun = self.model.journal.len();
        self.model.sweep(customer, self.now);
        self.driver.sweep(customer, self.now);
        self.compare(begun, "what happened by time");
    }

    /// Asks everything again of a ledger that keeps nothing in memory that may leave it: nothing that is answered
    /// may depend on what happens to be there.
    ///
    /// # Panics
    /// Where it writes or remembers anything else.
    pub fn check_forgetful(&self) {
        let mut driver = Driver::new("usd").forgetful();
        for (at, key, call) in &self.calls {
            match call {
                Ok(request) => drop(driver.ask(key.as_deref(), request, *at)),
                Err(customer) => driver.sweep(customer, *at),
            }
        }
        assert_eq!(driver.recorder.stored(), self.driver.recorder.stored(), "facts of a forgetful ledger");
        driver.remember();
        let (forgetful, kept) = (state_digest(&driver.state), state_digest(&self.driver.state));
        assert_eq!(forgetful, kept, "what a forgetful ledger remembers (left) and one that kept all (right)");
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
        for wallet in 0..wallets.len() {
            let (means, expected) = (self.driver.means(wallet, self.now), self.model.means(wallet, self.now));
            assert_eq!(
                means, expected,
                "what the ledger's budget has left (left) and the model's (right) after {after}"
            );
        }
    }
}

impl Default for Pair {
    fn default() -> Self {
        Self::new()
    }
}
