//! What payment providers told us: kept before it is acted on, so that nothing is lost, and once, so that nothing is
//! done twice because it was told twice.

use rusqlite::{OptionalExtension as _, Row, params};

use crate::error::OpsError;
use crate::store::Ops;

/// Where a notice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeState {
    /// It was received, and is to be acted on.
    Received,
    /// It was acted on, or needed nothing.
    Done,
    /// Nobody knows what to do with it: an order that is not known, mostly. For a person to look at.
    Parked,
    /// Acting on it failed for good.
    Failed,
}

impl NoticeState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Received, Self::Done, Self::Parked, Self::Failed];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Done => "done",
            Self::Parked => "parked",
            Self::Failed => "failed",
        }
    }
}

/// A notice as it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewNotice<'a> {
    /// What the provider calls it.
    pub id: &'a str,
    /// Who told it.
    pub provider: &'a str,
    /// What happened, in the provider's words.
    pub kind: &'a str,
    /// When, as the provider says.
    pub created_ms: i64,
    /// Whether it is about real money.
    pub is_live: bool,
    /// The order that it is about, where that is known.
    pub order: Option<&'a str>,
    /// As it was sent, without details of cards.
    pub body: &'a str,
}

/// A notice as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its number, by which pages go on.
    pub number: i64,
    /// What the provider calls it.
    pub id: String,
    /// Who told it.
    pub provider: String,
    /// What happened, in the provider's words.
    pub kind: String,
    /// When, as the provider says.
    pub created_ms: i64,
    /// Whether it is about real money.
    pub is_live: bool,
    /// The order that it is about, where that is known.
    pub order: Option<String>,
    /// As it was sent, without details of cards.
    pub body: String,
    /// When it came.
    pub received_ms: i64,
    /// Where it stands.
    pub state: NoticeState,
    /// Why, in a sentence.
    pub note: String,
    /// How often acting on it was tried.
    pub tries: u32,
    /// When it is tried next.
    pub next_try_ms: Option<i64>,
}

const COLUMNS: &str = "number, id, provider, kind, created_ms, is_live, order_id, body, received_ms, state, note, \
                       tries, next_try_ms";

impl Ops {
    /// Keeps a notice, to be tried at once. `false` where the provider told it before; nothing is changed then.
    pub fn put_notice(&self, notice: &NewNotice<'_>, received_ms: i64) -> Result<bool, OpsError> {
        self.durably(|tx| {
            let added = tx.execute(
                "INSERT OR IGNORE INTO notice (id, provider, kind, created_ms, is_live, order_id, body,
                     received_ms, state, note, tries, next_try_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'received', '', 0, ?8)",
                params![
                    notice.id,
                    notice.provider,
                    notice.kind,
                    notice.created_ms,
                    notice.is_live,
                    notice.order,
                    notice.body,
                    received_ms
                ],
            )?;
            Ok(added > 0)
        })
    }

    /// A notice has come to an end: it was acted on, parked or failed.
    pub fn mark_notice(
        &self,
        provider: &str,
        id: &str,
        state: NoticeState,
        note: &str,
    ) -> Result<(), OpsError> {
        self.durably(|tx| {
            tx.execute(
                "UPDATE notice SET state = ?3, note = ?4, tries = tries + 1, next_try_ms = NULL
                 WHERE provider = ?1 AND id = ?2",
                params![provider, id, state.as_str(), note],
            )?;
            Ok(())
        })
    }

    /// Acting on a notice failed for now: it is tried again at that time.
    pub fn postpone_notice(
        &self,
        provider: &str,
        id: &str,
        next_try_ms: i64,
        note: &str,
    ) -> Result<(), OpsError> {
        self.durably(|tx| {
            tx.execute(
                "UPDATE notice SET state = 'received', note = ?4, tries = tries + 1, next_try_ms = ?3
                 WHERE provider = ?1 AND id = ?2",
                params![provider, id, next_try_ms, note],
            )?;
            Ok(())
        })
    }

    /// Notices that are to be tried now, those that have waited longest first.
    pub fn notices_to_retry(&self, now_ms: i64, limit: usize) -> Result<Vec<Notice>, OpsError> {
        self.read(|db| {
            let mut rows = db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM notice WHERE next_try_ms <= ?1 ORDER BY next_try_ms LIMIT ?2"
            ))?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            Ok(rows.query_map(params![now_ms, limit], from_row)?.collect::<Result<_, _>>()?)
        })
    }

    /// A notice by the provider's name for it.
    pub fn notice(&self, provider: &str, id: &str) -> Result<Option<Notice>, OpsError> {
        self.read(|db| {
            let sql = format!("SELECT {COLUMNS} FROM notice WHERE provider = ?1 AND id = ?2");
            Ok(db.prepare_cached(&sql)?.query_row(params![provider, id], from_row).optional()?)
        })
    }

    /// When the newest notice of a provider came in, in milliseconds since 1970.
    pub fn last_notice_ms(&self, provider: &str) -> Result<Option<i64>, OpsError> {
        self.read(|db| {
            let mut row = db.prepare_cached(
                "SELECT received_ms FROM notice WHERE provider = ?1 ORDER BY number DESC LIMIT 1",
            )?;
            Ok(row.query_row([provider], |row| row.get(0)).optional()?)
        })
    }

    /// A page of notices, the newest first; `before` is the number of the last of the page before.
    pub fn list_notices(
        &self,
        state: Option<NoticeState>,
        limit: usize,
        before: Option<i64>,
    ) -> Result<Vec<Notice>, OpsError> {
        self.read(|db| {
            let mut rows = db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM notice WHERE (?1 IS NULL OR state = ?1) AND number < ?2
                 ORDER BY number DESC LIMIT ?3"
            ))?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let values = params![state.map(NoticeState::as_str), before.unwrap_or(i64::MAX), limit];
            Ok(rows.query_map(values, from_row)?.collect::<Result<_, _>>()?)
        })
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Notice> {
    let state: String = row.get(9)?;
    let state = NoticeState::ALL.into_iter().find(|known| known.as_str() == state);
    Ok(Notice {
        number: row.get(0)?,
        id: row.get(1)?,
        provider: row.get(2)?,
        kind: row.get(3)?,
        created_ms: row.get(4)?,
        is_live: row.get(5)?,
        order: row.get(6)?,
        body: row.get(7)?,
        received_ms: row.get(8)?,
        state: state.unwrap_or(NoticeState::Failed),
        note: row.get(10)?,
        tries: row.get(11)?,
        next_try_ms: row.get(12)?,
    })
}
