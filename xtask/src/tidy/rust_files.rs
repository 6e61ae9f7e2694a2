//! Rules about each Rust file and manifest: documented, readable in one sitting, tests named after behaviour, no
//! float near an amount.

use super::Finding;
use super::repository::{Repository, TextFile};

/// Lines of a file beyond which it should have become two: a ratchet against growth, not a size to aim for.
const FILE_LINES_MAX: usize = 900;

/// Files that may be longer, with the length they may reach and why.
const LONGER_FILES: &[(&str, usize, &str)] = &[];

/// Folders whose code handles amounts.
const EXACT_FOLDERS: &[&str] = &["crates/ledger/src/", "crates/engine/src/", "crates/advisor/src/"];

/// Files in those folders that may name a float type, and why.
const FLOAT_FILES: &[(&str, &str)] = &[
    ("crates/advisor/src/statistics.rs", "distributions and least squares"),
    ("crates/advisor/src/normal.rs", "probabilities"),
    ("crates/advisor/src/bootstrap.rs", "sums under random weights, and their spread"),
    ("crates/advisor/src/unit_cost.rs", "an estimated mean"),
    ("crates/advisor/src/gap.rs", "an estimated difference"),
    ("crates/advisor/src/margin_range.rs", "how far a margin may be off"),
    ("crates/advisor/src/line.rs", "an estimated line"),
    ("crates/advisor/src/drift/mod.rs", "logarithms of rates, and probabilities"),
    ("crates/advisor/src/drift/watch.rs", "logarithms of rates, and their scatter"),
    ("crates/advisor/src/drift/pelt.rs", "logarithms of rates, and their scatter"),
    ("crates/advisor/src/elasticity/mod.rs", "distributions of an elasticity"),
    ("crates/advisor/src/elasticity/chance.rs", "probabilities of claims"),
    ("crates/advisor/src/advice/subject.rs", "what a unit costs, from customers"),
    ("crates/advisor/src/advice/sureness.rs", "a probability on its way into basis points"),
    ("crates/advisor/src/advice/gather/of_type.rs", "moments of a fitted line"),
    ("crates/advisor/src/advice/kinds/drift.rs", "rates and shares"),
    ("crates/advisor/src/advice/kinds/minimum.rs", "a fitted line"),
    ("crates/advisor/src/advice/kinds/mix.rs", "effects on a mean"),
    ("crates/advisor/src/advice/kinds/split.rs", "gaps and subsidies"),
    ("crates/advisor/src/impact/log_series.rs", "logarithms of counts"),
    ("crates/advisor/src/impact/differences.rs", "estimates of an effect"),
    ("crates/advisor/src/impact/trend.rs", "estimates of an effect"),
    ("crates/advisor/src/impact/estimate.rs", "turns an estimate into ranges of integers"),
];

/// A file says at its top what it is for.
pub(super) fn module_docs(repository: &Repository) -> Vec<Finding> {
    let undocumented = repository.ending_in(".rs").filter(|file| {
        let first = file.text.lines().find(|line| !line.trim().is_empty());
        !first.is_some_and(|line| line.starts_with("//!") && line.len() > "//! ".len())
    });
    undocumented
        .map(|file| {
            Finding::at_line(
                &file.path,
                1,
                "begin with a `//!` doc: purpose, invariants, what it does not own",
            )
        })
        .collect()
}

/// A file can be read in one sitting.
pub(super) fn file_length(repository: &Repository) -> Vec<Finding> {
    let source = |file: &&TextFile| {
        [".rs", ".py", ".ts", ".js", ".sh"].iter().any(|extension| file.path.ends_with(extension))
    };
    let mut findings = Vec::new();
    for file in repository.files.iter().filter(source) {
        let exception = LONGER_FILES.iter().find(|(path, _, _)| *path == file.path);
        let lines_max = exception.map_or(FILE_LINES_MAX, |(_, lines, _)| *lines);
        let lines = file.text.lines().count();
        if lines > lines_max {
            findings.push(Finding::in_file(
                &file.path,
                format!("{lines} lines, at most {lines_max}: split it by idea"),
            ));
        }
    }
    findings
}

/// A test is named after what must hold, not after being a test.
pub(super) fn test_names(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in repository.ending_in(".rs") {
        let mut is_test = false;
        for (number, line) in file.code_lines() {
            let line = line.trim_start();
            if line.starts_with("#[") {
                is_test |= line.contains("test]") || line.contains("test(");
                continue;
            }
            let named_test = line.starts_with("fn test_") || line.starts_with("async fn test_");
            if std::mem::take(&mut is_test) && named_test {
                findings.push(Finding::at_line(
                    &file.path,
                    number,
                    "name the behaviour, without the `test_` prefix",
                ));
            }
        }
    }
    findings
}

