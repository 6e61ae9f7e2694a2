//! The only code that knows Stripe: [`Stripe`] takes payments for orders through Checkout.
//!
//! A thin client of our own over HTTP. It keeps nothing: what Stripe holds true of an order is fetched anew whenever
//! somebody asks, and folded by one pure function, so that notices may come in any order, twice or never.
//!
//! Invariants:
//! - Every POST carries an idempotency key that follows from what is done (the order, the refund), so that asking again
//!   after an answer got lost does nothing twice.
//! - A notice is believed only after the signature over its raw bytes was found good; nothing is parsed before.
//! - Amounts are Stripe's integers, in the currency that the order was priced in. What the buyer saw is not looked at.
//! - The secret key and the webhook secrets are in no error, log or debug text.
//!
//! Not owned here: what a payment does to a wallet, which is the ledger's; whether an amount is the right one, which is
//! the engine's; the route that notices come in by.

mod checkout;
mod client;
mod config;
mod minor;
mod notice;
mod objects;
mod provider;
mod redact;
mod signature;
mod standing;

pub use client::{ANSWER_BYTES_MAX, Patience, STRIPE_VERSION};
pub use config::{ConfigError, STRIPE_URL, StripeConfig, WEBHOOK_SECRETS_MAX};
pub use notice::{EVENT_TYPES, NOTICE_BYTES_MAX};
pub use provider::{MISSED_MAX, Stripe};
pub use redact::{CUT, CUT_NAMES};
pub use signature::{SIGNATURE_AGE_MAX_S, sign};
