//! How often the printed ranges hold the truth, over many simulated products.
//!
//! The gates are set near what was measured (decision 0008): they catch a method that got worse, they prove no quality.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "shares of runs and elasticities of a simulation"
)]

use chargly_advisor::{Claim, Estimate, Impact, Interval, Status, price_impact};
use chargly_ledger::EventTypeNo;

use crate::simulator::{COST_A_UNIT_NANO, REVENUE_A_UNIT_NANO, Simulated, World, simulate};

/// Runs in an everyday test: coverage is then known to within four points.
const RUNS: u64 = 200;
/// Runs of the long version.
const LONG_RUNS: u64 = 3_000;

/// Claims from this probability on are counted, in basis points.
const CLAIM_MIN_BP: u32 = 8_000;

/// What many runs of one world came to.
#[derive(Default, Debug)]
struct Score {
    runs: u64,
    elasticity_covered: u64,
    units_covered: u64,
    before_after_covered: u64,
    squared_error: f64,
    /// Of the middle of the effect on units, as an elasticity: without the prior where placebos are enough.
    units_squared_error: f64,
    before_after_squared_error: f64,
    half_width: f64,
    placebos: u64,
    /// Claims about margin stated with at least [`CLAIM_MIN_BP`]: how many, their stated probabilities added up, and
    /// how many are true.
    claims: u64,
    claims_stated_bp: u64,
    claims_true: u64,
}

impl Score {
    fn percent(&self, count: u64) -> f64 {
        100.0 * count as f64 / self.runs as f64
    }

    fn line(&self) -> String {
        let runs = self.runs as f64;
        let claims = self.claims.max(1) as f64;
        format!(
            "| {:.1} | {:.1} | {:.1} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} | {:.2} → {:.2} ({:.0} %) |",
            self.percent(self.elasticity_covered),
            self.percent(self.units_covered),
            self.percent(self.before_after_covered),
            libm::sqrt(self.squared_error / runs),
            libm::sqrt(self.units_squared_error / runs),
            libm::sqrt(self.before_after_squared_error / runs),
            self.half_width / runs,
            self.placebos as f64 / runs,
            self.claims_stated_bp as f64 / claims / 1e4,
            self.claims_true as f64 / claims,
            self.percent(self.claims),
        )
    }
}

fn score(world: &World, runs: u64, first_seed: u64) -> Score {
    let mut score = Score { runs, ..Score::default() };
    for seed in first_seed..first_seed + runs {
        let simulated = simulate(seed, world);
        let impact = price_impact(&simulated.question()).expect("a question in order");
        let estimate = estimate_of(&impact);
        let elasticity = estimate.elasticity_milli.expect("a price ratio");
        let truth_milli = world.elasticity * 1e3;
        let log_price = libm::log(world.price_bp as f64 / 1e4);
        let truth_bp = libm::expm1(world.elasticity * log_price) * 1e4;
        score.elasticity_covered += u64::from(holds(elasticity, truth_milli));
        score.units_covered += u64::from(holds(estimate.units_bp, truth_bp));
        let (plain, plain_error) = before_after(&simulated, &impact);
        let off = (plain - world.elasticity * log_price).abs();
        score.before_after_covered += u64::from(off <= 1.645 * plain_error);
        score.squared_error += ((elasticity.middle as f64 - truth_milli) / 1e3).powi(2);
        score.before_after_squared_error += (off / log_price).powi(2);
        score.half_width += (elasticity.high - elasticity.low) as f64 / 2e3;
        score.placebos += u64::from(estimate.placebos);
        let units_as_elasticity = libm::log1p(estimate.units_bp.middle as f64 / 1e4) / log_price;
        score.units_squared_error += (units_as_elasticity - world.elasticity).powi(2);
        let confidence = estimate.confidence.expect("all cost is known");
        if confidence.probability_bp >= CLAIM_MIN_BP {
            let claims_rise = confidence.claim == Claim::MarginRose;
            score.claims += 1;
            score.claims_stated_bp += u64::from(confidence.probability_bp);
            score.claims_true += u64::from(claims_rise == margin_rises(world));
        }
    }
    score
}

/// Whether the new price really brings margin: what is lost in units against what each unit brings more.
fn margin_rises(world: &World) -> bool {
    let price = world.price_bp as f64 / 1e4;
    let (revenue, cost) = (REVENUE_A_UNIT_NANO as f64, COST_A_UNIT_NANO as f64);
    libm::pow(price, world.elasticity) * (revenue * price - cost) > revenue - cost
}

fn estimate_of(impact: &Impact) -> &Estimate {
    match &impact.status {
        Status::Estimated(estimate) | Status::NoControls(estimate) => estimate,
        Status::TooEarly { .. } => panic!("{:?}", impact.status),
    }
}

fn holds(interval: Interval, truth: f64) -> bool {
    (interval.low as f64..=interval.high as f64).contains(&truth)
}

