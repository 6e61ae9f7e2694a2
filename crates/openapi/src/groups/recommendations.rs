//! Advice on prices, with its evidence.

use super::metering::{grid, rounding};
use crate::schema::Field;
use crate::vocabulary::*;

/// Seeds above this would not survive a reader that counts in doubles.
const SEED_MAX: usize = 1 << 53;
/// Days of notice that can be given.
const NOTICE_DAYS_MAX: usize = 365;

pub(super) fn group() -> Group {
    let about_id = "The recommendation: its id is sealed with its content.";
    Group {
        name: "Recommendations",
        about: "Advice on prices, with its evidence. Nothing changes by itself. An id is sealed with the content of its \
                recommendation, so applying an id applies exactly that.",
        operations: vec![
            get("/v1/recommendations", "list_pricing_recommendations", "List recommendations")
                .about("Newest first, without their figures and cards.")
                .needs(Scope::Read)
                .query("event", event_name(), "Only of this event type.")
                .query("kind", kind(), "Only of this kind.")
                .query("status", status(), "Only these.")
                .query("confidence", confidence(), "Only these; `low` is only watched.")
                .paged()
                .asked("?status=pending")
                .gives(page_of(gives(summary())), sample!("list_pricing_recommendations")),
            post("/v1/recommendations/look", "look_for_pricing_recommendations", "Look for advice")
                .about(
                    "Answers what `GET` answers, at once; one look is at work at a time, and whoever asks meanwhile \
                     gets that one. It is looked by itself once a week, unless the settings say otherwise.",
                )
                .needs(Scope::Prices)
                .may_take(
                    takes([
                        may("seed", within(0, SEED_MAX), "Which random numbers; 0 if left out."),
                        may("dry_run", boolean(), "True to record nothing."),
                    ]),
                    r#"{"dry_run":true}"#,
                )
                .answers(202, "It goes on.", named("Look"), sample!("look_for_pricing_recommendations")),
            get("/v1/recommendations/look", "get_pricing_look", "Get the last look")
                .about("How far the last look since the start of the server is, and what came of it.")
                .needs(Scope::Read)
                .gives(named("Look"), sample!("get_pricing_look")),
            get("/v1/recommendations/track-record", "get_pricing_track_record", "Get the track record")
                .about("How often claims came true that were applied and graded, beside how sure they were said to be.")
                .needs(Scope::Read)
                .gives(
                    gives([
                        must("graded", count(), ""),
                        must("provisional", count(), ""),
                        must("shown_from", count(), "From so many on there is a score."),
                        must("brier_score", decimal().or_null(), "0 is perfect, 0.25 is a coin."),
                        must(
                            "bins",
                            list(gives([
                                must("from", share(), ""),
                                must("to", share(), ""),
                                must("claims", count(), ""),
                                must("stated", share(), "The mean of what was stated."),
                                must("came_true", count(), ""),
                            ])),
                            "By stated probability.",
                        ),
                    ]),
                    sample!("get_pricing_track_record"),
                ),
            get("/v1/recommendations/{id}", "get_pricing_recommendation", "Get a recommendation")
                .about("One recommendation, whole: with its card, its evidence and what it would have done to the past.")
                .needs(Scope::Read)
                .of("rec_", about_id)
                .gives(named("Recommendation"), sample!("get_pricing_recommendation")),
            get("/v1/recommendations/{id}/explain", "explain_pricing_recommendation", "Explain a recommendation")
                .about("The arithmetic, with its numbers put in.")
                .needs(Scope::Read)
                .of("rec_", about_id)
                .gives(
                    gives([
                        must("id", id("rec_"), ""),
                        must("reason", text(), ""),
                        must("confidence", confidence(), ""),
                        must("probability", share(), ""),
                        must("target_margin", share(), ""),
                        must("estimated_margin", share().or_null(), "With the proposed price and the same use."),
                        must("cost_context", text(), ""),
                        must("version_transition", gives([must("from", version(), ""), must("to", version(), "")]), ""),
                        must("lines", list(text()), "Line by line."),
                    ]),
                    sample!("explain_pricing_recommendation"),
                ),
            post("/v1/recommendations/{id}/apply", "apply_pricing_recommendation", "Apply a recommendation")
                .about(
                    "Publishes the price that it proposes. Only what is pending, and was made for the version that is \
                     the newest still.",
                )
                .needs(Scope::Prices)
                .of("rec_", about_id)
                .may_take(
                    takes([
                        may(
                            "notice_days",
                            within(0, NOTICE_DAYS_MAX),
                            "Days until the price holds; what the settings say if left out. Required where \
                             `notice_required`.",
                        ),
                        may("effective_at", instant_taken(), "From when it holds, instead."),
                        may("reason", reason(), "Why; kept as the note of the version."),
                    ]),
                    r#"{"notice_days":14,"reason":"The provider raised its prices"}"#,
                )
                .keyed()
                .gives(applied(), sample!("apply_pricing_recommendation"))
                .fails(CANNOT_DECIDE),
            post("/v1/recommendations/{id}/reject", "reject_pricing_recommendation", "Reject a recommendation")
                .about("The same is not said again until the figures have moved.")
                .needs(Scope::Prices)
                .of("rec_", about_id)
                .may_take(takes([may("reason", reason(), "Why.")]), r#"{"reason":"It is sold at a loss on purpose"}"#)
                .keyed()
                .gives(
                    gives([
                        must("id", id("rec_"), ""),
                        must("status", words(&["rejected"]), ""),
                        must("at", instant(), ""),
                        must("reason", text(), ""),
                    ]),
                    sample!("reject_pricing_recommendation"),
                )
                .fails(&[RecommendationNotOpen]),
            post("/v1/recommendations/{id}/roll-back", "roll_back_pricing_recommendation", "Roll a recommendation back")
                .about("Publishes the price again that it replaced, from now on, as a new version.")
                .needs(Scope::Prices)
                .of("rec_", about_id)
                .may_take(
                    takes([may("reason", reason(), "Why; kept as the note of the version.")]),
                    r#"{"reason":"Support is overrun"}"#,
                )
                .keyed()
                .gives(applied(), sample!("roll_back_pricing_recommendation"))
                .fails(CANNOT_DECIDE),
        ],
        schemas: schemas(),
    }
}

const CANNOT_DECIDE: &[chargly_api::ErrorCode] =
    &[RecommendationNotOpen, RecommendationNotApplicable, VersionSuperseded];

fn kind() -> Schema {
    words(&[
        "loss_making",
        "under_target",
        "over_target",
        "split_by_dimension",
        "add_minimum",
        "cost_drift",
        "mix_drift",
        "data_quality",
    ])
}

fn status() -> Schema {
    words(&["pending", "accepted", "applied", "rejected", "expired"])
}

fn confidence() -> Schema {
    words(&["high", "medium", "low"])
}

fn version() -> Schema {
    count().or_null()
}

fn applied() -> Schema {
    gives([
        must("id", id("rec_"), ""),
        must("status", words(&["applied", "accepted"]), "`accepted` where the price holds later."),
        must("rolled_back", boolean(), ""),
        must("event", text(), ""),
        must("price_version", id("prv_"), ""),
        must("version", count(), ""),
        must("in_words", text(), "The price in words."),
        must("effective_at", instant(), ""),
        must("at", instant(), ""),
        must("reason", text(), ""),
    ])
}

/// A share, money or a count, as the rule has it.
fn measured() -> Schema {
    any_of([decimal(), any_number()])
}

fn needs() -> Field {
    must(
        "needs",
        list(gives([
            must("what", text(), ""),
            must("have", measured(), ""),
            must("need", measured(), ""),
            must("in_words", text(), ""),
        ])),
        "What is missing before it can be applied.",
    )
}

/// What is said, whether it was recorded or not.
fn said() -> Vec<Field> {
    let monthly = || named("Monthly");
    vec![
        must("kind", kind(), ""),
        must("event", text(), ""),
        must("confidence", confidence(), ""),
        must("probability", share(), "Of the claim as it is stated."),
        must("probability_uncapped", share(), "Before caps."),
        must("exact", boolean(), "Whether the claim is a sum and no estimate."),
        must("current_credits", credits().or_null(), "Of a typical unit."),
        must("recommended_credits", credits().or_null(), "Of a typical unit."),
        must(
            "proposal",
            gives([
                must("rule", named("PriceRule"), ""),
                must("grid", grid(), ""),
                must("rounding", rounding(), ""),
                must("in_words", text(), ""),
            ])
            .or_null(),
            "The price that applying publishes.",
        ),
        must("estimated_lift", monthly(), "What it brings, at the same usage."),
        must("if_left", monthly(), "What leaving it costs."),
        must("driver", words(&["cost_driven", "demand_driven", "data"]), ""),
        may("title", text(), "What is recommended, in a line; in lists."),
        must("version_from", version(), "Of the price."),
        must("version_to", version(), ""),
        must("reason", text(), "Why, in a sentence."),
        needs(),
        must(
            "caps",
            list(gives([must("why", text(), ""), must("at", share(), "")])),
            "Why it is not stated as surer.",
        ),
        must(
            "guardrails",
            list(gives([
                must("rule", text(), ""),
                must("kept", boolean(), ""),
                must("value", measured(), ""),
                must("limit", measured(), ""),
            ])),
            "",
        ),
        must("notice_required", boolean(), "Whether applying has to say `notice_days`."),
        must(
            "window",
            gives([must("from", instant(), ""), must("to", instant(), "")]),
            "The figures are of it.",
        ),
        must("cut_off", count(), "And of facts below this position."),
        must("method", count(), "The same method and seed give the same."),
        must("seed", count(), ""),
    ]
}

fn summary() -> Vec<Field> {
    let mut fields = vec![must("id", id("rec_"), ""), must("status", status(), "")];
    fields.extend(said());
    fields.extend([
        must("made_at", instant(), ""),
        must("expires_at", instant(), "It can be applied for 14 days."),
        must(
            "decision",
            gives([
                must("what", words(&["applied", "rejected", "superseded", "overtaken"]), ""),
                may("by", id("key_").or_null(), ""),
                must("at", instant(), ""),
                may("reason", text(), ""),
                may("price_version", price_version(), ""),
                may("effective_at", instant(), ""),
            ])
            .or_null(),
            "Of a person, by newer advice, or by another price.",
        ),
        must("review_at", instant().or_null(), "31 days after its price began to hold."),
        must(
            "grade",
            gives([
                must("at", instant(), ""),
                must("verdict", words(&["true", "false", "undecided"]), ""),
                must("provisional", boolean(), ""),
                must("days", count(), ""),
                must("predicted", range(), "For a month."),
                must("realised", range().or_null(), ""),
                must("cost_per_unit", decimal().or_null(), ""),
                must("margin", share().or_null(), ""),
            ])
            .or_null(),
            "",
        ),
        must(
            "rolled_back",
            gives([
                must("price_version", id("prv_"), ""),
                must("version", count(), ""),
                must("effective_at", instant(), ""),
            ])
            .or_null(),
            "",
        ),
    ]);
    fields
}

/// The figures, the past under the proposal, and the card.
fn grounds() -> [Field; 3] {
    [
        must("evidence", named("Evidence"), "The figures."),
        must("backtest", named("Backtest").or_null(), "What the proposal would have done to the past."),
        must(
            "card",
            gives([
                must("title", text(), ""),
                must(
                    "sections",
                    list(gives([must("heading", text(), ""), must("text", list(text()), "")])),
                    "What, Why, Confidence, If you do, If you do not, Who is hit, What could make this wrong, Check \
                     yourself.",
                ),
            ]),
            "For people. Every number in it is one of the fields.",
        ),
    ]
}

fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("Recommendation", gives(summary().into_iter().chain(grounds())).about("A recommendation, whole.")),
        (
            "Monthly",
            gives([
                must("amount", decimal(), "The middle."),
                must("currency", currency(), ""),
                must("low", decimal(), ""),
                must("high", decimal(), ""),
                must("per", words(&["month"]), "Of 30 days."),
            ])
            .about("A sum of a month, with its range."),
        ),
        ("Evidence", evidence()),
        ("Backtest", backtest()),
        ("Look", look()),
    ]
}

