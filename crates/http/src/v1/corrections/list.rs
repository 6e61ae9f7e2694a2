//! `GET /v1/corrections`: all corrections, newest first.

use chargly_api::Problem;
use chargly_engine::ledger::Position;

use super::view::write_correction;
use crate::answer::Answer;
use crate::call::Call;
use crate::query::next_cursor;

const LIST: &str = "corrections";

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let page = call.page()?;
    let below = page.position(&call.env, LIST).await?;
    let catalogue = call.env.catalogue();
    let mut older = catalogue
        .corrections
        .iter()
        .rev()
        .map(|known| known.id)
        .skip_while(|id| below.is_some_and(|below| id.position >= below));
    let mut found = Vec::new();
    for id in older.by_ref().take(page.limit()) {
        let state = call.env.correction(id).await.map_err(|error| call.problem(error))?;
        let customer = call.customer_of_filter(&state.request.filter).await?;
        found.push((state, customer));
    }
    let last: Option<Position> = found.last().map(|(state, _)| state.record.id.position);
    let next = older.next().and(last);
    Ok(Answer::object(|o| {
        o.array("data", |data| {
            for (state, customer) in &found {
                data.object(|o| write_correction(o, state, customer, &catalogue));
            }
        });
        o.shown_or_null("next_cursor", next_cursor(&call.env, LIST, next));
    }))
}
