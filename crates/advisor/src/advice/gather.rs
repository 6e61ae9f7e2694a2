//! Sums of facts, as advice needs them.

use chargly_ledger::{Charge, Facets, Fact, MeterRequest, Millis, WalletNo};

/// The days that facts are told apart by, in the project's time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// When each local day begins, ascending, without gaps; the last one is the day of `as_of`.
    pub days: Vec<Millis>,
    /// The number of the first of them, in days since 1970.
    pub first_day: i32,
    /// Where among `days` the week of the last one begins: weeks are looked at whole.
    pub week_start: usize,
}

/// Days that a calendar has: a drift of rates is looked for in 90, and today is one more.
pub const CALENDAR_DAYS: usize = 91;

/// Sums of facts.
#[derive(Clone, Debug)]
pub struct Gathering {
    calendar: Calendar,
}

impl Gathering {
    /// Before the first fact.
    pub fn new(calendar: Calendar) -> Self {
        Self { calendar }
    }

    /// The days it tells apart.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Adds a meter event of a wallet, recorded at `at`.
    pub fn metered(
        &mut self,
        _at: Millis,
        _wallet: WalletNo,
        (_request, _charge, _facets): (&MeterRequest, &Charge, Option<&Facets>),
    ) {
    }

    /// Adds any fact, recorded at `at`.
    pub fn note(&mut self, _at: Millis, _fact: &Fact) {}
}
