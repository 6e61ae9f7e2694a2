//! What is derived from the journal while it grows: one thread reads each committed fact once and folds it into the
//! rollups and into the run that is being filled.

use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chargly_ledger::{Fact, Millis, Position};

use crate::environment::Environment;

/// How often rollups are written, in milliseconds; in between they live in memory.
const VIEWS_FLUSH_EVERY_MS: i64 = 10_000;
/// How long the thread rests when there is nothing to fold.
const NAP: Duration = Duration::from_millis(100);

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// The thread: folds what is committed, writes it now and then, and ends once all is folded after the writer's end.
pub(crate) fn derive(environment: &Weak<Environment>) {
    let mut flushed_ms = None;
    while let Some(environment) = environment.upgrade() {
        let closing = environment.closing().load(Ordering::Acquire);
        let folded = match environment.fold_committed() {
            Ok(folded) => folded,
            Err(error) => {
                tracing::error!(environment = environment.name(), %error, "what is derived cannot be folded on");
                return;
            }
        };
        let now_ms = environment.clock().monotonic_ms();
        let since = *flushed_ms.get_or_insert(now_ms);
        let is_due = now_ms - since >= VIEWS_FLUSH_EVERY_MS || environment.lock_views().should_flush();
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
    fn fold_committed(&self) -> Result<usize, AnyError> {
        let lookup = self.lookup();
        let from = self.lock_views().next().min(lookup.filled_to());
        let mut folded = 0;
        for chunk in self.facts().chunks_from(from)? {
            let mut facts = Vec::with_capacity(chunk.len());
            for entry in chunk.entries().filter(|entry| entry.position.0 >= from.0) {
                facts.push((Position(entry.position.0), Fact::decode(entry.fact)?));
            }
            folded += facts.len();
            let at = Millis(chunk.at_ms);
            {
                let mut views = self.lock_views();
                for (position, fact) in &facts {
                    if *position >= views.next() {
                        views.fold(*position, at, fact)?;
                    }
                }
            }
            let mut rest = facts.as_slice();
            while !rest.is_empty() {
                let mut is_full = false;
                lookup.fill(|run| {
                    while let [(position, fact), later @ ..] = rest {
                        if *position >= run.next() {
                            run.add(*position, at, fact);
                        }
                        rest = later;
                        is_full = run.is_full();
                        if is_full {
                            break;
                        }
                    }
                });
                if is_full {
                    lookup.seal(chunk.hash.0)?;
                }
            }
        }
        Ok(folded)
    }

    fn flush_views(&self) {
        if let Err(error) = self.lock_views().flush() {
            tracing::error!(environment = self.name(), %error, "the rollups cannot be written");
        }
    }
}
