//! `/sandbox/{environment}/{token}`: the sandbox's pay page, and its buttons.

use axum::http::StatusCode;
use chargly_api::{Problem, Problems};
use chargly_engine::ledger::OrderStatus;
use chargly_engine::payments::{SANDBOX, SandboxButton};

use super::{Bought, Found, find};
use crate::answer::Answer;
use crate::errors::payment_problem;
use crate::pages::{PayAction, PayPage, PayState, pay_page};
use crate::public::PublicCall;

/// `GET /sandbox/{environment}/{token}`
pub(crate) async fn page(call: PublicCall) -> Result<Answer, Problem> {
    let found = find_here(&call).await?;
    let redirects = found.env.redirects_of(found.order.id).await.unwrap_or_default();
    let bought = Bought::of(&found);
    let expires_at = found.env.visit_of_order(&found.order).await.ok().flatten();
    let page = PayPage {
        purchase: bought.purchase(),
        state: state(found.order.top_up.status),
        return_url: redirects.success.as_deref(),
        cancel_url: redirects.cancel.as_deref().or(redirects.success.as_deref()),
        expires_at_ms: expires_at.map_or(0, |visit| visit.expires_at.0),
    };
    let leads_on_to: Vec<&str> =
        [&redirects.success, &redirects.cancel].into_iter().flatten().map(String::as_str).collect();
    Ok(Answer::page(StatusCode::OK, pay_page(call.root(), &page)).leading_on_to(&leads_on_to))
}

/// `POST /sandbox/{environment}/{token}`: presses a button, and goes on to the page that says what came of it.
pub(crate) async fn press(call: PublicCall) -> Result<Answer, Problem> {
    let found = find_here(&call).await?;
    let mut form = call.form()?;
    let mut problems = Problems::default();
    let action = form.optional(PayAction::FIELD, &mut problems, |text| {
        PayAction::parse(text).ok_or_else(|| "is no button of this page".to_owned())
    });
    form.finish(&mut problems);
    if action.is_none() {
        problems.add(PayAction::FIELD, "is required".to_owned());
    }
    let action = problems.finish(action)?;
    let pressed = found.env.press_in_sandbox(found.order.id, button(action)).await;
    pressed.map_err(|error| payment_problem(error, &found.env.catalogue()))?;
    let back = return_path(&call, &found);
    match action {
        PayAction::Decline => Answer::see_other(&format!("{back}?canceled=1")),
        PayAction::Pay | PayAction::PayLater | PayAction::Arrive | PayAction::Fail => {
            Answer::see_other(&back)
        }
    }
}

/// The order, if it was placed in the sandbox.
async fn find_here(call: &PublicCall) -> Result<Found, Problem> {
    let found = find(call).await?;
    if found.order.top_up.provider == SANDBOX { Ok(found) } else { Err(Problem::not_found("checkout")) }
}

/// The page that a buyer comes back to, from the path of this one.
fn return_path(call: &PublicCall, found: &Found) -> String {
    format!("{}checkout/{}/{}", call.root(), found.env.name(), found.name)
}

fn state(status: OrderStatus) -> PayState {
    match status {
        OrderStatus::Created => PayState::Open,
        OrderStatus::Pending => PayState::Pending,
        OrderStatus::Paid | OrderStatus::Held => PayState::Paid,
        OrderStatus::Failed => PayState::Failed,
        OrderStatus::Expired => PayState::Expired,
    }
}

fn button(action: PayAction) -> SandboxButton {
    match action {
        PayAction::Pay => SandboxButton::Pay,
        PayAction::Decline => SandboxButton::Decline,
        PayAction::PayLater => SandboxButton::PayLater,
        PayAction::Arrive => SandboxButton::Arrives,
        PayAction::Fail => SandboxButton::Fails,
    }
}
