//! What is derived from the journal while it grows: one thread reads each committed fact once and folds it into the
//! rollups and into the run that is being filled.

use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chargly_ledger::{Fact, Millis, Position};

use crate::environment::{AnyError, Environment};
use crate::refold::{self, Refold, encoded};

/// How often rollups are written at least, in milliseconds; in between they live in memory. Each time writes every row
/// that changed, so seldom is cheap; what a crash loses is folded again.
const VIEWS_FLUSH_EVERY_MS: i64 = 60_000;
/// How long the thread rests when there is nothing to fold.
const NAP: Duration = Duration::from_millis(100);
/// How long it is left alone that figures could not be folded anew, in milliseconds: each attempt begins with the first
/// fact.
const REFOLD_AGAIN_AFTER_MS: i64 = 60_000;
/// How long it rests when it cannot go on, before it tries again.
const RETRY_NAP: Duration = Duration::from_millis(500);

/// The thread: folds what is committed, writes it now and then, and ends once all is folded after the writer's end.
pub(crate) fn derive(environment: &Weak<Environment>) {
    let (mut flushed_ms, mut is_behind) = (None, false);
    let (mut refold, mut refold_again_ms): (Option<Refold>, i64) = (None, i64::MIN);
    while let Some(environment) = environment.upgrade() {
        let closing = environment.closing().load(Ordering::Acquire);
        if closing && let Some(unfinished) = refold.take() {
            unfinished.cancel();
        }
        let now_ms = environment.clock().monotonic_ms();
        if !closing
            && now_ms >= refold_again_ms
            && let Err(error) = refold::look_after(&environment, &mut refold)
        {
            tracing::error!(environment = environment.name(), %error, "the figures cannot be folded anew");
            refold_again_ms = now_ms + REFOLD_AGAIN_AFTER_MS;
        }
        let folded = match environment.fold_committed() {
            Ok(folded) => folded,
            Err(error) if closing => {
                tracing::error!(environment = environment.name(), %error, "what is derived is left behind");
                return;
            }
            Err(error) => {
                // A full disk, mostly: what is committed stays to be folded.
                if !is_behind {
                    tracing::error!(environment = environment.name(), %error, "what is derived cannot go on");
                }
                is_behind = true;
                drop(environment);
                std::thread::sleep(RETRY_NAP);
                continue;
            }
        };
        is_behind = false;
        let since = *flushed_ms.get_or_insert(now_ms);
        let is_due = now_ms - since >= VIEWS_FLUSH_EVERY_MS || environment.views().should_flush();
        if closing && folded == 0 || is_due {
            environment.flush_views();
            flushed_ms = Some(now_ms);
        }
        if closing && folded == 0 {
            return;
        }
        drop(environment);
        if folded == 0 {
            std::thread::sleep(NAP);
        }
    }
}

impl Environment {
    /// Folds some of what is committed; says how much.
    fn fold_committed(&self) -> Result<u64, AnyError> {
        let lookup = self.lookup();
        // Full where it could not be sealed the last time.
        self.seal_full_run()?;
        let views = self.views();
        let from = views.next().min(lookup.filled_to());
        let mut folded = 0;
        for chunk in self.facts().chunks_from(from)? {
            let at = Millis(chunk.at_ms);
            folded += views.fold_encoded(at, chunk.entries().map(|entry| encoded(&entry)))?;
            let mut entries =
                chunk.entries().map(|entry| (Position(entry.position.0), entry.fact)).peekable();
            while entries.peek().is_some() {
                let mut is_full = false;
                lookup.fill(|run| {
                    while let Some((position, bytes)) = entries.next_if(|_| !is_full) {
                        if position >= run.next() {
                            run.add(position, at, &Fact::decode(bytes)?);
                            folded += 1;
                            is_full = run.is_full();
                        }
                    }
                    Ok::<(), chargly_ledger::DecodeError>(())
                })?;
                if is_full {
                    self.seal_full_run()?;
                }
            }
        }
        self.note_lag();
        Ok(folded)
    }

    /// Seals the run being filled, if it is full.
    fn seal_full_run(&self) -> Result<(), AnyError> {
        let lookup = self.lookup();
        if !lookup.is_full() {
            return Ok(());
        }
        let last = Position(lookup.filled_to().0 - 1);
        let chunk = self.facts().chunk_at(last)?.ok_or("the chunk with a run's last fact is not there")?;
        Ok(lookup.seal(chunk.hash.0)?)
    }

    fn note_lag(&self) {
        let head = self.tail().committed().next;
        let lag = self.views().lag(head).max(head.0.saturating_sub(self.lookup().filled_to().0));
        let lag = u32::try_from(lag).unwrap_or(u32::MAX);
        metrics::gauge!("chargly_derived_lag_facts", "environment" => self.name().to_owned()).set(lag);
    }

    fn flush_views(&self) {
        if let Err(error) = self.views().flush() {
            tracing::error!(environment = self.name(), %error, "the rollups cannot be written");
        }
    }
}
