//! The file of people, links and sessions.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use thiserror::Error;

use super::{Person, Role};

/// Name of the file in the data directory.
pub const PEOPLE_FILE: &str = "people.db";
/// The version of the tables that this build reads and writes.
const SCHEMA_VERSION: i64 = 1;
/// How long a link can be used.
const LINK_MS: i64 = 24 * 3_600_000;
/// How long a session lasts without a visit.
const SESSION_MS: i64 = 14 * 24 * 3_600_000;
/// Visits closer together than this are noted as one.
const SEEN_EVERY_MS: i64 = 60_000;

const SCHEMA: &str = "
    CREATE TABLE person (
        id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, email TEXT UNIQUE COLLATE NOCASE, password TEXT,
        role TEXT NOT NULL, created_ms INTEGER NOT NULL, removed_ms INTEGER);
    CREATE TABLE link (
        hash BLOB PRIMARY KEY, person INTEGER NOT NULL, expires_ms INTEGER NOT NULL, used_ms INTEGER) WITHOUT ROWID;
    CREATE TABLE session (
        hash BLOB PRIMARY KEY, person INTEGER NOT NULL, created_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX session_of ON session (person);
    CREATE TABLE person_key (
        person INTEGER NOT NULL, environment TEXT NOT NULL, role TEXT NOT NULL, key INTEGER NOT NULL,
        PRIMARY KEY (person, environment)) WITHOUT ROWID;
    CREATE TABLE note (number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, by TEXT NOT NULL, what TEXT NOT NULL);
";

/// Why the file of people cannot be used.
#[derive(Debug, Error)]
pub enum PeopleError {
    /// The file refuses.
    #[error("the file of people: {0}")]
    File(#[from] rusqlite::Error),
    /// It is of a newer build.
    #[error(
        "people.db has tables of version {found}, and this build knows {SCHEMA_VERSION}: use the build that made it"
    )]
    Newer {
        /// The version found.
        found: i64,
    },
}

/// Somebody, as the list of people shows them.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) person: Person,
    pub(crate) has_password: bool,
    /// When they were last here; `None` where they have no session.
    pub(crate) seen_ms: Option<i64>,
}

/// The people of a project.
pub struct People {
    db: Mutex<Connection>,
}

impl People {
    /// Opens the file in a data directory; makes it where there is none.
    ///
    /// # Errors
    /// If it cannot be used.
    pub fn open(data: &Path) -> Result<Self, PeopleError> {
        Self::prepare(Connection::open(data.join(PEOPLE_FILE))?)
    }

    /// People in memory only, for tests.
    ///
    /// # Errors
    /// If the database refuses.
    pub fn in_memory() -> Result<Self, PeopleError> {
        Self::prepare(Connection::open_in_memory()?)
    }

    fn prepare(db: Connection) -> Result<Self, PeopleError> {
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        db.pragma_update(None, "synchronous", "FULL")?;
        match db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? {
            0 => db.execute_batch(&format!(
                "BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT"
            ))?,
            SCHEMA_VERSION => {}
            found => return Err(PeopleError::Newer { found }),
        }
        Ok(Self { db: Mutex::new(db) })
    }

    /// A token that signs a person in, once, within a day: the first approver, who is made where there is none.
    ///
    /// # Errors
    /// If the file refuses.
    pub fn link_for_owner(&self, token: &str, now_ms: i64) -> Result<(), PeopleError> {
        let db = self.db();
        let owner = db
            .query_row(
                "SELECT id FROM person WHERE role = 'approver' AND removed_ms IS NULL ORDER BY id LIMIT 1",
                [],
                |row| row.get::<_, i64>(0),
            )
            .optional()?;
        let owner = match owner {
            Some(owner) => owner,
            None => {
                db.execute(
                    "INSERT INTO person (name, role, created_ms) VALUES ('Owner', 'approver', ?1)",
                    [now_ms],
                )?;
                db.last_insert_rowid()
            }
        };
        db.execute(
            "INSERT INTO link (hash, person, expires_ms) VALUES (?1, ?2, ?3)",
            params![hash(token), owner, now_ms + LINK_MS],
        )?;
        Ok(())
    }

