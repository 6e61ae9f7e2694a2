//! What was earned, what it cost, what is left, and how the books move.

mod bridge;
mod bridges;

use chargly_engine::ledger::Millis;
use maud::{Markup, html};

use self::bridges::Both;
use super::first_minute;
use super::parts::{Pieces, event_cell, figure_cell, known_cell};
use crate::api::Target;
use crate::charts::{Dot, Form, Meaning, Series, Step, TimeChart, dots, waterfall};
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Currency, Figure, Sheet, Table, Tile, Unit, note};
use crate::page::{AsOf, Controls, Page};
use crate::state::Compare;
use crate::trouble::Trouble;
use crate::visit::Visit;

/// What the page promises where there is nothing yet.
const WILL_BE_HERE: &str = "Here will be what was earned by the credits that were used, what they cost you, the margin of each event \
                            type against your target, and why what is left moved.";
/// Event types that the steps to what is left show one by one.
const STEPS_MAX: usize = 6;

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let (span, route) = (visit.span(), Target::new);
    let before = span.before(visit.state.compare());
    let by_event = |target: &'static str| route(target).with("group_by", "event");
    // Customers are counted by whole local days, and so are the ranges made of them.
    let is_whole_days = visit.env.day_of(Millis(span.from)).start.0 == span.from;
    let ranged = by_event("/v1/margin").with_some("margin_range", is_whole_days.then_some("true"));
    let [by_time, by_event, before_by_event, used, used_before, books, settings] = visit
        .all([
            span.ask_by_interval(route("/v1/margin")),
            span.ask_total(ranged),
            before.ask_total(by_event("/v1/margin")),
            span.ask_total(by_event("/v1/usage")),
            before.ask_total(by_event("/v1/usage")),
            span.ask(route("/v1/revenue"))
                .with("interval", if span.interval == "hour" { "day" } else { span.interval }),
            route("/v1/settings"),
        ])
        .await?;
    let (currency, zone) = Visit::terms(&by_time);
    let pieces = Pieces::of(&by_time, visit, &zone);
    let marks = pieces.price_marks(visit, None).await?;
    let mut page = Page {
        title: "Revenue and margin".into(),
        lead: "Revenue is recognised when credits are used or lapse, at what was paid for them.".into(),
        controls: Controls::RangeAndCompare,
        as_of: Some(AsOf::of(&by_time, &zone)),
        ..Page::default()
    };
    let is_quiet = by_event.path("totals.events").sum() == Amount::ZERO
        && books.path("deferred.by_books").sum() == Amount::ZERO;
    if is_quiet && first_minute::is_new(visit).await? {
        page.content = first_minute::nothing_yet(visit, WILL_BE_HERE);
        return Ok(page);
    }
    let target = settings.get("target_margin").sum();
    let money = Unit::Money(currency);
    let contribution = pieces.amounts(&by_time, "contribution", |_| true);
    let margin = pieces.amounts(&by_time, "gross_margin", |_| true);
    let planned = pieces.amounts(&by_time, "planning_margin", |_| true);
    let table = pieces.table(
        vec![
            Column::number("Gross margin"),
            Column::number("Planning margin"),
            Column::number("Contribution"),
        ],
        |at| {
            vec![
                Cell::some(Unit::Share, margin[at]),
                Cell::some(Unit::Share, planned[at]),
                Cell::some(money, contribution[at]),
            ]
        },
    );
    let over_time = TimeChart {
        described: "Gross margin over time, against the target",
        buckets: &pieces.buckets,
        series: vec![
            Series {
                name: "Gross margin".into(),
                meaning: Meaning::Margin,
                amounts: margin,
                is_dashed: false,
            },
            Series {
                name: "Target".into(),
                meaning: Meaning::Neutral,
                amounts: vec![Some(target); pieces.buckets.len()],
                is_dashed: true,
            },
        ],
        form: Form::Lines,
        unit: Unit::Share,
        marks,
        band: None,
    };
    let tiles = tiles(visit, currency, &by_event, &before_by_event, &pieces, &by_time);
    let both = Both {
        margin_before: &before_by_event,
        margin_now: &by_event,
        usage_before: &used_before,
        usage_now: &used,
    };
    page.content = html! {
        (tiles)
        (page.sheet.figure(&visit.state, Figure {
            id: "margin-over-time",
            question: "Is the margin where it should be?",
            note: note("A day without revenue has no margin, and no line. Price changes are marked."),
            plot: over_time.draw(),
            table,
        }))
        div.two {
            (by_type(visit, &mut page.sheet, currency, &by_event, target))
            (steps(visit, &mut page.sheet, currency, &by_event))
        }
        (bridges::show(visit, &mut page.sheet, currency, &both))
        (roll_forward(visit, &mut page.sheet, currency, &books))
    };
    Ok(page)
}

