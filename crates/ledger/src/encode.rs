//! The binary form of facts. The hot ones are packed by hand; the rest follow the common codec.
//!
//! A fact begins with its kind (one byte) and, where it has one, the key's hash, so that a scan for keys need not
//! read on. Kinds and variant numbers are never reused.

use smallvec::SmallVec;

use crate::codec::{
    Bytes, Codec, DecodeError, HAS_TAIL, codec_enum, codec_struct, decode_one, get_tail, put_varint,
};
use crate::fact::Asked;
use crate::{
    Balance, CatalogueChange, CatalogueFact, Charge, Credits, Draw, EventTypeNo, Facets, Fact, Grid, Header,
    IfInsufficient, KeyHash, LotNo, Measure, MeterRequest, Millis, Money, Origin, Position, PriceNo,
    Quantity, Rounding, Rule, WalletEvent, WalletFact, WalletNo,
};

/// The parts of a meter event.
pub type Metered = (Header, MeterRequest, Charge, Option<Box<Facets>>);

const ENVIRONMENT_CREATED: u8 = 1;
const EPOCH_STARTED: u8 = 2;
const CATALOGUE: u8 = 3;
const BATCH_ACCEPTED: u8 = 4;
const WALLET: u8 = 5;

/// The number of [`WalletEvent::Metered`] among wallet events.
const METERED: u8 = 1;

impl Fact {
    /// Appends the binary form to `out`.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        self.put(out);
    }

    /// The binary form.
    pub fn encode(&self) -> Vec<u8> {
        crate::codec::encode_one(self)
    }

    /// Reads the binary form back. Total on arbitrary bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode_one(bytes)
    }

    /// Reads the parts of a meter event, by far the commonest fact, without building the whole; `None` for any other
    /// fact, of which no more than its beginning was looked at. For readers of many facts that need little of each.
    #[inline]
    pub fn decode_metered(bytes: &[u8]) -> Result<Option<Metered>, DecodeError> {
        let mut from = Bytes(bytes);
        if from.byte()? != WALLET {
            return Ok(None);
        }
        let header = Header::get(&mut from)?;
        let number = from.byte()?;
        if number & !HAS_TAIL != METERED {
            return Ok(None);
        }
        let request = MeterRequest::get(&mut from)?;
        let charge = Charge::get(&mut from)?;
        let facets = get_tail(&mut from, number != METERED)?;
        if from.0.is_empty() {
            Ok(Some((header, request, charge, facets)))
        } else {
            Err(DecodeError::Trailing(from.0.len()))
        }
    }

    /// Reads only whose wallet a fact is about out of the binary form, and whether it is a meter event; `None` for a fact
    /// that moves no wallet. For readers that skip most of what they read.
    #[inline]
    pub fn decode_wallet(bytes: &[u8]) -> Result<Option<(WalletNo, bool)>, DecodeError> {
        let mut from = Bytes(bytes);
        if from.byte()? != WALLET {
            return Ok(None);
        }
        let header = Header::get(&mut from)?;
        Ok(Some((header.wallet, from.byte()? & !HAS_TAIL == METERED)))
    }

    /// Reads only the key's hash out of the binary form.
    pub fn decode_key(bytes: &[u8]) -> Result<Option<KeyHash>, DecodeError> {
        let mut from = Bytes(bytes);
        match from.byte()? {
            CATALOGUE | BATCH_ACCEPTED | WALLET => Origin::get(&mut from).map(|origin| origin.key),
            _ => Ok(None),
        }
    }

    /// Who asked for it, where somebody did.
    pub fn origin(&self) -> Option<Origin> {
        match self {
            Self::Wallet(fact) => Some(fact.header.origin),
            Self::Catalogue(fact) => Some(fact.origin),
            Self::BatchAccepted { origin, .. } => Some(*origin),
            Self::EnvironmentCreated { .. } | Self::EpochStarted { .. } => None,
        }
    }
}