    /// Whether a link would sign somebody in; it is not used by this.
    pub(crate) fn is_link_good(&self, token: &str, now_ms: i64) -> Result<bool, PeopleError> {
        Ok(self.link(token, now_ms)?.is_some())
    }

    /// Uses a link: `session` is a token of a new session. `None` where the link is unknown, used, or too old.
    pub(crate) fn sign_in_by_link(
        &self,
        token: &str,
        session: &str,
        now_ms: i64,
    ) -> Result<bool, PeopleError> {
        let Some(person) = self.link(token, now_ms)? else { return Ok(false) };
        let db = self.db();
        let used = db.execute(
            "UPDATE link SET used_ms = ?2 WHERE hash = ?1 AND used_ms IS NULL",
            params![hash(token), now_ms],
        )?;
        if used == 1 {
            begin_session(&db, person, session, now_ms)?;
        }
        Ok(used == 1)
    }

    fn link(&self, token: &str, now_ms: i64) -> Result<Option<i64>, PeopleError> {
        let found = self.db().query_row(
            "SELECT person FROM link JOIN person ON person.id = link.person
             WHERE hash = ?1 AND used_ms IS NULL AND expires_ms > ?2 AND removed_ms IS NULL",
            params![hash(token), now_ms],
            |row| row.get(0),
        );
        Ok(found.optional()?)
    }

    /// Whose session it is.
    pub(crate) fn person_of(&self, session: &str, now_ms: i64) -> Result<Option<Person>, PeopleError> {
        let (db, hash) = (self.db(), hash(session));
        let found = db.query_row(
            "SELECT person.id, name, email, role, seen_ms FROM session JOIN person ON person.id = session.person
             WHERE hash = ?1 AND removed_ms IS NULL AND seen_ms > ?2",
            params![hash, now_ms - SESSION_MS],
            |row| Ok((person(row)?, row.get::<_, i64>(4)?)),
        );
        let Some((person, seen_ms)) = found.optional()? else { return Ok(None) };
        if now_ms - seen_ms > SEEN_EVERY_MS {
            db.execute("UPDATE session SET seen_ms = ?2 WHERE hash = ?1", params![hash, now_ms])?;
        }
        Ok(Some(person))
    }

    /// Ends a session.
    pub(crate) fn sign_out(&self, session: &str) -> Result<(), PeopleError> {
        self.db().execute("DELETE FROM session WHERE hash = ?1", [hash(session)])?;
        Ok(())
    }

    /// The number of the key under which somebody acts in an environment, if it was made for the role they have.
    pub(crate) fn key_of(&self, person: &Person, environment: &str) -> Result<Option<u32>, PeopleError> {
        let found = self.db().query_row(
            "SELECT key FROM person_key WHERE person = ?1 AND environment = ?2 AND role = ?3",
            params![person.id, environment, person.role.name()],
            |row| row.get(0),
        );
        Ok(found.optional()?)
    }

    /// Notes that key.
    pub(crate) fn set_key(&self, person: &Person, environment: &str, key: u32) -> Result<(), PeopleError> {
        self.db().execute(
            "INSERT INTO person_key (person, environment, role, key) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (person, environment) DO UPDATE SET role = excluded.role, key = excluded.key",
            params![person.id, environment, person.role.name(), key],
        )?;
        Ok(())
    }

    /// Forgets the keys of an environment that is no more: in the next of its name their numbers are others'.
    pub(crate) fn forget_keys(&self, environment: &str) -> Result<(), PeopleError> {
        self.db().execute("DELETE FROM person_key WHERE environment = ?1", params![environment])?;
        Ok(())
    }

    /// Everybody who may look, in the order in which they were added.
    pub(crate) fn list(&self) -> Result<Vec<Listed>, PeopleError> {
        let db = self.db();
        let mut rows = db.prepare(
            "SELECT person.id, name, email, role, password IS NOT NULL, max(seen_ms) FROM person
             LEFT JOIN session ON session.person = person.id WHERE removed_ms IS NULL GROUP BY person.id ORDER BY person.id",
        )?;
        let listed = rows.query_map([], |row| {
            Ok(Listed { person: person(row)?, has_password: row.get(4)?, seen_ms: row.get(5)? })
        })?;
        Ok(listed.collect::<Result<_, _>>()?)
    }

