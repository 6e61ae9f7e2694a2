//! The tables, and their version.

use rusqlite::Connection;

use crate::error::OpsError;

/// Name of the file in the directory of its environment.
pub const OPS_FILE: &str = "ops.db";

/// The version of the tables that this build reads and writes. A change of them adds a step to [`prepare`]: the file
/// cannot be made anew.
pub(crate) const SCHEMA_VERSION: i64 = 1;

/// Why the indexes are as they are: a sender asks for lanes that are due (`lane_due`), then for the first delivery that
/// waits in one (`delivery_head`, which holds waiting ones only); neither grows with what else waits. `delivery_log`
/// is the order in which an endpoint's deliveries are shown. Numbers are never used again: an attempt may end after its
/// delivery was deleted.
const SCHEMA: &str = "
    CREATE TABLE endpoint (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, url TEXT NOT NULL,
        description TEXT NOT NULL, types TEXT NOT NULL, debits TEXT NOT NULL, disabled TEXT,
        from_position INTEGER NOT NULL, created_ms INTEGER NOT NULL, failing_since_ms INTEGER);
    CREATE TABLE secret (
        number INTEGER PRIMARY KEY, endpoint INTEGER NOT NULL, sealed BLOB NOT NULL, dies_ms INTEGER);
    CREATE INDEX secret_of ON secret (endpoint);
    CREATE TABLE vault (id INTEGER PRIMARY KEY CHECK (id = 0), sealed BLOB NOT NULL);
    CREATE TABLE message (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, wallet INTEGER NOT NULL,
        at_ms INTEGER NOT NULL, body TEXT NOT NULL, window_ms INTEGER, open_until_ms INTEGER,
        micro INTEGER NOT NULL DEFAULT 0, facts INTEGER NOT NULL DEFAULT 1);
    CREATE INDEX message_of ON message (wallet);
    CREATE INDEX message_window ON message (wallet, kind) WHERE open_until_ms IS NOT NULL;
    CREATE TABLE delivery (
        number INTEGER PRIMARY KEY AUTOINCREMENT, endpoint INTEGER NOT NULL, message INTEGER NOT NULL, lane INTEGER NOT NULL,
        state INTEGER NOT NULL, tries INTEGER NOT NULL, due_ms INTEGER NOT NULL, done_ms INTEGER,
        UNIQUE (message, endpoint));
    CREATE INDEX delivery_head ON delivery (endpoint, lane, number) WHERE state = 0;
    CREATE INDEX delivery_log ON delivery (endpoint, number);
    CREATE INDEX delivery_done ON delivery (done_ms) WHERE done_ms IS NOT NULL;
    CREATE TABLE lane (
        endpoint INTEGER NOT NULL, lane INTEGER NOT NULL, due_ms INTEGER NOT NULL,
        PRIMARY KEY (endpoint, lane)) WITHOUT ROWID;
    CREATE INDEX lane_due ON lane (endpoint, due_ms);
    CREATE TABLE attempt (
        number INTEGER PRIMARY KEY, delivery INTEGER NOT NULL, at_ms INTEGER NOT NULL, took_ms INTEGER NOT NULL,
        status INTEGER, result TEXT NOT NULL, answer TEXT);
    CREATE INDEX attempt_of ON attempt (delivery);
    CREATE TABLE cursor (
        id INTEGER PRIMARY KEY CHECK (id = 0), next INTEGER NOT NULL, tag INTEGER,
        alerts_to INTEGER NOT NULL, restored_ms INTEGER);
    CREATE TABLE alert (
        kind INTEGER NOT NULL, subject INTEGER NOT NULL, fired INTEGER NOT NULL, value INTEGER NOT NULL,
        PRIMARY KEY (kind, subject)) WITHOUT ROWID;
    CREATE TABLE notice (
        number INTEGER PRIMARY KEY, provider TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
        created_ms INTEGER NOT NULL, is_live INTEGER NOT NULL, order_id TEXT, body TEXT NOT NULL,
        received_ms INTEGER NOT NULL, state TEXT NOT NULL, note TEXT NOT NULL, tries INTEGER NOT NULL,
        next_try_ms INTEGER, UNIQUE (provider, id));
    CREATE INDEX notice_due ON notice (next_try_ms) WHERE next_try_ms IS NOT NULL;
    CREATE INDEX notice_state ON notice (state, number);
";

/// Sets a connection up, and makes the tables where there are none.
pub(crate) fn prepare(db: &Connection) -> Result<(), OpsError> {
    db.busy_timeout(std::time::Duration::from_secs(5))?;
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "FULL")?;
    // What is written over is a secret, or what a message said of a customer who was erased.
    db.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
    match db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? {
        0 => Ok(db.execute_batch(&format!(
            "BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT"
        ))?),
        SCHEMA_VERSION => Ok(()),
        found => Err(OpsError::Newer { found, known: SCHEMA_VERSION }),
    }
}
