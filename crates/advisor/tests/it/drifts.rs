//! How soon a rate that moved is noticed, and how often one that did not is said to have.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "shares of runs and rates of a simulation"
)]

use chargly_advisor::{DayRate, drift, segments};

use crate::draw::Draw;
use crate::runs;
use crate::tally::Tally;

/// Days of a world before its rate moves.
const HISTORY: i32 = 60;
/// Days that are watched after a short history, for false alarms.
const WATCHED: i32 = 90;
const SHORT_HISTORY: i32 = 30;

/// How a day's rate is off, in standard deviations.
#[derive(Clone, Copy)]
enum Noise {
    Normal,
    /// Student's t with 4 degrees of freedom, brought to a variance of 1.
    HeavyTails,
    /// A third of what a day is off stays on the next.
    Lasting,
}

/// Days with this noise, whose rate moves by a factor on [`HISTORY`].
fn days(seed: u64, days: i32, noise: Noise, sigma: f64, factor: f64) -> Vec<DayRate> {
    const KEPT: f64 = 1.0 / 3.0;
    let mut draw = Draw::new(seed);
    let mut off = draw.normal();
    (0..days)
        .map(|day| {
            off = match noise {
                Noise::Normal => draw.normal(),
                Noise::HeavyTails => draw.t(4) * std::f64::consts::FRAC_1_SQRT_2,
                Noise::Lasting => KEPT * off + libm::sqrt(1.0 - KEPT * KEPT) * draw.normal(),
            };
            let units = 1e6 * draw.lognormal(0.3);
            let rate = 1e-6 * libm::exp(sigma * off) * if day >= HISTORY { factor } else { 1.0 };
            DayRate { day, cost: rate * units, units }
        })
        .collect()
}

/// Days from the move to its alarm, where it comes within `within` days.
fn found_after(seed: u64, noise: Noise, sigma: f64, factor: f64, within: i32) -> Option<i32> {
    let alarm = drift(&days(seed, HISTORY + within, noise, sigma, factor))?;
    (alarm.is_up == (factor > 1.0) && alarm.alarm_day >= HISTORY).then_some(alarm.alarm_day - HISTORY + 1)
}

fn is_false_alarm(seed: u64, noise: Noise, sigma: f64) -> bool {
    let short: Vec<DayRate> = days(seed, SHORT_HISTORY + WATCHED, noise, sigma, 1.0);
    drift(&short).is_some_and(|alarm| alarm.alarm_day >= SHORT_HISTORY)
}

fn share(runs: u64, hits: impl Fn(u64) -> bool) -> f64 {
    (0..runs).filter(|seed| hits(*seed)).count() as f64 / runs as f64
}

#[test]
fn rise_of_a_fifth_at_3_percent_noise_is_found_within_a_week() {
    let found = share(200, |seed| found_after(seed, Noise::Normal, 0.03, 1.2, 7).is_some());
    assert!(found >= 0.95, "{found}");
    let falls = share(100, |seed| found_after(seed, Noise::HeavyTails, 0.03, 0.8, 7).is_some());
    assert!(falls >= 0.95, "{falls}");
}

#[test]
fn rate_that_does_not_move_raises_few_alarms() {
    for (noise, sigma) in [(Noise::Normal, 0.12), (Noise::HeavyTails, 0.06), (Noise::Lasting, 0.09)] {
        let false_alarms = share(200, |seed| is_false_alarm(seed, noise, sigma));
        assert!(false_alarms <= 0.08, "{sigma}: {false_alarms}");
    }
}

/// Days at these rates, in order, so many each.
fn constant(parts: &[(i32, f64)]) -> Vec<DayRate> {
    let rates = parts.iter().flat_map(|(days, rate)| (0..*days).map(move |_| *rate));
    // Volumes differ, so that the rate is not the same float each day.
    (0..)
        .zip(rates)
        .map(|(day, rate)| (day, rate, f64::from(day % 7 + 1) * 1e5 / 3.0))
        .map(|(day, rate, units)| DayRate { day, cost: rate * units, units })
        .collect()
}

#[test]
fn list_price_that_steps_is_certain_on_the_same_day() {
    for (before, after, is_up) in [(2.0, 2.2, true), (2.0, 1.5, false), (2.0, 2.1, true)] {
        let alarm = drift(&constant(&[(14, before), (1, after)])).expect("a step");
        assert_eq!((alarm.since_day, alarm.alarm_day, alarm.is_up), (14, 14, is_up));
        assert!((alarm.before - before).abs() < 1e-9 && (alarm.after - after).abs() < 1e-9, "{alarm:?}");
        assert_eq!(alarm.probability, 1.0);
    }
}

