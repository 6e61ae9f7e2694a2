//! What callers ask of the ledger. Each `…Request` is also stored in the fact, so that a retry can be compared
//! field by field with what was first asked.

use compact_str::CompactString;

use crate::codec::{codec_enum, codec_struct};
use crate::{
    AdviceLook, AllowanceRequest, AnnotateRequest, Annotated, Because, CatalogueChange, CheckoutRequest,
    CorrectionRequest, CostRequest, Credits, Dimension, EntryId, EventTypeNo, Facets, GrantKind, KeyHash,
    KeyNo, LotNo, Millis, Money, OrderRequest, Original, Outcome, PackRequest, Policy, Position, PriceInputs,
    PriceNo, Quantity, RateCardRequest, Recommendation, RefundRequest, Rule, Settings, SettleRequest,
    WalletNo,
};

/// One call: who asks, under which key, for what.
#[derive(Clone, Debug)]
pub struct Call {
    /// The API key that asks.
    pub actor: KeyNo,
    /// The idempotency key's hash; `None` where the caller gave none.
    pub key: Option<KeyHash>,
    /// What is asked.
    pub action: Action,
}

/// What a caller asks for.
#[derive(Clone, Debug)]
pub enum Action {
    /// Price an event and deduct it.
    Meter {
        /// The customer's own id.
        customer: CompactString,
        /// What is metered.
        request: MeterRequest,
        /// The properties that prices look at.
        inputs: PriceInputs,
        /// Usage and dimensions; the cost is filled in here.
        facets: Option<Box<Facets>>,
    },
    /// Reserve credits for work that is about to start.
    PlaceHold {
        /// The customer's own id.
        customer: CompactString,
        /// What is reserved.
        request: HoldRequest,
    },
    /// Reserve more under an open hold.
    IncreaseHold(IncreaseRequest),
    /// Move a hold's expiry.
    ExtendHold(ExtendRequest),
    /// Charge what was held.
    CaptureHold {
        /// What is charged.
        request: CaptureRequest,
        /// The properties that prices look at.
        inputs: PriceInputs,
        /// Usage and dimensions; the cost is filled in here.
        facets: Option<Box<Facets>>,
    },
    /// Give a hold up.
    VoidHold(VoidHoldRequest),
    /// Put a lot of credits into a wallet.
    Grant {
        /// The customer's own id.
        customer: CompactString,
        /// The lot.
        request: GrantRequest,
    },
    /// Take back what is left of a lot.
    VoidGrant {
        /// Whose lot.
        wallet: WalletNo,
        /// Which lot.
        request: VoidGrantRequest,
    },
    /// Undo an event, wholly or in part.
    Reverse {
        /// Which event, how much.
        request: ReverseRequest,
        /// The event as it was charged.
        original: Box<Original>,
    },
    /// Charge an event again: a correction upwards, or of a correction.
    Recharge {
        /// Which event, how much.
        request: RechargeRequest,
        /// The event as it was charged.
        original: Box<Original>,
    },
    /// Charge what of an event was used and not charged.
    Collect {
        /// Which event, how much.
        request: CollectRequest,
        /// The event as it was charged.
        original: Box<Original>,
    },
    /// Attach or correct what an event cost the operator.
    SetCost {
        /// Which event, how much.
        request: CostRequest,
        /// The usage, where that is given.
        facets: Option<Box<Facets>>,
        /// The event as it was charged.
        original: Box<Original>,
    },
    /// Attach properties to an event that was charged without any.
    Annotate {
        /// Which is asked for.
        request: AnnotateRequest,
        /// Its declared dimensions, by name.
        dimensions: Vec<Dimension>,
        /// The event that was found; `None` where only the key is asked about.
        annotated: Option<Box<Annotated>>,
    },
    /// Record use of which no charge is known, at no credits.
    RecordUse {
        /// The customer's own id.
        customer: CompactString,
        /// What was used.
        request: MeterRequest,
        /// Its dimensions; the cost is filled in here.
        facets: Option<Box<Facets>>,
    },
    /// Order a pack.
    PlaceOrder {
        /// The customer's own id.
        customer: CompactString,
        /// Which pack.
        request: OrderRequest,
    },
    /// Note where the buyer pays.
    OpenCheckout(Box<CheckoutRequest>),
    /// Bring an order to where its provider says that it stands.
    SettleOrder(Box<SettleRequest>),
    /// Set unused credits of an order aside, to be refunded.
    RefundOrder(RefundRequest),
    /// Give a wallet credits again every period.
    SetAllowance {
        /// The customer's own id.
        customer: CompactString,
        /// How many, how often.
        request: Box<AllowanceRequest>,
    },
    /// Take an allowance away.
    EndAllowance {
        /// The customer's own id.
        customer: CompactString,
        /// Which.
        code: CompactString,
    },
    /// Choose what happens when credits run out.
    SetPolicy {
        /// The customer's own id.
        customer: CompactString,
        /// The new policy.
        policy: Policy,
    },
    /// Stop new spending.
    Freeze {
        /// The customer's own id.
        customer: CompactString,
    },
    /// Allow spending again.
    Thaw {
        /// The customer's own id.
        customer: CompactString,
    },
    /// Forget the customer's own id, for good.
    EraseCustomer {
        /// The customer's own id.
        customer: CompactString,
    },
    /// Change the catalogue: event types, prices, keys.
    Change(CatalogueChange),
    /// Define or change an event type.
    DefineEventType(EventTypeRequest),
    /// Define an event type where none has its name; never change one.
    DefineNewEventType(EventTypeRequest),
    /// Publish a price version.
    PublishPrice(PriceRequest),
    /// Publish a version of a credit pack.
    PublishPack(Box<PackRequest>),
    /// Publish a rate card.
    PublishRateCard(RateCardRequest),
    /// Change the settings.
    ChangeSettings(Settings),
    /// Begin to put many events right.
    OpenCorrection(Box<CorrectionRequest>),
    /// Record a piece of advice.
    Recommend(Box<Recommendation>),
    /// Turn a recommendation down.
    RejectRecommendation(RejectAdviceRequest),
    /// Grade a recommendation whose price has been in force for long enough.
    GradeRecommendation {
        /// Which, by the place of its fact.
        recommendation: Position,
        /// How it came out.
        outcome: Box<Outcome>,
    },
    /// Note that advice was looked for.
    NoteLook(AdviceLook),
}

