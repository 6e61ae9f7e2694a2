//! Credits that were sold or given and are still to be served, and how they move.

mod burn_down;
mod lots;

use maud::{Markup, html};

use super::first_minute;
use super::parts::Pieces;
use crate::api::Target;
use crate::charts::{Bar, Form, Meaning, Series, TimeChart, bar_cell};
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Currency, Figure, Sheet, Table, Unit, fact, note, tag};
use crate::page::{AsOf, Controls, Page};
use crate::trouble::Trouble;
use crate::visit::Visit;

/// Kinds of credits, and their fields.
const KINDS: [(&str, &str); 3] =
    [("Paid", "paid"), ("Promotional", "promotional"), ("Adjustments", "adjustment")];
/// What the page promises where there is nothing yet.
const WILL_BE_HERE: &str = "Here will be the credits that customers have and have not used, how old they are and when they end, what \
                            serving them will cost you, and how fast what you sell is used up.";

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let (span, route) = (visit.span(), Target::new);
    let interval = if span.interval == "hour" { "day" } else { span.interval };
    let owed_by = |by| route("/v1/liability").with("by", by);
    let [books, usage, margin, ages, ends, months] = visit
        .all([
            span.ask(route("/v1/revenue")).with("interval", interval),
            span.ask(route("/v1/usage")).with("interval", interval),
            span.ask_total(route("/v1/margin")),
            owed_by("age"),
            owed_by("expiry"),
            owed_by("month"),
        ])
        .await?;
    let (currency, zone) = Visit::terms(&books);
    let pieces = Pieces::of(&books, visit, &zone);
    let mut page = Page {
        title: "Credits".into(),
        lead: "What customers have paid for or were given, and have not used yet.".into(),
        controls: Controls::Range,
        as_of: Some(AsOf::of(&books, &zone)),
        ..Page::default()
    };
    let is_quiet = books.path("deferred.by_books").sum() == Amount::ZERO
        && KINDS.iter().all(|(_, field)| books.get("liability").get(field).sum() == Amount::ZERO)
        && margin.path("totals.events").sum() == Amount::ZERO;
    if is_quiet && first_minute::is_new(visit).await? {
        page.content = first_minute::nothing_yet(visit, WILL_BE_HERE);
        return Ok(page);
    }
    let curves = burn_down::show(visit, &mut page.sheet, burn_down::facts_of(&books)).await?;
    page.content = html! {
        div.two {
            (owed(visit, &mut page.sheet, &books))
            (serving(currency, &books, &margin))
        }
        (lots::owed(visit, &mut page.sheet, currency, &ages, &ends))
        (lots::cohorts(visit, &mut page.sheet, currency, &months, &zone))
        (curves)
        (flows(visit, &mut page.sheet, currency, &books, &pieces))
        (deferred(visit, &mut page.sheet, currency, &books, &pieces))
        (used(visit, &mut page.sheet, &usage))
    };
    Ok(page)
}

fn owed(visit: &Visit, sheet: &mut Sheet, books: &Json) -> Markup {
    let liability = books.get("liability");
    let longest = KINDS.iter().map(|(_, field)| liability.get(field).sum()).max().unwrap_or_default();
    let mut table = Table::new(vec![Column::text("Kind"), Column::number("Credits left"), Column::text("")]);
    for (name, field) in KINDS {
        let amount = liability.get(field).sum();
        table.row(vec![
            Cell::text(name),
            Cell::Amount(Unit::Credits, amount),
            Cell::Drawn(bar_cell(&Bar { amount, longest, meaning: Meaning::Credits }), String::new()),
        ]);
    }
    table.row(vec![
        Cell::text("Owed by customers"),
        Cell::Amount(Unit::Credits, liability.get("debt").sum()),
        Cell::None,
    ]);
    sheet.table_with(&visit.state, "liability", "How many credits are still out?", table,
        &note("As they are now, or were at most ten seconds ago. Debt is what customers used beyond what they had."))
}

fn serving(currency: Currency, books: &Json, margin: &Json) -> Markup {
    let money = Unit::Money(currency);
    let liability = books.get("liability");
    let left: Amount =
        ["paid", "promotional", "adjustment"].iter().map(|kind| liability.get(kind).sum()).sum();
    let totals = margin.get("totals");
    let (cost, used) = (totals.get("cost").amount(), totals.get("credits_used").sum());
    // The same mix of use as in the range.
    let each = cost.and_then(|cost| cost.share_of(used));
    let to_serve =
        each.and_then(|each| left.0.checked_mul(each.0).map(|cost| Amount(cost / crate::look::UNIT)));
    let deferred = books.get("deferred");
    let agrees = deferred.get("agrees").is_true();
    html! {
        section.chart {
            h2 { "What will serving them cost?" }
            dl.facts {
                (fact("Credits left", &html! { (Unit::Credits.in_words(left)) }))
                (fact("A credit costs us, in this range", &html! { (each.map_or_else(|| "cost missing".to_owned(), |each| money.short(each))) }))
                (fact("Serving all of them", &html! { b { (to_serve.map_or_else(|| "cost missing".to_owned(), |cost| money.short(cost))) } }))
                (fact("Revenue still to come from them", &html! { b { (money.short(deferred.get("by_books").sum())) } }))
                (fact("Worked out twice", &html! {
                    @if agrees { (tag("good", "books and lots agree")) } @else { (tag("bad", "books and lots differ")) }
                }))
            }
            (note("At the mix of this range: what the credits used in it cost us, for each credit. Deferred revenue is counted once from all sales and once from every lot."))
        }
    }
}

