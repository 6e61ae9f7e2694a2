//! The ledger lines of a fact: one per lot touched, signed, adding up to the change of the balance.

use crate::{
    Charge, Credits, Draw, EventTypeNo, Fact, GrantKind, LotNo, Millis, Position, Reclaim, WalletEvent,
};

/// Why credits moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A lot came in, or its day came.
    Grant,
    /// An event was charged.
    Charge,
    /// A hold was captured.
    Capture,
    /// An event was undone.
    Reversal,
    /// Credits lapsed (breakage).
    Expiry,
    /// What was left of a lot was taken back.
    Void,
    /// Credits followed money that went back, or came again with it.
    Refund,
}

impl EntryKind {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Charge => "charge",
            Self::Capture => "capture",
            Self::Reversal => "reversal",
            Self::Expiry => "expiry",
            Self::Void => "void",
            Self::Refund => "refund",
        }
    }
}

/// A line of a wallet's ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Why credits moved.
    pub kind: EntryKind,
    /// The lot touched; `None` for debt.
    pub lot: Option<LotNo>,
    /// Signed: what the wallet's posted credits changed by.
    pub credits: Credits,
    /// Nano-units recognised (or taken back, negative) with it.
    pub revenue_nano: i64,
    /// When it counts from, where that is not the time of recording: what happened by time.
    pub due: Option<Millis>,
    /// The event it belongs to, where that is another fact: a reversal's.
    pub event: Option<Position>,
    /// The order it belongs to: of what was bought, and of what followed its money back.
    pub order: Option<Position>,
    /// The type of that event.
    pub event_type: Option<EventTypeNo>,
    /// The kind of lot that came in.
    pub grant: Option<GrantKind>,
}

/// The lines of a fact, in the order in which it happened. Their credits add up to the change of `posted`.
pub fn entries(fact: &Fact) -> Vec<LedgerEntry> {
    let Fact::Wallet(fact) = fact else { return Vec::new() };
    match &fact.event {
        WalletEvent::Metered { request, charge, .. } => {
            charge_lines(EntryKind::Charge, request.event_type, charge)
        }
        WalletEvent::Recharged { request: crate::RechargeRequest { event, .. }, charge, of }
        | WalletEvent::Collected { request: crate::CollectRequest { event, .. }, charge, of } => {
            let event_type = of.as_ref().map_or(EventTypeNo::default(), |of| of.event_type);
            let lines = charge_lines(EntryKind::Charge, event_type, charge);
            lines.into_iter().map(|l| LedgerEntry { event: Some(*event), ..l }).collect()
        }
        WalletEvent::HoldCaptured { of, charge, broken, .. } => {
            let mut lines = charge_lines(EntryKind::Capture, of.event_type, charge);
            lines.extend(broken.iter().map(|draw| out(EntryKind::Expiry, draw)));
            lines
        }
        // A lot to come moves nothing until its day.
        WalletEvent::Granted { active: false, .. } | WalletEvent::GrantVoided { active: false, .. } => {
            Vec::new()
        }
        WalletEvent::Granted { request, lot, .. } => {
            let grant = Some(request.kind);
            vec![LedgerEntry { grant, ..line(EntryKind::Grant, Some(*lot), request.credits, 0) }]
        }
        WalletEvent::LotActivated { lot, due, credits, .. } => {
            vec![LedgerEntry { due: Some(*due), ..line(EntryKind::Grant, Some(*lot), *credits, 0) }]
        }
        WalletEvent::LotExpired { due, broken } => {
            vec![LedgerEntry { due: Some(*due), ..out(EntryKind::Expiry, broken) }]
        }
        WalletEvent::HoldVoided { broken, .. } => {
            broken.iter().map(|draw| out(EntryKind::Expiry, draw)).collect()
        }
        WalletEvent::HoldExpired { broken, due, .. } => broken
            .iter()
            .map(|draw| LedgerEntry { due: Some(*due), ..out(EntryKind::Expiry, draw) })
            .collect(),
        WalletEvent::GrantVoided { request, credits, .. } => {
            vec![line(EntryKind::Void, Some(request.lot), Credits::ZERO - *credits, 0)]
        }
        WalletEvent::Reversed { request, debt, returns, adjustment, .. } => {
            let event = Some(request.event);
            let owed = debt.is_positive().then(|| line(EntryKind::Reversal, None, *debt, 0));
            let back =
                returns.iter().map(|d| line(EntryKind::Reversal, Some(d.lot), d.credits, -d.revenue_nano));
            let adjusted = adjustment.iter().map(|a| line(EntryKind::Reversal, Some(a.lot), a.credits, 0));
            owed.into_iter().chain(back).chain(adjusted).map(|l| LedgerEntry { event, ..l }).collect()
        }
        WalletEvent::Opened { welcome: Some(welcome) } => {
            let grant = Some(GrantKind::Promotional);
            vec![LedgerEntry { grant, ..line(EntryKind::Grant, Some(LotNo(1)), welcome.credits, 0) }]
        }
        WalletEvent::OrderSettled { request, fulfilment, reclaim, .. } => {
            let arrived = fulfilment.iter().map(|f| LedgerEntry {
                grant: Some(GrantKind::Paid),
                ..line(EntryKind::Grant, Some(f.lot), f.credits, 0)
            });
            let moved = reclaim.iter().flat_map(|reclaim| reclaim_lines(reclaim));
            let order = Some(request.order.position);
            arrived.chain(moved).map(|l| LedgerEntry { order, ..l }).collect()
        }
        WalletEvent::AllowanceRenewed { renewal } => {
            let due = Some(renewal.due);
            let lapsed = renewal.lapsed.iter().map(|draw| out(EntryKind::Expiry, draw));
            let granted = renewal.lot.map(|lot| LedgerEntry {
                grant: Some(GrantKind::Promotional),
                ..line(EntryKind::Grant, Some(lot), renewal.credits, 0)
            });
            lapsed.chain(granted).map(|l| LedgerEntry { due, ..l }).collect()
        }
        WalletEvent::Opened { welcome: None }
        | WalletEvent::OrderPlaced { .. }
        | WalletEvent::CheckoutOpened { .. }
        | WalletEvent::RefundStarted { .. }
        | WalletEvent::AllowanceSet { .. }
        | WalletEvent::AllowanceEnded { .. }
        | WalletEvent::HoldPlaced { .. }
        | WalletEvent::HoldIncreased { .. }
        | WalletEvent::HoldExtended { .. }
        | WalletEvent::PolicySet { .. }
        | WalletEvent::Frozen
        | WalletEvent::Thawed
        | WalletEvent::CustomerErased
        | WalletEvent::CostSet { .. }
        | WalletEvent::EventAnnotated { .. }
        | WalletEvent::Refused { .. } => Vec::new(),
    }
}

