//! A public list of model prices, looked at before it is accepted: which rates change, and what they would have made of
//! the last 30 days. What is accepted is the list that was looked at: it travels in the form.

use chargly_api::object;
use maud::{Markup, html};

use super::readable;
use crate::api::Target;
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Currency, IMPORT_LIST, Table, UNIT, Unit, empty, fact, note, say};
use crate::page::Page;
use crate::people::Role;
use crate::serve::{Done, Form};
use crate::trouble::Trouble;
use crate::visit::Visit;

/// Bytes of the form: of the API's largest body, of which an encoded list of some 10 MB has room.
pub(crate) const LIST_FORM_BYTES_MAX: usize = chargly_api::limits::BODY_BYTES_MAX;
/// Rows of a table of the preview: enough to look over. All of them are in the answer of the API.
const ROWS_MAX: usize = 200;
/// New models that are shown without being asked for.
const NEW_OPEN_MAX: usize = 20;

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let typed = |field| visit.typed("preview", field);
    Ok(Page {
        title: "Import a price list".into(),
        lead: "Nothing is published before you have seen what it would change.".into(),
        up: Some(("Provider costs".into(), "costs".into())),
        scripts: vec![&IMPORT_LIST],
        content: html! {
            section.chart {
                h2 { "Which list?" }
                @if visit.person.role < Role::Approver {
                    (note("Importing rates takes the role approver."))
                } @else {
                    form.stack.list method="post" {
                        (visit.form_fields("preview"))
                        label.from-file hidden { "A file" input type="file" accept=".json,application/json" data-into="list"; }
                        label { "The list: the price map of litellm, or the data of genai-prices"
                            textarea name="list" rows="10" required spellcheck="false" placeholder=r#"{"gpt-4o": {"litellm_provider": "openai", "input_cost_per_token": 2.5e-06}}"# { (visit.typed_raw("preview", "list")) } }
                        label { "Only these providers (empty: all)" input name="providers" value=(typed("providers")) placeholder="openai, anthropic"; }
                        label { "Version of the list" input name="list_version" value=(typed("list_version")) placeholder="1.109.1"; }
                        label { "Why (may be empty)" input name="note" value=(typed("note")); }
                        button.main { "Show what would change" }
                    }
                    p.note { "A program does the same: " code { "chargly rate-cards import prices.json --dry-run" } ". Rates change no price: they say what events cost you." }
                }
            }
        },
        ..Page::default()
    })
}

pub(crate) async fn act(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    visit.needs(Role::Approver)?;
    let is_preview = match form.get("action") {
        "preview" => true,
        "import" => false,
        _ => return Err(Trouble::NotFound),
    };
    let body = object(|o| {
        o.text("list", form.raw("list")).boolean("dry_run", is_preview);
        for name in ["list_version", "note"] {
            if let Some(value) = form.some(name) {
                o.text(name, value);
            }
        }
        let providers = form.get("providers").split(',').map(str::trim).filter(|name| !name.is_empty());
        let providers: Vec<&str> = providers.collect();
        if !providers.is_empty() {
            o.array("providers", |list| {
                for name in providers {
                    list.text(name);
                }
            });
        }
    });
    let body = String::from_utf8(body).unwrap_or_default();
    let answer = visit.api.send("POST", Target::new("/v1/rate-cards/import"), body, None).await?;
    if is_preview {
        return Ok(Done::Shown(Box::new(preview(visit, form, &answer))));
    }
    let cards: Vec<String> = answer.get("cards").list().iter().map(|card| card.sum().exact()).collect();
    Ok(Done::At(
        "costs".into(),
        match cards.as_slice() {
            [] => "There was nothing left to publish.".into(),
            [card] => format!("The rates are published as card {card}."),
            cards => format!("The rates are published as cards {}.", cards.join(", ")),
        },
    ))
}

