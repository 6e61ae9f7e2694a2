//! `GET /v1/margin`: what was earned, what it cost, and what is left, booked and planned.

use chargly_api::Problem;
use chargly_engine::figures::{CreditValue, Line, share_bp};
use chargly_engine::ledger::Money;

use crate::answer::Answer;
use crate::call::Call;
use crate::figures::report::Report;
use crate::figures::table::{Cell, Named};

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let (report, ()) = Report::ask(&mut call, |_, _| ()).await?;
    let value = call.env.credit_value().await.map_err(|error| call.problem(error))?;
    let credit_value = value.and_then(|value| value.per_credit_nano()).map(Money::amount_of);
    let foot = |o: &mut chargly_api::ObjectWriter<'_>| {
        o.shown_or_null("credit_value", credit_value);
        o.text_or_null("credit_value_source", value.map(|value| value.source.as_str()));
    };
    Ok(report.answer(&call, |_, line| cells(line, value), foot))
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
        ("unbilled_cost", Cell::Money(cost.unbilled_nano)),
    ]
}
