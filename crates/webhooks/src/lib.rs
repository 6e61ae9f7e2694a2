//! Outgoing webhooks: messages made of committed facts, and their delivery, by Standard Webhooks.
//!
//! [`Webhooks`] runs beside one environment. A follower reads committed facts and writes messages, the deliveries they
//! are owed, alerts and its own position into `ops.db`, in one transaction; a sender for each endpoint takes what is due
//! from there.
//!
//! Invariants: nothing is told before it is committed; everything is told at least once after any crash, under the same
//! `webhook-id`; what concerns one wallet arrives in order at each endpoint; an endpoint that hangs or fails holds up no
//! other; what waits is in the file and not in memory; nothing is sent while a restore has paused effects; no address
//! inside our own network is called unless the operator says so, and what was checked is what is connected to.
//!
//! Not owned here: rows and their order on disk (`ops`), whether a fact happened (`engine`), who may make endpoints (the
//! doors).

mod attempt;
mod draft;
mod expiries;
mod facts;
mod follow;
mod guard;
mod levels;
mod manage;
mod names;
mod pace;
mod schedule;
mod sender;
mod service;
mod sign;
mod subscribers;
mod types;
mod upkeep;
mod windows;

pub use chargly_ops as ops;

pub use guard::{check_url, is_public};
pub use levels::{LEVELS_PERCENT, REARM_PERCENT};
pub use manage::{ManageError, Pinged};
pub use schedule::{DISABLED_AFTER_MS, KEPT_MS, RETRIES_MS, RETRY_AFTER_MS_MAX, SENDS_AT_ONCE_MAX, TIMEOUT};
pub use service::{Options, StartError, Webhooks};
pub use sign::{SECRET_BYTES, Secret, signatures};
pub use types::{MessageType, TypeSet};

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/webhooks.md")]
struct Guide;
