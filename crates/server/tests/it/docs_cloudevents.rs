//! The guide to CloudEvents does what it says: every curl as printed, with its headers, and its command.

use crate::docs::printed;
use crate::support::{Project, Server, chargly, client, said};

const PAGE: &str = include_str!("../../../../docs/guides/cloudevents.md");

/// The headers of a curl as printed, but for the key's.
fn headers(line: &str) -> Vec<(String, String)> {
    let quoted = line.split("-H \"").skip(1).filter_map(|rest| rest.split_once('"'));
    let named = quoted.filter_map(|(header, _)| header.split_once(": "));
    let sent = named.filter(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
    sent.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn send(server: &Server, key: &str, index: usize) -> (u16, serde_json::Value) {
    let lines: Vec<String> =
        PAGE.replace("\\\n", " ").lines().filter(|l| l.starts_with("curl ")).map(str::to_owned).collect();
    let call = &printed(PAGE)[index];
    let method = call.method.parse().expect("a method");
    let mut request = client().request(method, format!("{}{}", server.url, call.path)).bearer_auth(key);
    for (name, value) in headers(&lines[index]) {
        request = request.header(name, value);
    }
    if let Some(body) = &call.body {
        request = request.body(body.clone());
    }
    let answer = request.send().expect("the server answers");
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().expect("a body")).unwrap_or_default())
}

#[test]
fn every_call_and_the_command_of_the_guide_to_cloud_events_do_what_it_says() {
    let project = Project::begin();
    let server = project.serve();
    let key = &project.test_key;
    let available = || {
        let wallet = server.call("GET", "/v1/customers/studio_7/wallet", key, None).json();
        wallet["available"].as_i64().expect("a whole number")
    };
    for index in 0..3 {
        assert_eq!(send(&server, key, index).0, 200);
    }
    // Structured, binary and batched; each of them twice.
    for (index, left) in [(3, 20), (4, 5), (5, 5)] {
        for _ in 0..2 {
            assert_eq!((send(&server, key, index), available()), ((204, serde_json::Value::Null), left));
        }
    }
    let (status, listed) = send(&server, key, 6);
    assert_eq!(
        (status, &listed["totals"]["uncharged"], &listed["totals"]["events"]),
        (200, &20.into(), &1.into())
    );
    assert_eq!((&listed["data"][0]["credits"], &listed["data"][0]["uncharged"]), (&20.into(), &20.into()));
    let place = ["--url", server.url.as_str(), "--key", key];
    let collect = || {
        let output = chargly(&[&["customers", "collect", "studio_7"][..], &place].concat());
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(PAGE.contains("chargly customers collect studio_7 --url"));
    let words = "Collected 0 credits of 0 events.\n1 event with 20 credits still uncharged: the wallet cannot pay, or is frozen.\n";
    assert_eq!(collect(), words);
    assert_eq!(send(&server, key, 7).0, 200, "a grant");
    let (status, collected) = send(&server, key, 8);
    assert_eq!((status, &collected["collected"]["credits"], available()), (200, &20.into(), 85));
    assert_eq!(printed(PAGE).len(), 9);
    assert_eq!(collect(), "Collected 0 credits of 0 events.\nNothing is left uncharged.\n");
    server.stop();

    // The same in the directory, and everything is proven.
    let unpaid = r#"{"specversion":"1.0","type":"chat.tokens","source":"/a","id":"1","subject":"studio_8","data":{"tokens":700}}"#;
    let server = project.serve();
    assert_eq!(server.call("POST", "/api/v1/events", key, Some(unpaid)).status, 204);
    let lot = r#"{"credits":10,"kind":"promotional"}"#;
    assert_eq!(server.call("POST", "/v1/customers/studio_8/grants", key, Some(lot)).status, 200);
    server.stop();
    let done = project.json(&["customers", "collect", "studio_8", "--from", "2020-01-01T00:00:00Z"]);
    assert_eq!((&done["collected"]["credits"], &done["uncharged"]["events"]), (&7.into(), &0.into()));
    project.verified();
}
