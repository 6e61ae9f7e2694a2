//! What is tried on the past: nothing changed comes out as it was, of all customers and of some.

use std::sync::Arc;

use chargly_journal::SqliteJournal;
use chargly_ledger::{
    Credits, Currency, EventTypeNo, EventTypeRequest, Fact, GrantKind, GrantRequest, Grid, IfInsufficient,
    KeyNo, Millis, Money, Quantity, Rounding, Rule, WalletEvent,
};
use tempfile::TempDir;

use super::super::drafts::draft;
use super::*;
use crate::clock::{Clock, ManualClock};
use crate::environment::{Environment, OpenOptions, create};
use crate::usecases::{MeterEvent, PriceSimulation, simulate};

const NOON: i64 = 1_800_000_000_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const SYSTEM: KeyNo = KeyNo::SYSTEM;
const DAYS: i64 = 40;
const CUSTOMERS: i64 = 12;

struct Past40Days {
    env: Arc<Environment>,
    dir: TempDir,
}

fn credits(whole: i64) -> Credits {
    Credits::whole(whole).expect("in range")
}

fn event(customer: i64, name: &str, units: i64) -> MeterEvent {
    MeterEvent {
        customer: format!("c{customer}").into(),
        event: name.into(),
        quantity: Quantity::parse(&units.to_string()).expect("a quantity"),
        credits: None,
        cost: Some(Money { nano: 30_000_000, currency: Currency::USD }),
        usage: None,
        occurred_at: None,
        if_insufficient: IfInsufficient::Refuse,
        properties: None,
        key: None,
    }
}

/// Customers use more the higher their number; the first four run out. Now and then an event is undone, also one from
/// before the span.
async fn lived() -> Past40Days {
    let (dir, clock) = (tempfile::tempdir().expect("a directory"), Arc::new(ManualClock::at(NOON)));
    let options = || OpenOptions::new(Arc::clone(&clock) as Arc<dyn Clock>, "0.0.0-test");
    create(dir.path(), "test", [7; 32], options()).expect("created");
    let env = Environment::open(dir.path(), options()).expect("opens");
    for (name, price) in [("chat.reply", 8), ("image", 40)] {
        let request = EventTypeRequest {
            name: name.into(),
            label: name.into(),
            description: "".into(),
            caller_set_credits: false,
            dimensions: Vec::new(),
            archived: false,
            estimated_cost_nano: None,
            first_price: Some(credits(price)),
        };
        env.define_event_type(SYSTEM, request).await.expect("defined");
    }
    for customer in 0..CUSTOMERS {
        let whole = if customer < 4 { 200 } else { 100_000 };
        let lot = GrantRequest {
            credits: credits(whole),
            kind: GrantKind::Paid,
            price: Some(Money { nano: whole * 200_000, currency: Currency::USD }),
            priority: 0,
            effective_at: None,
            expires_at: (customer == 0).then_some(Millis(NOON + 35 * DAY_MS)),
            scope: Vec::new(),
        };
        env.grant(SYSTEM, format!("c{customer}").into(), lot, None, None).await.expect("granted");
    }
    let mut first = Vec::new();
    for day in 0..DAYS {
        for customer in 0..CUSTOMERS {
            for n in 0..=customer {
                let name = if (day + n) % 3 == 0 { "image" } else { "chat.reply" };
                let outcome = env.meter_one(SYSTEM, event(customer, name, 1 + n % 2)).await.expect("decided");
                let is_charged = matches!(
                    outcome.fact.as_ref(),
                    Fact::Wallet(fact) if matches!(fact.event, WalletEvent::Metered { .. })
                );
                if day == 0 && n == 0 && is_charged {
                    first.push(outcome.id);
                }
                if (day + n) % 11 == 7 && is_charged {
                    env.reverse_event(SYSTEM, outcome.id, None, None, None).await.expect("reversed");
                }
            }
        }
        if day == 20 {
            for id in &first {
                env.reverse_event(SYSTEM, *id, None, None, None).await.expect("reversed");
            }
        }
        clock.advance(DAY_MS);
    }
    Past40Days { env, dir }
}

/// The 28 days before the last.
const FROM: Millis = Millis(NOON + 12 * DAY_MS - 60_000);

