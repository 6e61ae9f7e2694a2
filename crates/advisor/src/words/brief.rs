//! The Monday brief: the nine questions of a week, each answered in a sentence or two.
//!
//! Templates, as for cards: every number is one of the figures handed in, and an answer says what it lacks. What is not
//! known is said to be missing, and is never a 0.
//!
//! Not owned here: where figures come from, and where an answer's page is.

use chargly_ledger::Currency;

use super::numbers::{
    bare_credits, count, counted, each, exactly, micro, moved_by, odds_at_least, percent, percent_exactly,
    points, sum,
};
use crate::impact::{Claim, Impact, Status};
use chargly_ledger::{Credits, Sureness, margin_bp};

/// Events in each of two weeks below which what one of them costs is not compared.
const COMPARED_EVENTS_MIN: i128 = 30;
/// Basis points by which what an event costs has to move to be worth a word.
const COST_MOVED_MIN_BP: i128 = 500;
/// Days within which a wallet that runs out is named.
pub const BRIEF_RUN_OUT_DAYS: i128 = 7;

/// What a week of use was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BriefWeek {
    /// Meter events.
    pub events: i128,
    /// Those of them that came late.
    pub late: i128,
    /// Calls refused for want of credits.
    pub refused: i128,
    /// Events whose cost is missing.
    pub cost_missing: i128,
    /// Credits used, in micro-credits.
    pub credits_micro: i128,
    /// Revenue recognised, in nano-units.
    pub revenue_nano: i128,
    /// The cost that is known, in nano-units; `None` where there are events and no cost of any.
    pub cost_nano: Option<i128>,
}

impl BriefWeek {
    fn is_empty(&self) -> bool {
        self.events == 0 && self.revenue_nano == 0
    }

    fn left_nano(&self) -> Option<i128> {
        Some(self.revenue_nano - self.cost_nano?)
    }

    fn margin_bp(&self) -> Option<i128> {
        margin_bp(self.revenue_nano, self.cost_nano?).map(i128::from)
    }

    /// The share of events whose cost is known, in basis points, rounded down.
    fn covered_bp(&self) -> Option<i128> {
        (self.events > 0).then(|| (self.events - self.cost_missing) * 10_000 / self.events)
    }

    fn cost_of_one(&self) -> Option<i128> {
        let is_whole = self.events >= COMPARED_EVENTS_MIN && self.cost_missing == 0;
        is_whole.then(|| self.cost_nano.map(|cost| cost / self.events))?
    }
}

/// A customer with a figure; no name once erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BriefCustomer {
    /// The customer's own id.
    pub customer: Option<String>,
    /// Micro-credits, nano-units or tenths of a day, as the place says.
    pub figure: i128,
}

impl BriefCustomer {
    fn name(&self) -> &str {
        self.customer.as_deref().unwrap_or("a customer who was erased")
    }
}

/// An event type in both weeks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BriefType {
    /// Its name.
    pub event: String,
    /// The week.
    pub week: BriefWeek,
    /// The one before.
    pub before: BriefWeek,
}

/// A rate of a provider that moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BriefRate {
    /// Provider and model.
    pub model: String,
    /// What it is for: `input_tokens`.
    pub unit: String,
    /// Pico-units of money for one, before.
    pub before_pico: i64,
    /// The same after.
    pub after_pico: i64,
}

/// The newest price change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BriefChange {
    /// Of which event type.
    pub event: String,
    /// What it did.
    pub impact: Impact,
}

/// The advice that is worth most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BriefAdvice {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Why, in a sentence.
    pub reason: String,
    /// How sure it is.
    pub sureness: Sureness,
    /// The probability of the claim, in basis points.
    pub probability_bp: u32,
    /// What it brings in a month, in nano-units.
    pub lift_nano: i128,
}