/// What importing would do, and the button that does it.
fn preview(visit: &Visit, form: &Form, answer: &Json) -> Page {
    let (report, effect) = (answer.get("report"), answer.get("effect"));
    let changed = report.get("changed").list();
    let models = |count: usize| say::plural(i128::try_from(count).unwrap_or(i128::MAX), "model", "models");
    let counted = |name: &str| say::plural(report.get(name).sum().0 / UNIT, "model", "models");
    let is_nothing = effect.is_null();
    Page {
        title: format!("What {} would change", answer.get("source").text()),
        lead: format!(
            "{} new, {} with other rates, {} as they are. Nothing is published yet.",
            counted("added"),
            models(changed.len()),
            counted("unchanged"),
        ),
        up: Some(("Import a price list".into(), "costs/import".into())),
        content: html! {
            @if is_nothing {
                (empty("Every rate of the list is in force already.", &html! { p { a href=(visit.link("costs")) { "To the provider costs" } } }))
            } @else {
                (margin(effect))
                (by_model(effect))
                (changes(effect, changed))
                (new_models(effect, report.get("new").list()))
            }
            (left_out(report))
            @if !is_nothing { (accept(visit, form)) }
        },
        ..Page::default()
    }
}

/// The effect on the margin of 30 days, in words and figures.
fn margin(effect: &Json) -> Markup {
    let currency = Currency::of(effect.get("currency").text());
    let (money, zone) = (Unit::Money(currency), jiff::tz::TimeZone::UTC);
    let change = effect.get("margin_change").sum();
    let size = Amount(change.0.abs());
    let amount = |field: &str| shown(money, effect.get(field).sum());
    let events = effect.get("events").sum();
    let share = |field: &str| match effect.get(field).amount() {
        Some(share) if effect.get("upper_bound").is_true() => {
            html! { "≤ " (shown(Unit::Share, share)) }
        }
        Some(share) => shown(Unit::Share, share),
        None => html! { span.none { (say::NONE) } },
    };
    html! {
        section.chart {
            h2 { "What would it have done to the margin of the last 30 days?" }
            p.verdict {
                @if events == Amount::ZERO { "Nothing that can be told: no event of that time has a cost by both rates." }
                @else if change == Amount::ZERO { "Nothing: what was used costs the same." }
                @else if change.is_negative() { strong { (shown(money, size)) " less" } " a month, at the use of the last 30 days." }
                @else { strong { (shown(money, size)) " more" } " a month, at the use of the last 30 days." }
            }
            dl.facts {
                (fact("Events of models whose rates change", &shown(Unit::Count, events)))
                (fact("They cost by the rates of now", &amount("cost_now")))
                (fact("They would have cost", &amount("cost_then")))
                (fact("Margin of everything", &html! { (share("gross_margin")) " → " (share("gross_margin_then")) }))
            }
            p.note {
                "Counted from " (say::instant(effect.get("from").text(), &zone)) " to " (say::instant(effect.get("to").text(), &zone)) " UTC."
                @for words in not_covered(effect, money) { " " (words) }
            }
        }
    }
}

/// What the figure says nothing of.
fn not_covered(effect: &Json, money: Unit) -> Vec<String> {
    let events = |field: &str| {
        let count = effect.get(field).sum();
        (count != Amount::ZERO).then(|| say::plural(count.0 / UNIT, "event", "events"))
    };
    let mut words = Vec::new();
    if !effect.get("complete").is_true() {
        words.push("There were more facts than are looked at, so it is less than 30 days.".to_owned());
    }
    let unused = effect.get("unused_models").sum();
    if unused != Amount::ZERO {
        words.push(format!(
            "Not in it, for want of use: {} whose rates would change.",
            say::plural(unused.0 / UNIT, "model", "models")
        ));
    }
    if let Some(count) = events("newly_priced") {
        let cost = money.short(effect.get("newly_priced_cost").sum());
        words.push(format!("{count} would get a cost for the first time, {cost} in all; that is not in it."));
    }
    if let Some(count) = events("no_longer_priced") {
        words.push(format!("{count} would have no rate any more; they are not in it."));
    }
    if let Some(count) = events("unpriced") {
        words.push(format!("{count} used a unit that neither has a rate for."));
    }
    if effect.get("upper_bound").is_true() {
        words.push("Some costs are missing, so that both margins are at best so.".to_owned());
    }
    words.push("Costs that were reported as an amount do not depend on rates.".to_owned());
    words
}

