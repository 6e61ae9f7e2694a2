//! The dashboard, asked through its router over real environments, by people who signed in by a link.

mod customer;
mod customers;
mod doors;
mod events;
mod everywhere;
mod first_minute;
mod prices;
mod public;
mod usage;
mod weight;
mod world;
