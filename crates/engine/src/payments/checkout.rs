//! Starting a checkout: an order first, then a provider's visit for it.

use std::net::IpAddr;

use chargly_journal::crash_point;
use chargly_ledger::{
    Action, CheckoutRequest, Credits, EntryId, Fact, KeyNo, Millis, OrderRequest, PackVersion, Payload,
    Rejection, Settings, TopUp, WalletEvent,
};
use compact_str::CompactString;
use serde_json::json;
use url::{Host, Url};

use super::{CHECKOUT_STARTED, CheckoutTerms, NewCheckout, ORDER_PLACED, PaymentError, PaymentSetup};
use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};
use crate::submission::Failure;
use crate::usecases::Namespace;

/// How long a checkout stays open, in milliseconds: a day, the longest that providers allow.
pub(super) const CHECKOUT_MS: i64 = 24 * 60 * 60 * 1_000;

/// A pack to be ordered.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// The customer's own id.
    pub customer: CompactString,
    /// The pack's code.
    pub pack: CompactString,
    /// Where the buyer is sent afterwards.
    pub urls: RedirectUrls,
    /// The idempotency key.
    pub key: Option<CompactString>,
}

/// Where a buyer is sent afterwards; a page of ours where not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedirectUrls {
    /// After paying.
    pub success: Option<String>,
    /// After giving up.
    pub cancel: Option<String>,
}

/// A checkout that a buyer can go to, or the verdict against the order.
#[derive(Clone, Debug)]
pub struct Checkout {
    /// The order's fact.
    pub order: Outcome,
    /// Where the buyer pays and until when; `None` where the order was refused.
    pub visit: Option<Visit>,
}

/// Where a buyer pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The address.
    pub url: String,
    /// When it ends.
    pub expires_at: Millis,
}

impl Environment {
    /// Orders a pack and starts a checkout for it. Asked again under the same key, it gives the same checkout; what was
    /// cut off between the order and the checkout is gone on with.
    pub async fn create_checkout(&self, actor: KeyNo, order: NewOrder) -> Result<Checkout, PaymentError> {
        let setup = self.payments().setup()?;
        let provider = setup.newest()?;
        // Before anything is recorded: orders that no provider may hear of would only pile up.
        self.ensure_effects()?;
        let catalogue = self.catalogue();
        check_redirect(setup, &catalogue.settings, "success_url", order.urls.success.as_deref())?;
        check_redirect(setup, &catalogue.settings, "cancel_url", order.urls.cancel.as_deref())?;
        let pack = catalogue.pack_by_code(&order.pack).ok_or(CallError::NotFound { kind: "pack" })?;
        let request = OrderRequest { pack: pack.number, provider: provider.name().into() };
        let placed = self.place_order(actor, &order, request).await?;
        if is_refused(&placed.fact) {
            return Ok(Checkout { order: placed, visit: None });
        }
        crash_point(ORDER_PLACED);
        let visit = self.visit_of(placed.id).await?;
        Ok(Checkout { order: placed, visit: Some(visit) })
    }

    async fn place_order(
        &self,
        actor: KeyNo,
        order: &NewOrder,
        request: OrderRequest,
    ) -> Result<Outcome, PaymentError> {
        let action = Action::PlaceOrder { customer: order.customer.clone(), request };
        let payload = Payload { properties: order.urls.as_properties(), ..Payload::default() };
        let (mut arena, namespace) = (Vec::new(), Namespace::Customer(&order.customer));
        let item = self.item(actor, action, order.key.clone(), &namespace, payload, &mut arena);
        Ok(self.call_one(item, arena, true).await?)
    }

