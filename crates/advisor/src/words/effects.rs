//! What happens with it, what happens without it, and to whom.

use chargly_ledger::{AdviceKind, Backtest, Recommendation, Shock};

use super::guardrails;
use super::levels;
use super::numbers::{count, counted, micro, percent, range};
use super::says::{A_MONTH, Says};

/// If it is applied.
pub(super) fn if_done(says: &Says<'_>) -> Vec<String> {
    let record = says.record;
    if record.proposal.is_none() {
        return vec![match record.kind {
            AdviceKind::DataQuality => {
                "You see what each of these events leaves you, and get advice on its price.".to_owned()
            }
            _ => format!(
                "There is nothing to do: no change of price is proposed. The margin is {}.",
                margin(says)
            ),
        }];
    }
    let mut text = vec![lift(says)];
    if let Some(bp) = record.evidence.margin_after_bp {
        let now = says.margin_bp().map(|bp| format!(" instead of {}", percent(bp))).unwrap_or_default();
        text.push(format!(
            "You keep {} of the revenue{now}; your target is {}.",
            percent(bp),
            percent(record.evidence.target_bp)
        ));
    }
    match &record.backtest {
        Some(backtest) => text.extend(past(says, backtest)),
        None => text.push("It has not been tried on your past events yet.".to_owned()),
    }
    text.extend(guardrails::guardrails(says));
    text
}

fn margin(says: &Says<'_>) -> String {
    let target = percent(says.evidence().target_bp);
    let now = says.margin_bp().map_or_else(|| "not known".to_owned(), percent);
    format!("{now}, and your target is {target}")
}

/// What it brings in a month.
fn lift(says: &Says<'_>) -> String {
    let lift = &says.record.lift;
    let middle = says.gained(lift.middle);
    let (low, high) = (says.gained(lift.low), says.gained(lift.high));
    let same = format!(
        "You earn {middle} {A_MONTH}, after what the provider costs, if customers use as much as now."
    );
    if low == high {
        return same;
    }
    format!("{same} As they may use more or less: between {low} and {high}.")
}

/// What the same events would have earned.
fn past(says: &Says<'_>, backtest: &Backtest) -> Vec<String> {
    let sum = |nano: i128| says.sum(nano);
    let (revenue, margin) = (backtest.revenue_ends(), backtest.margin_ends());
    let ends = |(low, high): (i128, i128)| {
        let (low, high) = (sum(low), sum(high));
        if low == high { low } else { format!("{low} to {high}") }
    };
    let mut text = vec![format!(
        "We ran your events of {} again at the new price. As customers may answer: {} of revenue instead of {}, and {} \
         left after cost instead of {}.",
        says.days(backtest.from, backtest.to),
        ends(revenue),
        sum(backtest.before.revenue_nano),
        ends(margin),
        sum(backtest.before.margin_nano())
    )];
    if backtest.one_in > 1 {
        text.push(format!(
            "To be quick, that took one customer in {} and scaled the sums up.",
            count(backtest.one_in)
        ));
    }
    if backtest.fixed.denied > backtest.before.denied {
        text.push(format!(
            "{} would have been refused for lack of credits.",
            counted(backtest.fixed.denied - backtest.before.denied, "more event")
        ));
    }
    if backtest.devaluation_nano > 0 {
        text.push(format!(
            "{} credits are sold or given and not used yet. They buy less afterwards: what they are worth falls by {}.",
            micro(backtest.outstanding_micro),
            sum(backtest.devaluation_nano)
        ));
    }
    text
}

