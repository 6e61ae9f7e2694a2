//! The figures behind a piece of advice, and the past run again under its price.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::charts::{Dumbbell, Meaning};
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Currency, Figure, Sheet, Table, Unit, fact, note, say};
use crate::pages::pricing::simulated::lane_of;
use crate::visit::Visit;

pub(super) struct Evidence<'a> {
    pub(super) visit: &'a Visit,
    pub(super) advice: &'a Json,
    pub(super) settings: &'a Json,
    pub(super) zone: &'a TimeZone,
}

impl Evidence<'_> {
    pub(super) fn show(&self, sheet: &mut Sheet) -> Markup {
        let backtest = self.advice.get("backtest");
        html! {
            @if !backtest.is_null() {
                div.two {
                    (self.runs(sheet, backtest))
                    (self.hit(backtest))
                }
            }
            (self.grade())
        }
    }

    fn money(&self) -> Unit {
        Unit::Money(Currency::of(self.settings.get("currency").text()))
    }

    /// Each run beside what happened.
    fn runs(&self, sheet: &mut Sheet, backtest: &Json) -> Markup {
        let money = self.money();
        let mut table = Table::new(vec![
            Column::text("Figure"),
            Column::number("Happened"),
            Column::number("Static"),
            Column::number("Replenishing"),
            Column::number("Elastic, low"),
            Column::number("Elastic, high"),
        ]);
        let mut lanes = Vec::new();
        for (name, field, unit, meaning) in [
            ("Events", "events", Unit::Count, Meaning::Neutral),
            ("Revenue", "revenue", money, Meaning::Revenue),
            ("Cash", "cash", money, Meaning::Revenue),
            ("Provider cost", "cost", money, Meaning::Cost),
            ("Margin", "margin", money, Meaning::Margin),
        ] {
            let happened = backtest.get("happened").get(field).sum();
            let run = |mode: &str| backtest.get(mode).get(field).amount();
            let end = |end: &str| backtest.get("elastic").get(field).get(end).amount();
            table.row(vec![
                Cell::text(name),
                Cell::Amount(unit, happened),
                Cell::some(unit, run("static")),
                Cell::some(unit, run("replenishing")),
                Cell::some(unit, end("low")),
                Cell::some(unit, end("high")),
            ]);
            lanes.push(lane_of(backtest, name, field, meaning, ["low", "high"]).0);
        }
        let chart =
            Dumbbell { described: "Change of each figure against what happened", unit: Unit::Share, lanes };
        sheet.figure(
            &self.visit.state,
            Figure {
                id: "backtest",
                question: "What would it have done to the past?",
                note: note("Against what happened (○): customers who change nothing (●), who top up when they run out (■), and who answer to the price (the bar)."),
                plot: chart.draw(),
                table,
            },
        )
    }

    fn hit(&self, backtest: &Json) -> Markup {
        let share = |path: &str| Unit::Share.short(backtest.path(path).sum());
        let count = |path: &str| Unit::Count.short(backtest.path(path).sum());
        let range = |path: &str| {
            let end = |end: &str| self.money().short(backtest.get(path).get(end).sum());
            format!("{} to {}", end("low"), end("high"))
        };
        let day = |field: &str| say::day(backtest.get(field).text(), self.zone);
        html! {
            section.chart {
                h2 { "Who would have noticed?" }
                dl.facts {
                    (fact("Revenue", &html! { (range("revenue")) }))
                    (fact("Margin", &html! { (range("margin")) }))
                    (fact("Customers who pay more", &html! { (count("customers_who_pay_more")) }))
                    (fact("Customers who pay less", &html! { (count("customers_who_pay_less")) }))
                    (fact("Half of the bills change by", &html! { (share("bill_shock.p50")) " or less" }))
                    (fact("Nine in ten by", &html! { (share("bill_shock.p90")) " or less" }))
                    (fact("The most by", &html! { (share("bill_shock.max")) }))
                    (fact("Pay over 25 % more", &html! { (count("bill_shock.above_25_percent")) }))
                    (fact("Wallets that run out", &html! { (count("run_outs.happened")) " happened, " (count("run_outs.newly")) " more, " (count("run_outs.earlier")) " earlier" }))
                    (fact("Credits not used yet", &html! { (count("outstanding.credits")) ", worth " (self.money().short(backtest.path("outstanding.devaluation").sum())) " less" }))
                }
                p.note { "From " (day("from")) " until " (day("to")) ", " (count("customers")) " customers"
                    @if backtest.get("one_customer_in").sum() > Amount::whole(1) { ", one customer in " (count("one_customer_in")) } "." }
            }
        }
    }

    /// Every number that the card rests on.
    pub(super) fn figures(&self, sheet: &mut Sheet) -> Markup {
        let money = self.money();
        let evidence = self.advice.get("evidence");
        let mut table = Table::new(vec![Column::text("Figure"), Column::number("Value")]);
        for (name, path, unit) in [
            ("Events", "events", Unit::Count),
            ("Customers", "customers", Unit::Count),
            ("Customers who paid", "paying_customers", Unit::Count),
            ("Days", "days", Unit::Days),
            ("Share of the largest customer", "largest_customer_share", Unit::Share),
            ("Units", "quantity", Unit::Count),
            ("Credits used", "credits", Unit::Credits),
            ("Provider cost", "cost", money),
            ("Revenue, at what is paid for a credit", "revenue_planned", money),
            ("Revenue, of the credits used", "revenue_booked", money),
            ("Cost of a unit, at least", "cost_per_unit.low", money),
            ("Cost of a unit, most likely", "cost_per_unit.middle", money),
            ("Cost of a unit, at most", "cost_per_unit.high", money),
            ("Cost of a unit, in the days before", "cost_per_unit_before", money),
            ("Cost of one, half are below", "cost_of_one.p50", money),
            ("Cost of one, 9 in 10 are below", "cost_of_one.p90", money),
            ("Cost of one, 99 in 100 are below", "cost_of_one.p99", money),
            ("Events without a cost", "cost_missing", Unit::Count),
            ("Margin now", "margin", Unit::Share),
            ("Margin at the proposed price", "margin_after", Unit::Share),
            ("Target margin", "target_margin", Unit::Share),
            ("Least margin", "margin_floor", Unit::Share),
            ("Breaks even at", "break_even_credits", Unit::Credits),
            ("Reaches the target at", "target_credits", Unit::Credits),
            ("Price changes that it learnt from", "own_price_changes", Unit::Count),
        ] {
            let value = evidence.path(path);
            if !value.is_null() {
                table.row(vec![Cell::text(name), Cell::some(unit, value.amount())]);
            }
        }
        let after = html! {
            @for cap in self.advice.get("caps").list() {
                p.note { "Not stated as surer than " (Unit::Share.short(cap.get("at").sum())) ": " (cap.get("why").text().replace('_', " ")) "." }
            }
            @for need in self.advice.get("needs").list() { p.note { "What would make it surer: " (need.get("in_words").text()) } }
        };
        sheet.table_with(&self.visit.state, "evidence", "Which figures is it from?", table, &after)
    }

    /// What was predicted, and what happened.
    fn grade(&self) -> Markup {
        let grade = self.advice.get("grade");
        if grade.is_null() {
            return html! {};
        }
        let money = self.money();
        let monthly = |which: &str| grade.get(which).get("amount").amount().or(grade.get(which).amount());
        html! {
            section.chart {
                h2 { "Did it come true?" }
                dl.facts {
                    (fact("Verdict", &html! { (grade.get("verdict").text()) @if grade.get("provisional").is_true() { ", and may still change" } }))
                    (fact("Days that were looked at", &html! { (Unit::Count.short(grade.get("days").sum())) }))
                    @if let Some(amount) = monthly("predicted") { (fact("Predicted, a month", &html! { (money.short(amount)) })) }
                    @if let Some(amount) = monthly("realised") { (fact("Happened, a month", &html! { (money.short(amount)) })) }
                }
            }
        }
    }
}
