//! How a schema is put together, in few words.
//!
//! What a request may hold is said with [`takes`], what an answer holds with [`gives`]. The first refuses unknown fields
//! and lets `null` stand for a field that is left out, as the server does; the second leaves room for fields to come.

use crate::json::Json;

/// A JSON schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema(pub(crate) Json);

/// A field of an object.
pub struct Field {
    name: &'static str,
    schema: Schema,
    is_required: bool,
}

/// A field that is always there, or has to be.
pub(crate) fn must(name: &'static str, schema: Schema, about: &'static str) -> Field {
    Field { name, schema: schema.about(about), is_required: true }
}

/// A field that may be missing.
pub(crate) fn may(name: &'static str, schema: Schema, about: &'static str) -> Field {
    Field { name, schema: schema.about(about), is_required: false }
}

/// An object of a request: nothing but these fields.
pub(crate) fn takes(fields: impl IntoIterator<Item = Field>) -> Schema {
    let fields = fields.into_iter().map(|field| match field.is_required {
        true => field,
        false => Field { schema: field.schema.or_null(), ..field },
    });
    object(fields.collect()).with("additionalProperties", false)
}

/// An object of a request whose other fields are passed over.
pub(crate) fn reads(fields: impl IntoIterator<Item = Field>) -> Schema {
    takes(fields).with("additionalProperties", true)
}

/// An object of an answer: these fields, and perhaps others in time.
pub(crate) fn gives(fields: impl IntoIterator<Item = Field>) -> Schema {
    object(fields.into_iter().collect())
}

fn object(fields: Vec<Field>) -> Schema {
    let required: Vec<&'static str> =
        fields.iter().filter(|field| field.is_required).map(|field| field.name).collect();
    let properties = Json::object(fields.into_iter().map(|field| (field.name, field.schema.0)));
    let schema = Schema::of("object");
    let schema = if required.is_empty() { schema } else { schema.with("required", Json::list(required)) };
    schema.with("properties", properties)
}

/// One of the schemas that have a name.
pub(crate) fn named(name: &str) -> Schema {
    Schema(Json::object([("$ref", format!("#/components/schemas/{name}").into())]))
}

/// A string.
pub(crate) fn text() -> Schema {
    Schema::of("string")
}

/// A string of at least one and at most so many bytes. Characters are never more than bytes.
pub(crate) fn some_text(bytes_max: usize) -> Schema {
    text().with("minLength", 1usize).with("maxLength", bytes_max)
}

/// A string of at most so many bytes.
pub(crate) fn prose(bytes_max: usize) -> Schema {
    text().with("maxLength", bytes_max)
}

/// One of these words.
pub(crate) fn words(words: &[&'static str]) -> Schema {
    text().with("enum", Json::list(words.iter().copied()))
}

/// A number.
pub(crate) fn number() -> Schema {
    Schema::of("number")
}

/// A whole number.
pub(crate) fn whole() -> Schema {
    Schema::of("integer")
}

/// A whole number, not negative.
pub(crate) fn count() -> Schema {
    whole().with("minimum", 0usize)
}

/// A whole number between two bounds.
pub(crate) fn within(least: i64, most: usize) -> Schema {
    whole().with("minimum", least).with("maximum", most)
}

/// `true` or `false`.
pub(crate) fn boolean() -> Schema {
    Schema::of("boolean")
}

/// A list.
pub(crate) fn list(of: Schema) -> Schema {
    Schema::of("array").with("items", of.0)
}

/// A list of at most so many.
pub(crate) fn list_up_to(most: usize, of: Schema) -> Schema {
    list(of).with("maxItems", most)
}

/// A list of at least one, and at most so many.
pub(crate) fn some_of(most: usize, of: Schema) -> Schema {
    list_up_to(most, of).with("minItems", 1usize)
}

/// An object of names that nobody knows before.
pub(crate) fn map(of: Schema) -> Schema {
    Schema::of("object").with("additionalProperties", of.0)
}

/// An object of any fields.
pub(crate) fn any_object() -> Schema {
    Schema::of("object")
}

/// One of several, which may overlap.
pub(crate) fn any_of(of: impl IntoIterator<Item = Schema>) -> Schema {
    Schema(Json::object([("anyOf", Json::list(of.into_iter().map(|schema| schema.0)))]))
}

impl Schema {
    /// It as JSON.
    pub fn json(&self) -> &Json {
        &self.0
    }

    fn of(kind: &'static str) -> Self {
        Self(Json::object([("type", kind.into())]))
    }

    /// With one more keyword.
    pub(crate) fn with(mut self, keyword: &'static str, value: impl Into<Json>) -> Self {
        self.0.set(keyword, value);
        self
    }

    /// With what it means, unless that is nothing.
    pub(crate) fn about(self, words: &'static str) -> Self {
        if words.is_empty() { self } else { self.with("description", words) }
    }

    /// Or `null`.
    pub(crate) fn or_null(mut self) -> Self {
        let Some(kind) = self.0.text_of("type").map(str::to_owned) else {
            return self.or_null_beside();
        };
        self.0.set("type", Json::List(vec![kind.into(), "null".into()]));
        if let Some(Json::List(words)) = self.0.get("enum").cloned() {
            self.0.set("enum", Json::List(words.into_iter().chain([Json::Null]).collect()));
        }
        self
    }

    /// A schema that names no type of its own gets `null` beside it.
    fn or_null_beside(self) -> Self {
        if let Some(Json::List(kinds)) = self.0.get("type").cloned() {
            let mut either = self;
            let with_null =
                kinds.into_iter().filter(|kind| *kind != Json::from("null")).chain(["null".into()]);
            either.0.set("type", Json::List(with_null.collect()));
            return either;
        }
        let words = self.0.get("description").cloned();
        let Json::Object(fields) = self.0 else { return self };
        let bare = Json::Object(fields.into_iter().filter(|(name, _)| name != "description").collect());
        let mut either = any_of([Self(bare), Self::of("null")]);
        if let Some(words) = words {
            either.0.set("description", words);
        }
        either
    }
}

/// One field more, behind the others.
pub(crate) fn plus(mut schema: Schema, field: Field) -> Schema {
    if let Json::Object(keywords) = &mut schema.0
        && let Some((_, properties)) = keywords.iter_mut().find(|(name, _)| name == "properties")
    {
        properties.set(field.name, field.schema.or_null().0);
    }
    schema
}
