//! CloudEvents: senders of other metering systems can be pointed here.

use crate::vocabulary::*;

/// Bytes of `source` and of `id`.
const ATTRIBUTE_BYTES_MAX: usize = 1_024;

pub(super) fn group() -> Group {
    Group {
        name: "CloudEvents",
        about: "CloudEvents 1.0, so that senders of other metering systems can be pointed here. They report finished work: a \
                wallet that cannot pay refuses nothing; the event is recorded as used and not charged, to be collected.",
        operations: vec![
            post("/api/v1/events", "receive_cloud_events", "Take CloudEvents")
                .about(
                    "Structured, batched (up to 10,000) or binary: `ce-…` headers, the data as the body. A body of \
                     another kind is read as one event, or as a batch where it is an array. `type` is the event type, \
                     `subject` the customer, `source` and `id` together the idempotency key.",
                )
                .needs(Scope::Meter)
                .takes_as(
                    "application/cloudevents+json",
                    named("CloudEvent"),
                    Some(
                        r#"{"specversion":"1.0","type":"image.generate","source":"/my-app","id":"01JD8X","subject":"user_42","data":{"model":"sdxl"}}"#,
                    ),
                )
                .takes_as(
                    "application/cloudevents-batch+json",
                    list_up_to(BATCH_EVENTS_MAX, named("CloudEvent")),
                    None,
                )
                .writes()
                .nothing(204, "Accepted, at once or before.")
                .answers(
                    207,
                    "Not all of a batch is well; good items are kept.",
                    gives([
                        must(
                            "results",
                            list(gives([
                                must("source", text().or_null(), ""),
                                must("id", text().or_null(), ""),
                                must("status", whole(), "204, or that of the error."),
                                may("error", named("Problem"), "Why it was refused."),
                            ])),
                            "One for each event, in order.",
                        ),
                        must("accepted", count(), ""),
                        must("refused", count(), ""),
                        must("replayed", count(), ""),
                    ]),
                    r#"{"results":[{"source":"/my-app","id":"01JD8X","status":204}],"accepted":1,"refused":0,"replayed":0}"#,
                )
                .fails(super::metering::CANNOT_CHARGE)
                .fails(&[IdempotencyConflict, Gone]),
            post("/v1/events/{id}/collect", "collect_event", "Collect what an event used and was not charged")
                .about("By the wallet's policy as it is now. All of what is asked, or nothing.")
                .needs(Scope::Grant)
                .of("evt_", "The event.")
                .may_take(takes([may("credits", some_credits(), "How many; all that is uncharged if left out.")]), "{}")
                .keyed()
                .gives(
                    gives([
                        must("id", id("ent_"), "The line."),
                        must("event_id", id("evt_"), ""),
                        must("event", text(), "Its type."),
                        must("customer", text(), ""),
                        must("credits", credits(), "What was charged."),
                        may("debt", credits(), "What of it an overdraft paid."),
                        must("balance", balance(), ""),
                        must("recorded_at", instant(), ""),
                    ]),
                    r#"{"id":"ent_0000000000000x1sxv37000","event_id":"evt_0000000000000x1sxv37","event":"image.generate","customer":"user_42","credits":12,"balance":{"posted":88,"held":0,"available":88},"recorded_at":"2026-11-23T10:00:00.000Z"}"#,
                )
                .fails(&[InsufficientCredits, WalletFrozen, Unchanged]),
            post(
                "/v1/customers/{customer}/collect",
                "collect_customer",
                "Collect what a customer used and was not charged",
            )
            .about(
                "Whole events, of those found the oldest first. Where the wallet cannot pay one, the others of its type \
                 stay too. Takes no key: what was collected has nothing left, so that a repetition goes on. Where \
                 nothing at all was collected the answer is the first problem, with `uncharged` and `next_cursor`.",
            )
            .needs(Scope::Grant)
            .of_customer()
            .may_take(
                takes([
                    may("from", instant_taken(), "Only events that occurred from then on."),
                    may("to", instant_taken(), "Only events that occurred before then."),
                    may("cursor", cursor(), "`next_cursor` of the answer before. One call takes up 1,000."),
                ]),
                "{}",
            )
            .writes()
            .gives(
                gives([
                    must("customer", text(), ""),
                    must("collected", sum(), ""),
                    must("uncharged", sum(), "Of what was looked at and stays."),
                    must("refused", list(named("Problem")), "One for each type that could not be paid."),
                    may("balance", balance(), ""),
                    must("next_cursor", cursor().or_null(), ""),
                ]),
                r#"{"customer":"user_42","collected":{"events":2,"credits":24},"uncharged":{"events":0,"credits":0},"refused":[],"balance":{"posted":64,"held":0,"available":64},"next_cursor":null}"#,
            )
            .fails(&[InsufficientCredits, WalletFrozen, Gone]),
        ],
        schemas: vec![(
            "CloudEvent",
            reads([
                must("specversion", words(&["1.0"]), ""),
                must("type", event_name(), "The event type."),
                must("source", some_text(ATTRIBUTE_BYTES_MAX), "With `id` the idempotency key."),
                must("id", some_text(ATTRIBUTE_BYTES_MAX), "Of the event, at its source."),
                must("subject", customer(), "The customer."),
                may("time", instant_taken(), "When it happened."),
                may("data", any_object().with("additionalProperties", true), "Becomes the properties."),
            ])
            .about("An event as CloudEvents 1.0 has it, in JSON. All other attributes are ignored."),
        )],
    }
}

fn sum() -> Schema {
    gives([must("events", count(), ""), must("credits", credits(), "")])
}
