//! What can be taken out, as files: what each holds, for which range, in which form.

use maud::{Markup, html};

use crate::api::Target;
use crate::exports::{EXPORTS, Export};
use crate::look::{note, say};
use crate::page::{Controls, Page};
use crate::state::{time, zone_of};
use crate::trouble::Trouble;
use crate::visit::Visit;

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
            @for export in &EXPORTS { (one(visit, export)) }
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

fn one(visit: &Visit, export: &Export) -> Markup {
    let may = visit.person.role >= export.role;
    let query = if export.is_ranged { visit.state.range_query() } else { String::new() };
    let href = |ending: &str| format!("{}dashboard/{}/exports/{}.{ending}{query}", visit.root, visit.env.name(), export.name);
    html! {
        section.chart id=(export.name) {
            h2 { (export.title) }
            p { (export.about) }
            @if !may { (note("This takes the role approver.")) }
            @else if export.is_of_customer {
                @for ending in ["csv", "ndjson"] {
                    form.inline method="get" action=(href(ending)) {
                        @for name in ["range", "from", "to"] {
                            @if let Some(value) = visit.state.get(name) { input type="hidden" name=(name) value=(value); }
                        }
                        label { span.hidden { "Customer" } input name="customer" required placeholder="user_42"; }
                        button { (called(ending)) }
                    }
                }
            } @else {
                p.files { a.button href=(href("csv")) download { (called("csv")) } " " a.button href=(href("ndjson")) download { (called("ndjson")) } }
                @if !export.is_ranged { (note("All there are: it is of no range.")) }
            }
        }
    }
}

fn called(ending: &str) -> &'static str {
    if ending == "csv" { "CSV" } else { "NDJSON" }
}
