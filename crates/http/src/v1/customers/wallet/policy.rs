//! `PUT /v1/customers/{customer}/wallet/policy`: what happens when credits run out.

use chargly_api::{ObjectWriter, Problem};
use chargly_engine::Outcome;
use chargly_engine::ledger::{Policy, WalletEvent, WalletFact};

use crate::answer::Answer;
use crate::call::Call;
use crate::{read, view};

#[derive(Clone, Copy)]
enum Kind {
    Strict,
    Overdraft,
    RecordOnly,
}

fn from_request(call: &Call) -> Result<Policy, Problem> {
    call.read(|fields, problems| {
        let kind = fields.required("policy", problems, |value| {
            value.one_of(&[
                ("strict", Kind::Strict),
                ("overdraft", Kind::Overdraft),
                ("record_only", Kind::RecordOnly),
            ])
        });
        let limit = match kind {
            Some(Kind::Overdraft) => fields.required("limit", problems, read::some_credits),
            _ => {
                if fields.take("limit").is_some() {
                    problems.add("limit", "belongs to the policy overdraft alone".to_owned());
                }
                None
            }
        };
        Some(match kind? {
            Kind::Strict => Policy::Strict,
            Kind::Overdraft => Policy::Overdraft { limit: limit? },
            Kind::RecordOnly => Policy::RecordOnly,
        })
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let customer = call.customer()?;
    let policy = from_request(&call)?;
    let set = call.env.set_policy(call.actor(), customer.clone(), policy).await;
    let outcome = set.map_err(|error| call.problem(error))?;
    Ok(call.answer(&outcome, &customer, |o, fact| into_view(o, &outcome, fact, &customer)))
}

fn into_view(o: &mut ObjectWriter<'_>, outcome: &Outcome, fact: &WalletFact, customer: &str) {
    let WalletEvent::PolicySet { policy } = &fact.event else { return };
    o.text("customer", customer);
    view::policy(o, *policy);
    view::balance(o, &fact.header.after);
    view::instant(o, "changed_at", outcome.at);
}
