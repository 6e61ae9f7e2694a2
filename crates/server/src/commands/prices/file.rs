//! The file: TOML with a table for each event type, in the order of their names. A rule stands in it as the HTTP
//! interface has it, but with its amounts as text: a TOML number may be a float, and no float touches an amount.

use anyhow::{Context as _, Result, anyhow, bail};
use chargly_api::text::check_event_name;
use chargly_engine::ledger::{Credits, Grid, Rounding};
use serde_json::value::RawValue;
use toml::{Table, Value};

use super::diff::{Definition, Known, Terms};

/// What the file begins with.
const HEAD: &str = "# The event types and prices of a Chargly environment, as `chargly prices export` wrote them.\n\
                    # `chargly prices import FILE --dry-run` shows what a changed file would publish.\n\n";
/// The table that holds all event types.
const EVENT_TYPES: &str = "event_types";
/// Fields of rules that are amounts of credits or quantities.
const AMOUNTS: [&str; 5] = ["credits", "base", "minimum", "maximum", "up_to"];
/// The field of a row with the names of properties, which may be any, those of amounts among them.
const CONDITIONS: &str = "when";
const GRIDS: [Grid; 2] = [Grid::MicroCredit, Grid::Credit];
const ROUNDINGS: [Rounding; 4] = [Rounding::HalfUp, Rounding::HalfEven, Rounding::Up, Rounding::Down];

/// What a file says of one event type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) definition: Definition,
    pub(super) price: Option<Terms>,
}

/// Writes all that are not archived. Rate cards are left out: they have other numbers in every environment.
///
/// # Errors
/// None that a rule of ours could cause.
pub(super) fn write(known: &[Known]) -> Result<String> {
    let mut all = Table::new();
    for Known { name, definition, price, .. } in known.iter().filter(|known| !known.is_archived) {
        let mut table = Table::new();
        let Definition { label, description, dimensions, caller_set_credits } = definition.clone();
        let mut put = |name: &str, value: Option<Value>| {
            table.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("label", Some(Value::String(label)));
        put("description", Some(description).filter(|text| !text.is_empty()).map(Value::String));
        let names: Vec<Value> = dimensions.into_iter().map(Value::String).collect();
        put("dimensions", Some(names).filter(|names| !names.is_empty()).map(Value::Array));
        put("caller_set_credits", caller_set_credits.then_some(Value::Boolean(true)));
        if let Some((_, Terms { rule, grid, rounding })) = price {
            put("grid", Some(Value::String(chargly_http::grid_name(*grid).to_owned())));
            put("rounding", Some(Value::String(chargly_http::rounding_name(*rounding).to_owned())));
            let json = chargly_http::rule_json(&rule.clone().unpinned());
            let json: &RawValue = serde_json::from_str(&json).context("reading a rule back")?;
            put("rule", to_toml(json, "rule")?);
        }
        all.insert(name.clone(), Value::Table(table));
    }
    let file = Table::from_iter([(EVENT_TYPES.to_owned(), Value::Table(all))]);
    Ok(HEAD.to_owned() + &toml::to_string_pretty(&file).context("writing TOML")?)
}

/// `None` for null, which TOML has not.
fn to_toml(json: &RawValue, name: &str) -> Result<Option<Value>> {
    let text = json.get();
    Ok(Some(match text.as_bytes().first() {
        Some(b'{') => {
            let mut table = Table::new();
            let fields: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
            for (field, value) in fields {
                let value = to_toml(value, if name == CONDITIONS { CONDITIONS } else { &field })?;
                table.extend(value.map(|value| (field, value)));
            }
            Value::Table(table)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            let items: Result<Vec<_>> = items.into_iter().map(|item| to_toml(item, name)).collect();
            Value::Array(items?.into_iter().flatten().collect())
        }
        Some(b'n') => return Ok(None),
        Some(b'"') => Value::String(serde_json::from_str(text)?),
        _ => Value::String(text.to_owned()),
    }))
}

/// Reads a file.
///
/// # Errors
/// Everything that is wrong with a rule, and the first thing that is wrong otherwise.
pub(super) fn read(text: &str) -> Result<Vec<Entry>> {
    let mut file: Table = toml::from_str(text)?;
    let all = file.remove(EVENT_TYPES).unwrap_or_else(|| Value::Table(Table::new()));
    if let Some(name) = file.keys().next() {
        bail!("`{name}` is not understood; there is only `{EVENT_TYPES}`");
    }
    let Value::Table(all) = all else { bail!("`{EVENT_TYPES}` must be a table of event types") };
    all.into_iter()
        .map(|(name, value)| {
            let doing = format!("the event type {name:?}");
            check_event_name(&name)
                .map_err(|problem| anyhow!("its name {problem}"))
                .context(doing.clone())?;
            entry(name, value).context(doing)
        })
        .collect()
}

fn entry(name: String, value: Value) -> Result<Entry> {
    let Value::Table(mut table) = value else { bail!("must be a table") };
    let mut text = |field: &str| match table.remove(field) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(anyhow!("`{field}` must be a text")),
    };
    let (label, description) = (text("label")?, text("description")?);
    let grid = text("grid")?.map(|name| named(&name, "grid", GRIDS, chargly_http::grid_name)).transpose()?;
    let rounding = text("rounding")?
        .map(|name| named(&name, "rounding", ROUNDINGS, chargly_http::rounding_name))
        .transpose()?;
    let dimensions = table.remove("dimensions").map(Value::try_into::<Vec<String>>);
    let caller_set_credits = table.remove("caller_set_credits").map(Value::try_into::<bool>);
    let rule = table.remove("rule").map(|rule| from_toml(&rule, "rule")).transpose()?;
    if let Some(field) = table.keys().next() {
        bail!("`{field}` is not understood");
    }
    let price = match rule {
        None if grid.is_some() || rounding.is_some() => bail!("`grid` and `rounding` need a `rule`"),
        None => None,
        Some(json) => {
            let rule = chargly_http::read_rule(&json).map_err(|told| anyhow!(told.join("; ")))?;
            let (usual_grid, usual_rounding) = rule.usual_rounding();
            let (grid, rounding) = (grid.unwrap_or(usual_grid), rounding.unwrap_or(usual_rounding));
            Some(Terms { rule, grid, rounding })
        }
    };
    let definition = Definition {
        // As over HTTP, a type without a label is called by its name.
        label: label.unwrap_or_else(|| name.clone()),
        description: description.unwrap_or_default(),
        dimensions: dimensions.transpose().context("`dimensions`")?.unwrap_or_default(),
        caller_set_credits: caller_set_credits.transpose().context("`caller_set_credits`")?.unwrap_or(false),
    };
    Ok(Entry { name, definition, price })
}

