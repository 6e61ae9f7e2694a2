//! What a market is played against: something that prices events and keeps wallets.

use chargly_ledger::{Credits, Millis, Quantity};

use crate::plan::MarketPlan;

/// The product's side. A market tells it the time, what is sold and given away, and which events happen, and goes by
/// its answers. Everything comes in order of time.
pub trait Shop {
    /// Why it cannot go on.
    type Error;

    /// The product begins: event types, prices, packs, rate cards, settings.
    ///
    /// # Errors
    /// If it cannot go on; so in all other calls.
    fn open(&mut self, plan: &MarketPlan) -> Result<(), Self::Error>;

    /// From now on it is `at`, which is never before what it was.
    fn it_is(&mut self, at: Millis) -> Result<(), Self::Error>;

    /// A day begins; days count from 0. For whoever shows how far it is.
    fn day_begins(&mut self, _day: u32) -> Result<(), Self::Error> {
        Ok(())
    }

    /// A type has another price from now on.
    fn publish_price(&mut self, plan: &MarketPlan, event: usize, credits: Credits)
    -> Result<(), Self::Error>;

    /// A type's provider charges so many times the first rate from now on.
    fn publish_rates(&mut self, plan: &MarketPlan, event: usize, factor: f64) -> Result<(), Self::Error>;

    /// Customers get lots, in this order.
    fn grant(&mut self, grants: &[MarketGrant]) -> Result<(), Self::Error>;

    /// Events happen, in this order; one answer for each is put into `answers`, which is empty.
    fn meter(
        &mut self,
        plan: &MarketPlan,
        events: &[MarketEvent],
        answers: &mut Vec<Answer>,
    ) -> Result<(), Self::Error>;
}

/// What the shop says to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was charged.
    Accepted {
        /// What the customer can still spend.
        available: Credits,
        /// What it was charged.
        charged: Credits,
    },
    /// There were too few credits.
    Refused,
}

/// A lot for a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketGrant {
    /// Who, from 0.
    pub customer: u32,
    /// How many credits, bonus included.
    pub credits: Credits,
    /// What was paid, in nano-dollars; `None` where it was given away.
    pub price_nano: Option<i64>,
    /// When it ends.
    pub expires_at: Option<Millis>,
}

/// An event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketEvent {
    /// When it happens.
    pub at: Millis,
    /// Who, from 0.
    pub customer: u32,
    /// Its type, by its place in the plan.
    pub event: u16,
    /// The level of the dimension `model`, by its place, where the type has levels.
    pub level: Option<u8>,
    /// How many units.
    pub quantity: Quantity,
    /// What it costs the operator, in nano-dollars, whether anybody is told or not. Of types with a rate card it is
    /// what the card makes of the tokens.
    pub cost_nano: i64,
    /// What is told of it.
    pub told: Told,
}

/// What is told of an event's cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The amount.
    Amount,
    /// What the model was used for.
    Tokens {
        /// Tokens read.
        input: u32,
        /// Tokens written.
        output: u32,
    },
    /// Nothing.
    Nothing,
}

/// The id of a customer, as calls have it.
pub fn customer_id(customer: u32) -> compact_str::CompactString {
    compact_str::format_compact!("cus_{:05}", customer + 1)
}
