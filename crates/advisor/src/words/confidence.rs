//! How sure it is: odds of one claim, what keeps them down, and what would raise them.

use chargly_ledger::{AdviceKind, Cap, CapReason, Detail, Needed, Span, Sureness};

use super::needs::{need_in_words, still};
use super::numbers::{count, counted, odds, odds_at_least, percent};
use super::says::{LINE, Says};

/// Customers from which caps for few of them no longer hold: see [`CapReason`].
const SOME_CUSTOMERS: u32 = 20;
const MANY_CUSTOMERS: u32 = 50;
/// From this probability on, in basis points, odds are said to be more than what is said.
const NEARLY_CERTAIN_BP: u32 = 9_950;
/// Own price changes from which an elasticity counts as known.
const OWN_CHANGES: u32 = 3;

/// How sure, in paragraphs.
pub(super) fn confidence(says: &Says<'_>) -> Vec<String> {
    let record = says.record;
    let mut text = vec![claimed(says)];
    text.extend(elasticity(says));
    for cap in &record.caps {
        text.push(capped(says, *cap));
    }
    if !record.needs.is_empty() {
        text.push(match record.kind {
            AdviceKind::DataQuality => "Needed before its price can be judged:".to_owned(),
            _ => "Missing, before this is more than a suspicion:".to_owned(),
        });
        text.extend(record.needs.iter().map(|need| format!("{LINE}{}", need_in_words(need))));
    }
    let raises = raises(says);
    if !raises.is_empty() {
        text.push(format!("What would make it surer: {}.", raises.join("; ")));
    }
    text
}

/// The claim with its odds, and the word for them.
fn claimed(says: &Says<'_>) -> String {
    let record = says.record;
    let claim = claim(says);
    if record.is_exact && record.needs.is_empty() || record.kind == AdviceKind::DataQuality {
        let from = match &record.evidence.detail {
            Detail::Rate { is_declared: true, .. } => "what your rate card says",
            _ => "a sum of what happened",
        };
        return format!("Exact: {claim}. That is {from}, and nothing in it is estimated.");
    }
    let odds = if is_about_demand(says) {
        format!("At least about {}", odds_at_least(record.probability_bp))
    } else if record.probability_bp >= NEARLY_CERTAIN_BP {
        format!("More than {}", odds(record.probability_bp))
    } else {
        format!("About {}", odds(record.probability_bp))
    };
    let word = match record.sureness() {
        Sureness::Watching if !record.needs.is_empty() => {
            return format!("{odds} that {claim}, by what is known so far. That is too little to act on.");
        }
        Sureness::Watching => "low, so it is only watched",
        Sureness::Medium => "medium",
        Sureness::High | Sureness::VeryHigh => "high",
    };
    format!("{odds} that {claim}. We call that {word}.")
}

/// What the odds are of.
pub(super) fn claim(says: &Says<'_>) -> String {
    let evidence = says.evidence();
    let (floor, target) = (percent(evidence.floor_bp), percent(evidence.target_bp));
    match says.record.kind {
        AdviceKind::LossMaking => format!("each {} really costs more than it brings in", says.unit()),
        // The floor is claimed where the step reaches it.
        AdviceKind::UnderTarget
            if evidence.margin_after_bp.is_some_and(|margin_bp| margin_bp < evidence.floor_bp.into()) =>
        {
            "you earn more afterwards".to_owned()
        }
        AdviceKind::UnderTarget => {
            format!("you earn more afterwards, and keep {floor} or more of the revenue")
        }
        AdviceKind::OverTarget => {
            format!("you earn more in all afterwards, and still keep {target} or more of the revenue")
        }
        AdviceKind::Split => "the margins really lie more than 15 points apart".to_owned(),
        AdviceKind::Minimum => {
            format!("every event has a cost of its own, and small ones leave less than {floor}")
        }
        AdviceKind::CostDrift => "what you pay for a unit really moved by 5 % or more".to_owned(),
        AdviceKind::MixDrift => {
            "the mix raised your cost by 5 % or more, and by more than the providers' rates did".to_owned()
        }
        AdviceKind::DataQuality => "these figures are missing".to_owned(),
    }
}

/// Whether the claim rests on how usage answers to price.
pub(super) fn is_about_demand(says: &Says<'_>) -> bool {
    says.evidence().elasticity_milli.is_some() || !says.evidence().by_prior_bp.is_empty()
}

