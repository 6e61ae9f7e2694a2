//! Every limit that a caller can meet is in the reference: a `*_MAX` of the wire contract has its row there.

use super::Finding;
use super::repository::Repository;

/// Where the wire contract names its limits.
const SOURCES: &[&str] = &["crates/api/src/limits.rs", "crates/api/src/limits/"];
/// The page that a caller reads.
const REFERENCE: &str = "docs/reference/limits.md";

/// Refuses a limit that the reference does not name, once there is a reference.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let Some(reference) = repository.file(REFERENCE) else { return Vec::new() };
    let documented: Vec<&str> = reference.text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let mut findings = Vec::new();
    for file in
        repository.files.iter().filter(|file| SOURCES.iter().any(|source| file.path.starts_with(source)))
    {
        for (number, line) in file.code_lines() {
            let Some(name) = limit_name(line) else { continue };
            if !documented.contains(&name) {
                findings.push(Finding::at_line(
                    &file.path,
                    number,
                    format!("{name} has no row in {REFERENCE}"),
                ));
            }
        }
    }
    findings
}

fn limit_name(line: &str) -> Option<&str> {
    let (name, _) = line.trim_start().strip_prefix("pub const ")?.split_once(':')?;
    name.ends_with("_MAX").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::super::repository::TextFile;
    use super::*;

    fn found(reference: Option<&str>) -> Vec<Finding> {
        let limits =
            "//! Doc.\n/// Events.\npub const BATCH_EVENTS_MAX: usize = 8_000;\npub const BASE: usize = 1;\n";
        let mut files = vec![TextFile::new("crates/api/src/limits.rs", limits)];
        files.extend(reference.map(|text| TextFile::new(REFERENCE, text)));
        check(&Repository { files, ..Repository::default() })
    }

    #[test]
    fn limit_without_a_row_is_refused() {
        assert_eq!(found(Some("| `EVENTS_MAX` | 8,000 |")).len(), 1);
        assert_eq!(found(Some("| `BATCH_EVENTS_MAX` | 8,000 |")), []);
    }

    #[test]
    fn nothing_is_asked_before_there_is_a_reference() {
        assert_eq!(found(None), []);
    }
}
