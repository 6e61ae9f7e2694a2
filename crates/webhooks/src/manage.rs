//! What can be done with endpoints: the verbs that doors call.

use std::sync::Arc;

use chargly_api::limits::WEBHOOK_ENDPOINTS_MAX;
use chargly_api::{Id, IdKind};
use chargly_engine::CallError;
use chargly_engine::ledger::{Millis, WalletNo};
use chargly_ops::{DeliveryFilter, Endpoint, LoggedDelivery, NONCE_BYTES, NewEndpoint, OpsError};
use thiserror::Error;

use crate::draft::{Details, Draft};
use crate::sender::secrets;
use crate::service::{Shared, Webhooks};
use crate::sign::{SECRET_BYTES, Secret};
use crate::types::MessageType;
use crate::upkeep;

/// Attempts of a delivery that the log shows.
const ATTEMPTS_SHOWN_MAX: usize = 10;

/// Why something could not be done with an endpoint.
#[derive(Debug, Error)]
pub enum ManageError {
    /// There are as many as there may be.
    #[error("there are {WEBHOOK_ENDPOINTS_MAX} webhook endpoints, as many as there may be")]
    TooMany,
    /// There is no such endpoint or message.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A restore holds effects back.
    #[error("what reaches outside is paused after a restore")]
    Paused,
    /// What is kept could not be used.
    #[error(transparent)]
    Ops(#[from] OpsError),
    /// The environment did not answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// What came of a test message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinged {
    /// The message's id.
    pub id: String,
    /// Its body.
    pub body: String,
    /// When it was sent.
    pub at_ms: i64,
    /// How long it took.
    pub took_ms: i64,
    /// The status that was answered.
    pub status: Option<u16>,
    /// How it ended, in a word: `delivered` where it has arrived.
    pub result: &'static str,
    /// What was answered, as far as it was read.
    pub answer: Option<String>,
}

impl Webhooks {
    /// Whether the operator allows addresses inside private networks, and plain HTTP.
    pub fn allows_private(&self) -> bool {
        self.shared.options.allow_private
    }

    /// Makes an endpoint, which is told of what is committed from now on. The secret is in this answer and nowhere else.
    pub async fn create(&self, asked: NewEndpoint) -> Result<(Endpoint, Secret), ManageError> {
        let shared = &self.shared;
        if shared.endpoints.borrow().len() >= WEBHOOK_ENDPOINTS_MAX {
            return Err(ManageError::TooMany);
        }
        let (id, secret, nonce) = (random_id(shared), new_secret(shared), shared.random::<NONCE_BYTES>());
        let (from, now_ms) = (shared.env.tail().committed().next.0, shared.now_ms());
        let kept = secret.clone();
        let made = shared
            .on_file(move |shared| {
                let secret = (kept.kept(), nonce);
                let made = shared.ops.create_endpoint(&id.to_string(), &asked, (from, now_ms), secret)?;
                shared.reload()?;
                Ok(made)
            })
            .await?;
        Ok((made, secret))
    }

    /// All endpoints, in the order in which they were made.
    pub fn endpoints(&self) -> Arc<Vec<Endpoint>> {
        self.shared.endpoints.borrow().clone()
    }

    /// The endpoint with this id.
    pub fn endpoint(&self, id: &str) -> Result<Endpoint, ManageError> {
        let found = self.shared.endpoints.borrow().iter().find(|endpoint| endpoint.id == id).cloned();
        found.ok_or(ManageError::NotFound("webhook_endpoint"))
    }

    /// When the former secret of an endpoint stops signing, where one still does.
    pub async fn overlap_ends_ms(&self, endpoint: &Endpoint) -> Result<Option<i64>, ManageError> {
        let (number, now_ms) = (endpoint.number, self.shared.now_ms());
        Ok(self.shared.on_file(move |shared| shared.ops.overlap_ends_ms(number, now_ms)).await?)
    }

    /// Changes where to, which and how.
    pub async fn update(&self, endpoint: &Endpoint, asked: NewEndpoint) -> Result<Endpoint, ManageError> {
        let number = endpoint.number;
        self.change(&endpoint.id, move |shared| shared.ops.update_endpoint(number, &asked)).await
    }

    /// Sends nothing to it any more. What waits goes on waiting; what happens from now on is not told to it.
    pub async fn disable(&self, endpoint: &Endpoint) -> Result<Endpoint, ManageError> {
        let (number, is_enabled) = (endpoint.number, endpoint.disabled.is_none());
        self.change(&endpoint.id, move |shared| match is_enabled {
            true => shared.ops.disable_endpoint(number, "by hand"),
            false => Ok(()),
        })
        .await
    }

    /// Sends to it again: what waited, and what happens from now on.
    pub async fn enable(&self, endpoint: &Endpoint) -> Result<Endpoint, ManageError> {
        let (number, from) = (endpoint.number, self.shared.env.tail().committed().next.0);
        self.change(&endpoint.id, move |shared| shared.ops.enable_endpoint(number, from)).await
    }

