//! One event type: who uses it most, what it brings in, what that costs and how well we know, and what each change of
//! its price did.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::customers::known_margin;
use super::parts::{Pieces, customer_cell, figure_cell, known_cell, one_event_cell};
use crate::api::Target;
use crate::charts::{Band, Bar, Form, Meaning, Series, TimeChart, bar_cell};
use crate::json::Json;
use crate::look::{
    Amount, Cell, Column, Currency, Figure, Level, Sheet, Table, Tile, UNIT, Unit, empty, note, say, tag,
};
use crate::page::{AsOf, Controls, Page};
use crate::trouble::Trouble;
use crate::visit::Visit;

/// How many customers are listed.
const USERS: &str = "10";
/// How many events are listed, the newest.
const LATEST: &str = "20";

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let event = visit.param("name");
    let (span, before) = (visit.span(), visit.span().before(visit.state.compare()));
    let of_type = || Target::new("/v1/event-types").part(event);
    let Some(kind) = visit.api.find(of_type()).await? else { return Err(Trouble::NotFound) };
    let of = |route| Target::new(route).with("event", event);
    let [by_time, total, total_before, usage, usage_total, usage_before, by_events, by_credits] = visit
        .all([
            span.ask_by_interval(of("/v1/margin")),
            span.ask_total(of("/v1/margin")),
            before.ask_total(of("/v1/margin")),
            span.ask_by_interval(of("/v1/usage")),
            span.ask_total(of("/v1/usage")),
            before.ask_total(of("/v1/usage")),
            span.ask(of("/v1/customers")).with("sort", "-events").with("limit", USERS),
            span.ask(of("/v1/customers")).with("sort", "-credits").with("limit", USERS),
        ])
        .await?;
    let [versions, impact, latest, settings] = visit
        .all([
            of_type().then("prices").with("limit", "1000"),
            of("/v1/price-impact"),
            of("/v1/events").with("limit", LATEST),
            Target::new("/v1/settings"),
        ])
        .await?;
    let (currency, zone) = Visit::terms(&by_time);
    let mut page = Page {
        title: event.to_owned(),
        lead: lead(&kind),
        up: Some(("Usage".into(), "usage".into())),
        controls: Controls::RangeAndCompare,
        as_of: Some(AsOf::of(&by_time, &zone)),
        ..Page::default()
    };
    let about = About { visit, event, currency, zone: &zone };
    let has_events = usage_total.path("totals.events").sum() > Amount::ZERO;
    let sheet = &mut page.sheet;
    let used = if has_events {
        let pieces = Pieces::of(&by_time, visit, &zone);
        let report = Report {
            about: &about,
            pieces: &pieces,
            margin: &by_time,
            total: total.get("totals"),
            before: total_before.get("totals"),
            usage: &usage,
            units: usage_total.get("totals"),
            units_before: usage_before.get("totals"),
        };
        let marks = || pieces.price_marks(visit, Some(event));
        html! {
            (report.tiles(&by_events))
            div.two {
                (about.users(sheet, "users-by-events", "Who uses it most?", &by_events, "events"))
                (about.users(sheet, "users-by-credits", "Who spends most credits on it?", &by_credits, "credits_used"))
            }
            div.two {
                (report.money(sheet, marks().await?))
                (report.units(sheet, marks().await?))
            }
            div.two {
                (report.margins(sheet, marks().await?, settings.get("target_margin").sum()))
                (report.quality(sheet))
            }
        }
    } else {
        empty(
            "Nobody used this in this range.",
            &html! { p { "Choose a longer range. Its prices and its newest events are below." } },
        )
    };
    page.content = html! {
        (used)
        (about.prices(sheet, &versions, &impact))
        (about.latest(sheet, &latest))
    };
    Ok(page)
}

/// What it is and what it costs now.
fn lead(kind: &Json) -> String {
    let (label, description) = (kind.get("label").text(), kind.get("description").text());
    let price = match kind.path("price.in_words").text() {
        "" => "No price yet".to_owned(),
        words => format!("Price now: {words}"),
    };
    let label = if label == kind.get("name").text() { "" } else { label };
    let archived = if kind.get("archived").is_true() { "Archived" } else { "" };
    let parts = [label, description, &price, archived].into_iter().filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.map(|part| part.trim_end_matches('.')).collect();
    format!("{}.", parts.join(". "))
}

