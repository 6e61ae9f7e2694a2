//! A list against the rates held.

use std::collections::BTreeMap;

use chargly_ledger::RATE_CARD_ENTRIES_MAX;
use chargly_ratecards::{Held, ModelName, compare};
use serde_json::json;

use crate::told::{list, rates_told};

fn name(model: &str) -> ModelName {
    ModelName { provider: "acme".into(), model: model.into() }
}

/// What is held once this list was imported.
fn held(text: &str, source: &str) -> BTreeMap<ModelName, Held> {
    let models = list(text).models.into_iter();
    models.map(|(name, rates)| (name, Held { rates, source: source.into() })).collect()
}

const FIRST: &str = r#"{
    "same": {"litellm_provider": "acme", "input_cost_per_token": 1e-06, "output_cost_per_token": 4e-06},
    "dearer": {"litellm_provider": "acme", "input_cost_per_token": 1e-06},
    "gone": {"litellm_provider": "acme", "input_cost_per_token": 1e-06},
    "unread": {"litellm_provider": "acme", "input_cost_per_token": 1e-06},
    "theirs": {"litellm_provider": "other", "input_cost_per_token": 1e-06}
}"#;
const SECOND: &str = r#"{
    "same": {"litellm_provider": "acme", "output_cost_per_token": 0.000004, "input_cost_per_token": 0.000001},
    "dearer": {"litellm_provider": "acme", "input_cost_per_token": 2e-06},
    "new": {"litellm_provider": "acme", "input_cost_per_token": 3e-06},
    "unread": {"litellm_provider": "acme", "cache_read_input_token_cost": 1e-13},
    "theirs": {"litellm_provider": "other", "input_cost_per_token": 9e-06}
}"#;

#[test]
fn only_what_is_new_or_changed_is_published() {
    let mut before = held(FIRST, "litellm 1.0");
    before.insert(name("by hand"), Held { rates: Vec::new(), source: "our contract".into() });
    let compared = compare(list(SECOND), &before, &["acme".into()]);
    assert_eq!(compared.unchanged, 1);
    assert_eq!(compared.added.iter().map(|entry| entry.model.as_str()).collect::<Vec<_>>(), ["new"]);
    let [change] = compared.changed.as_slice() else { panic!("{:?}", compared.changed) };
    assert_eq!(rates_told(&change.before), "input_tokens 0.000001");
    assert_eq!(rates_told(&change.after.rates), "input_tokens 0.000002");
    assert_eq!(compared.gone, [name("gone")], "what was left out, or came from elsewhere, is not gone");
    let cards = compared.cards("litellm 1.1", "", None);
    let [card] = cards.as_slice() else { panic!("{cards:?}") };
    assert_eq!(card.entries.iter().map(|entry| entry.model.as_str()).collect::<Vec<_>>(), ["new", "dearer"]);
    assert_eq!(compare(list(SECOND), &before, &[]).changed.len(), 2, "without a filter, of all providers");
}

#[test]
fn what_was_imported_is_unchanged_when_it_is_imported_again() {
    let compared = compare(list(FIRST), &held(FIRST, "litellm 1.0"), &[]);
    assert_eq!((compared.unchanged, compared.to_publish()), (5, 0));
    assert!(compared.cards("litellm 1.0", "", None).is_empty());
}

#[test]
fn long_list_is_several_cards() {
    let entry =
        |n: usize| format!(r#""m{n}": {{"litellm_provider": "acme", "input_cost_per_token": 1e-06}}"#);
    let entries: Vec<_> = (0..=RATE_CARD_ENTRIES_MAX * 2).map(entry).collect();
    let compared = compare(list(&format!("{{{}}}", entries.join(","))), &BTreeMap::new(), &[]);
    let cards = compared.cards("litellm", "", None);
    let sizes: Vec<_> = cards.iter().map(|card| card.entries.len()).collect();
    assert_eq!(sizes, [RATE_CARD_ENTRIES_MAX, RATE_CARD_ENTRIES_MAX, 1]);
}

#[test]
fn report_tells_changes_and_what_was_left_out_by_reason() {
    let report = compare(list(SECOND), &held(FIRST, "litellm 1.0"), &["acme".into()]).report();
    assert_eq!(
        report,
        json!({
            "added": 1,
            "new": [{
                "provider": "acme",
                "model": "new",
                "rates": [{"unit": "input_tokens", "rate": "0.000003"}],
            }],
            "changed": [{
                "provider": "acme",
                "model": "dearer",
                "before": [{"unit": "input_tokens", "rate": "0.000001"}],
                "after": [{"unit": "input_tokens", "rate": "0.000002"}],
            }],
            "unchanged": 1,
            "gone": [{"provider": "acme", "model": "gone"}],
            "skipped": [{
                "reason": "not_exact",
                "meaning": "models with a rate of more than 12 decimal places",
                "count": 1,
                "examples": [
                    {"provider": "acme", "model": "unread", "of": "cache_read_input_token_cost: 1e-13"},
                ],
            }],
        })
    );
}
