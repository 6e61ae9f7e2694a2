//! One call over HTTP: attempts, the waits between them, and what an answer means.
//!
//! The invariant: one call has one idempotency key, and every attempt of it is the same to the byte.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use sha2::{Digest, Sha256};

use crate::client::Client;
use crate::error::{Error, Result, is_passing};

const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// Attempts after refusals that one call looks through; each was a refusal that somebody received.
const ATTEMPTS_MAX: u32 = 1_000;
/// Keys may have 255 characters; an attempt's suffix has to fit.
const KEY_BASE_MAX: usize = 240;

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// With its query.
    pub(crate) path: String,
    /// The text of a JSON object, without the key.
    pub(crate) body: Option<String>,
    pub(crate) key: Option<String>,
    /// False where doing it twice would do it twice: then only what was not done is tried again.
    pub(crate) repeatable: bool,
    /// For all attempts together, where it is not the client's.
    pub(crate) deadline: Option<Duration>,
}

impl Call {
    pub(crate) fn get(path: String) -> Self {
        Self { method: Method::GET, path, body: None, key: None, repeatable: true, deadline: None }
    }

    pub(crate) fn post(path: String, body: String, key: Option<String>) -> Self {
        Self { method: Method::POST, path, body: Some(body), key, repeatable: true, deadline: None }
    }

    fn content(&self) -> Option<String> {
        let Some(key) = &self.key else { return self.body.clone() };
        let rest = self.body.as_deref().and_then(|body| body.strip_prefix('{')).unwrap_or("}");
        let comma = if rest == "}" { "" } else { "," };
        let key = serde_json::Value::from(key.as_str());
        Some(format!("{{\"idempotency_key\":{key}{comma}{rest}"))
    }
}

/// A success.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) status: u16,
    pub(crate) key: Option<String>,
    pub(crate) replayed: bool,
    pub(crate) position: Option<String>,
}

mod sealed {
    use super::{Answer, Client};

    pub trait Sealed: Sized {
        /// What has to be the same where a refused call is made again.
        const NAME: &'static str;
        #[expect(private_interfaces, reason = "sealed: nobody else calls or writes it")]
        fn of(answer: &Answer, client: &Client) -> serde_json::Result<Self>;
    }
}

pub(crate) use sealed::Sealed;

/// What a call that writes can answer.
pub trait Outcome: Sealed {}
impl<T: Sealed> Outcome for T {}

/// A refused call, and how it is made again.
#[derive(Debug, Clone)]
pub(crate) struct Again {
    client: Client,
    call: Arc<Call>,
    first: String,
    next: u32,
    name: &'static str,
}

impl Again {
    pub(crate) fn after_first<T: Outcome>(client: &Client, call: Call, first: &str) -> Self {
        Self { client: client.clone(), call: Arc::new(call), first: first.to_owned(), next: 2, name: T::NAME }
    }

    pub(crate) async fn run<T: Outcome>(&self) -> Result<T> {
        if self.name != T::NAME {
            let message = format!("the refused call answers a {}, not a {}", self.name, T::NAME);
            return Err(Error::configuration(message));
        }
        // Boxed, because an attempt that is refused holds the next one.
        Box::pin(self.client.attempt(&self.call, &self.first, self.next, true)).await
    }
}

impl Client {
    /// A call that reads, or whose events have keys of their own.
    pub(crate) async fn read<T: Sealed>(&self, call: &Call) -> Result<T> {
        self.shaped(&self.send(call).await?)
    }

    /// A call that writes: its key is made once, and every attempt has it.
    pub(crate) async fn write<T: Outcome>(&self, call: Call) -> Result<T> {
        let first = call.key.clone().unwrap_or_else(new_key);
        self.attempt(&call, &first, 1, false).await
    }

