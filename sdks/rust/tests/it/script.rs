//! A server that plays one step for each connection, and remembers what was asked.

use std::sync::{Arc, Mutex};

use chargly_client::{Client, ClientBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone)]
pub(crate) enum Step {
    /// Reads the request, and closes without a word.
    Lose,
    /// Says that more is to come than does.
    CutOff,
    /// Never answers.
    Hang,
    Answer {
        status: u16,
        headers: String,
        body: String,
    },
}

pub(crate) fn good() -> Step {
    let body = json!({
        "id": "evt_1", "event": "image.generate", "customer": "u", "credits": 40,
        "balance": { "posted": 60.5, "held": 0, "available": 60.5 },
        "price_version": "prv_1", "recorded_at": "2026-11-23T21:35:15.036Z",
    });
    text(200, &body.to_string())
}

pub(crate) fn problem(status: u16, code: &str) -> Step {
    text(status, &json!({ "status": status, "code": code, "detail": "d", "fact": 1 }).to_string())
}

pub(crate) fn refusal() -> Step {
    let body = json!({ "status": 402, "code": "insufficient_credits", "detail": "d",
        "required": 40, "available": 0.5, "shortfall": 39.5, "customer": "u" });
    text(402, &body.to_string())
}

pub(crate) fn text(status: u16, body: &str) -> Step {
    Step::Answer { status, headers: String::new(), body: body.to_owned() }
}

impl Step {
    pub(crate) fn with(self, header: &str) -> Self {
        let Self::Answer { status, headers, body } = self else { return self };
        Self::Answer { status, headers: format!("{headers}{header}\r\n"), body }
    }
}

pub(crate) struct Script {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Script {
    pub(crate) async fn of(steps: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let (steps, told): (Vec<Step>, _) = (steps.into_iter().collect(), asked.clone());
        tokio::spawn(async move {
            for step in steps {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read(&mut stream).await;
                told.lock().unwrap().push(request);
                play(step, stream).await;
            }
        });
        Self { url, asked }
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder().api_key("sk_test_x").base_url(&self.url)
    }

    /// The heads and bodies of what was asked, in order.
    pub(crate) fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.asked()
            .iter()
            .map(|(_, body)| body["idempotency_key"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

async fn read(stream: &mut TcpStream) -> (String, Value) {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.unwrap();
        bytes.extend_from_slice(&part[..count]);
        let so_far = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = so_far.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if body.len() >= length.unwrap_or(0) {
            return (head.to_owned(), serde_json::from_str(body).unwrap_or_default());
        }
    }
}

async fn play(step: Step, mut stream: TcpStream) {
    let (status, headers, body, length) = match step {
        Step::Lose => return,
        Step::Hang => {
            tokio::spawn(async move {
                let _open = stream;
                std::future::pending::<()>().await;
            });
            return;
        }
        Step::CutOff => (200, String::new(), "{".to_owned(), 100),
        Step::Answer { status, headers, body } => {
            let length = body.len();
            (status, headers, body, length)
        }
    };
    let answer = format!(
        "HTTP/1.1 {status} S\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
}
