//! Every operation, once: from its input to a call.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::call::{Again, Call, new_key};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::hold::Hold;
use crate::input::{
    Apply, Capture, CreateCheckout, EventQuery, Grant, Meter, PageQuery, PlaceHold, RecommendationQuery,
    Reverse, UsageQuery,
};
use crate::output::{
    BatchResult, CaptureResult, Checkout, CreditPack, CreditPacks, Decision, Event, Explanation, GrantResult,
    HoldState, MeterResult, Page, PricingRule, Quote, Recommendation, Reversal, Usage, Wallet, WalletEntry,
};
use crate::raw::Raw;
use crate::usage::Cost;

/// # Metering
impl Client {
    /// Prices an event, takes its credits and stores it for good, before it answers.
    ///
    /// ```no_run
    /// # async fn run() -> chargly_client::Result<()> {
    /// let client = chargly_client::Client::from_env()?;
    /// let result = client.meter_event("image.generate", "user_42").await?;
    /// println!("{} credits, {} are left", result.deducted_credits, result.remaining_balance);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::InsufficientCredits`] where the wallet cannot pay; what else can go wrong is in [`Error`].
    pub async fn meter_event(
        &self,
        event: impl Into<String>,
        customer: impl Into<String>,
    ) -> Result<MeterResult> {
        self.meter(Meter::new(event, customer)).await
    }

    /// The same, with more said of the event.
    ///
    /// # Errors
    /// As of [`Client::meter_event`].
    pub async fn meter(&self, mut event: Meter) -> Result<MeterResult> {
        let key = event.take_key();
        self.write(Call::post("/v1/events".into(), event_text(&event)?, key)).await
    }

    /// Meters 1–10,000 events. Each is judged by itself, and its result stands in its place.
    ///
    /// # Errors
    /// Only where the batch as a whole could not be taken.
    pub async fn meter_events(&self, events: impl IntoIterator<Item = Meter>) -> Result<BatchResult> {
        let mut events: Vec<Meter> = events.into_iter().collect();
        events.iter_mut().for_each(|event| event.set_key(new_key));
        let mut batch: BatchResult = self.meter_keyed(events.iter()).await?;
        for (result, mut event) in batch.results.iter_mut().zip(events) {
            let key = event.take_key().unwrap_or_default();
            match result {
                Ok(result) => result.idempotency_key = key,
                Err(error) => {
                    let mut refused = error.clone().with_key(Some(&key));
                    if let Error::InsufficientCredits(refusal) = &mut refused {
                        let call = Call::post("/v1/events".into(), event_text(&event)?, None);
                        refusal.again = Some(Again::after_first::<MeterResult>(self, call, &key));
                    }
                    *error = refused;
                }
            }
        }
        Ok(batch)
    }

    /// Events that have their keys.
    pub(crate) async fn meter_keyed(&self, events: impl Iterator<Item = &Meter>) -> Result<BatchResult> {
        let body = format!("{{\"events\":[{}]}}", events_text(events)?);
        self.read(&Call::post("/v1/events/batch".into(), body, None)).await
    }

    /// Meters 1–1,000 events of one customer, all of them or none, under one key: yours, or one that is made.
    ///
    /// # Errors
    /// As of [`Client::meter_event`]; a key of a single event is an [`Error::Configuration`].
    pub async fn meter_atomic(
        &self,
        events: impl IntoIterator<Item = Meter>,
        idempotency_key: Option<String>,
    ) -> Result<BatchResult> {
        let events: Vec<Meter> = events.into_iter().collect();
        if events.iter().any(|event| event.key().is_some()) {
            return Err(Error::configuration("an atomic batch has one key: give it beside the events"));
        }
        let body = format!("{{\"atomic\":true,\"events\":[{}]}}", events_text(events.iter())?);
        self.write(Call::post("/v1/events/batch".into(), body, idempotency_key)).await
    }

    /// What an event would cost, and whether it would be accepted. Changes nothing.
    ///
    /// # Errors
    /// What can go wrong is in [`Error`]; a refusal of the event is not, it is in the quote.
    pub async fn quote(&self, mut event: Meter) -> Result<Quote> {
        event.take_key();
        self.read(&Call::post("/v1/quote".into(), event_text(&event)?, None)).await
    }

    /// An event as it stands now.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none.
    pub async fn get_event(&self, event_id: &str) -> Result<Event> {
        self.read(&Call::get(path("/v1/events/{}", event_id)?)).await
    }

