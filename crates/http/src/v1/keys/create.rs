//! `POST /v1/keys`: make an API key. Its secret is in this answer and nowhere else.

use chargly_api::limits::LABEL_BYTES_MAX;
use chargly_api::{Problem, Value};
use chargly_engine::NewKey;
use chargly_engine::ledger::{Millis, Scope, Scopes};
use compact_str::CompactString;

use super::write_key;
use crate::answer::Answer;
use crate::call::Call;
use crate::read;

fn from_request(call: &Call) -> Result<(CompactString, Scopes), Problem> {
    call.read(|fields, problems| {
        let label = fields.required("label", problems, |value| read::some_prose(value, LABEL_BYTES_MAX));
        let scopes = fields.required("scopes", problems, scopes);
        Some((label?, scopes?))
    })
}

fn scopes(value: Value<'_>) -> Result<Scopes, String> {
    let known: Vec<(&str, Scope)> = Scope::ALL.iter().map(|scope| (scope.as_str(), *scope)).collect();
    let scopes = value.array(Scope::ALL.len())?.into_iter().map(|name| name.one_of(&known));
    let scopes: Vec<Scope> = scopes.collect::<Result<_, _>>()?;
    if scopes.is_empty() {
        Err("must name at least one scope".to_owned())
    } else {
        Ok(scopes.into_iter().collect())
    }
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let (label, scopes) = from_request(&call)?;
    let made = call.env.create_key(call.actor(), label, scopes, None).await;
    answer(&call, &made.map_err(|error| call.problem(error))?)
}

/// The new key with its secret.
pub(super) fn answer(call: &Call, made: &NewKey) -> Result<Answer, Problem> {
    let catalogue = call.env.catalogue();
    let key = catalogue.key(made.number).ok_or_else(|| Problem::not_found("key"))?;
    let now = Millis(call.env.wall_ms());
    Ok(call.written(&made.outcome, Answer::object(|o| write_key(o, key, Some(&made.secret), now))))
}
