//! `/v1`: one file per endpoint.

pub(crate) mod audit;
pub(crate) mod corrections;
pub(crate) mod customers;
pub(crate) mod event_types;
pub(crate) mod events;
pub(crate) mod grants;
pub(crate) mod holds;
pub(crate) mod keys;
pub(crate) mod limits;
pub(crate) mod quote;
pub(crate) mod stream;
