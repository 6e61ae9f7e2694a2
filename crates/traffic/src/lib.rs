//! Recorded usage traces and the seeded generator of sample traffic.
//!
//! Two sources of events, one shape ([`RecordedEvent`]) for whoever meters them:
//! - a **trace**: a CSV or NDJSON file of what really happened, read through a [`Mapping`];
//! - **sample traffic** ([`SampleTraffic`]): drawn from a seed, shaped like real traces.
//!
//! ```no_run
//! use chargly_traffic::{Mapping, Trace};
//!
//! let mapping = Mapping::from_toml("event = 'llm.{service}'\ncustomer = '{team}'")?;
//! let trace = Trace::open("usage.csv.gz")?;
//! let progress = trace.progress();
//! for event in trace.events(&mapping)? {
//!     let event = event?;
//!     println!("{} of {}: {}", progress.bytes_read(), progress.total_bytes(), event.key);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Invariants: amounts are exact decimals, never floats; the same input gives the same events under the same
//! keys; memory does not grow with the number of events. This crate meters nothing and knows no prices, wallets
//! or network.

mod columns;
mod decimal;
mod error;
mod events;
mod expression;
mod instant;
mod mapping;
mod reader;
mod sample;
mod template;
mod trace;

pub use error::{MappingError, Problem, TraceError, UnknownColumn};
pub use events::{
    Events, MAX_REPEAT, MAX_REPEAT_CUSTOMERS, MONEY_PLACES, PropertyValue, QUANTITY_PLACES, RecordedCost,
    RecordedEvent,
};
pub use mapping::{MAX_KEY_PREFIX_BYTES, MAX_PROPERTIES, MAX_WINDOW_S, Mapping, MappingText};
pub use reader::{MAX_RECORD_BYTES, Record, TraceReader};
pub use sample::{
    MAX_SAMPLE_CUSTOMERS, MAX_SAMPLE_DAYS, MAX_SAMPLE_EVENTS, SampleEvent, SampleTraffic, Shape, ShapeError,
};
pub use trace::{Progress, Trace};
