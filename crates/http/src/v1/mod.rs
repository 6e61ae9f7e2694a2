//! `/v1`: one file per endpoint.

pub(crate) mod audit;
pub(crate) mod brief;
pub(crate) mod checkouts;
pub(crate) mod corrections;
pub(crate) mod customers;
pub(crate) mod event_types;
pub(crate) mod events;
pub(crate) mod grants;
pub(crate) mod holds;
pub(crate) mod keys;
pub(crate) mod limits;
pub(crate) mod margin;
pub(crate) mod orders;
pub(crate) mod packs;
pub(crate) mod payment_notices;
pub(crate) mod price_impact;
pub(crate) mod price_simulations;
pub(crate) mod quote;
pub(crate) mod rate_cards;
pub(crate) mod recommendations;
pub(crate) mod revenue;
pub(crate) mod settings;
pub(crate) mod stream;
pub(crate) mod stripe;
pub(crate) mod usage;
pub(crate) mod webhook_endpoints;
