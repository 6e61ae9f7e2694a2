//! Metering through a running server, as any caller would: batches over a few connections.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::pin::Pin;

use anyhow::{Context as _, Result, ensure};
use chargly_engine::ledger::Credits;
use chargly_traffic::RecordedEvent;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::answer::{Answer, Charged};
use super::directory::canonical;
use super::price::{GrantText, PriceList};
use super::target::Meter;
use crate::exact;
use crate::http_client::Client;

/// A server.
pub(crate) struct Remote {
    client: Client,
    /// Connections at once.
    pub(crate) connections: usize,
}

impl Remote {
    /// The server that `client` calls.
    pub(crate) fn new(client: Client, connections: usize) -> Self {
        Self { client, connections }
    }

    /// Defines an event type where it is missing and has a price.
    ///
    /// # Errors
    /// If the server refuses or cannot be reached.
    pub(crate) async fn define_type(&self, name: &str, prices: &PriceList) -> Result<()> {
        let path = ["v1", "event-types", name];
        let found = self.client.call(Method::GET, &path, None).await?;
        let Some(rule) = prices.of(name) else { return Ok(()) };
        let doing = format!("defining the event type {name}");
        if found.status != StatusCode::NOT_FOUND {
            found.ok(&doing)?;
            return Ok(());
        }
        let definition = json!({"label": name, "description": "Defined by a replay."}).to_string();
        self.client.call(Method::PUT, &path, Some(definition)).await?.ok(&doing)?;
        let price = format!(
            r#"{{"rule":{},"note":"First price, given to a replay."}}"#,
            chargly_http::rule_json(rule)
        );
        self.client
            .call(Method::POST, &["v1", "event-types", name, "prices"], Some(price))
            .await?
            .ok(&doing)?;
        Ok(())
    }