fn look() -> Schema {
    gives([
        must("id", text().or_null(), ""),
        must(
            "status",
            words(&["none", "queued", "running", "cancelling", "done", "cancelled", "failed"]),
            "",
        ),
        must("progress", named("Progress").or_null(), "In facts."),
        must("asked_at", instant().or_null(), ""),
        must("seed", count().or_null(), ""),
        must("dry_run", boolean().or_null(), ""),
        must("problem", text().or_null(), "Why it failed."),
        must(
            "result",
            gives([
                must("as_of", instant(), ""),
                must("cut_off", count(), ""),
                must("events", count(), "Events that were seen."),
                must("events_ahead", count(), "Events of a clock that is wrong."),
                must("graded", count(), ""),
                must("took_ms", count(), ""),
                must("made", list(id("rec_")), "What is new."),
                must(
                    "drafts",
                    list(gives(said().into_iter().chain(grounds()))),
                    "What a dry look would have recorded.",
                ),
                must(
                    "watched",
                    list(gives([
                        must("event", text(), ""),
                        must("in_words", text(), ""),
                        needs(),
                        must("evidence", named("Evidence"), ""),
                    ])),
                    "Each event type that was used.",
                ),
            ])
            .or_null(),
            "Once there is one.",
        ),
        must(
            "last_recorded",
            gives([
                must("as_of", instant(), ""),
                must("cut_off", count(), ""),
                must("recommendations", count(), ""),
                must("seed", count(), ""),
                must("method", count(), ""),
            ])
            .or_null(),
            "The last look that was recorded, also before a restart.",
        ),
    ])
    .about("A look for advice.")
}

