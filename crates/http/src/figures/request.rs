//! What every report is asked with: a range of time, an interval, what to group by, filters, and a form.

use chargly_api::{IdKind, Problems, nearest, time};
use chargly_engine::Environment;
use chargly_engine::ledger::{Catalogue, Dimension, Millis, Position, PriceNo};
use chargly_engine::views::{By, FiguresQuery, Interval};
use compact_str::CompactString;

use crate::call::{Call, entry_id};
use crate::query::Query;

/// Days that a report goes back where nobody says how far, the current one included.
const DAYS_DEFAULT: i64 = 30;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const INTERVALS: [(&str, Interval); 5] = [
    ("total", Interval::Total),
    ("hour", Interval::Hour),
    ("day", Interval::Day),
    ("week", Interval::Week),
    ("month", Interval::Month),
];

/// How a report is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Csv,
}

/// A report that is asked for.
#[derive(Debug)]
pub(crate) struct Request {
    /// The question; the customer's wallet is still to be found.
    pub(crate) query: FiguresQuery,
    /// Only this customer.
    pub(crate) customer: Option<CompactString>,
    pub(crate) form: Form,
    /// Whether the range is made one of whole local days, as customers are counted by.
    pub(crate) is_by_days: bool,
    /// What the figures must reflect at least: a position that has to be behind theirs.
    pub(crate) at_least: Option<Position>,
}

impl Request {
    /// Reads what all reports take; the interval, groups and filters of events only where the report can be `grouped`.
    /// What is left in `query` is the report's own.
    pub(crate) fn read(call: &Call, query: &mut Query, problems: &mut Problems, grouped: bool) -> Self {
        let catalogue = call.env.catalogue();
        let now = Millis(call.env.wall_ms());
        let (from, to) = range(&call.env, now, query, problems);
        let (interval, by) = if grouped { grouping(&catalogue, query, problems) } else { Default::default() };
        let event_type = query.event_type(&catalogue, problems);
        let customer = query.customer(problems).map(CompactString::from);
        let (price, dimension) = if grouped {
            let price = query.optional("price_version", problems, |id| price_of(id, &catalogue));
            (price, filter(&catalogue, query, problems))
        } else {
            Default::default()
        };
        let form = form_of(call, query, problems);
        Self {
            query: FiguresQuery {
                from,
                to,
                interval: interval.unwrap_or(Interval::Day),
                by,
                event_type,
                price,
                wallet: None,
                dimension,
            },
            customer,
            form,
            is_by_days: false,
            at_least: at_least(call),
        }
    }
}

/// How the answer is wanted: as `format` says, else as the caller accepts.
pub(crate) fn form_of(call: &Call, query: &mut Query, problems: &mut Problems) -> Form {
    let form =
        query.optional("format", problems, |form| one_of(form, &[("json", Form::Json), ("csv", Form::Csv)]));
    let accepts_csv = call.accept.contains("text/csv") && !call.accept.contains("application/json");
    form.unwrap_or(if accepts_csv { Form::Csv } else { Form::Json })
}

/// What the figures must reflect: a position that has to be behind theirs.
pub(crate) fn at_least(call: &Call) -> Option<Position> {
    call.min_position.map(|position| Position(position.0 + 1))
}

/// The name of an interval.
pub(crate) fn interval_name(interval: Interval) -> &'static str {
    INTERVALS.iter().find(|(_, known)| *known == interval).map_or("total", |(name, _)| name)
}

pub(crate) fn one_of<T: Copy>(word: &str, words: &[(&str, T)]) -> Result<T, String> {
    words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(known, _)| *known).collect();
        format!("must be one of {}", known.join(", "))
    })
}

/// A time, or a date, which is the instant it begins at in the environment's time zone.
pub(crate) fn instant_of(env: &Environment, text: &str) -> Result<Millis, String> {
    match env.begin_of_date(text) {
        Some(at) => Ok(at),
        None => {
            time::parse(text).map(Millis).map_err(|problem| format!("{problem}, or a date like 2026-11-23"))
        }
    }
}

/// `from` (included) and `to` (excluded).
fn range(env: &Environment, now: Millis, query: &mut Query, problems: &mut Problems) -> (Millis, Millis) {
    let instant = |text: &str| instant_of(env, text);
    // The hour that begins just now is in it.
    let to = query.optional("to", problems, instant).unwrap_or(Millis(now.0 + 1));
    let from = query.optional("from", problems, instant);
    let from = from.unwrap_or_else(|| env.day_of(Millis(to.0 - (DAYS_DEFAULT - 1) * DAY_MS)).start);
    if from >= to {
        problems.add("from", "must be before to".to_owned());
    }
    (from, to)
}

/// `interval` and `group_by`.
fn grouping(
    catalogue: &Catalogue,
    query: &mut Query,
    problems: &mut Problems,
) -> (Option<Interval>, Vec<By>) {
    let interval = query.optional("interval", problems, |word| one_of(word, &INTERVALS));
    let by = query.optional("group_by", problems, |list| group_by(list, catalogue));
    (interval, by.unwrap_or_default())
}

fn group_by(list: &str, catalogue: &Catalogue) -> Result<Vec<By>, String> {
    let mut by: Vec<By> = Vec::new();
    for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let one = match name {
            "event" => By::EventType,
            "customer" => By::Wallet,
            "price_version" => By::Price,
            name => By::Dimension(declared(name, catalogue)?),
        };
        if by.contains(&one) {
            return Err(format!("names {name} twice"));
        }
        let is_dimension = |by: &By| matches!(by, By::Dimension(_));
        if is_dimension(&one) && by.iter().any(is_dimension) {
            return Err("may name one dimension: what is between two is not counted".to_owned());
        }
        by.push(one);
    }
    Ok(by)
}

/// A dimension that some event type declares.
fn declared(name: &str, catalogue: &Catalogue) -> Result<CompactString, String> {
    let known = || catalogue.event_types.iter().flat_map(|known| &known.dimensions);
    if let Some(found) = known().find(|known| *known == name) {
        return Ok(found.clone());
    }
    let fixed = ["event", "customer", "price_version"].into_iter();
    let near = nearest(name, fixed.chain(known().map(CompactString::as_str)));
    let near = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
    Err(format!(
        "takes event, customer, price_version or a dimension that an event type declares, not {name:?}{near}"
    ))
}

pub(crate) fn price_of(id: &str, catalogue: &Catalogue) -> Result<PriceNo, String> {
    let id =
        entry_id(id, IdKind::Price).ok_or("must be the id of a price version, which begins with prv_")?;
    let found = catalogue.prices.iter().find(|price| price.id == id);
    found.map(|price| price.number).ok_or_else(|| "is not a price version of this environment".to_owned())
}

/// `filter[dimension]=value`; an empty value is that of events without one.
fn filter(catalogue: &Catalogue, query: &mut Query, problems: &mut Problems) -> Option<Dimension> {
    let mut filters = query.indexed("filter").into_iter();
    let (name, value) = filters.next()?;
    let field = format!("filter[{name}]");
    if filters.next().is_some() {
        problems.add(&field, "may be given once: what is between two dimensions is not counted".to_owned());
    }
    match declared(&name, catalogue) {
        Ok(name) => Some(Dimension { name, value: value.into() }),
        Err(_) => {
            problems.add(&field, "names no dimension that an event type declares".to_owned());
            None
        }
    }
}
