//! The committed example mappings over the two real traces, against sums that share no code with the crate: raw
//! lines split at commas and plain integers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use chargly_traffic::{Mapping, PropertyValue, RecordedEvent, Trace};
use flate2::read::GzDecoder;

/// The trace's path, or nothing with a line saying so: the data is not part of this repository.
fn trace_path(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {name} is not beside the repository (looked in ../shared/data)");
    None
}

fn mapping(name: &str) -> Mapping {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    let toml = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Mapping::from_toml(&toml).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn events(path: &Path, mapping: &Mapping) -> Vec<RecordedEvent> {
    let trace = Trace::open(path).unwrap_or_else(|error| panic!("{error}"));
    let progress = trace.progress();
    let events = trace.events(mapping).unwrap_or_else(|error| panic!("{error}"));
    let events = events.map(|event| event.unwrap_or_else(|error| panic!("{error}"))).collect();
    assert_eq!(progress.bytes_read(), progress.total_bytes(), "read to its end");
    events
}

/// Rows of a trace whose cells hold no commas or quotes, without the header.
fn plain_rows(path: &Path) -> Vec<Vec<String>> {
    let lines = BufReader::new(GzDecoder::new(File::open(path).expect("opens"))).lines();
    lines.skip(1).map(|line| line.expect("reads").split(',').map(str::to_owned).collect()).collect()
}

/// A decimal text as an integer of 10^-places; it must fit exactly.
fn scaled(text: &str, places: usize) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    assert!(fraction.len() <= places, "{text} has more than {places} places");
    format!("{whole}{fraction:0<places$}").parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn number(event: &RecordedEvent, name: &str) -> i128 {
    match event.properties.get(name) {
        Some(PropertyValue::Number(text)) => scaled(text, 0),
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn azure_totals_are_exact() {
    let Some(path) = trace_path("azure-llm-2023.csv.gz") else { return };
    let (mut input, mut output, mut by_service) = (0_i128, 0_i128, BTreeMap::<String, usize>::new());
    let rows = plain_rows(&path);
    for row in &rows {
        input += row[2].parse::<i128>().expect("an integer");
        output += row[3].parse::<i128>().expect("an integer");
        *by_service.entry(row[1].clone()).or_default() += 1;
    }
    assert_eq!(
        (rows.len(), input, output),
        (28_185, 40_421_844, 4_334_561),
        "as the trace's description says"
    );

    let events = events(&path, &mapping("azure-llm-2023.toml"));
    assert_eq!(events.len(), rows.len());
    assert_eq!(events.iter().map(|event| number(event, "input_tokens")).sum::<i128>(), input);
    assert_eq!(events.iter().map(|event| number(event, "output_tokens")).sum::<i128>(), output);
    let quantities = events.iter().map(|event| scaled(event.quantity.as_deref().expect("given"), 0));
    assert_eq!(quantities.sum::<i128>(), input + output);
    // $2.50 and $10 a million are 2,500 and 10,000 nano-dollars a token: every row is exact in nano-dollars.
    let cost_nanos = events.iter().map(|event| scaled(&event.cost.as_ref().expect("given").amount, 9));
    assert_eq!(cost_nanos.sum::<i128>(), input * 2_500 + output * 10_000);

    for (service, count) in by_service {
        let (name, customer) = (format!("llm.{service}"), format!("azure_{service}"));
        assert_eq!(events.iter().filter(|e| e.event == name && e.customer == customer).count(), count);
    }
    for (event, row) in events.iter().zip(&rows) {
        let milliseconds = format!("{}Z", &row[0][..23]);
        assert_eq!(event.occurred_at.as_deref(), Some(milliseconds.as_str()), "line {}", event.source_line);
    }
}

#[test]
fn azure_keys_are_unique_and_the_same_in_a_second_replay() {
    let Some(path) = trace_path("azure-llm-2023.csv.gz") else { return };
    let mapping = mapping("azure-llm-2023.toml");
    let first = events(&path, &mapping);
    let keys: BTreeSet<&str> = first.iter().map(|event| event.key.as_str()).collect();
    assert_eq!(keys.len(), first.len());
    assert_eq!(first, events(&path, &mapping));
}

#[test]
fn servegen_totals_are_exact_for_every_customer() {
    let Some(path) = trace_path("servegen-clients-2025.csv.gz") else { return };
    let rows = plain_rows(&path);
    assert_eq!(rows.len(), 152_711, "as the trace's description says");
    let (mut requests_micros, mut cost_nanos) =
        (BTreeMap::<String, i128>::new(), BTreeMap::<String, i128>::new());
    for row in &rows {
        let customer = format!("{}-{}", row[0], row[1]);
        // At most 7 places, times 600: round to 6 places, half away from zero.
        let requests_e7 = scaled(&row[3], 7) * 600;
        *requests_micros.entry(customer.clone()).or_default() += (requests_e7 + 5).div_euclid(10);
        if !row[6].is_empty() {
            // Means have at most 1 place. Input 0.5 and output 2 micro-dollars a token: 5·10^-7 and 20·10^-7.
            let cost_e15 = requests_e7 * (scaled(&row[6], 1) * 5 + scaled(&row[9], 1) * 20);
            *cost_nanos.entry(customer).or_default() += (cost_e15 + 500_000).div_euclid(1_000_000);
        }
    }

    let events = events(&path, &mapping("servegen-clients-2025.toml"));
    assert_eq!(events.len(), rows.len());
    let (mut quantities, mut costs) = (BTreeMap::<String, i128>::new(), BTreeMap::<String, i128>::new());
    for event in &events {
        let quantity = scaled(event.quantity.as_deref().expect("given"), 6);
        *quantities.entry(event.customer.clone()).or_default() += quantity;
        if let Some(cost) = &event.cost {
            *costs.entry(event.customer.clone()).or_default() += scaled(&cost.amount, 9);
        }
        assert_eq!(
            event.cost.is_none(),
            event.customer.starts_with("mm-image"),
            "line {}",
            event.source_line
        );
    }
    assert_eq!(quantities.len(), 366);
    assert_eq!(quantities, requests_micros);
    assert_eq!(costs, cost_nanos);
    assert_eq!(events[0].occurred_at.as_deref(), Some("2025-03-03T00:40:00.000Z"), "2,400 s after the base");
    assert_eq!(events[0].event, "llm.deepseek_r1");
}

#[test]
fn servegen_requests_are_the_floor_of_each_clients_sum() {
    let Some(path) = trace_path("servegen-clients-2025.csv.gz") else { return };
    let mut sum_e7 = BTreeMap::<String, i128>::new();
    for row in plain_rows(&path) {
        *sum_e7.entry(format!("{}-{}", row[0], row[1])).or_default() += scaled(&row[3], 7) * 600;
    }
    let expected: BTreeMap<String, i128> = sum_e7
        .into_iter()
        .map(|(customer, sum)| (customer, sum.div_euclid(10_000_000 * 10_000)))
        .filter(|(_, count)| *count > 0)
        .collect();

    let events = events(&path, &mapping("servegen-requests-2025.toml"));
    let (mut counts, mut keys) = (BTreeMap::<String, i128>::new(), BTreeSet::new());
    for event in &events {
        *counts.entry(event.customer.clone()).or_default() += 1;
        assert!(keys.insert(event.key.as_str()), "{} twice", event.key);
    }
    assert_eq!(counts, expected);
    assert_eq!(events.len(), 229_477, "as the guide says: about 230,000");
}
