//! What can go wrong, as variants. A code that this version does not know goes by its status, so that a `match` goes on
//! working when the server learns new refusals.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::amount::{Amount, Money};
use crate::call::{Again, Outcome};
use crate::raw::Raw;

/// A result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What is known of everything that goes wrong with a call.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Problem {
    /// The HTTP status; `None` where no answer came.
    pub status_code: Option<u16>,
    /// Stable and in snake_case, as in the reference of errors: `insufficient_credits`.
    pub code: String,
    /// In words.
    pub message: String,
    /// Whether the same call, under the same key, may succeed later.
    pub retryable: bool,
    /// The body of the answer, with every fact that the server gave.
    pub raw: Raw,
    /// The key of the call. Where no answer came, repeating the call with it is safe.
    pub idempotency_key: Option<String>,
    /// How long the server asked to wait.
    pub retry_after: Option<Duration>,
    pub(crate) replayed: bool,
    cause: Option<Arc<reqwest::Error>>,
}

/// One field that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct FieldError {
    /// Which.
    pub field: String,
    /// Why.
    pub problem: String,
}

/// 402: the wallet has too little. The refusal is final for its key: nothing that repeats the call charges it later.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct InsufficientCredits {
    /// Credits that the call needs.
    pub required: Amount,
    /// Credits that the wallet can spend.
    pub available: Amount,
    /// Credits that are missing.
    pub shortfall: Amount,
    /// Whose wallet it is.
    pub customer: String,
    /// What to sell now, where packs are for sale.
    pub checkout_hint: Option<CheckoutHint>,
    /// What is known of every error.
    pub problem: Problem,
    pub(crate) again: Option<Again>,
}

impl InsufficientCredits {
    /// Makes the refused call again, as a new attempt: to be called once the customer has topped up. `T` is what the
    /// call would have answered.
    ///
    /// The keys of attempts follow from the key of the call (`order-1`, then `order-1~2`, …), and an attempt that was
    /// refused before is passed over. So however often and from however many processes one piece of work is retried, it
    /// is charged once.
    ///
    /// # Errors
    /// Another [`Error::InsufficientCredits`] where the wallet is still too empty; [`Error::Configuration`], with
    /// nothing sent, where the refusal did not come from a call that answers a `T`.
    pub async fn retry_after_top_up<T: Outcome>(&self) -> Result<T> {
        match &self.again {
            Some(again) => again.run().await,
            None => Err(Error::configuration("this refusal did not come from a call that can be made again")),
        }
    }
}

/// What to sell to somebody who lacks credits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct CheckoutHint {
    /// The smallest pack that has what is missing, or the largest one where none has.
    pub smallest_covering_pack: Option<PackHint>,
    /// The customer's own wallet page.
    pub wallet_url: Option<String>,
}

/// A pack that would help.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct PackHint {
    /// What `create_checkout` takes.
    pub code: String,
    /// For people.
    pub name: String,
    /// What arrives in the wallet.
    pub credits: Amount,
    /// What it costs.
    pub price: Money,
}

