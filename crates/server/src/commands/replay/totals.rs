//! Counting what came of a replay, exactly.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use chargly_engine::ledger::parse_decimal;
use chargly_traffic::RecordedEvent;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Charged};
use crate::exact::{self, NANO_PLACES};

/// What came of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Events by type.
    by_event: BTreeMap<String, Line>,
    /// Rows that made no event.
    pub(crate) unreadable: u64,
}

/// What came of the events of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Line {
    read: u64,
    /// Cost of all that was read, by currency: nano-units.
    cost_read_nano: BTreeMap<String, i128>,
    accepted: Sums,
    replayed: Sums,
    refused: BTreeMap<Cow<'static, str>, u64>,
}

/// Sums over charges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sums {
    events: u64,
    credits_micro: i128,
    /// `None` once an answer did not say.
    revenue_nano: Option<i128>,
    /// By currency: nano-units.
    cost_nano: BTreeMap<String, i128>,
}

impl Sums {
    fn add(&mut self, event: &RecordedEvent, charged: Charged) {
        let before = if self.events == 0 { Some(0) } else { self.revenue_nano };
        self.revenue_nano = before.zip(charged.revenue_nano).map(|(sum, one)| sum + one);
        self.events += 1;
        self.credits_micro += i128::from(charged.credits_micro);
        add_cost(&mut self.cost_nano, event);
    }

    fn merge(&mut self, other: &Self) {
        let revenue_nano = match (self.events, other.events) {
            (0, _) => other.revenue_nano,
            (_, 0) => self.revenue_nano,
            _ => self.revenue_nano.zip(other.revenue_nano).map(|(a, b)| a + b),
        };
        self.revenue_nano = revenue_nano;
        self.events += other.events;
        self.credits_micro += other.credits_micro;
        merge_costs(&mut self.cost_nano, &other.cost_nano);
    }

    fn to_json(&self) -> Value {
        json!({
            "events": self.events,
            "credits": exact::micro(self.credits_micro),
            "revenue": self.revenue_nano.map(exact::nano),
            "cost": money_json(&self.cost_nano),
        })
    }
}

impl Line {
    fn refused(&self) -> u64 {
        self.refused.values().sum()
    }

    fn merge(&mut self, other: &Self) {
        self.read += other.read;
        merge_costs(&mut self.cost_read_nano, &other.cost_read_nano);
        self.accepted.merge(&other.accepted);
        self.replayed.merge(&other.replayed);
        for (code, count) in &other.refused {
            *self.refused.entry(code.clone()).or_default() += count;
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "read": self.read,
            "cost_read": money_json(&self.cost_read_nano),
            "accepted": self.accepted.to_json(),
            "replayed": self.replayed.to_json(),
            "refused": {"events": self.refused(), "by_code": self.refused},
        })
    }
}

/// What to do about refusals that a first replay meets most often.
const ADVICE: [(&str, &str); 2] = [
    (
        "unknown_event_type",
        "define the event types, or replay again with --define-types and --price. Nothing was recorded of these.",
    ),
    (
        "insufficient_credits",
        "these verdicts are final for their keys. To meter the events all the same, grant credits (--grant) and \
         replay with other keys (--key-prefix).",
    ),
];

impl Totals {
    /// Counts an event that was read.
    pub(crate) fn read(&mut self, event: &RecordedEvent) {
        let line = self.line(event);
        line.read += 1;
        add_cost(&mut line.cost_read_nano, event);
    }

    /// Counts what came of it.
    pub(crate) fn answered(&mut self, event: &RecordedEvent, answer: Answer) {
        let line = self.line(event);
        match answer {
            Answer::Accepted(charged) => line.accepted.add(event, charged),
            Answer::Replayed(charged) => line.replayed.add(event, charged),
            Answer::Refused(code) => *line.refused.entry(code).or_default() += 1,
            // Sent again before it is counted.
            Answer::Later => {}
        }
    }

