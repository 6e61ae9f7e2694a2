//! Which providers an environment has, and where buyers find its pages.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, OnceLock};

use chargly_ledger::{EntryId, Position};
use tokio::sync::{Mutex, MutexGuard};

use super::{PaymentError, PaymentProvider};
use crate::environment::Environment;

/// Locks that orders share: enough that two orders hardly ever wait for one another.
const LOCKS: usize = 64;
/// Hex digits of a page's token: 64 bits, so that nobody finds a page by trying.
const TOKEN_DIGITS: usize = 16;

/// What an environment needs to take payments.
pub struct PaymentSetup {
    /// Where this server is reached by buyers: `https://billing.example.com`, without a slash at its end.
    pub public_url: String,
    /// The providers of this environment: the first takes new orders, the others look after their old ones.
    pub providers: Vec<Arc<dyn PaymentProvider>>,
    /// What is kept beside the journal: notices.
    pub ops: Arc<chargly_ops::Ops>,
    /// How orders are named outside.
    pub names: WireNames,
    /// Buyers may be sent back to addresses of this machine without being allowed to one by one.
    pub allows_loopback: bool,
}

/// How ids are written and read outside: the contract with callers and providers, which is not the engine's.
#[derive(Clone, Copy)]
pub struct WireNames {
    /// An id under a prefix: `ord_…`.
    pub write: fn(&str, EntryId) -> String,
    /// The id behind such a name; `None` for anything else.
    pub read: fn(&str, &str) -> Option<EntryId>,
}

/// The payments of one environment.
#[derive(Default)]
pub(crate) struct Payments {
    setup: OnceLock<PaymentSetup>,
    locks: Locks,
}

struct Locks([Mutex<()>; LOCKS]);

impl Default for Locks {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Payments {
    pub(super) fn setup(&self) -> Result<&PaymentSetup, PaymentError> {
        self.setup.get().ok_or(PaymentError::NotSetUp)
    }

    /// One order's news are followed one after the other: of two that were asked for at once, the later must not be
    /// overtaken by the earlier.
    pub(super) async fn lock(&self, order: Position) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        order.hash(&mut hasher);
        let lock = usize::try_from(hasher.finish() % LOCKS as u64).unwrap_or(0);
        self.locks.0[lock].lock().await
    }
}

impl PaymentSetup {
    /// Takes new orders.
    pub(super) fn newest(&self) -> Result<&Arc<dyn PaymentProvider>, PaymentError> {
        self.providers.first().ok_or(PaymentError::NotSetUp)
    }

    /// Looks after an order.
    pub(super) fn named(&self, name: &str) -> Result<&Arc<dyn PaymentProvider>, PaymentError> {
        self.providers.iter().find(|provider| provider.name() == name).ok_or(PaymentError::NotSetUp)
    }
}

impl Environment {
    /// Says who takes payments. Once, before the first call.
    pub fn set_up_payments(&self, setup: PaymentSetup) {
        if self.payments().setup.set(setup).is_err() {
            tracing::error!(environment = self.name(), "payments are set up already");
        }
    }

    /// The providers of this environment.
    pub fn payment_providers(&self) -> &[Arc<dyn PaymentProvider>] {
        self.payments().setup.get().map_or(&[], |setup| &setup.providers)
    }

    /// Where buyers reach this server, once payments are set up: without a slash at its end.
    pub fn public_url(&self) -> Option<&str> {
        self.payments().setup.get().map(|setup| setup.public_url.as_str())
    }

    /// The address of a page about an order, under a path: what only who was given it can know.
    pub(super) fn page_url(&self, path: &str, order: EntryId, id: &str) -> Result<String, PaymentError> {
        let setup = self.payments().setup()?;
        let token = page_token(&self.catalogue().salt, order);
        Ok(format!("{}/{path}/{}/{id}.{token}", setup.public_url, self.name()))
    }

    /// What something is called outside.
    pub(super) fn wire_name(&self, prefix: &str, id: EntryId) -> Result<String, PaymentError> {
        Ok((self.payments().setup()?.names.write)(prefix, id))
    }

    /// What is called so outside.
    pub(super) fn read_wire_name(&self, prefix: &str, name: &str) -> Option<EntryId> {
        self.payments().setup().ok().and_then(|setup| (setup.names.read)(prefix, name))
    }

    /// Whether what reaches outside waits since a restore.
    pub fn effects_are_paused(&self) -> bool {
        match chargly_journal::read_restored(self.dir()) {
            Ok(note) => note.is_some_and(|note| note.effects_are_paused),
            Err(error) => {
                tracing::error!(%error, "the note of a restore cannot be read; nothing reaches outside");
                true
            }
        }
    }

    /// Whether the environment was restored from a backup at this instant or later.
    pub(super) fn was_restored_since(&self, since_ms: i64) -> bool {
        let note = chargly_journal::read_restored(self.dir()).ok().flatten();
        note.is_some_and(|note| note.at_ms >= since_ms)
    }

    pub(super) fn ensure_effects(&self) -> Result<(), PaymentError> {
        if self.effects_are_paused() { Err(PaymentError::Paused) } else { Ok(()) }
    }
}

/// What proves that whoever opens a page about an order was given its address.
pub fn page_token(salt: &[u8; 32], order: EntryId) -> String {
    let mut hasher = blake3::Hasher::new_keyed(salt);
    hasher.update(b"chargly page of an order");
    hasher.update(&order.position.0.to_le_bytes());
    hasher.update(&order.tag.to_le_bytes());
    hasher.finalize().to_hex()[..TOKEN_DIGITS].to_owned()
}
