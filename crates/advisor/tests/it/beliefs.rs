//! Chances of claims, worked out by hand or by brute force.
#![expect(clippy::float_arithmetic, reason = "probabilities and costs")]

use chargly_advisor::{
    Aim, Belief, Cluster, Lesson, Repricing, UnitCost, break_even_elasticity, chance, gain_quantiles,
    unit_cost,
};

/// The same for all customers.
fn exact(cost: f64) -> UnitCost {
    unit_cost(&[1.0, 2.0].map(|units| Cluster { cost: cost * units, units }), 1).expect("a cost")
}

/// Customers that differ, around this mean.
fn uncertain(mean: f64) -> UnitCost {
    let clusters: Vec<Cluster> = (0..30_i32)
        .map(|g| Cluster { cost: mean * (1.0 + 0.06 * f64::from((g * 7) % 11 - 5)), units: 1.0 })
        .collect();
    unit_cost(&clusters, 1).expect("a cost")
}

fn repricing(multiple: f64, revenue_per_unit: f64) -> Repricing {
    Repricing { multiple, revenue_per_unit, margin_min_bp: -100_000, aim: Aim::Profit }
}

/// Customers of whom it is known how they react: −1, give or take a hundredth.
fn known() -> Belief {
    Belief { lessons: vec![Lesson { centre: -1.0, scale: 0.01, freedom: 50.0 }], ..Belief::default() }
}

fn close(a: f64, b: f64, by: f64) -> bool {
    (a - b).abs() <= by
}

#[test]
fn break_even_elasticities_of_a_rise_by_a_fifth_are_those_worked_out_by_hand() {
    for (margin, expected) in [(0.8, -1.22), (0.6, -1.58), (0.45, -2.02), (0.2, -3.80)] {
        let found = break_even_elasticity(1.2, 1.0, 1.0 - margin).expect("profit before and after");
        assert!(close(found, expected, 0.005), "{margin}: {found}");
    }
    assert_eq!(break_even_elasticity(1.2, 1.0, 1.1), None, "a loss before");
    assert_eq!(break_even_elasticity(0.8, 1.0, 0.9), None, "a loss after");
    assert_eq!(break_even_elasticity(1.0, 1.0, 0.5), None, "no change");
}

#[test]
fn prior_alone_has_the_range_of_students_t() {
    // 4 degrees of freedom: 2.132 scales.
    let range = Belief::default().range_milli();
    assert!(
        (range.low + 1_979).abs() <= 3 && (range.middle + 700).abs() <= 1 && (range.high - 579).abs() <= 3
    );
    let taught = known().range_milli();
    assert!(taught.low >= -1_020 && taught.high <= -980, "{taught:?}");
}

#[test]
fn chance_of_profit_is_that_of_an_elasticity_above_break_even() {
    for margin in [0.8, 0.6, 0.45, 0.2] {
        let break_even = break_even_elasticity(1.2, 1.0, 1.0 - margin).expect("profit");
        let belief = Belief::default();
        let found = chance(&belief, &repricing(1.2, 1.0), &exact(1.0 - margin));
        assert!(close(found.by_centre[1], 1.0 - belief.probability_below(break_even), 1e-9));
        assert!(found.by_centre[0] > found.by_centre[1] && found.by_centre[1] > found.by_centre[2]);
        assert_eq!(found.lowest, found.by_centre[2]);
        assert_eq!(found.disagree, margin > 0.3, "{found:?}");
    }
    // A cut by a fifth pays below its break-even, −4.1 at a margin of 60 %… and customers react with −1.
    let cut = chance(&known(), &repricing(0.8, 1.0), &exact(0.4));
    assert!(cut.by_centre[1] < 0.001 && !cut.disagree);
    // Above a break-even of −0.73 everything must be lost; here it is sure.
    let sure = chance(&known(), &repricing(1.2, 1.0), &exact(0.4));
    assert!(sure.lowest > 0.999 && !sure.disagree);
}

#[test]
fn chances_around_losses_have_the_right_side() {
    for (multiple, revenue, expected) in [
        (1.5, 0.8, 1.0),  // from a loss of 0.2 to a profit of 0.2
        (1.25, 0.8, 1.0), // to nothing, but for rounding
        (1.1, 0.8, 1.0),  // to a smaller loss on fewer units
        (0.9, 0.8, 0.0),  // to a larger loss on more units
        (0.7, 1.2, 0.0),  // from a profit to a loss
        (1.1, 1.0, 1.0),  // from nothing to a profit
        (1.0, 1.2, 0.0),  // nothing changes
    ] {
        let found = chance(&known(), &repricing(multiple, revenue), &exact(1.0)).by_centre[1];
        assert!(close(found, expected, 1e-3), "{multiple} {revenue}: {found}");
    }
}

