//! Following the journal as it grows: for the live stream, and later for webhooks and views.

use std::sync::Arc;

use chargly_ledger::Position;

use crate::environment::Environment;
use crate::facts::{Facts, StoredFact, read_entry};
use crate::outcome::CallError;
use crate::tail::{Committed, Tail};

/// What a follower got.
#[derive(Debug)]
pub struct Followed {
    /// Facts in order.
    pub facts: Vec<StoredFact>,
    /// How many facts were skipped before them, because the follower had fallen behind.
    pub skipped: u64,
}

/// A reader that goes on from a position as facts are committed.
pub struct Follower {
    facts: Arc<Facts>,
    tail: Arc<Tail>,
    changes: tokio::sync::watch::Receiver<Committed>,
    next: Position,
    /// How far behind the head a follower may be before it skips; `None` to read everything.
    lag_max: Option<u64>,
}

impl Environment {
    /// Follows from a position; with `lag_max`, skips ahead when it has fallen further behind.
    pub fn follow(&self, from: Position, lag_max: Option<u64>) -> Follower {
        Follower {
            facts: self.facts_handle(),
            tail: self.tail_handle(),
            changes: self.tail().follow(),
            next: from,
            lag_max,
        }
    }
}

impl Follower {
    /// The next facts; waits until there are some. `None` when the environment is closed.
    pub async fn next(&mut self) -> Option<Result<Followed, CallError>> {
        loop {
            let head = self.changes.borrow_and_update().next;
            if self.next < head {
                return Some(self.read(head).await);
            }
            self.changes.changed().await.ok()?;
        }
    }

    /// Where it goes on.
    pub fn position(&self) -> Position {
        self.next
    }

    async fn read(&mut self, head: Position) -> Result<Followed, CallError> {
        let skipped = match self.lag_max {
            Some(lag_max) => (head.0 - self.next.0).saturating_sub(lag_max),
            None => 0,
        };
        self.next = Position(self.next.0 + skipped);
        let from = self.next;
        let chunks = match self.tail.chunk_at(from) {
            Some(young) => vec![young],
            None => {
                let facts = Arc::clone(&self.facts);
                tokio::task::spawn_blocking(move || facts.chunks_from(from))
                    .await
                    .unwrap_or_else(|_| Ok(Vec::new()))?
            }
        };
        let mut facts = Vec::new();
        for chunk in &chunks {
            for entry in chunk.entries().filter(|e| e.position.0 >= from.0) {
                facts.push(read_entry(chunk, &entry)?);
                self.next = Position(entry.position.0 + 1);
            }
        }
        Ok(Followed { facts, skipped })
    }
}