/// Everything the nine answers are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BriefFigures {
    /// What money is counted in.
    pub currency: Currency,
    /// Whether the week is over.
    pub is_over: bool,
    /// The week.
    pub week: BriefWeek,
    /// The one before.
    pub before: BriefWeek,
    /// Who used most, in micro-credits.
    pub top: Option<BriefCustomer>,
    /// How many customers cost more than they paid, in the week and in the one before.
    pub losing: (i128, i128),
    /// Of them, who cost most beyond that, in nano-units.
    pub worst: Option<BriefCustomer>,
    /// Every event type used in one of the weeks.
    pub types: Vec<BriefType>,
    /// Models with a rate, at the end of the week.
    pub models: usize,
    /// Rates that moved in the week.
    pub rates: Vec<BriefRate>,
    /// How many models' rates moved in the week and in the one before.
    pub models_moved: (i128, i128),
    /// Credits owed now, in micro-credits.
    pub owed_micro: i128,
    /// What was sold and not yet earned, in nano-units: at the end of the week, and at its beginning.
    pub deferred_nano: (i128, i128),
    /// Customers whose credits last less than [`BRIEF_RUN_OUT_DAYS`], in tenths of a day, the first to run out first.
    pub run_outs: Vec<BriefCustomer>,
    /// How many customers have a pace at all, of those that were looked at.
    pub paced: usize,
    /// The newest price change, if any.
    pub change: Option<BriefChange>,
    /// The advice that is worth most, if any.
    pub advice: Option<BriefAdvice>,
}

/// What an answer's figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BriefUnit {
    /// Nano-units of the currency.
    Money,
    /// Basis points.
    Share,
    /// How many.
    Count,
}

/// How far an answer can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BriefQuality {
    /// Everything it is made of is there.
    Complete,
    /// Some costs are missing, so that what is left is an upper bound.
    CostsMissing,
    /// The week, or what is waited for, is not over.
    TooEarly,
    /// Not enough happened to say anything.
    NotEnoughData,
}

impl BriefQuality {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::CostsMissing => "costs_missing",
            Self::TooEarly => "too_early",
            Self::NotEnoughData => "not_enough_data",
        }
    }

    /// As a person reads it.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::CostsMissing => "some costs missing",
            Self::TooEarly => "too early",
            Self::NotEnoughData => "not enough data",
        }
    }
}

/// Where more is said: a kind of page, and of what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BriefPage {
    /// The page's path within its environment: `revenue`.
    pub path: &'static str,
    /// A customer, an event type, an id: the last part of the path.
    pub of: Option<String>,
}

/// A question with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BriefAnswer {
    /// The question.
    pub question: &'static str,
    /// The answer.
    pub sentence: String,
    /// Its figure.
    pub figure: Option<i128>,
    /// What that is counted in.
    pub unit: BriefUnit,
    /// The same a week before; `None` where that is not known.
    pub before: Option<i128>,
    /// How far to rely on it.
    pub quality: BriefQuality,
    /// Where more is said.
    pub page: BriefPage,
    /// What to do about it.
    pub action: Option<String>,
}

impl BriefAnswer {
    /// The figure less what it was a week before.
    pub fn change(&self) -> Option<i128> {
        self.figure?.checked_sub(self.before?)
    }
}

/// The nine answers, in order.
pub fn brief(figures: &BriefFigures) -> [BriefAnswer; 9] {
    [
        figures.money(),
        figures.customers(),
        figures.event_types(),
        figures.rates(),
        figures.owed(),
        figures.run_outs(),
        figures.change(),
        figures.advice(),
        figures.data(),
    ]
}

fn page(path: &'static str) -> BriefPage {
    BriefPage { path, of: None }
}

fn page_of(path: &'static str, of: impl Into<String>) -> BriefPage {
    BriefPage { path, of: Some(of.into()) }
}

impl BriefFigures {
    fn money(&self) -> BriefAnswer {
        let (week, before) = (&self.week, &self.before);
        let revenue = self.sum(week.revenue_nano);
        let sentence = match week.left_nano() {
            _ if week.is_empty() => "Nothing was used, so nothing was earned.".to_owned(),
            None => format!(
                "You earned {revenue} of revenue, and no event says what it cost, so nobody knows what is left."
            ),
            Some(left) => {
                let verb = if left < 0 { "lost" } else { "made" };
                let margin = match week.margin_bp() {
                    Some(margin) => {
                        let moved = moved_points(margin, before.margin_bp());
                        format!(": a margin of {}{moved}", percent(margin))
                    }
                    None => String::new(),
                };
                let bound = match week.cost_missing {
                    0 => String::new(),
                    missing => {
                        format!(" It may be less: the cost of {} is missing.", counted(missing, "event"))
                    }
                };
                format!("You {verb} {} on {revenue} of revenue{margin}.{bound}", self.sum(left.abs()))
            }
        };
        BriefAnswer {
            question: "Did we make money, and is margin up or down?",
            sentence,
            figure: week.margin_bp(),
            unit: BriefUnit::Share,
            before: before.margin_bp(),
            quality: self.quality(week),
            page: page("revenue"),
            action: (!week.is_empty() && week.cost_nano.is_none()).then(report_costs),
        }
    }

