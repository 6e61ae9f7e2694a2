//! A simulated product whose truth is known: for tests of whatever draws conclusions from events, and to try it out.
//!
//! [`MarketPlan`] says what is true: customers, event types with costs and elasticities, packs, habits, and what
//! happens on the way. [`play`] makes events of it, hour by hour, against a [`Shop`], by whose answers customers go:
//! who runs out of credits buys, waits or leaves. What comes back is the [`Truth`] as a value, and exact counts. Named
//! plans are [`Preset`]s; [`LedgerShop`] is a shop in memory.
//!
//! Invariants: the same plan and answers give the same events, to the last digit, on every machine; an event's cost is
//! an integer that is drawn once; nothing here reads a clock or a file.
//!
//! Not owned here: prices and wallets (the ledger, behind the shop), files, and whatever estimates the truth.
//!
//! ```
//! use chargly_market::{LedgerShop, Preset, play, preset_over};
//!
//! let plan = preset_over(Preset::Golden, 3);
//! let played = play(&plan, &mut LedgerShop::new(|_, _, _, _| {}))?;
//! let chat = played.truth.of_event("chat.reply").expect("it is in the plan");
//! assert_eq!((chat.cost_at_end().unit_nano, chat.margin_bp), (4_200_000, Some(7_375)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod advice;
mod check;
mod demand;
mod draw;
mod ledger_shop;
mod market;
mod plan;
mod population;
mod presets;
pub mod requests;
mod shop;
mod standing;
mod tally;
mod truth;

pub use advice::{Advice, AdviceKind, percent};
pub use check::{MARKET_CUSTOMERS_MAX, MARKET_DAYS_MAX, MARKET_TYPES_MAX, PlanError};
pub use ledger_shop::{LedgerShop, Unexpected, answer};
pub use market::{MarketError, Played, play};
pub use plan::{
    CostPlan, DemandPlan, EventPlan, HabitsPlan, Happening, LevelPlan, MarketPlan, PackPlan, PromoPlan,
    QuantityPlan,
};
pub use presets::{Preset, preset, preset_over, sample_plan, set_types};
pub use shop::{Answer, MarketEvent, MarketGrant, Shop, Told, customer_id};
pub use tally::{DayTally, Tally};
pub use truth::{CostSpan, LevelTruth, Truth, TypeTruth};
