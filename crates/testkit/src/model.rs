//! The reference ledger: plain lists, wide integers, nothing remembered that can be added up.
//!
//! Written from the design pages. Balances, what is held, what is owed and what a lot has left are sums over its
//! history, taken afresh every time, so that a counter that is kept wrongly elsewhere shows. Slow on purpose.
//!
//! Its journal has one [`Entry`] per thing that happened, numbered from 0, so that it can be compared with the real
//! one place by place.
//!
//! Not owned here: bytes, undo, scopes of API keys, who calls.

mod allowances;
mod answer;
mod batch;
mod budgets;
mod catalogue;
mod grants;
mod holds;
mod orders;
mod packs;
mod price;
mod request;
mod spend;
mod time;
mod view;
mod wallet;

use std::collections::BTreeMap;

pub use allowances::{Period, Rollover};
pub use answer::{Answer, Balance, Charge, Draw, Entry, Happening, HoldEnd, Refused, Rejected, Settled};
pub use batch::BatchAnswer;
pub use budgets::Means;
pub use orders::{Arrived, Followed, HeldBecause, News, OrderStatus, OrderView, Payment, Returns};
pub use packs::Shortfall;
pub use request::{Grid, Kind, Measure, Money, Policy, Property, Request, Rounding, Rule};
pub use view::{HoldView, LotStatus, LotView, WalletView};

use budgets::{Budget, Counted, captured_of};
use catalogue::Catalogue;
use wallet::Wallet;

/// Credits in micro-credits (10⁻⁶ of a credit), or quantities in micro-units.
pub type Micro = i128;
/// Money in nano-units (10⁻⁹) of a currency.
pub type Nano = i128;
/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Ms = i64;
/// Where something stands in the journal, from 0.
pub type Place = u64;

/// The largest balance or amount: 8·10⁹ credits, so that every value survives a double.
pub const CREDITS_MAX: Micro = 8_000_000_000 * 1_000_000;
/// Open holds one wallet may have: a published limit.
pub const OPEN_HOLDS_MAX: usize = 1_000;
/// Lots with credits left that one wallet may have: a published limit.
pub const LIVE_LOTS_MAX: usize = 10_000;
/// Orders of one wallet that nobody paid or gave up: a published limit.
pub const OPEN_ORDERS_MAX: usize = 100;
/// Allowances of one wallet: a published limit.
pub const ALLOWANCES_MAX: usize = 10;
/// How long a hold lives unless the caller says otherwise: 15 minutes, in milliseconds.
pub const HOLD_TTL_MS: Ms = 15 * 60 * 1_000;
/// How long the lot lives that stands in for one that is gone: 7 days, in milliseconds.
pub const STAND_IN_TTL_MS: Ms = 7 * DAY_MS;
/// A day in milliseconds.
const DAY_MS: Ms = 24 * 60 * 60 * 1_000;

/// The reference ledger of one environment.
#[derive(Clone, Debug)]
pub struct Model {
    /// Everything that happened, in order.
    pub journal: Vec<Entry>,
    catalogue: Catalogue,
    wallets: Vec<Wallet>,
    /// What may be spent in a day in the name of the key that asks.
    budget: Budget,
    /// What counted while there was one, in order.
    counted: Vec<Counted>,
    /// By whose key it is (a customer's or, for the catalogue, nobody's) and the key: what was asked, and where the
    /// answer stands.
    keys: BTreeMap<(Option<String>, String), (Request, Place)>,
}

impl Model {
    /// An environment with one currency.
    pub fn new(currency: &str) -> Self {
        let begun = Entry { wallet: None, after: Balance::default(), what: Happening::EnvironmentCreated };
        Self {
            journal: vec![begun],
            catalogue: Catalogue::new(currency),
            wallets: Vec::new(),
            budget: Budget::default(),
            counted: Vec::new(),
            keys: BTreeMap::new(),
        }
    }

    /// Asks for something at `now`, which never goes back. A key that was answered before gives that answer again.
    pub fn ask(&mut self, key: Option<&str>, request: &Request, now: Ms) -> Answer {
        let keyed = key.map(|key| (self.namespace(request), key.to_owned()));
        if let Some((first, place)) = keyed.as_ref().and_then(|k| self.keys.get(k)) {
            let differs = first.differs_from(request).or_else(|| self.names_another_grant(request, *place));
            return match differs {
                Some(field) => Answer::Conflict { field },
                None => Answer::Replayed(*place),
            };
        }
        let answer = self.take_up(request, now);
        if let (Some(keyed), Answer::Done(place)) = (keyed, &answer) {
            self.keys.insert(keyed, (request.clone(), *place));
        }
        answer
    }

