//! Stripe behind the port.

use chargly_engine::payments::{
    About, Connection, ConnectionTest, ConnectionVerdict, NewCheckout, NewRefund, Notice, NoticeError,
    OrderName, PaymentProvider, ProviderError, Standing, StartedCheckout,
};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tracing::warn;

use crate::client::{Call, Client, Failure, Params, Patience, STRIPE_VERSION};
use crate::config::{ConfigError, StripeConfig};
use crate::minor::to_minor;
use crate::notice::{self, EVENT_TYPES};
use crate::objects::{
    Charge, Dispute, Expandable, Intent, List, Named, ORDER_FIELD, Refund, Session, order_in,
};
use crate::{checkout, signature, standing};

/// Notices that were missed, at most: 10,000 of four KiB are 40 MiB. Where there are more the newest are told; orders
/// that are still open are looked at one by one anyway.
pub const MISSED_MAX: usize = 10_000;
/// Entries of one page: Stripe's own limit.
const PAGE: &str = "100";
/// The metadata field in which our refund's id travels.
const REFUND_FIELD: &str = "refund_id";

/// One Stripe account, in one mode.
pub struct Stripe {
    client: Client,
    webhook_secrets: Vec<String>,
    is_live: bool,
}

impl std::fmt::Debug for Stripe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stripe").field("is_live", &self.is_live).finish_non_exhaustive()
    }
}

impl Stripe {
    /// A client for this account. Nothing is sent yet.
    ///
    /// # Errors
    /// When the configuration cannot be meant so.
    pub fn new(config: &StripeConfig) -> Result<Self, ConfigError> {
        let base = config.check()?;
        Ok(Self {
            client: Client::new(config, base)?,
            webhook_secrets: config.webhook_secrets.clone(),
            is_live: config.is_live,
        })
    }

