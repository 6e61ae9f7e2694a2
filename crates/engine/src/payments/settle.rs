//! How an order stands, and bringing it to where its provider says that it stands.

use chargly_journal::crash_point;
use chargly_ledger::{
    Action, Cold, ColdKey, EntryId, Fact, KeyNo, Payment, PaymentUpdate, Rejection, Returns, SettleRequest,
    TopUp, Wallet,
};
use compact_str::CompactString;

use super::{
    ORDER_SETTLED, OrderName, PaymentError, PaymentSeen, PaymentStanding, ProviderError, RedirectUrls,
    STANDING_ASKED, Standing,
};
use crate::environment::Environment;
use crate::outcome::CallError;
use crate::submission::{Ask, Failure, Item, Verdict};

/// An order that no provider knows is given up so long after it was placed, in milliseconds: two days, when a checkout
/// that was started unseen has ended.
const UNKNOWN_GIVEN_UP_MS: i64 = 2 * 24 * 60 * 60 * 1_000;

/// An order as it stands.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its name.
    pub id: EntryId,
    /// What is remembered of it.
    pub top_up: TopUp,
    /// The customer's own id; empty once erased.
    pub customer: CompactString,
    /// The lot of its credits, if they arrived.
    pub lot: Option<chargly_ledger::Lot>,
}

impl Environment {
    /// How an order stands, as it is known here.
    pub async fn order(&self, id: EntryId) -> Result<Option<Order>, CallError> {
        let answered = self.ask(vec![Item::read(Ask::Order(id))], Vec::new(), true).await?;
        let found = match answered.verdicts.into_iter().next() {
            Some(Verdict::Order(Some(found))) => Some(*found),
            Some(Verdict::Order(None)) => self.order_done_with(id).await?,
            Some(Verdict::Failed(failure)) => return Err(failure.into()),
            _ => return Err(Failure::Stopped.into()),
        };
        match found {
            Some((top_up, wallet)) => Ok(Some(self.with_lot(id, top_up, &wallet).await?)),
            None => Ok(None),
        }
    }

    /// An order that has left memory.
    async fn order_done_with(&self, id: EntryId) -> Result<Option<(TopUp, Wallet)>, CallError> {
        let loaded = self.load_cold(vec![ColdKey::Order(id.position)]).await?;
        let order = loaded.found.into_iter().find_map(|record| match record {
            Cold::Order { order, .. } if order.tag == id.tag => Some(*order),
            _ => None,
        });
        let Some(order) = order else { return Ok(None) };
        Ok(self.wallet_no(order.wallet).await?.map(|wallet| (order, *wallet)))
    }

    async fn with_lot(&self, id: EntryId, top_up: TopUp, wallet: &Wallet) -> Result<Order, CallError> {
        let mut lot = top_up.lot.and_then(|number| wallet.lot(number)).cloned();
        if let (None, Some(number)) = (&lot, top_up.lot) {
            let loaded = self.load_cold(vec![ColdKey::Lot(top_up.wallet, number)]).await?;
            lot = loaded.found.into_iter().find_map(|record| match record {
                Cold::Lot { lot, .. } => Some(lot),
                _ => None,
            });
        }
        Ok(Order { id, top_up, customer: wallet.customer.clone(), lot })
    }

    /// Where a buyer is to be sent after the checkout of an order.
    pub async fn redirects_of(&self, order: EntryId) -> Result<RedirectUrls, CallError> {
        let stored = self.read_fact(order.position).await?;
        Ok(stored.map(|stored| RedirectUrls::from_payload(&stored.payload.known())).unwrap_or_default())
    }

    /// Asks an order's provider how it stands, follows that, and says how it stands now.
    pub async fn refresh_order(&self, id: EntryId) -> Result<Order, PaymentError> {
        let _turn = self.payments().lock(id.position).await;
        let order = self.order(id).await?.ok_or(CallError::NotFound { kind: "order" })?;
        // A refund that goes on is asked for again first: how the order stands is only known with it.
        match order.top_up.refund {
            Some(_) => self.refund_in_turn(id).await,
            None => self.refresh_in_turn(id, false).await,
        }
    }

    /// Accepts what came for an order although it is not what it was sold for: a person's decision.
    pub async fn accept_payment(&self, actor: KeyNo, id: EntryId) -> Result<Order, PaymentError> {
        let _turn = self.payments().lock(id.position).await;
        let request = SettleRequest { is_accepted: true, ..nothing_said(id) };
        self.settle_as(actor, request).await?;
        Ok(self.order(id).await?.ok_or(CallError::NotFound { kind: "order" })?)
    }

