//! What the HTTP API promises: every operation with what it takes, answers and can fail with.
//!
//! The descriptions are data, one file for each group of routes (`groups/`), written with a small vocabulary
//! (`schema.rs`, `kinds.rs`, `operation.rs`). Two things are made of them: the OpenAPI document ([`document`]) and a page
//! for people ([`page`]).
//!
//! Invariants: bounds come from the constants that the code enforces, never from a copy; a request's schema refuses
//! unknown fields, as the server does; the committed `openapi/openapi.json` is the document (a test says so, and how to
//! write it again). That descriptions and routes are the same set, and that answers are as described, is tested where
//! the routes are (`crates/http/tests/it/openapi.rs`).
//!
//! Not owned here: what the API does.

mod document;
mod groups;
mod json;
mod kinds;
mod operation;
pub mod page;
mod problems;
mod schema;
mod vocabulary;

use std::sync::LazyLock;

pub use json::Json;
pub use operation::{Access, Answer, Content, Errors, Group, Operation, Parameter, Place};
pub use schema::{Field, Schema};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| format!("{}\n", document::document()));

/// The OpenAPI document as JSON.
pub fn document() -> &'static str {
    &DOCUMENT
}

/// All operations, group by group.
pub fn groups() -> Vec<Group> {
    groups::all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_document_is_the_one_that_is_served() {
        let committed = include_str!("../../../openapi/openapi.json");
        assert!(
            committed == document(),
            "openapi/openapi.json is not what the descriptions say: cargo run -p chargly-openapi --example reference"
        );
    }

    #[test]
    fn every_operation_is_described_whole_and_has_a_name_of_its_own() {
        let mut names = Vec::new();
        for operation in groups().iter().flat_map(|group| &group.operations) {
            let route = operation.route();
            assert!(!operation.summary.is_empty() && !operation.summary.ends_with('.'), "{route}");
            assert!(operation.about.is_empty() || operation.about.ends_with('.'), "{route}");
            assert!(!operation.answers.is_empty(), "{route} has no answer");
            for content in operation.answers.iter().flat_map(|answer| &answer.contents) {
                let is_json = content.media_type == "application/json" && operation.id != "openapi";
                assert!(!is_json || content.example.is_some(), "{route} has no example");
            }
            for name in operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            {
                let is_said = |known: &&Parameter| known.place == Place::Path && known.name == name;
                assert!(
                    operation.parameters.iter().any(|known| is_said(&known)),
                    "{route} does not say {name}"
                );
            }
            assert!(!names.contains(&operation.id), "{} twice", operation.id);
            names.push(operation.id);
        }
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        let groups = groups();
        let known: Vec<&str> = document::schemas(&groups).iter().map(|(name, _)| *name).collect();
        for part in document().split("\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap_or_default();
            assert!(known.contains(&name), "{name}");
        }
        let mut once = known.clone();
        once.dedup();
        assert_eq!(once, known, "a name twice");
    }
}
