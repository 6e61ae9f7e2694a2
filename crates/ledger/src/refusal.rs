//! How a call can fail. A [`Refusal`] is a verdict: recorded, and final for its key. A [`Rejection`] leaves no trace
//! and may be tried again with the same key. Each is named after the broken rule; the code on the wire is the
//! variant's name in snake_case.

use compact_str::CompactString;
use thiserror::Error;

use crate::codec::codec_enum;
use crate::{BudgetOf, Credits, Millis, Position, PriceError, PriceNo};

/// A verdict against a call, recorded in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The wallet is frozen; new spending waits until it is thawed.
    #[error("the wallet is frozen")]
    WalletFrozen {
        /// The fact that froze it; its payload has the reason.
        frozen_by: Position,
    },
    /// The wallet cannot pay.
    #[error("the wallet has {available} credits available and {required} are required")]
    InsufficientCredits {
        /// What the event costs.
        required: Credits,
        /// What the wallet can spend on this event type, with its overdraft.
        available: Credits,
    },
    /// The hold has ended, or is of another kind than asked.
    #[error("the hold is not open: it was {}", .state.as_str())]
    HoldNotOpen {
        /// How it ended.
        state: crate::HoldEnd,
    },
    /// More was captured than is held.
    #[error("{requested} credits were to be captured and {held} are held")]
    CaptureExceedsHold {
        /// What is still held.
        held: Credits,
        /// What was to be captured.
        requested: Credits,
    },
    /// More was to be given back than is left of the event.
    #[error("{requested} credits were to be reversed and {left} are left to reverse")]
    AlreadyReversed {
        /// What was to be given back.
        requested: Credits,
        /// What is left of the event.
        left: Credits,
        /// What has been reversed before.
        reversed: Credits,
    },
    /// The lot has nothing left, was voided or has expired.
    #[error("the grant has no credits left to void")]
    GrantNotOpen,
    /// The lot is reserved by open holds.
    #[error("{held} credits of the grant are reserved by open holds")]
    GrantHeld {
        /// How much of it is reserved.
        held: Credits,
    },
    /// The wallet has the largest number of open holds already.
    #[error("the wallet has {limit} open holds, the most one wallet may have")]
    TooManyHolds {
        /// The limit.
        limit: u32,
    },
    /// The wallet has the largest number of live lots already.
    #[error("the wallet has {limit} grants with credits left, the most one wallet may have")]
    TooManyGrants {
        /// The limit.
        limit: u32,
    },
    /// The balance would pass the largest amount.
    #[error("the balance would pass {limit} credits, the largest there is")]
    BalanceTooLarge {
        /// The limit.
        limit: Credits,
    },
    /// Another price version came between.
    #[error("another price version was published in between")]
    VersionSuperseded {
        /// The latest version now.
        latest: Option<PriceNo>,
    },
    /// The wallet has the largest number of open orders already.
    #[error("the wallet has {limit} open orders, the most one wallet may have")]
    TooManyOrders {
        /// The limit.
        limit: u32,
    },
    /// The wallet has the largest number of allowances already.
    #[error("the wallet has {limit} allowances, the most one wallet may have")]
    TooManyAllowances {
        /// The limit.
        limit: u32,
    },
    /// The order has not been paid, so that there is nothing to refund.
    #[error("the order has not been paid: it is {}", .status.as_str())]
    OrderNotPaid {
        /// Where its payment stands.
        status: crate::OrderStatus,
    },
    /// More was to be refunded than is unused.
    #[error("{requested} credits were to be refunded and {unused} of the order are unused")]
    RefundExceedsUnused {
        /// What was to be refunded.
        requested: Credits,
        /// What is left in the order's lot and not set aside.
        unused: Credits,
    },
    /// A refund of the order goes on.
    #[error("a refund of {credits} credits of this order goes on")]
    RefundGoesOn {
        /// What it sets aside.
        credits: Credits,
    },
    /// What would be refunded comes to less than the smallest coin.
    #[error("what would be refunded comes to less than the smallest coin")]
    NothingToRefund,
    /// The key's budget of this day does not have it.
    #[error("{required} credits are required and {} are left of the budget of this API key{}, which is {limit} a day", (*.limit - *.spent).max(Credits::ZERO), .budget.for_whom())]
    BudgetExceeded {
        /// Whose.
        budget: BudgetOf,
        /// How much it is a day.
        limit: Credits,
        /// What was spent of it today.
        spent: Credits,
        /// What the call would spend.
        required: Credits,
        /// When a new day begins.
        renews_at: Millis,
    },
    /// The key has a budget for each customer, and spent for as many as can be counted today.
    #[error("this API key spent for {limit} customers today, the most that its budget can count")]
    TooManyCustomers {
        /// The limit.
        limit: u32,
        /// When a new day begins.
        renews_at: Millis,
    },
}
codec_enum!(Refusal, "refusal" {
    1 => WalletFrozen { frozen_by },
    2 => InsufficientCredits { required, available },
    3 => HoldNotOpen { state },
    4 => CaptureExceedsHold { held, requested },
    5 => AlreadyReversed { requested, left, reversed },
    6 => GrantNotOpen,
    7 => GrantHeld { held },
    8 => TooManyHolds { limit },
    9 => TooManyGrants { limit },
    10 => BalanceTooLarge { limit },
    11 => VersionSuperseded { latest },
    12 => TooManyOrders { limit },
    13 => TooManyAllowances { limit },
    14 => OrderNotPaid { status },
    15 => RefundExceedsUnused { requested, unused },
    16 => RefundGoesOn { credits },
    17 => NothingToRefund,
    18 => BudgetExceeded { budget, limit, spent, required, renews_at },
    19 => TooManyCustomers { limit, renews_at },
});

