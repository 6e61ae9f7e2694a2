//! Lists of advice as a table, and the track record.

use std::fmt::Write as _;

use serde_json::Value;

/// The surest first, and of those the one that brings most: how cards are ordered.
pub(super) fn weight(one: &Value) -> (u8, std::cmp::Reverse<i64>) {
    let rank = match one["confidence"].as_str() {
        Some("high") => 0,
        Some("medium") => 1,
        _ => 2,
    };
    let lift = one["estimated_lift"]["amount"].as_str().unwrap_or("0");
    let whole = lift.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or(0);
    (rank, std::cmp::Reverse(whole))
}

/// The list of advice.
pub(super) fn of_list(all: &[Value]) -> String {
    if all.is_empty() {
        return "No advice yet: `chargly advise` looks for it.\n".to_owned();
    }
    let rows: Vec<[String; 7]> = all
        .iter()
        .map(|one| {
            let step = match (&one["current_credits"], &one["recommended_credits"]) {
                (Value::Null, _) | (_, Value::Null) => "–".to_owned(),
                (now, then) => format!("{now} → {then}"),
            };
            let lift = &one["estimated_lift"];
            [
                text(&one["id"]),
                text(&one["status"]),
                text(&one["confidence"]),
                text(&one["event"]),
                text(&one["kind"]),
                step,
                format!("{} {}", rounded(&lift["amount"]), text(&lift["currency"])),
            ]
        })
        .collect();
    let titles = ["id", "status", "confidence", "event", "kind", "credits", "a month"].map(str::to_owned);
    let mut out = String::new();
    let widths: Vec<usize> = (0..titles.len())
        .map(|at| rows.iter().chain([&titles]).map(|row| row[at].chars().count()).max().unwrap_or(0))
        .collect();
    for row in [&titles].into_iter().chain(&rows) {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        let _ = writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    out
}

/// How often advice came true.
pub(super) fn of_record(record: &Value) -> String {
    let graded = &record["graded"];
    if record["brier_score"].is_null() {
        return format!(
            "{graded} claims have come out so far; from {} on, this shows how often they came true.\n",
            record["shown_from"]
        );
    }
    let mut out = format!("{graded} claims have come out ({} may still change).\n", record["provisional"]);
    for bin in record["bins"].as_array().into_iter().flatten() {
        let _ = writeln!(
            out,
            "  said to be sure by {} to {}: {} claims, {} came true",
            percent(&bin["from"]),
            percent(&bin["to"]),
            bin["claims"],
            bin["came_true"]
        );
    }
    let _ = writeln!(out, "Score {}: 0 is perfect, 0.25 is a coin.", text(&record["brier_score"]));
    out
}

/// A share as a percentage without decimals.
fn percent(share: &Value) -> String {
    let share: Vec<char> = text(share).chars().collect();
    match share.as_slice() {
        ['1', ..] => "100 %".to_owned(),
        ['0', '.', tens] => format!("{tens}0 %"),
        ['0', '.', tens, ones, ..] => format!("{tens}{ones} %"),
        _ => "0 %".to_owned(),
    }
}

/// An amount up to its cents.
fn rounded(amount: &Value) -> String {
    let amount = text(amount);
    match amount.split_once('.') {
        Some((whole, part)) => format!("{whole}.{}", part.get(..2).unwrap_or(part)),
        None => amount,
    }
}

/// A text or a number as it is written; a dash where there is none.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    }
}

/// The day of an instant.
pub(super) fn day_of(at: &Value) -> String {
    text(at).split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_surest_that_brings_most_comes_first() {
        let one = |confidence: &str, amount: &str| json!({"confidence": confidence, "estimated_lift": {"amount": amount}});
        let mut all = [one("low", "900"), one("high", "-3.5"), one("medium", "1"), one("high", "182.4")];
        all.sort_by_key(weight);
        let order: Vec<_> = all.iter().map(|one| text(&one["estimated_lift"]["amount"])).collect();
        assert_eq!(order, ["182.4", "-3.5", "1", "900"]);
    }

    #[test]
    fn shares_and_amounts_are_short() {
        for (share, expected) in
            [("0.7", "70 %"), ("0.85", "85 %"), ("0.9999", "99 %"), ("1", "100 %"), ("0", "0 %")]
        {
            assert_eq!(percent(&json!(share)), expected);
        }
        assert_eq!(rounded(&json!("182.123456")), "182.12");
        assert_eq!(rounded(&json!("-0.5")), "-0.5");
    }

    #[test]
    fn a_list_has_a_row_for_each() {
        let one = json!({"id": "rec_1", "status": "pending", "confidence": "high", "event": "chat.reply",
            "kind": "under_target", "current_credits": 4, "recommended_credits": 5,
            "estimated_lift": {"amount": "182", "currency": "usd"}});
        let list = of_list(&[one]);
        let row: Vec<&str> = list.lines().nth(1).expect("a row").split_whitespace().collect();
        assert_eq!(
            row,
            ["rec_1", "pending", "high", "chat.reply", "under_target", "4", "→", "5", "182", "usd"]
        );
        assert!(of_list(&[]).contains("chargly advise"));
    }
}
