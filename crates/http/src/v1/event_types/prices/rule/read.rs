//! Reading a rule: every problem is noted with the path to its field. What a rule as a whole must keep to is the
//! ledger's to say.

use chargly_api::{Fields, Item, Path, Problems, Properties, Value};
use chargly_engine::ledger::{
    CONDITIONS_MAX, CardNo, CardPin, Condition, Credits, Currency, Measure, Money, PropertyValue, ROWS_MAX,
    Ratio, Row, Rule, TIERS_MAX, Tier, multiplier_for_margin, parse_decimal,
};

use super::measure;
use crate::read;

/// Decimal places of a target margin: basis points.
const MARGIN_PLACES: u32 = 4;

#[derive(Clone, Copy)]
enum Kind {
    Flat,
    PerUnit,
    Tiered,
    ByDimension,
    CostPlus,
}

const KINDS: &[(&str, Kind)] = &[
    ("flat", Kind::Flat),
    ("per_unit", Kind::PerUnit),
    ("tiered", Kind::Tiered),
    ("by_dimension", Kind::ByDimension),
    ("cost_plus", Kind::CostPlus),
];

/// Reads `rule`.
pub(crate) fn from_request(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Rule> {
    let rule = required_object("rule", fields, problems)?;
    of_object(rule, problems)
}

/// Reads a rule's own fields.
pub(crate) fn of_object(mut rule: Fields<'_>, problems: &mut Problems) -> Option<Rule> {
    // Which fields belong to a rule of no kind is anybody's guess.
    let kind = rule.required("type", problems, |value| value.one_of(KINDS))?;
    let found = match kind {
        Kind::ByDimension => by_dimension(&mut rule, problems),
        kind => part(kind, &mut rule, problems),
    };
    rule.finish(problems);
    found
}

/// A rule inside of one by dimension. Never by dimension itself, so that no body can nest rules without end.
fn inside(name: &'static str, fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Box<Rule>> {
    let mut rule = required_object(name, fields, problems)?;
    let kind = rule.required("type", problems, |value| match value.one_of(KINDS)? {
        Kind::ByDimension => Err("must not be by_dimension inside of by_dimension".to_owned()),
        kind => Ok(kind),
    })?;
    let found = part(kind, &mut rule, problems);
    rule.finish(problems);
    found.map(Box::new)
}

fn required_object<'a>(
    name: &'static str,
    fields: &mut Fields<'a>,
    problems: &mut Problems,
) -> Option<Fields<'a>> {
    if !fields.has(name) {
        fields.required(name, problems, |_| Ok(()));
        return None;
    }
    fields.object(name, problems)
}

/// A rule that gives a price itself.
fn part(kind: Kind, rule: &mut Fields<'_>, problems: &mut Problems) -> Option<Rule> {
    match kind {
        Kind::Flat => flat(rule, problems),
        Kind::PerUnit => per_unit(rule, problems),
        Kind::Tiered => tiered(rule, problems),
        Kind::CostPlus => cost_plus(rule, problems),
        Kind::ByDimension => None,
    }
}

fn flat(rule: &mut Fields<'_>, problems: &mut Problems) -> Option<Rule> {
    let credits = rule.required("credits", problems, read::credits)?;
    Some(Rule::Flat { credits })
}

fn per_unit(rule: &mut Fields<'_>, problems: &mut Problems) -> Option<Rule> {
    let credits = rule.required("credits", problems, read::credits);
    let base = rule.optional("base", problems, read::credits);
    let measure = rule.optional("of", problems, measure);
    let minimum = rule.optional("minimum", problems, read::credits);
    let maximum = rule.optional("maximum", problems, read::credits);
    Some(Rule::PerUnit {
        base: base.unwrap_or(Credits::ZERO),
        credits: credits?,
        measure: measure.unwrap_or(Measure::Quantity),
        minimum,
        maximum,
    })
}

fn tiered(rule: &mut Fields<'_>, problems: &mut Problems) -> Option<Rule> {
    let tiers = each("tiers", TIERS_MAX, rule, problems, |tier, problems| {
        let up_to = tier.optional("up_to", problems, read::quantity);
        let credits = tier.required("credits", problems, read::credits)?;
        Some(Tier { up_to, credits })
    })?;
    Some(Rule::Tiered { tiers })
}

