//! Two small calculators: what to charge for something that costs so much, and whether a balance can pay for a tool.
//!
//! Exact integers all the way; forms that are sent by `GET`, so that a result is a link.

use maud::{Markup, html};

use crate::look::{Amount, Currency, UNIT, Unit};
use crate::state::State;

/// The largest amount of money that is taken: a cost of one event beyond it is a mistyped one.
const MONEY_MAX: Amount = Amount(1_000_000 * UNIT);
/// The most credits and events of a month that are taken.
const COUNT_MAX: Amount = Amount(1_000_000_000 * UNIT);
/// Decimals of a number: billionths are what amounts are counted in.
const DECIMALS_MAX: usize = 9;
/// Basis points of a whole.
const WHOLE_BP: i128 = 10_000;
/// Billionths of a share in a basis point.
const NANO_PER_BP: i128 = UNIT / WHOLE_BP;

/// What is asked: as typed, and read.
struct Field {
    name: &'static str,
    label: &'static str,
    typed: String,
    problem: Option<String>,
}

/// The price calculator's question and answer.
pub(super) struct PriceCalculator {
    fields: Vec<Field>,
    answer: Option<PriceAnswer>,
    money: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PriceQuestion {
    cost: Amount,
    /// In basis points of revenue, below a whole.
    target_bp: i128,
    value: Amount,
    now: Amount,
    events: Amount,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PriceAnswer {
    question: PriceQuestion,
    /// Whole credits.
    credits: i128,
    margin: Option<Amount>,
    margin_now: Option<Amount>,
    monthly: Amount,
}

impl PriceQuestion {
    /// The smallest number of whole credits that meets the target. `None` where it is beyond all bounds.
    fn answer(self) -> Option<PriceAnswer> {
        let least = self.value.0.checked_mul(WHOLE_BP - self.target_bp)?;
        let wanted = self.cost.0.checked_mul(WHOLE_BP)?;
        let credits = wanted.checked_add(least - 1)?.checked_div(least)?.max(1);
        let revenue = self.value.0.checked_mul(credits)?;
        let revenue_now = self.value.0.checked_mul(self.now.0)? / UNIT;
        let monthly = revenue.checked_sub(revenue_now)?.checked_mul(self.events.0)? / UNIT;
        let margin = |revenue: i128| Amount(revenue).less(self.cost).share_of(Amount(revenue));
        Some(PriceAnswer {
            question: self,
            credits,
            margin: margin(revenue),
            margin_now: margin(revenue_now),
            monthly: Amount(monthly),
        })
    }
}

impl PriceCalculator {
    /// Reads the question; the golden example where nothing is asked.
    pub(super) fn of(state: &State, currency: Currency) -> Self {
        let mut fields = Vec::new();
        let mut ask = |name, label, example: &str, max: Amount, unit: &str| {
            let typed = state.get(name).unwrap_or(example).to_owned();
            let read = read(&typed).filter(|amount| *amount <= max);
            let problem = read.is_none().then(|| {
                format!(
                    "must be a number from 0 to {} {unit}, with at most {DECIMALS_MAX} decimals",
                    Unit::Count.short(max)
                )
            });
            fields.push(Field { name, label, typed, problem });
            read
        };
        let cost = ask("cost", "It costs you, each time", "0.0042", MONEY_MAX, currency.code());
        let target = ask("target", "Target margin, percent", "75", Amount::whole(99), "percent");
        let value = ask("value", "A credit is worth", "0.004", MONEY_MAX, currency.code());
        let now = ask("now", "Credits now", "4", COUNT_MAX, "credits");
        let events = ask("events", "Events a month", "45500", COUNT_MAX, "events");
        if value == Some(Amount::ZERO)
            && let Some(field) = fields.get_mut(2)
        {
            field.problem = Some("must be more than 0".to_owned());
        }
        let question = || {
            let target_bp = target?.0 / (UNIT / 100);
            Some(PriceQuestion {
                cost: cost?,
                target_bp,
                value: value.filter(|value| value.0 > 0)?,
                now: now?,
                events: events?,
            })
        };
        let answer = question().and_then(PriceQuestion::answer);
        Self { fields, answer, money: Unit::Money(currency) }
    }

    pub(super) fn show(&self, other: &ToolRun) -> Markup {
        html! {
            section.chart #price {
                h2 { "What should it cost in credits?" }
                form.act data-live="price-result" method="get" action="#price" {
                    @for field in &self.fields { (field.input()) }
                    @for (name, value) in other.hidden() { input type="hidden" name=(name) value=(value); }
                    button { "Work it out" }
                }
                output #price-result { (self.result()) }
            }
        }
    }

    fn result(&self) -> Markup {
        let Some(answer) = &self.answer else {
            return html! { p.missing { "There is no answer to that yet: look at the fields." } };
        };
        let question = answer.question;
        let credits = Amount(answer.credits.saturating_mul(UNIT));
        let sign = if answer.monthly.0 > 0 { "+" } else { "" };
        let more = credits.less(question.now);
        html! {
            p.answer { strong { (Unit::Credits.exact(credits)) } " of " (self.money.exact(question.value)) }
            dl.facts {
                div { dt { "Margin" } dd { (margin(answer.margin)) } }
                div { dt { "Margin at " (Unit::Credits.exact(question.now)) } dd { (margin(answer.margin_now)) } }
                div {
                    dt { (Unit::Count.exact(question.events)) " events a month, " (Unit::Credits.exact(more)) " more each" }
                    dd { (sign) (self.money.short(answer.monthly)) " a month" }
                }
            }
        }
    }

    fn hidden(&self) -> Vec<(&'static str, String)> {
        self.fields.iter().map(|field| (field.name, field.typed.clone())).collect()
    }
}

impl Field {
    fn input(&self) -> Markup {
        let problem = format!("{}-problem", self.name);
        html! {
            label {
                span { (self.label) }
                input name=(self.name) value=(self.typed) inputmode="decimal" autocomplete="off"
                    aria-invalid=[self.problem.as_ref().map(|_| "true")]
                    aria-describedby=[self.problem.as_ref().map(|_| &problem)];
                @if let Some(words) = &self.problem { span.missing id=(problem) { (words) } }
            }
        }
    }
}

/// Whether a balance can pay for a tool.
pub(super) struct ToolRun {
    tool: String,
    balance: Field,
    available: Option<Amount>,
}

impl ToolRun {
    pub(super) fn of(state: &State) -> Self {
        let typed = state.get("balance").unwrap_or("10").to_owned();
        let available = read(&typed).filter(|amount| *amount <= COUNT_MAX);
        let problem = available.is_none().then(|| "must be a number of credits, 0 or more".to_owned());
        Self {
            tool: state.get("tool").unwrap_or("image.generate").to_owned(),
            balance: Field { name: "balance", label: "Balance, credits", typed, problem },
            available,
        }
    }

