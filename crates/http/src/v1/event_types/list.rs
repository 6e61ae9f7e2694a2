//! `GET /v1/event-types`: all of them, in the order of definition.

use chargly_api::Problem;
use chargly_engine::ledger::{Millis, Position};

use super::write_event_type;
use crate::answer::Answer;
use crate::call::Call;
use crate::query::next_cursor;

const LIST: &str = "event_types";

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let page = call.page()?;
    // The cursor counts event types here, which are never taken away.
    let skip = page.index(LIST)?;
    let catalogue = call.env.catalogue();
    let now = Millis(call.env.wall_ms());
    let rest = catalogue.event_types.len().saturating_sub(skip + page.limit());
    let next = (rest > 0).then_some(Position((skip + page.limit()) as u64));
    Ok(Answer::object(|o| {
        o.array("data", |list| {
            for event_type in catalogue.event_types.iter().skip(skip).take(page.limit()) {
                list.object(|o| write_event_type(o, event_type, &catalogue, now));
            }
        });
        o.shown_or_null("next_cursor", next_cursor(&call.env, LIST, next));
    }))
}
