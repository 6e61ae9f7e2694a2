//! CSV (RFC 4180): one writer for every table that is answered as CSV.
//!
//! Spreadsheets open CSV and run a text that begins like a formula. Such a text gets an apostrophe in front, as
//! spreadsheets themselves mark a text; numbers stay numbers, negative ones, too.

/// The media type.
pub(crate) const CSV: &str = "text/csv; charset=utf-8; header=present";

/// A field of a record.
pub(crate) enum Field<'a> {
    /// Of our own making: numbers, names of columns, times. Written as it is.
    Plain(&'a str),
    /// Of anybody's making: made harmless.
    Text(&'a str),
}

/// Writes records one after the other.
#[derive(Default)]
pub(crate) struct CsvWriter {
    out: String,
    is_inside: bool,
}

impl CsvWriter {
    /// Adds a field to the record.
    pub(crate) fn field(&mut self, field: &Field<'_>) -> &mut Self {
        if std::mem::replace(&mut self.is_inside, true) {
            self.out.push(',');
        }
        match field {
            Field::Plain(text) => self.quoted("", text),
            Field::Text(text) if is_like_a_formula(text) => self.quoted("'", text),
            Field::Text(text) => self.quoted("", text),
        }
        self
    }

    /// Ends the record.
    pub(crate) fn end(&mut self) {
        self.out.push_str("\r\n");
        self.is_inside = false;
    }

    /// What was written.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out.into_bytes()
    }

    fn quoted(&mut self, mark: &str, text: &str) {
        if !text.contains([',', '"', '\n', '\r']) {
            self.out.push_str(mark);
            self.out.push_str(text);
            return;
        }
        self.out.push('"');
        self.out.push_str(mark);
        for part in text.split_inclusive('"') {
            self.out.push_str(part);
            if part.ends_with('"') {
                self.out.push('"');
            }
        }
        self.out.push('"');
    }
}

/// Whether a spreadsheet would take a text for a formula.
fn is_like_a_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(fields: &[Field<'_>]) -> String {
        let mut writer = CsvWriter::default();
        fields.iter().for_each(|field| {
            writer.field(field);
        });
        writer.end();
        String::from_utf8(writer.into_bytes()).expect("UTF-8")
    }

    #[test]
    fn fields_with_separators_are_quoted_and_quotes_doubled() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("\"", "\"\"\"\""),
            ("", ""),
        ] {
            assert_eq!(record(&[Field::Text(text), Field::Plain("1")]), format!("{expected},1\r\n"));
        }
    }

    #[test]
    fn texts_like_formulas_are_marked_and_numbers_are_not() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "=\"a\",1"] {
            let written = record(&[Field::Text(text)]);
            let first = written.trim_start_matches('"').chars().next();
            assert_eq!(first, Some('\''), "{written}");
        }
        assert_eq!(record(&[Field::Plain("-0.5"), Field::Text("a=1")]), "-0.5,a=1\r\n");
    }
}
