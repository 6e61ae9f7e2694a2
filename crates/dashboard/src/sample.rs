//! The port to whoever makes sample data, serves it and drops it: the server, which has the data directory.

use futures_util::future::BoxFuture;

/// The environment that sample data is in. It is in no total of another.
pub const SAMPLE: &str = "sample";

/// How it stands with the sample data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SampleState {
    /// There is none.
    Absent,
    /// It is being made: so many days of so many are simulated.
    Loading {
        /// Days that are simulated.
        days: u64,
        /// Of how many.
        of: u64,
    },
    /// It is there.
    There,
    /// It could not be made.
    Failed(String),
}

/// Makes sample data, serves it and drops it.
pub trait SampleData: Send + Sync {
    /// How it stands.
    fn state(&self) -> SampleState;

    /// Begins to make it, and returns at once. Where it is there, or being made, nothing happens.
    fn load(&self);

    /// Drops it, with everything that was done in it. What was not there is dropped already.
    fn remove(&self) -> BoxFuture<'_, Result<(), String>>;
}
