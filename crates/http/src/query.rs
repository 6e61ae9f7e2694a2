//! Query parameters, read like fields of a body: exactly, all problems at once, unknown names refused.

use std::sync::Arc;

use chargly_api::{Cursor, CursorError, Problem, Problems, limits, nearest, text};
use chargly_engine::Environment;
use chargly_engine::ledger::{Catalogue, EventTypeNo, Position};

use crate::call::check_epoch;

/// The query parameters of a request.
#[derive(Debug, Default)]
pub(crate) struct Query {
    left: Vec<(String, String)>,
    asked: Vec<&'static str>,
}

impl Query {
    /// Takes a query string apart.
    pub(crate) fn parse(query: &str) -> Result<Self, Problem> {
        Self::parse_as("query", query)
    }

    /// Takes apart the fields of a form that was sent, which are written like a query.
    pub(crate) fn parse_form(body: &str) -> Result<Self, Problem> {
        Self::parse_as("body", body)
    }

    fn parse_as(whole: &str, query: &str) -> Result<Self, Problem> {
        let mut left: Vec<(String, String)> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = decode(name).zip(decode(value));
            let Some((name, value)) = decoded else {
                return Err(Problem::invalid(whole, "must be UTF-8, percent-encoded"));
            };
            if left.iter().any(|(known, _)| *known == name) {
                return Err(Problem::invalid(&name, "is given twice"));
            }
            if left.len() == limits::OBJECT_FIELDS_MAX {
                return Err(Problem::invalid(whole, "has too many parameters"));
            }
            left.push((name, value));
        }
        Ok(Self { left, asked: Vec::new() })
    }

    /// The filter by customer that lists and the stream take.
    pub(crate) fn customer(&mut self, problems: &mut Problems) -> Option<String> {
        self.optional("customer", problems, |customer| {
            text::check_customer(customer).map(|()| customer.to_owned())
        })
    }

    /// The filter by event type that lists and the stream take.
    pub(crate) fn event_type(
        &mut self,
        catalogue: &Catalogue,
        problems: &mut Problems,
    ) -> Option<EventTypeNo> {
        self.optional("event", problems, |name| {
            let known = catalogue.event_type(name).map(|known| known.number);
            known.ok_or_else(|| "is not an event type of this environment".to_owned())
        })
    }

    /// Lets a parameter be known by another name. One that comes under both is refused under the second.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        if self.left.iter().any(|(name, _)| name == to) {
            return;
        }
        if let Some((name, _)) = self.left.iter_mut().find(|(name, _)| name == from) {
            to.clone_into(name);
        }
    }

    /// Forgets all but these parameters.
    pub(crate) fn keep(&mut self, names: &[&str]) {
        self.left.retain(|(name, _)| names.contains(&name.as_str()));
    }

    /// A parameter that may be left out. Its problem is noted.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        problems: &mut Problems,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.asked.push(name);
        let at = self.left.iter().position(|(known, _)| known == name)?;
        let (_, value) = self.left.swap_remove(at);
        match read(&value) {
            Ok(value) => Some(value),
            Err(problem) => {
                problems.add(name, problem);
                None
            }
        }
    }

    /// The parameters of the form `prefix[name]=value`, in the order in which they were given.
    pub(crate) fn indexed(&mut self, prefix: &str) -> Vec<(String, String)> {
        let inside = |name: &str| {
            let rest = name.strip_prefix(prefix)?.strip_prefix('[')?;
            Some(rest.strip_suffix(']')?.to_owned())
        };
        let mut found = Vec::new();
        self.left.retain_mut(|(name, value)| match inside(name) {
            Some(inner) => {
                found.push((inner, std::mem::take(value)));
                false
            }
            None => true,
        });
        found
    }

    /// Refuses what nobody asked for.
    pub(crate) fn finish(mut self, problems: &mut Problems) {
        self.left.sort();
        for (name, _) in &self.left {
            let problem = match nearest(name, self.asked.iter().copied()) {
                Some(near) => format!("is not a parameter of this request; did you mean {near:?}?"),
                None => "is not a parameter of this request".to_owned(),
            };
            problems.add(name, problem);
        }
    }

    /// Refuses all parameters, for requests that have none.
    pub(crate) fn finish_unused(&mut self) -> Result<(), Problem> {
        let mut problems = Problems::default();
        std::mem::take(self).finish(&mut problems);
        problems.check()
    }
}

