//! A table: as people read it, and as CSV with the exact values. What is drawn is in it, all of it and nothing else.

use maud::{Markup, html};

use super::amount::Amount;
use super::csv::{harmless, line};
use super::say::{COST_MISSING, NONE, Unit};

/// A name from which on it is broken anywhere: else its column alone would be wider than a window.
const LONG_BYTES: usize = 40;

/// Characters of a head and its value that fit on half of a narrow card.
const HALF_CHARACTERS: usize = 16;
/// Rows that a narrow window shows of a long table, and from how many rows on it does not show all at once.
const NARROW_ROWS: usize = 8;
const LONG_ROWS: usize = 12;

/// Rows under columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Whether its end says most, as of a table over time: a narrow window shows that of a long one, and not its beginning.
    pub(crate) ends_newest: bool,
}

/// One column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Its head.
    pub(crate) name: String,
    /// Where pressing the head leads: the same table in another order.
    pub(crate) sort: Option<Sort>,
    pub(crate) is_number: bool,
}

/// A column that the table can be ordered by.
#[derive(Clone, Debug)]
pub(crate) struct Sort {
    pub(crate) href: String,
    /// Whether it is ordered by it now.
    pub(crate) is_current: bool,
    /// Whether the smallest comes first.
    pub(crate) is_ascending: bool,
}

/// One value.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    /// There is none.
    None,
    Text(String),
    /// A text that leads somewhere.
    Link(String, String),
    /// An amount, short, with the exact value in its title.
    Amount(Unit, Amount),
    /// A cost, or a margin, that is not known.
    CostMissing,
    /// A cost or margin of which a part is not known: it can only be worse.
    AtBest(Unit, Amount),
    /// An instant: how people read it, and how programs do.
    Time(String, String),
    /// Drawn, with the text that stands for it in CSV.
    Drawn(Markup, String),
}

impl Column {
    pub(crate) fn text(name: impl Into<String>) -> Self {
        Self { name: name.into(), sort: None, is_number: false }
    }

    pub(crate) fn number(name: impl Into<String>) -> Self {
        Self { name: name.into(), sort: None, is_number: true }
    }

    pub(crate) fn sorted_by(self, href: String, is_current: bool) -> Self {
        Self { sort: Some(Sort { href, is_current, is_ascending: false }), ..self }
    }

    /// The smallest first.
    pub(crate) fn ascending(mut self, is_ascending: bool) -> Self {
        if let Some(sort) = &mut self.sort {
            sort.is_ascending = is_ascending;
        }
        self
    }
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An amount, or nothing.
    pub(crate) fn some(unit: Unit, amount: Option<Amount>) -> Self {
        amount.map_or(Self::None, |amount| Self::Amount(unit, amount))
    }

    /// A cost or a margin: missing where it is not known.
    pub(crate) fn known(unit: Unit, amount: Option<Amount>, is_upper_bound: bool) -> Self {
        match amount {
            None => Self::CostMissing,
            Some(amount) if is_upper_bound => Self::AtBest(unit, amount),
            Some(amount) => Self::Amount(unit, amount),
        }
    }

    fn show(&self) -> Markup {
        html! {
            @match self {
                Self::None => span.none { (NONE) },
                Self::Text(text) => (text),
                Self::Link(text, href) => a class=[(text.len() > LONG_BYTES).then_some("long")] href=(href) { (text) },
                Self::Amount(unit, amount) => data value=(amount.exact()) title=(unit.exact(*amount)) { (unit.short(*amount)) },
                Self::CostMissing => span.missing { (COST_MISSING) },
                Self::AtBest(unit, amount) => {
                    data value=(amount.exact()) title={ (unit.exact(*amount)) ", at best: some costs are missing" } {
                        "≤ " (unit.short(*amount))
                    }
                }
                Self::Time(shown, machine) => time datetime=(machine) { (shown) },
                Self::Drawn(drawn, _) => div.drawn { (drawn) },
            }
        }
    }

    /// How long it is as it is shown, about.
    fn characters(&self) -> usize {
        match self {
            Self::None => 1,
            Self::Text(text) | Self::Link(text, _) | Self::Time(text, _) => text.chars().count(),
            Self::Amount(unit, amount) => unit.short(*amount).chars().count(),
            Self::AtBest(unit, amount) => unit.short(*amount).chars().count() + 2,
            Self::CostMissing => COST_MISSING.len(),
            // In a frame, or with something beside it.
            Self::Drawn(_, text) => text.chars().count() + 4,
        }
    }

    /// As it stands in a file: exact, and never run by a spreadsheet.
    fn plain(&self) -> String {
        match self {
            Self::None | Self::CostMissing => String::new(),
            Self::Text(text) | Self::Link(text, _) | Self::Drawn(_, text) => harmless(text),
            Self::Amount(_, amount) | Self::AtBest(_, amount) => amount.exact(),
            Self::Time(_, machine) => machine.clone(),
        }
    }
}

