//! The HTTP door, asked through its router over real environments in a temporary directory.

mod access;
mod answers;
mod bad_input;
mod cloud_events;
mod compat;
mod concurrency;
mod idempotency;
mod limits;
mod lists;
mod openapi;
mod pages;
mod payments;
mod reference;
mod v1;
mod world;
