//! What is found by key, and where a restart begins.
//!
//! [`RecentKeys`] answers "was this idempotency key seen lately, and where?"; [`Runs`] answers it for all the time
//! before, from sealed files, and knows the history of every wallet; [`Checkpoints`] keeps a copy of the state at one
//! position of the journal. All are derived: losing them loses nothing, the journal has it all.
//!
//! Not owned here: what a hit means. A hit is only "perhaps": the caller reads the fact and compares.

mod checkpoints;
mod recent_keys;
mod runs;

pub use checkpoints::{CHECKPOINT_FILE, Checkpoint, CheckpointError, Checkpoints, Delta, Erasure};
pub use recent_keys::RecentKeys;
pub use runs::{
    BLOCK_FACTS, Block, Posting, RUN_FACTS, RUN_FACTS_MAX, RUN_FORMAT, RUN_PAGE_BYTES, RUNS_DIR, Run,
    RunBuilder, RunError, RunLength, Runs, RunsFilter, TimeRange, entry, run_path,
};
