//! Are we OK? Six figures, what moved them, and what wants attention.

use maud::{Markup, html};

use super::groups::Groups;
use super::parts::{Pieces, customer_cell, figure_cell, known_cell, lasts_cell};
use super::{brief, first_minute};
use crate::api::Target;
use crate::charts::{Band, Bar, Form, Meaning, Series, TimeChart, bar_cell};
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Currency, Figure, Sheet, Table, Tile, Unit, note, tag};
use crate::page::{AsOf, Controls, Page};
use crate::trouble::Trouble;
use crate::visit::Visit;

/// Days within which a wallet that runs out is worth a look.
const RUN_OUT_DAYS: i64 = 7;
/// How many of them are listed.
const RUN_OUTS_SHOWN: usize = 8;
/// What an overview without events promises.
const WILL_BE_HERE: &str = "Here will be what was earned, what it cost and what is left, by day, by event type and by customer, and every \
                            Monday the answers to nine questions about the week.";
/// Customers, of those who use most, among whom such wallets are looked for.
const RUN_OUT_AMONG: &str = "200";

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let (span, now) = (visit.span(), Target::new);
    let before = span.before(visit.state.compare());
    let [by_time, total, total_before, books, mix, top, users_before, using, advice, week] = visit
        .all([
            span.ask_by_interval(now("/v1/margin")),
            span.ask_total(now("/v1/margin")),
            before.ask_total(now("/v1/margin")),
            span.ask_by_interval(now("/v1/revenue")),
            span.ask_by_interval(now("/v1/usage").with("group_by", "event")),
            span.ask(now("/v1/customers").with("limit", "10")),
            before.ask(now("/v1/customers").with("limit", "1")),
            now("/v1/customers").with("sort", "-credits").with("limit", RUN_OUT_AMONG),
            now("/v1/recommendations").with("status", "pending").with("limit", "3"),
            now("/v1/brief"),
        ])
        .await?;
    let (currency, zone) = Visit::terms(&by_time);
    let mut page = Page {
        title: "Overview".into(),
        controls: Controls::RangeAndCompare,
        as_of: Some(AsOf::of(&by_time, &zone)),
        ..Page::default()
    };
    let is_quiet = total.path("totals.events").sum() == Amount::ZERO;
    if is_quiet && first_minute::is_new(visit).await? {
        page.content = first_minute::nothing_yet(visit, WILL_BE_HERE);
        return Ok(page);
    }
    let pieces = Pieces::of(&by_time, visit, &zone);
    let marks = pieces.price_marks(visit, None).await?;
    let figures =
        Figures { visit, currency, by_time: &by_time, total: &total, before: &total_before, books: &books };
    page.content = html! {
        (brief::panel(visit, &week))
        (figures.tiles(&pieces, &top, &users_before))
        (figures.money(&mut page.sheet, &pieces, marks))
        div.two {
            (event_mix(visit, &mut page.sheet, &mix, &pieces))
            (top_customers(visit, &mut page.sheet, currency, &top))
        }
        div.two {
            (run_outs(visit, &mut page.sheet, &using))
            (open_advice(visit, &advice))
        }
        (health(visit, &total, &mix))
    };
    Ok(page)
}

struct Figures<'a> {
    visit: &'a Visit,
    currency: Currency,
    by_time: &'a Json,
    total: &'a Json,
    before: &'a Json,
    books: &'a Json,
}

