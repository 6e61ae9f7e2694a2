//! Texts made from a row: literal text with `{column}` in it, and `{column|slug}` for event names.
//!
//! `{{` and `}}` are literal braces. `slug` lower-cases ASCII letters and turns every other character that an
//! event name's segment cannot hold into `_` (`GPT-4.1` becomes `gpt_4_1`).

use crate::columns::{ColumnNames, Row, Slot};
use crate::error::Problem;

/// Longest template in bytes: no field that a template fills is longer.
pub(crate) const MAX_TEMPLATE_BYTES: usize = 4_096;

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Column { slot: Slot, slug: bool },
}

impl Template {
    /// Parses the text of `field`.
    pub(crate) fn parse(text: &str, field: &str, columns: &mut ColumnNames) -> Result<Template, String> {
        if text.len() > MAX_TEMPLATE_BYTES {
            return Err(format!("longer than {MAX_TEMPLATE_BYTES} bytes"));
        }
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                literal.push_str(brace);
                rest = after;
                continue;
            }
            let Some((inside, after)) = rest.split_once('}').filter(|_| brace == "{") else {
                return Err(format!("a single `{brace}` in `{text}`; write it twice to mean the character"));
            };
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(parse_column(inside, field, columns)?);
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Template { pieces })
    }

    /// The text for a row; an empty cell is a problem, as it would silently merge what it should tell apart.
    pub(crate) fn text(&self, row: &Row<'_>) -> Result<String, Problem> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Column { slot, slug: false } => text.push_str(row.filled(*slot)?),
                Piece::Column { slot, slug: true } => text.extend(row.filled(*slot)?.chars().map(slug_char)),
            }
        }
        Ok(text)
    }

    /// The text, where it is the same for every row.
    pub(crate) fn constant(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Literal(literal)] => Some(literal),
            _ => None,
        }
    }
}

fn parse_column(inside: &str, field: &str, columns: &mut ColumnNames) -> Result<Piece, String> {
    let (name, slug) = match inside.rsplit_once('|') {
        None => (inside, false),
        Some((name, filter)) if filter.trim() == "slug" => (name, true),
        Some((_, filter)) => {
            return Err(format!("`{{{inside}}}`: there is no `{}`, only `slug`", filter.trim()));
        }
    };
    let name = name.trim();
    if name.is_empty() {
        return Err("`{}` without a column name".to_owned());
    }
    Ok(Piece::Column { slot: columns.slot(name, field), slug })
}

fn slug_char(c: char) -> char {
    match c.to_ascii_lowercase() {
        c @ ('a'..='z' | '0'..='9') => c,
        _ => '_',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::Record;

    fn render(text: &str) -> Result<String, String> {
        let columns = ["model", "id", "empty"].map(str::to_owned);
        let record = Record::of(2, &["GPT-4.1 mini", "7", " "]);
        let mut names = ColumnNames::default();
        let template = Template::parse(text, "event", &mut names)?;
        let places = names.places_in(&columns).map_err(|unknown| format!("unknown {}", unknown[0].column))?;
        let row = Row { names: &names, places: &places, record: &record };
        template.text(&row).map_err(|problem| problem.to_string())
    }

    #[test]
    fn templates_mix_text_and_columns() {
        for (text, rendered) in [
            ("plain", "plain"),
            ("", ""),
            ("{id}", "7"),
            ("req-{id}-{ id }", "req-7-7"),
            ("llm.{model|slug}", "llm.gpt_4_1_mini"),
            ("{model | slug}", "gpt_4_1_mini"),
            ("{{{id}}}", "{7}"),
            ("a}}b{{c", "a}b{c"),
            ("ü{id}ß", "ü7ß"),
        ] {
            assert_eq!(render(text).as_deref(), Ok(rendered), "{text}");
        }
    }

    #[test]
    fn malformed_templates_are_refused() {
        for (text, message) in [
            ("{id", "a single `{` in `{id`; write it twice to mean the character"),
            ("id}", "a single `}` in `id}`; write it twice to mean the character"),
            ("{}", "`{}` without a column name"),
            ("{|slug}", "`{}` without a column name"),
            ("{id|upper}", "`{id|upper}`: there is no `upper`, only `slug`"),
            ("{other}", "unknown other"),
            ("{empty}", "column `empty` is empty"),
        ] {
            assert_eq!(render(text), Err(message.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_template_as_long_as_the_limit_is_read_and_a_longer_one_refused() {
        assert!(render(&"x".repeat(MAX_TEMPLATE_BYTES)).is_ok());
        assert_eq!(render(&"x".repeat(MAX_TEMPLATE_BYTES + 1)), Err("longer than 4096 bytes".to_owned()));
    }

    #[test]
    fn only_a_template_without_columns_is_constant() {
        let mut names = ColumnNames::default();
        let mut constant = |text: &str| {
            let template = Template::parse(text, "event", &mut names).expect("parses");
            template.constant().map(str::to_owned)
        };
        assert_eq!(constant("a.b").as_deref(), Some("a.b"));
        assert_eq!(constant("").as_deref(), Some(""));
        assert_eq!(constant("a.{b}"), None);
    }
}
