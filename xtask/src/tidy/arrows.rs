//! Which crate may depend on which: the table of ARCHITECTURE.md, enforced.
//!
//! A crate exists where an import should be impossible, so an arrow that is not drawn here is refused, and so is a
//! member that has no row. Tests may use `testkit`, `market`, `fake-stripe` and `stripe`, which speaks to it, from
//! everywhere; all their other arrows are those of the code.

use super::Finding;
use super::repository::Repository;

/// What tests of every crate may depend on.
const FOR_TESTS: &[&str] = &["chargly-testkit", "chargly-market", "chargly-fake-stripe", "chargly-stripe"];

/// What a crate may depend on, of ours.
enum Arrows {
    Everything,
    These(&'static [&'static str]),
}

use Arrows::{Everything, These};

const ALLOWED: &[(&str, Arrows)] = &[
    ("chargly-server", Everything),
    (
        "chargly-http",
        These(&[
            "chargly-engine",
            "chargly-views",
            "chargly-api",
            "chargly-ratecards",
            "chargly-advisor",
            "chargly-webhooks",
            "chargly-openapi",
        ]),
    ),
    ("chargly-openapi", These(&["chargly-api", "chargly-ledger"])),
    ("chargly-mcp", These(&["chargly-engine", "chargly-http", "chargly-ops", "chargly-api"])),
    ("chargly-dashboard", These(&["chargly-engine", "chargly-http", "chargly-ops", "chargly-api"])),
    ("chargly-stripe", These(&["chargly-engine"])),
    ("chargly-fake-stripe", These(&[])),
    ("chargly-webhooks", These(&["chargly-engine", "chargly-api", "chargly-ops"])),
    ("chargly-ops", These(&[])),
    (
        "chargly-engine",
        These(&[
            "chargly-ledger",
            "chargly-journal",
            "chargly-index",
            "chargly-views",
            "chargly-advisor",
            "chargly-simulator",
            "chargly-ops",
        ]),
    ),
    ("chargly-index", These(&["chargly-ledger", "chargly-journal"])),
    ("chargly-views", These(&["chargly-ledger", "chargly-journal"])),
    ("chargly-advisor", These(&["chargly-ledger"])),
    ("chargly-simulator", These(&["chargly-ledger"])),
    ("chargly-market", These(&["chargly-ledger"])),
    ("chargly-ratecards", These(&["chargly-ledger"])),
    ("chargly-ledger", These(&[])),
    ("chargly-journal", These(&[])),
    ("chargly-api", These(&[])),
    ("chargly-traffic", These(&[])),
    ("chargly-bench", These(&[])),
    ("chargly-testkit", Everything),
    ("chargly-simulation", Everything),
    ("xtask", These(&[])),
];

/// Refuses arrows that the table does not draw.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let ours: Vec<&str> = repository.packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in &repository.packages {
        let Some((_, arrows)) = ALLOWED.iter().find(|(name, _)| *name == package.name) else {
            let message =
                format!("{} has no row in the table of arrows (xtask/src/tidy/arrows.rs)", package.name);
            findings.push(Finding::in_file(&package.manifest, message));
            continue;
        };
        for dependency in
            package.dependencies.iter().filter(|dependency| ours.contains(&dependency.name.as_str()))
        {
            let for_tests = dependency.for_tests_only && FOR_TESTS.contains(&dependency.name.as_str());
            if !for_tests && !arrows.allow(&dependency.name) {
                let message = format!("{} may not depend on {}", package.name, dependency.name);
                findings.push(Finding::in_file(&package.manifest, message));
            }
        }
    }
    findings
}

impl Arrows {
    fn allow(&self, name: &str) -> bool {
        match self {
            Everything => true,
            These(names) => names.contains(&name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::repository::{Dependency, Package};

    /// A workspace of all crates without arrows, but for the one given.
    fn refused(from: &str, to: &str, for_tests_only: bool) -> bool {
        let packages = ALLOWED.iter().map(|(name, _)| *name).chain(["chargly-new"]);
        let packages = packages.filter(|name| *name != "chargly-new" || from == *name).map(|name| Package {
            name: name.to_owned(),
            manifest: format!("{name}/Cargo.toml"),
            dependencies: match name == from {
                true => vec![Dependency { name: to.to_owned(), for_tests_only }],
                false => Vec::new(),
            },
        });
        !check(&Repository { packages: packages.collect(), ..Repository::default() }).is_empty()
    }

    #[test]
    fn arrow_is_refused_unless_the_table_draws_it() {
        let rows = [
            ("chargly-engine", "chargly-ledger", false),
            ("chargly-engine", "chargly-advisor", false),
            ("chargly-advisor", "chargly-ledger", false),
            ("chargly-advisor", "chargly-views", true),
            ("chargly-ledger", "chargly-engine", true),
            ("chargly-ledger", "chargly-journal", true),
            ("chargly-http", "chargly-ledger", true),
            ("chargly-http", "chargly-api", false),
            ("chargly-bench", "chargly-engine", true),
            ("chargly-server", "chargly-bench", false),
            ("chargly-simulation", "chargly-testkit", false),
            ("chargly-engine", "chargly-testkit", true),
            ("chargly-ledger", "serde", false),
        ];
        for (from, to, expected) in rows {
            assert_eq!(refused(from, to, false), expected, "{from} → {to}");
        }
    }

    #[test]
    fn tests_may_use_what_is_made_for_them_and_follow_the_arrows_otherwise() {
        assert!(!refused("chargly-ledger", "chargly-testkit", true));
        assert!(!refused("chargly-advisor", "chargly-market", true));
        assert!(refused("chargly-advisor", "chargly-market", false));
        assert!(!refused("chargly-stripe", "chargly-fake-stripe", true));
        assert!(refused("chargly-stripe", "chargly-fake-stripe", false));
        assert!(!refused("chargly-http", "chargly-stripe", true));
        assert!(refused("chargly-http", "chargly-stripe", false));
        assert!(refused("chargly-ledger", "chargly-journal", true));
    }

    #[test]
    fn crate_without_a_row_is_refused() {
        assert!(refused("chargly-new", "serde", false));
    }
}
