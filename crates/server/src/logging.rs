//! Logs: to standard error, as text for people or JSON for collectors.

use std::io::IsTerminal as _;

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::failure::Usage;

/// How much is logged, and how.
#[derive(Clone, Debug, Args)]
pub(crate) struct LogArgs {
    /// What is logged: error, warn, info, debug, trace, or a filter such as `info,chargly_engine=debug`
    #[arg(long, env = "CHARGLY_LOG_LEVEL", default_value = "info", value_name = "LEVEL")]
    log_level: String,
    /// How logs are written
    #[arg(long, env = "CHARGLY_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// A line for people
    Text,
    /// An object per line
    Json,
}

/// The library of MCP tells of each message several times, and at finer levels its arguments, which are no log's business.
const QUIET: &str = "rmcp=error";

/// Starts logging for the rest of the process.
///
/// # Errors
/// [`Usage`] when the filter is not understood.
pub(crate) fn start(args: &LogArgs) -> Result<(), Usage> {
    let filter = EnvFilter::try_new(&args.log_level)
        .map_err(|error| Usage(format!("--log-level {}: {error}", args.log_level)))?;
    let filter = match QUIET.parse() {
        Ok(quiet) => filter.add_directive(quiet),
        Err(_) => filter,
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start in one process changes nothing; there is only one, in `main`.
    let _ = match args.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    Ok(())
}
