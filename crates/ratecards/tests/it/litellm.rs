//! The price map of `litellm`.

use chargly_ratecards::{ListError, ListFormat, read};

use crate::told::{TODAY, list, told};

/// A list of one model of this name, with these fields.
fn one(name: &str, fields: &str) -> Vec<String> {
    told(&list(&format!(r#"{{"{name}": {{"litellm_provider": "acme", {fields}}}}}"#)))
}

#[test]
fn each_rate_is_read_with_its_unit_and_condition() {
    let lines = one(
        "acme/writer",
        r#""input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05, "max_tokens": 16384,
           "cache_read_input_token_cost": 1.25e-06, "cache_creation_input_token_cost": 3.125e-06,
           "input_cost_per_token_batches": 1.25e-06, "input_cost_per_token_above_200k_tokens": 5e-06,
           "output_cost_per_token_above_200k_tokens_batches": 7.5e-06, "input_cost_per_request": 0.001,
           "output_cost_per_image": 0.04, "mode": "chat""#,
    );
    assert_eq!(
        lines,
        [concat!(
            "acme/writer: input_tokens 0.0000025, input_tokens above 200000 0.000005, ",
            "batch input_tokens 0.00000125, cached_input_tokens 0.00000125, cache_write_tokens 0.000003125, ",
            "output_tokens 0.00001, batch output_tokens above 200000 0.0000075, images 0.04, requests 0.001"
        )]
    );
}

#[test]
fn rates_that_usage_cannot_name_are_left_out_and_told() {
    let fields = r#""input_cost_per_token": 1e-06, "input_cost_per_audio_token": 4e-05, "input_cost_per_token_priority": 2e-06,
                    "search_context_cost_per_query": {"low": 0.03}, "output_cost_per_token": null"#;
    assert_eq!(
        one("writer", fields),
        [
            "acme/writer: input_tokens 0.000001",
            "- acme/writer: no_unit input_cost_per_audio_token",
            "- acme/writer: no_unit input_cost_per_token_priority",
            "- acme/writer: no_unit search_context_cost_per_query",
        ]
    );
}

#[test]
fn rate_that_is_not_exact_takes_the_model_with_it_only_where_another_would_stand_in() {
    assert_eq!(
        one("writer", r#""input_cost_per_token": 1e-06, "input_cost_per_second": 8.33333333333e-05"#),
        [
            "acme/writer: input_tokens 0.000001",
            "- acme/writer: rate_not_exact input_cost_per_second: 8.33333333333e-05",
        ]
    );
    assert_eq!(
        one("writer", r#""input_cost_per_token": 1e-06, "input_cost_per_token_batches": 1e-13"#),
        ["- acme/writer: not_exact input_cost_per_token_batches: 1e-13"]
    );
}

#[test]
fn model_with_a_rate_that_cannot_be_read_is_left_out_whole() {
    for (fields, reason) in [
        (
            r#""input_cost_per_token": 1e-06, "cache_read_input_token_cost": 2.9999900000000002e-07"#,
            "not_exact cache_read_input_token_cost: 2.9999900000000002e-07",
        ),
        (r#""input_cost_per_token": -1"#, "not_an_amount input_cost_per_token: -1"),
        (r#""input_cost_per_token": "1e-06""#, "not_an_amount input_cost_per_token: \"1e-06\""),
        (r#""input_cost_per_token": 0.0, "output_cost_per_token": 0"#, "only_zeros"),
        (r#""max_tokens": 5"#, "no_rates"),
        (
            r#""tiered_pricing": [{"range": [0, 5]}, {"input_cost_per_token": 1}]"#,
            "not_an_amount tiered_pricing: a table that is not understood",
        ),
    ] {
        assert_eq!(one("writer", fields), [format!("- acme/writer: {reason}")], "{fields}");
    }
}

#[test]
fn one_price_is_taken_for_what_goes_in_and_comes_out() {
    for (fields, lines) in [
        (
            r#""input_cost_per_second": 0.0001, "output_cost_per_second": 0.0"#,
            &["acme/writer: seconds 0.0001"][..],
        ),
        (
            r#""input_cost_per_second": 0.0001, "output_cost_per_second": 0.0001"#,
            &["acme/writer: seconds 0.0001"],
        ),
        (
            r#""input_cost_per_image": 0.01, "output_cost_per_image": 0.04"#,
            &["acme/writer: images 0.04", "- acme/writer: no_unit input_cost_per_image"],
        ),
        (r#""input_cost_per_image": 0.01"#, &["acme/writer: images 0.01"]),
    ] {
        assert_eq!(one("writer", fields), lines, "{fields}");
    }
}

#[test]
fn table_of_ranges_becomes_steps() {
    let fields = r#""tiered_pricing": [
        {"range": [0, 32000.0], "input_cost_per_token": 3e-07, "output_cost_per_token": 1.5e-06},
        {"range": [32000.0, 128000.0], "input_cost_per_token": 5e-07, "output_cost_per_token": 2.5e-06}]"#;
    assert_eq!(
        one("writer", fields),
        [concat!(
            "acme/writer: input_tokens 0.0000003, input_tokens above 32000 0.0000005, ",
            "output_tokens 0.0000015, output_tokens above 32000 0.0000025"
        )]
    );
}

#[test]
fn a_name_is_read_without_its_provider_and_the_shorter_one_holds() {
    let text = r#"{
        "sample_spec": {"litellm_provider": "one of …", "input_cost_per_token": 1},
        "acme/both": {"litellm_provider": "acme", "input_cost_per_token": 2e-06},
        "both": {"litellm_provider": "acme", "input_cost_per_token": 1e-06},
        "acme/same": {"litellm_provider": "acme", "input_cost_per_token": 1e-06},
        "same": {"litellm_provider": "acme", "input_cost_per_token": 0.000001},
        "acme/eu/far": {"litellm_provider": "acme", "input_cost_per_token": 1e-06},
        "nobody": {"input_cost_per_token": 1e-06}
    }"#;
    let list = list(text);
    assert_eq!(list.format, ListFormat::Litellm);
    assert_eq!(
        told(&list),
        [
            "acme/both: input_tokens 0.000001",
            "acme/eu/far: input_tokens 0.000001",
            "acme/same: input_tokens 0.000001",
            "- /nobody: bad_name",
            "- acme/both: name_taken",
        ]
    );
}

#[test]
fn what_is_no_list_is_refused() {
    for text in ["", "7", "{}", r#"{"a": 1}"#, r#"{"a": {"b": 1}}"#, "[]"] {
        assert!(matches!(read(text, TODAY), Err(ListError::UnknownFormat)), "{text}");
    }
    for text in ["{", r#"{"providers": 1}"#, "[1]"] {
        assert!(matches!(read(text, TODAY), Err(ListError::Json(_))), "{text}");
    }
}
