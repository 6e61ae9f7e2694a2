//! Exports add up to what was metered, and go on where they stopped.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{Project, said, text};

/// Events of the sample that these tests meter.
const EVENTS: usize = 3_000;

fn metered() -> (Project, Value) {
    let project = Project::begin();
    let count = EVENTS.to_string();
    let totals = project.json(&[
        "replay",
        "--sample",
        "5",
        "--events",
        &count,
        "--customers",
        "30",
        "--grant",
        "50000",
        "--grant-price",
        "1000",
    ]);
    assert_eq!(totals["accepted"]["events"], EVENTS);
    (project, totals)
}

fn rows(project: &Project, args: &[&str]) -> Vec<Value> {
    let output = project.run(&[&["export"], args, &["--format", "ndjson"]].concat());
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// An exact decimal as an integer of 10^-places.
fn scaled(value: &Value, places: usize) -> i128 {
    let text = value.to_string();
    let text = text.trim_matches('"');
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    assert!(fraction.len() <= places, "{text} has more than {places} places");
    format!("{whole}{fraction:0<places$}").parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn exported_events_add_up_to_the_totals_of_the_replay() {
    let (project, totals) = metered();
    let events = rows(&project, &["events"]);
    assert_eq!(events.len(), EVENTS);
    let sum = |field: &str, places| events.iter().map(|row| scaled(&row[field], places)).sum::<i128>();
    assert_eq!(sum("credits", 6), scaled(&totals["accepted"]["credits"], 6));
    assert_eq!(sum("revenue", 9), scaled(&totals["accepted"]["revenue"], 9));
    assert_eq!(sum("cost", 9), scaled(&totals["accepted"]["cost"]["usd"], 9));
}

#[test]
fn each_ledger_line_leads_from_one_balance_to_the_next() {
    let (project, _) = metered();
    let mut balances = BTreeMap::<String, i128>::new();
    let lines = rows(&project, &["ledger"]);
    assert!(lines.len() > EVENTS);
    for line in lines {
        let balance = balances.entry(line["customer"].to_string()).or_default();
        *balance += scaled(&line["credits"], 6);
        assert_eq!(*balance, scaled(&line["balance_after"], 6), "{line}");
    }
}

#[test]
fn an_export_goes_on_after_a_position_and_keeps_to_its_range() {
    let (project, _) = metered();
    let all = rows(&project, &["events"]);
    let middle = all[1_000]["position"].to_string();
    assert_eq!(rows(&project, &["events", "--after", &middle]), all[1_001..]);

    let day = "2025-12-15";
    let early = rows(&project, &["events", "--to", day]);
    let late = rows(&project, &["events", "--from", day]);
    assert_eq!(early.len() + late.len(), EVENTS);
    assert!(!early.is_empty() && late.iter().all(|row| row["occurred_at"].as_str() >= Some(day)));
}

#[test]
fn a_csv_file_is_begun_once_and_then_only_added_to() {
    let project = Project::begin();
    let file = project.beside("events.csv");
    let export = |more: &[&str]| project.run(&[&["export", "events", "--out", text(&file)], more].concat());
    let sample = |seed| {
        project.json(&["replay", "--sample", seed, "--events", "5", "--customers", "2", "--grant", "9000"])
    };
    sample("1");
    assert!(export(&[]).status.success());
    let refused = export(&[]);
    assert_eq!(refused.status.code(), Some(1), "a file is not overwritten: {}", said(&refused));

    let first = std::fs::read_to_string(&file).expect("there");
    let last = first.lines().last().and_then(|line| line.split(',').next()).expect("a position").to_owned();
    sample("2");
    assert!(export(&["--after", &last]).status.success());
    let both = std::fs::read_to_string(&file).expect("there");
    assert!(both.starts_with(&first));
    assert_eq!(both.lines().count(), 11, "a header and ten events");
    assert_eq!(both.matches("position,id").count(), 1);
}

#[test]
fn an_export_works_beside_a_server() {
    let project = Project::begin();
    let _server = project.serve();
    assert_eq!(rows(&project, &["ledger"]).len(), 1, "the example's grant");
}
