//! Beginning a project: its identity, its environments, their first keys, and the example in *test*.
//!
//! Everything is made in `<data>/starting` and then moved into place, `project.json` last. A first start that was cut
//! off before the moves leaves only that folder, which the next one throws away; one that was cut off between them is
//! completed by the next. The keys are then unknown, and `chargly keys create` makes new ones.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use chargly_engine::ledger::{Currency, KeyNo, Scopes};
use chargly_engine::{Clock, Entropy, Environment, OpenOptions, SystemEntropy};
use clap::Args;
use serde::Serialize;

use crate::data_dir::{DataDir, ENVIRONMENTS, PROJECT_FILE, Project, open_options, time_text};
use crate::example;
use crate::failure::Advice;

/// Folder inside the data directory in which a project is made.
const STARTING: &str = "starting";
/// What the first key of an environment is called.
const FIRST_KEY_LABEL: &str = "First key";
/// Characters of a project's id after its prefix: Crockford's base 32 of 128 bits.
const ID_CHARACTERS: u32 = 26;
/// Crockford's base 32, lower case.
const ID_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// How a project begins.
#[derive(Clone, Debug, Args)]
pub(crate) struct BeginArgs {
    /// What a new project counts money in, for good: an ISO code such as usd or eur
    #[arg(long, env = "CHARGLY_CURRENCY", default_value = "usd", value_name = "CODE", value_parser = currency)]
    pub(crate) currency: Currency,
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::parse(text).ok_or_else(|| "must be three letters, like eur".to_owned())
}

/// A project just begun, with what is shown once.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Begun {
    /// Its id.
    pub(crate) project: String,
    /// The secret keys.
    pub(crate) keys: Keys,
}

/// The secret keys of the environments.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Keys {
    /// Of *test*.
    pub(crate) test: String,
    /// Of *live*.
    pub(crate) live: String,
}

/// Begins a project. `None` where a first start that was cut off was completed, so that no key can be shown. The
/// caller holds the lock and has seen that there is no project.
///
/// # Errors
/// If there are environments without a project, or something cannot be written.
pub(crate) async fn begin(
    data: &DataDir,
    clock: Arc<dyn Clock>,
    currency: Currency,
) -> Result<Option<Begun>> {
    let test = (Arc::clone(&clock), async |environment: &Arc<Environment>| example::fill(environment).await);
    begin_with(data, clock, currency, test).await
}

/// Begins a project as [`begin`] does, with something else than the example in *test*, which lives by a clock of its
/// own while it is filled.
///
/// # Errors
/// As [`begin`], and if it cannot be filled.
pub(crate) async fn begin_with(
    data: &DataDir,
    clock: Arc<dyn Clock>,
    currency: Currency,
    test: (Arc<dyn Clock>, impl AsyncFnOnce(&Arc<Environment>) -> Result<()>),
) -> Result<Option<Begun>> {
    let starting = data.root().join(STARTING);
    if starting.join(PROJECT_FILE).exists() {
        move_into_place(data, &starting)?;
        return Ok(None);
    }
    for name in ENVIRONMENTS {
        ensure!(
            !data.environment(name).exists(),
            Advice::new(
                format!("{} has an environment {name} and no {PROJECT_FILE}", data.root().display()),
                format!("Put {PROJECT_FILE} back from a backup, or name an empty directory with --data."),
            )
        );
    }
    if starting.exists() {
        fs::remove_dir_all(&starting).with_context(|| format!("clearing {}", starting.display()))?;
    }
    let begun = make(&starting, clock, currency, test).await?;
    move_into_place(data, &starting)?;
    Ok(Some(begun))
}

async fn make(
    starting: &Path,
    clock: Arc<dyn Clock>,
    currency: Currency,
    (test_clock, fill): (Arc<dyn Clock>, impl AsyncFnOnce(&Arc<Environment>) -> Result<()>),
) -> Result<Begun> {
    let mut entropy = SystemEntropy;
    let [test, live] = ENVIRONMENTS;
    let created_at = time_text(clock.wall_ms());
    let live_begins = (clock, currency);
    let test = make_environment(starting, test, &mut entropy, (test_clock, currency), fill).await?;
    let live = make_environment(starting, live, &mut entropy, live_begins, async |_| Ok(())).await?;
    let project = Project::new(project_id(entropy.nonce()), created_at);
    let text = serde_json::to_vec_pretty(&project).context("describing the project")?;
    let file = starting.join(PROJECT_FILE);
    fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
    sync(&file)?;
    sync(starting)?;
    Ok(Begun { project: project.project, keys: Keys { test, live } })
}

