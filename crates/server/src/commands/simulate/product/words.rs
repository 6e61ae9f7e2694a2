//! What is true of a simulated product, as JSON and as a person reads it.

use std::fmt::Write as _;
use std::path::Path;

use chargly_engine::ledger::Credits;
use chargly_market::{CostSpan, MarketPlan, Played, Truth, TypeTruth, percent};
use serde_json::{Value, json};

use super::end;
use crate::data_dir::time_text;
use crate::exact::{micro, nano};
use crate::first_start::Begun;

/// The result as JSON: sums and amounts as exact decimals.
pub(super) fn json(begun: &Begun, plan: &MarketPlan, played: &Played) -> Value {
    let (total, tally) = (played.tally.total(), &played.tally);
    json!({
        "project": begun.project,
        "keys": {"test": begun.keys.test, "live": begun.keys.live},
        "environment": "test",
        "from": time_text(plan.start.0),
        "until": time_text(end(plan).0),
        "customers": plan.customers,
        "events": total.events,
        "refused": total.refused,
        "credits_used": micro(total.credits_micro.into()).to_string(),
        "cost": nano(total.cost_nano.into()).to_string(),
        "credits_sold": credits(tally.credits_sold),
        "credits_given": credits(tally.credits_given),
        "cash": nano(tally.cash_nano.into()).to_string(),
        "purchases": tally.purchases,
        "run_outs": tally.run_outs,
        "customers_who_left": tally.left.len(),
        "truth": truth(&played.truth),
    })
}

fn truth(truth: &Truth) -> Value {
    json!({
        "preset": truth.name.as_str(),
        "seed": truth.seed,
        "days": truth.days,
        "target_margin_bp": truth.target_margin_bp,
        "credit_value": truth.credit_nano.map(money),
        "paying_customers": truth.paying_customers,
        "largest_share_bp": truth.largest_share_bp,
        "types": truth.types.iter().map(of_type).collect::<Vec<_>>(),
    })
}

fn of_type(of: &TypeTruth) -> Value {
    let cost = |span: &CostSpan| {
        json!({
            "from_day": span.from_day,
            "to_day": span.to_day,
            "unit_cost": money(span.unit_nano),
            "unit_cost_of_these_customers": money(span.weighted_nano),
        })
    };
    json!({
        "event": of.event.as_str(),
        "family": of.family.as_str(),
        "elasticity": of.elasticity,
        "costs": of.costs.iter().map(cost).collect::<Vec<_>>(),
        "cost_is_exact": of.is_exact,
        "prices": of.prices.iter().map(|(day, price)| json!({"day": day, "credits": credits(*price)}))
            .collect::<Vec<_>>(),
        "drifts": of.drifts.iter().map(|(day, level, factor)| json!({"day": day, "level": level.as_deref(), "factor": factor}))
            .collect::<Vec<_>>(),
        "shifts": of.shifts.iter().map(|(day, level, share)| json!({"day": day, "level": level.as_str(), "share": share}))
            .collect::<Vec<_>>(),
        "levels": of.levels.iter().map(|level| json!({
            "level": level.level.as_str(),
            "share_bp": level.share_bp,
            "unit_cost": money(level.unit_nano),
            "margin_bp": level.margin_bp,
        })).collect::<Vec<_>>(),
        "without_cost_bp": of.untold_bp,
        "margin_bp": of.margin_bp,
        "break_even_elasticity": of.break_even_elasticity,
        "advice": of.advice.iter().map(|advice| json!({
            "kind": advice.kind.as_str(),
            "is_right": advice.is_right,
            "can_be_known": advice.can_be_known,
            "because": advice.because,
        })).collect::<Vec<_>>(),
    })
}

/// The result in words, with the keys and how to go on.
pub(super) fn in_words(
    begun: &Begun,
    data: &Path,
    plan: &MarketPlan,
    played: &Played,
    is_long_ago: bool,
) -> String {
    let (total, tally, truth) = (played.tally.total(), &played.tally, &played.truth);
    let mut out = format!(
        "Simulated `{}`, seed {}: {} days of {} customers until {}, in environment test of {}\n\n",
        plan.name,
        plan.seed,
        plan.days,
        plan.customers,
        &time_text(end(plan).0)[..10],
        data.display(),
    );
    let _ = writeln!(
        out,
        "  {} events for {} credits, at a cost of ${}; {} refused, since {} times a customer ran out; {} left",
        total.events,
        micro(total.credits_micro.into()),
        nano(total.cost_nano.into()),
        total.refused,
        tally.run_outs,
        tally.left.len(),
    );
    let _ = writeln!(
        out,
        "  {} purchases of {} credits for ${} by {} customers; {} credits given away",
        tally.purchases,
        credits(tally.credits_sold),
        nano(tally.cash_nano.into()),
        truth.paying_customers,
        credits(tally.credits_given),
    );
    let worth = truth.credit_nano.map_or("nothing".to_owned(), |nano| format!("${}", money(nano)));
    let _ = writeln!(
        out,
        "  a credit is worth {worth}; the largest customer makes {} of all use\n\nWhat is true, at a target margin of {}:\n",
        percent(truth.largest_share_bp.into()),
        percent(truth.target_margin_bp.into()),
    );
    let _ = writeln!(
        out,
        "  {:<20}{:>10}{:>16}{:>10}{:>12}  right advice",
        "event type", "credits", "cost a unit", "margin", "elasticity"
    );
    for of in &truth.types {
        type_in_words(of, &mut out);
    }
    let _ = write!(
        out,
        "\n  test key   {}\n  live key   {}\n  These keys are shown this once. `chargly keys create` makes others.\n\n\
         Go on with:\n\n  chargly verify --data {data}\n  chargly advise --data {data}\n  chargly serve --data {data}{clock}\n",
        begun.keys.test,
        begun.keys.live,
        data = data.display(),
        clock = if is_long_ago { " --accept-clock    # it ended over 30 days ago" } else { "" },
    );
    out
}

fn type_in_words(of: &TypeTruth, out: &mut String) {
    let price = of.prices.last().map_or(Credits::ZERO, |(_, price)| *price);
    let right: Vec<_> = of.advice.iter().filter(|advice| advice.is_right && advice.can_be_known).collect();
    let names: Vec<_> = right.iter().map(|advice| advice.kind.as_str()).collect();
    let _ = writeln!(
        out,
        "  {:<20}{:>10}{:>16}{:>10}{:>12.1}  {}",
        of.event,
        credits(price),
        format!("${}", money(of.cost_at_end().weighted_nano)),
        of.margin_bp.map_or("–".to_owned(), percent),
        of.elasticity,
        if names.is_empty() { "none".to_owned() } else { names.join(", ") },
    );
    for advice in right {
        let _ = writeln!(out, "  {:<20}{}: {}", "", advice.kind.as_str(), advice.because);
    }
}

fn credits(credits: Credits) -> String {
    micro(credits.micro().into()).to_string()
}

fn money(amount_nano: i64) -> String {
    nano(amount_nano.into()).to_string()
}
