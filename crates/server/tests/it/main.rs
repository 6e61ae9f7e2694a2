//! The binary as people run it: processes, files and HTTP, nothing of its insides.

mod backup;
mod bench;
mod books;
mod corrections;
mod customers;
mod docs;
mod export;
mod faulty_disk;
mod figures;
mod first_start;
mod help;
mod keys;
mod kill9;
mod payments;
mod prices;
mod rate_cards;
mod replay;
mod reset;
mod secrets;
mod simulate;
mod slow_clients;
mod slow_disk;
mod storage_full;
mod support;
mod verify;
mod wire;
