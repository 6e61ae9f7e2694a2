//! The ledger run again, over journals made by scripts, stories and a recorded trace.

mod azure;
mod identity;
mod proposed;
mod support;
