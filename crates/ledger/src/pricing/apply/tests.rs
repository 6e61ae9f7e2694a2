//! Tables of prices, and what holds for every rule.

use proptest::prelude::*;

use super::super::{CardPin, Row};
use super::*;

fn cr(text: &str) -> Credits {
    Credits::parse(text).expect("a valid amount")
}

fn q(text: &str) -> Quantity {
    Quantity::parse(text).expect("a valid quantity")
}

fn flat(credits: &str) -> Rule {
    Rule::Flat { credits: cr(credits) }
}

fn per_unit(base: &str, credits: &str, min: Option<&str>, max: Option<&str>) -> Rule {
    Rule::PerUnit {
        base: cr(base),
        credits: cr(credits),
        measure: Measure::Quantity,
        minimum: min.map(cr),
        maximum: max.map(cr),
    }
}

fn tiered(tiers: &[(&str, &str)]) -> Rule {
    let tier = |(up_to, credits): &(&str, &str)| Tier {
        up_to: (!up_to.is_empty()).then(|| q(up_to)),
        credits: cr(credits),
    };
    Rule::Tiered { tiers: tiers.iter().map(tier).collect() }
}

fn cost_plus(multiplier: &str, minimum: Option<&str>) -> Rule {
    let multiplier = Ratio::parse(multiplier).expect("a ratio");
    Rule::CostPlus { multiplier, minimum: minimum.map(cr), rate_card: CardPin::chosen(CardNo(3)) }
}

fn inputs(all: &[(&str, PropertyValue)]) -> PriceInputs {
    all.iter().map(|(name, value)| (CompactString::from(*name), value.clone())).collect()
}

/// The price of an event with a quantity alone.
fn of(rule: &Rule, grid: Grid, rounding: Rounding, quantity: Quantity) -> Result<Credits, PriceError> {
    let event = PriceContext { quantity, inputs: &PriceInputs::new(), cost_nano: &|_| None };
    price(rule, grid, rounding, &event)
}

#[test]
fn prices_of_every_rule_by_quantity() {
    use Grid::{Credit, MicroCredit};
    use Rounding::{Down, HalfEven, HalfUp, Up};
    let graduated = tiered(&[("100", "1"), ("", "0.5")]);
    let fine = tiered(&[("0.5", "0.3"), ("2", "0.000001"), ("", "0")]);
    for (rule, grid, rounding, quantity, expected) in [
        (flat("12"), MicroCredit, HalfUp, "1", "12"),
        (flat("12"), MicroCredit, HalfUp, "3", "12"),
        (per_unit("0", "2", None, None), MicroCredit, HalfUp, "3", "6"),
        (per_unit("1", "0.25", None, None), MicroCredit, HalfUp, "3", "1.75"),
        (per_unit("1", "0.25", None, None), Credit, HalfUp, "2", "2"),
        (per_unit("1", "0.25", None, None), Credit, HalfEven, "2", "2"),
        (per_unit("0", "0.5", None, None), Credit, HalfEven, "1", "0"),
        (per_unit("0", "0.5", None, None), Credit, HalfUp, "1", "1"),
        (per_unit("0", "0.1", None, None), Credit, Up, "1", "1"),
        (per_unit("0", "0.9", None, None), Credit, Down, "1", "0"),
        (per_unit("0", "0.000001", None, None), MicroCredit, HalfUp, "0.5", "0.000001"),
        (per_unit("0", "0.000001", None, None), MicroCredit, HalfUp, "0.49", "0"),
        (per_unit("0", "1", Some("5"), Some("10")), MicroCredit, HalfUp, "3", "5"),
        (per_unit("0", "1", Some("5"), Some("10")), MicroCredit, HalfUp, "7", "7"),
        (per_unit("0", "1", Some("5"), Some("10")), MicroCredit, HalfUp, "70", "10"),
        (graduated.clone(), MicroCredit, HalfUp, "1", "1"),
        (graduated.clone(), MicroCredit, HalfUp, "100", "100"),
        (graduated.clone(), MicroCredit, HalfUp, "101", "100.5"),
        (graduated.clone(), Credit, HalfUp, "101", "101"),
        (graduated.clone(), MicroCredit, HalfUp, "300", "200"),
        (graduated, MicroCredit, HalfUp, "0.25", "0.25"),
        (fine.clone(), MicroCredit, HalfUp, "0.5", "0.15"),
        (fine.clone(), MicroCredit, HalfUp, "1", "0.150001"),
        (fine.clone(), MicroCredit, Down, "1", "0.15"),
        (fine, MicroCredit, Up, "9", "0.150002"),
    ] {
        assert_eq!(
            of(&rule, grid, rounding, q(quantity)),
            Ok(cr(expected)),
            "{rule:?} {grid:?} {rounding:?} × {quantity}"
        );
    }
}