/// What a spreadsheet makes of it: mean daily logarithm after less before, days taken for independent.
fn before_after(simulated: &Simulated, impact: &Impact) -> (f64, f64) {
    let windows = impact.windows.expect("windows");
    let days =
        &simulated.series.iter().find(|series| series.event_type == EventTypeNo(0)).expect("target").days;
    let moments = |first: i32, last: i32| {
        let logs: Vec<f64> = days
            .iter()
            .filter(|day| (first..=last).contains(&day.day) && day.units_micro > 0)
            .map(|day| libm::log(day.units_micro as f64 / f64::from(day.active_customers)))
            .collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let squares = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>();
        (mean, squares / (logs.len() - 1) as f64 / logs.len() as f64)
    };
    let (before, before_variance) = moments(windows.before.first_day, windows.before.last_day);
    let (after, after_variance) = moments(windows.after.first_day, windows.after.last_day);
    (after - before, libm::sqrt(before_variance + after_variance))
}

/// Runs spread over truths up to 1 away from the prior's centre.
#[test]
fn elasticity_is_in_its_range_about_nine_times_in_ten() {
    let truths = [-1.7, -1.2, -0.7, -0.2, 0.3];
    let mut covered = 0;
    for (first_seed, elasticity) in (1_000..).step_by(1_000).zip(truths) {
        let score = score(&World { elasticity, ..World::default() }, RUNS / 5, first_seed);
        covered += score.elasticity_covered;
    }
    assert!((172..=192).contains(&covered), "{covered} of {RUNS}: not within 86 % and 96 %");
}

#[test]
fn effect_on_units_is_in_its_range_about_nine_times_in_ten_and_before_after_far_less_often() {
    let score = score(&World { elasticity: -1.4, ..World::default() }, RUNS, 7_000);
    assert!((172..=192).contains(&score.units_covered), "{}", score.line());
    assert!(score.before_after_covered < 150, "{}", score.line());
    assert!(score.squared_error * 2.0 < score.before_after_squared_error, "{}", score.line());
}

#[test]
fn type_that_moves_more_than_the_others_by_itself_has_a_wider_range() {
    let calm = score(&World::default(), RUNS / 5, 11_000);
    let noisy = score(&World { target_noise: 3.0, ..World::default() }, RUNS / 5, 11_000);
    assert!(noisy.half_width > 1.3 * calm.half_width, "{} against {}", noisy.line(), calm.line());
    assert!(noisy.elasticity_covered >= 34, "{}", noisy.line());
}

#[test]
fn one_type_alone_has_ranges_more_than_twice_as_wide_and_they_hold_far_from_the_prior() {
    let six = score(&World::default(), RUNS / 5, 13_000);
    let one = score(&World { types: 1, elasticity: 0.3, ..World::default() }, RUNS / 5, 13_000);
    assert!(one.half_width > 2.0 * six.half_width, "{} against {}", one.line(), six.line());
    assert!(one.elasticity_covered >= 35, "{}", one.line());
    // Without placebo dates the error comes from the days' scatter.
    let young = score(&World { types: 1, days_before: 28, ..World::default() }, RUNS / 5, 13_000);
    assert!(young.elasticity_covered >= 35, "{}", young.line());
}

#[test]
#[ignore = "minutes: prints the table of decision 0008"]
fn table_of_many_worlds() {
    let base = World::default();
    let mut worlds = Vec::new();
    for elasticity in [0.3, 0.0, -0.3, -0.4, -0.7, -1.0, -1.2, -1.4, -1.7, -2.0] {
        worlds.push((format!("e = {elasticity}"), World { elasticity, ..base }));
    }
    worlds.push(("own trend ×10".to_owned(), World { own_trend: 0.002, ..base }));
    worlds.push(("rise of 10 %".to_owned(), World { price_bp: 11_000, ..base }));
    worlds.push(("cut of 20 %".to_owned(), World { price_bp: 8_000, ..base }));
    worlds.push(("365 days before".to_owned(), World { days_before: 365, ..base }));
    worlds.push(("60 days before".to_owned(), World { days_before: 60, ..base }));
    worlds.push(("two types".to_owned(), World { types: 2, ..base }));
    worlds.push(("two types, 60 days before".to_owned(), World { types: 2, days_before: 60, ..base }));
    worlds.push(("three types, 28 days before".to_owned(), World { types: 3, days_before: 28, ..base }));
    worlds.push(("14 days after".to_owned(), World { days_after: 17, ..base }));
    worlds.push(("one type".to_owned(), World { types: 1, ..base }));
    worlds.push(("one type, 28 days before".to_owned(), World { types: 1, days_before: 28, ..base }));
    worlds.push(("one type, e = 0.3".to_owned(), World { types: 1, elasticity: 0.3, ..base }));
    worlds.push(("one type, e = -1.7".to_owned(), World { types: 1, elasticity: -1.7, ..base }));
    worlds.push(("target twice as noisy".to_owned(), World { target_noise: 2.0, ..base }));
    worlds.push(("target three times as noisy".to_owned(), World { target_noise: 3.0, ..base }));
    worlds.push(("target half as noisy".to_owned(), World { target_noise: 0.5, ..base }));
    worlds.push(("own shocks ×3".to_owned(), World { own_shock: 0.24, ..base }));
    let runs = crate::runs(LONG_RUNS);
    for (name, world) in worlds {
        let score = score(&world, runs, 1);
        eprintln!("| {name} {}", score.line());
    }
}
