//! Tests of `events.rs`.

use std::io::Cursor;

use super::*;

fn events_of(csv: &str, mapping: &str) -> Result<Events, TraceError> {
    let reader = TraceReader::new(Cursor::new(csv.to_owned().into_bytes()))?;
    let mapping = Mapping::from_toml(mapping).unwrap_or_else(|error| panic!("{error}"));
    reader.events(&mapping, "abc")
}

fn all(csv: &str, mapping: &str) -> Vec<Result<RecordedEvent, String>> {
    let events = events_of(csv, mapping).unwrap_or_else(|error| panic!("{error}"));
    events.map(|event| event.map_err(|error| error.to_string())).collect()
}

fn good(csv: &str, mapping: &str) -> Vec<RecordedEvent> {
    all(csv, mapping).into_iter().map(|event| event.unwrap_or_else(|error| panic!("{error}"))).collect()
}

/// The message of the only row of a trace with the columns `who,n,at,unit`.
fn refusal(row: &str, more: &str) -> String {
    let csv = format!("who,n,at,unit\n{row}\n");
    let mapping = format!("event = 'a.b'\ncustomer = '{{who}}'\n{more}");
    match all(&csv, &mapping).as_slice() {
        [Err(message)] => message.clone(),
        other => panic!("{row:?} {more:?} gave {other:?}"),
    }
}

#[test]
fn a_row_becomes_an_event_with_every_field() {
    let mapping = "
        event = 'llm.{kind|slug}'
        customer = 'team-{who}'
        quantity = 'input + output'
        credits = 'input * 0.5'
        occurred_at = '{at}'
        cost = 'input * 0.0000025 + output * 0.00001'
        currency = 'USD'
        [properties]
        kind = '{kind}'
        input = 'number(input)'
        half = 'number(output * 0.5)'
        absent = '{note}'
        absent_number = 'number({note})'
    ";
    let events =
        good("who,kind,input,output,at,note\nü7,GPT-4,374,45,2023-11-16T18:15:46.6805900Z,\n", mapping);
    let expected = RecordedEvent {
        key: "abc-2".into(),
        event: "llm.gpt_4".into(),
        customer: "team-ü7".into(),
        quantity: Some("419".into()),
        credits: Some("187".into()),
        occurred_at: Some("2023-11-16T18:15:46.680Z".into()),
        cost: Some(RecordedCost { amount: "0.001385".into(), currency: "usd".into() }),
        properties: BTreeMap::from([
            ("kind".into(), PropertyValue::Text("GPT-4".into())),
            ("input".into(), PropertyValue::Number("374".into())),
            ("half".into(), PropertyValue::Number("22.5".into())),
        ]),
        source_line: 2,
    };
    assert_eq!(events, [expected]);
}

#[test]
fn keys_come_from_the_prefix_and_the_line_or_from_a_template() {
    let keys = |mapping: &str| -> Vec<String> {
        let mapping = format!("event='a'\ncustomer='c'\n{mapping}");
        good("id\nx\n\ny\n", &mapping).into_iter().map(|event| event.key).collect()
    };
    assert_eq!(keys(""), ["abc-2", "abc-4"]);
    assert_eq!(keys("key_prefix='may'"), ["may-2", "may-4"]);
    assert_eq!(keys("key='req:{id}'"), ["req:x", "req:y"]);
}

#[test]
fn quantities_round_to_six_places_and_costs_to_nine() {
    let mapping = "event='a'\ncustomer='c'\nquantity='n'\ncost='n'\ncurrency='eur'";
    for (cell, quantity, cost) in [
        ("0.0000005", "0.000001", "0.0000005"),
        ("0.0000000005", "0", "0.000000001"),
        ("0.00000000049", "0", "0"),
        ("1.50", "1.5", "1.5"),
        ("0.0166667", "0.016667", "0.0166667"),
    ] {
        let events = good(&format!("n\n{cell}\n"), mapping);
        assert_eq!(events[0].quantity.as_deref(), Some(quantity), "{cell}");
        assert_eq!(events[0].cost.as_ref().map(|cost| cost.amount.as_str()), Some(cost), "{cell}");
    }
}