fn by_dimension(rule: &mut Fields<'_>, problems: &mut Problems) -> Option<Rule> {
    let rows = each("rows", ROWS_MAX, rule, problems, |row, problems| {
        let when = row.required("when", problems, conditions);
        let rule = inside("rule", row, problems);
        Some(Row { when: when?, rule: rule? })
    });
    let default = inside("default", rule, problems);
    Some(Rule::ByDimension { rows: rows?, default: default? })
}

fn conditions(value: Value<'_>) -> Result<Vec<Condition>, String> {
    let when = Properties::read(value)?;
    let mut conditions = Vec::new();
    for (name, value) in when.iter() {
        let value = match (value.number(), value.text()) {
            (Ok(number), _) => PropertyValue::number(number).text(),
            (_, Ok(text)) => text.into(),
            _ if value.boolean().is_ok() => value.raw().into(),
            _ => return Err(format!("must have a text, a number, true or false for {name:?}")),
        };
        conditions.push(Condition { property: name.into(), value });
    }
    if conditions.is_empty() || conditions.len() > CONDITIONS_MAX {
        return Err(format!("must name 1 to {CONDITIONS_MAX} properties"));
    }
    Ok(conditions)
}

fn cost_plus(rule: &mut Fields<'_>, problems: &mut Problems) -> Option<Rule> {
    let multiplier = multiplier(rule, problems);
    let minimum = rule.optional("minimum", problems, read::credits);
    let rate_card = rule.optional("rate_card", problems, |value| {
        let number = value.integer(1, u32::MAX.into())?;
        u32::try_from(number).map(|n| CardPin::chosen(CardNo(n))).map_err(|error| error.to_string())
    });
    Some(Rule::CostPlus { multiplier: multiplier?, minimum, rate_card: rate_card.unwrap_or(CardPin::NEWEST) })
}

/// `multiplier`, or the margin and the value of a credit that it follows from.
fn multiplier(rule: &mut Fields<'_>, problems: &mut Problems) -> Option<Ratio> {
    if !rule.has("target_margin") && !rule.has("credit_value") {
        return rule.required("multiplier", problems, |value| {
            Ratio::parse(&decimal(value)?).map_err(|error| error.to_string())
        });
    }
    if rule.take("multiplier").is_some() {
        let problem = "must not be sent with target_margin and credit_value, from which it follows";
        problems.add(&rule.path_of("multiplier"), problem.to_owned());
    }
    let target_bp = rule.required("target_margin", problems, |value| {
        let bp = parse_decimal(&decimal(value)?, MARGIN_PLACES).map_err(|error| error.to_string())?;
        let problem = "must be from 0 to below 1: a margin is a part of revenue";
        u32::try_from(bp).ok().filter(|bp| *bp < 10_000).ok_or_else(|| problem.to_owned())
    });
    let value_nano = rule.required("credit_value", problems, |value| {
        let nano = Money::parse(&decimal(value)?, Currency::USD).map_err(|error| error.to_string())?.nano;
        if nano == 0 { Err("must be greater than zero".to_owned()) } else { Ok(nano) }
    });
    match multiplier_for_margin(target_bp?, value_nano?) {
        Ok(multiplier) => Some(multiplier),
        Err(error) => {
            problems.add(&rule.path_of("credit_value"), format!("gives a multiplier that {error}"));
            None
        }
    }
}

/// A decimal, as text or as a number; both are read exactly.
fn decimal(value: Value<'_>) -> Result<String, String> {
    match value.number() {
        Ok(number) => Ok(number.to_owned()),
        Err(_) => value.text().map(std::borrow::Cow::into_owned),
    }
}

/// Reads each object of a list.
fn each<T>(
    name: &'static str,
    max: usize,
    fields: &mut Fields<'_>,
    problems: &mut Problems,
    mut read: impl FnMut(&mut Fields<'_>, &mut Problems) -> Option<T>,
) -> Option<Vec<T>> {
    let path = fields.path_of(name);
    let items = fields.required(name, problems, |value| value.array(max))?;
    let mut all = Vec::with_capacity(items.len());
    let before = problems.count();
    for (index, item) in items.into_iter().enumerate() {
        let path = Path::Deeper(format!("{path}[{index}]"));
        if let Some(mut fields) = Fields::of(Item::unread(item.raw()), path, problems) {
            all.extend(read(&mut fields, problems));
            fields.finish(problems);
        }
    }
    (problems.count() == before).then_some(all)
}
