//! `POST /api/usage/log`: tell what an event was. It follows `consume`, and never charges.

use chargly_api::{IdKind, Problem, Properties};
use chargly_engine::UsageLog;
use chargly_engine::ledger::WalletEvent;

use crate::answer::Answer;
use crate::call::Call;
use crate::errors::problem_of;
use crate::v1::events::request::Context;
use crate::{read, view};

fn from_request(call: &Call) -> Result<UsageLog, Problem> {
    let catalogue = call.env.catalogue();
    let context = Context { catalogue: &catalogue, now_ms: call.env.wall_ms() };
    call.read_known(|fields, problems| {
        let customer = fields.required("userId", problems, read::customer);
        let event = fields.required("featureKey", problems, read::event_name);
        let credits = fields.optional("creditsCharged", problems, read::credits);
        let sent = fields.optional("metadata", problems, Properties::read);
        let key = call.client_key(fields, problems);
        let event_type = event.as_ref().and_then(|name| catalogue.event_type(name));
        let properties = sent.map(|sent| context.properties_sent(event_type, &[], sent));
        Some(UsageLog { customer: customer?, event: event?, credits, properties, key })
    })
}

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let log = from_request(&call)?;
    let (customer, name) = (log.customer.clone(), log.event.clone());
    let logged = call.env.log_usage(call.actor(), log).await;
    let catalogue = call.env.catalogue();
    let outcome = logged.map_err(|error| problem_of(error, &catalogue, Some(&name)))?;
    Ok(call.answer(&outcome, &customer, |o, fact| {
        let event = match &fact.event {
            WalletEvent::EventAnnotated { event, .. } => *event,
            _ => outcome.id,
        };
        o.shown("id", view::id(IdKind::Event, event));
    }))
}
