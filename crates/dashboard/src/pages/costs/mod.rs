//! What providers charge, since when, and where the cost goes.

pub(crate) mod import;

use maud::{Markup, html};

use crate::api::Target;
use crate::charts::{Form, Meaning, Series, TimeChart};
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Currency, Figure, Sheet, Table, Unit, empty, note, say};
use crate::page::{AsOf, Controls, Page};
use crate::pages::groups::Groups;
use crate::pages::parts::{Pieces, event_cell, figure_cell, known_cell};
use crate::trouble::Trouble;
use crate::visit::Visit;

/// Rate cards that the line of a model goes back over.
const CARDS_MAX: usize = 24;
/// Tokens that a rate is said for: one costs too little to read.
const TOKENS: i128 = 1_000_000;

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let (span, route) = (visit.span(), Target::new);
    let [by_time, total, cards, models] = visit
        .all([
            span.ask_by_interval(route("/v1/margin").with("group_by", "event")),
            span.ask_total(route("/v1/margin").with("group_by", "event")),
            route("/v1/rate-cards").with("limit", "50"),
            route("/v1/rate-cards/models")
                .with("limit", "200")
                .with_some("provider", visit.state.get("provider")),
        ])
        .await?;
    let (currency, zone) = Visit::terms(&by_time);
    let mut page = Page {
        title: "Provider costs".into(),
        lead: "Costs come with the event, or from the rate card in force when it occurred.".into(),
        controls: Controls::Range,
        as_of: Some(AsOf::of(&by_time, &zone)),
        ..Page::default()
    };
    let model = match visit.state.get("model") {
        Some(model) => one_model(visit, &mut page.sheet, currency, model, &cards).await?,
        None => html! {},
    };
    page.content = html! {
        (over_time(visit, &mut page.sheet, currency, &by_time))
        (by_type(visit, &mut page.sheet, currency, &total))
        (model)
        (rates(visit, &mut page.sheet, currency, &models))
        (card_list(visit, &cards))
    };
    Ok(page)
}

fn over_time(visit: &Visit, sheet: &mut Sheet, currency: Currency, report: &Json) -> Markup {
    let (_, zone) = Visit::terms(report);
    let money = Unit::Money(currency);
    let pieces = Pieces::of(report, visit, &zone);
    // What lapsed unused is of no event type, and cost nothing.
    let groups = Groups::of(&pieces, report, "cost", "event", str::to_owned);
    if groups.all.is_empty() {
        return empty(
            "No event of this range says what it cost.",
            &html! {
                p { "Send " code { "cost" } " with your events, or import a rate card and send what a model used." }
            },
        );
    }
    let columns = groups.all.iter().map(|(_, series)| Column::number(series.name.clone())).collect();
    let table = pieces.table(columns, |at| {
        groups.all.iter().map(|(_, series)| Cell::known(money, series.amounts[at], false)).collect()
    });
    let legend = groups.legend();
    let chart = TimeChart {
        described: "Provider cost of each event type over time",
        buckets: &pieces.buckets,
        series: groups.all.into_iter().map(|(_, series)| series).collect(),
        form: Form::Columns,
        unit: money,
        marks: Vec::new(),
        band: None,
    };
    sheet.figure(
        &visit.state,
        Figure {
            id: "cost-over-time",
            question: "What do providers cost us?",
            note: legend,
            plot: chart.draw(),
            table,
        },
    )
}

fn by_type(visit: &Visit, sheet: &mut Sheet, currency: Currency, total: &Json) -> Markup {
    let money = Unit::Money(currency);
    let mut table = Table::new(vec![
        Column::text("Event type"),
        Column::number("Cost"),
        Column::number("An event costs"),
        Column::number("Reported"),
        Column::number("By rate card"),
        Column::number("Estimated"),
        Column::number("Events without a cost"),
    ]);
    let mut rows: Vec<&Json> = total.get("data").list().iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.get("cost").sum()));
    for row in rows {
        let events = row.get("events").sum();
        if row.get("event").text().is_empty() || events == Amount::ZERO {
            continue;
        }
        table.row(vec![
            event_cell(visit, row.get("event").text()),
            known_cell(row, money, "cost"),
            Cell::known(
                money,
                row.get("cost").amount().and_then(|cost| cost.share_of(events)),
                row.get("upper_bound").is_true(),
            ),
            figure_cell(row, money, "cost_reported"),
            figure_cell(row, money, "cost_rate_card"),
            figure_cell(row, money, "cost_estimated"),
            figure_cell(row, Unit::Share, "cost_missing"),
        ]);
    }
    sheet.table(&visit.state, "cost-by-type", "Where does the cost go, and how do we know?", table)
}

