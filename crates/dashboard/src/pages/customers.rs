//! Who uses most, who pays most, and who costs more than they pay.

use std::collections::HashSet;

use maud::{Markup, html};

use super::parts::{customer_cell, figure_cell, known_cell, lasts_cell, pager};
use crate::api::Target;
use crate::charts::{Meaning, Point, Scatter};
use crate::json::Json;
use crate::look::{
    Amount, Cell, Column, Currency, Figure, Level, Sheet, Table, Tile, Unit, empty, note, say,
};
use crate::page::{AsOf, Controls, Page};
use crate::serve::{Done, Form};
use crate::trouble::Trouble;
use crate::visit::Visit;

/// Customers on a page of the table.
const PAGE: &str = "50";
/// Customers of most revenue that are drawn: more cover each other.
const DRAWN: &str = "150";
/// Customers who lose most that are drawn beside them.
const DRAWN_LOSING: &str = "50";
/// Those whose share of the revenue is told.
const TOP: usize = 10;
/// How many losses are listed.
const LOSSES_SHOWN: usize = 10;
/// What the API ranks by.
const SORTS: [&str; 6] = ["-revenue", "-credits", "-cost", "-contribution", "-events", "contribution"];

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let (span, before) = (visit.span(), visit.span().before(visit.state.compare()));
    let event = visit.state.get("event");
    let sort = visit.state.one_of("sort", &SORTS);
    let of = |route| Target::new(route).with_some("event", event);
    let [list, most, least, total, before_list, before_total, types] = visit
        .all([
            span.ask(of("/v1/customers"))
                .with("sort", sort)
                .with("limit", PAGE)
                .with_some("cursor", visit.state.get("cursor")),
            span.ask(of("/v1/customers")).with("limit", DRAWN),
            span.ask(of("/v1/customers")).with("sort", "contribution").with("limit", DRAWN_LOSING),
            span.ask_total(of("/v1/margin")),
            before.ask(of("/v1/customers")).with("limit", "1"),
            before.ask_total(of("/v1/margin")),
            Target::new("/v1/event-types").with("limit", "1000"),
        ])
        .await?;
    let (currency, zone) = Visit::terms(&list);
    let mut page = Page {
        title: "Customers".into(),
        controls: Controls::RangeAndCompare,
        as_of: Some(AsOf::of(&list, &zone)),
        ..Page::default()
    };
    let active = most.get("active").sum();
    if active == Amount::ZERO {
        let ways = super::first_minute::ways_if_new(visit).await?;
        page.content = html! {
            (find(visit, &types))
            (empty("No customer used anything in this range.", &html! {
                p { "A customer is here after the first event, grant or purchase: nothing has to be set up. Choose a longer range, or look one up by id." }
            }))
            (ways)
        };
        return Ok(page);
    }
    let ranked = Ranked { visit, currency, most: &most, least: &least };
    page.content = html! {
        (find(visit, &types))
        (ranked.tiles(&total, &before_list, &before_total))
        div.two {
            (ranked.scatter(&mut page.sheet))
            (ranked.losses(&mut page.sheet))
        }
        (everybody(visit, &mut page.sheet, currency, &zone, &list, sort))
    };
    Ok(page)
}

/// To the page of one customer.
pub(crate) async fn act(_: &Visit, form: &Form) -> Result<Done, Trouble> {
    let customer = form.some("customer").ok_or(Trouble::NotFound)?;
    let page: String = Target::new("customers").part(customer).into();
    Ok(Done::At(page, String::new()))
}

/// The field that leads to one customer, and the choice of an event type.
fn find(visit: &Visit, types: &Json) -> Markup {
    let event = visit.state.get("event").unwrap_or_default();
    html! {
        div.finds {
            form.find method="post" {
                input type="hidden" name="csrf" value=(visit.csrf);
                label { "Customer, by your own id" input name="customer" required maxlength="255" autocomplete="off"; }
                button { "Open" }
            }
            form.find method="get" {
                @for (name, value) in visit.state.all("").filter(|(name, _)| !matches!(*name, "event" | "cursor" | "csv" | "said")) {
                    input type="hidden" name=(name) value=(value);
                }
                label { "Used"
                    select name="event" {
                        option value="" { "anything" }
                        @for one in types.get("data").list() {
                            @let name = one.get("name").text();
                            option value=(name) selected[name == event] { (name) }
                        }
                    }
                }
                button { "Show" }
            }
        }
    }
}

