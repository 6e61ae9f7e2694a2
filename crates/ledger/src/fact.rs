//! What happened. A fact in the journal is true for ever; a correction is a new fact.
//!
//! A fact has every number in it: what was asked, what it cost, which lots paid, what revenue that recognised and
//! what the wallet held afterwards. What may have to be forgotten (customer ids, raw keys, properties, free text)
//! is not here but in the fact's [`crate::Payload`].

use compact_str::CompactString;
use smallvec::SmallVec;

use crate::codec::codec_struct;
use crate::{
    AdviceLook, AllowanceRequest, AnnotateRequest, Budget, CaptureRequest, CardNo, CheckoutRequest,
    CollectRequest, CorrectionRequest, CorrectionSums, Cost, CostRequest, Credits, Currency, EntryId,
    EventRef, EventTypeNo, ExtendRequest, Facets, Fulfilment, GrantRequest, HeldBecause, HoldRequest,
    IncreaseRequest, KeyHash, KeyLimits, KeyNo, LotNo, MeterRequest, Millis, Money, Moved, OrderRequest,
    OrderStatus, OrderTerms, Outcome, PackNo, PackRequest, Policy, Position, PriceNo, PriceRequest, Quantity,
    RateCardRequest, RechargeRequest, Reclaim, Recommendation, RefundRequest, Refusal, RejectAdviceRequest,
    Renewal, ReverseRequest, Scopes, Settings, SettleRequest, Usage, VoidGrantRequest, VoidHoldRequest,
    WalletNo,
};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// To a wallet. By far the most frequent.
    Wallet(WalletFact),
    /// To the catalogue: event types, prices, keys.
    Catalogue(CatalogueFact),
    /// The journal was begun, once, by its first fact.
    EnvironmentCreated {
        /// `test`, `live` or `playground`.
        name: CompactString,
        /// Keys the hashes of this environment's idempotency keys.
        salt: [u8; 32],
        /// The currency of prices and costs.
        currency: Currency,
    },
    /// A writer took over.
    EpochStarted {
        /// Counts the writers.
        epoch: u32,
        /// The version of the software.
        software: CompactString,
    },
    /// A batch marked atomic was accepted as a whole; its events are the facts just before.
    BatchAccepted {
        /// Who asked, under which key.
        origin: Origin,
        /// Whose batch.
        wallet: WalletNo,
        /// How many events.
        events: u32,
        /// The first of them.
        first: Position,
    },
}

/// Who asked for a thing, and under which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The API key that asked.
    pub actor: KeyNo,
    /// The idempotency key's hash.
    pub key: Option<KeyHash>,
}

/// Something that happened to a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletFact {
    /// Whose, by whom, and the balance after it.
    pub header: Header,
    /// What.
    pub event: WalletEvent,
}

/// What every fact about a wallet begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Who asked, under which key.
    pub origin: Origin,
    /// Which wallet.
    pub wallet: WalletNo,
    /// The wallet's fact before this one: its history is a chain.
    pub previous: Option<Position>,
    /// The balance after this fact.
    pub after: Balance,
}

/// What a wallet has. `available` is derived: posted − held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Balance {
    /// Effective, unexpired remainders, plus expired ones still reserved by open holds, less open debt.
    pub posted: Credits,
    /// Reserved by open holds.
    pub held: Credits,
    /// Charged beyond what there was, to be settled by the next grant.
    pub debt: Credits,
}

impl Balance {
    /// What can be spent: posted − held. Negative in debt.
    pub fn available(&self) -> Credits {
        self.posted - self.held
    }
}

/// How a charge was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The price version used; `None` where the caller set the credits.
    pub price: Option<PriceNo>,
    /// What the event costs.
    pub credits: Credits,
    /// Which lots paid, in burn order.
    pub draws: SmallVec<[Draw; 1]>,
    /// Charged beyond what there was.
    pub debt: Credits,
    /// Neither paid nor owed: used, not charged, in a record-only wallet or by a caller that could not be refused.
    pub uncharged: Credits,
}

