//! What should change, by kind; what was decided; and the look that finds it.

pub(crate) mod advice;
mod evidence;
pub(crate) mod track_record;

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::parts::{event_cell, progress_bar};
use crate::api::Target;
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Currency, Sheet, Table, UNIT, Unit, WAITING, empty, note, say, tag};
use crate::page::Page;
use crate::people::Role;
use crate::serve::{Done, Form};
use crate::state::zone_of;
use crate::trouble::Trouble;
use crate::visit::Visit;

/// Decided ones that are listed.
const DECIDED_SHOWN: usize = 50;
/// Recommendations that are read.
const READ: &str = "500";

/// The kinds, as an inbox has them, and what each is about.
const KINDS: [(&str, &str); 8] = [
    ("data_quality", "Send what is missing first"),
    ("loss_making", "Sold at a loss"),
    ("cost_drift", "A provider's rate moved"),
    ("under_target", "Margin under your target"),
    ("split_by_dimension", "One price for very different costs"),
    ("add_minimum", "Small events do not pay"),
    ("mix_drift", "The dear ones have become more"),
    ("over_target", "Margin far over your target"),
];

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let [all, look, settings, record] = visit
        .all([
            Target::new("/v1/recommendations")
                .with("limit", READ)
                .with_some("event", visit.state.get("event")),
            Target::new("/v1/recommendations/look"),
            Target::new("/v1/settings"),
            Target::new("/v1/recommendations/track-record"),
        ])
        .await?;
    let zone = zone_of(settings.get("time_zone").text());
    let (open, decided): (Vec<&Json>, Vec<&Json>) =
        all.get("data").list().iter().partition(|one| one.get("status").text() == "pending");
    let (watched, inbox): (Vec<&Json>, Vec<&Json>) = open.into_iter().partition(|one| is_watched(one));
    let mut page = Page {
        title: "Advisor".into(),
        lead: "Which prices should change, how sure that is, and what it would bring. It never changes a price: you do.".into(),
        ..Page::default()
    };
    if is_at_work(&look) {
        page.scripts.push(&*WAITING);
    }
    page.content = html! {
        (looked(visit, &look, &zone))
        @if inbox.is_empty() {
            (empty("No open advice.", &html! {
                p { "No price calls for a change, as far as can be said. It takes the cost of each event, customers who paid, and two weeks." }
            }))
        }
        @for (kind, words) in KINDS {
            @let cards: Vec<&&Json> = inbox.iter().filter(|one| one.get("kind").text() == kind).collect();
            @if !cards.is_empty() {
                section.chart aria-label=(words) {
                    h2 { (words) }
                    @for one in cards { (card(visit, one, &settings)) }
                }
            }
        }
        @if !watched.is_empty() {
            section.chart {
                h2 { "Watched, and not sure enough to act on" }
                @for one in &watched { (card(visit, one, &settings)) }
            }
        }
        (event_types(visit, &look))
        (history(visit, &mut page.sheet, &decided, &zone))
        div.two {
            (graded(visit, &record))
            section.chart {
                h2 { "What should it look for?" }
                p { "Your target, the least margin, how far one change may go, days on which prices stay: " a href=(visit.link("settings")) { "settings of advice" } "." }
            }
        }
    };
    Ok(page)
}

/// Whether it is too unsure to act on. What is missing can always be sent.
fn is_watched(one: &Json) -> bool {
    one.get("confidence").text() == "low" && one.get("kind").text() != "data_quality"
}

fn is_at_work(look: &Json) -> bool {
    matches!(look.get("status").text(), "queued" | "running" | "cancelling")
}

/// The last look, and the button of the next.
fn looked(visit: &Visit, look: &Json, zone: &TimeZone) -> Markup {
    let last = look.path("last_recorded.as_of").text();
    html! {
        section.chart data-waits=[is_at_work(look).then_some("")] aria-live="polite" {
            h2 { "When did it last look?" }
            @if is_at_work(look) {
                @let (done, all) = (look.path("progress.done").sum(), look.path("progress.all").sum());
                p { "It is looking now." }
                (progress_bar(done, all))
                p.note { @if all > Amount::ZERO { (Unit::Count.short(done)) " of " (Unit::Count.short(all)) " facts. " } a href=(visit.state.with("said", "")) { "Look again" } }
            } @else {
                p {
                    @if last.is_empty() { "It has not looked yet." } @else { "As of " (say::instant(last, zone)) ", at everything until then." }
                    @match look.get("status").text() {
                        "done" => { " " @match look.path("result.made").list().len() { 0 => "The last look advised nothing new.", 1 => "It brought one new piece of advice.", many => { (many) " new pieces of advice." } } }
                        "failed" => { " The last look failed: " (look.path("problem.detail").text()) (look.get("problem").text()) }
                        _ => {}
                    }
                }
                @if visit.person.role >= Role::Approver {
                    form method="post" { (visit.form_fields("look")) button { "Look now" } }
                } @else { (note("Looking now takes the role approver. It looks by itself once a week.")) }
            }
        }
    }
}

/// A card in the inbox: the line, how sure, what changes, why, and what is missing.
fn card(visit: &Visit, one: &Json, settings: &Json) -> Markup {
    let money = Unit::Money(Currency::of(settings.get("currency").text()));
    let lift = one.get("estimated_lift");
    html! {
        article.advice {
            h3 { a href=(visit.link_to("advisor", one.get("id").text())) { (one.get("title").text()) } }
            p { (sureness(one)) " " @if !one.get("event").text().is_empty() { a href=(visit.link_to("events", one.get("event").text())) { (one.get("event").text()) } } }
            @if !one.get("proposal").is_null() {
                p { "Proposed: " strong { (one.path("proposal.in_words").text()) } "."
                    @if let Some(amount) = lift.get("amount").amount() {
                        " About " (money.short(amount)) " a month"
                        @if let (Some(low), Some(high)) = (lift.get("low").amount(), lift.get("high").amount()) { ", between " (money.short(low)) " and " (money.short(high)) }
                        "."
                    }
                }
            }
            p { (one.get("reason").text()) }
            @for need in one.get("needs").list() { p.note { "What would make it surer: " (need.get("in_words").text()) } }
        }
    }
}

