//! What answers HTTP: the one place that knows the crates `http`, `mcp` and `dashboard`, and the process's metrics.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use chargly_dashboard::{Dashboard, People, SampleData};
use chargly_engine::{Entropy as _, Environment, SystemEntropy};
use chargly_http::Project;
use chargly_webhooks::Webhooks;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::sample::Sample;

/// How often histograms that nobody asked for are summed up, so that they do not grow without end.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The routes over the environments that are served, and the same as tools of a model, for whoever asks for this
/// machine or one of `mcp_hosts`. Called once in a process, within the runtime.
///
/// # Errors
/// If metrics were started before.
pub(crate) fn router(
    environments: Vec<Arc<Environment>>,
    webhooks: Vec<Arc<Webhooks>>,
    mcp_hosts: &[String],
    people: People,
    sample: &Sample,
) -> Result<Router> {
    let metrics = PrometheusBuilder::new().install_recorder().context("starting metrics")?;
    tokio::spawn(keep_up(metrics.clone()));
    let software = env!("CARGO_PKG_VERSION");
    let project = Project::new(environments, webhooks, Some(metrics), software);
    sample.serve_by(&project);
    let routes = chargly_http::router(Arc::clone(&project));
    let tools = chargly_mcp::router(routes.clone(), software, mcp_hosts, || SystemEntropy.nonce());
    let people = Arc::new(people);
    let mut dashboard =
        Dashboard::new(Arc::clone(&project), routes.clone(), people, || SystemEntropy.nonce());
    dashboard.sample = Some(Arc::new(sample.clone()) as Arc<dyn SampleData>);
    Ok(routes.merge(chargly_dashboard::router(dashboard)).merge(chargly_http::behind_keys(project, tools)))
}

async fn keep_up(metrics: PrometheusHandle) {
    let mut every = tokio::time::interval(UPKEEP_EVERY);
    loop {
        every.tick().await;
        metrics.run_upkeep();
    }
}
