//! Where a fact counts: from an instant, a wallet, an event type, a price version and dimensions to the rows they mean.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use chargly_ledger::{
    CatalogueChange, DIMENSION_VALUE_BYTES_MAX, DecodeError, Dimension, EventTypeNo, Millis, Payload,
    Position, PriceNo, WalletNo,
};
use compact_str::CompactString;
use serde_json::value::RawValue;
use smallvec::SmallVec;

use crate::counters::Counters;
use crate::rollup::{NONE, Rollup};
use crate::setup::{Declared, Setup, Setups};
use crate::tally::{Kind, Tally};
use crate::values::Values;
use crate::{Figures, Zone};

/// Everything that counting a fact changes.
pub(crate) struct Counting {
    pub(crate) counters: Counters,
    pub(crate) values: Values,
    setups: Setups,
    /// The declared dimensions that are used, by event type.
    declared: Vec<Vec<Declared>>,
    zone: Arc<Zone>,
    /// The hour and the day that were asked for last, as the next event is mostly in them, too.
    hour: Range<Millis>,
    day: Range<Millis>,
    /// The day in which facts were recorded last.
    booked: Range<Millis>,
}

/// Where and when a fact was recorded, and what was kept beside it.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) position: Position,
    pub(crate) at: Millis,
    pub(crate) payload: Option<&'a [u8]>,
}

/// The rows that one fact touches.
pub(crate) struct Target {
    pub(crate) hour: Range<Millis>,
    day: Millis,
    wallet: i64,
    event_type: i64,
    price: i64,
    /// Numbers of the values of its dimensions.
    values: SmallVec<[u32; 4]>,
}

/// What an event is, as far as rows tell events apart.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) wallet: WalletNo,
    /// When it occurred.
    pub(crate) at: Millis,
    pub(crate) event_type: Option<EventTypeNo>,
    pub(crate) price: Option<PriceNo>,
    pub(crate) dimensions: &'a [Dimension],
}

impl Counting {
    pub(crate) fn new(zone: Arc<Zone>, setups: Setups, values: Values) -> Self {
        let nothing = Millis(0)..Millis(0);
        let mut counting = Self {
            counters: Counters::default(),
            values,
            setups,
            declared: Vec::new(),
            zone,
            hour: nothing.clone(),
            day: nothing.clone(),
            booked: nothing,
        };
        counting.note_declared();
        counting
    }

    pub(crate) fn setups(&self) -> &Setups {
        &self.setups
    }

    /// Takes up a change of the catalogue.
    pub(crate) fn change(&mut self, position: Position, change: &CatalogueChange) {
        self.setups.change(position, change);
        self.note_declared();
    }

    /// Takes up that a customer is to be forgotten.
    pub(crate) fn erase(&mut self, wallet: WalletNo) {
        self.setups.erase(wallet);
    }

    fn note_declared(&mut self) {
        let Setup { dimensions, .. } = &self.setups.used;
        self.declared.clear();
        for (event_type, declared) in dimensions {
            let index = EventTypeNo(*event_type).index();
            self.declared.resize_with(index.max(self.declared.len()), Vec::new);
            self.declared.push(declared.clone());
        }
    }

    /// The rows for something that belongs to the instant it occurred at. Only an event itself brings a payload; what
    /// corrects one says the event's dimensions itself.
    #[inline]
    pub(crate) fn target(
        &mut self,
        subject: Subject<'_>,
        place: Option<Place<'_>>,
    ) -> Result<Target, DecodeError> {
        let Subject { wallet, at, event_type, price, .. } = subject;
        if !self.hour.contains(&at) {
            self.hour = self.zone.hour(at);
        }
        if !self.day.contains(&at) {
            self.day = self.zone.day(at);
        }
        let values = match event_type {
            Some(event_type) if self.declared.get(event_type.index()).is_some_and(|d| !d.is_empty()) => {
                self.values_of(event_type, subject, place)?
            }
            _ => SmallVec::new(),
        };
        Ok(Target {
            hour: self.hour.clone(),
            day: self.day.start,
            wallet: wallet.0.into(),
            event_type: event_type.map_or(NONE, |no| no.0.into()),
            price: price.map_or(NONE, |no| no.0.into()),
            values,
        })
    }

