//! A wallet's history as its owner reads it: product words, days, and one line for what happened often.
//!
//! Never a token count, a provider, a model, a cost, an id or a route: what is not made of the words here, of an event
//! type's label or of a pack's name does not come through.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::json::Json;
use crate::look::{Amount, say};

/// Uses of the same kind in one day from which they are one line.
const TOGETHER_MIN: usize = 4;

/// A movement of credits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Move {
    /// RFC 3339.
    pub(super) at: String,
    pub(super) words: String,
    /// Where it came from, for credits that came.
    pub(super) source: String,
    pub(super) credits: Amount,
    pub(super) balance: Amount,
    is_use: bool,
}

/// One line of a day: a single movement, or all uses of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    One(Move),
    Together(Vec<Move>),
}

/// A day of the project's time zone, newest movement first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) name: String,
    pub(super) lines: Vec<Line>,
}

/// What was bought by an order: the pack's name, and who took the money.
pub(super) type Bought = BTreeMap<String, (String, String)>;

impl Move {
    /// Of a line of the ledger.
    pub(super) fn of(line: &Json, bought: &Bought) -> Self {
        let kind = line.get("kind").text();
        let order = bought.get(line.get("order_id").text());
        let (words, source) = match (kind, order) {
            ("charge" | "capture", _) => (product_words(line.get("label").text()), ""),
            ("grant", Some((pack, provider))) => (format!("{pack} bought"), paid_by(provider)),
            ("grant", None) => granted(line.get("label").text()),
            ("reversal", _) => ("Given back".to_owned(), ""),
            ("expiry", _) => ("Expired".to_owned(), ""),
            ("void", _) => ("Taken back".to_owned(), ""),
            ("refund", _) => ("Payment refunded".to_owned(), ""),
            _ => ("Change".to_owned(), ""),
        };
        Self {
            at: line.get("at").text().to_owned(),
            words,
            source: source.to_owned(),
            credits: line.get("credits").sum(),
            balance: line.get("balance_after").sum(),
            is_use: matches!(kind, "charge" | "capture"),
        }
    }
}

/// A label of an event type; one that is only a name of the catalogue is made readable.
fn product_words(label: &str) -> String {
    let words = if label.contains(' ') { label.to_owned() } else { label.replace(['.', '_'], " ") };
    let mut characters = words.chars();
    characters
        .next()
        .map_or_else(|| "Use".to_owned(), |first| first.to_uppercase().chain(characters).collect())
}

fn paid_by(provider: &str) -> &'static str {
    if provider == "sandbox" { "Test payment" } else { "Card payment" }
}

/// Without the reason behind the words, which is the operator's own note.
fn granted(label: &str) -> (String, &'static str) {
    match label.split(':').next().unwrap_or_default() {
        "Credits bought" => ("Credits bought".to_owned(), "Added for you"),
        "Credits given" => ("Credits given".to_owned(), "A gift"),
        _ => ("Balance corrected".to_owned(), "Added for you"),
    }
}

/// The days of moves that come newest first.
pub(super) fn days(moves: Vec<Move>, zone: &TimeZone) -> Vec<Day> {
    let mut days: Vec<(String, Vec<Move>)> = Vec::new();
    for one in moves {
        let name = say::at(&one.at, zone, "%A, %-d %B %Y");
        match days.last_mut().filter(|(day, _)| *day == name) {
            Some((_, moves)) => moves.push(one),
            None => days.push((name, vec![one])),
        }
    }
    days.into_iter().map(|(name, moves)| Day { name, lines: together(moves) }).collect()
}

/// Uses of a kind that came often become one line, where the newest of them stands.
fn together(moves: Vec<Move>) -> Vec<Line> {
    let mut of_kind: BTreeMap<String, usize> = BTreeMap::new();
    for one in moves.iter().filter(|one| one.is_use) {
        *of_kind.entry(one.words.clone()).or_default() += 1;
    }
    let mut lines: Vec<Line> = Vec::new();
    for one in moves {
        if !one.is_use || of_kind.get(&one.words).is_none_or(|count| *count < TOGETHER_MIN) {
            lines.push(Line::One(one));
            continue;
        }
        let group = lines.iter_mut().find_map(|line| match line {
            Line::Together(moves) if moves[0].words == one.words => Some(moves),
            _ => None,
        });
        match group {
            Some(moves) => moves.push(one),
            None => lines.push(Line::Together(vec![one])),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: &str, label: &str, at: &str, credits: i64, balance: i64) -> Move {
        let json = format!(
            r#"{{"kind":"{kind}","label":"{label}","at":"{at}","credits":{credits},"balance_after":{balance},"order_id":"ord_1"}}"#
        );
        let bought = match kind {
            "grant" if label == "order" => {
                Bought::from([("ord_1".to_owned(), ("Starter".to_owned(), "stripe".to_owned()))])
            }
            _ => Bought::new(),
        };
        Move::of(&Json::parse(&json).expect("JSON"), &bought)
    }

    #[test]
    fn words_are_those_of_the_product_and_no_note_of_the_operator() {
        for (kind, label, words, source) in [
            ("charge", "Image generated", "Image generated", ""),
            ("capture", "agent.run", "Agent run", ""),
            ("charge", "", "Use", ""),
            ("grant", "order", "Starter bought", "Card payment"),
            ("grant", "Credits bought: invoice 7", "Credits bought", "Added for you"),
            ("grant", "Credits given: churn risk", "Credits given", "A gift"),
            ("grant", "Adjustment: model bug", "Balance corrected", "Added for you"),
            ("reversal", "Reversal: gpt failed", "Given back", ""),
            ("void", "Grant taken back: fraud", "Taken back", ""),
            ("expiry", "Credits expired", "Expired", ""),
        ] {
            let shown = line(kind, label, "2026-11-23T10:00:00Z", 1, 1);
            assert_eq!((shown.words.as_str(), shown.source.as_str()), (words, source), "{kind} {label}");
        }
    }

    #[test]
    fn what_comes_often_in_a_day_is_one_line_with_all_of_it_behind() {
        let reply = |at: &str, balance| line("charge", "Chat reply", at, -8, balance);
        let moves = vec![
            reply("2026-11-23T12:00:00Z", 8),
            reply("2026-11-23T11:00:00Z", 16),
            line("charge", "Image generated", "2026-11-23T10:30:00Z", -12, 24),
            reply("2026-11-23T10:00:00Z", 36),
            reply("2026-11-23T09:00:00Z", 44),
            reply("2026-11-22T09:00:00Z", 52),
        ];
        let days = days(moves, &TimeZone::UTC);
        assert_eq!(
            days.iter().map(|day| day.name.as_str()).collect::<Vec<_>>(),
            ["Monday, 23 November 2026", "Sunday, 22 November 2026"]
        );
        let [Line::Together(replies), Line::One(image)] = days[0].lines.as_slice() else {
            panic!("{:?}", days[0].lines)
        };
        assert_eq!(
            (replies.len(), replies[0].balance, image.words.as_str()),
            (4, Amount::whole(8), "Image generated")
        );
        assert!(matches!(days[1].lines.as_slice(), [Line::One(_)]), "one is not often");
    }
}
