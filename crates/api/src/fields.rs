//! Reading the fields of a request: every error is collected, not only the first, and what is left over is refused
//! by name.

use std::fmt;

use crate::nearest::nearest;
use crate::object::{Entries, Item, entries};
use crate::problem::Problems;
use crate::value::Value;

/// Names for which there is room from the start: reading an event asks for as many.
const ASKED_ABOUT: usize = 10;

/// The fields of one object, and where it stands in the request.
pub struct Fields<'a> {
    path: Path,
    left: Entries<'a>,
    asked: Vec<&'static str>,
}

/// Where an object stands in a request. It becomes text only where there is something to say about it.
#[derive(Clone, Debug)]
pub enum Path {
    /// In a field of the body; empty for the body itself.
    Field(&'static str),
    /// In an array of the body: its field, and the index.
    Item(&'static str, usize),
    /// In a field of such an item.
    FieldOfItem(&'static str, usize, &'static str),
    /// Further down.
    Deeper(String),
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => f.write_str(name),
            Self::Item(name, index) => write!(f, "{name}[{index}]"),
            Self::FieldOfItem(name, index, field) => write!(f, "{name}[{index}].{field}"),
            Self::Deeper(path) => f.write_str(path),
        }
    }
}

impl From<&'static str> for Path {
    fn from(name: &'static str) -> Self {
        Self::Field(name)
    }
}

impl<'a> Fields<'a> {
    /// Takes an object apart; `path` is where it stands in the request, empty for the body itself. Notes the problem
    /// and gives `None` where it is no object.
    pub fn read(text: &'a str, path: impl Into<Path>, problems: &mut Problems) -> Option<Self> {
        Self::of(Item::unread(text), path, problems)
    }

    /// The fields of an item of an array, like [`Fields::read`].
    pub fn of(item: Item<'a>, path: impl Into<Path>, problems: &mut Problems) -> Option<Self> {
        let path = path.into();
        let left = match item.entries {
            Some(entries) => Ok(entries),
            None => entries(item.raw),
        };
        match left {
            Ok(left) => Some(Self { path, left, asked: Vec::with_capacity(ASKED_ABOUT) }),
            Err(error) => {
                let field = path.to_string();
                problems.add(if field.is_empty() { "body" } else { &field }, error.to_string());
                None
            }
        }
    }

    /// The field's name with the path to it.
    pub fn path_of(&self, name: &str) -> String {
        match self.path {
            Path::Field("") => name.to_owned(),
            _ => format!("{}.{name}", self.path),
        }
    }

    /// A field that may be left out. Its problem is noted.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        problems: &mut Problems,
        read: impl FnOnce(Value<'a>) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.take(name)?;
        match read(value) {
            Ok(value) => Some(value),
            Err(problem) => {
                problems.add(&self.path_of(name), problem);
                None
            }
        }
    }

    /// A field that has to be there. `None` only where a problem was noted.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        problems: &mut Problems,
        read: impl FnOnce(Value<'a>) -> Result<T, String>,
    ) -> Option<T> {
        let before = problems.count();
        let found = self.optional(name, problems, read);
        if found.is_none() && problems.count() == before {
            problems.add(&self.path_of(name), "is required".to_owned());
        }
        found
    }

    /// A nested object that may be left out.
    pub fn object(&mut self, name: &'static str, problems: &mut Problems) -> Option<Fields<'a>> {
        let value = self.take(name)?;
        if !value.raw().starts_with('{') {
            problems.add(&self.path_of(name), format!("must be an object, not {}", value.kind()));
            return None;
        }
        let path = match self.path {
            Path::Field("") => Path::Field(name),
            Path::Item(list, index) => Path::FieldOfItem(list, index, name),
            _ => Path::Deeper(self.path_of(name)),
        };
        Fields::read(value.raw(), path, problems)
    }

    /// The raw value of a field, unless it is missing or null.
    pub fn take(&mut self, name: &'static str) -> Option<Value<'a>> {
        self.asked.push(name);
        let at = self.left.iter().position(|(known, _)| known == name)?;
        let (_, raw) = self.left.swap_remove(at);
        Some(Value(raw)).filter(|value| !value.is_null())
    }

    /// Whether a field was sent at all.
    pub fn has(&self, name: &str) -> bool {
        self.left.iter().any(|(known, raw)| known == name && *raw != "null")
    }

    /// Refuses what nobody asked for.
    pub fn finish(mut self, problems: &mut Problems) {
        self.left.sort();
        for (name, _) in &self.left {
            let problem = match nearest(name, self.asked.iter().copied()) {
                Some(near) => format!("is not a field of this request; did you mean {near:?}?"),
                None => "is not a field of this request".to_owned(),
            };
            let name: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
            problems.add(&self.path_of(&name), problem);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(String, String)> {
        let mut problems = Problems::default();
        if let Some(mut fields) = Fields::read(text, "", &mut problems) {
            fields.required("event", &mut problems, Value::text);
            fields.optional("quantity", &mut problems, Value::number);
            if let Some(mut cost) = fields.object("cost", &mut problems) {
                cost.required("amount", &mut problems, Value::text);
                cost.finish(&mut problems);
            }
            fields.finish(&mut problems);
        }
        problems.into_list().into_iter().map(|p| (p.field, p.problem)).collect()
    }

    #[test]
    fn every_problem_is_told_with_its_field() {
        let text = r#"{"quanity":1,"quantity":"2","cost":{"amount":0.04,"currency":"usd"},"zzz":null}"#;
        let expected = [
            ("event", "is required"),
            ("quantity", "must be a number, not a string"),
            ("cost.amount", "must be a string, not a number"),
            ("cost.currency", "is not a field of this request"),
            ("quanity", "is not a field of this request; did you mean \"quantity\"?"),
            ("zzz", "is not a field of this request"),
        ];
        assert_eq!(told(text), expected.map(|(f, p)| (f.to_owned(), p.to_owned())));
    }

    #[test]
    fn null_is_as_good_as_left_out() {
        assert_eq!(told(r#"{"event":"a","quantity":null,"cost":null}"#), []);
        assert_eq!(told(r#"{"event":null}"#), [("event".to_owned(), "is required".to_owned())]);
    }

    #[test]
    fn body_that_is_no_object_is_told_as_such() {
        assert_eq!(told("[1]").first().map(|p| p.0.as_str()), Some("body"));
        assert_eq!(
            told(r#"{"event":"a","cost":"0.04"}"#),
            [("cost".to_owned(), "must be an object, not a string".to_owned())]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_body_makes_the_reader_panic(text in "\\PC{0,200}") {
            let _ = told(&text);
        }

        #[test]
        fn no_object_makes_the_reader_panic(name in "\\PC{0,20}", value in "[\\[\\]{}\",:0-9a-z]{0,20}") {
            let _ = told(&format!("{{\"{name}\":{value}}}"));
        }
    }
}
