//! The reports over real traces, against figures that a script of another language works out from the raw lines.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::{Project, Server, chargly, example, json_of, said, text, trace};

/// Every trace's price, 0.001 credits for each unit, and what each customer is sold before the first event.
const PRICE: &str = "llm.*=per_unit:0.001";
const LOT_CREDITS: &str = "1000000000";
const LOT_PRICE: &str = "7000000.03";
const REPORTS: [&str; 3] = ["usage", "revenue", "margin"];

/// Report, group and column, and what is shown there.
type Shown = BTreeMap<(String, String, String), String>;

/// What the script works out; nothing, with a line saying so, where there is no Python.
fn expected(kind: &str, trace: &Path) -> Option<Shown> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/figures.py");
    let ran = Command::new("python3").arg(script).args([kind, text(trace), LOT_CREDITS, LOT_PRICE]).output();
    let Ok(output) = ran else {
        eprintln!("SKIPPED: there is no python3 to work out what the figures must be");
        return None;
    };
    assert!(output.status.success(), "{}", said(&output));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(output.stdout.as_slice());
    let field = |record: &csv::StringRecord, at: usize| record[at].to_owned();
    let records = reader.records().map(|record| record.expect("CSV"));
    Some(records.map(|r| ((field(&r, 0), field(&r, 1), field(&r, 2)), field(&r, 3))).collect())
}

/// What the server shows, under the names of the script.
fn reported(server: &Server, key: &str, report: &str, group: &str) -> Shown {
    let path = format!("/v1/{report}?interval=total&from=2023-01-01&group_by={group}&format=csv");
    let answer = server.call("GET", &path, key, None);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    let mut reader = csv::Reader::from_reader(answer.bytes.as_slice());
    let header = reader.headers().expect("a header").clone();
    let mut shown = Shown::new();
    for record in reader.records().map(|record| record.expect("CSV")) {
        let named = |name: &str| header.iter().position(|known| known == name).map(|at| &record[at]);
        let group = if group.is_empty() { "" } else { named(group).expect("the group") };
        for (column, value) in header.iter().zip(&record).filter(|(column, _)| {
            !["event", "customer", "currency", "time_zone", "as_of_position", "as_of_at"].contains(column)
        }) {
            shown.insert((report.to_owned(), group.to_owned(), column.to_owned()), value.to_owned());
        }
    }
    shown
}

fn check(kind: &str, file: &str, mapping: &str) {
    let Some(trace) = trace(file) else { return };
    let Some(expected) = expected(kind, &trace) else { return };
    let project = Project::begin();
    let mapping = example(mapping);
    let sell = ["--price", PRICE, "--grant", LOT_CREDITS, "--grant-price", LOT_PRICE];
    let replay = ["replay", text(&trace), "--mapping", text(&mapping), "--define-types"];
    project.json(&[&replay[..], &sell].concat());
    let server = project.serve();
    let key = &project.test_key;
    let mut shown = Shown::new();
    for report in REPORTS {
        for group in ["", "event", "customer"] {
            shown.extend(reported(&server, key, report, group));
        }
    }
    assert_eq!(shown.len(), expected.len());
    for (place, value) in &expected {
        assert_eq!(shown.get(place), Some(value), "{place:?}");
    }
}

#[test]
fn azure_trace_has_the_figures_of_its_lines() {
    check("azure", "azure-llm-2023.csv.gz", "azure-llm-2023.toml");
}

#[test]
fn servegen_trace_has_the_figures_of_its_lines_by_event_and_customer() {
    check("servegen", "servegen-clients-2025.csv.gz", "servegen-clients-2025.toml");
}

#[test]
fn reports_are_printed_as_tables() {
    let project = Project::begin();
    let server = project.serve();
    let key = &project.test_key;
    let body =
        r#"{"event":"image.generate","customer":"demo_user","cost":{"amount":"0.05","currency":"usd"}}"#;
    let answer = server.call("POST", "/v1/events", key, Some(body));
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    wait_for_figures(&server, key);
    let place = ["--url", &server.url, "--key", key];
    let printed = |args: &[&str]| {
        let output = chargly(&[args, &place].concat());
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let table = printed(&["margin", "--interval", "total", "--group-by", "event"]);
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0][..4], ["event", "events", "credits_used", "recognised"]);
    assert_eq!(lines[1][..6], ["image.generate", "1", "40", "0.8", "0.05", "0"]);
    assert!(table.contains("Money in usd, days in UTC, as of position"), "{table}");
    let table = printed(&["customers", "list", "--sort", "credits"]);
    assert!(table.lines().nth(1).is_some_and(|line| line.starts_with("demo_user")), "{table}");
    assert!(printed(&["usage", "--format", "csv"]).starts_with("start,end,unfinished,events,"));
    let json = json_of(&chargly(&[&["revenue", "--format", "json"][..], &place].concat()));
    assert_eq!(json["deferred"]["agrees"], true);
    let wrong = chargly(&[&["usage", "--interval", "year"][..], &place].concat());
    assert!(!wrong.status.success() && said(&wrong).contains("interval must be one of"), "{}", said(&wrong));
}

/// Figures follow what is committed within moments.
fn wait_for_figures(server: &Server, key: &str) {
    for _ in 0..600 {
        if server.call("GET", "/v1/usage", key, None).json()["totals"]["events"] == 1 {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the figures never had the event");
}
