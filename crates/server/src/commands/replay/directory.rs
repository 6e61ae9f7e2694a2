//! Metering straight into a data directory: the same calls that a server makes, without HTTP.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use chargly_engine::journal::DirLock;
use chargly_engine::ledger::{
    Catalogue, Credits, Currency, Dimension, EventTypeRequest, Fact, GrantKind, GrantRequest, Grid,
    IfInsufficient, KeyNo, Millis, Money, PriceInputs, PriceRequest, PropertyValue as PriceValue, Quantity,
    Rejection, Rounding, WalletEvent,
};
use chargly_engine::{CallError, Environment, Failure, MeterEvent, Outcome, Properties, SystemClock};
use chargly_traffic::{PropertyValue, RecordedEvent};

use super::answer::{Answer, Charged};
use super::price::{GrantText, PriceList};
use super::target::{Meter, TargetArgs};
use crate::data_dir::{DataDir, HowToOpen, environments_named};

/// The code of an event that cannot be metered as it is.
const INVALID: &str = "invalid_request";

/// An environment of a data directory, open for writing.
pub(crate) struct Directory {
    environment: Arc<Environment>,
    _lock: DirLock,
}

impl Directory {
    /// Lanes at once: while one batch is flushed, the next is decided.
    pub(crate) const LANES: usize = 4;

    /// Opens the environment that the flags name.
    ///
    /// # Errors
    /// If there is none, or somebody else has the directory.
    pub(crate) fn open(args: &TargetArgs) -> Result<Self> {
        environments_named(Some(&args.env))?;
        let data = DataDir::at(&args.data);
        data.project()?;
        let lock = data.lock("`chargly replay`", &SystemClock::start())?;
        let environment = data.open(&args.env, HowToOpen::default())?;
        Ok(Self { environment, _lock: lock })
    }

    /// Defines an event type where it is missing and has a price.
    ///
    /// # Errors
    /// If it cannot be recorded.
    pub(crate) async fn define_type(&self, name: &str, prices: &PriceList) -> Result<()> {
        let Some(rule) = prices.of(name) else { return Ok(()) };
        let doing = || format!("defining the event type {name}");
        match self.environment.catalogue().event_type(name) {
            Some(event_type) if !event_type.prices.is_empty() => return Ok(()),
            // Defined by a replay that was cut off before the price.
            Some(_) => {}
            None => {
                let request = EventTypeRequest {
                    name: name.into(),
                    label: name.into(),
                    description: "Defined by a replay.".into(),
                    caller_set_credits: false,
                    dimensions: Vec::new(),
                    archived: false,
                    estimated_cost_nano: None,
                    first_price: None,
                };
                self.environment.define_event_type(KeyNo::SYSTEM, request).await.with_context(doing)?;
            }
        }
        let event_type = self.environment.catalogue().event_type(name).with_context(doing)?.number;
        let price = PriceRequest {
            event_type,
            rule: rule.clone(),
            grid: Grid::MicroCredit,
            rounding: Rounding::HalfUp,
            effective_at: None,
            note: "First price, given to a replay.".into(),
            replaces: None,
            because: None,
        };
        self.environment.publish_price(KeyNo::SYSTEM, price, None).await.with_context(doing)?;
        Ok(())
    }

    /// Grants a customer the lot, unless an earlier replay has.
    ///
    /// # Errors
    /// If it cannot be recorded, or is refused.
    pub(crate) async fn grant(&self, customer: &str, grant: &GrantText) -> Result<()> {
        let currency = self.environment.catalogue().currency;
        let request = GrantRequest {
            credits: grant.credits,
            kind: if grant.price_nano.is_some() { GrantKind::Paid } else { GrantKind::Promotional },
            price: grant.price_nano.map(|nano| Money { nano, currency }),
            priority: 0,
            effective_at: None,
            expires_at: None,
            scope: Vec::new(),
        };
        let key = Some(grant.key().into());
        let granted = self.environment.grant(KeyNo::SYSTEM, customer.into(), request, None, key).await;
        let outcome = granted.with_context(|| format!("granting credits to {customer}"))?;
        let is_granted =
            matches!(&*outcome.fact, Fact::Wallet(f) if matches!(f.event, WalletEvent::Granted { .. }));
        ensure!(is_granted, "granting credits to {customer}: it was refused");
        Ok(())
    }

