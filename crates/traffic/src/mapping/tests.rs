//! Tests of `mapping.rs`.

use super::*;

const SMALLEST: &str = "event = 'a.b'\ncustomer = '{who}'\n";

fn message(toml: &str) -> String {
    Mapping::from_toml(toml).expect_err(toml).to_string()
}

#[test]
fn the_smallest_mapping_has_an_event_and_a_customer() {
    assert!(Mapping::from_toml(SMALLEST).is_ok());
    assert_eq!(message("customer = 'c'"), "the mapping needs `event`: the event type to meter");
    assert_eq!(message("event = 'a'"), "the mapping needs `customer`: whose wallet is charged");
}

#[test]
fn a_field_that_cannot_be_used_is_named() {
    for (more, expected) in [
        (
            "quantity = 'tokens *'",
            "the mapping's `quantity`: the end where a number or a column belongs, at character 9 of `tokens *`",
        ),
        (
            "key = 'same'",
            "the mapping's `key`: it names no column, so that every row would have the same key",
        ),
        (
            "key = '{id}'\nkey_prefix = 'p'",
            "the mapping's `key_prefix`: `key` is given too, which replaces keys made of prefix and line",
        ),
        ("key_prefix = 'ä'", "the mapping's `key_prefix`: `ä` is not 1 to 200 visible ASCII characters"),
        ("cost = '1'", "the mapping needs `currency`: a cost has one"),
        ("currency = 'usd'", "the mapping's `currency`: there is no `cost` it could belong to"),
        ("cost = '1'\ncurrency = '$'", "the mapping's `currency`: `$` is no currency"),
        ("window_s = 600", "the mapping's `window_s`: there is no `repeat` whose events it spreads"),
        ("seed = 1", "the mapping's `seed`: there is no `repeat` that would draw"),
        ("repeat = '2'\nwindow_s = 600", "the mapping needs `occurred_at`: `window_s` begins there"),
        ("[properties]\nn = 'number(a b)'", "the mapping's `properties.n`: `b`, at character 3 of `a b`"),
        (
            "[properties]\nn = '{a'",
            "the mapping's `properties.n`: a single `{` in `{a`; write it twice to mean the character",
        ),
    ] {
        assert_eq!(message(&format!("{SMALLEST}{more}")), expected);
    }
    assert_eq!(
        message("event = 'Image.Generate'\ncustomer = 'c'"),
        "the mapping's `event`: `Image.Generate` is no event"
    );
    assert_eq!(message("event = 'a'\ncustomer = ''"), "the mapping's `customer`: it is empty");
}

#[test]
fn unknown_fields_of_the_file_are_refused_by_name() {
    let error = Mapping::from_toml(&format!("{SMALLEST}quantiy = '1'")).expect_err("a misspelt field");
    let source = std::error::Error::source(&error).expect("has a cause").to_string();
    assert!(source.contains("unknown field `quantiy`"), "{source}");
}

#[test]
fn limits_hold_on_both_sides() {
    let properties = |count: usize| {
        let lines: Vec<String> = (0..count).map(|n| format!("p{n} = 'x'")).collect();
        format!("{SMALLEST}[properties]\n{}", lines.join("\n"))
    };
    assert!(Mapping::from_toml(&properties(MAX_PROPERTIES)).is_ok());
    assert_eq!(message(&properties(33)), "the mapping's `properties`: 33 of them, an event has at most 32");

    let prefix = |length: usize| format!("{SMALLEST}key_prefix = '{}'", "k".repeat(length));
    assert!(Mapping::from_toml(&prefix(MAX_KEY_PREFIX_BYTES)).is_ok());
    assert!(message(&prefix(MAX_KEY_PREFIX_BYTES + 1)).ends_with("is not 1 to 200 visible ASCII characters"));

    let window =
        |seconds: u32| format!("{SMALLEST}occurred_at = '{{t}}'\nrepeat = 'n'\nwindow_s = {seconds}");
    assert!(Mapping::from_toml(&window(MAX_WINDOW_S)).is_ok());
    assert!(message(&window(MAX_WINDOW_S + 1)).ends_with("is more than 31622400"));
}

#[test]
fn flags_override_the_file_and_merge_properties() {
    let file = MappingText::from_toml("event='a'\ncustomer='{c}'\nquantity='1'\n[properties]\nx='1'\ny='2'")
        .expect("reads");
    let mut flags = MappingText { quantity: Some("tokens".into()), ..MappingText::default() };
    flags.add_property("y=a=b").expect("is name=value");
    let merged = file.overridden_by(flags);
    assert_eq!(merged.quantity.as_deref(), Some("tokens"));
    assert_eq!(merged.customer.as_deref(), Some("{c}"));
    assert_eq!(merged.properties.get("x").map(String::as_str), Some("1"));
    assert_eq!(merged.properties.get("y").map(String::as_str), Some("a=b"));
    for flag in ["y", "=1", " =1"] {
        assert!(MappingText::default().add_property(flag).is_err(), "{flag}");
    }
}
