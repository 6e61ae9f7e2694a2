//! A figure over time, split by what a report is grouped by: the largest one by one, the rest together.

use maud::{Markup, html};

use super::parts::{Pieces, legend};
use crate::charts::{Meaning, Series};
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Table, Unit};
use crate::visit::Visit;

/// What is shown one by one: there are that many colours.
pub(crate) const SHOWN_MAX: usize = 5;
/// The rest.
pub(crate) const OTHERS: &str = "all others";

/// Series of a grouped report, the largest first.
pub(crate) struct Groups {
    /// What each is grouped by, and its series; the rest, where there is one, is last and has no value.
    pub(crate) all: Vec<(Option<String>, Series)>,
}

impl Groups {
    /// Of a report with one row for each piece and `value`; groups whose figure is 0 throughout are left out.
    pub(crate) fn of(
        pieces: &Pieces,
        report: &Json,
        field: &str,
        value: &str,
        name: impl Fn(&str) -> String,
    ) -> Self {
        let mut sums: Vec<(&str, Amount)> = Vec::new();
        for row in report.get("data").list() {
            let (group, amount) = (row.get(value).text(), row.get(field).sum());
            match sums.iter_mut().find(|(known, _)| *known == group) {
                Some((_, sum)) => *sum = sum.plus(amount),
                None => sums.push((group, amount)),
            }
        }
        sums.retain(|(_, sum)| *sum != Amount::ZERO);
        sums.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
        let amounts = |group: &str| pieces.amounts(report, field, |row| row.get(value).text() == group);
        let series = |name: String, place, amounts| Series {
            name,
            meaning: Meaning::Category(place),
            amounts,
            is_dashed: false,
        };
        let shown = sums.iter().take(SHOWN_MAX).enumerate();
        let mut all: Vec<_> = shown
            .map(|(place, (group, _))| {
                (Some((*group).to_owned()), series(name(group), place, amounts(group)))
            })
            .collect();
        if sums.len() > SHOWN_MAX {
            let mut rest = vec![Some(Amount::ZERO); pieces.buckets.len()];
            for (group, _) in &sums[SHOWN_MAX..] {
                for (sum, amount) in rest.iter_mut().zip(amounts(group)) {
                    *sum = Some(sum.unwrap_or_default().plus(amount.unwrap_or_default()));
                }
            }
            all.push((None, series(OTHERS.into(), SHOWN_MAX, rest)));
        }
        Self { all }
    }

    /// Their names and colours.
    pub(crate) fn legend(&self) -> Markup {
        let names: Vec<_> =
            self.all.iter().map(|(_, series)| (series.name.clone(), series.meaning)).collect();
        legend(&names)
    }

    /// The same, each of the event types leading to its page.
    pub(crate) fn legend_of_events(&self, visit: &Visit) -> Markup {
        html! {
            ul.legend {
                @for (event, series) in &self.all {
                    li {
                        span class={ "swatch " (series.meaning.class()) } {}
                        @match event.as_deref().filter(|event| !event.is_empty()) {
                            Some(event) => a href=(visit.link_to("events", event)) { (series.name) },
                            None => (series.name),
                        }
                    }
                }
            }
        }
    }

    /// All of it, with the sum of each piece.
    pub(crate) fn table(&self, pieces: &Pieces, unit: Unit) -> Table {
        let names = self.all.iter().map(|(_, series)| Column::number(series.name.clone()));
        let columns = names.chain([Column::number("Total")]).collect();
        pieces.table(columns, |at| {
            let amounts = self.all.iter().map(|(_, series)| series.amounts[at]);
            let total: Amount = amounts.clone().flatten().sum();
            amounts.map(|amount| Cell::some(unit, amount)).chain([Cell::Amount(unit, total)]).collect()
        })
    }

    /// The series alone.
    pub(crate) fn into_series(self) -> Vec<Series> {
        self.all.into_iter().map(|(_, series)| series).collect()
    }
}
