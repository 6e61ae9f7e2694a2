//! Lanes, one for each figure, with the places where it was, would be and may be: what is different, seen at once.

use maud::{Markup, html};

use super::{Meaning, Percent, Scale};
use crate::look::{Amount, Unit};

/// Pixels of a lane, and of the axis below all. The height is fixed, so that text and marks keep their distance.
const LANE: i64 = 44;
const AXIS: i64 = 20;
/// Where the plot begins and ends, from the left.
const LEFT: i64 = 150;
const RIGHT: i64 = 9_850;

/// A chart of lanes on one scale.
pub(crate) struct Dumbbell<'a> {
    /// What it says, for who cannot see it.
    pub(crate) described: &'a str,
    pub(crate) unit: Unit,
    pub(crate) lanes: Vec<Lane>,
}

/// One figure.
pub(crate) struct Lane {
    pub(crate) name: String,
    /// What is said at the lane's end: the change in words.
    pub(crate) says: String,
    pub(crate) meaning: Meaning,
    pub(crate) spots: Vec<Spot>,
    /// Within which it may be.
    pub(crate) range: Option<(Amount, Amount)>,
}

/// One place in a lane.
pub(crate) struct Spot {
    pub(crate) name: String,
    pub(crate) at: Amount,
    pub(crate) shape: Shape,
}

/// How a place is drawn: told apart without a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// What was.
    Hollow,
    Round,
    Square,
}

impl Dumbbell<'_> {
    /// The drawing.
    pub(crate) fn draw(&self) -> Markup {
        let scale = self.scale();
        let bottom = LANE * i64::try_from(self.lanes.len()).unwrap_or_default();
        html! {
            svg.lanes role="group" aria-label=(self.described) height=(bottom + AXIS) {
                @for tick in scale.ticks() {
                    @let x = Percent(scale.place(tick));
                    line class=(if tick == Amount::ZERO { "zero" } else { "grid" }) x1=(x) x2=(x) y1="0" y2=(bottom) {}
                }
                @for (lane, top) in self.lanes.iter().zip((0..).map(|at| at * LANE)) { (self.lane(lane, top, &scale)) }
                @let last = scale.ticks().count().saturating_sub(1);
                @for (at, tick) in scale.ticks().enumerate() {
                    // Those at the ends stay within the chart; in a narrow window every other one is left out.
                    @let class = match at { 0 => "time first", at if at == last => "time last", at if at % 2 == 1 => "time wide", _ => "time" };
                    text class=(class) x=(Percent(scale.place(tick))) y=(bottom + AXIS - 4) { (self.unit.short(tick)) }
                }
            }
        }
    }

    fn scale(&self) -> Scale {
        let spots = self.lanes.iter().flat_map(|lane| lane.spots.iter().map(|spot| spot.at));
        let ranges = self.lanes.iter().filter_map(|lane| lane.range).flat_map(|(low, high)| [low, high]);
        Scale::holding(spots.chain(ranges), LEFT, RIGHT)
    }

    fn lane(&self, lane: &Lane, top: i64, scale: &Scale) -> Markup {
        let y = top + 30;
        let places: Vec<i64> = lane.spots.iter().map(|spot| scale.place(spot.at)).collect();
        let (from, to) = (places.iter().min(), places.iter().max());
        html! {
            g class=(lane.meaning.class()) {
                text.name x="0" y=(top + 15) { (lane.name) }
                text.says x="100%" y=(top + 15) { (lane.says) }
                @if let Some((low, high)) = lane.range {
                    @let (low_at, high_at) = (scale.place(low), scale.place(high));
                    rect.range x=(Percent(low_at)) width=(Percent((high_at - low_at).max(10))) y=(y - 7) height="14" rx="3" {
                        title { (lane.name) ": from " (self.unit.exact(low)) " to " (self.unit.exact(high)) }
                    }
                }
                @if let (Some(from), Some(to)) = (from, to) {
                    line.rod x1=(Percent(*from)) x2=(Percent(*to)) y1=(y) y2=(y) {}
                }
                @for (spot, x) in lane.spots.iter().zip(&places) { (self.spot(lane, spot, *x, y)) }
            }
        }
    }

    fn spot(&self, lane: &Lane, spot: &Spot, x: i64, y: i64) -> Markup {
        let says = html! { title { (lane.name) ", " (spot.name) ": " (self.unit.exact(spot.at)) } };
        html! {
            @match spot.shape {
                Shape::Hollow => circle.spot.hollow cx=(Percent(x)) cy=(y) r="4.5" { (says) },
                Shape::Round => circle.spot cx=(Percent(x)) cy=(y) r="5" { (says) },
                // A square around its place, whatever the width: moved back by half of itself.
                Shape::Square => rect.spot x=(Percent(x)) y=(y - 5) width="10" height="10" transform="translate(-5 0)" { (says) },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(hundredths: i128) -> Amount {
        Amount(hundredths * 10_000_000)
    }

    #[test]
    fn lanes_share_one_scale_that_holds_zero() {
        let spot = |name: &str, at, shape| Spot { name: name.to_owned(), at: share(at), shape };
        let chart = Dumbbell {
            described: "What changes",
            unit: Unit::Share,
            lanes: vec![
                Lane {
                    name: "Revenue".into(),
                    says: "▲ +6.6 %".into(),
                    meaning: Meaning::Revenue,
                    spots: vec![
                        spot("happened", 0, Shape::Hollow),
                        spot("static", 6, Shape::Round),
                        spot("replenishing", 11, Shape::Square),
                    ],
                    range: Some((share(-12), share(9))),
                },
                Lane {
                    name: "Nothing known".into(),
                    says: String::new(),
                    meaning: Meaning::Cost,
                    spots: Vec::new(),
                    range: None,
                },
            ],
        };
        insta::assert_snapshot!(chart.draw().into_string().replace("><", ">\n<"));
    }
}
