//! Metering: what an event costs, and who pays.

use smallvec::SmallVec;

use crate::draw::charge;
use crate::{
    Balance, Catalogue, Charge, Credits, EntryId, EventType, EventTypeNo, Facets, GrantKind, GrantRequest,
    Grid, IfInsufficient, Means, MeterRequest, Millis, Money, Position, PriceContext, PriceInputs, PriceNo,
    Quantity, Refusal, Rejection, Rounding, Rule, Usage, Wallet, WalletNo, grants, price,
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
    let sample = Sample { quantity: request.quantity, inputs, cost: request.cost, usage: usage_of(facets) };
    priced(catalogue, request.event_type, request.credits, &sample, now)
}

/// What of an event its price is made of.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// How much was done.
    pub quantity: Quantity,
    /// The properties that prices look at.
    pub inputs: &'a PriceInputs,
    /// What it cost the operator, as reported.
    pub cost: Option<Money>,
    /// What a model was used for.
    pub usage: Option<&'a Usage>,
}

impl<'a> Sample<'a> {
    /// Work of which nothing is known but how much it is.
    pub(crate) fn of(quantity: Option<Quantity>, inputs: &'a PriceInputs) -> Self {
        Self { quantity: quantity.unwrap_or(Quantity::ONE), inputs, cost: None, usage: None }
    }
}

pub(crate) fn usage_of(facets: Option<&Facets>) -> Option<&Usage> {
    facets.and_then(|facets| facets.usage.as_ref())
}

/// The cost reported with an event must be an amount of the environment's currency.
pub(crate) fn check_cost(
    catalogue: &Catalogue,
    cost: Option<Money>,
    facets: Option<&Facets>,
) -> Result<(), Rejection> {
    check_spent(catalogue, cost, usage_of(facets))
}

fn check_spent(catalogue: &Catalogue, cost: Option<Money>, usage: Option<&Usage>) -> Result<(), Rejection> {
    usage.map_or(Ok(()), Usage::check)?;
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
    credits: Option<Credits>,
    sample: &Sample<'_>,
    now: Millis,
) -> Result<(Option<PriceNo>, Credits), Rejection> {
    let known = usable(catalogue, event_type)?;
    let by_price = || {
        let version = catalogue.price_in_force(event_type, now).ok_or(Rejection::NoActivePrice)?;
        Ok((Some(version.number), price_by(catalogue, version.terms(), sample, now)?))
    };
    match credits {
        Some(credits) if known.caller_set_credits => Ok((None, check_credits("credits", credits)?)),
        // Whoever names the price chooses nothing.
        Some(credits) => by_price().ok().filter(|(_, price)| *price == credits).ok_or_else(|| {
            Rejection::invalid(
                "credits",
                "is not the price in force, and this event type does not let callers set credits",
            )
        }),
        None => by_price(),
    }
}

/// An event type that new events may be of.
pub(crate) fn usable(catalogue: &Catalogue, event_type: EventTypeNo) -> Result<&EventType, Rejection> {
    let known = catalogue.event_type_no(event_type).ok_or(Rejection::UnknownEventType)?;
    if known.archived { Err(Rejection::EventTypeArchived) } else { Ok(known) }
}

/// Credits by a rule.
pub(crate) fn price_by(
    catalogue: &Catalogue,
    (rule, grid, rounding): (&Rule, Grid, Rounding),
    sample: &Sample<'_>,
    now: Millis,
) -> Result<Credits, Rejection> {
    // The pinned card's rates as of now: when an event occurred moves reports, and never a price.
    let cost_nano = |card| match (sample.cost, sample.usage) {
        (Some(reported), _) => Some(reported.nano),
        (None, Some(usage)) => catalogue.rates.cost_of(usage, now, Some(card)).ok().map(|cost| cost.nano),
        (None, None) => None,
    };
    let event = PriceContext { quantity: sample.quantity, inputs: sample.inputs, cost_nano: &cost_nano };
    Ok(price(rule, grid, rounding, &event)?)
}

/// What an event like this would cost by a rule, published or not, as [`Catalogue::checked_rule`] gives it.
///
/// # Errors
/// [`Rejection`] where the event lacks what the rule needs, or its cost is no cost here.
pub fn price_sample(
    catalogue: &Catalogue,
    terms: (&Rule, Grid, Rounding),
    sample: &Sample<'_>,
    now: Millis,
) -> Result<Credits, Rejection> {
    check_spent(catalogue, sample.cost, sample.usage)?;
    price_by(catalogue, terms, sample, now)
}

/// Charges a priced event to a wallet.
pub(crate) fn meter(
    wallet: &Wallet,
    request: &MeterRequest,
    (price, credits): (Option<PriceNo>, Credits),
    means: &Means,
) -> Result<(Charge, Balance), Refusal> {
    let charge = match pay(wallet, request, price, credits, means) {
        // Who reports finished work cannot be refused: it is there all the same, and nobody has paid for it.
        Err(_) if request.if_insufficient == IfInsufficient::Uncharged => {
            Charge { price, credits, draws: SmallVec::new(), debt: Credits::ZERO, uncharged: credits }
        }
        paid => paid?,
    };
    // After this point the event is charged.
    let after = charged(wallet.balance, &charge);
    Ok((charge, after))
}

fn pay(
    wallet: &Wallet,
    request: &MeterRequest,
    price: Option<PriceNo>,
    credits: Credits,
    means: &Means,
) -> Result<Charge, Refusal> {
    if let Some(frozen_by) = wallet.frozen_by() {
        return Err(Refusal::WalletFrozen { frozen_by });
    }
    // Before the wallet is looked at: who may not spend more today is not helped by what a customer could buy. Finished
    // work cannot be refused; a key with a budget does not report any, which its door sees to.
    if request.if_insufficient != IfInsufficient::Uncharged {
        means.check(credits)?;
    }
    charge(wallet, request.event_type, price, credits, request.if_insufficient)
}

/// What an event would cost and, as the wallet stands, why it would be refused. `None` for the wallet is a customer
/// never seen, who has nothing; `means` are those of the key that asks. What is due of the wallet but not recorded yet is not looked at.
pub fn quote(
    catalogue: &Catalogue,
    (wallet, means): (Option<&Wallet>, &Means),
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
            nobody = unseen(catalogue);
            &nobody
        }
    };
    Ok((price, credits, meter(wallet, request, (price, credits), means).err()))
}

/// The wallet of a customer never seen, as it would be opened: with what the settings give at first sight.
pub fn unseen(catalogue: &Catalogue) -> Wallet {
    let id = EntryId { position: Position(0), tag: 0 };
    let mut wallet = Wallet::open(WalletNo(0), id, "".into());
    if let Some(welcome) = catalogue.settings.welcome {
        let request = GrantRequest {
            credits: welcome.credits,
            kind: GrantKind::Promotional,
            price: None,
            priority: 0,
            effective_at: None,
            expires_at: None,
            scope: Vec::new(),
        };
        wallet.insert_lot(grants::incoming(wallet.next_lot, &request));
        wallet.balance.posted = welcome.credits;
    }
    wallet
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
        return priced(catalogue, event_type, None, &Sample::of(quantity, &PriceInputs::new()), now);
    };
    let known = catalogue.event_type_no(event_type).ok_or(Rejection::UnknownEventType)?;
    if known.archived {
        return Err(Rejection::EventTypeArchived);
    }
    // The version is pinned all the same, so that a capture by quantity has a price.
    let version = catalogue.price_in_force(event_type, now).map(|p| p.number);
    Ok((version, check_credits("credits", credits)?))
}
