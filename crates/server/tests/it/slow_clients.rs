//! Clients that hold a connection and send nothing are let go; the others are served meanwhile, or after.

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
fn beyond_the_most_connections_a_client_waits_until_one_is_free() {
    let project = Project::begin();
    let variables = [("CHARGLY_MAX_CONNECTIONS", "1"), ("CHARGLY_HEADER_TIMEOUT_S", "1")];
    let server = Server::start(&project.data(), &variables);
    let first = connect(&server, "GET /healthz HTTP/1.1\r\n");
    // Answered once the first was let go: it never ends its request.
    assert_eq!(server.call("GET", "/healthz", "", None).status, 200);
    until_let_go(first);
}
