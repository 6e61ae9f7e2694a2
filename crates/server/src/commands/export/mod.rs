//! `chargly export`: events or ledger entries, as CSV or NDJSON, by time range, also while the project is served.
//!
//! Rows come in the order of the journal, so an export that was stopped goes on after the last position it wrote.
//! Amounts are exact decimals.

mod rows;
mod writer;

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use chargly_engine::ledger::{Millis, Position};
use clap::{Args, ValueEnum};

use crate::cli::DataArgs;
use crate::data_dir::{DataDir, environments_named};
use crate::failure::{Advice, Usage};
use crate::output::written;
use crate::{progress, scan};
use rows::Directory;
use writer::{Format, RowWriter};

/// Flags of `chargly export`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExportArgs {
    /// What to export
    #[arg(value_enum)]
    what: What,
    #[command(flatten)]
    data: DataArgs,
    /// Environment: test or live
    #[arg(long, env = "CHARGLY_ENV", default_value = "test", value_name = "NAME")]
    env: String,
    /// Form of the rows
    #[arg(long, env = "CHARGLY_FORMAT", default_value = "csv")]
    format: Format,
    /// From this time on: RFC 3339, or a day in UTC. Events by when they occurred, entries by when they count
    #[arg(long, env = "CHARGLY_FROM", value_name = "TIME", value_parser = parse_time)]
    from: Option<Millis>,
    /// Before this time
    #[arg(long, env = "CHARGLY_TO", value_name = "TIME", value_parser = parse_time)]
    to: Option<Millis>,
    /// File to write; - is standard output
    #[arg(long, env = "CHARGLY_OUT", default_value = "-", value_name = "FILE")]
    out: PathBuf,
    /// Go on after this position, which an earlier export named; a file is appended to, without a header
    #[arg(long, env = "CHARGLY_AFTER", value_name = "POSITION")]
    after: Option<u64>,
}

/// What can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Meter events: charges and captures
    Events,
    /// Lines of the wallets' ledgers, with the balance after each
    Ledger,
}

/// Writes the rows, and says on standard error where the export ended.
///
/// # Errors
/// If the journal cannot be read, or the file is there already or cannot be written.
pub(crate) fn run(args: &ExportArgs) -> Result<()> {
    let data = DataDir::at(&args.data.data);
    data.project()?;
    let dir = data.environment(environments_named(Some(&args.env))?[0]);
    let columns = match args.what {
        What::Events => rows::EVENT_COLUMNS,
        What::Ledger => rows::LEDGER_COLUMNS,
    };
    let mut rows = RowWriter::new(args.format, columns, args.open_out()?);
    if args.after.is_none() {
        written(rows.header())?;
    }
    let head = scan::head(&dir)?;
    let bar = progress::count("exporting", head.0);
    let mut directory = Directory::new();
    let mut count: u64 = 0;
    let mut one = |stored: chargly_engine::StoredFact| {
        directory.fold(&stored);
        if stored.id.position >= head {
            return Ok(false);
        }
        if args.after.is_some_and(|after| stored.id.position <= Position(after)) {
            return Ok(true);
        }
        let found = match args.what {
            What::Events => {
                directory.event(&stored).or_else(|| directory.annotation(&stored)).into_iter().collect()
            }
            What::Ledger => directory.ledger(&stored),
        };
        for row in found.into_iter().filter(|row| args.includes(row.at)) {
            written(rows.write(&row.cells))?;
            count += 1;
        }
        Ok(true)
    };
    let exported = scan::facts(&dir, &mut |done, _| bar.set_position(done), &mut one);
    bar.finish_and_clear();
    exported?;
    written(rows.finish())?;
    match head.0.checked_sub(1) {
        Some(last) => eprintln!("{count} rows up to position {last}; go on later with --after {last}"),
        None => eprintln!("the journal is empty"),
    }
    Ok(())
}

impl ExportArgs {
    fn includes(&self, at: Millis) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }

    fn open_out(&self) -> Result<Box<dyn Write>> {
        if self.out.as_os_str() == "-" {
            return Ok(Box::new(BufWriter::new(io::stdout())));
        }
        let doing = || format!("opening {}", self.out.display());
        let file = match self.after {
            Some(_) => OpenOptions::new().append(true).create(true).open(&self.out).with_context(doing)?,
            None => match File::create_new(&self.out) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => bail!(Advice::new(
                    format!("{} exists already; nothing was written", self.out.display()),
                    "Name another file, or go on with it by --after POSITION.",
                )),
                opened => opened.with_context(doing)?,
            },
        };
        Ok(Box::new(BufWriter::new(file)))
    }
}

/// A time as RFC 3339, or a day, which begins at midnight in UTC.
fn parse_time(text: &str) -> Result<Millis, Usage> {
    let parsed = text.parse::<jiff::Timestamp>().or_else(|_| format!("{text}T00:00:00Z").parse());
    parsed.map(|time: jiff::Timestamp| Millis(time.as_millisecond())).map_err(|_| {
        Usage("must be a time such as 2026-01-31T12:00:00Z, or a day such as 2026-01-31".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_utc() {
        assert_eq!(parse_time("1970-01-02").ok(), Some(Millis(86_400_000)));
        assert_eq!(parse_time("1970-01-01T01:00:00+01:00").ok(), Some(Millis(0)));
        for text in ["yesterday", "2026-13-01", "2026-01-01T00:00:00", ""] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }
}
