//! The HTTP door: one endpoint per file, module path = URL path.
//!
//! A handler parses, calls one use case of the engine, and presents. There are no rules here: what may happen to a
//! wallet is the ledger's, what is durable is the engine's. The API key chooses the environment, and nothing crosses.
//! A few routes take no key: what whoever asks may know, and requests that bring their own proof (`public.rs`).
//!
//! Invariants: every route stands in [`ROUTES`], with the scope it needs; bodies are bounded in bytes and time before
//! anything reads them; an answer to a write is rendered from its fact alone, so that a replay has the same bytes;
//! neither secrets nor bodies are logged.
//!
//! Not owned here: sockets, TLS, timeouts of connections and shutdown (the server).

mod acting;
mod answer;
mod behind;
mod body;
mod browser;
mod buyer;
mod call;
mod cloud_events;
mod compat;
mod csv;
mod docs;
mod errors;
mod facts;
mod figures;
mod health;
mod names;
pub mod pages;
mod project;
mod public;
mod query;
mod read;
mod router;
mod routes;
mod serve;
mod v1;
mod view;

pub use acting::Acting;
pub use answer::Errors;
pub use behind::behind_keys;
pub use body::{BODIES_BYTES_MAX, PUBLIC_BODIES_BYTES_MAX, SMALL_BODY_BYTES_MAX};
pub use names::WIRE_NAMES;
pub use project::Project;
pub use router::router;
pub use routes::{ROUTES, Route};
pub use v1::event_types::prices::rule::{grid_name, read_rule, rounding_name, rule_json};
pub use v1::price_simulations::{price_simulation_json, price_simulation_table, read_price_simulation};
pub use v1::recommendations::{
    explanation_json, look_json, recommendation_json, recommendation_summary_json, track_record_json,
};
