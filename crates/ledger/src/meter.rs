//! Metering: what an event costs, and who pays.

use crate::draw::charge;
use crate::{
    Balance, Catalogue, Charge, Credits, EntryId, EventTypeNo, Facets, MeterRequest, Millis, Money, Position,
    PriceInputs, PriceNo, PriceVersion, Quantity, Refusal, Rejection, Wallet, WalletNo, price,
};

/// Checks a meter request and finds its price. Nothing about the wallet is looked at yet.
pub(crate) fn price_of(
    catalogue: &Catalogue,
    request: &MeterRequest,
    inputs: &PriceInputs,
    facets: Option<&Facets>,
    now: Millis,
) -> Result<(Option<PriceNo>, Credits), Rejection> {
    check_cost(catalogue, request.cost, facets)?;
    priced(catalogue, request.event_type, Some(request.quantity), request.credits, inputs, now)
}

/// The cost reported with an event must be an amount of the environment's currency.
pub(crate) fn check_cost(
    catalogue: &Catalogue,
    cost: Option<Money>,
    facets: Option<&Facets>,
) -> Result<(), Rejection> {
    if let Some(usage) = facets.and_then(|facets| facets.usage.as_ref()) {
        usage.check()?;
    }
    match cost {
        Some(cost) if cost.currency != catalogue.currency => Err(Rejection::invalid(
            "cost.currency",
            format!("must be {}, the currency of this project", catalogue.currency.as_str()),
        )),
        Some(cost) if !(0..=Money::NANO_MAX).contains(&cost.nano) => {
            Err(Rejection::invalid("cost.amount", "must not be negative or beyond the largest amount"))
        }
        _ => Ok(()),
    }
}

/// Credits that a caller names: none or more, within the largest amount. A negative one would turn a charge into a
/// gift.
pub(crate) fn check_credits(field: &str, credits: Credits) -> Result<Credits, Rejection> {
    if (Credits::ZERO..=Credits::MAX).contains(&credits) {
        Ok(credits)
    } else {
        Err(Rejection::invalid(field, format!("must be from 0 to {}", Credits::MAX)))
    }
}

/// The credits of an event: chosen by the caller where the type allows it, else by the version in force.
fn priced(
    catalogue: &Catalogue,
    event_type: EventTypeNo,
    quantity: Option<Quantity>,
    credits: Option<Credits>,
    inputs: &PriceInputs,
    now: Millis,
) -> Result<(Option<PriceNo>, Credits), Rejection> {
    let known = catalogue.event_type_no(event_type).ok_or(Rejection::UnknownEventType)?;
    if known.archived {
        return Err(Rejection::EventTypeArchived);
    }
    match credits {
        Some(credits) if known.caller_set_credits => Ok((None, check_credits("credits", credits)?)),
        Some(_) => Err(Rejection::invalid(
            "credits",
            "must not be sent: this event type has a price, and does not let callers set credits",
        )),
        None => {
            let version = catalogue.price_in_force(event_type, now).ok_or(Rejection::NoActivePrice)?;
            Ok((Some(version.number), price_by(version, quantity.unwrap_or(Quantity::ONE), inputs)?))
        }
    }
}

/// Credits under one price version.
pub(crate) fn price_by(
    version: &PriceVersion,
    quantity: Quantity,
    inputs: &PriceInputs,
) -> Result<Credits, Rejection> {
    Ok(price(&version.rule, version.grid, version.rounding, quantity, inputs)?)
}

/// Charges a priced event to a wallet.
pub(crate) fn meter(
    wallet: &Wallet,
    request: &MeterRequest,
    (price, credits): (Option<PriceNo>, Credits),
) -> Result<(Charge, Balance), Refusal> {
    if let Some(frozen_by) = wallet.frozen_by() {
        return Err(Refusal::WalletFrozen { frozen_by });
    }
    let charge = charge(wallet, request.event_type, price, credits, request.if_insufficient)?;
    // After this point the event is charged.
    let after = charged(wallet.balance, &charge);
    Ok((charge, after))
}

/// What an event would cost and, as the wallet stands, why it would be refused. `None` for the wallet is a customer
/// never seen, who has nothing. What is due of the wallet but not recorded yet is not looked at.
pub fn quote(
    catalogue: &Catalogue,
    wallet: Option<&Wallet>,
    request: &MeterRequest,
    inputs: &PriceInputs,
    facets: Option<&Facets>,
    now: Millis,
) -> Result<(Option<PriceNo>, Credits, Option<Refusal>), Rejection> {
    let (price, credits) = price_of(catalogue, request, inputs, facets, now)?;
    let nobody;
    let wallet = match wallet {
        Some(wallet) => wallet,
        None => {
            let id = EntryId { position: Position(0), tag: 0 };
            nobody = Wallet::open(WalletNo(0), id, "".into());
            &nobody
        }
    };
    Ok((price, credits, meter(wallet, request, (price, credits)).err()))
}

/// The balance after a charge that used no reservation.
pub(crate) fn charged(before: Balance, charge: &Charge) -> Balance {
    Balance { posted: before.posted - charge.charged(), held: before.held, debt: before.debt + charge.debt }
}

/// Finds the price of what is to be held: like an event, or as many credits as the caller says.
pub(crate) fn hold_price(
    catalogue: &Catalogue,
    event_type: EventTypeNo,
    quantity: Option<Quantity>,
    credits: Option<Credits>,
    now: Millis,
) -> Result<(Option<PriceNo>, Credits), Rejection> {
    let Some(credits) = credits else {
        return priced(catalogue, event_type, quantity, None, &PriceInputs::new(), now);
    };
    let known = catalogue.event_type_no(event_type).ok_or(Rejection::UnknownEventType)?;
    if known.archived {
        return Err(Rejection::EventTypeArchived);
    }
    // The version is pinned all the same, so that a capture by quantity has a price.
    let version = catalogue.price_in_force(event_type, now).map(|p| p.number);
    Ok((version, check_credits("credits", credits)?))
}
