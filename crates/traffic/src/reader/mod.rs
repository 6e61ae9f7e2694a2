//! Streams records out of CSV or NDJSON, plain or gzip, in bounded memory.
//!
//! What it is, is told by its bytes: the gzip magic number, then `{` for NDJSON, else CSV with a header line.
//! Every record carries the line it begins on. An error of one record leaves the reader at the next one; an
//! error of the stream ends it ([`TraceError::ends_trace`]). What a column means is the mapping's business.

mod csv;
mod ndjson;

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use crate::decimal::Decimal;
use crate::error::TraceError;

/// Longest record in bytes, line ends included. Usage records are some hundred bytes; the limit keeps an
/// unclosed quote from reading a whole file into memory.
pub const MAX_RECORD_BYTES: usize = 1 << 20;

/// Bytes read at a time.
const BUFFER_BYTES: usize = 64 * 1024;

/// Bytes looked at to tell the format: a byte order mark and some blank lines before the first record.
const SNIFF_BYTES: u64 = 4 * 1024;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const UTF8_BOM: [u8; 3] = [0xef, 0xbb, 0xbf];
const UTF16_BOMS: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

type Source = Box<dyn BufRead + Send>;

/// Reads a trace record by record.
pub struct TraceReader {
    source: Source,
    format: Format,
    columns: Vec<String>,
}

enum Format {
    Csv(Box<csv::CsvRecords>),
    Ndjson(ndjson::NdjsonRecords),
}

/// One record: the text of each column, in the order of [`TraceReader::columns`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    line: u64,
    text: String,
    ends: Vec<usize>,
}

impl TraceReader {
    /// Starts to read, decompressing where the bytes are gzip. CSV takes its columns from the header line,
    /// NDJSON from its first records (nested objects as `outer.inner`).
    ///
    /// # Errors
    /// An empty trace, a format that is recognised but not read, or a stream that cannot be read.
    pub fn new(input: impl Read + Send + 'static) -> Result<TraceReader, TraceError> {
        let mut source = decompressed(input).map_err(|source| TraceError::Read { line: 1, source })?;
        let format = sniff(&mut source)?;
        let (format, columns) = match format {
            Sniffed::Csv => {
                let mut records = csv::CsvRecords::new();
                let columns = records.header(&mut source)?;
                (Format::Csv(Box::new(records)), columns)
            }
            Sniffed::Ndjson => {
                let mut records = ndjson::NdjsonRecords::new();
                let columns = records.sample_columns(&mut source)?;
                (Format::Ndjson(records), columns)
            }
        };
        Ok(TraceReader { source, format, columns })
    }

    /// The names of the columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Reads the next record into `record`; false at the end of the trace.
    ///
    /// # Errors
    /// A record that is not readable (the next call reads the one after it), or the stream's own failure.
    pub fn read(&mut self, record: &mut Record) -> Result<bool, TraceError> {
        match &mut self.format {
            Format::Csv(records) => records.read(&mut self.source, &self.columns, record),
            Format::Ndjson(records) => records.read(&mut self.source, &self.columns, record),
        }
    }

    /// True where a column is a number, as it is when a CSV file has no header line.
    pub(crate) fn header_looks_like_data(&self) -> bool {
        matches!(self.format, Format::Csv(_)) && self.columns.iter().any(|name| Decimal::parse(name).is_ok())
    }
}

impl Record {
    /// The line the record begins on, 1 being the first of the file.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The text of a column; empty where the record has none. `column` is a position in the reader's columns.
    ///
    /// # Panics
    /// If `column` is not less than the number of columns.
    #[must_use]
    pub fn cell(&self, column: usize) -> &str {
        let begin = if column == 0 { 0 } else { self.ends[column - 1] };
        &self.text[begin..self.ends[column]]
    }

    fn restart(&mut self, line: u64) {
        self.line = line;
        self.text.clear();
        self.ends.clear();
    }

    fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    #[cfg(test)]
    pub(crate) fn of(line: u64, cells: &[&str]) -> Record {
        let mut record = Record::default();
        record.restart(line);
        cells.iter().for_each(|cell| record.push(cell));
        record
    }
}

enum Sniffed {
    Csv,
    Ndjson,
}

/// The bytes of a trace, decompressed where they are gzip.
pub(crate) fn decompressed(input: impl Read + Send + 'static) -> io::Result<Source> {
    let mut source = peekable(input)?;
    if source.fill_buf()?.starts_with(&GZIP_MAGIC) {
        let unzipped = GzipErrors(MultiGzDecoder::new(source));
        return Ok(Box::new(peekable(unzipped)?));
    }
    Ok(source)
}

/// A buffered reader whose first `fill_buf` shows up to [`SNIFF_BYTES`], however small the first reads were.
fn peekable(mut input: impl Read + Send + 'static) -> io::Result<Source> {
    let mut start = Vec::new();
    input.by_ref().take(SNIFF_BYTES).read_to_end(&mut start)?;
    Ok(Box::new(Cursor::new(start).chain(BufReader::with_capacity(BUFFER_BYTES, input))))
}

/// Tells the format by the first bytes and drops a UTF-8 byte order mark.
fn sniff(source: &mut Source) -> Result<Sniffed, TraceError> {
    let start = source.fill_buf().map_err(|source| TraceError::Read { line: 1, source })?;
    if start.starts_with(&ZSTD_MAGIC) {
        let advice = "decompress it first, or use gzip";
        return Err(TraceError::Unsupported { found: "compressed with zstd", advice });
    }
    if UTF16_BOMS.iter().any(|mark| start.starts_with(mark)) {
        return Err(TraceError::Unsupported { found: "UTF-16 text", advice: "save it as UTF-8" });
    }
    let mark_bytes = if start.starts_with(&UTF8_BOM) { UTF8_BOM.len() } else { 0 };
    let sniffed = match start[mark_bytes..].iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => Sniffed::Ndjson,
        Some(b'[') => {
            let advice = "write one JSON object per line instead (for example `jq -c '.[]'`)";
            return Err(TraceError::Unsupported { found: "a JSON array", advice });
        }
        Some(_) => Sniffed::Csv,
        None => return Err(TraceError::NoRecords),
    };
    source.consume(mark_bytes);
    Ok(sniffed)
}

/// Says in plain words what a decompression error means for the file; other errors pass.
struct GzipErrors<R>(R);

impl<R: Read> Read for GzipErrors<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                io::Error::new(error.kind(), "the gzip data ends in the middle: the file is cut short")
            }
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                io::Error::new(io::ErrorKind::InvalidData, format!("the gzip data is damaged ({error})"))
            }
            _ => error,
        })
    }
}

#[cfg(test)]
mod tests;
