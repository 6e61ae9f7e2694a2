//! The Monday brief, with which the overview opens: nine questions about the last whole week, in the API's own sentences.

use maud::{Markup, html};

use crate::json::Json;
use crate::look::{Unit, say, tag};
use crate::visit::Visit;

/// The panel.
pub(super) fn panel(visit: &Visit, brief: &Json) -> Markup {
    let (currency, zone) = Visit::terms(brief);
    let day = |field: &str, less_ms: i64| {
        let at: Option<jiff::Timestamp> = brief.get(field).text().parse().ok();
        let at = at.and_then(|at| jiff::Timestamp::from_millisecond(at.as_millisecond() - less_ms).ok());
        at.map_or_else(String::new, |at| say::at(&at.to_string(), &zone, "%-d %b"))
    };
    html! {
        section.chart.brief {
            h2 { "The week from " (day("from", 0)) " to " (day("to", 1)) ", in nine answers" }
            ol {
                @for one in brief.get("questions").list() {
                    li {
                        h3 { a href=(link(visit, one.get("link").text())) { (one.get("question").text()) } }
                        p title=[exactly(one, Unit::Money(currency))] { (one.get("sentence").text()) }
                        @if let Some((kind, words)) = quality(one.get("quality").text()) { (tag(kind, words)) " " }
                        @if !one.get("action").text().is_empty() { p.todo { (one.get("action").text()) } }
                    }
                }
            }
        }
    }
}

/// The figure behind an answer with every digit, and what it was a week before.
fn exactly(one: &Json, money: Unit) -> Option<String> {
    let unit = match one.get("unit").text() {
        "money" => money,
        "share" => Unit::Share,
        _ => Unit::Count,
    };
    let now = unit.exact(one.get("figure").amount()?);
    Some(match one.get("before").amount() {
        Some(before) => format!("{now}; the week before {}", unit.exact(before)),
        None => now,
    })
}

/// A link of the API begins at the root; those of a page are relative.
fn link(visit: &Visit, link: &str) -> String {
    format!("{}{}", visit.root, link.trim_start_matches('/'))
}

/// What is said of how far to rely on an answer; nothing where it is complete.
fn quality(quality: &str) -> Option<(&'static str, &'static str)> {
    match quality {
        "costs_missing" => Some(("bad", "some costs missing")),
        "too_early" => Some(("sure", "too early")),
        "not_enough_data" => Some(("sure", "not enough data")),
        _ => None,
    }
}