impl Charge {
    /// Of what is recorded and not charged: no credits, by no price.
    pub(crate) fn nothing() -> Self {
        Self {
            price: None,
            credits: Credits::ZERO,
            draws: SmallVec::new(),
            debt: Credits::ZERO,
            uncharged: Credits::ZERO,
        }
    }

    /// What the wallet was charged: paid from lots or owed.
    pub fn charged(&self) -> Credits {
        self.credits - self.uncharged
    }

    /// Nano-units of revenue recognised by this charge.
    pub fn revenue_nano(&self) -> i128 {
        // Each draw fits an amount; the sum over many lots need not.
        self.draws.iter().map(|d| i128::from(d.revenue_nano)).sum()
    }
}

/// Credits that left a lot, or came back to it, and the revenue that moved with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Which lot of the wallet.
    pub lot: LotNo,
    /// How many credits.
    pub credits: Credits,
    /// Nano-units of the lot's currency.
    pub revenue_nano: i64,
}
codec_struct!(Draw { lot, credits, revenue_nano });

/// Credits of a lot set aside for a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// Which lot of the wallet.
    pub lot: LotNo,
    /// How many credits.
    pub credits: Credits,
}
codec_struct!(Reserve { lot, credits });

/// Debt of an earlier event, paid by a new lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The event whose debt is paid.
    pub event: Position,
    /// Of which type.
    pub event_type: EventTypeNo,
    /// Under which price version.
    pub price: Option<PriceNo>,
    /// How much of it.
    pub credits: Credits,
    /// Nano-units recognised now.
    pub revenue_nano: i64,
}
codec_struct!(Settlement { event, event_type, price, credits, revenue_nano });

/// What a customer is given at first sight: a promotional lot, the wallet's first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// How many credits.
    pub credits: Credits,
    /// Until when they are good; [`Millis::NEVER`] for ever.
    pub expires_at: Millis,
}
codec_struct!(Welcome { credits, expires_at });

/// A lot that a reversal makes where the original one has expired or was voided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Its number in the wallet.
    pub lot: LotNo,
    /// How many credits, at no price.
    pub credits: Credits,
    /// Until when.
    pub expires_at: Millis,
}
codec_struct!(Adjustment { lot, credits, expires_at });

/// What a capture belongs to: the event type and price that its hold pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The hold's event type.
    pub event_type: EventTypeNo,
    /// How much was done, for reports; one unit when captured by credits.
    pub quantity: Quantity,
}
codec_struct!(Lineage { event_type, quantity });

