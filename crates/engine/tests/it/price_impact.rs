//! What a price change did, from events in a journal to the answer: exact sums, and an effect that is really there.

use std::sync::Arc;

use chargly_engine::advisor::{Impact, Options, Status, Why};
use chargly_engine::ledger::{Currency, Position};
use chargly_engine::ledger::{
    EventTypeNo, GrantKind, GrantRequest, Grid, KeyNo, Millis, Money, PriceNo, PriceRequest, Rounding, Rule,
};
use chargly_engine::{Clock, Environment, ManualClock, MeterEvent, OpenOptions, create};

use crate::fixtures::{credits, event, event_type, lot};
use crate::world::NOON;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const TYPES: [&str; 3] = ["image.generate", "chat.reply", "agent.run"];
const CUSTOMERS: u32 = 40;
const SYSTEM: KeyNo = KeyNo::SYSTEM;
/// The day on which the price of the first type went from 4 to 5 credits.
const CHANGED_ON: u32 = 40;
const COST_NANO: i64 = 3_000_000;

/// Whether a customer uses a type on a day. Weekends are quieter, types go their own ways a little, and from the change on
/// a fifth of those who used the first type no longer do.
fn uses(customer: u32, of: usize, day: u32) -> bool {
    let of_day = (customer * 7 + day * 13 + u32::try_from(of).unwrap_or(0) * 29) % 20;
    let is_weekend = day % 7 >= 5;
    let stopped = of == 0 && day >= CHANGED_ON && customer.is_multiple_of(5);
    of_day >= if is_weekend { 8 } else { 3 } && !stopped
}

#[tokio::test]
async fn a_rise_that_drove_a_fifth_away_is_told_from_a_quiet_month() {
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(ManualClock::at(NOON));
    let options = || OpenOptions::new(Arc::clone(&clock) as Arc<dyn Clock>, "0.0.0-test");
    create(dir.path(), "test", [7; 32], options()).expect("created");
    let env = Environment::open(dir.path(), options()).expect("opens");
    for name in TYPES {
        env.define_event_type(SYSTEM, event_type(name, 4)).await.expect("defined");
    }
    for customer in 0..CUSTOMERS {
        let price = Some(Money { nano: 100_000_000_000, currency: Currency::USD });
        let lot = GrantRequest { kind: GrantKind::Paid, price, ..lot(10_000) };
        env.grant(SYSTEM, format!("c{customer}").into(), lot, None, None).await.expect("granted");
    }
    for day in 0..CHANGED_ON + 32 {
        if day == CHANGED_ON {
            raise(&env, 5).await;
        }
        if day == CHANGED_ON + 10 {
            let [early] = &impacts(&env, &clock, &[]).await[..] else { panic!("one change") };
            // Whole days behind the three that are left out, up to yesterday.
            let expected = Status::TooEarly { have_days: 7, need_days: 14, why: Why::DaysAfter };
            assert_eq!(early.status, expected);
        }
        let mut events = Vec::new();
        for customer in 0..CUSTOMERS {
            for (of, name) in TYPES.iter().enumerate().filter(|(of, _)| uses(customer, *of, day)) {
                let cost = Some(Money { nano: COST_NANO, currency: Currency::USD });
                let key = format!("{day}-{customer}-{of}");
                events.push(MeterEvent { cost, ..event(&format!("c{customer}"), name, Some(&key)) });
            }
        }
        for metered in env.meter(SYSTEM, events).await {
            metered.expect("charged");
        }
        clock.advance(DAY_MS);
    }

    let [impact] = &impacts(&env, &clock, &[]).await[..] else { panic!("one change") };
    let windows = impact.windows.expect("windows");
    let first_day = windows.before.last_day - i32::try_from(CHANGED_ON).expect("small") + 1;
    for (totals, window, price) in [(impact.before, windows.before, 4), (impact.after, windows.after, 5)] {
        let days =
            (window.first_day..=window.last_day).map(|day| u32::try_from(day - first_day).expect("a day"));
        let events: usize =
            days.map(|day| (0..CUSTOMERS).filter(|customer| uses(*customer, 0, day)).count()).sum();
        let events = i128::try_from(events).expect("small");
        assert_eq!(i128::from(totals.events), events);
        assert_eq!(totals.customer_days, totals.events, "everybody at most once a day");
        assert_eq!(totals.credits_micro, events * price * 1_000_000);
        // A credit was sold for a cent.
        assert_eq!(totals.revenue_nano, events * price * 10_000_000);
        assert_eq!(totals.cost_nano, events * i128::from(COST_NANO));
        assert_eq!(totals.margin_nano, totals.revenue_nano - totals.cost_nano);
    }
    assert_eq!(impact.controls, [EventTypeNo(1), EventTypeNo(2)]);
    let [without_chat] = &impacts(&env, &clock, &[EventTypeNo(1)]).await[..] else { panic!("one change") };
    assert_eq!(without_chat.controls, [EventTypeNo(2)], "chat is said to stand in for images");
    assert_eq!((without_chat.before, without_chat.after), (impact.before, impact.after));
    let Status::Estimated(estimate) = &impact.status else { panic!("{:?}", impact.status) };
    let units = estimate.units_bp;
    assert!(units.low <= -2_000 && -2_000 <= units.high && units.high < 0, "a fifth less: {units:?}");
}

async fn raise(env: &Environment, whole: i64) {
    let request = PriceRequest {
        event_type: EventTypeNo(0),
        rule: Rule::Flat { credits: credits(whole) },
        grid: Grid::MicroCredit,
        rounding: Rounding::HalfUp,
        effective_at: None,
        note: "Images became dearer.".into(),
        replaces: Some(PriceNo(0)),
        because: None,
    };
    env.publish_price(SYSTEM, request, None).await.expect("published");
}

async fn impacts(env: &Arc<Environment>, clock: &ManualClock, left_out: &[EventTypeNo]) -> Vec<Impact> {
    let reached = Position(env.tail().committed().next.0);
    let now = Millis(clock.wall_ms());
    let found = env.price_impacts((None, None), left_out, Options::default(), Some(reached), now).await;
    found.expect("answered").impacts
}
