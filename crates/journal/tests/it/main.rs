//! Tests of the journal's behaviour, the same for every backend where that is possible.

mod backend;
mod backup;
mod chunk_bytes;
mod crash;
mod damage;
mod erase;
mod faults;
mod golden;
mod open;
mod support;
mod tail;
mod throughput;
mod verify;
