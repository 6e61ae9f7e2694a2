//! The key of a surface of ours that acts without a person: found by its name after a restart, made where there is none
//! alive, with a secret that nobody sees. The audit log names the surface.

use std::collections::HashMap;

use chargly_engine::Environment;
use chargly_engine::ledger::{ApiKey, KeyNo, Millis, Scope, Scopes};
use tokio::sync::Mutex;

use crate::trouble::Trouble;

/// The key of one surface in each environment.
pub(crate) struct OwnKey {
    label: &'static str,
    scopes: &'static [Scope],
    /// The key's number in each environment, once it was looked up.
    known: Mutex<HashMap<String, KeyNo>>,
}

impl OwnKey {
    pub(crate) fn new(label: &'static str, scopes: &'static [Scope]) -> Self {
        Self { label, scopes, known: Mutex::default() }
    }

    /// The key in an environment.
    pub(crate) async fn of(&self, env: &Environment) -> Result<ApiKey, Trouble> {
        let scopes: Scopes = self.scopes.iter().copied().collect();
        let mut known = self.known.lock().await;
        let is_ours = |key: &&ApiKey| {
            key.label == self.label && key.scopes == scopes && key.dead_at > Millis(env.wall_ms())
        };
        let catalogue = env.catalogue();
        let remembered = known.get(env.name()).and_then(|number| catalogue.key(*number)).filter(is_ours);
        if let Some(key) = remembered.or_else(|| catalogue.keys.iter().find(is_ours)) {
            known.insert(env.name().to_owned(), key.number);
            return Ok(key.clone());
        }
        let made = env.create_key(KeyNo::SYSTEM, self.label.into(), scopes, None).await;
        let number = made.map_err(|error| Trouble::internal(&error))?.number;
        known.insert(env.name().to_owned(), number);
        let made = env.catalogue().key(number).cloned();
        made.ok_or_else(|| Trouble::internal(&"a key just made is not there"))
    }
}