impl Figures<'_> {
    fn tiles(&self, pieces: &Pieces, top: &Json, users_before: &Json) -> Markup {
        let money = Unit::Money(self.currency);
        let all = |field| pieces.finished(pieces.amounts(self.by_time, field, |_| true));
        let (now, before) = (self.total.get("totals"), self.before.get("totals"));
        let compared = match self.visit.state.compare() {
            crate::state::Compare::Previous => "vs the time before",
            crate::state::Compare::SameWeekdays => "vs the same weekdays before",
        };
        let deferred = pieces.finished(pieces.amounts(self.books, "deferred_closing", |_| true));
        let tile = |name, unit, meaning, field: &str, line, path: &str| {
            let amount = |of: &Json| {
                if of.get("events").sum() == Amount::ZERO { None } else { of.get(field).amount() }
            };
            Tile {
                name,
                unit,
                meaning,
                line,
                compared,
                now: now.get(field).amount(),
                before: amount(before),
                unknown: if now.get("events").sum() == Amount::ZERO { "—" } else { "cost missing" },
                href: self.visit.link(path),
            }
            .show()
        };
        let (revenue, cost) = (all("recognised"), all("cost"));
        let (margin, credits) = (all("gross_margin"), all("credits_used"));
        html! {
            div.tiles {
                (tile("Revenue", money, Meaning::Revenue, "recognised", &revenue, "revenue"))
                (tile("Provider cost", money, Meaning::Cost, "cost", &cost, "costs"))
                (tile("Gross margin", Unit::Share, Meaning::Margin, "gross_margin", &margin, "revenue"))
                (tile("Credits used", Unit::Credits, Meaning::Credits, "credits_used", &credits, "usage"))
                (Tile {
                    name: "Still owed", unit: money, meaning: Meaning::Neutral,
                    now: self.books.path("deferred.by_books").amount(),
                    before: pieces_first(self.books, "deferred_opening"),
                    unknown: "—", line: &deferred, compared: "vs the start of the range", href: self.visit.link("credits"),
                }.show())
                (Tile {
                    name: "Active customers", unit: Unit::Count, meaning: Meaning::Neutral,
                    now: top.get("active").amount(), before: users_before.get("active").amount(),
                    unknown: "—", line: &[], compared, href: self.visit.link("customers"),
                }.show())
            }
        }
    }

    fn money(&self, sheet: &mut Sheet, pieces: &Pieces, marks: Vec<crate::charts::Mark>) -> Markup {
        let money = Unit::Money(self.currency);
        let all = |field| pieces.amounts(self.by_time, field, |_| true);
        let (revenue, cost, margin) = (all("recognised"), all("cost"), all("gross_margin"));
        let table = pieces.table(
            vec![Column::number("Revenue"), Column::number("Provider cost"), Column::number("Gross margin")],
            |at| {
                vec![
                    Cell::some(money, revenue[at]),
                    Cell::known(money, cost[at], false),
                    Cell::some(Unit::Share, margin[at]),
                ]
            },
        );
        let chart = TimeChart {
            described: "Revenue and provider cost over time, and the margin between them",
            buckets: &pieces.buckets,
            band: Some(Band {
                name: "Margin".into(),
                meaning: Meaning::Margin,
                low: cost.clone(),
                high: revenue.clone(),
            }),
            series: vec![
                Series {
                    name: "Revenue".into(),
                    meaning: Meaning::Revenue,
                    amounts: revenue,
                    is_dashed: false,
                },
                Series {
                    name: "Provider cost".into(),
                    meaning: Meaning::Cost,
                    amounts: cost,
                    is_dashed: true,
                },
            ],
            form: Form::Lines,
            unit: money,
            marks,
        };
        sheet.figure(
            &self.visit.state,
            Figure {
                id: "revenue-and-cost",
                question: "Does what we earn stay above what it costs us?",
                note: note("The area between the lines is the margin. Price changes are marked."),
                plot: chart.draw(),
                table,
            },
        )
    }
}

fn pieces_first(report: &Json, field: &str) -> Option<Amount> {
    report.get("data").list().first()?.get(field).amount()
}

fn event_mix(visit: &Visit, sheet: &mut Sheet, mix: &Json, pieces: &Pieces) -> Markup {
    let groups = Groups::of(pieces, mix, "credits_used", "event", str::to_owned);
    let columns = groups.all.iter().map(|(_, series)| Column::number(series.name.clone())).collect();
    let table = pieces.table(columns, |at| {
        groups.all.iter().map(|(_, series)| Cell::some(Unit::Credits, series.amounts[at])).collect()
    });
    let legend = groups.legend_of_events(visit);
    let chart = TimeChart {
        described: "Share of each event type in the credits used",
        buckets: &pieces.buckets,
        series: groups.all.into_iter().map(|(_, series)| series).collect(),
        form: Form::Shares,
        unit: Unit::Credits,
        marks: Vec::new(),
        band: None,
    };
    sheet.figure(
        &visit.state,
        Figure {
            id: "event-mix",
            question: "What are credits used for?",
            note: legend,
            plot: chart.draw(),
            table,
        },
    )
}