    /// Adds somebody. `None` where the address is somebody's.
    pub(crate) fn add(
        &self,
        name: &str,
        email: &str,
        role: Role,
        now_ms: i64,
    ) -> Result<Option<i64>, PeopleError> {
        let db = self.db();
        let added = db.execute(
            "INSERT INTO person (name, email, role, created_ms) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (email) DO NOTHING",
            params![name, email, role.name(), now_ms],
        )?;
        Ok((added == 1).then(|| db.last_insert_rowid()))
    }

    /// A token that signs this person in, once, within a day. Their earlier links end.
    pub(crate) fn link_for(&self, person: i64, token: &str, now_ms: i64) -> Result<(), PeopleError> {
        let db = self.db();
        db.execute("DELETE FROM link WHERE person = ?1", [person])?;
        db.execute(
            "INSERT INTO link (hash, person, expires_ms) VALUES (?1, ?2, ?3)",
            params![hash(token), person, now_ms + LINK_MS],
        )?;
        Ok(())
    }

    /// Changes what somebody is called and by which address they sign in. `false` where the address is somebody else's.
    pub(crate) fn set_profile(&self, person: i64, name: &str, email: &str) -> Result<bool, PeopleError> {
        let changed = self.db().execute(
            "UPDATE OR IGNORE person SET name = ?2, email = ?3 WHERE id = ?1",
            params![person, name, email],
        )?;
        Ok(changed == 1)
    }

    /// Sets the password, as its hash, and ends all other sessions of that person.
    pub(crate) fn set_password(&self, person: i64, password: &str, keeps: &str) -> Result<(), PeopleError> {
        let db = self.db();
        db.execute("UPDATE person SET password = ?2 WHERE id = ?1", params![person, password])?;
        db.execute("DELETE FROM session WHERE person = ?1 AND hash <> ?2", params![person, hash(keeps)])?;
        Ok(())
    }

    /// Who has this address, and the hash of their password.
    pub(crate) fn password_of(&self, email: &str) -> Result<Option<(i64, String)>, PeopleError> {
        let found = self.db().query_row(
            "SELECT id, password FROM person WHERE email = ?1 AND password IS NOT NULL AND removed_ms IS NULL",
            [email],
            |row| Ok((row.get(0)?, row.get(1)?)),
        );
        Ok(found.optional()?)
    }

    /// Begins a session of somebody whose password was right.
    pub(crate) fn sign_in(&self, person: i64, session: &str, now_ms: i64) -> Result<(), PeopleError> {
        begin_session(&self.db(), person, session, now_ms)
    }

    /// Gives somebody another role; `None` takes them off. `false` where nobody would be left who decides.
    pub(crate) fn set_role(&self, person: i64, role: Option<Role>, now_ms: i64) -> Result<bool, PeopleError> {
        let db = self.db();
        let others: i64 = db.query_row(
            "SELECT count(*) FROM person WHERE role = 'approver' AND removed_ms IS NULL AND id <> ?1",
            [person],
            |row| row.get(0),
        )?;
        if others == 0 && role != Some(Role::Approver) {
            return Ok(false);
        }
        match role {
            Some(role) => {
                db.execute("UPDATE person SET role = ?2 WHERE id = ?1", params![person, role.name()])?
            }
            None => {
                db.execute("DELETE FROM session WHERE person = ?1", [person])?;
                db.execute("DELETE FROM link WHERE person = ?1", [person])?;
                // The address is free for somebody else again.
                db.execute(
                    "UPDATE person SET removed_ms = ?2, email = NULL WHERE id = ?1",
                    params![person, now_ms],
                )?
            }
        };
        Ok(true)
    }

