//! A schema as a list of fields that a person reads: name, kind, whether it has to be there, what it means.

use maud::{Markup, html};

use super::words::{breakable, line};
use crate::json::Json;
use crate::schema::Schema;

/// An object with more fields than this stands in a place of its own alone.
const FIELDS_IN_PLACE_MAX: usize = 14;

/// What a body or an answer holds: a schema that has a name is shown in place, unless it is long.
pub(super) fn whole(schema: &Json, named: &[(&'static str, Schema)]) -> Markup {
    let Some(name) = reference(schema) else { return fields(schema) };
    let found = named.iter().find(|(known, _)| *known == name).map(|(_, schema)| &schema.0);
    let size =
        found.and_then(|found| found.get("properties")).map_or(0, |properties| properties.fields().len());
    match found.filter(|_| (1..=FIELDS_IN_PLACE_MAX).contains(&size)) {
        Some(found) => html! {
            p.see { a href={ "#object-" (name) } { (name) } ":" }
            (fields(found))
        },
        None => fields(schema),
    }
}

/// The fields of an object; the choices where it is one of several; else what kind of value it is.
pub(super) fn fields(schema: &Json) -> Markup {
    if let Some(name) = reference(schema) {
        return html! { p.see { "An " a href={ "#object-" (name) } { (name) } " object." } };
    }
    let choices = choices(schema);
    if choices.len() > 1 {
        return html! {
            p.either { "One of these:" }
            @for choice in choices { div.choice { (fields(choice)) } }
        };
    }
    let schema = choices.first().copied().unwrap_or(schema);
    let Some(properties) = schema.get("properties").filter(|found| !found.fields().is_empty()) else {
        return html! {
            @if is_kind(schema, "array") && is_deep(schema) { p.see { (kind(schema)) ", each:" } (inside(schema)) }
            @else if is_kind(schema, "object") { p.see { "No fields." } }
            @else { p.see { (kind(schema)) (bounds(schema)) } }
        };
    };
    let required: Vec<&str> =
        schema.get("required").map(Json::items).unwrap_or_default().iter().filter_map(Json::text).collect();
    let is_request = schema.get("additionalProperties") == Some(&Json::Boolean(false));
    html! {
        dl.fields {
            @for (name, field) in properties.fields() {
                div {
                    dt {
                        code.name { (breakable(name)) }
                        " " span.kind { (kind_of(field, is_request)) (bounds(field)) }
                        @if is_request && required.contains(&name.as_ref()) { " " span.required { "required" } }
                        @if !is_request && !required.contains(&name.as_ref()) { " " span.optional { "not always there" } }
                    }
                    dd {
                        @if let Some(about) = about(field) { p { (line(about)) } }
                        @if is_deep(field) {
                            details { summary { "Its fields" } (inside(field)) }
                        }
                    }
                }
            }
        }
    }
}

/// The name of the schema that stands in this place.
fn reference(schema: &Json) -> Option<&str> {
    schema.text_of("$ref")?.rsplit('/').next()
}

/// Of what a value can be one, besides null.
fn choices(schema: &Json) -> Vec<&Json> {
    let all = schema.get("anyOf").map(Json::items).unwrap_or_default();
    all.iter().filter(|choice| choice.text_of("type") != Some("null")).collect()
}

fn about(schema: &Json) -> Option<&str> {
    schema.text_of("description")
}

fn is_kind(schema: &Json, wanted: &str) -> bool {
    kinds(schema).contains(&wanted)
}

fn kinds(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::Text(kind)) => vec![kind],
        Some(Json::List(kinds)) => kinds.iter().filter_map(Json::text).collect(),
        _ => Vec::new(),
    }
}

/// Whether there are fields to be shown below it.
fn is_deep(schema: &Json) -> bool {
    let has_fields = schema.get("properties").is_some_and(|found| !found.fields().is_empty());
    has_fields
        || choices(schema).into_iter().any(is_deep)
        || schema.get("items").is_some_and(is_deep)
        || schema.get("additionalProperties").is_some_and(is_deep)
}

fn inside(schema: &Json) -> Markup {
    for part in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(part).filter(|inner| is_deep(inner)) {
            return fields(inner);
        }
    }
    match choices(schema).as_slice() {
        [one] => inside(one),
        _ => fields(schema),
    }
}

/// What kind of value it is: `string or null`, `list of Charged`.
pub(super) fn kind(schema: &Json) -> Markup {
    kind_of(schema, false)
}

/// In a request `null` says no more than leaving a field out, which the introduction says once.
fn kind_of(schema: &Json, is_request: bool) -> Markup {
    if let Some(name) = reference(schema) {
        return html! { a href={ "#object-" (name) } { (name) } };
    }
    let is_nullable = kinds(schema).contains(&"null")
        || schema
            .get("anyOf")
            .map(Json::items)
            .unwrap_or_default()
            .iter()
            .any(|c| c.text_of("type") == Some("null"));
    let choices = choices(schema);
    html! {
        @if !choices.is_empty() {
            @for (index, choice) in distinct(&choices).into_iter().enumerate() {
                @if index > 0 { " or " }
                (kind(choice))
            }
        } @else {
            @for (index, name) in kinds(schema).into_iter().filter(|name| *name != "null").enumerate() {
                @if index > 0 { " or " }
                @match (name, schema.get("items")) {
                    ("array", Some(items)) => { "list of " (kind(items)) },
                    ("string", _) if schema.text_of("format") == Some("date-time") => "time",
                    ("string", _) if schema.text_of("format") == Some("date") => "date",
                    ("integer", _) => "whole number",
                    (name, _) => (name),
                }
            }
        }
        @if is_nullable && !is_request { " or null" }
    }
}

/// Choices that read alike are named once.
fn distinct<'a>(choices: &[&'a Json]) -> Vec<&'a Json> {
    let mut seen: Vec<String> = Vec::new();
    choices
        .iter()
        .copied()
        .filter(|choice| {
            let shown = kind(choice).into_string();
            let is_new = !seen.contains(&shown);
            seen.push(shown);
            is_new
        })
        .collect()
}

/// What it may be, in few words.
pub(super) fn bounds(schema: &Json) -> Markup {
    let number = |keyword| match schema.get(keyword) {
        Some(Json::Number(number)) => Some(grouped(number)),
        _ => None,
    };
    let words: Vec<&Json> = schema
        .get("enum")
        .map(Json::items)
        .unwrap_or_default()
        .iter()
        .filter(|word| **word != Json::Null)
        .collect();
    let mut told = Vec::new();
    match (number("minimum"), number("maximum")) {
        (Some(least), Some(most)) => told.push(format!("{least} to {most}")),
        (Some(least), None) if least != "0" => told.push(format!("at least {least}")),
        (None, Some(most)) if number("exclusiveMinimum").is_some() => {
            told.push(format!("more than 0, at most {most}"));
        }
        _ => {}
    }
    if let Some(most) = number("maxLength") {
        told.push(format!("at most {most} bytes"));
    }
    if let Some(most) = number("maxItems") {
        told.push(format!("at most {most}"));
    }
    html! {
        @for one in &told { ", " (one) }
        @if !words.is_empty() {
            ": "
            @for (index, word) in words.iter().enumerate() {
                @if index > 0 { ", " }
                code { @match word { Json::Text(text) => (text), other => (other.to_string()) } }
            }
        }
    }
}

/// With commas between thousands.
fn grouped(digits: &str) -> String {
    let mut out = String::new();
    for (index, digit) in digits.char_indices() {
        let left = digits.len() - index;
        if index > 0 && left.is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
