//! Figures of whole environments, against sums made straight from the facts by code that shares nothing with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chargly_engine::figures::{BurnDownQuery, Line, ValueSource, deferred_nano};
use chargly_engine::ledger::{
    CaptureRequest, Currency, Dimension, Draw, EventTypeNo, EventTypeRequest, Facets, Fact, GrantKind,
    GrantRequest, IfInsufficient, KeyNo, Millis, Money, PackRequest, Policy, Position, Settlement,
    WalletEvent, WalletNo, cost_of_event,
};
use chargly_engine::views::{By, FiguresQuery, FiguresRow, Interval, Ranking};
use chargly_engine::{
    Clock, Environment, HoldTerms, ManualClock, MeterEvent, OpenOptions, Properties, create,
};

use crate::fixtures::{credits, event, event_type, lot};
use crate::world::NOON;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const CUSTOMERS: [&str; 4] = ["ada", "bob", "cleo", "dan"];
const TYPES: [&str; 3] = ["chat.reply", "image.generate", "agent.run"];
const SYSTEM: KeyNo = KeyNo::SYSTEM;

fn pack(code: &str, (paid_for, bonus): (i64, i64), cents: i64, is_active: bool) -> PackRequest {
    PackRequest {
        code: code.into(),
        name: code.into(),
        audience: "".into(),
        credits: credits(paid_for),
        bonus: credits(bonus),
        price: Money { nano: cents * 10_000_000, currency: Currency::USD },
        discount_line: "".into(),
        order: 0,
        valid_days: None,
        is_active,
    }
}

#[tokio::test]
async fn a_credit_is_worth_what_is_set_else_paid_else_asked_for_in_the_cheapest_pack() {
    let World { env, _dir, .. } = World::begin().await;
    let value = async || env.credit_value().await.expect("read").map(|v| (v.source, v.per_credit_nano()));
    assert_eq!(value().await, None, "nothing is for sale");
    for pack in [
        pack("starter", (500, 0), 1_000, true),
        pack("power", (4_000, 1_000), 6_000, true),
        pack("retired", (5_000, 0), 100, false),
    ] {
        env.publish_pack(SYSTEM, pack, None).await.expect("published");
    }
    assert_eq!(value().await, Some((ValueSource::Pack, Some(12_000_000))), "bonus credits share the price");
    let price = Some(Money { nano: 10_000_000_000, currency: Currency::USD });
    let paid = GrantRequest { kind: GrantKind::Paid, price, ..lot(500) };
    let granted = env.grant(SYSTEM, "ada".into(), paid, None, None).await.expect("granted");
    let at_least = Some(Position(granted.id.position.0 + 1));
    env.books(Millis(0)..Millis::NEVER, Interval::Total, at_least).await.expect("reflected");
    assert_eq!(value().await, Some((ValueSource::Paid, Some(20_000_000))));
    let mut settings = env.catalogue().settings.clone();
    settings.credit_value_nano = Some(30_000_000);
    env.change_settings(SYSTEM, settings, None).await.expect("changed");
    assert_eq!(value().await, Some((ValueSource::Set, Some(30_000_000))));
    env.close();
}

/// Draws by seed: the same seed, the same script.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn of<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).expect("small")]
    }

    fn number(&mut self, below: u64) -> i64 {
        i64::try_from(self.below(below)).expect("small")
    }
}

struct World {
    env: Arc<Environment>,
    clock: Arc<ManualClock>,
    _dir: tempfile::TempDir,
}

