//! A result as a person reads it: the runs side by side, never one of them alone.

use std::fmt::Write as _;

use serde_json::Value;

const RUNS: [(&str, &str); 3] =
    [("happened", "happened"), ("static", "static"), ("replenishing", "replenishing")];
const ROWS: [(&str, &str); 10] = [
    ("events", "events"),
    ("credits used", "credits_used"),
    ("revenue", "revenue"),
    ("of it breakage", "breakage"),
    ("cash", "cash"),
    ("cost", "cost"),
    ("margin", "margin"),
    ("denied events", "denied"),
    ("let in events", "let_in/events"),
    ("packs bought again", "packs"),
];

/// The result of `POST /v1/price-simulations` in words.
pub(super) fn in_words(result: &Value) -> String {
    let mut out = String::new();
    let _ = write!(out, "{:<20}", format!("in {}", text(&result["currency"]).to_uppercase()));
    for (title, _) in RUNS {
        let _ = write!(out, "{title:>18}");
    }
    let _ = writeln!(out, "{:>50}", "elastic, p5 – p50 – p95");
    for (title, field) in ROWS {
        let _ = write!(out, "{title:<20}");
        for (_, run) in RUNS {
            let _ = write!(out, "{:>18}", text(found(&result[run], field)));
        }
        let spread = found(&result["elastic"], field);
        if spread.is_object() {
            let [low, middle, high] = ["p5", "p50", "p95"].map(|at| text(&spread[at]));
            let _ = write!(out, "{:>50}", format!("{low} – {middle} – {high}"));
        }
        out.push('\n');
    }
    let (run_outs, shock, left) = (&result["run_outs"], &result["bill_shock"], &result["outstanding"]);
    let _ = writeln!(
        out,
        "\nwallets that run out: {} instead of {}; {} newly, {} earlier, {} no longer",
        run_outs["static"],
        run_outs["happened"],
        run_outs["newly"],
        run_outs["earlier"],
        run_outs["no_longer"]
    );
    let _ = writeln!(
        out,
        "for the same usage, of {} customers half pay at most {} more, nine in ten at most {}, all at most {}; {} pay \
         over 25 % more",
        shock["customers"],
        percent(&shock["p50_bp"]),
        percent(&shock["p90_bp"]),
        percent(&shock["max_bp"]),
        shock["above_25_percent"]
    );
    let _ = writeln!(
        out,
        "{} credits were sold or given and not used: what they buy is worth {} less, and serving them costs {} instead \
         of {}",
        text(&left["credits"]),
        text(&left["devaluation"]),
        text(&left["serving_cost_after"]),
        text(&left["serving_cost_before"])
    );
    notes(&mut out, result);
    out
}

/// What was counted apart, where there is any.
fn notes(out: &mut String, result: &Value) {
    if let Some(differences) = result["self_test_differences"].as_u64() {
        let _ = writeln!(out, "self-test: {differences} facts came out otherwise than they were recorded");
    }
    let run = &result["static"];
    for (what, count) in [
        ("events that had been refused are let in", &run["let_in"]["events"]),
        ("calls refer to something that would not have happened, and are left out", &run["left_out"]),
        ("captures take all that is held, because their price goes beyond it", &run["capped"]),
        ("events lack what a rule needs, and keep their price", &run["unpriced"]),
    ] {
        if count.as_u64().is_some_and(|count| count > 0) {
            let _ = writeln!(out, "{count} {what}");
        }
    }
}

/// What stands at a path in a run; null where there is nothing.
fn found<'v>(run: &'v Value, path: &str) -> &'v Value {
    run.pointer(&format!("/{path}")).unwrap_or(&Value::Null)
}

/// A text or a number as it is written; a dash where there is none.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    }
}

/// Hundredths of a percent as a percentage.
fn percent(bp: &Value) -> String {
    let bp = bp.as_i64().unwrap_or(0);
    let sign = if bp < 0 { "-" } else { "" };
    format!("{sign}{}.{:02} %", bp.unsigned_abs() / 100, bp.unsigned_abs() % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn percentages_keep_their_sign_below_one() {
        for (bp, expected) in [(2_550, "25.50 %"), (-5, "-0.05 %"), (0, "0.00 %")] {
            assert_eq!(percent(&json!(bp)), expected);
        }
    }
}
