//! What a call costs, and what is wrong with it in itself.

use std::collections::BTreeMap;

use super::catalogue::PriceVersion;
use super::wallet::Wallet;
use super::{
    CREDITS_MAX, Grid, Kind, Measure, Micro, Model, Money, Ms, Nano, Place, Policy, Property, Rejected,
    Request, Rounding, Rule,
};

/// The price version and the credits of a call, as far as it has them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Priced {
    pub(super) version: Option<u32>,
    pub(super) credits: Option<Micro>,
}

/// What is known of a call's work beside its quantity.
type Known<'a> = (&'a BTreeMap<String, Property>, Option<&'a Money>);

impl Model {
    /// Refuses what is wrong in itself and finds the price. The wallet's credits are not looked at.
    pub(super) fn check(&self, request: &Request, now: Ms) -> Result<Priced, Rejected> {
        match request {
            Request::Meter { event_type, quantity, credits, cost, properties, .. } => {
                self.check_cost(cost.as_ref())?;
                let known = self.usable_type(event_type)?;
                match credits {
                    Some(credits) if !known => self
                        .price_now(event_type, *quantity, (properties, cost.as_ref()), now)
                        .ok()
                        .filter(|priced| priced.credits == Some(*credits))
                        .ok_or_else(|| invalid("credits")),
                    Some(credits) => {
                        is_amount(*credits)?;
                        Ok(Priced { version: None, credits: Some(*credits) })
                    }
                    None => self.price_now(event_type, *quantity, (properties, cost.as_ref()), now),
                }
            }
            Request::PlaceHold { event_type, quantity, credits, .. } => {
                self.usable_type(event_type)?;
                match credits {
                    // The version is pinned all the same, for a capture by quantity.
                    Some(credits) => {
                        is_amount(*credits)?;
                        let version = self.catalogue.in_force(event_type, now).map(|p| p.number);
                        Ok(Priced { version, credits: Some(*credits) })
                    }
                    None => self.price_now(event_type, *quantity, (&BTreeMap::new(), None), now),
                }
            }
            Request::IncreaseHold { hold, quantity, credits } => {
                let version = self.pinned(*hold)?;
                match credits {
                    Some(credits) => is_amount(*credits).map(|()| known_credits(*credits)),
                    None => self.price_by(version, quantity.unwrap_or(ONE), (&BTreeMap::new(), None)),
                }
            }
            Request::CaptureHold { hold, quantity, credits, cost, properties, .. } => {
                let version = self.pinned(*hold)?;
                self.check_cost(cost.as_ref())?;
                match (credits, quantity) {
                    (Some(credits), _) => is_amount(*credits).map(|()| known_credits(*credits)),
                    (None, Some(quantity)) => self.price_by(version, *quantity, (properties, cost.as_ref())),
                    (None, None) => Ok(Priced::default()),
                }
            }
            Request::ExtendHold { hold, .. } | Request::VoidHold { hold } => {
                self.pinned(*hold).map(|_| Priced::default())
            }
            Request::Grant { .. } => self.check_grant(request, now).map(|()| Priced::default()),
            Request::Reverse { credits: Some(credits), .. } if !(1..=CREDITS_MAX).contains(credits) => {
                Err(invalid("credits"))
            }
            Request::Collect { credits: Some(credits), .. } if !(1..=CREDITS_MAX).contains(credits) => {
                Err(invalid("credits"))
            }
            Request::Recharge { credits, .. } if !(1..=CREDITS_MAX).contains(credits) => {
                Err(invalid("credits"))
            }
            Request::PlaceOrder { pack, .. } => self.check_for_sale(pack).map(|()| Priced::default()),
            Request::OpenCheckout { order }
            | Request::SettleOrder { order, .. }
            | Request::RefundOrder { order, .. } => {
                self.wallet_of_order(*order).ok_or(Rejected::NotFound).map(|_| Priced::default())
            }
            Request::SetAllowance { .. } => super::allowances::check(request, now)
                .map_or(Ok(Priced::default()), |field| Err(invalid(field))),
            Request::SetCost { cost, .. } => self.check_cost(Some(cost)).map(|()| Priced::default()),
            Request::SetPolicy { policy: Policy::Overdraft(limit), .. }
                if !(0..=CREDITS_MAX).contains(limit) =>
            {
                Err(invalid("limit"))
            }
            _ => Ok(Priced::default()),
        }
    }

    fn check_cost(&self, cost: Option<&Money>) -> Result<(), Rejected> {
        match cost {
            Some(cost) if cost.currency != self.catalogue.currency => Err(invalid("cost.currency")),
            Some(cost) if !(0..=NANO_MAX).contains(&cost.nano) => Err(invalid("cost.amount")),
            _ => Ok(()),
        }
    }

    /// Whether callers may set the credits of this type.
    fn usable_type(&self, name: &str) -> Result<bool, Rejected> {
        let known = self.catalogue.event_type(name).ok_or(Rejected::UnknownEventType)?;
        if known.archived { Err(Rejected::EventTypeArchived) } else { Ok(known.caller_set) }
    }

    fn price_now(
        &self,
        event_type: &str,
        quantity: Option<Micro>,
        known: Known<'_>,
        now: Ms,
    ) -> Result<Priced, Rejected> {
        let version = self.catalogue.in_force(event_type, now).map(|p| p.number);
        self.price_by(version, quantity.unwrap_or(ONE), known)
    }

    /// The version that a hold pinned.
    fn pinned(&self, hold: Place) -> Result<Option<u32>, Rejected> {
        let holds = self.wallets.iter().find_map(|w: &Wallet| w.hold(hold));
        holds.map(|h| h.price).ok_or(Rejected::NotFound)
    }

