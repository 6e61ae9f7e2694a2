//! What everything costs now, since when, and whether that is enough.

pub(crate) mod draft;
pub(crate) mod price;
pub(crate) mod simulate;
pub(crate) mod simulated;

use maud::{Markup, html};

use super::parts::{Pieces, event_cell, known_cell, legend, price_versions};
use crate::api::Target;
use crate::charts::{Form as Drawn, Meaning, Series, TimeChart};
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Figure, Sheet, Table, Unit, empty, note, say, tag};
use crate::page::{AsOf, Controls, Page};
use crate::people::Role;
use crate::serve::{Done, Form};
use crate::state::{Span, zone_of};
use crate::trouble::Trouble;
use crate::visit::Visit;
use draft::{Body, wrong};

/// Types that have a line of their own.
const LINES_MAX: usize = 6;
const DAY_MS: i64 = 24 * 3_600_000;

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let span = visit.span();
    let [types, settings, margin, packs] = visit
        .all([
            Target::new("/v1/event-types").with("limit", "1000"),
            Target::new("/v1/settings"),
            span.ask_total(Target::new("/v1/margin").with("group_by", "event")),
            Target::new("/v1/packs"),
        ])
        .await?;
    let (_, zone) = Visit::terms(&margin);
    let mut page = Page {
        title: "Pricing".into(),
        lead: "What one event of each type costs. A new price is a new version, which never changes.".into(),
        controls: Controls::Range,
        as_of: Some(AsOf::of(&margin, &zone)),
        ..Page::default()
    };
    let (archived, active): (Vec<&Json>, Vec<&Json>) =
        types.get("data").list().iter().partition(|one| one.get("archived").is_true());
    let versions = price_versions(visit, None).await?;
    let catalogue = Catalogue { visit, settings: &settings, margin: &margin };
    page.content = html! {
        @if active.is_empty() {
            (empty("Nothing has a price yet.", &html! { p { "Define an event type below: its name, and how many credits one event costs." } }))
        } @else {
            (catalogue.table(&mut page.sheet, &active))
            (timeline(&catalogue, &mut page.sheet, &active, &versions).await?)
        }
        div.two {
            (define(visit))
            section.chart {
                h2 { "What else is priced?" }
                p { (say::plural(packs_for_sale(&packs), "pack of credits", "packs of credits")) " for sale: " a href=(visit.link("settings/packs")) { "packs" } "." }
                p { a href=(visit.link("pricing/simulate")) { "Try other prices on the past" } ", "
                    a href=(visit.link("price-impact")) { "see what earlier changes did" } ", or "
                    a href=(visit.link("advisor")) { "read what the advisor says" } "." }
                @if !archived.is_empty() {
                    h3 { "Archived" }
                    ul { @for one in &archived { li { a href=(price_link(visit, one.get("name").text())) { (one.get("name").text()) }
                        " " span.soft { (one.path("price.in_words").text()) } } } }
                    (note("New events of an archived type are refused. What it did stays."))
                }
            }
        }
    };
    Ok(page)
}

fn packs_for_sale(packs: &Json) -> i128 {
    let active = packs.get("data").list().iter().filter(|pack| pack.get("active").is_true());
    i128::try_from(active.count()).unwrap_or_default()
}

/// The page of an event type's prices.
pub(crate) fn price_link(visit: &Visit, name: &str) -> String {
    // The simulator has this address; in other letters it is the type's own.
    if name == "simulate" { visit.link("pricing/%73imulate") } else { visit.link_to("pricing", name) }
}

struct Catalogue<'a> {
    visit: &'a Visit,
    settings: &'a Json,
    margin: &'a Json,
}

