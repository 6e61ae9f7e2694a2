//! `POST /v1/checkouts`: order a pack for a customer, and get the address where it is paid.

use chargly_api::limits::URL_BYTES_MAX;
use chargly_api::{IdKind, ObjectWriter, Problem, Value};
use chargly_engine::ledger::{Catalogue, WalletEvent, WalletFact};
use chargly_engine::payments::{Checkout, NewOrder, RedirectUrls, Visit};

use crate::answer::Answer;
use crate::call::Call;
use crate::errors::payment_problem;
use crate::{read, view};

fn from_request(call: &Call) -> Result<NewOrder, Problem> {
    call.read(|fields, problems| {
        let customer = fields.required("customer", problems, read::customer);
        let pack = fields.required("pack", problems, |value| Ok(value.text()?.into()));
        let success = fields.optional("success_url", problems, url);
        let cancel = fields.optional("cancel_url", problems, url);
        let key = call.key_of(fields, problems);
        let urls = RedirectUrls { success, cancel };
        Some(NewOrder { customer: customer?, pack: pack?, urls, key })
    })
}

/// An address that a buyer is sent back to.
pub(crate) fn url(value: Value<'_>) -> Result<String, String> {
    let url = value.text()?;
    if url.len() > URL_BYTES_MAX {
        return Err(format!("must have at most {URL_BYTES_MAX} bytes"));
    }
    Ok(url.into_owned())
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let order = from_request(&call)?;
    let customer = order.customer.clone();
    let created = call.env.create_checkout(call.actor(), order).await;
    let catalogue = call.env.catalogue();
    let Checkout { order, visit } = created.map_err(|error| payment_problem(error, &catalogue))?;
    Ok(call.answer(&order, &customer, |o, fact| {
        o.shown("id", view::id(IdKind::Checkout, order.id)).shown("order", view::id(IdKind::Order, order.id));
        o.text("customer", &customer);
        into_view(o, fact, visit.as_ref(), &catalogue);
        view::instant(o, "created_at", order.at);
    }))
}

/// As it was when it was created, so that a retry has the same answer.
fn into_view(o: &mut ObjectWriter<'_>, fact: &WalletFact, visit: Option<&Visit>, catalogue: &Catalogue) {
    let WalletEvent::OrderPlaced { request, terms } = &fact.event else { return };
    o.text_or_null("pack", catalogue.pack(request.pack).map(|pack| pack.terms.code.as_str()));
    o.number("credits", terms.credits);
    view::money_or_null(o, "price", Some(terms.price));
    o.text("provider", &request.provider).text("status", "created");
    o.text_or_null("url", visit.map(|visit| visit.url.as_str()));
    view::instant_or_null(o, "expires_at", visit.map(|visit| visit.expires_at));
}
