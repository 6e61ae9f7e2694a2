//! What price changes did: what happened, what would have happened without them, and how far that can be believed.

use jiff::civil::Date;
use maud::{Markup, html};

use super::parts::{Pieces, event_cell, legend};
use super::pricing::price_link;
use crate::api::Target;
use crate::charts::{Band, Dumbbell, Form, Lane, Meaning, Series, Shape, Spot, TimeChart};
use crate::json::Json;
use crate::look::{
    Amount, Cell, Column, Currency, Figure, Sheet, Table, UNIT, Unit, empty, fact, note, say, tag,
};
use crate::page::{AsOf, Page};
use crate::state::zone_of;
use crate::trouble::Trouble;
use crate::visit::Visit;

/// Days of a whole window after a change.
const WINDOW_DAYS: i64 = 28;

macro_rules! ids {
    ($($number:literal)*) => { [$((concat!("days-", $number), concat!("change-", $number))),*] };
}

/// Names of the charts of each change; the API tells of 20 at most.
const IDS: [(&str, &str); 20] = ids!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20);

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let target = Target::new("/v1/price-impact").with_some("event", visit.state.get("event"));
    let report = visit.api.get(target).await?;
    let (currency, zone) = Visit::terms(&report);
    let mut page = Page {
        title: "Price impact".into(),
        lead: "What each price change did, compared with event types whose price stayed.".into(),
        as_of: Some(AsOf::of(&report, &zone)),
        ..Page::default()
    };
    let rows = report.get("data").list();
    if rows.is_empty() {
        page.content = empty(
            "No price change to look at.",
            &html! {
                p { "Here stands every version that took another's place and changed what a unit costs: before and after at once, an estimate of what it caused after 17 days." }
                p { a.button href=(visit.link("pricing")) { "See prices" } }
            },
        );
        return Ok(page);
    }
    let mut shown = Vec::new();
    for (row, ids) in rows.iter().zip(IDS) {
        shown.push(Change { visit, row, currency, ids }.show(&mut page.sheet).await?);
    }
    let overview = all_changes(visit, &mut page.sheet, currency, rows);
    page.content = html! {
        @if visit.state.get("event").is_none() { (only_one(visit, rows)) (overview) }
        @for change in &shown { (change) }
    };
    Ok(page)
}

/// Where several types changed: the changes of one alone.
fn only_one(visit: &Visit, rows: &[Json]) -> Markup {
    let mut events: Vec<&str> = rows.iter().map(|row| row.get("event").text()).collect();
    events.sort_unstable();
    events.dedup();
    html! {
        @if events.len() > 1 {
            nav.ranges aria-label="Event type" {
                a href=(visit.state.with("event", "")) aria-current="true" { "All" }
                @for event in events { a href=(visit.state.with("event", event)) { (event) } }
            }
        }
    }
}

/// Every change in a row.
fn all_changes(visit: &Visit, sheet: &mut Sheet, currency: Currency, rows: &[Json]) -> Markup {
    let mut table = Table::new(vec![
        Column::text("Event type"),
        Column::number("Version"),
        Column::text("Since"),
        Column::number("Before"),
        Column::number("After"),
        Column::text("Units because of it"),
        Column::text("Margin because of it"),
        Column::text("Verdict"),
    ]);
    for row in rows {
        let (kind, words, _) = verdict(row);
        let money = Unit::Money(currency);
        table.row(vec![
            event_cell(visit, row.get("event").text()),
            Cell::some(Unit::Count, row.get("version").amount()),
            Cell::Time(
                say::day(row.get("effective_at").text(), &zone_of("UTC")),
                row.get("effective_at").text().to_owned(),
            ),
            Cell::some(Unit::Credits, row.get("credits_per_unit_before").amount()),
            Cell::some(Unit::Credits, row.get("credits_per_unit_after").amount()),
            range_cell(row, "effect_on_units", Unit::Share),
            range_cell(row, "margin_gain", money),
            Cell::Drawn(tag(kind, words), words.to_owned()),
        ]);
    }
    sheet.table(&visit.state, "changes", "Which price changes are told here?", table)
}

