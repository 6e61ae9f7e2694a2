//! Calls to a running server, for commands that can work through one.

use anyhow::{Context as _, Result, bail};
use reqwest::{Method, StatusCode, Url};
use serde_json::Value;

use crate::failure::{Advice, Usage};

/// A server and a key of one of its environments.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    key: String,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The body; null where there is none, or none that is JSON.
    pub(crate) body: Value,
    /// The body as it came, for whoever must not have its numbers pass through a double.
    pub(crate) raw: Vec<u8>,
}

impl Client {
    /// The server at `url`, called with `key`.
    ///
    /// # Errors
    /// [`Usage`] when the address cannot be called.
    pub(crate) fn new(url: &str, key: &str) -> Result<Self> {
        let base: Url = url.parse().map_err(|error| Usage(format!("--url {url}: {error}")))?;
        if base.scheme() != "http" || base.cannot_be_a_base() {
            bail!(Usage(format!("--url {url}: must begin with http://; the command line speaks no TLS")));
        }
        let http = reqwest::Client::builder().no_proxy().build().context("preparing calls")?;
        Ok(Self { http, base, key: key.to_owned() })
    }

    /// Reads a path with query parameters, as the text that is answered.
    ///
    /// # Errors
    /// If the server cannot be reached, and in its own words where it refuses.
    pub(crate) async fn text(
        &self,
        path: &[&str],
        query: &[(String, String)],
        doing: &str,
    ) -> Result<String> {
        let query: Vec<(&str, &str)> =
            query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut answer = self.call_with(Method::GET, path, &query, None).await?;
        let text = String::from_utf8(std::mem::take(&mut answer.raw)).context("reading the answer")?;
        answer.ok(doing)?;
        Ok(text)
    }

    /// All pages of a list, as one.
    ///
    /// # Errors
    /// As [`Client::text`], and for what is no page.
    pub(crate) async fn list(
        &self,
        path: &[&str],
        query: &[(String, String)],
        doing: &str,
    ) -> Result<Vec<Value>> {
        let (mut items, mut query) = (Vec::new(), query.to_vec());
        loop {
            let text = self.text(path, &query, doing).await?;
            let mut page: Value = serde_json::from_str(&text).with_context(|| doing.to_owned())?;
            if let Some(data) = page["data"].as_array_mut() {
                items.append(data);
            }
            let Some(cursor) = page["next_cursor"].as_str() else { return Ok(items) };
            query.retain(|(name, _)| name != "cursor");
            query.push(("cursor".to_owned(), cursor.to_owned()));
        }
    }

    /// Calls a path, given by its segments.
    ///
    /// # Errors
    /// If the server cannot be reached, or answers no HTTP.
    pub(crate) async fn call(&self, method: Method, path: &[&str], body: Option<String>) -> Result<Answer> {
        self.call_with(method, path, &[], body).await
    }

    /// As [`Client::call`], with query parameters.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn call_with(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<Answer> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.http.request(method, url).bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let doing = || format!("calling {}", self.base);
        let response = request.send().await.with_context(doing)?;
        let status = response.status();
        let bytes = response.bytes().await.with_context(doing)?;
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(Answer { status, body, raw: bytes.into() })
    }
}

impl Answer {
    /// The body of a 2xx answer.
    ///
    /// # Errors
    /// The server's own words, for any other.
    pub(crate) fn ok(self, doing: &str) -> Result<Value> {
        if self.status.is_success() {
            return Ok(self.body);
        }
        let text = |field: &str| self.body[field].as_str().unwrap_or_default().to_owned();
        let next = match self.status.as_u16() {
            401 => "Give a key that is alive with --key or CHARGLY_API_KEY.",
            403 => "Give a key that has this scope; `chargly keys create` makes one.",
            404 | 405 => "Check --url, and that the server is of this version.",
            507 => "Make room on the server's disk, then run the command again.",
            _ => "See the error's page in docs/reference/errors.md.",
        };
        bail!(Advice::new(
            format!(
                "{doing}: the server answered {} {} {}",
                self.status.as_u16(),
                text("code"),
                text("detail")
            ),
            next,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_can_be_called_are_taken() {
        assert!(Client::new("http://127.0.0.1:8080", "k").is_ok());
        for url in ["https://example.com", "127.0.0.1:8080", "mailto:x", ""] {
            let error = Client::new(url, "k").expect_err(url);
            assert!(error.downcast_ref::<Usage>().is_some(), "{url}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        let body = serde_json::json!({"code": "forbidden", "detail": "the key lacks the scope grant"});
        let answer = Answer { status: StatusCode::FORBIDDEN, body, raw: Vec::new() };
        let error = answer.ok("granting").expect_err("403").to_string();
        assert_eq!(error, "granting: the server answered 403 forbidden the key lacks the scope grant");
    }
}