    /// Deletes it, with what is known of its deliveries.
    pub async fn delete(&self, endpoint: &Endpoint) -> Result<(), ManageError> {
        let number = endpoint.number;
        let deleted = self.shared.on_file(move |shared| {
            shared.ops.delete_endpoint(number)?;
            shared.reload()
        });
        Ok(deleted.await?)
    }

    /// Makes a new secret. The old ones sign beside it for so many milliseconds.
    pub async fn rotate(&self, endpoint: &Endpoint, overlap_ms: i64) -> Result<Secret, ManageError> {
        let shared = &self.shared;
        let (secret, nonce, now_ms) = (new_secret(shared), shared.random::<NONCE_BYTES>(), shared.now_ms());
        let (kept, endpoint) = (secret.clone(), endpoint.clone());
        shared
            .on_file(move |shared| {
                let times = (now_ms + overlap_ms, now_ms);
                shared.ops.rotate_secret(&endpoint, (kept.kept(), nonce), times)
            })
            .await?;
        Ok(secret)
    }

    /// Sends a test message at once, past everything that waits, and says what came of it.
    pub async fn ping(&self, endpoint: &Endpoint) -> Result<Pinged, ManageError> {
        let shared = &self.shared;
        if shared.is_paused() {
            return Err(ManageError::Paused);
        }
        let at_ms = shared.now_ms();
        let asked = endpoint.clone();
        let secrets = shared.on_file(move |shared| secrets(shared, &asked, at_ms)).await?;
        let draft = Draft {
            kind: MessageType::Ping,
            id: random_message_id(shared),
            wallet: None,
            at: Millis(at_ms),
            micro: None,
            balance_micro: None,
            details: Details::None,
        };
        let (id, body) = (draft.id.to_string(), draft.body(None));
        let reply = shared.caller.send(endpoint, &secrets, (&id, body.clone()), at_ms).await;
        let took_ms = (shared.now_ms() - at_ms).max(0);
        let (status, result, answer) = (reply.status, reply.result, reply.answer);
        Ok(Pinged { id, body, at_ms, took_ms, status, result, answer })
    }

    /// A page of an endpoint's deliveries, the newest first.
    pub async fn deliveries(
        &self,
        endpoint: &Endpoint,
        filter: DeliveryFilter,
        limit: usize,
    ) -> Result<Vec<LoggedDelivery>, ManageError> {
        let number = endpoint.number;
        let found = self
            .shared
            .on_file(move |shared| shared.ops.deliveries(number, &filter, (limit, ATTEMPTS_SHOWN_MAX)));
        Ok(found.await?)
    }

    /// Sends a message again, as if for the first time, under the same id.
    pub async fn resend(&self, endpoint: &Endpoint, message: &str) -> Result<(), ManageError> {
        let (number, message, now_ms) = (endpoint.number, message.to_owned(), self.shared.now_ms());
        let is_there = self.shared.on_file(move |shared| shared.ops.resend(number, &message, now_ms)).await?;
        self.shared.tell_senders();
        if is_there { Ok(()) } else { Err(ManageError::NotFound("message")) }
    }

    /// Forgets what was ever told of a wallet whose customer was erased. When this returns, it is in no file.
    pub async fn forget(&self, wallet: WalletNo) -> Result<(), ManageError> {
        // No batch is on its way into the file while this is held, and the next one asks anew.
        let mut names = Arc::clone(&self.shared.names).lock_owned().await;
        names.clear();
        self.shared.on_file(move |shared| shared.ops.forget_wallet(wallet.0)).await?;
        Ok(())
    }

    /// Forgets customers who were erased when the process ended before it got to [`Webhooks::forget`]. To be called
    /// before anything is served.
    pub async fn forget_erased(&self) -> Result<(), ManageError> {
        upkeep::forget_erased(&self.shared).await
    }

    async fn change(
        &self,
        id: &str,
        change: impl FnOnce(&Shared) -> Result<(), OpsError> + Send + 'static,
    ) -> Result<Endpoint, ManageError> {
        let changed = self.shared.on_file(move |shared| {
            change(shared)?;
            shared.reload()
        });
        changed.await?;
        self.endpoint(id)
    }
}

fn new_secret(shared: &Shared) -> Secret {
    Secret::of(shared.random::<SECRET_BYTES>())
}

fn random_id(shared: &Shared) -> Id {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = shared.random::<12>();
    Id::new(
        IdKind::WebhookEndpoint,
        u64::from_be_bytes([a, b, c, d, e, f, g, h]),
        u32::from_be_bytes([i, j, k, l]),
    )
}

fn random_message_id(shared: &Shared) -> Id {
    let line = u16::from_be_bytes(shared.random::<2>());
    Id { kind: IdKind::Message, line, ..random_id(shared) }
}
