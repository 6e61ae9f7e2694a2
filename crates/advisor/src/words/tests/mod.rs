//! Cards of records made by hand, to be read aloud.

mod brief;
mod records;

use std::fmt::Write as _;

use chargly_ledger::{Catalogue, Currency, Need, Needed, Recommendation};

use super::{card, explain, reason, watched_in_words};
use records::local_day;

type Made = fn() -> (Catalogue, Recommendation);

const ALL: [(&str, Made); 8] = [
    ("under_target", records::under_target),
    ("loss_making", records::loss_making),
    ("over_target", records::over_target),
    ("split", records::split),
    ("minimum", records::minimum),
    ("cost_drift", records::cost_drift),
    ("mix_drift", records::mix_drift),
    ("data_quality", records::data_quality),
];

fn shown(catalogue: &Catalogue, record: &Recommendation) -> String {
    let card = card(record, catalogue, &local_day);
    let mut out = format!("{}\n", card.title);
    for section in card.sections {
        let _ = write!(out, "\n{}\n", section.heading);
        section.text.iter().for_each(|line| {
            let _ = writeln!(out, "  {line}");
        });
    }
    out
}

#[test]
fn a_card_of_each_kind_reads_aloud() {
    for (name, made) in ALL {
        let (catalogue, record) = made();
        insta::assert_snapshot!(name, shown(&catalogue, &record));
    }
}

#[test]
fn what_is_only_watched_says_what_is_missing_and_offers_nothing() {
    let (catalogue, mut record) = records::loss_making();
    record.needs = vec![
        Need { what: Needed::PayingCustomers, have: 3, need: 20 },
        Need { what: Needed::Looks, have: 1, need: 2 },
    ];
    let card = shown(&catalogue, &record);
    assert!(!card.contains("apply it"), "{card}");
    insta::assert_snapshot!("watching", card);
}

#[test]
fn the_arithmetic_puts_the_numbers_in() {
    let (catalogue, record) = records::under_target();
    let found = explain(&record, &catalogue, &local_day);
    assert_eq!((found.version_from, found.version_to), (Some(1), Some(2)));
    assert_eq!((found.target_margin_bp, found.estimated_margin_bp), (7_500, Some(7_900)));
    insta::assert_snapshot!("explained", format!("{}\n{}", found.cost_context, found.lines.join("\n")));
}

#[test]
fn a_list_has_a_sentence_of_each() {
    let all: Vec<String> = ALL
        .iter()
        .map(|(_, made)| {
            let (catalogue, record) = made();
            reason(&record, &catalogue)
        })
        .collect();
    insta::assert_snapshot!("reasons", all.join("\n"));
}

#[test]
fn what_is_watched_is_told_as_arithmetic_without_a_claim() {
    let (catalogue, mut record) = records::loss_making();
    assert_eq!(
        watched_in_words(&record.evidence, &catalogue),
        "One costs you 4.0 ¢ and brings in 3.2 ¢, which leaves you −25 %. It breaks even at 10 credits and reaches your \
         target of 60 % at 25 credits. 10,307 events by 63 customers."
    );
    record.evidence.cost_missing = record.evidence.events;
    record.evidence.break_even = None;
    assert_eq!(
        watched_in_words(&record.evidence, &catalogue),
        "Nobody knows what one costs you: no event came with a cost. 10,307 events by 63 customers."
    );
}

#[test]
fn a_moved_rate_that_needs_no_other_price_proposes_nothing() {
    let (catalogue, mut record) = records::cost_drift();
    (record.proposal, record.recommended, record.guardrails) = (None, None, Vec::new());
    let card = shown(&catalogue, &record);
    assert!(
        card.contains("No price to change now") && card.contains("no change of price is proposed"),
        "{card}"
    );
    assert!(!card.contains("chargly simulate") && !card.contains("You earn"), "{card}");
}

#[test]
fn nobody_meets_the_words_of_statistics() {
    for (name, made) in ALL {
        let (catalogue, record) = made();
        let card = shown(&catalogue, &record).to_lowercase();
        for word in
            ["p-value", "posterior", "prior", "bootstrap", "confidence interval", "elasticity", "percentile"]
        {
            assert!(!card.contains(word), "{name}: {word}\n{card}");
        }
    }
}

#[test]
fn claims_about_what_customers_do_are_lower_bounds_and_sums_are_exact() {
    for (name, made) in ALL {
        let (catalogue, record) = made();
        let card = card(&record, &catalogue, &local_day);
        let begins = match (record.is_exact, record.evidence.elasticity_milli) {
            (true, _) => "Exact: ",
            (false, Some(_)) => "At least about ",
            (false, None) => "About ",
        };
        let confidence = &card.sections[2];
        assert!(confidence.text[0].starts_with(begins), "{name}: {:?}", confidence.text);
    }
}

#[test]
fn other_currencies_have_their_own_signs() {
    let (mut catalogue, record) = records::under_target();
    for (code, lift) in [("eur", "€182 more a month"), ("chf", "182 CHF more a month")] {
        catalogue.currency = Currency::parse(code).expect("a currency");
        let card = shown(&catalogue, &record);
        assert!(card.contains(lift) && !card.contains('$') && !card.contains('¢'), "{code}: {card}");
    }
}

#[test]
fn a_price_by_cost_is_offered_as_a_file_to_try() {
    let (catalogue, mut record) = records::under_target();
    record.proposal.as_mut().expect("a proposal").rule = records::cost_plus();
    let card = shown(&catalogue, &record);
    assert!(card.contains("chargly simulate prices.toml") && !card.contains("--credits"), "{card}");
    assert!(card.contains("the provider's cost × 1,000"), "{card}");
}
