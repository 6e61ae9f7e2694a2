//! Corrections in words and columns, out of what the server answers.

use std::fmt::Write as _;

use serde_json::Value;

/// Customers that the table lists; `--json` has more.
const ROWS_MAX: usize = 50;

/// A preview: a row for each customer, then the sums, then what is left alone.
pub(super) fn of_preview(preview: &Value) -> String {
    let mut rows = String::new();
    let mut row = |customer: &str, of: &Value| {
        let cell = |field: &str| of[field].to_string();
        // A text can always be written to.
        let _ = writeln!(
            rows,
            "{:<24} {:>8} {:>16} {:>16} {:>16} {:>12}",
            customer,
            cell("events"),
            cell("credits_before"),
            cell("credits_after"),
            cell("difference"),
            cell("debt"),
        );
    };
    let customers = preview["customers"].as_array().map_or(&[][..], Vec::as_slice);
    for customer in customers.iter().take(ROWS_MAX) {
        row(customer["customer"].as_str().unwrap_or_default(), customer);
    }
    row("all", preview);
    let heading = format!(
        "{:<24} {:>8} {:>16} {:>16} {:>16} {:>12}\n",
        "customer", "events", "before", "after", "difference", "debt"
    );
    let mut text = heading + &rows;
    let total = preview["customers_total"].as_u64().unwrap_or_default();
    let hidden = total.saturating_sub(customers.len().min(ROWS_MAX) as u64);
    if hidden > 0 {
        let _ = writeln!(text, "{hidden} more customers, with smaller differences, are in the sums.");
    }
    let _ = writeln!(text, "{} events are right already.", preview["unchanged"]);
    for left in preview["left_alone"].as_array().into_iter().flatten() {
        let reason = left["reason"].as_str().unwrap_or_default();
        let _ = writeln!(text, "{} events are left alone: {reason}.", left["events"]);
    }
    text
}

/// A correction that is done.
pub(super) fn of_one(correction: &Value) -> String {
    format!(
        "{} is done: {} events changed, {} credits returned, {} charged, {} events left alone.\n",
        correction["id"].as_str().unwrap_or_default(),
        correction["events"],
        correction["returned"],
        correction["charged"],
        correction["left_alone"],
    )
}

/// A line for each correction.
pub(super) fn of_list(listed: &Value) -> String {
    let corrections = listed["data"].as_array().map_or(&[][..], Vec::as_slice);
    if corrections.is_empty() {
        return "There are no corrections.\n".to_owned();
    }
    corrections.iter().map(line_of).collect()
}

fn line_of(correction: &Value) -> String {
    let text = |field: &str| correction[field].as_str().unwrap_or_default();
    let undone = correction["undone_by"].as_str().map(|by| format!("  undone by {by}")).unwrap_or_default();
    format!(
        "{}  {}  {}  {} events  {}{undone}\n",
        text("id"),
        text("opened_at"),
        text("status"),
        correction["events"],
        text("note"),
    )
}