/// `high confidence: 99 in 100`, `exact`, `only watched`.
pub(crate) fn sureness(one: &Json) -> Markup {
    let word = one.get("confidence").text();
    let kind = match word {
        "high" => "good",
        "medium" => "wait",
        _ => "over",
    };
    let sure = one.get("probability").amount().map(|share| share.0 * 100 / UNIT);
    html! {
        @if one.get("exact").is_true() { (tag("good", "exact: nothing is estimated")) }
        @else if word == "low" { (tag(kind, "only watched")) }
        @else if let Some(sure) = sure { (tag(kind, &format!("{word} confidence: {sure} in 100"))) }
        @else { (tag(kind, &format!("{word} confidence"))) }
    }
}

/// What one of each type costs and brings in, as the last look found: arithmetic, no advice.
fn event_types(visit: &Visit, look: &Json) -> Markup {
    let watched = look.path("result.watched").list();
    html! {
        @if !watched.is_empty() {
            section.chart {
                h2 { "What does each event type cost, earn and lack?" }
                (note("Arithmetic of the last look, and no advice."))
                @for one in watched {
                    article.advice {
                        h3 { a href=(visit.link_to("events", one.get("event").text())) { (one.get("event").text()) } }
                        p { (one.get("in_words").text()) }
                        @for need in one.get("needs").list() { p.note { (need.get("in_words").text()) } }
                    }
                }
            }
        }
    }
}

fn history(visit: &Visit, sheet: &mut Sheet, decided: &[&Json], zone: &TimeZone) -> Markup {
    if decided.is_empty() {
        return html! {};
    }
    let mut table = Table::new(vec![
        Column::text("Advice"),
        Column::text("Event type"),
        Column::text("Status"),
        Column::text("Decided"),
        Column::text("Reason"),
        Column::text("Came true"),
    ]);
    for one in decided.iter().take(DECIDED_SHOWN) {
        let decision = one.get("decision");
        let at = match decision.get("at").text() {
            "" => one.get("expires_at").text(),
            at => at,
        };
        let (kind, words) = standing(one);
        table.row(vec![
            Cell::Link(one.get("title").text().to_owned(), visit.link_to("advisor", one.get("id").text())),
            event_cell(visit, one.get("event").text()),
            Cell::Drawn(tag(kind, words), words.to_owned()),
            Cell::Time(say::instant(at, zone), at.to_owned()),
            Cell::text(decision.get("reason").text()),
            graded_cell(one),
        ]);
    }
    sheet.table(&visit.state, "history", "What was decided before?", table)
}

pub(super) fn graded_cell(one: &Json) -> Cell {
    let grade = one.get("grade");
    let (kind, words) = match grade.get("verdict").text() {
        "true" => ("good", "came true"),
        "false" => ("bad", "did not"),
        "" => return Cell::None,
        _ => ("over", "undecided"),
    };
    let words =
        if grade.get("provisional").is_true() { format!("{words}, so far") } else { words.to_owned() };
    Cell::Drawn(tag(kind, &words), words.clone())
}

/// Where it stands: the kind of its tag, and its words.
pub(crate) fn standing(one: &Json) -> (&'static str, &'static str) {
    if !one.get("rolled_back").is_null() {
        return ("over", "rolled back");
    }
    match (one.get("status").text(), one.path("decision.what").text()) {
        ("pending", _) => ("wait", "pending"),
        ("applied", _) => ("good", "applied"),
        ("accepted", _) => ("good", "accepted: its price holds later"),
        ("rejected", _) => ("bad", "rejected"),
        (_, "superseded") => ("over", "superseded by newer advice"),
        (_, "overtaken") => ("over", "overtaken by another price"),
        _ => ("over", "expired"),
    }
}

fn graded(visit: &Visit, record: &Json) -> Markup {
    let graded = record.get("graded").sum();
    html! {
        section.chart {
            h2 { "Can it be believed?" }
            p {
                (Unit::Count.short(graded)) " of its claims are graded so far. "
                @if graded < record.get("shown_from").sum() { "From " (Unit::Count.short(record.get("shown_from").sum())) " on it shows how often they came true. " }
                a href=(visit.link("advisor/track-record")) { "Track record" }
            }
        }
    }
}

pub(crate) async fn act(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    if visit.person.role < Role::Approver {
        return Err(Trouble::Role(Role::Approver.name()));
    }
    if form.get("action") != "look" {
        return Err(Trouble::NotFound);
    }
    visit.api.send("POST", Target::new("/v1/recommendations/look"), String::new(), None).await?;
    Ok(Done::Said("A look was asked for.".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standing_says_what_became_of_advice() {
        for (one, words) in [
            (r#"{"status":"pending","decision":null,"rolled_back":null}"#, "pending"),
            (r#"{"status":"applied","decision":{"what":"applied"},"rolled_back":null}"#, "applied"),
            (
                r#"{"status":"applied","decision":{"what":"applied"},"rolled_back":{"version":3}}"#,
                "rolled back",
            ),
            (
                r#"{"status":"expired","decision":{"what":"overtaken"},"rolled_back":null}"#,
                "overtaken by another price",
            ),
            (r#"{"status":"expired","decision":null,"rolled_back":null}"#, "expired"),
        ] {
            assert_eq!(standing(&Json::parse(one).expect("JSON")).1, words);
        }
    }
}
