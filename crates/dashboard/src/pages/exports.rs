//! What can be taken out, as files: what each holds, for which range, in which form.

use maud::{Markup, html};

use crate::api::Target;
use crate::exports::{EXPORTS, Export};
use crate::look::{Cell, Column, Table, note, say};
use crate::page::{Controls, Page};
use crate::state::{time, zone_of};
use crate::trouble::Trouble;
use crate::visit::Visit;

/// The forms that a file can have.
const ENDINGS: [&str; 2] = ["csv", "ndjson"];

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let settings = visit.api.get(Target::new("/v1/settings")).await?;
    let zone = zone_of(settings.get("time_zone").text());
    let span = visit.span();
    let range = format!(
        "From {} to before {}, {}.",
        say::instant(&time(span.from), &zone),
        say::instant(&time(span.to), &zone),
        zone.iana_name().unwrap_or("UTC")
    );
    Ok(Page {
        title: "Exports".into(),
        lead: format!("{range} Choose another range above: it holds for all that is of a time."),
        up: Some(("Health and audit".into(), "health".into())),
        controls: Controls::Range,
        content: html! {
            section.chart {
                h2 { "What can be taken out?" }
                (files(visit).show("What can be taken out"))
            }
            section.chart {
                h2 { "Everything, for a program" }
                p { "Events and the ledger of all customers, in the order of the journal, as CSV or NDJSON; what was stopped goes on where it ended:" }
                pre { "chargly export events --env " (visit.env.name()) " --out events.csv\nchargly export ledger --env " (visit.env.name()) " --out ledger.csv" }
                p.note { "Figures by time, event, customer or property come from the " a href={ (visit.root) "docs" } { "API" } " as CSV, and so does every chart: press the CSV under it." }
            }
            (note("Times are UTC, amounts are exact decimals, an empty cost is a cost that is missing. In CSV a text that a spreadsheet would run as a formula begins with an apostrophe. A file that breaks off is not whole: take it again."))
        },
        ..Page::default()
    })
}

/// Each file with what is in it.
fn files(visit: &Visit) -> Table {
    let mut table = Table::new(["What", "What a row is", "Of", "As a file"].map(Column::text).into());
    for export in &EXPORTS {
        table.row(vec![
            Cell::Drawn(html! { b { (export.title) } }, export.title.to_owned()),
            Cell::text(export.about),
            Cell::text(if export.is_ranged { "range" } else { "all" }),
            Cell::Drawn(links(visit, export), String::new()),
        ]);
    }
    table
}

fn links(visit: &Visit, export: &Export) -> Markup {
    let base = format!("{}dashboard/{}/exports/{}", visit.root, visit.env.name(), export.name);
    let query = if export.is_ranged { visit.state.range_query() } else { String::new() };
    html! {
        @if visit.person.role < export.role { span.soft { "takes the role " (export.role.name()) } }
        @else if export.is_of_customer {
            form.files method="get" {
                @for name in ["range", "from", "to"] {
                    @if let Some(value) = visit.state.get(name) { input type="hidden" name=(name) value=(value); }
                }
                input name="customer" aria-label="Customer" required placeholder="user_42";
                @for ending in ENDINGS { button formaction={ (base) "." (ending) } { (called(ending)) } }
            }
        } @else {
            div.files { @for ending in ENDINGS { a.button href={ (base) "." (ending) (query) } download { (called(ending)) } } }
        }
    }
}

fn called(ending: &str) -> &'static str {
    if ending == "csv" { "CSV" } else { "NDJSON" }
}