/// How usage is expected to answer, by an example.
fn elasticity(says: &Says<'_>) -> Option<String> {
    let evidence = says.evidence();
    let span = evidence.elasticity_milli?;
    let learned = match evidence.own_changes {
        0 => "You have not changed a price yet, so that rests on what is usual elsewhere".to_owned(),
        1 => "That rests on one price change of yours, and on what is usual elsewhere".to_owned(),
        n => format!("That rests on {} price changes of yours, and on what is usual elsewhere", count(n)),
    };
    let is_rise = says.is_rise() != Some(false);
    let way = if is_rise { "rises" } else { "falls" };
    Some(format!(
        "How customers answer: if the price {way} by 10 %, usage {}. Anything from {} fits what is known. {learned}.",
        answer(span.middle, is_rise),
        spread(&span, is_rise)
    ))
}

/// What usage does on a change by a tenth, at an elasticity in thousandths.
fn answer(milli: i128, is_rise: bool) -> String {
    // A tenth of the price moves usage by a tenth of the elasticity: a thousandth of it is a basis point.
    let falls = (milli <= 0) == is_rise;
    if milli == 0 {
        return "stays about the same".to_owned();
    }
    format!("{} by about {}", if falls { "falls" } else { "rises" }, percent(milli.abs()))
}

/// The least and the most that usage may answer.
fn spread(span: &Span, is_rise: bool) -> String {
    let said = |milli: i128| {
        let moved = if is_rise { milli } else { -milli };
        match moved {
            0 => "no change".to_owned(),
            ..0 => format!("{} less", percent(moved.abs())),
            _ => format!("{} more", percent(moved)),
        }
    };
    // The weakest answer first.
    let (weak, strong) = (said(span.high), said(span.low));
    for way in [" less", " more"] {
        if let Some(bare) = weak.strip_suffix(way)
            && strong.ends_with(way)
        {
            return format!("{bare} to {strong}");
        }
    }
    format!("{weak} to {strong}")
}

fn capped(says: &Says<'_>, cap: Cap) -> String {
    let at = odds_at_least(cap.at_bp);
    let evidence = says.evidence();
    let why = match cap.why {
        CapReason::PriorAlone => "no price change of yours shows yet how your customers answer".to_owned(),
        CapReason::FewChanges => {
            format!("{} so far how customers answer", shows(evidence.own_changes))
        }
        CapReason::VeryFewCustomers | CapReason::FewCustomers => {
            format!("there are only {}", counted(evidence.customers, "customer"))
        }
        CapReason::EstimatedCosts => "more than a fifth of the cost is estimated".to_owned(),
    };
    format!("It is not stated higher than {at} ({}), because {why}.", percent(cap.at_bp))
}

fn shows(changes: u32) -> String {
    if changes == 1 {
        "only 1 price change of yours shows".to_owned()
    } else {
        format!("only {} price changes of yours show", count(changes))
    }
}

/// What would raise the odds, or end the watching.
fn raises(says: &Says<'_>) -> Vec<String> {
    let evidence = says.evidence();
    let mut raises = Vec::new();
    for need in &says.record.needs {
        raises.extend(match need.what {
            // More of the same usage says nothing of another price.
            Needed::Certainty if is_about_demand(says) && evidence.own_changes == 0 => {
                Some("one completed price change of your own, of any event type".to_owned())
            }
            _ => still(need),
        });
    }
    for cap in &says.record.caps {
        let customers = |need: u32| {
            let missing = need.saturating_sub(evidence.customers).max(1);
            format!("{} more customer{}", count(missing), if missing == 1 { "" } else { "s" })
        };
        let raise = match cap.why {
            CapReason::PriorAlone => "one completed price change of your own".to_owned(),
            CapReason::FewChanges => {
                let missing = OWN_CHANGES.saturating_sub(evidence.own_changes).max(1);
                let noun = if missing == 1 { "change" } else { "changes" };
                format!("{} more completed price {noun} of your own", count(missing))
            }
            CapReason::VeryFewCustomers => customers(SOME_CUSTOMERS),
            CapReason::FewCustomers => customers(MANY_CUSTOMERS),
            CapReason::EstimatedCosts => "costs that the provider reports, instead of estimates".to_owned(),
        };
        if !raises.contains(&raise) {
            raises.push(raise);
        }
    }
    raises
}
