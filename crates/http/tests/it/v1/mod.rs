//! `/v1`, path by path.

mod allowances;
mod batch;
mod brief;
mod budgets;
mod corrections;
mod costs;
mod customers;
mod event_types;
mod events;
mod figures;
mod grants;
mod holds;
mod keys;
mod orders;
mod packs;
mod price_simulations;
mod quote;
mod rate_cards;
pub(crate) mod recommendations;
mod settings;
mod stream;
mod wallet;
mod wallet_links;
mod webhook_endpoints;