impl Refusal {
    /// The stable code, the same in JSON, docs and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WalletFrozen { .. } => "wallet_frozen",
            Self::InsufficientCredits { .. } => "insufficient_credits",
            Self::HoldNotOpen { .. } => "hold_not_open",
            Self::CaptureExceedsHold { .. } => "capture_exceeds_hold",
            Self::AlreadyReversed { .. } => "already_reversed",
            Self::GrantNotOpen => "grant_not_open",
            Self::GrantHeld { .. } => "grant_held",
            Self::TooManyHolds { .. } => "too_many_holds",
            Self::TooManyGrants { .. } => "too_many_grants",
            Self::BalanceTooLarge { .. } => "balance_too_large",
            Self::VersionSuperseded { .. } => "version_superseded",
            Self::TooManyOrders { .. } => "too_many_orders",
            Self::TooManyAllowances { .. } => "too_many_allowances",
            Self::OrderNotPaid { .. } => "order_not_paid",
            Self::RefundExceedsUnused { .. } => "refund_exceeds_unused",
            Self::RefundGoesOn { .. } => "refund_goes_on",
            Self::NothingToRefund => "nothing_to_refund",
            Self::BudgetExceeded { .. } => "budget_exceeded",
            Self::TooManyCustomers { .. } => "too_many_customers",
        }
    }
}

/// Why a call was not taken up. Nothing was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Rejection {
    /// No event type of that number, or it is archived.
    #[error("the event type is archived")]
    EventTypeArchived,
    /// There is no such event type.
    #[error("there is no such event type")]
    UnknownEventType,
    /// The type has no price in force.
    #[error("the event type has no price in force")]
    NoActivePrice,
    /// The price is made of the provider's cost, and the event came without one.
    #[error(
        "the price of this event type is made of the provider's cost: send the cost, or usage of a model with a rate"
    )]
    CostRequired,
    /// A correction goes on; another one could look at the same events at the same time.
    #[error("another correction goes on")]
    CorrectionRunning,
    /// The recommendation was decided on already, or its time is over.
    #[error("the recommendation is {}, which does not allow this", .status.as_str())]
    RecommendationNotOpen {
        /// Where it stands.
        status: crate::AdviceStatus,
    },
    /// The recommendation is only watched, or has no price to publish.
    #[error("the recommendation cannot be applied: it has no price to publish, or is not sure enough yet")]
    RecommendationNotApplicable,
    /// A field has a value that cannot be.
    #[error("{field} {problem}")]
    Invalid {
        /// The request's field.
        field: CompactString,
        /// What is wrong with it.
        problem: String,
    },
    /// The customer whose hold, grant or event this is about was erased: nobody may act for them any more.
    #[error("the customer was erased")]
    CustomerErased,
    /// It stands already where it was to be brought.
    #[error("there is nothing to change")]
    Unchanged,
    /// The thing named does not exist here.
    #[error("there is no such {kind}")]
    NotFound {
        /// What kind of thing.
        kind: &'static str,
    },
}

impl Rejection {
    pub(crate) fn invalid(field: &str, problem: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), problem: problem.into() }
    }

    pub(crate) fn in_the_past(field: &str, now: Millis) -> Self {
        Self::invalid(field, format!("must be later than now ({} ms)", now.0))
    }
}

impl From<PriceError> for Rejection {
    fn from(error: PriceError) -> Self {
        let field = match &error {
            PriceError::Missing(name) | PriceError::NotANumber(name) | PriceError::BadNumber(name, _) => {
                format!("properties.{name}")
            }
            PriceError::Overflow => "quantity".to_owned(),
            PriceError::CostRequired => return Self::CostRequired,
        };
        Self::Invalid { field: field.into(), problem: error.to_string() }
    }
}
