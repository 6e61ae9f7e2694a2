//! Facts made by hand, and views folded from them.

use chargly_ledger::{
    Asked, Balance, CaptureRequest, Charge, Credits, Currency, Draw, EntryId, EventTypeNo, Fact, GrantKind,
    GrantRequest, Header, HoldRequest, IfInsufficient, KeyNo, Lineage, LotNo, MeterRequest, Millis, Money,
    Origin, Position, PriceNo, Quantity, Refusal, ReverseRequest, Settlement, WalletEvent, WalletFact,
    WalletNo,
};
use chargly_views::{By, FiguresQuery, Interval, Views};
use smallvec::SmallVec;

/// Two event types, two wallets, and an hour in which most of it happens: 2026-01-01T10:00Z.
pub(crate) const CHAT: EventTypeNo = EventTypeNo(0);
pub(crate) const IMAGE: EventTypeNo = EventTypeNo(1);
pub(crate) const ADA: WalletNo = WalletNo(0);
pub(crate) const BOB: WalletNo = WalletNo(1);
pub(crate) const HOUR_MS: i64 = 3_600_000;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
pub(crate) const MIDNIGHT: Millis = Millis(20_454 * DAY_MS);
pub(crate) const TEN: Millis = Millis(20_454 * DAY_MS + 10 * HOUR_MS);
pub(crate) const ELEVEN: Millis = Millis(TEN.0 + HOUR_MS);

/// All of time and everything, told apart by `by`.
pub(crate) fn ever(interval: Interval, by: &[By]) -> FiguresQuery {
    FiguresQuery {
        from: Millis(i64::MIN),
        to: Millis::NEVER,
        interval,
        by: by.to_vec(),
        event_type: None,
        price: None,
        wallet: None,
        dimension: None,
    }
}

/// Folds facts recorded at these times, on top of what was folded before.
pub(crate) fn fold(views: &mut Views, facts: &[(Millis, Fact)]) {
    for (at, fact) in facts {
        views.fold(views.next(), *at, fact).expect("fold");
    }
}

/// One fact of every kind that counts, and two that do not.
pub(crate) fn one_of_each() -> Vec<(Millis, Fact)> {
    vec![
        (TEN, fact(ADA, WalletEvent::Opened { welcome: None })),
        (TEN, metered(ADA, CHAT, 3, charge(8, &[(8, 16)]), Some(5))),
        (TEN, metered(BOB, IMAGE, 1, charge(40, &[(30, 60), (10, 7)]), None)),
        (TEN, captured(ADA, IMAGE, charge(20, &[(20, 40)]), Some(9), &[(2, 4)])),
        (TEN, reversed(ADA, 8, &[(8, 16)])),
        (TEN, settled(BOB, &[(6, 12), (1, 2)])),
        (TEN, expired(BOB, ELEVEN, (50, 100))),
        (TEN, refused(ADA, Asked::Meter(request(CHAT, 1, Some(11))))),
        (TEN, refused(ADA, Asked::PlaceHold(hold_request(IMAGE)))),
        (TEN, refused(BOB, Asked::CaptureHold(capture_request(Some(13))))),
        (TEN, refused(BOB, Asked::Batch(100, 3))),
        (TEN, fact(BOB, WalletEvent::Frozen)),
    ]
}

pub(crate) fn fact(wallet: WalletNo, event: WalletEvent) -> Fact {
    let origin = Origin { actor: KeyNo::SYSTEM, key: None };
    let header = Header { origin, wallet, previous: None, after: Balance::default() };
    Fact::Wallet(WalletFact { header, event })
}

pub(crate) fn metered(
    wallet: WalletNo,
    of: EventTypeNo,
    units: i64,
    charge: Charge,
    cost: Option<i64>,
) -> Fact {
    fact(wallet, WalletEvent::Metered { request: request(of, units, cost), charge, facets: None })
}

/// An event said to have happened at another time than it was recorded.
pub(crate) fn metered_late(wallet: WalletNo, of: EventTypeNo, occurred_at: Millis) -> Fact {
    let request = MeterRequest { occurred_at: Some(occurred_at), ..request(of, 1, None) };
    fact(wallet, WalletEvent::Metered { request, charge: charge(8, &[(8, 0)]), facets: None })
}

/// An event that occurred at another time than it was recorded, paid in this way.
pub(crate) fn metered_at(wallet: WalletNo, of: EventTypeNo, occurred_at: Millis, charge: Charge) -> Fact {
    let request = MeterRequest { occurred_at: Some(occurred_at), ..request(of, 1, None) };
    fact(wallet, WalletEvent::Metered { request, charge, facets: None })
}

