//! What is found by key, and where a restart begins.
//!
//! [`Keys`] answers "was this idempotency key seen, and where?"; [`Checkpoints`] keeps a copy of the state at one
//! position of the journal. Both are derived: losing them loses nothing, the journal has it all.
//!
//! Not owned here: what a hit means. A hit is only "perhaps": the caller reads the fact and compares.

mod checkpoints;
mod keys;

pub use checkpoints::{Checkpoint, CheckpointError, Checkpoints};
pub use keys::Keys;
