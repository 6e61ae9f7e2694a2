//! The port to a payment provider: all that the rest of the product knows of one.

use chargly_ledger::Money;
use futures_util::future::BoxFuture;
use thiserror::Error;

/// Takes payments for orders. Asked twice for the same thing, it does it once.
pub trait PaymentProvider: Send + Sync {
    /// What it is called in orders, on pages and in logs: `sandbox`, `stripe`.
    fn name(&self) -> &'static str;

    /// How it is connected. Never a secret.
    fn connection(&self) -> Connection;

    /// Asks the provider for something that changes nothing, once: whether it can be reached, takes our key, and speaks of
    /// the money of this environment.
    fn test(&self) -> BoxFuture<'_, ConnectionTest>;

    /// Starts a checkout for an order; for the same order again, the same checkout.
    fn start<'a>(
        &'a self,
        checkout: &'a NewCheckout,
    ) -> BoxFuture<'a, Result<StartedCheckout, ProviderError>>;

    /// What the provider holds true of an order now, everything included: payment, refunds, disputes.
    fn standing<'a>(&'a self, order: &'a OrderName) -> BoxFuture<'a, Result<Standing, ProviderError>>;

    /// Pays money of an order back; for the same refund again, nothing more.
    fn refund<'a>(&'a self, refund: &'a NewRefund) -> BoxFuture<'a, Result<(), ProviderError>>;

    /// Reads a notice that was sent to us: verified against the raw bytes of its body before anything is parsed.
    ///
    /// # Errors
    /// [`NoticeError`] where it is not to be believed or not to be understood. Nothing was done.
    fn read_notice(&self, signature: &str, body: &[u8], now_ms: i64) -> Result<Notice, NoticeError>;

    /// Reads a notice back that was kept; `None` where it is not one of this provider's.
    fn read_kept(&self, body: &str) -> Option<Notice>;

    /// The order that something is about, where the provider can tell: `ord_…`.
    fn order_of<'a>(&'a self, about: &'a About) -> BoxFuture<'a, Result<Option<String>, ProviderError>>;

    /// Notices since `since_ms` that were never delivered, oldest first; with `delivered_too`, those that were as well:
    /// after a restore, what was delivered to the lost future is news.
    fn missed<'a>(
        &'a self,
        since_ms: i64,
        delivered_too: bool,
    ) -> BoxFuture<'a, Result<Vec<Notice>, ProviderError>>;
}

/// How a provider is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Where it is; `None` for one that is part of this server.
    pub address: Option<String>,
    /// The version of its API that is spoken, where there are several.
    pub api_version: Option<&'static str>,
    /// Whether it is for real money.
    pub is_live: bool,
    /// Where notices are verified by a secret, whether there is one; `None` where no notices come.
    pub believes_notices: Option<bool>,
}

/// What came of asking a provider something harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionTest {
    /// In one word.
    pub verdict: ConnectionVerdict,
    /// In the provider's words or ours, without a secret; empty where there is nothing to say.
    pub said: String,
}

/// Whether a provider can be used as it is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionVerdict {
    /// It answered, and as it should.
    Good,
    /// It does not know the key.
    KeyRefused,
    /// It knows the key, which may not do what is needed.
    NotAllowed,
    /// It speaks of real money where play money is meant, or the other way round.
    OtherMode,
    /// It could not be reached, or was not well.
    Unreachable,
    /// It answered something that is not understood.
    NotUnderstood,
}

impl ConnectionVerdict {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Good,
        Self::KeyRefused,
        Self::NotAllowed,
        Self::OtherMode,
        Self::Unreachable,
        Self::NotUnderstood,
    ];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::KeyRefused => "key_refused",
            Self::NotAllowed => "not_allowed",
            Self::OtherMode => "other_mode",
            Self::Unreachable => "unreachable",
            Self::NotUnderstood => "not_understood",
        }
    }
}

/// What a provider has to know to start a checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCheckout {
    /// The order's id, `ord_…`: what every later notice can be traced by, and the key under which it is started.
    pub order: String,
    /// What the buyer sees as the thing bought: `Power: 4,000 credits`.
    pub title: String,
    /// A sentence below it; may be empty.
    pub description: String,
    /// What it costs.
    pub price: Money,
    /// Where the buyer is sent after paying.
    pub success_url: String,
    /// Where the buyer is sent who gives up.
    pub cancel_url: String,
    /// When the order was placed, in milliseconds since 1970: what a provider's bounds on the end are counted from, so that
    /// an order that is started again is started in the same words.
    pub placed_at_ms: i64,
    /// When the checkout ends, in milliseconds since 1970, as near to it as the provider can.
    pub expires_at_ms: i64,
    /// What the operator has set for all checkouts.
    pub terms: CheckoutTerms,
}

