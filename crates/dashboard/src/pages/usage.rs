//! What is used, by what it can be counted by; and what a unit of it costs.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::groups::{Groups, OTHERS, SHOWN_MAX};
use super::parts::{Pieces, price_versions};
use super::unit_costs;
use crate::api::Target;
use crate::charts::{Bar, Form, Histogram, Meaning, Quantile, Series, TimeChart, bar_cell, bins};
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Currency, Figure, Sheet, Table, Tile, Unit, empty, note, say};
use crate::page::{AsOf, Controls, Page};
use crate::state::Span;
use crate::trouble::Trouble;
use crate::visit::Visit;

/// Events of which costs are read, the newest.
const SAMPLE: &str = "1000";
/// Groups that are listed, the largest.
const LISTED: usize = 20;
/// The quantiles that are told.
const PERCENTS: [usize; 3] = [50, 90, 99];

/// What can be counted: the parameter, the words, the field of a report, in what.
const METRICS: [Metric; 5] = [
    Metric {
        name: "credits",
        words: "Credits used",
        field: "credits_used",
        unit: Unit::Credits,
        meaning: Meaning::Credits,
    },
    Metric { name: "events", words: "Events", field: "events", unit: Unit::Count, meaning: Meaning::Neutral },
    Metric {
        name: "quantity",
        words: "Quantity",
        field: "quantity",
        unit: Unit::Count,
        meaning: Meaning::Neutral,
    },
    Metric {
        name: "uncharged",
        words: "Uncharged",
        field: "uncharged",
        unit: Unit::Credits,
        meaning: Meaning::Neutral,
    },
    Metric {
        name: "refused",
        words: "Refused",
        field: "refused",
        unit: Unit::Count,
        meaning: Meaning::Neutral,
    },
];

#[derive(Clone, Copy)]
struct Metric {
    name: &'static str,
    words: &'static str,
    field: &'static str,
    unit: Unit,
    meaning: Meaning,
}

/// What figures are split by.
#[derive(Clone, Debug, PartialEq, Eq)]
enum By {
    Event,
    Customer,
    PriceVersion,
    Dimension(String),
}

impl By {
    /// As the API calls it, and the address.
    fn name(&self) -> &str {
        match self {
            Self::Event => "event",
            Self::Customer => "customer",
            Self::PriceVersion => "price_version",
            Self::Dimension(name) => name,
        }
    }

    fn words(&self) -> &str {
        match self {
            Self::Event => "event type",
            Self::Customer => "customer",
            Self::PriceVersion => "price version",
            Self::Dimension(name) => name,
        }
    }

    /// The field of a row that has what it is split by.
    fn field(&self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Customer => "customer",
            Self::PriceVersion => "price_version",
            Self::Dimension(_) => "dimension_value",
        }
    }
}

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let types = visit.api.get(Target::new("/v1/event-types").with("limit", "1000")).await?;
    let question = Question::of(visit, &types);
    let mut page = Page { title: "Usage".into(), controls: Controls::RangeAndCompare, ..Page::default() };
    let choices = question.choices(&types);
    let answer = match question.why_not() {
        Some(why) => Err(why),
        // What the API cannot answer, it explains: a customer or a value that there is not.
        None => match question.answer(&mut page).await {
            Ok(content) => Ok(content),
            Err(Trouble::Problem(refused)) if refused.status == 400 => Err(refused.detail),
            Err(trouble) => return Err(trouble),
        },
    };
    page.content = match answer {
        Ok(content) => html! { (choices) (content) },
        Err(why) => html! {
            (choices)
            (empty("That is not counted.", &html! {
                p { (why) }
                p { "Kept are, by the hour: event type with price version, and event type with one dimension; by the day: customer with event type." }
                p { a.button href=(visit.state.with_all(&[("by", ""), ("customer", ""), ("event", ""), ("price_version", "")].into_iter().chain(question.dimensions.iter().map(|(name, _)| (name.as_str(), ""))).collect::<Vec<_>>())) { "By event type, without filters" } }
            }))
        },
    };
    Ok(page)
}

/// What is asked.
struct Question<'a> {
    visit: &'a Visit,
    span: Span,
    metric: Metric,
    by: By,
    event: Option<&'a str>,
    customer: Option<&'a str>,
    /// Only of this price version.
    price: Option<&'a str>,
    /// `filter[model]` and its value.
    dimensions: Vec<(String, String)>,
    /// Dimensions that can be chosen.
    declared: Vec<String>,
}

