//! Packs, orders and allowances: from the model's words to the ledger's, and back.

use chargly_ledger::{
    Action, Allowance, AllowanceRequest, CheckoutRequest, Credits, LotNo, Millis, OrderRequest, PackNo,
    PackRequest, PaymentUpdate, Position, RefundRequest, Settings, SettleRequest, TopUp, WalletEvent,
    WelcomeGrant,
};

use super::facts::{draw, draws, settled};
use super::narrow;
use super::requests::{Names, credits, id_of, money, number_of, until};
use crate::model::{
    Arrived, Followed, Happening, HeldBecause, Micro, Money, Ms, News, OrderStatus, OrderView, Payment,
    Period, Place, Request, Returns, Shortfall,
};

/// Who takes the money in tests.
const PROVIDER: &str = "sandbox";

/// A request about packs, orders or allowances in the ledger's words.
pub(super) fn action(names: &impl Names, request: &Request) -> Option<Action> {
    Some(match request {
        Request::PublishPack { code, credits: paid_for, bonus, price, valid_days, is_active } => {
            Action::PublishPack(Box::new(PackRequest {
                code: code.as_str().into(),
                name: "A pack".into(),
                audience: "".into(),
                credits: credits(*paid_for),
                bonus: credits(*bonus),
                price: money(price),
                discount_line: "".into(),
                order: 0,
                valid_days: *valid_days,
                is_active: *is_active,
            }))
        }
        Request::ChangeSettings { welcome, refund_shortfall, dispute_shortfall } => {
            Action::ChangeSettings(Settings {
                welcome: welcome
                    .map(|(given, valid_days)| WelcomeGrant { credits: credits(given), valid_days }),
                refund_shortfall: shortfall(*refund_shortfall),
                dispute_shortfall: shortfall(*dispute_shortfall),
                ..Settings::default()
            })
        }
        Request::PlaceOrder { customer, pack } => {
            let pack = names.state().catalogue().pack_by_code(pack).map_or(NO_PACK, |pack| pack.number);
            let request = OrderRequest { pack, provider: PROVIDER.into() };
            Action::PlaceOrder { customer: customer.as_str().into(), request }
        }
        Request::OpenCheckout { order } => Action::OpenCheckout(Box::new(CheckoutRequest {
            order: id_of(names, *order),
            reference: "cs_1".into(),
            url: "https://pay.example/1".into(),
            expires_at: Millis(0),
        })),
        Request::SettleOrder { order, payment, returns, ends_refund, is_accepted } => {
            Action::SettleOrder(Box::new(SettleRequest {
                order: id_of(names, *order),
                payment: payment.as_ref().map(update),
                returns: returns.map(|r| chargly_ledger::Returns {
                    refunded_nano: narrow(r.refunded),
                    withdrawn_nano: narrow(r.withdrawn),
                    disputed_nano: narrow(r.disputed),
                }),
                ends_refund: ends_refund.map(Position),
                is_accepted: *is_accepted,
            }))
        }
        Request::RefundOrder { order, credits: asked } => {
            Action::RefundOrder(RefundRequest { order: id_of(names, *order), credits: asked.map(credits) })
        }
        Request::SetAllowance {
            customer,
            code,
            credits: each,
            period,
            starts_at,
            rollover,
            priority,
            scope,
        } => {
            let mut scope: Vec<_> = scope.iter().map(|name| number_of(names, name)).collect();
            scope.sort_unstable();
            scope.dedup();
            let request = Box::new(AllowanceRequest {
                code: code.as_str().into(),
                credits: credits(*each),
                period: match period {
                    Period::Day => chargly_ledger::Period::Day,
                    Period::Week => chargly_ledger::Period::Week,
                    Period::Month => chargly_ledger::Period::Month,
                },
                starts_at: starts_at.map(Millis),
                rollover_min: credits(rollover.min),
                rollover_max: credits(rollover.max),
                priority: *priority,
                scope,
            });
            Action::SetAllowance { customer: customer.as_str().into(), request }
        }
        Request::EndAllowance { customer, code } => {
            Action::EndAllowance { customer: customer.as_str().into(), code: code.as_str().into() }
        }
        _ => return None,
    })
}

/// What happened to an order or an allowance.
///
/// # Panics
/// On what happened to anything else.
pub(super) fn happening(event: &WalletEvent) -> Happening {
    match event {
        WalletEvent::OrderPlaced { terms, .. } => Happening::OrderPlaced {
            credits: terms.credits.micro().into(),
            price: of_money(terms.price),
            valid_days: terms.valid_days,
        },
        WalletEvent::CheckoutOpened { request } => {
            Happening::CheckoutOpened { order: request.order.position.0 }
        }
        WalletEvent::OrderSettled { request, status: now, held_because, fulfilment, reclaim } => {
            Happening::OrderSettled {
                order: request.order.position.0,
                status: status(*now),
                held_because: held_because.map(because),
                arrived: fulfilment.as_deref().map(arrived),
                followed: reclaim.as_deref().map(|reclaim| Box::new(followed(reclaim))),
            }
        }
        WalletEvent::RefundStarted { request, credits, amount } => Happening::RefundStarted {
            order: request.order.position.0,
            credits: micro(*credits),
            amount: amount.nano.into(),
        },
        WalletEvent::AllowanceSet { request } => Happening::AllowanceSet { code: request.code.to_string() },
        WalletEvent::AllowanceEnded { allowance } => Happening::AllowanceEnded { allowance: allowance.0 },
        WalletEvent::AllowanceRenewed { renewal } => Happening::AllowanceRenewed {
            allowance: renewal.allowance.0,
            due: renewal.due.0,
            ends_at: renewal.ends_at.0,
            lapsed: draws(&renewal.lapsed),
            carried: renewal.carried.iter().map(|lot| lot.0).collect(),
            lot: renewal.lot.map(|lot| lot.0),
            credits: micro(renewal.credits),
            settled: settled(&renewal.settlements),
        },
        event => panic!("not of an order or an allowance: {event:?}"),
    }
}

