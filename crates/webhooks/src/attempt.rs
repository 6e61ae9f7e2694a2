//! One attempt: sign, send, look at what is answered, and read no more of it than is kept.

use std::error::Error as _;
use std::time::Duration;

use chargly_api::limits::WEBHOOK_ANSWER_BYTES_MAX;
use chargly_ops::Endpoint;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};

use crate::guard::{ForbiddenAddress, GuardedResolver, check_url};
use crate::schedule::retry_after_ms;
use crate::sign::{Secret, signatures};

/// What we call ourselves.
const AGENT: &str = concat!("chargly-webhooks/", env!("CARGO_PKG_VERSION"));

/// What sends.
pub(crate) struct Caller {
    client: Client,
    allow_private: bool,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: Option<u16>,
    /// In a word.
    pub(crate) result: &'static str,
    pub(crate) answer: Option<String>,
    /// What the receiver said of when to come again.
    pub(crate) retry_after_ms: Option<i64>,
}

impl Reply {
    /// Whether it has arrived.
    pub(crate) fn is_delivered(&self) -> bool {
        self.result == "delivered"
    }

    /// Whether the receiver says that it is gone for good.
    pub(crate) fn is_gone(&self) -> bool {
        self.status == Some(StatusCode::GONE.as_u16())
    }

    /// Whether the receiver, or what stands before it, has too much to do.
    pub(crate) fn is_overloaded(&self) -> bool {
        matches!(self.status, Some(429 | 502 | 503 | 504))
    }

    fn failed(result: &'static str) -> Self {
        Self { status: None, result, answer: None, retry_after_ms: None }
    }
}

impl Caller {
    /// A client that follows no redirects, asks no proxy, and connects to no address that it was not given.
    pub(crate) fn new(allow_private: bool, timeout: Duration) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .http1_only()
            .timeout(timeout)
            .dns_resolver(std::sync::Arc::new(GuardedResolver { allow_private }))
            .pool_idle_timeout(Duration::from_secs(60))
            .pool_max_idle_per_host(crate::schedule::SENDS_AT_ONCE_MAX)
            .build()?;
        Ok(Self { client, allow_private })
    }

    /// Sends a message once.
    pub(crate) async fn send(
        &self,
        endpoint: &Endpoint,
        secrets: &[Secret],
        (id, body): (&str, String),
        now_ms: i64,
    ) -> Reply {
        // Looked at again each time: what the operator allows may have changed since the endpoint was made.
        let Ok(url) = check_url(&endpoint.asked.url, self.allow_private) else {
            return Reply::failed("forbidden_address");
        };
        if secrets.is_empty() {
            return Reply::failed("no_secret");
        }
        let timestamp_s = now_ms.div_euclid(1_000);
        let (standard, of_body) = signatures(secrets, id, timestamp_s, &body);
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, AGENT)
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp_s)
            .header("webhook-signature", standard)
            .header("x-chargly-signature", of_body)
            .body(body);
        match request.send().await {
            Ok(response) => reply(response, now_ms).await,
            Err(error) => Reply::failed(word_for(&error)),
        }
    }
}

async fn reply(mut response: Response, now_ms: i64) -> Reply {
    let status = response.status();
    let said = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after_ms = said.and_then(|value| retry_after_ms(value, now_ms));
    let mut answer = Vec::new();
    while answer.len() < WEBHOOK_ANSWER_BYTES_MAX {
        match response.chunk().await {
            Ok(Some(chunk)) => answer.extend_from_slice(&chunk),
            Ok(None) => break,
            // The head decides; but who never comes to an end has not answered in time.
            Err(error) if error.is_timeout() => {
                return Reply { status: Some(status.as_u16()), ..Reply::failed("timeout") };
            }
            Err(_) => break,
        }
    }
    answer.truncate(WEBHOOK_ANSWER_BYTES_MAX);
    let result = match status {
        status if status.is_success() => "delivered",
        status if status.is_redirection() => "redirect",
        StatusCode::GONE => "gone",
        _ => "refused",
    };
    let answer = Some(String::from_utf8_lossy(&answer).into_owned()).filter(|text| !text.is_empty());
    Reply { status: Some(status.as_u16()), result, answer, retry_after_ms }
}

/// Why nothing was answered.
fn word_for(error: &reqwest::Error) -> &'static str {
    let mut cause = error.source();
    while let Some(found) = cause {
        if found.is::<ForbiddenAddress>() {
            return "forbidden_address";
        }
        cause = found.source();
    }
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "no_connection"
    } else {
        "no_answer"
    }
}
