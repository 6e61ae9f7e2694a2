//! The rules of Chargly, and nothing else.
//!
//! A deterministic state machine: [`execute`] takes the [`State`], a [`Call`] and the time, and either records
//! facts (what happened, with every number in it) or rejects the call without a trace. [`State::apply`] assigns
//! what a fact says and cannot fail. Folding the facts of a journal therefore always gives the same state.
//!
//! Invariants kept here: amounts are integers of a named unit and never wrap; available credits never fall below
//! the wallet's floor; every movement leaves named lots and arrives in named accounts; each lot's recognised,
//! deferred and refunded money adds up to its price.
//!
//! Not owned here: clocks, randomness, files, threads, HTTP, who may call (scopes), and whether a key was seen
//! before (the engine asks its index first).

mod allowances;
mod amount;
mod annotate;
mod apply;
mod asked;
mod budget;
mod call;
mod catalogue;
mod codec;
mod cold;
mod correction;
mod cost;
mod draw;
mod encode;
mod entries;
mod execute;
mod fact;
mod grants;
mod holds;
mod ids;
mod lot;
mod meter;
mod order;
mod orders;
mod packs;
mod payload;
mod pricing;
mod rates;
mod recommendation;
mod refusal;
mod reverse;
mod settings;
mod snapshot;
mod state;
mod wallet;

pub use allowances::{
    ALLOWANCE_CODE_BYTES_MAX, ALLOWANCES_PER_WALLET_MAX, Allowance, AllowanceRequest, Period, Renewal,
};
pub use amount::{Credits, Currency, DecimalError, Money, Quantity, parse_decimal};
pub use annotate::{AnnotateRequest, Annotated, Annotation, Moved};
pub use asked::{Difference, Fields, difference};
pub use budget::{
    Allotted, BUDGET_CUSTOMERS_PER_DAY_MAX, Budget, BudgetOf, KeyLimits, Means, SetAside, Spending,
    budgets_renew_at,
};
pub use call::{
    Action, Call, CaptureRequest, CollectRequest, EventTypeRequest, ExtendRequest, GrantRequest, HoldRequest,
    IfInsufficient, IncreaseRequest, MeterRequest, PriceRequest, RechargeRequest, RejectAdviceRequest,
    ReverseRequest, VoidGrantRequest, VoidHoldRequest,
};
pub use catalogue::{ApiKey, Catalogue, EventType, PriceState, PriceVersion, Scope, Scopes};
pub use codec::DecodeError;
pub use cold::{Cold, ColdKey};
pub use correction::{
    CORRECTION_EVENTS_NAMED_MAX, ClosedCorrection, Correction, CorrectionAction, CorrectionFilter,
    CorrectionRequest, CorrectionSums,
};
pub use cost::{
    Cost, CostRequest, CostSource, DIMENSION_VALUE_BYTES_MAX, Dimension, EventRef, Facets, cost_of_event,
};
pub use encode::Metered;
pub use entries::{EntryKind, LedgerEntry, entries};
pub use execute::{
    PayloadOf, Recorder, RecorderFull, Stop, Terms, accept_batch, execute, execute_again, refuse_batch, sweep,
};
pub use fact::{
    Adjustment, Asked, Balance, CatalogueChange, CatalogueFact, Charge, Draw, Fact, Header, Lineage, Origin,
    Reserve, Settlement, WalletEvent, WalletFact, Welcome,
};
pub use ids::{
    CardNo, EntryId, EventTypeNo, KeyHash, KeyNo, LotNo, Millis, PackNo, Position, PriceNo, WalletNo,
    bounded_key, key_hash,
};
pub use lot::{GrantKind, Lot, LotStatus};
pub use meter::{Sample, price_sample, quote, unseen};
pub use order::{
    CheckoutRequest, Fulfilment, HeldBecause, OPEN_ORDERS_PER_WALLET_MAX, OpenRefund, OrderRequest,
    OrderStatus, OrderSums, OrderTerms, Payment, PaymentUpdate, Reclaim, RefundRequest, Returns,
    SettleRequest, Shortfall, TopUp,
};
pub use packs::{PACK_CODE_BYTES_MAX, PACK_VALID_DAYS_MAX, PACKS_MAX, PackRequest, PackVersion};
pub use payload::Payload;
pub use pricing::{
    CONDITION_BYTES_MAX, CONDITIONS_MAX, CardPin, Condition, Figures, Grid, Measure, PriceContext,
    PriceError, PriceInputs, PropertyValue, ROWS_MAX, RULE_BYTES_MAX, Ratio, RatioError, Rounding, Row, Rule,
    TARGET_BP_END, TIERS_MAX, Tier, credits_for_margin, margin_bp, multiplier_for_margin, price, snapped_up,
};
pub use rates::{
    DatedRates, MODEL_NAME_BYTES_MAX, NoRate, RATE_CARD_ENTRIES_MAX, RATE_PICO_MAX, RATES_PER_ENTRY_MAX,
    Rate, RateBook, RateCard, RateCardRequest, RateEntry, Unit, Usage,
};
pub use recommendation::{
    AdviceKind, AdviceLook, AdviceSettings, AdviceStatus, Advised, AdvisedPrice, BLACKOUTS_MAX, Backtest,
    Because, Blackout, Cap, CapReason, Decision, Detail, Driver, Evidence, Grade, Guardrail, GuardrailRule,
    HIGH_BP, Level, MEDIUM_BP, Need, Needed, Objective, Outcome, PriceRun, RECOMMENDATION_LASTS_MS,
    REVIEW_AFTER_MS, Recommendation, Shock, Span, Sureness, Tail, VERY_HIGH_BP, Verdict,
};
pub use refusal::{Refusal, Rejection};
pub use reverse::Original;
pub use settings::{CheckoutSettings, REDIRECT_ORIGINS_MAX, Settings, WelcomeGrant};
pub use snapshot::{Rest, state_digest};
pub use state::{Amended, HoldEnd, HoldRef, Mark, Recorded, State};
pub use wallet::{DebtSlice, Hold, Policy, Wallet};

/// Open holds one wallet may have. Keeps the work of one expiry sweep and one wallet answer bounded.
pub const OPEN_HOLDS_PER_WALLET_MAX: usize = 1_000;
/// Live lots (grants with credits left) one wallet may have. Bounds the draws of a single event.
pub const LOTS_PER_WALLET_MAX: usize = 10_000;
/// How long a hold lives when the caller does not say, in milliseconds (15 minutes).
pub const HOLD_TTL_DEFAULT_MS: i64 = 15 * 60 * 1_000;
/// How long the adjustment lot lives that a reversal into an expired lot makes, in milliseconds (7 days).
pub const ADJUSTMENT_TTL_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
