//! The head witness: a small file beside the journal that says how far the journal once was.
//!
//! SQLite recovers silently to the last good commit. Should a flipped bit make it drop acknowledged frames, what
//! is left still chains; only somebody who knows how far the chain went can tell. The witness is written by a
//! thread of its own, at most once a second, never waited for; it is therefore behind the journal, or equal,
//! unless the journal has lost something.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::position::{ChainHash, Head, Position};

/// Name of the witness file in the directory of its journal.
pub const WITNESS_FILE: &str = "head";

/// Time between two writes: how much of the journal's tail may go unwitnessed.
pub const WITNESS_INTERVAL: Duration = Duration::from_secs(1);

/// Writes the witness file in the background; dropping it writes the last head.
#[derive(Debug)]
pub struct HeadWitness {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    unwritten: Option<Head>,
    is_closing: bool,
}

impl HeadWitness {
    /// Starts the thread for the witness file in `dir`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(dir: &Path) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let (theirs, dir) = (Arc::clone(&shared), dir.to_owned());
        let thread = std::thread::Builder::new()
            .name("head-witness".to_owned())
            .spawn(move || write_until_closed(&theirs, &dir))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Takes note of a head that is on disk. Does not wait.
    pub fn note(&self, head: Head) {
        self.shared.lock().unwritten = Some(head);
        self.shared.changed.notify_one();
    }
}

impl Drop for HeadWitness {
    fn drop(&mut self) {
        self.shared.lock().is_closing = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the head witness ended in a panic");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_until_closed(shared: &Shared, dir: &Path) {
    let mut state = shared.lock();
    loop {
        let wait = shared.changed.wait_while(state, |state| state.unwritten.is_none() && !state.is_closing);
        state = wait.unwrap_or_else(PoisonError::into_inner);
        let Some(head) = state.unwritten.take() else { return };
        drop(state);
        let written = write_witness(dir, &head);
        state = shared.lock();
        if let Err(error) = written {
            tracing::warn!(%error, "the head witness could not be written; a loss may go unnoticed");
            if !state.is_closing {
                state.unwritten.get_or_insert(head);
            }
        }
        let pause = shared.changed.wait_timeout_while(state, WITNESS_INTERVAL, |state| !state.is_closing);
        state = pause.unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Puts `head` in the place of whatever the witness file said, so that a crash leaves the one or the other.
///
/// # Errors
/// The failure of the file system; the former witness stands.
pub fn write_witness(dir: &Path, head: &Head) -> io::Result<()> {
    put_sealed_line(dir, WITNESS_FILE, &render(head))
}

/// The head that the witness file names, if there is one.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] when the file is not a witness; it is replaced as a whole, so it is damaged.
pub fn read_witness(dir: &Path) -> io::Result<Option<Head>> {
    read_sealed_line(dir, WITNESS_FILE, parse)
}

pub(crate) fn witness_path(dir: &Path) -> PathBuf {
    dir.join(WITNESS_FILE)
}

/// Makes a file's name as durable as the file.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Puts a small file of one line in the place of the one before, so that a crash leaves the one or the other. The
/// line ends with a check over all before it.
pub(crate) fn put_sealed_line(dir: &Path, name: &str, body: &str) -> io::Result<()> {
    let temporary = dir.join(format!("{name}.tmp"));
    let mut file = File::create(&temporary)?;
    file.write_all(seal(body).as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, dir.join(name))?;
    sync_dir(dir)
}

/// What such a file says, if it is there; [`io::ErrorKind::InvalidData`] when it is damaged or says something else.
pub(crate) fn read_sealed_line<T>(
    dir: &Path,
    name: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> io::Result<Option<T>> {
    match fs::read_to_string(dir.join(name)) {
        Ok(text) => unseal(&text).and_then(parse).map(Some).ok_or_else(|| io::ErrorKind::InvalidData.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn seal(body: &str) -> String {
    format!("{body} check={}\n", check_of(body))
}

fn unseal(text: &str) -> Option<&str> {
    let (body, check) = text.strip_suffix('\n')?.rsplit_once(" check=")?;
    (check == check_of(body)).then_some(body)
}

/// For people and for [`parse`].
fn render(head: &Head) -> String {
    let Head { epoch, frame, next, hash, at_ms } = head;
    format!("chargly-head 1 epoch={epoch} frame={frame} next={next} at_ms={at_ms} hash={hash}")
}

fn parse(body: &str) -> Option<Head> {
    let mut fields = body.strip_prefix("chargly-head 1 ")?.split(' ');
    let mut value = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix('=');
    let head = Head {
        epoch: number(value("epoch")?)?,
        frame: number(value("frame")?)?,
        next: Position(number(value("next")?)?),
        at_ms: number(value("at_ms")?)?,
        hash: parse_hash(value("hash")?)?,
    };
    fields.next().is_none().then_some(head)
}

fn number<N: FromStr>(text: &str) -> Option<N> {
    text.parse().ok()
}

fn parse_hash(text: &str) -> Option<ChainHash> {
    blake3::Hash::from_hex(text).ok().map(|hash| ChainHash(*hash.as_bytes()))
}

fn check_of(body: &str) -> String {
    let hash = blake3::hash(body.as_bytes()).to_hex();
    hash[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(next: u64) -> Head {
        let hash = ChainHash(*blake3::hash(&next.to_le_bytes()).as_bytes());
        Head { epoch: 3, frame: next / 2, next: Position(next), hash, at_ms: 1_700_000_000_000 }
    }

    #[test]
    fn witness_reads_back_and_is_replaced() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(read_witness(dir.path()).expect("readable"), None);
        for next in [0, 12, u64::MAX] {
            write_witness(dir.path(), &head(next)).expect("written");
            assert_eq!(read_witness(dir.path()).expect("readable"), Some(head(next)));
        }
    }

    fn read(text: &str) -> Option<Head> {
        unseal(text).and_then(parse)
    }

    #[test]
    fn witness_with_any_byte_changed_or_cut_is_refused() {
        let text = seal(&render(&head(12)));
        for at in 0..text.len() {
            assert_eq!(read(&text[..at]), None, "cut at {at}");
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let changed = String::from_utf8(bytes).expect("ASCII");
            assert_eq!(read(&changed), None, "{changed}");
        }
    }

    #[test]
    fn witness_with_a_field_too_many_is_refused() {
        let body = render(&head(12));
        assert_eq!(read(&seal(&body)), Some(head(12)));
        assert_eq!(read(&seal(&format!("{body} more=1"))), None);
    }

    #[test]
    fn dropping_writes_the_last_head_noted() {
        let dir = tempfile::tempdir().expect("a directory");
        let witness = HeadWitness::start(dir.path()).expect("a thread");
        for next in 1..100 {
            witness.note(head(next));
        }
        drop(witness);
        assert_eq!(read_witness(dir.path()).expect("readable"), Some(head(99)));
    }
}
