//! Who takes payments: Stripe where its keys are given, and in test the sandbox that needs nobody.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use chargly_engine::payments::{PaymentProvider, PaymentSetup, Sandbox, sweep_payments};
use chargly_engine::{Environment, PLAYGROUND};
use chargly_http::WIRE_NAMES;
use chargly_ops::Ops;
use chargly_stripe::{STRIPE_URL, Stripe, StripeConfig};
use clap::Args;

use crate::failure::Advice;
use crate::first_start;

/// Flags about payments. Secrets are better given by environment variables or the settings file: flags can be read in
/// the list of processes.
#[derive(Clone, Debug, Args)]
pub(crate) struct PaymentArgs {
    /// Where buyers reach this server: scheme, host, and the path that a proxy adds; the address listened on if left
    /// out
    #[arg(long, env = "CHARGLY_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Stripe's secret key for test, sk_test_… or rk_test_…; without one, test has the built-in sandbox
    #[arg(long, env = "CHARGLY_STRIPE_TEST_SECRET_KEY", value_name = "KEY", hide_env_values = true)]
    stripe_test_secret_key: Option<String>,
    /// Secrets of Stripe's webhook endpoint for test, whsec_…; two, separated by a comma, while one takes over
    #[arg(long, env = "CHARGLY_STRIPE_TEST_WEBHOOK_SECRET", value_name = "SECRET", hide_env_values = true)]
    #[arg(value_delimiter = ',')]
    stripe_test_webhook_secret: Vec<String>,
    /// Stripe's secret key for live, sk_live_… or rk_live_…; without one, nothing is sold in live
    #[arg(long, env = "CHARGLY_STRIPE_LIVE_SECRET_KEY", value_name = "KEY", hide_env_values = true)]
    stripe_live_secret_key: Option<String>,
    /// Secrets of Stripe's webhook endpoint for live
    #[arg(long, env = "CHARGLY_STRIPE_LIVE_WEBHOOK_SECRET", value_name = "SECRET", hide_env_values = true)]
    #[arg(value_delimiter = ',')]
    stripe_live_webhook_secret: Vec<String>,
    /// Where Stripe's API is
    #[arg(long, env = "CHARGLY_STRIPE_URL", value_name = "URL", default_value = STRIPE_URL)]
    stripe_url: String,
    /// Seconds between two looks for orders without news
    #[arg(long, env = "CHARGLY_PAYMENT_SWEEP_S", default_value_t = 30, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=86_400))]
    payment_sweep_s: u32,
}

impl PaymentArgs {
    /// Sets up the payments of an environment, and begins to sweep them.
    ///
    /// # Errors
    /// If what was given cannot be used; nothing of a secret is in the error.
    pub(crate) fn set_up(
        &self,
        environment: &Arc<Environment>,
        ops: &Arc<Ops>,
        listen: SocketAddr,
    ) -> Result<()> {
        let mut providers: Vec<Arc<dyn PaymentProvider>> = Vec::new();
        // The playground plays: no Stripe account hears of it.
        let stripe = match environment.name() {
            PLAYGROUND => None,
            name => self.stripe(name == "live")?,
        };
        if let Some(stripe) = stripe {
            self.ensure_reachable(environment.name(), listen)?;
            providers.push(Arc::new(stripe));
        }
        if environment.name() != "live" {
            providers.push(Arc::new(Sandbox::new(Arc::downgrade(environment))));
        }
        environment.set_up_payments(PaymentSetup {
            public_url: self.public_url(listen)?,
            providers,
            ops: Arc::clone(ops),
            names: WIRE_NAMES,
            allows_loopback: environment.name() != "live",
        });
        let every = Duration::from_secs(self.payment_sweep_s.into());
        tokio::spawn(sweep_payments(Arc::downgrade(environment), every));
        Ok(())
    }

    fn stripe(&self, is_live: bool) -> Result<Option<Stripe>> {
        let (key, secrets) = match is_live {
            true => (&self.stripe_live_secret_key, &self.stripe_live_webhook_secret),
            false => (&self.stripe_test_secret_key, &self.stripe_test_webhook_secret),
        };
        let name = if is_live { "live" } else { "test" };
        let Some(secret_key) = key else {
            ensure!(
                secrets.is_empty(),
                Advice::new(
                    format!("a secret of Stripe's webhook endpoint is given for {name}, and no secret key"),
                    "Give both, or neither.",
                )
            );
            return Ok(None);
        };
        let config = StripeConfig {
            secret_key: secret_key.clone(),
            webhook_secrets: secrets.clone(),
            base_url: self.stripe_url.clone(),
            is_live,
        };
        let stripe = Stripe::new(&config).with_context(|| {
            Advice::new(
                format!("connecting {name} to Stripe"),
                "The guide to Stripe says which keys go where.",
            )
        })?;
        Ok(Some(stripe))
    }

    /// Buyers come back from Stripe to the public address: one of this machine alone would strand them.
    fn ensure_reachable(&self, name: &str, listen: SocketAddr) -> Result<()> {
        if self.public_url.is_some() || !listen.ip().is_loopback() {
            return Ok(());
        }
        ensure!(
            name != "live",
            Advice::new(
                "live is connected to Stripe, and buyers would be sent back to this machine's own address",
                "Give --public-url, like https://billing.example.com.",
            )
        );
        tracing::warn!(
            environment = name,
            "buyers are sent back from Stripe to an address of this machine: give --public-url"
        );
        Ok(())
    }

    fn public_url(&self, listen: SocketAddr) -> Result<String> {
        let Some(url) = &self.public_url else {
            return Ok(first_start::dashboard_url(listen).trim_end_matches('/').to_owned());
        };
        let is_address = ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme));
        ensure!(
            is_address && !url.contains(['?', '#', ' ']),
            Advice::new(
                format!("{url:?} is no address that buyers could be sent to"),
                "Give --public-url like https://billing.example.com, with a path where a proxy adds one.",
            )
        );
        Ok(url.trim_end_matches('/').to_owned())
    }
}
