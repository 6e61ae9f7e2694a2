//! A balance as steps at the instants at which it changed, with what came in marked.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::{ALL, Meaning, Percent, Scale};
use crate::look::{Amount, Unit};

/// Where the plot begins and ends, from the top.
const TOP: i64 = 900;
const BOTTOM: i64 = 8_750;
/// Labels of the axis of time.
const TIME_LABELS: i64 = 5;
/// How near two labels of marks may stand.
const LABEL_WIDTH: i64 = 900;
const DAY_MS: i64 = 86_400_000;

/// A chart of a balance.
pub(crate) struct BalanceChart<'a> {
    /// What it says, for who cannot see it.
    pub(crate) described: &'a str,
    /// In order of time, each with the balance from then on.
    pub(crate) steps: Vec<Change>,
    /// Until when the last balance holds.
    pub(crate) until_ms: i64,
    pub(crate) zone: &'a TimeZone,
    pub(crate) unit: Unit,
}

/// One change.
pub(crate) struct Change {
    pub(crate) at_ms: i64,
    pub(crate) balance: Amount,
    /// What came in and is worth a mark: short, and whole.
    pub(crate) mark: Option<(String, String)>,
}

impl BalanceChart<'_> {
    /// The drawing.
    pub(crate) fn draw(&self) -> Markup {
        let scale = Scale::holding(self.steps.iter().map(|step| step.balance), BOTTOM, TOP);
        html! {
            svg.plot role="group" aria-label=(self.described) {
                @for tick in scale.ticks() {
                    @let y = Percent(scale.place(tick));
                    line class=(if tick == Amount::ZERO { "zero" } else { "grid" }) x1="0" x2="100%" y1=(y) y2=(y) {}
                }
                svg viewBox="0 0 10000 10000" preserveAspectRatio="none" {
                    path class={ "line " (Meaning::Credits.class()) } d=(self.path(&scale)) {}
                }
                (self.marks(&scale))
                @for tick in scale.ticks() {
                    text.tick x="0" y=(Percent(scale.place(tick))) dy="-3" { (self.unit.short(tick)) }
                }
                (self.time_labels())
            }
        }
    }

    fn begin_ms(&self) -> i64 {
        self.steps.first().map_or(self.until_ms, |step| step.at_ms)
    }

    fn x(&self, at_ms: i64) -> i64 {
        let length = (self.until_ms - self.begin_ms()).max(1);
        let within = i128::from((at_ms - self.begin_ms()).clamp(0, length));
        i64::try_from(within * i128::from(ALL) / i128::from(length)).unwrap_or_default()
    }

    /// A step is drawn once for each place that can be told apart, so that a thousand of them stay small.
    fn path(&self, scale: &Scale) -> String {
        let mut path = String::new();
        let mut last = None;
        for step in &self.steps {
            let (x, y) = (self.x(step.at_ms), scale.place(step.balance));
            // Writing to a string cannot fail.
            let _ = match last {
                None => write!(path, "M{x} {y}"),
                Some((_, was)) if was == y => continue,
                Some((at, _)) if at == x => write!(path, "V{y}"),
                Some(_) => write!(path, "H{x}V{y}"),
            };
            last = Some((x, y));
        }
        if !path.is_empty() {
            path.push_str("H10000");
        }
        path
    }

    fn marks(&self, scale: &Scale) -> Markup {
        let mut free_from = i64::MIN;
        let marked = self.steps.iter().filter_map(|step| Some((step, step.mark.as_ref()?)));
        let marked: Vec<_> = marked
            .map(|(step, mark)| {
                let x = self.x(step.at_ms);
                let is_said = x >= free_from;
                if is_said {
                    free_from = x + LABEL_WIDTH;
                }
                (x, scale.place(step.balance), mark, is_said)
            })
            .collect();
        html! {
            @for (x, y, (short, whole), is_said) in marked {
                line.mark x1=(Percent(x)) x2=(Percent(x)) y1=(Percent(TOP)) y2=(Percent(BOTTOM)) {}
                circle class={ "dot " (Meaning::Credits.class()) } r="4" cx=(Percent(x)) cy=(Percent(y)) { title { (whole) } }
                @if is_said {
                    text class={ "mark" @if x > ALL - LABEL_WIDTH { " end" } } x=(Percent(x)) y=(Percent(TOP)) dx=(if x > ALL - LABEL_WIDTH { "-4" } else { "4" }) dy="-4" {
                        (short) title { (whole) }
                    }
                }
            }
        }
    }

    fn time_labels(&self) -> Markup {
        let (from, length) = (self.begin_ms(), self.until_ms - self.begin_ms());
        let form = if length < 3 * DAY_MS { "%-d %b %H:%M" } else { "%-d %b" };
        let label = |at_ms: i64| {
            Timestamp::from_millisecond(at_ms).map_or_else(
                |_| String::new(),
                |at| at.to_zoned(self.zone.clone()).strftime(form).to_string(),
            )
        };
        let labels: Vec<(i64, String)> =
            (0..TIME_LABELS).map(|place| (place, label(from + length * place / TIME_LABELS))).collect();
        html! {
            @for (at, (place, words)) in labels.iter().enumerate() {
                // Of a short time two places may have the same name: it is said where it begins.
                @if at == 0 || labels[at - 1].1 != *words {
                    @let class = match place { 0 => "time first", place if place % 2 == 1 => "time wide", _ => "time" };
                    text class=(class) x=(Percent(place * ALL / TIME_LABELS)) y="100%" dy="-4" { (words) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(steps: &[(i64, i64, bool)], until_days: i64) -> BalanceChart<'static> {
        let steps = steps.iter().map(|(days, balance, is_marked)| Change {
            at_ms: days * DAY_MS,
            balance: Amount::whole(*balance),
            mark: is_marked.then(|| ("+500".to_owned(), "500 credits <bought>".to_owned())),
        });
        static ZONE: TimeZone = TimeZone::UTC;
        BalanceChart {
            described: "Balance",
            steps: steps.collect(),
            until_ms: until_days * DAY_MS,
            zone: &ZONE,
            unit: Unit::Credits,
        }
    }

    #[test]
    fn balance_holds_from_each_change_to_the_next_and_to_the_end() {
        let chart = chart(&[(0, 100, false), (5, 50, false), (5, 0, false)], 10);
        let scale = Scale::holding([Amount::whole(100)], BOTTOM, TOP);
        assert_eq!(chart.path(&scale), "M0 900H5000V4825V8750H10000");
        assert_eq!(self::chart(&[], 1).path(&scale), "");
    }

    #[test]
    fn what_came_in_is_marked_and_named_once_where_marks_are_close() {
        let chart =
            chart(&[(0, 500, true), (1, 470, false), (40, 10, false), (41, 510, true), (42, 1010, true)], 60);
        insta::assert_snapshot!(chart.draw().0.replace("><", ">\n<"));
    }
}