    /// The n-th attempt at a call. Where refusals are `passed`, one that was received before leads to the next attempt.
    async fn attempt<T: Outcome>(&self, call: &Call, first: &str, from: u32, passes: bool) -> Result<T> {
        let mut number = from;
        loop {
            let call = Call { key: Some(attempt_key(first, number)), ..call.clone() };
            match self.send(&call).await {
                Ok(answer) => return self.shaped(&answer),
                Err(Error::InsufficientCredits(mut refusal)) => {
                    if passes && refusal.problem.replayed && number < ATTEMPTS_MAX {
                        number += 1;
                        continue;
                    }
                    let again = Again {
                        client: self.clone(),
                        call: Arc::new(call),
                        first: first.to_owned(),
                        next: number + 1,
                        name: T::NAME,
                    };
                    refusal.again = Some(again);
                    return Err(Error::InsufficientCredits(refusal));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn shaped<T: Sealed>(&self, answer: &Answer) -> Result<T> {
        T::of(answer, self).map_err(|cause| {
            let what = format!("the answer is not what was expected ({cause})");
            Error::unexpected(answer.status, &what, &answer.text).with_key(answer.key.as_deref())
        })
    }

    /// Sends until it is answered for good, its retries are used up, or its time is over.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer> {
        let content = call.content();
        let config = &self.inner.config;
        let ends = Instant::now() + call.deadline.unwrap_or(config.deadline);
        let mut tried = 0;
        loop {
            let left = ends.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            let error = match self.send_once(call, content.as_deref(), config.timeout.min(left)).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error.with_key(call.key.as_deref()),
            };
            let wait = wait_after(&error, tried);
            if !is_repeated(&error, call) || tried >= config.max_retries || Instant::now() + wait >= ends {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            tried += 1;
        }
    }

    async fn send_once(&self, call: &Call, content: Option<&str>, timeout: Duration) -> Result<Answer> {
        let lost = |cause| Error::lost(&format!("{} {}", call.method, path_of(&call.path)), cause);
        let url = format!("{}{}", self.inner.config.base_url, call.path);
        let mut request = self.inner.http.request(call.method.clone(), url).timeout(timeout);
        if let Some(content) = content {
            request = request.header(CONTENT_TYPE, "application/json").body(content.to_owned());
        }
        let response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        // The body belongs to the attempt: a connection may be lost in the middle of it.
        let text = response.text().await.map_err(lost)?;
        read(status, &headers, text, call)
    }
}

fn read(status: u16, headers: &HeaderMap, text: String, call: &Call) -> Result<Answer> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let replayed = header("idempotent-replayed") == Some("true");
    match status {
        200..300 => {
            let position = header("chargly-position").map(str::to_owned);
            Ok(Answer { text, status, key: call.key.clone(), replayed, position })
        }
        // A redirected POST would arrive as a GET, and a key does not go where nobody sent it.
        ..400 => {
            Err(Error::unexpected(status, "the server redirects: give the address itself as base_url", &text))
        }
        _ => {
            let retry_after =
                headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(seconds);
            Err(Error::of_answer(status, &text, retry_after, replayed))
        }
    }
}

fn is_repeated(error: &Error, call: &Call) -> bool {
    if !call.repeatable {
        return error.status_code() == Some(429) || error.code() == "no_connection";
    }
    match error.status_code() {
        None => matches!(error, Error::ConnectionLost { .. } | Error::TimedOut { .. }),
        Some(status) => error.retryable() && is_passing(status),
    }
}

fn wait_after(error: &Error, tried: u32) -> Duration {
    backoff(BACKOFF_FIRST, BACKOFF_MAX, tried) + error.retry_after().unwrap_or_default()
}

/// Anywhere between nothing and twice as long each time, so that callers who failed together do not come back together.
pub(crate) fn backoff(first: Duration, most: Duration, tried: u32) -> Duration {
    let longest = first.saturating_mul(1 << tried.min(16)).min(most);
    let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
    // Without chance the wait is the longest, which is late and not wrong.
    let chance = getrandom::u64().unwrap_or(u64::MAX);
    Duration::from_micros(chance % micros.saturating_add(1))
}

/// The header is a number of seconds, or a date.
fn seconds(retry_after: &str) -> Option<Duration> {
    let text = retry_after.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    Some(at.duration_since(SystemTime::now()).unwrap_or_default())
}

/// Without the query, which may name a customer.
fn path_of(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

/// A UUIDv7: random, and sorted by time, which keeps the server's index of keys compact.
pub(crate) fn new_key() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// The key of the n-th attempt at what was first tried under `first`. It follows from that key alone, so that two
/// processes that retry the same work meet under the same key.
pub(crate) fn attempt_key(first: &str, number: u32) -> String {
    if number == 1 {
        return first.to_owned();
    }
    if first.len() <= KEY_BASE_MAX {
        return format!("{first}~{number}");
    }
    let hash: String = Sha256::digest(first).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hash}~{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stands_before_the_rest_of_the_body() {
        for (body, content) in [
            (Some("{}"), r#"{"idempotency_key":"k\"1"}"#),
            (None, r#"{"idempotency_key":"k\"1"}"#),
            (Some(r#"{"a":1}"#), r#"{"idempotency_key":"k\"1","a":1}"#),
        ] {
            let call = Call {
                body: body.map(str::to_owned),
                ..Call::post(String::new(), String::new(), Some("k\"1".into()))
            };
            assert_eq!(call.content().as_deref(), Some(content));
        }
    }

    #[test]
    fn keys_of_attempts_follow_from_the_first() {
        assert_eq!(attempt_key("order-1", 1), "order-1");
        assert_eq!(attempt_key("order-1", 2), "order-1~2");
        let long = "k".repeat(255);
        assert_eq!(attempt_key(&long, 1), long);
        assert_eq!(attempt_key(&long, 12).len(), 64 + 3);
        assert_eq!(attempt_key(&long, 12), attempt_key(&long, 12));
    }

    #[test]
    fn waits_grow_and_differ() {
        let longest =
            |tried| (0..200).map(|_| backoff(BACKOFF_FIRST, BACKOFF_MAX, tried)).max().unwrap_or_default();
        for tried in 0..40 {
            assert!(longest(tried) <= BACKOFF_FIRST.saturating_mul(1 << tried.min(16)).min(BACKOFF_MAX));
        }
        assert!(longest(0) < longest(4));
    }

    #[test]
    fn retry_after_is_a_number_or_a_date() {
        assert_eq!(seconds("3"), Some(Duration::from_secs(3)));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        let later = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
        assert!(seconds(&later).is_some_and(|wait| wait > Duration::from_secs(50)));
        for nonsense in ["", "soon", "-1", "1e9"] {
            assert_eq!(seconds(nonsense), None, "{nonsense}");
        }
    }
}
