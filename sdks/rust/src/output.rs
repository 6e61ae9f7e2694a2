//! What calls answer: small, typed, and named as the product speaks. Everything that the server sent is in `raw`. Times
//! are RFC 3339 text, for whichever library of times you use.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::amount::{Amount, Money};
use crate::call::{Answer, Sealed};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::raw::Raw;

/// Outcomes that are read from the body; what only the answer around it knows is filled in after that.
macro_rules! outcome {
    ($kind:ty, $name:literal $(, $($filled:ident),*)?) => {
        impl Sealed for $kind {
            const NAME: &'static str = $name;

            #[expect(private_interfaces, reason = "sealed: nobody else calls or writes it")]
            fn of(answer: &Answer, _: &Client) -> serde_json::Result<Self> {
                let mut read: Self = serde_json::from_str(&answer.text)?;
                $($(outcome!(@fill read answer $filled);)*)?
                Ok(read)
            }
        }
    };
    (@fill $read:ident $answer:ident key) => { $read.idempotency_key = $answer.key.clone().unwrap_or_default() };
    (@fill $read:ident $answer:ident replayed) => { $read.replayed = $answer.replayed };
    (@fill $read:ident $answer:ident position) => { $read.position = $answer.position.clone() };
    (@fill $read:ident $answer:ident raw) => { $read.raw = Raw::of_text(&$answer.text) };
}

/// The balance in an answer to a write, of which this is what can be spent.
fn available<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Amount, D::Error> {
    #[derive(Deserialize)]
    struct Balance {
        available: Amount,
    }
    Ok(Balance::deserialize(deserializer)?.available)
}

/// One event that was metered.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct MeterResult {
    /// Id of the event.
    #[serde(rename = "id")]
    pub event_id: String,
    /// Its type.
    pub event: String,
    /// Whose it is.
    #[serde(rename = "customer")]
    pub customer_id: String,
    /// What was taken.
    #[serde(rename = "credits")]
    pub deducted_credits: Amount,
    /// What the customer can still spend.
    #[serde(rename = "balance", deserialize_with = "available")]
    pub remaining_balance: Amount,
    /// What the wallet owes after it, where the event was recorded beyond the balance.
    #[serde(default)]
    pub debt: Amount,
    /// What was used and not charged, where the wallet's policy is to record only.
    #[serde(default)]
    pub uncharged: Amount,
    /// The price it was charged by.
    pub price_version: Option<String>,
    /// When.
    pub recorded_at: String,
    /// The key of the call.
    #[serde(skip)]
    pub idempotency_key: String,
    /// Whether this is the answer to an earlier call with the same key; a batch does not say it of each.
    #[serde(skip)]
    pub replayed: bool,
    /// To be given to a read as `min_position` to be sure that it knows of this.
    #[serde(skip)]
    pub position: Option<String>,
    /// What the server sent.
    #[serde(skip)]
    pub raw: Raw,
}
outcome!(MeterResult, "MeterResult", key, replayed, position, raw);

/// What was captured of a hold: an event.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct CaptureResult {
    /// Id of the event.
    #[serde(rename = "id")]
    pub event_id: String,
    /// The hold.
    pub hold_id: String,
    /// What is still held.
    pub still_held: Amount,
    /// Whether the hold is over.
    pub ended: bool,
    /// Its type.
    pub event: String,
    /// Whose it is.
    #[serde(rename = "customer")]
    pub customer_id: String,
    /// What was taken.
    #[serde(rename = "credits")]
    pub deducted_credits: Amount,
    /// What the customer can still spend.
    #[serde(rename = "balance", deserialize_with = "available")]
    pub remaining_balance: Amount,
    /// What the wallet owes after it.
    #[serde(default)]
    pub debt: Amount,
    /// The price it was charged by.
    pub price_version: Option<String>,
    /// When.
    pub recorded_at: String,
    /// The key of the call.
    #[serde(skip)]
    pub idempotency_key: String,
    /// Whether this is the answer to an earlier call with the same key.
    #[serde(skip)]
    pub replayed: bool,
    /// To be given to a read as `min_position`.
    #[serde(skip)]
    pub position: Option<String>,
    /// What the server sent.
    #[serde(skip)]
    pub raw: Raw,
}
outcome!(CaptureResult, "CaptureResult", key, replayed, position, raw);

