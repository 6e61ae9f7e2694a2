//! Rows as CSV or NDJSON.
//!
//! CSV is opened by spreadsheets, which run a text that begins like a formula. Such a text gets an apostrophe in
//! front, as spreadsheets themselves mark a text; numbers stay numbers, also negative ones.

use std::io::{self, Write};

use clap::ValueEnum;

/// Form of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated, with a header
    Csv,
    /// A JSON object per line
    Ndjson,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// There is none.
    Empty,
    /// An exact decimal.
    Number(String),
    /// A text: quoted in JSON, made harmless in CSV.
    Text(String),
    /// JSON as it stands.
    Json(String),
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Cell {
    /// A number, from anything that shows itself as an exact decimal.
    #[expect(clippy::needless_pass_by_value, reason = "amounts and positions are small and made on the spot")]
    pub(crate) fn number(value: impl ToString) -> Self {
        Self::Number(value.to_string())
    }

    fn in_csv(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Number(text) => text.clone(),
            Self::Text(text) | Self::Json(text) if is_like_a_formula(text) => format!("'{text}"),
            Self::Text(text) | Self::Json(text) => text.clone(),
        }
    }

    fn in_json(&self) -> String {
        match self {
            Self::Empty => "null".to_owned(),
            Self::Number(text) | Self::Json(text) => text.clone(),
            Self::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
        }
    }
}

/// Whether a spreadsheet would take a text for a formula.
fn is_like_a_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// Writes rows one after the other.
pub(crate) struct RowWriter {
    columns: &'static [&'static str],
    out: Out,
}

enum Out {
    Csv(Box<csv::Writer<Box<dyn Write>>>),
    Ndjson(Box<dyn Write>),
}

impl RowWriter {
    /// Rows with these columns.
    pub(crate) fn new(format: Format, columns: &'static [&'static str], out: Box<dyn Write>) -> Self {
        let out = match format {
            Format::Csv => Out::Csv(Box::new(csv::Writer::from_writer(out))),
            Format::Ndjson => Out::Ndjson(out),
        };
        Self { columns, out }
    }

    /// The names of the columns, where the format has such a line.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn header(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Csv(out) => out.write_record(self.columns).map_err(io::Error::from),
            Out::Ndjson(_) => Ok(()),
        }
    }

    /// One row; its cells are in the order of the columns.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn write(&mut self, cells: &[Cell]) -> io::Result<()> {
        match &mut self.out {
            Out::Csv(out) => out.write_record(cells.iter().map(Cell::in_csv)).map_err(io::Error::from),
            Out::Ndjson(out) => {
                let fields = self
                    .columns
                    .iter()
                    .zip(cells)
                    .map(|(name, cell)| format!("\"{name}\":{}", cell.in_json()));
                writeln!(out, "{{{}}}", fields.collect::<Vec<_>>().join(","))
            }
        }
    }

    /// Writes out what is still in memory.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self.out {
            Out::Csv(mut out) => out.flush(),
            Out::Ndjson(mut out) => out.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_looks_like_a_formula_is_made_harmless_and_a_number_is_not_touched() {
        for (cell, expected) in [
            (Cell::from("=1+1"), "'=1+1"),
            (Cell::from("@cmd"), "'@cmd"),
            (Cell::from("-x"), "'-x"),
            (Cell::from("user_42"), "user_42"),
            (Cell::number("-12.5"), "-12.5"),
            (Cell::Empty, ""),
        ] {
            assert_eq!(cell.in_csv(), expected);
        }
    }

    #[test]
    fn json_is_quoted_where_it_is_text() {
        assert_eq!(Cell::from("a\"\n").in_json(), r#""a\"\n""#);
        assert_eq!(Cell::number("0.000001").in_json(), "0.000001");
        assert_eq!(Cell::Json(r#"{"a":1}"#.to_owned()).in_json(), r#"{"a":1}"#);
        assert_eq!(Cell::from(None::<String>).in_json(), "null");
    }
}
