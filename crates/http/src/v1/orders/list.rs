//! `GET /v1/orders`: orders, newest first; of one customer, or with one status.

use chargly_api::{IdKind, Problem, Problems};
use chargly_engine::OrderPage;
use chargly_engine::ledger::OrderStatus;

use super::write_order;
use crate::answer::Answer;
use crate::call::Call;
use crate::query::{Page, next_cursor};
use crate::view;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let mut query = std::mem::take(&mut call.query);
    let mut problems = Problems::default();
    let page = Page::read(&mut query, &mut problems);
    let customer = query.customer(&mut problems);
    let status = query.optional("status", &mut problems, |text| {
        let known = OrderStatus::ALL.into_iter().find(|status| status.as_str() == text);
        known
            .ok_or_else(|| format!("must be one of {}", OrderStatus::ALL.map(OrderStatus::as_str).join(", ")))
    });
    query.finish(&mut problems);
    problems.check()?;
    let list = format!("orders|{}", customer.as_deref().unwrap_or_default());
    let below = page.position(&call.env, &list).await?;
    let wallet = match &customer {
        Some(customer) => {
            let wallet = call.env.wallet(customer).await.map_err(|error| call.problem(error))?;
            let Some(wallet) = wallet else {
                return Ok(shown(&call, &OrderPage { orders: Vec::new(), next: None }, &list));
            };
            Some(wallet.number)
        }
        None => None,
    };
    let found = call.env.list_orders(wallet, below, page.limit()).await;
    let mut found = found.map_err(|error| call.problem(error))?;
    // A status changes, so that no list has it: pages of it may be short.
    found.orders.retain(|order| status.is_none_or(|status| order.top_up.status == status));
    Ok(shown(&call, &found, &list))
}

fn shown(call: &Call, found: &OrderPage, list: &str) -> Answer {
    let catalogue = call.env.catalogue();
    let next = next_cursor(&call.env, list, found.next);
    Answer::object(|o| {
        o.array("data", |data| {
            for order in &found.orders {
                data.object(|o| {
                    o.shown("id", view::id(IdKind::Order, order.id));
                    write_order(o, order, &catalogue);
                });
            }
        });
        o.shown_or_null("next_cursor", next);
    })
}