/// What became of a batch. Every event is counted once.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BatchResult {
    /// One for each event that was sent, in order.
    pub results: Vec<Result<MeterResult>>,
    /// Events that were charged now.
    pub accepted: u64,
    /// Events that were not.
    pub refused: u64,
    /// Events that had been charged before, under the same key.
    pub replayed: u64,
    /// To be given to a read as `min_position`.
    pub position: Option<String>,
    /// What the server sent.
    pub raw: Raw,
}

impl BatchResult {
    /// What was not accepted, with its place in the batch.
    pub fn errors(&self) -> impl Iterator<Item = (usize, &Error)> {
        self.results.iter().enumerate().filter_map(|(place, result)| Some((place, result.as_ref().err()?)))
    }
}

impl Sealed for BatchResult {
    const NAME: &'static str = "BatchResult";

    #[expect(private_interfaces, reason = "sealed: nobody else calls or writes it")]
    fn of(answer: &Answer, _: &Client) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            #[serde(borrow)]
            results: Vec<&'a RawValue>,
            accepted: u64,
            refused: u64,
            replayed: u64,
        }
        #[derive(Deserialize)]
        struct Refused<'a> {
            #[serde(borrow)]
            error: Option<&'a RawValue>,
        }
        let wire: Wire<'_> = serde_json::from_str(&answer.text)?;
        let mut results = Vec::with_capacity(wire.results.len());
        for item in wire.results {
            let refused: Refused<'_> = serde_json::from_str(item.get())?;
            results.push(match refused.error {
                Some(error) => Err(nested(error).with_key(answer.key.as_deref())),
                None => {
                    let mut result: MeterResult = serde_json::from_str(item.get())?;
                    result.idempotency_key = answer.key.clone().unwrap_or_default();
                    result.replayed = answer.replayed;
                    result.position = answer.position.clone();
                    result.raw = Raw::of_text(item.get());
                    Ok(result)
                }
            });
        }
        let Wire { accepted, refused, replayed, .. } = wire;
        let (position, raw) = (answer.position.clone(), Raw::of_text(&answer.text));
        Ok(Self { results, accepted, refused, replayed, position, raw })
    }
}

/// A problem inside an answer that is a success.
fn nested(problem: &RawValue) -> Error {
    #[derive(Deserialize)]
    struct Status {
        status: Option<u16>,
    }
    let status = serde_json::from_str::<Status>(problem.get()).ok().and_then(|found| found.status);
    Error::of_answer(status.unwrap_or(500), problem.get(), None, false)
}

/// What an event would cost.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Quote {
    /// The event type.
    pub event: String,
    /// Whose wallet would pay.
    pub customer_id: String,
    /// What it would take.
    pub credits: Amount,
    /// What the wallet can spend.
    pub available: Amount,
    /// Whether it would be accepted.
    pub accepted: bool,
    /// Why not. It is no error of the call: nothing was asked for.
    pub refusal: Option<Error>,
    /// The price.
    pub price_version: Option<String>,
    /// The price in words.
    pub in_words: String,
    /// What the server sent.
    pub raw: Raw,
}

impl Sealed for Quote {
    const NAME: &'static str = "Quote";

    #[expect(private_interfaces, reason = "sealed: nobody else calls or writes it")]
    fn of(answer: &Answer, _: &Client) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            event: String,
            customer: String,
            credits: Amount,
            available: Amount,
            accepted: bool,
            #[serde(borrow)]
            refusal: Option<&'a RawValue>,
            price_version: Option<String>,
            in_words: Option<String>,
        }
        let wire: Wire<'_> = serde_json::from_str(&answer.text)?;
        Ok(Self {
            event: wire.event,
            customer_id: wire.customer,
            credits: wire.credits,
            available: wire.available,
            accepted: wire.accepted,
            refusal: wire.refusal.map(nested),
            price_version: wire.price_version,
            in_words: wire.in_words.unwrap_or_default(),
            raw: Raw::of_text(&answer.text),
        })
    }
}

