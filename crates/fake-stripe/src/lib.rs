//! A stand-in for Stripe that tests run against: its API as far as we use it, its hosted pay page, its webhooks.
//!
//! It answers in Stripe's shapes, keeps everything in memory, counts its ids up from one, and has a clock that can be
//! moved, so that a test that runs twice sees the same twice. It holds events back until it is told in which order, how
//! often and how late to deliver them: what goes wrong with webhooks goes wrong here on purpose.
//!
//! It knows nothing of the product. That it is like Stripe is not for it to say: `judges/stripe_library.py` drives it
//! with Stripe's own library.
//!
//! # Control
//!
//! [`FakeStripe::control`] takes a [`Command`]; `POST /_control/<command>` takes the same as JSON, without a key:
//!
//! | Path | Body |
//! |---|---|
//! | `/_control/pay` | `{"session":"cs_…"}`, perhaps `"method":"bank_debit"`, `"tax":160`, `"discount":500`, `"presentment":{"currency":"eur","amount":1840}` |
//! | `/_control/settle` | `{"session":"cs_…"}`: the bank debit's money comes |
//! | `/_control/fail` | `{"session":"cs_…"}`: a card is declined, or the bank debit's money does not come |
//! | `/_control/refund` | `{"payment":"pi_…"}`, perhaps `"amount":500`, `"is_pending":true` |
//! | `/_control/settle_refund`, `/_control/fail_refund` | `{"refund":"re_…"}` |
//! | `/_control/dispute` | `{"payment":"pi_…"}`, perhaps `"amount":500`, `"is_inquiry":true` |
//! | `/_control/move_dispute` | `{"dispute":"dp_…","to":"…"}`, one of `withdraw`, `review`, `win`, `lose`, `escalate`, `close_inquiry`, `prevent`, `reinstate` |
//! | `/_control/add_endpoint` | `{"url":"http://…","secrets":["whsec_…"]}` |
//! | `/_control/deliver` | `{}`, perhaps `"order":[2,0,1]` (places in the queue), `"times":5`, `"signed_ago_s":600` |
//! | `/_control/drop` | `{"index":0}`: this event is never delivered |
//! | `/_control/set_failing` | `{"times":3,"status":500}`: the next deliveries get lost, and are counted as answered so |
//! | `/_control/inject` | `{"fault":"hang"}`, `{"fault":"close"}` (after the work was done) or `{"fault":{"status":429}}`, perhaps `"method":"POST"`, `"path":"/v1/disputes"`: the next request to the API, or the next POST, or the next to such a path |
//! | `/_control/amend` | `{"session":"cs_…","subtotal":900}` or `"currency":"eur"`: an open session is not what it was made as any more, as when somebody made it by hand |
//! | `/_control/advance` | `{"seconds":3600}` |
//! | `/_control/forget_keys` | `{}`: a day has passed for the idempotency keys |
//! | `/_control/queue`, `/_control/requests` | `{}`: the events not delivered yet; the requests answered so far |
//!
//! As a program: `fake-stripe --listen 127.0.0.1:12111`, with `--endpoint` and `--webhook-secret` for a server that is
//! told at once.

mod api;
mod control;
mod deliveries;
mod disputes;
mod errors;
mod events;
mod page;
mod params;
mod payments;
mod refunds;
mod samples;
mod server;
mod sessions;
mod signature;
mod state;

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinHandle;

pub use control::{Command, DisputeMove, Fault, Method, Presentment};
pub use deliveries::Attempt;
pub use errors::ApiError;
pub use signature::sign;

use crate::server::Shared;

/// How a stand-in is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The one secret key it takes.
    pub secret_key: String,
    /// Whether its money is real.
    pub is_live: bool,
    /// Where its clock stands, in seconds since 1970; the machine's clock when not given.
    pub now_s: Option<i64>,
    /// Deliver events as they happen, once and in order.
    pub delivers_at_once: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            secret_key: "sk_test_fake".to_owned(),
            is_live: false,
            now_s: None,
            delivers_at_once: false,
        }
    }
}

/// A running stand-in. Ends when it is dropped.
pub struct FakeStripe {
    base_url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl FakeStripe {
    /// Starts one on a free port of this machine, within the current tokio runtime.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start() -> std::io::Result<Self> {
        Self::start_with(Options::default()).await
    }

    /// Starts one that is set up like this.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start_with(options: Options) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(options.listen).await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let shared = Shared::new(options, &base_url);
        let server = tokio::spawn(server::accept(listener, Arc::clone(&shared)));
        Ok(Self { base_url, shared, server })
    }

    /// What to say in the place of `https://api.stripe.com`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Makes something happen, and says what came of it.
    ///
    /// # Errors
    /// Where Stripe would not let it happen either.
    pub async fn control(&self, command: Command) -> Result<Value, ApiError> {
        self.shared.control(command).await
    }

    /// Somebody pays by card; the payment's id, which is empty where nothing had to be paid.
    ///
    /// # Errors
    /// Where the session cannot be paid.
    pub async fn pay(&self, session: &str) -> Result<String, ApiError> {
        let paid = self.control(Command::pay(session)).await?;
        Ok(paid["payment_intent"].as_str().unwrap_or_default().to_owned())
    }

    /// Something goes wrong with the next request to the API.
    pub fn inject(&self, fault: Fault) {
        self.shared.state().inject(fault, None, None);
    }

    /// Something goes wrong with the next POST to the API.
    pub fn inject_into_post(&self, fault: Fault) {
        self.shared.state().inject(fault, Some("POST".to_owned()), None);
    }

    /// Delivers what is in the queue, in order, once; what each delivery was answered.
    pub async fn deliver(&self) -> Vec<Attempt> {
        self.deliver_as(None, 1, 0).await
    }

    /// Delivers the events at these places in the queue, each so many times, as if signed so many seconds ago.
    pub async fn deliver_as(&self, order: Option<Vec<usize>>, times: u32, signed_ago_s: i64) -> Vec<Attempt> {
        deliveries::deliver(&self.shared, order.as_deref(), times, signed_ago_s).await
    }

    /// The events not delivered yet, in the order in which they happened.
    pub fn queue(&self) -> Vec<Value> {
        self.shared.state().queue()
    }

    /// The requests to the API so far: method, path, status, and the idempotency key.
    pub fn requests(&self) -> Vec<Value> {
        self.shared.state().requests.clone()
    }

    /// An object as it stands now: `session("cs_…")`, `payment("pi_…")`, whatever the id is of.
    pub fn object(&self, id: &str) -> Option<Value> {
        self.shared.state().find(id).cloned()
    }

    /// Lets its clock run ahead.
    pub fn advance(&self, seconds: i64) {
        self.shared.state().advance(seconds);
    }
}

impl Drop for FakeStripe {
    fn drop(&mut self) {
        self.server.abort();
    }
}
