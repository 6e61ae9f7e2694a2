//! A server of our own: a free port, a data directory that is gone afterwards.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chargly_client::{Client, ClientBuilder, EventQuery, Grant};
use serde_json::Value;

pub(crate) struct Server {
    binary: PathBuf,
    folder: PathBuf,
    pub(crate) key: String,
    pub(crate) url: String,
    process: Option<Child>,
}

static MADE: AtomicU32 = AtomicU32::new(0);

impl Server {
    /// One that is ready, where `CHARGLY_BIN` names a binary.
    pub(crate) async fn start() -> Option<Self> {
        let Some(binary) = std::env::var_os("CHARGLY_BIN").map(PathBuf::from) else {
            eprintln!("CHARGLY_BIN names no server: skipped");
            return None;
        };
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("chargly-rust-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let data = folder.join("data");
        let made = Command::new(&binary).args(["init", "--json", "--data"]).arg(&data).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let key = made["keys"]["test"].as_str().unwrap().to_owned();
        let mut server = Self { binary, folder, key, url: format!("http://127.0.0.1:{port}"), process: None };
        server.serve().await;
        Some(server)
    }

    pub(crate) async fn serve(&mut self) {
        let log = fs::File::options().create(true).append(true).open(self.folder.join("log")).unwrap();
        let process = Command::new(&self.binary)
            .args(["serve", "--listen", self.url.trim_start_matches("http://"), "--data"])
            .arg(self.folder.join("data"))
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(process);
        for _ in 0..6_000 {
            let ready = reqwest::get(format!("{}/readyz", self.url)).await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            assert!(self.process.as_mut().unwrap().try_wait().unwrap().is_none(), "{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the server did not start: {}", self.log());
    }

    /// As when the power fails.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Proves the data of a server that was killed.
    pub(crate) fn verify(&self) {
        let proved = Command::new(&self.binary)
            .arg("verify")
            .arg("--data")
            .arg(self.folder.join("data"))
            .output()
            .unwrap();
        assert!(proved.status.success(), "{}", String::from_utf8_lossy(&proved.stdout));
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder().api_key(&self.key).base_url(&self.url)
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A customer with so many credits.
pub(crate) async fn funded(client: &Client, credits: i64) -> String {
    let customer = format!("user_{}", MADE.fetch_add(1, Ordering::Relaxed));
    if credits > 0 {
        client.grant(&customer, Grant::new(credits)).await.unwrap();
    }
    customer
}

/// The ids of all events of a customer, as the server lists them.
pub(crate) async fn events_of(client: &Client, customer: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut query = EventQuery::new().customer(customer).limit(1000u16);
    loop {
        let page = client.list_events(query.clone()).await.unwrap();
        found.extend(page.data.into_iter().map(|event| event.event_id));
        let Some(cursor) = page.next_cursor else { return found };
        query = query.cursor(cursor);
    }
}
