//! Results on standard output. A reader that has gone away (`chargly … | head`) ends a command quietly.

use std::io::{self, Write as _};

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::failure::Reported;

/// Writes text as it is.
///
/// # Errors
/// [`Reported`] when the reader has gone away; else when it cannot be written.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Writes a value as one line of JSON.
///
/// # Errors
/// As [`print()`].
pub(crate) fn print_json(value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string(value).context("writing JSON")?;
    text.push('\n');
    print(&text)
}

/// Tells a closed pipe from a failure.
///
/// # Errors
/// As [`print()`].
pub(crate) fn written(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Reported.into()),
        result => result.context("writing the result"),
    }
}
