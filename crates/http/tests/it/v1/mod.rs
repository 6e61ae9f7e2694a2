//! `/v1`, path by path.

mod batch;
mod costs;
mod customers;
mod event_types;
mod events;
mod grants;
mod holds;
mod keys;
mod rate_cards;
mod stream;
mod wallet;