fn evidence() -> Schema {
    gives([
        must("events", count(), ""),
        must("customers", count(), ""),
        must("paying_customers", count(), ""),
        must("days", count(), ""),
        must("largest_customer_share", share(), ""),
        must("quantity", any_number(), ""),
        must("credits", credits(), ""),
        must("cost", decimal(), ""),
        must("revenue_planned", decimal(), "At what is paid for a credit."),
        must("revenue_booked", decimal(), "Of the lots burned."),
        must("paid", decimal(), ""),
        must("credits_paid_for", credits(), ""),
        must("cost_missing", count(), "Events."),
        must("cost_estimated", decimal(), ""),
        must("cost_unbilled", decimal(), ""),
        must("cost_per_unit", range(), ""),
        must("cost_is_exact", boolean(), ""),
        must("cost_per_unit_before", decimal().or_null(), ""),
        must("margin", share().or_null(), ""),
        must("margin_booked", share().or_null(), ""),
        must("margin_after", share().or_null(), ""),
        must("target_margin", share(), ""),
        must("margin_floor", share(), ""),
        must("break_even_credits", credits().or_null(), ""),
        must("target_credits", credits().or_null(), ""),
        must("elasticity", range().or_null(), ""),
        must("own_price_changes", count(), ""),
        must("probability_by_prior", list(share()), ""),
        must(
            "cost_of_one",
            gives([
                must("p50", decimal(), ""),
                must("p90", decimal(), ""),
                must("p99", decimal(), ""),
                must("dearest_hundredth_share", share(), ""),
            ])
            .or_null(),
            "Of single events.",
        ),
        must("detail", any_object().with("additionalProperties", true).or_null(), "Of the kind."),
    ])
    .about("The figures of an event type.")
}

