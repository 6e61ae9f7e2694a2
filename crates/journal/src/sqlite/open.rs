//! Opening a journal: what is believed about the file, and what is not.
//!
//! In this order: it is a journal that this build reads; its last frame is complete, and fits its hashes; the head
//! witness has seen nothing that is missing. Only then may the write-ahead log be touched: until a loss is
//! accepted, the files stay as they were found, for whoever wants to search them.
//!
//! Then the log is copied into the file. That also repairs what a failed flush of an earlier process may have left
//! behind: pages that the system calls clean, although they never reached the disk, are written again.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::failure::Failure;
use super::rows::{APPLICATION_ID, SCHEMA_VERSION};
use super::wal::{WalMeter, checkpoint, torn_bytes};
use super::{JOURNAL_FILE, SqliteJournal, rows};
use crate::head_witness::{HeadWitness, read_witness, sync_dir, witness_path};
use crate::position::{Head, Position};
use crate::restored::{RESTORED_FILE, read_restored};
use crate::store::{BoxError, ChunkDamage, ReadError};
use crate::verify::ChainCheck;

/// How long the writer waits for readers when it restarts the log, and for a stray second writer: as long as a
/// few of their reads, and no longer, since everybody waits with it.
const WRITE_WAIT: Duration = Duration::from_millis(20);

/// KiB of pages that the writer keeps: all it touches are the last ones, and those that lead there.
const WRITER_CACHE_KIB: i64 = 16 * 1024;

/// Bytes to which an oversized log is cut back once it restarts (it grows while a long reader is in the way).
const WAL_KEPT_BYTES: i64 = 128 * 1024 * 1024;

/// What the head witness saw and the journal no longer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The head that was on disk once; `None` when the witness itself is damaged.
    pub witness: Option<Head>,
    /// The head of the journal as it is found.
    pub found: Head,
}

/// Why a journal was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file system failed.
    #[error("{} could not be opened", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// SQLite failed.
    #[error("the journal could not be opened")]
    Storage(#[source] BoxError),
    /// The file is a database of something else.
    #[error("{} is not a journal", path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// A newer build has written it.
    #[error("the journal has schema {found}, and this build reads {SCHEMA_VERSION}; use a newer build")]
    Newer {
        /// Schema version of the file.
        found: i64,
    },
    /// The last frame is damaged.
    #[error("the last frame of the journal cannot be trusted")]
    Damaged(#[source] ReadError),
    /// The last frame has no end.
    #[error("the frame that ends at position {next} is incomplete")]
    TornFrame {
        /// The position after the last chunk.
        next: Position,
    },
    /// The witness is ahead of the journal, saw another one, or is itself damaged and cannot say.
    #[error("{0}")]
    Lost(Box<Loss>),
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.witness {
            Some(witness) => {
                write!(f, "the journal has lost frames: it had {witness}; it has {}", self.found)
            }
            None => write!(f, "the head witness is damaged, so frames may be lost; there are {}", self.found),
        }
    }
}

impl SqliteJournal {
    /// Opens the journal in `dir`, and creates both when absent. Reserve the directory first, see
    /// [`DirLock`](crate::DirLock).
    ///
    /// # Errors
    /// See [`OpenError`]. Nothing that was there is changed then.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let (opening, loss) = Opening::begin(dir)?;
        match loss {
            None => opening.finish(None),
            Some(loss) => Err(OpenError::Lost(Box::new(loss))),
        }
    }

    /// Opens the journal even though frames are lost, and says what is. The caller must begin a new epoch, see
    /// [`next_epoch`](Self::next_epoch).
    ///
    /// # Errors
    /// As [`open`](Self::open), but for the loss.
    pub fn open_accepting_loss(dir: &Path) -> Result<(Self, Option<Loss>), OpenError> {
        let (opening, loss) = Opening::begin(dir)?;
        Ok((opening.finish(loss)?, loss))
    }
}

/// A journal that has been looked at, and not touched.
struct Opening {
    dir: PathBuf,
    conn: Connection,
    head: Head,
}

impl Opening {
    fn begin(dir: &Path) -> Result<(Self, Option<Loss>), OpenError> {
        let io_error = |source| OpenError::Io { path: dir.to_owned(), source };
        fs::create_dir_all(dir).map_err(io_error)?;
        let conn = connect(&dir.join(JOURNAL_FILE))?;
        // A file is only as durable as its name, and as the name of its directory.
        for named in [Some(dir), dir.parent().filter(|parent| *parent != Path::new(""))].into_iter().flatten()
        {
            sync_dir(named).map_err(io_error)?;
        }
        let head = check_last_frame(&conn)?;
        let loss = find_loss(dir, &conn, head)?;
        Ok((Self { dir: dir.to_owned(), conn, head }, loss))
    }

    fn finish(self, loss: Option<Loss>) -> Result<SqliteJournal, OpenError> {
        let Self { dir, conn, head } = self;
        let restored = read_restored(&dir);
        let restored = restored.map_err(|source| OpenError::Io { path: dir.join(RESTORED_FILE), source })?;
        let epochs_seen = [
            loss.and_then(|loss| loss.witness).map(|lost| lost.epoch),
            restored.map(|note| note.epoch_above),
        ];
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        keep_a_wal(&conn)?;
        let torn_bytes = report_torn_end(&dir, &conn, &head)?;
        match checkpoint(&conn, "TRUNCATE") {
            Err(error) if Failure::of(&error) == Failure::Flush => return Err(error.into()),
            // A full disk must not keep a journal from being opened and read.
            Err(error) => tracing::warn!(%error, "the journal's log could not be copied into its file"),
            Ok(_) => {}
        }
        let witness = HeadWitness::start(&dir);
        let witness = witness.map_err(|source| OpenError::Io { path: witness_path(&dir), source })?;
        if head != Head::EMPTY {
            witness.note(head);
        }
        Ok(SqliteJournal {
            path: dir.join(JOURNAL_FILE),
            last_row: rows::last_key(&conn)?,
            conn,
            head,
            is_poisoned: false,
            wal: WalMeter::new(),
            encoded: Vec::new(),
            witness,
            torn_bytes,
            epoch_seen: epochs_seen.into_iter().flatten().max().unwrap_or(0),
        })
    }
}