fn tiles(
    visit: &Visit,
    currency: Currency,
    total: &Json,
    before: &Json,
    pieces: &Pieces,
    by_time: &Json,
) -> Markup {
    let money = Unit::Money(currency);
    let (now, before) = (total.get("totals"), before.get("totals"));
    let compared = match visit.state.compare() {
        Compare::Previous => "vs the time before",
        Compare::SameWeekdays => "vs the same weekdays before",
    };
    let nothing = now.get("events").sum() == Amount::ZERO;
    let tile = |name, unit, meaning, field: &str, path: &str| {
        let line = pieces.finished(pieces.amounts(by_time, field, |_| true));
        Tile {
            name,
            unit,
            meaning,
            compared,
            line: &line,
            now: now.get(field).amount(),
            before: before.get(field).amount().filter(|_| before.get("events").sum() != Amount::ZERO),
            unknown: if nothing { "—" } else { "cost missing" },
            href: visit.link(path),
        }
        .show()
    };
    html! {
        div.tiles {
            (tile("Revenue", money, Meaning::Revenue, "recognised", "revenue"))
            (tile("Provider cost", money, Meaning::Cost, "cost", "costs"))
            (tile("What is left", money, Meaning::Margin, "contribution", "revenue"))
            (tile("Gross margin", Unit::Share, Meaning::Margin, "gross_margin", "revenue"))
            (tile("Planning margin", Unit::Share, Meaning::Margin, "planning_margin", "pricing"))
            (tile("Cost of refused work", money, Meaning::Cost, "unbilled_cost", "health"))
        }
    }
}

fn by_type(visit: &Visit, sheet: &mut Sheet, currency: Currency, report: &Json, target: Amount) -> Markup {
    let money = Unit::Money(currency);
    let rows: Vec<&Json> = used(report);
    let estimated: Amount = rows.iter().map(|row| row.get("cost_estimated").sum()).sum();
    let mut table = Table::new(vec![
        Column::text("Event type"),
        Column::number("Events"),
        Column::number("Revenue"),
        Column::number("Cost"),
        Column::number("Gross margin"),
        Column::number("From"),
        Column::number("To"),
        Column::number("Costs missing"),
        Column::number("Costs estimated"),
        Column::number("Planning margin"),
    ]);
    let mut drawn = Vec::new();
    for row in rows {
        let name = row.get("event").text();
        table.row(vec![
            event_cell(visit, name),
            figure_cell(row, Unit::Count, "events"),
            figure_cell(row, money, "recognised"),
            known_cell(row, money, "cost"),
            known_cell(row, Unit::Share, "gross_margin"),
            figure_cell(row, Unit::Share, "margin_low"),
            figure_cell(row, Unit::Share, "margin_high"),
            figure_cell(row, Unit::Share, "cost_missing"),
            figure_cell(row, Unit::Share, "cost_estimated_share"),
            known_cell(row, Unit::Share, "planning_margin"),
        ]);
        let range = row.get("margin_low").amount().zip(row.get("margin_high").amount());
        drawn.push(Dot {
            name: name.to_owned(),
            amount: row.get("gross_margin").amount(),
            range,
            is_at_best: row.get("upper_bound").is_true(),
            meaning: Meaning::Margin,
            href: Some(visit.link_to("events", name)),
        });
    }
    sheet.figure(
        &visit.state,
        Figure {
            id: "margin-by-type",
            question: "Which event types earn their keep?",
            note: html! {
                p.note {
                    "Gross margin, against the target. "
                    @if drawn.iter().any(|dot| dot.range.is_some()) {
                        "The bar around a dot: with as many other customers like these it would be within, 9 times in 10; with fewer than 20 nothing is said. "
                    }
                    @if drawn.iter().any(|dot| dot.is_at_best && dot.amount.is_some()) {
                        "“≤”: some costs are missing, so it can only be less. "
                    }
                    @if estimated > Amount::ZERO { "Some costs are estimates: the table says how many." }
                }
            },
            plot: dots(
                "Gross margin of each event type",
                Unit::Share,
                &drawn,
                Some((target, "target")),
                "cost missing",
            ),
            table,
        },
    )
}

