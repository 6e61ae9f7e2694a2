//! The stand-in for Stripe as a program: for a browser, for a script, and for trying things by hand.
#![expect(clippy::print_stdout, reason = "it says where it listens")]

use std::net::SocketAddr;

use anyhow::{Context as _, Result, anyhow};
use chargly_fake_stripe::{Command, FakeStripe, Options};
use clap::Parser;

/// A stand-in for Stripe. No money moves, and nothing is kept
#[derive(Parser)]
#[command(name = "fake-stripe")]
struct Cli {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:12111")]
    listen: SocketAddr,
    /// The one secret key it takes
    #[arg(long, default_value = "sk_test_fake")]
    secret_key: String,
    /// Claim that its money is real
    #[arg(long)]
    live: bool,
    /// Stand still at this time, in seconds since 1970
    #[arg(long)]
    now: Option<i64>,
    /// Tell events to this address as they happen
    #[arg(long, requires = "webhook_secret")]
    endpoint: Option<String>,
    /// What events to that address are signed with; two while they rotate
    #[arg(long)]
    webhook_secret: Vec<String>,
    /// Keep events back until `/_control/deliver`
    #[arg(long)]
    hold_events: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    let options = Options {
        listen: cli.listen,
        secret_key: cli.secret_key,
        is_live: cli.live,
        now_s: cli.now,
        delivers_at_once: !cli.hold_events,
    };
    let fake =
        FakeStripe::start_with(options).await.with_context(|| format!("listening on {}", cli.listen))?;
    if let Some(url) = cli.endpoint {
        let endpoint = Command::AddEndpoint { url, secrets: cli.webhook_secret };
        fake.control(endpoint).await.map_err(|error| anyhow!(error.message))?;
    }
    println!("fake-stripe listens on {}", fake.base_url());
    tokio::signal::ctrl_c().await.context("waiting for the end")?;
    Ok(())
}
