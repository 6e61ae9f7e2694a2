//! `GET /v1/checkouts/{id}`: how a checkout stands. `POST /v1/checkouts/{id}/refresh` asks the provider first: for a
//! success page that is opened before any notice has come.

use chargly_api::{IdKind, Problem};

use crate::answer::Answer;
use crate::call::Call;
use crate::errors::payment_problem;
use crate::v1::orders::{find, write_order};
use crate::view;

/// `GET /v1/checkouts/{id}`
pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let order = find(&call, IdKind::Checkout).await?;
    Ok(shown(&call, &order))
}

/// `POST /v1/checkouts/{id}/refresh`
pub(crate) async fn refresh(call: Call) -> Result<Answer, Problem> {
    call.read(|_, _| Some(()))?;
    let order = find(&call, IdKind::Checkout).await?;
    let refreshed = call.env.refresh_order(order.id).await;
    let order = refreshed.map_err(|error| payment_problem(error, &call.env.catalogue()))?;
    Ok(shown(&call, &order))
}

fn shown(call: &Call, order: &chargly_engine::payments::Order) -> Answer {
    let catalogue = call.env.catalogue();
    Answer::object(|o| {
        o.shown("id", view::id(IdKind::Checkout, order.id)).shown("order", view::id(IdKind::Order, order.id));
        write_order(o, order, &catalogue);
    })
}
