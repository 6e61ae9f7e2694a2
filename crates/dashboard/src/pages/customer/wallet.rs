//! What a customer has, how it came and went.

use maud::{Markup, html};

use super::{About, acts};
use crate::charts::{BalanceChart, Change};
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Figure, Sheet, Table, Unit, fact, note, say, tag};
use crate::pages::parts::{one_event_cell, pager};
use crate::state::time;

/// How a wallet stands, in a sentence.
pub(super) fn standing(wallet: &Json) -> String {
    let available = Unit::Credits.in_words(wallet.get("available").sum());
    let debt = wallet.get("debt").sum();
    let owed =
        if debt > Amount::ZERO { format!(", {} owed", Unit::Credits.in_words(debt)) } else { String::new() };
    let frozen = if wallet.get("frozen").is_true() { " Frozen: new spending is refused." } else { "" };
    format!("{available} available{owed}.{frozen}")
}

/// What becomes of spending when nothing is left.
pub(super) fn policy_words(wallet: &Json) -> String {
    match wallet.get("policy").text() {
        "overdraft" => {
            format!("overdraft: up to {} of debt", Unit::Credits.in_words(wallet.get("limit").sum()))
        }
        "record_only" => "record only: never refused, the rest is not charged".to_owned(),
        _ => "strict: refused when nothing is left".to_owned(),
    }
}

