//! What a script can do, and how it is drawn.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use super::{CUSTOMERS, EVENT_TYPES, HUGE, sales};
use crate::model::{Grid, Kind, Measure, Micro, Money, Ms, Policy, Property, Request, Rounding, Rule};

/// One step of a script. Holds and events in a request are picks, counted back from the newest; times are offsets
/// from now.
#[derive(Clone)]
pub enum Command {
    /// Time passes, in milliseconds.
    Wait(Ms),
    /// A customer's wallet is looked at for what is due.
    Sweep(String),
    /// Something is asked under a new key.
    Ask(Request),
    /// Something is asked again under its old key.
    Retry {
        /// Which, counted back from the newest.
        pick: u64,
        /// Whether a field is altered first.
        altered: bool,
    },
}

/// On one line each, however a failing script is printed.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wait(ms) => write!(f, "Wait({ms})"),
            Self::Sweep(customer) => write!(f, "Sweep({customer})"),
            Self::Ask(request) => f.write_str(&format!("{request:?}")),
            Self::Retry { pick, altered } => write!(f, "Retry({pick}, altered: {altered})"),
        }
    }
}

/// Which actions a case leaves out (a bit each), so that some cases get far into corners that others never reach.
pub type Swarm = u32;

/// Lists of commands, each with its own selection of actions.
pub fn commands(len: Range<usize>) -> impl Strategy<Value = Vec<Command>> {
    // Every action is left out in one case of four.
    (any::<Swarm>(), any::<Swarm>()).prop_flat_map(move |(a, b)| vec(command(a & b), len.clone()))
}

/// As [`commands`], without packs, orders and allowances: for clients that know nothing of payments.
pub fn commands_without_sales(len: Range<usize>) -> impl Strategy<Value = Vec<Command>> {
    let of_usage = |left_out: Swarm| (left_out | ALL_SALES) & !(MOSTLY_SALES | BUDGETS);
    (any::<Swarm>(), any::<Swarm>()).prop_flat_map(move |(a, b)| vec(command(of_usage(a & b)), len.clone()))
}

/// The bit of a [`Swarm`] by which a case plays with amounts near the largest.
const HUGE_AMOUNTS: Swarm = 1 << 20;
/// The bit that leaves out the first of the actions about packs, orders and allowances; those of the others follow.
const SALES: Swarm = 1 << 21;
/// The bits that leave them all out.
const ALL_SALES: Swarm = MOSTLY_SALES - SALES;
/// The bit of a [`Swarm`] by which a case is mostly about orders and allowances, and lasts for months.
const MOSTLY_SALES: Swarm = 1 << 30;

/// The bit of a [`Swarm`] by which a case has budgets.
const BUDGETS: Swarm = 1 << 31;

fn command(left_out: Swarm) -> impl Strategy<Value = Command> {
    let ask = |request: BoxedStrategy<Request>| request.prop_map(Command::Ask).boxed();
    let huge = left_out & HUGE_AMOUNTS != 0;
    let often = if left_out & MOSTLY_SALES != 0 { 4 } else { 1 };
    let all: Vec<(u32, BoxedStrategy<Command>)> = vec![
        (16, wait(often)),
        (3, customer().prop_map(Command::Sweep).boxed()),
        (8, (0u64..40, any::<bool>()).prop_map(|(pick, altered)| Command::Retry { pick, altered }).boxed()),
        (30, ask(meter())),
        (20, ask(grant(huge))),
        (18, ask(place_hold())),
        (
            6,
            ask((hold(), quantity(), amount())
                .prop_map(|(hold, quantity, credits)| Request::IncreaseHold { hold, quantity, credits })
                .boxed()),
        ),
        (4, ask((hold(), 0u32..1_800).prop_map(|(hold, ttl_s)| Request::ExtendHold { hold, ttl_s }).boxed())),
        (20, ask(capture())),
        (6, ask(hold().prop_map(|hold| Request::VoidHold { hold }).boxed())),
        (
            3,
            ask((customer(), 0u32..30)
                .prop_map(|(customer, lot)| Request::VoidGrant { customer, lot })
                .boxed()),
        ),
        (
            12,
            ask((0u64..12, amount())
                .prop_map(|(event, credits)| Request::Reverse { event, credits })
                .boxed()),
        ),
        (
            4,
            ask((customer(), policy())
                .prop_map(|(customer, policy)| Request::SetPolicy { customer, policy })
                .boxed()),
        ),
        (1, ask(customer().prop_map(|customer| Request::Freeze { customer }).boxed())),
        (2, ask(customer().prop_map(|customer| Request::Thaw { customer }).boxed())),
        (1, ask(customer().prop_map(|customer| Request::EraseCustomer { customer }).boxed())),
        (2, ask(publish())),
        (2, ask(define())),
        (10, ask(prop_oneof![4 => recharge(huge), 1 => collect()].boxed())),
        (3, ask((0u64..12, 0..9i128).prop_map(|(event, nano)| set_cost(event, nano)).boxed())),
    ];
    // Time, grants and metering stay: without them nothing happens at all.
    let keeps = |index: usize| matches!(index, 0 | 3 | 4) || left_out & (1 << index) == 0;
    let kept = all.into_iter().enumerate().filter(|(index, _)| keeps(*index)).map(|(_, one)| one);
    let of_sales = sales::actions(huge).into_iter().enumerate();
    let of_sales = of_sales.filter(|(index, _)| left_out & (SALES << index) == 0);
    let of_sales = of_sales.map(|(_, (weight, request))| (weight * often, ask(request)));
    let budgets = (left_out & BUDGETS != 0).then(|| (5, ask(budget())));
    Union::new_weighted(kept.chain(of_sales).chain(budgets).collect())
}

