//! One table, answered as JSON or as CSV: both are written from the same cells, so that they carry the same numbers.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::StatusCode;
use chargly_api::{ObjectWriter, object_of_about, time};
use chargly_engine::ledger::{Millis, Money};
use compact_str::CompactString;

use crate::answer::Answer;
use crate::csv::{CSV, CsvWriter, Field};
use crate::facts::share;

/// About how many bytes a row is in JSON.
const ROW_BYTES_ABOUT: usize = 400;

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// There is none, or it is not known. Never a 0.
    Null,
    /// A name: of anybody's making.
    Text(CompactString),
    /// How many, or micro-units as a number of whole units.
    Number(String),
    /// Nano-units of money: a decimal string.
    Money(i128),
    /// Basis points: a decimal string of the share.
    Share(i64),
    /// A time.
    Instant(Millis),
    /// Yes or no.
    Boolean(bool),
}

impl Cell {
    /// A count.
    pub(crate) fn count(count: i128) -> Self {
        Self::Number(count.to_string())
    }

    /// Credits or a quantity: millionths, shown as units.
    pub(crate) fn micro(micro: i128) -> Self {
        // Nano-units print with nine places; a millionth has six.
        Self::Number(micro.checked_mul(1_000).map_or_else(|| micro.to_string(), Money::amount_of))
    }

    /// Money, or nothing.
    pub(crate) fn money(nano: Option<i128>) -> Self {
        nano.map_or(Self::Null, Self::Money)
    }

    /// A share or a margin, or nothing.
    pub(crate) fn share(basis_points: Option<i64>) -> Self {
        basis_points.map_or(Self::Null, Self::Share)
    }

    /// A text, or nothing.
    pub(crate) fn text(text: Option<impl Into<CompactString>>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.into()))
    }

    fn shown(&self) -> Cow<'_, str> {
        match self {
            Self::Null => "".into(),
            Self::Text(text) => text.as_str().into(),
            Self::Number(text) => text.as_str().into(),
            Self::Money(nano) => Money::amount_of(*nano).into(),
            Self::Share(basis_points) => share(*basis_points).into(),
            Self::Instant(at) => time::show(at.0).into(),
            Self::Boolean(value) => value.to_string().into(),
        }
    }

    fn write(&self, o: &mut ObjectWriter<'_>, name: &str) {
        match self {
            Self::Null => o.null(name),
            Self::Text(text) => o.text(name, text),
            Self::Number(_) | Self::Boolean(_) => o.number(name, self.shown()),
            Self::Money(_) | Self::Share(_) | Self::Instant(_) => o.shown(name, self.shown()),
        };
    }
}

/// A value of a row, under its column's name.
pub(crate) type Named = (&'static str, Cell);

/// A report: rows that have the same columns.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<Named>>,
    columns: Vec<&'static str>,
}

impl Table {
    /// A table of these rows; `columns` are those of a table without rows.
    pub(crate) fn new(columns: Vec<&'static str>, rows: Vec<Vec<Named>>) -> Self {
        debug_assert!(rows.iter().all(|row| row.iter().map(|(name, _)| *name).eq(columns.iter().copied())));
        Self { rows, columns }
    }

    /// As JSON: what `head` writes, the rows as `data`, what `foot` writes.
    pub(crate) fn json(
        &self,
        head: impl FnOnce(&mut ObjectWriter<'_>),
        foot: impl FnOnce(&mut ObjectWriter<'_>),
    ) -> Answer {
        Answer::json(object_of_about(ROW_BYTES_ABOUT * (self.rows.len() + 2), |o| {
            head(o);
            o.array("data", |data| {
                for row in &self.rows {
                    data.object(|o| write_cells(o, row));
                }
            });
            foot(o);
        }))
    }

    /// As CSV: a header, then the rows. What is the same for all rows is told in each, since a file gets around alone.
    pub(crate) fn csv(&self, of_all: &[Named]) -> Answer {
        let mut csv = CsvWriter::default();
        for name in self.columns.iter().chain(of_all.iter().map(|(name, _)| name)) {
            csv.field(&Field::Plain(name));
        }
        csv.end();
        for row in &self.rows {
            for (_, cell) in row.iter().chain(of_all) {
                let shown = cell.shown();
                csv.field(&match cell {
                    Cell::Text(_) => Field::Text(&shown),
                    _ => Field::Plain(&shown),
                });
            }
            csv.end();
        }
        Answer::new(StatusCode::OK, CSV, Body::from(csv.into_bytes()))
    }
}

/// Writes values as fields of an object.
pub(crate) fn write_cells(o: &mut ObjectWriter<'_>, cells: &[Named]) {
    for (name, cell) in cells {
        cell.write(o, name);
    }
}