/// Rows of event types that were used, the largest first.
fn used(report: &Json) -> Vec<&Json> {
    let mut rows: Vec<&Json> = report
        .get("data")
        .list()
        .iter()
        .filter(|row| !row.get("event").text().is_empty() && row.get("events").sum() != Amount::ZERO)
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.get("recognised").sum()));
    rows
}

fn steps(visit: &Visit, sheet: &mut Sheet, currency: Currency, report: &Json) -> Markup {
    let money = Unit::Money(currency);
    let totals = report.get("totals");
    let mut rows = used(report);
    rows.sort_by_key(|row| std::cmp::Reverse(row.get("cost").sum()));
    let mut steps = vec![level("Revenue", totals.get("recognised").sum(), Meaning::Revenue)];
    let minus = |amount: Amount| Amount::ZERO.less(amount);
    for row in rows.iter().take(STEPS_MAX) {
        steps.push(Step {
            name: row.get("event").text().to_owned(),
            amount: minus(row.get("cost").sum()),
            meaning: Meaning::Cost,
            is_level: false,
            href: Some(visit.link_to("events", row.get("event").text())),
        });
    }
    let others: Amount = rows.iter().skip(STEPS_MAX).map(|row| row.get("cost").sum()).sum();
    if others != Amount::ZERO {
        steps.push(Step {
            name: "all others".into(),
            amount: minus(others),
            meaning: Meaning::Cost,
            is_level: false,
            href: None,
        });
    }
    let left = totals.get("contribution").amount();
    if let Some(left) = left {
        steps.push(level("Left", left, Meaning::Margin));
    }
    let mut table = Table::new(vec![Column::text("Step"), Column::number("Amount")]);
    for step in &steps {
        table.row(vec![Cell::text(step.name.clone()), Cell::Amount(money, step.amount)]);
    }
    sheet.figure(
        &visit.state,
        Figure {
            id: "from-revenue-to-left",
            question: "What eats the revenue?",
            note: html! {
                p.note { "Provider cost of each event type, the largest first."
                    @if left.is_none() { " No event says what it cost: what is left is not known." } }
            },
            plot: waterfall("From revenue through provider cost to what is left", money, &steps),
            table,
        },
    )
}

fn level(name: &str, amount: Amount, meaning: Meaning) -> Step {
    Step { name: name.into(), amount, meaning, is_level: true, href: None }
}

/// Opening + sales − recognised − refunds = closing, by the day of recording.
fn roll_forward(visit: &Visit, sheet: &mut Sheet, currency: Currency, books: &Json) -> Markup {
    let (_, zone) = Visit::terms(books);
    let money = Unit::Money(currency);
    let pieces = Pieces::of(books, visit, &zone);
    let rows = books.get("data").list();
    let columns = [
        ("Owed before", "deferred_opening"),
        ("Sold", "cash_sales"),
        ("Recognised", "recognised_booked"),
        ("Refunded", "refunds"),
        ("Owed after", "deferred_closing"),
    ];
    let table = pieces.table(columns.iter().map(|(name, _)| Column::number(*name)).collect(), |at| {
        columns.iter().map(|(_, field)| figure_cell(&rows[at], money, field)).collect()
    });
    sheet.table_with(&visit.state, "roll-forward", "How does what we owe move?", table,
        &note("By when it was recorded: a closed day never changes. Owed before + sold − recognised − refunded = owed after."))
}
