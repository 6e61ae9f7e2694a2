//! `PUT /v1/keys/{id}/budget`, `DELETE /v1/keys/{id}/budget`: what may be spent in a key's name in a day.

use chargly_api::{Fields, ObjectWriter, Problem, Problems};
use chargly_engine::SpentToday;
use chargly_engine::ledger::{Allotted, ApiKey, Budget, budgets_renew_at};

use super::{answer, find};
use crate::answer::Answer;
use crate::call::Call;
use crate::{read, view};

pub(crate) async fn put(call: Call) -> Result<Answer, Problem> {
    let number = find(&call, &call.env.catalogue())?.number;
    let budget = call.read(|fields, problems| from_request(fields, "body", problems))?;
    let set = call.env.set_key_budget(call.actor(), number, Some(budget)).await;
    answer(&call, number, &set.map_err(|error| call.problem(error))?, None).await
}

pub(crate) async fn remove(call: Call) -> Result<Answer, Problem> {
    let number = find(&call, &call.env.catalogue())?.number;
    let removed = call.env.set_key_budget(call.actor(), number, None).await;
    answer(&call, number, &removed.map_err(|error| call.problem(error))?, None).await
}

/// Reads a budget; `whole` is what it is called where it limits nothing.
pub(super) fn from_request(fields: &mut Fields<'_>, whole: &str, problems: &mut Problems) -> Option<Budget> {
    let before = problems.count();
    let budget = Budget {
        per_day: fields.optional("credits_per_day", problems, read::credits),
        per_customer_per_day: fields.optional("credits_per_customer_per_day", problems, read::credits),
    };
    if budget == Budget::default() && problems.count() == before {
        let problem = "must have credits_per_day, credits_per_customer_per_day or both";
        problems.add(whole, problem.to_owned());
    }
    Some(budget)
}

/// Writes a key's budget, and how far it is spent today.
pub(super) fn write(o: &mut ObjectWriter<'_>, key: &ApiKey, spent: &SpentToday) {
    let Some(Budget { per_day, per_customer_per_day }) = key.budget else {
        o.null("budget");
        return;
    };
    let (spent_today, customers) = spent.of(key.number);
    o.object("budget", |o| {
        view::credits_or_null(o, "credits_per_day", per_day);
        view::credits_or_null(o, "credits_per_customer_per_day", per_customer_per_day);
        o.number("spent_today", spent_today);
        view::credits_or_null(
            o,
            "left_today",
            per_day.map(|limit| Allotted { limit, spent: spent_today }.left()),
        );
        match per_customer_per_day {
            Some(_) => o.number("customers_today", customers),
            None => o.null("customers_today"),
        };
        view::instant(o, "renews_at", budgets_renew_at(spent.now));
    });
}
