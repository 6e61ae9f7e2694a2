//! The catalogue: event types and the versions of their prices.

use chargly_ledger::{CONDITIONS_MAX, ROWS_MAX, TIERS_MAX};

use super::metering::{grid, rounding};
use crate::schema::Field;
use crate::vocabulary::*;

pub(super) fn group() -> Group {
    Group {
        name: "Event types and prices",
        about: "What can be metered, and what it costs. A price version never changes; a new one takes its place.",
        operations: vec![
            get("/v1/event-types", "list_event_types", "List event types")
                .about("All event types with the price in force.")
                .needs(Scope::Read)
                .paged()
                .gives(page_of(named("EventType")), sample!("list_event_types")),
            put("/v1/event-types/{name}", "put_event_type", "Define an event type")
                .about(
                    "Defines an event type, or replaces all of it but the name, the prices and whether it is archived.",
                )
                .needs(Scope::Prices)
                .path("name", event_name(), "Segments of `a-z`, `0-9` and `_`, joined by dots.")
                .may_take(
                    takes([
                        may(
                            "label",
                            words_of_people(LABEL_BYTES_MAX),
                            "What people call it; the name if left out.",
                        ),
                        may("description", words_or_none(DESCRIPTION_BYTES_MAX), "A sentence."),
                        may("caller_set_credits", boolean(), "Whether callers may choose the credits of an event."),
                        may(
                            "dimensions",
                            list_up_to(
                                DIMENSIONS_MAX,
                                words_of_people(PROPERTY_NAME_BYTES_MAX),
                            )
                            .with("uniqueItems", true),
                            "Properties that reports may be grouped by.",
                        ),
                        may(
                            "estimated_cost",
                            decimal_taken(),
                            "What one unit of quantity is estimated to cost you, for events of which nothing better is \
                             known.",
                        ),
                        may("credits", credits_taken(), "Shorthand for a flat first price."),
                    ]),
                    r#"{"label":"Image","credits":12}"#,
                )
                .writes()
                .gives(named("EventType"), sample!("put_event_type")),
            get("/v1/event-types/{name}", "get_event_type", "Get an event type")
                .needs(Scope::Read)
                .path("name", text(), "The event type.")
                .gives(named("EventType"), sample!("get_event_type"))
                .fails(&[NotFound]),
            post("/v1/event-types/{name}/archive", "archive_event_type", "Archive an event type")
                .about("Refuses new events of this type.")
                .needs(Scope::Prices)
                .path("name", text(), "The event type.")
                .takes_nothing()
                .writes()
                .gives(named("EventType"), sample!("archive_event_type"))
                .fails(&[NotFound]),
            post("/v1/event-types/{name}/unarchive", "unarchive_event_type", "Unarchive an event type")
                .about("Takes events of this type again.")
                .needs(Scope::Prices)
                .path("name", text(), "The event type.")
                .takes_nothing()
                .writes()
                .gives(named("EventType"), sample!("unarchive_event_type"))
                .fails(&[NotFound]),
            post("/v1/event-types/{name}/prices", "publish_price", "Publish a price")
                .about(
                    "Publishes a new price version, which never changes. With `copy_of` instead of `rule`, `grid` and \
                     `rounding` it is as an earlier version was.",
                )
                .needs(Scope::Prices)
                .path("name", text(), "The event type.")
                .takes(
                    any_of([
                        takes(new_price([
                            must("rule", named("PriceRule"), "How the credits of an event are computed."),
                            may(
                                "grid",
                                grid(),
                                "To what is rounded: `micro_credit` if left out, `credit` where a cost is in the rule.",
                            ),
                            may(
                                "rounding",
                                rounding(),
                                "`half_up` if left out; `up`, the only one where a cost is in the rule.",
                            ),
                        ])),
                        takes(new_price([must(
                            "copy_of",
                            any_of([id("prv_"), whole().with("minimum", 1usize)]),
                            "An earlier version, by its number or id.",
                        )])),
                    ]),
                    r#"{"rule":{"type":"flat","credits":15},"note":"Dearer model"}"#,
                )
                .keyed()
                .gives(named("Price"), sample!("publish_price"))
                .fails(&[NotFound, VersionSuperseded]),
            get("/v1/event-types/{name}/prices", "list_prices", "List prices")
                .about("All versions, newest first.")
                .needs(Scope::Read)
                .path("name", text(), "The event type.")
                .paged()
                .gives(page_of(named("Price")), sample!("list_prices"))
                .fails(&[NotFound]),
        ],
        schemas: schemas(),
    }
}