impl Catalogue<'_> {
    fn table(&self, sheet: &mut Sheet, types: &[&Json]) -> Markup {
        let zone = zone_of(self.settings.get("time_zone").text());
        let mut table = Table::new(vec![
            Column::text("Event type"),
            Column::text("Label"),
            Column::text("Price now"),
            Column::number("Version"),
            Column::text("Since"),
            Column::number("Events"),
            Column::number("Margin now"),
            Column::number("Target margin"),
        ]);
        let target = self.settings.get("target_margin").amount();
        for one in types {
            let (name, price) = (one.get("name").text(), one.get("price"));
            let rows = self.margin.get("data").list();
            let row = rows.iter().find(|row| row.get("event").text() == name).unwrap_or(&Json::Null);
            let words = if price.is_null() { "no price yet" } else { price.get("in_words").text() };
            let (since, label) = (price.get("effective_at").text(), one.get("label").text());
            let is_short =
                row.get("gross_margin").amount().zip(target).is_some_and(|(now, target)| now < target);
            let margin = match known_cell(row, Unit::Share, "gross_margin") {
                Cell::Amount(unit, amount) if is_short => Cell::Drawn(
                    html! { data value=(amount.exact()) title=(unit.exact(amount)) { (unit.short(amount)) } " " (tag("bad", "under target")) },
                    amount.exact(),
                ),
                _ if row.is_null() => Cell::None,
                cell => cell,
            };
            table.row(vec![
                event_cell(self.visit, name),
                Cell::text(if label == name { "" } else { label }),
                Cell::Link(words.to_owned(), price_link(self.visit, name)),
                Cell::some(Unit::Count, price.get("version").amount()),
                if price.is_null() {
                    Cell::None
                } else {
                    Cell::Time(say::day(since, &zone), since.to_owned())
                },
                Cell::Amount(Unit::Count, row.get("events").sum()),
                margin,
                Cell::some(Unit::Share, target),
            ]);
        }
        let after = html! { p.note { "Margin is of the range chosen above. One target holds for all: " a href=(self.visit.link("settings")) { "settings" } "." } };
        sheet.table_with(&self.visit.state, "catalogue", "What does everything cost?", table, &after)
    }
}

/// What a unit of each type cost since its first price: exact where the price is flat, else what was charged.
async fn timeline(
    Catalogue { visit, margin, .. }: &Catalogue<'_>,
    sheet: &mut Sheet,
    types: &[&Json],
    versions: &[Json],
) -> Result<Markup, Trouble> {
    let begun = versions.iter().filter(|version| version.get("state").text() != "scheduled");
    let first = begun.filter_map(|one| one.get("effective_at").text().parse::<jiff::Timestamp>().ok()).min();
    let (Some(first), now) = (first, visit.env.wall_ms()) else { return Ok(html! {}) };
    let from = first.as_millisecond().min(now);
    let interval = match (now - from) / DAY_MS {
        ..=120 => "day",
        121..=800 => "week",
        _ => "month",
    };
    let span = Span { from, to: now + 1, interval };
    // A report leaves out pieces in which nothing happened; the sum of all has each.
    let all = visit.api.get(span.ask_by_interval(Target::new("/v1/usage"))).await?;
    let (_, zone) = Visit::terms(&all);
    let pieces = Pieces::of(&all, visit, &zone);
    let marks = pieces.marks_of(visit, None, versions);
    let use_of = |name: &str| -> Amount {
        let rows = margin.get("data").list().iter().filter(|row| row.get("event").text() == name);
        rows.map(|row| row.get("credits_used").sum()).sum()
    };
    let mut priced: Vec<&str> =
        types.iter().filter(|one| !one.get("price").is_null()).map(|one| one.get("name").text()).collect();
    priced.sort_by_key(|name| std::cmp::Reverse(use_of(name)));
    let left_out = priced.len().saturating_sub(LINES_MAX);
    priced.truncate(LINES_MAX);
    let mut series = Vec::new();
    for (at, name) in priced.iter().enumerate() {
        let mut own: Vec<&Json> = versions
            .iter()
            .filter(|one| one.get("event").text() == *name && one.get("state").text() != "scheduled")
            .collect();
        own.sort_by_key(|one| one.get("version").sum());
        // A flat price is known; what others came to is what was charged.
        let used = match own.iter().all(|one| is_flat(one)) {
            true => Json::Null,
            false => {
                let of_type = Target::new("/v1/usage").with("event", name);
                visit.api.get(span.ask_by_interval(of_type)).await?
            }
        };
        series.push(line(&pieces, &own, &used, name, Meaning::Category(at)));
    }
    let names: Vec<_> = series.iter().map(|one| (one.name.clone(), one.meaning)).collect();
    let table = pieces.table(names.iter().map(|(name, _)| Column::number(name.clone())).collect(), |at| {
        series.iter().map(|one| Cell::some(Unit::Credits, one.amounts.get(at).copied().flatten())).collect()
    });
    let chart = TimeChart {
        described: "Credits that one unit of each event type cost over time",
        buckets: &pieces.buckets,
        form: Drawn::Steps,
        unit: Unit::Credits,
        marks,
        band: None,
        series,
    };
    Ok(sheet.figure(
        &visit.state,
        Figure {
            id: "price-history",
            question: "How did prices change?",
            note: html! {
                (legend(&names))
                p.note { "Credits for each unit. Flat prices are exact; others, dashed, are what was charged on average."
                    @if left_out > 0 { " " (left_out) " less used types are in the table above only." } }
            },
            plot: chart.draw(),
            table,
        },
    ))
}

