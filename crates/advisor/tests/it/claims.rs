//! How often claims about profit come true, and ranges of elasticity hold, over many simulated products.
//!
//! A claim is about one product: a price times 1.1 to 1.25 raises its profit, at a margin of 15 to 85 %. What is
//! believed of the elasticity is the prior alone, or the prior and one change of 25 % that was simulated day by day and
//! measured as in the product.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "shares of runs and elasticities of a simulation"
)]

use chargly_advisor::{Aim, Belief, Chance, Cluster, Lesson, Repricing, chance, lesson, unit_cost};

use crate::costs::customers_who_differ;
use crate::draw::Draw;
use crate::runs;
use crate::simulator::{World, simulate};
use crate::tally::Tally;

/// Claims made of each product: what a simulated change taught is asked about this many margins.
const CLAIMS_A_RUN: u32 = 3;

/// What the claims of many products came to.
#[derive(Default)]
struct Claims {
    single: Tally,
    lowest: Tally,
    /// The lowest of three, at most 0.9 where they disagree.
    capped: Tally,
    /// Ranges of elasticity that held the truth, out of all.
    covered: u64,
    runs: u64,
    /// Where in its distribution the truth was, in tenths.
    ranks: [u64; 10],
}

/// A truth as the prior has it.
fn drawn_from_prior(draw: &mut Draw) -> f64 {
    -0.7 + 0.6 * draw.t(4)
}

/// What one change taught, where the truth is this.
fn taught(elasticity: f64, seed: u64) -> Lesson {
    let simulated = simulate(seed, &World { elasticity, ..World::default() });
    lesson(&simulated.question()).expect("enough days, types and customers")
}

/// What is claimed, and what is known.
#[derive(Clone, Copy)]
struct Plan {
    /// Whether there was one own change before.
    has_lesson: bool,
    /// Margins at the old price, from and to.
    margins: (f64, f64),
    /// Customers that the cost is known from; `None` where it is exact.
    customers: Option<usize>,
    /// The margin that must hold, in basis points.
    margin_min_bp: i64,
}

/// Margins at which a rise may pay, whatever they are.
const ANY_MARGIN: Plan = Plan { has_lesson: false, margins: (0.15, 0.85), customers: None, margin_min_bp: 0 };
const TAUGHT: Plan = Plan { has_lesson: true, ..ANY_MARGIN };
/// High margins: a rise by a fifth pays above an elasticity of −1.6 to −1.2, close to the truths of the tables.
const HIGH_MARGINS: Plan = Plan { margins: (0.6, 0.85), ..TAUGHT };

fn claims(plan: Plan, runs: u64, first_seed: u64, truth: impl Fn(&mut Draw) -> f64) -> Claims {
    let mut claims = Claims { runs, ..Claims::default() };
    for seed in first_seed..first_seed + runs {
        let mut draw = Draw::new(seed ^ 0xFFFF_0000);
        let elasticity = truth(&mut draw);
        let lessons = if plan.has_lesson { vec![taught(elasticity, seed)] } else { Vec::new() };
        let belief = Belief { lessons, ..Belief::default() };
        let range = belief.range_milli();
        claims.covered += u64::from((range.low as f64..=range.high as f64).contains(&(elasticity * 1e3)));
        claims.ranks[tenth(belief.probability_below(elasticity))] += 1;
        for _ in 0..CLAIMS_A_RUN {
            let margin = plan.margins.0 + (plan.margins.1 - plan.margins.0) * draw.unit();
            let repricing = Repricing {
                multiple: 1.1 + 0.15 * draw.unit(),
                revenue_per_unit: 1.0 / (1.0 - margin),
                margin_min_bp: plan.margin_min_bp,
                aim: Aim::Profit,
            };
            // A unit costs 1, whatever is known of it.
            let cost = match plan.customers {
                None => unit_cost(&[Cluster { cost: 1.0, units: 1.0 }; 2], 1),
                Some(customers) => unit_cost(&customers_who_differ(customers, seed), 1),
            };
            let stated = chance(&belief, &repricing, &cost.expect("a cost"));
            claims.add(&stated, comes_true(&repricing, elasticity));
        }
    }
    claims
}

fn tenth(probability: f64) -> usize {
    (1..10_u32).filter(|edge| probability >= f64::from(*edge) / 10.0).count()
}

/// Whether profit really grows and the margin holds, at a cost of 1.
fn comes_true(repricing: &Repricing, elasticity: f64) -> bool {
    let (before, after) = (repricing.revenue_per_unit, repricing.multiple * repricing.revenue_per_unit);
    let margin_holds = 1.0 - 1.0 / after >= repricing.margin_min_bp as f64 / 1e4;
    margin_holds && libm::pow(repricing.multiple, elasticity) * (after - 1.0) > before - 1.0
}

impl Claims {
    fn add(&mut self, stated: &Chance, is_true: bool) {
        self.single.add_either(stated.by_centre[1], is_true);
        self.lowest.add(stated.lowest, is_true);
        self.capped.add(if stated.disagree { stated.lowest.min(0.9) } else { stated.lowest }, is_true);
    }

    fn coverage(&self) -> f64 {
        self.covered as f64 / self.runs as f64
    }

    /// Bins from 0.7 on whose claims came true less often than stated by more than 5 points, allowing for twice the
    /// error of their number where `allows_for_chance`.
    fn overclaims(&self, allows_for_chance: bool) -> bool {
        self.lowest.from(0.7).any(|bin| {
            let chance = 2.0 * libm::sqrt(bin.stated() * (1.0 - bin.stated()) / bin.claims as f64);
            bin.came_true() < bin.stated() - 0.05 - if allows_for_chance { chance } else { 0.0 }
        })
    }