fn line(kind: EntryKind, lot: Option<LotNo>, credits: Credits, revenue_nano: i64) -> LedgerEntry {
    LedgerEntry {
        kind,
        lot,
        credits,
        revenue_nano,
        due: None,
        event: None,
        order: None,
        event_type: None,
        grant: None,
    }
}

/// What followed money of an order, a line for each way it went. The lot's own revenue stands in the first.
fn reclaim_lines(reclaim: &Reclaim) -> Vec<LedgerEntry> {
    let refund =
        |lot: Option<LotNo>, credits, revenue_nano| line(EntryKind::Refund, lot, credits, revenue_nano);
    let own = reclaim.restored - reclaim.taken;
    let mut lines = vec![
        refund(Some(reclaim.order_lot), own, reclaim.revenue_nano),
        refund(None, reclaim.forgiven - reclaim.owed, 0),
    ];
    lines.extend(reclaim.returns.iter().map(|d| refund(Some(d.lot), d.credits, -d.revenue_nano)));
    lines.extend(reclaim.adjustment.iter().map(|a| refund(Some(a.lot), a.credits, 0)));
    lines.retain(|line| !line.credits.is_zero() || line.revenue_nano != 0);
    lines.extend(reclaim.broken.iter().map(|draw| out(EntryKind::Expiry, draw)));
    lines
}

/// Credits leaving a lot.
fn out(kind: EntryKind, draw: &Draw) -> LedgerEntry {
    line(kind, Some(draw.lot), Credits::ZERO - draw.credits, draw.revenue_nano)
}

/// A line per lot that paid, and one for what is owed.
fn charge_lines(kind: EntryKind, event_type: EventTypeNo, charge: &Charge) -> Vec<LedgerEntry> {
    let owed = charge.debt.is_positive().then(|| line(kind, None, Credits::ZERO - charge.debt, 0));
    let paid = charge.draws.iter().map(|draw| out(kind, draw));
    paid.chain(owed).map(|l| LedgerEntry { event_type: Some(event_type), ..l }).collect()
}