/// An event as it stands now.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// Its id.
    #[serde(rename = "id")]
    pub event_id: String,
    /// Its type.
    pub event: String,
    /// Whose it is.
    #[serde(rename = "customer")]
    pub customer_id: String,
    /// How much.
    pub quantity: Amount,
    /// What was charged.
    pub credits: Amount,
    /// What was given back.
    #[serde(default)]
    pub reversed: Amount,
    /// What it cost: `amount`, `currency` and `source`. A missing amount is not known, which is never 0.
    pub cost: Option<Value>,
    /// What the credits had been sold for.
    pub revenue: Option<Money>,
    /// What was sent with it.
    #[serde(default)]
    pub properties: Option<Value>,
    /// The price it was charged by.
    pub price_version: Option<String>,
    /// When it happened.
    pub occurred_at: String,
    /// When it was recorded.
    pub recorded_at: String,
    /// What the server sent.
    #[serde(skip)]
    pub raw: Raw,
}
outcome!(Event, "Event", raw);

/// Credits of an event that were given back.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Reversal {
    /// Its id.
    pub id: String,
    /// Of which event.
    pub event_id: String,
    /// Whose it is.
    #[serde(rename = "customer")]
    pub customer_id: String,
    /// How many.
    pub credits: Amount,
    /// What the customer can spend now.
    #[serde(rename = "balance", deserialize_with = "available")]
    pub remaining_balance: Amount,
    /// The key of the call.
    #[serde(skip)]
    pub idempotency_key: String,
    /// To be given to a read as `min_position`.
    #[serde(skip)]
    pub position: Option<String>,
    /// What the server sent.
    #[serde(skip)]
    pub raw: Raw,
}
outcome!(Reversal, "Reversal", key, position, raw);

/// What a customer has.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Wallet {
    /// Whose it is.
    #[serde(rename = "customer")]
    pub customer_id: String,
    /// `None` for a customer never seen.
    pub wallet_id: Option<String>,
    /// What can be spent now: what is posted, without what is held.
    #[serde(rename = "available")]
    pub balance: Amount,
    /// `credits`.
    pub unit: String,
    /// What is there.
    pub posted: Amount,
    /// What is set aside.
    pub held: Amount,
    /// What is owed.
    #[serde(default)]
    pub debt: Amount,
    /// What happens where it cannot pay.
    pub policy: Option<Value>,
    /// Whether it takes no new spending.
    #[serde(default)]
    pub frozen: bool,
    /// What it is made of.
    #[serde(default)]
    pub lots: Vec<Lot>,
    /// What the server sent.
    #[serde(skip)]
    pub raw: Raw,
}
outcome!(Wallet, "Wallet", raw);

/// Credits that came at one time, and what is left of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Lot {
    /// Its id.
    pub id: String,
    /// `paid`, `promotional` or `adjustment`.
    pub kind: String,
    /// What came.
    pub credits: Amount,
    /// What is left.
    pub remaining: Amount,
    /// What of it is set aside.
    pub held: Amount,
    /// When it lapses.
    pub expires_at: Option<String>,
}

/// One line of a wallet's history.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct WalletEntry {
    /// Its id.
    pub id: String,
    /// When.
    pub at: String,
    /// `grant`, `charge`, and so on.
    pub kind: String,
    /// For people.
    pub label: String,
    /// With its sign.
    pub credits: Amount,
    /// What there was after it.
    pub balance_after: Amount,
    /// The event it is of.
    pub event_id: Option<String>,
    /// The grant it is of.
    pub grant_id: Option<String>,
    /// The order it is of.
    pub order_id: Option<String>,
}

/// Credits that were put into a wallet.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct GrantResult {
    /// Id of the grant.
    #[serde(rename = "id")]
    pub grant_id: String,
    /// Whose it is.
    #[serde(rename = "customer")]
    pub customer_id: String,
    /// `paid`, `promotional` or `adjustment`.
    pub kind: String,
    /// How many.
    pub credits: Amount,
    /// How many of them went into debt.
    #[serde(default)]
    pub debt_settled: Amount,
    /// What the customer can spend now.
    #[serde(rename = "balance", deserialize_with = "available")]
    pub remaining_balance: Amount,
    /// When what is left of it lapses.
    pub expires_at: Option<String>,
    /// The key of the call.
    #[serde(skip)]
    pub idempotency_key: String,
    /// To be given to a read as `min_position`.
    #[serde(skip)]
    pub position: Option<String>,
    /// What the server sent.
    #[serde(skip)]
    pub raw: Raw,
}
outcome!(GrantResult, "GrantResult", key, position, raw);