/// Which page of a list is asked for.
pub(crate) struct Page {
    limit: usize,
    cursor: Option<String>,
}

impl Page {
    /// Reads `limit` and `cursor`.
    pub(crate) fn read(query: &mut Query, problems: &mut Problems) -> Self {
        let limit = query.optional("limit", problems, |text| {
            let limit = text.parse().ok().filter(|limit| (1..=limits::LIST_LIMIT_MAX).contains(limit));
            limit.ok_or_else(|| format!("must be a whole number from 1 to {}", limits::LIST_LIMIT_MAX))
        });
        let cursor = query.optional("cursor", problems, |text| Ok(text.to_owned()));
        Self { limit: limit.unwrap_or(limits::LIST_LIMIT_DEFAULT), cursor }
    }

    /// The page where a cursor leads that was sent in a body.
    pub(crate) fn at(cursor: Option<String>) -> Self {
        Self { limit: limits::LIST_LIMIT_DEFAULT, cursor }
    }

    /// How many items.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Where it begins. `list` names the list with its filters, so that a cursor of another one is found out.
    pub(crate) async fn position(
        &self,
        env: &Arc<Environment>,
        list: &str,
    ) -> Result<Option<Position>, Problem> {
        let Some(text) = &self.cursor else { return Ok(None) };
        let cursor =
            Cursor::parse(text, list).map_err(|error| Problem::invalid("cursor", error.to_string()))?;
        check_epoch(env, cursor.epoch, cursor.position, "cursor").await?;
        Ok(Some(Position(cursor.position)))
    }
}

impl Page {
    /// Where it begins in a list that is kept in order of creation, whose cursors count items.
    pub(crate) fn index(&self, list: &str) -> Result<usize, Problem> {
        let Some(text) = &self.cursor else { return Ok(0) };
        let cursor =
            Cursor::parse(text, list).map_err(|error| Problem::invalid("cursor", error.to_string()))?;
        usize::try_from(cursor.position).map_err(|error| Problem::invalid("cursor", error.to_string()))
    }
}

impl Page {
    /// Behind what it begins in a list that is ranked: the value of the last item before it, and its number.
    pub(crate) async fn ranked(
        &self,
        env: &Arc<Environment>,
        list: &str,
    ) -> Result<Option<(i128, u32)>, Problem> {
        let Some(text) = &self.cursor else { return Ok(None) };
        let invalid = |error: CursorError| Problem::invalid("cursor", error.to_string());
        let (text, value) = text.split_once('.').ok_or_else(|| invalid(CursorError::Malformed))?;
        let cursor = Cursor::parse(text, list).map_err(invalid)?;
        let value: Option<i128> = value.parse().ok();
        let (value, number) =
            value.zip(u32::try_from(cursor.position).ok()).ok_or_else(|| invalid(CursorError::Malformed))?;
        // The position is no place in the journal here, but its epoch may have been lost all the same.
        check_epoch(env, cursor.epoch, 0, "cursor").await?;
        Ok(Some((value, number)))
    }
}

/// The cursor of the next page of a list that is ranked.
pub(crate) fn ranked_cursor(env: &Environment, list: &str, value: i128, number: u32) -> String {
    format!("{}.{value}", Cursor::new(list, env.tail().committed().epoch, number.into()))
}

/// The cursor of the next page.
pub(crate) fn next_cursor(env: &Environment, list: &str, next: Option<Position>) -> Option<Cursor> {
    next.map(|position| Cursor::new(list, env.tail().committed().epoch, position.0))
}

/// Percent-decodes; `None` where that is not UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                let digits = std::str::from_utf8(&digits).ok().filter(|d| !d.starts_with('+'))?;
                u8::from_str_radix(digits, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_exactly_or_refused() {
        for (text, expected) in [
            ("a%20b+c", Some("a b c")),
            ("%C3%A9", Some("é")),
            ("", Some("")),
            ("%ff", None),
            ("%4", None),
            ("%zz", None),
            ("%+1", None),
        ] {
            assert_eq!(decode(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn parameter_given_twice_is_refused() {
        assert!(Query::parse("a=1&b=2").is_ok());
        assert!(Query::parse("a=1&a=2").is_err());
    }
}
