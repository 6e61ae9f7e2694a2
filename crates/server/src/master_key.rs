//! The master key: what secrets in `ops.db` are sealed under. It lies outside the data directory, so that a copy of the
//! data, a backup above all, has none of the secrets.
//!
//! In this order: the key itself in `CHARGLY_MASTER_KEY`, the file of `--master-key-file`, the file beside the data
//! directory. A file is made, for its owner only, when a secret is sealed for the first time. There is no flag for the key
//! itself: command lines can be read by everybody on the machine.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chargly_engine::{Entropy as _, SystemEntropy};
use chargly_ops::{MASTER_KEY_BYTES, Vault};
use clap::Args;

/// The environment variable that has the key itself.
const KEY_VARIABLE: &str = "CHARGLY_MASTER_KEY";
/// What the data directory's path becomes the key file's by.
const EXTENSION: &str = ".key";

/// Where the master key is.
#[derive(Clone, Debug, Args)]
pub(crate) struct MasterKeyArgs {
    /// File of the key under which secrets are sealed; made on first need. Keep it out of the data directory and its
    /// backups. The default is the data directory's path with `.key` appended; the key itself may be in
    /// CHARGLY_MASTER_KEY instead, 64 hex digits or base64
    #[arg(long, env = "CHARGLY_MASTER_KEY_FILE", value_name = "FILE")]
    pub(crate) master_key_file: Option<PathBuf>,
}

impl MasterKeyArgs {
    /// The vault of that key, which is read when it is needed first.
    pub(crate) fn vault(&self, data: &Path) -> Vault {
        let file = self.master_key_file.clone().unwrap_or_else(|| beside(data));
        Vault::new(Box::new(move |may_make| match std::env::var(KEY_VARIABLE) {
            Ok(text) => parse(&text).ok_or_else(|| {
                format!("{KEY_VARIABLE} must be {MASTER_KEY_BYTES} bytes, as hex digits or base64")
            }),
            Err(_) => read_or_make(&file, may_make),
        }))
    }
}

/// The file beside the data directory.
fn beside(data: &Path) -> PathBuf {
    // `./data/` and `data` are the same directory, and get the same file.
    let data: PathBuf = data.components().collect();
    let mut path = data.into_os_string();
    path.push(EXTENSION);
    path.into()
}

fn parse(text: &str) -> Option<[u8; MASTER_KEY_BYTES]> {
    let text = text.trim();
    if text.len() == 2 * MASTER_KEY_BYTES && text.is_ascii() {
        let mut key = [0; MASTER_KEY_BYTES];
        for (index, byte) in key.iter_mut().enumerate() {
            let digits = text.get(2 * index..2 * index + 2)?;
            *byte = u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?;
        }
        return Some(key);
    }
    STANDARD.decode(text).ok()?.try_into().ok()
}

fn read_or_make(file: &Path, may_make: bool) -> Result<[u8; MASTER_KEY_BYTES], String> {
    let shown = file.display();
    match fs::read_to_string(file) {
        Ok(text) => parse(&text)
            .ok_or_else(|| format!("{shown} must hold {MASTER_KEY_BYTES} bytes, as hex digits or base64")),
        Err(error) if error.kind() == io::ErrorKind::NotFound && may_make => {
            make(file).map_err(|error| format!("making {shown}: {error}"))
        }
        Err(error) => Err(format!("reading {shown}: {error}")),
    }
}

/// Makes a key and its file. It is on disk before anything is sealed under it.
fn make(file: &Path) -> io::Result<[u8; MASTER_KEY_BYTES]> {
    let key: [u8; MASTER_KEY_BYTES] =
        [SystemEntropy.nonce(), SystemEntropy.nonce()].concat().try_into().unwrap_or_default();
    if key == [0; MASTER_KEY_BYTES] {
        return Err(io::Error::other("the system has no randomness"));
    }
    let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut made = options.open(file)?;
    made.write_all(digits.as_bytes())?;
    made.write_all(b"\n")?;
    made.sync_all()?;
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir)?.sync_all()?;
    tracing::info!(file = %file.display(), "made the master key; keep a copy of it, apart from the backups");
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_read_as_hex_or_base64_and_nothing_else() {
        let hex = "07".repeat(MASTER_KEY_BYTES);
        let base64 = STANDARD.encode([7; MASTER_KEY_BYTES]);
        for good in [hex.clone(), format!("{hex}\n"), base64] {
            assert_eq!(parse(&good), Some([7; MASTER_KEY_BYTES]), "{good}");
        }
        for bad in ["", "07", &hex[1..], &"+7".repeat(32), &"zz".repeat(32), "é".repeat(32).as_str()] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn file_is_made_once_for_its_owner_only_and_read_from_then_on() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = beside(&dir.path().join("data/"));
        assert_eq!(file, dir.path().join("data.key"));
        assert!(read_or_make(&file, false).is_err_and(|error| error.contains("data.key")));
        let key = read_or_make(&file, true).expect("made");
        assert_eq!(read_or_make(&file, true), Ok(key));
        assert_eq!(read_or_make(&file, false), Ok(key));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&file).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(&file, "short").expect("written");
        assert!(read_or_make(&file, true).is_err(), "a damaged key is not replaced");
    }
}