/// How a hold stands.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct HoldState {
    /// Its id.
    #[serde(rename = "id")]
    pub hold_id: String,
    /// `open`, `captured`, `voided` or `expired`.
    pub state: String,
    /// The type of event it is for; not in answers to changes.
    pub event: Option<String>,
    /// Whose it is.
    #[serde(rename = "customer")]
    pub customer_id: String,
    /// What is held, in answers that say it.
    pub credits: Option<Amount>,
    /// When it lapses, in answers that say it.
    pub expires_at: Option<String>,
    /// What the server sent.
    #[serde(skip)]
    pub raw: Raw,
}
outcome!(HoldState, "HoldState", raw);

/// A bundle of credits for sale.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreditPack {
    /// What `create_checkout` takes.
    pub id: String,
    /// For people.
    pub name: String,
    /// What arrives in the wallet, bonus included.
    pub credits: Amount,
    /// How many of them are a bonus.
    pub bonus_credits: Amount,
    /// What it costs; [`Money::minor_units`] has it in cents.
    pub price: Money,
    /// Id of this version of the pack.
    pub version_id: String,
}

#[derive(Debug)]
pub(crate) struct CreditPacks(pub(crate) Vec<CreditPack>);

impl Sealed for CreditPacks {
    const NAME: &'static str = "CreditPacks";

    fn of(answer: &Answer, _: &Client) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Pack {
            id: String,
            code: String,
            name: String,
            credits: Amount,
            #[serde(default)]
            bonus_credits: Amount,
            price: Money,
        }
        #[derive(Deserialize)]
        struct Wire {
            data: Vec<Pack>,
        }
        let wire: Wire = serde_json::from_str(&answer.text)?;
        let packs = wire.data.into_iter().map(|pack| CreditPack {
            id: pack.code,
            name: pack.name,
            credits: pack.credits.checked_add(pack.bonus_credits).unwrap_or(pack.credits),
            bonus_credits: pack.bonus_credits,
            price: pack.price,
            version_id: pack.id,
        });
        Ok(Self(packs.collect()))
    }
}

/// Where a pack is paid.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Checkout {
    /// Its id.
    #[serde(rename = "id")]
    pub checkout_id: String,
    /// Send the buyer there.
    #[serde(rename = "url")]
    pub checkout_url: Option<String>,
    /// What will arrive, bonus included.
    pub credits: Amount,
    /// For whom.
    #[serde(rename = "customer")]
    pub customer_id: String,
    /// Of which pack.
    #[serde(rename = "pack")]
    pub credit_pack_id: String,
    /// `created`, `pending`, `paid`, `held`, `expired` or `failed`. Paid: the credits are there.
    pub status: String,
    /// The order.
    #[serde(rename = "order")]
    pub order_id: String,
    /// What the server sent.
    #[serde(skip)]
    pub raw: Raw,
}
outcome!(Checkout, "Checkout", raw);

/// The price in force of an event type.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PricingRule {
    /// Id of the version; `None` where there is none.
    pub id: Option<String>,
    /// The event type.
    pub feature: String,
    /// The least an event costs: of a flat price, the price.
    pub minimum_credits: Amount,
    /// Credits for each unit of quantity, on top of nothing else; 0 of a flat price, `None` where a price cannot be said
    /// like that and `rule` says it.
    pub multiplier: Option<Amount>,
    /// False where the event type is archived, or has no price yet.
    pub enabled: bool,
    /// Which version.
    pub version: Option<u64>,
    /// The whole rule, as the server has it.
    pub rule: Option<Value>,
    /// The price in words.
    pub in_words: String,
    /// What the server sent.
    pub raw: Raw,
}

