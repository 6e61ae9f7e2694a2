//! What no client library sends: requests written byte by byte, as somebody would who looks for a way in.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::{Project, Server};

/// Longest wait for an answer: far beyond any, so that a server that gives none fails the test.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// An event that can be paid.
const EVENT: &str = r#"{"event":"image.generate","customer":"demo_user"}"#;

/// Makes the server end a connection after its answer.
const CLOSE: &str = "connection: close";

/// Sends bytes on a connection of their own, and reads all that comes until the server ends it.
fn send(server: &Server, bytes: &[u8]) -> String {
    exchange(server, bytes, false)
}

/// As [`send`], and says that no more follow.
fn send_and_end(server: &Server, bytes: &[u8]) -> String {
    exchange(server, bytes, true)
}

fn exchange(server: &Server, bytes: &[u8], ends: bool) -> String {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).expect("connects");
    stream.set_read_timeout(Some(ANSWER_MAX)).expect("set");
    // The server may have refused and closed before all of it was sent.
    let _ = stream.write_all(bytes);
    if ends {
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "no end of the answer");
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The statuses of all answers on a connection, in order.
fn statuses(answers: &str) -> Vec<u16> {
    let starts = answers.split("HTTP/1.1 ").skip(1);
    starts.map(|rest| rest[..3].parse().expect("a status")).collect()
}

fn posted(server: &Server, key: &str) -> String {
    server.call("GET", "/v1/customers/demo_user/wallet", key, None).json()["posted"].to_string()
}

#[test]
fn a_body_whose_length_is_told_in_two_ways_hides_no_second_request() {
    let project = Project::begin();
    let server = project.serve();
    let (before, key) = (posted(&server, &project.test_key), &project.test_key);
    let hidden = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\ncontent-length: {}\r\n\r\n{EVENT}",
        EVENT.len()
    );
    let start = format!("POST /v1/quote HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\n");
    for lengths in [
        "content-length: 4\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 4",
        "content-length: 5\r\ncontent-length: 4",
        "content-length: +5",
        "content-length: 5, 4",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: gzip",
        "transfer-encoding : chunked",
    ] {
        let answers = send(&server, format!("{start}{lengths}\r\n\r\n0\r\n\r\n{hidden}").as_bytes());
        assert_eq!(statuses(&answers), [400], "{lengths}: {answers}");
    }
    assert_eq!(posted(&server, key), before, "no hidden event was metered");
}

#[test]
fn a_head_beyond_its_limits_is_refused_and_one_within_is_served() {
    let project = Project::begin();
    let server = project.serve();
    let with_headers = |count: usize, bytes: usize| {
        let header = |n: usize| format!("x-{n}: {}\r\n", "v".repeat(bytes));
        format!("GET /healthz HTTP/1.1\r\n{CLOSE}\r\n{}\r\n", (1..count).map(header).collect::<String>())
    };
    for (count, bytes, expected) in [(100, 1, 200), (101, 1, 431), (2, 60 * 1024, 200), (2, 130 * 1024, 431)]
    {
        let answer = send(&server, with_headers(count, bytes).as_bytes());
        assert_eq!(statuses(&answer), [expected], "{count} headers of {bytes} bytes");
    }
    let long_path = |bytes: usize| format!("GET /{} HTTP/1.1\r\n{CLOSE}\r\n\r\n", "p".repeat(bytes));
    assert_eq!(statuses(&send(&server, long_path(60 * 1024).as_bytes())), [404]);
    let refused = statuses(&send(&server, long_path(130 * 1024).as_bytes()));
    assert!(refused == [414] || refused == [431], "{refused:?}");
}

