//! A receiver on this machine that does as it is told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Longest wait for a message: far beyond any.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// What it does with a message.
#[derive(Clone, Debug)]
pub(crate) enum Reaction {
    /// Answers with this status, these headers and this body.
    Answer(u16, &'static str, &'static str),
    /// Never answers.
    Hang,
    /// Answers with more megabytes than anybody reads.
    Pour(usize),
}

impl Reaction {
    /// It has arrived.
    pub(crate) const OK: Self = Self::Answer(204, "", "");
}

/// A message as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().expect("a type").to_owned()
    }

    /// A field of `data`, as it was written.
    pub(crate) fn data(&self, field: &str) -> String {
        let json = self.json();
        json["data"][field].as_str().map_or_else(|| json["data"][field].to_string(), str::to_owned)
    }
}

type React = dyn Fn(&Received, usize) -> Reaction + Send + Sync;

/// A receiver.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
    poured: Arc<Mutex<usize>>,
}

impl Receiver {
    /// One that takes everything.
    pub(crate) async fn taking_all() -> Self {
        Self::start(|_, _| Reaction::OK).await
    }

    /// One that reacts by the message and by how many came before it.
    pub(crate) async fn start(react: impl Fn(&Received, usize) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hooks", listener.local_addr().expect("an address"));
        let receiver = Self { url, received: Arc::default(), poured: Arc::default() };
        let (shared, react): (_, Arc<React>) = (receiver.clone(), Arc::new(react));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, react) = (shared.clone(), Arc::clone(&react));
                tokio::spawn(async move { shared.serve(stream, &*react).await });
            }
        });
        receiver
    }

    /// Everything that came so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().expect("no panic").clone()
    }

    /// How many bytes of answers went out before the other end had enough.
    pub(crate) fn poured(&self) -> usize {
        *self.poured.lock().expect("no panic")
    }

    /// Waits until so many have come.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Received> {
        let arrived = async {
            while self.received().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(WAIT_MAX, arrived).await;
        let received = self.received();
        assert!(in_time.is_ok(), "{} of {count} came: {received:#?}", received.len());
        received
    }

    /// Waits until so many different messages have come, and gives each once: what was under way when a server ended is
    /// sent again, as the same message.
    pub(crate) async fn wait_for_messages(&self, count: usize) -> Vec<Received> {
        let mut attempts = count;
        loop {
            let mut once: Vec<Received> = Vec::new();
            for one in self.wait_for(attempts).await {
                if once.iter().all(|known| known.id() != one.id()) {
                    once.push(one);
                }
            }
            if once.len() >= count {
                return once;
            }
            attempts = self.received().len() + 1;
        }
    }

    async fn serve(&self, mut stream: TcpStream, react: &React) -> Option<()> {
        let message = read(&mut stream).await?;
        let reaction = {
            let mut received = self.received.lock().expect("no panic");
            let reaction = react(&message, received.len());
            received.push(message);
            reaction
        };
        match reaction {
            Reaction::Answer(status, headers, body) => {
                let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
                let rest = format!("{headers}connection: close\r\n\r\n{body}");
                stream.write_all((head + &rest).as_bytes()).await.ok()?;
            }
            Reaction::Hang => std::future::pending().await,
            Reaction::Pour(bytes) => {
                let head = format!("HTTP/1.1 200 X\r\ncontent-length: {bytes}\r\nconnection: close\r\n\r\n");
                stream.write_all(head.as_bytes()).await.ok()?;
                for _ in 0..bytes / 65_536 {
                    stream.write_all(&[b'x'; 65_536]).await.ok()?;
                    *self.poured.lock().expect("no panic") += 65_536;
                }
            }
        }
        Some(())
    }
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let (head, body_at) = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break (String::from_utf8(bytes[..end].to_vec()).ok()?, end + 4);
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers: HashMap<String, String> =
        headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let length: usize = headers.get("content-length")?.parse().ok()?;
    while bytes.len() < body_at + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Received { headers, body: String::from_utf8(bytes[body_at..].to_vec()).ok()? })
}
