//! `POST /v1/customers/{customer}/collect`: charge what a customer used and was not charged, as far as the wallet goes.

use std::fmt::Display;

use chargly_api::{ObjectWriter, Problem, array, object, time};
use chargly_engine::Outcome;
use chargly_engine::ledger::{Fact, Millis, Money, WalletEvent};

use crate::answer::Answer;
use crate::call::Call;
use crate::errors::{problem_of, refusal_of, refusal_problem, with_checkout_hint};
use crate::query::{Page, next_cursor};
use crate::view;

struct Request {
    from: Option<Millis>,
    to: Option<Millis>,
    page: Page,
}

fn from_request(call: &Call) -> Result<Request, Problem> {
    call.read(|fields, problems| {
        let instant = |value: chargly_api::Value<'_>| time::parse(&value.text()?).map(Millis);
        let from = fields.optional("from", problems, instant);
        let to = fields.optional("to", problems, instant);
        let cursor = fields.optional("cursor", problems, |value| value.text().map(String::from));
        Some(Request { from, to, page: Page::at(cursor) })
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let customer = call.customer()?;
    let Request { from, to, page } = from_request(&call)?;
    let list = format!("collect|{customer:?}|{from:?}|{to:?}");
    let below = page.position(&call.env, &list).await?;
    let collected = call.env.collect_customer(call.actor(), &customer, (from, to), below).await;
    let catalogue = call.env.catalogue();
    let collected = collected.map_err(|error| problem_of(error, &catalogue, None))?;
    let problems: Vec<Problem> = collected
        .refused
        .iter()
        .filter_map(|outcome| {
            let refusal = refusal_of(&outcome.fact)?;
            let problem = refusal_problem(refusal, Some(&customer), &catalogue);
            Some(with_checkout_hint(problem, refusal, &catalogue, outcome.id.position))
        })
        .collect();
    // The first that could not be paid says why nothing was.
    if collected.done.is_empty()
        && let Some(problem) = problems.first()
    {
        let left = object(|o| write_sum(o, collected.left_events, collected.left));
        let next = next_cursor(&call.env, &list, collected.next).map(|next| format!("\"{next}\""));
        let next = next.unwrap_or_else(|| "null".to_owned());
        return Err(problem.clone().json("uncharged", left).json("next_cursor", next.into_bytes()));
    }
    let wallet = call.env.wallet(&customer).await.map_err(|error| call.problem(error))?;
    let refused = array(|list| {
        for problem in &problems {
            list.object(|o| problem.write(o, &call.instance));
        }
    });
    let credits = collected.done.iter().map(charged).sum::<i128>();
    let answer = Answer::object(|o| {
        o.text("customer", &customer);
        // As money, which has three places more.
        o.object("collected", |o| write_sum(o, collected.done.len(), Money::amount_of(credits * 1_000)));
        o.object("uncharged", |o| write_sum(o, collected.left_events, collected.left));
        o.raw("refused", &refused);
        if let Some(wallet) = &wallet {
            view::balance(o, &wallet.balance);
        }
        o.shown_or_null("next_cursor", next_cursor(&call.env, &list, collected.next));
    });
    let newest = collected.done.iter().chain(&collected.refused).map(|outcome| outcome.id.position).max();
    let epoch = call.env.tail().committed().epoch;
    Ok(match newest {
        Some(position) => answer.at(epoch, position.0),
        None => answer,
    })
}

fn write_sum(o: &mut ObjectWriter<'_>, events: usize, credits: impl Display) {
    o.number("events", events).number("credits", credits);
}

/// Micro-credits that a collection charged.
fn charged(outcome: &Outcome) -> i128 {
    match outcome.fact.as_ref() {
        Fact::Wallet(fact) => match &fact.event {
            WalletEvent::Collected { charge, .. } => charge.credits.micro().into(),
            _ => 0,
        },
        _ => 0,
    }
}