/// What happened to a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WalletEvent {
    /// An event was priced and charged.
    Metered {
        /// As asked.
        request: MeterRequest,
        /// As paid.
        charge: Charge,
        /// What else is known of it.
        facets: Option<Box<Facets>>,
    },
    /// The wallet was opened; the payload has the customer's own id.
    Opened {
        /// What its customer was given at first sight: the wallet's first lot.
        welcome: Option<Box<Welcome>>,
    },
    /// A lot came in.
    Granted {
        /// As asked.
        request: GrantRequest,
        /// Its number in the wallet.
        lot: LotNo,
        /// Whether its day has come already; else it waits for [`WalletEvent::LotActivated`].
        active: bool,
        /// Debt that it paid at once.
        settlements: Vec<Settlement>,
    },
    /// What was left of a lot was taken back.
    GrantVoided {
        /// As asked.
        request: VoidGrantRequest,
        /// How many credits were left.
        credits: Credits,
        /// Whether its day had come, so that they counted in the balance.
        active: bool,
        /// Nano-units of its price that were never recognised, and now never will be.
        refunded_nano: i64,
    },
    /// A lot's day came.
    LotActivated {
        /// Which lot.
        lot: LotNo,
        /// When it was due.
        due: Millis,
        /// How many credits came with it.
        credits: Credits,
        /// Debt that it paid at once.
        settlements: Vec<Settlement>,
    },
    /// What was left of a lot lapsed, but for what open holds reserve.
    LotExpired {
        /// When it was due.
        due: Millis,
        /// Lot, credits and revenue that lapsed (breakage).
        broken: Draw,
    },
    /// Credits were set aside.
    HoldPlaced {
        /// As asked.
        request: HoldRequest,
        /// The version pinned; `None` where the caller set the credits.
        price: Option<PriceNo>,
        /// How many credits are held in all.
        credits: Credits,
        /// From which lots.
        reserves: SmallVec<[Reserve; 2]>,
        /// How many of them on the wallet's overdraft.
        on_overdraft: Credits,
        /// When it lapses by itself.
        expires_at: Millis,
    },
    /// More was set aside.
    HoldIncreased {
        /// As asked.
        request: IncreaseRequest,
        /// How many credits more.
        credits: Credits,
        /// From which lots.
        reserves: SmallVec<[Reserve; 2]>,
        /// How many of them on the wallet's overdraft.
        on_overdraft: Credits,
    },
    /// A hold's expiry moved.
    HoldExtended {
        /// As asked.
        request: ExtendRequest,
        /// When it lapses now.
        expires_at: Millis,
    },
    /// What was held was charged, wholly or in part. This is a meter event, too.
    HoldCaptured {
        /// As asked.
        request: CaptureRequest,
        /// What the hold was for.
        of: Lineage,
        /// As paid.
        charge: Charge,
        /// How many of its credits were held on the overdraft and are now debt or released.
        overdraft_freed: Credits,
        /// Reservations that were used up by the charge.
        used: SmallVec<[Reserve; 2]>,
        /// Reservations given back.
        released: SmallVec<[Reserve; 2]>,
        /// Of those, what lapsed at once because its lot had expired meanwhile.
        broken: Vec<Draw>,
        /// What is still held; zero when the hold has ended.
        still_held: Credits,
        /// Whether the hold ended with it.
        ended: bool,
        /// What else is known of it.
        facets: Option<Box<Facets>>,
    },
    /// A hold was given up.
    HoldVoided {
        /// As asked.
        request: VoidHoldRequest,
        /// Reservations given back.
        released: SmallVec<[Reserve; 2]>,
        /// Of those, what lapsed at once.
        broken: Vec<Draw>,
    },
    /// A hold lapsed.
    HoldExpired {
        /// Which hold, by its place in the journal.
        hold: Position,
        /// When it was due.
        due: Millis,
        /// Reservations given back.
        released: SmallVec<[Reserve; 2]>,
        /// Of those, what lapsed at once.
        broken: Vec<Draw>,
    },
    /// An event was undone, wholly or in part.
    Reversed {
        /// As asked.
        request: ReverseRequest,
        /// How many credits in all.
        credits: Credits,
        /// How many of them were still owed, and are no longer.
        debt: Credits,
        /// What went back to which lot, and the revenue taken back with it.
        returns: Vec<Draw>,
        /// What could not go back to its lot.
        adjustment: Option<Adjustment>,
        /// The event, by what reports need of it.
        of: Option<Box<EventRef>>,
    },
    /// An event was charged again: a correction upwards, or of a correction. This is no meter event.
    Recharged {
        /// As asked.
        request: RechargeRequest,
        /// As paid.
        charge: Charge,
        /// The event, by what reports need of it.
        of: Option<Box<EventRef>>,
    },
    /// What of an event was used and not charged was charged after all. This is no meter event.
    Collected {
        /// As asked.
        request: CollectRequest,
        /// As paid.
        charge: Charge,
        /// The event, by what reports need of it.
        of: Option<Box<EventRef>>,
    },
    /// What an event cost the operator was attached or corrected.
    CostSet {
        /// As asked.
        request: CostRequest,
        /// What was known before.
        before: Option<Cost>,
        /// What is known now; `None` where the usage given has no price.
        cost: Option<Cost>,
        /// The usage, where that was given.
        usage: Option<Usage>,
        /// The event, by what reports need of it.
        of: Option<Box<EventRef>>,
    },
    /// Properties were attached to an event, in the payload of this fact.
    EventAnnotated {
        /// As asked.
        request: AnnotateRequest,
        /// Which event.
        event: EntryId,
        /// What reports count of it, where that moves.
        moved: Option<Box<Moved>>,
    },
    /// A pack was ordered.
    OrderPlaced {
        /// As asked.
        request: Box<OrderRequest>,
        /// As it was for sale.
        terms: Box<OrderTerms>,
    },
    /// A provider opened a checkout for an order.
    CheckoutOpened {
        /// Which, and where the buyer pays.
        request: Box<CheckoutRequest>,
    },
    /// An order was brought to where its provider says that it stands.
    OrderSettled {
        /// What the provider said.
        request: Box<SettleRequest>,
        /// Where its payment stands now.
        status: OrderStatus,
        /// Why it waits for a person, where it does.
        held_because: Option<HeldBecause>,
        /// The credits that arrived with it.
        fulfilment: Option<Box<Fulfilment>>,
        /// The credits that followed money back.
        reclaim: Option<Box<Reclaim>>,
    },
    /// Credits of an order were set aside, to be refunded.
    RefundStarted {
        /// As asked.
        request: RefundRequest,
        /// How many credits.
        credits: Credits,
        /// What is to be paid back.
        amount: Money,
    },
    /// The wallet was given an allowance, or another of the same code.
    AllowanceSet {
        /// As asked.
        request: Box<AllowanceRequest>,
    },
    /// An allowance was taken away.
    AllowanceEnded {
        /// Which, by the place of the fact that gave it.
        allowance: Position,
    },
    /// A period of an allowance began.
    AllowanceRenewed {
        /// What it brought, and what lapsed.
        renewal: Box<Renewal>,
    },
    /// What happens when credits run out was chosen.
    PolicySet {
        /// The new policy.
        policy: Policy,
    },
    /// New spending was stopped.
    Frozen,
    /// Spending was allowed again.
    Thawed,
    /// The customer's own id was forgotten, for good: nobody can act on the wallet any more, only time. What it has
    /// stays, since figures do not change.
    CustomerErased,
    /// A call was refused: a verdict, final for its key.
    Refused {
        /// What was asked.
        asked: Asked,
        /// Why not.
        refusal: Refusal,
        /// What else is known of an event that was refused.
        facets: Option<Box<Facets>>,
    },
}

