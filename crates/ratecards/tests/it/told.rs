//! A list as lines of text, so that a test is a table.

use chargly_ledger::{Millis, Rate};
use chargly_ratecards::{PriceList, rate_text, read};

/// 2026-11-24T00:00:00Z.
pub(crate) const TODAY: Millis = Millis(1_795_478_400_000);

/// The list of this text today.
pub(crate) fn list(text: &str) -> PriceList {
    read(text, TODAY).expect("a list")
}

/// A line for each model and one for each thing left out.
pub(crate) fn told(list: &PriceList) -> Vec<String> {
    let models = list
        .models
        .iter()
        .map(|(name, rates)| format!("{}/{}: {}", name.provider, name.model, rates_told(rates)));
    let skipped = list.skipped.iter().map(|skipped| {
        let of = skipped.reason.of().map(|of| format!(" {of}")).unwrap_or_default();
        format!("- {}/{}: {}{of}", skipped.provider, skipped.model, skipped.reason.code())
    });
    models.chain(skipped).collect()
}

/// `input_tokens 0.000001, batch input_tokens 0.0000005`.
pub(crate) fn rates_told(rates: &[Rate]) -> String {
    let each = rates.iter().map(|rate| {
        let batch = if rate.is_batch { "batch " } else { "" };
        let above = match rate.above_input_tokens {
            0 => String::new(),
            above => format!(" above {above}"),
        };
        format!("{batch}{}{above} {}", rate.unit.as_str(), rate_text(rate.pico))
    });
    each.collect::<Vec<_>>().join(", ")
}
