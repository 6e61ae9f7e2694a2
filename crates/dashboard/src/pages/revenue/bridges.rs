//! Why what is left moved, and why a credit brings more or less than it did: step by step from the time before.

use maud::{Markup, html};

use super::bridge::{Bridge, Moves, Pair, PerCredit, Sums, bridge, per_credit};
use super::level;
use crate::charts::{Meaning, Step, waterfall};
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Currency, Figure, Sheet, Table, Unit, empty};
use crate::pages::parts::event_cell;
use crate::state::Compare;
use crate::visit::Visit;

/// What each step of the bridge of what is left is, in words.
const RULES: [(&str, &str); 6] = [
    ("Volume", "more or fewer events, at what an event left on average before"),
    ("Mix", "other event types, and larger or smaller events, at what a unit of each left before"),
    ("Price", "what a unit is charged, and what was paid for its credits"),
    ("Promo", "credits given away beyond their share before, at what a paid one brought then"),
    ("Rate", "what a unit costs us"),
    ("No type", "credits that lapsed unused, less revenue that was taken back with money"),
];
const PER_CREDIT_RULES: [(&str, &str); 3] = [
    ("Given away", "a larger share of the credits used came from lots at no price, or a smaller one"),
    ("Lapsed", "credits that lapsed unused, less revenue that was taken back, for each credit used"),
    ("Paid", "what was paid for the credits that were used"),
];

/// Answers of both periods, by event type.
pub(super) struct Both<'a> {
    pub(super) margin_before: &'a Json,
    pub(super) margin_now: &'a Json,
    pub(super) usage_before: &'a Json,
    pub(super) usage_now: &'a Json,
}

/// Event types with events in one of the periods, and revenue of no type, before and now.
struct Read {
    names: Vec<String>,
    types: Vec<Pair>,
    no_type: (Amount, Amount),
    /// Of which no cost is known in a period in which they were used: what they left is not known.
    unknown: Vec<String>,
    /// Whether the cost of some events of the others is not known.
    is_at_best: bool,
}

impl Both<'_> {
    fn read(&self) -> Read {
        let mut read = Read {
            names: Vec::new(),
            types: Vec::new(),
            no_type: (Amount::ZERO, Amount::ZERO),
            unknown: Vec::new(),
            is_at_best: false,
        };
        let periods = [(self.margin_before, self.usage_before), (self.margin_now, self.usage_now)];
        for (at, (margin, usage)) in periods.into_iter().enumerate() {
            for row in margin.get("data").list() {
                let name = row.get("event").text();
                let revenue = row.get("recognised").sum();
                if name.is_empty() {
                    let side = if at == 0 { &mut read.no_type.0 } else { &mut read.no_type.1 };
                    *side = side.plus(revenue);
                    continue;
                }
                if !row.get("cost").is_null() {
                    read.is_at_best |= row.get("upper_bound").is_true();
                } else if !read.unknown.iter().any(|known| known == name) {
                    read.unknown.push(name.to_owned());
                }
                let used = usage.get("data").list().iter().find(|used| used.get("event").text() == name);
                let sums = Sums {
                    events: row.get("events").sum(),
                    quantity: used.map(|used| used.get("quantity").sum()).unwrap_or_default(),
                    credits: row.get("credits_used").sum(),
                    given: row.get("credits_given").sum(),
                    revenue,
                    cost: row.get("cost").sum(),
                };
                let place = read.names.iter().position(|known| known == name).unwrap_or_else(|| {
                    read.names.push(name.to_owned());
                    read.types.push(Pair::default());
                    read.names.len() - 1
                });
                let side = &mut read.types[place];
                *(if at == 0 { &mut side.before } else { &mut side.now }) = sums;
            }
        }
        read
    }
}

/// Both bridges, one beside the other, and the first by event type.
pub(super) fn show(visit: &Visit, sheet: &mut Sheet, currency: Currency, both: &Both<'_>) -> Markup {
    let read = both.read();
    let compared = match visit.state.compare() {
        Compare::Previous => "in the time before",
        Compare::SameWeekdays => "on the same weekdays before",
    };
    let all = read.types.iter().fold(Pair::default(), |sum, of| Pair {
        before: plus(sum.before, of.before),
        now: plus(sum.now, of.now),
    });
    let (left, by_type) = what_is_left(visit, sheet, currency, &read, compared);
    html! {
        div.two {
            (left)
            (a_credit(visit, sheet, currency, per_credit(&all, read.no_type), compared))
        }
        (by_type)
    }
}

fn plus(sums: Sums, more: Sums) -> Sums {
    Sums {
        events: sums.events.plus(more.events),
        quantity: sums.quantity.plus(more.quantity),
        credits: sums.credits.plus(more.credits),
        given: sums.given.plus(more.given),
        revenue: sums.revenue.plus(more.revenue),
        cost: sums.cost.plus(more.cost),
    }
}