    /// `tools` are names, labels and prices of single events.
    pub(super) fn show(&self, tools: &[(String, String, Amount)], other: &PriceCalculator) -> Markup {
        html! {
            section.chart #tool {
                h2 { "Would a wallet pay for this tool?" }
                form.act data-live="tool-result" method="get" action="#tool" {
                    label {
                        span { "Tool" }
                        select name="tool" {
                            @for (name, label, _) in tools {
                                option value=(name) selected[*name == self.tool] { (label) }
                            }
                        }
                    }
                    (self.balance.input())
                    @for (name, value) in other.hidden() { input type="hidden" name=(name) value=(value); }
                    button { "Run it" }
                }
                output #tool-result { (self.result(tools)) }
            }
        }
    }

    fn result(&self, tools: &[(String, String, Amount)]) -> Markup {
        let Some(available) = self.available else {
            return html! { p.missing { "There is no answer to that yet: look at the fields." } };
        };
        let Some((_, label, price)) = tools.iter().find(|(name, _, _)| *name == self.tool) else {
            return html! { p.missing { "There is no such tool here: choose another." } };
        };
        let say = |amount: Amount| Unit::Credits.exact(amount);
        html! {
            @if *price <= available {
                p.answer { span.tag.good { "200 accepted" } " " (label) " takes " (say(*price)) "." }
                p { (say(available.less(*price))) " left. The tool runs, and the charge is on disk before it does." }
            } @else {
                p.answer { span.tag.bad { "402 refused" } " " (label) " needs " (say(*price)) "." }
                p { (say(price.less(available))) " short. Nothing is charged, and the answer names the pack that helps." }
            }
        }
    }