/// Reports that answer it.
struct Answer {
    currency: Currency,
    zone: TimeZone,
    pieces: Pieces,
    groups: Groups,
    /// Every group with its sum.
    sums: Vec<(String, Amount)>,
    versions: Vec<Json>,
}

impl<'a> Question<'a> {
    fn of(visit: &'a Visit, types: &Json) -> Self {
        let state = &visit.state;
        let event = state.get("event");
        let of_event = types
            .get("data")
            .list()
            .iter()
            .filter(|one| event.is_none_or(|event| one.get("name").text() == event));
        let mut declared: Vec<String> = of_event
            .flat_map(|one| one.get("dimensions").list())
            .map(|name| name.text().to_owned())
            .collect();
        declared.sort();
        declared.dedup();
        let by = match state.get("by") {
            Some("customer") => By::Customer,
            Some("price_version") => By::PriceVersion,
            Some(name) if declared.iter().any(|known| known == name) => By::Dimension(name.to_owned()),
            _ => By::Event,
        };
        let metric =
            METRICS.into_iter().find(|metric| state.get("metric") == Some(metric.name)).unwrap_or(METRICS[0]);
        let dimensions: Vec<_> =
            state.all("filter[").map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let (customer, price) = (state.get("customer"), state.get("price_version"));
        let span = visit.span();
        let by_hour = span.interval == "hour";
        // Customers are kept by the day.
        let span = if by_hour && (by == By::Customer || customer.is_some()) {
            Span { interval: "day", ..span }
        } else {
            span
        };
        Self { visit, span, metric, by, event, customer, price, dimensions, declared }
    }

    /// Why nothing is kept that could answer it.
    fn why_not(&self) -> Option<String> {
        let dimension =
            self.dimensions.first().map(|(name, _)| name.trim_start_matches("filter[").trim_end_matches(']'));
        let of_customer = self.customer.is_some();
        match (&self.by, dimension) {
            _ if self.dimensions.len() > 1 => {
                Some("Two dimensions are not counted together: remove one of them.".into())
            }
            (By::Dimension(by), Some(one)) if by != one => {
                Some(format!("{by} is not counted together with {one}: remove one of them."))
            }
            (By::Customer, _) if self.price.is_some() => Some(
                "Customers are not counted by price version: remove that filter, or choose another split."
                    .into(),
            ),
            (By::Dimension(one), _) if self.price.is_some() => Some(format!(
                "Price versions are not counted by {one}: remove that filter, or choose another split."
            )),
            _ if self.price.is_some() && (of_customer || dimension.is_some()) => {
                Some("Price versions are counted by event type alone: remove the other filters.".into())
            }
            (By::Customer, Some(one)) => Some(format!(
                "Customers are not counted by {one}: remove that filter, or choose another split."
            )),
            (By::PriceVersion, Some(one)) => Some(format!(
                "Price versions are not counted by {one}: remove that filter, or choose another split."
            )),
            (_, Some(one)) if of_customer => {
                Some(format!("Customers are not counted by {one}: remove one of both filters."))
            }
            (By::PriceVersion | By::Dimension(_), None) if of_customer => Some(format!(
                "Customers are not counted by {}: remove that filter, or split by event type.",
                self.by.words()
            )),
            _ => None,
        }
    }

    /// The report, narrowed.
    fn usage(&self) -> Target {
        let usage =
            Target::new("/v1/usage").with_some("event", self.event).with_some("customer", self.customer);
        let usage = usage.with_some("price_version", self.price);
        self.dimensions.iter().fold(usage, |usage, (name, value)| usage.with(name, value))
    }

