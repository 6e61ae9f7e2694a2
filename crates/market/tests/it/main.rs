//! Markets played against the ledger: what was planned shows in what comes of it.

mod figures;
mod happenings;
mod people;
mod support;