    fn customers(&self) -> BriefAnswer {
        let most = match &self.top {
            Some(top) => {
                let share = share_of(top.figure, self.week.credits_micro);
                format!("{} used most: {} credits{share}.", top.name(), about(top.figure))
            }
            None => "Nobody used anything.".to_owned(),
        };
        let (losing, losing_before) = self.losing;
        let losers = match (&self.worst, losing) {
            (_, _) if self.top.is_none() => String::new(),
            (_, _) if self.week.cost_nano.is_none() => {
                " Who costs more than they pay is not known without costs.".to_owned()
            }
            (Some(worst), 1..) => {
                let verb = if losing == 1 { "costs" } else { "cost" };
                format!(
                    " {} {verb} more than they pay{}, {} most: by {}.",
                    counted(losing, "customer"),
                    moved_count(losing, losing_before),
                    worst.name(),
                    self.sum(worst.figure)
                )
            }
            _ => " Nobody costs more than they pay.".to_owned(),
        };
        let worst = self.worst.as_ref().filter(|_| losing > 0).and_then(|worst| worst.customer.as_deref());
        BriefAnswer {
            question: "Who used most, and who costs more than they pay?",
            sentence: most + &losers,
            figure: self.week.cost_nano.filter(|_| self.top.is_some()).map(|_| losing),
            unit: BriefUnit::Count,
            before: self.before.cost_nano.filter(|_| !self.before.is_empty()).map(|_| losing_before),
            quality: self.quality(&self.week),
            page: worst.map_or_else(|| page("customers"), |worst| page_of("customers", worst)),
            action: worst.map(|worst| format!("Look at what {worst} does, and at what it is priced.")),
        }
    }

    fn event_types(&self) -> BriefAnswer {
        let known = || {
            let known = self.types.iter().filter(|of| of.week.events > 0);
            known.filter_map(|of| Some((of, of.week.cost_nano?)))
        };
        let worst = known().filter(|(of, cost)| of.week.revenue_nano < *cost);
        let worst = worst.min_by_key(|(of, cost)| of.week.revenue_nano - cost);
        let dearest = worst.or_else(|| known().filter(|(_, cost)| *cost > 0).max_by_key(|(_, cost)| *cost));
        let question = "Which feature eats the margin?";
        let Some((of, cost)) = dearest else {
            let is_used = self.week.events > 0;
            let sentence = match (is_used, self.week.cost_nano) {
                (false, _) => "Nothing was used.",
                (true, None) => "No event says what it cost, so none can be named.",
                (true, Some(_)) => "None: nothing that was used cost anything.",
            };
            return BriefAnswer {
                question,
                sentence: sentence.to_owned(),
                figure: None,
                unit: BriefUnit::Share,
                before: None,
                quality: self.quality(&self.week),
                page: page("usage"),
                action: (is_used && self.week.cost_nano.is_none()).then(report_costs),
            };
        };
        let (cost_text, revenue) = (self.sum(cost), self.sum(of.week.revenue_nano));
        let is_loss = of.week.revenue_nano < cost;
        let sentence = match of.week.margin_bp() {
            Some(margin) => {
                let moved = moved_points(margin, of.before.margin_bp());
                let says = if is_loss { "loses money" } else { "costs most" };
                format!(
                    "{} {says}: {cost_text} for {revenue} of revenue, a margin of {}{moved}.",
                    of.event,
                    percent(margin)
                )
            }
            None => format!("{} cost {cost_text} and brought in nothing.", of.event),
        };
        BriefAnswer {
            question,
            sentence,
            figure: of.week.margin_bp(),
            unit: BriefUnit::Share,
            before: of.before.margin_bp(),
            quality: self.quality(&of.week),
            page: page_of("events", of.event.as_str()),
            action: is_loss
                .then(|| format!("Try other prices of {} on the past before you change one.", of.event)),
        }
    }

