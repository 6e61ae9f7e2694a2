//! Messages, and the deliveries that they are owed.

use rusqlite::{OptionalExtension as _, params};

use crate::deliveries::NO_WALLET;
use crate::endpoints::EndpointNo;
use crate::error::OpsError;
use crate::store::Derivation;

/// A message to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage<'a> {
    /// Its public id: the same however often it is derived.
    pub id: &'a str,
    /// Its type.
    pub kind: &'a str,
    /// Whose wallet it is about.
    pub wallet: Option<u32>,
    /// When what it tells happened.
    pub at_ms: i64,
    /// The body, as it is sent.
    pub body: &'a str,
    /// Where it sums up a stretch of time, which.
    pub window: Option<Window>,
    /// When it is to be sent first.
    pub due_ms: i64,
}

/// The stretch of time that a message sums up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its start.
    pub start_ms: i64,
    /// Until when it may be added to. It is not sent before.
    pub open_until_ms: i64,
    /// The sum so far, in micro-credits.
    pub micro: i64,
    /// Facts in it so far.
    pub facts: i64,
}

/// A message that may still be added to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenWindow {
    /// The message within the file.
    pub number: i64,
    /// Its public id.
    pub id: String,
    /// As it stands.
    pub window: Window,
}

impl Derivation<'_> {
    /// Puts a message and a delivery of it for each endpoint. One that is there already is left alone.
    pub fn put(&mut self, message: &NewMessage<'_>, to: &[EndpointNo]) -> Result<(), OpsError> {
        let lane = message.wallet.map_or(NO_WALLET, i64::from);
        let window = message.window;
        let added = self
            .tx
            .prepare_cached(
                "INSERT OR IGNORE INTO message
                     (id, kind, wallet, at_ms, body, window_ms, open_until_ms, micro, facts)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                message.id,
                message.kind,
                lane,
                message.at_ms,
                message.body,
                window.map(|window| window.start_ms),
                window.map(|window| window.open_until_ms),
                window.map_or(0, |window| window.micro),
                window.map_or(1, |window| window.facts),
            ])?;
        let number = match added {
            0 => self
                .tx
                .prepare_cached("SELECT number FROM message WHERE id = ?1")?
                .query_row([message.id], |row| row.get(0))?,
            _ => self.tx.last_insert_rowid(),
        };
        for endpoint in to {
            self.owe(*endpoint, (number, lane), message.due_ms)?;
        }
        Ok(())
    }

    fn owe(
        &mut self,
        endpoint: EndpointNo,
        (message, lane): (i64, i64),
        due_ms: i64,
    ) -> Result<(), OpsError> {
        let added = self
            .tx
            .prepare_cached(
                "INSERT OR IGNORE INTO delivery (endpoint, message, lane, state, tries, due_ms)
                 VALUES (?1, ?2, ?3, 0, 0, ?4)",
            )?
            .execute(params![endpoint.0, message, lane, due_ms])?;
        if added > 0 {
            // Where the lane has others before it, they say when it is due.
            self.tx
                .prepare_cached("INSERT OR IGNORE INTO lane (endpoint, lane, due_ms) VALUES (?1, ?2, ?3)")?
                .execute(params![endpoint.0, lane, due_ms])?;
        }
        Ok(())
    }

    /// The newest message of this type about a wallet that may still be added to at `now_ms`. One that was sent may not,
    /// whatever a clock that was set back says.
    pub fn open_window(&self, wallet: u32, kind: &str, now_ms: i64) -> Result<Option<OpenWindow>, OpsError> {
        let found = self
            .tx
            .prepare_cached(
                "SELECT number, id, window_ms, open_until_ms, micro, facts FROM message
                 WHERE wallet = ?1 AND kind = ?2 AND open_until_ms IS NOT NULL AND open_until_ms > ?3
                 AND NOT EXISTS (SELECT 1 FROM delivery WHERE message = message.number AND (tries > 0 OR state <> 0))
                 ORDER BY number DESC LIMIT 1",
            )?
            .query_row(params![wallet, kind, now_ms], |row| {
                let window = Window {
                    start_ms: row.get(2)?,
                    open_until_ms: row.get(3)?,
                    micro: row.get(4)?,
                    facts: row.get(5)?,
                };
                Ok(OpenWindow { number: row.get(0)?, id: row.get(1)?, window })
            })
            .optional()?;
        Ok(found)
    }

    /// Adds to a message: its sum and its body are what they are now.
    pub fn extend(&mut self, message: i64, (micro, facts): (i64, i64), body: &str) -> Result<(), OpsError> {
        self.tx
            .prepare_cached("UPDATE message SET micro = ?2, facts = ?3, body = ?4 WHERE number = ?1")?
            .execute(params![message, micro, facts, body])?;
        Ok(())
    }

    /// Nothing is added any more to messages about a wallet: something else of it was told after them.
    pub fn close_windows(&mut self, wallet: u32) -> Result<(), OpsError> {
        self.tx
            .prepare_cached(
                "UPDATE message SET open_until_ms = NULL WHERE wallet = ?1 AND open_until_ms IS NOT NULL",
            )?
            .execute([wallet])?;
        Ok(())
    }
}
