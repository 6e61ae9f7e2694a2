//! Is the data complete, can the server take money, and who did what?

use chargly_engine::Readiness;
use maud::{Markup, html};

use super::parts::{Pieces, event_cell, figure_cell};
use crate::api::Target;
use crate::charts::{Form, Meaning, Series, TimeChart};
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Figure, Table, Unit, fact, note, say, show_all, tag};
use crate::page::{AsOf, Controls, Page};
use crate::people::Role;
use crate::trouble::Trouble;
use crate::visit::Visit;

/// Rows of the audit log on a page.
const AUDIT_ROWS: &str = "50";

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let span = visit.span();
    let [usage, quality] = visit
        .all([
            span.ask_by_interval(Target::new("/v1/usage")),
            span.ask_total(Target::new("/v1/margin").with("group_by", "event")),
        ])
        .await?;
    let (_, zone) = Visit::terms(&usage);
    let pieces = Pieces::of(&usage, visit, &zone);
    let mut page = Page {
        title: "Health and audit".into(),
        controls: Controls::Range,
        as_of: Some(AsOf::of(&usage, &zone)),
        ..Page::default()
    };
    let all = |field| pieces.amounts(&usage, field, |_| true);
    let (late, refused) = (all("late_events"), all("refused"));
    let table = pieces.table(vec![Column::number("Came late"), Column::number("Refused")], |at| {
        vec![Cell::some(Unit::Count, late[at]), Cell::some(Unit::Count, refused[at])]
    });
    let chart = TimeChart {
        described: "Events that came late, and calls that were refused, over time",
        buckets: &pieces.buckets,
        series: vec![
            Series {
                name: "Refused".into(),
                meaning: Meaning::Category(0),
                amounts: refused,
                is_dashed: false,
            },
            Series {
                name: "Came late".into(),
                meaning: Meaning::Category(2),
                amounts: late,
                is_dashed: true,
            },
        ],
        form: Form::Lines,
        unit: Unit::Count,
        marks: Vec::new(),
        band: None,
    };
    let trouble = page.sheet.figure(&visit.state, Figure {
        id: "late-and-refused",
        question: "Were calls refused, or events late?",
        note: note("Late: recorded more than an hour after the end of the hour they belong to. Refused: for want of credits, a frozen wallet, a spent budget."),
        plot: chart.draw(),
        table,
    });
    let costs = cost_quality(visit, &mut page, &quality);
    let audit = audit(visit).await?;
    page.content = html! { div.two { (server(visit)) (costs) } (trouble) (audit) (take_out(visit)) };
    Ok(page)
}

fn take_out(visit: &Visit) -> Markup {
    html! {
        section.chart {
            h2 { "What can be taken out?" }
            p { a href=(visit.link("exports")) { "Exports" } ": events, ledgers, customers, orders, prices, packs, rates and the audit log, as CSV and NDJSON." }
        }
    }
}

/// Whether it can take money, and how far behind figures are.
fn server(visit: &Visit) -> Markup {
    let committed = visit.env.tail().committed();
    let behind = visit.env.views().lag(committed.next);
    let state = match visit.env.readiness() {
        Readiness::Ready => tag("good", "takes money"),
        Readiness::StorageFull => tag("bad", "the disk is full"),
        Readiness::Stopped(_) => tag("bad", "has stopped writing"),
    };
    html! {
        section.chart {
            h2 { "Is the server well?" }
            dl.facts {
                (fact("This environment", &state))
                (fact("Facts in the journal", &html! { (say::grouped(&committed.next.0.to_string())) }))
                (fact("Figures are behind by", &html! { (say::plural(i128::from(behind), "fact", "facts")) }))
                (fact("Waiting to be written", &html! { (say::grouped(&visit.env.queued_bytes().to_string())) " bytes" }))
            }
            p.note { "Prove the sums: " code { "chargly verify" } ". Probes: " a href={ (visit.root) "readyz" } { "readiness" } ", " a href={ (visit.root) "metrics" } { "metrics" } "." }
        }
    }
}

fn cost_quality(visit: &Visit, page: &mut Page, quality: &Json) -> Markup {
    let mut table = Table::new(vec![
        Column::text("Event type"),
        Column::number("Reported"),
        Column::number("By rate card"),
        Column::number("Estimated"),
        Column::number("Events without a cost"),
    ]);
    for row in quality.get("data").list().iter().filter(|row| row.get("events").sum() != Amount::ZERO) {
        table.row(vec![
            event_cell(visit, row.get("event").text()),
            figure_cell(row, Unit::Share, "cost_reported_share"),
            figure_cell(row, Unit::Share, "cost_rate_card_share"),
            figure_cell(row, Unit::Share, "cost_estimated_share"),
            figure_cell(row, Unit::Share, "cost_missing"),
        ]);
    }
    page.sheet.table_with(
        &visit.state,
        "cost-quality",
        "Do we know what events cost us?",
        table,
        &note("The first three are shares of the known cost, the last one of the events."),
    )
}

async fn audit(visit: &Visit) -> Result<Markup, Trouble> {
    if visit.person.role != Role::Approver {
        return Ok(
            html! { section.chart { h2 { "Who did what?" } (note("The audit log is an approver's business.")) } },
        );
    }
    let asked =
        Target::new("/v1/audit").with("limit", AUDIT_ROWS).with_some("cursor", visit.state.get("cursor"));
    let log = visit.api.get(asked).await?;
    Ok(html! {
        section.chart id="audit" {
            h2 { "Who did what?" }
            ul.log { @for entry in log.get("data").list() { li { (audited(visit, entry)) } } }
            (show_all(log.get("data").list().len(), "first"))
            @if !log.get("next_cursor").is_null() { p { a href={ (visit.state.with("cursor", log.get("next_cursor").text())) "#audit" } { "Earlier" } } }
        }
    })
}

/// One entry: what, by whom, and the rest behind it.
fn audited(visit: &Visit, entry: &Json) -> Markup {
    let zone = jiff::tz::TimeZone::UTC;
    let actor = match entry.get("actor") {
        Json::Null => "the system".to_owned(),
        Json::Text(text) => text.clone(),
        other => other.get("label").text().to_owned(),
    };
    let customer = entry.get("customer").text();
    let rest = entry.fields().filter(|(name, _)| !matches!(*name, "type" | "at" | "actor" | "id"));
    html! {
        details {
            summary {
                time datetime=(entry.get("at").text()) { (say::at(entry.get("at").text(), &zone, "%-d %b %H:%M:%S")) } " "
                b { (entry.get("type").text().replace('_', " ")) } " " span.soft { "by " (actor) }
                @if !customer.is_empty() { " · " (customer) }
            }
            dl.facts {
                @for (name, value) in rest { (fact(&name.replace('_', " "), &html! { code { (value.shown()) } })) }
                (fact("id", &html! { code { (entry.get("id").text()) } }))
            }
            @if !customer.is_empty() { p { a href=(visit.link_to("customers", customer)) { "To the customer" } } }
        }
    }
}
