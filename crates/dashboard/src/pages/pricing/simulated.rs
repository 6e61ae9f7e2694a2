//! What came out of a simulation: the runs beside what happened, whose bills change, and who runs out.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::charts::{Bucket, Dumbbell, Form, Lane, Meaning, Series, Shape, Spot, TimeChart};
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Currency, Figure, Sheet, Table, Unit, fact, note, say};
use crate::pages::parts::{customer_cell, event_cell};
use crate::visit::Visit;

/// Winners and losers that are shown, each.
const CUSTOMERS_SHOWN: usize = 10;
/// Columns of a histogram at most.
const COLUMNS_MAX: i128 = 16;
/// Billionths in a hundredth of a percent.
const BASIS_POINT: i128 = 100_000;

pub(super) struct Simulated<'a> {
    pub(super) visit: &'a Visit,
    pub(super) simulation: &'a Json,
    /// The largest rises first.
    pub(super) customers: &'a [Json],
    pub(super) zone: &'a TimeZone,
}

impl Simulated<'_> {
    /// What came out; `then` is what can be done with it.
    pub(super) fn show(&self, sheet: &mut Sheet, then: &Markup) -> Markup {
        let days = |field| say::day(self.simulation.get(field).text(), self.zone);
        html! {
            p.lead { "From " (days("from")) " until " (days("to")) ", " (Unit::Count.short(self.result().get("facts").sum())) " facts." }
            div.two {
                (self.changes(sheet))
                (self.bills(sheet))
            }
            (self.runs(sheet))
            div.two {
                (self.facts())
                (then)
            }
            (self.winners_and_losers(sheet))
            (self.by_type(sheet))
        }
    }

    fn result(&self) -> &Json {
        self.simulation.get("result")
    }

    fn money(&self) -> Unit {
        Unit::Money(Currency::of(self.result().get("currency").text()))
    }

    fn figures(&self) -> [(&'static str, &'static str, Unit, Meaning); 6] {
        let money = self.money();
        [
            ("Events", "events", Unit::Count, Meaning::Neutral),
            ("Credits used", "credits_used", Unit::Credits, Meaning::Credits),
            ("Revenue", "revenue", money, Meaning::Revenue),
            ("Cash", "cash", money, Meaning::Revenue),
            ("Provider cost", "cost", money, Meaning::Cost),
            ("Margin", "margin", money, Meaning::Margin),
        ]
    }

    fn changes(&self, sheet: &mut Sheet) -> Markup {
        let result = self.result();
        let mut table = Table::new(vec![
            Column::text("Figure"),
            Column::number("Static"),
            Column::number("Replenishing"),
            Column::number("Elastic, low"),
            Column::number("Elastic, high"),
        ]);
        let mut lanes = Vec::new();
        for (name, field, _, meaning) in self.figures() {
            let (lane, changes) = lane_of(result, name, field, meaning, ["p5", "p95"]);
            let shares = changes.map(|change| Cell::some(Unit::Share, change));
            table.row([Cell::text(name)].into_iter().chain(shares).collect());
            lanes.push(lane);
        }
        let chart =
            Dumbbell { described: "Change of each figure against what happened", unit: Unit::Share, lanes };
        sheet.figure(
            &self.visit.state,
            Figure {
                id: "changes",
                question: "What would have been different?",
                note: note("Against what happened (○): static (●), replenishing (■), and elastic (the bar, nine draws in ten)."),
                plot: chart.draw(),
                table,
            },
        )
    }

    fn runs(&self, sheet: &mut Sheet) -> Markup {
        let result = self.result();
        let mut table = Table::new(vec![
            Column::text("Figure"),
            Column::number("Happened"),
            Column::number("Static"),
            Column::number("Replenishing"),
            Column::number("Elastic, low"),
            Column::number("Elastic, middle"),
            Column::number("Elastic, high"),
        ]);
        let refused = ("Events refused", "denied", Unit::Count, Meaning::Neutral);
        for (name, field, unit, _) in self.figures().into_iter().chain([refused]) {
            let run = |mode: &str| Cell::some(unit, result.get(mode).get(field).amount());
            let drawn = |end: &str| Cell::some(unit, result.get("elastic").get(field).get(end).amount());
            table.row(vec![
                Cell::text(name),
                run("happened"),
                run("static"),
                run("replenishing"),
                drawn("p5"),
                drawn("p50"),
                drawn("p95"),
            ]);
        }
        let missing = result.path("static.cost_missing").sum();
        let after = html! {
            @if missing > Amount::ZERO { p.note { "The cost of " (Unit::Count.short(missing)) " events is missing: margin can only be worse." } }
        };
        sheet.table_with(&self.visit.state, "runs", "What came out?", table, &after)
    }

    fn bills(&self, sheet: &mut Sheet) -> Markup {
        let changes: Vec<i128> = self
            .customers
            .iter()
            .filter_map(|one| Some(one.get("change_bp").amount()?.0 / crate::look::UNIT))
            .collect();
        let columns = columns_of(&changes);
        let mut table = Table::new(vec![
            Column::number("Change from"),
            Column::number("Change below"),
            Column::number("Customers"),
        ]);
        for (from, to, count) in &columns {
            table.row(vec![
                Cell::Amount(Unit::Share, Amount(from * BASIS_POINT)),
                Cell::Amount(Unit::Share, Amount(to * BASIS_POINT)),
                Cell::Amount(Unit::Count, Amount::whole(*count)),
            ]);
        }
        let buckets: Vec<Bucket> = columns
            .iter()
            .map(|(from, to, _)| Bucket {
                label: format!("{} to {} %", percent(*from), percent(*to)),
                is_unfinished: false,
                href: None,
            })
            .collect();
        let chart = TimeChart {
            described: "How many customers' bills change by how much, for the same use",
            buckets: &buckets,
            series: vec![Series {
                name: "Customers".into(),
                meaning: Meaning::Neutral,
                amounts: columns.iter().map(|(_, _, count)| Some(Amount::whole(*count))).collect(),
                is_dashed: false,
            }],
            form: Form::Columns,
            unit: Unit::Count,
            marks: Vec::new(),
            band: None,
        };
        let shock = self.result().get("bill_shock");
        let at = |field: &str| {
            Unit::Share.short(Amount(shock.get(field).sum().0 / crate::look::UNIT * BASIS_POINT))
        };
        let left_out =
            self.result().path("customers.listed").sum().0 / crate::look::UNIT - self.customers.len() as i128;
        sheet.figure(
            &self.visit.state,
            Figure {
                id: "bill-shock",
                question: "Whose bill changes by how much?",
                note: html! {
                    p.note {
                        "For the same use. Half of the bills change by " (at("p50_bp")) " or less, nine in ten by " (at("p90_bp")) " or less, the most by " (at("max_bp")) "; "
                        (say::plural(shock.get("above_25_percent").sum().0 / crate::look::UNIT, "customer pays", "customers pay")) " over 25 % more."
                        @if left_out > 0 { " The chart has the " (self.customers.len()) " customers whose bills rise most." }
                    }
                },
                plot: chart.draw(),
                table,
            },
        )
    }

    fn facts(&self) -> Markup {
        let (result, money) = (self.result(), self.money());
        let (outs, left) = (result.get("run_outs"), result.get("outstanding"));
        let count = |one: &Json| Unit::Count.short(one.sum());
        let difference = result.get("self_test_differences");
        html! {
            section.chart {
                h2 { "Who runs out, and what is still owed?" }
                dl.facts {
                    (fact("Wallets that ran out", &html! { (count(outs.get("happened"))) " happened, " (count(outs.get("static"))) " then" }))
                    (fact("Of these newly", &html! { (count(outs.get("newly"))) }))
                    (fact("Earlier than they did", &html! { (count(outs.get("earlier"))) }))
                    (fact("No longer", &html! { (count(outs.get("no_longer"))) }))
                    (fact("Credits sold or given and not used", &html! { (Unit::Credits.short(left.get("credits").sum())) }))
                    (fact("They buy less by", &html! { (money.short(left.get("devaluation").sum())) }))
                    (fact("Serving them costs", &html! { (money.short(left.get("serving_cost_before").sum())) " now, " (money.short(left.get("serving_cost_after").sum())) " then" }))
                    @if let Some(facts) = difference.amount() { (fact("Self-test", &html! { (Unit::Count.short(facts)) " facts came out otherwise than recorded" })) }
                }
                (note("Static: whoever runs out is refused until their next top-up."))
            }
        }
    }

    fn winners_and_losers(&self, sheet: &mut Sheet) -> Markup {
        let change = |one: &Json| one.get("credits_after").sum().less(one.get("credits_before").sum());
        let dearer = self.customers.iter().filter(|one| change(one) > Amount::ZERO).take(CUSTOMERS_SHOWN);
        let cheaper =
            self.customers.iter().rev().filter(|one| change(one) < Amount::ZERO).take(CUSTOMERS_SHOWN);
        let mut table = Table::new(vec![
            Column::text("Customer"),
            Column::number("Credits"),
            Column::number("Credits then"),
            Column::number("Change"),
            Column::text("Ran out"),
            Column::text("Would run out"),
        ]);
        let when = |one: &Json, field: &str| match one.get(field).text() {
            "" => Cell::None,
            at => Cell::Time(say::day(at, self.zone), at.to_owned()),
        };
        for one in dearer.chain(cheaper) {
            let share =
                one.get("change_bp").amount().map(|bp| Amount(bp.0 / crate::look::UNIT * BASIS_POINT));
            table.row(vec![
                customer_cell(self.visit, one.get("customer").text()),
                Cell::some(Unit::Credits, one.get("credits_before").amount()),
                Cell::some(Unit::Credits, one.get("credits_after").amount()),
                Cell::some(Unit::Share, share),
                when(one, "ran_out"),
                when(one, "would_run_out"),
            ]);
        }
        let after = note(
            "What the same usage would cost: the largest rises, then the largest falls. The command line writes all of them: chargly simulate --csv.",
        );
        sheet.table_with(
            &self.visit.state,
            "winners-and-losers",
            "Who pays more, and who less?",
            table,
            &after,
        )
    }

    fn by_type(&self, sheet: &mut Sheet) -> Markup {
        let money = self.money();
        let mut table = Table::new(vec![
            Column::text("Event type"),
            Column::number("Events"),
            Column::number("Events then"),
            Column::number("Revenue"),
            Column::number("Revenue then"),
            Column::number("Margin"),
            Column::number("Margin then"),
            Column::number("Same use, credits"),
            Column::number("Same use then"),
        ]);
        for one in self.result().get("event_types").list() {
            let at = |run: &str, field: &str, unit| Cell::some(unit, one.get(run).get(field).amount());
            table.row(vec![
                event_cell(self.visit, one.get("event").text()),
                at("happened", "events", Unit::Count),
                at("static", "events", Unit::Count),
                at("happened", "revenue", money),
                at("static", "revenue", money),
                at("happened", "margin", money),
                at("static", "margin", money),
                Cell::some(Unit::Credits, one.get("same_usage_before").amount()),
                Cell::some(Unit::Credits, one.get("same_usage_after").amount()),
            ]);
        }
        sheet.table(&self.visit.state, "by-type", "What changes for each event type, static?", table)
    }
}

