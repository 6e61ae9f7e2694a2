//! Sums of facts, as advice needs them: by event type and customer, by value of a dimension, and by day.
//!
//! Memory is bounded whatever the journal has: customers beyond [`CLUSTERS`] share sums, values of a dimension beyond
//! [`LEVELS_MAX`] count as others. Sums are integers; floats appear only in the moments of a line, which is an estimate.
//!
//! Not owned here: what the sums mean.

mod cells;
mod histogram;
mod levels;
mod of_type;
mod windows;

use chargly_ledger::{
    Asked, Charge, Cost, Credits, EventRef, EventTypeNo, Facets, Fact, GrantKind, MeterRequest, Millis,
    Quantity, WalletEvent, WalletNo, cost_of_event,
};

pub(crate) use self::cells::{Cell, UsedModel};
pub(crate) use self::histogram::Histogram;
pub(crate) use self::levels::{Dimension, LevelOf};
pub(crate) use self::of_type::OfType;
use self::windows::Day;
pub use self::windows::{CALENDAR_DAYS, Calendar};
pub(crate) use self::windows::{Sums, Window};

/// Customers whose sums are kept apart, for each event type; more of them share, one group for each remainder. The
/// spread between sixteen thousand groups is known as well as anybody needs.
pub(crate) const CLUSTERS: u32 = 16_384;
/// Values of one dimension that are told apart. A rule by dimension needs a handful.
pub(crate) const LEVELS_MAX: usize = 256;

/// Sums of facts.
#[derive(Clone, Debug)]
pub struct Gathering {
    calendar: Calendar,
    types: Vec<OfType>,
    /// Customers who ever paid for credits.
    paying: BitSet,
    /// Events that claim to lie in the future of the journal: a wrong clock's. They are in no window.
    ahead: u64,
}

/// One event, as much of it as is summed.
struct Event<'a> {
    quantity: Quantity,
    cost: Option<Cost>,
    charge: &'a Charge,
    facets: Option<&'a Facets>,
    is_reported: bool,
}

impl Gathering {
    /// Before the first fact.
    pub fn new(calendar: Calendar) -> Self {
        Self { calendar, types: Vec::new(), paying: BitSet::default(), ahead: 0 }
    }

    /// The days it tells apart.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Adds a meter event of a wallet, recorded at `at`.
    #[inline]
    pub fn metered(
        &mut self,
        at: Millis,
        wallet: WalletNo,
        (request, charge, facets): (&MeterRequest, &Charge, Option<&Facets>),
    ) {
        let cost = cost_of_event(request.cost, facets);
        let is_reported = request.cost.is_some();
        let event = Event { quantity: request.quantity, cost, charge, facets, is_reported };
        self.charged(request.occurred_at.unwrap_or(at), (request.event_type, wallet), &event);
    }

    /// Adds any fact, recorded at `at`.
    pub fn note(&mut self, at: Millis, fact: &Fact) {
        let Fact::Wallet(fact) = fact else { return };
        let wallet = fact.header.wallet;
        match &fact.event {
            WalletEvent::Metered { request, charge, facets } => {
                self.metered(at, wallet, (request, charge, facets.as_deref()));
            }
            WalletEvent::HoldCaptured { request, of, charge, facets, .. } => {
                let facets = facets.as_deref();
                let cost = cost_of_event(request.cost, facets);
                let is_reported = request.cost.is_some();
                let event = Event { quantity: of.quantity, cost, charge, facets, is_reported };
                self.charged(at, (of.event_type, wallet), &event);
            }
            WalletEvent::Granted { request, settlements, .. } => {
                if request.kind == GrantKind::Paid && request.price.is_some_and(|price| price.nano > 0) {
                    self.paying.insert(wallet);
                }
                for settled in settlements {
                    self.amend(
                        at,
                        wallet,
                        settled.event_type,
                        &Amendment::booked(settled.revenue_nano.into()),
                    );
                }
            }
            WalletEvent::OrderSettled { fulfilment: Some(fulfilment), .. } => {
                if fulfilment.price.nano > 0 {
                    self.paying.insert(wallet);
                }
                for settled in fulfilment.settlements.iter().filter(|s| s.event_type != EventTypeNo::OF_ORDER)
                {
                    self.amend(
                        at,
                        wallet,
                        settled.event_type,
                        &Amendment::booked(settled.revenue_nano.into()),
                    );
                }
            }
            WalletEvent::Reversed { credits, returns, of, .. } => {
                let booked: i128 = returns.iter().map(|draw| i128::from(draw.revenue_nano)).sum();
                self.amend_event(
                    wallet,
                    of.as_deref(),
                    &Amendment { credits: Credits::ZERO - *credits, ..Amendment::booked(-booked) },
                );
            }
            WalletEvent::Recharged { charge, of, .. } | WalletEvent::Collected { charge, of, .. } => {
                let amendment =
                    Amendment { credits: charge.charged(), ..Amendment::booked(charge.revenue_nano()) };
                self.amend_event(wallet, of.as_deref(), &amendment);
            }
            WalletEvent::CostSet { before, cost, of, .. } => {
                let amendment = Amendment { cost: Some((*before, *cost)), ..Amendment::booked(0) };
                self.amend_event(wallet, of.as_deref(), &amendment);
            }
            WalletEvent::Refused { asked: Asked::Meter(request), facets, .. } => {
                let cost = cost_of_event(request.cost, facets.as_deref());
                let unbilled_nano = cost.map_or(0, |cost| cost.nano);
                let at = request.occurred_at.unwrap_or(at);
                self.amend(
                    at,
                    wallet,
                    request.event_type,
                    &Amendment { unbilled_nano, ..Amendment::booked(0) },
                );
            }
            _ => {}
        }
    }

