//! What a provider took, by what it was paid for and by day: where a rate that moved shows first.

use chargly_ledger::{Quantity, Unit, Usage};
use compact_str::{CompactString, format_compact};

use super::windows::Windows;
use super::{CALENDAR_DAYS, Event};

/// Cells of one event type that are told apart; the rest counts as one.
const CELLS_MAX: usize = 64;
/// Dimensions that tell whose price a cost follows, where events name no usage.
const TELLING: [&str; 2] = ["model", "provider"];

/// The cells of an event type.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    all: Vec<Cell>,
    models: Vec<UsedModel>,
    /// Where the cell of the last event is: mostly that of the next.
    last: usize,
}

/// Reported costs of one model, or one value of a dimension, by day.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// Its name; empty for the whole event type.
    pub(crate) name: CompactString,
    /// Nano-units and micro-units of each day.
    pub(crate) days: Vec<(i64, i64)>,
}

/// A model whose cost is computed by rate cards, and how much of what it was used for lately.
#[derive(Clone, Debug)]
pub(crate) struct UsedModel {
    pub(crate) usage: Usage,
    /// Micro-units of each unit, of the last four weeks and the days since.
    pub(crate) units: Vec<(Unit, i128)>,
    /// Events that used it.
    pub(crate) events: i128,
    /// Nano-units that they cost.
    pub(crate) cost_nano: i128,
}

impl Cells {
    pub(super) fn all(&self) -> impl Iterator<Item = &Cell> {
        self.all.iter()
    }

    pub(super) fn used_models(&self) -> &[UsedModel] {
        &self.models
    }

    #[inline]
    pub(super) fn add(
        &mut self,
        day: usize,
        Windows([is_now, ..]): Windows,
        event: &Event<'_>,
        cost_nano: i64,
    ) {
        let usage = event.facets.and_then(|facets| facets.usage.as_ref());
        if event.is_reported {
            self.reported(day, event, usage, cost_nano);
        } else if let Some(usage) = usage.filter(|_| is_now && event.cost.is_some()) {
            self.used(usage, cost_nano);
        }
    }

    #[inline]
    fn reported(&mut self, day: usize, event: &Event<'_>, usage: Option<&Usage>, cost_nano: i64) {
        let dimensions = event.facets.map_or(&[][..], |facets| &facets.dimensions);
        let telling = || dimensions.iter().find(|dimension| TELLING.contains(&dimension.name.as_str()));
        // One unit alone has a rate; of several only the event has one.
        let (unit, units) = match usage.map(|usage| usage.quantities.as_slice()) {
            Some([(unit, quantity)]) => (unit.as_str(), *quantity),
            _ => ("", event.quantity),
        };
        let is_same = |cell: &Cell| match usage {
            Some(usage) => is_named(&cell.name, [&usage.provider, &usage.model, unit]),
            None => cell.name == telling().map_or("", |dimension| dimension.value.as_str()),
        };
        let known = match self.all.get(self.last).is_some_and(is_same) {
            true => Some(self.last),
            false => self.all.iter().position(is_same),
        };
        let place = known.unwrap_or_else(|| {
            let name = match usage {
                Some(usage) => format_compact!("{}/{}/{unit}", usage.provider, usage.model),
                None => telling().map_or_else(CompactString::default, |dimension| dimension.value.clone()),
            };
            if self.all.len() < CELLS_MAX {
                self.all.push(Cell { name, days: vec![(0, 0); CALENDAR_DAYS] });
            }
            self.all.len() - 1
        });
        self.last = place;
        if let Some((cost, quantity)) = self.all[place].days.get_mut(day) {
            *cost = cost.saturating_add(cost_nano);
            *quantity = quantity.saturating_add(units.micro());
        }
    }

    fn used(&mut self, usage: &Usage, cost_nano: i64) {
        let is_same = |known: &UsedModel| {
            let known = &known.usage;
            (&known.provider, &known.model, known.is_batch) == (&usage.provider, &usage.model, usage.is_batch)
        };
        let known = self.models.iter().position(is_same);
        let place = known.unwrap_or(self.models.len());
        if place == CELLS_MAX {
            return;
        }
        if place == self.models.len() {
            self.models.push(UsedModel { usage: usage.clone(), units: Vec::new(), events: 0, cost_nano: 0 });
        }
        let place = &mut self.models[place];
        place.events += 1;
        place.cost_nano += i128::from(cost_nano);
        for (unit, quantity) in &usage.quantities {
            let micro = i128::from(Quantity::micro(*quantity));
            match place.units.iter_mut().find(|(known, _)| known == unit) {
                Some((_, sum)) => *sum += micro,
                None => place.units.push((*unit, micro)),
            }
        }
    }
}

/// Whether a cell has this name, without making it.
fn is_named(name: &str, [provider, model, unit]: [&str; 3]) -> bool {
    let rest = name.strip_prefix(provider).and_then(|rest| rest.strip_prefix('/'));
    rest.and_then(|rest| rest.strip_prefix(model)).and_then(|rest| rest.strip_prefix('/')) == Some(unit)
}
