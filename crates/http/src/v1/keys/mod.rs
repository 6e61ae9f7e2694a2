//! `/v1/keys`

use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::ledger::{ApiKey, Catalogue, KeyNo, Millis};
use chargly_engine::{Outcome, SpentToday};

use crate::answer::Answer;
use crate::call::Call;
use crate::view;

pub(crate) mod budget;
pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;
pub(crate) mod rotate;

/// The key that the path names.
fn find<'c>(call: &Call, catalogue: &'c Catalogue) -> Result<&'c ApiKey, Problem> {
    let id = call.id(IdKind::Key)?;
    catalogue.keys.iter().find(|key| key.id == id).ok_or_else(|| Problem::not_found("key"))
}

/// The answer to a write about a key: the key as it is now.
async fn answer(
    call: &Call,
    number: KeyNo,
    outcome: &Outcome,
    secret: Option<&str>,
) -> Result<Answer, Problem> {
    let spent = spent_today(call).await?;
    let catalogue = call.env.catalogue();
    let key = catalogue.key(number).ok_or_else(|| Problem::not_found("key"))?;
    let now = Millis(call.env.wall_ms());
    Ok(call.written(outcome, Answer::object(|o| write_key(o, key, secret, (now, &spent)))))
}

/// What was spent out of budgets. The writer is not asked where no key has one.
async fn spent_today(call: &Call) -> Result<SpentToday, Problem> {
    if call.env.catalogue().keys.iter().all(|key| key.budget.is_none()) {
        return Ok(SpentToday::default());
    }
    call.env.spent_today().await.map_err(|error| call.problem(error))
}

/// Writes a key. Its secret is shown once, when it is made, and kept nowhere.
fn write_key(
    o: &mut ObjectWriter<'_>,
    key: &ApiKey,
    secret: Option<&str>,
    (now, spent): (Millis, &SpentToday),
) {
    o.shown("id", view::id(IdKind::Key, key.id)).text("label", &key.label);
    if let Some(secret) = secret {
        o.text("secret", secret);
    }
    o.text("hint", &key.hint);
    o.array("scopes", |list| {
        for scope in key.scopes.iter() {
            list.text(scope.as_str());
        }
    });
    o.boolean("may_set_credits", key.may_set_credits);
    budget::write(o, key, spent);
    let is_ending = key.dead_at != Millis::NEVER;
    let state = match (is_ending, key.dead_at <= now) {
        (false, _) => "alive",
        (true, false) => "ending",
        (true, true) => "revoked",
    };
    o.text("state", state);
    view::instant(o, "created_at", key.created_at);
    // A key that was revoked at once has no later end to tell.
    view::instant_or_null(o, "ends_at", Some(key.dead_at).filter(|_| state == "ending"));
}