    /// The sums of an event type; `None` where nothing of it was ever seen.
    pub(crate) fn of(&self, event_type: EventTypeNo) -> Option<&OfType> {
        self.types.get(event_type.index()).filter(|of_type| !of_type.is_empty())
    }

    /// How many of these customers ever paid for credits.
    pub(crate) fn paying_among(&self, customers: &BitSet) -> u32 {
        self.paying.count_with(customers)
    }

    /// Different customers with events of any type, in the window [`Window::Now`].
    pub(crate) fn customers(&self) -> u32 {
        let mut all = BitSet::default();
        self.types.iter().for_each(|of_type| all.add_all(&of_type.customers));
        all.count()
    }

    /// Events of a clock that is ahead.
    pub(crate) fn ahead(&self) -> u64 {
        self.ahead
    }

    #[inline]
    fn charged(&mut self, at: Millis, (event_type, wallet): (EventTypeNo, WalletNo), event: &Event<'_>) {
        match self.calendar.day(at) {
            Day::Before => {}
            Day::Ahead => self.ahead += 1,
            Day::At(day) => {
                let windows = self.calendar.windows(day);
                self.of_type(event_type).charged((day, windows), wallet, event);
            }
        }
    }

    /// Adds to the event that a later fact is about.
    fn amend_event(&mut self, wallet: WalletNo, of: Option<&EventRef>, amendment: &Amendment) {
        if let Some(of) = of {
            self.amend(of.at, wallet, of.event_type, amendment);
        }
    }

    fn amend(&mut self, at: Millis, wallet: WalletNo, event_type: EventTypeNo, amendment: &Amendment) {
        if let Day::At(day) = self.calendar.day(at) {
            let windows = self.calendar.windows(day);
            self.of_type(event_type).amended(windows, wallet, amendment);
        }
    }

    fn of_type(&mut self, event_type: EventTypeNo) -> &mut OfType {
        if self.types.len() <= event_type.index() {
            self.types.resize_with(event_type.index() + 1, OfType::default);
        }
        &mut self.types[event_type.index()]
    }
}

/// What a later fact adds to an event.
pub(crate) struct Amendment {
    credits: Credits,
    booked_nano: i128,
    cost: Option<(Option<Cost>, Option<Cost>)>,
    unbilled_nano: i64,
}

impl Amendment {
    fn booked(booked_nano: i128) -> Self {
        Self { credits: Credits::ZERO, booked_nano, cost: None, unbilled_nano: 0 }
    }
}

/// A set of wallets.
#[derive(Clone, Debug, Default)]
pub(crate) struct BitSet(Vec<u64>);

impl BitSet {
    #[inline]
    pub(crate) fn insert(&mut self, wallet: WalletNo) {
        let (word, bit) = (wallet.index() / 64, wallet.index() % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << bit;
    }

    fn add_all(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(word, more)| *word |= more);
    }

    pub(crate) fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    fn count_with(&self, other: &Self) -> u32 {
        self.0.iter().zip(&other.0).map(|(a, b)| (a & b).count_ones()).sum()
    }
}