macro_rules! errors {
    ($( $(#[$about:meta])* $variant:ident { $( $(#[$of:meta])* $field:ident : $kind:ty ),* } )*) => {
        /// Everything that can go wrong with a call.
        ///
        /// [`Error::problem`] and the methods beside it are there whatever the variant is.
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub enum Error {
            /// 402: the wallet has too little.
            InsufficientCredits(Box<InsufficientCredits>),
            $( $(#[$about])* #[non_exhaustive] $variant {
                $( $(#[$of])* $field: $kind, )*
                /// What is known of every error.
                problem: Box<Problem>,
            }, )*
        }

        impl Error {
            /// What is known whatever went wrong.
            #[must_use]
            pub fn problem(&self) -> &Problem {
                match self {
                    Self::InsufficientCredits(refusal) => &refusal.problem,
                    $( Self::$variant { problem, .. } => problem, )*
                }
            }

            fn problem_mut(&mut self) -> &mut Problem {
                match self {
                    Self::InsufficientCredits(refusal) => &mut refusal.problem,
                    $( Self::$variant { problem, .. } => problem, )*
                }
            }
        }
    };
}

errors! {
    /// The client, or what it was given, cannot be used like this. Nothing was sent.
    Configuration {}
    /// No answer came. Whether the server acted is not known; the same key makes it safe to ask again.
    ConnectionLost {}
    /// No answer came in time. Whether the server acted is not known; the same key makes it safe to ask again.
    TimedOut {}
    /// An answer that is not Chargly's, from a proxy perhaps.
    UnexpectedAnswer {}
    /// 400: the request is not valid.
    InvalidRequest {
        /// All that is wrong, not only the first.
        errors: Vec<FieldError>
    }
    /// 401: no valid API key.
    Unauthorized {}
    /// 402 of another kind than a wallet with too little.
    PaymentRequired {}
    /// 402: a budget is used up.
    BudgetExceeded {}
    /// 403: the key lacks a scope.
    Forbidden {
        /// Which.
        required_scope: Option<String>
    }
    /// 403: the wallet takes no new spending until it is thawed.
    WalletFrozen {}
    /// 404.
    NotFound {
        /// What there is none of, like `hold`.
        kind: Option<String>
    }
    /// 410: what this refers to was erased or lost.
    Gone {
        /// What there was, like `event`.
        kind: Option<String>
    }
    /// 409: the key was used before, for another request.
    IdempotencyConflict {
        /// The field that differs.
        field: String,
        /// What it was the first time.
        first: String,
        /// What it is now.
        now: String
    }
    /// 409: the hold was captured, voided or has lapsed.
    HoldNotOpen {
        /// `captured`, `voided` or `expired`.
        state: String
    }
    /// 409: more was to be captured than is held.
    CaptureExceedsHold {
        /// What is held.
        held: Amount,
        /// What was asked for.
        requested: Amount
    }
    /// 409: more was to be reversed than is left of the event.
    AlreadyReversed {
        /// What is left.
        left: Amount
    }
    /// 409: another price version was published in between.
    VersionSuperseded {}
    /// 409: the recommendation was decided on, or its time is over.
    RecommendationNotOpen {
        /// How it stands.
        recommendation_status: String
    }
    /// 409: the recommendation has no price to publish, or is not sure enough yet.
    RecommendationNotApplicable {}
    /// 409: what is there forbids it.
    Conflict {}
    /// 413.
    TooLarge {}
    /// 422: there is no event type of this name.
    UnknownEventType {
        /// The name.
        event: String,
        /// The name that is closest, where one is close.
        did_you_mean: Option<String>
    }
    /// 422: the event type has no price in force.
    NoActivePrice {}
    /// 422: the price needs what the event cost.
    CostRequired {}
    /// 422: nothing can be priced like this.
    Unprocessable {}
    /// 429: too much at once. [`Error::retry_after`] says for how long.
    RateLimited {}
    /// 507: the server's disk is full. Nothing was recorded.
    StorageFull {}
    /// 503: this cannot be answered now.
    Unavailable {}
    /// 5xx.
    Server {}
    /// Any other status.
    Other {}
    /// A webhook that is not genuine, or too old.
    InvalidWebhook {}
    /// The batcher has as many events as it may, or is closed; the event was not taken.
    BatcherFull {}
}

impl Error {
    /// The HTTP status; `None` where no answer came.
    #[must_use]
    pub fn status_code(&self) -> Option<u16> {
        self.problem().status_code
    }

    /// Stable and in snake_case, as in the reference of errors.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.problem().code
    }

    /// Whether the same call, under the same key, may succeed later.
    #[must_use]
    pub fn retryable(&self) -> bool {
        self.problem().retryable
    }

    /// The body of the answer.
    #[must_use]
    pub fn raw(&self) -> &Raw {
        &self.problem().raw
    }

    /// The key of the call. Where no answer came, repeating the call with it is safe.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&str> {
        self.problem().idempotency_key.as_deref()
    }

    /// How long the server asked to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.problem().retry_after
    }

    /// Whether no answer came that could be read, so that the call may or may not have been carried out.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        matches!(self, Self::ConnectionLost { .. } | Self::TimedOut { .. }) || self.retryable()
    }

    pub(crate) fn with_key(mut self, key: Option<&str>) -> Self {
        self.problem_mut().idempotency_key = key.map(str::to_owned);
        self
    }

    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::Configuration { problem: local("configuration", message.into(), false) }
    }

    pub(crate) fn invalid_webhook(message: &str) -> Self {
        Self::InvalidWebhook { problem: local("invalid_webhook", message.to_owned(), false) }
    }

    pub(crate) fn batcher_full(code: &str, message: String) -> Self {
        Self::BatcherFull { problem: local(code, message, true) }
    }

    pub(crate) fn unexpected(status: u16, what: &str, text: &str) -> Self {
        let message = format!("{what}; is base_url the address of a Chargly server?");
        let mut problem = local("unexpected_answer", message, false);
        problem.status_code = Some(status);
        problem.raw = Raw::of_text(text);
        Self::UnexpectedAnswer { problem }
    }

    /// What became of a call that got no answer.
    pub(crate) fn lost(what: &str, cause: reqwest::Error) -> Self {
        // The address may name a customer, and is known to whoever called.
        let cause = cause.without_url();
        if cause.is_builder() {
            return Self::configuration(format!("{what}: {}", chain(&cause)));
        }
        let timed_out = cause.is_timeout();
        let (code, message) = match (timed_out, cause.is_connect()) {
            (true, _) => ("timed_out", format!("{what}: no answer in time")),
            (false, true) => ("no_connection", format!("{what}: {}", chain(&cause))),
            (false, false) => ("connection_lost", format!("{what}: {}", chain(&cause))),
        };
        let mut problem = local(code, message, true);
        problem.cause = Some(Arc::new(cause));
        if timed_out { Self::TimedOut { problem } } else { Self::ConnectionLost { problem } }
    }

    /// The error that an answer is.
    pub(crate) fn of_answer(status: u16, text: &str, retry_after: Option<Duration>, replayed: bool) -> Self {
        let raw = serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
        let facts = Facts { text, raw: raw.as_ref() };
        let code = facts.text("code");
        let problem = Problem {
            status_code: Some(status),
            message: facts
                .text("detail")
                .or_else(|| facts.text("title"))
                .unwrap_or_else(|| format!("the server answered with status {status}")),
            // A problem says itself whether it may be tried again. What is no problem comes from something in between.
            retryable: facts.get("retryable").and_then(Value::as_bool).unwrap_or(is_passing(status)),
            code: code.clone().unwrap_or_else(|| format!("http_{status}")),
            raw: Raw::of_text(text),
            idempotency_key: None,
            retry_after,
            replayed,
            cause: None,
        };
        by_code(code.as_deref().unwrap_or_default(), &facts, &problem)
            .unwrap_or_else(|| by_status(status, &facts, problem))
    }
}