impl Codec for Fact {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Wallet(fact) => {
                out.push(WALLET);
                fact.header.put(out);
                fact.event.put(out);
            }
            Self::Catalogue(fact) => {
                out.push(CATALOGUE);
                fact.put(out);
            }
            Self::EnvironmentCreated { name, salt, currency } => {
                out.push(ENVIRONMENT_CREATED);
                name.put(out);
                salt.put(out);
                currency.put(out);
            }
            Self::EpochStarted { epoch, software } => {
                out.push(EPOCH_STARTED);
                epoch.put(out);
                software.put(out);
            }
            Self::BatchAccepted { origin, wallet, events, first } => {
                out.push(BATCH_ACCEPTED);
                origin.put(out);
                wallet.put(out);
                events.put(out);
                first.put(out);
            }
        }
    }

    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        match from.byte()? {
            WALLET => {
                let header = Header::get(from)?;
                // The commonest by far is put together in its place; a detour would copy it twice.
                if let [number, rest @ ..] = from.0
                    && number & !HAS_TAIL == METERED
                {
                    let has_facets = *number != METERED;
                    from.0 = rest;
                    let (request, charge) = (MeterRequest::get(from)?, Charge::get(from)?);
                    let facets = get_tail(from, has_facets)?;
                    return Ok(Self::Wallet(WalletFact {
                        header,
                        event: WalletEvent::Metered { request, charge, facets },
                    }));
                }
                Ok(Self::Wallet(WalletFact { header, event: WalletEvent::get(from)? }))
            }
            CATALOGUE => CatalogueFact::get(from).map(Self::Catalogue),
            ENVIRONMENT_CREATED => Ok(Self::EnvironmentCreated {
                name: Codec::get(from)?,
                salt: Codec::get(from)?,
                currency: Codec::get(from)?,
            }),
            EPOCH_STARTED => Ok(Self::EpochStarted { epoch: Codec::get(from)?, software: Codec::get(from)? }),
            BATCH_ACCEPTED => Ok(Self::BatchAccepted {
                origin: Codec::get(from)?,
                wallet: Codec::get(from)?,
                events: Codec::get(from)?,
                first: Codec::get(from)?,
            }),
            number => Err(DecodeError::Unknown { what: "fact", number: u64::from(number) }),
        }
    }
}

impl Codec for Origin {
    fn put(&self, out: &mut Vec<u8>) {
        self.key.put(out);
        self.actor.put(out);
    }
    #[inline]
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Ok(Self { key: Codec::get(from)?, actor: Codec::get(from)? })
    }
}

impl Codec for Header {
    fn put(&self, out: &mut Vec<u8>) {
        self.origin.put(out);
        self.wallet.put(out);
        // One more than the position, so that 0 is none.
        put_varint(out, self.previous.map_or(0, |p| p.0 + 1));
        self.after.put(out);
    }
    #[inline]
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            origin: Codec::get(from)?,
            wallet: Codec::get(from)?,
            previous: from.varint()?.checked_sub(1).map(Position),
            after: Codec::get(from)?,
        })
    }
}
codec_struct!(Balance { posted, held, debt });

/// Which parts of a meter request are there; what is usual takes no byte.
mod request_flag {
    pub(super) const QUANTITY: u8 = 1;
    pub(super) const CREDITS: u8 = 2;
    pub(super) const COST: u8 = 4;
    pub(super) const OCCURRED_AT: u8 = 8;
    pub(super) const RECORD: u8 = 16;
    pub(super) const UNCHARGED: u8 = 64;
    pub(super) const ALL: u8 = 31 | UNCHARGED;
}

impl Codec for MeterRequest {
    fn put(&self, out: &mut Vec<u8>) {
        use request_flag::{COST, CREDITS, OCCURRED_AT, QUANTITY, RECORD, UNCHARGED};
        let Self { event_type, quantity, credits, cost, occurred_at, if_insufficient } = self;
        let flag = |is: bool, bit: u8| if is { bit } else { 0 };
        out.push(
            flag(*quantity != Quantity::ONE, QUANTITY)
                | flag(credits.is_some(), CREDITS)
                | flag(cost.is_some(), COST)
                | flag(occurred_at.is_some(), OCCURRED_AT)
                | flag(*if_insufficient == IfInsufficient::Record, RECORD)
                | flag(*if_insufficient == IfInsufficient::Uncharged, UNCHARGED),
        );
        event_type.put(out);
        if *quantity != Quantity::ONE {
            quantity.put(out);
        }
        if let Some(credits) = credits {
            credits.put(out);
        }
        if let Some(cost) = cost {
            cost.put(out);
        }
        if let Some(occurred_at) = occurred_at {
            occurred_at.put(out);
        }
    }

