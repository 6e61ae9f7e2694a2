//! Replays of the real traces, against sums that share no code with the product.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::support::{Project, chargly, example, json_of, said, text, trace};

/// Micro-credits for each unit of quantity, in all these replays: 0.001 credits.
const PRICE: &str = "llm.*=per_unit:0.001";
/// Enough for every customer of the traces.
const GRANT: &str = "1000000000";

/// What a trace comes to by event type, summed from its raw lines: events, micro-credits, nano-dollars of cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Expected {
    events: u64,
    credits_micro: i128,
    cost_nano: i128,
}

type ByEvent = BTreeMap<String, Expected>;

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

fn azure(path: &Path) -> ByEvent {
    let mut sums = ByEvent::new();
    for row in plain_rows(path) {
        let tokens = |column: usize| row[column].parse::<i128>().expect("an integer");
        let sum = sums.entry(format!("llm.{}", row[1])).or_default();
        sum.events += 1;
        // A thousandth of a credit a token is 1,000 micro-credits.
        sum.credits_micro += (tokens(2) + tokens(3)) * 1_000;
        sum.cost_nano += tokens(2) * 2_500 + tokens(3) * 10_000;
    }
    sums
}

fn servegen(path: &Path) -> ByEvent {
    let mut sums = ByEvent::new();
    for row in plain_rows(path) {
        let sum = sums.entry(format!("llm.{}", row[0].replace('-', "_"))).or_default();
        // At most 7 places, times 600, rounded to 6 places, half away from zero.
        let requests_e7 = scaled(&row[3], 7) * 600;
        let requests_micro = (requests_e7 + 5).div_euclid(10);
        assert!(requests_micro > 0, "every window has requests");
        sum.events += 1;
        // A thousandth of a micro-request, rounded to the micro-credit, half up.
        sum.credits_micro += (requests_micro + 500).div_euclid(1_000);
        if !row[6].is_empty() {
            let cost_e15 = requests_e7 * (scaled(&row[6], 1) * 5 + scaled(&row[9], 1) * 20);
            sum.cost_nano += (cost_e15 + 500_000).div_euclid(1_000_000);
        }
    }
    sums
}

fn assert_totals(totals: &Value, which: &str, expected: &ByEvent) {
    let amount = |value: &Value, places| value.as_str().map_or(0, |text| scaled(text, places));
    let found = totals["by_event"].as_object().expect("an object").iter().map(|(name, line)| {
        let sums = &line[which];
        let expected = Expected {
            events: sums["events"].as_u64().expect("a number"),
            credits_micro: amount(&sums["credits"], 6),
            cost_nano: amount(&sums["cost"]["usd"], 9),
        };
        (name.clone(), expected)
    });
    assert_eq!(&found.collect::<ByEvent>(), expected);
    let all: u64 = expected.values().map(|sum| sum.events).sum();
    assert_eq!(totals["read"], all);
    assert_eq!(totals[which]["events"], all);
    assert_eq!(totals["refused"]["events"], 0);
    assert_eq!(totals["unreadable"], 0);
}

fn replay_args<'a>(trace: &'a Path, mapping: &'a Path) -> Vec<&'a str> {
    vec![
        "replay",
        text(trace),
        "--mapping",
        text(mapping),
        "--define-types",
        "--price",
        PRICE,
        "--grant",
        GRANT,
    ]
}

#[test]
fn azure_offline_and_again_over_http_charges_once() {
    let Some(trace) = trace("azure-llm-2023.csv.gz") else { return };
    let (expected, mapping) = (azure(&trace), example("azure-llm-2023.toml"));
    let project = Project::begin();
    assert_totals(&project.json(&replay_args(&trace, &mapping)), "accepted", &expected);
    let digest = project.verified()["digest"].clone();

    // The same through a server: nothing is charged again, whichever way it comes.
    let server = project.serve();
    let target = ["--url", &server.url, "--key", &project.test_key, "--json"];
    let again = json_of(&chargly(&[&replay_args(&trace, &mapping)[..], &target].concat()));
    assert_totals(&again, "replayed", &expected);
    drop(server);
    assert_eq!(project.verified()["digest"], digest);
}

