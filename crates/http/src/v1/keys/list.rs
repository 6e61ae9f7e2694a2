//! `GET /v1/keys`: all keys, in the order in which they were made, without their secrets.

use chargly_api::Problem;
use chargly_engine::ledger::{Millis, Position};

use super::{spent_today, write_key};
use crate::answer::Answer;
use crate::call::Call;
use crate::query::next_cursor;

const LIST: &str = "keys";

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let page = call.page()?;
    // The cursor counts keys here, which are never taken away.
    let skip = page.index(LIST)?;
    let spent = spent_today(&call).await?;
    let catalogue = call.env.catalogue();
    let now = Millis(call.env.wall_ms());
    let rest = catalogue.keys.len().saturating_sub(skip + page.limit());
    let next = (rest > 0).then_some(Position((skip + page.limit()) as u64));
    Ok(Answer::object(|o| {
        o.array("data", |list| {
            for key in catalogue.keys.iter().skip(skip).take(page.limit()) {
                list.object(|o| write_key(o, key, None, (now, &spent)));
            }
        });
        o.shown_or_null("next_cursor", next_cursor(&call.env, LIST, next));
    }))
}
