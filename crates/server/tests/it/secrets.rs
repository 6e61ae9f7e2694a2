//! Secrets stay where they were put: in no log, no answer but the one that makes a key, and no file. And what callers
//! send breaks no line of the log.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Project, client, command, text};

/// Between looks at whether the server listens, and how many looks are worth it.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(50);
const LOOKS_MAX: usize = 1_200;

/// A server that says all there is to say, into files.
struct Talkative {
    child: Child,
    url: String,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Talkative {
    fn start(project: &Project, log_format: &str) -> Self {
        let (stdout, stderr) = (project.beside("stdout"), project.beside("stderr"));
        let data = project.data();
        let mut command = command(&["serve", "--listen", "127.0.0.1:0", "--data", text(&data)]);
        command.args(["--log-level", "trace", "--log-format", log_format]).env("RUST_BACKTRACE", "full");
        command.stdin(Stdio::null());
        command.stdout(fs::File::create(&stdout).expect("a file"));
        command.stderr(fs::File::create(&stderr).expect("a file"));
        let child = command.spawn().expect("the binary runs");
        let mut server = Self { child, url: String::new(), stdout, stderr };
        for _ in 0..LOOKS_MAX {
            let said = fs::read_to_string(&server.stdout).expect("a file");
            if let Some((url, _)) =
                said.split_once("Listening on ").and_then(|(_, rest)| rest.split_once('\n'))
            {
                server.url = url.trim_end_matches('/').to_owned();
                return server;
            }
            std::thread::sleep(LOOK_AGAIN_AFTER);
        }
        panic!("the server never listens");
    }

    /// Asks, and gives everything that comes back: status line, headers, body.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let method = method.parse().expect("a method");
        let mut request = client().request(method, format!("{}{path}", self.url)).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().expect("an answer");
        format!("{} {:?}\n", response.status(), response.headers()) + &response.text().expect("a body")
    }
}

impl Drop for Talkative {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The random part of a key: what must not be found, even without its prefix.
fn core(key: &str) -> &str {
    key.rsplit('_').next().expect("a key")
}

/// Every request that somebody might put a secret into by mistake; the key is good, wrong, or elsewhere.
fn answers_to_secrets_everywhere(server: &Talkative, key: &str, secret: &str) -> Vec<String> {
    let bearer = format!("Bearer {secret}");
    let event = r#"{"event":"image.generate","customer":"demo_user"}"#;
    let field =
        |field: &str| format!(r#"{{"event":"image.generate","customer":"demo_user",{field}:"{secret}"}}"#);
    let mut answers = vec![
        server.ask("POST", "/v1/events", &[("authorization", &bearer)], event),
        server.ask("GET", "/v1/keys", &[("x-api-key", secret)], ""),
        server.ask("POST", "/v1/events", &[("authorization", secret)], event),
        server.ask("POST", "/v1/events", &[("authorization", &format!("Basic {secret}"))], event),
        server.ask("POST", "/v1/events", &[("cookie", &format!("key={secret}")), ("x-token", secret)], event),
        server.ask("GET", &format!("/v1/keys?key={secret}"), &[("x-api-key", key)], ""),
        server.ask("GET", &format!("/v1/keys?cursor={secret}"), &[("x-api-key", key)], ""),
        server.ask("GET", &format!("/v1/events?limit={secret}"), &[("x-api-key", key)], ""),
        server.ask("GET", &format!("/v1/events?min_position={secret}"), &[("x-api-key", key)], ""),
        server.ask("GET", &format!("/?key={secret}"), &[], ""),
        server.ask("DELETE", &format!("/v1/keys/{secret}"), &[("x-api-key", key)], ""),
        server.ask("PATCH", &format!("/v1/keys/{secret}"), &[("x-api-key", key)], ""),
        server.ask("GET", &format!("/{secret}"), &[("x-api-key", key)], ""),
        server.ask("GET", "/v1/stream", &[("x-api-key", key), ("last-event-id", secret)], ""),
        server.ask("POST", "/v1/events", &[("x-api-key", key), ("content-type", secret)], event),
        server.ask("POST", "/v1/events", &[("x-api-key", key)], secret),
        server.ask("POST", "/v1/events", &[("x-api-key", key)], &format!("{{\"event\":{secret}}}")),
    ];
    let kinds = [("accept", "application/json, text/event-stream"), ("content-type", "application/json")];
    for (key, tool, argument) in [
        (secret, "chargly.get_wallet", "limit"),
        (key, "chargly.meter_event", "credits"),
        (key, secret, "customerId"),
    ] {
        let call = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{{"{argument}":"{secret}"}}}}}}"#
        );
        let bearer = format!("Bearer {key}");
        answers.push(server.ask("POST", "/mcp", &[kinds[0], kinds[1], ("authorization", &bearer)], &call));
    }
    for name in ["api_key", "quantity", "if_insufficient", "occurred_at", "cost", "properties", "credits"] {
        answers.push(server.ask("POST", "/v1/events", &[("x-api-key", key)], &field(&format!("\"{name}\""))));
    }
    answers
}

