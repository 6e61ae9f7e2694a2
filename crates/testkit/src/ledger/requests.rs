//! From the model's requests to the ledger's calls.

use std::collections::{BTreeMap, BTreeSet};

use chargly_ledger::{
    Action, Budget, CaptureRequest, CardPin, CatalogueChange, CollectRequest, Condition, CostRequest,
    Credits, Currency, EntryId, EventTypeNo, EventTypeRequest, ExtendRequest, Fact, GrantKind, GrantRequest,
    HoldRequest, IfInsufficient, IncreaseRequest, KeyLimits, LotNo, MeterRequest, Millis, Money, Original,
    Position, PriceInputs, PriceNo, PriceRequest, PropertyValue, Quantity, Ratio, RechargeRequest,
    ReverseRequest, Row, Scopes, State, Tier, VoidGrantRequest, VoidHoldRequest, WalletNo,
};

use super::driver::ACTOR;
use super::{Driver, narrow, sales};
use crate::model::{self, Micro, Ms, Place, Property, Request};

/// What an engine looks up before it hands a call to the ledger: numbers and ids of what a request names.
pub trait Names {
    /// The state that callers see.
    fn state(&self) -> &State;
    /// The public id of the fact at a position.
    fn id(&self, position: Position) -> Option<EntryId>;
    /// The fact at a position.
    fn fact(&self, position: Position) -> Option<Fact>;
    /// When the fact at a position was recorded. It only moves reports: who looks at none need not know.
    fn recorded_at(&self, _position: Position) -> Millis {
        Millis(0)
    }
}

impl Names for Driver {
    fn state(&self) -> &State {
        &self.state
    }

    fn id(&self, position: Position) -> Option<EntryId> {
        self.recorder.id(position)
    }

    fn fact(&self, position: Position) -> Option<Fact> {
        self.recorder.fact(position)
    }

    fn recorded_at(&self, position: Position) -> Millis {
        self.recorder.recorded_at(position).unwrap_or_default()
    }
}

