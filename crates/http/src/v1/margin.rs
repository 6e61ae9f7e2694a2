//! `GET /v1/margin`: what was earned, what it cost, and what is left, booked and planned.

use chargly_api::{Problem, Problems};
use chargly_engine::figures::{CreditValue, Line, MarginRanges, share_bp};
use chargly_engine::ledger::Money;
use chargly_engine::views::{By, Interval};

use crate::answer::Answer;
use crate::call::Call;
use crate::figures::report::{Of, Report};
use crate::figures::request::Request;
use crate::figures::table::{Cell, Named};
use crate::query::Query;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let (report, with_range) = Report::ask(&mut call, margin_range).await?;
    let request = &report.request;
    let ranges = match with_range {
        true => {
            let days = request.query.from..request.query.to;
            let found = call.env.margin_ranges(days, request.at_least).await;
            Some(found.map_err(|error| call.problem(error))?)
        }
        false => None,
    };
    let value = call.env.credit_value().await.map_err(|error| call.problem(error))?;
    let credit_value = value.and_then(|value| value.per_credit_nano()).map(Money::amount_of);
    let foot = |o: &mut chargly_api::ObjectWriter<'_>| {
        o.shown_or_null("credit_value", credit_value);
        o.text_or_null("credit_value_source", value.map(|value| value.source.as_str()));
    };
    let cells = |of: Of<'_>, line: &Line| {
        let mut cells = cells(line, value);
        cells.extend(ranges.iter().flat_map(|ranges| range_cells(of, line, ranges)));
        cells
    };
    Ok(report.answer(&call, cells, foot))
}

/// `margin_range`: customers are counted by local day and event type, so nothing else has a range.
fn margin_range(query: &mut Query, problems: &mut Problems, request: &mut Request) -> bool {
    let word = |text: &str| match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    };
    let with_range = query.optional("margin_range", problems, word).unwrap_or(false);
    let asked = &request.query;
    let has_range = asked.interval == Interval::Total
        && asked.by == [By::EventType]
        && asked.price.is_none()
        && asked.dimension.is_none()
        && request.customer.is_none();
    if with_range && !has_range {
        problems.add(
            "margin_range",
            "goes with interval=total and group_by=event, without a customer, a price version or a filter"
                .to_owned(),
        );
    }
    request.is_by_days = with_range;
    with_range
}

fn range_cells(of: Of<'_>, line: &Line, ranges: &MarginRanges) -> [Named; 2] {
    let event_type = match of {
        Of::Row(row) => row.event_type,
        Of::Total => None,
    };
    // A range around nothing is none: where every cost is missing, or nothing was earned.
    let found = event_type.and_then(|no| ranges.get(&no)).filter(|_| line.margin_bp().is_some());
    [
        ("margin_low", Cell::share(found.map(|(low, _)| *low))),
        ("margin_high", Cell::share(found.map(|(_, high)| *high))),
    ]
}

fn cells(line: &Line, value: Option<CreditValue>) -> Vec<Named> {
    let cost = &line.cost;
    let known = cost.known_nano();
    let source = |nano| (Cell::money(known.map(|_| nano)), Cell::share(share_bp(nano, cost.nano)));
    let (reported, reported_share) = source(cost.reported_nano);
    let (rate_card, rate_card_share) = source(cost.rate_card_nano);
    let (estimated, estimated_share) = source(cost.estimated_nano);
    let planning = |figure: &dyn Fn(CreditValue) -> Option<i128>| Cell::money(value.and_then(figure));
    vec![
        ("events", Cell::count(line.events)),
        ("credits_used", Cell::micro(line.credits_used_micro)),
        ("recognised", Cell::Money(line.recognised_nano)),
        ("cost", Cell::money(known)),
        ("cost_missing", Cell::share(cost.missing_bp())),
        ("cost_reported", reported),
        ("cost_reported_share", reported_share),
        ("cost_rate_card", rate_card),
        ("cost_rate_card_share", rate_card_share),
        ("cost_estimated", estimated),
        ("cost_estimated_share", estimated_share),
        ("cost_first", Cell::money(known.map(|_| cost.first_nano))),
        ("contribution", Cell::money(line.contribution_nano())),
        ("gross_margin", Cell::share(line.margin_bp())),
        ("upper_bound", Cell::Boolean(cost.is_incomplete())),
        ("planning_revenue", planning(&|value| line.planning_revenue_nano(value))),
        ("planning_margin", Cell::share(value.and_then(|value| line.planning_margin_bp(value)))),
        ("acquisition_cost", planning(&|value| value.of(line.free_micro))),
        ("credits_given", Cell::micro(line.free_micro)),
        ("unbilled_cost", Cell::Money(cost.unbilled_nano)),
    ]
}