/// `from −22.1 % to −11.9 %`, or nothing while it is too early.
fn range(row: &Json, field: &str, unit: Unit) -> Option<String> {
    let end = |which: &str| row.get(&format!("{field}_{which}")).amount();
    let (low, high) = (end("low")?, end("high")?);
    // What would have been is no change, and has no sign.
    let said = |amount| {
        if field.ends_with("without_change") {
            signed(unit, amount).replace('+', "")
        } else {
            signed(unit, amount)
        }
    };
    Some(format!("{} to {}", said(low), said(high)))
}

fn signed(unit: Unit, amount: Amount) -> String {
    let sign = if amount > Amount::ZERO { "+" } else { "" };
    // Estimates of money are whole: coins would look exact.
    format!("{sign}{}", unit.short(amount).replace(".00", ""))
}

fn range_cell(row: &Json, field: &str, unit: Unit) -> Cell {
    let exact = |which: &str| row.get(&format!("{field}_{which}")).sum().exact();
    range(row, field, unit).map_or(Cell::None, |shown| {
        Cell::Drawn(html! { (shown) }, format!("from {} to {}", exact("low"), exact("high")))
    })
}

/// The kind of its tag, its words, and the sentence.
fn verdict(row: &Json) -> (&'static str, &'static str, String) {
    if row.get("status").text() == "too_early" {
        return (
            "wait",
            "too early",
            "It is too early to say what it caused. What happened is told below.".to_owned(),
        );
    }
    let because = match row.get("claim").text() {
        "margin_rose" => "Margin rose because of the change",
        "margin_fell" => "Margin fell because of the change",
        _ => {
            return (
                "over",
                "no verdict",
                "Nothing can be said about margin: too many costs are missing.".to_owned(),
            );
        }
    };
    let sure = row.get("probability").amount().map(|share| share.0 * 100 / UNIT).unwrap_or_default();
    let sentence = format!("{because}: {} confidence, about {sure} in 100.", row.get("confidence").text());
    match (row.get("claim").text(), row.get("confidence").text()) {
        (_, "low") => ("over", "unclear", sentence),
        ("margin_rose", _) => ("good", "margin rose", sentence),
        _ => ("bad", "margin fell", sentence),
    }
}

struct Change<'a> {
    visit: &'a Visit,
    row: &'a Json,
    currency: Currency,
    ids: (&'static str, &'static str),
}