fn files_under(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("readable").map(|entry| entry.expect("readable").path());
    entries.flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![path] }).collect()
}

#[test]
fn secrets_are_in_no_answer_no_log_and_no_file() {
    for log_format in ["text", "json"] {
        let project = Project::begin();
        let server = Talkative::start(&project, log_format);
        let key = &project.test_key;
        let made = |answer: String| {
            let (_, body) = answer.split_once('\n').expect("a body");
            let json: Value = serde_json::from_str(body).expect("JSON");
            (
                json["id"].as_str().expect("an id").to_owned(),
                json["secret"].as_str().expect("a secret").to_owned(),
            )
        };
        let new_key = r#"{"label":"backend","scopes":["meter"]}"#;
        let (id, second) = made(server.ask("POST", "/v1/keys", &[("x-api-key", key)], new_key));
        let path = format!("/v1/keys/{id}/rotate");
        let (_, third) = made(server.ask("POST", &path, &[("x-api-key", key)], r#"{"overlap_s":0}"#));
        let hook = r#"{"url":"https://shop.example/hooks","types":["price.published"]}"#;
        let (id, hook) = made(server.ask("POST", "/v1/webhook-endpoints", &[("x-api-key", key)], hook));
        let path = format!("/v1/webhook-endpoints/{id}/rotate");
        let (_, rotated_hook) = made(server.ask("POST", &path, &[("x-api-key", key)], "{}"));
        // As somebody types it who copies by hand.
        let mistyped = format!("{}0", project.live_key);

        let secrets = [key, &project.live_key, &second, &third, &mistyped, &hook, &rotated_hook];
        let mut said: Vec<String> =
            secrets.iter().flat_map(|secret| answers_to_secrets_everywhere(&server, key, secret)).collect();
        for path in ["/v1/keys", "/v1/webhook-endpoints", "/v1/audit", "/v1/events", "/metrics", "/"] {
            said.push(server.ask("GET", path, &[("x-api-key", key)], ""));
        }
        let exported = project.run(&["export", "ledger", "--format", "ndjson", "--env", "test"]);
        said.push(String::from_utf8_lossy(&exported.stdout).into_owned());
        said.push(project.json(&["keys", "list"]).to_string());
        let (stdout, stderr) = (server.stdout.clone(), server.stderr.clone());
        drop(server);
        assert!(said.iter().any(|answer| answer.starts_with("200")), "some calls were good");
        for file in files_under(&project.data()).into_iter().chain([stdout, stderr]) {
            said.push(String::from_utf8_lossy(&fs::read(&file).expect("readable")).into_owned());
        }
        for secret in secrets {
            let found = said.iter().find(|text| text.contains(core(secret)));
            assert_eq!(found, None, "a secret is told");
        }
    }
}

#[test]
fn nothing_that_a_caller_sends_breaks_a_line_of_the_log() {
    for log_format in ["text", "json"] {
        let project = Project::begin();
        let server = Talkative::start(&project, log_format);
        let key = [("x-api-key", project.test_key.as_str())];
        for nasty in [
            "a\\nFORGED",
            "a\\u001b[2JFORGED",
            "a\\u0000",
            "a\\r\\nFORGED",
            "a\\u009b2J",
            "\\u2028FORGED",
            "%s%n",
        ] {
            let event =
                format!(r#"{{"event":"image.generate","customer":"{nasty}","idempotency_key":"{nasty}"}}"#);
            server.ask("POST", "/v1/events", &key, &event);
            let lot = format!(r#"{{"credits":1,"kind":"promotional","reason":"{nasty}"}}"#);
            server.ask("POST", "/v1/customers/demo_user/wallet/freeze", &key, &lot);
        }
        for path in [
            "/%0aFORGED",
            "/v1/events/%1b%5b2JFORGED",
            "/v1/events?customer=a%0aFORGED",
            "/v1/events?%0aFORGED=1",
        ] {
            server.ask("GET", path, &[("x-api-key", &project.test_key), ("user-agent", "%0aFORGED")], "");
        }
        let stderr = server.stderr.clone();
        drop(server);
        let log = fs::read_to_string(&stderr).expect("UTF-8");
        assert!(log.contains("serving"), "there is a log: {log}");
        for line in log.lines() {
            let is_whole = match log_format {
                "json" => serde_json::from_str::<Value>(line).is_ok_and(|line| line["level"].is_string()),
                _ => line.starts_with("20") && line.contains('Z'),
            };
            assert!(is_whole && !line.chars().any(char::is_control), "{line:?}");
        }
    }
}
