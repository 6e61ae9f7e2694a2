//! What publishing refuses, by the field it names, on both sides of every limit.

use super::super::Measure;
use super::*;
use crate::{Quantity, Ratio};

fn flat(credits: i64) -> Rule {
    Rule::Flat { credits: Credits::from_micro(credits) }
}

fn tier(up_to: Option<i64>, credits: i64) -> Tier {
    let quantity = |units: i64| Quantity::from_micro(units * 1_000_000).expect("a quantity");
    Tier { up_to: up_to.map(quantity), credits: Credits::from_micro(credits) }
}

fn tiers(count: i64) -> Rule {
    Rule::Tiered { tiers: (1..count).map(|end| tier(Some(end), 1)).chain([tier(None, 1)]).collect() }
}

fn is(property: &str, value: &str) -> Condition {
    Condition { property: property.into(), value: value.into() }
}

fn row(when: &[Condition], rule: Rule) -> Row {
    Row { when: when.to_vec(), rule: Box::new(rule) }
}

fn table(rows: Vec<Row>) -> Rule {
    Rule::ByDimension { rows, default: Box::new(flat(1)) }
}

fn rows(count: usize) -> Rule {
    table((0..count).map(|n| row(&[is("model", &n.to_string())], flat(1))).collect())
}

fn when(count: usize) -> Rule {
    let all: Vec<_> = (0..count).map(|n| is(&n.to_string(), "x")).collect();
    table(vec![row(&all, flat(1))])
}

fn cost_plus(rate_card: CardPin) -> Rule {
    Rule::CostPlus { multiplier: Ratio::ONE, minimum: None, rate_card }
}

