//! What can be wrong with a mapping or a trace, said so that the person can find the place.
//!
//! A [`MappingError`] names the field of the mapping. A [`TraceError`] names the line of the file and, for a
//! value, the field and the column. Messages do not repeat their cause: print the chain of sources.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::decimal::{DecimalError, MAX_PLACES};
use crate::reader::MAX_RECORD_BYTES;

/// Characters of a cell that an error message repeats.
const MAX_SHOWN_CHARS: usize = 40;

/// Most columns listed in a message, so that a wide file does not fill the screen.
const MAX_LISTED_COLUMNS: usize = 40;

/// A mapping that cannot be understood; nothing was read yet.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The file is not TOML, or holds a field no mapping has.
    #[error("the mapping is not readable")]
    Toml(#[source] Box<toml::de::Error>),
    /// A field that every mapping needs is not there.
    #[error("the mapping needs `{field}`: {why}")]
    Missing {
        /// The field's name.
        field: &'static str,
        /// What it is needed for.
        why: &'static str,
    },
    /// A field is there and cannot be used.
    #[error("the mapping's `{field}`: {problem}")]
    Invalid {
        /// The field's name; properties are `properties.<name>`.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl MappingError {
    pub(crate) fn invalid(field: &str, problem: impl Into<String>) -> MappingError {
        MappingError::Invalid { field: field.to_owned(), problem: problem.into() }
    }
}

/// A trace that cannot be opened or read, or a row that does not make an event.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file cannot be opened.
    #[error("cannot open the trace {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A directory, pipe or device: a trace is read twice (hashed, then replayed), so it has to be a file.
    #[error("{} is not a regular file; save the trace to a file first", path.display())]
    NotAFile {
        /// What was named.
        path: PathBuf,
    },
    /// The content cannot be read to its end: an I/O error, or damaged or cut gzip data.
    #[error("cannot read the trace {} to its end", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Not a single line that names columns.
    #[error("the trace is empty: no header line and no record")]
    NoRecords,
    /// A form of file that we recognise and do not read.
    #[error("the trace is {found}; {advice}")]
    Unsupported {
        /// What it is.
        found: &'static str,
        /// What to do instead.
        advice: &'static str,
    },
    /// The mapping names columns that the trace does not have.
    #[error("{}", unknown_columns_text(unknown, columns, *header_looks_like_data))]
    UnknownColumns {
        /// Each of them.
        unknown: Vec<UnknownColumn>,
        /// The columns that there are, in the file's order.
        columns: Vec<String>,
        /// A "column" is a number: most likely the file has no header line.
        header_looks_like_data: bool,
    },
    /// The bytes cannot be read on: an I/O error, or damaged or cut gzip data.
    #[error("line {line}: the trace cannot be read on")]
    Read {
        /// The line that was being read, 1 being the first of the file.
        line: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A record longer than [`MAX_RECORD_BYTES`], most often an unclosed quote.
    #[error("line {line}: the record is longer than {MAX_RECORD_BYTES} bytes; is a quote left open?")]
    RecordTooLong {
        /// The line it begins on.
        line: u64,
    },
    /// The file ends inside a quoted cell, so that everything after the quote would be one cell.
    #[error("line {line}: a quote that is opened here is never closed")]
    UnclosedQuote {
        /// The line the record begins on.
        line: u64,
    },
    /// A CSV row with more or fewer cells than the header.
    #[error("line {line}: the row has {found} cells, the header has {expected}")]
    Ragged {
        /// The line the row begins on.
        line: u64,
        /// Columns of the header.
        expected: usize,
        /// Cells of the row.
        found: usize,
    },
    /// Text that is not UTF-8.
    #[error("line {line}: {place} is not valid UTF-8; convert the file first")]
    NotUtf8 {
        /// The line of the record.
        line: u64,
        /// Which column, where it is known.
        place: String,
    },
    /// A line of NDJSON that is not one JSON object.
    #[error("line {line}: not a JSON object")]
    NotJson {
        /// The line.
        line: u64,
        /// Where in the line, and why.
        #[source]
        source: serde_json::Error,
    },
    /// A value that does not make an event.
    #[error("line {line}: {field}: {problem}")]
    Value {
        /// The line of the record.
        line: u64,
        /// The mapping's field.
        field: String,
        /// What is wrong, naming the column.
        problem: Problem,
    },
    /// Summary rows of more customers than [`crate::MAX_REPEAT_CUSTOMERS`], each of which needs its own sum.
    #[error(
        "line {line}: more than {limit} customers; `repeat` keeps a running sum for each, split the trace"
    )]
    TooManyCustomers {
        /// The line that brought one more.
        line: u64,
        /// The limit.
        limit: usize,
    },
}

