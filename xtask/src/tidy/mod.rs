//! The project's own rules about its source tree, as code that refuses.
//!
//! A rule is a function from the [`Repository`] to what it found, and a row of [`CHECKS`]; its tests show it failing.
//! The rules read text, not syntax: they are cheap, they may be fooled on purpose, and they are not meant against
//! that. What clippy or the compiler can refuse is not repeated here.
//!
//! Exceptions are lists in the code, each with its reason, so that granting one is a change somebody reviews.

mod arrows;
mod journal_sql;
mod limits;
mod links;
pub(crate) mod repository;
mod rust_files;
mod words;

use std::fmt;
use std::path::Path;

use anyhow::Result;

use self::repository::Repository;

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// From the root, `/` as the separator.
    path: String,
    /// From 1; `None` where the whole file or crate is meant.
    line: Option<usize>,
    /// What is wrong and what to do about it.
    message: String,
}

type Check = fn(&Repository) -> Vec<Finding>;

const CHECKS: &[(&str, Check)] = &[
    ("arrows between crates", arrows::check),
    ("crates inherit the workspace's lints", rust_files::lints_are_inherited),
    ("module docs", rust_files::module_docs),
    ("file length", rust_files::file_length),
    ("test names", rust_files::test_names),
    ("no float near an amount", rust_files::no_floats),
    ("the journal is append-only", journal_sql::check),
    ("nothing of one machine", words::machine_paths),
    ("lock files name public registries", words::registries),
    ("limits are documented", limits::check),
    ("links lead somewhere", links::check),
];

/// Checks the tree and prints what it found. True when nothing was.
///
/// # Errors
/// When git or cargo cannot say what belongs to the tree.
pub(crate) fn run(root: &Path) -> Result<bool> {
    let repository = Repository::read(root)?;
    let mut found = 0;
    for (rule, check) in CHECKS {
        for finding in check(&repository) {
            println!("{finding} ({rule})");
            found += 1;
        }
    }
    println!("tidy: {} rules, {} files, {found} findings", CHECKS.len(), repository.files.len());
    Ok(found == 0)
}

impl Finding {
    fn in_file(path: &str, message: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line: None, message: message.into() }
    }

    fn at_line(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line: Some(line), message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.message),
            None => write!(f, "{}: {}", self.path, self.message),
        }
    }
}
