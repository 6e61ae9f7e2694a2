//! Calls to Stripe: form-encoded requests, JSON answers, and asking again where that may help.
//!
//! Asking again is safe because every POST carries an idempotency key: Stripe does the work once and gives the first
//! answer again. What is asked again: no connection, no answer in time, 409 (the same key is being worked on), 429 and
//! 5xx; and whatever Stripe itself says by `Stripe-Should-Retry`.

use std::time::Duration;

use chargly_engine::payments::ProviderError;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Response, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tracing::warn;

use crate::config::{ConfigError, StripeConfig, is_this_machine};

/// The version of Stripe's API that objects are read in. Pinned, because without it an account's own default decides,
/// and a field could change its meaning by a click in somebody's dashboard. It is the one that the official library
/// speaks which our stand-in is judged by.
pub const STRIPE_VERSION: &str = "2026-10-28.endive";

/// Bytes of one answer. A page of a hundred events, each with a session in it, takes less than one MiB.
pub const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How long to wait, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For one answer.
    pub timeout: Duration,
    /// How often something is asked in all.
    pub attempts: u32,
    /// Before asking a second time; twice as long before each further time.
    pub first_pause: Duration,
    /// At most, whatever Stripe asks for: a buyer waits.
    pub pause_max: Duration,
}

impl Default for Patience {
    /// Stripe's own libraries wait 80 s for an answer; a buyer does not, and what is asked again is done once.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(20),
            attempts: 4,
            first_pause: Duration::from_millis(300),
            pause_max: Duration::from_secs(5),
        }
    }
}

/// Parameters, with brackets in their names for what lies within something.
pub(crate) type Params = Vec<(String, String)>;

/// One thing to ask.
pub(crate) struct Call {
    method: Method,
    path: String,
    params: Params,
    idempotency_key: Option<String>,
    /// What it is about, for an error's words.
    what: &'static str,
}

impl Call {
    pub(crate) fn get(what: &'static str, path: impl Into<String>, params: Params) -> Self {
        Self { method: Method::GET, path: path.into(), params, idempotency_key: None, what }
    }

    /// A POST is done once for one key.
    pub(crate) fn post(
        what: &'static str,
        path: impl Into<String>,
        params: Params,
        key: impl Into<String>,
    ) -> Self {
        Self { method: Method::POST, path: path.into(), params, idempotency_key: Some(key.into()), what }
    }
}

/// A client with one account's key.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    secret_key: String,
    pub(crate) patience: Patience,
}

/// What one attempt failed by.
pub(crate) struct Failure {
    pub(crate) error: ProviderError,
    /// The HTTP status of an answer that was a refusal.
    pub(crate) status: Option<u16>,
    again: Again,
}

#[derive(Debug, PartialEq, Eq)]
enum Again {
    Never,
    May(Option<Duration>),
}

