//! `GET /v1/payment-notices`: what payment providers told us, newest first, with what became of it.

use chargly_api::{Problem, Problems};
use chargly_engine::ledger::Position;
use chargly_engine::payments::{KeptNotice, NoticeState};

use crate::answer::Answer;
use crate::call::Call;
use crate::errors::payment_problem;
use crate::query::{Page, next_cursor};

const LIST: &str = "payment_notices";

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    let mut query = std::mem::take(&mut call.query);
    let mut problems = Problems::default();
    let page = Page::read(&mut query, &mut problems);
    let state = query.optional("state", &mut problems, |text| {
        let known = NoticeState::ALL.into_iter().find(|state| state.as_str() == text);
        known
            .ok_or_else(|| format!("must be one of {}", NoticeState::ALL.map(NoticeState::as_str).join(", ")))
    });
    query.finish(&mut problems);
    problems.check()?;
    let before = page.index(LIST)?;
    let before = (before > 0).then(|| i64::try_from(before).unwrap_or(i64::MAX));
    let listed = call.env.list_notices(state, page.limit(), before).await;
    let notices = listed.map_err(|error| payment_problem(error, &call.env.catalogue()))?;
    // The cursor is the number of the last notice shown.
    let last = notices.last().filter(|_| notices.len() == page.limit());
    let next = last.map(|notice| Position(notice.number.unsigned_abs()));
    Ok(Answer::object(|o| {
        o.array("data", |list| {
            for notice in &notices {
                list.object(|o| write_notice(o, notice));
            }
        });
        o.shown_or_null("next_cursor", next_cursor(&call.env, LIST, next));
    }))
}

fn write_notice(o: &mut chargly_api::ObjectWriter<'_>, notice: &KeptNotice) {
    o.text("id", &notice.id).text("provider", &notice.provider).text("kind", &notice.kind);
    o.text_or_null("order", notice.order.as_deref());
    o.text("state", notice.state.as_str()).text("note", &notice.note).number("tries", notice.tries);
    o.boolean("live", notice.is_live);
    o.instant("created_at", notice.created_ms).instant("received_at", notice.received_ms);
    o.text("body", &notice.body);
}
