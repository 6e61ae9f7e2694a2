//! What can be typed: the commands, and where the value of a flag comes from.
//!
//! In this order: the flag, its environment variable `CHARGLY_…`, the settings file, the default. `chargly` without a
//! command serves.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::commands::{
    advise, backup, bench, brief, corrections, customers, export, figures, init, keys, mcp, prices,
    rate_cards, rebuild, replay, reset, restore, resume_effects, serve, sign_in_link, simulate, verify,
};
use crate::settings;

/// A self-hosted billing layer for AI products: meters events, prices them in credits, and keeps the books.
#[derive(Debug, Parser)]
#[command(name = "chargly", version, max_term_width = 110, subcommand_required = true)]
#[command(
    after_help = "`chargly` alone is `chargly serve`. Every flag can be set by its environment variable or in the TOML file of --config."
)]
pub(crate) struct Cli {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
    /// A TOML file with values for flags: at the top for every command, in a table of a command's name for that one
    #[arg(long, global = true, env = settings::FILE_VARIABLE, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve HTTP from one port (the default)
    Serve(serve::ServeArgs),
    /// Create a project without serving it, and print its keys
    Init(init::InitArgs),
    /// Meter a recorded usage trace, or sample traffic
    Replay(Box<replay::ReplayArgs>),
    /// Prove the data: hash chain, balances, lots, holds, keys, figures
    Verify(verify::VerifyArgs),
    /// Fold the figures and the checkpoint anew from the journal
    Rebuild(rebuild::RebuildArgs),
    /// Drop the data of an environment and keep its keys
    Reset(reset::ResetArgs),
    /// Copy the project consistently, also while it is served, or bring an earlier copy up to date
    Backup(backup::BackupArgs),
    /// Make a data directory from a backup
    Restore(restore::RestoreArgs),
    /// Let what reaches outside (webhooks, payments) go on after a restore
    ResumeEffects(resume_effects::ResumeEffectsArgs),
    /// Write events or ledger entries as CSV or NDJSON
    Export(export::ExportArgs),
    /// Print what was used, from a running server
    Usage(figures::ReportArgs),
    /// Print what was recognised, sold and is still owed, from a running server
    Revenue(figures::ReportArgs),
    /// Print what was earned and what it cost, from a running server
    Margin(figures::ReportArgs),
    /// Print the Monday brief: nine questions about a week, answered, from a running server
    Brief(brief::BriefArgs),
    /// List, make, rotate and revoke API keys
    Keys(keys::KeysArgs),
    /// Make a new one-time link to the dashboard
    SignInLink(sign_in_link::SignInLinkArgs),
    /// Keep the prices of all event types in a file
    Prices(prices::PricesArgs),
    /// What providers charge: import a public list, list cards, show a model's rates
    RateCards(rate_cards::RateCardsArgs),
    /// List customers by what they used, paid and cost; forget one, for good
    Customers(customers::CustomersArgs),
    /// Try prices on past events, and change nothing
    Simulate(Box<simulate::SimulateArgs>),
    /// Look for advice on prices, read it, and decide
    Advise(Box<advise::AdviseArgs>),
    /// Put many events right by one decision: show, ask, carry out, take back
    Corrections(Box<corrections::CorrectionsArgs>),
    /// Serve the tools of a model over standard input and output (MCP), from a running server
    Mcp(mcp::McpArgs),
    /// Measure how fast a server of its own meters on this machine
    Bench(bench::BenchArgs),
}

/// Where the project is.
#[derive(Clone, Debug, Args)]
pub(crate) struct DataArgs {
    /// Directory of the project's data
    #[arg(long, env = "CHARGLY_DATA", default_value = "./chargly-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
}

/// Why there is no command to run.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Help was asked for, or something was typed that is not understood.
    Clap(clap::Error),
    /// The settings file cannot be used.
    Settings(anyhow::Error),
}

impl Stop {
    /// Says so, and gives the exit code: 0 for help, 2 for usage.
    pub(crate) fn show(self) -> ExitCode {
        match self {
            Self::Clap(error) => {
                // Nothing is left to tell whoever closed the terminal.
                let _ = error.print();
                u8::try_from(error.exit_code()).map_or(ExitCode::from(2), ExitCode::from)
            }
            Self::Settings(error) => {
                let _ = crate::failure::show(&error);
                ExitCode::from(2)
            }
        }
    }
}

/// Understands the command line.
///
/// # Errors
/// [`Stop`], which says what to print and how to end.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, Stop> {
    let args = with_serve(args.into_iter().collect());
    let file = settings::file_named_in(&args);
    let command = settings::apply(Cli::command(), file.as_deref()).map_err(Stop::Settings)?;
    let matches = command.try_get_matches_from(args).map_err(Stop::Clap)?;
    Cli::from_arg_matches(&matches).map(|cli| cli.command).map_err(Stop::Clap)
}

/// Puts `serve` where no command is given.
fn with_serve(mut args: Vec<OsString>) -> Vec<OsString> {
    let is_about_all = |arg: &OsString| ["-h", "--help", "-V", "--version"].iter().any(|flag| arg == flag);
    let serves = match args.get(1) {
        None => true,
        Some(first) => first.to_string_lossy().starts_with('-') && !is_about_all(first),
    };
    if serves {
        args.insert(args.len().min(1), "serve".into());
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_is_put_where_no_command_is_given() {
        for (line, expected) in [
            ("chargly", "chargly serve"),
            ("chargly --data d", "chargly serve --data d"),
            ("chargly verify --data d", "chargly verify --data d"),
            ("chargly --help", "chargly --help"),
            ("chargly -V", "chargly -V"),
            ("chargly help serve", "chargly help serve"),
        ] {
            assert_eq!(with_serve(args(line)), args(expected), "{line}");
        }
    }

    #[test]
    fn every_flag_has_an_environment_variable() {
        fn walk(command: &clap::Command, missing: &mut Vec<String>) {
            for arg in command.get_arguments() {
                let is_asked_each_time = ["help", "version"].contains(&arg.get_id().as_str());
                if arg.get_long().is_some() && !is_asked_each_time {
                    let variable = arg.get_env().map(|v| v.to_string_lossy().into_owned());
                    if !variable.is_some_and(|v| v.starts_with("CHARGLY_")) {
                        missing.push(format!("{} --{}", command.get_name(), arg.get_id()));
                    }
                }
            }
            command.get_subcommands().for_each(|command| walk(command, missing));
        }
        let mut missing = Vec::new();
        walk(&Cli::command(), &mut missing);
        assert_eq!(missing, Vec::<String>::new());
    }

    #[test]
    fn every_command_and_flag_is_in_the_reference() {
        fn walk(command: &clap::Command, page: &str, missing: &mut Vec<String>) {
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                let flag = arg.get_long().map(|long| format!("`--{long}"));
                missing.extend(flag.filter(|flag| !page.contains(flag.as_str())));
            }
            for command in command.get_subcommands() {
                let headings = [
                    "",
                    "keys ",
                    "customers ",
                    "prices ",
                    "rate-cards ",
                    "corrections ",
                    "advise ",
                    "simulate ",
                ]
                .map(|of| format!("`{of}{}", command.get_name()));
                if !headings.iter().any(|heading| page.contains(heading)) {
                    missing.push(command.get_name().to_owned());
                }
                walk(command, page, missing);
            }
        }
        let mut missing = Vec::new();
        walk(&Cli::command(), include_str!("../../../docs/reference/command-line.md"), &mut missing);
        missing.dedup();
        assert_eq!(missing, Vec::<String>::new());
    }
}
