//! One operation: on the left what it says, on the right what it looks like.

use maud::{Markup, html};

use super::access;
use super::fields::{bounds, kind, whole};
use super::words::{self, line, prose};
use crate::document::{errors, parameters, said};
use crate::json::Json;
use crate::operation::{Access, Answer, Content, Operation, Parameter, Place};
use crate::schema::Schema;

pub(super) fn section(operation: &Operation, named: &[(&'static str, Schema)]) -> Markup {
    html! {
        article.operation id=(operation.id) {
            header {
                h3 { (operation.summary) (words::permalink(operation.id)) }
                p.route { (words::method(operation.method)) code.path { (words::breakable(operation.path)) } }
                p.marks {
                    (access(operation.access))
                    span { code { (operation.id) } }
                    @if operation.is_keyed { span { "Idempotent by key" } }
                }
            }
            div.told {
                (prose(&said(operation)))
                (given(operation))
                @for body in &operation.bodies { (body_fields(operation, body, named)) }
                @for answer in &operation.answers { (answered(operation, answer, named)) }
                (failures(operation))
            }
            div.shown {
                (words::code("Request", &request(operation)))
                @for answer in &operation.answers {
                    @for content in &answer.contents {
                        @if let Some(example) = &content.example {
                            (words::code(&format!("{} {}", answer.status, content.media_type), &shown(example)))
                        }
                    }
                }
            }
        }
    }
}

fn given(operation: &Operation) -> Markup {
    let parameters = parameters(operation);
    html! {
        @if !parameters.is_empty() {
            h4 { "Parameters" }
            dl.fields {
                @for parameter in parameters {
                    div {
                        dt {
                            code.name { (words::breakable(parameter.name)) }
                            " " span.kind { (kind(&parameter.schema.0)) (bounds(&parameter.schema.0)) ", " (place(parameter)) }
                            @if parameter.is_required { " " span.required { "required" } }
                        }
                        dd { p { (line(parameter.about)) } }
                    }
                }
            }
        }
    }
}

const fn place(parameter: &Parameter) -> &'static str {
    match parameter.place {
        Place::Path => "in the path",
        Place::Query => "in the query",
        Place::Header => "a header",
    }
}

fn body_fields(operation: &Operation, body: &Content, named: &[(&'static str, Schema)]) -> Markup {
    html! {
        h4 {
            "Body " span.kind { (body.media_type) @if operation.is_body_optional { ", may be left out" } }
        }
        @if let Some(about) = body.schema.0.text_of("description") { p { (line(about)) } }
        @else { (whole(&body.schema.0, named)) }
    }
}

fn answered(operation: &Operation, answer: &Answer, named: &[(&'static str, Schema)]) -> Markup {
    let kinds: Vec<&str> = answer.contents.iter().map(|content| content.media_type).collect();
    html! {
        h4 { "Answer " span.kind { (answer.status) " · " (kinds.join(", ")) } }
        @if answer.about != "Done." { p { (line(answer.about)) } }
        @for content in answer.contents.iter().filter(|content| content.media_type == "application/json") {
            @if operation.id != "openapi" { (whole(&content.schema.0, named)) }
        }
        @if operation.has_position {
            p.headers {
                "Header " code { "Chargly-Position" }
                @if operation.is_keyed { ", and " code { "Idempotent-Replayed" } " where it is given again" }
                "."
            }
        }
    }
}

fn failures(operation: &Operation) -> Markup {
    let errors = errors(operation);
    html! {
        @if !errors.is_empty() {
            h4 { "Errors" }
            ul.errors {
                @for (status, codes) in &errors {
                    @for code in codes {
                        li { a href={ "#" (code.as_str()) } { code { (words::breakable(code.as_str())) } } " " span.kind { (status) } }
                    }
                }
            }
        }
    }
}

/// A line for a terminal.
fn request(operation: &Operation) -> String {
    let path = concrete(operation);
    let has_key = matches!(operation.access, Access::Key(_));
    let body = operation.bodies.first();
    let method = if body.is_none() && operation.method == "POST" { "-X POST" } else { operation.method };
    let mut text = words::curl(method.trim_start_matches("-X "), &path, has_key);
    if method == "-X POST" {
        text = text.replacen("curl ", "curl -X POST ", 1);
    }
    if let Some(Content { media_type, example: Some(example), .. }) = body
        && *media_type == "application/json"
    {
        let body = example.to_string().replace('\n', "\n  ");
        text.push_str(&format!(" \\\n  -d '{body}'"));
    }
    text
}

/// The path with a name or an id in each place.
fn concrete(operation: &Operation) -> String {
    let mut path = operation.path.to_owned();
    for parameter in operation.parameters.iter().filter(|parameter| parameter.place == Place::Path) {
        let prefix = parameter
            .schema
            .0
            .text_of("pattern")
            .and_then(|pattern| pattern.strip_prefix('^')?.split_once('['));
        let value = match (parameter.name, prefix) {
            ("customer", _) => "user_42".to_owned(),
            ("name", _) => "image.generate".to_owned(),
            ("code", _) if operation.path.contains("allowances") => "monthly".to_owned(),
            ("code", _) => "starter_500".to_owned(),
            ("environment", _) => "test".to_owned(),
            ("id", Some((prefix, _))) => format!("{prefix}…"),
            _ => "…".to_owned(),
        };
        path = path.replace(&format!("{{{}}}", parameter.name), &value);
    }
    path + operation.query_example
}

fn shown(example: &Json) -> String {
    match example {
        Json::Text(text) => text.to_string(),
        other => other.to_string(),
    }
}
