//! `chargly sign-in-link`: a new one-time link to the dashboard, for whoever has the data directory.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use chargly_dashboard::People;
use chargly_engine::{Clock as _, Entropy as _, SystemClock, SystemEntropy};
use clap::Args;
use serde::Serialize;

use crate::cli::DataArgs;
use crate::data_dir::DataDir;
use crate::{first_start, output};

/// Flags of `chargly sign-in-link`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SignInLinkArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Where the server listens: decides the link's address
    #[arg(long, env = "CHARGLY_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// The address by which people reach the server, where that is another one, like billing.example.com behind https
    #[arg(long, env = "CHARGLY_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Print the link as JSON
    #[arg(long, env = "CHARGLY_JSON")]
    json: bool,
}

#[derive(Serialize)]
struct Link {
    url: String,
}

/// Makes the link and prints it. A server may run meanwhile.
///
/// # Errors
/// If there is no project, or its file of people cannot be used.
pub(crate) fn run(args: &SignInLinkArgs) -> Result<()> {
    let data = DataDir::at(&args.data.data);
    data.project()?;
    let root = args.public_url.clone().unwrap_or_else(|| first_start::dashboard_url(args.listen));
    let url = make(&data, &root)?;
    if args.json {
        return output::print_json(&Link { url });
    }
    output::print(&format!("{url}\n\nIt signs in once, within a day, as the project's owner.\n"))
}

/// A link below the server's address.
///
/// # Errors
/// If the file of people cannot be used.
pub(crate) fn make(data: &DataDir, root: &str) -> Result<String> {
    let people = People::open(data.root()).context("opening the file of people")?;
    let mut token = String::new();
    for byte in [SystemEntropy.nonce(), SystemEntropy.nonce()].concat() {
        token.push_str(&format!("{byte:02x}"));
    }
    people.link_for_owner(&token, SystemClock::start().wall_ms()).context("making a link that signs in")?;
    Ok(format!("{}/sign-in/{token}", root.trim_end_matches('/')))
}
