//! How a failure is told: what was being done, what went wrong, what to do next.

use std::fmt;
use std::process::ExitCode;

/// What to do next, attached to an error as context. It is printed apart, after the causes.
#[derive(Debug)]
pub(crate) struct Advice {
    /// What was being done.
    pub(crate) doing: String,
    /// What to do next, as a sentence.
    pub(crate) next: String,
}

impl Advice {
    pub(crate) fn new(doing: impl Into<String>, next: impl Into<String>) -> Self {
        Self { doing: doing.into(), next: next.into() }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.doing)
    }
}

/// A combination of flags or values that makes no sense: exit code 2.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Something that was reported already: only the exit code is left.
#[derive(Debug)]
pub(crate) struct Reported;

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this was reported above")
    }
}

impl std::error::Error for Reported {}

/// Prints an error with its causes and advice to standard error, and gives the exit code.
pub(crate) fn show(error: &anyhow::Error) -> ExitCode {
    if error.downcast_ref::<Reported>().is_none() {
        eprint!("{}", text_of(error));
    }
    if error.downcast_ref::<Usage>().is_some() { ExitCode::from(2) } else { ExitCode::FAILURE }
}

fn text_of(error: &anyhow::Error) -> String {
    let mut text = format!("error: {error}\n");
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Some libraries repeat their cause in their own message.
        if !last.contains(&cause) {
            text.push_str(&format!("  because: {cause}\n"));
        }
        last = cause;
    }
    if let Some(advice) = error.downcast_ref::<Advice>() {
        text.push_str(&format!("  next: {}\n", advice.next));
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_failure_says_what_was_done_what_went_wrong_and_what_next() {
        let error = std::fs::read("/nowhere/at/all")
            .context("reading the journal")
            .context(Advice::new("starting the server", "Look at the disk."))
            .expect_err("no such file");
        assert_eq!(
            text_of(&error),
            "error: starting the server\n  because: reading the journal\n  \
             because: No such file or directory (os error 2)\n  next: Look at the disk.\n"
        );
    }

    #[test]
    fn a_cause_that_was_told_is_not_repeated() {
        let inner = std::io::Error::other("no room");
        let error = anyhow::Error::new(inner).context("it failed: no room");
        assert_eq!(text_of(&error), "error: it failed: no room\n");
    }
}