    /// Where the buyer of an order pays: as it was noted, else started now.
    async fn visit_of(&self, order: EntryId) -> Result<Visit, PaymentError> {
        let found = self.order(order).await?.ok_or(CallError::NotFound { kind: "order" })?;
        if let Some(visit) = self.noted_visit(&found.top_up).await? {
            return Ok(visit);
        }
        self.ensure_effects()?;
        let provider = self.payments().setup()?.named(&found.top_up.provider)?;
        let started = provider.start(&self.new_checkout(order, &found.top_up)?).await?;
        crash_point(CHECKOUT_STARTED);
        let request = Box::new(CheckoutRequest {
            order,
            reference: started.reference.into(),
            url: started.url.clone().into(),
            expires_at: Millis(started.expires_at_ms),
        });
        match self.act(KeyNo::SYSTEM, Action::OpenCheckout(request)).await {
            Ok(_) => Ok(Visit { url: started.url, expires_at: Millis(started.expires_at_ms) }),
            // Another call for the same order was quicker, and was given the same checkout.
            Err(CallError::Rejected(Rejection::Unchanged)) => {
                let found = self.order(order).await?.ok_or(CallError::NotFound { kind: "order" })?;
                let visit = self.noted_visit(&found.top_up).await?;
                Ok(visit.unwrap_or(Visit { url: started.url, expires_at: Millis(started.expires_at_ms) }))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Where the buyer of an order pays, if its checkout was started.
    pub async fn visit_of_order(&self, order: &super::Order) -> Result<Option<Visit>, CallError> {
        self.noted_visit(&order.top_up).await
    }

    async fn noted_visit(&self, order: &TopUp) -> Result<Option<Visit>, CallError> {
        let Some(position) = order.checkout else { return Ok(None) };
        let stored = self.read_fact(position).await?.ok_or(CallError::Failed(Failure::NotRecorded))?;
        let Fact::Wallet(fact) = stored.fact else { return Ok(None) };
        let WalletEvent::CheckoutOpened { request } = fact.event else { return Ok(None) };
        Ok(Some(Visit { url: request.url.to_string(), expires_at: request.expires_at }))
    }

    fn new_checkout(&self, order: EntryId, top_up: &TopUp) -> Result<NewCheckout, PaymentError> {
        let catalogue = self.catalogue();
        let settings = catalogue.settings.checkout;
        let (title, description) = match catalogue.pack(top_up.pack) {
            Some(pack) => (title_of(pack), pack.terms.audience.to_string()),
            None => (credits_in_words(top_up.terms.credits), String::new()),
        };
        let back = self.page_url("checkout", order, &self.wire_name("chk_", order)?)?;
        Ok(NewCheckout {
            order: self.wire_name("ord_", order)?,
            title,
            description,
            price: top_up.terms.price,
            success_url: back.clone(),
            cancel_url: format!("{back}?canceled=1"),
            placed_at_ms: top_up.placed_at.0,
            expires_at_ms: top_up.placed_at.0.saturating_add(CHECKOUT_MS),
            terms: CheckoutTerms {
                automatic_tax: settings.automatic_tax,
                invoices: settings.invoices,
                promotion_codes: settings.promotion_codes,
            },
        })
    }

    /// Asks for something without a key.
    pub(super) async fn act(&self, actor: KeyNo, action: Action) -> Result<Outcome, CallError> {
        let mut arena = Vec::new();
        let item = self.item(actor, action, None, &Namespace::Environment, Payload::default(), &mut arena);
        self.call_one(item, arena, true).await
    }
}

impl RedirectUrls {
    /// In canonical JSON; nothing where nothing is given.
    fn as_properties(&self) -> Option<CompactString> {
        let given = [("cancel_url", &self.cancel), ("success_url", &self.success)];
        let given: serde_json::Map<_, _> = given
            .into_iter()
            .filter_map(|(name, url)| url.as_ref().map(|url| (name.to_owned(), json!(url))))
            .collect();
        (!given.is_empty()).then(|| serde_json::Value::Object(given).to_string().into())
    }

    /// Reads [`RedirectUrls::as_properties`] back.
    pub(crate) fn from_payload(payload: &Payload) -> Self {
        let properties = payload.properties.as_deref().unwrap_or("{}");
        let given: serde_json::Value = serde_json::from_str(properties).unwrap_or_default();
        let url = |name: &str| given[name].as_str().map(str::to_owned);
        Self { success: url("success_url"), cancel: url("cancel_url") }
    }
}

pub(super) fn is_refused(fact: &Fact) -> bool {
    matches!(fact, Fact::Wallet(fact) if matches!(fact.event, WalletEvent::Refused { .. }))
}

/// Refuses an address that nobody allowed: an open redirect is a gift to whoever steals pages.
fn check_redirect(
    setup: &PaymentSetup,
    settings: &Settings,
    field: &'static str,
    url: Option<&str>,
) -> Result<(), PaymentError> {
    let Some(url) = url else { return Ok(()) };
    let invalid = |problem: &str| {
        CallError::Rejected(Rejection::Invalid { field: field.into(), problem: problem.to_owned() })
    };
    let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let parsed = parsed.ok_or_else(|| invalid("must be an http or https address"))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(invalid("must have no user name or password").into());
    }
    let origin = parsed.origin().ascii_serialization();
    let is_ours = Url::parse(&setup.public_url).is_ok_and(|ours| ours.origin() == parsed.origin());
    let is_allowed = settings.redirect_origins.iter().any(|allowed| *allowed == origin);
    if is_ours || is_allowed || (setup.allows_loopback && is_loopback(&parsed)) {
        Ok(())
    } else {
        Err(PaymentError::ForeignRedirect { field, origin })
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// What a buyer sees as the thing bought.
fn title_of(pack: &PackVersion) -> String {
    format!("{}: {}", pack.terms.name, credits_in_words(pack.terms.credits_in_all()))
}

/// `4,000 credits`
fn credits_in_words(credits: Credits) -> String {
    let text = credits.to_string();
    let (whole, part) =
        text.split_once('.').map_or((text.as_str(), None), |(whole, part)| (whole, Some(part)));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let part = part.map(|part| format!(".{part}")).unwrap_or_default();
    format!("{grouped}{part} credits")
}
