//! A link in the documentation leads to something that is committed.
//!
//! Looked at are inline links to files of this repository; addresses elsewhere and anchors are not followed.

use super::Finding;
use super::repository::Repository;

/// Refuses links of Markdown files to paths that do not exist.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in repository.ending_in(".md") {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut in_code = false;
        for (number, line) in file.lines() {
            in_code ^= line.trim_start().starts_with("```");
            if in_code {
                continue;
            }
            for target in targets(line) {
                if !leads_somewhere(repository, folder, target) {
                    findings.push(Finding::at_line(
                        &file.path,
                        number,
                        format!("the link to {target} leads nowhere"),
                    ));
                }
            }
        }
    }
    findings
}

/// What stands in `](…)`, without anchor and title.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split([')', ' ', '#']).next().unwrap_or_default();
        let elsewhere = target.is_empty() || target.contains(':') || target.starts_with('/');
        (!elsewhere).then_some(target)
    })
}

fn leads_somewhere(repository: &Repository, folder: &str, target: &str) -> bool {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => return false,
            ".." => {}
            name => parts.push(name),
        }
    }
    let path = parts.join("/");
    let as_folder = format!("{path}/");
    path.is_empty() || repository.paths.iter().any(|known| *known == path || known.starts_with(&as_folder))
}

#[cfg(test)]
mod tests {
    use super::super::repository::TextFile;
    use super::*;

    fn dead_links(text: &str) -> usize {
        let files = vec![TextFile::new("docs/guides/a.md", text)];
        let paths = ["docs/guides/a.md", "docs/guides/b.md", "docs/shot.png", "README.md"];
        check(&Repository { files, paths: paths.map(str::to_owned).to_vec(), ..Repository::default() }).len()
    }

    #[test]
    fn link_that_leads_nowhere_is_refused() {
        assert_eq!(dead_links("see [b](c.md), [r](../README.md), [x](../../../README.md)"), 3);
    }

    #[test]
    fn files_folders_anchors_and_addresses_are_reached() {
        assert_eq!(
            dead_links("[b](b.md#part) ![s](../shot.png) [r](../../README.md) [docs](..) [root](../..)"),
            0
        );
        assert_eq!(dead_links("[a](#here) [b](https://example.com/x) [c](mailto:a@example.com)"), 0);
        assert_eq!(dead_links("```\n[b](c.md)\n```"), 0);
    }
}
