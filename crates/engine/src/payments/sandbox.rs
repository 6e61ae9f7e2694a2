//! The sandbox: a provider of our own, for test environments. Nobody is charged; a page with buttons stands for the
//! buyer's bank, and what was pressed is recorded as any provider's word is.

use std::sync::Weak;

use chargly_ledger::{EntryId, OrderStatus, Payment, PaymentUpdate, SettleRequest};
use futures_util::future::BoxFuture;

use super::settle::nothing_said;
use super::{
    About, Connection, ConnectionTest, ConnectionVerdict, NewCheckout, NewRefund, Notice, NoticeError, Order,
    OrderName, PaymentError, PaymentProvider, PaymentSeen, PaymentStanding, ProviderError, ReturnsStanding,
    Standing, StartedCheckout,
};
use crate::environment::Environment;
use crate::outcome::CallError;

/// What the sandbox is called.
pub const SANDBOX: &str = "sandbox";

/// A button of the sandbox's pay page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxButton {
    /// Pay now.
    Pay,
    /// Decline. The checkout stays open, as it does at a bank that says no: the buyer may try again.
    Decline,
    /// Pay by a way that takes days.
    PayLater,
    /// The money that was on its way arrives.
    Arrives,
    /// The money that was on its way does not arrive.
    Fails,
}

/// The provider of a test environment.
pub struct Sandbox {
    environment: Weak<Environment>,
}

impl Sandbox {
    /// For this environment.
    pub fn new(environment: Weak<Environment>) -> Self {
        Self { environment }
    }

    async fn order(&self, name: &OrderName) -> Result<Order, ProviderError> {
        let gone = || ProviderError::Unknown { what: "order".to_owned() };
        let environment = self.environment.upgrade().ok_or_else(gone)?;
        let id = environment.read_wire_name("ord_", &name.order).ok_or_else(gone)?;
        let found = environment.order(id).await;
        found.map_err(|error| ProviderError::Unavailable { why: error.to_string() })?.ok_or_else(gone)
    }

    fn page(&self, checkout: &NewCheckout) -> Result<StartedCheckout, ProviderError> {
        let gone = || ProviderError::Unavailable { why: "the environment is closed".to_owned() };
        let environment = self.environment.upgrade().ok_or_else(gone)?;
        let order = environment.read_wire_name("ord_", &checkout.order).ok_or_else(gone)?;
        let reference = environment.wire_name("chk_", order).map_err(|_| gone())?;
        let url = environment.page_url(SANDBOX, order, &reference).map_err(|_| gone())?;
        Ok(StartedCheckout { reference, url, expires_at_ms: checkout.expires_at_ms })
    }
}

impl PaymentProvider for Sandbox {
    fn name(&self) -> &'static str {
        SANDBOX
    }

    fn connection(&self) -> Connection {
        Connection { address: None, api_version: None, is_live: false, believes_notices: None }
    }

    fn test(&self) -> BoxFuture<'_, ConnectionTest> {
        let test = ConnectionTest { verdict: ConnectionVerdict::Good, said: String::new() };
        Box::pin(std::future::ready(test))
    }

    fn start<'a>(
        &'a self,
        checkout: &'a NewCheckout,
    ) -> BoxFuture<'a, Result<StartedCheckout, ProviderError>> {
        Box::pin(async { self.page(checkout) })
    }

    /// What was recorded is what is true: there is no bank that could know better. A refund is done as it is asked.
    fn standing<'a>(&'a self, order: &'a OrderName) -> BoxFuture<'a, Result<Standing, ProviderError>> {
        Box::pin(async {
            let top_up = self.order(order).await?.top_up;
            let now_ms = self.environment.upgrade().map_or(i64::MIN, |environment| environment.wall_ms());
            let has_ended = now_ms >= top_up.placed_at.0.saturating_add(super::checkout::CHECKOUT_MS);
            let payment = match (&top_up.payment, top_up.status) {
                (Some(payment), _) => PaymentStanding::Paid(seen(payment)),
                (None, OrderStatus::Created) if has_ended => PaymentStanding::Expired,
                (None, OrderStatus::Created | OrderStatus::Paid | OrderStatus::Held) => PaymentStanding::Open,
                (None, OrderStatus::Pending) => PaymentStanding::Pending,
                (None, OrderStatus::Expired) => PaymentStanding::Expired,
                (None, OrderStatus::Failed) => PaymentStanding::Failed,
            };
            let refunding = top_up.refund.map_or(0, |refund| refund.amount.nano);
            let returns = ReturnsStanding {
                refunded_nano: top_up.returns.refunded_nano.saturating_add(refunding),
                withdrawn_nano: top_up.returns.withdrawn_nano,
                disputed_nano: top_up.returns.disputed_nano,
            };
            Ok(Standing { payment, returns })
        })
    }

    fn refund<'a>(&'a self, _refund: &'a NewRefund) -> BoxFuture<'a, Result<(), ProviderError>> {
        Box::pin(async { Ok(()) })
    }

    fn read_notice(&self, _signature: &str, _body: &[u8], _now_ms: i64) -> Result<Notice, NoticeError> {
        Err(NoticeError::None)
    }

    fn read_kept(&self, _body: &str) -> Option<Notice> {
        None
    }

    fn order_of<'a>(&'a self, _about: &'a About) -> BoxFuture<'a, Result<Option<String>, ProviderError>> {
        Box::pin(async { Ok(None) })
    }

    fn missed<'a>(
        &'a self,
        _since_ms: i64,
        _delivered_too: bool,
    ) -> BoxFuture<'a, Result<Vec<Notice>, ProviderError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

impl Environment {
    /// Presses a button of the sandbox's pay page. One that says nothing new changes nothing.
    pub async fn press_in_sandbox(&self, id: EntryId, button: SandboxButton) -> Result<Order, PaymentError> {
        let _turn = self.payments().lock(id.position).await;
        let order = self.order(id).await?.ok_or(CallError::NotFound { kind: "order" })?;
        if order.top_up.provider != SANDBOX {
            return Err(CallError::NotFound { kind: "order" }.into());
        }
        if let Some(payment) = said_by(button, &order) {
            self.settle(SettleRequest { payment: Some(payment), ..nothing_said(id) }).await?;
        }
        Ok(self.order(id).await?.ok_or(CallError::NotFound { kind: "order" })?)
    }
}

fn said_by(button: SandboxButton, order: &Order) -> Option<PaymentUpdate> {
    let price = order.top_up.terms.price;
    let paid = || {
        PaymentUpdate::Paid(Payment {
            subtotal: price,
            discount_nano: 0,
            tax_nano: 0,
            total_nano: price.nano,
            reference: format!("{SANDBOX}_{}", order.id.position).into(),
        })
    };
    match (button, order.top_up.status) {
        (SandboxButton::Pay, OrderStatus::Created) => Some(paid()),
        (SandboxButton::PayLater, OrderStatus::Created) => Some(PaymentUpdate::Pending),
        (SandboxButton::Arrives, OrderStatus::Pending) => Some(paid()),
        (SandboxButton::Fails, OrderStatus::Pending) => Some(PaymentUpdate::Failed),
        _ => None,
    }
}

fn seen(payment: &Payment) -> PaymentSeen {
    PaymentSeen {
        subtotal: payment.subtotal,
        discount_nano: payment.discount_nano,
        tax_nano: payment.tax_nano,
        total_nano: payment.total_nano,
        payment: payment.reference.to_string(),
        is_live: false,
    }
}
