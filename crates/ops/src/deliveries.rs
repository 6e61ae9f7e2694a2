//! Deliveries on their way: what is due, and what became of an attempt.
//!
//! A *lane* is the deliveries of one wallet to one endpoint: they go one after the other. Each lane with something
//! waiting has a row that says when its first delivery is due, so that a sender finds work by one step into an index,
//! however much waits.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::endpoints::EndpointNo;
use crate::error::OpsError;
use crate::store::Ops;

/// The lane of messages that are about no wallet.
pub const NO_WALLET: i64 = -1;

/// A lane that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub lane: i64,
    /// Since when.
    pub due_ms: i64,
}

/// The first delivery that waits in a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The delivery within the file.
    pub delivery: i64,
    /// Its lane.
    pub lane: i64,
    /// How often it was tried.
    pub tries: u32,
    /// The message's public id.
    pub id: String,
    /// The message's type.
    pub kind: String,
    /// What to send.
    pub body: String,
}

/// An attempt that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// To deliver what.
    pub delivery: i64,
    /// In which lane.
    pub lane: i64,
    /// When it was begun.
    pub at_ms: i64,
    /// How long it took.
    pub took_ms: i64,
    /// The status that was answered.
    pub status: Option<u16>,
    /// How it ended, in a word.
    pub result: &'static str,
    /// What was answered, as far as it was read.
    pub answer: Option<String>,
    /// What is to be done now.
    pub next: Next,
}

/// What is to be done after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it has arrived.
    Delivered,
    /// Another attempt at that time.
    Again(i64),
    /// Nothing: it will not arrive.
    GiveUp,
}

const DUE_LANES: &str =
    "SELECT lane, due_ms FROM lane WHERE endpoint = ?1 AND due_ms <= ?2 ORDER BY due_ms LIMIT ?3";
const HEAD: &str = "SELECT delivery.number, lane, tries, id, kind, body FROM delivery
     JOIN message ON message.number = delivery.message
     WHERE endpoint = ?1 AND lane = ?2 AND state = 0 ORDER BY delivery.number LIMIT 1";

impl Ops {
    /// How the database goes about picking, a line for each step: for the test that it goes through nothing.
    pub fn picking_plan(&self) -> Result<Vec<String>, OpsError> {
        self.read(|db| {
            let mut steps = Vec::new();
            for sql in [DUE_LANES, HEAD] {
                let mut rows = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let count = rows.parameter_count();
                let values = rusqlite::params_from_iter(std::iter::repeat_n(0, count));
                let found: Vec<String> =
                    rows.query_map(values, |row| row.get(3))?.collect::<Result<_, _>>()?;
                steps.extend(found);
            }
            Ok(steps)
        })
    }

