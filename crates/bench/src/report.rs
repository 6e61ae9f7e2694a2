//! Figures as they are published: each as the least, the middle and the most of its runs, good or bad.

use std::fmt;

use serde::Serialize;

use crate::machine::Machine;

/// What a bench found. `Display` is a Markdown table that is also aligned for a terminal; `Serialize` is for scripts.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What was measured, where and when.
    pub conditions: Conditions,
    /// All figures, in the order they were measured.
    pub rows: Vec<Row>,
    /// What had to be true besides being fast.
    pub checks: Vec<Check>,
    /// Cases that were asked for and not run, each with the reason.
    pub skipped: Vec<String>,
}

/// What was measured, where and when.
#[derive(Debug, Clone, Serialize)]
pub struct Conditions {
    /// The commit that the server was built from, as the caller gave it.
    pub commit: String,
    /// The date, as the caller gave it.
    pub date: String,
    /// Processor, cores, memory, kernel, file system.
    pub machine: Machine,
    /// Runs of each load.
    pub runs: u32,
    /// Measured seconds of each run.
    pub seconds_per_run: u32,
    /// Wallets over which the load was spread.
    pub wallets: u32,
    /// Whether only some sizes were run: such figures are not for publishing.
    pub quick: bool,
    /// What decided customers and keys.
    pub seed: u64,
}

/// One measure of one case.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What was done.
    pub case: String,
    /// What was measured, with its unit.
    pub measure: Measure,
    /// The least of the runs.
    pub min: f64,
    /// The middle of the runs; between the middle two if their number is even.
    pub median: f64,
    /// The most of the runs.
    pub max: f64,
}

/// What a figure means.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Accepted events a second.
    EventsPerSecond,
    /// Accepted events a second of each fifth of a long load.
    EventsPerSecondOfFifths,
    /// Milliseconds within which half of the calls were answered.
    P50Milliseconds,
    /// Milliseconds within which 99 of 100 calls were answered.
    P99Milliseconds,
    /// Microseconds that the server computed for each accepted event, on all its threads.
    CpuMicrosecondsPerEvent,
    /// Events a second of the yardstick, in the same run.
    YardstickEventsPerSecond,
    /// Our rate divided by the yardstick's, in the same run.
    RatioToYardstick,
    /// The rate on one wallet divided by the rate on all, in the same run.
    RatioHotToSpread,
    /// The rate of the last fifth divided by that of the first.
    RatioLastToFirst,
    /// Events a second of this product, beside those of PostgreSQL in the same run.
    ProductEventsPerSecond,
    /// Our rate divided by PostgreSQL's, in the same run.
    RatioToPostgres,
    /// The rate of commits beside questions divided by that without them, in the same run.
    RatioBesideQuestions,
    /// Accepted calls.
    Accepted,
    /// Events that were acknowledged before a kill and unknown after it.
    AcknowledgedMissing,
    /// Milliseconds from starting a server to the first answer it gave.
    MillisecondsToFirstAnswer,
    /// Milliseconds that the whole of it took.
    Milliseconds,
    /// Facts folded a second.
    FactsPerSecond,
    /// Mebibytes of main memory that are resident.
    Mebibytes,
    /// The most mebibytes of main memory that ever were resident.
    PeakMebibytes,
    /// Growth on disk for each accepted event. Names the kind of file.
    BytesPerEvent(String),
    /// Bytes sent to storage for each accepted event, rewritten ones counted again.
    BytesWrittenPerEvent,
}

/// A statement that must hold for the figures to mean anything.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// What was done.
    pub case: String,
    /// What must be true, with the numbers seen.
    pub statement: String,
    /// Whether it was.
    pub holds: bool,
}

impl Report {
    pub(crate) fn new(conditions: Conditions) -> Self {
        Self { conditions, rows: Vec::new(), checks: Vec::new(), skipped: Vec::new() }
    }

    /// Whether every check holds. Figures of a server that miscounts are worth nothing.
    #[must_use]
    pub fn is_correct(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
    }

    /// Adds the values of all runs as one row; no row without a value.
    pub(crate) fn add(&mut self, case: &str, measure: Measure, mut runs: Vec<f64>) {
        runs.sort_by(f64::total_cmp);
        let (Some(min), Some(max)) = (runs.first().copied(), runs.last().copied()) else { return };
        let median = f64::midpoint(runs[(runs.len() - 1) / 2], runs[runs.len() / 2]);
        self.rows.push(Row { case: case.to_owned(), measure, min, median, max });
    }