    /// A lot is named by its customer here, and is another one once that customer was erased and came back.
    fn names_another_grant(&self, request: &Request, first: Place) -> Option<&'static str> {
        let Request::VoidGrant { customer, .. } = request else { return None };
        let then = usize::try_from(first).ok().and_then(|place| self.journal.get(place)?.wallet);
        let now = self.wallets.iter().position(|wallet| wallet.customer == *customer);
        (then != now).then_some("grant")
    }

    /// Whose keys this request's key is told apart from: the customer's, else the environment's.
    fn namespace(&self, request: &Request) -> Option<String> {
        if let Some(customer) = request.customer() {
            return Some(customer.to_owned());
        }
        if let Some(order) = request.order() {
            return self.wallet_of_order(order).map(|number| self.wallets[number].customer.clone());
        }
        let owner = |wallet: &Wallet| match request.event() {
            Some(event) => wallet.event(event).is_some(),
            None => request.hold().is_some_and(|hold| wallet.hold(hold).is_some()),
        };
        self.wallets.iter().find(|w| owner(w)).map(|w| w.customer.clone())
    }

    /// First what is wrong in itself, without a trace; then the wallet is opened if it is new; then everything of
    /// it happens that is due; then the rules decide.
    fn take_up(&mut self, request: &Request, now: Ms) -> Answer {
        if request.is_of_catalogue() {
            return self.catalogue(request, now);
        }
        let priced = match self.check(request, now) {
            Ok(priced) => priced,
            Err(rejected) => return Answer::Rejected(rejected),
        };
        // Nobody has an empty id: that is a wallet whose customer was erased.
        // What a provider says of its order has to be followed all the same.
        let is_said_by_provider =
            matches!(request, Request::OpenCheckout { .. } | Request::SettleOrder { .. });
        if !is_said_by_provider && self.namespace(request).is_some_and(|owner| owner.is_empty()) {
            return Answer::Rejected(Rejected::CustomerErased);
        }
        let Some(number) = self.find_or_open(request, now) else {
            return Answer::Rejected(Rejected::NotFound);
        };
        self.let_due_things_happen(number, now);
        let place = self.next_place();
        let settings = self.catalogue.settings.clone();
        let pack = match request {
            Request::PlaceOrder { pack, .. } => self.catalogue.newest_pack(pack).cloned(),
            _ => None,
        };
        let means = self.means(number, now);
        let captured = request.hold().map_or(0, |hold| captured_of(&self.wallets[number], hold));
        let wallet = &mut self.wallets[number];
        let decided = match request {
            Request::Meter { .. } => wallet.meter(place, request, priced, means),
            Request::PlaceHold { .. } => wallet.place_hold(place, request, priced, means, now),
            Request::IncreaseHold { hold, .. } => wallet.increase_hold(*hold, priced, means),
            Request::ExtendHold { hold, ttl_s } => wallet.extend_hold(*hold, *ttl_s, now),
            Request::CaptureHold { .. } => wallet.capture_hold(place, request, priced, means),
            Request::VoidHold { hold } => wallet.void_hold(*hold),
            Request::Grant { .. } => wallet.grant(place, request, now),
            // What was bought is refunded, not voided.
            Request::VoidGrant { lot, .. } if wallet.is_bought(*lot) => {
                return Answer::Rejected(Rejected::Invalid { field: "grant".to_owned() });
            }
            Request::VoidGrant { lot, .. } => wallet.void_grant(*lot),
            Request::Reverse { event, credits } => wallet.reverse(place, *event, *credits, now),
            Request::Recharge { event, credits } => wallet.recharge(place, *event, *credits),
            Request::Collect { event, credits } => match wallet.collect(place, *event, *credits) {
                Ok(decided) => decided,
                Err(rejected) => return Answer::Rejected(rejected),
            },
            Request::SetCost { event, cost } => Ok(wallet.set_cost(*event, cost.nano)),
            Request::SetPolicy { policy, .. } => Ok(wallet.set_policy(*policy)),
            Request::Freeze { .. } => Ok(wallet.freeze(place)),
            Request::Thaw { .. } => Ok(wallet.thaw()),
            Request::EraseCustomer { .. } => Ok(wallet.forget_customer()),
            Request::PlaceOrder { .. } => wallet.place_order(place, &pack.expect("checked to be for sale")),
            Request::OpenCheckout { order } => match wallet.open_checkout(*order) {
                Ok(opened) => Ok(opened),
                Err(rejected) => return Answer::Rejected(rejected),
            },
            Request::SettleOrder { .. } => match wallet.settle_order(place, request, &settings, now) {
                Ok(settled) => Ok(settled),
                Err(rejected) => return Answer::Rejected(rejected),
            },
            Request::RefundOrder { order, credits } => wallet.refund_order(place, *order, *credits),
            Request::SetAllowance { .. } => wallet.set_allowance(place, request, now),
            Request::EndAllowance { code, .. } => match wallet.end_allowance(code) {
                Ok(ended) => Ok(ended),
                Err(rejected) => return Answer::Rejected(rejected),
            },
            Request::DefineEventType { .. }
            | Request::PublishPrice { .. }
            | Request::PublishPack { .. }
            | Request::SetBudget { .. }
            | Request::ChangeSettings { .. } => {
                return Answer::Rejected(Rejected::NotFound);
            }
        };
        let what = decided.unwrap_or_else(Happening::Refused);
        self.count(number, place, &what, captured, now);
        self.record(Some(number), what)
    }

    fn find_or_open(&mut self, request: &Request, now: Ms) -> Option<usize> {
        if let Some(order) = request.order() {
            return self.wallet_of_order(order);
        }
        let owner = self.namespace(request)?;
        if let Some(number) = self.wallets.iter().position(|w| w.customer == owner) {
            return Some(number);
        }
        if matches!(
            request,
            Request::VoidGrant { .. } | Request::EraseCustomer { .. } | Request::EndAllowance { .. }
        ) {
            return None;
        }
        let (place, number) = (self.next_place(), self.wallets.len());
        self.wallets.push(Wallet::new(&owner));
        let welcome = self.catalogue.settings.welcome;
        let welcome = welcome.map(|welcome| self.wallets[number].welcome(place, welcome, now));
        self.record(Some(number), Happening::Opened { customer: owner, welcome });
        Some(number)
    }

    fn next_place(&self) -> Place {
        self.journal.len() as Place
    }

    fn record(&mut self, wallet: Option<usize>, what: Happening) -> Answer {
        Answer::Done(self.put(wallet, what))
    }

    fn put(&mut self, wallet: Option<usize>, what: Happening) -> Place {
        let place = self.next_place();
        let after = wallet.map(|number| self.wallets[number].balance()).unwrap_or_default();
        self.journal.push(Entry { wallet, after, what });
        place
    }
}
