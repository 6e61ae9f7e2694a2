//! Everything the rules look at: wallets, catalogue, and what became of holds and events. A fold of the journal.
//!
//! The state can be taken back to a [`Mark`]: what was decided but could not be committed is undone, exactly.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::BuildHasher;
use std::sync::Arc;

use compact_str::CompactString;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::budget::day_of;
use crate::codec::{codec_enum, codec_struct};
use crate::cold::ColdKey;
use crate::{
    Annotation, Balance, Catalogue, Charge, Cost, Credits, EntryId, EventTypeNo, Fact, Hold, KeyNo, Lot,
    LotNo, Means, Millis, Position, PriceNo, SetAside, Spending, TopUp, Wallet, WalletEvent, WalletNo,
};

/// Where and when a fact was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The fact's place, sealed. The seal is only there for facts that the state remembers by id.
    pub id: EntryId,
    /// The time of its frame.
    pub at: Millis,
}

impl Recorded {
    /// For a fact at `position` with these encoded bytes; hashes them only where the state keeps the id.
    pub fn new(position: Position, at: Millis, fact: &Fact, bytes: &[u8]) -> Self {
        let remembered = match fact {
            Fact::Catalogue(_) => true,
            Fact::Wallet(fact) => matches!(
                fact.event,
                WalletEvent::Opened { .. }
                    | WalletEvent::Granted { .. }
                    | WalletEvent::HoldPlaced { .. }
                    | WalletEvent::OrderPlaced { .. }
                    | WalletEvent::OrderSettled { .. }
                    | WalletEvent::RefundStarted { .. }
                    | WalletEvent::AllowanceSet { .. }
                    | WalletEvent::AllowanceRenewed { .. }
                    | WalletEvent::Reversed { adjustment: Some(_), .. }
            ),
            Fact::EnvironmentCreated { .. } | Fact::EpochStarted { .. } | Fact::BatchAccepted { .. } => false,
        };
        let id = if remembered { EntryId::seal(position, at, bytes) } else { EntryId { position, tag: 0 } };
        Self { id, at }
    }
}

/// How a hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldEnd {
    /// It was charged.
    Captured,
    /// A caller gave it up.
    Voided,
    /// Its time ran out.
    Expired,
}
codec_enum!(HoldEnd, "hold end" { 1 => Captured, 2 => Voided, 3 => Expired });

impl HoldEnd {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Captured => "captured",
            Self::Voided => "voided",
            Self::Expired => "expired",
        }
    }
}

/// What is remembered of a hold for ever, open or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldRef {
    /// The seal of its id.
    pub tag: u32,
    /// Whose.
    pub wallet: WalletNo,
    /// What it is for.
    pub event_type: EventTypeNo,
    /// The price version it pinned.
    pub price: Option<PriceNo>,
    /// How it ended; `None` while it is open.
    pub end: Option<HoldEnd>,
    /// When it ended; 0 while it is open.
    pub ended_at: Millis,
    /// What it could still be captured for when it lapsed: a late capture of all of it is for as much.
    pub lapsed: Credits,
}
codec_struct!(HoldRef { tag, wallet, event_type, price, end, ended_at, lapsed });

impl HoldRef {
    /// What is remembered of a hold while it is open.
    pub(crate) fn open(wallet: WalletNo, hold: &Hold) -> Self {
        Self {
            tag: hold.id.tag,
            wallet,
            event_type: hold.event_type,
            price: hold.price,
            end: None,
            ended_at: Millis::default(),
            lapsed: Credits::ZERO,
        }
    }
}

/// What became of an event after it was charged.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Amended {
    /// Whose event.
    pub wallet: WalletNo,
    /// Credits given back in all.
    pub reversed: Credits,
    /// Of those, how many went back to the lots that paid at first (and not off a debt, or to what paid later).
    pub from_first: Credits,
    /// Debt of the event that later lots paid.
    pub settled: Credits,
    /// What was paid for it later and not given back since, in that order: debt settled by new lots, charges of
    /// corrections, and what was collected.
    pub later: Vec<(LotNo, Credits)>,
    /// Credits charged again by corrections.
    pub recharged: Credits,
    /// Of what was used and not charged, how much was charged later.
    pub collected: Credits,
    /// Of what was given back, how much was by corrections.
    pub corrected: Credits,
    /// What it costs the operator by the latest word, where there was one after the event.
    pub cost: Option<Cost>,
    /// Nano-units of revenue that were recognised for it later (debt settled), less what was taken back (reversals).
    pub revenue_nano: i128,
    /// The properties that were attached to it.
    pub annotation: Option<Annotation>,
}
codec_struct!(Amended {
    wallet,
    reversed,
    from_first,
    settled,
    later,
    recharged,
    collected,
    corrected,
    cost,
    revenue_nano,
    annotation
});

