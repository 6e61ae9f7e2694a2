//! Numbers computed from a row: `context_tokens * 0.0000025 + generated_tokens * 0.00001`.
//!
//! ```text
//! sum     = ["-"] product { ("+" | "-") product }
//! product = factor { "*" factor }
//! factor  = decimal | column | "{" any column name "}" | "(" sum ")"
//! column  = letter or "_", then letters, digits, "_" or "."
//! ```
//!
//! There is no division: its results need rounding, and here everything before the field's own rounding is
//! exact. Multiply by the decimal instead (`* 0.001`).

use crate::columns::{ColumnNames, Row, Slot};
use crate::decimal::{Decimal, DecimalError};
use crate::error::Problem;

/// Longest expression in bytes: a formula a person can still read, and a bound on nested parentheses.
pub(crate) const MAX_EXPRESSION_BYTES: usize = 1_000;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expression {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    subtracted: bool,
    factors: Vec<Factor>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Factor {
    Literal(Decimal),
    Column(Slot),
    Group(Expression),
}

impl Expression {
    /// Parses the text of `field`; the error says what is wrong and where.
    pub(crate) fn parse(text: &str, field: &str, columns: &mut ColumnNames) -> Result<Expression, String> {
        if text.len() > MAX_EXPRESSION_BYTES {
            return Err(format!("longer than {MAX_EXPRESSION_BYTES} bytes"));
        }
        let mut parser = Parser { text, at: 0, field, columns };
        let expression = parser.sum()?;
        match parser.peek() {
            None => Ok(expression),
            Some(')') => Err(parser.unexpected("a `)` that nothing opened")),
            Some('/') => Err(parser.unexpected("`/`; multiply by a decimal instead, which is exact")),
            Some(other) => Err(parser.unexpected(&format!("`{other}`"))),
        }
    }

    /// The exact value for a row.
    pub(crate) fn value(&self, row: &Row<'_>) -> Result<Decimal, Problem> {
        let mut sum = Decimal::ZERO;
        for term in &self.terms {
            let mut product: Option<Decimal> = None;
            for factor in &term.factors {
                let value = factor.value(row)?;
                product = Some(match product {
                    None => value,
                    Some(product) => product.checked_mul(value).map_err(|_| Problem::TooLarge)?,
                });
            }
            let product = product.unwrap_or(Decimal::ZERO);
            let next = if term.subtracted { sum.checked_sub(product) } else { sum.checked_add(product) };
            sum = next.map_err(|_| Problem::TooLarge)?;
        }
        Ok(sum)
    }
}

impl Factor {
    fn value(&self, row: &Row<'_>) -> Result<Decimal, Problem> {
        match self {
            Factor::Literal(value) => Ok(*value),
            Factor::Group(expression) => expression.value(row),
            Factor::Column(slot) => {
                let text = row.filled(*slot)?;
                Decimal::parse(text).map_err(|error| Problem::of_cell(error, row.name(*slot), text))
            }
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    field: &'a str,
    columns: &'a mut ColumnNames,
}

impl<'a> Parser<'a> {
    fn sum(&mut self) -> Result<Expression, String> {
        let mut subtracted = self.take('-');
        let mut terms = Vec::new();
        loop {
            let mut factors = vec![self.factor()?];
            while self.take('*') {
                factors.push(self.factor()?);
            }
            terms.push(Term { subtracted, factors });
            if self.take('+') {
                subtracted = false;
            } else if self.take('-') {
                subtracted = true;
            } else {
                return Ok(Expression { terms });
            }
        }
    }

    fn factor(&mut self) -> Result<Factor, String> {
        match self.peek() {
            Some('(') => {
                self.take('(');
                let inner = self.sum()?;
                if self.take(')') { Ok(Factor::Group(inner)) } else { Err(self.unexpected("no `)`")) }
            }
            Some('{') => self.braced_column(),
            Some(c) if c.is_ascii_digit() || c == '.' => self.literal(),
            Some(c) if is_name_start(c) => {
                let name = self.take_while(is_name_part);
                Ok(Factor::Column(self.columns.slot(name, self.field)))
            }
            Some(c) => Err(self.unexpected(&format!("`{c}` where a number or a column belongs"))),
            None => Err(self.unexpected("the end where a number or a column belongs")),
        }
    }

    fn braced_column(&mut self) -> Result<Factor, String> {
        let rest = &self.text[self.at + 1..];
        let Some(length) = rest.find('}') else { return Err(self.unexpected("no `}`")) };
        let name = rest[..length].trim();
        if name.is_empty() {
            return Err(self.unexpected("`{}` without a column name"));
        }
        let slot = self.columns.slot(name, self.field);
        self.at += length + 2;
        Ok(Factor::Column(slot))
    }

    fn literal(&mut self) -> Result<Factor, String> {
        let begin = self.at;
        self.take_while(|c| c.is_ascii_digit() || c == '.');
        // An exponent belongs to the number only if digits follow; `2 * e` is a column.
        let exponent = self.text[self.at..].strip_prefix(['e', 'E']);
        let unsigned = exponent.map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
        if let Some(digits) = unsigned.filter(|digits| digits.starts_with(|c: char| c.is_ascii_digit())) {
            self.at = self.text.len() - digits.len();
            self.take_while(|c| c.is_ascii_digit());
        }
        let text = &self.text[begin..self.at];
        if self.text[self.at..].starts_with(is_name_part) {
            self.at = begin;
            return Err(self.unexpected("a name that begins with a digit; write the column as {name}"));
        }
        Decimal::parse(text).map(Factor::Literal).map_err(|error| match error {
            DecimalError::NotADecimal => format!("`{text}` is not a decimal number"),
            DecimalError::TooManyPlaces => format!("`{text}` has too many decimal places"),
            DecimalError::TooLarge => format!("`{text}` is too large"),
        })
    }

    /// The next character that is not a blank; blanks before it are behind us then.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at = self.text.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let begin = self.at;
        let text = self.text;
        let rest = &text[begin..];
        self.at += rest.find(|c: char| !belongs(c)).unwrap_or(rest.len());
        &text[begin..self.at]
    }

    fn unexpected(&self, what: &str) -> String {
        let position = self.text[..self.at].chars().count() + 1;
        format!("{what}, at character {position} of `{}`", self.text)
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reader::Record;

    /// Evaluates over the row a = 3, b = 0.1, c.d = 7, "two words" = 2, empty = "", text = abc.
    fn eval(text: &str) -> Result<String, String> {
        let columns = ["a", "b", "c.d", "two words", "empty", "text"].map(str::to_owned);
        let record = Record::of(2, &["3", "0.1", "7", "2", "", "abc"]);
        let mut names = ColumnNames::default();
        let expression = Expression::parse(text, "quantity", &mut names)?;
        let places = names.places_in(&columns).map_err(|unknown| format!("unknown {}", unknown[0].column))?;
        let row = Row { names: &names, places: &places, record: &record };
        expression.value(&row).map(|value| value.to_string()).map_err(|problem| problem.to_string())
    }

    #[test]
    fn sums_and_products_are_exact() {
        for (text, value) in [
            ("1", "1"),
            ("a", "3"),
            ("{a}", "3"),
            ("c.d", "7"),
            ("{two words} * 2", "4"),
            ("a+b", "3.1"),
            ("a - b", "2.9"),
            ("-a + 1", "-2"),
            ("b * b * b", "0.001"),
            ("a + b * 10", "4"),
            ("(a + b) * 10", "31"),
            ("2 * (a - (b - 0.1))", "6"),
            ("a * 0.0000025 + c.d * 1e-5", "0.0000775"),
            ("  a\t*  600 ", "1800"),
            ("10 - 3 - 2", "5"),
            ("1e2", "100"),
        ] {
            assert_eq!(eval(text).as_deref(), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_does_not_parse_says_what_and_where() {
        for (text, message) in [
            ("", "the end where a number or a column belongs, at character 1 of ``"),
            ("a +", "the end where a number or a column belongs, at character 4 of `a +`"),
            ("a b", "`b`, at character 3 of `a b`"),
            ("a / 2", "`/`; multiply by a decimal instead, which is exact, at character 3 of `a / 2`"),
            ("(a", "no `)`, at character 3 of `(a`"),
            ("a)", "a `)` that nothing opened, at character 2 of `a)`"),
            ("{a", "no `}`, at character 1 of `{a`"),
            ("{ } * 2", "`{}` without a column name, at character 1 of `{ } * 2`"),
            ("a * * 2", "`*` where a number or a column belongs, at character 5 of `a * * 2`"),
            ("2 * -a", "`-` where a number or a column belongs, at character 5 of `2 * -a`"),
            ("1.2.3", "`1.2.3` is not a decimal number"),
            ("1e-30", "`1e-30` has too many decimal places"),
            ("1e61", "`1e61` is too large"),
            ("2x", "a name that begins with a digit; write the column as {name}, at character 1 of `2x`"),
            ("'a'", "`'` where a number or a column belongs, at character 1 of `'a'`"),
        ] {
            assert_eq!(eval(text), Err(message.to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_value_or_a_message_and_never_a_panic(text in "[ab.12e(){}*+/ \\-\u{fc}]{0,30}") {
            let shown = eval(&text).unwrap_or_else(|message| message);
            prop_assert!(!shown.is_empty());
        }
    }

    #[test]
    fn an_expression_as_long_as_the_limit_is_read_and_a_longer_one_refused() {
        let nested = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
        let padded = format!("{} ", nested(499));
        assert_eq!(padded.len(), MAX_EXPRESSION_BYTES);
        assert_eq!(eval(&padded).as_deref(), Ok("1"));
        assert_eq!(eval(&nested(500)), Err(format!("longer than {MAX_EXPRESSION_BYTES} bytes")));
    }

    #[test]
    fn a_cell_that_is_no_number_is_named_with_its_column() {
        assert_eq!(
            eval("text * 2"),
            Err("column `text` holds \"abc\", which is not a decimal number".into())
        );
        assert_eq!(eval("a + empty"), Err("column `empty` is empty".into()));
        assert_eq!(eval("a * 1e37 * 10 * 10"), Err("the number is too large".into()));
        assert_eq!(eval("aa"), Err("unknown aa".into()));
    }
}