/// Statuses that may pass when the same is asked again.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429) || status >= 500
}

fn by_code(code: &str, facts: &Facts<'_>, problem: &Problem) -> Option<Error> {
    let boxed = || Box::new(problem.clone());
    Some(match code {
        "insufficient_credits" => {
            #[derive(Deserialize)]
            struct Shortage {
                required: Amount,
                available: Amount,
                shortfall: Amount,
                #[serde(default)]
                customer: String,
                checkout_hint: Option<CheckoutHint>,
            }
            let found: Shortage = serde_json::from_str(facts.text).ok()?;
            Error::InsufficientCredits(Box::new(InsufficientCredits {
                required: found.required,
                available: found.available,
                shortfall: found.shortfall,
                customer: found.customer,
                checkout_hint: found.checkout_hint,
                problem: problem.clone(),
                again: None,
            }))
        }
        "budget_exceeded" => Error::BudgetExceeded { problem: boxed() },
        "wallet_frozen" => Error::WalletFrozen { problem: boxed() },
        "idempotency_conflict" => Error::IdempotencyConflict {
            field: facts.shown("field"),
            first: facts.shown("first"),
            now: facts.shown("now"),
            problem: boxed(),
        },
        "hold_not_open" => Error::HoldNotOpen { state: facts.shown("state"), problem: boxed() },
        "capture_exceeds_hold" => Error::CaptureExceedsHold {
            held: facts.amount("held")?,
            requested: facts.amount("requested")?,
            problem: boxed(),
        },
        "already_reversed" => Error::AlreadyReversed { left: facts.amount("left")?, problem: boxed() },
        "version_superseded" => Error::VersionSuperseded { problem: boxed() },
        "recommendation_not_open" => Error::RecommendationNotOpen {
            recommendation_status: facts.shown("recommendation_status"),
            problem: boxed(),
        },
        "recommendation_not_applicable" => Error::RecommendationNotApplicable { problem: boxed() },
        "unknown_event_type" => Error::UnknownEventType {
            event: facts.shown("event"),
            did_you_mean: facts.text("did_you_mean"),
            problem: boxed(),
        },
        "no_active_price" => Error::NoActivePrice { problem: boxed() },
        "cost_required" => Error::CostRequired { problem: boxed() },
        _ => return None,
    })
}

fn by_status(status: u16, facts: &Facts<'_>, problem: Problem) -> Error {
    let problem = Box::new(problem);
    match status {
        400 => {
            let errors =
                facts.get("errors").and_then(|found| Vec::deserialize(found).ok()).unwrap_or_default();
            Error::InvalidRequest { errors, problem }
        }
        401 => Error::Unauthorized { problem },
        402 => Error::PaymentRequired { problem },
        403 => Error::Forbidden { required_scope: facts.text("required_scope"), problem },
        404 => Error::NotFound { kind: facts.text("kind"), problem },
        409 => Error::Conflict { problem },
        410 => Error::Gone { kind: facts.text("kind"), problem },
        413 => Error::TooLarge { problem },
        422 => Error::Unprocessable { problem },
        429 => Error::RateLimited { problem },
        503 => Error::Unavailable { problem },
        507 => Error::StorageFull { problem },
        500.. => Error::Server { problem },
        _ => Error::Other { problem },
    }
}

/// What a problem says beside its code.
struct Facts<'a> {
    text: &'a str,
    raw: Option<&'a Value>,
}

impl Facts<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.raw?.get(name)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_str().map(str::to_owned)
    }

    fn shown(&self, name: &str) -> String {
        match self.get(name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    }

    fn amount(&self, name: &str) -> Option<Amount> {
        self.get(name)?.to_string().parse().ok()
    }
}

fn local(code: &str, message: String, retryable: bool) -> Box<Problem> {
    Box::new(Problem { code: code.to_owned(), message, retryable, ..Problem::default() })
}

fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem().message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.problem().cause.as_deref().and_then(StdError::source)
    }
}
