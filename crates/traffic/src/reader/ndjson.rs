//! NDJSON: one JSON object per line. Numbers keep the text they were written with.
//!
//! There is no header, so the columns are those of the first records; a later record may lack some, which
//! reads as empty, as `null` does. Nested objects become `outer.inner`; arrays stay JSON text.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, Read};

use serde_json::value::RawValue;

use super::{MAX_RECORD_BYTES, Record, Source};
use crate::error::TraceError;

/// Records looked at for columns before the first one is handed out.
const SAMPLED_RECORDS: usize = 64;

/// Bytes of them kept in memory meanwhile, at most one record more.
const SAMPLED_BYTES: usize = MAX_RECORD_BYTES;

/// Objects within objects that become columns; what is deeper stays JSON text.
const MAX_DEPTH: usize = 8;

/// Most columns taken from the sample, so that maps used as data do not become a column for each key.
const MAX_COLUMNS: usize = 4_096;

pub(super) struct NdjsonRecords {
    /// Lines read for their columns and not handed out yet.
    sampled: VecDeque<Line>,
    /// Line of the next unread byte.
    line: u64,
}

struct Line {
    number: u64,
    bytes: Vec<u8>,
}

type Cells = BTreeMap<String, String>;

impl NdjsonRecords {
    pub(super) fn new() -> NdjsonRecords {
        NdjsonRecords { sampled: VecDeque::new(), line: 1 }
    }

    /// The columns of the first records, in order of appearance. A record that is no JSON waits for its turn
    /// to be reported, unless there is nothing else.
    pub(super) fn sample_columns(&mut self, source: &mut Source) -> Result<Vec<String>, TraceError> {
        let mut columns: Vec<String> = Vec::new();
        let mut first_error = None;
        let mut bytes = 0;
        while self.sampled.len() < SAMPLED_RECORDS && bytes < SAMPLED_BYTES {
            let Some(line) = self.next_line(source)? else { break };
            match cells_of(&line) {
                Ok(cells) => {
                    for name in cells.into_keys() {
                        if columns.len() < MAX_COLUMNS && !columns.contains(&name) {
                            columns.push(name);
                        }
                    }
                }
                Err(error) => first_error = first_error.or(Some(error)),
            }
            bytes += line.bytes.len();
            self.sampled.push_back(line);
        }
        match first_error {
            Some(error) if columns.is_empty() => Err(error),
            _ => Ok(columns),
        }
    }

    pub(super) fn read(
        &mut self,
        source: &mut Source,
        columns: &[String],
        record: &mut Record,
    ) -> Result<bool, TraceError> {
        let next = match self.sampled.pop_front() {
            Some(line) => Some(line),
            None => self.next_line(source)?,
        };
        let Some(line) = next else { return Ok(false) };
        let cells = cells_of(&line)?;
        record.restart(line.number);
        for column in columns {
            record.push(cells.get(column).map_or("", String::as_str));
        }
        Ok(true)
    }

    /// The next line that is not blank.
    fn next_line(&mut self, source: &mut Source) -> Result<Option<Line>, TraceError> {
        loop {
            let number = self.line;
            let mut bytes = Vec::new();
            let limit = u64::try_from(MAX_RECORD_BYTES + 1).unwrap_or(u64::MAX);
            let read = source.take(limit).read_until(b'\n', &mut bytes);
            let length = read.map_err(|source| TraceError::Read { line: number, source })?;
            if length == 0 {
                return Ok(None);
            }
            if length > MAX_RECORD_BYTES {
                return Err(TraceError::RecordTooLong { line: number });
            }
            self.line += 1;
            if !bytes.trim_ascii().is_empty() {
                return Ok(Some(Line { number, bytes }));
            }
        }
    }
}

fn cells_of(line: &Line) -> Result<Cells, TraceError> {
    let text = std::str::from_utf8(&line.bytes)
        .map_err(|_| TraceError::NotUtf8 { line: line.number, place: "the line".to_owned() })?;
    let mut cells = Cells::new();
    flatten(text, "", 0, &mut cells).map_err(|source| TraceError::NotJson { line: line.number, source })?;
    Ok(cells)
}

fn flatten(object: &str, prefix: &str, depth: usize, cells: &mut Cells) -> Result<(), serde_json::Error> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(object)?;
    for (name, value) in members {
        let (name, json) = (format!("{prefix}{name}"), value.get());
        match json.as_bytes().first() {
            Some(b'"') => {
                cells.insert(name, serde_json::from_str(json)?);
            }
            Some(b'{') if depth + 1 < MAX_DEPTH => flatten(json, &format!("{name}."), depth + 1, cells)?,
            _ if json == "null" => {
                cells.insert(name, String::new());
            }
            _ => {
                cells.insert(name, json.to_owned());
            }
        }
    }
    Ok(())
}
