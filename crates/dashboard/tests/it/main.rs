//! The dashboard, asked through its router over real environments, by people who signed in by a link.

mod customer;
mod customers;
mod events;
mod everywhere;
mod exports;
mod imports;
mod money;
mod one_event;
mod payments;
mod prices;
mod usage;
mod world;
