//! What a person reads where a page cannot be shown. Says what to do, and nothing of what was asked for.

use chargly_api::{ErrorCode, Problem};
use maud::{Markup, html};

use super::shell::{Shell, Sign, standing};

/// Why a page cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The link leads nowhere, or no longer.
    UnknownLink,
    /// What was sent is not what a form of ours sends.
    BadForm,
    /// Not now; in a moment perhaps.
    NotNow,
    /// Something is wrong here.
    Ours,
}

impl Trouble {
    /// What a problem is to a person. All that is known of it and does not help stays untold.
    pub(crate) fn of(problem: &Problem) -> Self {
        match problem.code {
            ErrorCode::NotFound | ErrorCode::Gone => Self::UnknownLink,
            ErrorCode::InvalidRequest
            | ErrorCode::MethodNotAllowed
            | ErrorCode::TooLarge
            | ErrorCode::UnsupportedMediaType => Self::BadForm,
            code if code.is_retryable() && code != ErrorCode::Internal => Self::NotNow,
            _ => Self::Ours,
        }
    }
}

/// The page. `root` leads from its path to the door's root: `../../`.
pub fn error_page(root: &str, trouble: Trouble) -> Markup {
    let (word, sentence) = match trouble {
        Trouble::UnknownLink => (
            "This link leads nowhere",
            "It may have ended, or a part of it was lost on the way. Go back to where you found it and ask for a new one.",
        ),
        Trouble::BadForm => (
            "This could not be read",
            "Nothing was changed. Go back, load the page again, and use its buttons.",
        ),
        Trouble::NotNow => {
            ("Not at this moment", "Nothing was lost. Wait a moment, then load the page again.")
        }
        Trouble::Ours => (
            "Something went wrong here",
            "It is not your fault. Load the page again; if that does not help, tell whoever sent you here.",
        ),
    };
    let content = html! {
        div.sheet { section.part { (standing(Sign::Not, word, sentence)) } }
    };
    Shell { root, title: word, is_narrow: true, look_again_s: None }.around(&content)
}
