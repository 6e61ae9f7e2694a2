//! A list of model prices: whatever it is, it is refused, or it has rates that a card can hold, each as it was written.
#![no_main]

use chargly_ledger::{MODEL_NAME_BYTES_MAX, Millis, RATE_PICO_MAX};
use chargly_ratecards::{compare, pico_of, rate_text, read};
use libfuzzer_sys::fuzz_target;

/// 2026-11-24.
const TODAY: Millis = Millis(1_795_478_400_000);

fuzz_target!(|text: &str| {
    if let Ok(pico) = pico_of(text, 1) {
        assert!((0..=RATE_PICO_MAX).contains(&pico));
        assert_eq!(pico_of(&rate_text(pico), 1), Ok(pico));
    }
    let Ok(list) = read(text, TODAY) else { return };
    for (name, rates) in &list.models {
        assert!(!rates.is_empty() && rates.iter().all(|rate| (0..=RATE_PICO_MAX).contains(&rate.pico)));
        assert!((1..=MODEL_NAME_BYTES_MAX).contains(&name.model.len()));
    }
    let models = list.models.len();
    assert_eq!(compare(list, &Default::default(), &[]).to_publish(), models);
});
