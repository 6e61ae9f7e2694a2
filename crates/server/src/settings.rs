//! The one optional settings file: values for flags, in TOML.
//!
//! ```toml
//! data = "./chargly-data"    # for every command that has the flag
//!
//! [serve]                    # for `chargly serve`
//! listen = "0.0.0.0:8080"
//! log-format = "json"
//! ```
//!
//! A name that no flag has is refused: a typo must not silently mean the default.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Arg, Command};

/// The environment variable that names the file.
pub(crate) const FILE_VARIABLE: &str = "CHARGLY_CONFIG";

/// The settings file that the command line or the environment names.
pub(crate) fn file_named_in(args: &[OsString]) -> Option<PathBuf> {
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--config" {
            return args.next().map(PathBuf::from);
        }
        if let Some(value) = arg.to_str().and_then(|arg| arg.strip_prefix("--config=")) {
            return Some(value.into());
        }
    }
    std::env::var_os(FILE_VARIABLE).map(PathBuf::from)
}

/// Makes what the file says the defaults of the flags.
///
/// # Errors
/// If the file cannot be read, is not TOML, or names what is not there.
pub(crate) fn apply(command: Command, file: Option<&Path>) -> Result<Command> {
    let Some(file) = file else { return Ok(command) };
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("reading the settings file {}", file.display()))?;
    apply_text(command, &text).with_context(|| format!("using the settings file {}", file.display()))
}

fn apply_text(mut command: Command, text: &str) -> Result<Command> {
    let table: toml::Table = toml::from_str(text)?;
    for (name, value) in table {
        match value {
            toml::Value::Table(settings) => {
                let Some(found) = command.find_subcommand(&name) else {
                    bail!("there is no command `{name}`")
                };
                let mut found = found.clone();
                for (flag, value) in settings {
                    let value = text_of(&flag, &value)?;
                    let Some(with) = with_default(&found, &flag, &value) else {
                        bail!("`{name}` has no flag `{flag}`");
                    };
                    found = with;
                }
                command = command.mut_subcommand(name, |_| found);
            }
            value => {
                let value = text_of(&name, &value)?;
                let mut is_known = false;
                command = command.mut_subcommands(|sub| match with_default(&sub, &name, &value) {
                    Some(with) => {
                        is_known = true;
                        with
                    }
                    None => sub,
                });
                if !is_known {
                    bail!("no command has a flag `{name}`");
                }
            }
        }
    }
    Ok(command)
}

/// The command with another default for a flag; `None` where it has no such flag.
fn with_default(command: &Command, flag: &str, value: &str) -> Option<Command> {
    let is_it = |arg: &&Arg| arg.get_long() == Some(&flag.replace('_', "-"));
    let id = command.get_arguments().find(is_it)?.get_id().clone();
    let value = value.to_owned();
    Some(command.clone().mut_arg(id, |arg| arg.required(false).default_value(OsStr::new(&value).to_owned())))
}

fn text_of(name: &str, value: &toml::Value) -> Result<String> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(is_set) => Ok(is_set.to_string()),
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => {
            bail!("`{name}` must be a text, a whole number, or true or false")
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::ArgAction;

    use super::*;

    fn commands() -> Command {
        let data = || Arg::new("data").long("data").default_value("here");
        Command::new("chargly")
            .subcommand(Command::new("serve").arg(data()).arg(Arg::new("log_level").long("log-level")))
            .subcommand(
                Command::new("verify")
                    .arg(data())
                    .arg(Arg::new("json").long("json").action(ArgAction::SetTrue)),
            )
    }

    fn value(settings: &str, line: &[&str], id: &str) -> Option<String> {
        let command = apply_text(commands(), settings).unwrap_or_else(|error| panic!("{error:#}"));
        let matches = command.try_get_matches_from(line).expect("understood");
        matches.subcommand().expect("a command").1.get_one::<String>(id).cloned()
    }

    #[test]
    fn a_value_at_the_top_is_for_every_command_and_a_table_for_one() {
        let settings = "data = 'there'\n[serve]\nlog-level = 'debug'";
        assert_eq!(value(settings, &["chargly", "verify"], "data").as_deref(), Some("there"));
        assert_eq!(value(settings, &["chargly", "serve"], "data").as_deref(), Some("there"));
        assert_eq!(value(settings, &["chargly", "serve"], "log_level").as_deref(), Some("debug"));
    }

    #[test]
    fn a_flag_wins_over_the_file() {
        let line = ["chargly", "serve", "--data", "mine"];
        assert_eq!(value("data = 'there'", &line, "data").as_deref(), Some("mine"));
    }

    #[test]
    fn a_switch_is_set_by_true() {
        let command = apply_text(commands(), "[verify]\njson = true").expect("understood");
        let matches = command.try_get_matches_from(["chargly", "verify"]).expect("understood");
        assert!(matches.subcommand().expect("a command").1.get_flag("json"));
    }

    #[test]
    fn what_no_flag_is_called_is_refused() {
        for (settings, problem) in [
            ("dada = 'x'", "no command has a flag `dada`"),
            ("[serf]\ndata = 'x'", "there is no command `serf`"),
            ("[serve]\njson = true", "`serve` has no flag `json`"),
            ("data = 1.5", "`data` must be a text"),
        ] {
            let error = apply_text(commands(), settings).expect_err(settings).to_string();
            assert!(error.contains(problem), "{settings}: {error}");
        }
    }

    #[test]
    fn the_file_is_found_before_the_rest_is_understood() {
        let named = |line: &str| file_named_in(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(named("chargly serve --config a.toml"), Some("a.toml".into()));
        assert_eq!(named("chargly serve --config=b.toml"), Some("b.toml".into()));
    }
}
