//! The first start: what is printed, and that it works when pasted.

use crate::support::{Project, Server, call, chargly, client, said, text};

#[test]
fn the_curl_that_a_first_start_prints_answers_200() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = Server::start(&dir.path().join("data"), &[]);
    let curl = server.printed.split_once("curl ").expect("a curl is printed").1;
    let quoted: Vec<&str> = curl.split('\'').collect();
    let (url, key, body) = (
        curl.split_whitespace().find(|word| word.starts_with("http://")).expect("an address"),
        quoted[1].strip_prefix("authorization: Bearer ").expect("a key"),
        quoted[5],
    );
    assert!(server.printed.contains("sk_live_"), "both keys are shown");

    let answer = call(&client(), "POST", url, key, Some(body)).expect("an answer");
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    let json = answer.json();
    assert_eq!(json["credits"], 40);
    assert_eq!(json["balance"]["available"], 960);

    let again = call(&client(), "POST", url, key, Some(body)).expect("an answer");
    assert!(again.is_replay);
    assert_eq!(again.bytes, answer.bytes);
}

#[test]
fn keys_are_printed_by_the_first_start_only() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let first = Server::start(&data, &[]);
    assert!(first.printed.contains("sk_test_"));
    first.kill();
    let second = Server::start(&data, &[]);
    assert_eq!(second.printed, "");
}

#[test]
fn the_test_environment_has_the_example_and_live_is_empty() {
    let project = Project::begin();
    let server = project.serve();
    let names = |key: &str| {
        let list = server.call("GET", "/v1/event-types", key, None).json();
        let types = list["data"].as_array().expect("a list").clone();
        types.iter().map(|t| t["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    let mut test = names(&project.test_key);
    test.sort();
    assert_eq!(test, ["agent.run", "ai.summary", "chat.reply", "image.generate", "workflow.step"]);
    assert_eq!(names(&project.live_key), Vec::<String>::new());
    let wallet = server.call("GET", "/v1/customers/demo_user/wallet", &project.test_key, None).json();
    assert_eq!(wallet["available"], 1_000);
    assert_eq!(wallet["lots"][0]["price"]["amount"], "20");
}

#[test]
fn init_refuses_an_initialised_directory() {
    let project = Project::begin();
    let before = std::fs::read(project.data().join("project.json")).expect("there");
    let again = project.run(&["init"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("holds a project already"), "{}", said(&again));
    assert_eq!(std::fs::read(project.data().join("project.json")).expect("there"), before);
}

#[test]
fn a_second_server_on_the_directory_is_refused_and_names_the_first() {
    let project = Project::begin();
    let first = project.serve();
    let refused = Server::try_start(&project.data(), &[]).err().expect("refused");
    assert!(refused.contains("is in use by process") && refused.contains("`chargly serve`"), "{refused}");
    for command in [
        &["replay", "--sample", "1"][..],
        &["rebuild"],
        &["reset", "test"],
        &["keys", "create", "--label", "x"],
    ] {
        let refused = project.run(command);
        assert_eq!(refused.status.code(), Some(1), "{command:?}");
        assert!(said(&refused).contains("is in use by process"), "{command:?}: {}", said(&refused));
    }
    drop(first);
    project.serve();
}

#[test]
fn a_port_that_is_taken_does_not_cost_the_keys() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let failed = chargly(&["serve", "--listen", &address, "--data", text(&data)]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(!data.join("project.json").exists(), "nothing was begun");
    assert!(Server::start(&data, &[]).printed.contains("sk_test_"));
}

#[test]
fn a_server_that_is_asked_to_stop_leaves_a_checkpoint_at_its_head() {
    let project = Project::begin();
    let server = project.serve();
    let body = r#"{"event":"chat.reply","customer":"demo_user"}"#;
    assert_eq!(server.call("POST", "/v1/events", &project.test_key, Some(body)).status, 200);
    server.stop();
    let report = project.verified();
    assert_eq!(report["checkpoint"], report["facts"]);
    assert_eq!(report["figures"], report["facts"]);
}

#[test]
fn settings_come_from_the_file_the_environment_and_the_flag_in_that_order() {
    let project = Project::begin();
    let file = project.beside("chargly.toml");
    std::fs::write(&file, format!("data = {:?}\n[verify]\nenv = \"live\"\n", text(&project.data())))
        .expect("written");
    let environment = |variables: &[(&str, &str)], flags: &[&str]| {
        let mut command =
            crate::support::command(&[&["verify", "--json", "--config", text(&file)], flags].concat());
        let output = command.envs(variables.iter().copied()).output().expect("it runs");
        crate::support::json_of(&output)["environment"].as_str().expect("a name").to_owned()
    };
    assert_eq!(environment(&[], &[]), "live");
    assert_eq!(environment(&[("CHARGLY_ENV", "test")], &[]), "test");
    assert_eq!(environment(&[("CHARGLY_ENV", "test")], &["--env", "live"]), "live");
}
