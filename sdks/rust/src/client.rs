//! The client: how it is made, and what it is.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::redirect;

use crate::error::{Error, Result};

const TIMEOUT: Duration = Duration::from_secs(10);
const DEADLINE: Duration = Duration::from_secs(60);
const RETRIES_MAX: u32 = 5;
const BASE_URL: &str = "http://127.0.0.1:8080";

/// A client of one environment, which its key chooses. It is cheap to clone, and to be shared: make one and keep it.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) http: reqwest::Client,
    pub(crate) config: Config,
}

pub(crate) struct Config {
    pub(crate) base_url: String,
    pub(crate) timeout: Duration,
    pub(crate) max_retries: u32,
    pub(crate) deadline: Duration,
}

impl Client {
    /// Of the environment: `CHARGLY_SECRET_KEY`, and `CHARGLY_BASE_URL` where the server is not on this machine.
    ///
    /// # Errors
    /// [`Error::Configuration`] where there is no key, or one of them cannot be used.
    pub fn from_env() -> Result<Self> {
        Self::builder().build()
    }

    /// What is not said is taken from the environment.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let client = chargly_client::Client::builder()
    ///     .api_key("sk_test_0123456789")
    ///     .base_url("https://billing.example.com/")
    ///     .timeout(Duration::from_secs(5))
    ///     .max_retries(3)
    ///     .build()?;
    /// assert_eq!(client.base_url(), "https://billing.example.com");
    /// assert!(!format!("{client:?}").contains("sk_test"));
    /// # Ok::<(), chargly_client::Error>(())
    /// ```
    pub fn builder() -> ClientBuilder {
        ClientBuilder {
            api_key: None,
            base_url: None,
            timeout: TIMEOUT,
            max_retries: RETRIES_MAX,
            deadline: DEADLINE,
            http: None,
        }
    }

    /// Where the server is, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.inner.config.base_url
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}

/// Makes a [`Client`].
#[must_use = "nothing is made before `build`"]
pub struct ClientBuilder {
    api_key: Option<String>,
    base_url: Option<String>,
    timeout: Duration,
    max_retries: u32,
    deadline: Duration,
    http: Option<reqwest::ClientBuilder>,
}

impl ClientBuilder {
    /// The secret key of the environment; `CHARGLY_SECRET_KEY` if left out.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// Where the server is; `CHARGLY_BASE_URL`, else `http://127.0.0.1:8080`, if left out.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// How long one attempt waits for the server; 10 seconds if left out.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often a failed attempt is repeated; 5 times if left out.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// How long all attempts of a call, and the waits between them, may take together; 60 seconds if left out.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// A `reqwest` client of your making: a proxy, your certificates.
    pub fn http(mut self, builder: reqwest::ClientBuilder) -> Self {
        self.http = Some(builder);
        self
    }

    /// # Errors
    /// [`Error::Configuration`] where there is no key, or something cannot be used.
    pub fn build(self) -> Result<Client> {
        let config = Config {
            base_url: address(
                &self.base_url.or_else(|| variable("CHARGLY_BASE_URL")).unwrap_or_else(|| BASE_URL.into()),
            )?,
            timeout: self.timeout,
            max_retries: self.max_retries,
            deadline: self.deadline,
        };
        if self.timeout.is_zero() || self.deadline.is_zero() || self.deadline > DEADLINE_MAX {
            return Err(Error::configuration(
                "timeout and deadline must be above 0, and the deadline at most a year",
            ));
        }
        let key = self.api_key.or_else(|| variable("CHARGLY_SECRET_KEY")).unwrap_or_default();
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization(key.trim())?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let http = self
            .http
            .unwrap_or_default()
            .default_headers(headers)
            .user_agent(concat!("chargly-rust/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|cause| Error::configuration(format!("no HTTP client can be made: {cause}")))?;
        Ok(Client { inner: Arc::new(Inner { http, config }) })
    }
}

/// So that no sum of times overflows.
const DEADLINE_MAX: Duration = Duration::from_secs(366 * 24 * 3600);

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}

fn authorization(key: &str) -> Result<HeaderValue> {
    if key.is_empty() {
        return Err(Error::configuration("apiKey is required"));
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::configuration("apiKey has characters that no key has"));
    }
    let mut value = HeaderValue::try_from(format!("Bearer {key}"))
        .map_err(|_| Error::configuration("apiKey has characters that no key has"))?;
    // It is shown as `Sensitive` wherever headers are shown.
    value.set_sensitive(true);
    Ok(value)
}

fn address(text: &str) -> Result<String> {
    // It is never shown: it may be the key, in the wrong place.
    let text = text.trim().trim_end_matches('/');
    let url = reqwest::Url::parse(text).map_err(|_| Error::configuration("base_url is no address"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(Error::configuration("base_url must start with http:// or https://"));
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(Error::configuration(
            "base_url is a scheme, a host and perhaps a path, and nothing else",
        ));
    }
    Ok(text.to_owned())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

static DEFAULT: OnceLock<Client> = OnceLock::new();

/// The client of [`meter_event`](crate::meter_event), made from the environment when it is first needed.
///
/// # Errors
/// As of [`Client::from_env`].
pub fn default_client() -> Result<&'static Client> {
    if let Some(made) = DEFAULT.get() {
        return Ok(made);
    }
    let made = Client::from_env()?;
    Ok(DEFAULT.get_or_init(|| made))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(key: &str, url: &str) -> Result<Client> {
        Client::builder().api_key(key).base_url(url).build()
    }

    #[test]
    fn a_key_is_required_and_never_shown() {
        for (key, message) in [
            ("", "apiKey is required"),
            (" \n", "apiKey is required"),
            ("sk test", "apiKey has characters that no key has"),
            ("sk_tëst", "apiKey has characters that no key has"),
        ] {
            assert_eq!(made(key, "http://h").unwrap_err().to_string(), message);
        }
        let client = made(" sk_test_secret\n", "http://h").unwrap();
        assert!(!format!("{client:?} {:?}", client.inner.http).contains("secret"));
        assert!(!format!("{:?}", Client::builder().api_key("sk_test_secret")).contains("secret"));
    }

    #[test]
    fn an_address_is_a_scheme_and_a_host() {
        assert_eq!(made("k", "https://h/base//").unwrap().base_url(), "https://h/base");
        for wrong in ["", "h:8080", "ftp://h", "http://u:p@h", "http://h?x=1", "http://h#x", "sk_test_secret"]
        {
            let error = made("k", wrong).unwrap_err();
            assert!(matches!(error, Error::Configuration { .. }), "{wrong}");
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn times_are_above_nothing() {
        assert!(Client::builder().api_key("k").timeout(Duration::ZERO).build().is_err());
        assert!(Client::builder().api_key("k").deadline(Duration::ZERO).build().is_err());
        assert!(Client::builder().api_key("k").deadline(Duration::MAX).build().is_err());
    }
}
