//! `chargly mcp`: the tools over standard input and output, for clients that start a program instead of calling an
//! address.
//!
//! It stands between one client and a running server, and keeps nothing: each call of a tool is a call of its route. What
//! is written to standard output is the protocol's alone; whatever a person should read goes to standard error.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use axum::http::HeaderMap;
use chargly_engine::{Entropy as _, SystemEntropy};
use chargly_mcp::{Api, ApiAnswer, ApiRequest, NoAnswer};
use clap::Args;
use futures_util::future::BoxFuture;
use reqwest::{Method, StatusCode, Url};

use crate::failure::{Advice, Usage};

/// How long one call may take: longer than the server waits for anything, a payment provider included.
const CALL_MAX: Duration = Duration::from_secs(60);

/// Flags of `chargly mcp`.
#[derive(Clone, Debug, Args)]
pub(crate) struct McpArgs {
    /// The server to call
    #[arg(long, env = "CHARGLY_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    url: String,
    /// Secret key of the environment; better given by its environment variable, since flags can be read in the list of
    /// processes
    #[arg(long, env = "CHARGLY_SECRET_KEY", value_name = "KEY", hide_env_values = true)]
    secret_key: Option<String>,
}

/// A server at the end of a connection.
struct Remote {
    http: reqwest::Client,
    /// Without a slash at its end.
    base: String,
    key: String,
}

impl Remote {
    fn new(args: &McpArgs) -> Result<Self> {
        let Some(key) = args.secret_key.as_deref().map(str::trim).filter(|key| !key.is_empty()) else {
            bail!(Usage("give the secret key of an environment in CHARGLY_SECRET_KEY".to_owned()));
        };
        let url: Url = args.url.parse().map_err(|error| Usage(format!("--url {}: {error}", args.url)))?;
        if !["http", "https"].contains(&url.scheme()) || url.query().is_some() || url.fragment().is_some() {
            bail!(Usage(format!(
                "--url {}: must begin with http:// or https://, and end with a path",
                args.url
            )));
        }
        let http = reqwest::Client::builder()
            .timeout(CALL_MAX)
            // A redirect would take the key to wherever it leads.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("preparing calls")?;
        Ok(Self { http, base: url.as_str().trim_end_matches('/').to_owned(), key: key.to_owned() })
    }
}

impl Api for Remote {
    fn call(&self, request: ApiRequest, _: &HeaderMap) -> BoxFuture<'static, Result<ApiAnswer, NoAnswer>> {
        let method = if request.method == "GET" { Method::GET } else { Method::POST };
        let built = self
            .http
            .request(method, format!("{}{}", self.base, request.target))
            .bearer_auth(&self.key)
            .header("content-type", "application/json")
            .body(request.body);
        Box::pin(async move {
            // The address may have a password in it, which is no model's business.
            let no_answer = |error: reqwest::Error| NoAnswer(cause_of(&error.without_url()));
            let response = built.send().await.map_err(no_answer)?;
            let status = response.status().as_u16();
            Ok(ApiAnswer { status, body: response.bytes().await.map_err(no_answer)? })
        })
    }
}

/// The innermost cause, which is the one that says something: that nobody listens, that a name is unknown.
fn cause_of(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

/// Serves one client until it closes standard input.
///
/// # Errors
/// If the server does not know the key, or the client does not speak the protocol.
pub(crate) fn run(args: &McpArgs) -> Result<()> {
    let remote = Remote::new(args)?;
    let runtime = super::runtime()?;
    runtime.block_on(ask_once(&remote))?;
    let served =
        runtime.block_on(chargly_mcp::serve_stdio(Arc::new(remote), env!("CARGO_PKG_VERSION"), || {
            SystemEntropy.nonce()
        }));
    // A read of standard input that is on its way ends only with the process.
    runtime.shutdown_background();
    served.map_err(|error| anyhow!(error).context("serving MCP over standard input and output"))
}

/// Finds out at the start what would make every call fail. A server that is not there yet may come.
async fn ask_once(remote: &Remote) -> Result<()> {
    let request = ApiRequest { method: "GET", target: "/v1/packs".to_owned(), body: String::new() };
    match remote.call(request, &HeaderMap::new()).await {
        Ok(answer) if answer.status == StatusCode::UNAUTHORIZED.as_u16() => bail!(Advice::new(
            format!("asking {}: the key is unknown there, or was revoked", remote.base),
            "Give a key that is alive in CHARGLY_SECRET_KEY; `chargly keys create` makes one.",
        )),
        Ok(_) => Ok(()),
        Err(NoAnswer(why)) => {
            eprintln!("warning: {} does not answer: {why}", remote.base);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(url: &str, key: Option<&str>) -> McpArgs {
        McpArgs { url: url.to_owned(), secret_key: key.map(str::to_owned) }
    }

    #[test]
    fn without_a_key_or_with_an_address_that_is_none_nothing_starts() {
        for wrong in [
            args("http://127.0.0.1:8080", None),
            args("http://127.0.0.1:8080", Some(" ")),
            args("ftp://127.0.0.1", Some("k")),
            args("127.0.0.1:8080", Some("k")),
            args("http://127.0.0.1/?a=b", Some("k")),
        ] {
            let error = Remote::new(&wrong).err().expect("refused");
            assert!(error.downcast_ref::<Usage>().is_some(), "{wrong:?}");
        }
    }

    #[test]
    fn a_slash_at_the_end_of_the_address_is_dropped() {
        let remote = Remote::new(&args("https://billing.example.com/chargly/", Some("k"))).expect("good");
        assert_eq!(remote.base, "https://billing.example.com/chargly");
    }
}
