//! The sums of one event type.

use chargly_ledger::{CostSource, WalletNo};

use super::cells::{Cells, UsedModel};
use super::levels::Dimensions;
use super::windows::Windows;
use super::{Amendment, BitSet, CLUSTERS, Cell, Dimension, Event, Histogram, Sums, Window};
use crate::LineSums;
use crate::advice::subject::Unit;

/// No slot yet.
const NONE: u32 = u32::MAX;

/// The sums of one event type.
#[derive(Clone, Debug, Default)]
pub(crate) struct OfType {
    /// By cluster of customers: where its sums are.
    slots: Vec<u32>,
    clusters: Vec<Cluster>,
    /// Customers with events in the window [`Window::Now`].
    pub(crate) customers: BitSet,
    /// Customers with events in the window [`Window::Weeks`].
    pub(crate) customers_of_weeks: BitSet,
    /// Events by day.
    pub(crate) by_day: Vec<u32>,
    /// Costs of single events in the window [`Window::Weeks`].
    pub(crate) costs: Histogram,
    /// Their quantities, with what events of each size cost.
    pub(crate) quantities: Histogram,
    /// Whether quantities differ.
    pub(crate) is_varied: bool,
    /// Cost and quantity of the first event of [`Window::Now`] with a cost.
    first: Option<(i64, i64)>,
    /// Whether another one cost something else for each unit.
    is_scattered: bool,
    /// Events of [`Window::Now`] that were charged without a price version.
    pub(crate) unpriced: u64,
    /// Nano-units of cost of refused events of [`Window::Now`].
    pub(crate) unbilled_nano: i128,
    dimensions: Dimensions,
    cells: Cells,
}

/// The sums of one customer, or of a group of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cluster {
    pub(crate) number: u32,
    windows: [Sums; 4],
    line: LineSums,
}

impl Cluster {
    pub(crate) fn of(&self, window: Window) -> &Sums {
        &self.windows[window.index()]
    }
}

impl OfType {
    /// Whether nothing was seen.
    pub(crate) fn is_empty(&self) -> bool {
        self.clusters.is_empty()
    }

    /// The sums of a window, all customers together.
    pub(crate) fn total(&self, window: Window) -> Sums {
        let mut total = Sums::default();
        self.clusters.iter().for_each(|cluster| total += *cluster.of(window));
        total
    }

    /// The sums by customer, or by group of them, in the order in which they were seen first.
    pub(crate) fn clusters(&self) -> &[Cluster] {
        &self.clusters
    }

    /// What a line of cost over quantity is fitted to.
    pub(crate) fn lines(&self) -> Vec<LineSums> {
        self.clusters.iter().map(|cluster| cluster.line).filter(|line| line.n > 0.0).collect()
    }

    /// Its dimensions.
    pub(crate) fn dimensions(&self) -> &[Dimension] {
        self.dimensions.all()
    }