    pub(crate) fn check(&mut self, case: &str, statement: String, holds: bool) {
        self.checks.push(Check { case: case.to_owned(), statement, holds });
    }
}

impl Measure {
    fn label(&self) -> String {
        match self {
            Self::EventsPerSecond => "events/s".to_owned(),
            Self::EventsPerSecondOfFifths => "events/s of each fifth".to_owned(),
            Self::P50Milliseconds => "p50, ms".to_owned(),
            Self::P99Milliseconds => "p99, ms".to_owned(),
            Self::CpuMicrosecondsPerEvent => "server CPU, µs/event".to_owned(),
            Self::YardstickEventsPerSecond => "empty handler, events/s".to_owned(),
            Self::RatioToYardstick => "ratio to the empty handler".to_owned(),
            Self::RatioHotToSpread => "ratio hot : spread".to_owned(),
            Self::RatioLastToFirst => "ratio last fifth : first".to_owned(),
            Self::RatioBesideQuestions => "ratio beside questions : alone".to_owned(),
            Self::Accepted => "accepted".to_owned(),
            Self::ProductEventsPerSecond => "chargly, events/s".to_owned(),
            Self::RatioToPostgres => "ratio chargly : PostgreSQL".to_owned(),
            Self::AcknowledgedMissing => "acknowledged events missing".to_owned(),
            Self::MillisecondsToFirstAnswer => "to the first answer, ms".to_owned(),
            Self::Milliseconds => "ms".to_owned(),
            Self::FactsPerSecond => "facts/s".to_owned(),
            Self::Mebibytes => "resident, MiB".to_owned(),
            Self::PeakMebibytes => "most ever resident, MiB".to_owned(),
            Self::BytesPerEvent(kind) => format!("{kind}, B/event"),
            Self::BytesWrittenPerEvent => "written, B/event".to_owned(),
        }
    }

    fn decimals(&self) -> usize {
        match self {
            Self::EventsPerSecond
            | Self::EventsPerSecondOfFifths
            | Self::YardstickEventsPerSecond
            | Self::ProductEventsPerSecond
            | Self::Accepted
            | Self::AcknowledgedMissing
            | Self::MillisecondsToFirstAnswer
            | Self::Milliseconds
            | Self::FactsPerSecond
            | Self::Mebibytes
            | Self::PeakMebibytes => 0,
            Self::BytesPerEvent(_) | Self::BytesWrittenPerEvent => 1,
            Self::CpuMicrosecondsPerEvent
            | Self::RatioToYardstick
            | Self::RatioHotToSpread
            | Self::RatioLastToFirst
            | Self::RatioBesideQuestions
            | Self::RatioToPostgres => 2,
            Self::P50Milliseconds | Self::P99Milliseconds => 3,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conditions { commit, date, machine, runs, seconds_per_run, wallets, quick, seed } =
            &self.conditions;
        let quick = if *quick { " Quick: not for publishing." } else { "" };
        let wallets = readable(u64::from(*wallets));
        writeln!(formatter, "Commit {commit}, {date}, {machine}.")?;
        writeln!(formatter, "Runs {runs} × {seconds_per_run} s, {wallets} wallets, seed {seed}.{quick}\n")?;
        table(formatter, &self.rows)?;
        writeln!(formatter)?;
        for Check { case, statement, holds } in &self.checks {
            writeln!(formatter, "- {}: {case}: {statement}", if *holds { "holds" } else { "FAILS" })?;
        }
        for reason in &self.skipped {
            writeln!(formatter, "- skipped: {reason}")?;
        }
        Ok(())
    }
}

/// Columns as wide as their widest cell: text to the left, figures to the right. A case is named in its first row.
fn table(formatter: &mut fmt::Formatter<'_>, rows: &[Row]) -> fmt::Result {
    let mut lines = vec![["case", "measure", "min", "median", "max"].map(str::to_owned)];
    let mut case_above = "";
    for row in rows {
        let figure = |value| grouped(value, row.measure.decimals());
        let case = if row.case == case_above { String::new() } else { row.case.clone() };
        case_above = &row.case;
        lines.push([case, row.measure.label(), figure(row.min), figure(row.median), figure(row.max)]);
    }
    let widths: [usize; 5] = std::array::from_fn(|column| {
        lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default()
    });
    for (number, [case, measure, min, median, max]) in lines.iter().enumerate() {
        let [w0, w1, w2, w3, w4] = widths;
        writeln!(formatter, "| {case:w0$} | {measure:w1$} | {min:>w2$} | {median:>w3$} | {max:>w4$} |")?;
        if number == 0 {
            let rule = |width: usize| "-".repeat(width + 1);
            let [r0, r1, r2, r3, r4] = widths.map(rule);
            writeln!(formatter, "|{r0}-|{r1}-|{r2}:|{r3}:|{r4}:|")?;
        }
    }
    Ok(())
}

/// A whole number as people read it: `1,234,567`.
pub(crate) fn readable(number: u64) -> String {
    group_thousands(&number.to_string())
}

/// `1234567.891` with one decimal is `1,234,567.9`.
fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}{fraction}", group_thousands(whole))
}

