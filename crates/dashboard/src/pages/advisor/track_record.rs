//! How often claims came true, beside how sure they were said to be.

use maud::html;

use super::graded_cell;
use crate::api::Target;
use crate::charts::{Bin, Reliability};
use crate::look::{Cell, Column, Figure, Table, Unit, empty, fact, note, say};
use crate::page::Page;
use crate::pages::parts::event_cell;
use crate::state::zone_of;
use crate::trouble::Trouble;
use crate::visit::Visit;

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let [record, all, settings] = visit
        .all([
            Target::new("/v1/recommendations/track-record"),
            Target::new("/v1/recommendations").with("limit", "500"),
            Target::new("/v1/settings"),
        ])
        .await?;
    let zone = zone_of(settings.get("time_zone").text());
    let mut page = Page {
        title: "Track record of the advisor".into(),
        lead: "If 9 in 10 come true of what was said to be 9 in 10 sure, its words can be believed.".into(),
        up: Some(("Advisor".into(), "advisor".into())),
        ..Page::default()
    };
    let count = |field: &str| Unit::Count.short(record.get(field).sum());
    let bins = record.get("bins").list();
    let plot = if bins.is_empty() {
        empty(
            "Too few claims are graded.",
            &html! { p { (count("graded")) " of the " (count("shown_from")) " that it takes. A claim is graded by the first look 31 days after its price began to hold." } },
        )
    } else {
        let mut table = Table::new(vec![
            Column::number("Said from"),
            Column::number("Said to"),
            Column::number("Claims"),
            Column::number("Said, on average"),
            Column::number("Came true"),
        ]);
        let mut drawn = Vec::new();
        for bin in bins {
            let share = |field: &str| Cell::some(Unit::Share, bin.get(field).amount());
            table.row(vec![
                share("from"),
                share("to"),
                Cell::some(Unit::Count, bin.get("claims").amount()),
                share("stated"),
                share("came_true"),
            ]);
            if let (Some(stated), Some(came_true)) =
                (bin.get("stated").amount(), bin.get("came_true").amount())
            {
                drawn.push(Bin { stated, came_true, claims: bin.get("claims").sum() });
            }
        }
        let chart = Reliability {
            described: "How often claims came true by how sure they were said to be",
            bins: drawn,
        };
        page.sheet.figure(
            &visit.state,
            Figure {
                id: "reliability",
                question: "Does it come true as often as it says?",
                note: note("Across: how sure it said to be. Upwards: how often that came true. Beside each point: claims."),
                plot: chart.draw(),
                table,
            },
        )
    };
    let mut graded = Table::new(vec![
        Column::text("Claim"),
        Column::text("Event type"),
        Column::number("Said"),
        Column::text("Came true"),
        Column::text("Looked back"),
    ]);
    for one in all.get("data").list().iter().filter(|one| !one.get("grade").is_null()) {
        let at = one.get("review_at").text();
        graded.row(vec![
            Cell::Link(one.get("title").text().to_owned(), visit.link_to("advisor", one.get("id").text())),
            event_cell(visit, one.get("event").text()),
            Cell::some(Unit::Share, one.get("probability").amount()),
            graded_cell(one),
            Cell::Time(say::day(at, &zone), at.to_owned()),
        ]);
    }
    page.content = html! {
        section.chart {
            h2 { "How good is it?" }
            dl.facts {
                (fact("Claims graded", &html! { (count("graded")) }))
                (fact("Of these provisional", &html! { (count("provisional")) }))
                (fact("Brier score", &html! {
                    @match record.get("brier_score").amount() {
                        Some(score) => { (score.exact()) " (0 is perfect, 0.25 is a coin)" }
                        None => { "from " (count("shown_from")) " graded claims on" }
                    }
                }))
            }
        }
        (plot)
        @if !graded.rows.is_empty() { (page.sheet.table(&visit.state, "graded", "Which claims were graded?", graded)) }
    };
    Ok(page)
}