/// How runs of the past changed a figure against what happened: static, replenishing, and both ends of the elastic ones.
pub(crate) fn lane_of(
    runs: &Json,
    name: &str,
    field: &str,
    meaning: Meaning,
    [low, high]: [&str; 2],
) -> (Lane, [Option<Amount>; 4]) {
    let happened = runs.get("happened").get(field).sum();
    let change = |amount: Option<Amount>| amount?.less(happened).share_of(Amount(happened.0.abs()));
    let run = |mode: &str| change(runs.get(mode).get(field).amount());
    let end = |end: &str| change(runs.get("elastic").get(field).get(end).amount());
    let (fixed, refilled, low, high) = (run("static"), run("replenishing"), end(low), end(high));
    let spot = |name: &str, at: Option<Amount>, shape| Some(Spot { name: name.to_owned(), at: at?, shape });
    let spots = [
        spot("what happened", Some(Amount::ZERO), Shape::Hollow),
        spot("static", fixed, Shape::Round),
        spot("replenishing", refilled, Shape::Square),
    ];
    let changes = [fixed, refilled, low, high];
    let lane = Lane {
        name: name.to_owned(),
        says: says(&changes),
        meaning,
        spots: spots.into_iter().flatten().collect(),
        range: low.zip(high),
    };
    (lane, changes)
}