    /// Adds what another lane counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.unreadable += other.unreadable;
        for (event, line) in &other.by_event {
            self.by_event.entry(event.clone()).or_default().merge(line);
        }
    }

    fn line(&mut self, event: &RecordedEvent) -> &mut Line {
        if !self.by_event.contains_key(&event.event) {
            self.by_event.insert(event.event.clone(), Line::default());
        }
        self.by_event.entry(event.event.clone()).or_default()
    }

    fn all(&self) -> Line {
        let mut all = Line::default();
        self.by_event.values().for_each(|line| all.merge(line));
        all
    }

    /// For scripts: amounts are texts, because a JSON number would lose digits in most readers.
    pub(crate) fn to_json(&self) -> Value {
        let by_event: Map<_, _> =
            self.by_event.iter().map(|(name, line)| (name.clone(), line.to_json())).collect();
        let mut json = self.all().to_json();
        json["unreadable"] = self.unreadable.into();
        json["by_event"] = Value::Object(by_event);
        json
    }

    /// For people.
    pub(crate) fn in_words(&self, is_dry: bool) -> String {
        let all = self.all();
        let mut text = String::new();
        let _ = writeln!(
            text,
            "read       {} events{}",
            all.read,
            if is_dry { " (dry run: nothing was metered)" } else { "" }
        );
        if self.unreadable > 0 {
            let _ = writeln!(text, "unreadable {} rows, named above", self.unreadable);
        }
        if is_dry {
            let _ = writeln!(text, "cost       {}", money_text(&all.cost_read_nano));
        } else {
            for (what, sums) in [("accepted", &all.accepted), ("replayed", &all.replayed)] {
                let _ = writeln!(text, "{what:<10} {}", sums_text(sums));
            }
            let codes: Vec<_> = all.refused.iter().map(|(code, count)| format!("{count} {code}")).collect();
            let codes = if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) };
            let _ = writeln!(text, "refused    {} events{codes}", all.refused());
        }
        text.push_str(&self.table(is_dry));
        for (code, advice) in ADVICE {
            if all.refused.contains_key(code) {
                let _ = write!(text, "\n{code}: {advice}\n");
            }
        }
        text
    }

    fn table(&self, is_dry: bool) -> String {
        let width = self.by_event.keys().map(String::len).max().unwrap_or_default().max("event type".len());
        let mut text = String::new();
        if is_dry {
            let _ = writeln!(text, "\n{:<width$} {:>10}", "event type", "read");
            for (name, line) in &self.by_event {
                let _ = writeln!(text, "{name:<width$} {:>10}", line.read);
            }
            return text;
        }
        let _ = writeln!(
            text,
            "\n{:<width$} {:>10} {:>10} {:>10} {:>18}",
            "event type", "accepted", "replayed", "refused", "credits"
        );
        for (name, line) in &self.by_event {
            let credits = exact::micro(line.accepted.credits_micro + line.replayed.credits_micro);
            let _ = writeln!(
                text,
                "{name:<width$} {:>10} {:>10} {:>10} {credits:>18}",
                line.accepted.events,
                line.replayed.events,
                line.refused()
            );
        }
        text
    }
}

fn sums_text(sums: &Sums) -> String {
    if sums.events == 0 {
        return "0 events".to_owned();
    }
    let revenue =
        sums.revenue_nano.map(|nano| format!(", revenue {}", exact::nano(nano))).unwrap_or_default();
    format!(
        "{} events, {} credits{revenue}, cost {}",
        sums.events,
        exact::micro(sums.credits_micro),
        money_text(&sums.cost_nano)
    )
}

fn money_text(by_currency: &BTreeMap<String, i128>) -> String {
    if by_currency.is_empty() {
        return "not given".to_owned();
    }
    let parts: Vec<_> =
        by_currency.iter().map(|(code, nano)| format!("{} {code}", exact::nano(*nano))).collect();
    parts.join(" + ")
}

fn money_json(by_currency: &BTreeMap<String, i128>) -> Value {
    by_currency
        .iter()
        .map(|(code, nano)| (code.clone(), json!(exact::nano(*nano))))
        .collect::<Map<_, _>>()
        .into()
}