fn what_is_left(
    visit: &Visit,
    sheet: &mut Sheet,
    currency: Currency,
    read: &Read,
    compared: &str,
) -> (Markup, Markup) {
    let known = read.names.iter().zip(&read.types).filter(|(name, _)| !read.unknown.contains(name));
    let (names, types): (Vec<&String>, Vec<Pair>) = known.map(|(name, of)| (name, *of)).unzip();
    if types.is_empty() && !read.unknown.is_empty() {
        let nothing = empty(
            "Why did what is left move? Cost missing.",
            &html! {
                p { "No event type has a known cost in this range and before it: what they left is not known." }
                p { a href=(visit.link("costs")) { "See which costs are missing" } }
            },
        );
        return (nothing, html! {});
    }
    let Some(found) = bridge(&types, read.no_type) else {
        let nothing = empty(
            "Why did what is left move?",
            &html! { p { "There were no events before this range to compare with." } },
        );
        return (nothing, html! {});
    };
    let money = Unit::Money(currency);
    let Moves { volume, mix, price, promo, rate } = found.moves;
    let amounts = [volume, mix, price, promo, rate, found.no_type];
    let meanings = [
        Meaning::Neutral,
        Meaning::Neutral,
        Meaning::Revenue,
        Meaning::Revenue,
        Meaning::Cost,
        Meaning::Revenue,
    ];
    let moved = RULES
        .iter()
        .zip(amounts)
        .zip(meanings)
        .map(|(((name, _), amount), meaning)| step(name, amount, meaning));
    let steps: Vec<Step> =
        moved.chain([level("Change", found.now.less(found.before), Meaning::Margin)]).collect();
    let mut table = steps_table(&steps, &RULES, money);
    for (name, amount) in [("Before", found.before), ("Now", found.now)] {
        table.row(vec![
            Cell::text(name),
            Cell::Amount(money, amount),
            Cell::text("revenue less provider cost"),
        ]);
    }
    let figure = sheet.figure(
        &visit.state,
        Figure {
            id: "bridge",
            question: "Why did what is left move?",
            note: html! {
                p.note { b { (money.short(found.now)) } " are left of revenue after provider cost, and " b { (money.short(found.before)) } " were " (compared) ". The steps add up exactly."
                    @if read.is_at_best { " Some costs are missing: they count as nothing, so that what is left is an upper bound, and Rate has what became known." } }
                @if !read.unknown.is_empty() {
                    p.note { "Left out, cost missing: "
                        @for (at, name) in read.unknown.iter().enumerate() { @if at > 0 { ", " } a href=(visit.link_to("events", name)) { (name) } } "." }
                }
                (rules(&RULES))
            },
            plot: waterfall("What moved what is left", money, &drawn(steps)),
            table,
        },
    );
    (figure, by_type(visit, sheet, money, &names, &found))
}

/// The same, type by type: what is behind the steps.
fn by_type(visit: &Visit, sheet: &mut Sheet, money: Unit, names: &[&String], found: &Bridge) -> Markup {
    let mut table = Table::new(vec![
        Column::text("Event type"),
        Column::number("Volume and mix"),
        Column::number("Price"),
        Column::number("Promo"),
        Column::number("Rate"),
        Column::number("Together"),
    ]);
    let together = |moves: &Moves| moves.mix.plus(moves.price).plus(moves.promo).plus(moves.rate);
    let mut rows: Vec<(&&String, &Moves)> = names.iter().zip(&found.by_type).collect();
    rows.sort_by_key(|(_, moves)| std::cmp::Reverse(together(moves).0.abs()));
    for (name, moves) in rows {
        let mut row = vec![event_cell(visit, name)];
        let amounts = [moves.mix, moves.price, moves.promo, moves.rate, together(moves)];
        row.extend(amounts.map(|amount| Cell::Amount(money, amount)));
        table.row(row);
    }
    sheet.table(&visit.state, "bridge-by-type", "Which event types moved it?", table)
}

fn a_credit(
    visit: &Visit,
    sheet: &mut Sheet,
    currency: Currency,
    found: Option<PerCredit>,
    compared: &str,
) -> Markup {
    let Some(PerCredit { before, given, no_type, paid, now }) = found else {
        return empty(
            "Why does a credit bring more, or less?",
            &html! { p { "No credits were used in this range, or before it." } },
        );
    };
    let money = Unit::Money(currency);
    let moved = PER_CREDIT_RULES.iter().zip([given, no_type, paid]);
    let steps: Vec<Step> = moved
        .map(|((name, _), amount)| step(name, amount, Meaning::Revenue))
        .chain([level("Change", now.less(before), Meaning::Revenue)])
        .collect();
    let mut table = steps_table(&steps, &PER_CREDIT_RULES, money);
    for (name, amount) in [("Before", before), ("Now", now)] {
        table.row(vec![Cell::text(name), Cell::Amount(money, amount), Cell::text("revenue ÷ credits used")]);
    }
    sheet.figure(
        &visit.state,
        Figure {
            id: "per-credit",
            question: "Why does a credit bring more, or less?",
            note: html! {
                p.note { "A credit used brings " b { (money.short(now)) } ", and brought " b { (money.short(before)) } " " (compared) "." }
                (rules(&PER_CREDIT_RULES))
            },
            plot: waterfall("What moved the revenue of a credit", money, &drawn(steps)),
            table,
        },
    )
}

fn step(name: &str, amount: Amount, meaning: Meaning) -> Step {
    Step { name: name.to_owned(), amount, meaning, is_level: false, href: None }
}

/// What is seen of the steps: those that moved something. The table has all.
fn drawn(steps: Vec<Step>) -> Vec<Step> {
    steps.into_iter().filter(|step| step.is_level || step.amount != Amount::ZERO).collect()
}

fn rules(rules: &[(&str, &str)]) -> Markup {
    html! { ul.rules { @for (name, rule) in rules { li { b { (name) } ": " (rule) } } } }
}

fn steps_table(steps: &[Step], rules: &[(&str, &str)], money: Unit) -> Table {
    let mut table =
        Table::new(vec![Column::text("Step"), Column::number("Amount"), Column::text("What it is")]);
    for step in steps {
        let rule = rules.iter().find(|(name, _)| *name == step.name);
        table.row(vec![
            Cell::text(step.name.clone()),
            Cell::Amount(money, step.amount),
            rule.map_or(Cell::None, |(_, rule)| Cell::text(*rule)),
        ]);
    }
    table
}