/// `−1.7 % to +8.6 %`: from the least to the most of these.
fn says(changes: &[Option<Amount>]) -> String {
    let known: Vec<Amount> = changes.iter().copied().flatten().collect();
    let (Some(low), Some(high)) = (known.iter().min(), known.iter().max()) else { return String::new() };
    let signed = |amount: Amount| {
        let sign = if amount > Amount::ZERO { "+" } else { "" };
        format!("{sign}{}", Unit::Share.short(amount))
    };
    if signed(*low) == signed(*high) {
        signed(*low)
    } else {
        format!("{} to {}", signed(*low), signed(*high))
    }
}

/// Columns of a histogram: from, to (not in it), and how many; all in hundredths of a percent.
fn columns_of(changes: &[i128]) -> Vec<(i128, i128, i64)> {
    let (Some(low), Some(high)) = (changes.iter().min(), changes.iter().max()) else { return Vec::new() };
    let widths = [50, 100, 200, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 100_000];
    let count_of = |width: i128| high.div_euclid(width) - low.div_euclid(width) + 1;
    let fitting = widths.into_iter().find(|width| count_of(*width) <= COLUMNS_MAX);
    let width = fitting.unwrap_or_else(|| ((high - low) / COLUMNS_MAX + 1).max(1));
    (0..count_of(width))
        .map(|at| {
            let from = (low.div_euclid(width) + at) * width;
            let count = changes.iter().filter(|change| (from..from + width).contains(change)).count();
            (from, from + width, i64::try_from(count).unwrap_or(i64::MAX))
        })
        .collect()
}

