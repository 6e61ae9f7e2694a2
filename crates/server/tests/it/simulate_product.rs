//! `simulate product`: a past that is in order, whose truth is what the figures say, and that can be served.

use serde_json::Value;

use crate::support::{Server, chargly, json_of, said, text};

/// A directory that a simulated product is made in.
struct Simulated {
    root: tempfile::TempDir,
    /// What was printed.
    printed: Value,
}

impl Simulated {
    fn make(flags: &[&str]) -> Self {
        let root = tempfile::tempdir().expect("a directory");
        let data = root.path().join("data");
        let command = ["simulate", "product", "--json", "--data", text(&data)];
        let printed = json_of(&chargly(&[&command[..], flags].concat()));
        Self { root, printed }
    }

    fn data(&self) -> std::path::PathBuf {
        self.root.path().join("data")
    }

    fn run(&self, args: &[&str]) -> std::process::Output {
        chargly(&[args, &["--data", text(&self.data())]].concat())
    }

    fn key(&self) -> &str {
        self.printed["keys"]["test"].as_str().expect("a key")
    }
}

#[test]
fn the_golden_product_is_in_order_and_can_be_served() {
    let simulated = Simulated::make(&["--preset", "golden", "--customers", "30", "--days", "45"]);
    let events = simulated.printed["events"].as_u64().expect("a number");
    assert!((64_000..73_000).contains(&events), "{events} events in 45 days, for 45,500 in 30");
    let chat = &simulated.printed["truth"]["types"][0];
    assert_eq!((&chat["costs"][0]["unit_cost"], &chat["margin_bp"]), (&"0.0042".into(), &7_375.into()));

    let verified = simulated.run(&["verify"]);
    assert!(verified.status.success(), "{}", said(&verified));

    let server = Server::start(&simulated.data(), &[]);
    let (from, to) = (&simulated.printed["from"], &simulated.printed["until"]);
    let path =
        format!("/v1/margin?from={}&to={}", from.as_str().expect("a time"), to.as_str().expect("a time"));
    let margin = server.call("GET", &path, simulated.key(), None).json();
    let totals = &margin["totals"];
    assert_eq!(totals["events"], simulated.printed["events"], "{totals}");
    assert_eq!((&totals["cost"], &totals["gross_margin"]), (&simulated.printed["cost"], &"0.7375".into()));
    // Time goes on from where the simulation ended.
    let event = r#"{"event":"chat.reply","customer":"cus_00001"}"#;
    let metered = server.call("POST", "/v1/events", simulated.key(), Some(event));
    assert_eq!(metered.status, 200, "{}", String::from_utf8_lossy(&metered.bytes));
    server.stop();
    let verified = simulated.run(&["verify"]);
    assert!(verified.status.success(), "{}", said(&verified));
}

#[test]
fn the_same_seed_and_last_day_make_the_same_product() {
    let flags = ["--preset", "mix-drift", "--days", "30", "--customers", "20", "--events", "4000"];
    let make = |more: &[&str]| {
        let mut printed = Simulated::make(&[&flags[..], more].concat()).printed;
        printed["keys"].take();
        printed["project"].take();
        printed
    };
    let fixed = ["--until", "2026-06-01", "--seed", "7"];
    assert_eq!(make(&fixed), make(&fixed));
    assert_ne!(make(&fixed), make(&["--until", "2026-06-01", "--seed", "8"]));
}

#[test]
fn a_directory_with_a_project_is_refused_and_a_day_to_come_as_well() {
    let simulated = Simulated::make(&["--days", "3", "--customers", "5", "--events", "100"]);
    let again = simulated.run(&["simulate", "product", "--days", "3"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("holds a project already"), "{}", said(&again));
    let root = tempfile::tempdir().expect("a directory");
    let data = root.path().join("other");
    for flags in [
        &["--until", "2999-01-01"][..],
        &["--until", "tomorrow"],
        &["--preset", "unheard-of"],
        &["--days", "0"],
        &["--customers", "0"],
        &["--types", "65"],
    ] {
        let command = ["simulate", "product", "--data", text(&data)];
        let output = chargly(&[&command[..], flags].concat());
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {}", said(&output));
    }
    assert!(!data.exists(), "nothing was begun");
}

#[test]
fn what_is_printed_names_the_right_advice_and_how_to_go_on() {
    let root = tempfile::tempdir().expect("a directory");
    let data = root.path().join("data");
    let flags = ["--preset", "no-costs", "--days", "20", "--events", "2000", "--until", "2026-06-01"];
    let output = chargly(&[&["simulate", "product", "--data", text(&data)][..], &flags].concat());
    assert!(output.status.success());
    for word in ["data_quality", "sk_test_", "chargly verify --data", "--accept-clock"] {
        assert!(said(&output).contains(word), "{word}: {}", said(&output));
    }
}

#[test]
fn every_preset_of_the_guide_exists_and_none_is_left_out() {
    let page = include_str!("../../../../docs/guides/simulate-a-product.md");
    let help = said(&chargly(&["simulate", "product", "--help"]));
    let listed = help.split("[possible values: ").nth(1).and_then(|rest| rest.split(']').next());
    let presets: Vec<&str> =
        listed.expect("a list").split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    assert!(presets.len() >= 15, "{presets:?}");
    for preset in presets {
        assert!(page.contains(&format!("`{preset}`")), "{preset} is in the guide");
    }
}

#[test]
fn every_command_of_the_guide_does_what_it_says() {
    let page = include_str!("../../../../docs/guides/simulate-a-product.md");
    let root = tempfile::tempdir().expect("a directory");
    let mut commands = 0;
    for line in page.lines().filter_map(|line| line.strip_prefix("$ chargly ")) {
        // Fewer than printed: ten million are for a release.
        let line = line.replace("./", &format!("{}/", text(root.path())));
        let line = line.replace("10000000", "9000").replace("--days 90", "--days 9");
        let line = line.replace("loss-making", "loss-making --days 40");
        let output = chargly(&line.split_whitespace().collect::<Vec<_>>());
        assert!(output.status.success(), "{line}: {}", said(&output));
        commands += 1;
    }
    assert_eq!(commands, 4);
}
