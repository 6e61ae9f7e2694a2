//! Price simulations: the ledger run again over a past span, under proposed prices.

use super::metering::{grid, rounding};
use crate::vocabulary::*;

/// Elasticities that one simulation draws.
const DRAWS_MAX: usize = 100;
/// Seeds above this would not survive a reader that counts in doubles.
const SEED_MAX: usize = 1 << 53;

pub(super) fn group() -> Group {
    let about_id = "The simulation.";
    Group {
        name: "Price simulations",
        about: "What a proposal would have changed on past events. Nothing is written, and nothing waits for it. A \
                result is kept for an hour.",
        operations: vec![
            post("/v1/price-simulations", "simulate_prices", "Simulate prices")
                .about("Runs the ledger again over a span, with proposed prices; one runs at a time, and four may wait.")
                .needs(Scope::Prices)
                .takes(
                    takes([
                        must("from", instant_taken(), "The span, by the time of recording."),
                        must("to", instant_taken(), "Not in it; later than `from`."),
                        must(
                            "rules",
                            list_up_to(
                                SIMULATED_RULES_MAX,
                                takes([
                                    must("event", event_name(), ""),
                                    must("rule", named("PriceRule"), ""),
                                    may("grid", grid(), ""),
                                    may("rounding", rounding(), ""),
                                ]),
                            ),
                            "What is not named keeps its price. An empty list is the self-test: everything comes out as \
                             it was.",
                        ),
                        may(
                            "modes",
                            list_up_to(3, words(&["static", "replenishing", "elastic"])),
                            "Beside `static`, which is always there; both if left out.",
                        ),
                        may("draws", within(1, DRAWS_MAX), "Elasticities drawn; 20 if left out."),
                        may("seed", within(0, SEED_MAX), "Which ones; 0 if left out."),
                    ]),
                    r#"{"from":"2026-01-01T00:00:00Z","to":"2030-01-01T00:00:00Z","rules":[{"event":"image.generate","rule":{"type":"flat","credits":15}}]}"#,
                )
                .answers(202, "It goes on.", named("PriceSimulation"), sample!("simulate_prices")),
            get("/v1/price-simulations/{id}", "get_price_simulation", "Get a price simulation")
                .needs(Scope::Read)
                .of("sim_", about_id)
                .gives(named("PriceSimulation"), sample!("get_price_simulation")),
            delete("/v1/price-simulations/{id}", "cancel_price_simulation", "Cancel a price simulation")
                .about("One that is over stays as it is.")
                .needs(Scope::Prices)
                .of("sim_", about_id)
                .gives(named("PriceSimulation"), sample!("cancel_price_simulation")),
            get(
                "/v1/price-simulations/{id}/customers",
                "list_price_simulation_customers",
                "List who pays more and who less",
            )
            .about(
                "What the usage of each customer cost and would have cost, the largest rise first, and when the wallet \
                 ran out and would have. At most 200,000 customers are kept. CSV has all of them.",
            )
            .needs(Scope::Read)
            .of("sim_", about_id)
            .paged()
            .gives(
                page_of(gives([
                    must("customer", text().or_null(), "Null once erased."),
                    must("credits_before", credits(), ""),
                    must("credits_after", credits(), ""),
                    must("change_bp", whole().or_null(), "In hundredths of a percent."),
                    must("ran_out", instant().or_null(), ""),
                    must("would_run_out", instant().or_null(), ""),
                ])),
                sample!("list_price_simulation_customers"),
            )
            .or_csv("customer,credits_before,credits_after,change_bp,ran_out,would_run_out\nuser_42,144,180,2500,,\n"),
        ],
        schemas: schemas(),
    }
}

