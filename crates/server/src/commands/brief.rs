//! `chargly brief`: the nine questions of a Monday, answered by a running server.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Deserialize;

use crate::failure::Usage;
use crate::http_client::Client;
use crate::output;

/// Flags of `chargly brief`.
#[derive(Clone, Debug, Args)]
pub(crate) struct BriefArgs {
    /// Any day of the week that is meant, which begins on Monday; the last whole week if left out
    #[arg(long, env = "CHARGLY_WEEK", value_name = "DAY")]
    week: Option<String>,
    /// Print the result as JSON
    #[arg(long, env = "CHARGLY_JSON")]
    json: bool,
    /// The server
    #[arg(long, env = "CHARGLY_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    url: String,
    /// A secret key with the scope read; it decides the environment
    #[arg(long, env = "CHARGLY_API_KEY", value_name = "KEY", hide_env_values = true)]
    // A settings file makes its values defaults, and help shows those.
    #[arg(hide_default_value = true)]
    key: Option<String>,
}

/// What is read of an answer: words alone, so that no number passes through a double.
#[derive(Debug, Deserialize)]
struct Brief {
    from: String,
    to: String,
    time_zone: String,
    unfinished: bool,
    questions: Vec<Question>,
}

#[derive(Debug, Deserialize)]
struct Question {
    question: String,
    sentence: String,
    quality: String,
    link: String,
    action: Option<String>,
}

/// Prints the brief.
///
/// # Errors
/// If the server cannot be reached, or refuses.
pub(crate) fn run(args: &BriefArgs) -> Result<()> {
    let key = args.key.as_deref().ok_or_else(|| {
        Usage("the brief needs a secret key: give it with --key or in CHARGLY_API_KEY".to_owned())
    })?;
    let client = Client::new(&args.url, key)?;
    let query: Vec<_> = args.week.iter().map(|week| ("week".to_owned(), week.clone())).collect();
    let answered =
        super::runtime()?.block_on(client.text(&["v1", "brief"], &query, "asking for the brief"))?;
    if args.json {
        return output::print(&(answered + "\n"));
    }
    let brief: Brief = serde_json::from_str(&answered).context("reading the brief")?;
    output::print(&in_words(&brief, args.url.trim_end_matches('/')))
}

fn in_words(brief: &Brief, url: &str) -> String {
    let so_far = if brief.unfinished { ", so far" } else { "" };
    let mut out = format!("Week from {} to before {} ({}){so_far}\n", brief.from, brief.to, brief.time_zone);
    for (number, question) in (1..).zip(&brief.questions) {
        let quality = match question.quality.as_str() {
            "complete" => String::new(),
            "costs_missing" => " [some costs missing]".to_owned(),
            other => format!(" [{}]", other.replace('_', " ")),
        };
        // Writing to a string cannot fail.
        let _ = write!(out, "\n{number}. {}{quality}\n   {}\n", question.question, question.sentence);
        if let Some(action) = &question.action {
            let _ = writeln!(out, "   → {action}");
        }
        let _ = writeln!(out, "   {url}{}", question.link);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_told_with_its_answer_its_doubt_its_action_and_its_page() {
        let brief = r#"{"from":"2026-11-16T00:00:00.000Z","to":"2026-11-23T00:00:00.000Z","time_zone":"UTC","unfinished":false,
            "questions":[{"question":"Is the data complete?","sentence":"Nothing came in.","figure":null,
            "quality":"not_enough_data","link":"/dashboard/test/health","action":"Send a first event."}]}"#;
        let brief: Brief = serde_json::from_str(brief).expect("a brief");
        assert_eq!(
            in_words(&brief, "http://127.0.0.1:8080"),
            "Week from 2026-11-16T00:00:00.000Z to before 2026-11-23T00:00:00.000Z (UTC)\n\
             \n1. Is the data complete? [not enough data]\n   Nothing came in.\n   → Send a first event.\n   \
             http://127.0.0.1:8080/dashboard/test/health\n"
        );
    }
}