impl Amended {
    /// Credits charged after the event itself was: by corrections, and collected.
    pub fn charged_later(&self) -> Credits {
        self.recharged + self.collected
    }

    /// What of an event charged like this was used and is not charged yet. One that was given back whole has nothing
    /// left to collect.
    pub fn uncharged_left(&self, charge: &Charge) -> Credits {
        let is_undone =
            self.reversed.is_positive() && self.reversed >= charge.charged() + self.charged_later();
        if is_undone { Credits::ZERO } else { charge.uncharged - self.collected }
    }
}

/// A point the state can be taken back to.
#[derive(Clone, Copy, Debug)]
pub struct Mark(usize);

struct Slot {
    wallet: Wallet,
    /// The mark under which the wallet was last saved for undoing.
    saved_under: u64,
    dirty: bool,
}

enum Undo {
    Wallet(Box<Wallet>),
    Paid(Paid),
    Forgotten(WalletNo, CompactString),
    Opened,
    Catalogue(Arc<Catalogue>),
    Hold(Position, Option<HoldRef>),
    Amended(Position, Option<Amended>),
    Order(Position, Option<Box<TopUp>>),
    Day(Box<Spending>),
    Spent(Counted),
}

/// What was counted of a purse before a call spent out of it; `None` where nothing was.
struct Counted {
    purse: KeyNo,
    total: Option<Credits>,
    customer: Option<(WalletNo, Option<Credits>)>,
}

/// How a wallet stood before it paid for an event out of one lot that has more: all that nearly every event changes.
struct Paid {
    wallet: WalletNo,
    balance: Balance,
    last: Position,
    lot: usize,
    used: Credits,
}

/// The state of one environment.
#[derive(Default)]
pub struct State {
    pub(crate) catalogue: Arc<Catalogue>,
    slots: Vec<Slot>,
    /// Wallets by customer id; the id itself lives in the wallet.
    customers: HashTable<WalletNo>,
    hasher: DefaultHashBuilder,
    pub(crate) holds: HashMap<Position, HoldRef>,
    pub(crate) amended: HashMap<Position, Amended>,
    pub(crate) orders: HashMap<Position, Box<TopUp>>,
    pub(crate) spending: Spending,
    due: BinaryHeap<Reverse<(Millis, WalletNo)>>,
    undo: Vec<Undo>,
    marks: u64,
    dirty: Vec<WalletNo>,
    /// What changed and may leave memory, for the next checkpoint. May name things twice, or that were undone.
    pub(crate) changed_cold: Vec<ColdKey>,
}

impl State {
    /// The state before the first fact.
    pub fn new() -> Self {
        Self { marks: 1, ..Self::default() }
    }

    /// Event types, prices and keys, as a snapshot that callers may keep.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// A wallet by number.
    pub fn wallet(&self, number: WalletNo) -> Option<&Wallet> {
        self.slots.get(number.index()).map(|slot| &slot.wallet)
    }

    /// A wallet by the customer's own id.
    pub fn wallet_of(&self, customer: &str) -> Option<&Wallet> {
        let hash = self.hasher.hash_one(customer);
        self.customers
            .find(hash, |no| self.slots[no.index()].wallet.customer == customer)
            .and_then(|no| self.wallet(*no))
    }

    /// How many wallets there are.
    pub fn wallet_count(&self) -> usize {
        self.slots.len()
    }

    /// Every wallet, in the order of opening.
    pub fn wallets(&self) -> impl Iterator<Item = &Wallet> {
        self.slots.iter().map(|slot| &slot.wallet)
    }

    /// What is remembered of a hold, open or ended.
    pub fn hold_ref(&self, placed: EntryId) -> Option<&HoldRef> {
        self.holds.get(&placed.position).filter(|hold| hold.tag == placed.tag)
    }

    /// What became of an event after it was charged.
    pub fn amended(&self, event: Position) -> Option<&Amended> {
        self.amended.get(&event)
    }

    /// What is remembered of an order.
    pub fn order(&self, placed: EntryId) -> Option<&TopUp> {
        self.orders.get(&placed.position).map(Box::as_ref).filter(|order| order.tag == placed.tag)
    }

