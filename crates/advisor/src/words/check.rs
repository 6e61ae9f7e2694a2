//! How to check a card oneself: commands and queries with everything filled in.

use chargly_ledger::{Detail, Rule};

use super::days::instant;
use super::says::Says;

/// Commands and queries.
pub(super) fn check(says: &Says<'_>) -> Vec<String> {
    let record = says.record;
    let event = says.event();
    let (from, to) = (instant(record.window_from.0), instant(record.window_to.0));
    let mut text = Vec::new();
    match record.proposal.as_ref().map(|proposal| &proposal.rule) {
        Some(Rule::Flat { credits }) => {
            text.push("Try the price on your own past events:".to_owned());
            text.push(format!(
                "chargly simulate --event {event} --credits {credits} --from {from} --to {to}"
            ));
        }
        Some(_) => {
            text.push(
                "Try the price on your own past events: put the `rule` of this recommendation into a file prices.toml, \
                 under [[rules]] with event = \""
                    .to_owned()
                    + event
                    + "\", then:",
            );
            text.push(format!("chargly simulate prices.toml --from {from} --to {to}"));
        }
        None => {}
    }
    let by = match &record.evidence.detail {
        Detail::Levels { dimension, .. } | Detail::Mix { dimension, .. } => format!("&group_by={dimension}"),
        _ => String::new(),
    };
    text.push("The figures behind it:".to_owned());
    for what in ["margin", "usage"] {
        text.push(format!("GET /v1/{what}?event={event}&from={from}&to={to}&interval=total{by}"));
    }
    text.push(format!(
        "The same facts (those before position {}) with seed {} and method {} give the same card, to the letter.",
        record.cut_off.0, record.seed, record.method
    ));
    text
}