#[test]
fn azure_over_http_and_again_offline_charges_once() {
    let Some(trace) = trace("azure-llm-2023.csv.gz") else { return };
    let (expected, mapping) = (azure(&trace), example("azure-llm-2023.toml"));
    let project = Project::begin();
    let server = project.serve();
    let target = ["--url", &server.url, "--key", &project.test_key, "--json"];
    let first = json_of(&chargly(&[&replay_args(&trace, &mapping)[..], &target].concat()));
    assert_totals(&first, "accepted", &expected);
    drop(server);
    project.verified();
    assert_totals(&project.json(&replay_args(&trace, &mapping)), "replayed", &expected);
}

#[test]
fn servegen_offline_has_the_totals_of_its_lines() {
    let Some(trace) = trace("servegen-clients-2025.csv.gz") else { return };
    let (expected, mapping) = (servegen(&trace), example("servegen-clients-2025.toml"));
    let project = Project::begin();
    assert_totals(&project.json(&replay_args(&trace, &mapping)), "accepted", &expected);
    project.verified();
}

#[test]
fn servegen_over_http_has_the_totals_of_its_lines() {
    let Some(trace) = trace("servegen-clients-2025.csv.gz") else { return };
    let (expected, mapping) = (servegen(&trace), example("servegen-clients-2025.toml"));
    let project = Project::begin();
    let server = project.serve();
    let target = ["--url", &server.url, "--key", &project.test_key, "--json"];
    let totals = json_of(&chargly(&[&replay_args(&trace, &mapping)[..], &target].concat()));
    assert_totals(&totals, "accepted", &expected);
    drop(server);
    project.verified();
}

#[test]
fn a_replay_that_was_stopped_goes_on_where_it_stopped() {
    let project = Project::begin();
    let sample = ["replay", "--sample", "9", "--events", "3000", "--customers", "40", "--grant", "100000"];
    let part = project.json(&[&sample[..], &["--limit", "1234"]].concat());
    assert_eq!(part["accepted"]["events"], 1_234);
    let whole = project.json(&sample);
    assert_eq!((&whole["replayed"]["events"], &whole["accepted"]["events"]), (&1_234.into(), &1_766.into()));
}

#[test]
fn sample_traffic_is_the_same_on_both_ways() {
    let sample = ["replay", "--sample", "11", "--events", "2500", "--customers", "25", "--grant", "100000"];
    let (offline, served) = (Project::begin(), Project::begin());
    let direct = offline.json(&sample);
    let server = served.serve();
    let target = ["--url", &server.url, "--key", &served.test_key, "--json"];
    let over_http = json_of(&chargly(&[&sample[..], &target].concat()));
    for field in ["events", "credits", "cost"] {
        assert_eq!(over_http["accepted"][field], direct["accepted"][field], "{field}");
    }
}

#[test]
fn what_cannot_be_metered_is_counted_by_its_code() {
    let project = Project::begin();
    let file = project.beside("usage.csv");
    let rows = "name,who,n\nchat.reply,demo_user,1\nno.such.type,demo_user,1\nchat.reply,poor,1\nchat.reply,demo_user,x\n";
    std::fs::write(&file, rows).expect("written");
    let mapping = ["--event", "{name}", "--customer", "{who}", "--quantity", "n"];
    let output = project.run(&[&["replay", text(&file), "--json"], &mapping[..]].concat());
    assert_eq!(output.status.code(), Some(1), "a row made no event: {}", said(&output));
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 5: quantity"), "{}", said(&output));
    let totals: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(totals["read"], 3);
    assert_eq!(totals["unreadable"], 1);
    assert_eq!(totals["accepted"]["events"], 1);
    let codes = serde_json::json!({"insufficient_credits": 1, "unknown_event_type": 1});
    assert_eq!(totals["refused"]["by_code"], codes);
}

#[test]
fn a_dry_run_meters_nothing() {
    let project = Project::begin();
    let before = project.verified();
    let totals = project.json(&["replay", "--sample", "1", "--events", "100", "--dry-run"]);
    assert_eq!((&totals["read"], &totals["accepted"]["events"]), (&100.into(), &0.into()));
    assert_eq!(project.verified(), before);
}
