//! `chargly resume-effects`: after a restore, what reaches outside may do so again.

use anyhow::{Context as _, Result};
use chargly_engine::journal::{Restored, read_restored, write_restored};
use clap::Args;
use serde_json::json;

use crate::cli::DataArgs;
use crate::data_dir::{DataDir, environments_named, time_text};
use crate::output;

/// Flags of `chargly resume-effects`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ResumeEffectsArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Resume this environment only: test or live
    #[arg(long, env = "CHARGLY_ENV", value_name = "NAME")]
    env: Option<String>,
    /// Print the result as JSON, an object per environment
    #[arg(long, env = "CHARGLY_JSON")]
    json: bool,
}

/// Changes the note that the restore has left. It is replaced as a whole, so that this works beside a server.
///
/// # Errors
/// If there is no project, or the note cannot be read or written.
pub(crate) fn run(args: &ResumeEffectsArgs) -> Result<()> {
    let data = DataDir::at(&args.data.data);
    data.project()?;
    for name in environments_named(args.env.as_deref())? {
        let dir = data.environment(name);
        let doing = || format!("resuming effects of the environment {name}");
        let note = read_restored(&dir).with_context(doing)?.filter(|note| note.effects_are_paused);
        if let Some(note) = note {
            write_restored(&dir, &Restored { effects_are_paused: false, ..note }).with_context(doing)?;
        }
        let restored_at = note.map(|note| time_text(note.at_ms));
        if args.json {
            let json = json!({"environment": name, "resumed": note.is_some(), "restored_at": restored_at});
            output::print_json(&json)?;
        } else if let Some(at) = restored_at {
            output::print(&format!("{name}: what reaches outside is resumed; restored at {at}\n"))?;
        } else {
            output::print(&format!("{name}: nothing was paused\n"))?;
        }
    }
    Ok(())
}