/// The request behind a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To meter an event.
    Meter(MeterRequest),
    /// To place a hold.
    PlaceHold(HoldRequest),
    /// To hold more.
    IncreaseHold(IncreaseRequest),
    /// To move a hold's expiry.
    ExtendHold(ExtendRequest),
    /// To capture a hold.
    CaptureHold(CaptureRequest),
    /// To void a hold.
    VoidHold(VoidHoldRequest),
    /// To grant a lot.
    Grant(GrantRequest),
    /// To void a lot.
    VoidGrant(VoidGrantRequest),
    /// To reverse an event.
    Reverse(ReverseRequest),
    /// To charge an event again.
    Recharge(RechargeRequest),
    /// To charge what of an event was used and not charged.
    Collect(CollectRequest),
    /// To attach or correct what an event cost the operator.
    SetCost(CostRequest, Option<Usage>),
    /// To order a pack.
    PlaceOrder(OrderRequest),
    /// To refund credits of an order.
    RefundOrder(RefundRequest),
    /// To give the wallet an allowance.
    SetAllowance(Box<AllowanceRequest>),
    /// To accept this many events or none; the number is the index of the one that was refused.
    Batch(u32, u32),
}

/// Something that happened to the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueFact {
    /// Who asked, under which key.
    pub origin: Origin,
    /// What.
    pub change: CatalogueChange,
}
codec_struct!(CatalogueFact { origin, change });

