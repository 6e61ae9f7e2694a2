//! Where a command works: in a data directory, or through a server.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::failure::Usage;
use crate::http_client::Client;

/// Where a command works, and how it prints what came of it.
#[derive(Clone, Debug, Args)]
pub(crate) struct Place {
    /// Data directory; no server may be using it, but for what only reads
    #[arg(long, env = "CHARGLY_DATA", default_value = "./chargly-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Environment of the data directory: test or live
    #[arg(long, env = "CHARGLY_ENV", default_value = "test", value_name = "NAME")]
    pub(crate) env: String,
    /// Work through the server at this address instead
    #[arg(long, env = "CHARGLY_URL", value_name = "URL")]
    url: Option<String>,
    /// A secret key with the scope admin, of the server's environment
    #[arg(long, env = "CHARGLY_API_KEY", value_name = "KEY", hide_env_values = true)]
    // A settings file makes its values defaults, and help shows those.
    #[arg(hide_default_value = true)]
    key: Option<String>,
    /// Print the result as JSON
    #[arg(long, env = "CHARGLY_JSON")]
    pub(crate) json: bool,
}

impl Place {
    /// A client of the server, where one was named.
    ///
    /// # Errors
    /// Without a key, and for what is no address.
    pub(crate) fn client(&self) -> Result<Option<Client>> {
        let Some(url) = &self.url else { return Ok(None) };
        let key = self.key.as_deref().ok_or_else(|| {
            Usage("--url needs a secret key: give it with --key or in CHARGLY_API_KEY".to_owned())
        })?;
        Client::new(url, key).map(Some)
    }
}
