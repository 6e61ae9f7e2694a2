//! The OpenAPI document: what the groups say, in the form that tools read.

use chargly_api::ErrorCode;
use chargly_ledger::Scope;

use crate::groups;
use crate::json::Json;
use crate::kinds;
use crate::operation::{Access, Answer, Content, Errors, Group, Operation, Parameter, Place};
use crate::problems::{self, reference};
use crate::schema::{Schema, text, words};

/// What is said before all else.
pub(crate) const INTRODUCTION: &str = "\
Chargly prices what customers of an AI product do, takes it from their wallets, and answers when that is durable.

- **Keys.** Send `Authorization: Bearer sk_…` or `x-api-key: sk_…`; the key chooses the environment, and needs the scope \
that stands at the operation.
- **Bodies.** JSON in and out; `null` in a request is as good as leaving a field out; unknown fields are refused by name. \
Times are RFC 3339 in UTC, credits are numbers with at most 6 decimals, money is a decimal string with a currency. Answers \
may get new fields in time.
- **Retries.** The same idempotency key gives the same answer, byte for byte, with the header `Idempotent-Replayed: true`. \
Another request under the same key is a 409 `idempotency_conflict`. A verdict on a wallet is final for its key; all other \
errors leave it free.
- **Reading your writes.** Answers to writes carry `Chargly-Position`; send it as `min_position` to wait for it.
- **Lists** answer `data` and `next_cursor`.
- **Errors** are `application/problem+json` with a stable `code`.";

/// The whole document.
pub(crate) fn document() -> Json {
    let groups = groups::all();
    let info = Json::object([
        ("title", "Chargly".into()),
        ("version", env!("CARGO_PKG_VERSION").into()),
        ("summary", "Metering and prepaid credits for AI products.".into()),
        ("description", INTRODUCTION.into()),
        (
            "license",
            Json::object([("name", "Apache-2.0"), ("identifier", "Apache-2.0")].map(|(n, v)| (n, v.into()))),
        ),
    ]);
    let tags = groups
        .iter()
        .map(|group| Json::object([("name", group.name.into()), ("description", group.about.into())]));
    Json::object([
        ("openapi", "3.1.0".into()),
        ("info", info),
        (
            "servers",
            Json::list([Json::object([("url", ".".into()), ("description", "This server.".into())])]),
        ),
        ("tags", Json::list(tags.collect::<Vec<_>>())),
        ("paths", paths(&groups)),
        ("components", components(&groups)),
    ])
}

/// All schemas that have a name.
pub(crate) fn schemas(groups: &[Group]) -> Vec<(&'static str, Schema)> {
    let mut schemas = problems::schemas();
    schemas.extend(kinds::schemas());
    schemas.extend(groups.iter().flat_map(|group| group.schemas.iter().cloned()));
    schemas.sort_by_key(|(name, _)| *name);
    schemas
}

fn paths(groups: &[Group]) -> Json {
    let mut paths: Vec<(&'static str, Vec<(String, Json)>)> = Vec::new();
    for group in groups {
        for operation in &group.operations {
            let described = (operation.method.to_ascii_lowercase(), describe(operation, group.name));
            match paths.iter_mut().find(|(path, _)| *path == operation.path) {
                Some((_, methods)) => methods.push(described),
                None => paths.push((operation.path, vec![described])),
            }
        }
    }
    Json::object(paths.into_iter().map(|(path, methods)| (path, Json::object(methods))))
}

fn describe(operation: &Operation, tag: &'static str) -> Json {
    let mut described = Json::object([
        ("tags", Json::list([tag])),
        ("operationId", operation.id.into()),
        ("summary", operation.summary.into()),
        ("description", said(operation).into()),
    ]);
    match operation.access {
        Access::Key(scope) => {
            described.set("x-required-scope", scope.as_str());
            let either =
                ["bearer", "api_key"].map(|scheme| Json::object([(scheme, Json::list([scope.as_str()]))]));
            described.set("security", Json::list(either));
        }
        Access::Everybody | Access::Proof => described.set("security", Json::List(Vec::new())),
    }
    if operation.is_keyed {
        described.set("x-idempotent", true);
    }
    let parameters = parameters(operation);
    if !parameters.is_empty() {
        described.set("parameters", Json::list(parameters.into_iter().map(parameter)));
    }
    if !operation.bodies.is_empty() {
        let body = [
            ("required", Json::Boolean(!operation.is_body_optional)),
            ("content", contents(&operation.bodies)),
        ];
        described.set("requestBody", Json::object(body));
    }
    described.set("responses", responses(operation));
    described
}

/// What is said of an operation: at least what its name says.
pub(crate) fn said(operation: &Operation) -> String {
    if operation.about.is_empty() { format!("{}.", operation.summary) } else { operation.about.to_owned() }
}

/// Those of the path first, what all reads have last.
pub(crate) fn parameters(operation: &Operation) -> Vec<&Parameter> {
    let mut parameters: Vec<&Parameter> = operation.parameters.iter().collect();
    parameters.sort_by_key(|parameter| match (parameter.place, parameter.name) {
        (Place::Path, _) => 0,
        (Place::Query, "min_position") => 2,
        (Place::Query, _) => 1,
        (Place::Header, _) => 3,
    });
    parameters
}

/// The codes of an operation by their status.
pub(crate) fn errors(operation: &Operation) -> Vec<(u16, Vec<ErrorCode>)> {
    let mut by_status: Vec<(u16, Vec<ErrorCode>)> = Vec::new();
    for code in ErrorCode::ALL.iter().filter(|code| operation.errors.contains(code)) {
        let status = problems::status(operation.errors_as, *code);
        match by_status.iter_mut().find(|(known, _)| *known == status) {
            Some((_, codes)) => codes.push(*code),
            None => by_status.push((status, vec![*code])),
        }
    }
    by_status.sort_by_key(|(status, _)| *status);
    by_status
}

fn parameter(parameter: &Parameter) -> Json {
    let place = match parameter.place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Header => "header",
    };
    let mut described = Json::object([("name", parameter.name.into()), ("in", place.into())]);
    if parameter.is_required {
        described.set("required", true);
    }
    described.set("description", parameter.about);
    if parameter.schema.0.text_of("type") == Some("object") {
        described.set("style", "deepObject");
        described.set("explode", true);
    }
    described.set("schema", parameter.schema.0.clone());
    described
}

