//! API keys: made, rotated, revoked. A secret is shown once and kept nowhere; only its hash is recorded.

use chargly_ledger::{Action, ApiKey, Budget, CatalogueChange, KeyLimits, KeyNo, Means, Millis, Scopes};
use compact_str::CompactString;

use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};
use crate::submission::{Ask, Failure, Item, SpentToday, Verdict};

/// Random bytes in a secret: 192 bits, far beyond guessing.
const SECRET_BYTES: usize = 24;
/// Characters of a secret: no vowels to spell words with, nothing that needs escaping.
const ALPHABET: &[u8; 32] = b"0123456789bcdfghjkmnpqrstvwxyzBC";

/// A key just made, with its secret.
pub struct NewKey {
    /// Its number.
    pub number: KeyNo,
    /// The secret, to be shown once.
    pub secret: String,
    /// The fact that made it.
    pub outcome: Outcome,
}

impl Environment {
    /// Makes a key that may do whatever its scopes allow. With `replaces`, that key stays good until `overlap_ms` from
    /// now, and the new one has its limits.
    pub async fn create_key(
        &self,
        actor: KeyNo,
        label: CompactString,
        scopes: Scopes,
        replaces: Option<(KeyNo, i64)>,
    ) -> Result<NewKey, CallError> {
        self.create_limited_key(actor, label, (scopes, KeyLimits::default()), replaces).await
    }

    /// As [`Environment::create_key`], with limits.
    pub async fn create_limited_key(
        &self,
        actor: KeyNo,
        label: CompactString,
        (scopes, limits): (Scopes, KeyLimits),
        replaces: Option<(KeyNo, i64)>,
    ) -> Result<NewKey, CallError> {
        let secret = new_secret(self.name())?;
        let change = CatalogueChange::KeyCreated {
            // The ledger numbers it.
            key: KeyNo::SYSTEM,
            label,
            secret_hash: hash_secret(&secret),
            hint: CompactString::from(&secret[secret.len() - 4..]),
            scopes,
            replaces: replaces.map(|(key, _)| key),
            limits: limits.boxed(),
        };
        let outcome = self.change_catalogue(actor, Action::Change(change), None).await?;
        let number = match outcome.fact.as_ref() {
            chargly_ledger::Fact::Catalogue(fact) => match fact.change {
                CatalogueChange::KeyCreated { key, .. } => key,
                _ => KeyNo::SYSTEM,
            },
            _ => KeyNo::SYSTEM,
        };
        if let Some((old, overlap_ms)) = replaces {
            self.revoke_key(actor, old, overlap_ms).await?;
        }
        Ok(NewKey { number, secret, outcome })
    }

    /// Revokes a key, `after_ms` from now. With 0 it is dead when this returns.
    pub async fn revoke_key(&self, actor: KeyNo, key: KeyNo, after_ms: i64) -> Result<Outcome, CallError> {
        let dead_at = if after_ms <= 0 { Millis(0) } else { Millis(self.wall_ms()).plus(after_ms) };
        let change = CatalogueChange::KeyRevoked { key, dead_at };
        self.change_catalogue(actor, Action::Change(change), None).await
    }

    /// Sets or takes away the budget of a key, and of those it replaces or that replace it.
    pub async fn set_key_budget(
        &self,
        actor: KeyNo,
        key: KeyNo,
        budget: Option<Budget>,
    ) -> Result<Outcome, CallError> {
        let change = CatalogueChange::KeyBudgetSet { key, budget };
        self.change_catalogue(actor, Action::Change(change), None).await
    }

    /// What was spent today by keys with a budget.
    pub async fn spent_today(&self) -> Result<SpentToday, CallError> {
        let answered = self.ask(vec![Item::read(Ask::Spent)], Vec::new(), true).await?;
        match answered.verdicts.into_iter().next() {
            Some(Verdict::Spent(spent)) => Ok(spent),
            Some(Verdict::Failed(failure)) => Err(failure.into()),
            _ => Err(Failure::Stopped.into()),
        }
    }

    /// What a key may still spend today for a customer.
    pub async fn means(&self, key: KeyNo, customer: &str) -> Result<Means, CallError> {
        let ask = Ask::Means(key, customer.into());
        let answered = self.ask(vec![Item::read(ask)], Vec::new(), true).await?;
        match answered.verdicts.into_iter().next() {
            Some(Verdict::Means(means)) => Ok(means),
            Some(Verdict::Failed(failure)) => Err(failure.into()),
            _ => Err(Failure::Stopped.into()),
        }
    }

    /// The key with this secret, if it is alive.
    pub fn authenticate(&self, secret: &str) -> Option<ApiKey> {
        let catalogue = self.catalogue();
        // Looked up by hash: what a caller can time is the hash, which tells nothing about any secret.
        let key = catalogue.key_by_secret(&hash_secret(secret))?;
        (key.dead_at > Millis(self.wall_ms())).then(|| key.clone())
    }
}

/// BLAKE3 of a secret. Secrets have 192 random bits, so a slow hash would add nothing.
fn hash_secret(secret: &str) -> [u8; 32] {
    *blake3::hash(secret.as_bytes()).as_bytes()
}

fn new_secret(environment: &str) -> Result<String, CallError> {
    let mut bytes = [0u8; SECRET_BYTES * 8 / 5 + 1];
    crate::recorder::random_bytes(&mut bytes).map_err(|_| CallError::Failed(crate::Failure::NotRecorded))?;
    let text: String = bytes.iter().map(|b| char::from(ALPHABET[usize::from(b & 31)])).collect();
    Ok(format!("sk_{environment}_{text}"))
}