    /// What is remembered of the orders in memory, with their places, in no order.
    pub fn orders(&self) -> impl Iterator<Item = (Position, &TopUp)> {
        self.orders.iter().map(|(placed, order)| (*placed, order.as_ref()))
    }

    /// Orders in memory whose provider has to be asked for news, oldest first, by their ids.
    pub fn open_orders(&self) -> Vec<EntryId> {
        let open = self.orders.iter().filter(|(_, order)| order.is_open());
        let mut ids: Vec<_> = open.map(|(at, order)| EntryId { position: *at, tag: order.tag }).collect();
        ids.sort_unstable();
        ids
    }

    /// The next wallet with something due at `now`, earliest first.
    pub fn next_due(&mut self, now: Millis) -> Option<WalletNo> {
        while let Some(Reverse((due, number))) = self.due.peek().copied() {
            // An entry is stale when the wallet has been rescheduled since; a fresh one was pushed then.
            if self.wallet(number).is_some_and(|w| w.next_due == due) {
                return (due <= now).then_some(number);
            }
            self.due.pop();
        }
        None
    }

    /// When anything falls due next.
    pub fn earliest_due(&self) -> Option<Millis> {
        self.due.peek().map(|Reverse((due, _))| *due)
    }

    /// Wallets that changed since this was last asked, for a checkpoint.
    pub fn take_dirty(&mut self) -> Vec<WalletNo> {
        let dirty = std::mem::take(&mut self.dirty);
        for number in &dirty {
            self.slots[number.index()].dirty = false;
        }
        dirty
    }

    /// Counts these wallets as changed again: their checkpoint was not written after all.
    pub fn mark_dirty(&mut self, wallets: &[WalletNo]) {
        for number in wallets {
            let slot = &mut self.slots[number.index()];
            if !slot.dirty {
                slot.dirty = true;
                self.dirty.push(*number);
            }
        }
    }

    /// Notes a point to come back to with [`State::rollback`].
    pub fn mark(&mut self) -> Mark {
        self.marks += 1;
        Mark(self.undo.len())
    }

    /// Forgets how to undo: what was applied is committed.
    pub fn commit(&mut self) {
        self.undo.clear();
        self.marks += 1;
    }

    /// Undoes everything applied since the last commit.
    pub fn rollback_all(&mut self) {
        self.rollback(Mark(0));
    }

    /// Undoes everything applied since `mark`.
    pub fn rollback(&mut self, mark: Mark) {
        while self.undo.len() > mark.0 {
            match self.undo.pop() {
                None => break,
                Some(Undo::Wallet(wallet)) => {
                    if wallet.next_due != Millis::NEVER {
                        self.due.push(Reverse((wallet.next_due, wallet.number)));
                    }
                    let index = wallet.number.index();
                    self.slots[index].wallet = *wallet;
                }
                Some(Undo::Paid(before)) => {
                    let wallet = &mut self.slots[before.wallet.index()].wallet;
                    wallet.balance = before.balance;
                    wallet.last = before.last;
                    wallet.lots[before.lot].used = before.used;
                }
                Some(Undo::Opened) => self.forget_newest_wallet(),
                Some(Undo::Forgotten(number, customer)) => {
                    self.slots[number.index()].wallet.customer = customer;
                    self.list_customer(number);
                }
                Some(Undo::Catalogue(catalogue)) => self.catalogue = catalogue,
                Some(Undo::Hold(position, before)) => restore(&mut self.holds, position, before),
                Some(Undo::Amended(position, before)) => restore(&mut self.amended, position, before),
                Some(Undo::Order(position, before)) => restore(&mut self.orders, position, before),
                Some(Undo::Day(before)) => self.spending = *before,
                Some(Undo::Spent(before)) => self.uncount(&before),
            }
        }
        self.marks += 1;
    }

    pub(crate) fn open_wallet(&mut self, wallet: Wallet) {
        self.undo.push(Undo::Opened);
        self.insert_wallet(wallet);
    }

    pub(crate) fn insert_wallet(&mut self, wallet: Wallet) {
        let number = wallet.number;
        if wallet.next_due != Millis::NEVER {
            self.due.push(Reverse((wallet.next_due, number)));
        }
        self.slots.push(Slot { wallet, saved_under: self.marks, dirty: true });
        self.list_customer(number);
        self.dirty.push(number);
    }

    fn forget_newest_wallet(&mut self) {
        let Some(number) = self.slots.last().map(|slot| slot.wallet.number) else { return };
        self.unlist_customer(number);
        self.slots.pop();
        self.dirty.retain(|no| *no != number);
    }