/// The field that is refused; empty when none is.
fn refused(rule: &Rule) -> String {
    let rounding = if rule.uses_cost() { Rounding::Up } else { Rounding::HalfUp };
    match check(rule, rounding, Some(CardNo(3))) {
        Ok(()) => String::new(),
        Err(Rejection::Invalid { field, .. }) => field.into(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn every_wrong_rule_names_its_field() {
    let nested = Rule::ByDimension { rows: vec![row(&[is("a", "b")], flat(1))], default: Box::new(flat(1)) };
    let long = "x".repeat(CONDITION_BYTES_MAX);
    for (rule, expected) in [
        (flat(0), ""),
        (flat(-1), "rule.credits"),
        (Rule::Tiered { tiers: vec![] }, "rule.tiers"),
        (tiers(1), ""),
        (Rule::Tiered { tiers: vec![tier(Some(1), 1)] }, "rule.tiers[0].up_to"),
        (Rule::Tiered { tiers: vec![tier(None, 1), tier(None, 1)] }, "rule.tiers[0].up_to"),
        (
            Rule::Tiered { tiers: vec![tier(Some(2), 1), tier(Some(2), 1), tier(None, 1)] },
            "rule.tiers[1].up_to",
        ),
        (Rule::Tiered { tiers: vec![tier(Some(2), 1), tier(None, -1)] }, "rule.tiers[1].credits"),
        (table(vec![]), "rule.rows"),
        (table(vec![row(&[], flat(1))]), "rule.rows[0].when"),
        (table(vec![row(&[is("", "x")], flat(1))]), "rule.rows[0].when"),
        (table(vec![row(&[is("a", "")], flat(1))]), "rule.rows[0].when"),
        (table(vec![row(&[is("a", "x\n")], flat(1))]), "rule.rows[0].when"),
        (table(vec![row(&[is(&long, &long)], flat(1))]), ""),
        (table(vec![row(&[is("a", &format!("{long}x"))], flat(1))]), "rule.rows[0].when"),
        (table(vec![row(&[is("a", "1"), is("a", "2")], flat(1))]), "rule.rows[0].when"),
        (table(vec![row(&[is("a", "1")], flat(-1))]), "rule.rows[0].rule.credits"),
        (table(vec![row(&[is("a", "1")], nested.clone())]), "rule.rows[0].rule.type"),
        (
            Rule::ByDimension { rows: vec![row(&[is("a", "1")], flat(1))], default: Box::new(nested) },
            "rule.default.type",
        ),
        (
            Rule::ByDimension { rows: vec![row(&[is("a", "1")], flat(1))], default: Box::new(flat(-1)) },
            "rule.default.credits",
        ),
        (cost_plus(CardPin::NEWEST), ""),
        (cost_plus(CardPin::chosen(CardNo(3))), ""),
        (cost_plus(CardPin::chosen(CardNo(4))), "rule.rate_card"),
        (cost_plus(CardPin::chosen(CardNo(0))), "rule.rate_card"),
    ] {
        assert_eq!(refused(&rule), expected, "{rule:?}");
    }
}

#[test]
fn limits_of_a_rule_hold_on_both_sides() {
    for (at_limit, beyond, expected) in [
        (tiers(20), tiers(21), "rule.tiers"),
        (rows(ROWS_MAX), rows(ROWS_MAX + 1), "rule.rows"),
        (when(CONDITIONS_MAX), when(CONDITIONS_MAX + 1), "rule.rows[0].when"),
    ] {
        assert_eq!(refused(&at_limit), "");
        assert_eq!(refused(&beyond), expected);
    }
}

#[test]
fn rule_that_would_not_fit_in_a_fact_is_refused() {
    let name = |n: usize, c: usize| format!("{n:03}{c}{}", "x".repeat(CONDITION_BYTES_MAX - 4));
    let big = |rows: usize, last: usize| {
        let row_of = |n: usize| {
            let conditions = if n + 1 == rows { last } else { CONDITIONS_MAX };
            let all: Vec<_> = (0..conditions).map(|c| is(&name(n, c), &name(n, c))).collect();
            row(&all, flat(1))
        };
        table((0..rows).map(row_of).collect())
    };
    // A row of four of the longest names and values takes 523 bytes.
    let fits = big(93, CONDITIONS_MAX);
    assert!(encode_one(&fits).len() <= RULE_BYTES_MAX && encode_one(&big(94, 4)).len() > RULE_BYTES_MAX);
    assert_eq!((refused(&fits).as_str(), refused(&big(94, 4)).as_str()), ("", "rule"));
}

#[test]
fn a_row_behind_one_that_matches_more_is_refused() {
    let wide = row(&[is("model", "a")], flat(1));
    let narrow = row(&[is("size", "1"), is("model", "a")], flat(2));
    assert_eq!(refused(&table(vec![narrow.clone(), wide.clone()])), "");
    assert_eq!(refused(&table(vec![wide, narrow.clone()])), "rule.rows[1].when");
    assert_eq!(refused(&table(vec![narrow.clone(), narrow])), "rule.rows[1].when");
}

#[test]
fn price_made_of_costs_must_be_rounded_up() {
    let rule = table(vec![row(&[is("a", "1")], cost_plus(CardPin::NEWEST))]);
    for (rounding, is_ok) in [(Rounding::Up, true), (Rounding::HalfUp, false), (Rounding::Down, false)] {
        assert_eq!(check(&rule, rounding, None).is_ok(), is_ok, "{rounding:?}");
    }
}

#[test]
fn bounds_of_a_per_unit_rule_must_not_cross() {
    let per_unit = |minimum, maximum| Rule::PerUnit {
        base: Credits::ZERO,
        credits: Credits::ZERO,
        measure: Measure::Quantity,
        minimum: Some(Credits::from_micro(minimum)),
        maximum: Some(Credits::from_micro(maximum)),
    };
    for (rule, expected) in
        [(per_unit(1, 1), ""), (per_unit(2, 1), "rule.minimum"), (per_unit(-1, 1), "rule.minimum")]
    {
        assert_eq!(refused(&rule), expected);
    }
}
