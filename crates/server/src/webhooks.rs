//! Wiring of webhooks: what is kept beside each journal is opened, and a service started for each environment.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use chargly_engine::{Environment, PLAYGROUND, SystemEntropy};
use chargly_ops::{Ops, OpsError};
use chargly_webhooks::{Options, Webhooks};
use clap::Args;

use crate::data_dir::DataDir;
use crate::failure::Advice;
use crate::master_key::MasterKeyArgs;

/// Flags about webhooks and what they keep.
#[derive(Clone, Debug, Args)]
pub(crate) struct WebhookArgs {
    #[command(flatten)]
    key: MasterKeyArgs,
    /// Let webhooks go to addresses inside private networks, this machine included, and without TLS: for tests and for
    /// receivers of your own
    #[arg(long, env = "CHARGLY_WEBHOOK_ALLOW_PRIVATE")]
    webhook_allow_private: bool,
    /// The master key is lost for good: give up the secrets sealed under it. Webhook endpoints are disabled until their
    /// secrets are rotated
    #[arg(long, env = "CHARGLY_ACCEPT_LOST_KEY")]
    accept_lost_key: bool,
}

/// Starts the webhooks of all environments but the playground, of which nobody is told, within the runtime.
///
/// # Errors
/// If what is kept cannot be opened, or is ahead of the journal.
pub(crate) fn start_all(
    environments: &[(Arc<Environment>, Arc<Ops>)],
    args: &WebhookArgs,
    accept_loss: bool,
) -> Result<Vec<Arc<Webhooks>>> {
    let real = environments.iter().filter(|(environment, _)| environment.name() != PLAYGROUND);
    real.map(|(environment, ops)| start(environment, ops, args, accept_loss)).collect()
}

/// Opens what is kept beside the journal of each environment.
///
/// # Errors
/// If one cannot be opened.
pub(crate) fn open_ops(
    data: &DataDir,
    environments: &[Arc<Environment>],
    args: &WebhookArgs,
) -> Result<Vec<(Arc<Environment>, Arc<Ops>)>> {
    let vault = Arc::new(args.key.vault(data.root()));
    let open = if args.accept_lost_key { Ops::open_accepting_lost_key } else { Ops::open };
    let open = |environment: &Arc<Environment>| {
        let ops = open(environment.dir(), Arc::clone(&vault));
        let ops = ops.map_err(|error| advised(environment.name(), error))?;
        Ok((Arc::clone(environment), Arc::new(ops)))
    };
    environments.iter().map(open).collect()
}

fn start(
    environment: &Arc<Environment>,
    ops: &Arc<Ops>,
    args: &WebhookArgs,
    accept_loss: bool,
) -> Result<Arc<Webhooks>> {
    let name = environment.name();
    let mut options = Options::new(Box::new(SystemEntropy));
    options.allow_private = args.webhook_allow_private;
    options.accept_loss = accept_loss;
    Webhooks::start(Arc::clone(environment), Arc::clone(ops), options)
        .with_context(|| format!("starting the webhooks of {name}"))
}

fn advised(name: &str, error: OpsError) -> anyhow::Error {
    let next = match error {
        OpsError::Key(_) => {
            "Put the key back where it was, or name it with --master-key-file or CHARGLY_MASTER_KEY. If it is lost for \
             good, start once with --accept-lost-key and rotate the secret of each webhook endpoint."
        }
        _ => "Restore ops.db from a backup. It has webhook endpoints and what is on its way, no balances.",
    };
    anyhow::Error::from(error).context(Advice::new(format!("opening ops.db of the environment {name}"), next))
}