    fn price_by(
        &self,
        version: Option<u32>,
        quantity: Micro,
        (properties, cost): Known<'_>,
    ) -> Result<Priced, Rejected> {
        let number = version.ok_or(Rejected::NoActivePrice)?;
        let credits = price(&self.catalogue.prices[number as usize], quantity, properties, cost)?;
        Ok(Priced { version, credits: Some(credits) })
    }

    fn check_grant(&self, request: &Request, now: Ms) -> Result<(), Rejected> {
        let Request::Grant { credits, kind, price, effective_at, expires_at, .. } = request else {
            return Ok(());
        };
        let begins = effective_at.unwrap_or(now).max(now);
        if *credits <= 0 {
            Err(invalid("credits"))
        } else if price.is_some() && *kind != Kind::Paid {
            Err(invalid("price"))
        } else if expires_at.is_some_and(|at| at <= begins) {
            Err(invalid("expires_at"))
        } else if price.as_ref().is_some_and(|p| p.currency != self.catalogue.currency) {
            Err(invalid("price.currency"))
        } else if price.as_ref().is_some_and(|p| !(0..=NANO_MAX).contains(&p.nano)) {
            Err(invalid("price.amount"))
        } else {
            Ok(())
        }
    }
}

/// The largest amount of money: 9·10⁹ units of a currency.
pub(super) const NANO_MAX: Nano = 9_000_000_000 * 1_000_000_000;
/// One unit, in micro-units.
const ONE: Micro = 1_000_000;

fn known_credits(credits: Micro) -> Priced {
    Priced { version: None, credits: Some(credits) }
}

fn is_amount(credits: Micro) -> Result<(), Rejected> {
    if (0..=CREDITS_MAX).contains(&credits) { Ok(()) } else { Err(invalid("credits")) }
}

fn invalid(field: &str) -> Rejected {
    Rejected::Invalid { field: field.to_owned() }
}

fn price(
    version: &PriceVersion,
    quantity: Micro,
    properties: &BTreeMap<String, Property>,
    cost: Option<&Money>,
) -> Result<Micro, Rejected> {
    let units = |measure: &Measure| match measure {
        Measure::Quantity => Ok(quantity),
        Measure::Property(name) => match properties.get(name) {
            Some(Property::Number(units)) => Ok(*units),
            _ => Err(invalid(&format!("properties.{name}"))),
        },
    };
    // In millionths of a micro-credit, exactly; and which bounds it is then held within.
    let none = (None, None);
    let (exact, (minimum, maximum)) = match matching(&version.rule, properties) {
        Rule::Flat(credits) => return Ok(*credits),
        Rule::PerUnit { base, credits, measure, minimum, maximum } => {
            (Exact(base * ONE + credits * units(measure)?, 1), (*minimum, *maximum))
        }
        Rule::Tiered(tiers) => (Exact(tiers_of(tiers, quantity), 1), none),
        Rule::CostPlus { multiplier: (num, den), minimum } => {
            let cost = cost.ok_or(Rejected::CostRequired)?;
            // Credits × nano-units: a thousand of them are a millionth of a micro-credit.
            (Exact(cost.nano * num * 1_000, *den), (*minimum, None))
        }
        Rule::ByDimension { .. } => unreachable!("a table has no tables in it"),
    };
    let rounded = rounded(exact, version.grid, version.rounding);
    if rounded > CREDITS_MAX {
        return Err(invalid("quantity"));
    }
    let at_least = rounded.max(minimum.unwrap_or(0));
    Ok(maximum.map_or(at_least, |most| at_least.min(most)))
}

/// A number of millionths of a micro-credit, as a fraction.
struct Exact(i128, i128);

/// The rule that gives the price.
fn matching<'a>(rule: &'a Rule, properties: &BTreeMap<String, Property>) -> &'a Rule {
    let Rule::ByDimension { rows, default } = rule else { return rule };
    let says = |name: &String, text: &String| match properties.get(name) {
        Some(Property::Text(said)) => said == text,
        Some(Property::Number(micro)) => Some(*micro) == decimal(text),
        Some(Property::BadNumber) => text == "0",
        None => false,
    };
    let row = rows.iter().find(|(when, _)| when.iter().all(|(name, text)| says(name, text)));
    row.map_or(default, |(_, rule)| rule)
}

/// A decimal text in micro-units.
fn decimal(text: &str) -> Option<Micro> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<6}").parse().ok()
}

/// Tier by tier from the last one down: what is above a tier's beginning costs what the tier says.
fn tiers_of(tiers: &[(Option<Micro>, Micro)], quantity: Micro) -> i128 {
    let mut left = quantity;
    let mut exact = 0;
    for index in (0..tiers.len()).rev() {
        let begins = if index == 0 { 0 } else { tiers[index - 1].0.expect("only the last has no end") };
        if left > begins {
            exact += (left - begins) * tiers[index].1;
            left = begins;
        }
    }
    exact
}

fn rounded(Exact(above, below): Exact, grid: Grid, rounding: Rounding) -> Micro {
    let step = below
        * match grid {
            Grid::MicroCredit => ONE,
            Grid::Credit => ONE * ONE,
        };
    let (whole, rest) = (above / step, above % step);
    let goes_up = match rounding {
        Rounding::Up => rest > 0,
        Rounding::Down => false,
        Rounding::HalfUp => 2 * rest >= step,
        Rounding::HalfEven => 2 * rest > step || (2 * rest == step && whole % 2 != 0),
    };
    (whole + Micro::from(goes_up)) * (step / below) / ONE
}
