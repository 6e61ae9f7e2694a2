//! `GET /v1/payment-providers`: how this environment is connected to who takes payments.

use chargly_api::{ObjectWriter, Problem};
use chargly_engine::payments::Connected;

use crate::answer::Answer;
use crate::call::Call;
use crate::errors::payment_problem;

/// Where a provider tells what happened.
const WEBHOOK: &str = "/v1/stripe/webhook";

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let connected = call.env.payment_connections().await;
    let connected = connected.map_err(|error| payment_problem(error, &call.env.catalogue()))?;
    let public_url = call.env.public_url().unwrap_or_default();
    Ok(Answer::object(|o| {
        o.boolean("paused", call.env.effects_are_paused());
        o.array("data", |list| {
            for one in &connected {
                list.object(|o| write_connected(o, one, public_url));
            }
        });
    }))
}

fn write_connected(o: &mut ObjectWriter<'_>, connected: &Connected, public_url: &str) {
    let connection = &connected.connection;
    o.text("provider", connected.name).boolean("takes_orders", connected.takes_orders);
    o.text("mode", if connection.is_live { "live" } else { "test" });
    o.text_or_null("address", connection.address.as_deref());
    o.text_or_null("api_version", connection.api_version);
    match connection.believes_notices {
        None => {
            o.null("webhook");
        }
        Some(has_secret) => {
            o.object("webhook", |o| {
                o.text("path", WEBHOOK).text("url", &format!("{public_url}{WEBHOOK}"));
                o.boolean("has_secret", has_secret);
                match connected.last_notice_ms {
                    Some(at) => o.instant("last_notice_at", at),
                    None => o.null("last_notice_at"),
                };
            });
        }
    }
}
