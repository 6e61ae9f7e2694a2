//! How often ranges of a gap between two levels, and of a line through events, hold the truth.
//!
//! Customers differ in how much they use, how dear they are at both levels together, and how dear at each.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "shares of runs and costs of a simulation"
)]

use chargly_advisor::{Cluster, LineSums, line, ratio_gap};

use crate::draw::Draw;
use crate::runs;

const GAP: f64 = 0.5;
const A: f64 = 1.0;
const B: f64 = 0.5;

/// Sums of the same customers at a level that costs 1.5 and one that costs 1; a third of them use only one.
fn levels(customers: usize, seed: u64) -> (Vec<Cluster>, Vec<Cluster>) {
    let mut draw = Draw::new(seed);
    let level = |draw: &mut Draw, volume: f64, cost: f64| {
        let units = if draw.unit() < 0.18 { 0.0 } else { draw.count(30.0 * volume) as f64 };
        Cluster { cost: units * cost * draw.lognormal(0.15), units }
    };
    (0..customers)
        .map(|_| {
            let (volume, own) = (draw.lognormal(1.0), draw.lognormal(0.3));
            (level(&mut draw, volume, own * (1.0 + GAP)), level(&mut draw, volume, own))
        })
        .unzip()
}

/// Sums of events that cost [`A`] and [`B`] for each of a quantity that is spread like a lognormal.
fn events(customers: usize, seed: u64) -> Vec<LineSums> {
    let mut draw = Draw::new(seed);
    (0..customers)
        .map(|_| {
            let (volume, own, size) = (draw.lognormal(1.0), draw.lognormal(0.3), draw.lognormal(0.3));
            let mut sums = LineSums::default();
            for _ in 0..draw.count(40.0 * volume) {
                let q = 4.0 * size * draw.lognormal(0.8);
                let c = (A + B * q) * own * draw.lognormal(0.2);
                sums.n += 1.0;
                sums.q += q;
                sums.qq += q * q;
                sums.c += c;
                sums.cq += c * q;
            }
            sums
        })
        .collect()
}

/// Runs whose ranges held the gap, `a` and `b`.
fn covered(customers: usize, runs: u64, first_seed: u64) -> [u64; 3] {
    let holds = |(low, high): (f64, f64), truth: f64| u64::from((low..=high).contains(&truth));
    let mut covered = [0; 3];
    for seed in first_seed..first_seed + runs {
        let (first, second) = levels(customers, seed);
        if let Some(gap) = ratio_gap(&first, &second, 1) {
            covered[0] += holds((gap.quantile(0.05), gap.quantile(0.95)), GAP);
        }
        if let Some(line) = line(&events(customers, seed), 1) {
            covered[1] += holds(line.a_range(), A);
            covered[2] += holds(line.b_range(), B);
        }
    }
    covered
}

#[test]
fn ranges_of_gaps_and_lines_hold_the_truth_about_nine_times_in_ten() {
    for (of_20, of_50) in covered(20, 120, 1).into_iter().zip(covered(50, 80, 1)) {
        assert!((172..=197).contains(&(of_20 + of_50)), "{of_20} of 120, {of_50} of 80");
    }
}

#[test]
#[ignore = "minutes: prints a table"]
fn table_of_gaps_and_lines() {
    let runs = runs(3_000);
    eprintln!("| customers | gap % | a % | b % |");
    for customers in [8, 20, 50, 200] {
        let covered = covered(customers, runs, 1);
        let is_held = |count: &u64| (0.86..=0.96).contains(&(*count as f64 / runs as f64));
        assert!(covered.iter().all(is_held), "{customers}: {covered:?} of {runs}");
        let cells: String =
            covered.map(|count| format!(" {:.1} |", 100.0 * count as f64 / runs as f64)).concat();
        eprintln!("| {customers} |{cells}");
    }
}
