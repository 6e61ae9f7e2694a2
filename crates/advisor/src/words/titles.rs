//! What is advised: the title, and the first part of a card.

use chargly_ledger::{AdviceKind, Detail, RECOMMENDATION_LASTS_MS, Span};

use super::numbers::{bare_credits, credits, moved_by};
use super::says::Says;

/// Days that advice can be applied.
const LASTS_DAYS: i64 = RECOMMENDATION_LASTS_MS / 86_400_000;

/// The card's title.
pub(super) fn title(says: &Says<'_>) -> String {
    // What is missing can be sent, whatever else is only watched.
    if says.is_watched() && says.record.kind != AdviceKind::DataQuality {
        return format!("Watching {}: {}", says.event(), suspicion(says));
    }
    let event = says.event();
    let step = says.step();
    let record = says.record;
    match (record.kind, &record.evidence.detail) {
        (AdviceKind::LossMaking, _) => match step {
            Some(step) => format!("{event} loses money: {step}"),
            None => format!("{event} loses money"),
        },
        (AdviceKind::UnderTarget | AdviceKind::OverTarget, _) => match (record.current, record.recommended) {
            (Some(now), Some(then)) => {
                let verb = if then >= now { "Raise" } else { "Lower" };
                format!("{verb} {event} from {} to {}", bare_credits(now), credits(then))
            }
            _ => format!("Change the price of {event}"),
        },
        (
            AdviceKind::Split | AdviceKind::MixDrift,
            Detail::Levels { dimension, .. } | Detail::Mix { dimension, .. },
        ) => {
            format!("Price {event} by {dimension}")
        }
        (AdviceKind::Minimum, Detail::Line { minimum, .. }) => {
            format!("Let {event} cost at least {}", credits(*minimum))
        }
        (AdviceKind::CostDrift, Detail::Rate { of, before, after, .. }) if of.is_empty() => {
            let step = step.map(|step| format!(": {step}")).unwrap_or_default();
            format!("{event} costs you {}{step}", drifted(before, after))
        }
        (AdviceKind::CostDrift, Detail::Rate { of, before, after, .. }) => {
            let step = step.map(|step| format!(" {step}")).unwrap_or_default();
            format!("{of} has become {}: {event}{step}", dearer(before, after))
        }
        (AdviceKind::DataQuality, _) => format!("{event}: {}", missing(says)),
        _ => format!("Change how {event} is priced"),
    }
}

/// What is watched, as a suspicion.
fn suspicion(says: &Says<'_>) -> String {
    match (says.record.kind, &says.evidence().detail) {
        (AdviceKind::LossMaking, _) => "it may lose money".to_owned(),
        (AdviceKind::UnderTarget, _) => "its margin may be under your target".to_owned(),
        (AdviceKind::OverTarget, _) => "a lower price may earn more".to_owned(),
        (AdviceKind::Split, Detail::Levels { dimension, .. }) => {
            format!("one price may not fit every {dimension}")
        }
        (AdviceKind::Minimum, _) => "small events may lose money".to_owned(),
        (AdviceKind::CostDrift, Detail::Rate { before, after, .. }) => {
            let way = if after.middle >= before.middle { "dearer" } else { "cheaper" };
            format!("it may have become {way} to provide")
        }
        (AdviceKind::MixDrift, Detail::Mix { dimension, .. }) => {
            format!("dear kinds of {dimension} may have become more of it")
        }
        _ => "its price may not fit".to_owned(),
    }
}

/// `12 % more`.
fn drifted(before: &Span, after: &Span) -> String {
    let way = if after.middle >= before.middle { "more" } else { "less" };
    moved_by(before.middle, after.middle).map_or_else(|| way.to_owned(), |by| format!("{by} {way}"))
}

/// `12 % dearer`.
fn dearer(before: &Span, after: &Span) -> String {
    let way = if after.middle >= before.middle { "dearer" } else { "cheaper" };
    moved_by(before.middle, after.middle).map_or_else(|| way.to_owned(), |by| format!("{by} {way}"))
}

/// What is missing, in three words.
fn missing(says: &Says<'_>) -> &'static str {
    match &says.evidence().detail {
        Detail::Missing { events: 1.., .. } => "costs are missing",
        Detail::Missing { unpriced: 1.., .. } => "a price is missing",
        _ => "many costs are estimated",
    }
}

/// What is advised, and what happens when it is followed.
pub(super) fn what(says: &Says<'_>) -> Vec<String> {
    let Some(proposal) = &says.record.proposal else { return nothing_to_publish(says) };
    let mut text = Vec::new();
    let (event, unit) = (says.event(), says.unit());
    let rule = proposal.rule.in_words(proposal.grid, proposal.rounding);
    let is_flat = matches!(proposal.rule, chargly_ledger::Rule::Flat { .. });
    match (says.is_watched(), says.step()) {
        (true, step) => {
            text.push("Nothing to do yet: this is only watched, and cannot be applied.".to_owned());
            let step = step.filter(|_| is_flat).unwrap_or(rule);
            text.push(format!("If it proves true, the price would be: {step}."));
        }
        (false, Some(step)) if is_flat => text.push(format!("{event}: {step} for each {unit}.")),
        (false, step) => {
            let step = step.filter(|_| says.is_rise().is_some());
            let step = step.map(|step| format!(" A typical {unit}: {step}.")).unwrap_or_default();
            text.push(format!("{event}, new price: {rule}.{step}"));
        }
    }
    if says.is_watched() {
        return text;
    }
    text.push(if says.record.wants_notice() {
        "Bills of some customers rise much, so you have to choose how many days before they are told: 14 and 30 are \
         usual, 0 is none."
            .to_owned()
    } else {
        "It holds from the moment you apply it, or later if you give your customers notice: 14 and 30 days are usual."
            .to_owned()
    });
    text.push(format!(
        "Nothing changes by itself. You can take it back at any time with one command, and this advice lapses after \
         {LASTS_DAYS} days."
    ));
    text
}

fn nothing_to_publish(says: &Says<'_>) -> Vec<String> {
    let event = says.event();
    if says.record.kind != AdviceKind::DataQuality {
        let first = if says.is_watched() {
            "Nothing to do yet: this is only watched."
        } else {
            "No price to change now: know that it happened."
        };
        return vec![first.to_owned(), format!("{event} stays as it is.")];
    }
    let mut text = vec![format!("No price to change. First complete the figures of {event}:")];
    if let Detail::Missing { events, estimated_bp, unpriced, .. } = &says.evidence().detail {
        if *events > 0 {
            text.push(
                "• Send the cost with each event (`cost`), or the model and its tokens and let a rate card count it."
                    .to_owned(),
            );
        }
        if *estimated_bp > 0 {
            text.push("• Replace estimates with what the provider really bills.".to_owned());
        }
        if *unpriced > 0 {
            text.push(format!("• Publish a price for {event}: some of its events were charged without one."));
        }
    }
    text
}
