//! How many tests ran, read from the closing lines that test runners print themselves.
//!
//! The runners' words are the only source: a step that ended early counts what it printed, and nothing is guessed.

use std::fmt;
use std::ops::AddAssign;

/// Tests that one or several runners reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Not run on purpose: ignored in Rust, skipped elsewhere.
    pub(crate) skipped: u64,
}

/// What Node's closing lines begin with: of the reporter for people, and of the one for programs.
const NODE_MARKS: [&str; 2] = ["ℹ ", "# "];

impl Counts {
    /// What a runner's closing line says; `None` for every other line.
    ///
    /// Known are `test result: ok. 3 passed; 1 failed; 2 ignored; …`, the form shared by pytest and the plain line,
    /// `3 passed, 1 failed, 2 skipped`, with or without a frame of `=`, and Node's, which has a line for each number:
    /// `ℹ pass 3`.
    pub(crate) fn from_closing_line(line: &str) -> Option<Counts> {
        if let Some(line) = NODE_MARKS.iter().find_map(|mark| line.strip_prefix(mark)) {
            return Self::from_node_line(line);
        }
        let line = line.trim_matches([' ', '=']);
        let (list, separator) = match line.strip_prefix("test result: ") {
            Some(rest) => (rest.split_once(". ")?.1, ';'),
            None if line.starts_with(|first: char| first.is_ascii_digit()) => (line, ','),
            None => return None,
        };
        let mut counts = Counts::default();
        let mut known = false;
        for item in list.split(separator) {
            let mut words = item.split_whitespace();
            let (Some(number), Some(word)) = (words.next(), words.next()) else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            let field = match word {
                "passed" => &mut counts.passed,
                "failed" => &mut counts.failed,
                "ignored" | "skipped" => &mut counts.skipped,
                _ => continue,
            };
            *field += number;
            known |= word == "passed" || word == "failed";
        }
        known.then_some(counts)
    }

    /// A test that Node cancelled did not come to its end: its file failed.
    fn from_node_line(line: &str) -> Option<Counts> {
        let (word, number) = line.split_once(' ')?;
        let number = number.parse().ok()?;
        match word {
            "pass" => Some(Counts { passed: number, ..Counts::default() }),
            "fail" | "cancelled" => Some(Counts { failed: number, ..Counts::default() }),
            "skipped" | "todo" => Some(Counts { skipped: number, ..Counts::default() }),
            _ => None,
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(line: &str) -> Option<(u64, u64, u64)> {
        Counts::from_closing_line(line).map(|counts| (counts.passed, counts.failed, counts.skipped))
    }

    #[test]
    fn closing_lines_of_the_runners_are_counted() {
        let cargo = "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.01s";
        assert_eq!(counted(cargo), Some((12, 2, 1)));
        assert_eq!(counted("======= 1 failed, 30 passed, 4 skipped in 2.11s ======="), Some((30, 1, 4)));
        assert_eq!(counted("30 passed in 2.11s"), Some((30, 0, 0)));
        assert_eq!(counted("5 passed, 0 failed"), Some((5, 0, 0)));
    }

    #[test]
    fn closing_lines_of_node_are_counted_one_by_one() {
        for (line, expected) in [
            ("ℹ tests 70", None),
            ("ℹ suites 5", None),
            ("ℹ pass 66", Some((66, 0, 0))),
            ("ℹ fail 2", Some((0, 2, 0))),
            ("ℹ cancelled 1", Some((0, 1, 0))),
            ("ℹ skipped 3", Some((0, 0, 3))),
            ("ℹ todo 1", Some((0, 0, 1))),
            ("ℹ duration_ms 75586.589468", None),
            ("# pass 66", Some((66, 0, 0))),
            ("# a heading", None),
        ] {
            assert_eq!(counted(line), expected, "{line}");
        }
    }

    #[test]
    fn other_lines_are_not_counted() {
        assert_eq!(counted("test wallet::three_passed ... ok"), None);
        assert_eq!(counted("running 3 tests"), None);
        assert_eq!(counted("3 tests, 2 skipped"), None);
        assert_eq!(counted("we saw 3 passed, 1 failed"), None);
        assert_eq!(counted(""), None);
    }

    #[test]
    fn sums_are_shown_as_the_closing_line_that_is_read_back() {
        let mut sum = Counts { passed: 2, failed: 0, skipped: 0 };
        sum += Counts { passed: 3, failed: 1, skipped: 0 };
        assert_eq!(sum.to_string(), "5 passed, 1 failed");
        sum += Counts { skipped: 2, ..Counts::default() };
        assert_eq!(Counts::from_closing_line(&sum.to_string()), Some(sum));
    }
}
