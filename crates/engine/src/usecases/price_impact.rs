//! What a price change did: the figures of every event type by day, handed to the method that compares them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use chargly_advisor::{
    ActiveDay, Day, DaySeries, History, Impact, ImpactError, Options, PriceChange, Question, price_impact,
};
use chargly_ledger::{Catalogue, EventTypeNo, Millis, Position, PriceNo, PriceVersion, Rule};
use chargly_views::{ActiveWindow, By, Figures, FiguresQuery, Interval, ViewError, Views, Zone};
use thiserror::Error;

use crate::environment::Environment;
use crate::outcome::CallError;

/// How far back the method is given history, in milliseconds (460 days): its placebo dates reach no further.
const HISTORY_MS: i64 = 460 * 24 * 60 * 60 * 1_000;

/// What event types are of that are not to be compared.
const FAMILY: &str = "left out";

/// Price changes answered at once, the newest first.
pub const PRICE_CHANGES_MAX: usize = 20;

/// What price changes did, and the journal it reflects.
#[derive(Clone, Debug)]
pub struct PriceImpacts {
    /// The position of the first fact that is not in these figures.
    pub as_of: Position,
    /// When the last fact that is was recorded.
    pub as_of_at: Millis,
    /// One answer for each change, the newest first, at most [`PRICE_CHANGES_MAX`].
    pub impacts: Vec<Impact>,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum PriceImpactError {
    /// The figures could not be read.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The question is not one.
    #[error(transparent)]
    Impact(#[from] ImpactError),
}

impl Environment {
    /// Compares the days before and after price versions took effect: of all event types, of one, or one version. A
    /// version that is not in force yet, replaced no other one, or left what a unit costs as it was, has no answer.
    /// `now` says which days are over. Event types of `left_out` are compared with nothing: they stand in for one another.
    ///
    /// # Errors
    /// [`PriceImpactError`].
    pub async fn price_impacts(
        self: &Arc<Self>,
        (event_type, price): (Option<EventTypeNo>, Option<PriceNo>),
        left_out: &[EventTypeNo],
        options: Options,
        at_least: Option<Position>,
        now: Millis,
    ) -> Result<PriceImpacts, PriceImpactError> {
        let catalogue = self.catalogue();
        let is_asked = move |change: &PriceChange| {
            event_type.is_none_or(|asked| asked == change.event_type)
                && price.is_none_or(|asked| asked == change.version)
        };
        let gathered = self.viewing(at_least, move |env| {
            let mut gathered = Gathered::read(&env.views(), &catalogue, is_asked, options, now)?;
            gathered.as_of_at = env.time_before(gathered.as_of, gathered.as_of_at);
            Ok(gathered)
        });
        let gathered = gathered.await?;
        let impacts = gathered
            .asked
            .iter()
            .map(|asked| gathered.ask(asked, left_out, options))
            .collect::<Result<_, _>>()?;
        Ok(PriceImpacts { as_of: gathered.as_of, as_of_at: gathered.as_of_at, impacts })
    }
}

/// Everything the method is given.
pub(super) struct Gathered {
    pub(super) as_of: Position,
    as_of_at: Millis,
    series: Vec<DaySeries>,
    active: Vec<ActiveDay>,
    changes: Vec<PriceChange>,
    asked: Vec<Asked>,
    through_day: i32,
}

/// A change that is asked about, and who used its event type in the days before.
struct Asked {
    change: PriceChange,
    customers: u32,
}

impl Gathered {
    /// Reads the figures of days that are over at `now`, and who used what the asked changes are of.
    pub(super) fn read(
        views: &Views,
        catalogue: &Catalogue,
        is_asked: impl Fn(&PriceChange) -> bool,
        options: Options,
        now: Millis,
    ) -> Result<Self, ViewError> {
        let zone = views.zone();
        // Of whole days, so that it is the same question all day.
        let (from, to) = (zone.day(now.plus(-HISTORY_MS)).start, zone.day(now).start);
        let report = views.figures(&FiguresQuery {
            interval: Interval::Day,
            by: vec![By::EventType],
            ..FiguresQuery::of(from..to)
        })?;
        let mut series: BTreeMap<EventTypeNo, BTreeMap<i32, Day>> = BTreeMap::new();
        for row in &report.rows {
            if let (Some(event_type), Some(start)) = (row.event_type, row.start) {
                let day = zone.day_number(start);
                series.entry(event_type).or_default().insert(day, day_of(day, &row.figures));
            }
        }
        let changes = changes(views, catalogue, zone, now)?;
        let window_days = i32::try_from(options.window_days).unwrap_or(i32::MAX);
        let asked = newest(&changes, is_asked);
        // The newest in any case, and first: then the pages of all of them ask the same.
        let mut counted = newest(&changes, |_| true);
        counted.extend(asked.iter().filter(|change| !counted.contains(change)).copied().collect::<Vec<_>>());
        let windows: Vec<ActiveWindow> = counted
            .iter()
            .map(|change| ActiveWindow {
                event_type: change.event_type,
                days: zone.begin_of_day(change.day.saturating_sub(window_days))
                    ..zone.begin_of_day(change.day),
            })
            .collect();
        let active = views.active_counts(from, to, &windows)?;
        for ((day, event_type), customers) in &active.types {
            let days = series.get_mut(event_type);
            if let Some(day) = days.and_then(|days| days.get_mut(&zone.day_number(*day))) {
                day.active_customers = *customers;
            }
        }
        let customers_of = |change: &PriceChange| {
            let place = counted.iter().position(|other| other == change);
            place.and_then(|place| active.windows.get(place)).copied().unwrap_or(0)
        };
        let asked =
            asked.into_iter().map(|change| Asked { change, customers: customers_of(&change) }).collect();
        let as_series = |(event_type, days): (EventTypeNo, BTreeMap<i32, Day>)| DaySeries {
            event_type,
            family: None,
            days: days.into_values().collect(),
        };
        Ok(Self {
            as_of: report.as_of,
            as_of_at: report.as_of_at,
            series: series.into_iter().map(as_series).collect(),
            active: active
                .days
                .iter()
                .map(|(day, customers)| ActiveDay { day: zone.day_number(*day), customers: *customers })
                .collect(),
            changes,
            asked,
            through_day: zone.day_number(now).saturating_sub(1),
        })
    }

    /// What every event type's days and all changes may teach, whatever was asked.
    pub(super) fn into_history(self) -> History {
        let Self { series, active, changes, through_day, .. } = self;
        History { series, active, changes, through_day }
    }

    fn ask(&self, asked: &Asked, left_out: &[EventTypeNo], options: Options) -> Result<Impact, ImpactError> {
        let mut series = self.series.clone();
        if !left_out.is_empty() {
            let of_family = |of: &&mut DaySeries| {
                of.event_type == asked.change.event_type || left_out.contains(&of.event_type)
            };
            series.iter_mut().filter(of_family).for_each(|of| of.family = Some(FAMILY.to_owned()));
        }
        price_impact(&Question {
            series: &series,
            active: &self.active,
            changes: &self.changes,
            asked: asked.change.version,
            through_day: self.through_day,
            customers: Some(asked.customers),
            options,
        })
    }
}

/// The changes that are asked about, the newest first, at most [`PRICE_CHANGES_MAX`].
fn newest(changes: &[PriceChange], is_asked: impl Fn(&PriceChange) -> bool) -> Vec<PriceChange> {
    let mut asked: Vec<PriceChange> = changes.iter().copied().filter(|change| is_asked(change)).collect();
    asked.sort_by_key(|change| Reverse((change.day, change.version)));
    asked.truncate(PRICE_CHANGES_MAX);
    asked
}

fn day_of(day: i32, figures: &Figures) -> Day {
    let count = |number: i128| u64::try_from(number).unwrap_or(0);
    Day {
        day,
        units_micro: figures.quantity_micro,
        events: count(figures.events),
        active_customers: 0,
        credits_micro: figures.used_micro(),
        revenue_nano: figures.recognised_nano(),
        cost_nano: figures.cost_nano,
        cost_missing: count(figures.cost_missing),
    }
}

/// Every version in force by now that replaced another one and changed what a unit costs.
fn changes(
    views: &Views,
    catalogue: &Catalogue,
    zone: &Zone,
    now: Millis,
) -> Result<Vec<PriceChange>, ViewError> {
    let charged = views.figures(&FiguresQuery {
        by: vec![By::EventType, By::Price],
        ..FiguresQuery::of(Millis(0)..Millis::NEVER)
    })?;
    let charged: BTreeMap<PriceNo, &Figures> =
        charged.rows.iter().filter_map(|row| Some((row.price?, &row.figures))).collect();
    let mut changes = Vec::new();
    for event_type in &catalogue.event_types {
        let versions = event_type.prices.iter().filter_map(|no| catalogue.price(*no));
        let mut versions: Vec<&PriceVersion> = versions.filter(|p| p.effective_at <= now).collect();
        versions.sort_by_key(|p| (p.effective_at, p.version));
        for (old, new) in versions.iter().zip(versions.iter().skip(1)) {
            let typical = |price: &PriceVersion| credits_per_unit(price, charged.get(&price.number).copied());
            let before = typical(old).unwrap_or(0);
            let after = typical(new).unwrap_or(before);
            if before != after {
                changes.push(PriceChange {
                    event_type: event_type.number,
                    version: new.number,
                    day: zone.day_number(new.effective_at),
                    old_credits_micro: before,
                    new_credits_micro: after,
                });
            }
        }
    }
    Ok(changes)
}

/// What a unit typically costs in micro-credits: the price where it is flat, else what was charged on average.
fn credits_per_unit(price: &PriceVersion, charged: Option<&Figures>) -> Option<i64> {
    if let Rule::Flat { credits } = &price.rule {
        return Some(credits.micro());
    }
    let figures = charged.filter(|figures| figures.quantity_micro > 0)?;
    let per_unit = figures.credits_micro.checked_mul(1_000_000)? / figures.quantity_micro;
    i64::try_from(per_unit).ok()
}
