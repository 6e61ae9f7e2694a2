//! What the counting depends on beside the facts that are counted: the time zone, the declared dimensions, and whose
//! payloads must not be looked at any more.
//!
//! The catalogue's facts change it, and mostly that would change what was counted before. So there are two: the one
//! that figures are counted by, and the one that the facts so far ask for. Where they differ, the figures are stale and to
//! be folded again by the latter; until that is done the former is kept. Both are stored with the figures, so a fresh
//! fold that begins with the same setup comes to the same figures: that is what `verify` does.

use std::collections::{BTreeMap, BTreeSet};

use chargly_ledger::{CatalogueChange, EventTypeNo, Position, WalletNo};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::zone::UTC;

/// What the counting depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// The IANA name of the zone of hours and days.
    pub(crate) zone: String,
    /// Declared dimensions by event type.
    pub(crate) dimensions: BTreeMap<u32, Vec<Declared>>,
    /// Wallets whose payloads count as erased, whether they are yet or not.
    pub(crate) erased: BTreeSet<u32>,
}

/// A dimension of an event type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Declared {
    pub(crate) name: String,
    /// Events below this position may have it in their payload only.
    pub(crate) since: u64,
}

impl Default for Setup {
    fn default() -> Self {
        Self { zone: UTC.into(), dimensions: BTreeMap::new(), erased: BTreeSet::new() }
    }
}

/// The setup that is used and the one that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Setups {
    pub(crate) used: Setup,
    pub(crate) asked: Setup,
    /// Whether some figures were counted by what payloads say, so that an erasure changes them.
    pub(crate) has_read_payloads: bool,
}

impl Setups {
    /// To count by `used` from the first fact on.
    pub(crate) fn beginning_with(used: Setup) -> Self {
        Self { used, ..Self::default() }
    }

    /// Whether the figures are counted otherwise than the facts so far ask for.
    pub(crate) fn are_apart(&self) -> bool {
        // What is used may know of the future, as a fresh fold does; it is compared once that has come.
        self.used != self.asked
    }

    /// Takes up a change of the catalogue recorded at `position`.
    pub(crate) fn change(&mut self, position: Position, change: &CatalogueChange) {
        match change {
            CatalogueChange::SettingsChanged { settings } => self.asked.zone = settings.time_zone.to_string(),
            CatalogueChange::EventTypeDefined { event_type, dimensions, .. } => {
                self.define(position, *event_type, dimensions);
            }
            _ => {}
        }
    }

    fn define(&mut self, position: Position, event_type: EventTypeNo, names: &[CompactString]) {
        let number = event_type.0;
        let before = self.asked.dimensions.get(&number);
        let declared: Vec<Declared> = names
            .iter()
            .map(|name| {
                let known = before.into_iter().flatten().find(|known| known.name == *name);
                known.cloned().unwrap_or_else(|| Declared { name: name.to_string(), since: position.0 })
            })
            .collect();
        // A type that is new has no events yet.
        if before.is_none() {
            self.used.dimensions.entry(number).or_insert_with(|| declared.clone());
        }
        self.asked.dimensions.insert(number, declared);
    }

    /// Takes up that a customer is to be forgotten.
    pub(crate) fn erase(&mut self, wallet: WalletNo) {
        self.asked.erased.insert(wallet.0);
        if !self.has_read_payloads {
            self.used.erased.insert(wallet.0);
        }
    }
}
