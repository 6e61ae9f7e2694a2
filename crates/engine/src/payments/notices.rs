//! Notices of providers: believed by their signature, kept before they are acted on, and acted on by asking how the
//! order stands now.

use std::sync::Arc;
use std::time::Duration;

use chargly_journal::crash_point;
use chargly_ops::{NewNotice, NoticeState, OpsError};

use super::{About, NOTICE_KEPT, Notice, NoticeError, PaymentError, PaymentProvider, ProviderError};
use crate::environment::Environment;
use crate::outcome::CallError;
use crate::submission::Failure;

/// How long a notice waits that could not be acted on, in milliseconds, after its first try; twice as long after each
/// other, up to [`RETRIED_EVERY_MS_MAX`].
const RETRIED_AFTER_MS: i64 = 60 * 1_000;
/// How long at most, in milliseconds.
const RETRIED_EVERY_MS_MAX: i64 = 60 * 60 * 1_000;
/// How long a notice is followed before it is answered; what takes longer is left to the sweep.
const FOLLOWED_AT_ONCE: Duration = Duration::from_secs(8);
/// After so many tries a notice is given up, and shown to a person: some three days.
const TRIES_MAX: u32 = 80;

/// A notice that was found to be meant for this environment.
pub struct BelievedNotice {
    provider: Arc<dyn PaymentProvider>,
    notice: Notice,
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeEnd {
    /// It was followed, or needs nothing.
    Followed,
    /// Nobody here knows its order: it is kept for a person.
    Parked,
    /// It is kept, and followed later.
    Later,
}

impl Environment {
    /// Reads a notice, if one of this environment's providers made its signature. Nothing is done yet.
    ///
    /// # Errors
    /// [`NoticeError`]: the one that tells most.
    pub fn believe_notice(&self, signature: &str, body: &[u8]) -> Result<BelievedNotice, NoticeError> {
        let mut told = NoticeError::None;
        for provider in self.payment_providers() {
            match provider.read_notice(signature, body, self.wall_ms()) {
                Ok(notice) => return Ok(BelievedNotice { provider: Arc::clone(provider), notice }),
                Err(NoticeError::None) => {}
                Err(error) => told = error,
            }
        }
        Err(told)
    }

    /// Keeps a notice, then follows it. When this returns, it is not lost any more, whatever became of it.
    ///
    /// # Errors
    /// If it could not be kept: the provider has to send it again.
    pub async fn take_notice(&self, believed: BelievedNotice) -> Result<NoticeEnd, PaymentError> {
        let BelievedNotice { provider, notice } = believed;
        let known = self.keep_notice(provider.name(), &notice).await?;
        crash_point(NOTICE_KEPT);
        match known {
            Some(NoticeState::Done) => Ok(NoticeEnd::Followed),
            Some(_) | None => {
                let followed = self.follow_notice(provider.as_ref(), &notice, 0);
                // Whoever waits for the answer is not kept waiting for the provider's.
                tokio::time::timeout(FOLLOWED_AT_ONCE, followed).await.unwrap_or(Ok(NoticeEnd::Later))
            }
        }
    }

    /// Where a notice stood that was told before; `None` where it is new, and kept now.
    async fn keep_notice(
        &self,
        provider: &str,
        notice: &Notice,
    ) -> Result<Option<NoticeState>, PaymentError> {
        let (ops, provider, notice) = (Arc::clone(self.ops()?), provider.to_owned(), notice.clone());
        let received_ms = self.wall_ms();
        self.kept(move || {
            let order = match &notice.about {
                About::Order(order) => Some(order.as_str()),
                About::Payment(_) | About::Charge(_) | About::Nothing => None,
            };
            let new = NewNotice {
                id: &notice.id,
                provider: &provider,
                kind: &notice.kind,
                created_ms: notice.created_ms,
                is_live: notice.is_live,
                order,
                body: &notice.body,
            };
            if ops.put_notice(&new, received_ms)? {
                return Ok(None);
            }
            Ok(ops.notice(&provider, &notice.id)?.map(|known| known.state))
        })
        .await
    }