fn made(whole: i64) -> Recommendation {
    draft(EventTypeNo(0), whole, (FROM, Millis(NOON + DAYS * DAY_MS)))
}

impl Past40Days {
    fn with<T>(&self, limits: Limits, work: impl FnOnce(&mut Past<'_>, &Ground<'_>, Pace<'_>) -> T) -> T {
        let (catalogue, watch) = (self.env.catalogue(), Watch::default());
        let (cut_off, as_of) = (self.env.tail().committed().next, Millis(NOON + (DAYS - 1) * DAY_MS));
        let wallets = u32::try_from(CUSTOMERS).expect("few");
        let ground = Ground { catalogue: &catalogue, wallets, end: (cut_off.0, as_of), seed: 1, limits };
        let mut reader = SqliteJournal::reader_in(self.dir.path());
        let breathe = || {};
        let mut past = Past::new(reader.as_mut(), &watch, &breathe);
        work(&mut past, &ground, Pace { watch: &watch, breathe: &breathe })
    }

    fn tried(&self, limits: Limits, recommendations: &[Recommendation]) -> Vec<Backtest> {
        let found = self.with(limits, |past, ground, pace| try_all(past, ground, recommendations, pace));
        found.expect("tried").into_iter().map(|backtest| backtest.expect("proposed")).collect()
    }

    /// Facts that come out otherwise although nothing is proposed, and how many customers were taken.
    fn differences(&self, facts_max: u64) -> (u64, u32) {
        let found = self.with(LIMITS, |past, ground, pace| {
            let (end, to) = ground.end;
            let span = past.first_at(FROM, end)?..end;
            let sample = choose(past, &span, ground.wallets, facts_max)?;
            let tape = Tape::read(past, &sample, span, to)?;
            let pace = (pace.watch, pace.breathe as &dyn Fn());
            let Happened { references, .. } = tape.happened(past, &sample, pace)?;
            let (nothing, references) = (Arc::new(Proposal::default()), Arc::new(references));
            let world = World::new(tape.opening(), tape.first(), nothing, references, Mode::Static);
            Ok::<_, PastError>((tape.run(world, pace)?.differences(), sample.taken.customers))
        });
        found.expect("run")
    }
}

#[tokio::test]
async fn nothing_proposed_reproduces_every_fact_of_all_customers_and_of_some() {
    let lived = lived().await;
    assert_eq!(lived.differences(u64::MAX), (0, 12));
    let (differences, customers) = lived.differences(600);
    assert_eq!(differences, 0);
    assert!((1..12).contains(&customers), "{customers}");
    lived.env.close();
}

#[tokio::test]
async fn an_unchanged_price_leaves_everything_as_it_was() {
    let lived = lived().await;
    for limits in [LIMITS, Limits { taped_facts: 600, ..LIMITS }] {
        let [same] = &lived.tried(limits, &[made(8)])[..] else { panic!("one") };
        assert!(same.before.events > 0 && same.before.revenue_nano > 0);
        assert!(same.one_in > 1 || same.before.denied > 0, "some are refused, among all");
        assert_eq!(same.fixed.revenue_nano, same.before.revenue_nano, "{same:?}");
        assert_eq!((same.fixed.cost_nano, same.fixed.events), (same.before.cost_nano, same.before.events));
        assert_eq!((same.shock.p50_bp, same.shock.max_bp, same.shock.above), (0, 0, 0));
        assert_eq!((same.winners, same.losers, same.run_outs_newly, same.run_outs_earlier), (0, 0, 0, 0));
        assert_eq!((same.draws, same.fixed.denied), (8, same.before.denied));
        assert!(same.devaluation_nano.abs() < 1_000, "nothing but what billionths round off: {same:?}");
        assert_eq!(same.elastic_revenue, Some(Span::exactly(same.before.revenue_nano)));
        assert_eq!(same.one_in > 1, limits.taped_facts == 600);
    }
    lived.env.close();
}

#[tokio::test]
async fn of_all_customers_a_proposal_comes_out_as_in_a_price_simulation() {
    let lived = lived().await;
    let recommendations = [made(10), made(6), Recommendation { proposal: None, ..made(6) }];
    let found = lived.with(LIMITS, |past, ground, pace| try_all(past, ground, &recommendations, pace));
    let found = found.expect("tried");
    assert!(found[2].is_none(), "where nothing is proposed there is nothing to try");
    for (whole, backtest) in [10, 6].into_iter().zip(&found) {
        let backtest = backtest.as_ref().expect("proposed");
        let rule = Rule::Flat { credits: credits(whole) };
        let price = ProposedPrice { rule, grid: Grid::MicroCredit, rounding: Rounding::HalfUp };
        let simulation = PriceSimulation {
            from: FROM,
            to: Millis(NOON + (DAYS - 1) * DAY_MS + 1),
            proposal: [(EventTypeNo(0), price)].into_iter().collect(),
            is_replenishing: true,
            draws: backtest.draws,
            seed: 1,
        };
        let mut reader = SqliteJournal::reader_in(lived.dir.path());
        let simulated = simulate(reader.as_mut(), &simulation, &Watch::default(), &|| {});
        let comparison = simulated.expect("simulated").0.comparison;
        let revenue = |totals: &Totals| totals.revenue_nano;
        assert_eq!(backtest.before.revenue_nano, revenue(&comparison.before));
        assert_eq!(backtest.fixed.revenue_nano, revenue(&comparison.fixed));
        let replenishing = backtest.replenishing.expect("tried").revenue_nano;
        assert_eq!(Some(replenishing), comparison.replenishing.as_ref().map(revenue));
        let elastic = comparison.elastic.expect("drawn");
        assert_eq!(backtest.elastic_margin.map(|span| span.middle), Some(elastic.margin_nano.p50));
        assert_eq!(u64::from(backtest.shock.above), comparison.shock.shocked);
        assert_eq!(u64::from(backtest.run_outs_newly), comparison.run_outs.newly);
        assert_eq!(backtest.outstanding_micro, comparison.outstanding.credits_micro);
        assert_eq!((backtest.customers, backtest.one_in), (12, 1));
    }
    lived.env.close();
}

#[tokio::test]
async fn some_customers_speak_for_all_and_the_same_ones_each_time() {
    let lived = lived().await;
    let limits = Limits { taped_facts: 900, ..LIMITS };
    let [some] = &lived.tried(limits, &[made(10)])[..] else { panic!("one") };
    let [all] = &lived.tried(LIMITS, &[made(10)])[..] else { panic!("one") };
    assert_eq!(std::slice::from_ref(some), lived.tried(limits, &[made(10)]));
    assert!(some.one_in > 1 && some.customers == all.customers && some.facts < all.facts);
    // A sample of a few: near, and not exact.
    let near = |some: i128, all: i128| (all * 7 / 10..=all * 13 / 10).contains(&some);
    assert!(near(some.before.revenue_nano, all.before.revenue_nano), "{some:?} {all:?}");
    assert!(near(some.fixed.revenue_nano, all.fixed.revenue_nano), "{some:?} {all:?}");
    assert!(near(some.losers.into(), all.losers.into()), "{some:?} {all:?}");
    lived.env.close();
}

#[test]
fn amounts_of_a_sample_are_scaled_by_an_exact_ratio() {
    assert_eq!(scaled(7, 5, 5), 7, "of everybody nothing is scaled");
    assert_eq!(scaled(100, 3, 2), 150);
    assert_eq!(scaled(-100, 4, 3), -134, "rounded down");
    assert_eq!(scaled(0, 4, 3), 0);
    assert_eq!(scaled(i128::MAX, 1, 1), i128::MAX);
    let large = 1_i128 << 100;
    assert_eq!(scaled(large, 2 << 60, 1 << 60), large * 2, "beyond 128 bits on the way");
}

#[test]
fn counts_of_customers_are_scaled_by_customers_and_not_by_use() {
    let sample = |customers, micro| Use { customers, facts: 10, micro };
    let scale = Scale { all: sample(1_000, 10_000), taken: sample(100, 2_000) };
    assert_eq!((scale.customers(7), scale.amount(7)), (70, 35));
    let unused = Scale { all: sample(4, 0), taken: sample(2, 0) };
    assert_eq!(unused.amount(9), 9);
}
