//! Public lists of what models cost, read exactly and compared with the rates in force.
//!
//! Two lists are understood, told apart by their shape: the price map of the Python package `litellm`, and the data of
//! `genai-prices`. A list becomes a [`PriceList`]: rates that the ledger can hold, and what was left out with its
//! [`Reason`]. [`compare`] says what is new, changed or unchanged against the rates held; [`Comparison::cards`] are the
//! rate cards to publish, with nothing in them that is in force already.
//!
//! Invariants: a number is read from its text, never through a float, and is exact or left out; a model without a
//! rate for which another would stand in is left out whole, because its usage would be billed wrongly. Reading is pure: the day
//! it is read for is an argument. Owns no list (the operator brings the file), publishes nothing, opens no file.

mod compare;
mod genai_prices;
mod list;
mod litellm;
mod number;
mod report;
mod skipped;

pub use compare::{Change, Comparison, Held, ModelName, compare, held_at};
pub use list::{LIST_BYTES_MAX, ListError, ListFormat, PriceList, read, source_of};
pub use number::{NumberError, pico_of, rate_text};
pub use report::rates_json;
pub use skipped::{Reason, Skipped};
