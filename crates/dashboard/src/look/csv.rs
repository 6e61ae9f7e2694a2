//! Files that spreadsheets open: a line, and a text that none of them runs.

use super::Amount;

/// A line of fields.
pub(crate) fn line(out: &mut String, fields: impl Iterator<Item = String>) {
    for (at, field) in fields.enumerate() {
        if at > 0 {
            out.push(',');
        }
        if field.contains(['"', ',', '\n', '\r']) {
            out.push('"');
            out.push_str(&field.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&field);
        }
    }
    out.push_str("\r\n");
}

/// A text that a spreadsheet would run as a formula gets an apostrophe in front; a number that is negative is none.
pub(crate) fn harmless(text: &str) -> String {
    let is_like_a_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_like_a_formula && Amount::parse(text).is_none() { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_like_formulas_are_marked_and_negative_numbers_are_not() {
        for text in ["=1+1", "+1", "-1+cmd", "@SUM(A1)", "\tx", "-", "-x"] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        for text in ["-1", "-0.5", "a=1", "12", ""] {
            assert_eq!(harmless(text), text);
        }
    }
}
