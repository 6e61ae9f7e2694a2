//! What senders send, in tables.

use super::*;

const ALL: &str =
    r#""specversion":"1.0","id":"e1","source":"/app","type":"image.generate","subject":"user_42""#;

/// What is read of it, as one text, or the fields that are wrong.
fn structured(text: &str) -> Result<String, Vec<String>> {
    let mut problems = Problems::default();
    let event = CloudEvent::structured(Item::unread(text), &mut problems);
    told(event, problems)
}

fn binary(headers: &[(&str, &[u8])], body: &str) -> Result<String, Vec<String>> {
    let mut problems = Problems::default();
    let event = CloudEvent::binary(headers.iter().copied(), body, &mut problems);
    told(event, problems)
}

fn told(event: Option<CloudEvent<'_>>, problems: Problems) -> Result<String, Vec<String>> {
    let wrong: Vec<String> = problems.into_list().into_iter().map(|p| p.field).collect();
    match event {
        Some(e) if wrong.is_empty() => Ok(format!(
            "{} {} {} {} {} {}",
            e.source,
            e.id,
            e.kind,
            e.subject,
            e.time.as_deref().unwrap_or("-"),
            e.data.as_deref().unwrap_or("-"),
        )),
        _ => Err(wrong),
    }
}

fn fields(names: &[&str]) -> Result<String, Vec<String>> {
    Err(names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn structured_events_are_read_and_every_wrong_attribute_is_named() {
    let read = |rest: &str| Ok(format!("/app e1 image.generate user_42 {rest}"));
    for (text, expected) in [
        (format!("{{{ALL}}}"), read("- -")),
        (format!(" {{ {ALL} }} "), read("- -")),
        (
            format!("{{{ALL},\"time\":\"2026-11-23T10:00:00Z\",\"data\":{{\"a\":1}}}}"),
            read("2026-11-23T10:00:00Z {\"a\":1}"),
        ),
        (format!("{{{ALL},\"traceparent\":\"x\",\"sequence\":7,\"dataschema\":null}}"), read("- -")),
        (format!("{{{ALL},\"data\":null,\"time\":null}}"), read("- -")),
        (
            format!("{{{ALL},\"data\":{{\"tokens\":\"1234\",\"model\":\"gpt-4o\"}}}}"),
            read("- {\"tokens\":1234,\"model\":\"gpt-4o\"}"),
        ),
        (format!("{{{ALL},\"data\":[1]}}"), fields(&["data"])),
        (format!("{{{ALL},\"data\":\"text\"}}"), fields(&["data"])),
        (format!("{{{ALL},\"data_base64\":\"e30=\"}}"), fields(&["data_base64"])),
        (format!("{{{ALL},\"time\":7}}"), fields(&["time"])),
        ("{}".to_owned(), fields(&["specversion", "source", "id", "type", "subject"])),
        (format!("{{{}}}", ALL.replace("1.0", "0.3")), fields(&["specversion"])),
        (format!("{{{}}}", ALL.replace("\"1.0\"", "1.0")), fields(&["specversion"])),
        (format!("{{{}}}", ALL.replace("\"e1\"", "7")), fields(&["id"])),
        (format!("{{{}}}", ALL.replace("\"e1\"", "\"\"")), fields(&["id"])),
        (format!("{{{}}}", ALL.replace("/app", "a\\u0000b")), fields(&["source"])),
        (format!("{{{ALL},\"id\":\"e2\"}}"), fields(&["body"])),
        ("[]".to_owned(), fields(&["body"])),
        ("{".to_owned(), fields(&["body"])),
    ] {
        assert_eq!(structured(&text), expected, "{text}");
    }
}

#[test]
fn headers_are_read_percent_encoded_quoted_or_raw() {
    let with = |subject: &[u8]| {
        let headers: [(&str, &[u8]); 6] = [
            ("host", b"x"),
            ("CE-SpecVersion", b"1.0"),
            ("ce-id", b"e1"),
            ("ce-source", b"/app"),
            ("ce-type", b"image.generate"),
            ("ce-subject", subject),
        ];
        binary(&headers, "")
    };
    let read = |subject: &str| Ok(format!("/app e1 image.generate {subject} - -"));
    for (value, expected) in [
        (&b"user_42"[..], read("user_42")),
        (b" user_42 ", read("user_42")),
        (b"Zo%C3%AB", read("Zoë")),
        ("Zoë".as_bytes(), read("Zoë")),
        ("狐 %e2%82%ac".as_bytes(), read("狐 €")),
        (b"\"with \\\"quotes\\\"\"", read("with \"quotes\"")),
        (b"\"Zo%C3%AB\"", read("Zoë")),
        (b"100%", read("100%")),
        (b"50%25 off", read("50% off")),
        (b"%zz%4", read("%zz%4")),
        (b"%ff", fields(&["ce-subject"])),
        (b"\xff", fields(&["ce-subject"])),
        (b"%00", fields(&["ce-subject"])),
        (b"", fields(&["ce-subject"])),
    ] {
        assert_eq!(with(value), expected, "{}", String::from_utf8_lossy(value));
    }
}

#[test]
fn binary_events_have_their_data_in_the_body_and_name_wrong_headers() {
    let all: [(&str, &[u8]); 5] = [
        ("ce-specversion", b"1.0"),
        ("ce-id", b"e1"),
        ("ce-source", b"/app"),
        ("ce-type", b"image.generate"),
        ("ce-subject", b"user_42"),
    ];
    let read = |data: &str| Ok(format!("/app e1 image.generate user_42 - {data}"));
    for (body, expected) in [
        ("", read("-")),
        (" \n", read("-")),
        ("null", read("-")),
        (" {\"quantity\":2} ", read("{\"quantity\":2}")),
        ("{\"quantity\":\"2.5\"}", read("{\"quantity\":2.5}")),
        ("[]", fields(&["body"])),
        ("hello", fields(&["body"])),
        ("{\"a\":}", fields(&["body"])),
        ("{\"a\":1,\"a\":2}", fields(&["body"])),
    ] {
        assert_eq!(binary(&all, body), expected, "{body}");
    }
    let twice: Vec<(&str, &[u8])> = all.iter().copied().chain([("ce-specversion", &b"1.0"[..])]).collect();
    assert_eq!(binary(&twice, ""), fields(&["ce-specversion"]));
    let other: Vec<(&str, &[u8])> = all.iter().copied().chain([("Ce-Subject", &b"other"[..])]).collect();
    assert_eq!(binary(&other, ""), fields(&["ce-subject"]));
    assert_eq!(
        binary(&all[1..2], "1"),
        fields(&["ce-specversion", "ce-source", "ce-type", "ce-subject", "body"])
    );
    let old: Vec<(&str, &[u8])> =
        [("ce-specversion", &b"0.3"[..])].into_iter().chain(all[1..].iter().copied()).collect();
    assert_eq!(binary(&old, ""), fields(&["ce-specversion"]));
}

#[test]
fn numbers_in_quotes_are_numbers_and_codes_are_not() {
    for (sent, expected) in [
        ("\"1234\"", "1234"),
        ("\"0\"", "0"),
        ("\"\\u0031\"", "1"),
        ("\"0.5\"", "0.5"),
        ("\"123456789.123456\"", "123456789.123456"),
        ("\"1234567890\"", "\"1234567890\""),
        ("\"0.1234567\"", "\"0.1234567\""),
        ("\"007\"", "\"007\""),
        ("\"1.\"", "\"1.\""),
        ("\".5\"", "\".5\""),
        ("\"-1\"", "\"-1\""),
        ("\"1e3\"", "\"1e3\""),
        ("\"1,000\"", "\"1,000\""),
        ("\"\"", "\"\""),
        ("\"gpt-4o\"", "\"gpt-4o\""),
        ("{\"deep\":\"1\"}", "{\"deep\":\"1\"}"),
    ] {
        let text = format!("{{\"a\":{sent}}}");
        assert_eq!(data(&text).as_deref(), Ok(format!("{{\"a\":{expected}}}").as_str()));
    }
}

#[test]
fn no_two_pairs_of_source_and_id_have_one_key() {
    let pairs = [
        ("a", "b"),
        ("a b", ""),
        ("", "a b"),
        ("a ", "b"),
        ("a", " b"),
        ("1 a", "b"),
        ("3 a", "b"),
        ("ab", ""),
        ("", "ab"),
    ];
    let key = |(source, id): (&str, &str)| {
        let [source, id] = [source, id].map(|text| Cow::Owned(text.to_owned()));
        CloudEvent { source, id, kind: "".into(), subject: "".into(), time: None, data: None }.key()
    };
    let keys: std::collections::BTreeSet<String> = pairs.into_iter().map(key).collect();
    assert_eq!(keys.len(), pairs.len(), "{keys:?}");
    assert_eq!(key(("/app", "e1")), "4 /appe1");
}

#[test]
fn attributes_hold_their_limit_on_both_sides() {
    let limit = CLOUD_EVENT_ATTRIBUTE_BYTES_MAX;
    for (length, is_good) in [(limit - 1, true), (limit, true), (limit + 1, false)] {
        let text = format!("{{{}}}", ALL.replace("/app", &"s".repeat(length)));
        assert_eq!(structured(&text).is_ok(), is_good, "{length}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}", rest in "[\\[\\]{}\",:0-9a-z.]{0,40}") {
        let _ = structured(&text);
        let _ = structured(&format!("{{{ALL},\"data\":{{{rest}}}}}"));
    }

    #[test]
    fn no_header_makes_the_reader_panic(value in proptest::collection::vec(0u8.., 0..40), body in "\\PC{0,40}") {
        let _ = binary(&[("ce-id", &value)], &body);
    }
}