impl World {
    async fn begin() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(ManualClock::at(NOON));
        let options = || OpenOptions::new(Arc::clone(&clock) as Arc<dyn Clock>, "0.0.0-test");
        create(dir.path(), "test", [7; 32], options()).expect("created");
        let env = Environment::open(dir.path(), options()).expect("opens");
        for (name, price) in TYPES.into_iter().zip([3, 7, 25]) {
            let request = EventTypeRequest { dimensions: vec!["model".into()], ..event_type(name, price) };
            env.define_event_type(SYSTEM, request).await.expect("defined");
        }
        Self { env, clock, _dir: dir }
    }

    /// Does something that may be refused or be nonsense: either is part of the figures, or leaves no trace.
    async fn step(&self, dice: &mut Dice, events: &mut Vec<chargly_engine::ledger::EntryId>) {
        let customer = dice.of(&CUSTOMERS);
        match dice.below(10) {
            0 => self.grant(customer, dice).await,
            1 => self.clock.advance(dice.number(30) * 60 * 60 * 1_000),
            2 => self.hold(customer, dice, events).await,
            3 if !events.is_empty() => {
                let (which, part) = (dice.of(events), dice.of(&[None, Some(credits(2))]));
                let _ = self.env.reverse_event(SYSTEM, which, part, None, None).await;
            }
            _ => self.meter(customer, dice, events).await,
        }
    }

    async fn grant(&self, customer: &str, dice: &mut Dice) {
        let kind = dice.of(&[GrantKind::Paid, GrantKind::Paid, GrantKind::Promotional]);
        let nano = dice.number(3_000_000_007);
        let price = (kind == GrantKind::Paid).then_some(Money { nano, currency: Currency::USD });
        let now = self.clock.wall_ms();
        let expires_at = dice.of(&[None, Some(2), Some(20)]).map(|days| Millis(now + days * DAY_MS));
        let effective_at = dice.of(&[None, None, Some(Millis(now + DAY_MS))]);
        let request = GrantRequest { kind, price, expires_at, effective_at, ..lot(1 + dice.number(90)) };
        let granted = self.env.grant(SYSTEM, customer.into(), request, None, None).await.expect("granted");
        if dice.below(6) == 0 {
            let _ = self.env.void_grant(SYSTEM, granted.id, None, None).await;
        }
    }

    async fn meter(
        &self,
        customer: &str,
        dice: &mut Dice,
        events: &mut Vec<chargly_engine::ledger::EntryId>,
    ) {
        let model = dice.of(&["small", "large", ""]);
        let dimensions = match model {
            "" => Vec::new(),
            model => vec![Dimension { name: "model".into(), value: model.into() }],
        };
        let cost =
            (dice.below(3) > 0).then(|| Money { nano: dice.number(90_000_000), currency: Currency::USD });
        let ago = dice.of(&[None, None, Some(3), Some(40)]);
        let metered = self.env.meter_one(
            SYSTEM,
            MeterEvent {
                cost,
                occurred_at: ago.map(|hours| Millis(self.clock.wall_ms() - hours * 60 * 60 * 1_000)),
                if_insufficient: dice.of(&[IfInsufficient::Refuse, IfInsufficient::Record]),
                properties: Some(Properties { dimensions, ..Properties::default() }),
                ..event(customer, dice.of(&TYPES), None)
            },
        );
        events.push(metered.await.expect("a verdict").id);
    }

    async fn hold(&self, customer: &str, dice: &mut Dice, events: &mut Vec<chargly_engine::ledger::EntryId>) {
        let terms = HoldTerms {
            customer: customer.into(),
            event: dice.of(&TYPES).into(),
            quantity: None,
            credits: None,
            expires_in_s: Some(3_600),
            key: None,
        };
        let placed = self.env.place_hold(SYSTEM, terms).await.expect("a verdict");
        if dice.below(3) == 0 {
            return;
        }
        let request = CaptureRequest {
            hold: placed.id,
            quantity: None,
            credits: None,
            cost: (dice.below(2) == 0).then_some(Money { nano: 1_234_567, currency: Currency::USD }),
            if_insufficient: IfInsufficient::Record,
            is_final: dice.below(2) == 0,
        };
        if let Ok(captured) = self.env.capture_hold(SYSTEM, request, None, None, None).await {
            events.push(captured.id);
        }
    }

    /// Every fact with its time, read back from the journal.
    fn facts(&self) -> Vec<(Millis, Fact)> {
        let head = self.head();
        let read = |at| self.env.facts().read(Position(at)).expect("readable").expect("committed");
        (0..head.0).map(read).map(|stored| (stored.at, stored.fact)).collect()
    }

    fn head(&self) -> Position {
        self.env.tail().committed().next
    }

    async fn rows(&self, interval: Interval, by: &[By]) -> Vec<FiguresRow> {
        let query = FiguresQuery {
            from: Millis(NOON - 90 * DAY_MS),
            to: Millis(NOON + 900 * DAY_MS),
            interval,
            by: by.to_vec(),
            event_type: None,
            price: None,
            wallet: None,
            dimension: None,
        };
        self.env.figures(query, Some(self.head())).await.expect("figures").rows
    }
}

