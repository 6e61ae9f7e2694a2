//! What a page gathers while it is written: every table that it shows, so that the file behind a link has the same.

use maud::{Markup, html};

use super::table::Table;

/// A chart with its question, the table behind it, and the file of the same.
pub(crate) struct Figure<'a> {
    /// Names it in the address of its file; unique on its page.
    pub(crate) id: &'static str,
    /// What it answers.
    pub(crate) question: &'a str,
    /// One line under the question: how to read it.
    pub(crate) note: Markup,
    /// The drawing.
    pub(crate) plot: Markup,
    /// All that is drawn.
    pub(crate) table: Table,
}

/// Gathers the tables of a page.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    tables: Vec<(&'static str, Table)>,
}

impl Sheet {
    /// A chart. Its table opens under it, without a script.
    pub(crate) fn figure(&mut self, state: &crate::state::State, figure: Figure<'_>) -> Markup {
        let shown = html! {
            figure.chart id=(figure.id) {
                figcaption {
                    h2 { (figure.question) }
                    (figure.note)
                }
                (figure.plot)
                details.behind {
                    summary { "Table" }
                    (figure.table.show(figure.question))
                }
                a.file href=(state.with("csv", figure.id)) download { "CSV" span.hidden { " of: " (figure.question) } }
            }
        };
        self.tables.push((figure.id, figure.table));
        shown
    }

    /// A table that is shown as it is.
    pub(crate) fn table(
        &mut self,
        state: &crate::state::State,
        id: &'static str,
        question: &str,
        table: Table,
    ) -> Markup {
        self.table_with(state, id, question, table, &html! {})
    }

    /// The same, with a word under it.
    pub(crate) fn table_with(
        &mut self,
        state: &crate::state::State,
        id: &'static str,
        question: &str,
        table: Table,
        after: &Markup,
    ) -> Markup {
        let shown = html! {
            section.chart id=(id) {
                h2 { (question) }
                (table.show(question))
                (after)
                a.file href=(state.with("csv", id)) download { "CSV" span.hidden { " of: " (question) } }
            }
        };
        self.tables.push((id, table));
        shown
    }

    /// The table of a name.
    pub(crate) fn find(&self, id: &str) -> Option<&Table> {
        self.tables.iter().find(|(known, _)| *known == id).map(|(_, table)| table)
    }
}