impl Change<'_> {
    async fn show(&self, sheet: &mut Sheet) -> Result<Markup, Trouble> {
        let (row, visit) = (self.row, self.visit);
        let event = row.get("event").text();
        let credits =
            |which: &str| Unit::Credits.in_words(row.get(&format!("credits_per_unit_{which}")).sum());
        let (kind, words, sentence) = verdict(row);
        let days = self.days_after();
        let by_day = self.by_day(sheet).await?;
        let compared = self.compared(sheet);
        Ok(html! {
            section.impact aria-label={ (event) " version " (row.get("version").sum().exact()) } {
                div.chart {
                    h2 { a href=(visit.link_to("events", event)) { (event) } ": " (credits("before")) " → " (credits("after")) }
                    p { (tag(kind, words)) " " strong { (sentence) } }
                    p { (row.get("in_words").text()) }
                    @if !row.get("capped").is_null() { p.note { "Not stated as surer: " (row.get("capped").text().replace('_', " ")) "." } }
                    dl.facts {
                        (fact("Version", &html! { a href=(price_link(visit, event)) { "version " (row.get("version").sum().exact()) } ", since " (say::day(row.get("effective_at").text(), &zone_of("UTC"))) }))
                        (fact("How far it is", &html! { (days.clamp(0, WINDOW_DAYS)) " of " (WINDOW_DAYS) " days after it are in" }))
                        (fact("Before", &html! { (date(row, "before_from")) " to " (date(row, "before_to")) }))
                        (fact("After", &html! { (date(row, "after_from")) " to " (date(row, "after_to")) }))
                        (fact("Compared with", &self.controls()))
                        @if let Some(range) = range(row, "effect_on_units", Unit::Share) { (fact("Units, because of the price", &html! { strong { (range) } })) }
                        @if let Some(range) = range(row, "revenue_without_change", Unit::Money(self.currency)) { (fact("Revenue without the change", &html! { (range) ", and it was " (Unit::Money(self.currency).short(row.get("after_revenue").sum())) })) }
                        @if let Some(range) = range(row, "margin_gain", Unit::Money(self.currency)) { (fact("Margin, because of the price", &html! { strong { (range) } " over these days" })) }
                        @if let (Some(low), Some(high)) = (row.get("elasticity_low").amount(), row.get("elasticity_high").amount()) {
                            (fact("Elasticity", &html! { (minus(low)) " to " (minus(high)) }))
                        }
                    }
                    @if row.get("effect_on_units").amount().is_some() { (note("Ranges hold the truth about 9 times in 10.")) }
                }
                (by_day)
                (compared)
            }
        })
    }

    /// What it was compared with.
    fn controls(&self) -> Markup {
        let names: Vec<&str> = self.row.get("compared_with").text().split_whitespace().collect();
        html! {
            @if names.is_empty() { "nothing: its own trend is continued" }
            @for (at, name) in names.iter().enumerate() {
                @if at > 0 { ", " } a href=(self.visit.link_to("events", name)) { (name) }
            }
        }
    }

    fn days_after(&self) -> i64 {
        days_between(self.row.get("after_from").text(), self.row.get("after_to").text()).unwrap_or_default()
    }

    /// What it earned by day, and what it would have earned without the change, on average over the days after.
    async fn by_day(&self, sheet: &mut Sheet) -> Result<Markup, Trouble> {
        let row = self.row;
        let end = row.get("after_to").text().parse::<Date>().ok().and_then(|day| day.tomorrow().ok());
        let (Some(end), from) = (end, row.get("before_from").text()) else { return Ok(html! {}) };
        let target = Target::new("/v1/revenue")
            .with("interval", "day")
            .with("group_by", "event")
            .with("event", row.get("event").text())
            .with("from", from)
            .with("to", &end.to_string());
        let report = self.visit.api.get(target).await?;
        let (_, zone) = Visit::terms(&report);
        let pieces = Pieces::of(&report, self.visit, &zone);
        let days = self.days_after();
        let is_after = |at: usize| pieces.day(at, &zone).as_str() >= row.get("after_from").text();
        let level = |which: &str| -> Vec<Option<Amount>> {
            let whole = row.get(&format!("revenue_without_change_{which}")).amount();
            let by_day = whole.filter(|_| days > 0).map(|whole| Amount(whole.0 / i128::from(days)));
            (0..pieces.buckets.len()).map(|at| by_day.filter(|_| is_after(at))).collect()
        };
        let (low, high) = (level("low"), level("high"));
        let is_estimated = low.iter().any(Option::is_some);
        let earned = pieces.amounts(&report, "recognised", |_| true);
        let money = Unit::Money(self.currency);
        let mut columns = vec![Column::number("Revenue")];
        if is_estimated {
            columns.extend([
                Column::number("Without the change, at least"),
                Column::number("Without the change, at most"),
            ]);
        }
        let table = pieces.table(columns, |at| {
            let mut cells = vec![Cell::some(money, earned[at])];
            if is_estimated {
                cells.extend([Cell::some(money, low[at]), Cell::some(money, high[at])]);
            }
            cells
        });
        let event = row.get("event").text();
        let chart = TimeChart {
            described: "Revenue by day before and after the change, and what it would have been without it",
            buckets: &pieces.buckets,
            series: vec![Series {
                name: "Revenue".into(),
                meaning: Meaning::Revenue,
                amounts: earned,
                is_dashed: false,
            }],
            form: Form::Lines,
            unit: money,
            marks: pieces.price_marks(self.visit, Some(event)).await?,
            band: is_estimated.then(|| Band {
                name: "Without the change".into(),
                meaning: Meaning::Neutral,
                low,
                high,
            }),
        };
        let words = if is_estimated {
            "The band is what a day would have brought without the change, on average over the days after. Days between the windows are left out of both."
        } else {
            "There is no estimate yet of what it would have been without the change."
        };
        Ok(sheet.figure(
            &self.visit.state,
            Figure {
                id: self.ids.0,
                question: &format!("What did {event} bring in by day?"),
                note: html! {
                    @if is_estimated { (legend(&[("revenue".to_owned(), Meaning::Revenue), ("without the change".to_owned(), Meaning::Neutral)])) }
                    (note(words))
                },
                plot: chart.draw(),
                table,
            },
        ))
    }

    /// Both windows side by side: exact sums, and the plain change between them.
    fn compared(&self, sheet: &mut Sheet) -> Markup {
        let (row, money) = (self.row, Unit::Money(self.currency));
        let of = |which: &str, field: &str| row.get(&format!("{which}_{field}")).amount();
        let mut table = Table::new(vec![
            Column::text("Figure"),
            Column::number("Before"),
            Column::number("After"),
            Column::number("Change"),
            Column::text("Without the change"),
        ]);
        let mut lanes = Vec::new();
        for (name, field, unit, meaning) in [
            ("Units", "units", Unit::Count, Meaning::Neutral),
            ("Customer-days", "customer_days", Unit::Count, Meaning::Neutral),
            ("Credits", "credits", Unit::Credits, Meaning::Credits),
            ("Revenue", "revenue", money, Meaning::Revenue),
            ("Provider cost", "cost", money, Meaning::Cost),
            ("Margin", "margin", Unit::Share, Meaning::Margin),
        ] {
            let (before, after) = (of("before", field), of("after", field));
            let change = row.get(&format!("{field}_change")).amount();
            let without = match field {
                "revenue" => range_cell(row, "revenue_without_change", money),
                _ => Cell::None,
            };
            let said = change.map(|change| signed(Unit::Share, change)).unwrap_or_default();
            let said = if field == "margin" { said.replace('%', "pt") } else { said };
            table.row(vec![
                Cell::text(name),
                if field == "cost" { Cell::known(unit, before, false) } else { Cell::some(unit, before) },
                if field == "cost" { Cell::known(unit, after, false) } else { Cell::some(unit, after) },
                Cell::some(Unit::Share, change),
                without,
            ]);
            let Some(change) = change else { continue };
            lanes.push(Lane {
                name: name.to_owned(),
                says: said,
                meaning,
                spots: vec![
                    Spot { name: "before".into(), at: Amount::ZERO, shape: Shape::Hollow },
                    Spot { name: "after".into(), at: change, shape: Shape::Round },
                ],
                range: None,
            });
        }
        let chart =
            Dumbbell { described: "Change of each figure from before to after", unit: Unit::Share, lanes };
        sheet.figure(
            &self.visit.state,
            Figure {
                id: self.ids.1,
                question: "What happened, whatever caused it?",
                note: note("Change from the days before (○) to the days after (●), as a share of before; margin in points."),
                plot: chart.draw(),
                table,
            },
        )
    }
}