    /// The same, waiting otherwise.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.client.patience = patience;
        self
    }

    /// Whether the key is good: asks for one event, which it has to be allowed to read anyway.
    ///
    /// # Errors
    /// What Stripe said instead.
    pub async fn check(&self) -> Result<(), ProviderError> {
        let params = vec![pair("limit", "1")];
        let _events: List<Value> = self.client.call(&Call::get("events", "/v1/events", params)).await?;
        Ok(())
    }

    /// Asks for one event, as [`Stripe::check`] does, once, and says what came of it.
    async fn test_connection(&self) -> ConnectionTest {
        let call = Call::get("events", "/v1/events", vec![pair("limit", "1")]);
        let events = match self.client.ask_once::<List<ModeOf>>(&call).await {
            Ok(events) => events,
            Err(failure) => return judged(failure),
        };
        // Without an event nobody says so, and the key's own form has said it at the start.
        match events.data.iter().all(|event| event.livemode == self.is_live) {
            true => ConnectionTest { verdict: ConnectionVerdict::Good, said: String::new() },
            false => {
                let found = if self.is_live { "test" } else { "live" };
                let said = format!("the account's events are of {found} mode");
                ConnectionTest { verdict: ConnectionVerdict::OtherMode, said }
            }
        }
    }

    /// Ends a checkout that nobody has paid yet, so that nobody will.
    ///
    /// # Errors
    /// Where it cannot be ended: it was paid, or ended already.
    pub async fn expire(&self, reference: &str) -> Result<(), ProviderError> {
        let path = format!("/v1/checkout/sessions/{}/expire", segment("checkout", reference)?);
        let call = Call::post("checkout", path, Vec::new(), format!("expire-{reference}"));
        self.client.call::<Named>(&call).await.map(|_| ())
    }

    async fn start_checkout(&self, checkout: &NewCheckout) -> Result<StartedCheckout, ProviderError> {
        let params = checkout::session_params(checkout)?;
        let new_session = async |key: &str| {
            let call = Call::post("checkout", "/v1/checkout/sessions", params.clone(), key);
            self.client.call::<Session>(&call).await
        };
        let session = match new_session(&checkout.order).await {
            // It was started before a setting was changed, or our own address, and the answer got lost: nobody was sent
            // there, and nobody will be. Under another key it is started in today's words.
            Err(ProviderError::Refused { code, .. }) if code == "idempotency_error" => {
                new_session(&checkout::key_of_words(checkout, &params)).await?
            }
            started => started?,
        };
        let unreadable = || ProviderError::Unreadable { what: "checkout: it has no url".to_owned() };
        Ok(StartedCheckout {
            url: session.url.ok_or_else(unreadable)?,
            reference: session.id,
            expires_at_ms: session.expires_at.saturating_mul(1_000),
        })
    }

    async fn standing_of(&self, order: &OrderName) -> Result<Standing, ProviderError> {
        let session = self.session_of(order).await?;
        let Some(payment) = session.payment() else { return standing::fold(&session, None, &[]) };
        let intent = self.intent(payment).await?;
        let disputes: List<Dispute> = self.list("disputes", "/v1/disputes", payment).await?;
        standing::fold(&session, Some(&intent), &disputes.data)
    }

    async fn session_of(&self, order: &OrderName) -> Result<Session, ProviderError> {
        let session = match (&order.reference, &order.payment) {
            (Some(reference), _) => Some(self.session(reference).await?),
            (None, Some(payment)) => self.session_paid_by(payment).await?,
            (None, None) => None,
        };
        // A reference may have come from a browser: another order's checkout must not pay for this one.
        let ours = session.filter(|session| session.order().as_ref() == Some(&order.order));
        ours.ok_or_else(|| ProviderError::Unknown { what: "checkout of this order".to_owned() })
    }

    async fn session(&self, reference: &str) -> Result<Session, ProviderError> {
        let path = format!("/v1/checkout/sessions/{}", segment("checkout", reference)?);
        self.client.call(&Call::get("checkout", path, Vec::new())).await
    }

    async fn session_paid_by(&self, payment: &str) -> Result<Option<Session>, ProviderError> {
        let found: List<Session> = self.list("checkouts", "/v1/checkout/sessions", payment).await?;
        Ok(found.data.into_iter().next())
    }

    async fn intent(&self, payment: &str) -> Result<Intent, ProviderError> {
        let path = format!("/v1/payment_intents/{}", segment("payment", payment)?);
        self.client.call(&Call::get("payment", path, vec![pair("expand[]", "latest_charge")])).await
    }

    async fn list<T: serde::de::DeserializeOwned>(
        &self,
        what: &'static str,
        path: &str,
        payment: &str,
    ) -> Result<List<T>, ProviderError> {
        let params = vec![pair("payment_intent", payment), pair("limit", PAGE)];
        self.client.call(&Call::get(what, path, params)).await
    }

    async fn pay_back(&self, refund: &NewRefund) -> Result<(), ProviderError> {
        let amount = to_minor(refund.amount)?;
        let payment = match &refund.order.payment {
            Some(payment) => payment.clone(),
            None => self.session_of(&refund.order).await?.payment().unwrap_or_default().to_owned(),
        };
        if payment.is_empty() {
            return Err(ProviderError::Unknown { what: "payment of this order".to_owned() });
        }
        // Stripe remembers an idempotency key for a day. A refund that is taken up again after a longer stop must not be
        // paid twice either, so it is looked for by the name that it was given, among the newest hundred of this order.
        let made: List<Refund> = self.list("refunds", "/v1/refunds", &payment).await?;
        let is_this =
            |made: &Refund| made.metadata.as_ref().and_then(|m| m.get(REFUND_FIELD)) == Some(&refund.refund);
        if made.data.iter().any(is_this) {
            return Ok(());
        }
        let params = vec![
            pair("payment_intent", &payment),
            pair("amount", &amount.to_string()),
            (format!("metadata[{ORDER_FIELD}]"), refund.order.order.clone()),
            (format!("metadata[{REFUND_FIELD}]"), refund.refund.clone()),
        ];
        let call = Call::post("refund", "/v1/refunds", params, refund.refund.as_str());
        match self.client.call::<Named>(&call).await {
            // Somebody has paid everything back in Stripe's dashboard: there is nothing left to do.
            Err(ProviderError::Refused { code, .. }) if code == "charge_already_refunded" => Ok(()),
            done => done.map(|_| ()),
        }
    }

    async fn order_about(&self, about: &About) -> Result<Option<String>, ProviderError> {
        let order = match about {
            About::Order(order) => Ok(Some(order.clone())),
            About::Payment(payment) => self.order_of_payment(payment).await,
            About::Charge(charge) => self.order_of_charge(charge).await,
            About::Nothing => Ok(None),
        };
        match order {
            Err(ProviderError::Unknown { .. }) => Ok(None),
            order => order,
        }
    }

    async fn order_of_charge(&self, charge: &str) -> Result<Option<String>, ProviderError> {
        let path = format!("/v1/charges/{}", segment("charge", charge)?);
        let charge: Charge = self.client.call(&Call::get("charge", path, Vec::new())).await?;
        match (order_in(&charge.metadata), charge.payment_intent.as_ref().map(Expandable::id)) {
            (Some(order), _) => Ok(Some(order)),
            (None, Some(payment)) => self.order_of_payment(payment).await,
            (None, None) => Ok(None),
        }
    }

    async fn order_of_payment(&self, payment: &str) -> Result<Option<String>, ProviderError> {
        match order_in(&self.intent(payment).await?.metadata) {
            Some(order) => Ok(Some(order)),
            None => Ok(self.session_paid_by(payment).await?.and_then(|session| session.order())),
        }
    }

    async fn missed_since(&self, since_ms: i64, delivered_too: bool) -> Result<Vec<Notice>, ProviderError> {
        let mut notices = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let call =
                Call::get("events", "/v1/events", missed_params(since_ms, delivered_too, after.as_deref()));
            let page: List<Value> = self.client.call(&call).await?;
            after = page.data.last().and_then(|event| event["id"].as_str()).map(str::to_owned);
            for event in page.data {
                match notice::read_value(event) {
                    Ok(notice) => notices.push(notice),
                    // One that is not understood must not hide the others for as long as it is listed.
                    Err(problem) => warn!(%problem, "a missed notice is left out"),
                }
            }
            if !page.has_more || after.is_none() || notices.len() >= MISSED_MAX {
                break;
            }
        }
        // Stripe lists the newest first.
        notices.reverse();
        Ok(notices)
    }
}

