//! Cards on a terminal: wrapped, with a margin, and with commands left in one piece to be copied.

use serde_json::Value;

use super::table::{day_of, text};

/// Characters in a line: what reads well, and fits most windows.
const WIDTH: usize = 96;
const INDENT: &str = "  ";
const RULE: &str = "────────────────────────────────────────────────────────────────────────";
/// What begins a line that is to be copied.
const COPIED: [&str; 2] = ["chargly ", "GET "];

/// What came of a look: cards, then what is only watched.
pub(super) fn looked(result: &Value, advice: &[Value], watched: &[Value], is_dry: bool) -> String {
    let mut out = String::new();
    for one in advice {
        out.push_str(&card(one));
        out.push_str(&how_to_decide(one));
        out.push_str(&format!("{RULE}\n\n"));
    }
    if advice.is_empty() {
        out.push_str("No advice: no price calls for a change, as far as can be said.\n\n");
    }
    if !watched.is_empty() {
        out.push_str("What each event type costs, earns and lacks (arithmetic, no advice)\n\n");
        for one in watched {
            out.push_str(&of_watched(one));
        }
    }
    let events = text(&result["events"]);
    let made = result["made"].as_array().map_or(0, Vec::len);
    let recorded = match (is_dry, made) {
        (true, _) => "Nothing was recorded.".to_owned(),
        (false, 0) => "Nothing new was advised.".to_owned(),
        (false, 1) => "1 piece of advice is new.".to_owned(),
        (false, made) => format!("{made} pieces of advice are new."),
    };
    out.push_str(&wrapped(
        &format!("Looked at {events} events as of {}. {recorded}", day_of(&result["as_of"])),
        "",
    ));
    out
}

/// A card with its head.
pub(super) fn card(one: &Value) -> String {
    let card = &one["card"];
    let mut out = wrapped(&text(&card["title"]), "");
    out.push_str(&head(one));
    for section in card["sections"].as_array().into_iter().flatten() {
        out.push_str(&format!("\n{}\n", text(&section["heading"])));
        for line in section["text"].as_array().into_iter().flatten() {
            out.push_str(&paragraph(&text(line)));
        }
    }
    out
}

/// Id, status and confidence; nothing of what was not recorded.
fn head(one: &Value) -> String {
    if one["id"].is_null() {
        return format!("not recorded · confidence {}\n", text(&one["confidence"]));
    }
    let until = match one["status"].as_str() {
        Some("pending") => format!(" until {}", day_of(&one["expires_at"])),
        _ => String::new(),
    };
    format!(
        "{} · {}{until} · confidence {}\n",
        text(&one["id"]),
        text(&one["status"]),
        text(&one["confidence"])
    )
}

fn how_to_decide(one: &Value) -> String {
    let Some(id) = one["id"].as_str().filter(|_| one["status"] == "pending") else { return "\n".to_owned() };
    let mut out = "\nDecide\n".to_owned();
    if one["confidence"] != "low" && !one["proposal"].is_null() {
        let notice = if one["notice_required"] == true { " --notice-days 14" } else { "" };
        out.push_str(&format!("{INDENT}chargly advise apply {id}{notice}\n"));
    }
    out.push_str(&format!("{INDENT}chargly advise reject {id} --reason \"…\"\n\n"));
    out
}

/// The arithmetic of a card.
pub(super) fn arithmetic(explained: &Value) -> String {
    let mut out = "\nThe arithmetic\n".to_owned();
    out.push_str(&paragraph(&text(&explained["cost_context"])));
    for line in explained["lines"].as_array().into_iter().flatten() {
        out.push_str(&paragraph(&text(line)));
    }
    out
}

/// What a decision came to.
pub(super) fn decided(one: &Value) -> String {
    let (event, decision) = (text(&one["event"]), &one["decision"]);
    let words = if !one["rolled_back"].is_null() {
        format!(
            "Rolled back: {event} has its earlier price again, as version {} from {} on.",
            text(&one["rolled_back"]["version"]),
            day_of(&one["rolled_back"]["effective_at"])
        )
    } else {
        match one["status"].as_str() {
            Some("applied") => format!(
                "Applied: {event} costs {} now (version {}). Its outcome is looked at on {}.\n\
                 To take it back: chargly advise roll-back {}",
                text(&one["proposal"]["in_words"]),
                text(&one["version_to"]),
                day_of(&one["review_at"]),
                text(&one["id"])
            ),
            Some("accepted") => format!(
                "Accepted: {event} costs {} from {} on (version {}). Tell your customers.\n\
                 To take it back: chargly advise roll-back {}",
                text(&one["proposal"]["in_words"]),
                day_of(&decision["effective_at"]),
                text(&one["version_to"]),
                text(&one["id"])
            ),
            _ => format!("Rejected: {event} keeps its price. It is not said again until the figures move."),
        }
    };
    words + "\n"
}

fn of_watched(one: &Value) -> String {
    let mut out = format!("{}\n", text(&one["event"]));
    out.push_str(&paragraph(&text(&one["in_words"])));
    let needs: Vec<String> =
        one["needs"].as_array().into_iter().flatten().map(|need| text(&need["in_words"])).collect();
    if !needs.is_empty() {
        out.push_str(&paragraph(&format!("Lacking, before advice can be acted on: {}.", needs.join("; "))));
    }
    out.push('\n');
    out
}

/// A paragraph with a margin; a command stays as it is.
fn paragraph(line: &str) -> String {
    if COPIED.iter().any(|begin| line.starts_with(begin)) {
        return format!("{INDENT}{INDENT}{line}\n");
    }
    wrapped(line, INDENT)
}

/// Breaks text at spaces. Lines after the first of a list's point stand below its text.
fn wrapped(text: &str, indent: &str) -> String {
    let hanging = if text.starts_with("• ") { format!("{indent}  ") } else { indent.to_owned() };
    let (mut out, mut line) = (String::new(), indent.to_owned());
    let mut is_empty = true;
    // A number and the sign of its unit stay together.
    let glued = text.replace(" %", "\u{a0}%").replace(" ¢", "\u{a0}¢");
    for word in glued.split(' ') {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            line.clone_from(&hanging);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    (out + line.trim_end() + "\n").replace('\u{a0}', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_spaces_and_points_hang() {
        let long = "word ".repeat(40);
        let text = wrapped(long.trim(), INDENT);
        assert!(
            text.lines().all(|line| line.chars().count() <= WIDTH && line.starts_with("  word")),
            "{text}"
        );
        let point = wrapped(&format!("• {}", long.trim()), INDENT);
        let lines: Vec<&str> = point.lines().collect();
        assert!(lines[0].starts_with("  • word") && lines[1].starts_with("    word"), "{point}");
        assert_eq!(wrapped("", ""), "\n");
        let percents = wrapped("it is 100 % ".repeat(20).trim(), "");
        assert!(percents.lines().all(|line| !line.starts_with('%')), "{percents}");
    }

    #[test]
    fn what_is_to_be_copied_stays_in_one_line() {
        let command = format!("chargly simulate {}", "--event chat.reply ".repeat(10));
        assert_eq!(paragraph(&command).lines().count(), 1);
    }
}