/// What the glossary says of some facts, summed up here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    events: i128,
    refused: i128,
    used: i128,
    recognised: i128,
    breakage: i128,
    cost: i128,
    without_cost: i128,
    unbilled: i128,
}

impl Sums {
    fn of(row: &FiguresRow) -> Self {
        let line = Line::of(&row.figures);
        Self {
            events: line.events,
            refused: line.refused,
            used: line.credits_used_micro,
            recognised: line.recognised_nano,
            breakage: line.breakage_nano,
            cost: line.cost.nano,
            without_cost: line.events - line.cost.covered,
            unbilled: line.cost.unbilled_nano,
        }
    }

    fn add(&mut self, more: &Self) {
        self.events += more.events;
        self.refused += more.refused;
        self.used += more.used;
        self.recognised += more.recognised;
        self.breakage += more.breakage;
        self.cost += more.cost;
        self.without_cost += more.without_cost;
        self.unbilled += more.unbilled;
    }
}

/// Where a sum belongs: event type, wallet, day in UTC.
type Place = (Option<EventTypeNo>, WalletNo, i64);

/// Sums by place, straight from the facts; figures of no event type where a fact is of none.
fn summed(facts: &[(Millis, Fact)]) -> BTreeMap<Place, Sums> {
    let mut sums = BTreeMap::<Place, Sums>::new();
    for (recorded, fact) in facts {
        let Fact::Wallet(fact) = fact else { continue };
        let mut add = |event_type, at: Millis, more: Sums| {
            let place = (event_type, fact.header.wallet, at.0.div_euclid(DAY_MS));
            sums.entry(place).or_default().add(&more);
        };
        let cost = |reported: Option<Money>, facets: &Option<Box<Facets>>| {
            cost_of_event(reported, facets.as_deref()).map(|cost| i128::from(cost.nano))
        };
        let lapsed = |broken: &[Draw]| {
            let recognised = revenue(broken);
            Sums { recognised, breakage: recognised, ..Sums::default() }
        };
        let charge = |used: &chargly_engine::ledger::Charge, cost: Option<i128>| Sums {
            events: 1,
            used: (used.credits - used.uncharged).micro().into(),
            recognised: revenue(&used.draws),
            cost: cost.unwrap_or(0),
            without_cost: cost.is_none().into(),
            ..Sums::default()
        };
        match &fact.event {
            WalletEvent::Metered { request, charge: paid, facets } => {
                let at = request.occurred_at.unwrap_or(*recorded);
                add(Some(request.event_type), at, charge(paid, cost(request.cost, facets)));
            }
            WalletEvent::HoldCaptured { request, of, charge: paid, broken, facets, .. } => {
                add(Some(of.event_type), *recorded, charge(paid, cost(request.cost, facets)));
                add(None, *recorded, lapsed(broken));
            }
            WalletEvent::Reversed { credits, returns, of, .. } => {
                let of = of.as_ref().expect("what was reversed");
                let back = Sums {
                    used: -i128::from(credits.micro()),
                    recognised: -revenue(returns),
                    ..Sums::default()
                };
                add(Some(of.event_type), of.at, back);
            }
            WalletEvent::Granted { settlements, .. } => paid_later(&mut add, *recorded, settlements),
            WalletEvent::LotActivated { due, settlements, .. } => paid_later(&mut add, *due, settlements),
            WalletEvent::LotExpired { due, broken } => add(None, *due, lapsed(std::slice::from_ref(broken))),
            WalletEvent::HoldExpired { due, broken, .. } => add(None, *due, lapsed(broken)),
            WalletEvent::Refused { asked, facets, .. } => {
                use chargly_engine::ledger::Asked;
                let (event_type, at, cost) = match asked {
                    Asked::Meter(r) => {
                        (Some(r.event_type), r.occurred_at.unwrap_or(*recorded), cost(r.cost, facets))
                    }
                    Asked::PlaceHold(r) => (Some(r.event_type), *recorded, None),
                    Asked::CaptureHold(r) => (None, *recorded, cost(r.cost, facets)),
                    _ => continue,
                };
                add(event_type, at, Sums { refused: 1, unbilled: cost.unwrap_or(0), ..Sums::default() });
            }
            _ => {}
        }
    }
    sums.retain(|_, sums| *sums != Sums::default());
    sums
}