fn named<T: Copy>(
    name: &str,
    field: &str,
    all: impl IntoIterator<Item = T>,
    name_of: fn(T) -> &'static str,
) -> Result<T> {
    let mut known = Vec::new();
    for value in all {
        if name_of(value) == name {
            return Ok(value);
        }
        known.push(name_of(value));
    }
    bail!("`{field}` must be one of {}", known.join(", "))
}

/// A rule's JSON.
fn from_toml(value: &Value, name: &str) -> Result<String> {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    Ok(match value {
        Value::String(text) if AMOUNTS.contains(&name) => {
            let amount = Credits::parse(text).map_err(|error| anyhow!("`{name}` {error}"))?;
            amount.to_string()
        }
        Value::String(text) => json(text),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(is) => is.to_string(),
        Value::Float(_) => bail!("`{name}` must be written as text, such as {name} = \"0.5\""),
        Value::Datetime(_) => bail!("`{name}` must not be a time"),
        Value::Array(items) => {
            let items: Result<Vec<_>> = items.iter().map(|item| from_toml(item, name)).collect();
            format!("[{}]", items?.join(","))
        }
        Value::Table(table) => {
            let field = |(field, value): (&String, &Value)| {
                let inside = if name == CONDITIONS { CONDITIONS } else { field };
                Ok(format!("{}:{}", json(field), from_toml(value, inside)?))
            };
            let fields: Result<Vec<String>> = table.iter().map(field).collect();
            format!("{{{}}}", fields?.join(","))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
[event_types."chat.reply"]
dimensions = ["model"]
grid = "micro_credit"
label = "Chat reply"
rounding = "half_up"

[event_types."chat.reply".rule]
type = "by_dimension"

[event_types."chat.reply".rule.default]
credits = "7999999999.999999"
type = "flat"

[[event_types."chat.reply".rule.rows]]

[event_types."chat.reply".rule.rows.rule]
type = "tiered"

[[event_types."chat.reply".rule.rows.rule.tiers]]
credits = "1"
up_to = "100"

[[event_types."chat.reply".rule.rows.rule.tiers]]
credits = "0.000001"

[event_types."chat.reply".rule.rows.when]
credits = "a"
model = "gpt-4o"

[event_types.tool]
caller_set_credits = true
label = "Tool"
"#;

    fn known(entries: &[Entry]) -> Vec<Known> {
        let known = |entry: &Entry| Known {
            name: entry.name.clone(),
            definition: entry.definition.clone(),
            estimated_cost_nano: None,
            is_archived: false,
            price: entry.price.clone().map(|terms| (super::super::diff::Version::Id("v".to_owned()), terms)),
        };
        entries.iter().map(known).collect()
    }

    #[test]
    fn what_is_written_says_the_same_when_it_is_read() {
        let read_once = read(FILE).expect("a file");
        let written = write(&known(&read_once)).expect("TOML");
        assert_eq!(read(&written).expect("a file"), read_once);
        assert_eq!(written.strip_prefix(HEAD).map(str::trim), Some(FILE.trim()));
    }

    #[test]
    fn what_is_not_understood_is_told_by_name() {
        let rule = |rule: &str| format!("[event_types.a]\nrule = {rule}");
        for (text, expected) in [
            ("prices = 1", "`prices` is not understood"),
            ("event_types = 1", "must be a table"),
            ("[event_types.\"A B\"]", "its name"),
            ("[event_types.a]\nlabel = 1", "`label` must be a text"),
            ("[event_types.a]\nlable = \"x\"", "`lable` is not understood"),
            ("[event_types.a]\ngrid = \"cent\"", "`grid` must be one of micro_credit, credit"),
            ("[event_types.a]\ngrid = \"credit\"", "need a `rule`"),
            (&rule("{ type = \"flat\", credits = 0.5 }"), "`credits` must be written as text"),
            (&rule("{ type = \"flat\", credits = \"x\" }"), "`credits` must be a decimal number"),
            (
                &rule("{ type = \"flat\", credits = \"-1\", base = \"1\" }"),
                "rule.credits must not be negative; rule.base",
            ),
            (&rule("{ type = \"flat\" }"), "rule.credits is required"),
        ] {
            let error = format!("{:#}", read(text).expect_err(text));
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
