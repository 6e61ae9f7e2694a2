//! What a bench asks of whoever knows the product: to begin projects, and to serve, stop, kill and prove them.
//!
//! The bench drives a server over its wire contract only. Cases that need more than a running server (a restart, a
//! kill in mid-load, the time of a verification) go through these two traits, so that nothing here knows a command
//! line, a file name or a format.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;

/// Makes projects to be measured, all below one directory.
pub trait Host {
    /// Where projects are made: the disk that is measured.
    fn directory(&self) -> &Path;

    /// Makes an empty project, not served yet.
    ///
    /// # Errors
    /// If it cannot be made.
    fn begin(&mut self) -> Result<Box<dyn Site>>;
}

/// One project. Dropping it ends its server and removes its directory.
pub trait Site {
    /// A secret key of its *test* environment with the scopes `meter`, `read`, `grant` and `prices`.
    fn api_key(&self) -> &str;

    /// Its data directory.
    fn data_dir(&self) -> &Path;

    /// Starts a server on it, as people would, and returns once the server says that it listens.
    ///
    /// # Errors
    /// If it does not come that far.
    fn start(&mut self) -> Result<Running>;

    /// Signs in to the dashboard of the server that runs, and returns what a browser sends from then on as its `cookie`.
    ///
    /// # Errors
    /// If no server runs, or it does not let the owner in.
    fn sign_in(&mut self) -> Result<String>;

    /// Asks the server to stop, and returns once it has: everything it knows is then on disk.
    ///
    /// # Errors
    /// If it ends otherwise than it should.
    fn stop(&mut self) -> Result<()>;

    /// Ends the server at once, in the middle of whatever it does.
    ///
    /// # Errors
    /// If the system refuses.
    fn kill(&mut self) -> Result<()>;

    /// Removes what saves the next start from folding the journal from its first fact. No server is running.
    ///
    /// # Errors
    /// If there is no such thing, or it cannot be removed.
    fn discard_checkpoint(&mut self) -> Result<()>;

    /// Proves the *test* environment and returns the number of its facts. No server is running.
    ///
    /// # Errors
    /// If anything is not as it should be.
    fn verify(&mut self) -> Result<u64>;

    /// Folds everything derived of the *test* environment anew, and returns the number of facts folded. No server is
    /// running.
    ///
    /// # Errors
    /// If the journal cannot be read or the result not be written.
    fn rebuild(&mut self) -> Result<u64>;
}

/// A server that runs.
#[derive(Debug, Clone, Copy)]
pub struct Running {
    /// Where it listens, on this machine.
    pub address: SocketAddr,
    /// Its process.
    pub pid: u32,
}