    /// Closes the environment, so that all is on disk.
    pub(crate) fn close(&self) {
        self.environment.close();
    }
}

impl Meter for Directory {
    fn meter<'a>(
        &'a self,
        batch: &'a [RecordedEvent],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<Answer>>> + Send + 'a>> {
        Box::pin(async move {
            let catalogue = self.environment.catalogue();
            let mut answers = vec![None; batch.len()];
            let (mut events, mut places) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
            for (place, event) in batch.iter().enumerate() {
                match meter_event(event, &catalogue) {
                    Ok(event) => {
                        events.push(event);
                        places.push(place);
                    }
                    Err(error) => {
                        eprintln!("{error:#}");
                        answers[place] = Some(Answer::Refused(Cow::Borrowed(INVALID)));
                    }
                }
            }
            let outcomes = self.environment.meter(KeyNo::SYSTEM, events).await;
            for (place, outcome) in places.into_iter().zip(outcomes) {
                answers[place] = Some(answer_of(outcome)?);
            }
            answers.into_iter().map(|answer| answer.context("an event of the batch has no answer")).collect()
        })
    }
}

/// A recorded event as the engine takes it. Amounts were checked when the row was read; what the ledger bounds more
/// tightly (a quantity of zero, say) refuses that one event, as it would over HTTP.
fn meter_event(event: &RecordedEvent, catalogue: &Catalogue) -> Result<MeterEvent> {
    let line = event.source_line;
    let quantity = match &event.quantity {
        None => Quantity::ONE,
        Some(text) => Quantity::parse(text).with_context(|| format!("line {line}: quantity {text}"))?,
    };
    let credits = event.credits.as_deref().map(Credits::parse).transpose();
    let cost = event.cost.as_ref().map(|cost| {
        let currency = Currency::parse(&cost.currency).context("the currency must be three letters")?;
        Money::parse(&cost.amount, currency).context("the amount of the cost")
    });
    let occurred_at = event.occurred_at.as_deref().map(str::parse::<jiff::Timestamp>).transpose();
    Ok(MeterEvent {
        customer: event.customer.as_str().into(),
        event: event.event.as_str().into(),
        quantity,
        credits: credits.with_context(|| format!("line {line}: credits"))?,
        cost: cost.transpose().with_context(|| format!("line {line}: cost"))?,
        usage: None,
        occurred_at: occurred_at
            .with_context(|| format!("line {line}: occurred_at"))?
            .map(|t| Millis(t.as_millisecond())),
        if_insufficient: IfInsufficient::Refuse,
        properties: properties(event, catalogue),
        key: Some(event.key.as_str().into()),
    })
}

/// Properties in canonical JSON, and those that the type's prices look at.
fn properties(event: &RecordedEvent, catalogue: &Catalogue) -> Option<Properties> {
    if event.properties.is_empty() {
        return None;
    }
    let declared =
        catalogue.event_type(&event.event).into_iter().flat_map(|event_type| &event_type.dimensions);
    let dimensions = declared.filter_map(|name| match event.properties.get(name.as_str())? {
        PropertyValue::Text(value) | PropertyValue::Number(value) => {
            let value = value.as_str().into();
            Some(Dimension { name: name.clone(), value })
        }
    });
    let dimensions = dimensions.collect();
    let known = catalogue.event_type(&event.event);
    let mut inputs = PriceInputs::new();
    for name in known.into_iter().flat_map(|known| catalogue.priced_properties(known.number)) {
        inputs.extend(event.properties.get(name.as_str()).map(|value| {
            let value = match value {
                PropertyValue::Text(text) => PriceValue::Text(text.as_str().into()),
                PropertyValue::Number(text) => PriceValue::number(text),
            };
            (name.clone(), value)
        }));
    }
    Some(Properties { canonical: canonical(event).into(), inputs, dimensions })
}