#[test]
fn cost_plus_of_the_worked_example_is_five_credits() {
    let rule = cost_plus("1000", Some("3"));
    let inputs = PriceInputs::new();
    for (cost_nano, grid, expected) in [
        (4_200_000, Grid::Credit, "5"),
        (4_000_000, Grid::Credit, "4"),
        (4_000_001, Grid::Credit, "5"),
        (4_000_001, Grid::MicroCredit, "4.000001"),
        (100_000, Grid::Credit, "3"),
        (0, Grid::Credit, "3"),
    ] {
        let event =
            PriceContext { quantity: Quantity::ONE, inputs: &inputs, cost_nano: &|_| Some(cost_nano) };
        // Whatever the version's rounding: a price made of costs goes up.
        for rounding in [Rounding::Up, Rounding::Down, Rounding::HalfUp] {
            assert_eq!(price(&rule, grid, rounding, &event), Ok(cr(expected)), "{cost_nano}");
        }
    }
}

#[test]
fn cost_plus_without_a_cost_is_refused_and_asks_for_its_own_card() {
    let rule = cost_plus("1000", None);
    assert_eq!(of(&rule, Grid::Credit, Rounding::Up, Quantity::ONE), Err(PriceError::CostRequired));
    let inputs = PriceInputs::new();
    let by_card = |card: CardNo| Some(i64::from(card.0) * 1_000_000);
    let event = PriceContext { quantity: Quantity::ONE, inputs: &inputs, cost_nano: &by_card };
    assert_eq!(price(&rule, Grid::Credit, Rounding::Up, &event), Ok(cr("3")));
}

#[test]
fn first_row_that_matches_counts_and_else_the_default() {
    let is = |property: &str, value: &str| Condition { property: property.into(), value: value.into() };
    let row = |when: Vec<Condition>, rule: Rule| Row { when, rule: Box::new(rule) };
    let rule = Rule::ByDimension {
        rows: vec![
            row(vec![is("model", "gpt-4o"), is("size", "1024")], flat("12")),
            row(vec![is("model", "gpt-4o")], per_unit("0", "2", None, None)),
            row(vec![is("hd", "true")], flat("20")),
            row(vec![is("size", "0")], flat("1")),
        ],
        default: Box::new(flat("8")),
    };
    let text = |text: &str| PropertyValue::Text(text.into());
    let number = PropertyValue::number;
    for (properties, expected) in [
        (vec![("model", text("gpt-4o")), ("size", number("1024"))], "12"),
        (vec![("model", text("gpt-4o")), ("size", text("1024"))], "12"),
        (vec![("model", text("gpt-4o")), ("size", number("1024.00"))], "12"),
        (vec![("model", text("gpt-4o")), ("size", text("1024.00"))], "6"),
        (vec![("model", text("gpt-4o"))], "6"),
        (vec![("model", text("GPT-4o")), ("size", number("1024"))], "8"),
        (vec![("hd", text("true"))], "20"),
        (vec![("size", number("0.0"))], "1"),
        (vec![], "8"),
    ] {
        let inputs = inputs(&properties);
        let event = PriceContext { quantity: q("3"), inputs: &inputs, cost_nano: &|_| None };
        assert_eq!(
            price(&rule, Grid::MicroCredit, Rounding::HalfUp, &event),
            Ok(cr(expected)),
            "{properties:?}"
        );
    }
}

#[test]
fn price_beyond_the_largest_amount_overflows() {
    let most = q("1000000000");
    for rule in [
        per_unit("0", "8000000000", None, None),
        tiered(&[("1", "8000000000"), ("", "1")]),
        tiered(&[("", "8000000000")]),
    ] {
        for quantity in [q("2"), most] {
            let got = of(&rule, Grid::MicroCredit, Rounding::HalfUp, quantity);
            assert_eq!(got, Err(PriceError::Overflow), "{rule:?}");
        }
    }
    let event =
        PriceContext { quantity: q("1"), inputs: &PriceInputs::new(), cost_nano: &|_| Some(i64::MAX) };
    for grid in [Grid::MicroCredit, Grid::Credit] {
        let got = price(&cost_plus("9000000000", None), grid, Rounding::Up, &event);
        assert_eq!(got, Err(PriceError::Overflow));
    }
    let negative = PriceContext { cost_nano: &|_| Some(-1), ..event };
    assert_eq!(
        price(&cost_plus("1", None), Grid::Credit, Rounding::Up, &negative),
        Err(PriceError::Overflow)
    );
}

