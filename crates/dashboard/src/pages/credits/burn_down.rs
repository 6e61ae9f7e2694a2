//! How the credits of each month's or week's sales went down: a curve for each.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::api::Target;
use crate::charts::{Form, Meaning, Series, TimeChart};
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Figure, Sheet, UNIT, Unit, empty, note, say};
use crate::pages::parts::{Pieces, legend};
use crate::state::{Span, time};
use crate::trouble::Trouble;
use crate::visit::Visit;

/// Cohorts that have a curve, the newest: there are that many colours.
const CURVES_MAX: usize = 6;
/// Facts up to which the curves are drawn without being asked for: reading them takes less than anybody notices.
const READ_AT_ONCE: i128 = 500_000;
/// Ranges up to so many days have a curve for each week, longer ones for each month.
const WEEKS_DAYS_MAX: i64 = 31;
const DAY_MS: i64 = 86_400_000;
const QUESTION: &str = "How fast are packs used up?";

/// The curves; a way to ask for them where a large journal has to be read.
pub(super) async fn show(visit: &Visit, sheet: &mut Sheet, facts: i128) -> Result<Markup, Trouble> {
    if facts > READ_AT_ONCE && visit.state.get("curves").is_none() {
        return Ok(empty(
            QUESTION,
            &html! {
                p { "It takes some seconds to find out: the facts since the beginning of this range are read for it." }
                p { a.button href={ (visit.state.with("curves", "on")) "#burn-down" } { "Draw the curves" } }
            },
        ));
    }
    match visit.api.get(asked(visit.span())).await {
        Ok(report) => drawn(visit, sheet, &report).await,
        // Too far back, or too many facts since then: it says so.
        Err(Trouble::Problem(problem)) if problem.status == 400 => {
            let why = problem.fields.first().map_or(problem.detail.as_str(), |(_, why)| why.as_str());
            Ok(empty(QUESTION, &html! { p { "This range has no curves: its beginning " (why) "." } }))
        }
        Err(trouble) => Err(trouble),
    }
}

fn asked(span: Span) -> Target {
    let (cohort, interval) = match (span.to - span.from) / DAY_MS {
        ..=WEEKS_DAYS_MAX => ("week", "day"),
        _ => ("month", "week"),
    };
    Target::new("/v1/burn-down")
        .with("from", &time(span.from))
        .with("cohort", cohort)
        .with("interval", interval)
}

async fn drawn(visit: &Visit, sheet: &mut Sheet, report: &Json) -> Result<Markup, Trouble> {
    let (_, zone) = Visit::terms(report);
    let pieces = Pieces::of(report, visit, &zone);
    let mut cohorts: Vec<&str> = Vec::new();
    for row in report.get("data").list() {
        let cohort = row.get("cohort").text();
        if !cohorts.contains(&cohort) {
            cohorts.push(cohort);
        }
    }
    let is_more = cohorts.len() > CURVES_MAX;
    let shown = cohorts.split_off(cohorts.len().saturating_sub(CURVES_MAX));
    if shown.is_empty() {
        return Ok(empty(QUESTION, &note("Nothing was sold in this range.")));
    }
    let is_month = report.get("cohort").text() == "month";
    let all: Vec<Curve> =
        shown.iter().map(|cohort| Curve::of(report, &pieces, cohort, is_month, &zone)).collect();
    let names: Vec<(String, Meaning)> =
        all.iter().enumerate().map(|(place, curve)| (curve.name.clone(), Meaning::Category(place))).collect();
    let columns = all.iter().flat_map(|curve| {
        [
            Column::number(format!("{}: left", curve.name)),
            Column::number(format!("{}: share left", curve.name)),
        ]
    });
    let table = pieces.table(columns.collect(), |at| {
        let cells = all.iter().flat_map(|curve| {
            [Cell::some(Unit::Credits, curve.left[at]), Cell::some(Unit::Share, curve.share[at])]
        });
        cells.collect()
    });
    let marks = pieces.price_marks(visit, None).await?;
    let series = all.into_iter().zip(&names).map(|(curve, (name, meaning))| Series {
        name: name.clone(),
        meaning: *meaning,
        amounts: curve.share,
        is_dashed: false,
    });
    let chart = TimeChart {
        described: "Share of the credits sold that is left, by when they were sold",
        buckets: &pieces.buckets,
        series: series.collect(),
        form: Form::Steps,
        unit: Unit::Share,
        marks,
        band: None,
    };
    Ok(sheet.figure(
        &visit.state,
        Figure {
            id: "burn-down",
            question: QUESTION,
            note: html! {
                (note(if is_month {
                    "Of the paid credits that came in each month, so far, the share that is left: not used, lapsed or taken back."
                } else {
                    "Of the paid credits that came in each week, so far, the share that is left: not used, lapsed or taken back. Longer ranges have a curve for each month."
                }))
                @if is_more { (note("The newest six.")) }
                (legend(&names))
            },
            plot: chart.draw(),
            table,
        },
    ))
}

/// One cohort's curve.
struct Curve {
    name: String,
    left: Vec<Option<Amount>>,
    share: Vec<Option<Amount>>,
}

impl Curve {
    fn of(report: &Json, pieces: &Pieces, cohort: &str, is_month: bool, zone: &TimeZone) -> Self {
        let is_it = |row: &Json| row.get("cohort").text() == cohort;
        let granted = pieces.amounts(report, "granted", is_it);
        let left = pieces.amounts(report, "left", is_it);
        let share = |(granted, left): (&Option<Amount>, &Option<Amount>)| {
            granted.zip(*left).and_then(|(granted, left)| left.share_of(granted))
        };
        // Before anything came in there is no share of it, and nothing left.
        let share: Vec<Option<Amount>> = granted.iter().zip(&left).map(share).collect();
        let left = left.into_iter().zip(&share).map(|(left, share)| share.and(left)).collect();
        let format = if is_month { "%b %Y" } else { "week of %-d %b" };
        Self { name: say::at(cohort, zone, format), left, share }
    }
}

/// How many facts there are, by the position that a report reflects: `2.1042`.
pub(super) fn facts_of(report: &Json) -> i128 {
    let position = report.path("as_of.position").text();
    position.rsplit('.').next().and_then(Amount::parse).map_or(0, |facts| facts.0 / UNIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_range_has_a_curve_for_each_week_and_a_longer_one_for_each_month() {
        for (days, expected) in [
            (1, "cohort=week&interval=day"),
            (31, "cohort=week&interval=day"),
            (32, "cohort=month&interval=week"),
        ] {
            let span = Span { from: 0, to: days * DAY_MS, interval: "day" };
            let target: String = asked(span).into();
            assert!(target.ends_with(expected), "{days}: {target}");
        }
    }

    #[test]
    fn facts_are_counted_by_the_position() {
        for (position, facts) in [("2.1042", 1_042), ("7.0", 0), ("", 0), ("x", 0)] {
            let report = Json::parse(&format!(r#"{{"as_of":{{"position":"{position}"}}}}"#)).expect("JSON");
            assert_eq!(facts_of(&report), facts, "{position}");
        }
    }
}