    /// What is counted, by what, of what.
    fn choices(&self, types: &Json) -> Markup {
        let state = &self.visit.state;
        let splits = [By::Event, By::Customer, By::PriceVersion]
            .into_iter()
            .chain(self.declared.iter().cloned().map(By::Dimension));
        let event = self.event.unwrap_or_default();
        html! {
            div.splits {
                div {
                    span.soft { "Split by" }
                    nav.ranges aria-label="Split by" {
                        @for by in splits {
                            a href=(state.with("by", by.name())) aria-current=[(by == self.by).then_some("true")] { (by.words()) }
                        }
                    }
                }
                form.find method="get" {
                    @for (name, value) in state.all("").filter(|(name, _)| !matches!(*name, "event" | "customer" | "cursor" | "csv" | "said")) {
                        input type="hidden" name=(name) value=(value);
                    }
                    label { "Event type"
                        select name="event" {
                            option value="" { "all" }
                            @for one in types.get("data").list() {
                                @let name = one.get("name").text();
                                option value=(name) selected[name == event] { (name) }
                            }
                        }
                    }
                    label { "Customer" input name="customer" maxlength="255" autocomplete="off" value=(self.customer.unwrap_or_default()); }
                    button { "Show" }
                }
            }
        }
    }

    async fn answer(&self, page: &mut Page) -> Result<Markup, Trouble> {
        let before = self.span.before(self.visit.state.compare());
        let grouped = || self.usage().with("group_by", self.by.name());
        let [by_time, total, total_before, sums] = self
            .visit
            .all([
                self.span.ask_by_interval(self.usage()),
                self.span.ask_total(self.usage()),
                before.ask_total(self.usage()),
                self.span.ask_total(grouped()),
            ])
            .await?;
        let (currency, zone) = Visit::terms(&by_time);
        page.as_of = Some(AsOf::of(&by_time, &zone));
        let tiles = self.tiles(&by_time, &total, &total_before, &zone);
        let counted = METRICS
            .iter()
            .any(|metric| total.path(&format!("totals.{}", metric.field)).sum() != Amount::ZERO);
        if !counted {
            let ways = super::first_minute::ways_if_new(self.visit).await?;
            return Ok(
                html! { (tiles) (empty("Nothing was used in this range.", &html! { p { "What is metered appears here within a second. Choose a longer range, or remove a filter." } })) (ways) },
            );
        }
        let pieces = Pieces::of(&by_time, self.visit, &zone);
        let versions = if self.by == By::PriceVersion {
            price_versions(self.visit, self.event).await?
        } else {
            Vec::new()
        };
        let mut ranked: Vec<(String, Amount)> = Vec::new();
        for row in sums.get("data").list() {
            ranked.push((row.get(self.by.field()).text().to_owned(), row.get(self.metric.field).sum()));
        }
        ranked.retain(|(_, sum)| *sum != Amount::ZERO);
        ranked.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
        if ranked.is_empty() {
            let what = format!("{}: none in this range.", self.metric.words);
            return Ok(
                html! { (tiles) (empty(&what, &html! { p { "Press another figure above to see how it went." } })) },
            );
        }
        let groups = if self.by == By::Customer {
            self.of_customers(&pieces, &by_time, &ranked).await?
        } else {
            let report = self.visit.api.get(self.span.ask_by_interval(grouped())).await?;
            Groups::of(&pieces, &report, self.metric.field, self.by.field(), |group| {
                self.name(group, &versions)
            })
        };
        let marks = if self.by == By::Customer || self.customer.is_some() {
            Vec::new()
        } else {
            pieces.price_marks(self.visit, self.event).await?
        };
        let answer = Answer { currency, zone, pieces, groups, sums: ranked, versions };
        let sheet = &mut page.sheet;
        let over_time = self.over_time(sheet, &answer, marks);
        let largest = self.largest(sheet, &answer);
        let (costs, in_bin) = self.costs(sheet, &answer).await?;
        Ok(html! {
            (tiles)
            (over_time)
            div.two { (largest) (costs) }
            (in_bin)
            (self.pivot(sheet, &answer))
        })
    }

