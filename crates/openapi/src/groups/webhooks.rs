//! Webhook endpoints, and what was sent to them.

use crate::operation::Operation;
use crate::schema::Field;
use crate::vocabulary::*;

pub(super) fn group() -> Group {
    let path = "/v1/webhook-endpoints/{id}";
    Group {
        name: "Webhooks",
        about: "Messages about wallets, sent to your systems. Endpoints are kept beside the journal and make no facts: \
                answers carry no `Chargly-Position`, and a repeat needs no key.",
        operations: vec![
            post("/v1/webhook-endpoints", "create_webhook_endpoint", "Make a webhook endpoint")
                .about(
                    "It is told what is committed from now on. Its `secret` is in this answer and nowhere else. An \
                     environment has at most 50.",
                )
                .needs(Scope::Admin)
                .takes(
                    asked(),
                    r#"{"url":"https://shop.example/hooks/chargly","types":["wallet.credited","wallet.low_balance"]}"#,
                )
                .gives(gives(endpoint(true)), sample!("create_webhook_endpoint"))
                .fails(&[TooManyEndpoints]),
            get("/v1/webhook-endpoints", "list_webhook_endpoints", "List webhook endpoints")
                .about("In the order in which they were made, without secrets. All fit one page.")
                .needs(Scope::Read)
                .paged()
                .gives(page_of(named("WebhookEndpoint")), sample!("list_webhook_endpoints")),
            get(path, "get_webhook_endpoint", "Get a webhook endpoint")
                .needs(Scope::Read)
                .of("whk_", ENDPOINT)
                .gives(
                    gives(endpoint(false).into_iter().chain([former()])),
                    sample!("get_webhook_endpoint"),
                ),
            put(path, "put_webhook_endpoint", "Change a webhook endpoint")
                .about(
                    "The whole is sent, as for making it; secret and state stay. What waits goes to the new address.",
                )
                .needs(Scope::Admin)
                .of("whk_", ENDPOINT)
                .takes(asked(), r#"{"url":"https://shop.example/hooks/new","types":["wallet.empty"]}"#)
                .gives(named("WebhookEndpoint"), sample!("put_webhook_endpoint")),
            delete(path, "delete_webhook_endpoint", "Delete a webhook endpoint")
                .about("With its secrets, what waits for it, and the log of what was sent.")
                .needs(Scope::Admin)
                .of("whk_", ENDPOINT)
                .gives(named("Removed"), sample!("delete_webhook_endpoint")),
            switch("/v1/webhook-endpoints/{id}/enable", "enable_webhook_endpoint", "Enable a webhook endpoint")
                .about(
                    "Sends to it again: what waited, and what happens from now on. What happened while it was disabled \
                     is not told.",
                )
                .gives(named("WebhookEndpoint"), sample!("enable_webhook_endpoint")),
            switch("/v1/webhook-endpoints/{id}/disable", "disable_webhook_endpoint", "Disable a webhook endpoint")
                .about("Sends nothing to it. What waits goes on waiting.")
                .gives(named("WebhookEndpoint"), sample!("disable_webhook_endpoint")),
            switch("/v1/webhook-endpoints/{id}/rotate", "rotate_webhook_secret", "Rotate a webhook secret")
                .about(
                    "Makes a new `secret`, in this answer and nowhere else. The old one signs beside it until \
                     `former_secret_ends_at`.",
                )
                .may_take(
                    takes([may(
                        "overlap_s",
                        within(0, WEBHOOK_OVERLAP_SECONDS_MAX),
                        "Seconds; 24 hours if left out, at most 7 days.",
                    )]),
                    r#"{"overlap_s":3600}"#,
                )
                .gives(gives(endpoint(true).into_iter().chain([former()])), sample!("rotate_webhook_secret")),
            switch("/v1/webhook-endpoints/{id}/ping", "ping_webhook_endpoint", "Ping a webhook endpoint")
                .about(
                    "Sends a `webhook.ping` at once, past everything that waits and also to an endpoint that is \
                     disabled. Answers 200 whatever came of it.",
                )
                .gives(
                    gives([
                        must("message", id("msg_"), ""),
                        must("delivered", boolean(), ""),
                        must("body", any_object().with("additionalProperties", true), "As it was sent."),
                        must("attempt", attempt(), ""),
                    ]),
                    sample!("ping_webhook_endpoint"),
                ),
            get("/v1/webhook-endpoints/{id}/deliveries", "list_webhook_deliveries", "List deliveries")
                .about(
                    "What was sent to an endpoint or waits for it, the newest first. What came to its end is kept for \
                     30 days.",
                )
                .needs(Scope::Read)
                .of("whk_", ENDPOINT)
                .query("state", words(&["pending", "delivered", "failed"]), "Only these; `failed`: given up.")
                .query(
                    "type",
                    words(&[&TYPES[..], &["webhook.ping"]].concat()),
                    "Only messages of this type.",
                )
                .query("customer", customer(), "Only messages about this customer.")
                .paged()
                .asked("?state=failed")
                .gives(
                    page_of(gives([
                        must("message", id("msg_"), ""),
                        must("type", text(), ""),
                        must("state", words(&["pending", "delivered", "failed"]), ""),
                        must("tries", count(), ""),
                        must("next_attempt_at", instant().or_null(), ""),
                        must("body", any_object().with("additionalProperties", true), "As it is sent."),
                        must("attempts", list(attempt()), "Up to ten, the newest first."),
                    ])),
                    sample!("list_webhook_deliveries"),
                ),
            switch("/v1/webhook-endpoints/{id}/resend", "resend_webhook_message", "Send a message again")
                .about("Under its id, whether it had arrived, was given up, or waits for its next attempt.")
                .takes(
                    takes([must("message", text(), "Its id, `msg_…`; one that this endpoint was never owed is not found.")]),
                    r#"{"message":"msg_0000000000000yxkmq74001"}"#,
                )
                .gives(
                    gives([must("message", id("msg_"), ""), must("state", words(&["pending"]), "")]),
                    sample!("resend_webhook_message"),
                ),
        ],
        schemas: vec![(
            "WebhookEndpoint",
            gives(endpoint(false)).about("Where messages are sent to."),
        )],
    }
}

const ENDPOINT: &str = "The endpoint.";

/// What can be subscribed.
const TYPES: [&str; 11] = [
    "checkout.completed",
    "checkout.held",
    "wallet.credited",
    "wallet.debited",
    "balance.updated",
    "wallet.low_balance",
    "wallet.empty",
    "credits.expiring",
    "hold.expired",
    "price.published",
    "recommendation.created",
];

fn switch(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    post(path, id, summary).needs(Scope::Admin).of("whk_", ENDPOINT)
}

fn asked() -> Schema {
    takes([
        must(
            "url",
            some_text(WEBHOOK_URL_BYTES_MAX),
            "Where to; https, of a public address, without a user or password.",
        ),
        must("types", some_of(TYPES.len() + 1, words(&TYPES)).with("uniqueItems", true), "What is told."),
        may("description", words_or_none(DESCRIPTION_BYTES_MAX), "What people know it by."),
        may(
            "debits",
            words(&["each", "per_second"]),
            "`each` if left out; `per_second` sums `wallet.debited` and `balance.updated` of a wallet up.",
        ),
    ])
}

fn endpoint(has_secret: bool) -> Vec<Field> {
    let mut fields = vec![must("id", id("whk_"), ""), must("url", text(), "")];
    if has_secret {
        fields.push(must("secret", text(), "In this answer and nowhere else."));
    }
    fields.extend([
        must("types", list(text()), ""),
        must("description", text(), ""),
        must("debits", words(&["each", "per_second"]), ""),
        must("state", words(&["enabled", "disabled"]), ""),
        must("disabled_because", text().or_null(), ""),
        must("failing_since", instant().or_null(), ""),
        must("created_at", instant(), ""),
    ]);
    fields
}

fn former() -> Field {
    must("former_secret_ends_at", instant().or_null(), "Until when a rotated secret signs, too.")
}

fn attempt() -> Schema {
    gives([
        must("at", instant(), ""),
        must("took_ms", count(), ""),
        must("result", text(), ""),
        must("status", count().or_null(), "Of the receiver's answer."),
        must("answer", text().or_null(), "Its first 4,096 bytes."),
    ])
}