#[test]
fn closed_form_agrees_with_going_through_elasticities_and_costs() {
    let belief = Belief::default();
    // Quantiles of the belief, by halving.
    let elasticities: Vec<f64> = (0..100_u32)
        .map(|step| (f64::from(step) + 0.5) / 100.0)
        .map(|probability| {
            let (mut low, mut high) = (-20.0, 20.0);
            for _ in 0..40 {
                let middle = 0.5 * (low + high);
                if belief.probability_below(middle) < probability { low = middle } else { high = middle }
            }
            low
        })
        .collect();
    let cost = uncertain(1.0);
    let costs: Vec<f64> = (0..100_u32).map(|step| cost.quantile((f64::from(step) + 0.5) / 100.0)).collect();
    for multiple in [0.6, 0.9, 1.05, 1.2, 1.6] {
        let sold: Vec<f64> = elasticities.iter().map(|e| libm::pow(multiple, *e)).collect();
        for revenue in [0.7, 0.95, 1.05, 1.4, 3.0] {
            for margin_min_bp in [-100_000_i64, 0, 2_000] {
                let repricing = Repricing { margin_min_bp, ..repricing(multiple, revenue) };
                let margin_min =
                    if margin_min_bp == 2_000 { 0.2 } else { -10.0 * f64::from(u8::from(margin_min_bp < 0)) };
                let mut held = 0_u32;
                for c in &costs {
                    let margin = 1.0 - c / (multiple * revenue);
                    for sold in &sold {
                        let after = sold * (multiple * revenue - c);
                        held += u32::from(margin >= margin_min && after > revenue - c);
                    }
                }
                let expected = f64::from(held) / 10_000.0;
                let found = chance(&belief, &repricing, &cost).by_centre[1];
                assert!(
                    close(found, expected, 0.01),
                    "{multiple} {revenue} {margin_min_bp}: {found} for {expected}"
                );
            }
        }
    }
}

#[test]
fn margin_that_must_hold_is_part_of_the_claim() {
    // 1 − 0.5 ÷ 1.2 = 58.3 %.
    let with = |margin_min_bp| {
        let repricing = Repricing { margin_min_bp, ..repricing(1.2, 1.0) };
        chance(&known(), &repricing, &exact(0.5)).lowest
    };
    assert!(with(5_833) > 0.99);
    assert_eq!(with(5_834), 0.0);
    // Uncertain: as probable as the cost that it takes.
    let cost = uncertain(0.5);
    let repricing = Repricing { margin_min_bp: 6_000, ..repricing(1.2, 1.0) };
    let found = chance(&known(), &repricing, &cost).lowest;
    assert!(close(found, 1.0 - cost.probability_above(0.48), 0.001), "{found}");
}

#[test]
fn revenue_grows_with_a_rise_above_an_elasticity_of_minus_1() {
    let belief = Belief::default();
    for (multiple, expected) in
        [(1.2, 1.0 - belief.probability_below(-1.0)), (0.8, belief.probability_below(-1.0)), (1.0, 0.0)]
    {
        let repricing = Repricing { aim: Aim::Revenue, ..repricing(multiple, 1.0) };
        let found = chance(&belief, &repricing, &uncertain(0.4)).by_centre[1];
        // A thousand replicates leave one in 500 open whether the margin holds.
        assert!(close(found, expected, 0.003), "{multiple}: {found}");
    }
}

#[test]
fn gains_are_those_of_the_formula_and_ordered() {
    // 1.2⁻¹ × (1.2 − 0.4) − 0.6 = 0.0667.
    let gains = gain_quantiles(&known(), &repricing(1.2, 1.0), &exact(0.4), &[0.05, 0.5, 0.95]);
    assert!(gains.iter().all(|gain| close(*gain, 1.0 / 15.0, 0.005)), "{gains:?}");
    assert!(gains.is_sorted());
    let wide = gain_quantiles(&Belief::default(), &repricing(1.2, 1.0), &uncertain(0.4), &[0.05, 0.5, 0.95]);
    assert!(wide.is_sorted() && wide[2] - wide[0] > 0.2, "{wide:?}");
    // Below 0 as often as the chance says.
    let chance = chance(&Belief::default(), &repricing(1.2, 1.0), &uncertain(0.4)).by_centre[1];
    let at = gain_quantiles(&Belief::default(), &repricing(1.2, 1.0), &uncertain(0.4), &[1.0 - chance])[0];
    assert!(close(at, 0.0, 0.01), "{at}");
}