    /// The five largest customers, each asked alone: all of them by the day would be too much.
    async fn of_customers(
        &self,
        pieces: &Pieces,
        by_time: &Json,
        ranked: &[(String, Amount)],
    ) -> Result<Groups, Trouble> {
        let field = self.metric.field;
        let shown: Vec<&(String, Amount)> =
            ranked.iter().filter(|(id, _)| !id.is_empty()).take(SHOWN_MAX).collect();
        let asked = shown.iter().map(|(id, _)| {
            self.visit.api.get(self.span.ask_by_interval(
                Target::new("/v1/usage").with_some("event", self.event).with("customer", id),
            ))
        });
        let reports = futures_util::future::try_join_all(asked).await?;
        let mut rest = pieces.amounts(by_time, field, |_| true);
        let mut all = Vec::new();
        for (place, (report, (id, _))) in reports.iter().zip(&shown).enumerate() {
            let amounts = pieces.amounts(report, field, |_| true);
            for (rest, amount) in rest.iter_mut().zip(&amounts) {
                *rest = Some(rest.unwrap_or_default().less(amount.unwrap_or_default()));
            }
            all.push((
                Some(id.clone()),
                Series { name: id.clone(), meaning: Meaning::Category(place), amounts, is_dashed: false },
            ));
        }
        if rest.iter().flatten().any(|amount| *amount != Amount::ZERO) {
            let series = Series {
                name: OTHERS.into(),
                meaning: Meaning::Category(SHOWN_MAX),
                amounts: rest,
                is_dashed: false,
            };
            all.push((None, series));
        }
        Ok(Groups { all })
    }

    /// What a group is called.
    fn name(&self, group: &str, versions: &[Json]) -> String {
        match &self.by {
            By::Event if group.is_empty() => "no event type".to_owned(),
            By::Customer if group.is_empty() => "erased".to_owned(),
            By::PriceVersion => match versions.iter().find(|version| version.get("id").text() == group) {
                Some(version) => {
                    format!("{} v{}", version.get("event").text(), version.get("version").sum().exact())
                }
                None if group.is_empty() => "no price".to_owned(),
                None => group.to_owned(),
            },
            By::Dimension(name) if group.is_empty() => format!("without {name}"),
            _ => group.to_owned(),
        }
    }

    /// Where pressing a group leads: the same narrowed to it, split by something else.
    fn narrowed(&self, group: &str, versions: &[Json]) -> Option<String> {
        let state = &self.visit.state;
        if group.is_empty() {
            return None;
        }
        Some(match &self.by {
            By::Event => state.with_all(&[
                ("event", group),
                (
                    "by",
                    if self.customer.is_some() || !self.dimensions.is_empty() { "event" } else { "customer" },
                ),
            ]),
            By::Customer => state.with_all(&[("customer", group), ("by", "event")]),
            By::PriceVersion => {
                let version = versions.iter().find(|version| version.get("id").text() == group)?;
                let event = version.get("event").text();
                if self.price.is_some() {
                    return Some(self.visit.link_to("events", event));
                }
                state.with_all(&[("price_version", group), ("event", event), ("by", "price_version")])
            }
            By::Dimension(name) => state.with_all(&[(&format!("filter[{name}]"), group), ("by", "event")]),
        })
    }

    fn tiles(&self, by_time: &Json, total: &Json, before: &Json, zone: &TimeZone) -> Markup {
        let compared = match self.visit.state.compare() {
            crate::state::Compare::Previous => "vs the time before",
            crate::state::Compare::SameWeekdays => "vs the same weekdays before",
        };
        let pieces = Pieces::of(by_time, self.visit, zone);
        html! {
            div.tiles aria-label="What is counted" {
                @for metric in METRICS {
                    div class={ "metric" @if metric.name == self.metric.name { " chosen" } } {
                        (Tile {
                            name: metric.words,
                            unit: metric.unit,
                            meaning: metric.meaning,
                            now: total.path("totals").get(metric.field).amount(),
                            before: before.path("totals").get(metric.field).amount(),
                            unknown: "—",
                            line: &pieces.finished(pieces.amounts(by_time, metric.field, |_| true)),
                            compared,
                            href: self.visit.state.with("metric", metric.name),
                        }.show())
                    }
                }
            }
        }
    }

