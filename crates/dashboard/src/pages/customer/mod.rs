//! One customer: what they have, what they used, what they brought in and cost; and what can be done for them.

mod acts;
mod wallet;

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::customers::known_margin;
use super::groups::Groups;
use super::parts::{Pieces, event_cell, figure_cell, known_cell, one_event_cell};
use crate::api::Target;
use crate::charts::{Bar, Form, Meaning, TimeChart, bar_cell};
use crate::json::Json;
use crate::look::{
    Amount, Cell, Column, Currency, Figure, Level, Sheet, Table, Tile, Unit, empty, note, say,
};
use crate::page::{AsOf, Controls, Page};
use crate::state::Span;
use crate::trouble::Trouble;
use crate::visit::Visit;

pub(crate) use acts::act;

/// Lines that the chart of the balance is made of, the newest.
const LINES: &str = "120";
/// Lines on a page of the ledger.
const LEDGER_PAGE: &str = "25";
/// Orders and events that are listed, the newest.
const LISTED: &str = "10";

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let customer = visit.param("customer");
    let of_wallet = |part| Target::new("/v1/customers").part(customer).then(part);
    let wallet = visit.api.get(of_wallet("wallet")).await?;
    let mut page = Page {
        title: customer.to_owned(),
        up: Some(("Customers".into(), "customers".into())),
        ..Page::default()
    };
    if wallet.get("wallet_id").is_null() {
        page.content = unseen(visit, customer);
        return Ok(page);
    }
    let span = by_days(visit.span());
    let of = |route| Target::new(route).with("customer", customer);
    let [total, by_event, by_time, standing, lines, ledger] = visit
        .all([
            span.ask_total(of("/v1/margin")),
            span.ask_total(of("/v1/margin")).with("group_by", "event"),
            span.ask_by_interval(of("/v1/usage")),
            span.ask(of("/v1/customers")),
            of_wallet("ledger").with("limit", LINES),
            of_wallet("ledger").with("limit", LEDGER_PAGE).with_some("cursor", visit.state.get("cursor")),
        ])
        .await?;
    let [usage, before, orders, allowances, events] = visit
        .all([
            span.ask_by_interval(of("/v1/usage")).with("group_by", "event"),
            span.before(visit.state.compare()).ask_total(of("/v1/margin")),
            of("/v1/orders").with("limit", LISTED),
            of_wallet("allowances"),
            of("/v1/events").with("limit", LISTED),
        ])
        .await?;
    let (currency, zone) = Visit::terms(&total);
    page.controls = Controls::RangeAndCompare;
    page.as_of = Some(AsOf::of(&total, &zone));
    page.lead = wallet::standing(&wallet);
    let about = About { visit, customer, currency, zone: &zone };
    let sheet = &mut page.sheet;
    page.content = html! {
        (about.tiles(&wallet, total.get("totals"), before.get("totals"), &standing))
        div.two {
            (about.balance(sheet, &lines))
            (about.facts(&wallet, &standing))
        }
        (acts::forms(visit, customer, &wallet, &zone))
        (about.lots(sheet, &wallet))
        div.two {
            (about.usage_over_time(sheet, &by_time, &usage))
            (about.by_event(sheet, &by_event))
        }
        div.two {
            (about.orders(sheet, &orders))
            (about.allowances(sheet, &allowances))
        }
        (about.events(sheet, &events))
        (about.ledger(sheet, &ledger))
    };
    Ok(page)
}

/// Figures of single customers are kept by the day.
fn by_days(span: Span) -> Span {
    if span.interval == "hour" { Span { interval: "day", ..span } } else { span }
}

/// Somebody nothing was ever heard of.
fn unseen(visit: &Visit, customer: &str) -> Markup {
    html! {
        (empty("Nothing is known of this customer.", &html! {
            p { "Nobody of the id " b { (customer) } " used anything, was given credits or bought any here, or they were erased. "
                "A wallet is opened by the first event, grant or purchase. Ids are compared letter by letter." }
        }))
        (acts::first_grant(visit, customer))
    }
}

/// Who, and in what their figures are.
struct About<'a> {
    visit: &'a Visit,
    customer: &'a str,
    currency: Currency,
    zone: &'a TimeZone,
}

