//! The binary as people run it: processes, files and HTTP, nothing of its insides.

mod backup;
mod books;
mod customers;
mod docs;
mod export;
mod first_start;
mod help;
mod keys;
mod kill9;
mod replay;
mod reset;
mod slow_clients;
mod support;
mod verify;
