//! `chargly keys`: who may call, in a data directory that nobody serves, or through a server.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use chargly_api::limits::{KEY_OVERLAP_SECONDS_DEFAULT, KEY_OVERLAP_SECONDS_MAX};
use chargly_api::{Id, IdKind};
use chargly_engine::ledger::{
    Allotted, ApiKey, Budget, Credits, KeyLimits, KeyNo, Millis, Scope, Scopes, budgets_renew_at,
};
use chargly_engine::{Clock as _, Environment, SpentToday, SystemClock};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use crate::data_dir::{DataDir, HowToOpen, environments_named, time_text};
use crate::failure::{Advice, Usage};
use crate::http_client::Client;
use crate::place::Place;
use crate::{output, scan};

/// Milliseconds in a second.
const SECOND_MS: i64 = 1_000;

/// Flags of `chargly keys`.
#[derive(Clone, Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    what: What,
}

/// What to do with keys.
#[derive(Clone, Debug, Subcommand)]
enum What {
    /// List the keys of an environment, without their secrets
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Make a key and show its secret, once
    Create {
        /// What people call it
        #[arg(long, env = "CHARGLY_LABEL", value_name = "TEXT")]
        label: String,
        /// What it may do: meter, record, read, grant, prices, admin
        #[arg(long, env = "CHARGLY_SCOPES", value_name = "SCOPE", value_delimiter = ',', value_parser = parse_scope)]
        #[arg(default_value = "meter,record,read,grant,prices,admin")]
        scopes: Vec<Scope>,
        #[command(flatten)]
        budget: BudgetFlags,
        /// Whether it may choose the credits of events and holds; not, where it has a budget
        #[arg(long, env = "CHARGLY_MAY_SET_CREDITS", value_name = "YES_OR_NO")]
        may_set_credits: Option<bool>,
        #[command(flatten)]
        place: Place,
    },
    /// Make a key in another's place, which stays good for a while
    Rotate {
        /// The key's id
        #[arg(value_name = "KEY_ID")]
        id: String,
        /// Seconds for which the old key stays good
        #[arg(long, env = "CHARGLY_OVERLAP_S", value_name = "SECONDS", default_value_t = KEY_OVERLAP_SECONDS_DEFAULT)]
        #[arg(value_parser = parse_overlap)]
        overlap_s: usize,
        #[command(flatten)]
        place: Place,
    },
    /// Set or take away what may be spent in a key's name in a day
    Budget {
        /// The key's id
        #[arg(value_name = "KEY_ID")]
        id: String,
        #[command(flatten)]
        budget: BudgetFlags,
        /// Take the budget away
        #[arg(long, env = "CHARGLY_REMOVE", conflicts_with_all = ["budget_per_day", "budget_per_customer_per_day"])]
        remove: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Revoke a key, at once
    Revoke {
        /// The key's id
        #[arg(value_name = "KEY_ID")]
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

/// A budget, in credits for each day of UTC.
#[derive(Clone, Copy, Debug, Args)]
struct BudgetFlags {
    /// Credits that may be spent in its name in a day
    #[arg(long, env = "CHARGLY_BUDGET_PER_DAY", value_name = "CREDITS", value_parser = parse_credits)]
    budget_per_day: Option<Credits>,
    /// Credits that may be spent in its name in a day for each customer
    #[arg(long, env = "CHARGLY_BUDGET_PER_CUSTOMER_PER_DAY", value_name = "CREDITS", value_parser = parse_credits)]
    budget_per_customer_per_day: Option<Credits>,
}

impl BudgetFlags {
    /// The budget, where there is any limit.
    fn budget(self) -> Option<Budget> {
        let budget =
            Budget { per_day: self.budget_per_day, per_customer_per_day: self.budget_per_customer_per_day };
        (budget != Budget::default()).then_some(budget)
    }
}

/// Does it, and prints the key or keys.
///
/// # Errors
/// If there is no such key, or the data directory or the server cannot be used.
pub(crate) fn run(args: &KeysArgs) -> Result<()> {
    let place = args.what.place();
    let result = match place.client()? {
        Some(client) => super::runtime()?.block_on(through_server(&client, &args.what))?,
        None => in_directory(place, &args.what)?,
    };
    if place.json {
        return output::print_json(&result);
    }
    output::print(&in_words(&result))
}

impl What {
    fn place(&self) -> &Place {
        match self {
            Self::List { place }
            | Self::Create { place, .. }
            | Self::Rotate { place, .. }
            | Self::Budget { place, .. }
            | Self::Revoke { place, .. } => place,
        }
    }
}

async fn through_server(client: &Client, what: &What) -> Result<Value> {
    let keys = ["v1", "keys"];
    match what {
        What::List { .. } => list_all(client).await,
        What::Create { label, scopes, budget, may_set_credits, .. } => {
            let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
            let budget = budget.budget().map(budget_json);
            let body = json!({
                "label": label, "scopes": scopes, "budget": budget, "may_set_credits": may_set_credits
            });
            let body = body.to_string();
            client.call(Method::POST, &keys, Some(body)).await?.ok("making a key")
        }
        What::Rotate { id, overlap_s, .. } => {
            let body = json!({"overlap_s": overlap_s}).to_string();
            client.call(Method::POST, &["v1", "keys", id, "rotate"], Some(body)).await?.ok("rotating the key")
        }
        What::Budget { id, budget, remove, .. } => {
            let path = ["v1", "keys", id, "budget"];
            match wanted_budget(*budget, *remove)? {
                Some(budget) => {
                    let body = budget_json(budget).to_string();
                    client.call(Method::PUT, &path, Some(body)).await?.ok("setting the key's budget")
                }
                None => client.call(Method::DELETE, &path, None).await?.ok("taking the key's budget away"),
            }
        }
        What::Revoke { id, .. } => {
            client.call(Method::DELETE, &["v1", "keys", id], None).await?.ok("revoking the key")
        }
    }
}

async fn list_all(client: &Client) -> Result<Value> {
    let answer = client.call(Method::GET, &["v1", "keys"], None).await?.ok("listing keys")?;
    Ok(json!({"data": answer["data"]}))
}

fn in_directory(place: &Place, what: &What) -> Result<Value> {
    let data = DataDir::at(&place.data);
    data.project()?;
    let name = environments_named(Some(&place.env))?[0];
    let clock = Arc::new(SystemClock::start());
    if let What::List { .. } = what {
        let catalogue = scan::catalogue(&data.environment(name), &mut |_, _| {})?;
        let now = Millis(clock.wall_ms());
        let keys: Vec<_> = catalogue.keys.iter().map(|key| key_json(key, None, (now, None))).collect();
        return Ok(json!({"data": keys}));
    }
    let _lock = data.lock("`chargly keys`", clock.as_ref())?;
    let runtime = super::runtime()?;
    let environment = runtime.block_on(async { data.open(name, HowToOpen::default()) })?;
    let changed = runtime.block_on(change(&environment, what));
    environment.close();
    changed
}

async fn change(environment: &Environment, what: &What) -> Result<Value> {
    let now = Millis(environment.wall_ms());
    let find = |id: &str| {
        let catalogue = environment.catalogue();
        let found = catalogue.keys.iter().find(|key| key_id(key) == *id).cloned();
        found.with_context(|| {
            Advice::new(
                format!("there is no key {id} in {}", environment.name()),
                "`chargly keys list` shows the ids; --env names the other environment.",
            )
        })
    };
    let shown = async |number: KeyNo, secret: Option<&str>| {
        let spent = environment.spent_today().await.context("reading what was spent today")?;
        let catalogue = environment.catalogue();
        let json = catalogue.key(number).map(|key| key_json(key, secret, (now, Some(&spent))));
        json.context("the key is not in the catalogue")
    };
    match what {
        What::List { .. } => bail!("listing needs no environment"),
        What::Create { label, scopes, budget, may_set_credits, .. } => {
            let scopes: Scopes = scopes.iter().copied().collect();
            let budget = budget.budget();
            let may_set_credits = may_set_credits.unwrap_or(budget.is_none());
            let limited = (scopes, KeyLimits { budget, may_set_credits });
            let label = label.as_str().into();
            let made = environment.create_limited_key(KeyNo::SYSTEM, label, limited, None).await;
            let made = made.context("making a key")?;
            shown(made.number, Some(&made.secret)).await
        }
        What::Rotate { id, overlap_s, .. } => {
            let old = find(id)?;
            if old.dead_at <= now {
                bail!(Advice::new(
                    format!("the key {id} was revoked"),
                    "Make a new one with `chargly keys create`."
                ));
            }
            let overlap_ms = i64::try_from(*overlap_s).unwrap_or(i64::MAX).saturating_mul(SECOND_MS);
            let replaces = Some((old.number, overlap_ms));
            let made = environment.create_key(KeyNo::SYSTEM, old.label, old.scopes, replaces).await;
            let made = made.context("rotating the key")?;
            shown(made.number, Some(&made.secret)).await
        }
        What::Budget { id, budget, remove, .. } => {
            let key = find(id)?;
            let budget = wanted_budget(*budget, *remove)?;
            let set = environment.set_key_budget(KeyNo::SYSTEM, key.number, budget).await;
            set.context("setting the key's budget")?;
            shown(key.number, None).await
        }
        What::Revoke { id, .. } => {
            let key = find(id)?;
            environment.revoke_key(KeyNo::SYSTEM, key.number, 0).await.context("revoking the key")?;
            shown(key.number, None).await
        }
    }
}

/// A key's id on the wire.
pub(crate) fn key_id(key: &ApiKey) -> String {
    Id::new(IdKind::Key, key.id.position.0, key.id.tag).to_string()
}

/// A key as the server shows it.
fn key_json(key: &ApiKey, secret: Option<&str>, (now, spent): (Millis, Option<&SpentToday>)) -> Value {
    let (state, ends_at) = match key.dead_at {
        Millis::NEVER => ("alive", None),
        dead_at if dead_at <= now => ("revoked", None),
        dead_at => ("ending", Some(time_text(dead_at.0))),
    };
    let mut json = json!({
        "id": key_id(key),
        "label": key.label.as_str(),
        "hint": key.hint.as_str(),
        "scopes": key.scopes.iter().map(Scope::as_str).collect::<Vec<_>>(),
        "may_set_credits": key.may_set_credits,
        "budget": key.budget.map(|budget| match spent {
            Some(spent) => spent_json(key, budget, spent),
            None => budget_json(budget),
        }),
        "state": state,
        "created_at": time_text(key.created_at.0),
        "ends_at": ends_at,
    });
    if let Some(secret) = secret {
        json["secret"] = secret.into();
    }
    json
}

/// What a budget allows.
fn budget_json(budget: Budget) -> Value {
    json!({
        "credits_per_day": budget.per_day.map(credits_json),
        "credits_per_customer_per_day": budget.per_customer_per_day.map(credits_json),
    })
}

/// What a budget allows, and how far it is spent.
fn spent_json(key: &ApiKey, budget: Budget, spent: &SpentToday) -> Value {
    let (spent_today, customers) = spent.of(key.number);
    let left = budget.per_day.map(|limit| Allotted { limit, spent: spent_today }.left());
    let mut json = budget_json(budget);
    json["spent_today"] = credits_json(spent_today);
    json["left_today"] = left.map(credits_json).into();
    json["customers_today"] = budget.per_customer_per_day.map(|_| customers).into();
    json["renews_at"] = time_text(budgets_renew_at(spent.now).0).into();
    json
}

/// Credits as an exact number.
fn credits_json(credits: Credits) -> Value {
    serde_json::from_str(&credits.to_string()).unwrap_or_default()
}

fn wanted_budget(flags: BudgetFlags, remove: bool) -> Result<Option<Budget>> {
    let budget = flags.budget();
    if budget.is_none() && !remove {
        let how = "give --budget-per-day or --budget-per-customer-per-day, or --remove";
        bail!(Usage(how.to_owned()));
    }
    Ok(budget)
}

fn in_words(result: &Value) -> String {
    let Some(keys) = result["data"].as_array() else {
        let mut text = line_of(result);
        if let Some(secret) = result["secret"].as_str() {
            let _ = writeln!(text, "\n  {secret}\n\nThis secret is shown this once.");
        }
        return text;
    };
    keys.iter().map(line_of).collect()
}

fn line_of(key: &Value) -> String {
    let text = |field: &str| key[field].as_str().unwrap_or_default();
    let scopes: Vec<_> = key["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let ends = key["ends_at"].as_str().map(|at| format!(" at {at}")).unwrap_or_default();
    format!(
        "{}  …{}  {}{ends}  {}  ({}){}\n",
        text("id"),
        text("hint"),
        text("state"),
        text("label"),
        scopes.join(", "),
        budget_in_words(&key["budget"])
    )
}

/// `, at most 500 credits a day (12 spent today)`.
fn budget_in_words(budget: &Value) -> String {
    let limits = [("credits_per_day", "a day"), ("credits_per_customer_per_day", "a day for each customer")];
    let limits: Vec<_> = limits
        .into_iter()
        .filter(|(field, _)| budget[field].is_number())
        .map(|(field, per)| format!("{} credits {per}", budget[field]))
        .collect();
    match (limits.is_empty(), &budget["spent_today"]) {
        (true, _) => String::new(),
        (false, Value::Null) => format!(", at most {}", limits.join(" and ")),
        (false, spent) => format!(", at most {} ({spent} spent today)", limits.join(" and ")),
    }
}

fn parse_credits(text: &str) -> Result<Credits, String> {
    let credits = Credits::parse(text).map_err(|error| error.to_string())?;
    if credits < Credits::ZERO { Err("must not be negative".to_owned()) } else { Ok(credits) }
}

fn parse_overlap(text: &str) -> Result<usize, String> {
    let seconds = text.parse().ok().filter(|seconds| *seconds <= KEY_OVERLAP_SECONDS_MAX);
    seconds.ok_or_else(|| format!("must be 0 to {KEY_OVERLAP_SECONDS_MAX} seconds"))
}

fn parse_scope(name: &str) -> Result<Scope, String> {
    Scope::ALL.into_iter().find(|scope| scope.as_str() == name).ok_or_else(|| {
        let known: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        format!("there are {}", known.join(", "))
    })
}