fn revenue(draws: &[Draw]) -> i128 {
    draws.iter().map(|draw| i128::from(draw.revenue_nano)).sum()
}

/// Debt that a lot paid: revenue of the type that owed it, when it was paid. The credits were used before.
fn paid_later(add: &mut impl FnMut(Option<EventTypeNo>, Millis, Sums), at: Millis, paid: &[Settlement]) {
    for paid in paid {
        let recognised = paid.revenue_nano.into();
        add(Some(paid.event_type), at, Sums { recognised, ..Sums::default() });
    }
}

/// Sums of places that some part of them names.
fn grouped<K: Ord>(sums: &BTreeMap<Place, Sums>, key: impl Fn(&Place) -> K) -> BTreeMap<K, Sums> {
    let mut groups = BTreeMap::<K, Sums>::new();
    for (place, sum) in sums {
        groups.entry(key(place)).or_default().add(sum);
    }
    groups.retain(|_, sums| *sums != Sums::default());
    groups
}

fn of_rows<K: Ord>(rows: &[FiguresRow], key: impl Fn(&FiguresRow) -> K) -> BTreeMap<K, Sums> {
    let rows = rows.iter().map(|row| (key(row), Sums::of(row)));
    rows.filter(|(_, sums)| *sums != Sums::default()).collect()
}

async fn run_script(seed: u64) {
    let world = World::begin().await;
    let (mut dice, mut events) = (Dice(seed), Vec::new());
    world.env.set_policy(SYSTEM, "dan".into(), Policy::RecordOnly).await.expect("set");
    for _ in 0..120 {
        world.step(&mut dice, &mut events).await;
        if dice.below(12) == 0 {
            let found = world.env.deferred(Some(world.head())).await.expect("deferred");
            assert!(found.agrees(), "seed {seed}: {found:?}");
        }
    }
    let sums = summed(&world.facts());
    let day = |row: &FiguresRow| row.start.map(|start| start.0.div_euclid(DAY_MS));
    let rows = world.rows(Interval::Day, &[By::EventType, By::Wallet]).await;
    let found = of_rows(&rows, |row| (row.event_type, row.wallet, day(row)));
    assert_eq!(found, grouped(&sums, |(t, w, d)| (*t, Some(*w), Some(*d))), "seed {seed}");
    let rows = world.rows(Interval::Day, &[By::EventType]).await;
    let found = of_rows(&rows, |row| (row.event_type, day(row)));
    assert_eq!(found, grouped(&sums, |(t, _, d)| (*t, Some(*d))), "seed {seed}");
    let whole = grouped(&sums, |_| ());
    for by in [vec![], vec![By::EventType], vec![By::Price], vec![By::EventType, By::Price], vec![By::Wallet]]
    {
        let mut total = Sums::default();
        world.rows(Interval::Hour.max_for(&by), &by).await.iter().for_each(|row| total.add(&Sums::of(row)));
        assert_eq!(Some(&total), whole.get(&()), "seed {seed}, by {by:?}");
    }
    let typed = grouped(&sums, |(t, _, _)| t.is_some());
    let mut total = Sums::default();
    let models = world.rows(Interval::Month, &[By::Dimension("model".into())]).await;
    models.iter().for_each(|row| total.add(&Sums::of(row)));
    assert_eq!(Some(&total), typed.get(&true), "seed {seed}: what is of no type has no dimensions");
    check_days(&world, seed).await;
    check_customers(&world, &sums, seed).await;
    check_burn_down(&world, seed).await;
    world.env.close();
}

