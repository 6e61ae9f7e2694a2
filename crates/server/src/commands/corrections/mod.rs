//! `chargly corrections`: put many events right through a server: first the table, customer by customer, then the deed.

mod flags;
mod table;

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use self::flags::{ActionArgs, Decision, FilterArgs, Server};
use crate::failure::Advice;
use crate::http_client::Client;
use crate::output;

/// How long to wait before asking again how far a correction has come.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Flags of `chargly corrections`.
#[derive(Clone, Debug, Args)]
pub(crate) struct CorrectionsArgs {
    #[command(subcommand)]
    what: What,
}

/// What to do with corrections.
#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Show what a correction would do, customer by customer, and change nothing
    Preview {
        #[command(flatten)]
        filter: FilterArgs,
        #[command(flatten)]
        action: ActionArgs,
        #[command(flatten)]
        server: Server,
    },
    /// Show what a correction would do, ask, and carry it out
    Apply {
        #[command(flatten)]
        filter: FilterArgs,
        #[command(flatten)]
        action: ActionArgs,
        #[command(flatten)]
        decision: Decision,
        #[command(flatten)]
        server: Server,
    },
    /// Show what taking a correction back would do, ask, and do it
    Undo {
        /// The correction, as `list` shows it
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        decision: Decision,
        #[command(flatten)]
        server: Server,
    },
    /// List corrections, newest first
    List {
        #[command(flatten)]
        server: Server,
    },
}

/// Runs a command about corrections.
///
/// # Errors
/// If the server cannot be called or refuses; if nobody confirms.
pub(crate) fn run(args: &CorrectionsArgs) -> Result<()> {
    let runtime = super::runtime()?;
    match &args.what {
        What::Preview { filter, action, server } => {
            let asked = json!({"filter": filter.to_json()?, "action": action.to_json()?});
            let client = server.client()?;
            let shown = runtime.block_on(post(&client, &["preview"], &asked, "previewing"))?;
            show(server, &shown, table::of_preview)
        }
        What::Apply { filter, action, decision, server } => {
            let asked = json!({"filter": filter.to_json()?, "action": action.to_json()?});
            runtime.block_on(decide(server, decision, (&["preview"], &[]), asked))
        }
        What::Undo { id, decision, server } => {
            let path = [id.as_str(), "undo"];
            runtime.block_on(decide(server, decision, (&path, &path), json!({})))
        }
        What::List { server } => {
            let client = server.client()?;
            let listed = runtime.block_on(client.call(Method::GET, &["v1", "corrections"], None))?;
            show(server, &listed.ok("listing corrections")?, table::of_list)
        }
    }
}

/// Previews, shows, asks, carries out, and waits for the end. `paths` are those of the preview and of the deed.
async fn decide(
    server: &Server,
    decision: &Decision,
    (previewed_at, done_at): (&[&str], &[&str]),
    mut asked: Value,
) -> Result<()> {
    let client = server.client()?;
    let preview = post(&client, previewed_at, &asked, "previewing").await?;
    if !server.json {
        output::print(&table::of_preview(&preview))?;
    }
    if preview["events"] == 0 {
        return if server.json { output::print_json(&preview) } else { output::print("Nothing to do.\n") };
    }
    confirm(decision)?;
    asked["preview"] = preview["preview"].clone();
    asked["note"] = decision.note.as_str().into();
    let opened = post(&client, done_at, &asked, "opening the correction").await?;
    let id = opened["id"].as_str().context("the server answered no id")?;
    let done = wait_for(&client, id).await?;
    show(server, &done, table::of_one)
}

async fn wait_for(client: &Client, id: &str) -> Result<Value> {
    loop {
        let state = client.call(Method::GET, &["v1", "corrections", id], None).await?;
        let state = state.ok("asking how far it has come")?;
        if state["status"] == "done" {
            return Ok(state);
        }
        tokio::time::sleep(ASK_AGAIN_AFTER).await;
    }
}

/// Nothing is changed that nobody said yes to after seeing it.
fn confirm(decision: &Decision) -> Result<()> {
    if decision.yes {
        return Ok(());
    }
    let refuse = || {
        Advice::new("nobody confirmed the correction; nothing was changed", "Answer y, or say so with --yes.")
    };
    if !std::io::stdin().is_terminal() {
        bail!(refuse());
    }
    let mut err = std::io::stderr().lock();
    write!(err, "Carry this out? [y/N] ").and_then(|()| err.flush()).context("asking")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("reading the answer")?;
    if !["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()) {
        bail!(refuse());
    }
    Ok(())
}

async fn post(client: &Client, below: &[&str], body: &Value, doing: &str) -> Result<Value> {
    let path = [&["v1", "corrections"], below].concat();
    client.call(Method::POST, &path, Some(body.to_string())).await?.ok(doing)
}

fn show(server: &Server, value: &Value, in_words: impl FnOnce(&Value) -> String) -> Result<()> {
    if server.json { output::print_json(value) } else { output::print(&in_words(value)) }
}