/// Hundredths of a percent as percent: `−2.5`.
fn percent(basis_points: i128) -> String {
    let sign = if basis_points < 0 { "−" } else { "" };
    let (whole, rest) = (basis_points.abs() / 100, basis_points.abs() % 100);
    if rest == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{}", format!("{rest:02}").trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histogram_has_everybody_once_in_columns_of_a_round_width() {
        for (changes, expected) in [
            (&[][..], vec![]),
            (&[1_000], vec![(1_000, 1_050, 1)]),
            (&[1_079, 1_254, 1_666], vec![(1_050, 1_100, 1), (1_250, 1_300, 1), (1_650, 1_700, 1)]),
            (&[-4_000, 0, 9_000], vec![(-4_000, -3_000, 1), (0, 1_000, 1), (9_000, 10_000, 1)]),
        ] {
            let columns = columns_of(changes);
            assert!(
                columns.len() <= 16 && columns.windows(2).all(|pair| pair[0].1 == pair[1].0),
                "{columns:?}"
            );
            let filled: Vec<_> = columns.into_iter().filter(|(_, _, count)| *count > 0).collect();
            assert_eq!(filled, expected);
        }
        let everywhere: Vec<i128> = (-10_000..10_000_000).step_by(9_973).collect();
        let counted: i64 = columns_of(&everywhere).iter().map(|(_, _, count)| count).sum();
        assert_eq!(usize::try_from(counted).expect("a count"), everywhere.len());
    }

    #[test]
    fn changes_are_told_from_the_least_to_the_most() {
        let share = |basis_points: i128| Some(Amount(basis_points * BASIS_POINT));
        for (changes, words) in [
            (&[share(660), share(-1_170), None][..], "−11.7 % to +6.6 %"),
            (&[share(660)], "+6.6 %"),
            (&[None], ""),
        ] {
            assert_eq!(says(changes), words);
        }
        for (basis_points, words) in [(1_250, "12.5"), (-200, "−2"), (5, "0.05")] {
            assert_eq!(percent(basis_points), words);
        }
    }
}