    fn hidden(&self) -> [(&'static str, String); 2] {
        [("tool", self.tool.clone()), ("balance", self.balance.typed.clone())]
    }
}

/// A share to a hundredth of a percent, rounded down: a margin is never said to be more than it is.
fn margin(share: Option<Amount>) -> String {
    let Some(share) = share else { return crate::look::say::NONE.to_owned() };
    Unit::Share.exact(Amount(share.0.div_euclid(NANO_PER_BP) * NANO_PER_BP))
}

/// A number as people type it: `0.0042`, `$0.0042`, `45,500`, `75 %`.
fn read(typed: &str) -> Option<Amount> {
    let digits: String = typed.chars().filter(|c| !matches!(c, ',' | ' ' | '$' | '€' | '£' | '%')).collect();
    // What is finer would be cut off, and the answer no longer exact.
    let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    Amount::parse(&digits).filter(|amount| !amount.is_negative() && decimals <= DECIMALS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calculated(query: &str) -> PriceCalculator {
        PriceCalculator::of(&State::parse(query), Currency::of("usd"))
    }

    #[test]
    fn golden_example_comes_out_exactly() {
        let calculator = calculated("cost=0.0042&target=75&value=0.004&now=4&events=45500");
        let answer = calculator.answer.expect("an answer");
        assert_eq!((answer.credits, answer.monthly), (5, Amount::whole(182)));
        let shown = calculator.result().0;
        for words in ["5 credits", "$0.004", "79 %", "73.75 %", "45,500 events a month", "+$182.00 a month"] {
            assert!(shown.contains(words), "{words} in {shown}");
        }
    }

    #[test]
    fn answers_are_the_smallest_credits_that_meet_the_target() {
        for (query, credits) in [
            ("cost=0.004&target=75&value=0.004", 4),
            ("cost=0.004000001&target=75&value=0.004", 5),
            ("cost=0&target=75&value=0.004", 1),
            ("cost=1000000&target=99&value=0.000000001", 100_000_000_000_000_000),
            ("cost=$1,000&target=50 %&value=0.02", 100_000),
        ] {
            assert_eq!(calculated(query).answer.map(|answer| answer.credits), Some(credits), "{query}");
        }
    }

    #[test]
    fn every_field_that_cannot_be_read_says_so() {
        assert!(calculated("cost=0.0040000001").answer.is_none(), "finer than a billionth");
        let calculator = calculated("cost=a&target=100&value=0&now=-1&events=1000000001");
        assert!(calculator.answer.is_none());
        assert_eq!(calculator.fields.iter().filter(|field| field.problem.is_some()).count(), 5);
    }

    #[test]
    fn tool_is_paid_by_what_it_takes_and_refused_below() {
        let tools = [("image.generate".to_owned(), "Image".to_owned(), Amount::whole(12))];
        for (balance, words) in [
            ("12", "0 credits left"),
            ("11.5", "0.5 credits short"),
            ("x", "no answer"),
            ("", "2 credits short"),
        ] {
            let shown =
                ToolRun::of(&State::parse(&format!("tool=image.generate&balance={balance}"))).result(&tools);
            assert!(shown.0.contains(words), "{words} in {}", shown.0);
        }
        assert!(ToolRun::of(&State::parse("tool=<x>")).result(&tools).0.contains("no such tool"));
    }
}
