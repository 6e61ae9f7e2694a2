//! `/v1`, path by path.

mod batch;
mod customers;
mod event_types;
mod events;
mod grants;
mod holds;
mod keys;
mod price_simulations;
mod stream;
mod wallet;
