//! Clients that hold a connection without need are let go; the others are served meanwhile, or after. How long which
//! of them is borne is tested beside the code, by a clock that the test moves.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::{Project, Server};

/// Longest wait for the server to let go: far beyond its time-outs here, so that a server that never does fails.
const LET_GO_MAX: Duration = Duration::from_secs(60);

fn connect(server: &Server, said: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).expect("connects");
    stream.set_read_timeout(Some(LET_GO_MAX)).expect("set");
    stream.write_all(said.as_bytes()).expect("sent");
    stream
}

/// Everything that comes until the server lets go.
fn until_let_go(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    if let Err(error) = stream.read_to_end(&mut text) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "the server did not let go");
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn a_client_that_stops_in_the_middle_of_a_request_is_let_go() {
    let project = Project::begin();
    let variables = [("CHARGLY_HEADER_TIMEOUT_S", "1"), ("CHARGLY_IDLE_TIMEOUT_S", "1")];
    let server = Server::start(&project.data(), &variables);
    let in_the_head = connect(&server, "POST /v1/events HTTP/1.1\r\nhost: x\r\nx-");
    let in_the_body = connect(
        &server,
        &format!(
            "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 100\r\n\r\n{{",
            project.test_key
        ),
    );
    assert_eq!(server.call("GET", "/healthz", "", None).status, 200, "others are served");
    for stream in [in_the_head, in_the_body] {
        let answer = until_let_go(stream);
        assert!(!answer.contains("200 OK"), "{answer}");
    }
}

#[test]
fn idle_connections_make_room_for_one_that_waits() {
    let project = Project::begin();
    let server = Server::start(&project.data(), &[("CHARGLY_MAX_CONNECTIONS", "3")]);
    let idle: Vec<TcpStream> = (0..3)
        .map(|_| {
            let mut stream = connect(&server, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).expect("an answer");
            assert_eq!(&answer, b"HTTP/1.1 200");
            stream
        })
        .collect();
    // They would be kept for 75 seconds if nobody waited; a client of this test gives up before.
    assert_eq!(server.call("GET", "/healthz", "", None).status, 200);
    drop(idle);
}

#[test]
fn unfinished_heads_keep_others_waiting_no_longer_than_the_time_for_a_head() {
    let project = Project::begin();
    let variables = [("CHARGLY_MAX_CONNECTIONS", "2"), ("CHARGLY_HEADER_TIMEOUT_S", "1")];
    let server = Server::start(&project.data(), &variables);
    let begun: Vec<TcpStream> = (0..2).map(|_| connect(&server, "GET /healthz HTTP/1.1\r\n")).collect();
    assert_eq!(server.call("GET", "/healthz", "", None).status, 200);
    begun.into_iter().for_each(|stream| drop(until_let_go(stream)));
}

#[test]
fn a_stream_of_events_is_not_taken_for_idle() {
    let project = Project::begin();
    let server = Server::start(&project.data(), &[("CHARGLY_MAX_CONNECTIONS", "2")]);
    let head = format!("GET /v1/stream HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\n\r\n", project.test_key);
    let mut stream = connect(&server, &head);
    let mut said = [0; 12];
    stream.read_exact(&mut said).expect("an answer");
    let _idle = connect(&server, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    // Needs the place of one of the two: not of the stream, which still tells what happens.
    let metered = r#"{"event":"image.generate","customer":"demo_user"}"#;
    assert_eq!(server.call("POST", "/v1/events", &project.test_key, Some(metered)).status, 200);
    let mut told = Vec::new();
    while !String::from_utf8_lossy(&told).contains("demo_user") {
        let mut more = [0; 256];
        let bytes = stream.read(&mut more).expect("the stream goes on");
        assert_ne!(bytes, 0, "the stream was ended: {}", String::from_utf8_lossy(&told));
        told.extend_from_slice(&more[..bytes]);
    }
}