    #[inline]
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        use request_flag::{ALL, COST, CREDITS, OCCURRED_AT, QUANTITY, RECORD, UNCHARGED};
        let flags = from.byte()?;
        if flags & !ALL != 0 || flags & RECORD != 0 && flags & UNCHARGED != 0 {
            return Err(DecodeError::Unknown { what: "meter request flag", number: u64::from(flags) });
        }
        let has = |bit: u8| flags & bit != 0;
        Ok(Self {
            event_type: EventTypeNo::get(from)?,
            quantity: if has(QUANTITY) { Quantity::get(from)? } else { Quantity::ONE },
            credits: if has(CREDITS) { Some(Credits::get(from)?) } else { None },
            cost: if has(COST) { Some(Money::get(from)?) } else { None },
            occurred_at: if has(OCCURRED_AT) { Some(Millis::get(from)?) } else { None },
            if_insufficient: match (has(RECORD), has(UNCHARGED)) {
                (true, _) => IfInsufficient::Record,
                (false, true) => IfInsufficient::Uncharged,
                (false, false) => IfInsufficient::Refuse,
            },
        })
    }
}

/// Which parts of a charge are there. `WHOLE`: one lot paid all of it, so its credits are not repeated.
mod charge_flag {
    pub(super) const PRICE: u8 = 1;
    pub(super) const WHOLE: u8 = 2;
    pub(super) const DEBT: u8 = 4;
    pub(super) const UNCHARGED: u8 = 8;
    pub(super) const ALL: u8 = 15;
}

impl Codec for Charge {
    fn put(&self, out: &mut Vec<u8>) {
        use charge_flag::{DEBT, PRICE, UNCHARGED, WHOLE};
        let Self { price, credits, draws, debt, uncharged } = self;
        let flag = |is: bool, bit: u8| if is { bit } else { 0 };
        let whole = match draws.as_slice() {
            [draw] if draw.credits == *credits => Some(draw),
            _ => None,
        };
        out.push(
            flag(price.is_some(), PRICE)
                | flag(whole.is_some(), WHOLE)
                | flag(!debt.is_zero(), DEBT)
                | flag(!uncharged.is_zero(), UNCHARGED),
        );
        if let Some(price) = price {
            price.put(out);
        }
        credits.put(out);
        match whole {
            Some(draw) => {
                draw.lot.put(out);
                draw.revenue_nano.put(out);
            }
            None => draws.put(out),
        }
        if !debt.is_zero() {
            debt.put(out);
        }
        if !uncharged.is_zero() {
            uncharged.put(out);
        }
    }

    #[inline]
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        use charge_flag::{ALL, DEBT, PRICE, UNCHARGED, WHOLE};
        let flags = from.byte()?;
        if flags & !ALL != 0 {
            return Err(DecodeError::Unknown { what: "charge flag", number: u64::from(flags) });
        }
        let has = |bit: u8| flags & bit != 0;
        let price = if has(PRICE) { Some(PriceNo::get(from)?) } else { None };
        let credits = Credits::get(from)?;
        let draws = if has(WHOLE) {
            let draw = Draw { lot: LotNo::get(from)?, credits, revenue_nano: i64::get(from)? };
            SmallVec::from_buf([draw])
        } else {
            Codec::get(from)?
        };
        let debt = if has(DEBT) { Credits::get(from)? } else { Credits::ZERO };
        let uncharged = if has(UNCHARGED) { Credits::get(from)? } else { Credits::ZERO };
        Ok(Self { price, credits, draws, debt, uncharged })
    }
}

codec_enum!(WalletEvent, "wallet event" {
    1 => Metered { request, charge; facets },
    2 => Opened { ; welcome },
    3 => Granted { request, lot, active, settlements },
    4 => GrantVoided { request, credits, active, refunded_nano },
    5 => LotActivated { lot, due, credits, settlements },
    6 => LotExpired { due, broken },
    7 => HoldPlaced { request, price, credits, reserves, on_overdraft, expires_at },
    8 => HoldIncreased { request, credits, reserves, on_overdraft },
    9 => HoldExtended { request, expires_at },
    10 => HoldCaptured {
        request, of, charge, overdraft_freed, used, released, broken, still_held, ended; facets
    },
    11 => HoldVoided { request, released, broken },
    12 => HoldExpired { hold, due, released, broken },
    13 => Reversed { request, credits, debt, returns, adjustment; of },
    14 => PolicySet { policy },
    15 => Frozen,
    16 => Thawed,
    17 => Refused { asked, refusal; facets },
    18 => CustomerErased,
    19 => CostSet { request, before, cost, usage; of },
    20 => Recharged { request, charge; of },
    21 => OrderPlaced { request, terms },
    22 => CheckoutOpened { request },
    23 => OrderSettled { request, status, held_because, fulfilment, reclaim },
    24 => RefundStarted { request, credits, amount },
    25 => AllowanceSet { request },
    26 => AllowanceEnded { allowance },
    27 => AllowanceRenewed { renewal },
    32 => Collected { request, charge; of },
    36 => EventAnnotated { request, event; moved },
});

