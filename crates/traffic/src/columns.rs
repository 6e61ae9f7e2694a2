//! How a mapping names the columns of a trace, and how a row answers for them.
//!
//! A mapping is written before any file is seen, so its expressions hold *slots*: positions in the mapping's own
//! list of column names. Opening a trace finds each slot's place in a record once, so that a row of a million
//! is read without looking up a name.

use crate::error::{Problem, UnknownColumn};
use crate::reader::Record;

/// A place in a mapping's list of column names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(usize);

/// The columns a mapping names, each once, with the field that named it first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ColumnNames {
    names: Vec<String>,
    fields: Vec<String>,
}

impl ColumnNames {
    /// The slot of a column that `field` names.
    pub(crate) fn slot(&mut self, name: &str, field: &str) -> Slot {
        if let Some(index) = self.names.iter().position(|known| known == name) {
            return Slot(index);
        }
        self.names.push(name.to_owned());
        self.fields.push(field.to_owned());
        Slot(self.names.len() - 1)
    }

    /// Where each slot is in records with these columns; otherwise everything the trace does not have, or has
    /// twice.
    pub(crate) fn places_in(&self, columns: &[String]) -> Result<Vec<usize>, Vec<UnknownColumn>> {
        let mut places = Vec::with_capacity(self.names.len());
        let mut unknown = Vec::new();
        for (name, field) in self.names.iter().zip(&self.fields) {
            let mut found = columns.iter().enumerate().filter(|(_, column)| *column == name);
            match (found.next(), found.next()) {
                (Some((place, _)), None) => places.push(place),
                (Some(_), Some(_)) => unknown.push(UnknownColumn::ambiguous(field, name)),
                (None, _) => unknown.push(UnknownColumn::absent(field, name, columns)),
            }
        }
        if unknown.is_empty() { Ok(places) } else { Err(unknown) }
    }
}

/// One record seen through a mapping's slots.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) names: &'a ColumnNames,
    pub(crate) places: &'a [usize],
    pub(crate) record: &'a Record,
}

impl<'a> Row<'a> {
    pub(crate) fn name(&self, slot: Slot) -> &'a str {
        &self.names.names[slot.0]
    }

    /// The cell's text; a value that the record does not have reads as empty.
    pub(crate) fn text(&self, slot: Slot) -> &'a str {
        self.record.cell(self.places[slot.0])
    }

    /// The cell's text, which must not be empty.
    pub(crate) fn filled(&self, slot: Slot) -> Result<&'a str, Problem> {
        let text = self.text(slot);
        if text.trim().is_empty() {
            Err(Problem::Empty { column: self.name(slot).to_owned() })
        } else {
            Ok(text)
        }
    }
}
