//! Where a replay goes: a data directory that nobody serves, or a server.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use chargly_traffic::RecordedEvent;
use clap::Args;

use super::answer::Answer;
use super::directory::Directory;
use super::price::{GrantText, PriceList};
use super::remote::Remote;
use crate::failure::Usage;
use crate::http_client::Client;

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
    /// Replay through the server at this address instead of into a data directory
    #[arg(long, env = "CHARGLY_URL", value_name = "URL")]
    url: Option<String>,
    /// A secret key of the server's environment to replay into
    #[arg(long, env = "CHARGLY_API_KEY", value_name = "KEY", hide_env_values = true)]
    // A settings file makes its values defaults, and help shows those.
    #[arg(hide_default_value = true)]
    key: Option<String>,
    /// Connections to the server
    #[arg(long, env = "CHARGLY_CONNECTIONS", default_value_t = 4, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=64))]
    connections: u32,
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
    /// Through a server.
    Remote(Arc<Remote>),
}

impl Target {
    /// Opens the target that the flags name.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub(crate) fn open(args: &TargetArgs) -> Result<Self> {
        let Some(url) = &args.url else { return Ok(Self::Directory(Arc::new(Directory::open(args)?))) };
        let key = args.key.as_deref().ok_or_else(|| {
            Usage("--url needs a secret key: give it with --key or in CHARGLY_API_KEY".to_owned())
        })?;
        let connections = usize::try_from(args.connections).context("counting connections")?;
        Ok(Self::Remote(Arc::new(Remote::new(Client::new(url, key)?, connections))))
    }

    /// How many lanes there should be.
    pub(crate) fn lanes(&self) -> usize {
        match self {
            Self::Directory(_) => Directory::LANES,
            Self::Remote(remote) => remote.connections,
        }
    }

    /// What a lane meters through.
    pub(crate) fn meter(&self) -> Arc<dyn Meter> {
        match self {
            Self::Directory(directory) => Arc::clone(directory) as Arc<dyn Meter>,
            Self::Remote(remote) => Arc::clone(remote) as Arc<dyn Meter>,
        }
    }

    /// Defines an event type where it is missing and has a price.
    ///
    /// # Errors
    /// If it cannot be defined.
    pub(crate) async fn define_type(&self, name: &str, prices: &PriceList) -> Result<()> {
        match self {
            Self::Directory(directory) => directory.define_type(name, prices).await,
            Self::Remote(remote) => remote.define_type(name, prices).await,
        }
    }

    /// Grants a customer the lot, unless an earlier replay has.
    ///
    /// # Errors
    /// If it cannot be granted.
    pub(crate) async fn grant(&self, customer: &str, grant: &GrantText) -> Result<()> {
        match self {
            Self::Directory(directory) => directory.grant(customer, grant).await,
            Self::Remote(remote) => remote.grant(customer, grant).await,
        }
    }

    /// Closes it.
    pub(crate) fn close(self) {
        match self {
            Self::Directory(directory) => directory.close(),
            Self::Remote(_) => {}
        }
    }
}
