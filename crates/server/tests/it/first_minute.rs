//! What a person meets in the first minute, in the real binary: the line with a key made on the spot, sample data that comes
//! and goes while others are served, and the brief on the command line.

use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use serde_json::Value;

use crate::support::{Project, Server, chargly, json_of, said, text};

/// Fewer days than people get: debug builds simulate slowly.
const DAYS: (&str, &str) = ("CHARGLY_SAMPLE_DAYS", "12");
/// How long a page may take on a busy machine.
const PAGE_MAX: Duration = Duration::from_secs(120);
/// How often it is looked whether the sample data is there, and how many times at most.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const LOOKS_MAX: usize = 3_000;

/// A browser with a session of the owner.
struct Browser {
    client: Client,
    url: String,
    cookie: String,
}

impl Browser {
    fn sign_in(project: &Project, server: &Server) -> Self {
        let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(PAGE_MAX).build();
        let client = client.expect("a client");
        let data = project.data();
        let made = json_of(&chargly(&["sign-in-link", "--json", "--data", text(&data)]));
        let link = made["url"].as_str().expect("a link");
        let path = &link[link.find("/sign-in/").expect("a path")..];
        let answer = client.post(format!("{}{path}", server.url)).send().expect("it answers");
        let cookie = answer.headers()["set-cookie"].to_str().expect("ASCII");
        let cookie = cookie.split(';').next().expect("a cookie").to_owned();
        Self { client, url: server.url.clone(), cookie }
    }

    /// A page, and its status.
    fn look(&self, path: &str) -> (u16, String) {
        let request =
            self.client.get(format!("{}/dashboard/{path}", self.url)).header("cookie", &self.cookie);
        let answer = request.send().expect("it answers");
        (answer.status().as_u16(), answer.text().expect("a page"))
    }

    /// Presses the button of a page that does this; what comes of it, and its status.
    fn press(&self, path: &str, action: &str) -> (u16, String) {
        let (_, page) = self.look(path);
        let begins = format!(r#"name="action" value="{action}""#);
        let form = page.split("<form").find(|form| form.contains(&begins));
        let form = form.unwrap_or_else(|| panic!("no form does {action}:\n{page}"));
        let csrf = form.split(r#"name="csrf" value=""#).nth(1).and_then(|rest| rest.split('"').next());
        let body = format!("csrf={}&action={action}&key=k", csrf.expect("a field"));
        let environment = path.split('/').next().expect("an environment");
        let url = format!("{}/dashboard/{environment}/first-minute", self.url);
        let request = self.client.post(url).header("cookie", &self.cookie);
        let answer = request.header("content-type", "application/x-www-form-urlencoded").body(body).send();
        let answer = answer.expect("it answers");
        (answer.status().as_u16(), answer.text().expect("a page"))
    }

    fn wait_for_sample(&self) {
        for _ in 0..LOOKS_MAX {
            let (_, page) = self.look("test/first-minute");
            assert!(!page.contains("could not be made"), "{page}");
            if page.contains("Open the sample data") {
                return;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        panic!("there is no sample data");
    }
}

fn margin_of_test(server: &Server, project: &Project) -> Value {
    server.call("GET", "/v1/margin?interval=total", &project.test_key, None).json()["totals"].clone()
}

#[test]
fn line_has_a_key_that_meters_and_no_more() {
    let project = Project::begin();
    let server = project.serve();
    let browser = Browser::sign_in(&project, &server);
    let (status, page) = browser.look("test/overview");
    assert!(status == 200 && page.contains("Nothing was metered yet"), "{page}");
    let (status, page) = browser.press("test/overview", "key");
    assert_eq!(status, 200, "{page}");
    let secret = page.split("Bearer ").nth(1).and_then(|rest| rest.split("&#39;").next().or(Some(rest)));
    let secret: String =
        secret.expect("a key").chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    assert!(page.contains(&format!("curl -sS {}/v1/events", server.url)), "{page}");
    let body =
        r#"{"event":"image.generate","customer":"demo_user","cost":{"amount":"0.04","currency":"usd"}}"#;
    assert_eq!(server.call("POST", "/v1/events", &secret, Some(body)).status, 200);
    assert_eq!(server.call("GET", "/v1/events", &secret, None).status, 403);
    let (_, again) = browser.look("test/first-minute");
    assert!(!again.contains(&secret), "it is shown once");
    // In live nobody is metered for a try.
    let (_, page) = browser.look("live/first-minute");
    assert!(page.contains("To test") && !page.contains(r#"value="key""#), "{page}");
}

#[test]
fn sample_data_comes_is_counted_nowhere_stays_and_goes() {
    let project = Project::begin();
    let data = project.data();
    let server = Server::start(&data, &[DAYS]);
    let browser = Browser::sign_in(&project, &server);
    assert_eq!(browser.look("sample/overview").0, 404);
    let before = margin_of_test(&server, &project);
    assert_eq!(browser.press("test/overview", "load").0, 303);
    // Pressed twice, it is made once.
    let _ = browser.look("test/first-minute");
    browser.wait_for_sample();
    let (status, page) = browser.look("sample/overview");
    assert!(status == 200 && page.contains("Sample data: a made-up product"), "{page}");
    assert!(page.contains("in nine answers"), "{page}");
    assert_eq!(margin_of_test(&server, &project), before);
    server.stop();

    let server = Server::start(&data, &[DAYS]);
    let browser = Browser::sign_in(&project, &server);
    assert!(browser.look("sample/overview").1.contains("in nine answers"));
    // What proves and copies a project knows nothing of it.
    let backup = project.beside("backup");
    let made = chargly(&["backup", text(&backup), "--data", text(&data)]);
    assert!(made.status.success() && !backup.join("sample").exists(), "{}", said(&made));
    assert_eq!(browser.press("sample/overview", "remove").0, 303);
    assert_eq!(browser.look("sample/overview").0, 404);
    assert!(!data.join("sample").exists());
    server.stop();
    assert_eq!(project.verified()["environment"], "test");
}

#[test]
fn brief_is_printed_in_words_and_as_the_server_answers() {
    let project = Project::begin();
    let server = project.serve();
    let asked = |more: &[&str]| {
        let args = [&["brief", "--url", &server.url, "--key", &project.test_key], more].concat();
        chargly(&args)
    };
    let words = asked(&[]);
    let printed = String::from_utf8_lossy(&words.stdout).into_owned();
    assert!(words.status.success(), "{}", said(&words));
    assert!(
        printed.contains("1. Did we make money, and is margin up or down? [not enough data]"),
        "{printed}"
    );
    assert!(printed.contains(&format!("{}/dashboard/test/health?from=", server.url)), "{printed}");
    let json = json_of(&asked(&["--json", "--week", "2026-01-01"]));
    assert_eq!(
        (json["questions"].as_array().map(Vec::len), &json["from"]),
        (Some(9), &"2025-12-29T00:00:00.000Z".into())
    );
    assert_eq!(asked(&["--week", "2999-01-01"]).status.code(), Some(1));
}
