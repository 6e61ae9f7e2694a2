//! The service of one environment: what it shares, how it starts, how it ends.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chargly_engine::journal::read_restored;
use chargly_engine::ledger::Position;
use chargly_engine::{Entropy, Environment, ReadFactError};
use chargly_ops::{Cursor, Endpoint, EndpointNo, Ops, OpsError};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};

use crate::attempt::Caller;
use crate::names::Names;
use crate::schedule::TIMEOUT;
use crate::{follow, pace, sender, upkeep};

/// How a service is run.
pub struct Options {
    /// The operator's word that endpoints may lie inside a private network, and be called without TLS.
    pub allow_private: bool,
    /// Go on although the cursor is ahead of the journal: facts were lost.
    pub accept_loss: bool,
    /// Where secrets and ids come from.
    pub entropy: Box<dyn Entropy>,
    /// How long a receiver may take.
    pub timeout: Duration,
    /// How often it is looked whether something has become due, at most.
    pub look_every: Duration,
}

impl Options {
    /// The usual: public addresses only.
    pub fn new(entropy: Box<dyn Entropy>) -> Self {
        let look_every = Duration::from_millis(250);
        Self { allow_private: false, accept_loss: false, entropy, timeout: TIMEOUT, look_every }
    }
}

/// Why a service could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// What it keeps could not be read.
    #[error("the webhooks of the environment cannot be read")]
    Ops(#[from] OpsError),
    /// The note of a restore could not be read.
    #[error("the note of the restore cannot be read")]
    Note(#[source] std::io::Error),
    /// The journal could not be read.
    #[error("the journal cannot be read where webhooks go on")]
    Journal(#[from] ReadFactError),
    /// The journal does not have what was told.
    #[error(
        "webhooks were told up to position {found} of a journal that had other facts there; this one ends at {head}: it \
         has lost its newest facts. Restore a backup, or start with --accept-loss to go on without them"
    )]
    Ahead {
        /// Where the cursor stands.
        found: u64,
        /// Where the journal ends.
        head: u64,
    },
    /// The client could not be made.
    #[error("the client that sends webhooks cannot be made")]
    Client(#[from] reqwest::Error),
}

/// The webhooks of one environment, running.
pub struct Webhooks {
    pub(crate) shared: Arc<Shared>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// What the tasks of a service share.
pub(crate) struct Shared {
    pub(crate) env: Arc<Environment>,
    pub(crate) ops: Arc<Ops>,
    pub(crate) caller: Caller,
    pub(crate) options: Settings,
    pub(crate) chance: Mutex<StdRng>,
    pub(crate) entropy: Mutex<Box<dyn Entropy>>,
    pub(crate) endpoints: watch::Sender<Arc<Vec<Endpoint>>>,
    /// Counts what was derived or asked for, so that senders look again.
    pub(crate) news: watch::Sender<u64>,
    /// Held while a batch of facts is turned into messages; whoever erases a customer takes it, too.
    pub(crate) names: Arc<tokio::sync::Mutex<Names>>,
    /// Whether a restore holds effects back.
    pub(crate) is_paused: AtomicBool,
    pub(crate) closing: watch::Sender<bool>,
}

/// What of the options is asked for later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) allow_private: bool,
    pub(crate) look_every: Duration,
}

impl Webhooks {
    /// Starts the webhooks of an environment. Within a runtime, on which they go on.
    ///
    /// # Errors
    /// If what is kept cannot be used, or is ahead of the journal.
    pub fn start(
        env: Arc<Environment>,
        ops: Arc<Ops>,
        mut options: Options,
    ) -> Result<Arc<Self>, StartError> {
        let is_paused = fit_cursor(&env, &ops, options.accept_loss)?;
        let endpoints = Arc::new(ops.endpoints()?);
        let nonces = [options.entropy.nonce(), options.entropy.nonce()].concat();
        let seed: [u8; 32] = nonces.try_into().unwrap_or_default();
        let caller = Caller::new(options.allow_private, options.timeout)?;
        let shared = Arc::new(Shared {
            env,
            ops,
            caller,
            options: Settings { allow_private: options.allow_private, look_every: options.look_every },
            chance: Mutex::new(StdRng::from_seed(seed)),
            entropy: Mutex::new(options.entropy),
            endpoints: watch::Sender::new(endpoints),
            news: watch::Sender::new(0),
            names: Arc::default(),
            is_paused: AtomicBool::new(is_paused),
            closing: watch::Sender::new(false),
        });
        let tasks = vec![
            tokio::spawn(follow::run(Arc::clone(&shared))),
            tokio::spawn(look_after_senders(Arc::clone(&shared))),
            tokio::spawn(pace::run(Arc::clone(&shared))),
            tokio::spawn(upkeep::run(Arc::clone(&shared))),
        ];
        Ok(Arc::new(Self { shared, tasks: Mutex::new(tasks) }))
    }

    /// Ends: what is under way is given up, and sent again after the next start.
    pub async fn close(&self) {
        self.shared.closing.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(environment = self.shared.env.name(), %error, "a task of the webhooks has failed");
            }
        }
    }

    /// Which environment it belongs to.
    pub fn environment(&self) -> &Arc<Environment> {
        &self.shared.env
    }

    /// What is kept beside the journal.
    pub fn ops(&self) -> &Arc<Ops> {
        &self.shared.ops
    }
}