fn flows(visit: &Visit, sheet: &mut Sheet, currency: Currency, books: &Json, pieces: &Pieces) -> Markup {
    let money = Unit::Money(currency);
    let all = |field| pieces.amounts(books, field, |_| true);
    let minus = |amounts: Vec<Option<Amount>>| -> Vec<Option<Amount>> {
        amounts.into_iter().map(|amount| amount.map(|amount| Amount::ZERO.less(amount))).collect()
    };
    let (sold, recognised, refunds) =
        (all("cash_sales"), minus(all("recognised_booked")), minus(all("refunds")));
    let table = pieces.table(
        vec![Column::number("Sold"), Column::number("Recognised"), Column::number("Refunded")],
        |at| {
            vec![
                Cell::some(money, sold[at]),
                Cell::some(money, recognised[at]),
                Cell::some(money, refunds[at]),
            ]
        },
    );
    let series =
        |name: &str, meaning, amounts| Series { name: name.into(), meaning, amounts, is_dashed: false };
    let chart = TimeChart {
        described: "Credits sold, above zero; recognised and refunded, below zero",
        buckets: &pieces.buckets,
        series: vec![
            series("Sold", Meaning::Category(1), sold),
            series("Recognised", Meaning::Revenue, recognised),
            series("Refunded", Meaning::Category(3), refunds),
        ],
        form: Form::Columns,
        unit: money,
        marks: Vec::new(),
        band: None,
    };
    let names = [
        ("Sold", Meaning::Category(1)),
        ("Recognised (used or lapsed)", Meaning::Revenue),
        ("Refunded", Meaning::Category(3)),
    ];
    let legend = super::parts::legend(&names.map(|(name, meaning)| (name.to_owned(), meaning)));
    sheet.figure(
        &visit.state,
        Figure {
            id: "flows",
            question: "What came in, and what went out?",
            note: html! { (legend) },
            plot: chart.draw(),
            table,
        },
    )
}

fn deferred(visit: &Visit, sheet: &mut Sheet, currency: Currency, books: &Json, pieces: &Pieces) -> Markup {
    let money = Unit::Money(currency);
    let closing = pieces.amounts(books, "deferred_closing", |_| true);
    let table =
        pieces.table(vec![Column::number("Deferred revenue")], |at| vec![Cell::some(money, closing[at])]);
    let chart = TimeChart {
        described: "Deferred revenue at the end of each piece of time",
        buckets: &pieces.buckets,
        series: vec![Series {
            name: "Deferred revenue".into(),
            meaning: Meaning::Neutral,
            amounts: closing,
            is_dashed: false,
        }],
        form: Form::Steps,
        unit: money,
        marks: Vec::new(),
        band: None,
    };
    sheet.figure(
        &visit.state,
        Figure {
            id: "deferred",
            question: "How much is paid for and not served yet?",
            note: note("Sold, and neither recognised nor refunded, at the end of each piece of time."),
            plot: chart.draw(),
            table,
        },
    )
}

fn used(visit: &Visit, sheet: &mut Sheet, usage: &Json) -> Markup {
    let (_, zone) = Visit::terms(usage);
    let pieces = Pieces::of(usage, visit, &zone);
    let (credits, uncharged) =
        (pieces.amounts(usage, "credits_used", |_| true), pieces.amounts(usage, "uncharged", |_| true));
    let table = pieces.table(vec![Column::number("Used"), Column::number("Used, not charged")], |at| {
        vec![Cell::some(Unit::Credits, credits[at]), Cell::some(Unit::Credits, uncharged[at])]
    });
    let chart = TimeChart {
        described: "Credits used over time",
        buckets: &pieces.buckets,
        series: vec![
            Series { name: "Used".into(), meaning: Meaning::Credits, amounts: credits, is_dashed: false },
            Series {
                name: "Used, not charged".into(),
                meaning: Meaning::Category(5),
                amounts: uncharged,
                is_dashed: false,
            },
        ],
        form: Form::Columns,
        unit: Unit::Credits,
        marks: Vec::new(),
        band: None,
    };
    sheet.figure(
        &visit.state,
        Figure {
            id: "used",
            question: "How many credits are used?",
            note: note("Used, not charged: work that was recorded although the wallet could not pay."),
            plot: chart.draw(),
            table,
        },
    )
}