/// A change to event types, prices or keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogueChange {
    /// An event type was defined, or its label, description, dimensions or settings changed.
    EventTypeDefined {
        /// Its number.
        event_type: EventTypeNo,
        /// Its name.
        name: CompactString,
        /// What people call it.
        label: CompactString,
        /// A sentence about it.
        description: CompactString,
        /// Whether callers may choose the credits.
        caller_set_credits: bool,
        /// Properties that reports may be grouped by.
        dimensions: Vec<CompactString>,
        /// Whether new events of it are refused.
        archived: bool,
        /// What one unit of it is estimated to cost the operator, in nano-units.
        estimated_cost_nano: Option<i64>,
    },
    /// A price version was published.
    PricePublished {
        /// As asked.
        request: PriceRequest,
        /// Its number.
        price: PriceNo,
        /// Which version of that type's price: 1, 2, …
        version: u32,
        /// From when.
        effective_at: Millis,
    },
    /// A price version was refused.
    PriceRefused {
        /// As asked.
        request: PriceRequest,
        /// Why not.
        refusal: Refusal,
    },
    /// An API key was made.
    KeyCreated {
        /// Its number.
        key: KeyNo,
        /// What people call it.
        label: CompactString,
        /// BLAKE3 of the secret. The secret itself is kept nowhere.
        secret_hash: [u8; 32],
        /// The secret's last four characters, so that a person can tell keys apart.
        hint: CompactString,
        /// What it may do.
        scopes: Scopes,
        /// The key it replaces, where it was made by a rotation.
        replaces: Option<KeyNo>,
        /// What it is kept from, where it is kept from anything.
        limits: Option<Box<KeyLimits>>,
    },
    /// The budget of a key, and of those it replaces or that replace it, was set or taken away.
    KeyBudgetSet {
        /// Which key.
        key: KeyNo,
        /// What may be spent in its name; `None`: as much as there is.
        budget: Option<Budget>,
    },
    /// An API key was revoked.
    KeyRevoked {
        /// Which.
        key: KeyNo,
        /// From when it is dead; a rotation may leave an overlap.
        dead_at: Millis,
    },
    /// The settings changed.
    SettingsChanged {
        /// All of them, as they are from here on.
        settings: Settings,
    },
    /// A version of a credit pack was published.
    PackPublished {
        /// As asked.
        request: Box<PackRequest>,
        /// Its number.
        pack: PackNo,
        /// Which version of that pack: 1, 2, …
        version: u32,
    },
    /// A rate card was published.
    RateCardPublished {
        /// As asked.
        request: RateCardRequest,
        /// Its number.
        card: CardNo,
        /// From when.
        effective_at: Millis,
    },
    /// A correction was decided; what it does follows, one fact for each event.
    CorrectionOpened {
        /// As asked. Boxed, so that every other call stays small on its way to the writer.
        request: Box<CorrectionRequest>,
    },
    /// A correction has come to its end.
    CorrectionClosed {
        /// Which, by the place of the fact that opened it.
        correction: Position,
        /// What it did.
        sums: Box<CorrectionSums>,
    },
    /// Advice was given.
    RecommendationMade {
        /// What it says.
        recommendation: Box<Recommendation>,
    },
    /// A recommendation was turned down.
    RecommendationRejected {
        /// As asked.
        request: RejectAdviceRequest,
    },
    /// A recommendation was graded.
    RecommendationGraded {
        /// Which, by the place of its fact.
        recommendation: Position,
        /// How it came out.
        outcome: Box<Outcome>,
    },
    /// Advice was looked for, whatever was found.
    AdviceLooked {
        /// When, and how.
        look: AdviceLook,
    },
}
