//! What the project is set to: figures and advice, keys, packs, payments, webhooks, people.

pub(crate) mod keys;
pub(crate) mod packs;
pub(crate) mod payments;
pub(crate) mod people;
pub(crate) mod project;
pub(crate) mod webhooks;
pub(crate) mod you;

use maud::{Markup, html};

use crate::visit::Visit;

/// The pages of settings: path and name.
const TABS: [(&str, &str); 7] = [
    ("settings", "Project"),
    ("settings/keys", "Keys"),
    ("settings/packs", "Packs"),
    ("settings/payments", "Payments"),
    ("settings/webhooks", "Webhooks"),
    ("settings/people", "People"),
    ("settings/you", "You"),
];

/// The way between them.
fn tabs(visit: &Visit, current: &str) -> Markup {
    html! {
        nav.tabs aria-label="Settings" {
            @for (path, name) in TABS { a href=(visit.link(path)) aria-current=[(path == current).then_some("page")] { (name) } }
        }
    }
}
