//! The credits that are left, lot by lot: how old they are, when they end, and how much of each month's is used up.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::charts::{Meaning, Stack, stacks};
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Currency, Figure, Sheet, Table, Unit, empty, note, say};
use crate::pages::parts::legend;
use crate::visit::Visit;

/// Months that are shown, the newest first.
const MONTHS_MAX: usize = 24;
/// Kinds of lots: as the API names them, and as people do.
const KINDS: [(&str, &str); 3] =
    [("paid", "Paid"), ("promotional", "Promotional"), ("adjustment", "Adjustments")];
const AGES: [(&str, &str); 5] = [
    ("under_30d", "under 30 d"),
    ("under_90d", "30–90 d"),
    ("under_180d", "90–180 d"),
    ("under_365d", "180–365 d"),
    ("older", "over 1 year"),
];
const ENDS: [(&str, &str); 6] = [
    ("over", "ended (held)"),
    ("under_7d", "under 7 d"),
    ("under_30d", "7–30 d"),
    ("under_90d", "30–90 d"),
    ("later", "over 90 d"),
    ("never", "never"),
];

/// What is owed by age, and by when it ends.
pub(super) fn owed(visit: &Visit, sheet: &mut Sheet, currency: Currency, ages: &Json, ends: &Json) -> Markup {
    if ages.path("totals.lots").sum() == Amount::ZERO {
        return html! {};
    }
    let ages = Cut {
        report: ages,
        id: "liability-by-age",
        question: "How old are the credits that are left?",
        buckets: &AGES,
        words: "Since they were bought or given. Credits that lie for long are owed, and perhaps forgotten.",
    };
    let ends = Cut {
        report: ends,
        id: "liability-by-expiry",
        question: "When do they end?",
        buckets: &ENDS,
        words: "What is not used until then lapses, and its price is recognised.",
    };
    html! { div.two { (ages.show(visit, sheet, currency)) (ends.show(visit, sheet, currency)) } }
}

/// One way to tell lots apart.
struct Cut<'a> {
    report: &'a Json,
    id: &'static str,
    question: &'static str,
    /// As the API names them, and as people do.
    buckets: &'a [(&'static str, &'static str)],
    words: &'static str,
}

impl Cut<'_> {
    fn show(&self, visit: &Visit, sheet: &mut Sheet, currency: Currency) -> Markup {
        let Self { report, id, question, buckets, words } = *self;
        let money = Unit::Money(currency);
        let mut columns = vec![Column::text("Credits")];
        columns.extend(KINDS.map(|(_, name)| Column::number(name)));
        columns.extend([Column::number("Deferred revenue"), Column::number("Lots")]);
        let (mut table, mut rows) = (Table::new(columns), Vec::new());
        for (bucket, name) in buckets {
            let found = |kind: &str, field: &str| of_row(report, "bucket", bucket, kind).get(field).sum();
            let amounts = KINDS.map(|(kind, _)| found(kind, "credits"));
            let deferred: Amount = KINDS.iter().map(|(kind, _)| found(kind, "deferred")).sum();
            let lots: Amount = KINDS.iter().map(|(kind, _)| found(kind, "lots")).sum();
            let mut row = vec![Cell::text(*name)];
            row.extend(amounts.map(|amount| Cell::Amount(Unit::Credits, amount)));
            row.extend([Cell::Amount(money, deferred), Cell::Amount(Unit::Count, lots)]);
            table.row(row);
            let sum: Amount = amounts.iter().copied().sum();
            let says = match (sum == Amount::ZERO, deferred == Amount::ZERO) {
                (true, _) => String::new(),
                (false, true) => Unit::Credits.short(sum),
                (false, false) => format!("{} · {}", Unit::Credits.short(sum), money.short(deferred)),
            };
            rows.push(Stack { name: (*name).to_owned(), amounts: amounts.to_vec(), says });
        }
        let parts = parts();
        sheet.figure(
            &visit.state,
            Figure {
                id,
                question,
                note: html! {
                    (note(words))
                    (note("Behind each bar: credits, and the revenue that is still to come from them."))
                    (legend(&parts.map(|(name, meaning)| (name.to_owned(), meaning))))
                },
                plot: stacks(question, Unit::Credits, &parts, &rows),
                table,
            },
        )
    }
}

/// What bars are put together from. Bought ones have the colour of credits; what was given has others.
fn parts() -> [(&'static str, Meaning); KINDS.len()] {
    [(KINDS[0].1, Meaning::Credits), (KINDS[1].1, Meaning::Category(3)), (KINDS[2].1, Meaning::Category(5))]
}

/// The row of a bucket or month, of one kind; null where there is none.
fn of_row<'a>(report: &'a Json, field: &str, bucket: &str, kind: &str) -> &'a Json {
    let is_it = |row: &&Json| row.get(field).text() == bucket && row.get("kind").text() == kind;
    report.get("data").list().iter().find(is_it).unwrap_or(&Json::Null)
}

/// Of what came in each month: how much is gone, and how much is left.
pub(super) fn cohorts(
    visit: &Visit,
    sheet: &mut Sheet,
    currency: Currency,
    report: &Json,
    zone: &TimeZone,
) -> Markup {
    let kind = visit.state.one_of("lots", &KINDS.map(|(kind, _)| kind));
    let rows: Vec<&Json> = report
        .get("data")
        .list()
        .iter()
        .rev()
        .filter(|row| row.get("kind").text() == kind && row.get("granted").sum() != Amount::ZERO)
        .collect();
    let question = "How much of each month's credits is left?";
    let choice = html! {
        p.note.choice {
            @for (known, name) in KINDS {
                @if known == kind { b { (name) } } @else { a href={ (visit.state.with("lots", known)) "#cohorts" } { (name) } } " "
            }
        }
    };
    if rows.is_empty() {
        return empty(question, &html! { (choice) (note("No credits of this kind came in yet.")) });
    }
    let money = Unit::Money(currency);
    let mut table = Table::new(vec![
        Column::text("Month"),
        Column::number("Came in"),
        Column::number("Gone"),
        Column::number("Left"),
        Column::number("Share left"),
        Column::number("Deferred revenue"),
    ]);
    let mut drawn = Vec::new();
    for row in rows.iter().take(MONTHS_MAX) {
        let month = row.get("month").text();
        let (granted, left) = (row.get("granted").sum(), row.get("credits").sum());
        let gone = granted.less(left);
        let share = left.share_of(granted).unwrap_or_default();
        let name = say::at(month, zone, "%b %Y");
        table.row(vec![
            Cell::Time(name.clone(), month.to_owned()),
            Cell::Amount(Unit::Credits, granted),
            Cell::Amount(Unit::Credits, gone),
            Cell::Amount(Unit::Credits, left),
            Cell::Amount(Unit::Share, share),
            Cell::some(money, row.get("deferred").amount()),
        ]);
        drawn.push(Stack {
            name,
            amounts: vec![Amount::whole(1).less(share), share],
            says: format!("{} left", Unit::Share.short(share)),
        });
    }
    let parts = [("Gone", Meaning::Neutral), ("Left", Meaning::Credits)];
    sheet.figure(
        &visit.state,
        Figure {
            id: "cohorts",
            question,
            note: html! {
                (note("Of the credits that came in each month, the share that is gone (used, lapsed or taken back) and what is left now."))
                (choice)
                (legend(&parts.map(|(name, meaning)| (name.to_owned(), meaning))))
                @if rows.len() > MONTHS_MAX { (note("The newest 24 months.")) }
            },
            plot: stacks(question, Unit::Share, &parts, &drawn),
            table,
        },
    )
}
