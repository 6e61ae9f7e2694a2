//! Rate cards for people: what the JSON has, in lines.

use std::fmt::Write as _;

use serde_json::Value;

/// Changes and names told before "and n more": a screen of them. `--json` has all.
const TOLD_MAX: usize = 20;

/// One card in a list.
pub(super) fn card(card: &Value) -> String {
    let note = text(&card["note"]);
    let note = if note.is_empty() { String::new() } else { format!("  {note}") };
    format!(
        "{:>4}  {}  {:>3} models  from {}{note}\n",
        card["card"].to_string(),
        text(&card["source"]),
        card["models"].to_string(),
        text(&card["effective_at"]),
    )
}

/// The rates of one model.
pub(super) fn model(model: &Value) -> String {
    let mut out =
        format!("{}  since {}, card {}\n", name(model), text(&model["effective_at"]), model["card"]);
    for rate in items(&model["rates"]) {
        let _ = writeln!(out, "  {}", self::rate(rate));
    }
    out
}

/// What an import would do, or did.
pub(super) fn report(answer: &Value) -> String {
    let report = &answer["report"];
    let (changed, gone) = (items(&report["changed"]), items(&report["gone"]));
    let mut out = format!(
        "{}: {} models new, {} changed, {} unchanged, {} gone from the list\n",
        text(&answer["source"]),
        report["added"],
        changed.len(),
        report["unchanged"],
        gone.len()
    );
    for change in changed.iter().take(TOLD_MAX) {
        let _ = writeln!(
            out,
            "changed  {}\n  before  {}\n  after   {}",
            name(change),
            rates(&change["before"]),
            rates(&change["after"])
        );
    }
    more(&mut out, changed.len());
    for model in gone.iter().take(TOLD_MAX) {
        let _ = writeln!(out, "gone     {} (keeps its rates)", name(model));
    }
    more(&mut out, gone.len());
    effect(&mut out, &answer["effect"]);
    let skipped = items(&report["skipped"]);
    if !skipped.is_empty() {
        out.push_str("left out\n");
    }
    for reason in skipped {
        let first = &reason["examples"][0];
        let of = first["of"].as_str().map(|of| format!(", {of}")).unwrap_or_default();
        let _ = writeln!(
            out,
            "  {:>5}  {}: {}{of}",
            reason["count"].to_string(),
            text(&reason["meaning"]),
            name(first)
        );
    }
    out
}

/// What the rates would have made of the use of late, which a server tells.
fn effect(out: &mut String, effect: &Value) {
    if effect.is_null() {
        return;
    }
    let amount = |name: &str| format!("{} {}", text(&effect[name]), text(&effect["currency"]));
    let _ = writeln!(
        out,
        "the use since {} costs {} now and {} then: the margin changes by {}",
        text(&effect["from"]),
        amount("cost_now"),
        amount("cost_then"),
        amount("margin_change")
    );
    if let (Some(now), Some(then)) = (effect["gross_margin"].as_str(), effect["gross_margin_then"].as_str()) {
        let _ = writeln!(out, "  gross margin of everything {now} now, {then} then");
    }
    let _ = writeln!(
        out,
        "  not in it: {} models without use, {} events with a cost for the first time ({}), {} without a rate any more, {} of \
         a unit without a rate",
        effect["unused_models"],
        effect["newly_priced"],
        amount("newly_priced_cost"),
        effect["no_longer_priced"],
        effect["unpriced"]
    );
}

/// What was published.
pub(super) fn published(answer: &Value) -> String {
    let cards = items(&answer["cards"]);
    match (cards.first(), cards.last()) {
        (Some(first), Some(last)) if first != last => {
            format!("published the rates of {} models as cards {first} to {last}\n", to_publish(answer))
        }
        (Some(only), _) => format!("published the rates of {} models as card {only}\n", to_publish(answer)),
        (None, _) => "there was nothing left to publish\n".to_owned(),
    }
}

/// How many models an import would publish, or did.
pub(super) fn to_publish(answer: &Value) -> u64 {
    let report = &answer["report"];
    report["added"].as_u64().unwrap_or_default() + items(&report["changed"]).len() as u64
}

fn rates(rates: &Value) -> String {
    items(rates).iter().map(rate).collect::<Vec<_>>().join(", ")
}

fn rate(rate: &Value) -> String {
    let batch = if rate["batch"] == true { "batch " } else { "" };
    let above =
        rate["above_input_tokens"].as_u64().map(|above| format!(" above {above}")).unwrap_or_default();
    format!("{batch}{}{above} {}", text(&rate["unit"]), text(&rate["rate"]))
}

fn more(out: &mut String, all: usize) {
    if all > TOLD_MAX {
        let _ = writeln!(out, "  and {} more: --json has them", all - TOLD_MAX);
    }
}

fn name(of: &Value) -> String {
    format!("{}/{}", text(&of["provider"]), text(&of["model"]))
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
