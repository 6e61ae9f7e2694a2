//! What a file would change, in words.

use chargly_engine::ledger::{Grid, PriceNo, Rounding, Rule};

use super::file::Entry;

/// What an event type is, beside its prices. A file says all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) label: String,
    pub(super) description: String,
    pub(super) dimensions: Vec<String>,
    pub(super) caller_set_credits: bool,
}

/// A rule and how its prices are rounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) rule: Rule,
    pub(super) grid: Grid,
    pub(super) rounding: Rounding,
}

/// An event type as it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) name: String,
    pub(super) definition: Definition,
    /// No file speaks of it; it must not be lost when the rest of the definition changes.
    pub(super) estimated_cost_nano: Option<i64>,
    pub(super) is_archived: bool,
    /// The latest version, whether in force yet or not.
    pub(super) price: Option<(Version, Terms)>,
}

/// A price version, as the place names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Number(PriceNo),
    Id(String),
}

/// One thing to change.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) event: String,
    /// Whether the event type is not there yet.
    pub(super) is_new: bool,
    pub(super) what: What,
}

/// What of it.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// What the type is.
    Definition { before: Option<Definition>, after: Definition, estimated_cost_nano: Option<i64> },
    /// A new version, which replaces the one that the comparison saw.
    Price { before: Option<Terms>, after: Terms, replaces: Option<Version> },
}

/// What is to be done, and what is left alone.
#[derive(Debug, Default)]
pub(super) struct Diff {
    pub(super) changes: Vec<Change>,
    pub(super) only_there: Vec<String>,
    pub(super) archived: Vec<String>,
}

/// Compares a file with what is there.
pub(super) fn compare(wanted: &[Entry], known: &[Known]) -> Diff {
    let mut diff = Diff::default();
    for entry in wanted {
        let there = known.iter().find(|known| known.name == entry.name);
        if there.is_some_and(|known| known.is_archived) {
            diff.archived.push(entry.name.clone());
            continue;
        }
        let mut change =
            |what| diff.changes.push(Change { event: entry.name.clone(), is_new: there.is_none(), what });
        let before = there.map(|known| known.definition.clone());
        if before.as_ref() != Some(&entry.definition) {
            let after = entry.definition.clone();
            let estimated_cost_nano = there.and_then(|known| known.estimated_cost_nano);
            change(What::Definition { before, after, estimated_cost_nano });
        }
        let version = there.and_then(|known| known.price.as_ref());
        if let Some(terms) = &entry.price
            && version.is_none_or(|(_, now)| !is_same(terms, now))
        {
            change(What::Price {
                before: version.map(|(_, terms)| terms.clone()),
                after: terms.clone(),
                replaces: version.map(|(version, _)| version.clone()),
            });
        }
    }
    let is_wanted = |name: &str| wanted.iter().any(|entry| entry.name == name);
    let left = known.iter().filter(|known| !known.is_archived && !is_wanted(&known.name));
    diff.only_there = left.map(|known| known.name.clone()).collect();
    diff
}

/// A file without a rate card is content with any: cards have other numbers in every environment.
fn is_same(wanted: &Terms, now: &Terms) -> bool {
    let names_no_card = wanted.rule.clone().unpinned() == wanted.rule;
    let now_rule = if names_no_card { now.rule.clone().unpinned() } else { now.rule.clone() };
    (wanted.grid, wanted.rounding) == (now.grid, now.rounding) && wanted.rule == now_rule
}

impl What {
    /// What it is about.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Definition { .. } => "definition",
            Self::Price { .. } => "price",
        }
    }

    /// Before, where there is one, and after.
    pub(super) fn in_words(&self) -> (Option<String>, String) {
        match self {
            Self::Definition { before: None, after, .. } => (None, said(after, &Definition::default())),
            Self::Definition { before: Some(before), after, .. } => {
                (Some(said(before, after)), said(after, before))
            }
            Self::Price { before, after, .. } => {
                let words = |terms: &Terms| terms.rule.in_words(terms.grid, terms.rounding);
                let (mut was, mut is) = (before.as_ref().map(words), words(after));
                // Words leave out which card costs are counted by, and how what is almost exact is rounded.
                if was.as_ref() == Some(&is) {
                    was = before.as_ref().map(in_full);
                    is = in_full(after);
                }
                (was, is)
            }
        }
    }
}

/// A price to the last detail.
fn in_full(terms: &Terms) -> String {
    let rounding = chargly_http::rounding_name(terms.rounding);
    format!("{} {} {rounding}", chargly_http::rule_json(&terms.rule), chargly_http::grid_name(terms.grid))
}

/// What a definition says that another does not.
fn said(definition: &Definition, other: &Definition) -> String {
    let Definition { label, description, dimensions, caller_set_credits } = definition;
    let mut parts = Vec::new();
    if *label != other.label {
        parts.push(format!("label {label:?}"));
    }
    if *description != other.description {
        parts.push(format!("description {description:?}"));
    }
    if *dimensions != other.dimensions {
        parts.push(format!("dimensions [{}]", dimensions.join(", ")));
    }
    if *caller_set_credits != other.caller_set_credits {
        parts.push(format!("caller_set_credits {caller_set_credits}"));
    }
    parts.join(", ")
}
