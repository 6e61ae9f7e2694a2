//! A running environment: one writer, many callers, one use case per file.
//!
//! [`Environment`] is what the doors talk to. Its verbs (`meter`, `place_hold`, …) validate nothing about HTTP and
//! hold no rules: they hand a call to the writer, wait for the flush, and sort out retries by reading facts back.
//!
//! Invariants: nothing leaves that depends on an undecided flush; a group that cannot be committed is undone in state
//! and keys; the catalogue that callers see is never behind an answer they were given.
//!
//! Not owned here: the rules (`ledger`), the bytes on disk (`journal`), scopes and wire formats (the doors).

mod clock;
mod derive;
mod driver;
mod environment;
mod erasures;
mod facts;
mod fold;
mod follow;
mod lookup;
mod outcome;
pub mod payments;
mod queue;
mod recorder;
mod recover;
mod refold;
mod reserve;
mod submission;
mod tail;
mod usecases;
mod verify;
mod verify_runs;
mod wallet_links;
mod writer;

pub use chargly_advisor as advisor;
pub use chargly_index::RunLength;
pub use chargly_journal as journal;
pub use chargly_ledger as ledger;
pub use chargly_simulator as simulator;
pub use chargly_views as views;

pub use clock::{CLOCK_JUMP_AT_START_MAX_MS, CLOCK_JUMP_MAX_MS, Clock, ManualClock, SystemClock};
pub use environment::{Environment, OpenError, OpenOptions, PLAYGROUND, Readiness, create};
pub use erasures::Forgotten;
pub use facts::{Facts, ReadFactError, StoredFact, StoredPayload, read_entry};
pub use fold::{Fold, FoldError, FoldProblem, Folded, WarmUp};
pub use follow::{Followed, Follower};
pub use outcome::{CallError, Outcome};
pub use queue::{QUEUE_BYTES_MAX, QUEUE_RESERVE_BYTES};
pub use recorder::{Entropy, SystemEntropy};
pub use recover::remove_indexes;
pub use refold::{RebuildError, rebuild_views};
pub use reserve::RESERVE_BYTES;
pub use submission::{
    Answered, Ask, Census, Erase, Failure, Item, Key, SpentToday, Submission, Verdict, WalletAsked, Warm,
};
pub use tail::{Committed, RING_BYTES_MAX, Tail};
pub use usecases::figures;
pub use usecases::{
    ApplyAdvice, AuditPage, BatchOutcome, COLLECTED_EVENTS_MAX, CORRECTION_CUSTOMERS_MAX,
    CORRECTION_EVENTS_MAX, Collected, CorrectionProgress, CorrectionState, CustomerChange,
    CustomerDifference, ELASTIC_DRAWS_DEFAULT, ELASTIC_DRAWS_MAX, EVENT_HISTORY_FACTS_MAX, ErasedCustomer,
    EventFilter, EventHistory, EventPage, ExpiringLot, ExpiringSlice, HistoryLine, HistoryPage, HoldTerms,
    LEFT_ALONE_TOLD_MAX, LOGGED_AMONG_FACTS_MAX, LOGGED_WITHIN_MS, LeftAlone, LookJob, LookRequest,
    LookStatus, Looked, MeterEvent, NewKey, OrderPage, PRICE_CHANGES_MAX, PastError, Preview, PreviewSeal,
    PriceImpactError, PriceImpacts, PriceSimulation, Properties, Quote, RATE_EFFECT_FACTS_MAX,
    RATE_EFFECT_MS, RateChange, RateEffect, SIMULATED_CUSTOMERS_MAX, SIMULATION_KEPT_MS,
    SIMULATIONS_KEPT_MAX, SIMULATIONS_QUEUED_MAX, Simulated, SimulationError, SimulationJob,
    SimulationStatus, Skip, Totals, Tried, TriedRule, TriedSample, TryError, UsageLog, UseEffect, WalletAsOf,
    Watch, look_weekly, simulate,
};
pub use verify::{Progress, Report, VerifyError, verify, verify_with};
pub use wallet_links::WalletLink;
pub use writer::{GROUP_DECIDING_MS_MAX, GROUP_FACTS_MAX, GroupEnd, Recovered, TURN_ITEMS_MAX, Writer};
