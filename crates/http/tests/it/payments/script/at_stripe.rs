//! What happens at Stripe, and where the money is then.

use chargly_fake_stripe::{Command, DisputeMove, Method};
use serde_json::Value;

use super::Step;
use super::run::pick;
use crate::payments::model::{Money, Status};
use crate::payments::shop::{Ordered, Shop, id_of};

#[derive(Default)]
pub(super) struct AtStripe {
    pub(super) money: Money,
    /// Refunds that have not failed, with their cents.
    refunds: Vec<(String, i128)>,
    dispute: Option<Dispute>,
}

struct Dispute {
    id: String,
    cents: i128,
    is_withdrawn: bool,
    /// How it ended.
    ended: Option<Ended>,
}

#[derive(PartialEq, Eq)]
enum Ended {
    Won,
    Lost,
}

impl AtStripe {
    /// Something happens, if it can.
    pub(super) async fn happen(&mut self, step: Step, shop: &Shop, order: &Ordered) {
        if matches!(step, Step::Expire) {
            if shop.stripe().expire(&order.session).await.is_ok() {
                self.money.status = Status::Expired;
            }
            return;
        }
        let Some(command) = self.command(step, shop, order) else { return };
        if let Ok(object) = shop.fake.control(command).await {
            self.has_happened(step, &object);
            self.add_up();
        }
    }

    /// A refund by our own decision was made.
    pub(super) fn is_refunded(&mut self, id: String, cents: i128) {
        self.refunds.push((id, cents));
        self.add_up();
    }

    fn command(&self, step: Step, shop: &Shop, order: &Ordered) -> Option<Command> {
        let session = || order.session.clone();
        let pay = |method, discount, tax| {
            Some(Command::Pay { session: session(), method, tax, discount, presentment: None })
        };
        let payment = || {
            let session = shop.fake.object(&order.session).expect("a session");
            session["payment_intent"].as_str().unwrap_or_default().to_owned()
        };
        match step {
            Step::Pay(discount, tax) => pay(Method::Card, discount, tax),
            Step::Debit => pay(Method::BankDebit, 0, 0),
            Step::Arrive => Some(Command::Settle { session: session() }),
            // Without a debit it would be a card that is declined, which changes nothing.
            Step::FailDebit if self.money.status == Status::Pending => {
                Some(Command::Fail { session: session() })
            }
            Step::Refund(cents) => {
                Some(Command::Refund { payment: payment(), amount: Some(cents), is_pending: true })
            }
            Step::FailRefund(which) => {
                pick(&self.refunds, which).map(|(refund, _)| Command::FailRefund { refund: refund.clone() })
            }
            Step::Dispute(cents) if self.dispute.is_none() => {
                let amount = Some(cents.min(i64::try_from(self.money.total).expect("a few")));
                Some(Command::Dispute { payment: payment(), amount, is_inquiry: false })
            }
            Step::Withdraw => self.moving(DisputeMove::Withdraw),
            Step::Reinstate => self.moving(DisputeMove::Reinstate),
            Step::Win => self.moving(DisputeMove::Win),
            Step::Lose => self.moving(DisputeMove::Lose),
            _ => None,
        }
    }

    fn moving(&self, to: DisputeMove) -> Option<Command> {
        let dispute = self.dispute.as_ref().filter(|dispute| dispute.ended.is_none())?;
        Some(Command::MoveDispute { dispute: dispute.id.clone(), to })
    }

    fn has_happened(&mut self, step: Step, object: &Value) {
        match step {
            Step::Pay(discount, tax) => {
                self.money.status = Status::Paid;
                self.money.discount = discount.into();
                self.money.total = i128::from(1_000 - discount + tax);
            }
            Step::Debit => self.money.status = Status::Pending,
            Step::Arrive => {
                self.money.status = Status::Paid;
                self.money.total = 1_000;
            }
            Step::FailDebit => self.money.status = Status::Failed,
            Step::Refund(cents) => self.refunds.push((id_of(object), cents.into())),
            Step::FailRefund(which) => {
                let at = which % self.refunds.len();
                self.refunds.remove(at);
            }
            Step::Dispute(cents) => {
                let cents = i128::from(cents).min(self.money.total);
                self.dispute = Some(Dispute { id: id_of(object), cents, is_withdrawn: false, ended: None });
            }
            Step::Withdraw => self.in_dispute(|dispute| dispute.is_withdrawn = true),
            Step::Reinstate => self.in_dispute(|dispute| dispute.is_withdrawn = false),
            Step::Win => self.in_dispute(|dispute| dispute.ended = Some(Ended::Won)),
            Step::Lose => self.in_dispute(|dispute| dispute.ended = Some(Ended::Lost)),
            _ => {}
        }
    }

    fn in_dispute(&mut self, change: impl FnOnce(&mut Dispute)) {
        self.dispute.as_mut().map(change).expect("a dispute goes on");
    }

    fn add_up(&mut self) {
        self.money.refunded = self.refunds.iter().map(|(_, cents)| cents).sum();
        (self.money.withdrawn, self.money.disputed) = match &self.dispute {
            None | Some(Dispute { ended: Some(Ended::Won), .. }) => (0, 0),
            Some(Dispute { cents, ended: Some(Ended::Lost), .. }) => (*cents, 0),
            Some(Dispute { cents, is_withdrawn: true, .. }) => (*cents, 0),
            Some(Dispute { cents, .. }) => (0, *cents),
        };
    }
}