/// The same request with one field changed, where it has one that a retry must repeat.
pub fn altered(request: &Request) -> Request {
    let mut request = request.clone();
    match &mut request {
        Request::Meter { record, .. } => *record = !*record,
        Request::PlaceHold { ttl_s, .. } => *ttl_s = Some(ttl_s.unwrap_or(0) + 1),
        Request::ExtendHold { ttl_s, .. } => *ttl_s += 1,
        Request::CaptureHold { is_final, .. } => *is_final = !*is_final,
        Request::Grant { priority, .. } => *priority += 1,
        Request::VoidGrant { lot, .. } => *lot += 1,
        Request::IncreaseHold { credits, .. }
        | Request::Reverse { credits, .. }
        | Request::Collect { credits, .. } => {
            *credits = Some(credits.unwrap_or(0) + 1);
        }
        Request::Recharge { credits, .. } => *credits += 1,
        Request::SetCost { cost, .. } => cost.nano += 1,
        Request::RefundOrder { credits, .. } => *credits = Some(credits.unwrap_or(0) + 1),
        Request::SetAllowance { rollover, .. } => rollover.max += 1,
        Request::PlaceOrder { pack, .. } => {
            *pack = if pack == "small" { "large" } else { "small" }.to_owned();
        }
        Request::VoidHold { hold } => return Request::ExtendHold { hold: *hold, ttl_s: 60 },
        _ => {}
    }
    request
}

/// Waits of days are drawn so often, beside nine shorter ones.
fn wait(days: u32) -> BoxedStrategy<Command> {
    const MINUTE: Ms = 60_000;
    const DAY: Ms = 24 * 60 * MINUTE;
    let ms = prop_oneof![
        5 => 0..2_000i64,
        4 => (1..20i64).prop_map(|m| m * MINUTE),
        days => (1..10i64).prop_map(|d| d * DAY),
    ];
    ms.prop_map(Command::Wait).boxed()
}

pub(super) fn customer() -> BoxedStrategy<String> {
    // Mostly one, so that its wallet sees a lot.
    prop_oneof![6 => Just(CUSTOMERS[0]), 2 => Just(CUSTOMERS[1]), 1 => Just(CUSTOMERS[2])]
        .prop_map(str::to_owned)
        .boxed()
}

fn event_type() -> BoxedStrategy<String> {
    let known = select(&EVENT_TYPES[..4]);
    prop_oneof![40 => known, 1 => Just(EVENT_TYPES[4]), 1 => Just("unheard.of")]
        .prop_map(str::to_owned)
        .boxed()
}

/// A hold, picked back from the newest.
fn hold() -> BoxedStrategy<u64> {
    prop_oneof![6 => 0u64..4, 1 => 0u64..40].boxed()
}

/// A few micro-credits, where the caller says how many: seldom none, seldom fewer.
pub(super) fn amount() -> BoxedStrategy<Option<Micro>> {
    prop_oneof![20 => Just(None), 38 => (1..14i128).prop_map(Some), 1 => Just(Some(0)), 1 => Just(Some(-1))]
        .boxed()
}