impl About<'_> {
    /// The balance at every line of the ledger that was read.
    pub(super) fn balance(&self, sheet: &mut Sheet, lines: &Json) -> Markup {
        let mut table = Table::new(vec![
            Column::text("When"),
            Column::text("What"),
            Column::number("Credits"),
            Column::number("Balance after"),
        ]);
        let mut steps: Vec<Change> = Vec::new();
        for line in lines.get("data").list().iter().rev() {
            let (at, credits, after) =
                (line.get("at").text(), line.get("credits").sum(), line.get("balance_after").sum());
            let at_ms = at.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_millisecond);
            // What was due earlier is recorded later: it counts from when it was recorded.
            let at_ms = steps.last().map_or(at_ms, |last| last.at_ms.max(at_ms));
            let is_marked = !matches!(line.get("kind").text(), "charge" | "capture" | "reversal");
            let sign = if credits.is_negative() { "" } else { "+" };
            steps.push(Change {
                at_ms,
                balance: after,
                mark: is_marked.then(|| {
                    let whole = format!(
                        "{}: {sign}{}, {}\nBalance after: {}",
                        line.get("label").text(),
                        Unit::Credits.exact(credits),
                        say::instant(at, self.zone),
                        Unit::Credits.exact(after)
                    );
                    (format!("{sign}{}", Unit::Credits.short(credits)), whole)
                }),
            });
            table.row(vec![
                Cell::Time(say::instant(at, self.zone), at.to_owned()),
                Cell::text(line.get("label").text()),
                Cell::Amount(Unit::Credits, credits),
                Cell::Amount(Unit::Credits, after),
            ]);
        }
        let is_cut = !lines.get("next_cursor").is_null();
        let count = i128::try_from(steps.len()).unwrap_or_default();
        let said = if is_cut {
            format!(
                "The newest {} alone: what is older is in the ledger below. What came in, lapsed or was taken back is marked.",
                say::plural(count, "movement", "movements")
            )
        } else {
            "From the first movement on. What came in, lapsed or was taken back is marked.".to_owned()
        };
        let chart = BalanceChart {
            described: "The balance after every movement of the wallet",
            steps,
            until_ms: self.visit.env.wall_ms(),
            zone: self.zone,
            unit: Unit::Credits,
        };
        let figure = Figure {
            id: "balance",
            question: "How did the balance come about?",
            note: note(&said),
            plot: chart.draw(),
            table,
        };
        sheet.figure(&self.visit.state, figure)
    }

    pub(super) fn facts(&self, wallet: &Json, standing: &Json) -> Markup {
        let credits = |field: &str| {
            let amount = wallet.get(field).sum();
            html! { data value=(amount.exact()) title=(Unit::Credits.exact(amount)) { (Unit::Credits.in_words(amount)) } }
        };
        let row = standing.get("data").list().first();
        let last = row.map(|row| row.get("last_active").text()).filter(|last| !last.is_empty());
        let is_frozen = wallet.get("frozen").is_true();
        html! {
            section.chart #wallet {
                h2 { "What do they have?" }
                dl.facts {
                    (fact("Posted", &credits("posted")))
                    (fact("Held", &html! { (credits("held")) @if wallet.get("open_holds").sum() > Amount::ZERO { " in " (say::plural(wallet.get("open_holds").sum().0 / crate::look::UNIT, "hold", "holds")) } }))
                    (fact("Available", &credits("available")))
                    (fact("Debt", &credits("debt")))
                    (fact("When nothing is left", &html! { (policy_words(wallet)) }))
                    (fact("Spending", &if is_frozen { tag("bad", "frozen") } else { tag("good", "allowed") }))
                    (fact("Last active in this range", &html! { @match last { Some(last) => time datetime=(last) { (say::day(last, self.zone)) }, None => span.none { "—" } } }))
                    (fact("Customer", &html! { code { (self.customer) } }))
                    (fact("Wallet", &html! { code { (wallet.get("wallet_id").text()) } }))
                }
            }
        }
    }

    pub(super) fn lots(&self, sheet: &mut Sheet, wallet: &Json) -> Markup {
        let may_act = acts::may_act(self.visit);
        let mut columns = vec![
            Column::text("Lot"),
            Column::text("Status"),
            Column::number("Credits"),
            Column::number("Left"),
            Column::number("Held"),
            Column::number("Price"),
            Column::text("From"),
            Column::text("Expires"),
            Column::text("Pays for"),
            Column::text("Id"),
        ];
        if may_act {
            columns.push(Column::text(""));
        }
        let mut table = Table::new(columns);
        for lot in wallet.get("lots").list() {
            let status = lot.get("status").text();
            let scope: Vec<&str> = lot.get("scope").list().iter().map(Json::text).collect();
            let price = lot.get("price");
            let id = lot.get("id").text();
            let mut row = vec![
                Cell::text(lot.get("kind").text()),
                Cell::Drawn(
                    tag(if status == "active" { "good" } else { "plain" }, status),
                    status.to_owned(),
                ),
                Cell::Amount(Unit::Credits, lot.get("credits").sum()),
                Cell::Amount(Unit::Credits, lot.get("remaining").sum()),
                Cell::Amount(Unit::Credits, lot.get("held").sum()),
                Cell::some(
                    Unit::Money(crate::look::Currency::of(price.get("currency").text())),
                    price.get("amount").amount(),
                ),
                self.day(lot.get("effective_at")),
                match lot.get("expires_at").text() {
                    "" => Cell::text("never"),
                    _ => self.day(lot.get("expires_at")),
                },
                Cell::text(if scope.is_empty() { "everything".to_owned() } else { scope.join(", ") }),
                Cell::text(id),
            ];
            if may_act {
                let is_open =
                    matches!(status, "active" | "pending") && lot.get("remaining").sum() > Amount::ZERO;
                row.push(acts::leading(self.visit, "void", id, if is_open { "Void" } else { "" }));
            }
            table.row(row);
        }
        if table.rows.is_empty() {
            return html! { section.chart #lots { h2 { "Which lots are left?" } (note("None: what they had is used up, or they never had any.")) } };
        }
        let after = note("In the order in which they are used: by priority, then what expires first.");
        sheet.table_with(&self.visit.state, "lots", "Which lots are left?", table, &after)
    }

    pub(super) fn orders(&self, sheet: &mut Sheet, orders: &Json) -> Markup {
        let may_act = acts::may_act(self.visit);
        let mut columns = vec![
            Column::text("Placed"),
            Column::text("Pack"),
            Column::text("Status"),
            Column::number("Credits"),
            Column::number("Paid"),
            Column::number("Back"),
            Column::number("Refundable"),
            Column::text("Id"),
        ];
        if may_act {
            columns.push(Column::text(""));
        }
        let mut table = Table::new(columns);
        for order in orders.get("data").list() {
            let payment = order.get("payment");
            let money = Unit::Money(crate::look::Currency::of(payment.get("currency").text()));
            let (id, status) = (order.get("id").text(), order.get("status").text());
            let refundable = order.get("credits_refundable").sum();
            let mut row = vec![
                self.day(order.get("placed_at")),
                Cell::text(order.get("pack").text()),
                Cell::Drawn(tag(if status == "paid" { "good" } else { "plain" }, status), status.to_owned()),
                Cell::Amount(Unit::Credits, order.get("credits").sum()),
                Cell::some(money, payment.get("total").amount()),
                Cell::some(money, payment.get("refunded").amount()),
                Cell::Amount(Unit::Credits, refundable),
                Cell::text(id),
            ];
            if may_act {
                let words = if refundable > Amount::ZERO { "Refund" } else { "" };
                row.push(acts::leading(self.visit, "refund", id, words));
            }
            table.row(row);
        }
        if table.rows.is_empty() {
            return html! { section.chart #orders { h2 { "What did they buy?" } (note("No pack. Lots that were granted by the API are above.")) } };
        }
        let is_cut = !orders.get("next_cursor").is_null();
        let after = html! { @if is_cut { p.note { "The newest alone." } } };
        sheet.table_with(&self.visit.state, "orders", "What did they buy?", table, &after)
    }

    pub(super) fn allowances(&self, sheet: &mut Sheet, allowances: &Json) -> Markup {
        let mut table = Table::new(vec![
            Column::text("Allowance"),
            Column::number("Credits"),
            Column::text("Every"),
            Column::number("Carried over at most"),
            Column::number("Periods so far"),
            Column::text("Next"),
        ]);
        for one in allowances.get("data").list() {
            table.row(vec![
                Cell::text(one.get("code").text()),
                Cell::Amount(Unit::Credits, one.get("credits").sum()),
                Cell::text(one.get("period").text()),
                Cell::Amount(Unit::Credits, one.path("rollover.max").sum()),
                Cell::Amount(Unit::Count, one.get("periods").sum()),
                match one.get("next_at").text() {
                    "" => Cell::None,
                    _ => self.day(one.get("next_at")),
                },
            ]);
        }
        if table.rows.is_empty() {
            return html! { section.chart #allowances { h2 { "What do they get again and again?" } (note("No allowance.")) } };
        }
        sheet.table(&self.visit.state, "allowances", "What do they get again and again?", table)
    }

    pub(super) fn ledger(&self, sheet: &mut Sheet, ledger: &Json) -> Markup {
        let mut table = Table::new(vec![
            Column::text("When"),
            Column::text("What"),
            Column::text("Kind"),
            Column::number("Credits"),
            Column::number("Balance after"),
            Column::text("Of"),
        ]);
        for line in ledger.get("data").list() {
            let at = line.get("at").text();
            let ids = [line.get("event_id").text(), line.get("order_id").text(), line.get("grant_id").text()];
            let id = ids.into_iter().find(|id| !id.is_empty()).unwrap_or_default();
            table.row(vec![
                Cell::Time(say::instant(at, self.zone), at.to_owned()),
                Cell::text(line.get("label").text()),
                Cell::text(line.get("kind").text()),
                Cell::Amount(Unit::Credits, line.get("credits").sum()),
                Cell::Amount(Unit::Credits, line.get("balance_after").sum()),
                if line.get("event_id").text().is_empty() {
                    Cell::text(id)
                } else {
                    one_event_cell(self.visit, id)
                },
            ]);
        }
        sheet.table_with(
            &self.visit.state,
            "ledger",
            "Every movement, the newest first",
            table,
            &pager(self.visit, ledger),
        )
    }

    fn day(&self, at: &Json) -> Cell {
        Cell::Time(say::day(at.text(), self.zone), at.text().to_owned())
    }
}

/// The end of a day that was chosen, as the API takes it; what was typed where it is no day.
pub(super) fn end_of_day(visit: &crate::visit::Visit, date: &str) -> String {
    const DAY_AND_MORE_MS: i64 = 26 * 3_600_000;
    match visit.env.begin_of_date(date) {
        Some(begin) => {
            time(visit.env.day_of(chargly_engine::ledger::Millis(begin.0 + DAY_AND_MORE_MS)).start.0)
        }
        None => date.to_owned(),
    }
}
