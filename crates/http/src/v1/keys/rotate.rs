//! `POST /v1/keys/{id}/rotate`: a new key with the same scopes and limits; the old one stays good for a while.

use chargly_api::limits::{KEY_OVERLAP_SECONDS_DEFAULT, KEY_OVERLAP_SECONDS_MAX};
use chargly_api::{ErrorCode, Problem};
use chargly_engine::ledger::Millis;

use super::{answer, find};
use crate::answer::Answer;
use crate::call::Call;

/// Seconds for which the old key stays good.
fn from_request(call: &Call) -> Result<i64, Problem> {
    let most = i64::try_from(KEY_OVERLAP_SECONDS_MAX).unwrap_or(i64::MAX);
    let usual = i64::try_from(KEY_OVERLAP_SECONDS_DEFAULT).unwrap_or(i64::MAX);
    call.read(|fields, problems| {
        Some(fields.optional("overlap_s", problems, |value| value.integer(0, most)).unwrap_or(usual))
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let catalogue = call.env.catalogue();
    let old = find(&call, &catalogue)?;
    let overlap_s = from_request(&call)?;
    if old.dead_at <= Millis(call.env.wall_ms()) {
        return Err(
            Problem::new(ErrorCode::Gone, "This key was revoked; make a new one.").text("kind", "key")
        );
    }
    let replaces = Some((old.number, overlap_s * 1_000));
    let made = call.env.create_key(call.actor(), old.label.clone(), old.scopes, replaces).await;
    let made = made.map_err(|error| call.problem(error))?;
    answer(&call, made.number, &made.outcome, Some(&made.secret)).await
}