    fn rates(&self) -> BriefAnswer {
        let cards = match (self.rates.first(), self.models) {
            (Some(rate), _) => {
                let others = self.models_moved.0 - 1;
                let more = if others > 0 {
                    format!(" {} moved, too.", counted(others, "other model"))
                } else {
                    String::new()
                };
                let (before, after) = (i128::from(rate.before_pico), i128::from(rate.after_pico));
                // A thousandth of a nano-unit each, so a thousand nano-units the million.
                let million = |pico: i128| exactly(pico * 1_000, self.currency);
                let by = moved_by(before, after).map(|by| format!(", {by} {}", more_or_less(after - before)));
                format!(
                    "{} went from {} to {} for a million {}{}.{more}",
                    rate.model,
                    million(before),
                    million(after),
                    rate.unit.replace('_', " "),
                    by.unwrap_or_default()
                )
            }
            (None, 0) => "No rate card is in use, so only what events report is known.".to_owned(),
            (None, models) => {
                format!("No rate in your cards moved; they have {}.", counted(models as i128, "model"))
            }
        };
        let compared = self.types.iter().filter_map(|of| {
            let (now, before) = (of.week.cost_of_one()?, of.before.cost_of_one()?);
            let moved_bp = (before > 0).then(|| (now - before).abs() * 10_000 / before)?;
            (moved_bp >= COST_MOVED_MIN_BP).then_some((of, now, before, moved_bp))
        });
        let drifted = compared.max_by_key(|(_, _, _, moved_bp)| *moved_bp);
        let drift = drifted.as_ref().and_then(|(of, now, before, _)| {
            let by = moved_by(*before, *now)?;
            Some(format!(
                " An event of {} cost {} on average, {by} {} than the week before.",
                of.event,
                each(*now, self.currency),
                more_or_less(now - before)
            ))
        });
        let knows_something = self.models > 0 || (self.week.cost_nano.is_some() && self.week.events > 0);
        BriefAnswer {
            question: "Did provider prices move?",
            sentence: cards + &drift.unwrap_or_default(),
            figure: (self.models > 0).then_some(self.models_moved.0),
            unit: BriefUnit::Count,
            before: (self.models > 0).then_some(self.models_moved.1),
            quality: match self.quality(&self.week) {
                _ if !knows_something => BriefQuality::NotEnoughData,
                // Rates are known from their cards, whatever events lack.
                _ if self.is_over && self.models > 0 => BriefQuality::Complete,
                quality => quality,
            },
            page: page("costs"),
            action: (!self.rates.is_empty())
                .then(|| "See whether your prices still reach the target.".to_owned()),
        }
    }

    fn owed(&self) -> BriefAnswer {
        let (after, before) = self.deferred_nano;
        let serving = self.week.cost_nano.filter(|_| self.week.credits_micro > 0);
        let serving = serving.and_then(|cost| {
            cost.checked_mul(self.owed_micro).map(|product| product / self.week.credits_micro)
        });
        let is_empty = self.owed_micro <= 0 && after == 0 && before == 0;
        let served = match serving {
            _ if self.owed_micro <= 0 => String::new(),
            Some(nano) => {
                format!(" Serving them costs about {}, at what a credit cost in the week.", self.sum(nano))
            }
            None => " What serving them costs is not known: the week has no costs.".to_owned(),
        };
        let change = match after - before {
            0 => String::new(),
            moved => format!(", {} {} than the week before", self.sum(moved.abs()), more_or_less(moved)),
        };
        let sentence = if is_empty {
            "Nobody has credits, so you owe none.".to_owned()
        } else {
            format!(
                "You owe {} credits now. At the end of the week {} of what was paid for credits was not earned yet{change}.{served}",
                about(self.owed_micro),
                self.sum(after)
            )
        };
        let knows_costs = self.owed_micro <= 0 || (serving.is_some() && self.week.cost_missing == 0);
        BriefAnswer {
            question: "How many credits do we still owe, and what will serving them cost?",
            sentence,
            figure: Some(after),
            unit: BriefUnit::Money,
            before: Some(before),
            quality: match (is_empty, knows_costs) {
                (true, _) => BriefQuality::NotEnoughData,
                (_, false) => BriefQuality::CostsMissing,
                (_, true) if !self.is_over => BriefQuality::TooEarly,
                (_, true) => BriefQuality::Complete,
            },
            page: page("credits"),
            action: None,
        }
    }