/// What happens when the wallet cannot pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfInsufficient {
    /// The call is refused. The default.
    Refuse,
    /// The work is done already: charge it, and book the shortfall as debt.
    Record,
    /// The work is done already, and whoever reports it can neither be refused nor run up a debt: charge all of it, or
    /// nothing, and keep it as used, not charged. What is kept so can be collected later.
    Uncharged,
}
codec_enum!(IfInsufficient, "if_insufficient" { 0 => Refuse, 1 => Record, 2 => Uncharged });

/// Meter one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeterRequest {
    /// What was done.
    pub event_type: EventTypeNo,
    /// How much of it; one unit when the caller does not say.
    pub quantity: Quantity,
    /// Credits chosen by the caller, where the type allows it.
    pub credits: Option<Credits>,
    /// What it cost the operator, as reported with the event.
    pub cost: Option<Money>,
    /// When it happened, where the caller says so. Moves reports only.
    pub occurred_at: Option<Millis>,
    /// What to do when the wallet cannot pay.
    pub if_insufficient: IfInsufficient,
}

/// Reserve credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldRequest {
    /// For what.
    pub event_type: EventTypeNo,
    /// How much of it, priced like an event; `None` when `credits` is given.
    pub quantity: Option<Quantity>,
    /// How many credits to reserve, where the caller says so.
    pub credits: Option<Credits>,
    /// Seconds until the hold expires; 15 minutes when the caller does not say.
    pub expires_in_s: Option<u32>,
}
codec_struct!(HoldRequest { event_type, quantity, credits, expires_in_s });

/// Reserve more under a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncreaseRequest {
    /// Which hold.
    pub hold: EntryId,
    /// How much more, priced by the hold's pinned version.
    pub quantity: Option<Quantity>,
    /// How many credits more.
    pub credits: Option<Credits>,
}
codec_struct!(IncreaseRequest { hold, quantity, credits });

/// Move a hold's expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendRequest {
    /// Which hold.
    pub hold: EntryId,
    /// Seconds from now until it expires.
    pub expires_in_s: u32,
}
codec_struct!(ExtendRequest { hold, expires_in_s });

