//! `POST /api/wallet/consume`: meter one event. An amount that is the price in force is the price; another one is taken
//! where the event type lets callers set credits.

use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::MeterEvent;
use chargly_engine::ledger::{EntryId, IfInsufficient, Quantity, WalletEvent, WalletFact};

use crate::answer::Answer;
use crate::call::Call;
use crate::errors::problem_of;
use crate::{read, view};

fn from_request(call: &Call) -> Result<MeterEvent, Problem> {
    call.read_known(|fields, problems| {
        let customer = fields.required("userId", problems, read::customer);
        let event = fields.required("source", problems, read::event_name);
        let credits = fields.optional("amount", problems, read::credits);
        let key = call.client_key(fields, problems);
        Some(MeterEvent {
            customer: customer?,
            event: event?,
            quantity: Quantity::ONE,
            credits,
            cost: None,
            usage: None,
            occurred_at: None,
            if_insufficient: IfInsufficient::Refuse,
            properties: None,
            key,
        })
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let event = at_the_price(&call, from_request(&call)?).await?;
    let (customer, name) = (event.customer.clone(), event.event.clone());
    let consumed = call.env.consume(call.actor(), event).await;
    let catalogue = call.env.catalogue();
    let outcome = consumed
        .map_err(|error| problem_of(error, &catalogue, Some(&name)).with_field_called("credits", "amount"))?;
    Ok(call.answer(&outcome, &customer, |o, fact| into_view(o, outcome.id, fact)))
}

/// The published client always names an amount. Of a key that may not choose credits it is taken where it is the price.
async fn at_the_price(call: &Call, event: MeterEvent) -> Result<MeterEvent, Problem> {
    let Err(refused) = call.may_choose(event.credits) else { return Ok(event) };
    let asked = event.credits;
    let priced = MeterEvent { credits: None, ..event };
    let quoted = call.env.quote(call.actor(), priced.clone()).await;
    if quoted.is_ok_and(|quote| Some(quote.credits) == asked) { Ok(priced) } else { Err(refused) }
}

fn into_view(o: &mut ObjectWriter<'_>, id: EntryId, fact: &WalletFact) {
    let WalletEvent::Metered { charge, .. } = &fact.event else { return };
    o.boolean("success", true);
    o.number("creditsCharged", charge.charged()).number("balanceAfter", fact.header.after.available());
    o.shown("transactionId", view::id(IdKind::Event, id));
}