/// A request in the ledger's words; `None` where it names an event that is none: an engine could not read it back.
pub fn action(names: &impl Names, request: &Request) -> Option<Action> {
    Some(match request {
        Request::DefineEventType { name, caller_set, archived, first_price } => {
            Action::DefineEventType(EventTypeRequest {
                name: name.as_str().into(),
                label: "".into(),
                description: "".into(),
                caller_set_credits: *caller_set,
                dimensions: Vec::new(),
                archived: *archived,
                estimated_cost_nano: None,
                first_price: first_price.map(credits),
            })
        }
        Request::SetBudget { per_day, per_customer } => {
            let budget =
                Budget { per_day: per_day.map(credits), per_customer_per_day: per_customer.map(credits) };
            let budget = (budget != Budget::default()).then_some(budget);
            Action::Change(match names.state().catalogue().key(ACTOR) {
                Some(key) => CatalogueChange::KeyBudgetSet { key: key.number, budget },
                // The key that asks for everything is made when anything is to be known of it.
                None => CatalogueChange::KeyCreated {
                    key: ACTOR,
                    label: "actor".into(),
                    secret_hash: [0; 32],
                    hint: "".into(),
                    scopes: Scopes::all(),
                    replaces: None,
                    limits: KeyLimits { budget, ..KeyLimits::default() }.boxed(),
                },
            })
        }
        Request::PublishPrice { event_type, rule: asked, grid, rounding, effective_at, replaces } => {
            Action::PublishPrice(PriceRequest {
                event_type: number_of(names, event_type),
                rule: rule(asked),
                grid: match grid {
                    model::Grid::MicroCredit => chargly_ledger::Grid::MicroCredit,
                    model::Grid::Credit => chargly_ledger::Grid::Credit,
                },
                rounding: match rounding {
                    model::Rounding::HalfUp => chargly_ledger::Rounding::HalfUp,
                    model::Rounding::HalfEven => chargly_ledger::Rounding::HalfEven,
                    model::Rounding::Up => chargly_ledger::Rounding::Up,
                    model::Rounding::Down => chargly_ledger::Rounding::Down,
                },
                effective_at: effective_at.map(Millis),
                note: "".into(),
                replaces: replaces.map(PriceNo),
                because: None,
            })
        }
        Request::Meter {
            customer,
            event_type,
            quantity,
            credits: set,
            cost,
            record,
            uncharged,
            properties,
        } => Action::Meter {
            customer: customer.as_str().into(),
            request: MeterRequest {
                event_type: number_of(names, event_type),
                quantity: quantity.map_or(Quantity::ONE, quantity_of),
                credits: set.map(credits),
                cost: cost.as_ref().map(money),
                occurred_at: None,
                if_insufficient: match *uncharged && !record {
                    true => IfInsufficient::Uncharged,
                    false => if_insufficient(*record),
                },
            },
            inputs: inputs(properties),
            facets: None,
        },
        Request::PlaceHold { customer, event_type, quantity, credits: set, ttl_s } => Action::PlaceHold {
            customer: customer.as_str().into(),
            request: HoldRequest {
                event_type: number_of(names, event_type),
                quantity: quantity.map(quantity_of),
                credits: set.map(credits),
                expires_in_s: *ttl_s,
            },
        },
        Request::IncreaseHold { hold, quantity, credits: set } => Action::IncreaseHold(IncreaseRequest {
            hold: id_of(names, *hold),
            quantity: quantity.map(quantity_of),
            credits: set.map(credits),
        }),
        Request::ExtendHold { hold, ttl_s } => {
            Action::ExtendHold(ExtendRequest { hold: id_of(names, *hold), expires_in_s: *ttl_s })
        }
        Request::CaptureHold { hold, quantity, credits: set, cost, record, is_final, properties } => {
            Action::CaptureHold {
                request: CaptureRequest {
                    hold: id_of(names, *hold),
                    quantity: quantity.map(quantity_of),
                    credits: set.map(credits),
                    cost: cost.as_ref().map(money),
                    if_insufficient: if_insufficient(*record),
                    is_final: *is_final,
                },
                inputs: inputs(properties),
                facets: None,
            }
        }
        Request::VoidHold { hold } => Action::VoidHold(VoidHoldRequest { hold: id_of(names, *hold) }),
        Request::Grant { customer, .. } => {
            Action::Grant { customer: customer.as_str().into(), request: grant(names, request)? }
        }
        Request::VoidGrant { customer, lot } => void_grant(names, customer, LotNo(*lot)),
        Request::Reverse { event, credits: asked } => {
            let original = Box::new(original(names, Position(*event))?);
            let request =
                ReverseRequest { event: Position(*event), credits: asked.map(credits), correction: None };
            Action::Reverse { request, original }
        }
        Request::Recharge { event, credits: asked } => {
            let original = Box::new(original(names, Position(*event))?);
            // The journal's first fact stands for the correction: only reports look it up.
            let correction = Position(0);
            let request = RechargeRequest { event: Position(*event), credits: credits(*asked), correction };
            Action::Recharge { request, original }
        }
        Request::Collect { event, credits: asked } => {
            let original = Box::new(original(names, Position(*event))?);
            let request = CollectRequest { event: Position(*event), credits: asked.map(credits) };
            Action::Collect { request, original }
        }
        Request::SetCost { event, cost } => {
            let original = Box::new(original(names, Position(*event))?);
            let request = CostRequest { event: Position(*event), cost: Some(money(cost)) };
            Action::SetCost { request, facets: None, original }
        }
        Request::SetPolicy { customer, policy } => Action::SetPolicy {
            customer: customer.as_str().into(),
            policy: match policy {
                model::Policy::Strict => chargly_ledger::Policy::Strict,
                model::Policy::Overdraft(limit) => {
                    chargly_ledger::Policy::Overdraft { limit: credits(*limit) }
                }
                model::Policy::RecordOnly => chargly_ledger::Policy::RecordOnly,
            },
        },
        Request::Freeze { customer } => Action::Freeze { customer: customer.as_str().into() },
        Request::Thaw { customer } => Action::Thaw { customer: customer.as_str().into() },
        Request::EraseCustomer { customer } => Action::EraseCustomer { customer: customer.as_str().into() },
        request @ (Request::PublishPack { .. }
        | Request::ChangeSettings { .. }
        | Request::PlaceOrder { .. }
        | Request::OpenCheckout { .. }
        | Request::SettleOrder { .. }
        | Request::RefundOrder { .. }
        | Request::SetAllowance { .. }
        | Request::EndAllowance { .. }) => return sales::action(names, request),
    })
}

