//! Where a replay goes: a data directory that nobody serves, or a server.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::Result;
use chargly_traffic::RecordedEvent;
use clap::Args;

use super::answer::Answer;
use super::directory::Directory;
use super::price::{GrantText, PriceList};

/// Which target.
#[derive(Debug, Args)]
#[command(next_help_heading = "Target")]
pub(crate) struct TargetArgs {
    /// Data directory to write into; no server may be using it
    #[arg(long, env = "CHARGLY_DATA", default_value = "./chargly-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Environment of the data directory: test or live
    #[arg(long, env = "CHARGLY_ENV", default_value = "test", value_name = "NAME")]
    pub(crate) env: String,
}

/// Meters batches. A future in a box, because there are two ways to do it.
pub(crate) trait Meter: Send + Sync {
    /// Meters a batch: one answer per event, in order.
    fn meter<'a>(
        &'a self,
        batch: &'a [RecordedEvent],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<Answer>>> + Send + 'a>>;
}

/// Where a replay goes.
pub(crate) enum Target {
    /// Straight into a data directory.
    Directory(Arc<Directory>),
}

impl Target {
    /// Opens the target that the flags name.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub(crate) async fn open(args: &TargetArgs) -> Result<Self> {
        Ok(Self::Directory(Arc::new(Directory::open(args)?)))
    }

    /// How many lanes there should be.
    pub(crate) fn lanes(&self) -> usize {
        match self {
            Self::Directory(_) => Directory::LANES,
        }
    }

    /// What a lane meters through.
    pub(crate) fn meter(&self) -> Arc<dyn Meter> {
        match self {
            Self::Directory(directory) => Arc::clone(directory) as Arc<dyn Meter>,
        }
    }

    /// Defines an event type where it is missing and has a price.
    ///
    /// # Errors
    /// If it cannot be defined.
    pub(crate) async fn define_type(&self, name: &str, prices: &PriceList) -> Result<()> {
        match self {
            Self::Directory(directory) => directory.define_type(name, prices).await,
        }
    }

    /// Grants a customer the lot, unless an earlier replay has.
    ///
    /// # Errors
    /// If it cannot be granted.
    pub(crate) async fn grant(&self, customer: &str, grant: &GrantText) -> Result<()> {
        match self {
            Self::Directory(directory) => directory.grant(customer, grant).await,
        }
    }

    /// Closes it.
    pub(crate) fn close(self) {
        match self {
            Self::Directory(directory) => directory.close(),
        }
    }
}
