//! Why there is no page, or why nothing was done.

use crate::json::Json;

/// Why something did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The API refused.
    Problem(Refused),
    /// There is no such page, or nothing of that name.
    NotFound,
    /// Nobody is signed in.
    SignedOut,
    /// The person's role does not do that.
    Role(&'static str),
    /// The form is not of this session, or too old.
    Stale,
    /// Something is wrong here. What, is in the log.
    Internal,
}

/// A problem of the API, as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) detail: String,
    /// Each field with what is wrong about it.
    pub(crate) fields: Vec<(String, String)>,
    /// All that the API told.
    pub(crate) facts: Json,
}

impl Trouble {
    pub(crate) fn of_problem(status: u16, problem: &Json) -> Self {
        let field = |one: &Json| (one.get("field").text().to_owned(), one.get("problem").text().to_owned());
        Self::Problem(Refused {
            status,
            code: problem.get("code").text().to_owned(),
            detail: problem.get("detail").text().to_owned(),
            fields: problem.get("errors").list().iter().map(field).collect(),
            facts: problem.clone(),
        })
    }

    /// A field of a form that cannot be what it is.
    pub(crate) fn field(field: &str, problem: &str) -> Self {
        Self::Problem(Refused {
            status: 400,
            code: "invalid_request".to_owned(),
            detail: "Mend what is named here, and send it again.".to_owned(),
            fields: vec![(field.to_owned(), problem.to_owned())],
            facts: Json::Null,
        })
    }

    /// What is told in the log only.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a page could not be made");
        Self::Internal
    }

    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Problem(refused) => refused.status,
            Self::NotFound => 404,
            Self::SignedOut => 401,
            Self::Role(_) => 403,
            Self::Stale => 409,
            Self::Internal => 500,
        }
    }

    /// One sentence for the person.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Problem(refused) => refused.detail.clone(),
            Self::NotFound => "There is nothing here.".to_owned(),
            Self::SignedOut => "Sign in to see this.".to_owned(),
            Self::Role(needed) => format!("This needs the role {needed}. Ask somebody who has it."),
            Self::Stale => {
                "This form is of an earlier visit. Nothing was done: look again, and send it once more."
                    .to_owned()
            }
            Self::Internal => "Something went wrong here. The server's log says what.".to_owned(),
        }
    }
}