fn is_flat(version: &Json) -> bool {
    version.path("rule.type").text() == "flat"
}

/// What a unit of a type cost by its own versions, in order, and what was used of it.
fn line(pieces: &Pieces, own: &[&Json], used: &Json, name: &str, meaning: Meaning) -> Series {
    let credits = pieces.amounts(used, "credits_used", |_| true);
    let units = pieces.amounts(used, "quantity", |_| true);
    let mut is_average = false;
    let amounts = (0..pieces.buckets.len())
        .map(|at| {
            let holding = own
                .iter()
                .rev()
                .find(|one| pieces.at(one.get("effective_at").text()).is_some_and(|began| began <= at))?;
            if is_flat(holding) {
                return holding.path("rule.credits").amount();
            }
            is_average = true;
            credits[at]?.share_of(units[at]?)
        })
        .collect();
    let name = if is_average { format!("{name}, on average") } else { name.to_owned() };
    Series { name, meaning, amounts, is_dashed: is_average }
}

fn define(visit: &Visit) -> Markup {
    if visit.person.role < Role::Approver {
        return html! { section.chart { h2 { "A new event type?" } (note("Defining one takes the role approver.")) } };
    }
    let was = |field: &str| visit.typed("define", field);
    html! {
        section.chart #define {
            h2 { "A new event type?" }
            form.act method="post" {
                (visit.form_fields("define"))
                label { "Name" span.soft { "as your code will send it: image.generate" } input name="name" required autocomplete="off" value=(was("name")); }
                label { "Label" span.soft { "as people read it" } input name="label" autocomplete="off" value=(was("label")); }
                label { "Credits" span.soft { "for each event, to begin with" } input name="credits" required inputmode="decimal" autocomplete="off" value=(was("credits")); }
                label { "Description" input name="description" autocomplete="off" value=(was("description")); }
                button.main { "Define it" }
            }
        }
    }
}

pub(crate) async fn act(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    if visit.person.role < Role::Approver {
        return Err(Trouble::Role(Role::Approver.name()));
    }
    if form.get("action") != "define" {
        return Err(Trouble::NotFound);
    }
    let name = form.get("name");
    if name.is_empty() {
        return Err(wrong("name", "is needed"));
    }
    let target = Target::new("/v1/event-types").part(name);
    // The same call would replace what there is.
    if visit.api.find(target.clone()).await?.is_some() {
        return Err(wrong("name", "is of an event type that there is already"));
    }
    let mut body = Body::default();
    body.some_text("label", form.get("label")).some_text("description", form.get("description"));
    body.number("credits", form.get("credits"));
    let made = visit.api.send("PUT", target, body.done(), None).await?;
    Ok(Done::Said(format!("{name} is defined: {}.", made.path("price.in_words").text())))
}