    /// Acts on a notice that is kept, and notes what became of it.
    pub(super) async fn follow_notice(
        &self,
        provider: &dyn PaymentProvider,
        notice: &Notice,
        tries: u32,
    ) -> Result<NoticeEnd, PaymentError> {
        let (state, note, end) = match self.act_on(provider, notice).await {
            Ok(None) => (NoticeState::Done, String::new(), NoticeEnd::Followed),
            Ok(Some(why)) => (NoticeState::Parked, why, NoticeEnd::Parked),
            Err(error) if tries >= TRIES_MAX => (NoticeState::Failed, error.to_string(), NoticeEnd::Parked),
            Err(error) => {
                tracing::warn!(notice = notice.id, %error, "a notice is kept, and followed later");
                (NoticeState::Received, error.to_string(), NoticeEnd::Later)
            }
        };
        let (ops, provider, id) = (Arc::clone(self.ops()?), provider.name(), notice.id.clone());
        let wait_ms = RETRIED_AFTER_MS.saturating_mul(1 << tries.min(10)).min(RETRIED_EVERY_MS_MAX);
        let next_try_ms = self.wall_ms().saturating_add(wait_ms);
        self.kept(move || match state {
            NoticeState::Received => ops.postpone_notice(provider, &id, next_try_ms, &note),
            state => ops.mark_notice(provider, &id, state, &note),
        })
        .await?;
        Ok(end)
    }

    /// `None` where the notice was followed or needs nothing; else why nobody knows what to do with it.
    async fn act_on(
        &self,
        provider: &dyn PaymentProvider,
        notice: &Notice,
    ) -> Result<Option<String>, PaymentError> {
        if notice.is_live != (self.name() == "live") {
            return Ok(Some("it is about money of the other kind than this environment's".to_owned()));
        }
        if notice.about != About::Nothing {
            self.ensure_effects()?;
        }
        let order = match &notice.about {
            About::Nothing => return Ok(None),
            About::Order(order) => Some(order.clone()),
            // Whose it is has to be asked for, which is an effect as well.
            about @ (About::Payment(_) | About::Charge(_)) => match provider.order_of(about).await {
                Ok(order) => order,
                Err(ProviderError::Unknown { .. }) => None,
                Err(error) => return Err(error.into()),
            },
        };
        let Some(order) = order else { return Ok(Some("it names no order".to_owned())) };
        let Some(id) = self.read_wire_name("ord_", &order) else {
            return Ok(Some(format!("{order} is no order of this environment")));
        };
        match self.refresh_order(id).await {
            Ok(_) => Ok(None),
            Err(PaymentError::Call(CallError::NotFound { .. })) => {
                Ok(Some(format!("{order} is no order of this environment")))
            }
            Err(error) => Err(error),
        }
    }

    /// Follows kept notices that are due.
    pub(super) async fn follow_due_notices(&self, limit: usize) -> Result<(), PaymentError> {
        let (ops, now_ms) = (Arc::clone(self.ops()?), self.wall_ms());
        let due = self.kept(move || ops.notices_to_retry(now_ms, limit)).await?;
        for kept in due {
            let Ok(provider) = self.payments().setup()?.named(&kept.provider) else { continue };
            let Some(notice) = provider.read_kept(&kept.body) else { continue };
            self.follow_notice(provider.as_ref(), &notice, kept.tries).await?;
        }
        Ok(())
    }

    /// Fetches what was never delivered since an instant, or whatever was sent since then, and follows what is not
    /// followed yet.
    pub(super) async fn catch_up(&self, since_ms: i64, delivered_too: bool) -> Result<(), PaymentError> {
        for provider in self.payment_providers() {
            for notice in provider.missed(since_ms, delivered_too).await? {
                self.take_notice(BelievedNotice { provider: Arc::clone(provider), notice }).await?;
            }
        }
        Ok(())
    }

    /// Notices as they are kept, newest first.
    pub async fn list_notices(
        &self,
        state: Option<NoticeState>,
        limit: usize,
        before: Option<i64>,
    ) -> Result<Vec<chargly_ops::Notice>, PaymentError> {
        let ops = Arc::clone(self.ops()?);
        self.kept(move || ops.list_notices(state, limit, before)).await
    }

    /// When the newest notice of a provider came in.
    pub(super) async fn last_notice_ms(&self, provider: &'static str) -> Result<Option<i64>, PaymentError> {
        let ops = Arc::clone(self.ops()?);
        self.kept(move || ops.last_notice_ms(provider)).await
    }

    fn ops(&self) -> Result<&Arc<chargly_ops::Ops>, PaymentError> {
        Ok(&self.payments().setup()?.ops)
    }

    /// Runs `work` on what is kept beside the journal, where waiting for the disk holds nobody up.
    async fn kept<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, OpsError> + Send + 'static,
    ) -> Result<T, PaymentError> {
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => Ok(done?),
            Err(_) => Err(CallError::Failed(Failure::Stopped).into()),
        }
    }
}