/// Each day of the books opens with what the one before closed with, and the last closes with what the lots owe.
async fn check_days(world: &World, seed: u64) {
    let always = Millis(NOON - 90 * DAY_MS)..Millis(NOON + 900 * DAY_MS);
    let books = world.env.books(always, Interval::Day, Some(world.head())).await.expect("books");
    let mut deferred = books.opening_deferred_nano;
    for row in &books.rows {
        deferred += deferred_nano(&row.figures);
        assert_eq!(row.deferred_nano, deferred, "seed {seed}");
    }
    let found = world.env.deferred(Some(world.head())).await.expect("deferred");
    assert_eq!((found.by_lots_nano, found.by_books_nano), (deferred, deferred), "seed {seed}");
}

async fn check_customers(world: &World, sums: &BTreeMap<Place, Sums>, seed: u64) {
    let query = FiguresQuery {
        from: Millis(NOON - 90 * DAY_MS),
        to: Millis(NOON + 900 * DAY_MS),
        interval: Interval::Total,
        by: Vec::new(),
        event_type: None,
        price: None,
        wallet: None,
        dimension: None,
    };
    let head = Some(world.head());
    let page = world.env.top_customers(query, Ranking::Revenue, (10, None), head).await.expect("customers");
    let expected = grouped(sums, |(_, wallet, _)| *wallet);
    assert_eq!(page.lines.len(), expected.len(), "seed {seed}");
    assert!(page.lines.is_sorted_by_key(|line| -line.line.recognised_nano), "seed {seed}");
    for line in &page.lines {
        assert_eq!(line.line.recognised_nano, expected[&line.wallet].recognised, "seed {seed}");
        let wallet = world.env.wallet(&line.customer).await.expect("read").expect("a wallet");
        assert_eq!((line.available, line.wallet), (wallet.balance.available(), wallet.number));
    }
}

/// What cohorts of paid lots have left is what those lots have left, and what came in is what the books say.
async fn check_burn_down(world: &World, seed: u64) {
    let found = world.env.deferred(Some(world.head())).await.expect("deferred");
    let begin = Millis(NOON - 3 * DAY_MS);
    for (cohort, interval) in [(Interval::Month, Interval::Day), (Interval::Week, Interval::Month)] {
        let query = BurnDownQuery { from: begin, cohort, interval };
        let burn =
            world.env.burn_down(query, 10_000, Some(world.head())).await.expect("read").expect("few facts");
        let last = |cohort: &chargly_engine::figures::Cohort| *cohort.sums.last().expect("a sum");
        let left: i128 = burn.cohorts.iter().map(|cohort| last(cohort).left()).sum();
        assert_eq!(left, found.lots.paid_micro, "seed {seed}");
        let months: BTreeMap<Millis, i128> =
            found.aged.by_month().map(|(start, by_kind)| (start, by_kind[0].micro)).collect();
        let always = begin..Millis(NOON + 900 * DAY_MS);
        let books = world.env.books(always, cohort, Some(world.head())).await.expect("books");
        for cohort in &burn.cohorts {
            let granted = books.rows.iter().find(|row| row.start == Some(cohort.start));
            let granted = granted.map_or(0, |row| row.figures.paid_granted_micro);
            assert_eq!(last(cohort).granted, granted, "seed {seed}");
            if query.cohort == Interval::Month {
                assert_eq!(Some(&last(cohort).left()), months.get(&cohort.start), "seed {seed}");
            }
        }
        let few = world.env.burn_down(BurnDownQuery { from: Millis(NOON), ..query }, 3, None).await;
        assert!(few.expect("read").expect_err("too many").facts > 3);
    }
}