    /// The keys under which somebody acted, by environment.
    pub(crate) fn keys_of(&self, person: i64) -> Result<Vec<(String, u32)>, PeopleError> {
        let db = self.db();
        let mut rows = db.prepare("SELECT environment, key FROM person_key WHERE person = ?1")?;
        let keys = rows.query_map([person], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(keys.collect::<Result<_, _>>()?)
    }

    /// Notes what somebody did about people: it is of no environment, so no journal has it.
    pub(crate) fn note(&self, by: &str, what: &str, now_ms: i64) -> Result<(), PeopleError> {
        self.db()
            .execute("INSERT INTO note (at_ms, by, what) VALUES (?1, ?2, ?3)", params![now_ms, by, what])?;
        Ok(())
    }

    /// The newest notes.
    pub(crate) fn notes(&self) -> Result<Vec<(i64, String, String)>, PeopleError> {
        let db = self.db();
        let mut rows = db.prepare("SELECT at_ms, by, what FROM note ORDER BY number DESC LIMIT 50")?;
        let notes = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(notes.collect::<Result<_, _>>()?)
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn begin_session(db: &Connection, person: i64, session: &str, now_ms: i64) -> Result<(), PeopleError> {
    db.execute("DELETE FROM session WHERE seen_ms <= ?1", [now_ms - SESSION_MS])?;
    db.execute(
        "INSERT INTO session (hash, person, created_ms, seen_ms) VALUES (?1, ?2, ?3, ?3)",
        params![hash(session), person, now_ms],
    )?;
    Ok(())
}

fn person(row: &Row<'_>) -> rusqlite::Result<Person> {
    let role: String = row.get(3)?;
    // A role of a newer build may do nothing that this build knows.
    let role = Role::parse(&role).unwrap_or(Role::Viewer);
    Ok(Person { id: row.get(0)?, name: row.get(1)?, email: row.get(2)?, role })
}

/// What stands in the file for a token.
fn hash(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 24 * 3_600_000;

    #[test]
    fn link_signs_in_once_and_only_for_a_day() {
        let people = People::in_memory().expect("opened");
        people.link_for_owner("first", 0).expect("made");
        people.link_for_owner("late", 0).expect("made");
        assert!(
            people.is_link_good("first", 1).expect("read") && !people.is_link_good("other", 1).expect("read")
        );
        assert!(people.sign_in_by_link("first", "s1", 1).expect("used"));
        assert!(!people.sign_in_by_link("first", "s2", 2).expect("refused"), "a second time");
        assert!(!people.sign_in_by_link("late", "s3", DAY_MS).expect("refused"), "too late");
        let person = people.person_of("s1", 3).expect("read").expect("signed in");
        assert_eq!((person.name.as_str(), person.role), ("Owner", Role::Approver));
        assert_eq!(people.person_of("s2", 3).expect("read"), None);
    }

    #[test]
    fn session_ends_by_signing_out_or_two_weeks_after_the_last_visit() {
        let people = People::in_memory().expect("opened");
        for (link, session) in [("a", "s1"), ("b", "s2")] {
            people.link_for_owner(link, 0).expect("made");
            people.sign_in_by_link(link, session, 0).expect("used");
        }
        people.sign_out("s1").expect("done");
        assert_eq!(people.person_of("s1", 1).expect("read"), None);
        assert!(people.person_of("s2", 13 * DAY_MS).expect("read").is_some());
        assert!(
            people.person_of("s2", 26 * DAY_MS).expect("read").is_some(),
            "the visit before is what counts"
        );
        assert!(people.person_of("s2", 41 * DAY_MS).expect("read").is_none());
    }

    #[test]
    fn key_is_that_of_the_role_that_somebody_has_now() {
        let people = People::in_memory().expect("opened");
        let person = |role| Person { id: 1, name: "Ada".into(), email: None, role };
        people.set_key(&person(Role::Viewer), "test", 7).expect("noted");
        assert_eq!(people.key_of(&person(Role::Viewer), "test").expect("read"), Some(7));
        assert_eq!(people.key_of(&person(Role::Viewer), "live").expect("read"), None);
        assert_eq!(people.key_of(&person(Role::Operator), "test").expect("read"), None);
    }
}