    pub(super) async fn refresh_in_turn(
        &self,
        id: EntryId,
        ends_refund: bool,
    ) -> Result<Order, PaymentError> {
        self.ensure_effects()?;
        let order = self.order(id).await?.ok_or(CallError::NotFound { kind: "order" })?;
        let provider = self.payments().setup()?.named(&order.top_up.provider)?;
        let standing = match provider.standing(&self.name_of(&order)?).await {
            Ok(standing) => standing,
            Err(ProviderError::Unknown { .. }) if self.is_to_be_given_up(&order.top_up) => given_up(),
            Err(error) => return Err(error.into()),
        };
        crash_point(STANDING_ASKED);
        let ends_refund = order.top_up.refund.filter(|_| ends_refund).map(|refund| refund.id.position);
        let Some(request) = self.told(id, standing, ends_refund) else { return Ok(order) };
        self.settle(request).await?;
        crash_point(ORDER_SETTLED);
        Ok(self.order(id).await?.ok_or(CallError::NotFound { kind: "order" })?)
    }

    /// Hands what was said of an order to the ledger. Nothing new is no error.
    pub(super) async fn settle(&self, request: SettleRequest) -> Result<(), CallError> {
        self.settle_as(KeyNo::SYSTEM, request).await
    }

    async fn settle_as(&self, actor: KeyNo, request: SettleRequest) -> Result<(), CallError> {
        let order = request.order;
        match self.act(actor, Action::SettleOrder(Box::new(request))).await {
            Ok(outcome) => {
                self.note_settled(order, &outcome.fact);
                Ok(())
            }
            Err(CallError::Rejected(Rejection::Unchanged)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn note_settled(&self, order: EntryId, fact: &Fact) {
        let Fact::Wallet(fact) = fact else { return };
        let chargly_ledger::WalletEvent::OrderSettled { status, held_because, .. } = &fact.event else {
            return;
        };
        let (environment, order) = (self.name(), order.position.0);
        metrics::counter!("chargly_orders_settled_total", "environment" => environment.to_owned(),
            "status" => status.as_str())
        .increment(1);
        match held_because {
            Some(why) => tracing::warn!(
                environment,
                order,
                because = why.as_str(),
                "a payment is not what its order was sold for; it waits for a person"
            ),
            None => tracing::info!(environment, order, status = status.as_str(), "an order was settled"),
        }
    }

    /// What a standing asks of the ledger; `None` where it must not be believed.
    fn told(
        &self,
        order: EntryId,
        Standing { payment, returns }: Standing,
        ends_refund: Option<chargly_ledger::Position>,
    ) -> Option<SettleRequest> {
        let payment = match payment {
            PaymentStanding::Open => None,
            PaymentStanding::Pending => Some(PaymentUpdate::Pending),
            PaymentStanding::Expired => Some(PaymentUpdate::Expired),
            PaymentStanding::Failed => Some(PaymentUpdate::Failed),
            PaymentStanding::Paid(seen) if seen.is_live != (self.name() == "live") => {
                tracing::error!(
                    environment = self.name(),
                    order = order.position.0,
                    is_live = seen.is_live,
                    "a payment of the other kind was named for an order; it is left alone"
                );
                return None;
            }
            PaymentStanding::Paid(seen) => Some(PaymentUpdate::Paid(payment_of(seen))),
        };
        let returns = Some(Returns {
            refunded_nano: returns.refunded_nano,
            withdrawn_nano: returns.withdrawn_nano,
            disputed_nano: returns.disputed_nano,
        });
        Some(SettleRequest { payment, returns, ends_refund, ..nothing_said(order) })
    }

    /// An order as its provider knows it.
    pub(super) fn name_of(&self, order: &Order) -> Result<OrderName, PaymentError> {
        let given = |text: &CompactString| Some(text.to_string()).filter(|text| !text.is_empty());
        Ok(OrderName {
            order: self.wire_name("ord_", order.id)?,
            reference: given(&order.top_up.reference),
            payment: order.top_up.payment.as_ref().and_then(|payment| given(&payment.reference)),
        })
    }

    fn is_to_be_given_up(&self, order: &TopUp) -> bool {
        let age_ms = self.wall_ms().saturating_sub(order.placed_at.0);
        order.status.is_open() && age_ms > UNKNOWN_GIVEN_UP_MS
    }
}

pub(super) const fn nothing_said(order: EntryId) -> SettleRequest {
    SettleRequest { order, payment: None, returns: None, ends_refund: None, is_accepted: false }
}

fn payment_of(seen: PaymentSeen) -> Payment {
    Payment {
        subtotal: seen.subtotal,
        discount_nano: seen.discount_nano,
        tax_nano: seen.tax_nano,
        total_nano: seen.total_nano,
        reference: seen.payment.into(),
    }
}

/// A checkout that nobody knows of has ended.
fn given_up() -> Standing {
    Standing { payment: PaymentStanding::Expired, returns: super::ReturnsStanding::default() }
}