    /// Forgets a customer's own id. It was never known where the wallet's payloads have been erased already.
    pub(crate) fn forget_customer(&mut self, number: WalletNo) {
        self.unlist_customer(number);
        let mut customer = CompactString::default();
        self.change_wallet(number, |wallet| customer = std::mem::take(&mut wallet.customer));
        self.undo.push(Undo::Forgotten(number, customer));
    }

    /// Makes a wallet found by its customer, where that is known.
    fn list_customer(&mut self, number: WalletNo) {
        let (slots, hasher) = (&self.slots, &self.hasher);
        let hash_of = |no: &WalletNo| hasher.hash_one(slots[no.index()].wallet.customer.as_str());
        if !slots[number.index()].wallet.is_erased() {
            self.customers.insert_unique(hash_of(&number), number, hash_of);
        }
    }

    fn unlist_customer(&mut self, number: WalletNo) {
        let hash = self.hasher.hash_one(self.slots[number.index()].wallet.customer.as_str());
        if let Ok(entry) = self.customers.find_entry(hash, |no| *no == number) {
            entry.remove();
        }
    }

    /// Changes a wallet, saved for undoing on its first change under a mark.
    pub(crate) fn change_wallet(&mut self, number: WalletNo, change: impl FnOnce(&mut Wallet)) {
        let slot = &mut self.slots[number.index()];
        if slot.saved_under != self.marks {
            slot.saved_under = self.marks;
            self.undo.push(Undo::Wallet(Box::new(slot.wallet.clone())));
        }
        if !slot.dirty {
            slot.dirty = true;
            self.dirty.push(number);
        }
        let due_before = slot.wallet.next_due;
        change(&mut slot.wallet);
        let due = slot.wallet.next_due;
        if due != due_before && due != Millis::NEVER {
            self.due.push(Reverse((due, number)));
        }
    }

    /// Takes `credits` out of a lot that has more than that, and notes the wallet's new place: as
    /// [`State::change_wallet`] would, with little to undo. Says whether it could.
    pub(crate) fn pay_from_lot(
        &mut self,
        number: WalletNo,
        (lot, credits): (LotNo, Credits),
        after: Balance,
        position: Position,
    ) -> bool {
        let slot = &mut self.slots[number.index()];
        let wallet = &mut slot.wallet;
        let Some(at) = wallet.lots.iter().position(|l| l.number == lot) else { return false };
        if wallet.lots[at].remaining() <= credits {
            return false;
        }
        if slot.saved_under != self.marks {
            self.undo.push(Undo::Paid(Paid {
                wallet: number,
                balance: wallet.balance,
                last: wallet.last,
                lot: at,
                used: wallet.lots[at].used,
            }));
        }
        wallet.lots[at].used += credits;
        wallet.balance = after;
        wallet.last = position;
        if !slot.dirty {
            slot.dirty = true;
            self.dirty.push(number);
        }
        true
    }

    pub(crate) fn change_catalogue(&mut self, change: impl FnOnce(&mut Catalogue)) {
        self.undo.push(Undo::Catalogue(Arc::clone(&self.catalogue)));
        change(Arc::make_mut(&mut self.catalogue));
    }

    pub(crate) fn change_hold(&mut self, position: Position, hold: HoldRef) {
        if hold.end.is_some() {
            self.changed_cold.push(ColdKey::Hold(position));
        }
        let before = self.holds.insert(position, hold);
        self.undo.push(Undo::Hold(position, before));
    }

    pub(crate) fn change_amended(
        &mut self,
        event: Position,
        wallet: WalletNo,
        change: impl FnOnce(&mut Amended),
    ) {
        let before = self.amended.get(&event).cloned();
        change(self.amended.entry(event).or_insert_with(|| Amended { wallet, ..Amended::default() }));
        self.changed_cold.push(ColdKey::Event(event));
        self.undo.push(Undo::Amended(event, before));
    }

    pub(crate) fn change_order(&mut self, placed: Position, change: impl FnOnce(&mut TopUp)) {
        let Some(mut order) = self.orders.get(&placed).map(|order| order.as_ref().clone()) else { return };
        change(&mut order);
        self.put_order(placed, order);
    }

    pub(crate) fn put_order(&mut self, placed: Position, order: TopUp) {
        self.changed_cold.push(ColdKey::Order(placed));
        let before = self.orders.insert(placed, Box::new(order));
        self.undo.push(Undo::Order(placed, before));
    }

