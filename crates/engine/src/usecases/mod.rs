//! What an environment can be asked to do: one verb per file.

mod advice;
mod allowances;
mod capture_hold;
mod change_catalogue;
mod change_hold;
mod change_wallet;
mod collect;
mod consume;
mod corrections;
mod erase_customer;
mod event_history;
mod expiring_lots;
pub mod figures;
mod get_event;
mod get_wallet;
mod grant;
mod item;
mod list_audit;
mod list_events;
mod list_history;
mod list_orders;
mod log_usage;
mod manage_keys;
mod meter_events;
mod past;
mod place_hold;
mod price_impact;
mod publish_rate_card;
mod quote;
mod rate_effect;
mod reverse_event;
mod set_cost;
mod simulate_prices;
mod try_price;

pub(crate) use advice::Looks;
pub use advice::{ApplyAdvice, LookJob, LookRequest, LookStatus, Looked, look_weekly};
pub use collect::{COLLECTED_EVENTS_MAX, Collected};
pub(crate) use corrections::Running as RunningCorrections;
pub use corrections::{
    CORRECTION_CUSTOMERS_MAX, CORRECTION_EVENTS_MAX, CorrectionState, CustomerChange, CustomerDifference,
    LEFT_ALONE_TOLD_MAX, LeftAlone, Preview, PreviewSeal, Progress as CorrectionProgress, Skip, Totals,
};
pub use erase_customer::ErasedCustomer;
pub use event_history::{EVENT_HISTORY_FACTS_MAX, EventHistory};
pub use expiring_lots::{ExpiringLot, ExpiringSlice};
pub use get_wallet::WalletAsOf;
pub(crate) use item::Namespace;
pub use list_audit::AuditPage;
pub use list_events::{EventFilter, EventPage};
pub use list_history::{HistoryLine, HistoryPage};
pub use list_orders::OrderPage;
pub use log_usage::{LOGGED_AMONG_FACTS_MAX, LOGGED_WITHIN_MS, UsageLog};
pub use manage_keys::NewKey;
pub use meter_events::{BatchOutcome, MeterEvent, Properties};
pub use past::{PastError, Watch};
pub use place_hold::HoldTerms;
pub use price_impact::{PRICE_CHANGES_MAX, PriceImpactError, PriceImpacts};
pub use quote::Quote;
pub use rate_effect::{RATE_EFFECT_FACTS_MAX, RATE_EFFECT_MS, RateChange, RateEffect, UseEffect};
pub(crate) use simulate_prices::Simulations;
pub use simulate_prices::{
    ELASTIC_DRAWS_DEFAULT, ELASTIC_DRAWS_MAX, PriceSimulation, SIMULATED_CUSTOMERS_MAX, SIMULATION_KEPT_MS,
    SIMULATIONS_KEPT_MAX, SIMULATIONS_QUEUED_MAX, Simulated, SimulationError, SimulationJob,
    SimulationStatus, simulate,
};
pub use try_price::{Tried, TriedRule, TriedSample, TryError};