    /// How far the ranks are from equally many in each tenth: 9 degrees of freedom, above 27.9 one time in a thousand.
    fn chi_square(&self) -> f64 {
        let expected = self.runs as f64 / 10.0;
        self.ranks.iter().map(|count| (*count as f64 - expected).powi(2) / expected).sum()
    }
}

#[test]
fn range_of_elasticity_holds_truths_within_1_of_its_centre() {
    let covered: u64 = (1..)
        .zip([-1.7, -1.2, -0.7, -0.2, 0.3])
        .map(|(seed, truth)| claims(TAUGHT, 40, seed * 1_000, |_| truth).covered)
        .sum();
    assert!((172..=194).contains(&covered), "{covered} of 200");
}

/// Simulation-based calibration: a truth from the prior, and a change whose error is just what it says, have ranks that
/// are as often in each tenth. It would not be so with an error anywhere in the grid, the densities or the product.
#[test]
fn truth_is_anywhere_in_its_distribution_equally_often() {
    let ranks = |runs: u64| {
        let mut claims = Claims { runs, ..Claims::default() };
        for seed in 0..runs {
            let mut draw = Draw::new(seed);
            let elasticity = drawn_from_prior(&mut draw);
            let mut lessons = Vec::new();
            for freedom in [3_u32, 8].into_iter().take(draw.below(3)) {
                let scale = 0.1 + 0.6 * draw.unit();
                let centre = elasticity + scale * draw.t(freedom);
                lessons.push(Lesson { centre, scale, freedom: f64::from(freedom) });
            }
            let belief = Belief { lessons, ..Belief::default() };
            claims.ranks[tenth(belief.probability_below(elasticity))] += 1;
        }
        claims
    };
    let found = ranks(runs(600));
    assert!(found.chi_square() < 27.9, "{:?}", found.ranks);
}

#[test]
fn claims_by_the_chosen_prior_come_true_as_often_as_stated_where_truth_is_like_it() {
    let alone = claims(ANY_MARGIN, 600, 1, drawn_from_prior).single;
    let taught = claims(TAUGHT, 120, 1, drawn_from_prior).single;
    // Bins of 200 runs scatter by some points themselves.
    assert!(alone.calibration_error() <= 0.05, "{}", alone.cells());
    let (stated, came_true) = (taught.all_from(0.5).stated(), taught.all_from(0.5).came_true());
    assert!((stated - came_true).abs() <= 0.05, "{}", taught.cells());
}

#[test]
fn claims_by_the_lowest_of_three_priors_come_true_at_least_as_often_as_stated() {
    for (seed, truth) in [(1, -0.3), (1_001, -0.8), (2_001, -1.0), (3_001, -1.2)] {
        let alone = claims(ANY_MARGIN, 200, seed, |_| truth);
        assert!(!alone.overclaims(false), "{truth}: {}", alone.lowest.cells());
        let taught = claims(HIGH_MARGINS, 40, seed, |_| truth);
        assert!(!taught.overclaims(true), "{truth}: {}", taught.lowest.cells());
    }
}

/// The truths of the tables; `None` is drawn from the prior.
const TRUTHS: [Option<f64>; 9] =
    [None, Some(0.0), Some(-0.3), Some(-0.8), Some(-1.0), Some(-1.2), Some(-1.4), Some(-1.7), Some(-2.0)];

#[test]
#[ignore = "minutes: prints tables"]
fn table_of_claims_about_profit() {
    print_table("prior alone, any margin", ANY_MARGIN, &TRUTHS);
    print_table("after one change, any margin", TAUGHT, &TRUTHS);
}

#[test]
#[ignore = "minutes: prints tables"]
fn table_of_claims_about_profit_that_are_hard() {
    let from_50 = Plan { customers: Some(50), margin_min_bp: 4_000, ..TAUGHT };
    print_table("after one change, cost from 50 customers, margin at least 40 %", from_50, &TRUTHS[..1]);
    print_table("after one change, high margins", HIGH_MARGINS, &TRUTHS);
}

fn print_table(name: &str, plan: Plan, truths: &[Option<f64>]) {
    let runs = runs(3_000);
    eprintln!("{name}\n| true e | | range holds % | ranks χ² | error | says ≥ 0.7 % |{}", Tally::heads());
    for truth in truths {
        let found = claims(plan, runs, 1, |draw| truth.unwrap_or_else(|| drawn_from_prior(draw)));
        let name = truth.map_or("like the prior".to_owned(), |truth| truth.to_string());
        for (which, tally) in
            [("single", &found.single), ("lowest", &found.lowest), ("capped", &found.capped)]
        {
            eprintln!(
                "| {name} | {which} | {:.1} | {:.0} | {:.3} | {:.0} |{}",
                100.0 * found.coverage(),
                found.chi_square(),
                tally.calibration_error(),
                100.0 * tally.all_from(0.7).claims as f64 / (runs * u64::from(CLAIMS_A_RUN)) as f64,
                tally.cells(),
            );
        }
        found.gate(*truth, plan);
    }
}

impl Claims {
    /// What a long run is held to.
    fn gate(&self, truth: Option<f64>, plan: Plan) {
        match truth {
            None => assert!(self.single.calibration_error() <= 0.05, "{}", self.single.cells()),
            Some(truth) => {
                let is_asked = (-1.2..=-0.3).contains(&truth);
                assert!(!is_asked || !self.overclaims(true), "{truth}: {}", self.lowest.cells());
                let is_near = plan.has_lesson && (-1.7..=0.3).contains(&truth);
                // At the edge it holds in 86.0 %, and the error of 3,000 runs is 0.6.
                assert!(!is_near || (0.84..=0.97).contains(&self.coverage()), "{truth}");
            }
        }
    }
}
