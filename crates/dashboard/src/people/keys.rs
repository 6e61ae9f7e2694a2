//! The key under which somebody acts in an environment: made at their first visit, with a secret that nobody sees.

use std::sync::Arc;

use chargly_engine::Environment;
use chargly_engine::ledger::{ApiKey, KeyNo, Millis};

use super::{People, Person};
use crate::trouble::Trouble;

/// Characters of a name that a key's label takes.
const NAME_CHARACTERS_MAX: usize = 40;

impl People {
    /// The key of somebody in an environment, alive and with the scopes of their role.
    pub(crate) async fn acting_key(
        &self,
        person: &Person,
        env: &Arc<Environment>,
    ) -> Result<ApiKey, Trouble> {
        let noted = self.key_of(person, env.name()).map_err(|error| Trouble::internal(&error))?;
        let alive = |number: KeyNo| {
            let key = env.catalogue().key(number).cloned();
            key.filter(|key| key.dead_at > Millis(env.wall_ms()) && key.scopes == person.role.scopes())
        };
        if let Some(key) = noted.and_then(|number| alive(KeyNo(number))) {
            return Ok(key);
        }
        let name: String = person.name.chars().take(NAME_CHARACTERS_MAX).collect();
        let label = format!("{name} ({}, at the dashboard)", person.role.name());
        let made = env.create_key(KeyNo::SYSTEM, label.into(), person.role.scopes(), None).await;
        let made = made.map_err(|error| Trouble::internal(&error))?;
        self.set_key(person, env.name(), made.number.0).map_err(|error| Trouble::internal(&error))?;
        alive(made.number).ok_or_else(|| Trouble::internal(&"a key just made is not there"))
    }
}
