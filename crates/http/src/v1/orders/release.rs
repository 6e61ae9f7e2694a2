//! `POST /v1/orders/{id}/release`: accept what came for an order that waits for a person, and hand its credits out.

use chargly_api::{IdKind, Problem};

use super::{find, write_order};
use crate::answer::Answer;
use crate::call::Call;
use crate::errors::payment_problem;
use crate::view;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    call.read(|_, _| Some(()))?;
    let order = find(&call, IdKind::Order).await?;
    let released = call.env.accept_payment(call.actor(), order.id).await;
    let catalogue = call.env.catalogue();
    let order = released.map_err(|error| payment_problem(error, &catalogue))?;
    Ok(Answer::object(|o| {
        o.shown("id", view::id(IdKind::Order, order.id));
        write_order(o, &order, &catalogue);
    }))
}
