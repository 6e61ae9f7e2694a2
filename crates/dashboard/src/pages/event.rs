//! One event: what was metered, how it came to its credits, what it brought in and cost, which lots paid, and all that
//! happened to it since.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::api::Target;
use crate::json::Json;
use crate::look::{
    Amount, COST_MISSING, Cell, Column, Currency, NONE, Sheet, Table, Unit, fact, note, say, tag,
};
use crate::page::Page;
use crate::state::zone_of;
use crate::trouble::Trouble;
use crate::visit::Visit;

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let id = visit.param("id");
    let of = || Target::new("/v1/events").part(id);
    let Some(event) = visit.api.find(of()).await? else { return Err(Trouble::NotFound) };
    let name = event.get("event").text();
    let [history, settings] = visit.all([of().then("history"), Target::new("/v1/settings")]).await?;
    let prices =
        visit.api.find(Target::new("/v1/event-types").part(name).then("prices").with("limit", "1000"));
    let prices = prices.await?.unwrap_or(Json::Null);
    let zone = zone_of(settings.get("time_zone").text());
    let customer = event.get("customer").text();
    let about = About { visit, event: &event, zone: &zone };
    let mut page = Page {
        title: format!("One {name}"),
        lead: format!(
            "{} of {}, on {}.",
            Unit::Credits.in_words(event.get("credits").sum()),
            if customer.is_empty() { "a customer who was erased" } else { customer },
            say::instant(event.get("occurred_at").text(), &zone)
        ),
        up: Some((name.to_owned(), Target::new("events").part(name).into())),
        ..Page::default()
    };
    page.content = html! {
        div.two { (about.metered()) (about.credits(&prices)) }
        div.two { (about.money()) (about.properties()) }
        (about.lots(&mut page.sheet))
        (about.history(&mut page.sheet, &history))
    };
    Ok(page)
}

struct About<'a> {
    visit: &'a Visit,
    event: &'a Json,
    zone: &'a TimeZone,
}