fn contents(contents: &[Content]) -> Json {
    Json::object(contents.iter().map(|content| {
        let mut described = Json::object([("schema", content.schema.0.clone())]);
        if let Some(example) = &content.example {
            described.set("example", example.clone());
        }
        (content.media_type, described)
    }))
}

fn responses(operation: &Operation) -> Json {
    let mut responses: Vec<(String, Json)> = operation
        .answers
        .iter()
        .map(|answer| (answer.status.to_string(), success(operation, answer)))
        .collect();
    let is_page_too = operation.access == Access::Proof;
    for (status, codes) in errors(operation) {
        let response = match codes.as_slice() {
            [one] if !is_page_too && operation.errors_as == Errors::Problem => {
                reference("responses", one.as_str())
            }
            codes => problems::response(codes, operation.errors_as, is_page_too),
        };
        responses.push((status.to_string(), response));
    }
    Json::object(responses)
}

fn success(operation: &Operation, answer: &Answer) -> Json {
    let mut response = Json::object([("description", answer.about.into())]);
    let mut headers = Vec::new();
    if operation.has_position {
        headers.push(("Chargly-Position", reference("headers", "Chargly-Position")));
    }
    if operation.is_keyed {
        headers.push(("Idempotent-Replayed", reference("headers", "Idempotent-Replayed")));
    }
    if answer.status == 303 {
        headers.push(("Location", Json::object([("schema", text().0)])));
    }
    if !headers.is_empty() {
        response.set("headers", Json::object(headers));
    }
    if !answer.contents.is_empty() {
        response.set("content", contents(&answer.contents));
    }
    response
}

fn components(groups: &[Group]) -> Json {
    let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    let about = format!("An API key, `sk_…`. Its scopes are some of {}.", scopes.join(", "));
    let header = |about: &'static str, schema: Schema| {
        Json::object([("description", about.into()), ("schema", schema.0)])
    };
    Json::object([
        (
            "securitySchemes",
            Json::object([
                (
                    "bearer",
                    Json::object([
                        ("type", "http".into()),
                        ("scheme", "bearer".into()),
                        ("description", about.clone().into()),
                    ]),
                ),
                (
                    "api_key",
                    Json::object([
                        ("type", "apiKey".into()),
                        ("in", "header".into()),
                        ("name", "x-api-key".into()),
                        ("description", about.into()),
                    ]),
                ),
            ]),
        ),
        (
            "headers",
            Json::object([
                (
                    "Chargly-Position",
                    header(
                        "The place of the newest fact that the answer tells of; a read takes it as `min_position`.",
                        kinds::position(),
                    ),
                ),
                (
                    "Idempotent-Replayed",
                    header("There where a first answer is given again.", words(&["true"])),
                ),
                (
                    "Retry-After",
                    header(
                        "After how many seconds to try again, where that is known.",
                        crate::schema::count(),
                    ),
                ),
                ("WWW-Authenticate", header("How to send a key.", text())),
            ]),
        ),
        (
            "responses",
            Json::object(
                ErrorCode::ALL
                    .iter()
                    .map(|code| (code.as_str(), problems::response(&[*code], Errors::Problem, false))),
            ),
        ),
        (
            "examples",
            Json::object(
                ErrorCode::ALL
                    .iter()
                    .map(|code| (code.as_str(), Json::object([("value", problems::example(*code))]))),
            ),
        ),
        ("schemas", Json::object(schemas(groups).into_iter().map(|(name, schema)| (name, schema.0)))),
    ])
}