    fn over_time(&self, sheet: &mut Sheet, answer: &Answer, marks: Vec<crate::charts::Mark>) -> Markup {
        // Beside all other customers the largest five would not be seen: they are compared with each other.
        let are_compared = self.by == By::Customer;
        let series = || answer.groups.all.iter().filter(|(group, _)| group.is_some() || !are_compared);
        let drawn: Vec<Series> = series()
            .map(|(_, one)| Series {
                name: one.name.clone(),
                meaning: one.meaning,
                amounts: one.amounts.clone(),
                is_dashed: false,
            })
            .collect();
        let table = if are_compared {
            let columns = drawn.iter().map(|one| Column::number(one.name.clone())).collect();
            answer.pieces.table(columns, |at| {
                drawn.iter().map(|one| Cell::some(self.metric.unit, one.amounts[at])).collect()
            })
        } else {
            answer.groups.table(&answer.pieces, self.metric.unit)
        };
        let chart = TimeChart {
            described: "What was used over time, by what it is split by",
            buckets: &answer.pieces.buckets,
            series: drawn,
            form: if are_compared { Form::Lines } else { Form::Columns },
            unit: self.metric.unit,
            marks,
            band: None,
        };
        let question =
            format!("How did {} change, by {}?", self.metric.words.to_lowercase(), self.by.words());
        let is_by_day = self.visit.span().interval == "hour" && self.span.interval == "day";
        let note = html! {
            ul.legend {
                @for (group, one) in series() {
                    li {
                        span class={ "swatch " (one.meaning.class()) } {}
                        @match group.as_deref().and_then(|group| self.narrowed(group, &answer.versions)) {
                            Some(href) => a href=(href) { (one.name) },
                            None => (one.name),
                        }
                    }
                }
            }
            @if are_compared { p.note { "The five who used most; all others are in the table at the end of the page." } }
            @if is_by_day { p.note { "Customers are counted by the day: the days that the range touches are shown whole." } }
        };
        sheet.figure(
            &self.visit.state,
            Figure { id: "over-time", question: &question, note, plot: chart.draw(), table },
        )
    }

    /// Every group with its sum.
    fn largest(&self, sheet: &mut Sheet, answer: &Answer) -> Markup {
        let whole: Amount = answer.sums.iter().map(|(_, sum)| *sum).sum();
        let longest = answer.sums.iter().map(|(_, sum)| *sum).max().unwrap_or_default();
        let mut head = self.by.words().to_owned();
        if let Some(first) = head.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let mut table = Table::new(vec![
            Column::text(head),
            Column::number(self.metric.words),
            Column::number("Share"),
            Column::text(""),
        ]);
        let meaning =
            if self.metric.meaning == Meaning::Credits { Meaning::Credits } else { Meaning::Category(0) };
        for (group, sum) in answer.sums.iter().take(LISTED) {
            let name = self.name(group, &answer.versions);
            table.row(vec![
                match self.narrowed(group, &answer.versions) {
                    Some(href) => Cell::Link(name, href),
                    None => Cell::text(name),
                },
                Cell::Amount(self.metric.unit, *sum),
                Cell::some(Unit::Share, sum.share_of(whole)),
                Cell::Drawn(bar_cell(&Bar { amount: *sum, longest, meaning }), String::new()),
            ]);
        }
        let question = match self.by {
            By::Customer => "Which customer uses most?".to_owned(),
            _ => format!("Which {} is used most?", self.by.words()),
        };
        let more = answer.sums.len().saturating_sub(LISTED);
        let page = match (self.event, self.customer) {
            (Some(event), _) => Some((self.visit.link_to("events", event), format!("All about {event}"))),
            (None, Some(customer)) => {
                Some((self.visit.link_to("customers", customer), format!("All about {customer}")))
            }
            _ => None,
        };
        let after = html! {
            @if more > 0 { p.note { (say::plural(i128::try_from(more).unwrap_or_default(), "smaller one is", "smaller ones are")) " not listed." } }
            @if let Some((href, words)) = page { p.note { a href=(href) { (words) } } }
        };
        sheet.table_with(&self.visit.state, "largest", &question, table, &after)
    }

