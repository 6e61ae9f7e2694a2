//! Where the files of runs are, how one is written so that a crash leaves it whole or absent, and reads at a place.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::RunError;
use super::format::RUN_PAGE_BYTES;

/// The folder of the runs in the directory of their environment.
pub const RUNS_DIR: &str = "runs";

/// How a file is called that is not whole yet.
const TEMPORARY_SUFFIX: &str = ".tmp";

/// The file of a run in the directory of its environment.
pub fn run_path(dir: &Path, number: u32) -> PathBuf {
    dir.join(RUNS_DIR).join(format!("run-{number:010}.idx"))
}

/// Writes the file of a run. A crash leaves it whole or absent.
pub(super) fn write_run(dir: &Path, number: u32, image: &[u8]) -> Result<(), RunError> {
    let path = run_path(dir, number);
    let mut temporary = path.clone().into_os_string();
    temporary.push(TEMPORARY_SUFFIX);
    let temporary = PathBuf::from(temporary);
    make_folder(dir)?;
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(image)?;
        chargly_journal::crash_point("index.mid_run_write");
        file.sync_all()
    });
    if let Err(source) = written {
        // On a full disk what was written is in the way of everything else; failing to remove it changes nothing.
        let _ = fs::remove_file(&temporary);
        return Err(RunError::Io { doing: "writing", path: temporary, source });
    }
    fs::rename(&temporary, &path).map_err(|source| RunError::Io { doing: "naming", path, source })?;
    sync_folder(dir)
}

/// The numbers of the runs in a directory, ascending.
pub(super) fn run_numbers(dir: &Path) -> Result<Vec<u32>, RunError> {
    let mut numbers: Vec<u32> = folder_names(dir)?.iter().filter_map(|name| number_of(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Removes what a crash left half written.
pub(super) fn remove_leftovers(dir: &Path) -> Result<(), RunError> {
    for name in folder_names(dir)? {
        if name.strip_suffix(TEMPORARY_SUFFIX).and_then(number_of).is_some() {
            remove(&dir.join(RUNS_DIR).join(name))?;
        }
    }
    Ok(())
}

/// Removes runs from this number on, the last one first: a crash in between leaves no gap.
pub(super) fn remove_from(dir: &Path, number: u32) -> Result<(), RunError> {
    let numbers = run_numbers(dir)?;
    let removed: Vec<u32> = numbers.into_iter().filter(|found| *found >= number).collect();
    for number in removed.iter().rev() {
        remove(&run_path(dir, *number))?;
    }
    if removed.is_empty() { Ok(()) } else { sync_folder(dir) }
}

fn number_of(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("run-")?.strip_suffix(".idx")?;
    if digits.len() == 10 { digits.parse().ok() } else { None }
}

fn folder_names(dir: &Path) -> Result<Vec<String>, RunError> {
    let folder = dir.join(RUNS_DIR);
    let failed = |source| RunError::Io { doing: "listing", path: folder.clone(), source };
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        // What is not text was not named by us.
        names.extend(entry.map_err(failed)?.file_name().into_string());
    }
    Ok(names)
}

fn make_folder(dir: &Path) -> Result<(), RunError> {
    let folder = dir.join(RUNS_DIR);
    if folder.is_dir() {
        return Ok(());
    }
    let failed = |source| RunError::Io { doing: "making", path: folder.clone(), source };
    fs::create_dir_all(&folder).and_then(|()| File::open(dir)?.sync_all()).map_err(failed)
}

fn remove(path: &Path) -> Result<(), RunError> {
    fs::remove_file(path).map_err(|source| RunError::Io { doing: "removing", path: path.to_owned(), source })
}

fn sync_folder(dir: &Path) -> Result<(), RunError> {
    let folder = dir.join(RUNS_DIR);
    let synced = File::open(&folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| RunError::Io { doing: "flushing", path: folder, source })
}

/// The bytes of a run, read from any thread at any place.
#[derive(Debug)]
pub(super) enum Pages {
    /// On disk.
    File(SharedFile),
    /// In memory.
    Memory(Vec<u8>),
}

impl Pages {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self::File(SharedFile::new(File::open(path)?)))
    }

    /// Bytes in all.
    pub(super) fn bytes(&self) -> io::Result<u64> {
        match self {
            Self::File(file) => file.bytes(),
            Self::Memory(bytes) => Ok(bytes.len() as u64),
        }
    }

    /// Fills the buffer from the beginning of a page.
    pub(super) fn read(&self, page_no: usize, into: &mut [u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.read_exact_at(into, page_no as u64 * RUN_PAGE_BYTES as u64),
            Self::Memory(bytes) => {
                let from = bytes.get(page_no * RUN_PAGE_BYTES..).unwrap_or_default();
                into.copy_from_slice(from.get(..into.len()).ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }
}

/// A file that is read at a given place, so that threads need not agree on a cursor.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct SharedFile(File);

#[cfg(unix)]
impl SharedFile {
    fn new(file: File) -> Self {
        Self(file)
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_exact_at(&self, into: &mut [u8], at: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.0, into, at)
    }
}

/// A file whose cursor one thread has at a time.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct SharedFile(std::sync::Mutex<File>);

#[cfg(not(unix))]
impl SharedFile {
    fn new(file: File) -> Self {
        Self(std::sync::Mutex::new(file))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, File> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.lock().metadata()?.len())
    }

    fn read_exact_at(&self, into: &mut [u8], at: u64) -> io::Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = self.lock();
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(into)
    }
}
