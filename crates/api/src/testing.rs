//! Texts for tests: JSON in all its spellings, and what is nearly JSON.

use proptest::prelude::*;

/// An object as somebody might write it: white space, escapes, names twice, nesting, numbers of all spellings; now
/// and then with a byte too many, too few, or changed.
pub(crate) fn near_json() -> impl Strategy<Value = String> {
    let damage = prop_oneof![
        4 => Just(None),
        1 => (any::<prop::sample::Index>(), "[\\[\\]{}\",:\\\\0-9eE+.tnu \u{0}\u{7f}\u{e9}-]{0,2}").prop_map(Some),
    ];
    (object(), damage).prop_map(|(text, damage)| match damage {
        None => text,
        Some((at, other)) => {
            let mut letters: Vec<char> = text.chars().collect();
            let at = at.index(letters.len());
            letters.splice(at..=at, other.chars());
            letters.into_iter().collect()
        }
    })
}

/// An object, well formed but for what its parts make of it.
pub(crate) fn object() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![string(), number(), Just("true".to_owned()), Just("null".to_owned())];
    let value = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec((white(), inner.clone(), white()), 0..4).prop_map(|items| {
                let items: Vec<String> = items.into_iter().map(|(a, item, b)| a + &item + &b).collect();
                format!("[{}]", items.join(","))
            }),
            fields(inner),
        ]
    });
    (white(), fields(value), white()).prop_map(|(a, object, b)| a + &object + &b)
}

fn fields(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let name = prop_oneof![
        6 => "[a-e]{1,2}".prop_map(|name| format!("\"{name}\"")),
        1 => string(),
    ];
    prop::collection::vec((white(), name, white(), value, white()), 0..5).prop_map(|fields| {
        let fields: Vec<String> =
            fields.into_iter().map(|(a, name, b, value, c)| format!("{a}{name}{b}:{value}{c}")).collect();
        format!("{{{}}}", fields.join(","))
    })
}

fn white() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just(String::new()), 1 => "[ \t\r\n]{1,3}"]
}

fn string() -> impl Strategy<Value = String> {
    let inside = prop_oneof![
        3 => "[a-z0-9._ \u{7f}\u{85}\u{e9}\u{1f600}-]{0,20}",
        1 => r#"(\\["\\/bfnrt]|\\u00[0-7][0-9a-fA-F]|\\ud83d\\ude00|[a-z]){0,5}"#,
        1 => r#"(\\[ax]|\\u12|\\ud800|[\u{0}-\u{1f}]|[a-z]){0,3}"#,
    ];
    inside.prop_map(|inside| format!("\"{inside}\""))
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof!["(-)?(0|[1-9][0-9]{0,12})(\\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?", "[-+]?[0-9.eE]{1,6}",]
}