#[test]
fn a_value_that_makes_no_event_names_line_field_and_column() {
    for (row, more, message) in [
        (
            "u,abc,,",
            "quantity='n'",
            "line 2: quantity: column `n` holds \"abc\", which is not a decimal number",
        ),
        (
            "u,NaN,,",
            "quantity='n * 2'",
            "line 2: quantity: column `n` holds \"NaN\", which is not a decimal number",
        ),
        ("u,,,", "quantity='n'", "line 2: quantity: column `n` is empty"),
        ("u,-1,,", "quantity='n'", "line 2: quantity: -1 is negative"),
        ("u,1,,", "credits='n - 1.5'", "line 2: credits: -0.5 is negative"),
        ("u,-1,,usd", "cost='n'\ncurrency='{unit}'", "line 2: cost: -1 is negative"),
        (
            "u,1,,dollars",
            "cost='n'\ncurrency='{unit}'",
            "line 2: currency: \"dollars\" is not a currency code of three letters",
        ),
        ("u,1,,", "cost='n'\ncurrency='{unit}'", "line 2: currency: column `unit` is empty"),
        ("u,9223372036854.775808,,", "quantity='n'", "line 2: quantity: the number is too large"),
        ("u,9223372036.854775808,,", "cost='n'\ncurrency='usd'", "line 2: cost: the number is too large"),
        (
            "u,0.1234567890123456789012345,,",
            "quantity='n'",
            "line 2: quantity: column `n` holds \"0.1234567890123456789012345\", which has more than 24 decimal places",
        ),
        (
            "u,1,soon,",
            "occurred_at='{at}'",
            "line 2: occurred_at: \"soon\" is not an RFC 3339 time with a zone, such as 2026-11-23T10:00:00Z",
        ),
        ("u,1,,", "occurred_at='{at}'", "line 2: occurred_at: column `at` is empty"),
        (",1,,", "", "line 2: customer: column `who` is empty"),
        ("u,1,,", "key='k {n}'", "line 2: key: \"k 1\" is not a key (1 to 255 visible ASCII characters)"),
        (
            "u,x,,",
            "[properties]\nn='number(n)'",
            "line 2: properties.n: column `n` holds \"x\", which is not a decimal number",
        ),
        ("u,-1,,", "repeat='n'", "line 2: repeat: -1 is negative"),
        ("u,10000001,,", "repeat='n'", "line 2: repeat: the number is too large"),
    ] {
        assert_eq!(refusal(row, more), message);
    }
}

#[test]
fn texts_are_refused_one_byte_beyond_their_limit() {
    let event =
        |length: usize| all(&format!("e\n{}\n", "x".repeat(length)), "event='{e}'\ncustomer='c'").remove(0);
    assert!(event(MAX_EVENT_NAME_BYTES).is_ok());
    assert!(event(MAX_EVENT_NAME_BYTES + 1).is_err());
    let customer =
        |length: usize| all(&format!("c\n{}\n", "x".repeat(length)), "event='e'\ncustomer='{c}'").remove(0);
    assert!(customer(MAX_CUSTOMER_BYTES).is_ok());
    assert!(customer(MAX_CUSTOMER_BYTES + 1).is_err());
    let key = |length: usize| {
        all(&format!("k\n{}\n", "x".repeat(length)), "event='e'\ncustomer='c'\nkey='{k}'").remove(0)
    };
    assert!(key(MAX_KEY_BYTES).is_ok());
    assert!(key(MAX_KEY_BYTES + 1).is_err());
}

#[test]
fn event_names_are_segments_joined_by_dots() {
    for (name, fits) in [
        ("a", true),
        ("a.b_2", true),
        ("", false),
        ("a.", false),
        (".a", false),
        ("a..b", false),
        ("A", false),
        ("a-b", false),
    ] {
        assert_eq!(is_event_name(name), fits, "{name}");
    }
}

#[test]
fn after_a_bad_row_the_next_one_is_read() {
    let events = all("n\n1\nx\n3,3\n4\n", "event='a'\ncustomer='c'\nquantity='n'");
    let keys: Vec<&str> =
        events.iter().map(|event| event.as_ref().map_or("error", |event| &event.key)).collect();
    assert_eq!(keys, ["abc-2", "error", "error", "abc-5"]);
}

#[test]
fn unknown_columns_are_refused_before_the_first_row_with_the_nearest_name() {
    let mapping = "event='{kind}'\ncustomer='{user}'\nquantity='context_token * 2'";
    let error =
        events_of("kind,context_tokens,used\nx,1,2\n", mapping).err().expect("two columns are not there");
    assert_eq!(
        error.to_string(),
        "customer: column `user` is not in the trace, did you mean `used`?; quantity: column `context_token` is \
         not in the trace, did you mean `context_tokens`?; the columns are kind, context_tokens, used"
    );
    assert!(error.ends_trace());
}

