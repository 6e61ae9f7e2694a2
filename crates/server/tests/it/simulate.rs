//! `simulate`: the same answer in a data directory, beside a server and through it.

use crate::support::{Project, example, said, text, trace};

const EVENTS: &str = "3000";

fn replayed() -> Project {
    let project = Project::begin();
    // Few credits for the busy: some run out, and what is left shows in what is outstanding.
    project.json(&[
        "replay",
        "--sample",
        "3",
        "--events",
        EVENTS,
        "--customers",
        "20",
        "--grant",
        "2000",
        "--grant-price",
        "40",
    ]);
    project
}

#[test]
fn nothing_proposed_comes_out_as_it_was() {
    let project = replayed();
    let file = project.beside("nothing.toml");
    std::fs::write(&file, "from = 2020-01-01\n").expect("written");
    let result = project.json(&["simulate", text(&file), "--draws", "1"]);
    assert_eq!(result["self_test_differences"], 0);
    for run in ["static", "replenishing"] {
        for figure in ["events", "credits_used", "revenue", "cash", "cost", "margin"] {
            assert_eq!(result[run][figure], result["happened"][figure], "{figure} of {run}");
        }
    }
    assert!(result["happened"]["events"].as_u64().is_some_and(|events| events > 1_000), "{result}");
}

#[test]
fn a_recorded_trace_comes_out_as_it_was() {
    let Some(trace) = trace("azure-llm-2023.csv.gz") else { return };
    let project = Project::begin();
    let mapping = example("azure-llm-2023.toml");
    project.json(&[
        "replay",
        text(&trace),
        "--mapping",
        text(&mapping),
        "--define-types",
        "--price",
        "llm.*=per_unit:0.001",
        "--grant",
        "20000",
        "--grant-price",
        "100",
    ]);
    let file = project.beside("nothing.toml");
    std::fs::write(&file, "from = 2020-01-01\n").expect("written");
    let result = project.json(&["simulate", text(&file), "--modes", "replenishing"]);
    assert_eq!(result["self_test_differences"], 0);
    let happened = &result["happened"];
    assert!(happened["events"].as_u64().is_some_and(|events| events > 10_000), "{happened}");
    assert!(happened["denied"].as_u64().is_some_and(|denied| denied > 0), "some run out: {happened}");
    assert_eq!(
        (&result["static"]["revenue"], &result["static"]["cost"]),
        (&happened["revenue"], &happened["cost"])
    );
}

#[test]
fn a_server_answers_what_its_data_directory_does() {
    let project = replayed();
    let table = |name: &str| project.beside(name);
    let (here, there) = (table("here.csv"), table("there.csv"));
    let asked =
        ["simulate", "--event", "image.generate", "--credits", "60.5", "--from", "2020-01-01", "--seed", "7"];
    let asked = [&asked[..], &["--draws", "3"]].concat();
    let in_directory = project.json(&[&asked[..], &["--csv", text(&here)]].concat());
    let server = project.serve();
    let through =
        [&asked[..], &["--csv", text(&there), "--url", &server.url, "--key", &project.test_key]].concat();
    let through_server = project.json(&through);
    let but_for_facts = |result: &serde_json::Value| {
        let mut result = result.clone();
        // A server that begins is a fact as well.
        result["facts"].take();
        result
    };
    assert_eq!(but_for_facts(&in_directory), but_for_facts(&through_server));
    let (here, there) = (std::fs::read_to_string(here), std::fs::read_to_string(there));
    assert_eq!(here.expect("written"), there.expect("written"));
    assert!(in_directory["bill_shock"]["customers"].as_u64().is_some_and(|customers| customers > 0));

    // Beside the server, in words.
    let said = said(&project.run(&asked));
    for word in ["happened", "replenishing", "elastic", "wallets that run out", "same usage"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn a_proposal_that_makes_no_sense_ends_with_2() {
    let project = Project::begin();
    for args in [
        &["simulate"][..],
        &["simulate", "--event", "image.generate", "--credits", "5"],
        &["simulate", "--event", "image.generate", "--from", "2020-01-01"],
        &["simulate", "--event", "unknown", "--credits", "5", "--from", "2020-01-01"],
        &["simulate", "--event", "image.generate", "--credits", "-5", "--from", "2020-01-01"],
        &["simulate", "--event", "image.generate", "--credits", "5", "--from", "yesterday"],
    ] {
        let output = project.run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", said(&output));
    }
}
