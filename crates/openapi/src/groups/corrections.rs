//! Corrections: many events put right by one decision.

use chargly_ledger::DIMENSION_VALUE_BYTES_MAX;

use super::metering::{grid, rounding};
use crate::schema::Field;
use crate::vocabulary::*;

pub(super) fn group() -> Group {
    let about_id = "The correction.";
    let opened = || {
        gives([
            must("id", id("cor_"), ""),
            must("status", words(&["running"]), ""),
            must("opened_at", instant(), ""),
        ])
    };
    Group {
        name: "Corrections",
        about: "Many events put right by one decision. What a correction would do is worked out first; the answer's \
                `preview` commits to exactly that.",
        operations: vec![
            post("/v1/corrections/preview", "preview_correction", "Preview a correction")
                .about("What a correction would do, customer by customer. Changes nothing.")
                .needs(Scope::Prices)
                .takes(
                    takes(asked()),
                    r#"{"filter":{"event":"image.generate","from":"2026-11-23T00:00:00Z","to":"2026-11-24T00:00:00Z"},"action":{"reprice":{"rule":{"type":"flat","credits":10}}}}"#,
                )
                .gives(named("CorrectionPreview"), sample!("preview_correction"))
                .fails(&[NotFound, Gone]),
            post("/v1/corrections", "open_correction", "Carry out a correction")
                .about(
                    "Carries out what was previewed. Answers once the decision is recorded; the work goes on beside the \
                     traffic, and after a restart. Only events up to the preview are touched.",
                )
                .needs(Scope::Prices)
                .takes(
                    takes(asked().into_iter().chain([must("preview", preview(), PREVIEW), must("note", note(), "Why.")])),
                    r#"{"filter":{"event":"image.generate","from":"2026-11-23T00:00:00Z","to":"2026-11-24T00:00:00Z"},"action":{"reverse":true},"preview":"1042.9f86d081884c7d659a2feaa0c55ad015","note":"the provider was down"}"#,
                )
                .keyed()
                .answers(202, "It is decided, and goes on.", opened(), sample!("open_correction"))
                .fails(&[NotFound, PreviewOutdated, CorrectionRunning]),
            get("/v1/corrections", "list_corrections", "List corrections")
                .about("Newest first.")
                .needs(Scope::Read)
                .paged()
                .gives(page_of(named("Correction")), sample!("list_corrections")),
            get("/v1/corrections/{id}", "get_correction", "Get a correction")
                .about("What was decided and how far it has come.")
                .needs(Scope::Read)
                .of("cor_", about_id)
                .gives(named("Correction"), sample!("get_correction")),
            get("/v1/corrections/{id}/customers", "list_corrected_customers", "List whom a correction changed")
                .about("What it changed so far; the largest change first. The customer is empty once erased.")
                .needs(Scope::Read)
                .of("cor_", about_id)
                .shows(
                    200,
                    "text/csv",
                    "One line for each customer.",
                    Some("customer,events,returned,charged,difference,refused\nuser_42,3,36,30,-6,0\n"),
                ),
            post("/v1/corrections/{id}/undo", "undo_correction", "Undo a correction")
                .about(
                    "Takes back what a correction did, by another one. Without `preview` it is a preview and changes \
                     nothing; with that answer's `preview` it is carried out. A correction is undone once; to have it \
                     back, undo the one that undid it.",
                )
                .needs(Scope::Prices)
                .of("cor_", about_id)
                .may_take(
                    any_of([
                        takes([]),
                        takes([
                            must("preview", preview(), PREVIEW),
                            must("note", note(), "Why."),
                            may("idempotency_key", key(), "As for every write; only with `preview`."),
                        ]),
                    ]),
                    "{}",
                )
                .header("Idempotency-Key", key(), "The same as `idempotency_key`.", false)
                .writes()
                .answers(200, "A preview.", named("CorrectionPreview"), sample!("undo_correction"))
                .answers(202, "It is decided, and goes on.", opened(), sample!("open_correction"))
                .fails(&[PreviewOutdated, CorrectionRunning, IdempotencyConflict]),
        ],
        schemas: schemas(),
    }
}

const PREVIEW: &str = "Of the preview's answer.";

fn preview() -> Schema {
    text().with("pattern", "^[0-9]+\\.[0-9a-f]{32}$")
}

fn note() -> Schema {
    words_of_people(NOTE_BYTES_MAX)
}