impl About<'_> {
    fn tiles(&self, wallet: &Json, total: &Json, before: &Json, standing: &Json) -> Markup {
        let money = Unit::Money(self.currency);
        let row = standing.get("data").list().first();
        let days = row.and_then(|row| row.get("days_to_empty").amount());
        let has_events = total.get("events").sum() > Amount::ZERO;
        let had_events = before.get("events").sum() > Amount::ZERO;
        let compared = match self.visit.state.compare() {
            crate::state::Compare::Previous => "vs the time before",
            crate::state::Compare::SameWeekdays => "vs the same weekdays before",
        };
        let tile = |name, unit, meaning, field: &str, href: &str| {
            let before = had_events.then(|| before.get(field).amount()).flatten();
            let unknown = if has_events { "cost missing" } else { "—" };
            let now = total.get(field).amount();
            Tile { name, unit, meaning, now, before, unknown, line: &[], compared, href: href.into() }.show()
        };
        let level = |name, unit, now, says, href: &str| {
            Level { name, unit, meaning: Meaning::Credits, now, says, href: href.into() }.show()
        };
        html! {
            div.tiles {
                (level("Available", Unit::Credits, wallet.get("available").amount(), "credits, now", "#balance"))
                @match days {
                    Some(Amount::ZERO) => (level("Lasts for", Unit::Days, None, "empty now", "#balance")),
                    days => (level("Lasts for", Unit::Days, days, "at the pace of four weeks", "#balance")),
                }
                (tile("Credits used", Unit::Credits, Meaning::Credits, "credits_used", "#usage"))
                (tile("Revenue", money, Meaning::Revenue, "recognised", "#by-event"))
                (tile("Provider cost", money, Meaning::Cost, "cost", "#by-event"))
                (tile("Contribution", money, Meaning::Margin, "contribution", "#by-event"))
            }
        }
    }

    fn usage_over_time(&self, sheet: &mut Sheet, by_time: &Json, usage: &Json) -> Markup {
        let pieces = Pieces::of(by_time, self.visit, self.zone);
        let groups = Groups::of(&pieces, usage, "credits_used", "event", str::to_owned);
        if groups.all.is_empty() {
            return html! { section.chart #usage { h2 { "When did they use credits?" } (note("Not in this range.")) } };
        }
        let table = groups.table(&pieces, Unit::Credits);
        let legend = groups.legend_of_events(self.visit);
        let chart = TimeChart {
            described: "Credits that the customer used over time, by event type",
            buckets: &pieces.buckets,
            series: groups.into_series(),
            form: Form::Columns,
            unit: Unit::Credits,
            marks: Vec::new(),
            band: None,
        };
        let figure = Figure {
            id: "usage",
            question: "When did they use credits, and for what?",
            note: legend,
            plot: chart.draw(),
            table,
        };
        sheet.figure(&self.visit.state, figure)
    }

    fn by_event(&self, sheet: &mut Sheet, report: &Json) -> Markup {
        let money = Unit::Money(self.currency);
        let mut rows: Vec<&Json> = report.get("data").list().iter().collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.get("credits_used").sum()));
        let longest = rows.iter().map(|row| row.get("credits_used").sum()).max().unwrap_or_default();
        let columns = vec![
            Column::text("Event"),
            Column::number("Events"),
            Column::number("Credits"),
            Column::text(""),
            Column::number("Revenue"),
            Column::number("Cost"),
            Column::number("Margin"),
        ];
        let mut table = Table::new(columns);
        for row in rows {
            let credits = Bar { amount: row.get("credits_used").sum(), longest, meaning: Meaning::Credits };
            table.row(vec![
                event_cell(self.visit, row.get("event").text()),
                figure_cell(row, Unit::Count, "events"),
                figure_cell(row, Unit::Credits, "credits_used"),
                Cell::Drawn(bar_cell(&credits), String::new()),
                figure_cell(row, money, "recognised"),
                known_cell(row, money, "cost"),
                known_margin(row),
            ]);
        }
        if table.rows.is_empty() {
            return html! { section.chart #by-event { h2 { "What did they use?" } (note("Nothing in this range.")) } };
        }
        sheet.table(&self.visit.state, "by-event", "What did they use?", table)
    }

    fn events(&self, sheet: &mut Sheet, events: &Json) -> Markup {
        let money = Unit::Money(self.currency);
        let may_act = acts::may_act(self.visit);
        let mut columns = vec![
            Column::text("When"),
            Column::text("Event"),
            Column::number("Quantity"),
            Column::number("Credits"),
            Column::number("Given back"),
            Column::number("Revenue"),
            Column::number("Cost"),
            Column::text("Id"),
        ];
        if may_act {
            columns.push(Column::text(""));
        }
        let mut table = Table::new(columns);
        for row in events.get("data").list() {
            let (id, credits, reversed) =
                (row.get("id").text(), row.get("credits").sum(), row.get("reversed").sum());
            let mut cells = vec![
                Cell::Time(
                    say::instant(row.get("occurred_at").text(), self.zone),
                    row.get("occurred_at").text().to_owned(),
                ),
                event_cell(self.visit, row.get("event").text()),
                figure_cell(row, Unit::Count, "quantity"),
                Cell::Amount(Unit::Credits, credits),
                if reversed == Amount::ZERO { Cell::None } else { Cell::Amount(Unit::Credits, reversed) },
                Cell::some(money, row.path("revenue.amount").amount()),
                Cell::known(money, row.path("cost.amount").amount(), false),
                one_event_cell(self.visit, id),
            ];
            if may_act {
                let words = if reversed < credits { "Reverse" } else { "" };
                cells.push(acts::leading(self.visit, "reverse", id, words));
            }
            table.row(cells);
        }
        if table.rows.is_empty() {
            return html! { section.chart #events { h2 { "What did they do last?" } (note("They never used anything.")) } };
        }
        sheet.table(&self.visit.state, "events", "What did they do last?", table)
    }
}
