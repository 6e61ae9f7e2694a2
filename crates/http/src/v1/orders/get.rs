//! `GET /v1/orders/{id}`: an order, with what came for it and what of that went back.

use chargly_api::{IdKind, Problem};

use super::{find, write_order};
use crate::answer::Answer;
use crate::call::Call;
use crate::view;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let order = find(&call, IdKind::Order).await?;
    let catalogue = call.env.catalogue();
    Ok(Answer::object(|o| {
        o.shown("id", view::id(IdKind::Order, order.id));
        write_order(o, &order, &catalogue);
    }))
}