/// Makes an environment, fills it and gives its first secret key.
async fn make_environment(
    starting: &Path,
    name: &str,
    entropy: &mut SystemEntropy,
    (clock, currency): (Arc<dyn Clock>, Currency),
    fill: impl AsyncFnOnce(&Arc<Environment>) -> Result<()>,
) -> Result<String> {
    let dir = starting.join(name);
    let salt = salt(entropy)?;
    let options = OpenOptions { currency, ..open_options(Arc::clone(&clock))? };
    chargly_engine::create(&dir, name, salt, options)
        .with_context(|| format!("making the environment {name}"))?;
    let environment = Environment::open(&dir, open_options(clock)?)
        .with_context(|| format!("opening the new environment {name}"))?;
    let made = match first_key(&environment, name).await {
        Ok(secret) => fill(&environment).await.map(|()| secret),
        Err(error) => Err(error),
    };
    tokio::task::block_in_place(|| environment.close());
    made
}

/// The salt of an environment's key hashes.
///
/// # Errors
/// If the system gives no random bytes.
pub(crate) fn salt(entropy: &mut SystemEntropy) -> Result<[u8; 32]> {
    let mut salt = [0; 32];
    salt[..16].copy_from_slice(&entropy.nonce());
    salt[16..].copy_from_slice(&entropy.nonce());
    ensure!(salt != [0; 32], "the system gives no random bytes, and keys without them are no secrets");
    Ok(salt)
}

async fn first_key(environment: &Environment, name: &str) -> Result<String> {
    let key = environment
        .create_key(KeyNo::SYSTEM, FIRST_KEY_LABEL.into(), Scopes::all(), None)
        .await
        .with_context(|| format!("making the first key of {name}"))?;
    Ok(key.secret)
}

fn move_into_place(data: &DataDir, starting: &Path) -> Result<()> {
    for name in ENVIRONMENTS.into_iter().chain([PROJECT_FILE]) {
        let from = starting.join(name);
        if from.exists() {
            let to = data.root().join(name);
            fs::rename(&from, &to).with_context(|| format!("moving {name} to {}", to.display()))?;
            sync(data.root())?;
        }
    }
    fs::remove_dir_all(starting).with_context(|| format!("clearing {}", starting.display()))
}

fn sync(path: &Path) -> Result<()> {
    fs::File::open(path)
        .and_then(|file| file.sync_all())
        .with_context(|| format!("making {} durable", path.display()))
}

fn project_id(random: [u8; 16]) -> String {
    let bits = u128::from_be_bytes(random);
    let character = |place: u32| {
        let five = usize::try_from((bits >> (5 * place)) & 31).unwrap_or_default();
        char::from(ID_ALPHABET[five])
    };
    "prj_".chars().chain((0..ID_CHARACTERS).rev().map(character)).collect()
}

/// Where the dashboard is.
pub(crate) fn dashboard_url(listen: SocketAddr) -> String {
    format!("http://{}/", reachable(listen))
}

/// What is shown once, after a first start.
pub(crate) fn welcome(
    begun: &Begun,
    data: &Path,
    listen: SocketAddr,
    currency: Currency,
    link: &str,
) -> String {
    format!(
        "Chargly {version}: project {project} begun in {data}\n\
         \n  test key   {test}\
         \n  live key   {live}\
         \n  These keys are shown this once. `chargly keys create` makes others.\n\
         \n  dashboard  {link}\n\
         \n             It signs in once, within a day; `chargly sign-in-link` makes another.\n\
         \nMeter a first event ({customer} has 1,000 credits in test, sold for {price}):\n\
         \n{curl}\n\n",
        version = env!("CARGO_PKG_VERSION"),
        project = begun.project,
        data = data.display(),
        test = begun.keys.test,
        live = begun.keys.live,
        customer = example::DEMO_CUSTOMER,
        price =
            if currency == Currency::USD { "$20".to_owned() } else { format!("20 {}", currency.as_str()) },
        curl = first_curl(&begun.keys.test, listen, currency),
    )
}

fn first_curl(key: &str, listen: SocketAddr, currency: Currency) -> String {
    let body = format!(
        r#"{{"event":"image.generate","customer":"{}","idempotency_key":"first-event","cost":{{"amount":"0.04","currency":"{}"}}}}"#,
        example::DEMO_CUSTOMER,
        currency.as_str()
    );
    format!(
        "curl -sS http://{}/v1/events \\\n  -H 'authorization: Bearer {key}' \\\n  \
         -H 'content-type: application/json' \\\n  -d '{body}'",
        reachable(listen)
    )
}

/// The address as somebody on this machine can type it: "all addresses" is not one to connect to.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_all_bits_of_the_random_bytes() {
        assert_eq!(project_id([0; 16]), format!("prj_{}", "0".repeat(26)));
        assert_eq!(project_id([255; 16]), format!("prj_7{}", "z".repeat(25)));
        let mut last = [0; 16];
        last[15] = 1;
        assert!(project_id(last).ends_with("01"));
    }

    #[test]
    fn all_addresses_are_shown_as_one_that_can_be_reached() {
        for (listen, url) in [
            ("0.0.0.0:8080", "http://127.0.0.1:8080/"),
            ("[::]:80", "http://[::1]:80/"),
            ("10.1.2.3:9", "http://10.1.2.3:9/"),
        ] {
            assert_eq!(dashboard_url(listen.parse().expect("an address")), url);
        }
    }
}