#[test]
fn bytes_that_are_no_request_are_refused() {
    let project = Project::begin();
    let server = project.serve();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /healthz\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"GET /heal\x00thz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nx: a\x00b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nx y: z\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\n folded: y\r\n\r\n",
    ] {
        let answer = send(&server, bytes);
        assert!(!answer.contains(" 200 "), "{:?}: {answer}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(server.call("GET", "/healthz", "", None).status, 200);
}

#[test]
fn requests_sent_at_once_are_answered_in_order_and_each_by_its_own_key() {
    let project = Project::begin();
    let server = project.serve();
    let get = |key: &str, header: &str| {
        format!("GET /v1/event-types HTTP/1.1\r\n{header}\r\nauthorization: Bearer {key}\r\n\r\n")
    };
    let (test, live) = (&project.test_key, &project.live_key);
    let at_once = [get(test, "host: x"), get("sk_test_nobodys", "host: x"), get(live, CLOSE)].concat();
    let answers = send(&server, at_once.as_bytes());
    assert_eq!(statuses(&answers), [200, 401, 200]);
    let bodies: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).collect();
    assert!(bodies[0].contains("image.generate") && !bodies[2].contains("image.generate"));
}

#[test]
fn a_body_is_asked_for_only_when_the_key_is_good() {
    let project = Project::begin();
    let server = project.serve();
    let ask = |key: &str, length: usize, body: &str| {
        let head = format!(
            "POST /v1/events HTTP/1.1\r\n{CLOSE}\r\nx-api-key: {key}\r\ncontent-length: {length}\r\n\
             expect: 100-continue\r\n\r\n{body}"
        );
        statuses(&send(&server, head.as_bytes()))
    };
    assert_eq!(ask(&project.test_key, EVENT.len(), EVENT), [100, 200]);
    assert_eq!(ask("sk_test_nobodys", 10, ""), [401]);
    assert_eq!(ask(&project.test_key, 16 * 1024 * 1024 + 1, ""), [413]);
}

#[test]
fn a_body_that_ends_early_is_refused_and_nothing_of_it_applied() {
    let project = Project::begin();
    let server = project.serve();
    let before = posted(&server, &project.test_key);
    let start = format!("POST /v1/events HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n", project.test_key);
    for body in [
        format!("content-length: {}\r\n\r\n{EVENT}", EVENT.len() + 1),
        format!("transfer-encoding: chunked\r\n\r\n{:x}\r\n{EVENT}\r\n", EVENT.len()),
        format!("transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{EVENT}\r\n0\r\n\r\n"),
        format!("transfer-encoding: chunked\r\n\r\n-1\r\n{EVENT}\r\n0\r\n\r\n"),
    ] {
        let answer = send_and_end(&server, format!("{start}{body}").as_bytes());
        assert!(!answer.contains(" 200 "), "{body}: {answer}");
    }
    assert_eq!(posted(&server, &project.test_key), before);
}

#[test]
fn paths_reach_no_other_route_and_nothing_in_them_becomes_a_header() {
    let project = Project::begin();
    let server = project.serve();
    let get = |path: &str| {
        let key = &project.test_key;
        send(&server, format!("GET {path} HTTP/1.1\r\n{CLOSE}\r\nx-api-key: {key}\r\n\r\n").as_bytes())
    };
    for (path, expected) in [
        ("/v1/customers/%2e%2e/wallet", 200),
        ("/v1/customers/..%2f..%2fetc%2fpasswd/wallet", 200),
        ("/v1/customers/../keys", 404),
        ("/v1/customers/%2e%2e/keys", 404),
        ("//v1/keys", 404),
        ("/v1/keys/", 404),
        ("/V1/keys", 404),
        ("/v1/%6beys", 404),
        ("http://elsewhere/v1/nothing", 404),
        ("/v1/customers/a%0d%0aset-cookie:%20x=y/wallet", 400),
        ("/v1/customers/a%1b%5b2Jb/wallet", 400),
        ("/v1/events/evt_%0d%0aset-cookie:%20x=y", 404),
        ("/%0d%0aset-cookie:%20x=y", 404),
    ] {
        let answer = get(path);
        assert_eq!(statuses(&answer), [expected], "{path}: {answer}");
        let head = answer.split("\r\n\r\n").next().unwrap_or_default().to_ascii_lowercase();
        assert!(!head.contains("set-cookie"), "{answer}");
        assert!(!answer.contains('\u{1b}'), "{answer:?}");
    }
}
