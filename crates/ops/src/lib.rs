//! What is kept beside the journal and never rebuilt: webhook endpoints with their sealed secrets, messages on their
//! way, how far the journal was turned into messages, which alerts were given, and what payment providers told us.
//!
//! [`Ops`] is one SQLite file, `ops.db`, in the directory of its environment. Losing it loses nothing of what customers
//! have, but nobody could make it anew: it is backed up. What decides is elsewhere; here it is put and found again.
//!
//! Invariants: what a caller is answered (an endpoint, a secret, a notice) is on disk before; what is derived from the
//! journal (messages, the cursor, alerts) is written together in one transaction, so that after any crash it stands at
//! one position; a secret is in the file only sealed, and a newer file is refused.
//!
//! Not owned here: time and chance (arguments), what a message says, when and to whom it is sent (`webhooks`), what a
//! notice does to an order.

mod alerts;
mod backup;
mod cursor;
mod deliveries;
mod endpoints;
mod error;
mod log;
mod messages;
mod notices;
mod schema;
mod secrets;
mod store;
mod upkeep;
mod vault;

pub use alerts::{Alert, AlertKind};
pub use backup::copy_ops;
pub use cursor::Cursor;
pub use deliveries::{Attempted, Due, NO_WALLET, Next, Pending};
pub use endpoints::{Debits, Endpoint, EndpointNo, NewEndpoint};
pub use error::OpsError;
pub use log::{Attempt, DeliveryFilter, DeliveryState, LoggedDelivery};
pub use messages::{NewMessage, OpenWindow, Window};
pub use notices::{NewNotice, Notice, NoticeState};
pub use schema::OPS_FILE;
pub use store::{Derivation, Ops};
pub use vault::{KeyError, KeySource, MASTER_KEY_BYTES, NONCE_BYTES, Vault};