fn rates(visit: &Visit, sheet: &mut Sheet, currency: Currency, models: &Json) -> Markup {
    let rows = models.get("data").list();
    if rows.is_empty() {
        return empty(
            "No rate card yet.",
            &html! {
                p { "Import a public list of model prices, or publish rates of your own." }
                p { a href=(visit.link("costs/import")) { "Import a price list" } }
            },
        );
    }
    let mut table = Table::new(vec![
        Column::text("Model"),
        Column::text("Provider"),
        Column::text("Rate for"),
        Column::number("Rate"),
        Column::number("Card"),
        Column::text("Since"),
    ]);
    let zone = jiff::tz::TimeZone::UTC;
    for model in rows {
        for rate in model.get("rates").list() {
            let (unit, amount) = readable(rate);
            table.row(vec![
                Cell::Link(
                    model.get("model").text().to_owned(),
                    visit.state.with("model", model.get("model").text()),
                ),
                Cell::Link(
                    model.get("provider").text().to_owned(),
                    visit.state.with("provider", model.get("provider").text()),
                ),
                Cell::text(unit),
                Cell::Amount(Unit::Money(currency), amount),
                Cell::text(model.get("card").sum().exact()),
                Cell::Time(
                    say::day(model.get("effective_at").text(), &zone),
                    model.get("effective_at").text().to_owned(),
                ),
            ]);
        }
    }
    sheet.table_with(&visit.state, "rates", "What do models cost now?", table, &html! {
        @if !models.get("next_cursor").is_null() { p.note { "The first 200 models. Narrow it down by provider, or list all: " code { "chargly rate-cards models" } } }
    })
}

/// What a rate is for and how much, in units that can be read: a million tokens.
fn readable(rate: &Json) -> (String, Amount) {
    let (unit, amount) = (rate.get("unit").text(), exact_rate(rate));
    let mut words = match unit.strip_suffix("_tokens") {
        Some(kind) => format!("a million {} tokens", kind.replace('_', " ")),
        None => format!("one {}", unit.trim_end_matches('s')),
    };
    if rate.get("batch").is_true() {
        words.push_str(", in batch");
    }
    if let Some(above) = rate.get("above_input_tokens").amount() {
        words.push_str(&format!(", above {} input tokens", say::grouped(&above.exact())));
    }
    (words, amount)
}

