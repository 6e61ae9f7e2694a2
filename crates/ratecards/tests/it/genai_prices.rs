//! The data of `genai-prices`.

use chargly_ratecards::ListFormat;

use crate::told::{list, told};

fn one(model: &str) -> Vec<String> {
    told(&list(&format!(r#"[{{"id": "acme", "name": "Acme", "models": [{{"id": "writer", {model}}}]}}]"#)))
}

#[test]
fn prices_of_a_million_a_thousand_and_an_hour_become_those_of_one() {
    let model = r#""prices": {"input_mtok": 2.5, "output_mtok": 10, "cache_read_mtok": 0.25, "cache_write_mtok": 3.125,
                   "requests_kcount": 12, "audio_hours": 0.36, "web_searches_kcount": 10}"#;
    assert_eq!(
        one(model),
        [
            concat!(
                "acme/writer: input_tokens 0.0000025, cached_input_tokens 0.00000025, ",
                "cache_write_tokens 0.000003125, output_tokens 0.00001, seconds 0.0001, requests 0.012"
            ),
            "- acme/writer: no_unit web_searches_kcount",
        ]
    );
    assert_eq!(
        one(r#""prices": {"audio_hours": 0.1}"#),
        ["- acme/writer: rate_not_exact audio_hours: 0.1", "- acme/writer: no_rates"]
    );
}

#[test]
fn steps_and_batches_are_read() {
    let model = r#""prices": {"input_mtok": {"base": 3, "tiers": [{"start": 200000, "price": 6}]}, "output_mtok": 15},
        "price_variants": [
            {"when": {"processing": "batch"}, "prices": {"input_mtok": 1.5, "audio_mtok": 1}},
            {"when": {"processing": "batch"}, "prices": {"input_mtok": 1, "output_mtok": 7.5}},
            {"when": {"service_tier": "priority"}, "prices": {"input_mtok": 9}}]"#;
    assert_eq!(
        one(model),
        [
            concat!(
                "acme/writer: input_tokens 0.000003, input_tokens above 200000 0.000006, ",
                "batch input_tokens 0.0000015, output_tokens 0.000015, batch output_tokens 0.0000075"
            ),
            "- acme/writer: no_unit service_tier=priority",
            "- acme/writer: no_unit batch audio_mtok",
        ]
    );
}

#[test]
fn price_of_the_day_is_taken_and_a_later_one_told() {
    let dated = |first: &str, second: &str, third: &str| {
        one(&format!(
            r#""prices": [{{{first} "prices": {{"input_mtok": 1}}}}, {{{second} "prices": {{"input_mtok": 2}}}},
                          {{{third} "prices": {{"input_mtok": 3}}}}]"#
        ))
    };
    let from = |day: &str| format!(r#""constraint": {{"start_date": "{day}"}},"#);
    let (past, today, later) = (from("2026-03-13"), from("2026-11-24"), from("2026-11-25"));
    assert_eq!(dated("", &past, &today), ["acme/writer: input_tokens 0.000003"]);
    assert_eq!(
        dated("", &past, &later),
        ["acme/writer: input_tokens 0.000002", "- acme/writer: later_price from 2026-11-25"]
    );
    assert_eq!(dated("", &later, &later)[0], "acme/writer: input_tokens 0.000001");
    let by_hour = r#""constraint": {"start_time": "00:30:00Z", "end_time": "16:30:00Z"},"#;
    assert_eq!(dated("", by_hour, &past), ["- acme/writer: time_of_day"]);
}

#[test]
fn model_is_known_by_its_other_names_too_unless_another_has_them() {
    let text = r#"{"units": {}, "providers": [{"id": "acme", "models": [
        {"id": "a", "match": {"or": [{"equals": "a"}, {"equals": "a-1"}, {"equals": "b"}, {"starts_with": "a-"}]},
         "prices": {"input_mtok": 1}},
        {"id": "b", "match": {"equals": "b-latest"}, "prices": {"input_mtok": 2}}]}]}"#;
    let list = list(text);
    assert_eq!(list.format, ListFormat::GenaiPrices);
    assert_eq!(
        told(&list),
        [
            "acme/a: input_tokens 0.000001",
            "acme/a-1: input_tokens 0.000001",
            "acme/b: input_tokens 0.000002",
            "acme/b-latest: input_tokens 0.000002",
        ]
    );
}
