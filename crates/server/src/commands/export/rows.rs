//! From facts to rows: what is known of each, with names instead of numbers.

use std::collections::HashMap;

use chargly_api::{Id, IdKind};
use chargly_engine::StoredFact;
use chargly_engine::ledger::{
    Charge, Credits, EntryId, EventTypeNo, Fact, Millis, Money, Quantity, WalletEvent, WalletFact, WalletNo,
    entries,
};

use super::writer::Cell;
use crate::data_dir::time_text;
use crate::exact;
use crate::scan::CatalogueFold;

/// Columns of events.
pub(crate) const EVENT_COLUMNS: &[&str] = &[
    "position",
    "id",
    "kind",
    "recorded_at",
    "occurred_at",
    "customer",
    "event",
    "quantity",
    "credits",
    "debt",
    "uncharged",
    "revenue",
    "revenue_currency",
    "cost",
    "cost_currency",
    "price_version",
    "idempotency_key",
    "properties",
];

/// Columns of ledger entries.
pub(crate) const LEDGER_COLUMNS: &[&str] = &[
    "position",
    "id",
    "at",
    "recorded_at",
    "customer",
    "kind",
    "event",
    "lot",
    "credits",
    "balance_after",
    "revenue",
    "revenue_currency",
    "reason",
];

/// A row, and the time by which it is in a range or not.
pub(crate) struct Row {
    /// When it occurred, or counts from.
    pub(crate) at: Millis,
    /// In the order of the columns.
    pub(crate) cells: Vec<Cell>,
}

/// What numbers in facts are called, folded along.
pub(crate) struct Directory {
    catalogue: CatalogueFold,
    customers: HashMap<WalletNo, String>,
}

impl Directory {
    /// Before the first fact.
    pub(crate) fn new() -> Self {
        Self { catalogue: CatalogueFold::new(), customers: HashMap::new() }
    }

    /// Takes up the names that a fact brings.
    pub(crate) fn fold(&mut self, stored: &StoredFact) {
        self.catalogue.fold(stored);
        if let Fact::Wallet(WalletFact { header, event: WalletEvent::Opened { .. } }) = &stored.fact
            && let Some(customer) = stored.payload.known().customer
        {
            self.customers.insert(header.wallet, customer.to_string());
        }
    }

    /// The event that a fact is, if it is one.
    pub(crate) fn event(&self, stored: &StoredFact) -> Option<Row> {
        let Fact::Wallet(fact) = &stored.fact else { return None };
        let (kind, event_type, quantity, cost, occurred_at, charge): (
            _,
            _,
            Quantity,
            Option<Money>,
            _,
            &Charge,
        ) = match &fact.event {
            WalletEvent::Metered { request: r, charge, .. } => {
                ("metered", r.event_type, r.quantity, r.cost, r.occurred_at.unwrap_or(stored.at), charge)
            }
            WalletEvent::HoldCaptured { request, of, charge, .. } => {
                ("captured", of.event_type, of.quantity, request.cost, stored.at, charge)
            }
            _ => return None,
        };
        let payload = stored.payload.known();
        let price = charge.price.and_then(|no| self.catalogue.catalogue().price(no));
        let cells = vec![
            Cell::number(stored.id.position),
            public_id(IdKind::Event, stored.id).into(),
            kind.into(),
            time_text(stored.at.0).into(),
            time_text(occurred_at.0).into(),
            self.customer(fact.header.wallet),
            self.event_type(Some(event_type)),
            Cell::number(quantity),
            Cell::number(charge.credits),
            Cell::number(charge.debt),
            Cell::number(charge.uncharged),
            Cell::number(exact::nano(charge.revenue_nano())),
            self.currency(),
            cost.map_or(Cell::Empty, |cost| Cell::number(cost.amount())),
            cost.map(|cost| cost.currency.as_str().to_owned()).into(),
            price.map(|price| public_id(IdKind::Price, price.id)).into(),
            payload.key.map(String::from).into(),
            payload.properties.map_or(Cell::Empty, |json| Cell::Json(json.into())),
        ];
        Some(Row { at: occurred_at, cells })
    }

    /// Properties that were attached to an event after it was charged: a row under the event's id that has nothing
    /// else, so that no sum counts the event again.
    pub(crate) fn annotation(&self, stored: &StoredFact) -> Option<Row> {
        let Fact::Wallet(fact) = &stored.fact else { return None };
        let WalletEvent::EventAnnotated { request, event, .. } = &fact.event else { return None };
        let payload = stored.payload.known();
        let mut cells = vec![
            Cell::number(stored.id.position),
            public_id(IdKind::Event, *event).into(),
            "annotated".into(),
            time_text(stored.at.0).into(),
            time_text(stored.at.0).into(),
            self.customer(fact.header.wallet),
            self.event_type(Some(request.event_type)),
        ];
        cells.resize(EVENT_COLUMNS.len() - 2, Cell::Empty);
        cells.push(payload.key.map(String::from).into());
        cells.push(payload.properties.map_or(Cell::Empty, |json| Cell::Json(json.into())));
        Some(Row { at: stored.at, cells })
    }

    /// The ledger lines of a fact, with the balance after each.
    pub(crate) fn ledger(&self, stored: &StoredFact) -> Vec<Row> {
        let Fact::Wallet(fact) = &stored.fact else { return Vec::new() };
        let lines = entries(&stored.fact);
        let moved: Credits = lines.iter().map(|line| line.credits).sum();
        let mut balance = fact.header.after.posted - moved;
        let reason = stored.payload.known().reason.map(String::from);
        let mut rows = Vec::with_capacity(lines.len());
        for (index, line) in lines.into_iter().enumerate() {
            balance += line.credits;
            let at = line.due.unwrap_or(stored.at);
            let id = Id {
                line: u16::try_from(index).unwrap_or(u16::MAX),
                ..Id::new(IdKind::Entry, stored.id.position.0, stored.id.tag)
            };
            let cells = vec![
                Cell::number(stored.id.position),
                id.to_string().into(),
                time_text(at.0).into(),
                time_text(stored.at.0).into(),
                self.customer(fact.header.wallet),
                line.kind.as_str().into(),
                self.event_type(line.event_type),
                line.lot.map_or(Cell::Empty, |lot| Cell::number(lot.0)),
                Cell::number(line.credits),
                Cell::number(balance),
                Cell::number(exact::nano(line.revenue_nano.into())),
                self.currency(),
                reason.clone().into(),
            ];
            rows.push(Row { at, cells });
        }
        rows
    }

    /// Empty for a customer that was erased.
    fn customer(&self, wallet: WalletNo) -> Cell {
        self.customers.get(&wallet).cloned().into()
    }

    fn event_type(&self, number: Option<EventTypeNo>) -> Cell {
        let found = number.and_then(|no| self.catalogue.catalogue().event_type_no(no));
        found.map(|event_type| event_type.name.to_string()).into()
    }

    fn currency(&self) -> Cell {
        self.catalogue.catalogue().currency.as_str().into()
    }
}

fn public_id(kind: IdKind, id: EntryId) -> String {
    Id::new(kind, id.position.0, id.tag).to_string()
}