fn group_thousands(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let conditions = Conditions {
            commit: "0123abc".to_owned(),
            date: "2026-11-23".to_owned(),
            machine: Machine {
                processor: "A processor".to_owned(),
                cores: 2,
                memory_bytes: 8 << 30,
                kernel: "Linux 6.1".to_owned(),
                filesystem: "ext4 on /dev/sda".to_owned(),
            },
            runs: 3,
            seconds_per_run: 5,
            wallets: 10_000,
            quick: false,
            seed: 7,
        };
        Report::new(conditions)
    }

    #[test]
    fn report_is_an_aligned_table_with_its_conditions_above_and_its_checks_below() {
        let mut report = report();
        let single = "single event, 64 connections";
        report.add(single, Measure::EventsPerSecond, vec![44_000.4, 40_000.0, 41_500.0]);
        report.add(single, Measure::P99Milliseconds, vec![3.25, 2.5, 12.0]);
        report.add(single, Measure::RatioToYardstick, vec![0.8, 0.75, 0.9]);
        report.add("batches of 8,000, 16 connections", Measure::EventsPerSecond, vec![1_234_567.0]);
        report.add("disk", Measure::BytesPerEvent("test/journal.db".to_owned()), vec![38.26]);
        report.check(single, "balances fell by the 1,000 accepted events".to_owned(), true);
        report.check("overdraft race", "accepted 11 of 10 affordable".to_owned(), false);
        report.skipped.push("postgres: not installed".to_owned());
        insta::assert_snapshot!(report, @"
        Commit 0123abc, 2026-11-23, A processor, 2 cores, 8 GiB, Linux 6.1, ext4 on /dev/sda.
        Runs 3 × 5 s, 10,000 wallets, seed 7.

        | case                             | measure                    |       min |    median |       max |
        |----------------------------------|----------------------------|----------:|----------:|----------:|
        | single event, 64 connections     | events/s                   |    40,000 |    41,500 |    44,000 |
        |                                  | p99, ms                    |     2.500 |     3.250 |    12.000 |
        |                                  | ratio to the empty handler |      0.75 |      0.80 |      0.90 |
        | batches of 8,000, 16 connections | events/s                   | 1,234,567 | 1,234,567 | 1,234,567 |
        | disk                             | test/journal.db, B/event   |      38.3 |      38.3 |      38.3 |

        - holds: single event, 64 connections: balances fell by the 1,000 accepted events
        - FAILS: overdraft race: accepted 11 of 10 affordable
        - skipped: postgres: not installed
        ");
    }

    #[test]
    fn median_of_an_even_number_lies_between_the_middle_two() {
        let mut report = report();
        report.add("case", Measure::Accepted, vec![4.0, 1.0, 2.0, 10.0]);
        let row = &report.rows[0];
        assert_eq!((row.min, row.median, row.max), (1.0, 3.0, 10.0));
    }

    #[test]
    fn measure_without_values_is_left_out() {
        let mut report = report();
        report.add("case", Measure::RatioToYardstick, Vec::new());
        assert!(report.rows.is_empty());
    }

    #[test]
    fn one_failed_check_makes_a_report_incorrect() {
        let mut report = report();
        report.check("case", "one".to_owned(), true);
        assert!(report.is_correct());
        report.check("case", "two".to_owned(), false);
        assert!(!report.is_correct());
    }

    #[test]
    fn figures_are_grouped_by_thousands() {
        let rows =
            [(0.0, 0, "0"), (999.6, 0, "1,000"), (1_234_567.891, 1, "1,234,567.9"), (-1_000.0, 0, "-1,000")];
        for (value, decimals, expected) in rows {
            assert_eq!(grouped(value, decimals), expected);
        }
    }
}
