//! The events behind one bin of what a unit costs: those of the sample that the histogram is made of.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::parts::{customer_cell, figure_cell, one_event_cell};
use crate::charts::AmountBin;
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Sheet, Table, Unit, say};
use crate::visit::Visit;

/// Rows that are shown of a bin.
const ROWS_MAX: usize = 25;
/// The parameters of the address: from which cost on, and below which.
const FROM: &str = "unit_cost_from";
const TO: &str = "unit_cost_to";

/// What a unit of an event cost, where that is known.
pub(crate) fn unit_cost(event: &Json) -> Option<Amount> {
    event.path("cost.amount").amount()?.share_of(event.get("quantity").amount()?)
}

/// Where each bin leads: to the same page, with its events. The last has all above.
pub(crate) fn hrefs(visit: &Visit, bins: &[AmountBin]) -> Vec<String> {
    let to_bin = |(at, bin): (usize, &AmountBin)| {
        let to = if at + 1 == bins.len() { String::new() } else { bin.to.exact() };
        format!("{}#unit-costs", visit.state.with_all(&[(FROM, &bin.from.exact()), (TO, &to)]))
    };
    bins.iter().enumerate().map(to_bin).collect()
}

/// The events of the bin that the address asks for.
pub(crate) fn events_in(
    visit: &Visit,
    sheet: &mut Sheet,
    events: &[Json],
    money: Unit,
    zone: &TimeZone,
) -> Markup {
    let Some(from) = visit.state.get(FROM).and_then(Amount::parse) else { return html! {} };
    let to = visit.state.get(TO).and_then(Amount::parse);
    let is_in = |cost: Amount| cost >= from && to.is_none_or(|to| cost < to);
    let found: Vec<(&Json, Amount)> = events
        .iter()
        .filter_map(|event| Some((event, unit_cost(event)?)))
        .filter(|(_, cost)| is_in(*cost))
        .collect();
    let mut table = Table::new(vec![
        Column::text("When"),
        Column::text("Customer"),
        Column::number("A unit cost"),
        Column::number("Quantity"),
        Column::number("Cost"),
        Column::number("Revenue"),
        Column::text("Event"),
    ]);
    for (event, cost) in found.iter().take(ROWS_MAX) {
        let at = event.get("occurred_at").text();
        table.row(vec![
            Cell::Time(say::instant(at, zone), at.to_owned()),
            customer_cell(visit, event.get("customer").text()),
            Cell::Amount(money, *cost),
            figure_cell(event, Unit::Count, "quantity"),
            Cell::some(money, event.path("cost.amount").amount()),
            Cell::some(money, event.path("revenue.amount").amount()),
            one_event_cell(visit, event.get("id").text()),
        ]);
    }
    let question = match to {
        Some(to) => format!("Which events cost {} to {} a unit?", money.short(from), money.short(to)),
        None => format!("Which events cost {} a unit or more?", money.short(from)),
    };
    let after = html! { p.note {
        (say::plural(i128::try_from(found.len()).unwrap_or(i128::MAX), "event", "events")) " of those drawn"
        @if found.len() > ROWS_MAX { ", the newest " (ROWS_MAX) " shown" } ". "
        a href=(visit.state.with_all(&[(FROM, ""), (TO, "")])) { "Close" }
    } };
    sheet.table_with(&visit.state, "unit-costs", &question, table, &after)
}