impl Codec for Asked {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Meter(r) => {
                out.push(1);
                r.put(out);
            }
            Self::PlaceHold(r) => {
                out.push(2);
                r.put(out);
            }
            Self::IncreaseHold(r) => {
                out.push(3);
                r.put(out);
            }
            Self::ExtendHold(r) => {
                out.push(4);
                r.put(out);
            }
            Self::CaptureHold(r) => {
                out.push(5);
                r.put(out);
            }
            Self::VoidHold(r) => {
                out.push(6);
                r.put(out);
            }
            Self::Grant(r) => {
                out.push(7);
                r.put(out);
            }
            Self::VoidGrant(r) => {
                out.push(8);
                r.put(out);
            }
            Self::Reverse(r) => {
                out.push(9);
                r.put(out);
            }
            Self::Batch(events, refused) => {
                out.push(10);
                events.put(out);
                refused.put(out);
            }
            Self::Recharge(r) => {
                out.push(11);
                r.put(out);
            }
            Self::SetCost(r, usage) => {
                out.push(12);
                r.put(out);
                usage.put(out);
            }
            Self::PlaceOrder(r) => {
                out.push(13);
                r.put(out);
            }
            Self::RefundOrder(r) => {
                out.push(14);
                r.put(out);
            }
            Self::SetAllowance(r) => {
                out.push(15);
                r.put(out);
            }
            Self::Collect(r) => {
                out.push(20);
                r.put(out);
            }
        }
    }
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        match from.byte()? {
            1 => Codec::get(from).map(Self::Meter),
            2 => Codec::get(from).map(Self::PlaceHold),
            3 => Codec::get(from).map(Self::IncreaseHold),
            4 => Codec::get(from).map(Self::ExtendHold),
            5 => Codec::get(from).map(Self::CaptureHold),
            6 => Codec::get(from).map(Self::VoidHold),
            7 => Codec::get(from).map(Self::Grant),
            8 => Codec::get(from).map(Self::VoidGrant),
            9 => Codec::get(from).map(Self::Reverse),
            10 => Ok(Self::Batch(Codec::get(from)?, Codec::get(from)?)),
            11 => Codec::get(from).map(Self::Recharge),
            12 => Ok(Self::SetCost(Codec::get(from)?, Codec::get(from)?)),
            13 => Codec::get(from).map(Self::PlaceOrder),
            14 => Codec::get(from).map(Self::RefundOrder),
            15 => Codec::get(from).map(Self::SetAllowance),
            20 => Codec::get(from).map(Self::Collect),
            number => Err(DecodeError::Unknown { what: "request", number: u64::from(number) }),
        }
    }
}

codec_enum!(CatalogueChange, "catalogue change" {
    1 => EventTypeDefined {
        event_type, name, label, description, caller_set_credits, dimensions, archived, estimated_cost_nano
    },
    2 => PricePublished { request, price, version, effective_at },
    3 => PriceRefused { request, refusal },
    4 => KeyCreated { key, label, secret_hash, hint, scopes, replaces; limits },
    5 => KeyRevoked { key, dead_at },
    6 => SettingsChanged { settings },
    7 => RateCardPublished { request, card, effective_at },
    8 => CorrectionOpened { request },
    9 => CorrectionClosed { correction, sums },
    10 => PackPublished { request, pack, version },
    11 => RecommendationMade { recommendation },
    12 => RecommendationRejected { request },
    13 => RecommendationGraded { recommendation, outcome },
    14 => AdviceLooked { look },
    15 => KeyBudgetSet { key, budget },
});
codec_enum!(Rule, "price rule" {
    1 => Flat { credits },
    2 => PerUnit { base, credits, measure, minimum, maximum },
    3 => Tiered { tiers },
    4 => CostPlus { multiplier, minimum, rate_card },
    5 => ByDimension { rows, default },
});
/// The number of [`Rule::ByDimension`] among rules.
const BY_DIMENSION: u8 = 5;

/// A rule inside of a rule by dimension. Never one by dimension itself: bytes that nest without end must not be
/// followed.
impl Codec for Box<Rule> {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_ref().put(out);
    }
    fn get(from: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        match from.0.first() {
            Some(&BY_DIMENSION) => Err(DecodeError::Invalid("rule inside of a rule")),
            _ => Rule::get(from).map(Self::new),
        }
    }
}
codec_enum!(Measure, "measure" { 0 => Quantity, 1 => Property(name) });
codec_enum!(Grid, "grid" { 0 => MicroCredit, 1 => Credit });
codec_enum!(Rounding, "rounding" { 0 => HalfUp, 1 => HalfEven, 2 => Up, 3 => Down });