/// A number with a sign that is no hyphen.
fn minus(amount: Amount) -> String {
    amount.exact().replace('-', "−")
}

fn date(row: &Json, field: &str) -> String {
    let day = row.get(field).text();
    day.parse::<Date>().map_or_else(|_| "—".to_owned(), |day| day.strftime("%-d %b %Y").to_string())
}

/// Days from one date to another, both included.
fn days_between(from: &str, to: &str) -> Option<i64> {
    let (from, to): (Date, Date) = (from.parse().ok()?, to.parse().ok()?);
    let days = from.until(to).ok()?.get_days();
    Some(i64::from(days) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_a_window_are_counted_with_both_ends() {
        for (from, to, days) in [
            ("2026-10-18", "2026-11-14", Some(28)),
            ("2026-10-18", "2026-10-18", Some(1)),
            ("", "2026-10-18", None),
        ] {
            assert_eq!(days_between(from, to), days);
        }
    }

    #[test]
    fn verdict_says_no_more_than_the_figures() {
        for (row, words) in [
            (r#"{"status":"too_early","claim":null}"#, "too early"),
            (
                r#"{"status":"estimated","claim":"margin_rose","confidence":"high","probability":"0.9944"}"#,
                "margin rose",
            ),
            (
                r#"{"status":"no_controls","claim":"margin_rose","confidence":"low","probability":"0.6"}"#,
                "unclear",
            ),
            (
                r#"{"status":"estimated","claim":"margin_fell","confidence":"medium","probability":"0.75"}"#,
                "margin fell",
            ),
            (r#"{"status":"estimated","claim":null}"#, "no verdict"),
        ] {
            assert_eq!(verdict(&Json::parse(row).expect("JSON")).1, words);
        }
    }
}
