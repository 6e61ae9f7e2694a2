//! Facts are never changed: the journal's code may add rows and may not change or delete them.
//!
//! The one exception is the erasure of payload that the law may demand, which blanks what lies beside the facts.

use super::Finding;
use super::repository::{Repository, TextFile};

const JOURNAL: &str = "crates/journal/src/";

/// SQL that changes or removes rows, as words; `*` is any word.
const FORBIDDEN: &[&[&str]] = &[
    &["update", "*", "set"],
    &["do", "update"],
    &["delete", "from"],
    &["drop", "table"],
    &["replace", "into"],
    &["or", "replace"],
];

/// What the erasure may assign: a chunk's bytes, in which its hash allows nothing but payloads to be replaced.
const ERASABLE_COLUMNS: &[&str] = &["bytes"];

/// Refuses SQL in the journal's code that changes rows, but for one erasure of payload.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut erasures = 0;
    for file in repository.ending_in(".rs").filter(|file| file.path.starts_with(JOURNAL)) {
        let words = words(file);
        for at in 0..words.len() {
            let (line, _) = words[at];
            if is_erasure(&words[at..]) {
                erasures += 1;
                if erasures > 1 {
                    findings.push(Finding::at_line(&file.path, line, "payload is erased in one place only"));
                }
            } else if let Some(found) = FORBIDDEN.iter().find(|pattern| begins_with(&words[at..], pattern)) {
                let message = format!("`{}` in the journal: facts are never changed", found.join(" "));
                findings.push(Finding::at_line(&file.path, line, message));
            }
        }
    }
    findings
}

/// The code's words in lower case with their lines, tests left out: they damage a journal on purpose.
fn words(file: &TextFile) -> Vec<(usize, String)> {
    let first_test_line = file.first_test_line();
    let code = file.code_lines().take_while(|(number, _)| *number < first_test_line);
    code.flat_map(|(number, line)| {
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        words.map(move |word| (number, word.to_lowercase()))
    })
    .collect()
}

/// True for an update of some rows' payloads and of nothing else.
fn is_erasure(words: &[(usize, String)]) -> bool {
    if !begins_with(words, &["update", "*", "set"]) {
        return false;
    }
    let Some(end) = words.iter().position(|(_, word)| word == "where") else { return false };
    let is_number = |word: &str| word.chars().all(|c| c.is_ascii_digit());
    let mut assigned = words[3..end].iter().filter(|(_, word)| !is_number(word));
    assigned.all(|(_, column)| ERASABLE_COLUMNS.contains(&column.as_str()))
}

fn begins_with(words: &[(usize, String)], pattern: &[&str]) -> bool {
    words.len() >= pattern.len()
        && pattern.iter().zip(words).all(|(expected, (_, word))| *expected == "*" || expected == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_found(path: &str, text: &str) -> Vec<Option<usize>> {
        let files = vec![TextFile::new(path, text)];
        check(&Repository { files, ..Repository::default() })
            .into_iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn sql_that_changes_rows_is_refused() {
        for sql in [
            "UPDATE chunk SET bytes = ?1",
            "delete\n  from chunk",
            "DROP TABLE chunk",
            "REPLACE INTO chunk VALUES (1)",
            "INSERT OR REPLACE INTO chunk VALUES (1)",
            "INSERT INTO chunk VALUES (1) ON CONFLICT DO UPDATE SET x = 1",
        ] {
            let text = format!("//! Doc.\nconst SQL: &str = \"{sql}\";\n");
            assert_eq!(lines_found("crates/journal/src/a.rs", &text).first(), Some(&Some(2)), "{sql}");
        }
    }

    #[test]
    fn adding_and_reading_pass_and_so_do_words_that_are_not_sql() {
        let text = "//! Doc.\n\"INSERT INTO chunk VALUES (1)\"; \"SELECT * FROM chunk\";\nfn update(&mut self) {}\n// UPDATE a SET b\n";
        assert!(lines_found("crates/journal/src/a.rs", text).is_empty());
    }

    #[test]
    fn payload_may_be_erased_in_one_place() {
        let once = "\"UPDATE chunk SET bytes = ?1 WHERE first = ?2\";\n";
        assert!(lines_found("crates/journal/src/a.rs", once).is_empty());
        assert_eq!(lines_found("crates/journal/src/a.rs", &once.repeat(2)), [Some(2)]);
    }

    #[test]
    fn erasure_may_not_reach_a_fact_or_every_row() {
        let facts = "\"UPDATE chunk SET bytes = ?1, hash = ?2 WHERE first = ?3\";\n";
        assert_eq!(lines_found("crates/journal/src/a.rs", facts), [Some(1)]);
        let every_row = "\"UPDATE chunk SET bytes = ?1\";\n";
        assert_eq!(lines_found("crates/journal/src/a.rs", every_row), [Some(1)]);
    }

    #[test]
    fn tests_and_other_crates_may_change_rows() {
        let text = "#[cfg(test)]\nmod tests {\n\"DELETE FROM chunk\";\n}\n";
        assert!(lines_found("crates/journal/src/a.rs", text).is_empty());
        assert!(lines_found("crates/views/src/a.rs", "\"DELETE FROM rollup\";\n").is_empty());
    }
}