/// A JSON object with sorted names and no white space. The map is sorted, and numbers are decimals without zeros at
/// the end, as they would arrive over HTTP: so a replay is the same whichever way it comes.
pub(super) fn canonical(event: &RecordedEvent) -> String {
    let mut text = String::from("{");
    for (name, value) in &event.properties {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&serde_json::Value::from(name.as_str()).to_string());
        text.push(':');
        match value {
            PropertyValue::Number(number) => text.push_str(number),
            PropertyValue::Text(value) => text.push_str(&serde_json::Value::from(value.as_str()).to_string()),
        }
    }
    text.push('}');
    text
}

fn answer_of(outcome: Result<Outcome, CallError>) -> Result<Answer> {
    match outcome {
        Ok(outcome) => Ok(answer_of_fact(&outcome)),
        Err(CallError::Failed(Failure::Overloaded | Failure::NotRecorded)) => Ok(Answer::Later),
        Err(CallError::Rejected(rejection)) => Ok(Answer::Refused(Cow::Borrowed(rejection_code(&rejection)))),
        Err(CallError::UnknownEventType { .. }) => Ok(Answer::Refused(Cow::Borrowed("unknown_event_type"))),
        Err(CallError::Conflict { .. }) => Ok(Answer::Refused(Cow::Borrowed("idempotency_conflict"))),
        Err(CallError::Gone) => Ok(Answer::Refused(Cow::Borrowed("gone"))),
        Err(error) => Err(error).context("metering a batch"),
    }
}

fn answer_of_fact(outcome: &Outcome) -> Answer {
    let Fact::Wallet(fact) = outcome.fact.as_ref() else {
        return Answer::Refused(Cow::Borrowed("unexpected"));
    };
    match &fact.event {
        WalletEvent::Metered { charge, .. } => {
            let charged = Charged {
                credits_micro: charge.charged().micro(),
                revenue_nano: Some(charge.revenue_nano()),
            };
            if outcome.is_replay { Answer::Replayed(charged) } else { Answer::Accepted(charged) }
        }
        WalletEvent::Refused { refusal, .. } => Answer::Refused(Cow::Borrowed(refusal.code())),
        _ => Answer::Refused(Cow::Borrowed("unexpected")),
    }
}

fn rejection_code(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::EventTypeArchived => "event_type_archived",
        Rejection::UnknownEventType => "unknown_event_type",
        Rejection::NoActivePrice => "no_active_price",
        Rejection::CostRequired => "cost_required",
        Rejection::Invalid { .. } => INVALID,
        Rejection::NotFound { .. } => "not_found",
        Rejection::CustomerErased => "gone",
        Rejection::Unchanged => "unchanged",
        Rejection::CorrectionRunning => "correction_running",
        Rejection::RecommendationNotOpen { .. } => "recommendation_not_open",
        Rejection::RecommendationNotApplicable => "recommendation_not_applicable",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn properties_are_sorted_and_without_white_space() {
        let event = RecordedEvent {
            key: "k".to_owned(),
            event: "e".to_owned(),
            customer: "c".to_owned(),
            quantity: None,
            credits: None,
            occurred_at: None,
            cost: None,
            properties: BTreeMap::from([
                ("z".to_owned(), PropertyValue::Number("1.5".to_owned())),
                ("a\"".to_owned(), PropertyValue::Text("x\ny".to_owned())),
            ]),
            source_line: 1,
        };
        assert_eq!(canonical(&event), r#"{"a\"":"x\ny","z":1.5}"#);
    }
}