fn by_model(effect: &Json) -> Markup {
    let money = Unit::Money(Currency::of(effect.get("currency").text()));
    let mut table = Table::new(vec![
        Column::text("Model"),
        Column::text("Provider"),
        Column::number("Events"),
        Column::number("Cost now"),
        Column::number("Cost then"),
        Column::number("Margin"),
        Column::number("Get a cost for the first time"),
    ]);
    let models = effect.get("models").list();
    for model in models.iter().take(ROWS_MAX) {
        let figure = |field: &str| Cell::Amount(money, model.get(field).sum());
        table.row(vec![
            Cell::text(model.get("model").text()),
            Cell::text(model.get("provider").text()),
            Cell::Amount(Unit::Count, model.get("events").sum()),
            figure("cost_now"),
            figure("cost_then"),
            figure("margin_change"),
            Cell::Amount(Unit::Count, model.get("newly_priced").sum()),
        ]);
    }
    html! {
        @if !models.is_empty() {
            section.chart { h2 { "Which models move the margin?" } (table.show("Models that were used")) (rest(models.len())) }
        }
    }
}

/// Each rate that changes, old and new.
fn changes(effect: &Json, changed: &[Json]) -> Markup {
    let money = Unit::Money(Currency::of(effect.get("currency").text()));
    let mut table = Table::new(vec![
        Column::text("Model"),
        Column::text("Provider"),
        Column::text("Rate for"),
        Column::number("Old"),
        Column::number("New"),
        Column::number("Change"),
    ]);
    let rows: Vec<_> = changed.iter().flat_map(|model| moved(model).map(move |row| (model, row))).collect();
    for (model, (words, old, new)) in rows.iter().take(ROWS_MAX) {
        let change = old.zip(*new).and_then(|(old, new)| say::change(new, old));
        table.row(vec![
            Cell::text(model.get("model").text()),
            Cell::text(model.get("provider").text()),
            Cell::text(words.as_str()),
            Cell::some(money, *old),
            Cell::some(money, *new),
            match (change, old, new) {
                (Some((_, words)), ..) => Cell::text(words),
                (None, None, _) => Cell::text("new rate"),
                (None, _, None) => Cell::text("no rate any more"),
                _ => Cell::None,
            },
        ]);
    }
    html! {
        @if !rows.is_empty() {
            section.chart { h2 { "Which rates change?" } (table.show("Rates that change")) (rest(rows.len())) }
        }
    }
}

/// The rates of a model that are not the same before and after: what for, old, new.
fn moved(model: &Json) -> impl Iterator<Item = (String, Option<Amount>, Option<Amount>)> + use<> {
    let read =
        |field: &str| -> Vec<(String, Amount)> { model.get(field).list().iter().map(readable).collect() };
    let (before, after) = (read("before"), read("after"));
    let of = |rates: &[(String, Amount)], words: &str| {
        rates.iter().find(|(known, _)| known == words).map(|(_, amount)| *amount)
    };
    let mut rows: Vec<_> =
        before.iter().map(|(words, old)| (words.clone(), Some(*old), of(&after, words))).collect();
    let added = after.iter().filter(|(words, _)| of(&before, words).is_none());
    rows.extend(added.map(|(words, new)| (words.clone(), None, Some(*new))));
    rows.into_iter().filter(|(_, old, new)| old != new)
}

fn new_models(effect: &Json, new: &[Json]) -> Markup {
    let money = Unit::Money(Currency::of(effect.get("currency").text()));
    html! {
        @if !new.is_empty() {
            section.chart {
                h2 { "Which models are new?" }
                details.behind open[new.len() <= NEW_OPEN_MAX] {
                    summary { (say::plural(i128::try_from(new.len()).unwrap_or(i128::MAX), "model", "models")) }
                    ul.log {
                        @for model in new.iter().take(ROWS_MAX) {
                            li { b { (model.get("model").text()) } " " span.soft { (model.get("provider").text()) ": "
                                @for (at, rate) in model.get("rates").list().iter().enumerate() {
                                    @let (words, amount) = readable(rate);
                                    @if at > 0 { ", " } (words) " " (shown(money, amount))
                                } } }
                        }
                    }
                    (rest(new.len()))
                }
            }
        }
    }
}

