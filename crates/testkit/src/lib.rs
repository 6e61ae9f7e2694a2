//! What tests share.
//!
//! - [`model`]: a small plain reference ledger, written from the design and sharing no code with `chargly-ledger`.
//! - [`ledger`]: the only part that knows `chargly-ledger`: a recorder in memory, and a driver that asks the real
//!   ledger what the model is asked, and answers in the model's words.
//! - [`pair`]: both side by side, compared after every step.
//! - [`story`]: a few lines of text that a billing person can read, run through both.
//! - [`script`]: random commands, run through both.
//!
//! Not owned here: what is expected of the rules (the tests say that), servers, files.

pub mod ledger;
pub mod model;
pub mod pair;
pub mod script;
pub mod story;
