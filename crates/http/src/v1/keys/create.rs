//! `POST /v1/keys`: make an API key. Its secret is in this answer and nowhere else.

use chargly_api::limits::LABEL_BYTES_MAX;
use chargly_api::{Problem, Value};
use chargly_engine::ledger::{KeyLimits, Scope, Scopes};
use compact_str::CompactString;

use super::{answer, budget};
use crate::answer::Answer;
use crate::call::Call;
use crate::read;

fn from_request(call: &Call) -> Result<(CompactString, (Scopes, KeyLimits)), Problem> {
    call.read(|fields, problems| {
        let label = fields.required("label", problems, |value| read::some_prose(value, LABEL_BYTES_MAX));
        let scopes = fields.required("scopes", problems, scopes);
        let budget = fields.object("budget", problems).and_then(|mut sent| {
            let budget = budget::from_request(&mut sent, "budget", problems);
            sent.finish(problems);
            budget
        });
        let chosen = fields.optional("may_set_credits", problems, Value::boolean);
        // Who is kept to a budget is kept to the prices as well, unless somebody says otherwise.
        let may_set_credits = chosen.unwrap_or(budget.is_none());
        Some((label?, (scopes?, KeyLimits { budget, may_set_credits })))
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
    let (label, limited) = from_request(&call)?;
    let made = call.env.create_limited_key(call.actor(), label, limited, None).await;
    let made = made.map_err(|error| call.problem(error))?;
    answer(&call, made.number, &made.outcome, Some(&made.secret)).await
}