fn add_cost(by_currency: &mut BTreeMap<String, i128>, event: &RecordedEvent) {
    let Some(cost) = &event.cost else { return };
    // The trace's amounts have at most nine places and are within range, or the row would have made no event.
    let nano = parse_decimal(&cost.amount, NANO_PLACES).unwrap_or_default();
    match by_currency.get_mut(&cost.currency) {
        Some(sum) => *sum += i128::from(nano),
        None => {
            by_currency.insert(cost.currency.clone(), nano.into());
        }
    }
}

fn merge_costs(into: &mut BTreeMap<String, i128>, from: &BTreeMap<String, i128>) {
    for (currency, nano) in from {
        *into.entry(currency.clone()).or_default() += nano;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chargly_traffic::RecordedCost;

    use super::*;

    fn event(name: &str, cost: &str) -> RecordedEvent {
        RecordedEvent {
            key: "k".to_owned(),
            event: name.to_owned(),
            customer: "c".to_owned(),
            quantity: None,
            credits: None,
            occurred_at: None,
            cost: Some(RecordedCost { amount: cost.to_owned(), currency: "usd".to_owned() }),
            properties: BTreeMap::new(),
            source_line: 1,
        }
    }

    fn counted(answers: &[(&str, Answer)]) -> Totals {
        let mut totals = Totals::default();
        for (name, answer) in answers {
            let event = event(name, "0.1");
            totals.read(&event);
            totals.answered(&event, answer.clone());
        }
        totals
    }

    fn charged(credits_micro: i64, revenue_nano: Option<i128>) -> Charged {
        Charged { credits_micro, revenue_nano }
    }

    #[test]
    fn each_event_is_counted_once_and_sums_are_exact() {
        let totals = counted(&[
            ("a", Answer::Accepted(charged(1, Some(3)))),
            ("a", Answer::Accepted(charged(2, Some(4)))),
            ("b", Answer::Replayed(charged(5_000_000, Some(0)))),
            ("b", Answer::Refused("insufficient_credits".into())),
        ]);
        let json = totals.to_json();
        assert_eq!(json["read"], 4);
        assert_eq!(json["accepted"]["events"], 2);
        assert_eq!(json["accepted"]["credits"], "0.000003");
        assert_eq!(json["accepted"]["revenue"], "0.000000007");
        assert_eq!(json["accepted"]["cost"]["usd"], "0.2");
        assert_eq!(json["replayed"]["credits"], "5");
        assert_eq!(json["refused"]["by_code"]["insufficient_credits"], 1);
        assert_eq!(json["by_event"]["b"]["refused"]["events"], 1);
    }

    #[test]
    fn refusals_come_with_what_to_do_about_them() {
        let of = |code: &'static str| counted(&[("a", Answer::Refused(code.into()))]).in_words(false);
        assert!(of("unknown_event_type").contains("--define-types"));
        assert!(of("insufficient_credits").contains("--key-prefix"));
        assert!(!of("wallet_frozen").contains("--"));
    }

    #[test]
    fn revenue_that_one_answer_does_not_say_is_not_told() {
        let said = counted(&[("a", Answer::Accepted(charged(1, Some(3))))]);
        let unsaid = counted(&[("a", Answer::Accepted(charged(1, None)))]);
        for (first, second) in [(&said, &unsaid), (&unsaid, &said)] {
            let mut both = first.clone();
            both.merge(second);
            assert_eq!(both.to_json()["accepted"]["revenue"], Value::Null);
        }
        let mut twice = said.clone();
        twice.merge(&said);
        assert_eq!(twice.to_json()["accepted"]["revenue"], "0.000000006");
    }

    #[test]
    fn the_sum_of_lanes_is_the_sum_of_all() {
        let answers = [
            ("a", Answer::Accepted(charged(1, Some(3)))),
            ("b", Answer::Refused("x".into())),
            ("a", Answer::Replayed(charged(7, Some(1)))),
        ];
        let mut merged = counted(&answers[..1]);
        merged.merge(&counted(&answers[1..]));
        assert_eq!(merged, counted(&answers));
    }
}
