//! Small parts that pages are put together from.

use maud::{Markup, html};

use super::amount::Amount;
use super::say::{Direction, Unit, change};
use crate::charts::{Meaning, spark_line};

/// One figure with where it came from and where it goes.
pub(crate) struct Tile<'a> {
    pub(crate) name: &'a str,
    pub(crate) unit: Unit,
    pub(crate) meaning: Meaning,
    /// `None` where a cost is missing.
    pub(crate) now: Option<Amount>,
    pub(crate) before: Option<Amount>,
    /// Said instead of a number: `cost missing`.
    pub(crate) unknown: &'a str,
    /// Whether more is better: decides the word, not the arrow.
    pub(crate) line: &'a [Option<Amount>],
    /// Against what it is compared: `30 days before`.
    pub(crate) compared: &'a str,
    pub(crate) href: String,
}

impl Tile<'_> {
    pub(crate) fn show(&self) -> Markup {
        let changed = self.now.zip(self.before).and_then(|(now, before)| match self.unit {
            _ if (now, before) == (Amount::ZERO, Amount::ZERO) => {
                Some((Direction::Level, "= no change".to_owned()))
            }
            // A share moves by points.
            Unit::Share => Some(points(now.less(before))),
            _ => change(now, before),
        });
        html! {
            a class={ "tile " (self.meaning.class()) } href=(self.href) {
                span.name { (self.name) }
                strong {
                    @match self.now {
                        Some(now) => data value=(now.exact()) title=(self.unit.exact(now)) { (self.unit.short(now)) },
                        None => span.missing { (self.unknown) },
                    }
                }
                span.change {
                    @match &changed {
                        Some((direction, words)) => span class=(class(*direction)) { (words) } ,
                        None => "no earlier figure",
                    }
                    @if changed.is_some() { " " span.soft { (self.compared) } }
                }
                @if !self.line.is_empty() { (spark_line(self.line, self.meaning)) }
            }
        }
    }
}

fn class(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
        Direction::Level => "level",
    }
}

/// One figure that is compared with nothing: how something stands.
pub(crate) struct Level<'a> {
    pub(crate) name: &'a str,
    pub(crate) unit: Unit,
    pub(crate) meaning: Meaning,
    pub(crate) now: Option<Amount>,
    /// One line under it.
    pub(crate) says: &'a str,
    pub(crate) href: String,
}

impl Level<'_> {
    pub(crate) fn show(&self) -> Markup {
        html! {
            a class={ "tile " (self.meaning.class()) } href=(self.href) {
                span.name { (self.name) }
                strong {
                    @match self.now {
                        Some(now) => data value=(now.exact()) title=(self.unit.exact(now)) { (self.unit.short(now)) },
                        None => span.none { (super::say::NONE) },
                    }
                }
                span.change { span.soft { (self.says) } }
            }
        }
    }
}

/// A difference of shares in points: `▲ +1.2 pt`.
fn points(difference: Amount) -> (Direction, String) {
    let tenths = difference.0 / 1_000_000;
    let (direction, sign) = match tenths {
        0 => (Direction::Level, "= "),
        tenths if tenths > 0 => (Direction::Up, "▲ +"),
        _ => (Direction::Down, "▼ −"),
    };
    (direction, format!("{sign}{}.{} pt", tenths.abs() / 10, tenths.abs() % 10))
}

/// A small word in a frame: a state, never told by colour alone.
pub(crate) fn tag(kind: &str, words: &str) -> Markup {
    html! { span class={ "tag " (kind) } { (words) } }
}

/// A term and what it is, for lists of facts.
pub(crate) fn fact(term: &str, value: &Markup) -> Markup {
    html! { div { dt { (term) } dd { (value) } } }
}

/// A line that explains.
pub(crate) fn note(words: &str) -> Markup {
    html! { p.note { (words) } }
}

/// What stands where there is nothing yet: what will be here, and what to do about it.
pub(crate) fn empty(what: &str, then: &Markup) -> Markup {
    html! { div.empty { p { strong { (what) } } (then) } }
}
