//! `GET /v1/price-impact`: what price changes did, exact before and after, and what they caused as far as can be said.

use chargly_api::{Problem, Problems};
use chargly_engine::PriceImpactError;
use chargly_engine::advisor::{
    AmountRange, Claim, Confidence, Estimate, Impact, ImpactError, Interval, Level, Options, Status, Totals,
    WASHOUT_DAYS_MAX, WINDOW_DAYS_MAX, Window,
};
use chargly_engine::ledger::{Catalogue, Credits, EventTypeNo, Millis};

use crate::answer::Answer;
use crate::call::Call;
use crate::figures::report::AsOf;
use crate::figures::request::{Form, at_least, form_of, price_of};
use crate::figures::table::{Cell, Named, Table};
use crate::query::Query;
use crate::view::{event_name, price_id};

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let mut query = std::mem::take(&mut call.query);
    let mut problems = Problems::default();
    let catalogue = call.env.catalogue();
    let event_type = query.event_type(&catalogue, &mut problems);
    let price = query.optional("price_version", &mut problems, |id| price_of(id, &catalogue));
    let left_out = query.optional("leave_out", &mut problems, |names| left_out(names, &catalogue));
    let options = options(&mut query, &mut problems);
    let form = form_of(&call, &mut query, &mut problems);
    query.finish(&mut problems);
    problems.check()?;
    let now = Millis(call.env.wall_ms());
    let found = call
        .env
        .price_impacts((event_type, price), &left_out.unwrap_or_default(), options, at_least(&call), now)
        .await;
    let found = found.map_err(|error| match error {
        PriceImpactError::Call(error) => call.problem(error),
        PriceImpactError::Impact(ImpactError::OptionOutOfRange(name)) => {
            Problem::invalid(name, "is out of its range")
        }
        // Of figures too large to compare: nothing else is left, since versions and days come from the same journal.
        PriceImpactError::Impact(error) => Problem::invalid("price_version", error.to_string()),
    })?;
    let as_of = AsOf::new(&call, found.as_of, found.as_of_at);
    let rows: Vec<Vec<Named>> = found.impacts.iter().map(|impact| cells(impact, &catalogue)).collect();
    let columns = rows.first().map(|row| row.iter().map(|(name, _)| *name).collect()).unwrap_or_default();
    let table = Table::new(columns, rows);
    Ok(as_of.mark(match form {
        Form::Csv => table.csv(&as_of.cells(&call)),
        Form::Json => table.json(|o| as_of.write(o, &call), |_| {}),
    }))
}

fn options(query: &mut Query, problems: &mut Problems) -> Options {
    let usual = Options::default();
    let window_days = query.optional("window_days", problems, |text| days(text, 1, WINDOW_DAYS_MAX));
    let washout_days = query.optional("washout_days", problems, |text| days(text, 0, WASHOUT_DAYS_MAX));
    Options {
        window_days: window_days.unwrap_or(usual.window_days),
        washout_days: washout_days.unwrap_or(usual.washout_days),
        ..usual
    }
}

fn left_out(names: &str, catalogue: &Catalogue) -> Result<Vec<EventTypeNo>, String> {
    let number = |name: &str| catalogue.event_type(name).map(|known| known.number);
    let names =
        names.split(',').map(|name| number(name).ok_or_else(|| format!("there is no event type {name:?}")));
    names.collect()
}

fn days(text: &str, least: u32, most: u32) -> Result<u32, String> {
    let days = text.parse().ok().filter(|days| (least..=most).contains(days));
    days.ok_or_else(|| format!("must be a whole number from {least} to {most}"))
}

fn cells(impact: &Impact, catalogue: &Catalogue) -> Vec<Named> {
    let change = &impact.change;
    let price = catalogue.price(change.version);
    let credits = |micro| Cell::Number(Credits::from_micro(micro).to_string());
    let first = |window: Option<Window>| window.map_or(Cell::Null, |w| Cell::Text(date(w.first_day).into()));
    let last = |window: Option<Window>| window.map_or(Cell::Null, |w| Cell::Text(date(w.last_day).into()));
    let (before, after) = (impact.windows.map(|w| w.before), impact.windows.map(|w| w.after));
    let estimate = match &impact.status {
        Status::TooEarly { .. } => None,
        Status::NoControls(estimate) | Status::Estimated(estimate) => Some(estimate),
    };
    let mut cells = vec![
        ("event", Cell::text(Some(event_name(catalogue, change.event_type)))),
        ("price_version", Cell::text(price.map(|price| price_id(price).to_string()))),
        ("version", price.map_or(Cell::Null, |price| Cell::count(price.version.into()))),
        ("effective_at", price.map_or(Cell::Null, |price| Cell::Instant(price.effective_at))),
        ("credits_per_unit_before", credits(change.old_credits_micro)),
        ("credits_per_unit_after", credits(change.new_credits_micro)),
        ("before_from", first(before)),
        ("before_to", last(before)),
        ("after_from", first(after)),
        ("after_to", last(after)),
    ];
    cells.extend(totals(&impact.before, BEFORE));
    cells.extend(totals(&impact.after, AFTER));
    let plain = &impact.plain;
    cells.extend([
        ("units_change", Cell::share(plain.units_bp)),
        ("customer_days_change", Cell::share(plain.customer_days_bp)),
        ("credits_change", Cell::share(plain.credits_bp)),
        ("revenue_change", Cell::share(plain.revenue_bp)),
        ("cost_change", Cell::share(plain.cost_bp)),
        ("margin_change", Cell::share(plain.margin_points_bp)),
        ("status", Cell::text(Some(status(&impact.status)))),
        ("in_words", Cell::text(Some(impact.status.words()))),
        ("compared_with", Cell::text(Some(controls(impact, catalogue)))),
    ]);
    cells.extend(estimated(estimate));
    cells
}