/// What the operator has set for all checkouts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckoutTerms {
    /// The provider works out and adds tax.
    pub automatic_tax: bool,
    /// The provider writes an invoice.
    pub invoices: bool,
    /// Buyers may enter promotion codes.
    pub promotion_codes: bool,
}

/// A checkout that a buyer can go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartedCheckout {
    /// What the provider calls it.
    pub reference: String,
    /// Where the buyer pays.
    pub url: String,
    /// When it ends, in milliseconds since 1970.
    pub expires_at_ms: i64,
}

/// An order as a provider knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderName {
    /// The order's id, `ord_…`.
    pub order: String,
    /// What the provider called its checkout, once it was started.
    pub reference: Option<String>,
    /// What the provider called its payment, once there was one.
    pub payment: Option<String>,
}

/// What a provider holds true of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Of its payment.
    pub payment: PaymentStanding,
    /// Of the money that went back, or may.
    pub returns: ReturnsStanding,
}

/// Where a payment stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentStanding {
    /// Nobody has paid yet.
    Open,
    /// It was ordered, and the money is on its way (a bank debit).
    Pending,
    /// The money has come.
    Paid(PaymentSeen),
    /// The money will not come.
    Failed,
    /// The checkout ended before anybody paid.
    Expired,
}

/// Money that has come, as the provider counts it. All in nano-units of `currency`, in which the order was priced; what
/// the buyer saw in another currency is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentSeen {
    /// Before discount and tax: what has to be what the order was sold for.
    pub subtotal: Money,
    /// Taken off it.
    pub discount_nano: i64,
    /// Put on it.
    pub tax_nano: i64,
    /// What the buyer paid: what refunds and disputes are parts of.
    pub total_nano: i64,
    /// What the provider calls the payment; empty where nothing had to be paid.
    pub payment: String,
    /// Whether it was real money: a test payment must never fill a live wallet, nor the other way round.
    pub is_live: bool,
}

/// Money that went back, each a total so far and not a change. In nano-units of what the buyer paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReturnsStanding {
    /// Refunded, less refunds that failed.
    pub refunded_nano: i64,
    /// Taken by disputes, less what was given back.
    pub withdrawn_nano: i64,
    /// Under dispute and not taken (yet).
    pub disputed_nano: i64,
}

/// Money to be paid back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefund {
    /// Of which order.
    pub order: OrderName,
    /// The refund's own id, which it is done once under.
    pub refund: String,
    /// How much, in nano-units of what the buyer paid: a whole number of the currency's smallest coins.
    pub amount: Money,
}

/// Something that a provider told us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What the provider calls the notice: the same one may come more than once.
    pub id: String,
    /// What happened, in the provider's words: `checkout.session.completed`.
    pub kind: String,
    /// When, in milliseconds since 1970.
    pub created_ms: i64,
    /// Whether it is about real money.
    pub is_live: bool,
    /// What it is about.
    pub about: About,
    /// Its body as it was sent, with the details of cards cut out. To be kept for an audit.
    pub body: String,
}

/// What a notice is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// An order of ours, `ord_…`: it says so itself.
    Order(String),
    /// A payment: whose order it belongs to has to be asked for.
    Payment(String),
    /// A charge of a payment.
    Charge(String),
    /// Nothing that orders depend on.
    Nothing,
}

/// Why a provider did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProviderError {
    /// It refused; asking again would not help.
    #[error("the payment provider refused: {message}")]
    Refused {
        /// The provider's own code.
        code: String,
        /// The provider's own words.
        message: String,
    },
    /// It could not be reached, or was not well: asking again may help.
    #[error("the payment provider cannot be reached: {why}")]
    Unavailable {
        /// What happened.
        why: String,
    },
    /// It answered something that is not understood.
    #[error("the payment provider answered something that is not understood: {what}")]
    Unreadable {
        /// Which part.
        what: String,
    },
    /// It knows no such thing.
    #[error("the payment provider knows no such {what}")]
    Unknown {
        /// What kind of thing.
        what: String,
    },
}

/// Why a notice was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoticeError {
    /// Its signature has no form that is known.
    #[error("the signature has not the form t=…,v1=…")]
    Malformed,
    /// No secret of this environment made its signature.
    #[error("the signature was made by none of the secrets, or for another body")]
    WrongSignature,
    /// It was signed too long ago, or too far in the future.
    #[error("the signature is {seconds} seconds away from now, and {limit} are allowed")]
    OutOfTime {
        /// How far.
        seconds: i64,
        /// How far at most.
        limit: i64,
    },
    /// It is signed and cannot be understood.
    #[error("the notice is signed, and cannot be understood: {what}")]
    Unreadable {
        /// Which part.
        what: String,
    },
    /// This provider sends no notices.
    #[error("this provider sends no notices")]
    None,
}
