//! A chart over time: lines, steps, or columns that stand on each other, with the price changes that fell into it.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::{ALL, Meaning, Percent, Scale, shortened};
use crate::look::{Amount, Unit};

/// Where the plot begins and ends, from the top.
const TOP: i64 = 900;
const BOTTOM: i64 = 8_750;
/// How near two labels may come to each other, from top to top.
const LABEL_HEIGHT: i64 = 700;
/// How many labels an axis of time has at most.
const TIME_LABELS_MAX: usize = 6;

/// A chart over time.
pub(crate) struct TimeChart<'a> {
    /// What it says, for who cannot see it.
    pub(crate) described: &'a str,
    pub(crate) buckets: &'a [Bucket],
    pub(crate) series: Vec<Series>,
    pub(crate) form: Form,
    pub(crate) unit: Unit,
    pub(crate) marks: Vec<Mark>,
    /// An area between two lines.
    pub(crate) band: Option<Band>,
}

/// A piece of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// `29 Nov`.
    pub(crate) label: String,
    /// Whether it is not over.
    pub(crate) is_unfinished: bool,
    /// Where pressing it leads: the same page within it.
    pub(crate) href: Option<String>,
}

/// One figure over time, one amount for each bucket.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) meaning: Meaning,
    pub(crate) amounts: Vec<Option<Amount>>,
    /// Drawn dashed: what would have been, what is compared with.
    pub(crate) is_dashed: bool,
}

/// How series are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Lines,
    /// Each amount holds until the next.
    Steps,
    /// On each other; amounts below zero hang from it.
    Columns,
    /// On each other, as shares of their sum.
    Shares,
}

/// Something that happened at the beginning of a bucket.
pub(crate) struct Mark {
    pub(crate) bucket: usize,
    /// Short: `v3`.
    pub(crate) label: String,
    /// Whole: `image.generate v3: 5 credits, since 12 Nov`.
    pub(crate) title: String,
    pub(crate) href: Option<String>,
}

/// An area between two lines.
pub(crate) struct Band {
    pub(crate) name: String,
    pub(crate) meaning: Meaning,
    pub(crate) low: Vec<Option<Amount>>,
    pub(crate) high: Vec<Option<Amount>>,
}

