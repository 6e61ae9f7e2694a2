//! The package as whoever installs it meets it: through its public items alone. What needs a server takes the one that
//! `CHARGLY_BIN` names, and says so where there is none.

mod batcher;
mod kill9;
mod live;
mod retries;
mod script;
mod server;
