//! What the rules look at: the files that are, or are about to be, committed, and the crates cargo knows.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The tree as the rules see it. Tests build one in memory.
#[derive(Default)]
pub(crate) struct Repository {
    /// Every path, from the root, `/` as the separator.
    pub(crate) paths: Vec<String>,
    pub(crate) files: Vec<TextFile>,
    pub(crate) packages: Vec<Package>,
}

/// A file that is UTF-8 text.
pub(crate) struct TextFile {
    /// From the root, `/` as the separator.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A member of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    /// Path of its `Cargo.toml` from the root.
    pub(crate) manifest: String,
    pub(crate) dependencies: Vec<Dependency>,
}

pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) for_tests_only: bool,
}

impl Repository {
    /// Reads the tree at `root`.
    ///
    /// # Errors
    /// When git or cargo fails, or a listed file cannot be read.
    pub(crate) fn read(root: &Path) -> Result<Repository> {
        let paths = tracked_paths(root)?;
        let mut files = Vec::new();
        for path in &paths {
            let bytes = fs::read(root.join(path)).with_context(|| format!("reading {path}"))?;
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(TextFile { path: path.clone(), text });
            }
        }
        let metadata = output_of(root, "cargo", &["metadata", "--format-version", "1", "--no-deps"])?;
        let packages = packages(root, &serde_json::from_str(&metadata)?)?;
        Ok(Repository { paths, files, packages })
    }

    /// Files whose name ends in `suffix`.
    pub(crate) fn ending_in<'a>(&'a self, suffix: &'a str) -> impl Iterator<Item = &'a TextFile> {
        self.files.iter().filter(move |file| file.path.ends_with(suffix))
    }

    pub(crate) fn file(&self, path: &str) -> Option<&TextFile> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl TextFile {
    #[cfg(test)]
    pub(crate) fn new(path: &str, text: &str) -> TextFile {
        TextFile { path: path.to_owned(), text: text.to_owned() }
    }

    /// Lines with their number from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Rust lines with their number from 1, without what follows `//`: near enough for a search of words, blind to a
    /// word that stands after an address in a string.
    pub(crate) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().map(|(number, line)| (number, line.split_once("//").map_or(line, |(code, _)| code)))
    }

    /// True for a file that only tests are made of.
    pub(crate) fn is_test_file(&self) -> bool {
        self.path.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "testkit"))
    }

    /// The line on which the inline test module begins, which closes a file by habit; past the end where there is none.
    pub(crate) fn first_test_line(&self) -> usize {
        if self.is_test_file() {
            return 1;
        }
        let mut after_cfg = None;
        for (number, line) in self.lines() {
            let line = line.trim();
            if line == "#[cfg(test)]" {
                after_cfg = Some(number);
            } else if !line.starts_with('#') {
                match after_cfg.take() {
                    Some(first) if line.starts_with("mod ") && line.ends_with('{') => return first,
                    _ => {}
                }
            }
        }
        usize::MAX
    }
}

/// Paths that are committed or would be by `git add --all`, from the root, without those deleted in the work tree.
///
/// # Errors
/// When git fails.
pub(crate) fn tracked_paths(root: &Path) -> Result<Vec<String>> {
    let listed = output_of(root, "git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let mut paths: Vec<String> = listed
        .split('\0')
        .filter(|path| !path.is_empty() && root.join(path).is_file())
        .map(str::to_owned)
        .collect();
    paths.sort_unstable();
    paths.dedup();
    Ok(paths)
}

fn packages(root: &Path, metadata: &Value) -> Result<Vec<Package>> {
    let packages = metadata["packages"].as_array().context("cargo metadata lists packages")?;
    packages
        .iter()
        .map(|package| {
            let manifest = Path::new(text(&package["manifest_path"])?);
            let manifest = manifest.strip_prefix(root).context("a member lies in the workspace")?;
            let dependencies = package["dependencies"].as_array().context("a package lists dependencies")?;
            let dependencies = dependencies.iter().map(|dependency| {
                Ok(Dependency {
                    name: text(&dependency["name"])?.to_owned(),
                    for_tests_only: dependency["kind"] == "dev",
                })
            });
            Ok(Package {
                name: text(&package["name"])?.to_owned(),
                manifest: manifest.to_string_lossy().into_owned(),
                dependencies: dependencies.collect::<Result<_>>()?,
            })
        })
        .collect()
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("cargo metadata says {value} where a text belongs"))
}

fn output_of(root: &Path, program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .current_dir(root)
        .args(arguments)
        .output()
        .with_context(|| format!("starting {program}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {} failed: {said}", arguments.join(" "));
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_test_module_is_found_and_a_test_only_item_is_not_one() {
        let file = TextFile::new(
            "a.rs",
            "fn f() {}\n#[cfg(test)]\nfn only_in_tests() {}\n#[cfg(test)]\n#[x]\nmod tests {\n}\n",
        );
        assert_eq!(file.first_test_line(), 4);
    }

    #[test]
    fn module_of_tests_in_another_file_does_not_end_the_code() {
        assert_eq!(
            TextFile::new("a.rs", "#[cfg(test)]\nmod tests;\nfn f() {}\n").first_test_line(),
            usize::MAX
        );
        assert_eq!(TextFile::new("src/a/tests.rs", "fn f() {}\n").first_test_line(), 1);
        assert_eq!(TextFile::new("tests/it/main.rs", "fn f() {}\n").first_test_line(), 1);
    }

    #[test]
    fn comments_are_not_code() {
        let file = TextFile::new("a.rs", "let x = 1; // f64\n//! f32\n");
        assert_eq!(file.code_lines().collect::<Vec<_>>(), [(1, "let x = 1; "), (2, "")]);
    }

    #[test]
    fn development_dependencies_are_told_apart() {
        let metadata = serde_json::json!({"packages": [{
            "name": "chargly-ledger",
            "manifest_path": "/here/crates/ledger/Cargo.toml",
            "dependencies": [{"name": "blake3", "kind": null}, {"name": "chargly-testkit", "kind": "dev"}],
        }]});
        let packages = packages(Path::new("/here"), &metadata).expect("metadata is read");
        assert_eq!(packages[0].manifest, "crates/ledger/Cargo.toml");
        let flags: Vec<_> = packages[0].dependencies.iter().map(|found| found.for_tests_only).collect();
        assert_eq!(flags, [false, true]);
    }
}