impl TimeChart<'_> {
    /// The drawing.
    pub(crate) fn draw(&self) -> Markup {
        let scale = self.scale();
        let unit = if self.form == Form::Shares { Unit::Share } else { self.unit };
        html! {
            svg.plot role="group" aria-label=(self.described) {
                @for tick in scale.ticks() {
                    @let y = Percent(scale.place(tick));
                    line class=(if tick == Amount::ZERO { "zero" } else { "grid" }) x1="0" x2="100%" y1=(y) y2=(y) {}
                }
                @for (at, mark) in self.marks.iter().enumerate() { (self.mark(mark, at)) }
                @match self.form {
                    Form::Lines | Form::Steps => (self.lines(&scale)),
                    Form::Columns | Form::Shares => (self.columns(&scale)),
                }
                @for tick in scale.ticks() {
                    text.tick x="0" y=(Percent(scale.place(tick))) dy="-3" { (unit.short(tick)) }
                }
                (self.time_labels())
                (self.hits(unit))
            }
        }
    }

    fn scale(&self) -> Scale {
        let amounts: Vec<Amount> = match self.form {
            Form::Shares => vec![Amount::whole(1)],
            Form::Columns => self.sums().flat_map(|(below, above)| [below, above]).collect(),
            Form::Lines | Form::Steps => {
                let band = self.band.iter().flat_map(|band| band.low.iter().chain(&band.high));
                self.series.iter().flat_map(|series| &series.amounts).chain(band).copied().flatten().collect()
            }
        };
        Scale::holding(amounts, BOTTOM, TOP)
    }

    /// What stands below and above zero in each bucket.
    fn sums(&self) -> impl Iterator<Item = (Amount, Amount)> {
        (0..self.buckets.len()).map(|at| {
            let amounts =
                self.series.iter().filter_map(move |series| series.amounts.get(at).copied().flatten());
            amounts.fold((Amount::ZERO, Amount::ZERO), |(below, above), amount| match amount.is_negative() {
                true => (below.plus(amount), above),
                false => (below, above.plus(amount)),
            })
        })
    }

    /// The middle of a bucket, and its left edge.
    fn middle(&self, at: usize) -> i64 {
        (self.edge(at) + self.edge(at + 1)) / 2
    }

    fn edge(&self, at: usize) -> i64 {
        let count = i64::try_from(self.buckets.len()).unwrap_or(ALL).max(1);
        i64::try_from(at).unwrap_or(ALL) * ALL / count
    }

    fn lines(&self, scale: &Scale) -> Markup {
        let labels = self.labels_at(|series| self.end(series), scale);
        let unfinished = self.buckets.iter().position(|bucket| bucket.is_unfinished);
        html! {
            @if let Some(at) = unfinished {
                rect.unfinished x=(Percent(self.edge(at))) width=(Percent(ALL - self.edge(at)))
                    y=(Percent(TOP)) height=(Percent(BOTTOM - TOP)) {}
            }
            svg viewBox="0 0 10000 10000" preserveAspectRatio="none" {
                @if let Some(band) = &self.band {
                    path class={ "band " (band.meaning.class()) } d=(self.band_path(band, scale)) { title { (band.name) } }
                }
                @for series in &self.series {
                    path class={ "line " (series.meaning.class()) @if series.is_dashed { " dashed" } }
                        d=(self.line_path(&series.amounts, scale)) {}
                }
            }
            // A line of one point is not seen.
            @for series in self.series.iter().filter(|series| series.amounts.iter().flatten().count() == 1) {
                @for (at, amount) in series.amounts.iter().enumerate().filter_map(|(at, amount)| Some((at, (*amount)?))) {
                    circle class={ "dot " (series.meaning.class()) } r="3"
                        cx=(Percent(self.middle(at))) cy=(Percent(scale.place(amount))) {}
                }
            }
            // Beside the ends of the lines; in a narrow window, where there is no room beside them, above what they would cover.
            @for (series, y) in labels {
                text class={ "label beside " (series.meaning.class()) } x="100%" y=(Percent(y)) dx="8" dy="4" { (shortened(&series.name)) }
            }
            @for (series, y) in self.labels_at(|series| self.peak(series), scale) {
                text class={ "label narrow " (series.meaning.class()) } x="100%" y=(Percent(y)) dy="-6" { (shortened(&series.name)) }
            }
        }
    }

    /// Whether a piece is not over, of several.
    fn is_open(&self, at: usize) -> bool {
        self.form == Form::Lines
            && self.buckets.len() > 1
            && self.buckets.get(at).is_some_and(|bucket| bucket.is_unfinished)
    }

    fn line_path(&self, amounts: &[Option<Amount>], scale: &Scale) -> String {
        let mut path = String::new();
        let mut is_down = false;
        for (at, amount) in amounts.iter().enumerate() {
            // What is not over has not come to its level: a line that fell into it would tell of a crash.
            let Some(amount) = amount.filter(|_| !self.is_open(at)) else {
                is_down = false;
                continue;
            };
            let y = scale.place(amount);
            // Writing to a string cannot fail.
            let _ = match (self.form, is_down) {
                (Form::Steps, false) => write!(path, "M{} {y}H{}", self.edge(at), self.edge(at + 1)),
                (Form::Steps, true) => write!(path, "V{y}H{}", self.edge(at + 1)),
                (_, false) => write!(path, "M{} {y}", self.middle(at)),
                (_, true) => write!(path, "L{} {y}", self.middle(at)),
            };
            is_down = true;
        }
        path
    }

    /// One area for each stretch that has both ends.
    fn band_path(&self, band: &Band, scale: &Scale) -> String {
        let mut path = String::new();
        let both: Vec<Option<(Amount, Amount)>> = band
            .low
            .iter()
            .zip(&band.high)
            .enumerate()
            .map(|(at, (low, high))| Some(((*low)?, (*high)?)).filter(|_| !self.is_open(at)))
            .collect();
        let mut at = 0;
        while at < both.len() {
            let length = both[at..].iter().take_while(|pair| pair.is_some()).count();
            let stretch: Vec<(usize, Amount, Amount)> =
                (at..at + length).filter_map(|at| both[at].map(|(low, high)| (at, low, high))).collect();
            let forth = stretch.iter().map(|(at, _, high)| (self.middle(*at), scale.place(*high)));
            let back = stretch.iter().rev().map(|(at, low, _)| (self.middle(*at), scale.place(*low)));
            for (place, (x, y)) in forth.chain(back).enumerate() {
                let _ = write!(path, "{}{x} {y}", if place == 0 { "M" } else { "L" });
            }
            if length > 0 {
                path.push('Z');
            }
            at += length.max(1);
        }
        path
    }

    /// Up to three names, each at the level of an amount, moved apart where they would cover each other.
    fn labels_at(&self, level: impl Fn(&Series) -> Option<Amount>, scale: &Scale) -> Vec<(&Series, i64)> {
        if self.series.len() > 3 {
            return Vec::new();
        }
        let placed = self.series.iter().filter_map(|series| Some((series, scale.place(level(series)?))));
        let mut labels: Vec<_> = placed.collect();
        labels.sort_by_key(|(_, y)| *y);
        let mut above = i64::MIN / 2;
        for (_, y) in &mut labels {
            *y = (*y).max(above + LABEL_HEIGHT);
            above = *y;
        }
        labels
    }

    /// Where a line ends. What is not over has not come to its level yet.
    fn end(&self, series: &Series) -> Option<Amount> {
        let finished = series.amounts.iter().zip(self.buckets).filter(|(_, bucket)| !bucket.is_unfinished);
        let last = finished.rev().find_map(|(amount, _)| *amount);
        last.or_else(|| series.amounts.iter().rev().find_map(|amount| *amount))
    }

    /// The highest that a line comes in the last third, over which its name stands in a narrow window.
    fn peak(&self, series: &Series) -> Option<Amount> {
        let under = series.amounts.len().div_ceil(3);
        series.amounts.iter().rev().take(under).copied().flatten().max().or_else(|| self.end(series))
    }

    fn columns(&self, scale: &Scale) -> Markup {
        let width = (ALL / i64::try_from(self.buckets.len()).unwrap_or(ALL).max(1)).max(1);
        let gap = (width / 5).min(60);
        html! {
            @for (at, bucket) in self.buckets.iter().enumerate() {
                @for (series, from, to) in self.stack(at, scale) {
                    rect class={ "column " (series.meaning.class()) @if bucket.is_unfinished { " running" } }
                        x=(Percent(self.edge(at) + gap / 2)) width=(Percent((width - gap).max(8)))
                        y=(Percent(from.min(to))) height=(Percent((from - to).abs())) {}
                }
                @if bucket.is_unfinished {
                    rect.unfinished x=(Percent(self.edge(at))) width=(Percent(width))
                        y=(Percent(TOP)) height=(Percent(BOTTOM - TOP)) {}
                }
            }
        }
    }

    /// The rectangles of a bucket, from zero outwards.
    fn stack(&self, at: usize, scale: &Scale) -> Vec<(&Series, i64, i64)> {
        let whole: Amount =
            self.series.iter().filter_map(|series| series.amounts.get(at).copied().flatten()).sum();
        let (mut above, mut below) = (Amount::ZERO, Amount::ZERO);
        let mut stack = Vec::new();
        for series in &self.series {
            let Some(mut amount) = series.amounts.get(at).copied().flatten() else { continue };
            if self.form == Form::Shares {
                amount = amount.share_of(whole).unwrap_or_default();
            }
            let end = if amount.is_negative() { &mut below } else { &mut above };
            let from = *end;
            *end = end.plus(amount);
            if amount != Amount::ZERO {
                stack.push((series, scale.place(from), scale.place(*end)));
            }
        }
        stack
    }

    fn mark(&self, mark: &Mark, at: usize) -> Markup {
        let x = self.edge(mark.bucket);
        // Labels of neighbours stand on two heights.
        let y = if at.is_multiple_of(2) { 350 } else { 850 };
        let drawn = html! {
            line.mark x1=(Percent(x)) x2=(Percent(x)) y1=(Percent(y)) y2=(Percent(BOTTOM)) {}
            text.mark x=(Percent(x)) y=(Percent(y)) dx="4" { (mark.label) title { (mark.title) } }
        };
        match &mark.href {
            Some(href) => html! { a href=(href) { (drawn) } },
            None => drawn,
        }
    }

    fn time_labels(&self) -> Markup {
        let every = self.buckets.len().div_ceil(TIME_LABELS_MAX).max(1);
        html! {
            @for (at, bucket) in self.buckets.iter().enumerate().step_by(every) {
                // In a narrow window every other one is left out.
                @let class = if at / every % 2 == 1 { "time wide" } else { "time" };
                text class=(class) x=(Percent(self.middle(at))) y="100%" dy="-4" { (bucket.label) }
            }
        }
    }

    /// What pointing at a bucket says, and where pressing it leads. The table behind says and leads to the same by
    /// keyboard.
    fn hits(&self, unit: Unit) -> Markup {
        let says = |at: usize, bucket: &Bucket| {
            let mut says = bucket.label.clone();
            if bucket.is_unfinished {
                says.push_str(" (not over)");
            }
            for series in &self.series {
                let amount = series.amounts.get(at).copied().flatten();
                let unit = if self.form == Form::Shares { self.unit } else { unit };
                let shown = amount.map_or_else(|| "—".to_owned(), |amount| unit.exact(amount));
                let _ = write!(says, "\n{}: {shown}", series.name);
            }
            says
        };
        html! {
            @for (at, bucket) in self.buckets.iter().enumerate() {
                @let hit = html! {
                    rect.hit x=(Percent(self.edge(at))) width=(Percent(self.edge(at + 1) - self.edge(at)))
                        y="0" height="100%" { title { (says(at, bucket)) } }
                };
                @match &bucket.href {
                    Some(href) => a href=(href) tabindex="-1" aria-hidden="true" { (hit) },
                    None => (hit),
                }
            }
        }
    }
}