fn backtest() -> Schema {
    let run = || {
        gives([
            must("events", count(), ""),
            must("denied", count(), ""),
            must("revenue", decimal(), ""),
            must("cost", decimal(), ""),
            must("margin", decimal(), ""),
            must("cash", decimal(), ""),
        ])
    };
    let ends = || gives([must("low", decimal(), ""), must("high", decimal(), "")]);
    gives([
        must("from", instant(), ""),
        must("to", instant(), ""),
        must("facts", count(), ""),
        must("customers", count(), ""),
        must("one_customer_in", count(), "Of how many one was taken."),
        must("happened", run(), ""),
        must("static", run(), "Everybody did the same."),
        must("replenishing", run().or_null(), "Whoever ran out bought again."),
        must(
            "elastic",
            gives([
                must("draws", count(), ""),
                must("revenue", range().or_null(), ""),
                must("margin", range().or_null(), ""),
            ]),
            "Usage followed the price.",
        ),
        must("revenue", ends(), "Over all of them."),
        must("margin", ends(), "Over all of them."),
        must(
            "run_outs",
            gives([must("happened", count(), ""), must("newly", count(), ""), must("earlier", count(), "")]),
            "",
        ),
        must(
            "bill_shock",
            gives([
                must("p50", share(), ""),
                must("p90", share(), ""),
                must("max", share(), ""),
                must("above_25_percent", count(), ""),
            ]),
            "",
        ),
        must("customers_who_pay_less", count(), ""),
        must("customers_who_pay_more", count(), ""),
        must("outstanding", gives([must("credits", credits(), ""), must("devaluation", decimal(), "")]), ""),
    ])
    .about("What a proposal would have done to the past.")
}
