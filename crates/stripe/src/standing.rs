//! From Stripe's objects to what the product understands: one pure function, with no memory of what was true before.

use chargly_engine::ledger::{Currency, Money};
use chargly_engine::payments::{PaymentSeen, PaymentStanding, ProviderError, ReturnsStanding, Standing};

use crate::minor::to_nano;
use crate::objects::{Charge, Dispute, Intent, Session};

/// All that Stripe holds true of an order.
pub(crate) fn fold(
    session: &Session,
    intent: Option<&Intent>,
    disputes: &[Dispute],
) -> Result<Standing, ProviderError> {
    let payment = payment(session, intent)?;
    let returns = match &payment {
        PaymentStanding::Paid(seen) => returns(seen, intent, disputes)?,
        _ => ReturnsStanding::default(),
    };
    Ok(Standing { payment, returns })
}

fn payment(session: &Session, intent: Option<&Intent>) -> Result<PaymentStanding, ProviderError> {
    // The money decides, whatever the session is called: a session is `complete` days before a bank debit's money comes.
    match (session.payment_status.as_str(), session.status.as_deref()) {
        ("paid" | "no_payment_required", _) => seen(session).map(PaymentStanding::Paid),
        ("unpaid", Some("expired")) => Ok(PaymentStanding::Expired),
        ("unpaid", Some("complete")) => Ok(on_its_way(intent)),
        ("unpaid", _) => Ok(PaymentStanding::Open),
        (other, _) => Err(unreadable(format!("the payment status {other}"))),
    }
}

/// Ordered and not paid: a payment that went back to wanting a payment method was tried, and failed.
fn on_its_way(intent: Option<&Intent>) -> PaymentStanding {
    match intent.map(|intent| intent.status.as_str()) {
        Some("requires_payment_method" | "canceled") => PaymentStanding::Failed,
        _ => PaymentStanding::Pending,
    }
}

fn seen(session: &Session) -> Result<PaymentSeen, ProviderError> {
    let currency = session.currency.as_deref().and_then(Currency::parse);
    let currency = currency.ok_or_else(|| unreadable("a paid session without a currency".to_owned()))?;
    let amount = |minor: Option<i64>, name: &str| match minor {
        Some(minor) if minor >= 0 => to_nano(minor, currency),
        _ => Err(unreadable(format!("a paid session's {name}"))),
    };
    let details = session.total_details.unwrap_or_default();
    let total_nano = amount(session.amount_total, "amount_total")?;
    let payment = session.payment().unwrap_or_default();
    if payment.is_empty() && total_nano > 0 {
        return Err(unreadable("a paid session without a payment intent".to_owned()));
    }
    Ok(PaymentSeen {
        subtotal: Money { nano: amount(session.amount_subtotal, "amount_subtotal")?, currency },
        discount_nano: amount(Some(details.amount_discount), "amount_discount")?,
        tax_nano: amount(Some(details.amount_tax), "amount_tax")?,
        total_nano,
        payment: payment.to_owned(),
        is_live: session.livemode,
    })
}

fn returns(
    seen: &PaymentSeen,
    intent: Option<&Intent>,
    disputes: &[Dispute],
) -> Result<ReturnsStanding, ProviderError> {
    let (mut withdrawn_nano, mut disputed_nano) = (0_i64, 0_i64);
    for dispute in disputes {
        let amount = disputed(seen, intent, dispute)?;
        let moved = money_of(dispute, amount, seen.subtotal.currency)?;
        withdrawn_nano = withdrawn_nano.saturating_add(moved.withdrawn_nano);
        disputed_nano = disputed_nano.saturating_add(moved.disputed_nano);
    }
    // A dispute may be about more than was paid when a currency has moved: no more is ours to take back than we sold for.
    let withdrawn_nano = withdrawn_nano.min(seen.total_nano);
    let disputed_nano = disputed_nano.min(seen.total_nano - withdrawn_nano);
    Ok(ReturnsStanding { refunded_nano: refunded(seen, intent)?, withdrawn_nano, disputed_nano })
}

/// The charge's own sum: it grows with each refund, and sinks when one fails.
fn refunded(seen: &PaymentSeen, intent: Option<&Intent>) -> Result<i64, ProviderError> {
    let Some(charge) = intent.and_then(Intent::charge) else { return Ok(0) };
    match is_in(&charge.currency, seen) {
        true => to_nano(charge.amount_refunded, seen.subtotal.currency),
        false => Ok(part_of_payment(seen, charge.amount_refunded, charge)),
    }
}

/// What a dispute is about. In a currency that says nothing of ours it is about the whole payment.
fn disputed(seen: &PaymentSeen, intent: Option<&Intent>, dispute: &Dispute) -> Result<i64, ProviderError> {
    let charge = intent.and_then(Intent::charge).filter(|charge| charge.currency == dispute.currency);
    match (is_in(&dispute.currency, seen), charge) {
        (true, _) => to_nano(dispute.amount.max(0), seen.subtotal.currency),
        (false, Some(charge)) => Ok(part_of_payment(seen, dispute.amount, charge)),
        (false, None) => Ok(seen.total_nano),
    }
}

/// The part of what was paid that `amount` is of a charge in another currency.
fn part_of_payment(seen: &PaymentSeen, amount: i64, charge: &Charge) -> i64 {
    let whole = i128::from(charge.amount.max(1));
    let part = i128::from(seen.total_nano) * i128::from(amount.max(0)) / whole;
    i64::try_from(part).unwrap_or(i64::MAX).min(seen.total_nano)
}

fn is_in(currency: &str, seen: &PaymentSeen) -> bool {
    Currency::parse(currency) == Some(seen.subtotal.currency)
}

struct Moved {
    withdrawn_nano: i64,
    disputed_nano: i64,
}

fn money_of(dispute: &Dispute, amount: i64, currency: Currency) -> Result<Moved, ProviderError> {
    let taken = taken(dispute, amount, currency)?;
    Ok(match dispute.status.as_str() {
        "won" | "warning_closed" | "prevented" => Moved { withdrawn_nano: taken, disputed_nano: 0 },
        "lost" => Moved { withdrawn_nano: amount, disputed_nano: 0 },
        // `needs_response`, `under_review`, their forms for inquiries and appeals, and what Stripe may add: it is not
        // over, so what was not taken may still be.
        _ => Moved { withdrawn_nano: taken, disputed_nano: amount - taken },
    })
}

/// What was taken less what was given back, without Stripe's fee.
fn taken(dispute: &Dispute, amount: i64, currency: Currency) -> Result<i64, ProviderError> {
    let moves = &dispute.balance_transactions;
    if moves.iter().all(|moved| Currency::parse(&moved.currency) == Some(currency)) {
        let net = moves.iter().fold(0_i64, |sum, moved| sum.saturating_add(moved.amount));
        return Ok(to_nano(net.saturating_neg(), currency)?.clamp(0, amount));
    }
    // The operator's balance is in another currency, and its rate has moved between the two: only the directions tell.
    let away = moves.iter().filter(|moved| moved.amount < 0).count();
    let back = moves.iter().filter(|moved| moved.amount > 0).count();
    Ok(if away > back { amount } else { 0 })
}

fn unreadable(what: String) -> ProviderError {
    ProviderError::Unreadable { what }
}

#[cfg(test)]
mod tests;