    /// Events, newest first.
    ///
    /// # Errors
    /// What can go wrong is in [`Error`].
    pub async fn list_events(&self, query: EventQuery) -> Result<Page<Event>> {
        self.read(&Call::get(with_query("/v1/events".into(), &query, &[])?)).await
    }

    /// Gives credits of an event back to the grants they came from.
    ///
    /// # Errors
    /// [`Error::AlreadyReversed`] where less is left of it.
    pub async fn reverse_event(&self, event_id: &str, reverse: Reverse) -> Result<Reversal> {
        let Reverse { idempotency_key, .. } = reverse.clone();
        self.post(path("/v1/events/{}/reverse", event_id)?, &reverse, idempotency_key).await
    }

    /// Attaches what an event cost you, or corrects it. Charges nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such event.
    pub async fn set_event_cost(
        &self,
        event_id: &str,
        cost: impl Into<Cost>,
        reason: Option<&str>,
    ) -> Result<Raw> {
        let cost = cost.into();
        understood(cost.mistake())?;
        let mut body = Map::new();
        body.insert("cost".into(), cost.to_json().unwrap_or_default());
        if let Some(reason) = reason {
            body.insert("reason".into(), reason.into());
        }
        self.post(path("/v1/events/{}/cost", event_id)?, &body, None).await
    }
}

/// # Wallets
impl Client {
    /// What a customer has. One never seen has nothing.
    ///
    /// # Errors
    /// What can go wrong is in [`Error`].
    pub async fn get_wallet(&self, customer: &str) -> Result<Wallet> {
        self.read(&Call::get(path("/v1/customers/{}/wallet", customer)?)).await
    }

    /// The same, waiting until the answer knows of the write that answered this `position`.
    ///
    /// # Errors
    /// What can go wrong is in [`Error`].
    pub async fn get_wallet_at(&self, customer: &str, min_position: &str) -> Result<Wallet> {
        let query = PageQuery::new().min_position(min_position);
        self.read(&Call::get(with_query(path("/v1/customers/{}/wallet", customer)?, &query, &[])?)).await
    }

    /// Every movement of a wallet, newest first, with the balance after it.
    ///
    /// # Errors
    /// What can go wrong is in [`Error`].
    pub async fn list_wallet_history(&self, customer: &str, query: PageQuery) -> Result<Page<WalletEntry>> {
        self.read(&Call::get(with_query(path("/v1/customers/{}/ledger", customer)?, &query, &[])?)).await
    }

    /// Puts credits into a wallet: so many, or a [`Grant`] that says more.
    ///
    /// # Errors
    /// What can go wrong is in [`Error`].
    pub async fn grant(&self, customer: &str, grant: impl Into<Grant>) -> Result<GrantResult> {
        let grant = grant.into();
        self.post(path("/v1/customers/{}/grants", customer)?, &grant, grant.idempotency_key.clone()).await
    }
}

/// # Holds
impl Client {
    /// Sets credits aside. Whoever places a hold ends it: [`Client::with_hold`] and [`Client::metered`] see to that.
    ///
    /// # Errors
    /// [`Error::InsufficientCredits`] where the wallet has less.
    pub async fn place_hold(&self, hold: PlaceHold) -> Result<Hold> {
        let key = hold.idempotency_key.clone();
        self.post("/v1/holds".into(), &hold, key).await
    }

    /// How a hold stands.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none.
    pub async fn get_hold(&self, hold_id: &str) -> Result<HoldState> {
        self.read(&Call::get(path("/v1/holds/{}", hold_id)?)).await
    }

    /// Charges what was used of a hold, all of it unless said otherwise, and releases the rest.
    ///
    /// # Errors
    /// [`Error::HoldNotOpen`], and [`Error::CaptureExceedsHold`] where more is captured than is held.
    pub async fn capture_hold(&self, hold_id: &str, capture: Capture) -> Result<CaptureResult> {
        understood(capture.mistake())?;
        // A key of its own, also where the server would take the hold's id for one: a refused capture would use that up,
        // and then neither a smaller capture nor a void could follow.
        let key = capture.idempotency_key.clone();
        self.post(path("/v1/holds/{}/capture", hold_id)?, &capture, key).await
    }