    /// The numbers of an event's values, one for each declared dimension: what its fact says, else what its payload says
    /// where the dimension was declared after it, else the empty value.
    fn values_of(
        &mut self,
        event_type: EventTypeNo,
        subject: Subject<'_>,
        place: Option<Place<'_>>,
    ) -> Result<SmallVec<[u32; 4]>, DecodeError> {
        let Self { declared, values, setups, .. } = self;
        let declared = &declared[event_type.index()];
        let mut numbers = SmallVec::with_capacity(declared.len());
        // The properties in the payload, read at most once.
        let mut properties: Option<Option<CompactString>> = None;
        for Declared { name, since } in declared {
            let said = subject.dimensions.iter().find(|dimension| dimension.name == *name);
            let number = match (said, place) {
                (Some(dimension), _) => values.number(event_type, name, &dimension.value),
                (None, Some(Place { position, payload: Some(payload), .. }))
                    if position.0 < *since && !setups.used.erased.contains(&subject.wallet.0) =>
                {
                    if properties.is_none() {
                        properties = Some(Payload::decode(payload)?.properties);
                    }
                    let found = properties.iter().flatten().next().and_then(|json| value_in(json, name));
                    setups.has_read_payloads |= found.is_some();
                    values.number(event_type, name, found.as_deref().unwrap_or_default())
                }
                _ => values.number(event_type, name, ""),
            };
            numbers.push(number);
        }
        Ok(numbers)
    }

    /// Adds a meter event to all rows of its target, and to the books of the day it was recorded on.
    #[inline]
    pub(crate) fn count(
        &mut self,
        target: &Target,
        kind: Kind,
        tally: &Tally,
        recorded: Millis,
    ) -> Option<()> {
        let Target { hour, day, wallet, event_type, price, values } = target;
        let hour = hour.start.0;
        let counters = &mut self.counters;
        counters.count(Rollup::PriceHour, [hour, *event_type, *price], kind, tally)?;
        counters.count(Rollup::WalletDay, [day.0, *wallet, *event_type], kind, tally)?;
        for value in values {
            counters.count(Rollup::DimensionHour, [hour, *event_type, i64::from(*value)], kind, tally)?;
        }
        let booked = self.booked_on(recorded);
        self.counters.count(Rollup::Books, [booked, NONE, NONE], kind.for_books(), &tally.for_books())
    }

    /// Adds figures to all rows of a target.
    pub(crate) fn add(&mut self, target: &Target, more: &Figures) -> Option<()> {
        let Target { hour, day, wallet, event_type, price, values } = target;
        let hour = hour.start.0;
        let counters = &mut self.counters;
        counters.add(Rollup::PriceHour, [hour, *event_type, *price], more)?;
        counters.add(Rollup::WalletDay, [day.0, *wallet, *event_type], more)?;
        for value in values {
            counters.add(Rollup::DimensionHour, [hour, *event_type, i64::from(*value)], more)?;
        }
        Some(())
    }

    /// Adds figures to the books of the day of `recorded`.
    pub(crate) fn book(&mut self, recorded: Millis, more: &Figures) -> Option<()> {
        let booked = self.booked_on(recorded);
        self.counters.add(Rollup::Books, [booked, NONE, NONE], &more.for_books())
    }

    #[inline]
    fn booked_on(&mut self, recorded: Millis) -> i64 {
        if !self.booked.contains(&recorded) {
            self.booked = self.zone.day(recorded);
        }
        self.booked.start.0
    }
}

/// A property as reports show it: a text, a number or a yes-or-no; nothing else can be grouped by.
fn value_in(properties: &str, name: &str) -> Option<CompactString> {
    let all: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(properties).ok()?;
    let raw = all.get(name)?.get();
    let text: CompactString = match raw.as_bytes().first()? {
        b'"' => serde_json::from_str::<Cow<'_, str>>(raw).ok()?.as_ref().into(),
        b'{' | b'[' | b'n' => return None,
        _ => raw.into(),
    };
    Some(text[..text.floor_char_boundary(DIMENSION_VALUE_BYTES_MAX)].into())
}