type Columns = [&'static str; 8];
const BEFORE: Columns = [
    "before_units",
    "before_events",
    "before_customer_days",
    "before_credits",
    "before_revenue",
    "before_cost",
    "before_cost_missing",
    "before_margin",
];
const AFTER: Columns = [
    "after_units",
    "after_events",
    "after_customer_days",
    "after_credits",
    "after_revenue",
    "after_cost",
    "after_cost_missing",
    "after_margin",
];

fn totals(totals: &Totals, columns: Columns) -> impl Iterator<Item = Named> {
    // What is known of the cost, and nothing where none of it is: a cost of 0 would be a claim.
    let cost = (totals.cost_missing < totals.events || totals.events == 0).then_some(totals.cost_nano);
    let values = [
        Cell::micro(totals.units_micro),
        Cell::count(totals.events.into()),
        Cell::count(totals.customer_days.into()),
        Cell::micro(totals.credits_micro),
        Cell::Money(totals.revenue_nano),
        Cell::money(cost),
        Cell::count(totals.cost_missing.into()),
        Cell::share(totals.margin_bp.filter(|_| totals.cost_missing == 0)),
    ];
    columns.into_iter().zip(values)
}

const fn status(status: &Status) -> &'static str {
    match status {
        Status::TooEarly { .. } => "too_early",
        Status::NoControls(_) => "no_controls",
        Status::Estimated(_) => "estimated",
    }
}

/// The event types it was compared with.
fn controls(impact: &Impact, catalogue: &Catalogue) -> String {
    let names: Vec<&str> = impact.controls.iter().map(|no| event_name(catalogue, *no)).collect();
    names.join(" ")
}

fn estimated(estimate: Option<&Estimate>) -> Vec<Named> {
    let units = estimate.map(|e| e.units_bp);
    let elasticity = estimate.and_then(|e| e.elasticity_milli);
    let thousandths =
        |milli: Option<i64>| milli.map_or(Cell::Null, |milli| Cell::micro(i128::from(milli) * 1_000));
    let money = |range: &dyn Fn(&Estimate) -> AmountRange, end: fn(AmountRange) -> i128| {
        Cell::money(estimate.map(|estimate| end(range(estimate))))
    };
    let (low, high) = (|range: AmountRange| range.low, |range: AmountRange| range.high);
    let revenue = |e: &Estimate| e.without_change.revenue_nano;
    let margin = |e: &Estimate| e.without_change.margin_nano;
    let gain = |e: &Estimate| e.margin_gain_nano;
    let confidence = estimate.and_then(|e| e.confidence);
    let bound = |interval: Option<Interval>, end: fn(Interval) -> i64| interval.map(end);
    vec![
        ("effect_on_units_low", Cell::share(bound(units, |i| i.low))),
        ("effect_on_units", Cell::share(bound(units, |i| i.middle))),
        ("effect_on_units_high", Cell::share(bound(units, |i| i.high))),
        ("elasticity_low", thousandths(bound(elasticity, |i| i.low))),
        ("elasticity", thousandths(bound(elasticity, |i| i.middle))),
        ("elasticity_high", thousandths(bound(elasticity, |i| i.high))),
        ("revenue_without_change_low", money(&revenue, low)),
        ("revenue_without_change_high", money(&revenue, high)),
        ("margin_without_change_low", money(&margin, low)),
        ("margin_without_change_high", money(&margin, high)),
        ("margin_gain_low", money(&gain, low)),
        ("margin_gain_high", money(&gain, high)),
        ("claim", Cell::text(confidence.map(claim))),
        ("confidence", Cell::text(confidence.map(|c| level(c.level)))),
        ("probability", Cell::share(confidence.map(|c| c.probability_bp.into()))),
        ("capped", Cell::text(confidence.and_then(|c| c.cap).map(chargly_engine::advisor::Cap::words))),
    ]
}

const fn claim(confidence: Confidence) -> &'static str {
    match confidence.claim {
        Claim::MarginRose => "margin_rose",
        Claim::MarginFell => "margin_fell",
    }
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Low => "low",
        Level::Medium => "medium",
        Level::High => "high",
    }
}

/// A local date, like `2026-11-23`, from the days since the first of 1970.
pub(super) fn date(days: i32) -> String {
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    let noon = chargly_api::time::show(i64::from(days) * DAY_MS + DAY_MS / 2).to_string();
    noon.chars().take_while(|c| *c != 'T').collect()
}