    /// Sets so many credits more aside.
    ///
    /// # Errors
    /// [`Error::HoldNotOpen`], and [`Error::InsufficientCredits`] where the wallet has less.
    pub async fn increase_hold(&self, hold_id: &str, credits: impl Into<crate::Amount>) -> Result<HoldState> {
        let body = Increase { credits: credits.into() };
        self.post(path("/v1/holds/{}/increase", hold_id)?, &body, None).await
    }

    /// Lets a hold lapse so many seconds from now.
    ///
    /// # Errors
    /// [`Error::HoldNotOpen`].
    pub async fn extend_hold(&self, hold_id: &str, expires_in_s: u32) -> Result<HoldState> {
        self.post(path("/v1/holds/{}/extend", hold_id)?, &json!({ "expires_in_s": expires_in_s }), None).await
    }

    /// Gives a hold up. What was captured of it stays charged.
    ///
    /// # Errors
    /// [`Error::HoldNotOpen`].
    pub async fn void_hold(&self, hold_id: &str) -> Result<HoldState> {
        self.write(void(hold_id)?).await
    }
}

pub(crate) fn void(hold_id: &str) -> Result<Call> {
    Ok(Call::post(path("/v1/holds/{}/void", hold_id)?, "{}".into(), None))
}

#[derive(Serialize)]
struct Increase {
    credits: crate::Amount,
}

/// # Selling credits
impl Client {
    /// What is for sale.
    ///
    /// # Errors
    /// What can go wrong is in [`Error`].
    pub async fn list_credit_packs(&self) -> Result<Vec<CreditPack>> {
        let CreditPacks(packs) = self.read(&Call::get("/v1/packs".into())).await?;
        Ok(packs)
    }

    /// Orders a pack for a customer, and answers where it is paid.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no such pack is for sale.
    pub async fn create_checkout(&self, checkout: CreateCheckout) -> Result<Checkout> {
        let key = checkout.idempotency_key.clone();
        self.post("/v1/checkouts".into(), &checkout, key).await
    }

    /// How a checkout stands.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none.
    pub async fn get_checkout(&self, checkout_id: &str) -> Result<Checkout> {
        self.read(&Call::get(path("/v1/checkouts/{}", checkout_id)?)).await
    }

    /// The same, asking the payment provider first: for a page that the buyer comes back to.
    ///
    /// # Errors
    /// As of [`Client::get_checkout`].
    pub async fn refresh_checkout(&self, checkout_id: &str) -> Result<Checkout> {
        self.read(&Call::post(path("/v1/checkouts/{}/refresh", checkout_id)?, "{}".into(), None)).await
    }
}

/// # Prices and advice on them
impl Client {
    /// The price in force of an event type.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such type.
    pub async fn get_pricing_rule(&self, feature: &str) -> Result<PricingRule> {
        self.read(&Call::get(path("/v1/event-types/{}", feature)?)).await
    }

    /// Advice on prices, newest first.
    ///
    /// # Errors
    /// What can go wrong is in [`Error`].
    pub async fn list_pricing_recommendations(
        &self,
        query: RecommendationQuery,
    ) -> Result<Page<Recommendation>> {
        self.read(&Call::get(with_query("/v1/recommendations".into(), &query, &[])?)).await
    }

    /// One recommendation; its card and evidence are in `raw`.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none.
    pub async fn get_pricing_recommendation(&self, id: &str) -> Result<Recommendation> {
        self.read(&Call::get(path("/v1/recommendations/{}", id)?)).await
    }

    /// The arithmetic of a recommendation, with its numbers put in.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none.
    pub async fn explain_pricing_recommendation(&self, id: &str) -> Result<Explanation> {
        let mut explained: Explanation =
            self.read(&Call::get(path("/v1/recommendations/{}/explain", id)?)).await?;
        id.clone_into(&mut explained.recommendation_id);
        Ok(explained)
    }

    /// Publishes the price that a recommendation proposes, and nothing else. The key needs the scope `prices`.
    ///
    /// # Errors
    /// [`Error::RecommendationNotOpen`] and [`Error::RecommendationNotApplicable`].
    pub async fn apply_pricing_recommendation(&self, id: &str, apply: Apply) -> Result<Decision> {
        let key = apply.idempotency_key.clone();
        self.post(path("/v1/recommendations/{}/apply", id)?, &apply, key).await
    }

    /// Turns a recommendation down.
    ///
    /// # Errors
    /// [`Error::RecommendationNotOpen`].
    pub async fn reject_pricing_recommendation(&self, id: &str, reason: Option<&str>) -> Result<Decision> {
        let body = reason.map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
        self.post(path("/v1/recommendations/{}/reject", id)?, &body, None).await
    }
}

