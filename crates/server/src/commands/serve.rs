//! `chargly serve`: everything from one port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use chargly_dashboard::People;
use chargly_engine::{Environment, Readiness, SystemClock, look_weekly};
use clap::Args;
use tokio::net::TcpListener;

use super::sign_in_link;
use crate::cli::DataArgs;
use crate::data_dir::{DataDir, ENVIRONMENTS, HowToOpen};
use crate::failure::Advice;
use crate::listener::{self, Limits};
use crate::patience::Patience;
use crate::payments::PaymentArgs;
use crate::sample::Sample;
use crate::{door, first_start, logging, output, playground, webhooks};

/// Flags of `chargly serve`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Address and port to listen on
    #[arg(long, env = "CHARGLY_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// Go on although the journal has lost its newest facts
    #[arg(long, env = "CHARGLY_ACCEPT_LOSS")]
    accept_loss: bool,
    /// Believe the machine's clock although it is far ahead of the journal
    #[arg(long, env = "CHARGLY_ACCEPT_CLOCK")]
    accept_clock: bool,
    /// Connections at once; the next waits, and idle ones make room for it. The default leaves room for files under
    /// the usual limit of 1,024
    #[arg(long, env = "CHARGLY_MAX_CONNECTIONS", default_value_t = 900, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_connections: u32,
    /// Seconds a client may take for the head of a request, from its first byte or from connecting
    #[arg(long, env = "CHARGLY_HEADER_TIMEOUT_S", default_value_t = 10, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=3_600))]
    header_timeout_s: u32,
    /// Seconds without a byte in either direction after which a connection is closed, between requests and within one
    #[arg(long, env = "CHARGLY_IDLE_TIMEOUT_S", default_value_t = 75, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=3_600))]
    idle_timeout_s: u32,
    /// Hosts besides this machine by which MCP clients reach this server, like billing.example.com or, for one port
    /// alone, billing.example.com:8443
    #[arg(long, env = "CHARGLY_MCP_ALLOW_HOST", value_delimiter = ',', value_name = "HOST")]
    mcp_allow_host: Vec<String>,
    /// Serve no playground: /try says that it is off
    #[arg(long, env = "CHARGLY_NO_PLAYGROUND")]
    no_playground: bool,
    #[command(flatten)]
    begin: first_start::BeginArgs,
    #[command(flatten)]
    payments: PaymentArgs,
    #[command(flatten)]
    webhooks: webhooks::WebhookArgs,
    #[command(flatten)]
    log: logging::LogArgs,
}

impl ServeArgs {
    fn limits(&self) -> Limits {
        Limits {
            connections: usize::try_from(self.max_connections).unwrap_or(usize::MAX),
            patience: Patience {
                head: Duration::from_secs(self.header_timeout_s.into()),
                idle: Duration::from_secs(self.idle_timeout_s.into()),
            },
        }
    }
}

/// Serves until the process is told to stop.
///
/// # Errors
/// If it cannot start.
pub(crate) fn run(args: &ServeArgs) -> Result<()> {
    logging::start(&args.log)?;
    super::runtime()?.block_on(serve(args))
}

async fn serve(args: &ServeArgs) -> Result<()> {
    let data = DataDir::at(&args.data.data);
    let clock = Arc::new(SystemClock::start());
    let _lock = data.lock(&format!("`chargly serve` on {}", args.listen), clock.as_ref())?;
    // Before anything is made: a port that is taken must not cost the keys that are shown only once.
    let listener = TcpListener::bind(args.listen).await.with_context(|| {
        Advice::new(format!("listening on {}", args.listen), "Choose another address with --listen.")
    })?;
    let listen = listener.local_addr().context("asking for the address")?;
    if data.is_initialised() {
        data.project()?;
    } else if let Some(begun) = first_start::begin(&data, clock, args.begin.currency).await? {
        let link = sign_in_link::make(&data, &first_start::dashboard_url(listen))?;
        output::print(&first_start::welcome(&begun, data.root(), listen, args.begin.currency, &link))?;
        if !args.no_playground {
            output::print(&format!("Or click a first event: {}try\n\n", first_start::dashboard_url(listen)))?;
        }
    }
    let mut environments = open_all(&data, args)?;
    if !args.no_playground {
        let currency = environments.first().map_or(args.begin.currency, |first| first.catalogue().currency);
        environments.extend(playground::open(&data, currency).await);
    }
    let with_ops = webhooks::open_ops(&data, &environments, &args.webhooks)?;
    with_ops.iter().try_for_each(|(environment, ops)| args.payments.set_up(environment, ops, listen))?;
    environments.iter().for_each(Environment::resume_corrections);
    for environment in &environments {
        tokio::spawn(look_weekly(Arc::downgrade(environment)));
    }
    let hooks = webhooks::start_all(&with_ops, &args.webhooks, args.accept_loss)?;
    for hooks in &hooks {
        hooks.forget_erased().await.context("forgetting what webhooks told of customers who were erased")?;
    }
    let people = People::open(data.root()).context("opening the file of people")?;
    let sample = Sample::of(&data);
    tracing::info!(%listen, data = %data.root().display(), "serving");
    output::print(&format!("Listening on {}\n", first_start::dashboard_url(listen)))?;
    listener::serve(
        listener,
        door::router(environments.clone(), hooks.clone(), &args.mcp_allow_host, people, &sample)?,
        args.limits(),
        told_to_stop(),
    )
    .await;
    for hooks in &hooks {
        hooks.close().await;
    }
    sample.close().await;
    let closing = environments.clone();
    tokio::task::spawn_blocking(move || closing.iter().for_each(|environment| environment.close()))
        .await
        .context("closing the environments")?;
    tracing::info!("stopped");
    environments.iter().try_for_each(|environment| ensure_was_writing(environment))
}

/// A service manager must see that the end was not in order.
fn ensure_was_writing(environment: &Environment) -> Result<()> {
    match environment.readiness() {
        Readiness::Stopped(why) => Err(anyhow!("{why}").context(Advice::new(
            format!("the environment {} had stopped writing", environment.name()),
            "Look at the disk and its logs first. What was answered is there; the next start finds out what else is.",
        ))),
        Readiness::Ready | Readiness::StorageFull => Ok(()),
    }
}

fn open_all(data: &DataDir, args: &ServeArgs) -> Result<Vec<Arc<Environment>>> {
    let how = HowToOpen { accept_loss: args.accept_loss, accept_clock: args.accept_clock };
    ENVIRONMENTS.iter().map(|name| tokio::task::block_in_place(|| data.open(name, how))).collect()
}

/// Ends when the process is asked to stop: by Ctrl-C, or by a service manager.
async fn told_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            let _ = interrupt.await;
            return;
        };
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}