/// The customers of the range, as they are ranked by revenue and by what they lose.
struct Ranked<'a> {
    visit: &'a Visit,
    currency: Currency,
    most: &'a Json,
    least: &'a Json,
}

impl Ranked<'_> {
    fn tiles(&self, total: &Json, before_list: &Json, before_total: &Json) -> Markup {
        let money = Unit::Money(self.currency);
        let recognised = |of: &Json| of.path("totals.recognised").sum();
        let (active, active_before) = (self.most.get("active").sum(), before_list.get("active").sum());
        let rows = self.most.get("data").list();
        let paying = self.most.get("paying").amount();
        let top: Amount = rows.iter().take(TOP).map(|row| row.get("recognised").sum()).sum();
        let revenue: Amount = recognised(total);
        let compared = match self.visit.state.compare() {
            crate::state::Compare::Previous => "vs the time before",
            crate::state::Compare::SameWeekdays => "vs the same weekdays before",
        };
        let per = |money: Amount, heads: Amount| money.share_of(heads);
        let tile = |name, unit, meaning, now, before, compared, href| {
            Tile { name, unit, meaning, now, before, unknown: "—", line: &[], compared, href }.show()
        };
        let level =
            |name, unit, meaning, now, says, href| Level { name, unit, meaning, now, says, href }.show();
        let here = || self.visit.state.with("sort", "-revenue");
        html! {
            div.tiles {
                (tile("Active customers", Unit::Count, Meaning::Neutral, Some(active), Some(active_before), compared, here()))
                (level("Paying customers", Unit::Count, Meaning::Neutral, paying, "brought in revenue", here()))
                (tile("Revenue per active", money, Meaning::Revenue, per(revenue, active), per(recognised(before_total), active_before), compared, self.visit.link("revenue")))
                (level("Revenue per paying", money, Meaning::Revenue, paying.and_then(|paying| per(revenue, paying)), "recognised, by paying customer", self.visit.link("revenue")))
                (level("Share of the top 10", Unit::Share, Meaning::Revenue, top.share_of(revenue), "of all revenue", here()))
                (level("Cost more than they pay", Unit::Count, Meaning::Cost, self.most.get("losing").amount(), "customers, by known costs", self.visit.state.with("sort", "contribution")))
            }
        }
    }

    fn scatter(&self, sheet: &mut Sheet) -> Markup {
        let (visit, money) = (self.visit, Unit::Money(self.currency));
        // Those who lose most are drawn in any case: they are what the chart is looked at for.
        let mut rows: Vec<&Json> = self.least.get("data").list().iter().filter(|row| is_loss(row)).collect();
        let known: HashSet<&str> = rows.iter().map(|row| row.get("customer").text()).collect();
        let most = self.most.get("data").list().iter();
        rows.extend(most.filter(|row| !known.contains(row.get("customer").text())));
        rows.retain(|row| row.get("cost").amount().is_some());
        if rows.is_empty() {
            return html! {
                section.chart #revenue-and-cost {
                    h2 { "Who costs more than they pay?" }
                    p.note { span.missing { "cost missing" } " of everything that was used: nobody can say. "
                        a href=(visit.link("costs")) { "Provider costs" } }
                }
            };
        }
        let points = rows.iter().map(|row| {
            let customer = row.get("customer").text();
            Point {
                name: if customer.is_empty() { "erased".into() } else { customer.to_owned() },
                x: row.get("recognised").sum(),
                y: row.get("cost").sum(),
                meaning: if is_loss(row) { Meaning::Cost } else { Meaning::Revenue },
                says: row
                    .get("contribution")
                    .amount()
                    .map_or_else(String::new, |amount| format!("Contribution: {}", money.exact(amount))),
                href: (!customer.is_empty()).then(|| visit.link_to("customers", customer)),
            }
        });
        let chart = Scatter {
            described: "Revenue and provider cost of each customer, with the line on which both are equal",
            points: points.collect(),
            unit: money,
            across: "Revenue",
            upwards: "Provider cost",
            diagonal: "cost = revenue",
        };
        let mut table = Table::new(vec![
            Column::text("Customer"),
            Column::number("Revenue"),
            Column::number("Cost"),
            Column::number("Contribution"),
        ]);
        for row in &rows {
            table.row(vec![
                customer_cell(visit, row.get("customer").text()),
                figure_cell(row, money, "recognised"),
                known_cell(row, money, "cost"),
                known_cell(row, money, "contribution"),
            ]);
        }
        let drawn = i128::try_from(rows.len()).unwrap_or_default();
        let is_all =
            Amount::whole(i64::try_from(rows.len()).unwrap_or_default()) == self.most.get("active").sum();
        sheet.figure(
            &visit.state,
            Figure {
                id: "revenue-and-cost",
                question: "Who costs more than they pay?",
                note: html! { p.note { "Above the line a customer costs more than they pay. "
                    @if is_all { "Everybody with events is drawn." }
                    @else { (say::plural(drawn, "customer is", "customers are")) " drawn, those of most revenue and those who lose most; one without a known cost is not." }
                } },
                plot: chart.draw(),
                table,
            },
        )
    }

    fn losses(&self, sheet: &mut Sheet) -> Markup {
        let money = Unit::Money(self.currency);
        let rows: Vec<&Json> =
            self.least.get("data").list().iter().filter(|row| is_loss(row)).take(LOSSES_SHOWN).collect();
        if rows.is_empty() {
            return html! { section.chart { h2 { "Where do we lose most?" } (note("Nobody cost more than they paid, as far as costs are known.")) } };
        }
        let mut table = Table::new(vec![
            Column::text("Customer"),
            Column::number("Revenue"),
            Column::number("Cost"),
            Column::number("Contribution"),
        ]);
        for row in rows {
            table.row(vec![
                customer_cell(self.visit, row.get("customer").text()),
                figure_cell(row, money, "recognised"),
                known_cell(row, money, "cost"),
                known_cell(row, money, "contribution"),
            ]);
        }
        let after = html! { p.note { a href=(self.visit.state.with("sort", "contribution")) { "All customers, the worst first" } } };
        sheet.table_with(&self.visit.state, "losses", "Where do we lose most?", table, &after)
    }
}

