//! The ledger run again, over journals made by scripts, stories and a recorded trace.

mod identity;
mod proposed;
mod support;
