//! `POST /api/billing/checkout`: order a pack, and get the address where it is paid.

use chargly_api::{IdKind, Problem};
use chargly_engine::ledger::WalletEvent;
use chargly_engine::payments::{Checkout, NewOrder, RedirectUrls};

use crate::answer::Answer;
use crate::call::Call;
use crate::errors::payment_problem;
use crate::v1::checkouts::create::url;
use crate::{read, view};

fn from_request(call: &Call) -> Result<NewOrder, Problem> {
    call.read_known(|fields, problems| {
        let customer = fields.required("userId", problems, read::customer);
        let pack = fields.required("creditPackCode", problems, |value| Ok(value.text()?.into()));
        let success = fields.optional("successUrl", problems, url);
        let cancel = fields.optional("cancelUrl", problems, url);
        let key = call.client_key(fields, problems);
        Some(NewOrder { customer: customer?, pack: pack?, urls: RedirectUrls { success, cancel }, key })
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let order = from_request(&call)?;
    let customer = order.customer.clone();
    let created = call.env.create_checkout(call.actor(), order).await;
    let catalogue = call.env.catalogue();
    let Checkout { order, visit } = created.map_err(|error| {
        let problem = payment_problem(error, &catalogue);
        problem.with_field_called("success_url", "successUrl").with_field_called("cancel_url", "cancelUrl")
    })?;
    Ok(call.answer(&order, &customer, |o, fact| {
        let WalletEvent::OrderPlaced { terms, .. } = &fact.event else { return };
        o.shown("checkoutId", view::id(IdKind::Checkout, order.id));
        o.text_or_null("checkoutUrl", visit.as_ref().map(|visit| visit.url.as_str()));
        o.number("credits", terms.credits);
    }))
}