impl TraceError {
    /// True where nothing more can be read; false where only this one record is lost and the next may follow.
    #[must_use]
    pub fn ends_trace(&self) -> bool {
        match self {
            TraceError::Ragged { .. }
            | TraceError::NotUtf8 { .. }
            | TraceError::NotJson { .. }
            | TraceError::Value { .. } => false,
            TraceError::Open { .. }
            | TraceError::NotAFile { .. }
            | TraceError::Unreadable { .. }
            | TraceError::NoRecords
            | TraceError::Unsupported { .. }
            | TraceError::UnknownColumns { .. }
            | TraceError::Read { .. }
            | TraceError::RecordTooLong { .. }
            | TraceError::UnclosedQuote { .. }
            | TraceError::TooManyCustomers { .. } => true,
        }
    }
}

/// A column that a mapping names and a trace does not have exactly once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownColumn {
    /// The mapping's field that names it first.
    pub field: String,
    /// The name.
    pub column: String,
    /// The column most like it, where one is.
    pub nearest: Option<String>,
    /// The header has this name more than once.
    pub repeated: bool,
}

/// Likeness (0 to 1) from which a column is offered as the one that was meant.
const MIN_LIKENESS: f64 = 0.6;

impl UnknownColumn {
    pub(crate) fn ambiguous(field: &str, column: &str) -> UnknownColumn {
        UnknownColumn { field: field.to_owned(), column: column.to_owned(), nearest: None, repeated: true }
    }

    pub(crate) fn absent(field: &str, column: &str, columns: &[String]) -> UnknownColumn {
        let nearest = columns
            .iter()
            .map(|candidate| (strsim::normalized_damerau_levenshtein(column, candidate), candidate))
            .filter(|(likeness, _)| *likeness >= MIN_LIKENESS)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, candidate)| candidate.clone());
        UnknownColumn { field: field.to_owned(), column: column.to_owned(), nearest, repeated: false }
    }
}

fn unknown_columns_text(
    unknown: &[UnknownColumn],
    columns: &[String],
    header_looks_like_data: bool,
) -> String {
    let mut text = String::new();
    for UnknownColumn { field, column, nearest, repeated } in unknown {
        let problem = if *repeated { "is in the header more than once" } else { "is not in the trace" };
        text.push_str(&format!("{field}: column `{column}` {problem}"));
        if let Some(nearest) = nearest {
            text.push_str(&format!(", did you mean `{nearest}`?"));
        }
        text.push_str("; ");
    }
    let listed: Vec<String> = columns.iter().take(MAX_LISTED_COLUMNS).map(|name| shortened(name)).collect();
    text.push_str(&format!("the columns are {}", listed.join(", ")));
    if columns.len() > MAX_LISTED_COLUMNS {
        text.push_str(&format!(" and {} more", columns.len() - MAX_LISTED_COLUMNS));
    }
    if header_looks_like_data {
        text.push_str(" (the first line looks like data: a CSV trace needs a header line)");
    }
    text
}

/// What is wrong with one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The cell is empty.
    Empty {
        /// The column.
        column: String,
    },
    /// The cell is not a plain decimal.
    NotANumber {
        /// The column.
        column: String,
        /// What it holds.
        text: String,
    },
    /// The cell has more decimal places than are computed with.
    TooManyPlaces {
        /// The column.
        column: String,
        /// What it holds.
        text: String,
    },
    /// The result, or a step on the way, needs more digits than there are.
    TooLarge,
    /// The result is below zero where nothing can be.
    Negative {
        /// The result.
        value: String,
    },
    /// Not a time with a zone.
    NotATime {
        /// What was read.
        text: String,
    },
    /// A time before 1970 or after 9998.
    TimeOutOfRange,
    /// A text that its field cannot hold.
    Text {
        /// The text.
        text: String,
        /// What the field needs.
        needs: &'static str,
    },
}

impl Problem {
    /// The problem of a number read from a column.
    pub(crate) fn of_cell(error: DecimalError, column: &str, text: &str) -> Problem {
        let (column, text) = (column.to_owned(), shortened(text));
        match error {
            DecimalError::NotADecimal => Problem::NotANumber { column, text },
            DecimalError::TooManyPlaces => Problem::TooManyPlaces { column, text },
            DecimalError::TooLarge => Problem::TooLarge,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Empty { column } => write!(f, "column `{column}` is empty"),
            Problem::NotANumber { column, text } => {
                write!(f, "column `{column}` holds \"{text}\", which is not a decimal number")
            }
            Problem::TooManyPlaces { column, text } => {
                write!(
                    f,
                    "column `{column}` holds \"{text}\", which has more than {MAX_PLACES} decimal places"
                )
            }
            Problem::TooLarge => f.write_str("the number is too large"),
            Problem::Negative { value } => write!(f, "{value} is negative"),
            Problem::NotATime { text } => {
                write!(f, "\"{text}\" is not an RFC 3339 time with a zone, such as 2026-11-23T10:00:00Z")
            }
            Problem::TimeOutOfRange => f.write_str("the time is before 1970 or after 9998"),
            Problem::Text { text, needs } => write!(f, "\"{text}\" is not {needs}"),
        }
    }
}

/// The beginning of a text, on one line, for a message.
pub(crate) fn shortened(text: &str) -> String {
    let mut shown: String =
        text.chars().take(MAX_SHOWN_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MAX_SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}