    fn run_outs(&self) -> BriefAnswer {
        let soon = self.run_outs.len() as i128;
        let sentence = match self.run_outs.first() {
            Some(first) if first.figure == 0 => {
                format!(
                    "{} would use up what they have within {BRIEF_RUN_OUT_DAYS} days; {} has nothing left now.",
                    counted(soon, "customer"),
                    first.name()
                )
            }
            Some(first) => format!(
                "{} would use up what they have within {BRIEF_RUN_OUT_DAYS} days, {} first: in {} days.",
                counted(soon, "customer"),
                first.name(),
                micro(first.figure * 100_000)
            ),
            None if self.paced == 0 => "Nobody has used enough days for a pace to be known.".to_owned(),
            None => {
                format!("Nobody, of the {} whose pace is known.", counted(self.paced as i128, "customer"))
            }
        };
        let first = self.run_outs.first().and_then(|first| first.customer.clone());
        BriefAnswer {
            question: "Who runs out this week?",
            sentence,
            figure: (self.paced > 0).then_some(soon),
            unit: BriefUnit::Count,
            before: None,
            quality: if self.paced > 0 { BriefQuality::Complete } else { BriefQuality::NotEnoughData },
            page: first.clone().map_or_else(|| page("customers"), |first| page_of("customers", first)),
            action: first.map(|_| "Offer them a pack before they are refused.".to_owned()),
        }
    }

    fn change(&self) -> BriefAnswer {
        let question = "What did the last price change do?";
        let Some(BriefChange { event, impact }) = &self.change else {
            return BriefAnswer {
                question,
                sentence: "No price has changed yet.".to_owned(),
                figure: None,
                unit: BriefUnit::Share,
                before: None,
                quality: BriefQuality::NotEnoughData,
                page: page("price-impact"),
                action: None,
            };
        };
        let change = &impact.change;
        let credits = |micro| bare_credits(Credits::from_micro(micro));
        let step = format!(
            "{event} went from {} to {} credits on {}",
            credits(change.old_credits_micro),
            credits(change.new_credits_micro),
            super::days::day(change.day)
        );
        let (estimate, words) = match &impact.status {
            Status::TooEarly { .. } => (None, format!("{step}. {}", impact.status.words())),
            Status::NoControls(estimate) | Status::Estimated(estimate) => {
                let (units, gain) = (estimate.units_bp, estimate.margin_gain_nano);
                let sure = estimate.confidence.map(|sure| {
                    let claim = match sure.claim {
                        Claim::MarginRose => "it brought something",
                        Claim::MarginFell => "it cost something",
                    };
                    format!("; that {claim} is true at least {}", odds_at_least(sure.probability_bp))
                });
                let words = format!(
                    "{step}. In the {} since then it moved units by {} to {} and what is left by {} to {}{}.",
                    counted(impact.after.days, "day"),
                    percent(units.low),
                    percent(units.high),
                    self.sum(gain.low),
                    self.sum(gain.high),
                    sure.unwrap_or_default()
                );
                (Some(estimate), words)
            }
        };
        let is_whole = impact.before.cost_missing == 0 && impact.after.cost_missing == 0;
        let margin = |bp: Option<i64>| bp.filter(|_| is_whole).map(i128::from);
        let fell = estimate.and_then(|estimate| estimate.confidence);
        let fell = fell.is_some_and(|sure| sure.claim == Claim::MarginFell && sure.probability_bp >= 7_000);
        BriefAnswer {
            question,
            sentence: words,
            figure: margin(impact.after.margin_bp),
            unit: BriefUnit::Share,
            before: margin(impact.before.margin_bp),
            quality: match (estimate, is_whole) {
                (None, _) => BriefQuality::TooEarly,
                (Some(_), false) => BriefQuality::CostsMissing,
                (Some(_), true) => BriefQuality::Complete,
            },
            page: page("price-impact"),
            action: fell.then(|| format!("Consider the price that {event} had before.")),
        }
    }

    fn advice(&self) -> BriefAnswer {
        let question = "What should I change next, and how sure are we?";
        let Some(advice) = &self.advice else {
            return BriefAnswer {
                question,
                sentence: "There is no open advice.".to_owned(),
                figure: None,
                unit: BriefUnit::Money,
                before: None,
                quality: if self.is_over && !self.week.is_empty() {
                    BriefQuality::Complete
                } else {
                    BriefQuality::NotEnoughData
                },
                page: page("advisor"),
                action: None,
            };
        };
        let is_watched = advice.sureness == Sureness::Watching;
        let sure = match is_watched {
            true => "It is only watched: something is missing".to_owned(),
            false => format!("It is true at least {}", odds_at_least(advice.probability_bp)),
        };
        let worth = match advice.lift_nano {
            1.. if !is_watched => format!(", and worth about {} a month", self.sum(advice.lift_nano)),
            _ => String::new(),
        };
        BriefAnswer {
            question,
            sentence: format!("{}. {} {sure}{worth}.", advice.title, advice.reason),
            figure: Some(advice.lift_nano).filter(|_| !is_watched),
            unit: BriefUnit::Money,
            before: None,
            quality: if is_watched { BriefQuality::TooEarly } else { BriefQuality::Complete },
            page: page_of("advisor", advice.id.as_str()),
            action: (!is_watched).then(|| "Apply or reject it.".to_owned()),
        }
    }

