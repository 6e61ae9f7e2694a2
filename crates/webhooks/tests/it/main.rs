//! The service against real receivers on this machine: what arrives, in which order, how often, and what does not.

mod alerts;
mod delivery;
mod endpoints;
mod failures;
mod isolation;
mod receiver;
mod restored;
mod sums;
mod volume;
mod world;
