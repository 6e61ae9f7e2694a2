//! The dashboard, asked through its router over real environments, by people who signed in by a link.

mod customer;
mod customers;
mod doors;
mod events;
mod everywhere;
mod exports;
mod first_minute;
mod imports;
mod money;
mod one_event;
mod payments;
mod prices;
mod public;
mod usage;
mod weight;
mod world;