    fn data(&self) -> BriefAnswer {
        let week = &self.week;
        let sentence = if week.events == 0 {
            match week.refused {
                0 => "Nothing came in.".to_owned(),
                refused => {
                    format!("Nothing came in but {}, refused for want of credits.", counted(refused, "call"))
                }
            }
        } else {
            let cost = match week.cost_missing {
                0 => format!("Each of {} says what it cost", counted(week.events, "event")),
                missing => {
                    format!("The cost of {} of {} is missing", count(missing), counted(week.events, "event"))
                }
            };
            let late = match week.late {
                0 => "none came late".to_owned(),
                late => format!("{} came late", count(late)),
            };
            let refused = match week.refused {
                0 => "no call was refused".to_owned(),
                refused => format!("{} refused for want of credits", was_or_were(refused)),
            };
            format!("{cost}, {late}, and {refused}.")
        };
        BriefAnswer {
            question: "Is the data complete?",
            sentence,
            figure: week.covered_bp(),
            unit: BriefUnit::Share,
            before: self.before.covered_bp(),
            quality: self.quality(week),
            page: page("health"),
            action: (week.cost_missing > 0).then(report_costs),
        }
    }

    fn quality(&self, week: &BriefWeek) -> BriefQuality {
        match week {
            week if week.is_empty() => BriefQuality::NotEnoughData,
            _ if !self.is_over => BriefQuality::TooEarly,
            week if week.cost_missing > 0 => BriefQuality::CostsMissing,
            _ => BriefQuality::Complete,
        }
    }

    fn sum(&self, nano: i128) -> String {
        sum(nano, self.currency)
    }
}

/// Credits as a person reads them: whole ones from a hundred on.
fn about(credits_micro: i128) -> String {
    const WHOLE: i128 = 1_000_000;
    match credits_micro.abs() {
        size if size < 100 * WHOLE => super::numbers::about_micro(credits_micro),
        _ => micro((credits_micro + WHOLE / 2).div_euclid(WHOLE) * WHOLE),
    }
}

fn report_costs() -> String {
    "Send what each event cost, or publish a rate card.".to_owned()
}

fn more_or_less(change: i128) -> &'static str {
    if change < 0 { "less" } else { "more" }
}

fn was_or_were(calls: i128) -> String {
    format!("{} {}", counted(calls, "call"), if calls == 1 { "was" } else { "were" })
}

/// `, 12 % of all`
fn share_of(part: i128, whole: i128) -> String {
    let bp = part.checked_mul(10_000).filter(|_| whole > 0).map(|product| product / whole);
    bp.map_or_else(String::new, |bp| format!(", {} of all", percent(bp)))
}

/// `, up 1.2 points from the week before`
fn moved_points(now: i128, before: Option<i128>) -> String {
    match before {
        None => ", with no week before to compare with".to_owned(),
        Some(before) if before == now => ", as in the week before".to_owned(),
        Some(before) => {
            let way = if now > before { "up" } else { "down" };
            let moved = (now - before).abs();
            // A hundredth of a point is a move, though a tenth of one rounds to nothing.
            let moved = match points(moved).as_str() {
                "0" => percent_exactly(moved).trim_end_matches(" %").to_owned(),
                tenths => tenths.to_owned(),
            };
            let noun = if moved == "1" { "point" } else { "points" };
            format!(", {way} {moved} {noun} from the week before")
        }
    }
}

/// `, 2 more than the week before`
fn moved_count(now: i128, before: i128) -> String {
    match now - before {
        0 => ", as many as the week before".to_owned(),
        moved if moved > 0 => format!(", {} more than the week before", count(moved)),
        moved => format!(", {} fewer than the week before", count(-moved)),
    }
}
