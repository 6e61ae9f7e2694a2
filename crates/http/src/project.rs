//! What a server serves: the environments of one project.

use std::sync::Arc;

use chargly_api::limits::STREAMS_MAX;
use chargly_engine::ledger::ApiKey;
use chargly_engine::{Environment, PLAYGROUND};
use chargly_webhooks::Webhooks;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;

use crate::body::BodyRoom;

/// The environments of one project, and what belongs to the process.
pub struct Project {
    /// Test, live, and the playground.
    pub environments: Vec<Arc<Environment>>,
    /// The webhooks of those environments that have some running.
    pub webhooks: Vec<Arc<Webhooks>>,
    /// Where `/metrics` comes from; without it the page is empty.
    pub metrics: Option<PrometheusHandle>,
    /// The version of the software, for the landing page.
    pub software: &'static str,
    /// Streams that may still be opened.
    pub(crate) streams: Arc<Semaphore>,
    /// The room for large bodies of requests with a key.
    pub(crate) body_room: BodyRoom,
    /// The room for large bodies of requests without one.
    pub(crate) public_body_room: BodyRoom,
}

impl Project {
    /// A project of these environments, with the webhooks that run beside them.
    pub fn new(
        environments: Vec<Arc<Environment>>,
        webhooks: Vec<Arc<Webhooks>>,
        metrics: Option<PrometheusHandle>,
        software: &'static str,
    ) -> Arc<Self> {
        let streams = Arc::new(Semaphore::new(STREAMS_MAX));
        let (body_room, public_body_room) = (BodyRoom::keyed(), BodyRoom::public());
        Arc::new(Self { environments, webhooks, metrics, software, streams, body_room, public_body_room })
    }

    /// The environments that are for real: all but the playground.
    pub(crate) fn real(&self) -> impl Iterator<Item = &Arc<Environment>> {
        self.environments.iter().filter(|environment| environment.name() != PLAYGROUND)
    }

    /// The webhooks of an environment.
    pub(crate) fn webhooks_of(&self, env: &Environment) -> Option<Arc<Webhooks>> {
        self.webhooks.iter().find(|webhooks| webhooks.environment().name() == env.name()).cloned()
    }

    /// The environment and key of a secret, if the key is alive.
    pub(crate) fn authenticate(&self, secret: &str) -> Option<(Arc<Environment>, ApiKey)> {
        let (name, _) = secret.strip_prefix("sk_")?.split_once('_')?;
        let environment = self.environments.iter().find(|environment| environment.name() == name)?;
        let key = environment.authenticate(secret)?;
        Some((Arc::clone(environment), key))
    }
}
