//! `chargly verify`: proves the data, also while it is served.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use chargly_engine::Report;
use clap::Args;
use serde_json::json;

use crate::cli::DataArgs;
use crate::data_dir::{DataDir, environments_named, run_length};
use crate::failure::{Advice, Reported};
use crate::{output, progress};

/// Flags of `chargly verify`.
#[derive(Clone, Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Check this environment only: test, live or playground
    #[arg(long, env = "CHARGLY_ENV", value_name = "NAME")]
    env: Option<String>,
    /// Print the result as JSON, an object per environment
    #[arg(long, env = "CHARGLY_JSON")]
    json: bool,
}

/// Checks everything and says what was checked.
///
/// # Errors
/// If something is not as it should be: the first difference.
pub(crate) fn run(args: &VerifyArgs) -> Result<()> {
    let data = DataDir::at(&args.data.data);
    data.project()?;
    let mut failed = None;
    for name in environments_named(args.env.as_deref())? {
        match check(&data, name) {
            Ok(report) if args.json => output::print_json(&in_json(&report))?,
            Ok(report) => output::print(&in_words(&report))?,
            Err(error) => {
                let problem = format!("{error:#}");
                if args.json {
                    output::print_json(&json!({"environment": name, "ok": false, "problem": problem}))?;
                    failed = Some(Reported.into());
                } else {
                    // Each environment is told about; the last failure is told by whoever called.
                    if let Some(earlier) = failed.replace(error) {
                        let _ = crate::failure::show(&earlier);
                    }
                }
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

fn check(data: &DataDir, name: &str) -> Result<Report> {
    let bar = progress::count(&format!("verifying {name}"), 0);
    let mut report_progress = |done: u64, all: u64| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let report = chargly_engine::verify_with(&data.environment(name), run_length()?, &mut report_progress);
    bar.finish_and_clear();
    report.with_context(|| {
        Advice::new(
            format!("verifying the environment {name}: it is not as it should be"),
            "Where the journal is sound and a figure or checkpoint is not, stop the server and run `chargly rebuild`. \
             Where the journal is damaged, keep the files as they are and restore a backup into another directory.",
        )
    })
}

fn in_words(report: &Report) -> String {
    let mut text = format!("{}: in order\n", report.environment);
    let checkpoint = match report.checkpoint {
        Some(position) => format!("the same as the fold, at position {position}"),
        None => "none yet".to_owned(),
    };
    for (what, found) in [
        ("hash chain", format!("{} frames, {} facts", report.frames, report.facts)),
        ("wallets", format!("{}, each the sum of its lots, holds and debt", report.wallets)),
        ("idempotency keys", format!("{}, each bound once", report.keys)),
        ("sealed runs", format!("{}, each the same as its facts", report.runs)),
        ("checkpoint", checkpoint),
        ("figures", format!("the same as the fold, up to position {}", report.views)),
        ("chain hash", hex(&report.chain)),
        ("state digest", hex(&report.digest)),
    ] {
        let _ = writeln!(text, "  {what:<17} {found}");
    }
    text
}

fn in_json(report: &Report) -> serde_json::Value {
    json!({
        "environment": report.environment,
        "ok": true,
        "frames": report.frames,
        "facts": report.facts,
        "wallets": report.wallets,
        "keys": report.keys,
        "runs": report.runs,
        "checkpoint": report.checkpoint.map(|position| position.0),
        "figures": report.views.0,
        "chain": hex(&report.chain),
        "digest": hex(&report.digest),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
