//! Bytes of a data directory, by kind of file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Bytes by file name relative to the directory, with numbers replaced by `*` so that all sealed files of a kind
/// are one line.
pub(crate) type Sizes = BTreeMap<String, u64>;

/// Measures a data directory that a server may be writing to: a file that vanishes meanwhile counts as nothing.
pub(crate) fn sizes(directory: &Path) -> Result<Sizes> {
    let mut sizes = Sizes::new();
    add(directory, "", &mut sizes).with_context(|| format!("measuring {}", directory.display()))?;
    Ok(sizes)
}

fn add(directory: &Path, prefix: &str, sizes: &mut Sizes) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let Ok(metadata) = entry.metadata() else { continue };
        let name = format!("{prefix}{}", without_numbers(&entry.file_name().to_string_lossy()));
        if metadata.is_dir() {
            add(&entry.path(), &format!("{name}/"), sizes)?;
        } else {
            *sizes.entry(name).or_default() += metadata.len();
        }
    }
    Ok(())
}

/// `000012-000034.run` is `*-*.run`; a name without digits stays as it is.
fn without_numbers(name: &str) -> String {
    let mut kind = String::with_capacity(name.len());
    for character in name.chars() {
        if !character.is_ascii_digit() {
            kind.push(character);
        } else if !kind.ends_with('*') {
            kind.push('*');
        }
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_files_of_a_kind_are_one_line() {
        let directory = tempfile::tempdir().expect("a directory");
        let runs = directory.path().join("test/runs");
        fs::create_dir_all(&runs).expect("a directory");
        fs::write(directory.path().join("test/journal.db"), [0; 10]).expect("a file");
        fs::write(runs.join("000001-000002.run"), [0; 3]).expect("a file");
        fs::write(runs.join("000003-000017.run"), [0; 4]).expect("a file");
        let expected = [("test/journal.db".to_owned(), 10), ("test/runs/*-*.run".to_owned(), 7)];
        assert_eq!(sizes(directory.path()).expect("readable"), Sizes::from(expected));
    }

    #[test]
    fn directory_that_is_not_there_is_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        assert!(sizes(&directory.path().join("nowhere")).is_err());
    }
}