/// The finest interval that a grouping has.
trait MaxFor {
    fn max_for(self, by: &[By]) -> Interval;
}

impl MaxFor for Interval {
    fn max_for(self, by: &[By]) -> Interval {
        if by.contains(&By::Wallet) { Interval::Day } else { self }
    }
}

#[tokio::test]
async fn figures_of_random_scripts_are_the_sums_of_their_facts() {
    for seed in 1..=8 {
        run_script(0x9e37_79b9_7f4a_7c15 ^ seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deferred_revenue_agrees_while_thousands_of_wallets_are_charged() {
    let world = World::begin().await;
    let mut granting = tokio::task::JoinSet::new();
    let paid = GrantRequest {
        kind: GrantKind::Paid,
        price: Some(Money { nano: 1_000_000_007, currency: Currency::USD }),
        ..lot(1_000)
    };
    // More than two turns of the writer look at.
    let wallets = 5_000;
    for number in 0..wallets {
        let (env, paid) = (Arc::clone(&world.env), paid.clone());
        granting.spawn(async move { env.grant(SYSTEM, format!("c{number}").into(), paid, None, None).await });
    }
    while let Some(granted) = granting.join_next().await {
        granted.expect("no panic").expect("granted");
    }
    let env = Arc::clone(&world.env);
    let charging = tokio::spawn(async move {
        let mut dice = Dice(7);
        for _ in 0..300 {
            let events = (0..100).map(|_| event(&format!("c{}", dice.number(wallets)), "chat.reply", None));
            let results = env.meter(SYSTEM, events.collect()).await;
            assert!(results.iter().all(Result::is_ok));
        }
    });
    let (mut seen, mut moving) = (0, 0);
    while !charging.is_finished() {
        let found = world.env.deferred(Some(world.head())).await.expect("deferred");
        assert!(found.agrees(), "{found:?}");
        (seen, moving) = (seen + 1, moving + i32::from(found.by_lots_nano % 1_000_000_007 != 0));
    }
    charging.await.expect("charged");
    assert!(seen > 0 && moving > 0, "some were asked while charges went on");
    let found = world.env.deferred(Some(world.head())).await.expect("deferred");
    // 30,000 events at 3 credits; each lot's revenue is rounded down for itself.
    assert_eq!(found.lots.paid_micro, (5_000 * 1_000 - 90_000) * 1_000_000);
    assert!(found.agrees());
    world.env.close();
}

#[tokio::test]
async fn deferred_revenue_is_given_again_for_ten_seconds_unless_something_newer_is_asked_for() {
    let world = World::begin().await;
    world.env.grant(SYSTEM, "ada".into(), lot(5), None, None).await.expect("granted");
    let first = world.env.deferred(Some(world.head())).await.expect("deferred");
    world.env.grant(SYSTEM, "ada".into(), lot(7), None, None).await.expect("granted");
    world.clock.advance(9_999);
    assert_eq!(world.env.deferred(None).await.expect("deferred"), first);
    let newer = world.env.deferred(Some(world.head())).await.expect("deferred");
    assert_eq!(newer.lots.promotional_micro, 12_000_000);
    world.env.grant(SYSTEM, "ada".into(), lot(1), None, None).await.expect("granted");
    world.clock.advance(10_000);
    assert_eq!(world.env.deferred(None).await.expect("deferred").lots.promotional_micro, 13_000_000);
    world.env.close();
}
