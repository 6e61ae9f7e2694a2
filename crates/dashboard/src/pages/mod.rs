//! The pages, one per file.

pub(crate) mod advisor;
mod brief;
pub(crate) mod costs;
pub(crate) mod credits;
pub(crate) mod customer;
pub(crate) mod customers;
pub(crate) mod event;
pub(crate) mod events;
pub(crate) mod exports;
pub(crate) mod first_minute;
mod groups;
pub(crate) mod health;
pub(crate) mod live;
pub(crate) mod overview;
mod parts;
pub(crate) mod price_impact;
pub(crate) mod pricing;
pub(crate) mod revenue;
pub(crate) mod settings;
mod unit_costs;
pub(crate) mod usage;