    /// Grants a customer the lot, unless an earlier replay has.
    ///
    /// # Errors
    /// If the server refuses or cannot be reached.
    pub(crate) async fn grant(&self, customer: &str, grant: &GrantText) -> Result<()> {
        let price = grant.price_nano.map(|nano| {
            let amount = exact::nano(nano.into());
            format!(r#","price":{{"amount":"{amount}","currency":"usd"}}"#)
        });
        let kind = if price.is_some() { "paid" } else { "promotional" };
        let body = format!(
            r#"{{"credits":{},"kind":"{kind}"{},"idempotency_key":"{}"}}"#,
            grant.credits,
            price.unwrap_or_default(),
            grant.key()
        );
        let answer =
            self.client.call(Method::POST, &["v1", "customers", customer, "grants"], Some(body)).await?;
        answer.ok(&format!("granting credits to {customer}"))?;
        Ok(())
    }

    async fn send(&self, batch: &[RecordedEvent]) -> Result<Vec<Answer>> {
        let sent = self.client.call(Method::POST, &["v1", "events", "batch"], Some(batch_json(batch))).await;
        let answer = match sent {
            Ok(answer) => answer,
            // Not reached, or cut off in the middle: the keys make it safe to send all of it again.
            Err(error) if error.downcast_ref::<reqwest::Error>().is_some() => {
                return Ok(all_later(batch));
            }
            Err(error) => return Err(error),
        };
        if matches!(answer.status.as_u16(), 429 | 502 | 503 | 504) {
            return Ok(all_later(batch));
        }
        let body = answer.ok("metering a batch")?;
        answers_of(&body, batch.len()).context("understanding what the server answered to a batch")
    }
}

impl Meter for Remote {
    fn meter<'a>(
        &'a self,
        batch: &'a [RecordedEvent],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<Answer>>> + Send + 'a>> {
        Box::pin(self.send(batch))
    }
}

fn all_later(batch: &[RecordedEvent]) -> Vec<Answer> {
    batch.iter().map(|_| Answer::Later).collect()
}

fn batch_json(batch: &[RecordedEvent]) -> String {
    let mut text = String::with_capacity(batch.len() * 256);
    text.push_str(r#"{"events":["#);
    for (index, event) in batch.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        push_event(&mut text, event);
    }
    text.push_str("]}");
    text
}

/// Amounts go as the digits they were read with; nothing becomes a float.
fn push_event(text: &mut String, event: &RecordedEvent) {
    let quoted = |value: &str| Value::from(value).to_string();
    let _ = write!(
        text,
        r#"{{"event":{},"customer":{},"idempotency_key":{}"#,
        quoted(&event.event),
        quoted(&event.customer),
        quoted(&event.key)
    );
    for (name, number) in [("quantity", &event.quantity), ("credits", &event.credits)] {
        if let Some(number) = number {
            let _ = write!(text, r#","{name}":{number}"#);
        }
    }
    if let Some(at) = &event.occurred_at {
        let _ = write!(text, r#","occurred_at":{}"#, quoted(at));
    }
    if let Some(cost) = &event.cost {
        let _ = write!(
            text,
            r#","cost":{{"amount":{},"currency":{}}}"#,
            quoted(&cost.amount),
            quoted(&cost.currency)
        );
    }
    if !event.properties.is_empty() {
        let _ = write!(text, r#","properties":{}"#, canonical(event));
    }
    text.push('}');
}

/// The answers of a batch, in order. Which of the charged events are new is told only by their number. New facts stand
/// behind all earlier ones and ids sort as their facts stand, so the new ones are those with the last ids.
fn answers_of(body: &Value, count: usize) -> Result<Vec<Answer>> {
    let results = body["results"].as_array().context("there is no `results`")?;
    ensure!(results.len() == count, "there are {} results for {count} events", results.len());
    let accepted = body["accepted"].as_u64().context("there is no `accepted`")?;
    let mut ids: Vec<&str> = results.iter().filter_map(|result| result["id"].as_str()).collect();
    ids.sort_unstable();
    let new_from = ids.len().saturating_sub(usize::try_from(accepted).unwrap_or(usize::MAX));
    let first_new = ids.get(new_from).copied();
    results.iter().map(|result| answer_of(result, first_new)).collect()
}

fn answer_of(result: &Value, first_new: Option<&str>) -> Result<Answer> {
    let Some(id) = result["id"].as_str() else {
        let code = result["error"]["code"].as_str().context("a result has neither `id` nor `error.code`")?;
        let is_for_now = matches!(code, "overloaded" | "unavailable" | "rate_limited" | "storage_full");
        return Ok(if is_for_now { Answer::Later } else { Answer::Refused(Cow::Owned(code.to_owned())) });
    };
    // A credit amount is below 2³³ with six places: it survives the double that JSON readers make of it.
    let credits = result["credits"].to_string();
    let credits = Credits::parse(&credits).with_context(|| format!("`credits` is {credits}"))?;
    let charged = Charged { credits_micro: credits.micro(), revenue_nano: None };
    let is_new = first_new.is_some_and(|first| id >= first);
    Ok(if is_new { Answer::Accepted(charged) } else { Answer::Replayed(charged) })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chargly_traffic::{PropertyValue, RecordedCost};

    use super::*;

    fn charged(credits_micro: i64) -> Charged {
        Charged { credits_micro, revenue_nano: None }
    }

    #[test]
    fn an_event_is_sent_with_the_digits_it_was_read_with() {
        let event = RecordedEvent {
            key: "k-1".to_owned(),
            event: "llm.chat".to_owned(),
            customer: "a\"b".to_owned(),
            quantity: Some("12345678.000001".to_owned()),
            credits: None,
            occurred_at: Some("2026-01-01T00:00:00.000Z".to_owned()),
            cost: Some(RecordedCost { amount: "0.000000001".to_owned(), currency: "usd".to_owned() }),
            properties: BTreeMap::from([("tokens".to_owned(), PropertyValue::Number("7".to_owned()))]),
            source_line: 2,
        };
        let expected = r#"{"events":[{"event":"llm.chat","customer":"a\"b","idempotency_key":"k-1","quantity":12345678.000001,"occurred_at":"2026-01-01T00:00:00.000Z","cost":{"amount":"0.000000001","currency":"usd"},"properties":{"tokens":7}}]}"#;
        assert_eq!(batch_json(&[event]), expected);
    }

    #[test]
    fn new_events_are_told_from_replayed_ones_by_the_order_of_their_ids() {
        let body = json!({
            "results": [
                {"id": "evt_3", "credits": 1},
                {"id": "evt_1", "credits": 0.25},
                {"error": {"code": "insufficient_credits"}},
                {"error": {"code": "overloaded"}},
                {"id": "evt_2", "credits": 2},
            ],
            "accepted": 2, "replayed": 1, "refused": 2
        });
        let expected = vec![
            Answer::Accepted(charged(1_000_000)),
            Answer::Replayed(charged(250_000)),
            Answer::Refused("insufficient_credits".into()),
            Answer::Later,
            Answer::Accepted(charged(2_000_000)),
        ];
        assert_eq!(answers_of(&body, 5).expect("understood"), expected);
    }

    #[test]
    fn an_answer_that_is_not_one_is_refused() {
        for body in
            [json!({}), json!({"results": [], "accepted": 0}), json!({"results": [{}], "accepted": 0})]
        {
            assert!(answers_of(&body, 1).is_err(), "{body}");
        }
    }
}
