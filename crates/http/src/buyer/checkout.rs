//! `GET /checkout/{environment}/{token}`: where a buyer comes back to after a checkout, at whatever provider. The order
//! is brought up to date first, so that credits are there before any notice has come.

use std::time::Duration;

use axum::http::StatusCode;
use chargly_api::{Problem, Problems};
use chargly_engine::ledger::OrderStatus;

use super::{Bought, Found, find};
use crate::answer::Answer;
use crate::pages::{PaymentOutcome, ReturnPage, return_page};
use crate::public::PublicCall;

/// How long a buyer waits for news of a provider: longer, and the page says that the payment is awaited.
const NEWS_WAIT: Duration = Duration::from_secs(8);

pub(crate) async fn handle(mut call: PublicCall) -> Result<Answer, Problem> {
    let mut query = std::mem::take(&mut call.query);
    let mut problems = Problems::default();
    let canceled = query.optional("canceled", &mut problems, |_| Ok(true)).unwrap_or(false);
    let stays = query.optional(ReturnPage::STAY, &mut problems, |_| Ok(true)).unwrap_or(false);
    // Providers add parameters of their own to an address: they are not ours to refuse.
    let mut found = find(&call).await?;
    if found.order.top_up.status.is_open() && !canceled {
        refresh(&mut found).await;
    }
    let redirects = found.env.redirects_of(found.order.id).await.unwrap_or_default();
    let outcome = outcome(found.order.top_up.status, canceled, !stays);
    let back = match outcome {
        PaymentOutcome::NotPaid => redirects.cancel.or(redirects.success),
        PaymentOutcome::Paid | PaymentOutcome::Awaited { .. } => redirects.success,
    };
    if let Some(address) = back.as_deref().filter(|_| !stays) {
        return Answer::see_other(address);
    }
    let bought = Bought::of(&found);
    let page = ReturnPage { purchase: bought.purchase(), outcome, back_url: back.as_deref() };
    Ok(Answer::page(StatusCode::OK, return_page(call.root(), &page)))
}

/// Asks how the payment stands. No news is no error here: notices and the sweep go on asking.
async fn refresh(found: &mut Found) {
    let refreshed = found.env.refresh_order(found.order.id);
    match tokio::time::timeout(NEWS_WAIT, refreshed).await {
        Ok(Ok(order)) => found.order = order,
        Ok(Err(error)) => tracing::warn!(%error, "a buyer came back, and there is no news of the payment"),
        Err(_) => tracing::warn!("a buyer came back, and the payment provider does not answer"),
    }
}

fn outcome(status: OrderStatus, canceled: bool, looks_again: bool) -> PaymentOutcome {
    match status {
        OrderStatus::Paid => PaymentOutcome::Paid,
        OrderStatus::Created if canceled => PaymentOutcome::NotPaid,
        OrderStatus::Created | OrderStatus::Pending | OrderStatus::Held => {
            PaymentOutcome::Awaited { looks_again }
        }
        OrderStatus::Failed | OrderStatus::Expired => PaymentOutcome::NotPaid,
    }
}