fn new_price<const N: usize>(terms: [Field; N]) -> Vec<Field> {
    let mut fields = Vec::from(terms);
    fields.extend([
        must("note", words_of_people(NOTE_BYTES_MAX), "Why."),
        may("effective_at", instant_taken(), "From when; not in the past. At once if left out."),
        may(
            "replaces",
            id("prv_"),
            "The version this one is meant to follow: refused where another came between.",
        ),
    ]);
    fields
}

fn schemas() -> Vec<(&'static str, Schema)> {
    let kind = |word: &'static str| must("type", words(&[word]), "");
    let plain = || {
        vec![
            takes([kind("flat"), must("credits", credits_taken(), "Of each event.")]),
            takes([
                kind("per_unit"),
                must("credits", credits_taken(), "Of each unit."),
                may("base", credits_taken(), "Of each event besides; 0 if left out."),
                may("of", text(), "What is counted: `quantity`, or `properties.<name>`."),
                may("minimum", credits_taken(), "At least."),
                may("maximum", credits_taken(), "At most."),
            ]),
            takes([
                kind("tiered"),
                must(
                    "tiers",
                    some_of(
                        TIERS_MAX,
                        takes([
                            may("up_to", quantity(), "Up to this quantity; the last tier has none."),
                            must("credits", credits_taken(), "Of each unit in it."),
                        ]),
                    ),
                    "",
                ),
            ]),
            takes([
                kind("cost_plus"),
                must(
                    "multiplier",
                    ratio(),
                    "Credits per unit of currency: `\"1000\"`, or a fraction like `\"2000/3\"`.",
                ),
                may("minimum", credits_taken(), "At least."),
                may(
                    "rate_card",
                    within(1, u32::MAX as usize),
                    "The number of a rate card; the newest if left out.",
                ),
            ]),
            takes([
                kind("cost_plus"),
                must("target_margin", decimal_or_number(), "From 0 to below 1: a part of revenue."),
                must("credit_value", decimal_or_number(), "What a credit is worth, more than 0."),
                may("minimum", credits_taken(), "At least."),
                may(
                    "rate_card",
                    within(1, u32::MAX as usize),
                    "The number of a rate card; the newest if left out.",
                ),
            ]),
        ]
    };
    let condition = Schema(crate::json::Json::object([(
        "type",
        crate::json::Json::list(["string", "number", "boolean"]),
    )]));
    let by_dimension = takes([
        kind("by_dimension"),
        must(
            "rows",
            some_of(
                ROWS_MAX,
                takes([
                    must(
                        "when",
                        map(condition).with("minProperties", 1usize).with("maxProperties", CONDITIONS_MAX),
                        "Properties and the values that they must have, all of them.",
                    ),
                    must("rule", named("PlainPriceRule"), "Any rule but `by_dimension`."),
                ]),
            ),
            "The first row that fits an event prices it.",
        ),
        must("default", named("PlainPriceRule"), "Where no row fits."),
    ]);
    vec![
        (
            "PriceRule",
            any_of(plain().into_iter().chain([by_dimension]))
                .about("How the credits of an event are computed. `type` says which fields belong to it."),
        ),
        ("PlainPriceRule", any_of(plain()).about("A rule inside of one `by_dimension`.")),
        (
            "Price",
            gives([
                must("id", id("prv_"), ""),
                must("event", text(), "The event type."),
                must("version", count(), "1, 2, 3 …"),
                must("rule", named("PriceRule"), ""),
                must("grid", grid(), ""),
                must("rounding", rounding(), ""),
                must("in_words", text(), "The rule in words."),
                must("effective_at", instant(), "From when it holds."),
                must("note", text(), "Why it was published."),
                must("author", id("key_").or_null(), "The API key that published it."),
                must("published_at", instant(), ""),
                may("state", words(&["scheduled", "in_force", "superseded"]), "In lists."),
            ])
            .about("A price version, which never changes."),
        ),
        (
            "EventType",
            gives([
                must("name", text(), ""),
                must("label", text(), "What people call it."),
                must("description", text(), ""),
                must("caller_set_credits", boolean(), "Whether callers may choose the credits of an event."),
                must("dimensions", list(text()), "Properties that reports may be grouped by."),
                must("estimated_cost", decimal().or_null(), "Of one unit of quantity."),
                must("archived", boolean(), ""),
                must("price", named("Price").or_null(), "The one in force."),
                must("created_at", instant(), ""),
            ])
            .about("A kind of billable act."),
        ),
    ]
}
