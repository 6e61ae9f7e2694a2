//! Payments: orders of credit packs, from the checkout to the credits in the wallet and, perhaps, back again.
//!
//! What is sold and what a payment does to a wallet is the ledger's; who takes the money is behind [`PaymentProvider`].
//! A call, a buyer's return, a provider's notice and the sweep all end in
//! [`refresh_order`](crate::Environment::refresh_order): it asks the provider how the order stands now and hands that
//! to the ledger as a target. So it does not matter what arrived, how often, or in which order.
//!
//! Invariants: an order is recorded before a provider hears of it, and named by it there; whatever is asked of a
//! provider is asked under a name of our own, so that it is done once however often it is asked; news of one order are
//! followed one after the other; after a restore nothing is asked of a provider until somebody resumes effects.
//!
//! Not owned here: the rules (`ledger`), a provider's words (`stripe`), pages and routes (`http`).

mod checkout;
mod connection;
mod notices;
mod port;
mod refund;
mod registry;
mod sandbox;
mod settle;
mod sweep;

pub use chargly_ops::{Notice as KeptNotice, NoticeState};
pub use checkout::{Checkout, NewOrder, RedirectUrls, Visit};
pub use connection::Connected;
pub use notices::{BelievedNotice, NoticeEnd};
pub use port::{
    About, CheckoutTerms, Connection, ConnectionTest, ConnectionVerdict, NewCheckout, NewRefund, Notice,
    NoticeError, OrderName, PaymentProvider, PaymentSeen, PaymentStanding, ProviderError, ReturnsStanding,
    Standing, StartedCheckout,
};
pub use refund::StartedRefund;
pub(crate) use registry::Payments;
pub use registry::{PaymentSetup, WireNames, page_token};
pub use sandbox::{SANDBOX, Sandbox, SandboxButton};
pub use settle::Order;
pub use sweep::{PaymentSweep, sweep_payments};

use thiserror::Error;

use crate::outcome::CallError;

/// Why a payment could not be taken further. None of these bound a key.
#[derive(Debug, Error)]
pub enum PaymentError {
    /// The engine could not.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The provider did not.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// What is kept beside the journal cannot be used.
    #[error(transparent)]
    Kept(#[from] chargly_ops::OpsError),
    /// No provider is set up in this environment.
    #[error("no payment provider is set up in this environment")]
    NotSetUp,
    /// The environment was restored from a backup, and nobody has resumed what reaches outside.
    #[error("payments are paused since a restore")]
    Paused,
    /// An address that a buyer was to be sent to is not allowed.
    #[error("{field} leads to {origin}, which is not among the redirect_origins of the settings")]
    ForeignRedirect {
        /// Which field.
        field: &'static str,
        /// Where it leads.
        origin: String,
    },
}

/// Points where a test may kill the process, in the order in which an order passes them.
pub const CRASH_POINTS: [&str; 6] =
    [ORDER_PLACED, CHECKOUT_STARTED, NOTICE_KEPT, STANDING_ASKED, ORDER_SETTLED, REFUND_STARTED];
/// The order is recorded, and no provider knows of it.
pub(crate) const ORDER_PLACED: &str = "payments.order_placed";
/// The provider has opened a checkout, and nobody here knows of it.
pub(crate) const CHECKOUT_STARTED: &str = "payments.checkout_started";
/// A notice is kept, and not followed.
pub(crate) const NOTICE_KEPT: &str = "payments.notice_kept";
/// The provider has said how the order stands, and nothing is recorded of it.
pub(crate) const STANDING_ASKED: &str = "payments.standing_asked";
/// The order is settled, and nobody was answered.
pub(crate) const ORDER_SETTLED: &str = "payments.order_settled";
/// A refund is recorded, and the provider does not know of it.
pub(crate) const REFUND_STARTED: &str = "payments.refund_started";