/// Which event type, and in what its figures are.
struct About<'a> {
    visit: &'a Visit,
    event: &'a str,
    currency: Currency,
    zone: &'a TimeZone,
}

/// Its figures in the range.
struct Report<'a> {
    about: &'a About<'a>,
    pieces: &'a Pieces,
    margin: &'a Json,
    total: &'a Json,
    before: &'a Json,
    usage: &'a Json,
    units: &'a Json,
    units_before: &'a Json,
}

impl Report<'_> {
    fn tiles(&self, users: &Json) -> Markup {
        let money = Unit::Money(self.about.currency);
        let compared = match self.about.visit.state.compare() {
            crate::state::Compare::Previous => "vs the time before",
            crate::state::Compare::SameWeekdays => "vs the same weekdays before",
        };
        let had_events = self.units_before.get("events").sum() > Amount::ZERO;
        let all = |report, field| self.pieces.finished(self.pieces.amounts(report, field, |_| true));
        let tile = |name, unit, meaning, now: &Json, before: &Json, line: &[_], href: &str| {
            let before = had_events.then(|| before.amount()).flatten();
            Tile {
                name,
                unit,
                meaning,
                now: now.amount(),
                before,
                unknown: "cost missing",
                line,
                compared,
                href: href.to_owned(),
            }
            .show()
        };
        let (units, before) = (self.units, self.units_before);
        html! {
            div.tiles {
                (tile("Events", Unit::Count, Meaning::Neutral, units.get("events"), before.get("events"), &all(self.usage, "events"), "#units"))
                (tile("Credits used", Unit::Credits, Meaning::Credits, units.get("credits_used"), before.get("credits_used"), &all(self.usage, "credits_used"), "#units"))
                (tile("Revenue", money, Meaning::Revenue, self.total.get("recognised"), self.before.get("recognised"), &all(self.margin, "recognised"), "#revenue-and-cost"))
                (tile("Provider cost", money, Meaning::Cost, self.total.get("cost"), self.before.get("cost"), &all(self.margin, "cost"), "#cost-quality"))
                (tile("Gross margin", Unit::Share, Meaning::Margin, self.total.get("gross_margin"), self.before.get("gross_margin"), &all(self.margin, "gross_margin"), "#margin"))
                (Level { name: "Customers", unit: Unit::Count, meaning: Meaning::Neutral, now: users.get("active").amount(), says: "used it in this range", href: "#users-by-events".into() }.show())
            }
        }
    }

    fn money(&self, sheet: &mut Sheet, marks: Vec<crate::charts::Mark>) -> Markup {
        let money = Unit::Money(self.about.currency);
        let all = |field| self.pieces.amounts(self.margin, field, |_| true);
        let (revenue, cost) = (all("recognised"), all("cost"));
        let table =
            self.pieces.table(vec![Column::number("Revenue"), Column::number("Provider cost")], |at| {
                vec![Cell::some(money, revenue[at]), Cell::known(money, cost[at], false)]
            });
        let line = |name: &str, meaning, amounts, is_dashed| Series {
            name: name.into(),
            meaning,
            amounts,
            is_dashed,
        };
        let chart = TimeChart {
            described: "Revenue and provider cost of the event type over time",
            buckets: &self.pieces.buckets,
            band: Some(Band {
                name: "Margin".into(),
                meaning: Meaning::Margin,
                low: cost.clone(),
                high: revenue.clone(),
            }),
            series: vec![
                line("Revenue", Meaning::Revenue, revenue, false),
                line("Provider cost", Meaning::Cost, cost, true),
            ],
            form: Form::Lines,
            unit: money,
            marks,
        };
        let question = "What does it bring in, and what does that cost?";
        let figure = Figure {
            id: "revenue-and-cost",
            question,
            note: note("The area between is the margin."),
            plot: chart.draw(),
            table,
        };
        sheet.figure(&self.about.visit.state, figure)
    }

    fn units(&self, sheet: &mut Sheet, marks: Vec<crate::charts::Mark>) -> Markup {
        let all = |field| self.pieces.amounts(self.usage, field, |_| true);
        let (quantity, events, credits) = (all("quantity"), all("events"), all("credits_used"));
        let refused = all("refused");
        let columns = ["Units", "Events", "Credits", "Refused"].map(Column::number);
        let table = self.pieces.table(columns.into(), |at| {
            vec![
                Cell::some(Unit::Count, quantity[at]),
                Cell::some(Unit::Count, events[at]),
                Cell::some(Unit::Credits, credits[at]),
                Cell::some(Unit::Count, refused[at]),
            ]
        });
        let chart = TimeChart {
            described: "Units of the event type over time",
            buckets: &self.pieces.buckets,
            series: vec![Series {
                name: "Units".into(),
                meaning: Meaning::Category(0),
                amounts: quantity,
                is_dashed: false,
            }],
            form: Form::Columns,
            unit: Unit::Count,
            marks,
            band: None,
        };
        let figure = Figure {
            id: "units",
            question: "How much of it is used?",
            note: note(
                "Units: the sum of the quantities. Events, credits and refused calls are in the table.",
            ),
            plot: chart.draw(),
            table,
        };
        sheet.figure(&self.about.visit.state, figure)
    }

    fn margins(&self, sheet: &mut Sheet, marks: Vec<crate::charts::Mark>, target: Amount) -> Markup {
        let margin = self.pieces.amounts(self.margin, "gross_margin", |_| true);
        let planning = self.pieces.amounts(self.margin, "planning_margin", |_| true);
        let columns = ["Gross margin", "Planning margin", "Target"].map(Column::number);
        let table = self.pieces.table(columns.into(), |at| {
            vec![
                Cell::some(Unit::Share, margin[at]),
                Cell::some(Unit::Share, planning[at]),
                Cell::Amount(Unit::Share, target),
            ]
        });
        let held = vec![Some(target); self.pieces.buckets.len()];
        let line = |name: &str, meaning, amounts, is_dashed| Series {
            name: name.into(),
            meaning,
            amounts,
            is_dashed,
        };
        let chart = TimeChart {
            described: "Margin of the event type over time, and the target",
            buckets: &self.pieces.buckets,
            series: vec![
                line("Gross margin", Meaning::Margin, margin, false),
                line("Planning margin", Meaning::Category(0), planning, true),
                line("Target", Meaning::Neutral, held, true),
            ],
            form: Form::Lines,
            unit: Unit::Share,
            marks,
            band: None,
        };
        let figure = Figure {
            id: "margin",
            question: "Does its margin reach the target?",
            note: html! { p.note {
                "Gross margin is of the revenue that was booked; planning margin takes every credit at its planning value. The target is "
                (Unit::Share.short(target)) "."
                @if self.total.get("upper_bound").is_true() { " Some costs are missing: with them both are lower." }
            } },
            plot: chart.draw(),
            table,
        };
        sheet.figure(&self.about.visit.state, figure)
    }

    /// Where the cost is known from, and of how many events it is not known.
    fn quality(&self, sheet: &mut Sheet) -> Markup {
        let money = Unit::Money(self.about.currency);
        let whole = Amount(UNIT);
        let bar = |amount: Amount, meaning| {
            Cell::Drawn(bar_cell(&Bar { amount, longest: whole, meaning }), String::new())
        };
        let columns = vec![
            Column::text("Where from"),
            Column::number("Cost"),
            Column::number("Share"),
            Column::text(""),
        ];
        let mut table = Table::new(columns);
        let sources = [
            ("Reported with the event", "cost_reported"),
            ("By rate card", "cost_rate_card"),
            ("Estimated", "cost_estimated"),
        ];
        for (words, field) in sources {
            let share = self.total.get(&format!("{field}_share")).amount();
            table.row(vec![
                Cell::text(words),
                Cell::some(money, self.total.get(field).amount()),
                Cell::some(Unit::Share, share),
                bar(share.unwrap_or_default(), Meaning::Cost),
            ]);
        }
        let missing = self.total.get("cost_missing").sum();
        table.row(vec![
            Cell::text("Missing (of the events)"),
            if missing > Amount::ZERO { Cell::CostMissing } else { Cell::None },
            Cell::Amount(Unit::Share, missing),
            bar(missing, Meaning::Neutral),
        ]);
        let after = html! { p.note { "Shares of sources are of the known cost. " a href=(self.about.visit.link("costs")) { "Provider costs" } } };
        sheet.table_with(
            &self.about.visit.state,
            "cost-quality",
            "How well do we know what it costs?",
            table,
            &after,
        )
    }
}