/// If it is left alone.
pub(super) fn if_left(says: &Says<'_>) -> Vec<String> {
    let record = says.record;
    let left = &record.if_left;
    let amount = range(left, |nano| says.sum(nano));
    let first = match record.kind {
        AdviceKind::DataQuality => {
            "You go on without knowing what these events leave you, and get no advice on their price."
                .to_owned()
        }
        _ if left.high <= 0 => "Nothing is lost: everything stays as it is.".to_owned(),
        AdviceKind::LossMaking => format!("You go on losing {amount} {A_MONTH}."),
        AdviceKind::OverTarget => format!("You may go on missing up to {} {A_MONTH}.", says.sum(left.high)),
        AdviceKind::Split | AdviceKind::MixDrift => {
            format!("Cheap uses go on paying for dear ones: {amount} {A_MONTH}.")
        }
        AdviceKind::UnderTarget | AdviceKind::Minimum | AdviceKind::CostDrift => {
            format!("You go on earning {amount} less {A_MONTH} than your target asks for.")
        }
    };
    let then = if says.catalogue.settings.advice.is_weekly {
        "It is looked at again every week, and said again only if the figures change."
    } else {
        "It is looked at again when you ask for it, and said again only if the figures change."
    };
    vec![first, then.to_owned()]
}

/// Whose bill changes.
pub(super) fn who(says: &Says<'_>) -> Vec<String> {
    let record = says.record;
    if record.proposal.is_none() {
        return vec!["Nobody: no price changes.".to_owned()];
    }
    let mut text = match &record.backtest {
        Some(backtest) => bills(backtest),
        None => vec![format!(
            "{} used it in this time. How their bills would change has not been tried on past events yet.",
            counted(record.evidence.customers, "customer")
        )],
    };
    text.extend(largest(record));
    if levels::has_cheaper(record) {
        text.push("Not everybody pays more: for some values the price falls.".to_owned());
    }
    text
}

fn bills(backtest: &Backtest) -> Vec<String> {
    let shock = &backtest.shock;
    let (more, less, all) = (backtest.losers, backtest.winners, backtest.customers);
    let mut text = vec![match (more, less) {
        (0, 0) => "Nobody pays more or less for the same use.".to_owned(),
        (0, n) => format!(
            "For the same use {} of {} pay less, and nobody pays more.",
            count(n),
            counted(all, "customer")
        ),
        (n, 0) if n == all => format!("All {} pay more for the same use.", counted(all, "customer")),
        (n, 0) => {
            format!(
                "For the same use {} of {} pay more, and nobody pays less.",
                count(n),
                counted(all, "customer")
            )
        }
        (n, less) => format!(
            "For the same use {} of {} pay more, and {} pay less.",
            count(n),
            counted(all, "customer"),
            count(less)
        ),
    }];
    text.push(moves(shock));
    text.extend(match shock.above {
        0 => None,
        1 => Some("1 customer pays over 25 % more.".to_owned()),
        n => Some(format!("{} customers pay over 25 % more.", count(n))),
    });
    let (newly, earlier) = (backtest.run_outs_newly, backtest.run_outs_earlier);
    let wallets = |n: u32| counted(n, "wallet");
    text.push(match (newly, earlier) {
        (0, 0) => "No wallet would have run out of credits that did not.".to_owned(),
        (0, n) => format!("{} would have run out of credits earlier.", wallets(n)),
        (n, 0) => format!("{} would have run out of credits that did not.", wallets(n)),
        (n, m) => {
            format!("{} would have run out of credits that did not, and {} earlier.", wallets(n), count(m))
        }
    });
    text
}

/// By how much bills move, in a sentence.
fn moves(shock: &Shock) -> String {
    let (half, most, largest) = (shock.p50_bp, shock.p90_bp, shock.max_bp);
    if half == largest {
        return format!("Half of the bills rise by {}, and none by more.", percent(largest.max(0)));
    }
    let at_most = |bp: i64| match bp {
        0 => "do not rise".to_owned(),
        ..0 => format!("fall by {} or more", percent(bp.abs())),
        _ => format!("rise by {} or less", percent(bp)),
    };
    let mut text = format!("Half of the bills {}, nine in ten {}", at_most(half), at_most(most));
    if largest > 0 {
        text.push_str(&format!("; the largest rise is {}", percent(largest)));
    }
    text + "."
}

/// A customer who is a large part of it.
fn largest(record: &Recommendation) -> Option<String> {
    const LARGE_BP: u32 = 2_000;
    let share = record.evidence.largest_customer_bp;
    (share >= LARGE_BP).then(|| {
        format!(
            "Your largest customer of it alone makes {} of its cost: talk to them before you change the price.",
            percent(share)
        )
    })
}