impl Client {
    pub(crate) fn new(config: &StripeConfig, base: Url) -> Result<Self, ConfigError> {
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", config.secret_key))
            .map_err(|_| ConfigError::NotASecretKey { mode: if config.is_live { "live" } else { "test" } })?;
        authorization.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (reqwest::header::AUTHORIZATION, authorization),
            (
                reqwest::header::HeaderName::from_static("stripe-version"),
                HeaderValue::from_static(STRIPE_VERSION),
            ),
        ]);
        let mut http = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("chargly/", env!("CARGO_PKG_VERSION")))
            // A redirect would carry the key to wherever it leads; Stripe's API has none.
            .redirect(reqwest::redirect::Policy::none());
        if is_this_machine(&base) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|problem| ConfigError::Client(problem.without_url().to_string()))?;
        Ok(Self { http, base, secret_key: config.secret_key.clone(), patience: Patience::default() })
    }

    /// Where Stripe is, as it was configured: it holds no secret.
    pub(crate) fn address(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// Asks, and asks again where that may help.
    pub(crate) async fn call<T: DeserializeOwned>(&self, call: &Call) -> Result<T, ProviderError> {
        let mut pause = self.patience.first_pause;
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(call).await {
                Ok(body) => return parse(call, &body),
                Err(failure) => failure,
            };
            let Again::May(asked_for) = failure.again else { return Err(failure.error) };
            if attempt >= self.patience.attempts {
                return Err(failure.error);
            }
            warn!(what = call.what, attempt, error = %failure.error, "asking Stripe again");
            tokio::time::sleep(asked_for.unwrap_or(pause).min(self.patience.pause_max)).await;
            pause *= 2;
            attempt += 1;
        }
    }

    /// Asks once: for who wants to know how it stands, and not to get something done.
    pub(crate) async fn ask_once<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Failure> {
        let body = self.attempt(call).await?;
        parse(call, &body).map_err(|error| Failure { error, status: None, again: Again::Never })
    }

    async fn attempt(&self, call: &Call) -> Result<Vec<u8>, Failure> {
        let mut url = self.base.clone();
        url.set_path(&call.path);
        let mut request = self.http.request(call.method.clone(), url).timeout(self.patience.timeout);
        request = match call.method {
            Method::POST => request.form(&call.params),
            _ => request.query(&call.params),
        };
        if let Some(key) = &call.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        let answer = request.send().await.map_err(|problem| self.unreachable(problem))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = self.read(call, answer).await?;
        if (200..300).contains(&status) { Ok(body) } else { Err(self.refused(call, status, &headers, &body)) }
    }

    async fn read(&self, call: &Call, mut answer: Response) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|problem| self.unreachable(problem))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                let what = format!("{}: more than {ANSWER_BYTES_MAX} bytes", call.what);
                return Err(Failure {
                    error: ProviderError::Unreadable { what },
                    status: None,
                    again: Again::Never,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn unreachable(&self, problem: reqwest::Error) -> Failure {
        let why = match () {
            () if problem.is_timeout() => format!("no answer within {} s", self.patience.timeout.as_secs()),
            () if problem.is_connect() => "no connection".to_owned(),
            () => self.hush(&problem.without_url().to_string()),
        };
        Failure { error: ProviderError::Unavailable { why }, status: None, again: Again::May(None) }
    }

    fn refused(&self, call: &Call, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
        let said = serde_json::from_slice::<ErrorBody>(body).unwrap_or_default().error;
        let code = said.code.or(said.kind).unwrap_or_else(|| format!("http_{status}"));
        let message = self.hush(&said.message.unwrap_or_else(|| "without a word".to_owned()));
        let may_help = matches!(status, 409 | 429 | 500..);
        let again = match headers.get("stripe-should-retry").map(HeaderValue::as_bytes) {
            Some(b"true") => true,
            Some(b"false") => false,
            _ => may_help,
        };
        let error = match () {
            () if may_help => ProviderError::Unavailable { why: format!("it answered {status}: {message}") },
            () if status == 404 && code == "resource_missing" => {
                ProviderError::Unknown { what: call.what.to_owned() }
            }
            () => ProviderError::Refused { code, message },
        };
        let status = Some(status);
        Failure { error, status, again: if again { Again::May(retry_after(headers)) } else { Again::Never } }
    }

    /// Words of somebody else's, without the key: nobody promises that they leave it out.
    fn hush(&self, words: &str) -> String {
        words.replace(&self.secret_key, "…")
    }
}

fn parse<T: DeserializeOwned>(call: &Call, body: &[u8]) -> Result<T, ProviderError> {
    serde_json::from_slice(body)
        .map_err(|problem| ProviderError::Unreadable { what: format!("{}: {problem}", call.what) })
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    error: StripeError,
}

#[derive(Default, Deserialize)]
struct StripeError {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    message: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        let config = StripeConfig {
            secret_key: "sk_test_hush".to_owned(),
            webhook_secrets: Vec::new(),
            base_url: "http://127.0.0.1:1".to_owned(),
            is_live: false,
        };
        let base = config.check().expect("a good configuration");
        Client::new(&config, base).expect("a client")
    }

    fn judged(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> (ProviderError, Again) {
        let headers = headers.iter().map(|(name, value)| {
            (reqwest::header::HeaderName::from_static(name), HeaderValue::from_static(value))
        });
        let call = Call::get("checkout", "/v1/checkout/sessions/cs_1", Vec::new());
        let failure = client().refused(&call, status, &headers.collect(), body.as_bytes());
        (failure.error, failure.again)
    }

    #[test]
    fn stripe_s_own_word_on_asking_again_goes_before_the_status() {
        let after = |seconds| Again::May(Some(Duration::from_secs(seconds)));
        for (status, headers, expected) in [
            (400, &[][..], Again::Never),
            (402, &[], Again::Never),
            (409, &[], Again::May(None)),
            (429, &[("retry-after", "2")], after(2)),
            (429, &[("retry-after", "soon")], Again::May(None)),
            (500, &[], Again::May(None)),
            (599, &[], Again::May(None)),
            (500, &[("stripe-should-retry", "false")], Again::Never),
            (400, &[("stripe-should-retry", "true")], Again::May(None)),
            (409, &[("stripe-should-retry", "perhaps")], Again::May(None)),
        ] {
            assert_eq!(judged(status, headers, "{}").1, expected, "{status} {headers:?}");
        }
    }

    #[test]
    fn error_keeps_stripe_s_code_and_words_without_the_key() {
        let refused = |code: &str, message: &str| ProviderError::Refused {
            code: code.to_owned(),
            message: message.to_owned(),
        };
        for (status, body, expected) in [
            (400, r#"{"error":{"type":"a","code":"b","message":"c"}}"#, refused("b", "c")),
            (401, r#"{"error":{"type":"a","message":"no sk_test_hush"}}"#, refused("a", "no …")),
            (403, "<html>", refused("http_403", "without a word")),
            (404, r#"{"error":{"type":"a"}}"#, refused("a", "without a word")),
            (
                404,
                r#"{"error":{"code":"resource_missing"}}"#,
                ProviderError::Unknown { what: "checkout".to_owned() },
            ),
            (503, "", ProviderError::Unavailable { why: "it answered 503: without a word".to_owned() }),
        ] {
            assert_eq!(judged(status, &[], body).0, expected, "{status} {body}");
        }
    }
}