/// Whether somebody costs more than they pay, by what is known.
fn is_loss(row: &Json) -> bool {
    row.get("contribution").amount().is_some_and(Amount::is_negative)
}

/// The table of all of them.
fn everybody(
    visit: &Visit,
    sheet: &mut Sheet,
    currency: Currency,
    zone: &jiff::tz::TimeZone,
    list: &Json,
    sort: &str,
) -> Markup {
    let money = Unit::Money(currency);
    let by = |name: &str, order: &str| {
        Column::number(name).sorted_by(visit.state.with("sort", order), sort == order)
    };
    // Pressed again, the worst come first.
    let contribution = if sort == "-contribution" { "contribution" } else { "-contribution" };
    let mut table = Table::new(vec![
        Column::text("Customer"),
        by("Events", "-events"),
        by("Credits", "-credits"),
        by("Revenue", "-revenue"),
        by("Cost", "-cost"),
        Column::number("Contribution")
            .sorted_by(visit.state.with("sort", contribution), sort.ends_with("contribution"))
            .ascending(sort == "contribution"),
        Column::number("Margin"),
        Column::number("Balance"),
        Column::number("Lasts for"),
        Column::text("Last active"),
    ]);
    for row in list.get("data").list() {
        let last = row.get("last_active").text();
        table.row(vec![
            customer_cell(visit, row.get("customer").text()),
            figure_cell(row, Unit::Count, "events"),
            figure_cell(row, Unit::Credits, "credits_used"),
            figure_cell(row, money, "recognised"),
            known_cell(row, money, "cost"),
            known_cell(row, money, "contribution"),
            known_margin(row),
            figure_cell(row, Unit::Credits, "available"),
            lasts_cell(row),
            if last.is_empty() { Cell::None } else { Cell::Time(say::day(last, zone), last.to_owned()) },
        ]);
    }
    let question = match visit.state.get("event") {
        Some(event) => format!("Who used {event}?"),
        None => "Who used something?".to_owned(),
    };
    let after = html! {
        (pager(visit, list))
        p.note { "“Lasts for”: what is left, at the pace of the last four weeks; none where somebody was active on fewer than five days." }
    };
    sheet.table_with(&visit.state, "customers", &question, table, &after)
}

/// A margin; none, and not missing, where there was no revenue to have one of.
pub(crate) fn known_margin(row: &Json) -> Cell {
    if row.get("recognised").sum() == Amount::ZERO {
        return Cell::None;
    }
    known_cell(row, Unit::Share, "gross_margin")
}
