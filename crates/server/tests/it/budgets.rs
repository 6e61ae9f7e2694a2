//! Budgets of keys on the command line, across restarts, and as the guide prints them.

use serde_json::{Value, json};

use crate::docs::{Printed, printed};
use crate::support::{Project, Server, chargly, json_of, said};

/// What is left of the budget of the key with an id, in all.
fn left(server: &Server, key: &str, id: &Value) -> Value {
    let keys = server.call("GET", "/v1/keys", key, None).json();
    let found = keys["data"].as_array().expect("a list").iter().find(|key| key["id"] == *id).cloned();
    found.expect("the key")["budget"]["left_today"].clone()
}

fn meter(server: &Server, key: &Value, name: &str) -> Value {
    let body =
        json!({"event": "image.generate", "customer": "demo_user", "idempotency_key": name}).to_string();
    server.call("POST", "/v1/events", key.as_str().expect("a secret"), Some(&body)).json()
}

#[test]
fn budget_is_kept_across_restarts_killed_or_not_and_the_books_are_sound() {
    let project = Project::begin();
    let args = ["keys", "create", "--label", "agent", "--scopes", "meter", "--budget-per-day", "130"];
    let made = project.json(&args);
    assert_eq!(
        (&made["budget"]["credits_per_day"], &made["budget"]["left_today"], &made["may_set_credits"]),
        (&json!(130), &json!(130), &json!(false))
    );
    let server = project.serve();
    meter(&server, &made["secret"], "1");
    let hold = json!({"event": "image.generate", "customer": "demo_user"}).to_string();
    let secret = made["secret"].as_str().expect("a secret");
    let hold = server.call("POST", "/v1/holds", secret, Some(&hold)).json();
    assert_eq!(left(&server, &project.test_key, &made["id"]), 50);
    // Folded from the journal after a kill, from the checkpoint after an orderly stop.
    server.kill();
    let server = project.serve();
    assert_eq!(left(&server, &project.test_key, &made["id"]), 50);
    server.stop();
    project.verified();
    let server = project.serve();
    assert_eq!(left(&server, &project.test_key, &made["id"]), 50);
    meter(&server, &made["secret"], "2");
    let refused = meter(&server, &made["secret"], "3");
    assert_eq!((&refused["code"], &refused["left"]), (&json!("budget_exceeded"), &json!(10)));
    let path = format!("/v1/holds/{}/void", hold["id"].as_str().expect("an id"));
    assert_eq!(server.call("POST", &path, secret, None).status, 200);
    assert_eq!(left(&server, &project.test_key, &made["id"]), 50);
    assert_eq!(meter(&server, &made["secret"], "3")["code"], "budget_exceeded", "final for its key");
    server.stop();
    project.verified();
}

#[test]
fn budgets_are_changed_on_the_command_line_in_a_directory_and_through_a_server() {
    let project = Project::begin();
    let made = project.json(&["keys", "create", "--label", "agent", "--scopes", "meter"]);
    assert_eq!((&made["budget"], &made["may_set_credits"]), (&Value::Null, &json!(true)));
    let id = made["id"].as_str().expect("an id");
    let set = project.json(&["keys", "budget", id, "--budget-per-customer-per-day", "12.5"]);
    assert_eq!(set["budget"]["credits_per_customer_per_day"], 12.5);
    assert_eq!(set["budget"]["customers_today"], 0);
    let listed = project.run(&["keys", "list"]);
    assert!(said(&listed).contains("at most 12.5 credits a day for each customer"), "{}", said(&listed));
    for wrong in [
        &["keys", "budget", id][..],
        &["keys", "budget", id, "--budget-per-day", "-1"],
        &["keys", "budget", id, "--budget-per-day", "1", "--remove"],
    ] {
        assert_eq!(project.run(wrong).status.code(), Some(2), "{wrong:?}");
    }

    let server = project.serve();
    let keys = |args: &[&str]| {
        json_of(&chargly(
            &[&["keys"], args, &["--url", &server.url, "--key", &project.test_key, "--json"]].concat(),
        ))
    };
    let set = keys(&["budget", id, "--budget-per-day", "100"]);
    assert_eq!(
        (&set["budget"]["left_today"], &set["budget"]["credits_per_customer_per_day"]),
        (&json!(100), &Value::Null)
    );
    let rotated = keys(&["rotate", id]);
    meter(&server, &rotated["secret"], "1");
    assert_eq!(left(&server, &project.test_key, &made["id"]), 60);
    assert_eq!(keys(&["budget", id, "--remove"])["budget"], Value::Null);
    let made = keys(&[
        "create",
        "--label",
        "free",
        "--scopes",
        "meter",
        "--budget-per-day",
        "1",
        "--may-set-credits",
        "true",
    ]);
    assert_eq!(made["may_set_credits"], true);
}

#[test]
fn reset_keeps_budgets_and_who_shares_one() {
    let project = Project::begin();
    let args = ["keys", "create", "--label", "agent", "--scopes", "meter", "--budget-per-day", "50"];
    let made = project.json(&args);
    let rotated = project.json(&["keys", "rotate", made["id"].as_str().expect("an id")]);
    let output = project.run(&["reset", "test"]);
    assert!(output.status.success(), "{}", said(&output));
    let server = project.serve();
    let event = json!({"label": "Picture", "credits": 40}).to_string();
    server.call("PUT", "/v1/event-types/image.generate", &project.test_key, Some(&event));
    let grant = json!({"credits": 1000, "kind": "promotional"}).to_string();
    server.call("POST", "/v1/customers/demo_user/grants", &project.test_key, Some(&grant));
    assert_eq!(meter(&server, &made["secret"], "1")["credits"], 40);
    let refused = meter(&server, &rotated["secret"], "2");
    assert_eq!((&refused["code"], &refused["spent"]), (&json!("budget_exceeded"), &json!(40)));
}

#[test]
fn every_call_and_command_of_the_guide_does_what_it_says() {
    let project = Project::begin();
    let server = project.serve();
    let page = include_str!("../../../../docs/guides/agent-budgets.md");
    let (mut agent, mut id, mut statuses) = (String::new(), String::new(), Vec::new());
    for Printed { method, path, body } in printed(page) {
        let key = if path == "/v1/events" { &agent } else { &project.test_key };
        let answer = server.call(&method, &path.replace("key_…", &id), key, body.as_deref());
        statuses.push(answer.status);
        let answer = answer.json();
        if let Some(secret) = answer["secret"].as_str() {
            secret.clone_into(&mut agent);
            answer["id"].as_str().expect("an id").clone_into(&mut id);
        }
        if answer["status"] == 402 {
            let printed = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next());
            let printed: Value = serde_json::from_str(printed.expect("a refusal")).expect("JSON");
            for (name, value) in printed.as_object().expect("an object") {
                if name != "renews_at" {
                    assert_eq!(answer[name], *value, "{name}");
                }
            }
        }
    }
    assert_eq!(statuses, [200, 200, 402, 200, 200, 200], "one call is refused, and the page says so");

    let mut commands = 0;
    for line in page.lines().filter_map(|line| line.strip_prefix("$ chargly ")) {
        let line = line.replace("key_…", &id);
        let words: Vec<&str> = line.split_whitespace().collect();
        let place = ["--url", server.url.as_str(), "--key", &project.test_key];
        let output = chargly(&[&words[..], &place].concat());
        assert!(output.status.success(), "{words:?}: {}", said(&output));
        commands += 1;
    }
    assert_eq!(commands, 3);
}