/// An order as it is compared.
pub(super) fn order_view(placed: Position, order: &TopUp) -> OrderView {
    OrderView {
        placed: placed.0,
        pack: order.pack.0,
        credits: micro(order.terms.credits),
        price: of_money(order.terms.price),
        status: status(order.status),
        held_because: order.held_because.map(because),
        has_checkout: order.checkout.is_some(),
        payment: order.payment.as_ref().map(payment),
        lot: order.lot.map(|lot| lot.0),
        returns: Returns {
            refunded: order.returns.refunded_nano.into(),
            withdrawn: order.returns.withdrawn_nano.into(),
            disputed: order.returns.disputed_nano.into(),
        },
        taken: micro(order.sums.taken),
        lapsed: micro(order.sums.lapsed),
        owed: micro(order.sums.owed),
        uncollectable: micro(order.sums.uncollectable),
        set_aside: micro(order.sums.reserved),
        refunded: order.sums.refunded_nano.into(),
        refund: order.refund.map(|r| (r.id.position.0, micro(r.credits), r.amount.nano.into())),
        froze: order.froze.map(|at| at.0),
    }
}

/// An allowance as it is compared: who gave it, its code, when its next period begins, its lots.
pub(super) fn allowance_view(allowance: &Allowance) -> (Place, String, Ms, Vec<u32>) {
    let lots = allowance.lots.iter().map(|LotNo(number)| *number).collect();
    (allowance.id.position.0, allowance.terms.code.to_string(), allowance.next_at().0, lots)
}

pub(super) fn status(status: chargly_ledger::OrderStatus) -> OrderStatus {
    match status {
        chargly_ledger::OrderStatus::Created => OrderStatus::Created,
        chargly_ledger::OrderStatus::Pending => OrderStatus::Pending,
        chargly_ledger::OrderStatus::Expired => OrderStatus::Expired,
        chargly_ledger::OrderStatus::Failed => OrderStatus::Failed,
        chargly_ledger::OrderStatus::Held => OrderStatus::Held,
        chargly_ledger::OrderStatus::Paid => OrderStatus::Paid,
    }
}

fn because(why: chargly_ledger::HeldBecause) -> HeldBecause {
    match why {
        chargly_ledger::HeldBecause::Amount => HeldBecause::Amount,
        chargly_ledger::HeldBecause::Currency => HeldBecause::Currency,
        chargly_ledger::HeldBecause::NoRoom => HeldBecause::NoRoom,
    }
}

fn arrived(fulfilment: &chargly_ledger::Fulfilment) -> Arrived {
    Arrived {
        lot: fulfilment.lot.0,
        credits: micro(fulfilment.credits),
        price: of_money(fulfilment.price),
        expires_at: until(fulfilment.expires_at),
        settled: settled(&fulfilment.settlements),
    }
}

fn followed(reclaim: &chargly_ledger::Reclaim) -> Followed {
    Followed {
        set_aside: (micro(reclaim.released), micro(reclaim.reserved)),
        lapses_now: reclaim.broken.as_ref().map(draw),
        taken: micro(reclaim.taken),
        restored: micro(reclaim.restored),
        lapsed: micro(reclaim.lapsed),
        owed: micro(reclaim.owed),
        forgiven: micro(reclaim.forgiven),
        returned: draws(&reclaim.returns),
        stand_in: reclaim.adjustment.map(|a| (a.lot.0, micro(a.credits), a.expires_at.0)),
        uncollectable: micro(reclaim.uncollectable),
        refunded: reclaim.refunded_nano.into(),
        revenue: reclaim.revenue_nano.into(),
        freezes: reclaim.freezes,
        thaws: reclaim.thaws,
    }
}

fn update(news: &News) -> PaymentUpdate {
    match news {
        News::Pending => PaymentUpdate::Pending,
        News::Expired => PaymentUpdate::Expired,
        News::Failed => PaymentUpdate::Failed,
        News::Paid(payment) => PaymentUpdate::Paid(chargly_ledger::Payment {
            subtotal: money(&payment.subtotal),
            discount_nano: narrow(payment.discount),
            tax_nano: narrow(payment.tax),
            total_nano: narrow(payment.total),
            reference: "pi_1".into(),
        }),
    }
}

fn payment(payment: &chargly_ledger::Payment) -> Payment {
    Payment {
        subtotal: of_money(payment.subtotal),
        discount: payment.discount_nano.into(),
        tax: payment.tax_nano.into(),
        total: payment.total_nano.into(),
    }
}

fn shortfall(shortfall: Shortfall) -> chargly_ledger::Shortfall {
    match shortfall {
        Shortfall::Debt => chargly_ledger::Shortfall::Debt,
        Shortfall::DebtAndFreeze => chargly_ledger::Shortfall::DebtAndFreeze,
        Shortfall::Uncollectable => chargly_ledger::Shortfall::Uncollectable,
    }
}

fn of_money(money: chargly_ledger::Money) -> Money {
    Money { nano: money.nano.into(), currency: money.currency.as_str().to_owned() }
}

fn micro(credits: Credits) -> Micro {
    credits.micro().into()
}

/// A number that no pack has.
const NO_PACK: PackNo = PackNo(u32::MAX);
