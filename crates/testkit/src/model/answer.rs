//! What can happen and what can be answered.

use super::orders::{Arrived, Followed, HeldBecause, OrderStatus};
use super::{Micro, Money, Ms, Nano, Place, Policy};

/// What a call is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was decided, for or against; the verdict stands at this place.
    Done(Place),
    /// Wrong in itself: it left no trace, and its key is free.
    Rejected(Rejected),
    /// The key was answered before; the answer stands at this place.
    Replayed(Place),
    /// The key was answered before, for another request.
    Conflict {
        /// In which field they differ.
        field: &'static str,
    },
}

/// Why a call leaves no trace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rejected {
    /// No such event type.
    UnknownEventType,
    /// The event type is archived.
    EventTypeArchived,
    /// No price is in force.
    NoActivePrice,
    /// The price is made of the cost, and there is none.
    CostRequired,
    /// A field cannot have this value.
    Invalid {
        /// Which.
        field: String,
    },
    /// The thing named does not exist.
    NotFound,
    /// Whose it is was forgotten.
    CustomerErased,
    /// It stands there already.
    Unchanged,
}

/// A verdict against a call, with its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the numbers are the wire's own, documented in the contract")]
pub enum Refused {
    WalletFrozen { frozen_by: Place },
    InsufficientCredits { required: Micro, available: Micro },
    HoldNotOpen { state: HoldEnd },
    CaptureExceedsHold { held: Micro, requested: Micro },
    AlreadyReversed { requested: Micro, left: Micro, reversed: Micro },
    GrantNotOpen,
    GrantHeld { held: Micro },
    TooManyHolds,
    TooManyGrants,
    BalanceTooLarge,
    VersionSuperseded { latest: Option<u32> },
    TooManyOrders,
    TooManyAllowances,
    OrderNotPaid { status: OrderStatus },
    RefundExceedsUnused { requested: Micro, unused: Micro },
    RefundGoesOn { credits: Micro },
    NothingToRefund,
    BudgetExceeded { is_of_customer: bool, limit: Micro, spent: Micro, required: Micro },
}

/// How a hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldEnd {
    /// Charged.
    Captured,
    /// Given up.
    Voided,
    /// Run out.
    Expired,
}

/// What a wallet has, in micro-credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Balance {
    /// What is in effect and unexpired, and what is expired but reserved, less what is owed.
    pub posted: Micro,
    /// Reserved by open holds.
    pub held: Micro,
    /// Owed.
    pub debt: Micro,
}

/// Credits leaving a lot or coming back, with the revenue that moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Which lot of the wallet, from 1.
    pub lot: u32,
    /// How many micro-credits.
    pub credits: Micro,
    /// Nano-units.
    pub revenue: Nano,
}

/// How an event was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The price version, by its number over all types, from 0.
    pub price: Option<u32>,
    /// What it costs.
    pub credits: Micro,
    /// Which lots paid.
    pub draws: Vec<Draw>,
    /// What is owed.
    pub debt: Micro,
    /// What nobody pays.
    pub uncharged: Micro,
}

/// Debt that a new lot paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Of which event.
    pub event: Place,
    /// How much.
    pub credits: Micro,
    /// Nano-units recognised.
    pub revenue: Nano,
}

/// An entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose, from 0 in the order of opening.
    pub wallet: Option<usize>,
    /// The wallet's balance after it.
    pub after: Balance,
    /// What happened.
    pub what: Happening,
}

/// Credits of a lot set aside: lot and micro-credits.
pub(crate) type Reserved = Vec<(u32, Micro)>;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in the glossary; every amount is in micro-credits or nano-units")]
pub enum Happening {
    EnvironmentCreated,
    EpochStarted,
    BatchAccepted {
        first: Place,
        events: usize,
    },
    EventTypeDefined {
        name: String,
        caller_set: bool,
        archived: bool,
    },
    PricePublished {
        price: u32,
        event_type: String,
        version: u32,
        effective_at: Ms,
    },
    PriceRefused(Refused),
    PackPublished {
        pack: u32,
        version: u32,
    },
    SettingsChanged,
    BudgetSet,
    Opened {
        customer: String,
        /// What the customer got at first sight, and until when.
        welcome: Option<(Micro, Option<Ms>)>,
    },
    Metered {
        charge: Charge,
    },
    HoldPlaced {
        price: Option<u32>,
        credits: Micro,
        reserved: Reserved,
        on_overdraft: Micro,
        expires_at: Ms,
    },
    HoldIncreased {
        hold: Place,
        credits: Micro,
        reserved: Reserved,
        on_overdraft: Micro,
    },
    HoldExtended {
        hold: Place,
        expires_at: Ms,
    },
    HoldCaptured {
        hold: Place,
        charge: Charge,
        overdraft_freed: Micro,
        released: Reserved,
        lapsed: Vec<Draw>,
        still_held: Micro,
        ended: bool,
    },
    HoldVoided {
        hold: Place,
        released: Reserved,
        lapsed: Vec<Draw>,
    },
    HoldExpired {
        hold: Place,
        due: Ms,
        released: Reserved,
        lapsed: Vec<Draw>,
    },
    Granted {
        lot: u32,
        active: bool,
        settled: Vec<Settled>,
    },
    GrantVoided {
        lot: u32,
        credits: Micro,
        active: bool,
        refunded: Nano,
    },
    LotActivated {
        lot: u32,
        due: Ms,
        credits: Micro,
        settled: Vec<Settled>,
    },
    LotExpired {
        due: Ms,
        lapsed: Draw,
    },
    Reversed {
        event: Place,
        credits: Micro,
        debt: Micro,
        returned: Vec<Draw>,
        stand_in: Option<(u32, Micro, Ms)>,
    },
    Recharged {
        event: Place,
        charge: Charge,
    },
    Collected {
        event: Place,
        charge: Charge,
    },
    CostSet {
        event: Place,
        before: Option<Nano>,
        cost: Nano,
    },
    OrderPlaced {
        credits: Micro,
        price: Money,
        valid_days: Option<u32>,
    },
    CheckoutOpened {
        order: Place,
    },
    OrderSettled {
        order: Place,
        status: OrderStatus,
        held_because: Option<HeldBecause>,
        arrived: Option<Arrived>,
        followed: Option<Box<Followed>>,
    },
    RefundStarted {
        order: Place,
        credits: Micro,
        amount: Nano,
    },
    AllowanceSet {
        code: String,
    },
    AllowanceEnded {
        allowance: Place,
    },
    AllowanceRenewed {
        allowance: Place,
        due: Ms,
        ends_at: Ms,
        lapsed: Vec<Draw>,
        carried: Vec<u32>,
        lot: Option<u32>,
        credits: Micro,
        settled: Vec<Settled>,
    },
    PolicySet(Policy),
    Frozen,
    Thawed,
    CustomerErased,
    Refused(Refused),
}
