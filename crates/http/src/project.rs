//! What a server serves: the environments of one project.

use std::sync::{Arc, PoisonError, RwLock};

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
    /// Sample data, while there is some: it comes and goes while others are served, and is in none of their totals.
    sample: RwLock<Option<Arc<Environment>>>,
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
        let sample = RwLock::default();
        Arc::new(Self {
            environments,
            sample,
            webhooks,
            metrics,
            software,
            streams,
            body_room,
            public_body_room,
        })
    }

    /// Serves sample data from now on, or none.
    pub fn set_sample(&self, sample: Option<Arc<Environment>>) {
        *self.sample.write().unwrap_or_else(PoisonError::into_inner) = sample;
    }

    /// Every environment that is served, sample data among them while there is some.
    pub fn all(&self) -> Vec<Arc<Environment>> {
        let sample = self.sample.read().unwrap_or_else(PoisonError::into_inner);
        self.environments.iter().chain(&*sample).cloned().collect()
    }

    /// The environment of a name, among all of them.
    pub fn environment(&self, name: &str) -> Option<Arc<Environment>> {
        let named = |environment: &&Arc<Environment>| environment.name() == name;
        if let Some(found) = self.environments.iter().find(named) {
            return Some(Arc::clone(found));
        }
        self.sample.read().unwrap_or_else(PoisonError::into_inner).as_ref().filter(named).cloned()
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
        let environment = self.environment(name)?;
        let key = environment.authenticate(secret)?;
        Some((environment, key))
    }
}
