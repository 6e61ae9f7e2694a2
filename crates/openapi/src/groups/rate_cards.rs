//! Rate cards: what providers charge you.

use crate::schema::Field;
use crate::vocabulary::*;

pub(super) fn group() -> Group {
    Group {
        name: "Provider cost",
        about: "What providers charge you, in rate cards. A card is never changed; a later one takes the place of its \
                rates, model by model.",
        operations: vec![
            post("/v1/rate-cards", "publish_rate_card", "Publish a rate card")
                .about("Publishes rates of up to 200 models. Takes no idempotency key: the same card again changes no rate.")
                .needs(Scope::Prices)
                .takes(
                    takes([
                        must(
                            "entries",
                            some_of(RATE_CARD_MODELS_MAX,
                                takes([
                                    must("provider", some_text(MODEL_NAME_BYTES_MAX), ""),
                                    must("model", some_text(MODEL_NAME_BYTES_MAX), ""),
                                    must(
                                        "rates",
                                        list_up_to(
                                            RATES_PER_MODEL_MAX,
                                            takes([
                                                must("unit", unit(), ""),
                                                must("rate", decimal_taken(),
                                                    "What one unit costs: a decimal string with at most 12 decimals.",
                                                ),
                                                may("batch", boolean(), "Of work handed in as a batch."),
                                                may(
                                                    "above_input_tokens",
                                                    within(1, u32::MAX as usize),
                                                    "Only for requests with more input tokens than this.",
                                                ),
                                            ]),
                                        ),
                                        "No rates end what was charged for it.",
                                    ),
                                ]),
                            ),
                            "Models.",
                        ),
                        may(
                            "source",
                            words_of_people(LABEL_BYTES_MAX),
                            "Where the rates come from; `manual` if left out.",
                        ),
                        may("note", words_or_none(NOTE_BYTES_MAX), "Why."),
                        may("effective_at", instant_taken(), "From when; now if left out. It may lie in the past."),
                    ]),
                    r#"{"entries":[{"provider":"acme","model":"writer-1","rates":[{"unit":"input_tokens","rate":"0.0000025"}]}]}"#,
                )
                .writes()
                .gives(named("RateCard"), sample!("publish_rate_card")),
            get("/v1/rate-cards", "list_rate_cards", "List rate cards")
                .about("All cards, newest first, without their rates.")
                .needs(Scope::Read)
                .paged()
                .gives(page_of(named("RateCard")), sample!("list_rate_cards")),
            get("/v1/rate-cards/models", "list_rates", "List the rates in force")
                .about("By provider and model. All pages show them as the newest card of the first page left them.")
                .needs(Scope::Read)
                .query("provider", text(), "Only this provider.")
                .query("model", text(), "Only this model.")
                .query("at", instant_taken(), "When; now if left out.")
                .paged()
                .asked("?provider=acme")
                .gives(
                    page_of(gives([
                        must("provider", text(), ""),
                        must("model", text(), ""),
                        must("card", count(), "The number of the card that they stand in."),
                        must("effective_at", instant(), ""),
                        must(
                            "rates",
                            list(gives([
                                must("unit", unit(), ""),
                                must("rate", decimal(), "What one unit costs."),
                                may("batch", boolean(), "True for work handed in as a batch."),
                                may("above_input_tokens", count(), "Only for requests with more input tokens."),
                            ])),
                            "",
                        ),
                    ])),
                    sample!("list_rates"),
                ),
            post("/v1/rate-cards/import", "import_rate_cards", "Import a price list")
                .about(
                    "Reads a public list of model prices, and publishes what differs from the rates in force, in as \
                     many cards as it takes. Where it ends before its time, the cards published until then hold, and \
                     the same call again publishes the rest.",
                )
                .needs(Scope::Prices)
                .takes(
                    takes([
                        must(
                            "list",
                            text(),
                            "The text of the list: the price map of the Python package `litellm`, or the data of \
                             `genai-prices`; which one is found out.",
                        ),
                        may(
                            "list_version",
                            words_of_people(LABEL_BYTES_MAX),
                            "Its version, for the source of the cards.",
                        ),
                        may("providers", list_up_to(IMPORT_PROVIDERS_MAX, text()), "Only these, as the list names them."),
                        may("effective_at", instant_taken(), "As for a card."),
                        may("note", words_or_none(NOTE_BYTES_MAX), "As for a card."),
                        may("dry_run", boolean(), "True to see the report and publish nothing."),
                    ]),
                    r#"{"dry_run":true,"list":"{\"writer-1\":{\"litellm_provider\":\"acme\",\"input_cost_per_token\":2.5e-06}}"}"#,
                )
                .writes()
                .gives(
                    gives([
                        must("dry_run", boolean(), ""),
                        must("source", text(), "Which list it was."),
                        must("cards", list(count()), "The numbers of the cards that were published."),
                        must(
                            "report",
                            any_object().with("additionalProperties", true),
                            "How many models are `added`, which are `new` with their rates, which are `changed`, how many `unchanged`, which are `gone` \
                             from the list (they keep their rates), and what was `skipped`, by reason.",
                        ),
                        must(
                            "effect",
                            effect().or_null(),
                            "Of a dry run that finds something to publish: what the rates would have made of the use of \
                             the last 30 days. Null otherwise.",
                        ),
                    ]),
                    sample!("import_rate_cards"),
                ),
        ],
        schemas: vec![(
            "RateCard",
            gives([
                must("card", count(), "Its number."),
                must("source", text(), "Where the rates come from."),
                must("note", text(), ""),
                must("models", count(), "How many models it has."),
                must("effective_at", instant(), ""),
                must("author", id("key_").or_null(), ""),
                must("published_at", instant(), ""),
            ])
            .about("A rate card, without its rates."),
        )],
    }
}

