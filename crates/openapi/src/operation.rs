//! One operation: what is asked, what is answered, how it can fail. A group's file reads as a list of these.

use chargly_api::ErrorCode;
use chargly_api::limits::LIST_LIMIT_MAX;
use chargly_ledger::Scope;

use crate::json::Json;
use crate::kinds;
use crate::schema::{Field, Schema, boolean, may, number, plus, text, within};

/// Routes that belong together.
pub struct Group {
    /// What stands above them.
    pub name: &'static str,
    /// What they are about.
    pub about: &'static str,
    /// The routes, in the order in which one meets them.
    pub operations: Vec<Operation>,
    /// Schemas that have a name.
    pub schemas: Vec<(&'static str, Schema)>,
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever has a key with this scope.
    Key(Scope),
    /// Whoever asks.
    Everybody,
    /// Whoever brings a proof of another kind.
    Proof,
}

/// How errors are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errors {
    /// As problem details.
    Problem,
    /// As the product's published client reads them: `{"error": {"code", "message"}}`.
    Client,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the path.
    Path,
    /// Behind the question mark.
    Query,
    /// In a header.
    Header,
}

/// A parameter.
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Where it stands.
    pub place: Place,
    /// What it may be.
    pub schema: Schema,
    /// What it means.
    pub about: &'static str,
    /// Whether it has to be there.
    pub is_required: bool,
}

/// A body, of one media type.
pub struct Content {
    /// Its media type.
    pub media_type: &'static str,
    /// What it is.
    pub schema: Schema,
    /// One of them; nothing where the media type says all.
    pub example: Option<Json>,
}

/// What is answered where all went well.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// What that means.
    pub about: &'static str,
    /// In which forms.
    pub contents: Vec<Content>,
}

/// One operation.
pub struct Operation {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// The path, with `{…}` for what varies.
    pub path: &'static str,
    /// Its name in SDKs, tools and metrics.
    pub id: &'static str,
    /// A few words.
    pub summary: &'static str,
    /// Some sentences.
    pub about: &'static str,
    /// Who may call.
    pub access: Access,
    /// What stands in path, query and headers.
    pub parameters: Vec<Parameter>,
    /// What is sent, in each media type in which it can be.
    pub bodies: Vec<Content>,
    /// Whether a call without a body says something, too.
    pub is_body_optional: bool,
    /// What is answered where all went well.
    pub answers: Vec<Answer>,
    /// How it can fail.
    pub errors: Vec<ErrorCode>,
    /// How they are written.
    pub errors_as: Errors,
    /// Whether it takes an idempotency key.
    pub is_keyed: bool,
    /// Whether answers carry `Chargly-Position`.
    pub has_position: bool,
    /// The example of the path's last id or name, for the line that can be pasted.
    pub query_example: &'static str,
}

const JSON: &str = "application/json";

/// What every call with a key can be answered.
const WITH_KEY: &[ErrorCode] = &[
    ErrorCode::InvalidRequest,
    ErrorCode::Unauthorized,
    ErrorCode::Forbidden,
    ErrorCode::Overloaded,
    ErrorCode::Internal,
    ErrorCode::Unavailable,
];
/// And what every call that has a body.
const WITH_BODY: &[ErrorCode] =
    &[ErrorCode::RequestTimeout, ErrorCode::TooLarge, ErrorCode::UnsupportedMediaType];

/// `GET`: asks, and changes nothing.
pub(crate) fn get(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new("GET", path, id, summary)
}

/// `POST`
pub(crate) fn post(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new("POST", path, id, summary)
}

/// `PUT`
pub(crate) fn put(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new("PUT", path, id, summary)
}

/// `DELETE`
pub(crate) fn delete(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new("DELETE", path, id, summary)
}

