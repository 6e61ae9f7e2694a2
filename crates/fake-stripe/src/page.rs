//! The hosted pay page, plain enough for a browser that is driven by a script.

use std::sync::Arc;

use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use serde_json::Value;

use crate::control::{Command, Method};
use crate::server::Shared;
use crate::state::{number, text};

/// `GET /pay/{session}`
pub(crate) async fn show(Extract(shared): Extract<Arc<Shared>>, Path(session): Path<String>) -> Response {
    match shared.state().sessions.get(&session) {
        Ok(session) => Html(page(session, "")).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `POST /pay/{session}/{choice}`
pub(crate) async fn choose(
    Extract(shared): Extract<Arc<Shared>>,
    Path((session, choice)): Path<(String, String)>,
) -> Response {
    let command = match choice.as_str() {
        "pay" => Command::pay(&session),
        "debit" => Command::Pay {
            session: session.clone(),
            method: Method::BankDebit,
            tax: 0,
            discount: 0,
            presentment: None,
        },
        "decline" => Command::Fail { session: session.clone() },
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    match shared.control(command).await {
        Ok(session) if choice == "decline" => Html(page(&session, "Your card was declined.")).into_response(),
        Ok(session) => {
            let back = text(&session, "success_url").replace("{CHECKOUT_SESSION_ID}", &text(&session, "id"));
            Redirect::to(&back).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.message).into_response(),
    }
}

fn page(session: &Value, notice: &str) -> String {
    let id = escape(&text(session, "id"));
    let button = |choice: &str, words: &str| {
        format!(
            r#"<form method="post" action="/pay/{id}/{choice}"><button id="{choice}">{words}</button></form>"#
        )
    };
    let buttons = match session["status"] == "open" {
        true => {
            button("pay", "Pay by card")
                + &button("debit", "Pay by bank debit")
                + &button("decline", "Decline")
        }
        false => format!("<p>This checkout is {}.</p>", escape(&text(session, "status"))),
    };
    let (total, currency) = (number(session, "amount_total"), escape(&text(session, "currency")));
    let back = escape(&text(session, "cancel_url"));
    [
        r#"<!doctype html><html lang="en"><meta charset="utf-8"><title>Fake Stripe</title><h1>Fake Stripe</h1>"#,
        &format!(r#"<p id="notice" role="status">{notice}</p>"#),
        &format!(r#"<p>Total: <span id="total">{total} {currency}</span>, in smallest coins.</p>"#),
        "<p>No money moves here.</p>",
        &buttons,
        &format!(r#"<p><a id="cancel" href="{back}">Back</a></p></html>"#),
    ]
    .concat()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