/// Charge what was held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureRequest {
    /// Which hold.
    pub hold: EntryId,
    /// How much was done, priced by the hold's pinned version.
    pub quantity: Option<Quantity>,
    /// How many credits to take; all that is held when neither is given.
    pub credits: Option<Credits>,
    /// What it cost the operator.
    pub cost: Option<Money>,
    /// What to do beyond the hold or after its end.
    pub if_insufficient: IfInsufficient,
    /// Whether the rest is released; a step that is not final keeps it held.
    pub is_final: bool,
}
codec_struct!(CaptureRequest { hold, quantity, credits, cost, if_insufficient, is_final });

/// Give a hold up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoidHoldRequest {
    /// Which hold.
    pub hold: EntryId,
}
codec_struct!(VoidHoldRequest { hold });

/// Put a lot of credits into a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRequest {
    /// How many credits.
    pub credits: Credits,
    /// Paid, promotional or an adjustment.
    pub kind: GrantKind,
    /// What was paid for it; only paid lots have a price.
    pub price: Option<Money>,
    /// Lower burns first.
    pub priority: i32,
    /// From when it can be used; at once when not given.
    pub effective_at: Option<Millis>,
    /// Until when it can be used; for ever when not given.
    pub expires_at: Option<Millis>,
    /// Which event types it pays for; all when empty. Sorted, without repeats.
    pub scope: Vec<EventTypeNo>,
}
codec_struct!(GrantRequest { credits, kind, price, priority, effective_at, expires_at, scope });

/// Take back what is left of a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoidGrantRequest {
    /// Which lot.
    pub grant: EntryId,
    /// Its number within its wallet.
    pub lot: LotNo,
}
codec_struct!(VoidGrantRequest { grant, lot });

/// Undo an event, wholly or in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReverseRequest {
    /// Which event: a meter event or a capture.
    pub event: Position,
    /// How many credits; all that is left of it when not given.
    pub credits: Option<Credits>,
    /// The correction it belongs to.
    pub correction: Option<Position>,
}
codec_struct!(ReverseRequest { event, credits, correction });

/// Charge an event again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RechargeRequest {
    /// Which event: a meter event or a capture.
    pub event: Position,
    /// How many credits.
    pub credits: Credits,
    /// The correction it belongs to.
    pub correction: Position,
}
codec_struct!(RechargeRequest { event, credits, correction });

/// Charge what of an event was used and not charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollectRequest {
    /// Which event: a meter event or a capture.
    pub event: Position,
    /// How many credits; all that is uncharged of it when not given.
    pub credits: Option<Credits>,
}
codec_struct!(CollectRequest { event, credits });

/// Define or change an event type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTypeRequest {
    /// Its name, for ever.
    pub name: CompactString,
    /// What people call it.
    pub label: CompactString,
    /// A sentence about it.
    pub description: CompactString,
    /// Whether callers may choose the credits of an event.
    pub caller_set_credits: bool,
    /// Names of the properties that reports may be grouped by.
    pub dimensions: Vec<CompactString>,
    /// Whether new events of it are refused.
    pub archived: bool,
    /// What one unit of it is estimated to cost the operator, in nano-units, where nothing better is known.
    pub estimated_cost_nano: Option<i64>,
    /// A flat first price, for a type that has none yet.
    pub first_price: Option<Credits>,
}

/// Publish a price version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRequest {
    /// For which event type.
    pub event_type: EventTypeNo,
    /// The rule.
    pub rule: Rule,
    /// To what a price is rounded.
    pub grid: crate::Grid,
    /// Which way.
    pub rounding: crate::Rounding,
    /// From when; now when not given.
    pub effective_at: Option<Millis>,
    /// Why.
    pub note: CompactString,
    /// The version that this one is meant to replace; refused when another came between.
    pub replaces: Option<PriceNo>,
    /// The recommendation behind it.
    pub because: Option<Because>,
}
codec_struct!(PriceRequest { event_type, rule, grid, rounding, effective_at, note, replaces, because });

/// Turn a recommendation down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectAdviceRequest {
    /// Which.
    pub recommendation: EntryId,
    /// Why; may be empty.
    pub reason: CompactString,
}
codec_struct!(RejectAdviceRequest { recommendation, reason });
