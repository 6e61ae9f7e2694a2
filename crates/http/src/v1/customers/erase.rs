//! `DELETE /v1/customers/{customer}`: forget a customer. Every amount stays; who it was is gone when this is answered.

use std::sync::Arc;

use chargly_api::{ObjectWriter, Problem};
use chargly_engine::ledger::{Fact, WalletFact};
use chargly_engine::{CallError, ErasedCustomer, Failure};
use chargly_webhooks::ManageError;
use compact_str::CompactString;

use crate::answer::Answer;
use crate::call::Call;
use crate::v1::webhook_endpoints;
use crate::view;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let customer = call.customer()?;
    call.read(|_, _| Some(()))?;
    let erased = erase(&call, customer.clone()).await?;
    Ok(call.answer(&erased.outcome, &customer, |o, fact| into_view(o, &erased, fact, &customer)))
}

/// Erases and forgets, to the end also when the caller goes away.
async fn erase(call: &Call, customer: CompactString) -> Result<ErasedCustomer, Problem> {
    let (env, webhooks, actor) = (Arc::clone(&call.env), call.webhooks.clone(), call.actor());
    let erasing = tokio::spawn(async move {
        let erased = env.erase_customer(actor, customer).await?;
        if let (Some(webhooks), Fact::Wallet(fact)) = (webhooks, erased.outcome.fact.as_ref()) {
            webhooks.forget(fact.header.wallet).await?;
        }
        Ok(erased)
    });
    let stopped = Err(CallError::Failed(Failure::Stopped).into());
    erasing.await.unwrap_or(stopped).map_err(|error: ManageError| webhook_endpoints::problem(call, error))
}

fn into_view(o: &mut ObjectWriter<'_>, erased: &ErasedCustomer, fact: &WalletFact, customer: &str) {
    o.text("customer", customer).boolean("erased", true);
    o.number("facts", erased.forgotten.facts).number("payloads_erased", erased.forgotten.payloads);
    o.object("left", |o| {
        view::balance(o, &fact.header.after);
        o.number("debt", fact.header.after.debt).number("open_holds", erased.open_holds);
    });
    view::instant(o, "erased_at", erased.outcome.at);
}