/// # Figures, and all else
impl Client {
    /// What was used, by period and by what it is grouped by.
    ///
    /// # Errors
    /// What can go wrong is in [`Error`].
    pub async fn get_usage(&self, query: UsageQuery) -> Result<Usage> {
        self.read(&Call::get(with_query("/v1/usage".into(), &query, &query.filters)?)).await
    }

    /// Any other route of the reference, with the same key, retries and errors.
    ///
    /// A POST without an `idempotency_key` is not tried again where it may have been carried out, because not every route
    /// can tell a repeat.
    ///
    /// # Errors
    /// What can go wrong is in [`Error`].
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        idempotency_key: Option<&str>,
    ) -> Result<Raw> {
        if !path.starts_with('/') {
            return Err(Error::configuration("a path begins with a slash"));
        }
        if body.is_some_and(|body| !body.is_object()) {
            return Err(Error::configuration("a body is an object"));
        }
        self.read(&Call {
            repeatable: method != Method::POST || idempotency_key.is_some(),
            method,
            path: path.to_owned(),
            body: body.map(Value::to_string),
            key: idempotency_key.map(str::to_owned),
            deadline: None,
        })
        .await
    }

    async fn post<T: crate::call::Outcome>(
        &self,
        path: String,
        body: &impl Serialize,
        key: Option<String>,
    ) -> Result<T> {
        self.write(Call::post(path, text_of(body)?, key)).await
    }
}

fn event_text(event: &Meter) -> Result<String> {
    understood(event.mistake())?;
    text_of(event)
}

fn events_text<'a>(events: impl Iterator<Item = &'a Meter>) -> Result<String> {
    let texts: Vec<String> = events.map(event_text).collect::<Result<_>>()?;
    Ok(texts.join(","))
}

fn understood(mistake: Option<&str>) -> Result<()> {
    mistake.map_or(Ok(()), |mistake| Err(Error::configuration(mistake)))
}

fn text_of(body: &impl Serialize) -> Result<String> {
    serde_json::to_string(body).map_err(|cause| Error::configuration(cause.to_string()))
}

/// What stands in a path as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A path with one part filled in. Dots alone would lead to another route, however they are escaped.
fn path(template: &str, part: &str) -> Result<String> {
    if matches!(part, "" | "." | "..") {
        return Err(Error::configuration(format!("{part:?} cannot stand in {template}")));
    }
    Ok(template.replace("{}", &utf8_percent_encode(part, PLAIN).to_string()))
}

/// A path with a query, of the fields that are there.
fn with_query(path: String, query: &impl Serialize, more: &[(String, String)]) -> Result<String> {
    let fields = serde_json::to_value(query).map_err(|cause| Error::configuration(cause.to_string()))?;
    let fields =
        fields.as_object().into_iter().flatten().map(|(name, value)| {
            (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        });
    let escaped = |text: &str| utf8_percent_encode(text, PLAIN).to_string();
    let parts: Vec<String> = fields
        .chain(more.iter().cloned())
        .map(|(name, value)| format!("{}={}", escaped(&name), escaped(&value)))
        .collect();
    Ok(if parts.is_empty() { path } else { format!("{path}?{}", parts.join("&")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_path_stays_one() {
        for (part, expected) in [
            ("user_42", Some("/v1/c/user_42/w")),
            ("never/seen ü?#", Some("/v1/c/never%2Fseen%20%C3%BC%3F%23/w")),
            ("a..b", Some("/v1/c/a..b/w")),
            ("", None),
            (".", None),
            ("..", None),
        ] {
            assert_eq!(path("/v1/c/{}/w", part).ok().as_deref(), expected, "{part:?}");
        }
    }

    #[test]
    fn a_query_has_what_was_said() {
        let query = UsageQuery::new().from("2026-11-01").customer("a&b").filter("model", "x y");
        assert_eq!(
            with_query("/v1/usage".into(), &query, &query.filters).unwrap(),
            "/v1/usage?customer=a%26b&from=2026-11-01&filter%5Bmodel%5D=x%20y"
        );
        assert_eq!(with_query("/v1/events".into(), &EventQuery::new(), &[]).unwrap(), "/v1/events");
        assert_eq!(with_query("/p".into(), &PageQuery::new().limit(5u16), &[]).unwrap(), "/p?limit=5");
    }
}
