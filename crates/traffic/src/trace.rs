//! A trace file: opened, measured for progress, and named by its content.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::TraceError;
use crate::events::Events;
use crate::mapping::{KeyRule, Mapping};
use crate::reader::{TraceReader, decompressed};

/// Hex digits of the content's hash that begin a default key: 48 bits tell any person's files apart, and the
/// key stays readable.
const PREFIX_DIGITS: usize = 12;

/// A recorded usage trace in a file: CSV or NDJSON, plain or gzip.
pub struct Trace {
    path: PathBuf,
    progress: Progress,
    reader: TraceReader,
}

/// How far a trace has been read. Cheap to clone; keep one while the events are being read.
#[derive(Debug, Clone)]
pub struct Progress {
    read: Arc<AtomicU64>,
    total: u64,
}

impl Progress {
    /// Bytes of the file read so far, compressed ones where it is compressed.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// The file's size in bytes when it was opened.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.total
    }
}

impl Trace {
    /// Opens a trace and reads its columns.
    ///
    /// # Errors
    /// If it cannot be opened, is no regular file, is empty, or begins with something that is not read.
    pub fn open(path: impl AsRef<Path>) -> Result<Trace, TraceError> {
        let path = path.as_ref().to_owned();
        let failed = |source| TraceError::Open { path: path.clone(), source };
        let metadata = std::fs::metadata(&path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(TraceError::NotAFile { path });
        }
        let file = File::open(&path).map_err(failed)?;
        let progress = Progress { read: Arc::default(), total: metadata.len() };
        let reader = TraceReader::new(Counted { file, read: Arc::clone(&progress.read) })?;
        Ok(Trace { path, progress, reader })
    }

    /// The names of the trace's columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        self.reader.columns()
    }

    /// A handle on how far the trace has been read.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// The prefix of default keys: a hash of the decompressed content, so that a file has the same one under
    /// every name, compressed or not. Reads the file to its end.
    ///
    /// # Errors
    /// If it cannot be read to its end; nothing has been metered then.
    pub fn content_prefix(&self) -> Result<String, TraceError> {
        let file =
            File::open(&self.path).map_err(|source| TraceError::Open { path: self.path.clone(), source })?;
        let unreadable = |source| TraceError::Unreadable { path: self.path.clone(), source };
        let mut content = decompressed(file).map_err(unreadable)?;
        let mut hasher = blake3::Hasher::new();
        io::copy(&mut content, &mut hasher).map_err(unreadable)?;
        let mut digits = hasher.finalize().to_hex().to_string();
        digits.truncate(PREFIX_DIGITS);
        Ok(digits)
    }

    /// Reads the trace as events. With default keys the file is hashed first, which also finds a damaged or cut
    /// file before anything of it is metered.
    ///
    /// # Errors
    /// If the trace lacks columns that the mapping names, or cannot be hashed.
    pub fn events(self, mapping: &Mapping) -> Result<Events, TraceError> {
        let key_prefix = match &mapping.key {
            KeyRule::Line { prefix: None } => self.content_prefix()?,
            KeyRule::Line { prefix: Some(_) } | KeyRule::Template(_) => String::new(),
        };
        self.reader.events(mapping, &key_prefix)
    }
}

struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.file.read(buffer)?;
        self.read.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(bytes)
    }
}