    /// What its provider cost is told apart by, with cost and units of each day.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.cells.all()
    }

    /// The models it used, with how much of what.
    pub(crate) fn used_models(&self) -> &[UsedModel] {
        self.cells.used_models()
    }

    /// Days with events among these.
    pub(crate) fn days_with_events(&self, range: std::ops::Range<usize>) -> u32 {
        let days = self.by_day.get(range.start..range.end.min(self.by_day.len())).unwrap_or_default();
        u32::try_from(days.iter().filter(|events| **events > 0).count()).unwrap_or(u32::MAX)
    }

    #[inline]
    pub(super) fn charged(&mut self, (day, windows): (usize, Windows), wallet: WalletNo, event: &Event<'_>) {
        let cost_nano = event.cost.map_or(0, |cost| cost.nano);
        let is_estimated = event.cost.is_some_and(|cost| cost.source == CostSource::Estimated);
        let sums = Sums {
            events: 1,
            quantity_micro: event.quantity.micro(),
            credits_micro: event.charge.charged().micro(),
            cost_nano,
            estimated_nano: if is_estimated { cost_nano } else { 0 },
            missing: i64::from(event.cost.is_none()),
            booked_nano: i64::try_from(event.charge.revenue_nano()).unwrap_or(i64::MAX),
        };
        if self.by_day.len() <= day {
            self.by_day.resize(day + 1, 0);
        }
        self.by_day[day] = self.by_day[day].saturating_add(1);
        self.cells.add(day, windows, event, cost_nano);
        let Windows([is_now, is_weeks, _, _]) = windows;
        if is_now {
            self.is_varied |= sums.quantity_micro != 1_000_000;
            self.customers.insert(wallet);
            self.note_rate(&sums, event.cost.is_some());
            self.unpriced += u64::from(event.charge.price.is_none());
        }
        if is_weeks {
            self.customers_of_weeks.insert(wallet);
            self.quantities.add(sums.quantity_micro, cost_nano);
            if event.cost.is_some() {
                self.costs.add(cost_nano, cost_nano);
            }
        }
        let cluster = self.cluster(wallet);
        for (of_window, is_in) in cluster.windows.iter_mut().zip(windows.0) {
            if is_in {
                *of_window += sums;
            }
        }
        if is_weeks && event.cost.is_some() {
            add_to_line(&mut cluster.line, sums.quantity_micro, cost_nano);
        }
        let number = cluster.number;
        if let Some(facets) = event.facets {
            self.dimensions.add(windows, number, &facets.dimensions, &sums);
        }
    }

    /// Whether all events cost the same for each event, or for each unit of their quantity.
    pub(crate) fn is_uniform(&self, unit: Unit) -> bool {
        self.first.is_some() && !self.is_scattered && (unit == Unit::Quantity || !self.is_varied)
    }

    #[inline]
    fn note_rate(&mut self, sums: &Sums, is_costed: bool) {
        if !is_costed || self.is_scattered {
            return;
        }
        let (cost, quantity) = *self.first.get_or_insert((sums.cost_nano, sums.quantity_micro));
        self.is_scattered = i128::from(sums.cost_nano) * i128::from(quantity)
            != i128::from(cost) * i128::from(sums.quantity_micro);
    }

    pub(super) fn amended(&mut self, windows: Windows, wallet: WalletNo, amendment: &Amendment) {
        let Windows([is_now, ..]) = windows;
        if is_now {
            self.unbilled_nano += i128::from(amendment.unbilled_nano);
        }
        let mut sums = Sums {
            credits_micro: amendment.credits.micro(),
            booked_nano: i64::try_from(amendment.booked_nano).unwrap_or(0),
            ..Sums::default()
        };
        if let Some((before, after)) = amendment.cost {
            let parts = |cost: Option<chargly_ledger::Cost>| {
                let nano = cost.map_or(0, |cost| cost.nano);
                let is_estimated = cost.is_some_and(|cost| cost.source == CostSource::Estimated);
                (nano, if is_estimated { nano } else { 0 }, i64::from(cost.is_none()))
            };
            let ((before, estimated_before, missing_before), (after, estimated, missing)) =
                (parts(before), parts(after));
            sums.cost_nano = after.saturating_sub(before);
            sums.estimated_nano = estimated.saturating_sub(estimated_before);
            sums.missing = missing - missing_before;
        }
        if sums == Sums::default() {
            return;
        }
        self.is_scattered |= sums.cost_nano != 0;
        for (of_window, is_in) in self.cluster(wallet).windows.iter_mut().zip(windows.0) {
            if is_in {
                *of_window += sums;
            }
        }
    }

    #[inline]
    fn cluster(&mut self, wallet: WalletNo) -> &mut Cluster {
        let number = wallet.0 % CLUSTERS;
        let place = number as usize;
        if self.slots.len() <= place {
            self.slots.resize(place + 1, NONE);
        }
        if self.slots[place] == NONE {
            // There are at most `CLUSTERS` of them.
            self.slots[place] = u32::try_from(self.clusters.len()).unwrap_or(0);
            self.clusters.push(Cluster { number, ..Cluster::default() });
        }
        &mut self.clusters[self.slots[place] as usize]
    }
}

/// Adds an event's quantity in micro-units and its cost in nano-units.
#[inline]
#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "moments of a line, which is an estimate"
)]
fn add_to_line(line: &mut LineSums, quantity_micro: i64, cost_nano: i64) {
    let (q, c) = (quantity_micro as f64, cost_nano as f64);
    line.n += 1.0;
    line.q += q;
    line.qq += q * q;
    line.c += c;
    line.cq += c * q;
}
