//! CSV after RFC 4180: comma, optional quotes, `\n` or `\r\n`, one header line.
//!
//! The parser of the `csv` family is driven directly, because a record's true first line and a bound on its
//! size are needed, and both are lost behind a buffering reader.

use csv_core::ReadRecordResult;

use super::{MAX_RECORD_BYTES, Record, Source};
use crate::error::{TraceError, shortened};

/// Cells and bytes a record starts with; both grow as needed, up to [`MAX_RECORD_BYTES`].
const START_CELLS: usize = 32;
const START_BYTES: usize = 1024;

pub(super) struct CsvRecords {
    parser: csv_core::Reader,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Line of the next unread byte.
    line: u64,
}

/// What was read: the record's first line and the number of its cells, which end at `ends[..cells]`.
struct RawRecord {
    line: u64,
    cells: usize,
}

impl CsvRecords {
    pub(super) fn new() -> CsvRecords {
        let (bytes, ends) = (vec![0; START_BYTES], vec![0; START_CELLS]);
        CsvRecords { parser: csv_core::Reader::new(), bytes, ends, line: 1 }
    }

    pub(super) fn header(&mut self, source: &mut Source) -> Result<Vec<String>, TraceError> {
        let Some(raw) = self.read_raw(source)? else { return Err(TraceError::NoRecords) };
        let mut columns = Vec::with_capacity(raw.cells);
        for cell in 0..raw.cells {
            let name = self.cell_text(cell).ok_or_else(|| TraceError::NotUtf8 {
                line: raw.line,
                place: format!("the name of column {}", cell + 1),
            })?;
            columns.push(name.trim().to_owned());
        }
        Ok(columns)
    }

    pub(super) fn read(
        &mut self,
        source: &mut Source,
        columns: &[String],
        record: &mut Record,
    ) -> Result<bool, TraceError> {
        let Some(raw) = self.read_raw(source)? else { return Ok(false) };
        if raw.cells != columns.len() {
            return Err(TraceError::Ragged { line: raw.line, expected: columns.len(), found: raw.cells });
        }
        record.restart(raw.line);
        for (cell, column) in columns.iter().enumerate() {
            let text = self.cell_text(cell).ok_or_else(|| TraceError::NotUtf8 {
                line: raw.line,
                place: format!("column `{}`", shortened(column)),
            })?;
            record.push(text);
        }
        Ok(true)
    }

    fn cell_text(&self, cell: usize) -> Option<&str> {
        let begin = if cell == 0 { 0 } else { self.ends[cell - 1] };
        std::str::from_utf8(&self.bytes[begin..self.ends[cell]]).ok()
    }

    fn read_raw(&mut self, source: &mut Source) -> Result<Option<RawRecord>, TraceError> {
        self.skip_blank_lines(source)?;
        let line = self.line;
        let (mut bytes, mut cells, mut consumed) = (0, 0, 0);
        let mut ends_line = false;
        loop {
            let chunk = source.fill_buf().map_err(|source| TraceError::Read { line, source })?;
            let (result, taken, written, ended) =
                self.parser.read_record(chunk, &mut self.bytes[bytes..], &mut self.ends[cells..]);
            let at_end = chunk.is_empty();
            if let Some(last) = chunk[..taken].last() {
                ends_line = *last == b'\n';
            }
            self.line += newlines_in(&chunk[..taken]);
            source.consume(taken);
            bytes += written;
            cells += ended;
            consumed += taken;
            if consumed > MAX_RECORD_BYTES {
                return Err(TraceError::RecordTooLong { line });
            }
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.bytes.resize(self.bytes.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                // Outside quotes the line's end would have ended the record before the file did.
                ReadRecordResult::Record if at_end && ends_line => {
                    return Err(TraceError::UnclosedQuote { line });
                }
                ReadRecordResult::Record => return Ok(Some(RawRecord { line, cells })),
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    /// The parser would skip them too, but then the record's first line would be wrong.
    fn skip_blank_lines(&mut self, source: &mut Source) -> Result<(), TraceError> {
        loop {
            let chunk = source.fill_buf().map_err(|source| TraceError::Read { line: self.line, source })?;
            let blank = chunk.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            self.line += newlines_in(&chunk[..blank]);
            source.consume(blank);
            if blank == 0 {
                return Ok(());
            }
        }
    }
}

fn newlines_in(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}