impl About<'_> {
    fn users(&self, sheet: &mut Sheet, id: &'static str, question: &str, list: &Json, by: &str) -> Markup {
        let rows = list.get("data").list();
        let money = Unit::Money(self.currency);
        let longest = rows.iter().map(|row| row.get(by).sum()).max().unwrap_or_default();
        let meaning = if by == "events" { Meaning::Category(0) } else { Meaning::Credits };
        let columns = vec![
            Column::text("Customer"),
            Column::number("Events"),
            Column::number("Credits"),
            Column::text(""),
            Column::number("Revenue"),
            Column::number("Cost"),
            Column::number("Margin"),
        ];
        let mut table = Table::new(columns);
        for row in rows {
            table.row(vec![
                customer_cell(self.visit, row.get("customer").text()),
                figure_cell(row, Unit::Count, "events"),
                figure_cell(row, Unit::Credits, "credits_used"),
                Cell::Drawn(bar_cell(&Bar { amount: row.get(by).sum(), longest, meaning }), String::new()),
                figure_cell(row, money, "recognised"),
                known_cell(row, money, "cost"),
                known_margin(row),
            ]);
        }
        let sort = if by == "events" { "-events" } else { "-credits" };
        let all = self.visit.link("customers");
        let joint = if all.contains('?') { '&' } else { '?' };
        let all = format!(
            "{all}{joint}{}",
            form_urlencoded::Serializer::new(String::new())
                .append_pair("event", self.event)
                .append_pair("sort", sort)
                .finish()
        );
        let after =
            html! { p.note { a href=(all) { "All " (list.get("active").sum().exact()) " who used it" } } };
        sheet.table_with(&self.visit.state, id, question, table, &after)
    }

    /// Every version, with what its change did where that can be told.
    fn prices(&self, sheet: &mut Sheet, versions: &Json, impact: &Json) -> Markup {
        let money = Unit::Money(self.currency);
        let names = [
            ("Version", false),
            ("Price", false),
            ("Since", false),
            ("Units", true),
            ("Credits a unit", true),
            ("Revenue before", true),
            ("Revenue after", true),
            ("Change", true),
            ("Margin before", true),
            ("Margin after", true),
            ("What it did", false),
        ];
        let columns =
            names.map(|(name, is_number)| if is_number { Column::number(name) } else { Column::text(name) });
        let mut table = Table::new(columns.into());
        for version in versions.get("data").list() {
            let number = format!("v{}", version.get("version").sum().exact());
            let (since, state) = (version.get("effective_at").text(), version.get("state").text());
            let known = impact.get("data").list().iter();
            let did = known.clone().find(|row| row.get("price_version") == version.get("id"));
            let mut row = vec![
                Cell::Drawn(
                    html! { b { (number) } " " (tag(if state == "in_force" { "good" } else { "plain" }, &state.replace('_', " "))) },
                    format!("{number} {}", version.get("id").text()),
                ),
                Cell::Drawn(
                    html! { (version.get("in_words").text()) @if !version.get("note").text().is_empty() { " " span.soft { "“" (version.get("note").text()) "”" } } },
                    version.get("in_words").text().to_owned(),
                ),
                Cell::Time(say::day(since, self.zone), since.to_owned()),
            ];
            match did {
                Some(did) => row.extend([
                    figure_cell(did, Unit::Share, "units_change"),
                    Cell::Drawn(
                        html! { (per_unit(did, "before")) " → " (per_unit(did, "after")) },
                        format!("{} → {}", per_unit(did, "before"), per_unit(did, "after")),
                    ),
                    figure_cell(did, money, "before_revenue"),
                    figure_cell(did, money, "after_revenue"),
                    figure_cell(did, Unit::Share, "revenue_change"),
                    known_part(did, "before"),
                    known_part(did, "after"),
                    verdict(did),
                ]),
                None => {
                    row.extend(vec![Cell::None; 7]);
                    let first = version.get("version").sum() == Amount::whole(1);
                    row.push(Cell::text(if first {
                        "the first price"
                    } else if state == "scheduled" {
                        "not yet in force"
                    } else {
                        ""
                    }));
                }
            }
            table.row(row);
        }
        if table.rows.is_empty() {
            return html! { section.chart #prices { h2 { "What did each price change do?" } (note("It has no price yet: every event is refused until one is published.")) } };
        }
        let after = html! {
            @for did in impact.get("data").list() { (windows(did)) }
            p.note { "Before and after are windows of equal length. What the change itself caused, and how sure that is: " a href=(self.visit.link("impact")) { "price impact" } "." }
        };
        sheet.table_with(&self.visit.state, "prices", "What did each price change do?", table, &after)
    }

    fn latest(&self, sheet: &mut Sheet, latest: &Json) -> Markup {
        let money = Unit::Money(self.currency);
        let columns = vec![
            Column::text("When"),
            Column::text("Customer"),
            Column::number("Quantity"),
            Column::number("Credits"),
            Column::number("Revenue"),
            Column::number("Cost"),
            Column::text("Cost from"),
            Column::text("Event"),
        ];
        let mut table = Table::new(columns);
        for row in latest.get("data").list() {
            table.row(vec![
                Cell::Time(
                    say::instant(row.get("occurred_at").text(), self.zone),
                    row.get("occurred_at").text().to_owned(),
                ),
                customer_cell(self.visit, row.get("customer").text()),
                figure_cell(row, Unit::Count, "quantity"),
                Cell::Drawn(credits(row), row.get("credits").sum().exact()),
                Cell::some(money, row.path("revenue.amount").amount()),
                Cell::known(money, row.path("cost.amount").amount(), false),
                Cell::text(row.path("cost.source").text().replace('_', " ")),
                one_event_cell(self.visit, row.get("id").text()),
            ]);
        }
        if table.rows.is_empty() {
            return html! { section.chart { h2 { "What happened last?" } (note("No event of it was ever recorded.")) } };
        }
        sheet.table(&self.visit.state, "latest", "What happened last?", table)
    }
}