    /// What a unit costs, of the newest events of one type; and the events of the bin that was pressed.
    async fn costs(&self, sheet: &mut Sheet, answer: &Answer) -> Result<(Markup, Markup), Trouble> {
        const QUESTION: &str = "What does a unit cost us?";
        let Some(event) = self.event else {
            let names = answer
                .sums
                .iter()
                .filter(|(name, _)| self.by == By::Event && !name.is_empty())
                .take(SHOWN_MAX);
            let which = html! {
                section.chart { h2 { (QUESTION) }
                    p.note { "A unit of one event type costs something else than one of another. Choose one: "
                        @for (at, (name, _)) in names.enumerate() { @if at > 0 { " · " } a href=(self.visit.state.with("event", name)) { (name) } }
                    }
                }
            };
            return Ok((which, html! {}));
        };
        let target = self
            .span
            .ask(Target::new("/v1/events").with("event", event).with_some("customer", self.customer));
        let list = self.visit.api.get(target.with("limit", SAMPLE)).await?;
        let is_meant =
            |event: &&Json| self.price.is_none_or(|price| event.get("price_version").text() == price);
        let events: Vec<Json> = list.get("data").list().iter().filter(is_meant).cloned().collect();
        let mut costs: Vec<Amount> = events
            .iter()
            .filter(|event| event.path("cost.currency").text() == answer.currency.code())
            .filter_map(unit_costs::unit_cost)
            .collect();
        costs.sort_unstable();
        let missing = events.len() - costs.len();
        if costs.is_empty() {
            let missing = html! { section.chart { h2 { (QUESTION) } p.note { span.missing { "cost missing" } " of all of the newest " (events.len()) " events." } } };
            return Ok((missing, html! {}));
        }
        let money = Unit::Money(answer.currency);
        let quantiles: Vec<Quantile> =
            PERCENTS.iter().filter_map(|percent| Quantile::of(&costs, *percent)).collect();
        let made = bins(&costs);
        let hrefs = unit_costs::hrefs(self.visit, &made);
        let mut table = Table::new(vec![
            Column::text("What"),
            Column::number("From"),
            Column::number("To"),
            Column::number("Events"),
        ]);
        for quantile in &quantiles {
            table.row(vec![
                Cell::text(quantile.name()),
                Cell::Amount(money, quantile.amount),
                Cell::None,
                Cell::None,
            ]);
        }
        for (at, bin) in made.iter().enumerate() {
            let to = if at + 1 == made.len() { Cell::text("and more") } else { Cell::Amount(money, bin.to) };
            table.row(vec![
                Cell::Link("bin".to_owned(), hrefs[at].clone()),
                Cell::Amount(money, bin.from),
                to,
                Cell::Amount(Unit::Count, Amount::whole(bin.count)),
            ]);
        }
        let is_all = list.get("next_cursor").is_null();
        let note = html! { p.note {
            @if is_all { "All " (events.len()) " events of this range." } @else { "The newest " (events.len()) " events of this range, not all of them." }
            @if missing > 0 { " Of " (missing) " the cost is missing, and they are left out." }
            @if !self.dimensions.is_empty() { " The filter of a dimension does not hold here." }
            " Press a bin to see its events."
        } };
        let chart = Histogram {
            described: "How often a unit costs how much",
            hrefs,
            bins: made,
            quantiles,
            unit: money,
            meaning: Meaning::Cost,
        };
        let figure = Figure { id: "cost-per-unit", question: QUESTION, note, plot: chart.draw(), table };
        let shown = sheet.figure(&self.visit.state, figure);
        Ok((shown, unit_costs::events_in(self.visit, sheet, &events, money, &answer.zone)))
    }

    /// Time against groups, with the sums of both.
    fn pivot(&self, sheet: &mut Sheet, answer: &Answer) -> Markup {
        let mut table = answer.groups.table(&answer.pieces, self.metric.unit);
        for (column, (group, _)) in table.columns.iter_mut().skip(1).zip(&answer.groups.all) {
            if let Some(href) = group.as_deref().and_then(|group| self.narrowed(group, &answer.versions)) {
                *column = Column::number(column.name.clone()).sorted_by(href, false);
            }
        }
        let sums =
            answer.groups.all.iter().map(|(_, one)| one.amounts.iter().flatten().copied().sum::<Amount>());
        let whole: Amount = sums.clone().sum();
        let mut row = vec![Cell::Drawn(html! { b { "Total" } }, "total".to_owned())];
        row.extend(sums.chain([whole]).map(|sum| Cell::Drawn(html! { b { data value=(sum.exact()) title=(self.metric.unit.exact(sum)) { (self.metric.unit.short(sum)) } } }, sum.exact())));
        table.row(row);
        let zone = answer.zone.iana_name().unwrap_or("UTC");
        let after = note(&format!(
            "Pressing a head narrows the page to it; pressing a time, to that. Days begin in {zone}."
        ));
        sheet.table_with(
            &self.visit.state,
            "pivot",
            &format!("{} by time and {}", self.metric.words, self.by.words()),
            table,
            &after,
        )
    }
}