#[test]
fn a_file_without_a_header_is_told_so() {
    let error = events_of("conv,374,44\n", "event='{service}'\ncustomer='c'").err().expect("no such column");
    assert_eq!(
        error.to_string(),
        "event: column `service` is not in the trace; the columns are conv, 374, 44 (the first line looks like \
         data: a CSV trace needs a header line)"
    );
}

#[test]
fn a_column_named_twice_in_the_header_cannot_be_used() {
    let error = events_of("a,b,a\n1,2,3\n", "event='e'\ncustomer='{a}'").err().expect("ambiguous");
    assert!(error.to_string().starts_with("customer: column `a` is in the header more than once"), "{error}");
    assert!(events_of("a,b,a\n1,2,3\n", "event='e'\ncustomer='{b}'").is_ok());
}

#[test]
fn a_cost_of_an_empty_column_is_missing_and_not_zero() {
    let mapping = "event='a'\ncustomer='c'\ncost='price * 0'\ncurrency='usd'";
    let costs: Vec<Option<String>> = good("id,price\n1,\n2,5\n", mapping)
        .into_iter()
        .map(|event| event.cost.map(|cost| cost.amount))
        .collect();
    assert_eq!(costs, [None, Some("0".to_owned())]);
}

const SUMMARY: &str = "event='a'\ncustomer='{who}'\nrepeat='n * 0.1'\noccurred_at='2025-03-03T00:00:00Z + at'\nwindow_s=600\nseed=7";

#[test]
fn repeat_draws_the_floor_of_each_customers_running_sum() {
    // u: 0.7, 1.4, 2.1, 12.1 → 0, 1, 1, 10 events; v: 0.9, 1.8 → 0, 1.
    let csv = "who,n,at\nu,7,0\nv,9,0\nu,7,600\nv,9,600\nu,7,1200\nu,100,1800\n";
    let events = good(csv, SUMMARY);
    let mut by_line = BTreeMap::new();
    for event in &events {
        *by_line.entry(event.source_line).or_insert(0) += 1;
    }
    assert_eq!(by_line, BTreeMap::from([(4, 1), (5, 1), (6, 1), (7, 10)]));
    let keys: Vec<&str> = events.iter().map(|event| event.key.as_str()).collect();
    assert_eq!(keys[..4], ["abc-4-1", "abc-5-1", "abc-6-1", "abc-7-1"]);
    assert_eq!(keys.last(), Some(&"abc-7-10"));
}

#[test]
fn repeated_events_fall_inside_their_window_in_order() {
    let events = good("who,n,at\nu,10000,600\n", SUMMARY);
    assert_eq!(events.len(), 1_000);
    let times: Vec<&str> = events.iter().filter_map(|event| event.occurred_at.as_deref()).collect();
    assert!(times.is_sorted());
    assert!(times[0] >= "2025-03-03T00:10:00.000Z" && times[0] < "2025-03-03T00:10:00.600Z", "{}", times[0]);
    assert!(
        times[999] < "2025-03-03T00:20:00.000Z" && times[999] >= "2025-03-03T00:19:59.400Z",
        "{}",
        times[999]
    );
    assert_ne!(
        times,
        good("who,n,at\nu,10000,600\n", &SUMMARY.replace("seed=7", "seed=8"))
            .iter()
            .filter_map(|event| event.occurred_at.as_deref())
            .collect::<Vec<_>>()
    );
}

#[test]
fn each_row_spreads_its_events_differently() {
    let events = good("who,n,at\nu,100,0\nu,100,0\n", SUMMARY);
    let (first, second) = events.split_at(10);
    let times = |events: &[RecordedEvent]| -> Vec<Option<String>> {
        events.iter().map(|event| event.occurred_at.clone()).collect()
    };
    assert_ne!(times(first), times(second));
}

#[test]
fn a_second_replay_gives_the_same_events() {
    let csv = "who,n,at\nu,75,0\nv,19,0\nu,7,600\n";
    assert_eq!(good(csv, SUMMARY), good(csv, SUMMARY));
}

#[test]
fn a_summary_row_that_is_refused_adds_nothing_to_the_running_sum() {
    let events = all("who,n,at\nu,9,0\nu,9,never\nu,9,0\n", SUMMARY);
    let shown: Vec<bool> = events.iter().map(Result::is_ok).collect();
    assert_eq!(shown, [false, true], "{events:?}");
}

#[test]
fn rows_without_a_window_repeat_at_their_own_time() {
    let mapping = "event='a'\ncustomer='c'\nrepeat='n'\noccurred_at='{at}'";
    let events = good("n,at\n3,2025-01-01T00:00:00Z\n", mapping);
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| event.occurred_at.as_deref() == Some("2025-01-01T00:00:00.000Z")));
}
