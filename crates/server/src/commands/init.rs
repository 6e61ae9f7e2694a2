//! `chargly init`: the first start alone.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use chargly_engine::SystemClock;
use clap::Args;
use serde::Serialize;

use super::sign_in_link;
use crate::cli::DataArgs;
use crate::data_dir::DataDir;
use crate::failure::Advice;
use crate::first_start::{self, Begun};
use crate::output;

/// Flags of `chargly init`.
#[derive(Clone, Debug, Args)]
pub(crate) struct InitArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Where the server will listen: decides the dashboard's address
    #[arg(long, env = "CHARGLY_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    #[command(flatten)]
    begin: first_start::BeginArgs,
    /// Print the result as JSON
    #[arg(long, env = "CHARGLY_JSON")]
    json: bool,
}

#[derive(Serialize)]
struct Initialised {
    #[serde(flatten)]
    begun: Begun,
    dashboard_url: String,
}

/// Begins a project and prints its keys.
///
/// # Errors
/// If there is a project already, or it cannot be written.
pub(crate) fn run(args: &InitArgs) -> Result<()> {
    let data = DataDir::at(&args.data.data);
    let clock = Arc::new(SystemClock::start());
    let _lock = data.lock("`chargly init`", clock.as_ref())?;
    refuse_a_project(&data)?;
    let begun =
        super::runtime()?.block_on(async { first_start::begin(&data, clock, args.begin.currency).await })?;
    let begun = shown(begun, &data)?;
    let link = sign_in_link::make(&data, &first_start::dashboard_url(args.listen))?;
    if args.json {
        return output::print_json(&Initialised { begun, dashboard_url: link });
    }
    output::print(&first_start::welcome(&begun, data.root(), args.listen, args.begin.currency, &link))
}

/// What begins a project does not touch one that is there.
///
/// # Errors
/// If there is one.
pub(super) fn refuse_a_project(data: &DataDir) -> Result<()> {
    if data.is_initialised() {
        bail!(Advice::new(
            format!("{} holds a project already", data.root().display()),
            "Serve it with `chargly serve`, make more keys with `chargly keys create`, or name another --data.",
        ));
    }
    Ok(())
}

/// The project that was begun, whose keys can be shown.
///
/// # Errors
/// If a first start that was cut off was completed instead.
pub(super) fn shown(begun: Option<Begun>, data: &DataDir) -> Result<Begun> {
    begun.ok_or_else(|| {
        anyhow!(Advice::new(
            format!("a first start in {} had been cut off, and is completed now", data.root().display()),
            "Its keys were never shown: make others with `chargly keys create`.",
        ))
    })
}