impl Sealed for PricingRule {
    const NAME: &'static str = "PricingRule";

    #[expect(private_interfaces, reason = "sealed: nobody else calls or writes it")]
    fn of(answer: &Answer, _: &Client) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Price<'a> {
            id: String,
            version: u64,
            #[serde(borrow)]
            rule: &'a RawValue,
            in_words: Option<String>,
        }
        #[derive(Deserialize)]
        struct Wire<'a> {
            name: String,
            #[serde(borrow)]
            price: Option<Price<'a>>,
            #[serde(default)]
            archived: Option<bool>,
        }
        let wire: Wire<'_> = serde_json::from_str(&answer.text)?;
        let (multiplier, minimum_credits) = match &wire.price {
            Some(price) => multiplied(price.rule.get())?,
            None => (None, Amount::ZERO),
        };
        Ok(Self {
            feature: wire.name,
            multiplier,
            minimum_credits,
            enabled: wire.price.is_some() && wire.archived != Some(true),
            rule: wire.price.as_ref().map(|price| serde_json::from_str(price.rule.get())).transpose()?,
            version: wire.price.as_ref().map(|price| price.version),
            in_words: wire.price.as_ref().and_then(|price| price.in_words.clone()).unwrap_or_default(),
            id: wire.price.map(|price| price.id),
            raw: Raw::of_text(&answer.text),
        })
    }
}

/// A price as so much for each unit, and at least so much, where it can be said like that.
fn multiplied(rule: &str) -> serde_json::Result<(Option<Amount>, Amount)> {
    #[derive(Deserialize)]
    struct Rule<'a> {
        #[serde(rename = "type")]
        kind: String,
        of: Option<String>,
        #[serde(borrow)]
        credits: Option<&'a RawValue>,
        #[serde(borrow)]
        minimum: Option<&'a RawValue>,
        #[serde(borrow)]
        base: Option<&'a RawValue>,
        #[serde(borrow)]
        maximum: Option<&'a RawValue>,
    }
    fn amount(raw: Option<&RawValue>) -> Option<Amount> {
        serde_json::from_str(raw?.get()).ok()
    }
    let rule: Rule<'_> = serde_json::from_str(rule)?;
    let (credits, minimum) = (amount(rule.credits), amount(rule.minimum).unwrap_or_default());
    if rule.kind == "flat" {
        return Ok((Some(Amount::ZERO), credits.unwrap_or_default()));
    }
    let is_plain = rule.kind == "per_unit"
        && amount(rule.base).is_none_or(|base| base == Amount::ZERO)
        && rule.maximum.is_none()
        && rule.of.is_none_or(|of| of == "quantity");
    Ok((if is_plain { credits } else { None }, minimum))
}

/// What a change earns more, at the same usage.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct EstimatedLift {
    /// A decimal string.
    pub amount: String,
    /// In lower case, like `usd`.
    pub currency: String,
    /// `month`.
    pub per: String,
    /// The range that it lies in.
    pub low: Option<String>,
    /// The range that it lies in.
    pub high: Option<String>,
}

/// Advice on a price.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Recommendation {
    /// Its id.
    pub id: String,
    /// The event type.
    #[serde(rename = "event")]
    pub feature: String,
    /// What it costs.
    pub current_credits: Option<Amount>,
    /// What it should cost.
    pub recommended_credits: Option<Amount>,
    /// Why.
    pub reason: String,
    /// `high`, `medium`, or `low` for what is only watched.
    pub confidence: String,
    /// What it would earn.
    pub estimated_lift: Option<EstimatedLift>,
    /// The price version it was made for.
    pub version_from: Option<u64>,
    /// The price version it would be.
    pub version_to: Option<u64>,
    /// `pending`, `accepted`, `rejected`, `applied` or `expired`.
    pub status: String,
    /// Like `loss_making`.
    pub kind: String,
    /// Whether applying has to say `notice_days`.
    #[serde(default)]
    pub notice_required: bool,
    /// When its time is over.
    pub expires_at: Option<String>,
    /// What the server sent; of one asked for by its id with its card and its evidence.
    #[serde(skip)]
    pub raw: Raw,
}
outcome!(Recommendation, "Recommendation", raw);