fn top_customers(visit: &Visit, sheet: &mut Sheet, currency: Currency, top: &Json) -> Markup {
    let rows = top.get("data").list();
    let money = Unit::Money(currency);
    let longest = rows.iter().map(|row| row.get("recognised").sum()).max().unwrap_or_default();
    let mut table = Table::new(vec![
        Column::text("Customer"),
        Column::number("Revenue"),
        Column::text(""),
        Column::number("Cost"),
        Column::number("Margin"),
    ]);
    for row in rows {
        let revenue = row.get("recognised").sum();
        table.row(vec![
            customer_cell(visit, row.get("customer").text()),
            figure_cell(row, money, "recognised"),
            Cell::Drawn(
                bar_cell(&Bar { amount: revenue, longest, meaning: Meaning::Revenue }),
                String::new(),
            ),
            known_cell(row, money, "cost"),
            known_cell(row, Unit::Share, "gross_margin"),
        ]);
    }
    sheet.table(&visit.state, "top-customers", "Who brings in most?", table)
}

fn run_outs(visit: &Visit, sheet: &mut Sheet, using: &Json) -> Markup {
    let mut soon: Vec<(&Json, Amount)> = using
        .get("data")
        .list()
        .iter()
        .filter_map(|row| Some((row, row.get("days_to_empty").amount()?)))
        .filter(|(_, days)| *days <= Amount::whole(RUN_OUT_DAYS))
        .collect();
    soon.sort_by_key(|(_, days)| *days);
    if soon.is_empty() {
        return html! { section.chart { h2 { "Who runs out this week?" } p.note { "Nobody of those who use most." } } };
    }
    let mut table = Table::new(vec![
        Column::text("Customer"),
        Column::number("Credits left"),
        Column::number("Lasts for"),
    ]);
    for (row, _) in soon.iter().take(RUN_OUTS_SHOWN) {
        table.row(vec![
            customer_cell(visit, row.get("customer").text()),
            figure_cell(row, Unit::Credits, "available"),
            lasts_cell(row),
        ]);
    }
    let more = soon.len().saturating_sub(RUN_OUTS_SHOWN);
    let after = html! {
        @if more > 0 { p.note { (more) " more of those who use most: " a href=(visit.link("customers")) { "all customers" } "." } }
    };
    sheet.table_with(&visit.state, "run-outs", "Who runs out this week?", table, &after)
}

fn open_advice(visit: &Visit, advice: &Json) -> Markup {
    let cards = advice.get("data").list();
    html! {
        section.chart {
            h2 { "What should change?" }
            @if cards.is_empty() {
                p.note { "No open advice. " a href=(visit.link("advisor")) { "What the advisor looked at" } "." }
            }
            ul.cards {
                @for card in cards {
                    li {
                        p { a href=(visit.link_to("advisor", card.get("id").text())) { (card.get("title").text()) } " " (tag("sure", card.get("confidence").text())) }
                    }
                }
            }
        }
    }
}

/// Whether the data behind the figures is whole.
fn health(visit: &Visit, total: &Json, mix: &Json) -> Markup {
    let missing = total.path("totals.cost_missing").sum();
    let sum = |field: &str| -> Amount { mix.get("data").list().iter().map(|row| row.get(field).sum()).sum() };
    let (late, refused) = (sum("late_events"), sum("refused"));
    let item = |is_good: bool, good: &str, bad: String| html! { li { (tag(if is_good { "good" } else { "bad" }, if is_good { "OK" } else { "Look" })) " " @if is_good { (good) } @else { (bad) } } };
    html! {
        section.chart {
            h2 { "Is the data complete?" }
            ul.health {
                (item(missing == Amount::ZERO, "Every event says what it cost.", format!("{} of the events have no cost.", Unit::Share.short(missing))))
                (item(late == Amount::ZERO, "No event came late.", format!("{} events came more than an hour late.", Unit::Count.short(late))))
                (item(refused == Amount::ZERO, "No call was refused.", format!("{} calls were refused for want of credits.", Unit::Count.short(refused))))
            }
            p.note { a href=(visit.link("health")) { "Health and audit" } }
        }
    }
}