/// The rate of a million tokens, or of one of anything else. Rates have 12 decimals: moving the point first loses none.
fn exact_rate(rate: &Json) -> Amount {
    let text = match rate.get("rate") {
        Json::Text(text) => text.clone(),
        other => other.sum().exact(),
    };
    if !rate.get("unit").text().ends_with("_tokens") {
        return Amount::parse(&text).unwrap_or_default();
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = format!("{fraction:0<6}");
    let moved = format!("{whole}{}.{}", &fraction[..6], &fraction[6..]);
    Amount::parse(moved.trim_end_matches('.')).unwrap_or_else(|| {
        let amount = Amount::parse(&text).unwrap_or_default();
        Amount(amount.0.saturating_mul(TOKENS))
    })
}

/// One model's rates, card by card.
async fn one_model(
    visit: &Visit,
    sheet: &mut Sheet,
    currency: Currency,
    model: &str,
    cards: &Json,
) -> Result<Markup, Trouble> {
    let since: Vec<String> = cards
        .get("data")
        .list()
        .iter()
        .take(CARDS_MAX)
        .rev()
        .map(|card| card.get("effective_at").text().to_owned())
        .collect();
    let asked = since
        .iter()
        .map(|at| visit.api.get(Target::new("/v1/rate-cards/models").with("model", model).with("at", at)));
    let answers = futures_util::future::try_join_all(asked).await?;
    let zone = jiff::tz::TimeZone::UTC;
    let mut units: Vec<String> = Vec::new();
    for answer in &answers {
        for rate in answer.get("data").list().iter().flat_map(|model| model.get("rates").list()) {
            let (unit, _) = readable(rate);
            if !units.contains(&unit) {
                units.push(unit);
            }
        }
    }
    if units.is_empty() {
        return Ok(
            html! { section.chart { h2 { "Rates of " (model) } (note("No card knows this model.")) } },
        );
    }
    let buckets: Vec<_> = since
        .iter()
        .map(|at| crate::charts::Bucket { label: say::day(at, &zone), is_unfinished: false, href: None })
        .collect();
    let series: Vec<Series> = units
        .iter()
        .enumerate()
        .map(|(place, unit)| Series {
            name: unit.clone(),
            meaning: Meaning::Category(place),
            amounts: answers
                .iter()
                .map(|answer| {
                    let rates = answer.get("data").list().iter().flat_map(|model| model.get("rates").list());
                    rates.map(readable).find(|(known, _)| known == unit).map(|(_, amount)| amount)
                })
                .collect(),
            is_dashed: place > 0,
        })
        .collect();
    let names: Vec<_> = series.iter().map(|one| (one.name.clone(), one.meaning)).collect();
    let mut table = Table::new(
        std::iter::once(Column::text("Since"))
            .chain(units.iter().map(|unit| Column::number(unit.clone())))
            .collect(),
    );
    for (at, instant) in since.iter().enumerate() {
        let mut row = vec![Cell::Time(say::day(instant, &zone), instant.clone())];
        row.extend(series.iter().map(|one| Cell::some(Unit::Money(currency), one.amounts[at])));
        table.row(row);
    }
    let chart = TimeChart {
        described: "Rates of the model, card by card",
        buckets: &buckets,
        series,
        form: Form::Steps,
        unit: Unit::Money(currency),
        marks: Vec::new(),
        band: None,
    };
    Ok(sheet.figure(&visit.state, Figure {
        id: "rates-of-model",
        question: &format!("How did the rates of {model} move?"),
        note: html! { (crate::pages::parts::legend(&names)) p.note { "Card by card, the newest " (CARDS_MAX) ". " a href=(visit.state.with("model", "")) { "Close" } } },
        plot: chart.draw(),
        table,
    }))
}

fn card_list(visit: &Visit, cards: &Json) -> Markup {
    let zone = jiff::tz::TimeZone::UTC;
    html! {
        @if !cards.get("data").list().is_empty() {
            section.chart {
                h2 { "Which cards were published?" }
                p { a href=(visit.link("costs/import")) { "Import a price list" } span.soft { ": what it would change and what that does to the margin, before it is accepted." } }
                ul.log {
                    @for card in cards.get("data").list() {
                        li { b { "Card " (card.get("card").sum().exact()) } ", since " (say::instant(card.get("effective_at").text(), &zone)) " UTC: "
                            (say::plural(card.get("models").sum().0 / crate::look::UNIT, "model", "models")) " from " (card.get("source").text())
                            span.soft { " " (card.get("note").text()) } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_of_tokens_are_said_for_a_million_without_losing_a_digit() {
        for (unit, rate, words, amount) in [
            ("input_tokens", "0.0000052", "a million input tokens", "5.2"),
            ("cached_input_tokens", "0.000000000001", "a million cached input tokens", "0.000001"),
            ("output_tokens", "1.5", "a million output tokens", "1500000"),
            ("images", "0.04", "one image", "0.04"),
        ] {
            let rate = Json::parse(&format!(r#"{{"unit":"{unit}","rate":"{rate}"}}"#)).expect("JSON");
            assert_eq!(readable(&rate), (words.to_owned(), Amount::parse(amount).expect("a decimal")));
        }
    }
}
