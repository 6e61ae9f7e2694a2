//! The stream: what happened to the visitor's wallet, a line each, from its history and as it commits.

use maud::{Markup, html};

use crate::json::Json;
use crate::look::{Amount, Unit};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// By which a line that comes twice is known.
    id: String,
    label: String,
    note: String,
    credits: Option<Amount>,
    balance: Option<Amount>,
    is_refused: bool,
}

impl Line {
    /// Of a line of the wallet's ledger.
    pub(super) fn of_ledger(line: &Json) -> Self {
        let ids = ["event_id", "order_id", "grant_id", "id"].map(|name| line.get(name).text());
        Self {
            id: ids.into_iter().find(|id| !id.is_empty()).unwrap_or_default().to_owned(),
            label: line.get("label").text().to_owned(),
            note: if line.get("kind").text() == "capture" { "captured from its hold" } else { "" }.to_owned(),
            credits: line.get("credits").amount(),
            balance: line.get("balance_after").amount(),
            is_refused: false,
        }
    }

    /// Of a refusal, which moved nothing.
    pub(super) fn of_refusal(id: String, code: &str, posted: Amount) -> Self {
        Self {
            id,
            label: "Refused".to_owned(),
            note: format!("{code}; nothing was charged"),
            credits: None,
            balance: Some(posted),
            is_refused: true,
        }
    }

    /// Of a fact of the stream; `None` where it is nothing to show. `label` finds the words of an event type.
    pub(super) fn of_fact(fact: &Json, label: impl Fn(&str) -> String) -> Option<Self> {
        let event = || label(fact.get("event").text());
        let (credits, taken) =
            (fact.get("credits").amount(), fact.get("credits").amount().map(|credits| Amount(-credits.0)));
        let (label, note, credits) = match fact.get("type").text() {
            "metered" => (event(), String::new(), taken),
            "hold_captured" => (event(), "captured from its hold".to_owned(), taken),
            "hold_placed" => {
                let held = Unit::Credits.in_words(credits.unwrap_or_default());
                (event(), format!("{held} set aside by a hold"), None)
            }
            "granted" => ("Credits bought".to_owned(), "to begin with".to_owned(), credits),
            "order_settled" => ("Credits bought".to_owned(), String::new(), Some(credits?)),
            "refused" => {
                let posted = fact.path("balance.posted").sum();
                return Some(Self::of_refusal(
                    fact.get("id").text().to_owned(),
                    fact.get("code").text(),
                    posted,
                ));
            }
            _ => return None,
        };
        let id = match fact.get("order").text() {
            "" => fact.get("id").text(),
            order => order,
        };
        Some(Self {
            id: id.to_owned(),
            label,
            note,
            credits,
            balance: fact.path("balance.posted").amount(),
            is_refused: false,
        })
    }

    /// A row of the stream's table.
    pub(super) fn row(&self) -> Markup {
        html! {
            tr data-id=(self.id) {
                th scope="row" {
                    (self.label)
                    @if self.is_refused { " " span.tag.bad { "402" } }
                    @if !self.note.is_empty() { span.note { (self.note) } }
                }
                td.number { (self.credits.map_or_else(|| "—".to_owned(), signed)) }
                td.number { (self.balance.map_or_else(|| "—".to_owned(), |balance| Unit::Credits.short(balance))) }
            }
        }
    }
}

fn signed(credits: Amount) -> String {
    let sign = if credits.0 > 0 { "+" } else { "" };
    format!("{sign}{}", Unit::Credits.short(credits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(fact: &str) -> Option<String> {
        let fact = Json::parse(fact).expect("JSON");
        Line::of_fact(&fact, |event| format!("<{event}>")).map(|line| line.row().0)
    }

    #[test]
    fn fact_is_a_line_with_what_it_took_and_left() {
        let row = shown(
            r#"{"type":"metered","id":"evt_1","event":"image.generate","credits":12,"balance":{"posted":88}}"#,
        )
        .expect("a line");
        for part in [r#"data-id="evt_1""#, "&lt;image.generate&gt;", "−12", ">88<"] {
            assert!(row.contains(part), "{part} in {row}");
        }
        let row =
            shown(r#"{"type":"refused","id":"ent_1","code":"insufficient_credits","balance":{"posted":4}}"#);
        assert!(row.is_some_and(|row| row.contains("402") && row.contains("insufficient_credits")));
    }

    #[test]
    fn what_only_prepares_is_no_line() {
        for fact in [
            r#"{"type":"opened"}"#,
            r#"{"type":"order_placed","credits":500}"#,
            r#"{"type":"order_settled","status":"expired"}"#,
        ] {
            assert_eq!(shown(fact), None, "{fact}");
        }
    }
}
