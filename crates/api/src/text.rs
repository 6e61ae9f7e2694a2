//! Rules of the texts that name things: customers, event types, idempotency keys, and what people write.

use crate::limits::{CUSTOMER_BYTES_MAX, EVENT_NAME_BYTES_MAX, IDEMPOTENCY_KEY_BYTES_MAX};

/// Checks a customer id: 1 to 255 bytes of UTF-8 without control characters, in Unicode's composed form, so that two
/// ids that look the same are the same.
pub fn check_customer(text: &str) -> Result<(), String> {
    if text.is_empty() || text.len() > CUSTOMER_BYTES_MAX {
        return Err(format!("must have 1 to {CUSTOMER_BYTES_MAX} bytes"));
    }
    check_characters(text)
}

/// Checks an event type's name: segments of `[a-z0-9_]` joined by dots.
pub fn check_event_name(text: &str) -> Result<(), String> {
    if text.is_empty() || text.len() > EVENT_NAME_BYTES_MAX {
        return Err(format!("must have 1 to {EVENT_NAME_BYTES_MAX} bytes"));
    }
    let is_segment = |segment: &str| {
        !segment.is_empty() && segment.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    if text.split('.').all(is_segment) {
        Ok(())
    } else {
        Err("must be segments of a-z, 0-9 and _ joined by dots, like image.generate".to_owned())
    }
}

/// Checks an idempotency key: 1 to 255 visible ASCII characters.
pub fn check_idempotency_key(text: &str) -> Result<(), String> {
    let fits = (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&text.len());
    if fits && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(format!("must be 1 to {IDEMPOTENCY_KEY_BYTES_MAX} visible ASCII characters"))
    }
}

/// Checks what a person wrote: at most `max` bytes, and no control characters but line breaks and tabs.
pub fn check_prose(text: &str, max: usize) -> Result<(), String> {
    if text.len() > max {
        return Err(format!("must have at most {max} bytes"));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err("must not contain control characters".to_owned());
    }
    Ok(())
}

fn check_characters(text: &str) -> Result<(), String> {
    if text.is_ascii() {
        return if text.bytes().any(|b| b.is_ascii_control()) {
            Err("must not contain control characters".to_owned())
        } else {
            Ok(())
        };
    }
    if text.chars().any(char::is_control) {
        return Err("must not contain control characters".to_owned());
    }
    if !unicode_normalization::is_nfc(text) {
        return Err("must be in Unicode's composed form (NFC): another spelling of the same text would be another customer".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customer_ids_follow_their_rules() {
        for (text, is_good) in [
            ("user_42", true),
            ("Jos\u{e9}", true),
            ("Jose\u{301}", false),
            ("user 42/x?", true),
            ("", false),
            ("a\nb", false),
            ("a\u{85}b", false),
            ("a\u{0}", false),
        ] {
            assert_eq!(check_customer(text).is_ok(), is_good, "{text:?}");
        }
        lengths(CUSTOMER_BYTES_MAX, check_customer);
    }

    #[test]
    fn event_names_follow_their_rules() {
        for (text, is_good) in [
            ("image.generate", true),
            ("a", true),
            ("a_1.b_2", true),
            ("", false),
            ("Image", false),
            (".a", false),
            ("a.", false),
            ("a..b", false),
            ("a-b", false),
            ("a b", false),
        ] {
            assert_eq!(check_event_name(text).is_ok(), is_good, "{text:?}");
        }
        lengths(EVENT_NAME_BYTES_MAX, check_event_name);
    }

    #[test]
    fn idempotency_keys_follow_their_rules() {
        for (text, is_good) in
            [("req-8842", true), ("~!", true), ("", false), ("a b", false), ("\u{e9}", false), ("a\n", false)]
        {
            assert_eq!(check_idempotency_key(text).is_ok(), is_good, "{text:?}");
        }
        lengths(IDEMPOTENCY_KEY_BYTES_MAX, check_idempotency_key);
    }

    #[test]
    fn prose_may_have_lines_but_no_other_control_characters() {
        assert!(check_prose("a\nb\tc", 10).is_ok());
        assert!(check_prose("a\u{7}", 10).is_err());
        lengths(10, |text| check_prose(text, 10));
    }

    fn lengths(limit: usize, check: impl Fn(&str) -> Result<(), String>) {
        for (length, is_good) in [(limit - 1, true), (limit, true), (limit + 1, false)] {
            assert_eq!(check(&"a".repeat(length)).is_ok(), is_good, "{length}");
        }
    }
}