fn schemas() -> Vec<(&'static str, Schema)> {
    let totals = || named("SimulatedTotals");
    let one_type = || {
        gives([
            must("events", count(), ""),
            must("denied", count(), ""),
            must("credits_used", credits(), ""),
            must("revenue", decimal(), ""),
            must("cost", decimal(), ""),
            must("margin", decimal(), ""),
        ])
    };
    let spread =
        |of: fn() -> Schema| gives([must("p5", of(), ""), must("p50", of(), ""), must("p95", of(), "")]);
    let result = gives([
        must("facts", count(), "Facts that were run again."),
        must("currency", currency(), ""),
        must("self_test_differences", count().or_null(), "Where nothing was proposed: 0."),
        must("happened", totals(), "As it was."),
        must("static", totals(), "Everybody does the same."),
        must("replenishing", totals().or_null(), "Whoever runs out buys again."),
        must(
            "elastic",
            gives([
                must("draws", count(), ""),
                must("events", spread(any_number), ""),
                must("credits_used", spread(credits), ""),
                must("revenue", spread(decimal), ""),
                must("cost", spread(decimal), ""),
                must("margin", spread(decimal), ""),
            ])
            .or_null(),
            "Usage follows the price.",
        ),
        must(
            "event_types",
            list(gives([
                must("event", text(), ""),
                must("happened", one_type(), ""),
                must("static", one_type(), ""),
                must("same_usage_before", credits(), "What was asked for, at the old price."),
                must("same_usage_after", credits(), "The same, at the new one."),
            ])),
            "",
        ),
        must(
            "run_outs",
            gives([
                must("happened", count(), ""),
                must("static", count(), ""),
                must("newly", count(), ""),
                must("earlier", count(), ""),
                must("no_longer", count(), ""),
                must(
                    "earlier_ms",
                    gives([must("p50", whole(), ""), must("p90", whole(), ""), must("max", whole(), "")]),
                    "By how much.",
                ),
            ]),
            "Wallets that ran out.",
        ),
        must(
            "bill_shock",
            gives([
                must("customers", count(), ""),
                must("p50_bp", whole(), ""),
                must("p90_bp", whole(), ""),
                must("max_bp", whole(), ""),
                must("above_25_percent", count(), ""),
            ]),
            "By how much bills rise.",
        ),
        must(
            "outstanding",
            gives([
                must("credits", credits(), ""),
                must("liability", decimal(), ""),
                must("devaluation", decimal(), ""),
                must("serving_cost_before", decimal(), ""),
                must("serving_cost_after", decimal(), ""),
            ]),
            "Credits that were sold and not used.",
        ),
        must("customers", gives([must("listed", count(), ""), must("left_out", count(), "")]), ""),
    ]);
    vec![
        (
            "PriceSimulation",
            gives([
                must("id", text(), ""),
                must(
                    "status",
                    words(&["queued", "running", "cancelling", "done", "cancelled", "failed"]),
                    "",
                ),
                must("progress", named("Progress"), "In facts."),
                must("asked_at", instant(), ""),
                must("from", instant(), ""),
                must("to", instant(), ""),
                must("seed", count(), ""),
                must("problem", text().or_null(), "Why it failed."),
                must("result", result.or_null(), "Once there is one."),
            ])
            .about("A price simulation."),
        ),
        (
            "SimulatedTotals",
            gives([
                must("events", count(), ""),
                must("credits_used", credits(), ""),
                must("credits_uncharged", credits(), ""),
                must("revenue", decimal(), ""),
                must("breakage", decimal(), ""),
                must("cash", decimal(), ""),
                must("cost", decimal(), ""),
                must("cost_missing", count(), ""),
                must("margin", decimal(), ""),
                must("denied", count(), ""),
                must("holds_denied", count(), ""),
                must("let_in", gives([must("events", count(), ""), must("credits", credits(), "")]), ""),
                must("refused_again", count(), ""),
                must("left_out", count(), ""),
                must("capped", count(), ""),
                must("unpriced", count(), ""),
                must("packs", count(), ""),
            ])
            .about("What a span came to."),
        ),
    ]
}
