//! Which events, what is done with them, and through which server.

use anyhow::Result;
use chargly_engine::{Clock as _, SystemClock};
use clap::{ArgGroup, Args};
use serde_json::{Map, Value, json};

use crate::data_dir::time_text;
use crate::failure::Usage;
use crate::http_client::Client;

/// Which events.
#[derive(Clone, Debug, Args)]
pub(super) struct FilterArgs {
    /// Events that occurred at this time or later: 2026-11-23T00:00:00Z
    #[arg(long, env = "CHARGLY_CORRECTIONS_FROM", value_name = "TIME")]
    from: Option<String>,
    /// Events that occurred before this time; now if not given
    #[arg(long, env = "CHARGLY_CORRECTIONS_TO", value_name = "TIME")]
    to: Option<String>,
    /// Events of this type
    #[arg(long, env = "CHARGLY_CORRECTIONS_EVENT", value_name = "NAME")]
    event: Option<String>,
    /// Events of this customer
    #[arg(long, env = "CHARGLY_CORRECTIONS_CUSTOMER", value_name = "CUSTOMER")]
    customer: Option<String>,
    /// Events charged by this price version
    #[arg(long, env = "CHARGLY_CORRECTIONS_PRICED_BY", value_name = "ID")]
    priced_by: Option<String>,
    /// Events with this declared dimension
    #[arg(long, env = "CHARGLY_CORRECTIONS_DIMENSION", value_name = "NAME=VALUE")]
    dimension: Option<String>,
    /// These events, in place of a time range
    #[arg(long = "id", env = "CHARGLY_CORRECTIONS_ID", value_name = "ID,…", value_delimiter = ',')]
    ids: Vec<String>,
}

impl FilterArgs {
    /// As the server reads it; what is missing it says itself.
    pub(super) fn to_json(&self) -> Result<Value> {
        let mut filter = Map::new();
        for (name, value) in [
            ("from", &self.from),
            ("to", &self.to),
            ("event", &self.event),
            ("customer", &self.customer),
            ("price_version", &self.priced_by),
        ] {
            filter.extend(value.as_ref().map(|value| (name.to_owned(), json!(value))));
        }
        if self.ids.is_empty() && self.to.is_none() {
            filter.insert("to".to_owned(), json!(time_text(SystemClock::start().wall_ms())));
        }
        if let Some(dimension) = &self.dimension {
            let (name, value) = dimension
                .split_once('=')
                .ok_or_else(|| Usage(format!("--dimension {dimension}: must be NAME=VALUE")))?;
            filter.insert("dimension".to_owned(), json!({"name": name, "value": value}));
        }
        if !self.ids.is_empty() {
            filter.insert("ids".to_owned(), json!(self.ids));
        }
        Ok(filter.into())
    }
}

/// What is done with them.
#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("action").required(true).args(["reverse", "reprice", "credits", "rule"]))]
pub(super) struct ActionArgs {
    /// Give back what is left of each
    #[arg(long, env = "CHARGLY_CORRECTIONS_REVERSE")]
    reverse: bool,
    /// Put each at what this price version would have charged
    #[arg(long, env = "CHARGLY_CORRECTIONS_REPRICE", value_name = "ID")]
    reprice: Option<String>,
    /// Put each at so many credits
    #[arg(long, env = "CHARGLY_CORRECTIONS_CREDITS", value_name = "CREDITS")]
    credits: Option<String>,
    /// Put each at what this rule would have charged, written as JSON as for a price
    #[arg(long, env = "CHARGLY_CORRECTIONS_RULE", value_name = "JSON")]
    rule: Option<String>,
}

impl ActionArgs {
    /// As the server reads it.
    pub(super) fn to_json(&self) -> Result<Value> {
        if self.reverse {
            return Ok(json!({"reverse": true}));
        }
        if let Some(version) = &self.reprice {
            return Ok(json!({"reprice": {"price_version": version}}));
        }
        let rule = match (&self.credits, &self.rule) {
            (Some(credits), _) => {
                parsed("credits", credits).map(|credits| json!({"type": "flat", "credits": credits}))
            }
            (_, Some(rule)) => parsed("rule", rule),
            _ => Err(Usage("one of --reverse, --reprice, --credits, --rule is needed".to_owned()).into()),
        };
        Ok(json!({"reprice": {"rule": rule?}}))
    }
}

fn parsed(flag: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| Usage(format!("--{flag} {text}: {error}")).into())
}

/// What it takes to carry a correction out.
#[derive(Clone, Debug, Args)]
pub(super) struct Decision {
    /// Why; kept with the correction
    #[arg(long, env = "CHARGLY_CORRECTIONS_NOTE", value_name = "TEXT")]
    pub(super) note: String,
    /// Carry it out without asking
    #[arg(long, env = "CHARGLY_YES")]
    pub(super) yes: bool,
}

/// Which server.
#[derive(Clone, Debug, Args)]
pub(super) struct Server {
    /// The server's address
    #[arg(long, env = "CHARGLY_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    url: String,
    /// A secret key with the scopes prices and read; it decides the environment
    #[arg(
        long,
        env = "CHARGLY_API_KEY",
        value_name = "KEY",
        hide_env_values = true,
        hide_default_value = true
    )]
    key: Option<String>,
    /// Print the result as JSON
    #[arg(long, env = "CHARGLY_JSON")]
    pub(super) json: bool,
}

impl Server {
    /// A client of it.
    ///
    /// # Errors
    /// Without a key, and for what is no address.
    pub(super) fn client(&self) -> Result<Client> {
        let key = self.key.as_deref();
        let key = key.ok_or_else(|| Usage("a secret key is needed: --key or CHARGLY_API_KEY".to_owned()))?;
        Client::new(&self.url, key)
    }
}