impl Shared {
    pub(crate) fn now_ms(&self) -> i64 {
        self.env.wall_ms()
    }

    /// Whether a restore holds effects back.
    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused.load(Ordering::Acquire)
    }

    /// A number from 0 to 999.
    pub(crate) fn chance(&self) -> i64 {
        self.chance.lock().unwrap_or_else(PoisonError::into_inner).random_range(0..1_000)
    }

    /// Random bytes for secrets and ids.
    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = [0; N];
        for part in bytes.chunks_mut(16) {
            part.copy_from_slice(&entropy.nonce()[..part.len()]);
        }
        bytes
    }

    /// Reads the endpoints again after one was changed.
    pub(crate) fn reload(&self) -> Result<(), OpsError> {
        self.endpoints.send_replace(Arc::new(self.ops.endpoints()?));
        self.tell_senders();
        Ok(())
    }

    /// Lets senders look for what is due.
    pub(crate) fn tell_senders(&self) {
        self.news.send_modify(|count| *count += 1);
    }

    /// An endpoint as it is now, by its number.
    pub(crate) fn endpoint(&self, number: EndpointNo) -> Option<Endpoint> {
        self.endpoints.borrow().iter().find(|endpoint| endpoint.number == number).cloned()
    }

    /// Ends when the service does.
    pub(crate) async fn closed(&self) {
        // The sender lives as long as this.
        let _ = self.closing.subscribe().wait_for(|is_closing| *is_closing).await;
    }

    /// Runs `work` on the file where waiting for the disk holds nobody up.
    pub(crate) async fn on_file<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, OpsError> + Send + 'static,
    ) -> Result<T, OpsError> {
        let shared = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&shared)).await;
        done.unwrap_or(Err(OpsError::Damaged("a task that used it has failed")))
    }
}

/// Sets the cursor right after a restore or a loss, and says whether effects are paused.
fn fit_cursor(env: &Environment, ops: &Ops, accept_loss: bool) -> Result<bool, StartError> {
    let (head, cursor) = (env.tail().committed().next.0, ops.cursor()?);
    let note = read_restored(env.dir()).map_err(StartError::Note)?;
    let is_paused = note.is_some_and(|note| note.effects_are_paused);
    let restored_ms = note.map(|note| note.at_ms);
    let is_new = restored_ms.is_some() && restored_ms != cursor.restored_ms;
    let is_lost = !is_new && !has_last(env, cursor)?;
    if is_lost && !accept_loss {
        return Err(StartError::Ahead { found: cursor.next, head });
    }
    if is_new || is_lost {
        // What the lost future told is not known here: nothing of before is told again.
        ops.set_cursor(Cursor { next: head, tag: None, alerts_to: 0, restored_ms })?;
    }
    Ok(is_paused)
}

/// Whether the journal has the fact that was looked at last. Where it ends says nothing: each start adds a fact.
fn has_last(env: &Environment, cursor: Cursor) -> Result<bool, ReadFactError> {
    let (Some(last), Some(tag)) = (cursor.next.checked_sub(1), cursor.tag) else {
        return Ok(cursor.next <= env.tail().committed().next.0);
    };
    Ok(env.facts().read(Position(last))?.is_some_and(|stored| stored.id.tag == tag))
}

/// Keeps a sender for each endpoint that is enabled.
async fn look_after_senders(shared: Arc<Shared>) {
    let mut endpoints = shared.endpoints.subscribe();
    let mut running: HashMap<EndpointNo, AbortHandle> = HashMap::new();
    loop {
        let enabled: Vec<EndpointNo> = {
            let all = endpoints.borrow_and_update();
            all.iter().filter(|one| one.disabled.is_none()).map(|one| one.number).collect()
        };
        running.retain(|number, sender| {
            let goes_on = enabled.contains(number) && !sender.is_finished();
            if !goes_on {
                sender.abort();
            }
            goes_on
        });
        for number in enabled {
            let start = || tokio::spawn(sender::run(Arc::clone(&shared), number)).abort_handle();
            running.entry(number).or_insert_with(start);
        }
        tokio::select! {
            _ = endpoints.changed() => {}
            () = shared.closed() => break,
        }
    }
    running.values().for_each(AbortHandle::abort);
}