/// A lot that came in.
pub(crate) fn granted(wallet: WalletNo, kind: GrantKind, credits: i64, price: Option<i64>) -> Fact {
    let request = GrantRequest {
        credits: Credits::from_micro(credits),
        kind,
        price: money(price),
        priority: 0,
        effective_at: None,
        expires_at: None,
        scope: Vec::new(),
    };
    fact(wallet, WalletEvent::Granted { request, lot: LotNo(0), active: true, settlements: Vec::new() })
}

pub(crate) fn captured(
    wallet: WalletNo,
    of: EventTypeNo,
    charge: Charge,
    cost: Option<i64>,
    broken: &[(i64, i64)],
) -> Fact {
    let event = WalletEvent::HoldCaptured {
        request: capture_request(cost),
        of: Lineage { event_type: of, quantity: Quantity::ONE },
        charge,
        overdraft_freed: Credits::ZERO,
        used: SmallVec::new(),
        released: SmallVec::new(),
        broken: draws(broken),
        still_held: Credits::ZERO,
        ended: true,
        facets: None,
    };
    fact(wallet, event)
}

pub(crate) fn reversed(wallet: WalletNo, credits: i64, returns: &[(i64, i64)]) -> Fact {
    let event = WalletEvent::Reversed {
        request: ReverseRequest { event: Position(1), credits: None, correction: None },
        credits: Credits::from_micro(credits),
        debt: Credits::ZERO,
        returns: draws(returns),
        adjustment: None,
        of: None,
    };
    fact(wallet, event)
}

pub(crate) fn settled(wallet: WalletNo, settlements: &[(i64, i64)]) -> Fact {
    let settlements = settlements.iter().map(|(credits, revenue_nano)| Settlement {
        event: Position(1),
        event_type: EventTypeNo(0),
        price: None,
        credits: Credits::from_micro(*credits),
        revenue_nano: *revenue_nano,
    });
    let event = WalletEvent::LotActivated {
        lot: LotNo(0),
        due: TEN,
        credits: Credits::from_micro(100),
        settlements: settlements.collect(),
    };
    fact(wallet, event)
}

pub(crate) fn expired(wallet: WalletNo, due: Millis, broken: (i64, i64)) -> Fact {
    fact(wallet, WalletEvent::LotExpired { due, broken: draws(&[broken])[0] })
}

pub(crate) fn refused(wallet: WalletNo, asked: Asked) -> Fact {
    fact(wallet, WalletEvent::Refused { asked, refusal: Refusal::GrantNotOpen, facets: None })
}

/// A charge of price version 0, paid by lots: micro-credits and nano-units of each draw.
pub(crate) fn charge(credits: i64, paid: &[(i64, i64)]) -> Charge {
    Charge {
        price: Some(PriceNo(0)),
        credits: Credits::from_micro(credits),
        draws: draws(paid).into(),
        debt: Credits::ZERO,
        uncharged: Credits::ZERO,
    }
}

pub(crate) fn request(event_type: EventTypeNo, units: i64, cost: Option<i64>) -> MeterRequest {
    MeterRequest {
        event_type,
        quantity: Quantity::from_micro(units * Quantity::ONE.micro()).expect("a quantity"),
        credits: None,
        cost: money(cost),
        occurred_at: None,
        if_insufficient: IfInsufficient::Refuse,
    }
}

pub(crate) fn hold_request(event_type: EventTypeNo) -> HoldRequest {
    HoldRequest { event_type, quantity: None, credits: Some(Credits::from_micro(5)), expires_in_s: None }
}

pub(crate) fn capture_request(cost: Option<i64>) -> CaptureRequest {
    CaptureRequest {
        hold: EntryId { position: Position(1), tag: 0 },
        quantity: None,
        credits: None,
        cost: money(cost),
        if_insufficient: IfInsufficient::Refuse,
        is_final: true,
    }
}

fn money(nano: Option<i64>) -> Option<Money> {
    nano.map(|nano| Money { nano, currency: Currency::USD })
}

fn draws(draws: &[(i64, i64)]) -> Vec<Draw> {
    let draw = |(credits, revenue_nano): &(i64, i64)| Draw {
        lot: LotNo(0),
        credits: Credits::from_micro(*credits),
        revenue_nano: *revenue_nano,
    };
    draws.iter().map(draw).collect()
}