fn missed_params(since_ms: i64, delivered_too: bool, after: Option<&str>) -> Params {
    let since_s = since_ms.div_euclid(1_000).to_string();
    let mut params = vec![pair("created[gte]", &since_s), pair("limit", PAGE)];
    if !delivered_too {
        params.push(pair("delivery_success", "false"));
    }
    params.extend(EVENT_TYPES.iter().map(|kind| pair("types[]", kind)));
    params.extend(after.map(|after| pair("starting_after", after)));
    params
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// Which money an event is about.
#[derive(serde::Deserialize)]
struct ModeOf {
    livemode: bool,
}

/// What a failed question says of the connection.
fn judged(failure: Failure) -> ConnectionTest {
    let (verdict, said) = match (failure.error, failure.status) {
        (ProviderError::Refused { message, .. }, Some(401)) => (ConnectionVerdict::KeyRefused, message),
        (ProviderError::Refused { message, .. }, Some(403)) => (ConnectionVerdict::NotAllowed, message),
        (ProviderError::Unavailable { why }, _) => (ConnectionVerdict::Unreachable, why),
        (ProviderError::Unreadable { what }, _) => (ConnectionVerdict::NotUnderstood, what),
        (error, _) => (ConnectionVerdict::NotUnderstood, error.to_string()),
    };
    ConnectionTest { verdict, said }
}

/// A part of a path: an id as Stripe makes them, so that what somebody sends as one leads nowhere else.
fn segment<'a>(what: &str, id: &'a str) -> Result<&'a str, ProviderError> {
    match !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        true => Ok(id),
        false => Err(ProviderError::Unknown { what: what.to_owned() }),
    }
}

impl PaymentProvider for Stripe {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn connection(&self) -> Connection {
        Connection {
            address: Some(self.client.address()),
            api_version: Some(STRIPE_VERSION),
            is_live: self.is_live,
            believes_notices: Some(!self.webhook_secrets.is_empty()),
        }
    }

    fn test(&self) -> BoxFuture<'_, ConnectionTest> {
        self.test_connection().boxed()
    }

    fn start<'a>(
        &'a self,
        checkout: &'a NewCheckout,
    ) -> BoxFuture<'a, Result<StartedCheckout, ProviderError>> {
        self.start_checkout(checkout).boxed()
    }

    fn standing<'a>(&'a self, order: &'a OrderName) -> BoxFuture<'a, Result<Standing, ProviderError>> {
        self.standing_of(order).boxed()
    }

    fn refund<'a>(&'a self, refund: &'a NewRefund) -> BoxFuture<'a, Result<(), ProviderError>> {
        self.pay_back(refund).boxed()
    }

    fn read_notice(&self, signature: &str, body: &[u8], now_ms: i64) -> Result<Notice, NoticeError> {
        signature::verify(signature, body, &self.webhook_secrets, now_ms.div_euclid(1_000))?;
        notice::read(body)
    }

    fn read_kept(&self, body: &str) -> Option<Notice> {
        notice::read(body.as_bytes()).ok()
    }

    fn order_of<'a>(&'a self, about: &'a About) -> BoxFuture<'a, Result<Option<String>, ProviderError>> {
        self.order_about(about).boxed()
    }

    fn missed<'a>(
        &'a self,
        since_ms: i64,
        delivered_too: bool,
    ) -> BoxFuture<'a, Result<Vec<Notice>, ProviderError>> {
        self.missed_since(since_ms, delivered_too).boxed()
    }
}