fn grant(names: &impl Names, request: &Request) -> Option<GrantRequest> {
    let Request::Grant { credits: granted, kind, price, priority, effective_at, expires_at, scope, .. } =
        request
    else {
        return None;
    };
    let numbers: BTreeSet<EventTypeNo> = scope.iter().map(|name| number_of(names, name)).collect();
    Some(GrantRequest {
        credits: credits(*granted),
        kind: match kind {
            model::Kind::Paid => GrantKind::Paid,
            model::Kind::Promotional => GrantKind::Promotional,
            model::Kind::Adjustment => GrantKind::Adjustment,
        },
        price: price.as_ref().map(money),
        priority: *priority,
        effective_at: effective_at.map(Millis),
        expires_at: expires_at.map(Millis),
        scope: numbers.into_iter().collect(),
    })
}

/// As an engine does after it has found the grant by its id.
fn void_grant(names: &impl Names, customer: &str, lot: LotNo) -> Action {
    let wallet = names.state().wallet_of(customer);
    let grant = wallet.and_then(|w| w.lot(lot)).map_or(NOWHERE, |l| l.id);
    let wallet = wallet.map_or(WalletNo(u32::MAX), |w| w.number);
    Action::VoidGrant { wallet, request: VoidGrantRequest { grant, lot } }
}

fn original(names: &impl Names, position: Position) -> Option<Original> {
    let Fact::Wallet(fact) = names.fact(position)? else { return None };
    Original::of(fact, position, names.recorded_at(position))
}

/// An id that no fact has.
const NOWHERE: EntryId = EntryId { position: Position(u64::MAX), tag: 0 };

pub(super) fn id_of(names: &impl Names, place: Place) -> EntryId {
    names.id(Position(place)).unwrap_or(NOWHERE)
}

pub(super) fn number_of(names: &impl Names, name: &str) -> EventTypeNo {
    names.state().catalogue().event_type(name).map_or(EventTypeNo(u32::MAX), |t| t.number)
}

pub(super) fn credits(micro: Micro) -> Credits {
    Credits::from_micro(narrow(micro))
}

fn quantity_of(micro: Micro) -> Quantity {
    Quantity::from_micro(narrow(micro)).expect("a quantity within its bounds")
}

pub(super) fn money(money: &model::Money) -> Money {
    let currency = Currency::parse(&money.currency).expect("a currency code");
    Money { nano: narrow(money.nano), currency }
}

fn if_insufficient(record: bool) -> IfInsufficient {
    if record { IfInsufficient::Record } else { IfInsufficient::Refuse }
}

fn inputs(properties: &BTreeMap<String, Property>) -> PriceInputs {
    let value = |property: &Property| match property {
        Property::Number(micro) => PropertyValue::Number(quantity_of(*micro)),
        Property::BadNumber => PropertyValue::number("0"),
        Property::Text(text) => PropertyValue::Text(text.as_str().into()),
    };
    properties.iter().map(|(name, property)| (name.as_str().into(), value(property))).collect()
}

fn rule(asked: &model::Rule) -> chargly_ledger::Rule {
    match asked {
        model::Rule::Flat(amount) => chargly_ledger::Rule::Flat { credits: credits(*amount) },
        model::Rule::PerUnit { base, credits: each, measure, minimum, maximum } => {
            chargly_ledger::Rule::PerUnit {
                base: credits(*base),
                credits: credits(*each),
                measure: match measure {
                    model::Measure::Quantity => chargly_ledger::Measure::Quantity,
                    model::Measure::Property(name) => chargly_ledger::Measure::Property(name.as_str().into()),
                },
                minimum: minimum.map(credits),
                maximum: maximum.map(credits),
            }
        }
        model::Rule::Tiered(tiers) => {
            let tier = |(up_to, each): &(Option<Micro>, Micro)| Tier {
                up_to: up_to.map(quantity_of),
                credits: credits(*each),
            };
            chargly_ledger::Rule::Tiered { tiers: tiers.iter().map(tier).collect() }
        }
        model::Rule::ByDimension { rows, default } => {
            let condition = |(property, value): (&String, &String)| Condition {
                property: property.as_str().into(),
                value: value.as_str().into(),
            };
            let rows = rows.iter().map(|(when, inside)| Row {
                when: when.iter().map(condition).collect(),
                rule: Box::new(rule(inside)),
            });
            chargly_ledger::Rule::ByDimension { rows: rows.collect(), default: Box::new(rule(default)) }
        }
        model::Rule::CostPlus { multiplier: (num, den), minimum } => chargly_ledger::Rule::CostPlus {
            multiplier: Ratio::new(*num, *den).expect("a positive ratio"),
            minimum: minimum.map(credits),
            rate_card: CardPin::NEWEST,
        },
    }
}

/// "For ever" is no time.
pub(super) fn until(at: Millis) -> Option<Ms> {
    (at != Millis::NEVER).then_some(at.0)
}
