//! `chargly prices`: the event types and their prices as one file that a team keeps under version control.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use chargly_engine::SystemClock;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::data_dir::{DataDir, HowToOpen, environments_named};
use crate::failure::Advice;
use crate::place::Place;
use crate::{output, scan};

mod diff;
mod file;
mod shelf;

use diff::{Change, Diff};
use shelf::Shelf;

/// Flags of `chargly prices`.
#[derive(Clone, Debug, Args)]
pub(crate) struct PricesArgs {
    #[command(subcommand)]
    what: What,
}

/// What to do with prices.
#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Write the event types and their prices as TOML
    Export {
        /// The file to write; standard output if not given
        #[arg(long, env = "CHARGLY_OUT", value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        place: Place,
    },
    /// Show what a file would change, ask, and publish it
    Import(Box<ImportArgs>),
}

/// Flags of `chargly prices import`.
#[derive(Clone, Debug, Args)]
struct ImportArgs {
    /// The file, as `prices export` writes it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only show what would change
    #[arg(long, env = "CHARGLY_DRY_RUN")]
    dry_run: bool,
    /// Yes, publish it; without a terminal to ask on this must be given
    #[arg(long, env = "CHARGLY_YES")]
    yes: bool,
    /// Why; kept with every version that is published
    #[arg(long, env = "CHARGLY_NOTE", value_name = "TEXT", default_value = "Imported from a file")]
    note: String,
    #[command(flatten)]
    place: Place,
}

/// Does it.
///
/// # Errors
/// If the file, the data directory or the server cannot be used, or another published a price in between.
pub(crate) fn run(args: &PricesArgs) -> Result<()> {
    match &args.what {
        What::Export { out, place } => export(out.as_deref(), place),
        What::Import(args) => import(args),
    }
}

fn export(out: Option<&std::path::Path>, place: &Place) -> Result<()> {
    let known = match place.client()? {
        Some(client) => super::runtime()?.block_on(shelf::of_server(&client))?,
        None => {
            let data = DataDir::at(&place.data);
            data.project()?;
            let name = environments_named(Some(&place.env))?[0];
            shelf::of_catalogue(&scan::catalogue(&data.environment(name), &mut |_, _| {})?)
        }
    };
    let text = file::write(&known)?;
    match out {
        Some(path) => {
            std::fs::write(path, &text).with_context(|| format!("writing {}", path.display()))?;
            let count = known.iter().filter(|known| !known.is_archived).count();
            if place.json {
                output::print_json(&json!({"file": path.display().to_string(), "event_types": count}))
            } else {
                output::print(&format!("Wrote {count} event types to {}.\n", path.display()))
            }
        }
        None if place.json => output::print_json(&json!({"toml": text})),
        None => output::print(&text),
    }
}

fn import(args: &ImportArgs) -> Result<()> {
    let path = args.file.display();
    let text = std::fs::read_to_string(&args.file).with_context(|| format!("reading {path}"))?;
    let wanted = file::read(&text).with_context(|| format!("using the prices in {path}"))?;
    let runtime = super::runtime()?;
    if let Some(client) = args.place.client()? {
        return runtime.block_on(import_to(&Shelf::Server(client), &wanted, args));
    }
    let data = DataDir::at(&args.place.data);
    data.project()?;
    let name = environments_named(Some(&args.place.env))?[0];
    let clock = Arc::new(SystemClock::start());
    let _lock = data.lock("`chargly prices`", clock.as_ref())?;
    let environment = runtime.block_on(async { data.open(name, HowToOpen::default()) })?;
    let shelf = Shelf::Directory(Arc::clone(&environment));
    let imported = runtime.block_on(import_to(&shelf, &wanted, args));
    environment.close();
    imported
}

async fn import_to(shelf: &Shelf, wanted: &[file::Entry], args: &ImportArgs) -> Result<()> {
    let diff = diff::compare(wanted, &shelf.known().await?);
    let json = args.place.json;
    if !json {
        output::print(&in_words(&diff))?;
    }
    let is_agreed = !diff.changes.is_empty() && !args.dry_run && (args.yes || ask(&diff, json)?);
    if is_agreed {
        for change in &diff.changes {
            shelf.apply(change, &args.note).await?;
        }
    }
    if json {
        return output::print_json(&as_json(&diff, is_agreed));
    }
    match (diff.changes.len(), is_agreed) {
        (0, _) => output::print("There is nothing to change.\n"),
        (_, false) => output::print("Nothing was changed.\n"),
        (count, true) => output::print(&format!("{} published.\n", counted(count))),
    }
}

fn counted(changes: usize) -> String {
    if changes == 1 { "1 change".to_owned() } else { format!("{changes} changes") }
}

/// Asks a person. Where there is none, nothing is published unasked.
fn ask(diff: &Diff, json: bool) -> Result<bool> {
    if json || !std::io::stdin().is_terminal() {
        bail!(Advice::new(
            "there is nobody to ask whether these prices are to be published; nothing was changed",
            "Look at them with --dry-run, then say so with --yes.",
        ));
    }
    output::print(&format!("Publish {}? [y/N] ", counted(diff.changes.len())))?;
    std::io::stdout().flush().context("asking")?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("reading the answer")?;
    Ok(["y", "yes"].contains(&line.trim().to_ascii_lowercase().as_str()))
}

fn in_words(diff: &Diff) -> String {
    let mut text = String::new();
    for Change { event, is_new, what, .. } in &diff.changes {
        let sign = if *is_new { '+' } else { '~' };
        let (before, after) = what.in_words();
        let _ = match before {
            Some(before) => writeln!(text, "{sign} {event}: {} {before} → {after}", what.name()),
            None => writeln!(text, "{sign} {event}: {} {after}", what.name()),
        };
    }
    for event in &diff.only_there {
        let _ = writeln!(text, "  {event}: not in the file; it stays as it is");
    }
    for event in &diff.archived {
        let _ = writeln!(text, "  {event}: archived; it stays as it is");
    }
    text
}

fn as_json(diff: &Diff, is_published: bool) -> Value {
    let changes = diff.changes.iter().map(|change| {
        let (before, after) = change.what.in_words();
        json!({
            "event": change.event,
            "is_new": change.is_new,
            "what": change.what.name(),
            "before": before,
            "after": after,
        })
    });
    json!({
        "changes": changes.collect::<Vec<_>>(),
        "not_in_file": diff.only_there,
        "archived": diff.archived,
        "published": is_published,
    })
}