/// Why a price should change.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Explanation {
    /// Of which recommendation.
    #[serde(skip)]
    pub recommendation_id: String,
    /// In words.
    pub reason: String,
    /// `high`, `medium` or `low`.
    pub confidence: String,
    /// A share as a decimal string: 0.6 is 60 %.
    pub target_margin: Option<String>,
    /// A share as a decimal string.
    pub estimated_margin: Option<String>,
    /// What is known of the cost.
    pub cost_context: Option<Value>,
    /// From which version to which.
    pub version_transition: Option<VersionTransition>,
    /// The arithmetic, with its numbers put in.
    #[serde(default)]
    pub lines: Vec<String>,
    /// What the server sent.
    #[serde(skip)]
    pub raw: Raw,
}
outcome!(Explanation, "Explanation", raw);

/// From which price version to which.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct VersionTransition {
    /// The one in force.
    pub from: Option<u64>,
    /// The one proposed.
    pub to: Option<u64>,
}

/// A recommendation that was applied or rejected.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Decision {
    /// Which.
    #[serde(rename = "id")]
    pub recommendation_id: String,
    /// How it stands now.
    pub status: String,
    /// The price version that was published.
    #[serde(rename = "version")]
    pub new_version: Option<u64>,
    /// When it holds.
    pub effective_at: Option<String>,
    /// To be given to a read as `min_position`.
    #[serde(skip)]
    pub position: Option<String>,
    /// What the server sent.
    #[serde(skip)]
    pub raw: Raw,
}
outcome!(Decision, "Decision", position, raw);

/// Figures of what was used.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Usage {
    /// By period, and by what they are grouped by.
    #[serde(rename = "data")]
    pub rows: Vec<UsageRow>,
    /// All of it.
    pub totals: UsageRow,
    /// `total`, `hour`, `day`, `week` or `month`.
    pub interval: String,
    /// In which the periods begin.
    pub time_zone: String,
    /// What the server sent.
    #[serde(skip)]
    pub raw: Raw,
}
outcome!(Usage, "Usage", raw);

/// One row of figures.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct UsageRow {
    /// Where there is an interval.
    pub start: Option<String>,
    /// Where there is an interval.
    pub end: Option<String>,
    /// Where it is grouped by event type.
    pub event: Option<String>,
    /// Where it is grouped by customer.
    #[serde(rename = "customer")]
    pub customer_id: Option<String>,
    /// Where it is grouped by price version.
    pub price_version: Option<String>,
    /// Where it is grouped by a dimension.
    pub dimension_value: Option<String>,
    /// How many events.
    pub events: u64,
    /// How much.
    pub quantity: Amount,
    /// What was charged.
    pub credits_used: Amount,
    /// How many were refused.
    pub refused: u64,
    /// What was used and not charged.
    pub uncharged: Amount,
}

/// Some of a list, newest first.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items.
    pub data: Vec<T>,
    /// The `cursor` of what follows; `None` at the end.
    pub next_cursor: Option<String>,
    /// What the server sent.
    pub raw: Raw,
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.data.into_iter()
    }
}

impl<T: for<'de> Deserialize<'de>> Sealed for Page<T> {
    const NAME: &'static str = "Page";

    #[expect(private_interfaces, reason = "sealed: nobody else calls or writes it")]
    fn of(answer: &Answer, _: &Client) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        #[serde(bound = "T: Deserialize<'de>")]
        struct Wire<T> {
            data: Vec<T>,
            next_cursor: Option<String>,
        }
        let wire: Wire<T> = serde_json::from_str(&answer.text)?;
        Ok(Self { data: wire.data, next_cursor: wire.next_cursor, raw: Raw::of_text(&answer.text) })
    }
}

/// The body of any other answer.
impl Sealed for Raw {
    const NAME: &'static str = "Raw";

    #[expect(private_interfaces, reason = "sealed: nobody else calls or writes it")]
    fn of(answer: &Answer, _: &Client) -> serde_json::Result<Self> {
        if !answer.text.is_empty() {
            serde_json::from_str::<&RawValue>(&answer.text)?;
        }
        Ok(Self::of_text(&answer.text))
    }
}
