//! `GET /v1/event-types/{name}/prices`: all versions, newest first.

use chargly_api::Problem;
use chargly_engine::ledger::{Millis, Position};

use super::write_price;
use crate::answer::Answer;
use crate::call::Call;
use crate::query::next_cursor;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let page = call.page()?;
    let catalogue = call.env.catalogue();
    let event_type =
        catalogue.event_type(call.param("name")).ok_or_else(|| Problem::not_found("event_type"))?;
    let list = format!("prices|{}", event_type.name);
    // The cursor counts versions from the oldest, so that a new one does not move it.
    let below = page.index(&list)?;
    let below = if below == 0 { event_type.prices.len() } else { below.min(event_type.prices.len()) };
    let from = below.saturating_sub(page.limit());
    let now = Millis(call.env.wall_ms());
    let next = (from > 0).then_some(Position(from as u64));
    Ok(Answer::object(|o| {
        o.array("data", |data| {
            for price in event_type.prices[from..below].iter().rev().filter_map(|no| catalogue.price(*no)) {
                data.object(|o| {
                    write_price(o, price, &catalogue);
                    o.text("state", catalogue.price_state(price, now).as_str());
                });
            }
        });
        o.shown_or_null("next_cursor", next_cursor(&call.env, &list, next));
    }))
}