/// What is to be corrected, and how.
fn asked() -> [Field; 2] {
    let narrowed = || {
        [
            may("event", event_name(), "Of this type."),
            may("customer", customer(), "Of this customer."),
            may("price_version", id("prv_"), "Charged by this version."),
            may(
                "dimension",
                takes([
                    must("name", words_of_people(PROPERTY_NAME_BYTES_MAX), ""),
                    must("value", prose(DIMENSION_VALUE_BYTES_MAX), ""),
                ]),
                "With this value of a declared dimension.",
            ),
        ]
    };
    let filter = any_of([
        takes(
            [
                must("from", instant_taken(), "That occurred from then on."),
                must("to", instant_taken(), "That occurred before then."),
            ]
            .into_iter()
            .chain(narrowed()),
        ),
        takes(
            [
                must("ids", some_of(CORRECTION_IDS_MAX, id("evt_")), "These."),
                may("from", instant_taken(), "That occurred from then on."),
                may("to", instant_taken(), "That occurred before then."),
            ]
            .into_iter()
            .chain(narrowed()),
        ),
    ]);
    let reprice = any_of([
        takes([must("price_version", id("prv_"), "By this version.")]),
        takes([
            must("rule", named("PriceRule"), "By this rule."),
            may("grid", grid(), "As for a price."),
            may("rounding", rounding(), "As for a price."),
        ]),
    ]);
    let yes = boolean().with("enum", crate::json::Json::list([true]));
    let action = any_of([
        takes([must("reverse", yes, "Give everything back.")]),
        takes([must("reprice", reprice, "Charge again at another price.")]),
    ]);
    [must("filter", filter, "Which events."), must("action", action, "What is done with them.")]
}

fn totals() -> [Field; 7] {
    [
        must("events", count(), "To be changed."),
        must("credits_before", credits(), ""),
        must("credits_after", credits(), ""),
        must("difference", credits(), ""),
        must("returned", credits(), ""),
        must("charged", credits(), ""),
        must("debt", credits(), "That wallets would be left with as they stand."),
    ]
}

fn left_alone_events() -> Field {
    must(
        "left_alone_events",
        list(gives([must("event_id", id("evt_"), ""), must("reason", text(), "")])),
        "The first 100 of those.",
    )
}

fn schemas() -> Vec<(&'static str, Schema)> {
    let reason = || {
        words(&[
            "customer_erased",
            "nothing_left",
            "credits_set",
            "properties_erased",
            "no_price",
            "partly_uncharged",
        ])
    };
    let filter = || any_object().with("additionalProperties", true);
    vec![
        (
            "CorrectionPreview",
            gives(
                [
                    must("preview", text(), "Commits to exactly this: send it to carry it out."),
                    must("filter", filter(), "As it was understood; `ids` says how many."),
                    must("action", filter(), "As it was understood."),
                ]
                .into_iter()
                .chain(totals())
                .chain([
                    must("unchanged", count(), "Events that stay as they are."),
                    must("customers_total", count(), ""),
                    must(
                        "customers",
                        list(gives([must("customer", text(), "")].into_iter().chain(totals()))),
                        "At most 1,000, the largest difference first.",
                    ),
                    must(
                        "left_alone",
                        list(gives([must("reason", reason(), ""), must("events", count(), "")])),
                        "Events that cannot be changed, by reason.",
                    ),
                    left_alone_events(),
                ]),
            )
            .about("What a correction would do."),
        ),
        (
            "Correction",
            gives([
                must("id", id("cor_"), ""),
                must("status", words(&["running", "done"]), ""),
                must("note", text(), "Why."),
                must("filter", filter(), "`ids` says how many."),
                must("action", filter(), ""),
                must("author", id("key_").or_null(), ""),
                must("opened_at", instant(), ""),
                must("closed_at", instant().or_null(), ""),
                must("events_previewed", count(), ""),
                must("events", count(), "Changed so far."),
                must("returned", credits().or_null(), "Once it is done."),
                must("charged", credits().or_null(), "Once it is done."),
                must("difference", credits().or_null(), "Once it is done."),
                must("left_alone", count(), "Events that could not be changed."),
                left_alone_events(),
                must("undoes", id("cor_").or_null(), ""),
                must("undone_by", id("cor_").or_null(), ""),
            ])
            .about("A correction as it stands."),
        ),
    ]
}
