//! The SDK of Chargly, the self-hosted billing layer for AI products.
//!
//! ```no_run
//! # async fn run(user_id: &str) -> chargly_client::Result<()> {
//! chargly_client::meter_event("image.generate", user_id).await?;
//! # Ok(())
//! # }
//! ```
//!
//! That line prices one image, takes the credits from the wallet of `user_id`, and returns once that is durable. The key of
//! your server's environment is in `CHARGLY_SECRET_KEY`, and `CHARGLY_BASE_URL` says where the server is.
//!
//! - [`Client`] has every operation, under the names that the server's other doors use.
//! - [`Error`] has a variant for each refusal, with the facts to act on.
//! - [`Client::with_hold`] and [`Client::metered`] set credits aside while costly work runs.
//! - [`Client::batcher`] records in the background what nobody waits for.
//! - [`verify_webhook`] reads messages that are genuine.
//!
//! **Retries are safe.** One call has one idempotency key, yours or a new UUIDv7, over all its attempts. Lost connections,
//! 408, 429 and 5xx are tried again, with a jittered wait that grows, or what `Retry-After` says, until `max_retries` or
//! the `deadline`. A refusal is final, and never tried again by itself.
//!
//! **Amounts are exact.** [`Amount`] is made of integers and of decimal text, never of floats.
//!
//! Calls need a [Tokio](https://tokio.rs) runtime with its timers.
//!
//! # Features
//!
//! - `rustls-tls` (default): TLS in Rust, with root certificates built in.
//! - `native-tls`: TLS of the platform, with its certificates.
//!
//! With neither, only `http://` addresses work.

mod amount;
mod batcher;
mod call;
mod client;
mod error;
mod hold;
mod input;
mod ops;
mod output;
mod raw;
mod time;
mod usage;
mod webhook;

pub use amount::{Amount, AmountError, Money};
pub use batcher::{Batcher, BatcherError, BatcherOptions, BatcherStats};
pub use call::Outcome;
pub use client::{Client, ClientBuilder, default_client};
pub use error::{CheckoutHint, Error, FieldError, InsufficientCredits, PackHint, Problem, Result};
pub use hold::{Hold, Metered, MeteredError, Run};
pub use input::{
    Apply, Capture, CreateCheckout, EventQuery, Grant, GrantKind, IfInsufficient, Meter, PageQuery,
    PlaceHold, RecommendationQuery, Reverse, UsageQuery,
};
pub use output::{
    BatchResult, CaptureResult, Checkout, CreditPack, Decision, EstimatedLift, Event, Explanation,
    GrantResult, HoldState, Lot, MeterResult, Page, PricingRule, Quote, Recommendation, Reversal, Usage,
    UsageRow, VersionTransition, Wallet, WalletEntry,
};
pub use raw::Raw;
pub use reqwest::Method;
pub use time::Time;
pub use usage::Cost;
pub use webhook::{WebhookEvent, WebhookHeaders, verify_webhook};

/// Meters an event with the [`default_client`]: see [`Client::meter_event`].
///
/// # Errors
/// As of [`Client::meter_event`], and where the environment has no key.
pub async fn meter_event(event: impl Into<String>, customer: impl Into<String>) -> Result<MeterResult> {
    default_client()?.meter_event(event, customer).await
}
