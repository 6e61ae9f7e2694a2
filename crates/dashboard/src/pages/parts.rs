//! What several pages read from reports in the same way.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::api::Target;
use crate::charts::{Bucket, Mark};
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Table, Unit, say};
use crate::trouble::Trouble;
use crate::visit::Visit;

/// Event types of which price changes are asked for.
const TYPES_MAX: usize = 60;

/// The pieces of time of a report, in order, each once, however the report is grouped.
pub(crate) struct Pieces {
    starts: Vec<String>,
    pub(crate) buckets: Vec<Bucket>,
}

impl Pieces {
    /// Of a report cut by an interval.
    pub(crate) fn of(report: &Json, visit: &Visit, zone: &TimeZone) -> Self {
        let interval = report.get("interval").text();
        let mut pieces = Self { starts: Vec::new(), buckets: Vec::new() };
        for row in report.get("data").list() {
            let start = row.get("start").text();
            if pieces.starts.last().is_some_and(|last| last == start) {
                continue;
            }
            pieces.starts.push(start.to_owned());
            pieces.buckets.push(Bucket {
                label: label(start, interval, zone),
                is_unfinished: row.get("unfinished").is_true(),
                href: narrowed(visit, row, interval, zone),
            });
        }
        pieces
    }

    /// A figure over these pieces, of the rows that `is_meant`. A piece without a row has 0: nothing was counted there.
    pub(crate) fn amounts(
        &self,
        report: &Json,
        field: &str,
        is_meant: impl Fn(&Json) -> bool,
    ) -> Vec<Option<Amount>> {
        let mut amounts = vec![Some(Amount::ZERO); self.starts.len()];
        for row in report.get("data").list().iter().filter(|row| is_meant(row)) {
            if let Some(at) = self.at(row.get("start").text()) {
                amounts[at] = row.get(field).amount();
            }
        }
        amounts
    }

    /// The same without what is not over: for a line, which would end in a fall that never was.
    pub(crate) fn finished(&self, amounts: Vec<Option<Amount>>) -> Vec<Option<Amount>> {
        let open = self.buckets.last().is_some_and(|bucket| bucket.is_unfinished) && amounts.len() > 1;
        let kept = amounts.len() - usize::from(open);
        amounts.into_iter().take(kept).collect()
    }

    /// The piece that begins then, or that an instant falls into.
    pub(crate) fn at(&self, instant: &str) -> Option<usize> {
        // RFC 3339 in UTC, of one form: the order of the texts is that of the instants.
        let after = self.starts.partition_point(|start| start.as_str() <= instant);
        after.checked_sub(1)
    }

    /// The local date on which a piece begins.
    pub(crate) fn day(&self, at: usize, zone: &TimeZone) -> String {
        say::at(&self.starts[at], zone, "%Y-%m-%d")
    }

    /// A table with a row for each piece, begun with the time.
    pub(crate) fn table(&self, columns: Vec<Column>, cells: impl Fn(usize) -> Vec<Cell>) -> Table {
        let mut all = vec![Column::text("Time")];
        all.extend(columns);
        let mut table = Table::new(all);
        table.ends_newest = true;
        for (at, bucket) in self.buckets.iter().enumerate() {
            let shown = if bucket.is_unfinished {
                format!("{} (not over)", bucket.label)
            } else {
                bucket.label.clone()
            };
            let time = match &bucket.href {
                Some(href) => Cell::Drawn(html! { a href=(href) { (shown) } }, self.starts[at].clone()),
                None => Cell::Time(shown, self.starts[at].clone()),
            };
            let mut row = vec![time];
            row.extend(cells(at));
            table.row(row);
        }
        table
    }

    /// Every price version that began to hold within these pieces, of one event type or of all.
    pub(crate) async fn price_marks(&self, visit: &Visit, event: Option<&str>) -> Result<Vec<Mark>, Trouble> {
        Ok(self.marks_of(visit, event, &price_versions(visit, event).await?))
    }

    /// The same, of versions that are known.
    pub(crate) fn marks_of(&self, visit: &Visit, event: Option<&str>, versions: &[Json]) -> Vec<Mark> {
        let zone = TimeZone::UTC;
        let marks = versions.iter().filter_map(|version| {
            let since = version.get("effective_at").text();
            // The first price of a type changed nothing.
            let is_first = version.get("version").amount() == Some(Amount::whole(1));
            let is_before = self.starts.first().is_none_or(|first| since < first.as_str());
            if is_first || is_before || version.get("state").text() == "scheduled" {
                return None;
            }
            let (name, number) = (version.get("event").text(), version.get("version").sum().exact());
            Some(Mark {
                bucket: self.at(since)?,
                label: if event.is_some() { format!("v{number}") } else { format!("{name} v{number}") },
                title: format!(
                    "{name} v{number}: {}, since {}",
                    version.get("in_words").text(),
                    say::day(since, &zone)
                ),
                href: Some(visit.link_to("events", name)),
            })
        });
        marks.collect()
    }
}