impl About<'_> {
    fn metered(&self) -> Markup {
        let (event, visit) = (self.event, self.visit);
        let customer = event.get("customer").text();
        let name = event.get("event").text();
        let hold = event.get("hold_id").text();
        html! {
            section.chart {
                h2 { "What was metered?" }
                dl.facts {
                    (fact("Event type", &html! { a href=(visit.link_to("events", name)) { (name) } }))
                    (fact("Customer", &html! { @if customer.is_empty() { span.none { "erased" } } @else { a href=(visit.link_to("customers", customer)) { (customer) } } }))
                    (fact("Quantity", &shown(Unit::Count, event.get("quantity").sum())))
                    (fact("Occurred", &self.time("occurred_at")))
                    (fact("Recorded", &self.time("recorded_at")))
                    @if !hold.is_empty() { (fact("By capturing the hold", &html! { code { (hold) } })) }
                    (fact("Id", &html! { code.long { (event.get("id").text()) } }))
                }
            }
        }
    }

    /// How it came to its credits, and what became of them.
    fn credits(&self, prices: &Json) -> Markup {
        let event = self.event;
        let version = event.get("price_version").text();
        let price = prices.get("data").list().iter().find(|price| price.get("id").text() == version);
        let name = event.get("event").text();
        let credits = |field: &str| shown_in_words(event.get(field).sum());
        let some = |field: &str, words: &'static str| {
            let is_there = event.get(field).sum() != Amount::ZERO;
            html! { @if is_there { (fact(words, &credits(field))) } }
        };
        html! {
            section.chart {
                h2 { "How did it come to its credits?" }
                dl.facts {
                    (fact("Price", &html! {
                        @match price {
                            Some(price) => {
                                a href=(self.visit.link_to("pricing", name)) { "version " (price.get("version").sum().exact()) } ": " (price.get("in_words").text())
                            }
                            None if version.is_empty() => "the caller set the credits",
                            None => code { (version) },
                        }
                    }))
                    (fact("For a quantity of", &shown(Unit::Count, event.get("quantity").sum())))
                    (fact("Charged", &credits("credits")))
                    (some("reversed", "Given back since"))
                    (some("debt", "Of that, owed at first"))
                    (some("debt_settled", "Settled since"))
                    (some("uncharged", "Used and not charged"))
                    (some("collected", "Charged later"))
                }
                @if price.is_some() { (note("The version that was in force then. It stays, whatever the price became since.")) }
            }
        }
    }

    fn money(&self) -> Markup {
        let event = self.event;
        let money = self.currency();
        let (revenue, cost) = (event.path("revenue.amount").sum(), event.path("cost.amount").amount());
        let left = cost.map(|cost| revenue.less(cost));
        let margin = left.and_then(|left| left.share_of(revenue));
        let source = event.path("cost.source").text();
        let first = event.path("cost.first");
        html! {
            section.chart {
                h2 { "What did it bring in, and what did it cost us?" }
                dl.facts {
                    (fact("Revenue", &shown(money, revenue)))
                    (fact("Provider cost", &html! {
                        (known(money, cost)) " "
                        @match source {
                            "reported" => (tag("good", "reported")),
                            "rate_card" => { (tag("good", "by rate card")) " " a href=(self.visit.link("costs")) { "card " (event.path("cost.card").sum().exact()) } }
                            "estimated" => (tag("", "an estimate")),
                            _ => {}
                        }
                    }))
                    @if !first.is_null() { (fact("Known at first as", &known(money, first.get("amount").amount()))) }
                    (fact("Contribution", &known(money, left)))
                    (fact("Margin", &html! { @match (cost, margin) { (None, _) => span.missing { (COST_MISSING) }, (_, None) => span.none { (NONE) }, (_, Some(margin)) => (shown(Unit::Share, margin)) } }))
                }
                @if cost.is_none() { p.note { "What it cost can still be told: " code { "POST /v1/events/{id}/cost" } "." } }
            }
        }
    }

    fn properties(&self) -> Markup {
        let (properties, usage) = (self.event.get("properties"), self.event.get("usage"));
        html! {
            section.chart {
                h2 { "What was sent with it?" }
                @if properties.fields().next().is_none() && usage.is_null() { (note("Nothing besides.")) }
                @if properties.fields().next().is_some() {
                    dl.facts { @for (name, value) in properties.fields() { (fact(name, &html! { code.long { (value.shown()) } })) } }
                }
                @if !usage.is_null() {
                    p.note { "Usage of a model, from which a rate card computes the cost:" }
                    dl.facts {
                        @for name in ["provider", "model"] { (fact(name, &html! { (usage.get(name).text()) })) }
                        @for (name, value) in usage.fields().filter(|(name, _)| !matches!(*name, "provider" | "model")) {
                            (fact(&name.replace('_', " "), &html! { (say::grouped(&value.shown())) }))
                        }
                    }
                }
            }
        }
    }

    fn lots(&self, sheet: &mut Sheet) -> Markup {
        let money = self.currency();
        let mut table =
            Table::new(vec![Column::text("Lot"), Column::number("Credits"), Column::number("Revenue")]);
        let lots = self.event.get("lots").list();
        for lot in lots {
            let id = lot.get("grant_id").text();
            table.row(vec![
                self.lot(id),
                Cell::Amount(Unit::Credits, lot.get("credits").sum()),
                Cell::some(money, lot.path("revenue.amount").amount()),
            ]);
        }
        if lots.is_empty() {
            let words = "None: it took no credits, or they are owed.";
            return html! { section.chart #lots { h2 { "Which lots paid?" } (note(words)) } };
        }
        let after = note(
            "As they paid at first, in the order in which lots are used. Given credits bring in nothing.",
        );
        sheet.table_with(&self.visit.state, "lots", "Which lots paid?", table, &after)
    }

    /// A lot by its id, leading to those of the customer.
    fn lot(&self, id: &str) -> Cell {
        let customer = self.event.get("customer").text();
        match (id, customer) {
            ("", _) => Cell::text("a lot that is gone"),
            (id, "") => Cell::text(id),
            (id, customer) => {
                Cell::Link(id.to_owned(), format!("{}#lots", self.visit.link_to("customers", customer)))
            }
        }
    }

    /// Every fact about it, with its lines in the ledger.
    fn history(&self, sheet: &mut Sheet, history: &Json) -> Markup {
        let mut table = Table::new(vec![
            Column::text("When"),
            Column::text("What"),
            Column::text("By"),
            Column::number("Credits"),
            Column::number("Balance after"),
            Column::text("Why"),
            Column::text("Ledger entry"),
        ]);
        for one in history.get("data").list() {
            let at =
                [one.get("at").text(), one.get("recorded_at").text()].into_iter().find(|at| !at.is_empty());
            let at = at.unwrap_or_default();
            let row = |entry: Option<&Json>| {
                let id = entry.map_or_else(|| one.get("id").text(), |entry| entry.get("id").text());
                vec![
                    Cell::Time(say::at(at, self.zone, "%-d %b %Y, %H:%M:%S"), at.to_owned()),
                    Cell::text(self.happened(one)),
                    some_text(one.path("actor.label").text().to_owned()),
                    Cell::some(Unit::Credits, entry.and_then(|entry| entry.get("credits").amount())),
                    Cell::some(Unit::Credits, entry.and_then(|entry| entry.get("balance_after").amount())),
                    some_text(why(one)),
                    Cell::text(id),
                ]
            };
            let entries = one.get("entries").list();
            if entries.is_empty() {
                table.row(row(None));
            }
            for entry in entries {
                table.row(row(Some(entry)));
            }
        }
        let customer = self.event.get("customer").text();
        let after = html! {
            @if !history.get("complete").is_true() { p.note { "More was recorded for this customer since than is looked at: the newest of it, and the first." } }
            @if !customer.is_empty() {
                p.note { a href={ (self.visit.link_to("customers", customer)) "#ledger" } { "Every movement of the customer" } }
            }
        };
        sheet.table_with(&self.visit.state, "history", "What happened to it?", table, &after)
    }

    /// What a fact of its history was, in words.
    fn happened(&self, fact: &Json) -> String {
        match fact.get("type").text() {
            "metered" => "charged".to_owned(),
            "hold_captured" => "charged, by capturing a hold".to_owned(),
            "reversed" => "given back".to_owned(),
            "recharged" => "charged again".to_owned(),
            "collected" => "charged later".to_owned(),
            "cost_set" => match fact.get("cost").amount() {
                Some(cost) => format!("cost set to {}", self.currency().exact(cost)),
                None => "cost set, and not known".to_owned(),
            },
            "event_annotated" => "properties attached".to_owned(),
            "granted" | "lot_activated" | "order_settled" => {
                "credits came in, and settled what was owed".to_owned()
            }
            other => other.replace('_', " "),
        }
    }

    fn time(&self, field: &str) -> Markup {
        let at = self.event.get(field).text();
        html! { time datetime=(at) title=(at) { (say::at(at, self.zone, "%-d %b %Y, %H:%M:%S")) } }
    }

    fn currency(&self) -> Unit {
        Unit::Money(Currency::of(self.event.path("revenue.currency").text()))
    }
}

fn some_text(text: String) -> Cell {
    if text.is_empty() { Cell::None } else { Cell::Text(text) }
}

/// Why, and of which correction.
fn why(fact: &Json) -> String {
    let (reason, correction) = (fact.get("reason").text(), fact.get("correction_id").text());
    match (reason, correction) {
        (reason, "") => reason.to_owned(),
        ("", correction) => format!("correction {correction}"),
        (reason, correction) => format!("{reason} (correction {correction})"),
    }
}

fn shown(unit: Unit, amount: Amount) -> Markup {
    html! { data value=(amount.exact()) title=(unit.exact(amount)) { (unit.short(amount)) } }
}

fn shown_in_words(amount: Amount) -> Markup {
    html! { data value=(amount.exact()) title=(Unit::Credits.exact(amount)) { (Unit::Credits.in_words(amount)) } }
}

/// An amount that may not be known.
fn known(unit: Unit, amount: Option<Amount>) -> Markup {
    match amount {
        Some(amount) => shown(unit, amount),
        None => html! { span.missing { (COST_MISSING) } },
    }
}