    /// What a key may still spend at `now`, for a customer where one is named.
    pub fn means(&self, actor: KeyNo, wallet: Option<WalletNo>, now: Millis) -> Means {
        // Nearly always: nothing is looked at but the key itself.
        match self.catalogue.key(actor).and_then(|key| Some((key.purse, key.budget?))) {
            Some((purse, budget)) => self.spending.means(purse, budget, wallet, now),
            None => Means::default(),
        }
    }

    /// What was spent today by keys with a budget.
    pub fn spending(&self) -> &Spending {
        &self.spending
    }

    /// Counts what is spent in the name of a key with a budget, and says where.
    pub(crate) fn spend(
        &mut self,
        actor: KeyNo,
        wallet: WalletNo,
        at: Millis,
        credits: Credits,
    ) -> Option<SetAside> {
        let (purse, budget) = self.catalogue.key(actor).and_then(|key| Some((key.purse, key.budget?)))?;
        if credits.is_zero() {
            return None;
        }
        let day = day_of(at);
        if self.spending.day != day {
            let before = std::mem::replace(&mut self.spending, Spending { day, ..Spending::default() });
            self.undo.push(Undo::Day(Box::new(before)));
        }
        let by_customer = budget.per_customer_per_day.is_some();
        let counted = SetAside { purse, day, credits, by_customer };
        self.count(wallet, counted, i64::saturating_add);
        Some(counted)
    }

    /// What was set aside and is not used is there again, where it was set aside today.
    pub(crate) fn give_back_counted(&mut self, wallet: WalletNo, at: Millis, counted: &[SetAside]) {
        for part in counted.iter().filter(|part| part.day == day_of(at)) {
            self.count(wallet, *part, i64::saturating_sub);
        }
    }

    /// Saturating only where nothing was checked: a replay under other prices looks at no budget.
    fn count(&mut self, wallet: WalletNo, part: SetAside, change: impl Fn(i64, i64) -> i64) {
        let SetAside { purse, credits, by_customer, .. } = part;
        let change = |sum: Credits| Credits::from_micro(change(sum.micro(), credits.micro()));
        let before = self.spending.purses.get(&purse);
        let (total, of_customer) =
            (before.map(|spent| spent.total), before.and_then(|spent| spent.customers.get(&wallet)).copied());
        let customer = by_customer.then_some((wallet, of_customer));
        self.undo.push(Undo::Spent(Counted { purse, total, customer }));
        let spent = self.spending.purses.entry(purse).or_default();
        spent.total = change(spent.total);
        if by_customer {
            let sum = spent.customers.entry(wallet).or_default();
            *sum = change(*sum);
        }
    }

    fn uncount(&mut self, before: &Counted) {
        let Counted { purse, total, customer } = *before;
        let (Some(total), Some(spent)) = (total, self.spending.purses.get_mut(&purse)) else {
            self.spending.purses.remove(&purse);
            return;
        };
        spent.total = total;
        match customer {
            Some((wallet, Some(sum))) => drop(spent.customers.insert(wallet, sum)),
            Some((wallet, None)) => drop(spent.customers.remove(&wallet)),
            None => {}
        }
    }

    /// Whether nothing was applied since the last commit.
    pub(crate) fn is_settled(&self) -> bool {
        self.undo.is_empty()
    }

    pub(crate) fn put_closed_lot(&mut self, wallet: WalletNo, lot: Lot) {
        if let Some(slot) = self.slots.get_mut(wallet.index()) {
            slot.wallet.put_closed_lot(lot);
        }
    }

    pub(crate) fn drop_closed_lot(&mut self, wallet: WalletNo, number: LotNo) {
        if let Some(slot) = self.slots.get_mut(wallet.index()) {
            slot.wallet.drop_closed_lot(number);
        }
    }

    /// Open holds stand in their wallets; what is remembered of them by their place follows from that.
    pub(crate) fn remember_open_holds(&mut self) {
        for wallet in self.slots.iter().map(|slot| &slot.wallet) {
            self.holds.extend(
                wallet.holds().iter().map(|hold| (hold.id.position, HoldRef::open(wallet.number, hold))),
            );
        }
    }

    /// The customer's own id of a wallet, as an owned copy.
    pub fn customer(&self, number: WalletNo) -> Option<CompactString> {
        self.wallet(number).map(|w| w.customer.clone())
    }
}

fn restore<V>(map: &mut HashMap<Position, V>, position: Position, before: Option<V>) {
    match before {
        Some(value) => map.insert(position, value),
        None => map.remove(&position),
    };
}
