//! Error bodies (RFC 9457): what went wrong, what to do about it, and the facts that a program needs.

use crate::code::ErrorCode;
use crate::json::{ObjectWriter, object};
use crate::limits::FIELD_ERRORS_MAX;

/// An error as a caller gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which.
    pub code: ErrorCode,
    /// What was wrong this time, in a sentence.
    pub detail: String,
    /// What a program needs to act: a name and JSON.
    facts: Vec<(&'static str, Vec<u8>)>,
    /// After how many seconds to try again.
    pub retry_after_s: Option<u32>,
}

impl Problem {
    /// An error with a sentence about this time.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), facts: Vec::new(), retry_after_s: None }
    }

    /// There is no such thing here.
    pub fn not_found(kind: &str) -> Self {
        let noun = kind.replace('_', " ");
        Self::new(ErrorCode::NotFound, format!("There is no such {noun} in this environment."))
            .text("kind", kind)
    }

    /// One field is wrong.
    pub fn invalid(field: &str, problem: impl Into<String>) -> Self {
        let mut problems = Problems::default();
        problems.add(field, problem.into());
        problems.into_problem()
    }

    /// With a fact that is text.
    #[must_use]
    pub fn text(mut self, name: &'static str, value: &str) -> Self {
        self.facts.push((name, serde_json::to_vec(value).unwrap_or_default()));
        self
    }

    /// With a fact that is a number, as it prints.
    #[must_use]
    pub fn number(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.facts.push((name, value.to_string().into_bytes()));
        self
    }

    /// With a fact that is JSON already.
    #[must_use]
    pub fn json(mut self, name: &'static str, value: Vec<u8>) -> Self {
        self.facts.push((name, value));
        self
    }

    /// To be tried again after some seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// What is wrong with which fields, where that is what it says.
    pub fn fields(&self) -> Vec<FieldProblem> {
        let errors = self.facts.iter().find(|(name, _)| *name == "errors");
        errors.and_then(|(_, json)| serde_json::from_slice(json).ok()).unwrap_or_default()
    }

    /// With another name for a field: the one by which the caller knows it.
    #[must_use]
    pub fn with_field_called(self, name: &str, called: &str) -> Self {
        let mut problems = Problems::default();
        for FieldProblem { field, problem } in self.fields() {
            let is_it = field == name;
            problems.add(if is_it { called } else { &field }, problem);
        }
        if problems.count() == 0 { self } else { problems.into_problem() }
    }

    /// The body; `instance` says which call it was.
    pub fn body(&self, instance: &str) -> Vec<u8> {
        object(|o| self.write(o, instance))
    }

    /// Writes the fields of the body.
    pub fn write(&self, o: &mut ObjectWriter<'_>, instance: &str) {
        let code = self.code.as_str();
        o.shown("type", format_args!("urn:chargly:error:{code}"));
        o.text("title", self.code.title()).number("status", self.code.status()).text("detail", &self.detail);
        o.shown("code", code).text("instance", instance).boolean("retryable", self.code.is_retryable());
        for (name, value) in &self.facts {
            o.raw(name, value);
        }
    }
}

/// A field, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct FieldProblem {
    /// The field, with the path to it: `cost.amount`, `events[3].customer`.
    pub field: String,
    /// What is wrong, to follow the field's name.
    pub problem: String,
}

/// Everything that is wrong with a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<FieldProblem>,
    count: usize,
}

impl Problems {
    /// Notes a problem. Beyond the largest number that is told, it is only counted.
    pub fn add(&mut self, field: &str, problem: String) {
        self.count += 1;
        if self.list.len() < FIELD_ERRORS_MAX {
            self.list.push(FieldProblem { field: field.to_owned(), problem });
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Those that are told.
    pub fn into_list(self) -> Vec<FieldProblem> {
        self.list
    }

    /// `Ok` where nothing is wrong.
    pub fn check(self) -> Result<(), Problem> {
        if self.count == 0 { Ok(()) } else { Err(self.into_problem()) }
    }

    /// What was read, where nothing is wrong; a value that is missing without a problem is ours to explain.
    pub fn finish<T>(self, read: Option<T>) -> Result<T, Problem> {
        match (self.count, read) {
            (0, Some(read)) => Ok(read),
            (0, None) => Err(Problem::new(ErrorCode::Internal, "The request could not be read.")),
            _ => Err(self.into_problem()),
        }
    }

    fn into_problem(self) -> Problem {
        let detail = match self.list.as_slice() {
            [one] if self.count == 1 && one.problem.ends_with('?') => {
                format!("{} {}", one.field, one.problem)
            }
            [one] if self.count == 1 => format!("{} {}.", one.field, one.problem),
            _ => format!("{} fields are not valid; errors lists them.", self.count),
        };
        let errors = crate::json::array(|list| {
            for FieldProblem { field, problem } in &self.list {
                list.object(|o| {
                    o.text("field", field).text("problem", problem);
                });
            }
        });
        Problem::new(ErrorCode::InvalidRequest, detail).json("errors", errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_is_the_same_bytes_every_time() {
        let problem = Problem::new(ErrorCode::InsufficientCredits, "The wallet has 3 of 12 credits.")
            .number("required", 12)
            .text("customer", "user_42");
        assert_eq!(
            String::from_utf8(problem.body("/v1/events")).expect("UTF-8"),
            r#"{"type":"urn:chargly:error:insufficient_credits","title":"The wallet cannot pay","status":402,"detail":"The wallet has 3 of 12 credits.","code":"insufficient_credits","instance":"/v1/events","retryable":false,"required":12,"customer":"user_42"}"#
        );
    }

    #[test]
    fn as_many_field_errors_are_told_as_the_limit_says() {
        for (count, told) in [
            (FIELD_ERRORS_MAX - 1, FIELD_ERRORS_MAX - 1),
            (FIELD_ERRORS_MAX, FIELD_ERRORS_MAX),
            (FIELD_ERRORS_MAX + 1, FIELD_ERRORS_MAX),
        ] {
            let mut problems = Problems::default();
            for _ in 0..count {
                problems.add("a", "is wrong".to_owned());
            }
            assert_eq!(problems.count(), count);
            assert_eq!(problems.into_list().len(), told);
        }
    }
}
