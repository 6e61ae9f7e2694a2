//! A real list, where `CHARGLY_TEST_RATE_LIST` names one; the project carries none.

use std::collections::BTreeMap;

use chargly_ledger::RATES_PER_ENTRY_MAX;
use chargly_ratecards::compare;

use crate::told::list;

/// The file of a list.
const VARIABLE: &str = "CHARGLY_TEST_RATE_LIST";

#[test]
fn real_list_is_read_and_most_of_it_kept() {
    let Some(file) = std::env::var_os(VARIABLE) else {
        eprintln!("skipped: {VARIABLE} names no list");
        return;
    };
    let list = list(&std::fs::read_to_string(file).expect("the list"));
    let models = list.models.len();
    assert!(list.models.values().all(|rates| (1..=RATES_PER_ENTRY_MAX).contains(&rates.len())));
    let left_out = list.skipped.iter().filter(|skipped| skipped.reason.leaves_the_model_out()).count();
    let report = compare(list, &BTreeMap::new(), &[]).report();
    eprintln!("{models} models kept, {left_out} left out");
    for skipped in report["skipped"].as_array().into_iter().flatten() {
        eprintln!("{} {}: {}", skipped["count"], skipped["reason"], skipped["examples"][0]);
    }
    assert!(left_out < models / 2, "{left_out} of {} left out", models + left_out);
}