impl Table {
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new(), ends_newest: false }
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len(), "a row has a cell for each column");
        self.rows.push(cells);
    }

    /// As people read it. In a narrow window each row becomes a card, and of many the first are shown until all are asked
    /// for.
    pub(crate) fn show(&self, caption: &str) -> Markup {
        let classes: Vec<_> = (0..self.columns.len()).map(|at| self.class_of(at)).collect();
        html! {
            table.rows.newest[self.ends_newest] {
                caption { (caption) }
                thead { tr {
                    @for column in &self.columns {
                        @let class = column.is_number.then_some("number");
                        @match &column.sort {
                            None => th scope="col" class=[class] { (column.name) },
                            Some(sort) => {
                                th scope="col" class=[class] aria-sort=[sort.is_current.then_some(if sort.is_ascending { "ascending" } else { "descending" })] {
                                    a href=(sort.href) { (column.name) @if sort.is_current { @if sort.is_ascending { " ↑" } @else { " ↓" } } }
                                }
                            }
                        }
                    }
                } }
                tbody {
                    @for row in &self.rows {
                        tr {
                            @for ((column, class), cell) in self.columns.iter().zip(&classes).zip(row) {
                                td class=[*class] data-label=(column.name) { (cell.show()) }
                            }
                        }
                    }
                }
            }
            (show_all(self.rows.len(), if self.ends_newest { "last" } else { "first" }))
        }
    }

    /// Of the cells of a column. A number stands to the right; what is long takes a line of its own in a narrow window, in
    /// every row, so that all cards are of one form.
    fn class_of(&self, at: usize) -> Option<&'static str> {
        let column = &self.columns[at];
        let longest = self.rows.iter().map(|row| row[at].characters()).max().unwrap_or_default();
        match (column.is_number, column.name.chars().count() + longest > HALF_CHARACTERS) {
            (true, true) => Some("number wide"),
            (true, false) => Some("number"),
            (false, true) => Some("wide"),
            (false, false) => None,
        }
    }

    /// As a file; `of_all` is the same for every row, since a file gets around alone.
    pub(crate) fn csv(&self, of_all: &[(&str, &str)]) -> String {
        let mut out = String::new();
        let head = self.columns.iter().map(|column| column.name.clone());
        line(&mut out, head.chain(of_all.iter().map(|(name, _)| (*name).to_owned())));
        for row in &self.rows {
            let cells = row.iter().map(Cell::plain);
            line(&mut out, cells.chain(of_all.iter().map(|(_, value)| harmless(value))));
        }
        out
    }
}

/// What opens a long list in a narrow window, which shows its first or last ones; it stands right behind the list.
pub(crate) fn show_all(rows: usize, which: &str) -> Markup {
    html! {
        @if rows > LONG_ROWS {
            details.all { summary { span { "Show all" b { " " (rows) } } span { "Show the " (which) " " (NARROW_ROWS) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_marked_for_narrow_windows_and_a_long_table_can_be_opened() {
        let mut table =
            Table::new(vec![Column::text("Customer"), Column::number("Revenue"), Column::text("Id")]);
        let revenue = Cell::Amount(Unit::Count, Amount::whole(12));
        for _ in 0..LONG_ROWS {
            table.row(vec![Cell::text("ada"), revenue.clone(), Cell::text("evt_000000000163cz")]);
        }
        let shown = table.show("Who?").0;
        assert!(shown.contains(r#"<td class="number" data-label="Revenue">"#), "{shown}");
        assert!(shown.contains(r#"<td class="wide" data-label="Id">"#), "{shown}");
        assert!(!shown.contains("Show all"), "{shown}");
        table.row(vec![Cell::text("bob"), Cell::None, Cell::None]);
        assert!(table.show("Who?").0.contains("Show all<b> 13</b>"));
    }

    #[test]
    fn file_has_exact_values_and_runs_no_formula() {
        let mut table =
            Table::new(vec![Column::text("Customer"), Column::number("Revenue"), Column::number("Margin")]);
        let usd = Unit::Money(super::super::Currency::of("usd"));
        let amount = Amount::parse("-12345.678900001").expect("a decimal");
        table.row(vec![Cell::text("=cmd|' /C calc'!A0"), Cell::Amount(usd, amount), Cell::CostMissing]);
        table.row(vec![Cell::text("a,\"b\"\n"), Cell::None, Cell::None]);
        assert_eq!(
            table.csv(&[("time zone", "UTC")]),
            "Customer,Revenue,Margin,time zone\r\n'=cmd|' /C calc'!A0,-12345.678900001,,UTC\r\n\"a,\"\"b\"\"\n\",,,UTC\r\n"
        );
    }
}