    /// Lanes of an endpoint that are due, those that have waited longest first.
    pub fn due_lanes(&self, endpoint: EndpointNo, now_ms: i64, limit: usize) -> Result<Vec<Due>, OpsError> {
        self.read(|db| {
            let mut rows = db.prepare_cached(DUE_LANES)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let found = rows.query_map(params![endpoint.0, now_ms, limit], |row| {
                Ok(Due { lane: row.get(0)?, due_ms: row.get(1)? })
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    /// The first delivery that waits in a lane.
    pub fn head(&self, endpoint: EndpointNo, lane: i64) -> Result<Option<Pending>, OpsError> {
        self.read(|db| {
            let mut rows = db.prepare_cached(HEAD)?;
            let found = rows.query_row(params![endpoint.0, lane], |row| {
                Ok(Pending {
                    delivery: row.get(0)?,
                    lane: row.get(1)?,
                    tries: row.get(2)?,
                    id: row.get(3)?,
                    kind: row.get(4)?,
                    body: row.get(5)?,
                })
            });
            Ok(found.optional()?)
        })
    }

    /// Records attempts, and lets their lanes go on. A delivery that was deleted meanwhile stays so. Says whether the
    /// endpoint began to fail with them, or no longer does.
    pub fn record_attempts(&self, endpoint: EndpointNo, attempts: &[Attempted]) -> Result<bool, OpsError> {
        self.lightly(|tx| {
            let mut has_turned = false;
            for attempt in attempts {
                if note_next(tx, attempt)? {
                    put_attempt(tx, attempt)?;
                }
                refresh_lane(tx, endpoint, attempt.lane)?;
                has_turned |= note_health(tx, endpoint, attempt)?;
            }
            Ok(has_turned)
        })
    }

    /// How many deliveries wait for an endpoint, counted up to `most`.
    pub fn count_pending(&self, endpoint: EndpointNo, most: usize) -> Result<usize, OpsError> {
        self.read(|db| {
            let mut rows = db.prepare_cached(
                "SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE endpoint = ?1 AND state = 0 LIMIT ?2)",
            )?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            Ok(rows.query_row(params![endpoint.0, most], |row| row.get::<_, i64>(0))?.try_into().unwrap_or(0))
        })
    }

    /// Sends a delivery again, as if for the first time. `false` where the endpoint was never owed the message.
    pub fn resend(&self, endpoint: EndpointNo, message: &str, now_ms: i64) -> Result<bool, OpsError> {
        self.durably(|tx| {
            let found: Option<(i64, i64)> = tx
                .query_row(
                    "SELECT delivery.number, lane FROM delivery JOIN message ON message.number = message
                     WHERE endpoint = ?1 AND id = ?2",
                    params![endpoint.0, message],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()?;
            let Some((delivery, lane)) = found else { return Ok(false) };
            tx.execute(
                "UPDATE delivery SET state = 0, tries = 0, due_ms = ?2, done_ms = NULL WHERE number = ?1",
                params![delivery, now_ms],
            )?;
            refresh_lane(tx, endpoint, lane)?;
            Ok(true)
        })
    }
}

/// Whether the delivery is still there.
fn note_next(tx: &Connection, attempt: &Attempted) -> Result<bool, OpsError> {
    let done_ms = attempt.at_ms + attempt.took_ms;
    let (state, due_ms, done_ms) = match attempt.next {
        Next::Delivered => (1, 0, Some(done_ms)),
        Next::Again(due_ms) => (0, due_ms, None),
        Next::GiveUp => (2, 0, Some(done_ms)),
    };
    let changed = tx
        .prepare_cached(
            "UPDATE delivery SET state = ?2, tries = tries + 1, due_ms = ?3, done_ms = ?4 WHERE number = ?1",
        )?
        .execute(params![attempt.delivery, state, due_ms, done_ms])?;
    Ok(changed > 0)
}

fn put_attempt(tx: &Connection, attempt: &Attempted) -> Result<(), OpsError> {
    tx.prepare_cached(
        "INSERT INTO attempt (delivery, at_ms, took_ms, status, result, answer)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        attempt.delivery,
        attempt.at_ms,
        attempt.took_ms,
        attempt.status,
        attempt.result,
        attempt.answer
    ])?;
    Ok(())
}

/// Since when there is nothing but failures; says whether that has changed.
fn note_health(tx: &Connection, endpoint: EndpointNo, attempt: &Attempted) -> Result<bool, OpsError> {
    let changed = if attempt.next == Next::Delivered {
        tx.prepare_cached(
            "UPDATE endpoint SET failing_since_ms = NULL WHERE number = ?1 AND failing_since_ms IS NOT NULL",
        )?
        .execute([endpoint.0])?
    } else {
        tx.prepare_cached(
            "UPDATE endpoint SET failing_since_ms = ?2 WHERE number = ?1 AND failing_since_ms IS NULL",
        )?
        .execute(params![endpoint.0, attempt.at_ms])?
    };
    Ok(changed > 0)
}

/// Makes a lane's row say when its first delivery is due; a lane without one has none.
pub(crate) fn refresh_lane(tx: &Connection, endpoint: EndpointNo, lane: i64) -> Result<(), OpsError> {
    let due_ms: Option<i64> = tx
        .prepare_cached(
            "SELECT due_ms FROM delivery WHERE endpoint = ?1 AND lane = ?2 AND state = 0
             ORDER BY number LIMIT 1",
        )?
        .query_row(params![endpoint.0, lane], |row| row.get(0))
        .optional()?;
    match due_ms {
        Some(due_ms) => tx
            .prepare_cached("INSERT OR REPLACE INTO lane (endpoint, lane, due_ms) VALUES (?1, ?2, ?3)")?
            .execute(params![endpoint.0, lane, due_ms])?,
        None => tx
            .prepare_cached("DELETE FROM lane WHERE endpoint = ?1 AND lane = ?2")?
            .execute(params![endpoint.0, lane])?,
    };
    Ok(())
}
