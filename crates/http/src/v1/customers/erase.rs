//! `DELETE /v1/customers/{customer}`: forget a customer. Every amount stays; who it was is gone when this is answered.

use chargly_api::{ObjectWriter, Problem};
use chargly_engine::ErasedCustomer;
use chargly_engine::ledger::WalletFact;

use crate::answer::Answer;
use crate::call::Call;
use crate::view;

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let customer = call.customer()?;
    call.read(|_, _| Some(()))?;
    let erased = call.env.erase_customer(call.actor(), customer.clone()).await;
    let erased = erased.map_err(|error| call.problem(error))?;
    Ok(call.answer(&erased.outcome, &customer, |o, fact| into_view(o, &erased, fact, &customer)))
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
