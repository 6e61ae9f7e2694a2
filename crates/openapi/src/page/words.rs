//! Small things that the whole page shares: sentences with code in them, samples of code, names of methods.

use maud::{Markup, html};

/// A sentence: what stands between backquotes is code, between asterisks it is stressed.
pub(super) fn line(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (breakable(part)) } } @else { (stressed(part)) }
        }
    }
}

fn stressed(text: &str) -> Markup {
    let strong: Vec<&str> = text.split("**").collect();
    html! {
        @for (index, part) in strong.iter().enumerate() {
            @if index % 2 == 1 { strong { (part) } }
            @else {
                @for (index, part) in part.split('*').enumerate() {
                    @if index % 2 == 1 { em { (part) } } @else { (part) }
                }
            }
        }
    }
}

/// Paragraphs and lists.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for block in text.split("\n\n") {
            @if block.starts_with("- ") {
                ul { @for item in block.split("\n- ") { li { (line(item.trim_start_matches("- "))) } } }
            } @else {
                p { (line(block)) }
            }
        }
    }
}

/// A sample to be copied.
pub(super) fn code(title: &str, text: &str) -> Markup {
    html! { figure { figcaption { (title) } pre tabindex="0" { code { (text.trim_end()) } } } }
}

/// What a terminal is given to make a call, without its body.
pub(super) fn curl(method: &str, path: &str, has_key: bool) -> String {
    let method = match method {
        "GET" | "POST" => String::new(),
        other => format!("-X {other} "),
    };
    let quoted = if path.contains(['?', '&', '{']) { "\"" } else { "" };
    let key = if has_key { " \\\n  -H \"Authorization: Bearer $CHARGLY_API_KEY\"" } else { "" };
    format!("curl {method}{quoted}http://127.0.0.1:8080{path}{quoted}{key}")
}

/// A method, as a word that can be told from the others at a glance and without colour.
pub(super) fn method(method: &str) -> Markup {
    html! { span class={ "method " (method.to_ascii_lowercase()) } { (method) } }
}

/// A link to where it stands.
pub(super) fn permalink(anchor: &str) -> Markup {
    html! { a.permalink href={ "#" (anchor) } aria-label="Link to this" { "#" } }
}

/// A path or a name that may be broken behind what joins it.
pub(super) fn breakable(text: &str) -> Markup {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['/', '_', '.']).filter(|at| at + 1 < rest.len()) {
        let (part, tail) = rest.split_at(at + 1);
        parts.push(part);
        rest = tail;
    }
    parts.push(rest);
    html! { @for (index, part) in parts.iter().enumerate() { @if index > 0 { wbr; } (part) } }
}