fn connect(path: &Path) -> Result<Connection, OpenError> {
    let conn = Connection::open(path)?;
    conn.busy_timeout(WRITE_WAIT)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    check_or_create(&conn, path)?;
    for (name, value) in [
        ("synchronous", "FULL"),
        ("wal_autocheckpoint", "0"),
        ("secure_delete", "ON"),
        ("journal_size_limit", &WAL_KEPT_BYTES.to_string()),
        ("cache_size", &(-WRITER_CACHE_KIB).to_string()),
    ] {
        // Some of these answer with a row, some do not.
        conn.pragma_update_and_check(None, name, value, |_| Ok(())).or_else(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => Ok(()),
            other => Err(other),
        })?;
    }
    Ok(conn)
}

/// A backup has no write-ahead log, and neither has what was restored from it, until it is written to.
fn keep_a_wal(conn: &Connection) -> Result<(), OpenError> {
    let mode: String = conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode == "wal" {
        return Ok(());
    }
    let problem = format!("the file keeps its journal mode {mode}: another process is reading it; try again");
    Err(OpenError::Storage(problem.into()))
}

/// A commit that a crash has cut off was answered to nobody, and is gone. It is told all the same: on a machine that
/// did not crash, something else has changed the log.
fn report_torn_end(dir: &Path, conn: &Connection, head: &Head) -> Result<u64, OpenError> {
    let log = dir.join(format!("{JOURNAL_FILE}-wal"));
    let torn_bytes = torn_bytes(conn, &log).map_err(|source| OpenError::Io { path: log, source })?;
    if torn_bytes > 0 {
        tracing::warn!(
            torn_bytes,
            position = head.next.0,
            "the journal's log ends in a commit that is not complete, as after a crash; it was answered to nobody, \
             and is cut off"
        );
    }
    Ok(torn_bytes)
}

fn check_or_create(conn: &Connection, path: &Path) -> Result<(), OpenError> {
    let application: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != 0 || tables != 0 {
        return check_journal(conn, path);
    }
    rows::create_schema(conn)?;
    Ok(())
}

/// Refuses a file that is no journal, or one of a newer build.
pub(super) fn check_journal(conn: &Connection, path: &Path) -> Result<(), OpenError> {
    let pragma = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    match (pragma("application_id")?, pragma("user_version")?) {
        (APPLICATION_ID, SCHEMA_VERSION) => Ok(()),
        (APPLICATION_ID, found) => Err(OpenError::Newer { found }),
        _ => Err(OpenError::NotAJournal { path: path.to_owned() }),
    }
}

/// The head, once every chunk of the last frame is verified, back to the chunk that it continues.
pub(super) fn check_last_frame(conn: &Connection) -> Result<Head, OpenError> {
    let head = rows::head(conn).map_err(OpenError::Damaged)?;
    let mut chunks = Vec::new();
    let mut end = head.next;
    while end > Position(0) {
        let before = Position(end.0 - 1);
        let chunk = rows::chunk_at(conn, before).map_err(OpenError::Damaged)?;
        let missing = ReadError::Damaged { position: before, damage: ChunkDamage::Missing };
        let chunk = chunk.ok_or(OpenError::Damaged(missing))?;
        end = chunk.first;
        chunks.push(chunk);
        if chunks[0].frame != chunks[chunks.len() - 1].frame {
            break;
        }
    }
    if chunks.first().is_some_and(|last| !last.last_in_frame) {
        return Err(OpenError::TornFrame { next: head.next });
    }
    let mut check =
        if end == Position(0) { ChainCheck::after(Head::EMPTY) } else { ChainCheck::from_anywhere() };
    for chunk in chunks.iter().rev() {
        check.continues_with(chunk).map_err(|link| {
            OpenError::Damaged(ReadError::Damaged { position: chunk.first, damage: link.into() })
        })?;
    }
    Ok(head)
}

/// What the witness saw and the journal does not have. A journal without a witness is believed: the first write of
/// one may never have happened.
fn find_loss(dir: &Path, conn: &Connection, found: Head) -> Result<Option<Loss>, OpenError> {
    let witness = match read_witness(dir) {
        Ok(None) => return Ok(None),
        Ok(Some(witness)) => witness,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Ok(Some(Loss { witness: None, found }));
        }
        Err(source) => return Err(OpenError::Io { path: witness_path(dir), source }),
    };
    let Some(last) = witness.next.0.checked_sub(1) else { return Ok(None) };
    let then = match rows::chunk_at(conn, Position(last)) {
        Ok(chunk) => chunk.map(|chunk| chunk.head_after()),
        Err(ReadError::Damaged { .. }) => None,
        Err(error) => return Err(OpenError::Damaged(error)),
    };
    Ok((then != Some(witness)).then_some(Loss { witness: Some(witness), found }))
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error.into())
    }
}