/// Amounts are integers of a named unit: the crates that handle them do not name a float type outside their tests.
pub(super) fn no_floats(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in repository.ending_in(".rs") {
        let exact = EXACT_FOLDERS.iter().any(|folder| file.path.starts_with(folder));
        let excepted = FLOAT_FILES.iter().any(|(path, _)| *path == file.path);
        if !exact || excepted {
            continue;
        }
        let first_test_line = file.first_test_line();
        for (number, line) in file.code_lines().take_while(|(number, _)| *number < first_test_line) {
            let mut words = line.split(|c: char| !c.is_alphanumeric());
            if words.any(|word| word == "f32" || word == "f64") {
                findings.push(Finding::at_line(&file.path, number, "no float where amounts are handled"));
            }
        }
    }
    findings
}

/// A crate that forgets to inherit the lints has none.
pub(super) fn lints_are_inherited(repository: &Repository) -> Vec<Finding> {
    let manifests = repository.packages.iter().filter_map(|package| repository.file(&package.manifest));
    manifests
        .filter(|manifest| !manifest.text.contains("[lints]\nworkspace = true"))
        .map(|manifest| Finding::in_file(&manifest.path, "add `[lints]` with `workspace = true`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Check;
    use super::*;
    use crate::tidy::repository::Package;

    fn lines_found(check: Check, path: &str, text: &str) -> Vec<Option<usize>> {
        let files = vec![TextFile::new(path, text)];
        check(&Repository { files, ..Repository::default() })
            .into_iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn file_without_a_module_doc_is_refused() {
        assert!(lines_found(module_docs, "crates/a/src/b.rs", "//! What b is for.\nfn f() {}\n").is_empty());
        assert!(lines_found(module_docs, "crates/a/src/b.rs", "\n//! What b is for.\n").is_empty());
        for text in ["fn f() {}\n", "//!\nfn f() {}\n", "// What b is for.\n", ""] {
            assert_eq!(lines_found(module_docs, "crates/a/src/b.rs", text), [Some(1)], "{text:?}");
        }
    }

    #[test]
    fn file_of_the_longest_length_passes_and_one_line_more_is_refused() {
        assert!(lines_found(file_length, "a.rs", &"x\n".repeat(FILE_LINES_MAX)).is_empty());
        assert_eq!(lines_found(file_length, "a.rs", &"x\n".repeat(FILE_LINES_MAX + 1)), [None]);
        assert!(lines_found(file_length, "a.csv", &"x\n".repeat(FILE_LINES_MAX + 1)).is_empty());
    }

    #[test]
    fn name_that_begins_with_test_is_refused() {
        let text = "#[test]\n  fn test_a() {}\n#[tokio::test]\n#[ignore]\nasync fn test_b() {}\n#[test]\nfn c() {}\nfn test_d() {}\n";
        assert_eq!(lines_found(test_names, "a.rs", text), [Some(2), Some(5)]);
    }

    #[test]
    fn float_is_refused_in_code_that_handles_amounts_and_nowhere_else() {
        let text = "// not an f64\nlet a: f64;\nlet b = 1_f32 as i64;\nlet f64ish = 0;\n#[cfg(test)]\nmod tests {\nlet c: f64;\n}\n";
        assert_eq!(lines_found(no_floats, "crates/ledger/src/a.rs", text), [Some(2), Some(3)]);
        assert_eq!(lines_found(no_floats, "crates/engine/src/a/b.rs", text), [Some(2), Some(3)]);
        assert!(lines_found(no_floats, "crates/bench/src/a.rs", text).is_empty());
        for (path, _) in FLOAT_FILES {
            assert!(lines_found(no_floats, path, text).is_empty(), "{path}");
        }
    }

    #[test]
    fn crate_without_the_lints_is_refused() {
        let with_manifest = |text: &str| {
            let package =
                Package { name: "a".into(), manifest: "a/Cargo.toml".into(), dependencies: Vec::new() };
            let files = vec![TextFile::new("a/Cargo.toml", text)];
            lints_are_inherited(&Repository { files, packages: vec![package], ..Repository::default() }).len()
        };
        assert_eq!(with_manifest("[package]\n\n[lints]\nworkspace = true\n"), 0);
        assert_eq!(with_manifest("[package]\n"), 1);
    }
}
