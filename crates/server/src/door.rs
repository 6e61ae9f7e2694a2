//! What answers HTTP: the one place that knows the crate `http`, and the process's metrics.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use chargly_engine::Environment;
use chargly_http::Project;
use chargly_webhooks::Webhooks;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// How often histograms that nobody asked for are summed up, so that they do not grow without end.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The routes over the environments that are served. Called once in a process, within the runtime.
///
/// # Errors
/// If metrics were started before.
pub(crate) fn router(environments: Vec<Arc<Environment>>, webhooks: Vec<Arc<Webhooks>>) -> Result<Router> {
    let metrics = PrometheusBuilder::new().install_recorder().context("starting metrics")?;
    tokio::spawn(keep_up(metrics.clone()));
    let software = env!("CARGO_PKG_VERSION");
    Ok(chargly_http::router(Project::new(environments, webhooks, Some(metrics), software)))
}

async fn keep_up(metrics: PrometheusHandle) {
    let mut every = tokio::time::interval(UPKEEP_EVERY);
    loop {
        every.tick().await;
        metrics.run_upkeep();
    }
}