#[test]
fn latest_of_several_steps_is_told_and_history_has_all_of_them() {
    let days = constant(&[(20, 2.0), (3, 2.4), (10, 3.0)]);
    let alarm = drift(&days).expect("two steps");
    assert_eq!((alarm.since_day, alarm.alarm_day), (23, 23));
    assert!((alarm.before - 2.4).abs() < 1e-9 && (alarm.after - 3.0).abs() < 1e-9, "{alarm:?}");
    let found: Vec<(i32, i32, usize)> =
        segments(&days).iter().map(|part| (part.first_day, part.last_day, part.days)).collect();
    assert_eq!(found, [(0, 19, 20), (20, 22, 3), (23, 32, 10)]);
    assert!((segments(&days)[1].rate - 2.4).abs() < 1e-9);
}

#[test]
fn small_steps_young_rates_and_days_without_use_raise_no_alarm() {
    assert_eq!(drift(&constant(&[(20, 2.0), (9, 2.08)])), None, "4 %");
    assert_eq!(drift(&constant(&[(13, 2.0), (1, 3.0)])), None, "13 days before");
    assert_eq!(drift(&[]), None);
    let mut gaps = constant(&[(20, 2.0), (9, 2.0)]);
    gaps[25].cost = 0.0;
    gaps[26] = DayRate { day: 26, cost: 5.0, units: 0.0 };
    assert_eq!(drift(&gaps), None);
    assert_eq!(segments(&gaps).len(), 1);
    assert_eq!(segments(&[]), []);
}

#[test]
fn one_odd_day_among_noisy_ones_raises_no_alarm() {
    let mut days = days(3, 50, Noise::Normal, 0.03, 1.0);
    days[40].cost *= 3.0;
    assert_eq!(drift(&days), None);
    assert_eq!(segments(&days).len(), 1, "{:?}", segments(&days));
}

#[test]
fn alarm_depends_on_no_later_day() {
    let days = days(5, HISTORY + 40, Noise::Normal, 0.06, 1.2);
    let early = (HISTORY as usize..days.len()).find_map(|end| drift(&days[..end])).expect("an alarm");
    let late = drift(&days).expect("an alarm");
    assert_eq!((early.since_day, early.alarm_day), (late.since_day, late.alarm_day));
}

#[test]
fn history_is_cut_near_the_days_on_which_the_rate_moved() {
    let near = share(100, |seed| {
        let parts = segments(&days(seed, HISTORY + 40, Noise::Normal, 0.06, 1.2));
        parts.len() == 2 && (parts[1].first_day - HISTORY).abs() <= 2
    });
    assert!(near >= 0.85, "{near}");
}

#[test]
#[ignore = "minutes: prints a table"]
fn table_of_drifts() {
    let runs = runs(3_000);
    let kinds = [(Noise::Normal, ""), (Noise::HeavyTails, ", heavy tails"), (Noise::Lasting, ", lasting")];
    eprintln!(
        "| noise | false alarms in 90 d % | +10 %: ≤ 7 d % | median d | +20 %: ≤ 7 d % | median d | −20 %: ≤ 7 d % |"
    );
    for (noise, name) in kinds {
        for percent in [1.0, 3.0, 6.0, 9.0, 12.0] {
            let sigma = percent / 100.0;
            let false_alarms = share(runs, |seed| is_false_alarm(seed, noise, sigma));
            let found = |factor: f64| {
                let mut after: Vec<i32> = (0..runs)
                    .map(|seed| found_after(seed, noise, sigma, factor, 60).unwrap_or(i32::MAX))
                    .collect();
                after.sort_unstable();
                let soon = after.partition_point(|days| *days <= 7) as f64 / runs as f64;
                (100.0 * soon, after[after.len() / 2])
            };
            assert!(false_alarms <= 0.08, "{percent} %{name}: {false_alarms}");
            let (ten, twenty, fall) = (found(1.1), found(1.2), found(0.8));
            assert!(percent > 3.0 || twenty.0 >= 95.0, "{percent} %{name}: {}", twenty.0);
            eprintln!(
                "| {percent} %{name} | {:.1} | {:.1} | {} | {:.1} | {} | {:.1} |",
                100.0 * false_alarms,
                ten.0,
                ten.1,
                twenty.0,
                twenty.1,
                fall.0
            );
        }
    }
}

#[test]
#[ignore = "minutes: prints a table"]
fn table_of_claims_that_a_rate_moved() {
    let runs = runs(3_000);
    eprintln!("| noise |{}", Tally::heads());
    for percent in [3.0, 6.0, 9.0, 12.0] {
        let mut tally = Tally::default();
        for seed in 0..runs {
            // Moves between −20 and +25 %, half of them none at all, seen after about two weeks.
            let mut draw = Draw::new(seed ^ 0xFFFF);
            let factor = if draw.unit() < 0.5 { 1.0 } else { libm::exp(0.446 * (draw.unit() - 0.5)) };
            let seen = HISTORY + draw.count(14.0).clamp(1, 28) as i32;
            let days = days(seed, seen, Noise::Normal, percent / 100.0, factor);
            if let Some(alarm) = drift(&days).filter(|alarm| alarm.alarm_day >= HISTORY) {
                let is_true = if alarm.is_up { factor >= 1.05 } else { factor <= 0.95 };
                tally.add(alarm.probability, is_true);
            }
        }
        eprintln!("| {percent} % |{}", tally.cells());
    }
}