/// The credits of an event, and what was given back of them.
fn credits(row: &Json) -> Markup {
    let (credits, reversed) = (row.get("credits").sum(), row.get("reversed").sum());
    html! {
        data value=(credits.exact()) title=(Unit::Credits.exact(credits)) { (Unit::Credits.short(credits)) }
        @if reversed > Amount::ZERO { " " (tag("bad", &format!("{} reversed", Unit::Credits.short(reversed)))) }
    }
}

fn per_unit(did: &Json, side: &str) -> String {
    let credits = did.get(&format!("credits_per_unit_{side}")).amount();
    credits.map_or_else(|| say::NONE.to_owned(), |credits| Unit::Credits.short(credits))
}

/// The margin of a window; at best where costs of it are missing.
fn known_part(did: &Json, side: &str) -> Cell {
    if did.get(&format!("{side}_revenue")).sum() == Amount::ZERO {
        return Cell::None;
    }
    let is_upper_bound = did.get(&format!("{side}_cost_missing")).sum() > Amount::ZERO;
    Cell::known(Unit::Share, did.get(&format!("{side}_margin")).amount(), is_upper_bound)
}

/// What can be said of a change, in a few words.
fn verdict(did: &Json) -> Cell {
    let (kind, words) = match (did.get("status").text(), did.get("claim").text()) {
        ("too_early", _) => ("plain", "too early to say"),
        ("no_controls", _) => ("plain", "nothing to compare with"),
        (_, "margin_rose") => ("good", "margin rose"),
        (_, "margin_fell") => ("bad", "margin fell"),
        _ => ("plain", "no clear effect"),
    };
    let sure = did.get("confidence").text();
    let sure = if sure.is_empty() { String::new() } else { format!("{sure} confidence") };
    Cell::Drawn(
        html! { (tag(kind, words)) " " span.soft { (sure) } },
        format!("{words} {sure}").trim().to_owned(),
    )
}

/// The windows of a change, and how the estimate came about.
fn windows(did: &Json) -> Markup {
    html! {
        p.note {
            b { "v" (did.get("version").sum().exact()) } ": " (did.get("before_from").text()) " – " (did.get("before_to").text())
            " against " (did.get("after_from").text()) " – " (did.get("after_to").text()) ". " (did.get("in_words").text())
        }
    }
}
