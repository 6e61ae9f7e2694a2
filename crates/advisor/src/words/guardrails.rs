//! The rules that keep advice from doing harm, each with how the proposal stands to it.

use chargly_ledger::{Guardrail, GuardrailRule, Objective};

use super::numbers::{counted, percent_exactly};
use super::says::{LINE, Says};

/// A line for each, the broken ones first.
pub(super) fn guardrails(says: &Says<'_>) -> Vec<String> {
    let all = &says.record.guardrails;
    if all.is_empty() {
        return Vec::new();
    }
    let broken = all.iter().filter(|guardrail| !guardrail.is_kept).count();
    let mut text = vec![match (broken, all.len()) {
        (0, 1) => "The safety check passes:".to_owned(),
        (0, n) => format!("All {n} safety checks pass:"),
        (1, n) => format!("1 of {n} safety checks fails:"),
        (broken, n) => format!("{broken} of {n} safety checks fail:"),
    }];
    for wanted in [false, true] {
        let some = all.iter().filter(|guardrail| guardrail.is_kept == wanted);
        text.extend(some.map(|guardrail| line(guardrail, says)));
    }
    text
}

fn line(guardrail: &Guardrail, says: &Says<'_>) -> String {
    let verdict = if guardrail.is_kept { "Pass" } else { "Fails" };
    let (value, limit) = (guardrail.value, guardrail.limit);
    let (share, days) = (percent_exactly, |number: i64| counted(number, "day"));
    let text = match guardrail.rule {
        GuardrailRule::Step => {
            let beyond = if guardrail.is_kept && value > limit {
                // What is kept beyond its limit is one of these, and says so.
                " (one step to the next credit, or up to the cost, is always allowed)"
            } else {
                ""
            };
            format!("the price moves by {}; the limit is {}{beyond}", share(value), share(limit))
        }
        GuardrailRule::Floor => {
            format!("you keep {} of the revenue; the least is {}", share(value), share(limit))
        }
        GuardrailRule::Doubling => format!(
            "the price becomes {} of what it was 90 days ago; the limit is {}",
            share(value),
            share(limit)
        ),
        GuardrailRule::BillShock => format!(
            "nine in ten bills rise by up to {} for the same use; the limit is {}",
            share(value),
            share(limit)
        ),
        GuardrailRule::CoolDown => {
            format!("{} since this price last changed; the least is {}", days(value), days(limit))
        }
        GuardrailRule::Reversal => {
            format!("{} since it last moved the other way; the least is {}", days(value), days(limit))
        }
        GuardrailRule::LiveChanges => {
            format!(
                "with it, {} would be younger than a month; the limit is {limit}",
                counted(value, "price change")
            )
        }
        GuardrailRule::LostCustomers => {
            format!("{} of customers newly run out of credits; the limit is {}", share(value), share(limit))
        }
        GuardrailRule::Blackout => match guardrail.is_kept {
            true => "no day on which you want prices to stay".to_owned(),
            false => {
                "today is a day on which you want prices to stay: choose a notice that ends later".to_owned()
            }
        },
    };
    let objective = match (guardrail.rule, says.catalogue.settings.advice.objective) {
        (GuardrailRule::Floor, Objective::Revenue) => " (you aim at revenue, so this is what holds it)",
        _ => "",
    };
    format!("{LINE}{verdict}: {text}{objective}")
}