/// Micro-units: halves and quarters, so that prices have something to round.
fn quantity() -> BoxedStrategy<Option<Micro>> {
    prop_oneof![1 => Just(None), 2 => (1..20i128).prop_map(|quarters| Some(quarters * 250_000))].boxed()
}

fn properties() -> BoxedStrategy<BTreeMap<String, Property>> {
    let value = prop_oneof![
        12 => (1..16i128).prop_map(|quarters| Some(Property::Number(quarters * 250_000))),
        1 => Just(Some(Property::BadNumber)),
        1 => Just(Some(Property::Text("many".to_owned()))),
        1 => Just(None),
    ];
    value.prop_map(|v| v.map(|v| ("n".to_owned(), v)).into_iter().collect()).boxed()
}

fn cost() -> BoxedStrategy<Option<Money>> {
    let money = |nano, currency: &str| Some(Money { nano, currency: currency.to_owned() });
    prop_oneof![
        30 => Just(None),
        8 => (0..9i128).prop_map(move |nano| money(nano, "usd")),
        1 => Just(money(1, "eur")),
        1 => Just(money(-1, "usd")),
    ]
    .boxed()
}

fn meter() -> BoxedStrategy<Request> {
    (customer(), event_type(), quantity(), amount(), cost(), 0..6u8, properties())
        .prop_map(|(customer, event_type, quantity, credits, cost, short, properties)| {
            // Credits are for types that let callers set them; seldom for others.
            let credits = credits.filter(|c| event_type == "tool" || *c == 13);
            let (record, uncharged) = (short == 0, short == 1);
            Request::Meter { customer, event_type, quantity, credits, cost, record, uncharged, properties }
        })
        .boxed()
}

fn place_hold() -> BoxedStrategy<Request> {
    let ttl_s = prop_oneof![2 => Just(None), 3 => (1u32..1_800).prop_map(Some), 1 => Just(Some(0))];
    (customer(), event_type(), quantity(), amount(), ttl_s)
        .prop_map(|(customer, event_type, quantity, credits, ttl_s)| Request::PlaceHold {
            customer,
            event_type,
            quantity,
            credits,
            ttl_s,
        })
        .boxed()
}

fn capture() -> BoxedStrategy<Request> {
    (hold(), quantity(), amount(), cost(), 0..3u8, 0..4u8, properties())
        .prop_map(|(hold, quantity, credits, cost, record, step, properties)| Request::CaptureHold {
            hold,
            quantity,
            credits,
            cost,
            record: record == 0,
            is_final: step != 0,
            properties,
        })
        .boxed()
}

fn grant(huge: bool) -> BoxedStrategy<Request> {
    const MINUTE: Ms = 60_000;
    let credits = prop_oneof![
        60 => 1..25i128,
        if huge { 12 } else { 1 } => HUGE..HUGE + 7,
        1 => -1..1i128,
    ];
    let usd = |nano| Some(Money { nano, currency: "usd".to_owned() });
    let sold = prop_oneof![
        1 => Just(None),
        8 => (0..200i128).prop_map(usd),
        1 => Just(usd(9_000_000_000_000_000_000)),
    ];
    let kind_and_price = prop_oneof![
        10 => sold.prop_map(|price| (Kind::Paid, price)),
        5 => Just((Kind::Promotional, None)),
        2 => Just((Kind::Adjustment, None)),
        1 => Just((Kind::Promotional, usd(5))),
        1 => Just((Kind::Paid, Some(Money { nano: 5, currency: "eur".to_owned() }))),
    ];
    let day = prop_oneof![6 => Just(None), 1 => (-5..20i64).prop_map(|m| Some(m * MINUTE))];
    let end = prop_oneof![4 => Just(None), 4 => (-1..30i64).prop_map(|m| Some(m * MINUTE))];
    let scope = prop_oneof![
        3 => Just(BTreeSet::new()),
        2 => proptest::collection::btree_set(select(&EVENT_TYPES[..4]).prop_map(str::to_owned), 1..3),
    ];
    (customer(), credits, kind_and_price, -1..2i32, day, end, scope)
        .prop_map(|(customer, credits, (kind, price), priority, effective_at, expires_at, scope)| {
            Request::Grant { customer, credits, kind, price, priority, effective_at, expires_at, scope }
        })
        .boxed()
}