/// The price versions of an event type, or of all.
pub(crate) async fn price_versions(visit: &Visit, event: Option<&str>) -> Result<Vec<Json>, Trouble> {
    let names: Vec<String> = match event {
        Some(event) => vec![event.to_owned()],
        None => {
            let types = visit.api.get(Target::new("/v1/event-types").with("limit", "1000")).await?;
            types
                .get("data")
                .list()
                .iter()
                .take(TYPES_MAX)
                .map(|one| one.get("name").text().to_owned())
                .collect()
        }
    };
    let asked =
        names.iter().map(|name| visit.api.find(Target::new("/v1/event-types").part(name).then("prices")));
    let lists = futures_util::future::try_join_all(asked).await?;
    Ok(lists.into_iter().flatten().flat_map(|list| list.get("data").list().to_vec()).collect())
}

/// When a piece begins, as short as it can be told.
fn label(start: &str, interval: &str, zone: &TimeZone) -> String {
    match interval {
        "hour" => say::at(start, zone, "%-d %b %H:%M"),
        "month" => say::at(start, zone, "%b %Y"),
        _ => say::at(start, zone, "%-d %b"),
    }
}

/// The same page, within a piece: days, weeks and months can be looked into.
fn narrowed(visit: &Visit, row: &Json, interval: &str, zone: &TimeZone) -> Option<String> {
    if interval == "hour" {
        return None;
    }
    let from = say::at(row.get("start").text(), zone, "%Y-%m-%d");
    let end: jiff::Timestamp = row.get("end").text().parse().ok()?;
    let last = jiff::Timestamp::from_millisecond(end.as_millisecond() - 1).ok()?;
    let last = last.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string();
    Some(visit.state.with_all(&[("from", &from), ("to", &last), ("range", "")]))
}

/// An event type by its name, leading to its page.
pub(crate) fn event_cell(visit: &Visit, name: &str) -> Cell {
    if name.is_empty() {
        return Cell::text("expired credits");
    }
    Cell::Link(name.to_owned(), visit.link_to("events", name))
}

/// An event by its id, leading to its page.
pub(crate) fn one_event_cell(visit: &Visit, id: &str) -> Cell {
    if id.is_empty() {
        return Cell::None;
    }
    Cell::Link(id.to_owned(), visit.link_to("event", id))
}

/// A customer by their id, leading to their page.
pub(crate) fn customer_cell(visit: &Visit, id: &str) -> Cell {
    if id.is_empty() {
        return Cell::text("erased");
    }
    Cell::Link(id.to_owned(), visit.link_to("customers", id))
}

/// A legend, where there are too many series for names beside their lines.
pub(crate) fn legend(names: &[(String, crate::charts::Meaning)]) -> Markup {
    html! {
        ul.legend {
            @for (name, meaning) in names { li { span class={ "swatch " (meaning.class()) } {} (name) } }
        }
    }
}

/// A figure of a row as a cell: its unit, its name.
pub(crate) fn figure_cell(row: &Json, unit: Unit, field: &str) -> Cell {
    Cell::some(unit, row.get(field).amount())
}

/// For how long what is left of a wallet lasts.
pub(crate) fn lasts_cell(row: &Json) -> Cell {
    match row.get("days_to_empty").amount() {
        Some(Amount::ZERO) => Cell::text("empty now"),
        days => Cell::some(Unit::Days, days),
    }
}

/// A figure that may not be known: cost, contribution, margin.
pub(crate) fn known_cell(row: &Json, unit: Unit, field: &str) -> Cell {
    if row.get("events").amount() == Some(Amount::ZERO) {
        return Cell::None;
    }
    Cell::known(unit, row.get(field).amount(), row.get("upper_bound").is_true())
}

/// How far something at work is; without an end while nobody knows it.
pub(crate) fn progress_bar(done: Amount, all: Amount) -> Markup {
    html! {
        @if all > Amount::ZERO { progress max=(all.exact()) value=(done.exact()) aria-label="Facts that are done" { } }
        @else { progress aria-label="Facts that are done" { } }
    }
}

/// To the next page of a list, and back to its beginning.
pub(crate) fn pager(visit: &Visit, list: &Json) -> Markup {
    let next = list.get("next_cursor").text();
    html! {
        @if !next.is_empty() || visit.state.get("cursor").is_some() {
            p.note {
                @if visit.state.get("cursor").is_some() { a href=(visit.state.with("cursor", "")) { "← From the beginning" } }
                @if !next.is_empty() { " " a href=(visit.state.with_all(&[("cursor", next)])) { "Next page →" } }
            }
        }
    }
}

/// A number as it goes into a request.
pub(crate) fn number(field: &str, text: &str) -> Result<String, Trouble> {
    Amount::parse(text).map(Amount::exact).ok_or_else(|| Trouble::field(field, "must be a number, like 500"))
}