impl Operation {
    fn new(method: &'static str, path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            path,
            id,
            summary,
            about: "",
            access: Access::Everybody,
            parameters: Vec::new(),
            bodies: Vec::new(),
            is_body_optional: false,
            answers: Vec::new(),
            errors: Vec::new(),
            errors_as: Errors::Problem,
            is_keyed: false,
            has_position: false,
            query_example: "",
        }
    }

    /// Some sentences.
    pub(crate) fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    /// For keys with this scope, with what every such call can be answered.
    pub(crate) fn needs(mut self, scope: Scope) -> Self {
        self.access = Access::Key(scope);
        self = self.fails(WITH_KEY);
        if self.method == "GET" {
            self = self.fails(&[ErrorCode::Gone]);
            let words = "A `Chargly-Position`: waits, at most 5 seconds, until the answer reflects it.";
            return self.parameter(Place::Query, "min_position", kinds::position(), words, false);
        }
        self.fails(WITH_BODY).fails(&[ErrorCode::StorageFull])
    }

    /// For whoever brings a proof of another kind than a key.
    pub(crate) fn proven(self) -> Self {
        let errors = &[ErrorCode::InvalidRequest, ErrorCode::NotFound, ErrorCode::Unavailable];
        Self { access: Access::Proof, ..self }.fails(errors)
    }

    fn parameter(
        mut self,
        place: Place,
        name: &'static str,
        schema: Schema,
        about: &'static str,
        is_required: bool,
    ) -> Self {
        self.parameters.push(Parameter { name, place, schema, about, is_required });
        self
    }

    /// A part of the path.
    pub(crate) fn path(self, name: &'static str, schema: Schema, about: &'static str) -> Self {
        self.parameter(Place::Path, name, schema, about, true)
    }

    /// The id in the path. Any other text is the id of nothing.
    pub(crate) fn of(self, prefix: &str, about: &'static str) -> Self {
        self.path("id", kinds::id(prefix), about).fails(&[ErrorCode::NotFound])
    }

    /// The customer in the path.
    pub(crate) fn of_customer(self) -> Self {
        self.path("customer", kinds::customer(), "Your own id of the customer, percent-encoded.")
    }

    /// A parameter behind the question mark, which may be left out.
    pub(crate) fn query(self, name: &'static str, schema: Schema, about: &'static str) -> Self {
        self.parameter(Place::Query, name, schema, about, false)
    }

    /// A header.
    pub(crate) fn header(
        self,
        name: &'static str,
        schema: Schema,
        about: &'static str,
        is_required: bool,
    ) -> Self {
        self.parameter(Place::Header, name, schema, about, is_required)
    }

    /// `limit` and `cursor`.
    pub(crate) fn paged(self) -> Self {
        self.query("limit", within(1, LIST_LIMIT_MAX), "Items of a page; 100 if left out.").query(
            "cursor",
            kinds::cursor(),
            "`next_cursor` of the page before.",
        )
    }

    /// What stands behind the question mark in the example.
    pub(crate) fn asked(self, query_example: &'static str) -> Self {
        Self { query_example, ..self }
    }

    /// A JSON body.
    pub(crate) fn takes(self, schema: Schema, example: &str) -> Self {
        self.takes_as(JSON, schema, Some(example))
    }

    /// A body of another kind.
    pub(crate) fn takes_as(
        mut self,
        media_type: &'static str,
        schema: Schema,
        example: Option<&str>,
    ) -> Self {
        let example = example.map(|text| Json::parse(text).unwrap_or_else(|| Json::from(text.to_owned())));
        self.bodies.push(Content { media_type, schema, example });
        self
    }

    /// A JSON body that may be left out, or be empty.
    pub(crate) fn may_take(self, schema: Schema, example: &str) -> Self {
        Self { is_body_optional: true, ..self }.takes(schema, example)
    }

    /// No fields at all; an empty object is as good as no body.
    pub(crate) fn takes_nothing(self) -> Self {
        self
    }

    /// An idempotency key, in the body or in the header; behind [`Operation::takes`].
    pub(crate) fn keyed(mut self) -> Self {
        const WORDS: &str = "1–255 visible ASCII characters: the same key gives the same answer, for ever. The header \
                             `Idempotency-Key` does the same.";
        const HEADER: &str =
            "The same as `idempotency_key` in the body; where both are sent they have to agree.";
        self.is_keyed = true;
        for body in &mut self.bodies {
            body.schema = with_key(body.schema.clone(), || may("idempotency_key", kinds::key(), WORDS));
        }
        self.header("Idempotency-Key", kinds::key(), HEADER, false)
            .fails(&[ErrorCode::IdempotencyConflict, ErrorCode::Gone])
            .writes()
    }

    /// Answers carry `Chargly-Position`.
    pub(crate) fn writes(self) -> Self {
        Self { has_position: true, ..self }
    }

    /// 200 with JSON.
    pub(crate) fn gives(self, schema: Schema, example: &str) -> Self {
        self.answers(200, "Done.", schema, example)
    }

    /// Another status with JSON.
    pub(crate) fn answers(mut self, status: u16, about: &'static str, schema: Schema, example: &str) -> Self {
        let content = Content { media_type: JSON, schema, example: Json::parse(example) };
        match self.answers.iter_mut().find(|answer| answer.status == status) {
            Some(answer) => {
                answer.about = about;
                answer.contents.insert(0, content);
            }
            None => self.answers.push(Answer { status, about, contents: vec![content] }),
        }
        self
    }

    /// A status with something else than JSON, or nothing at all.
    pub(crate) fn shows(
        mut self,
        status: u16,
        media_type: &'static str,
        about: &'static str,
        example: Option<&'static str>,
    ) -> Self {
        let content = Content { media_type, schema: text(), example: example.map(Json::from) };
        match self.answers.iter_mut().find(|answer| answer.status == status) {
            Some(answer) => answer.contents.push(content),
            None => self.answers.push(Answer { status, about, contents: vec![content] }),
        }
        self
    }

    /// CSV of the same figures.
    pub(crate) fn or_csv(self, example: &'static str) -> Self {
        self.query(
            "format",
            crate::schema::words(&["json", "csv"]),
            "`json` if left out; or send `Accept: text/csv`.",
        )
        .shows(200, "text/csv", "", Some(example))
    }

    /// A status without a body.
    pub(crate) fn nothing(mut self, status: u16, about: &'static str) -> Self {
        self.answers.push(Answer { status, about, contents: Vec::new() });
        self
    }

    /// With errors as the product's published client reads them.
    pub(crate) fn for_the_client(self) -> Self {
        Self { errors_as: Errors::Client, ..self }
    }

    /// How else it can fail.
    pub(crate) fn fails(mut self, codes: &[ErrorCode]) -> Self {
        for code in codes {
            if !self.errors.contains(code) {
                self.errors.push(*code);
            }
        }
        self
    }

    /// `true` and `false` in a query.
    pub(crate) fn flag(self, name: &'static str, about: &'static str) -> Self {
        self.query(name, boolean(), about)
    }

    /// A number of days in a query.
    pub(crate) fn days(self, name: &'static str, least: i64, most: usize, about: &'static str) -> Self {
        self.query(name, within(least, most), about)
    }

    /// What anybody may see of it: `POST /v1/events`.
    pub fn route(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Into an object, or into each object of a choice.
fn with_key(schema: Schema, field: impl Fn() -> Field + Copy) -> Schema {
    let choices = ["oneOf", "anyOf"].into_iter().find(|keyword| schema.0.get(keyword).is_some());
    match choices {
        Some(keyword) => {
            let of = schema.0.get(keyword).map(Json::items).unwrap_or_default();
            let of: Vec<Json> = of.iter().map(|one| with_key(Schema(one.clone()), field).0).collect();
            schema.with(keyword, Json::List(of))
        }
        None => plus(schema, field()),
    }
}

/// Any number, where a schema has no more to say.
pub(crate) fn any_number() -> Schema {
    number()
}