/// An event, picked back from the newest, is charged again: a little mostly, seldom more than there can be.
fn recharge(huge: bool) -> BoxedStrategy<Request> {
    let credits = prop_oneof![
        40 => 1..14i128,
        if huge { 6 } else { 1 } => HUGE..HUGE + 7,
        1 => -1..1i128,
    ];
    (0u64..12, credits).prop_map(|(event, credits)| Request::Recharge { event, credits }).boxed()
}

/// What is uncharged of an event is collected: all of it mostly.
fn collect() -> BoxedStrategy<Request> {
    let credits = prop_oneof![3 => Just(None), 1 => (-1..8i128).prop_map(Some)];
    (0u64..12, credits).prop_map(|(event, credits)| Request::Collect { event, credits }).boxed()
}

fn set_cost(event: u64, nano: i128) -> Request {
    // One in nine is of another currency, which no event's cost may be.
    let currency = if nano == 8 { "eur" } else { "usd" };
    Request::SetCost { event, cost: Money { nano, currency: currency.to_owned() } }
}

fn budget() -> BoxedStrategy<Request> {
    let limit = || prop_oneof![3 => Just(None), 5 => (0..60i128).prop_map(Some)];
    (limit(), limit())
        .prop_map(|(per_day, per_customer)| Request::SetBudget { per_day, per_customer })
        .boxed()
}

fn policy() -> BoxedStrategy<Policy> {
    prop_oneof![
        3 => Just(Policy::Strict),
        4 => (-1..20i128).prop_map(Policy::Overdraft),
        1 => Just(Policy::Overdraft(HUGE)),
        2 => Just(Policy::RecordOnly),
    ]
    .boxed()
}

fn publish() -> BoxedStrategy<Request> {
    let small = || prop_oneof![8 => (0..4i128).boxed(), 1 => Just(-1).boxed(), 1 => Just(HUGE).boxed()];
    let bound = || prop_oneof![2 => Just(None), 1 => (0..8i128).prop_map(Some)];
    let measure = prop_oneof![Just(Measure::Quantity), Just(Measure::Property("n".to_owned()))];
    let simple = prop_oneof![
        2 => small().prop_map(Rule::Flat),
        4 => (small(), small(), measure, bound(), bound()).prop_map(|(base, credits, measure, minimum, maximum)| {
            Rule::PerUnit { base, credits, measure, minimum, maximum }
        }),
        2 => (small(), small(), small()).prop_map(|(a, b, c)| {
            Rule::Tiered(vec![(Some(500_000), a), (Some(2_000_000), b), (None, c)])
        }),
        1 => (1..9i128, 1..4i128, bound()).prop_map(|(num, den, minimum)| {
            Rule::CostPlus { multiplier: (num * 1_000, den), minimum }
        }),
    ]
    .boxed();
    let when = |text: &str| BTreeMap::from([("n".to_owned(), text.to_owned())]);
    let table = (simple.clone(), simple.clone(), simple.clone(), simple.clone()).prop_map(
        move |(many, zero, two, default)| {
            let rows = vec![(when("many"), many), (when("0"), zero), (when("2"), two)];
            Rule::ByDimension { rows, default: Box::new(default) }
        },
    );
    let rule = prop_oneof![4 => simple, 1 => table];
    let rounding = select(&[Rounding::HalfUp, Rounding::HalfEven, Rounding::Up, Rounding::Down][..]);
    let at = prop_oneof![2 => Just(None), 2 => (-1..40i64).prop_map(|m| Some(m * 60_000))];
    (
        event_type(),
        rule,
        prop_oneof![9 => Just(Grid::MicroCredit), 1 => Just(Grid::Credit)],
        rounding,
        at,
        proptest::option::of(0u32..6),
    )
        .prop_map(|(event_type, rule, grid, rounding, effective_at, replaces)| Request::PublishPrice {
            event_type,
            rule,
            grid,
            rounding,
            effective_at,
            replaces,
        })
        .boxed()
}

fn define() -> BoxedStrategy<Request> {
    (select(&EVENT_TYPES[..]), 0..3u8, proptest::option::of(2..4i128))
        .prop_map(|(name, archived, first_price)| Request::DefineEventType {
            name: name.to_owned(),
            caller_set: name == "tool",
            archived: archived == 0,
            first_price: first_price.filter(|_| name == "chat" || name == "tool"),
        })
        .boxed()
}
