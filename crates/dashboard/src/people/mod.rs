//! Who may look at the dashboard, and who is signed in.
//!
//! People belong to the project, not to an environment: they are in `people.db` beside the environments. What they do
//! is in the environment's journal, under a key of their own that nobody has the secret of; the audit log names it after
//! them.
//!
//! Invariants: tokens of links and sessions are in the file as hashes only; a link signs in once; a session ends with
//! its time, by signing out, or when its person may no longer look.

mod backup;
mod keys;
pub(crate) mod password;
mod store;

use chargly_engine::ledger::{Scope, Scopes};

pub use backup::copy_people;
pub(crate) use store::Listed;
pub use store::{PEOPLE_FILE, People, PeopleError};

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees everything.
    Viewer,
    /// Besides, helps customers: grants, reverses, refunds, freezes.
    Operator,
    /// Besides, decides: prices, advice, settings, keys, people.
    Approver,
}

impl Role {
    /// From the one that may do least.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Approver];

    /// `viewer`, `operator`, `approver`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Approver => "approver",
        }
    }

    /// The role of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What the API lets this role do.
    pub(crate) fn scopes(self) -> Scopes {
        let scopes: &[Scope] = match self {
            Self::Viewer => &[Scope::Read],
            Self::Operator => &[Scope::Read, Scope::Meter, Scope::Grant],
            Self::Approver => {
                &[Scope::Read, Scope::Meter, Scope::Record, Scope::Grant, Scope::Prices, Scope::Admin]
            }
        };
        scopes.iter().copied().collect()
    }
}

/// Somebody who may look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Its number.
    pub id: i64,
    /// What they are called.
    pub name: String,
    /// By which they sign in, where they have a password.
    pub email: Option<String>,
    /// What they may do.
    pub role: Role,
}