#[test]
fn a_measured_property_must_be_there_and_a_number() {
    let name = CompactString::from("tokens");
    let rule = Rule::PerUnit {
        base: cr("1"),
        credits: cr("0.01"),
        measure: Measure::Property(name.clone()),
        minimum: None,
        maximum: None,
    };
    let ask = |inputs: &PriceInputs| {
        let event = PriceContext { quantity: Quantity::ONE, inputs, cost_nano: &|_| None };
        price(&rule, Grid::MicroCredit, Rounding::HalfUp, &event)
    };
    let with = |value| inputs(&[("tokens", value)]);
    assert_eq!(ask(&PriceInputs::new()), Err(PriceError::Missing(name.clone())));
    assert_eq!(ask(&with(PropertyValue::Text("812".into()))), Err(PriceError::NotANumber(name.clone())));
    assert_eq!(ask(&with(PropertyValue::number("812"))), Ok(cr("9.12")));
    let zero = PriceError::BadNumber(name, DecimalError::Zero);
    assert_eq!(ask(&with(PropertyValue::number("0"))), Err(zero));
}

/// Tiers that end at whole units, the last one open.
fn tiers() -> impl Strategy<Value = Vec<Tier>> {
    let ends = proptest::collection::btree_set(1i64..60, 0..5);
    let credits = proptest::collection::vec(0i64..3_000_000, 6);
    (ends, credits).prop_map(|(ends, credits)| {
        let ends = ends.into_iter().map(|units| Quantity::from_micro(units * 1_000_000)).chain([None]);
        ends.zip(credits).map(|(up_to, micro)| Tier { up_to, credits: Credits::from_micro(micro) }).collect()
    })
}

proptest! {
    #[test]
    fn tiered_price_is_the_sum_of_its_units_one_by_one(tiers in tiers(), units in 1i64..80) {
        let mut sum = 0;
        for unit in 1..=units {
            let tier = tiers.iter().find(|t| t.up_to.is_none_or(|end| unit * 1_000_000 <= end.micro()));
            sum += tier.expect("the last has no end").credits.micro();
        }
        let quantity = Quantity::from_micro(units * 1_000_000).expect("a quantity");
        let got = of(&Rule::Tiered { tiers }, Grid::MicroCredit, Rounding::Down, quantity);
        prop_assert_eq!(got, Ok(Credits::from_micro(sum)));
    }

    #[test]
    fn more_never_costs_less(tiers in tiers(), small in 1i64..90_000_000, more in 0i64..90_000_000, up: bool) {
        let at = |micro: i64| Quantity::from_micro(micro).expect("a quantity");
        let grid = if up { Grid::Credit } else { Grid::MicroCredit };
        let rounding = if up { Rounding::Up } else { Rounding::HalfEven };
        let each = tiers[0].credits;
        let rules = [
            Rule::Tiered { tiers },
            Rule::PerUnit { base: each, credits: each, measure: Measure::Quantity, minimum: None, maximum: None },
        ];
        for rule in rules {
            let (less, all) = (of(&rule, grid, rounding, at(small)), of(&rule, grid, rounding, at(small + more)));
            prop_assert!(less.expect("small") <= all.expect("small"));
        }
    }

    #[test]
    fn rounded_once_a_price_is_less_than_a_step_from_the_exact_one(tiers in tiers(), micro in 1i64..90_000_000) {
        let exact = graduated(&tiers, Quantity::from_micro(micro).expect("a quantity"));
        let rule = Rule::Tiered { tiers };
        for grid in [Grid::MicroCredit, Grid::Credit] {
            let step = i128::from(grid.step().micro()) * 1_000_000;
            let at = |rounding| {
                let got = of(&rule, grid, rounding, Quantity::from_micro(micro).expect("a quantity"));
                i128::from(got.expect("small").micro()) * 1_000_000
            };
            prop_assert!(at(Rounding::Up) >= exact && at(Rounding::Up) - exact < step);
            prop_assert!(at(Rounding::Down) <= exact && exact - at(Rounding::Down) < step);
            for nearest in [at(Rounding::HalfUp), at(Rounding::HalfEven)] {
                prop_assert!(2 * (nearest - exact).abs() <= step && nearest % step == 0);
            }
        }
    }
}
