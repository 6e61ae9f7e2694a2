//! The only part of the testkit that knows `chargly-ledger`: it asks the real ledger what the model is asked, and
//! puts what it answers into the model's words.
//!
//! Not owned here: any rule. What the driver adds is what the engine does around the ledger: it looks for keys first
//! and reads facts back.

mod audit;
mod cold;
mod driver;
mod facts;
mod recorder;
mod requests;
mod sales;
mod views;

pub use audit::Audit;
pub use cold::Freezer;
pub use driver::{Driver, DriverMark};
pub use facts::entry;
pub use recorder::{Stored, VecRecorder, fold};
pub use requests::{Names, action};

/// The ledger's smallest units as the model's wide integers, and back.
fn narrow(wide: i128) -> i64 {
    i64::try_from(wide).expect("an amount of the tests fits the ledger's integers")
}