/// What is gone from the list, and what of it cannot be used.
fn left_out(report: &Json) -> Markup {
    let (gone, skipped) = (report.get("gone").list(), report.get("skipped").list());
    html! {
        @if !gone.is_empty() || !skipped.is_empty() {
            section.chart {
                h2 { "What stays as it is, and what is left out?" }
                ul.log {
                    @if !gone.is_empty() {
                        li { b { "Gone from the list" } ", and keep their rates: "
                            @for (at, model) in gone.iter().take(ROWS_MAX).enumerate() {
                                @if at > 0 { ", " } (model.get("provider").text()) "/" (model.get("model").text())
                            } (rest(gone.len())) }
                    }
                    @for reason in skipped {
                        li { b { (say::plural(reason.get("count").sum().0 / UNIT, "time", "times")) } ": " (reason.get("meaning").text())
                            @if let Some(first) = reason.get("examples").list().first() {
                                span.soft { " – " (first.get("provider").text()) "/" (first.get("model").text()) @if !first.get("of").text().is_empty() { ", " (first.get("of").text()) } }
                            } }
                    }
                }
            }
        }
    }
}

/// The same list once more, to be published.
fn accept(visit: &Visit, form: &Form) -> Markup {
    html! {
        section.chart {
            h2 { "Publish these rates?" }
            p.note { "They hold for what occurs from now on. Past events keep their cost, and no price changes. A card is never changed: another import, or a card by hand, takes the place of its rates." }
            form.files method="post" {
                (visit.form_fields("import"))
                @for name in ["list_version", "providers", "note"] { input type="hidden" name=(name) value=(form.get(name)); }
                textarea name="list" hidden readonly { (form.raw("list")) }
                button.main { "Publish them" }
                a href=(visit.link("costs")) { "Leave it" }
            }
        }
    }
}

fn shown(unit: Unit, amount: Amount) -> Markup {
    html! { data value=(amount.exact()) title=(unit.exact(amount)) { (unit.short(amount)) } }
}

/// Says that a list was cut.
fn rest(all: usize) -> Markup {
    html! {
        @if all > ROWS_MAX {
            p.note { "The first " (ROWS_MAX) " of " (say::grouped(&all.to_string())) ". All of them: " code { "chargly rate-cards import … --dry-run --json" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_that_stay_are_left_out_and_old_and_new_ones_stand_side_by_side() {
        let model = Json::parse(
            r#"{"before":[{"unit":"input_tokens","rate":"0.000001"},{"unit":"output_tokens","rate":"0.000002"},
                {"unit":"images","rate":"0.04"}],
                "after":[{"unit":"input_tokens","rate":"0.0000015"},{"unit":"output_tokens","rate":"0.000002"},
                {"unit":"input_tokens","rate":"0.0000005","batch":true}]}"#,
        )
        .expect("JSON");
        let amount = |text: &str| Some(Amount::parse(text).expect("a decimal"));
        let rows: Vec<_> = moved(&model).collect();
        assert_eq!(
            rows,
            [
                ("a million input tokens".to_owned(), amount("1"), amount("1.5")),
                ("one image".to_owned(), amount("0.04"), None),
                ("a million input tokens, in batch".to_owned(), None, amount("0.5")),
            ]
        );
    }

    #[test]
    fn what_is_not_covered_is_said() {
        let usd = Unit::Money(Currency::of("usd"));
        let effect = Json::parse(
            r#"{"complete":false,"unused_models":3,"newly_priced":2,"newly_priced_cost":"0.5","no_longer_priced":0,
                "unpriced":1,"upper_bound":true}"#,
        )
        .expect("JSON");
        let words = not_covered(&effect, usd).join(" ");
        for said in
            ["less than 30 days", "3 models", "2 events would get a cost", "$0.50", "1 event used a unit"]
        {
            assert!(words.contains(said), "{said:?} is not in {words}");
        }
        assert!(!words.contains("no rate any more"), "{words}");
        let whole = Json::parse(r#"{"complete":true,"unused_models":0}"#).expect("JSON");
        assert_eq!(not_covered(&whole, usd).len(), 1);
    }
}
