//! The API reference as a page: all of it in one document, so that a browser finds any word in it, prints it, and needs
//! neither a network nor a script.
//!
//! Invariants: nothing stands on it that the document does not say; it refers to one stylesheet and to no other host; the
//! anchor of an operation is its name, that of an error its code.

mod errors;
mod fields;
mod operation;
mod words;

use maud::{DOCTYPE, Markup, html};

use crate::document::{INTRODUCTION, schemas};
use crate::groups;
use crate::operation::{Access, Group};
use crate::schema::Schema;
use fields::fields;
use words::prose;

/// How it looks.
pub const STYLESHEET: &str = include_str!("../assets/reference.css");

/// The page; `stylesheet` is where its stylesheet is, as seen from it.
pub fn page(stylesheet: &str) -> Markup {
    let groups = groups::all();
    let named = schemas(&groups);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Chargly API" }
                link rel="stylesheet" href=(stylesheet);
            }
            body {
                a.skip href="#introduction" { "To the content" }
                (navigation(&groups))
                main {
                    (introduction())
                    @for group in &groups { (of_group(group, &named)) }
                    (objects(&named))
                    (errors::section())
                }
            }
        }
    }
}

/// What stands above a group's operations, as an anchor.
fn anchor(group: &Group) -> String {
    let letters =
        group.name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    format!("group-{}", letters.collect::<String>())
}

fn navigation(groups: &[Group]) -> Markup {
    html! {
        nav aria-label="Contents" {
            p.brand { a href="#introduction" { "Chargly" span { "API " (env!("CARGO_PKG_VERSION")) } } }
            details.contents open {
                summary { "Contents" }
                ul {
                    li { a href="#introduction" { "Introduction" } }
                }
                @for group in groups {
                    details {
                        summary { (group.name) }
                        ul {
                            @for operation in &group.operations {
                                li { a href={ "#" (operation.id) } { (operation.summary) (words::method(operation.method)) } }
                            }
                        }
                    }
                }
                ul {
                    li { a href="#objects" { "Objects" } }
                    li { a href="#errors" { "Errors" } }
                }
            }
        }
    }
}

fn introduction() -> Markup {
    html! {
        section #introduction.introduction {
            div.told {
                h1 { "API reference" }
                (prose(INTRODUCTION))
                p { "The same for programs: " a href="openapi.json" { "openapi.json" } " (OpenAPI 3.1)." }
            }
            div.shown {
                (words::code("First call", &format!("{}\n  -d '{{\"event\":\"image.generate\",\"customer\":\"user_42\",\"idempotency_key\":\"req-8842\"}}'", words::curl("POST", "/v1/events", true))))
                (words::code("An error", &crate::problems::example(chargly_api::ErrorCode::InsufficientCredits).to_string()))
            }
        }
    }
}

fn of_group(group: &Group, named: &[(&'static str, Schema)]) -> Markup {
    html! {
        section.group id=(anchor(group)) {
            header {
                div.told { h2 { (group.name) } (prose(group.about)) }
                div.shown {
                    table.routes {
                        caption { "Routes" }
                        @for operation in &group.operations {
                            tr {
                                td { (words::method(operation.method)) }
                                td { a href={ "#" (operation.id) } { code { (words::breakable(operation.path)) } } }
                            }
                        }
                    }
                }
            }
            @for operation in &group.operations { (operation::section(operation, named)) }
        }
    }
}

fn objects(named: &[(&'static str, Schema)]) -> Markup {
    html! {
        section #objects.group {
            header { div.told { h2 { "Objects" } p { "What several requests or answers have in common." } } }
            @for (name, schema) in named {
                article.object id={ "object-" (name) } {
                    h3 { (name) (words::permalink(&format!("object-{name}"))) }
                    @if let Some(about) = schema.0.text_of("description") { (prose(about)) }
                    (fields(&schema.0))
                }
            }
        }
    }
}

/// Who may call, in words.
fn access(access: Access) -> Markup {
    html! {
        @match access {
            Access::Key(scope) => { span.scope { "Scope " code { (scope.as_str()) } } },
            Access::Everybody => span.scope { "No key" },
            Access::Proof => span.scope { "A proof of its own, no key" },
        }
    }
}
