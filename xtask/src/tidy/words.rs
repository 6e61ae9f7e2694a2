//! Words that must not be committed, because they are true on one machine only.
//!
//! The words are put together below rather than spelled out: this file keeps its own rules.

use super::Finding;
use super::repository::Repository;

/// First folders of absolute paths that belong to a person or a workplace, not to an installed system.
const PRIVATE_FOLDERS: &[&str] = &["home", "root", "Users", "work"];

/// Sample data that may lie beside a clone. Tests read it where it is there; nothing else may know of it.
const SAMPLE_DATA: &str = concat!("../", "shared");

/// Where packages come from, for everybody.
const PUBLIC_REGISTRIES: &[&str] = &["https://registry.npmjs.org/", "https://files.pythonhosted.org/"];

/// Settings that send a package client to another registry.
const REGISTRY_SETTINGS: &[&str] =
    &["--index-url", "--extra-index-url", "--find-links", "--registry=", "replace-with"];

/// Refuses absolute paths of one machine, and the sample data's folder outside tests.
pub(super) fn machine_paths(repository: &Repository) -> Vec<Finding> {
    let folders: Vec<String> = PRIVATE_FOLDERS.iter().map(|folder| format!("/{folder}/")).collect();
    let mut findings = Vec::new();
    for file in &repository.files {
        let first_test_line = file.first_test_line();
        for (number, line) in file.lines() {
            if let Some(folder) = folders.iter().find(|folder| starts_a_path(line, folder)) {
                findings.push(Finding::at_line(
                    &file.path,
                    number,
                    format!("{folder} is a path of one machine"),
                ));
            }
            if number < first_test_line && line.contains(SAMPLE_DATA) {
                let message =
                    format!("{SAMPLE_DATA} may be read by tests only, which skip where it is absent");
                findings.push(Finding::at_line(&file.path, number, message));
            }
        }
    }
    findings
}

/// Refuses lock files and settings that name a registry other than the public ones. (`cargo deny` judges Cargo.lock.)
pub(super) fn registries(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &repository.files {
        if file.path.ends_with(".rs") || file.path.ends_with(".md") {
            continue;
        }
        for (number, line) in file.lines() {
            let resolved = line.trim_start().strip_prefix("\"resolved\": \"");
            let private = resolved.is_some_and(|address| {
                address.starts_with("http")
                    && !PUBLIC_REGISTRIES.iter().any(|public| address.starts_with(public))
            });
            if private || REGISTRY_SETTINGS.iter().any(|setting| line.contains(setting)) {
                findings.push(Finding::at_line(
                    &file.path,
                    number,
                    "packages come from the public registries",
                ));
            }
        }
    }
    findings
}

/// True where `folder` stands at the beginning of a path, rather than inside an address or a longer path.
fn starts_a_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-~/*+}])>".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::super::repository::TextFile;
    use super::super::{Check, Repository};
    use super::*;

    fn found(check: Check, path: &str, line: &str) -> usize {
        let files = vec![TextFile::new(path, line)];
        check(&Repository { files, ..Repository::default() }).len()
    }

    #[test]
    fn path_of_one_machine_is_refused_and_an_address_is_not() {
        for folder in PRIVATE_FOLDERS {
            assert_eq!(found(machine_paths, "a.md", &format!("see /{folder}/x")), 1);
            assert_eq!(found(machine_paths, "a.rs", &format!("let p = \"/{folder}/x\";")), 1);
            assert_eq!(found(machine_paths, "a.md", &format!("https://example.com/{folder}/x")), 0);
            assert_eq!(found(machine_paths, "a.md", &format!("docs/{folder}/x and a{folder}/")), 0);
        }
    }

    #[test]
    fn sample_data_is_refused_outside_tests() {
        let text = format!("//! Doc.\nfn f() {{ \"{SAMPLE_DATA}/data\" }}\n");
        assert_eq!(found(machine_paths, "crates/a/src/b.rs", &text), 1);
        assert_eq!(found(machine_paths, "crates/a/tests/b.rs", &text), 0);
        let tested = format!("//! Doc.\n#[cfg(test)]\nmod tests {{\n \"{SAMPLE_DATA}/data\"\n}}\n");
        assert_eq!(found(machine_paths, "crates/a/src/b.rs", &tested), 0);
    }

    #[test]
    fn registry_of_one_place_is_refused() {
        let lock = |host: &str| {
            found(registries, "sdks/a/package-lock.json", &format!("  \"resolved\": \"{host}/a.tgz\""))
        };
        assert_eq!(lock("https://packages.example.com"), 1);
        assert_eq!(lock("https://registry.npmjs.org"), 0);
        assert_eq!(
            found(registries, "requirements.txt", "--index-url https://packages.example.com/simple"),
            1
        );
        assert_eq!(found(registries, "requirements.txt", "pytest==9.0"), 0);
    }
}
