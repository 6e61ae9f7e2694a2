//! `/v1/checkouts`: a buyer's visit to whoever takes the money. Each belongs to one order, and shares its number.

pub(crate) mod create;
pub(crate) mod get;
