//! Pages for people, and the files that belong to them.
//!
//! A page is a pure function from a view, a struct of plain values, to markup: it asks nothing and decides nothing, so
//! that each of its states can be seen without an environment (`cargo run -p chargly-http --example pages`).
//!
//! Invariants: buyers read of packs, credits and money, never of tokens, models, provider cost or internal ids; whatever
//! can be done works without a script and by keyboard; nothing is said by colour alone; links are relative, so that
//! everything holds behind a proxy's prefix; amounts are exact.
//!
//! Not owned here: who may see a page (the handler and its use case), and what a browser lets it do (`browser.rs`).

pub(crate) mod assets;
mod error;
mod format;
mod pay;
mod purchase;
mod returned;
mod shell;

use axum::http::StatusCode;
use axum::response::Response;
use maud::Markup;

use crate::answer::Answer;

pub use error::{Trouble, error_page};
pub use pay::{PayAction, PayPage, PayState, pay_page};
pub use purchase::Purchase;
pub use returned::{LOOK_AGAIN_SECONDS, PaymentOutcome, ReturnPage, return_page};

/// A page as a response, with what a browser needs to know. `leads_on_to` are addresses of other sites that its forms
/// may end at.
pub fn page_response(status: StatusCode, page: Markup, leads_on_to: &[&str]) -> Response {
    Answer::page(status, page).leading_on_to(leads_on_to).into_response()
}