fn effect() -> Schema {
    let mut fields = vec![
        must("from", instant(), "From when on events count, by when they occurred."),
        must("to", instant(), "Until when."),
        must(
            "complete",
            boolean(),
            "False where that time has more facts than are looked at: `from` is later then.",
        ),
        must("currency", text(), ""),
    ];
    fields.extend(of_use());
    fields.extend([
        must("recognised", decimal(), "Revenue of all events of that time."),
        must("cost", decimal().or_null(), "What they cost, as booked."),
        must("gross_margin", share().or_null(), "The margin, as booked."),
        must("gross_margin_then", share().or_null(), "The margin with `margin_change`."),
        must("upper_bound", boolean(), "True where costs are missing: both margins are at best so."),
        must("unused_models", count(), "Models whose rates would change and that were not used."),
        must(
            "models",
            list(gives(of_model())),
            "Models that were used, those that move the margin most first.",
        ),
    ]);
    gives(fields)
}

fn of_model() -> Vec<Field> {
    let mut fields = vec![must("provider", text(), ""), must("model", text(), "")];
    fields.extend(of_use());
    fields
}

fn of_use() -> Vec<Field> {
    vec![
        must("events", count(), "Events that have a cost by both rates."),
        must("cost_now", decimal(), "What those cost by the rates that hold now."),
        must("cost_then", decimal(), "What they would cost."),
        must("margin_change", decimal(), "`cost_now` less `cost_then`: what the margin gains."),
        must(
            "newly_priced",
            count(),
            "Events that have a cost by the new rates only. Not in `margin_change`.",
        ),
        must("newly_priced_cost", decimal(), "What those would cost."),
        must(
            "no_longer_priced",
            count(),
            "Events that have a cost by the rates of now only. Not in `margin_change`.",
        ),
        must("unpriced", count(), "Events with a unit that neither has a rate for."),
    ]
}

fn unit() -> Schema {
    words(&[
        "input_tokens",
        "cached_input_tokens",
        "cache_write_tokens",
        "output_tokens",
        "images",
        "seconds",
        "requests",
    ])
}
