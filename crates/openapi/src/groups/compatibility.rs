//! What the product's published client speaks: the same use cases under its names.

use crate::operation::Operation;
use crate::schema::Field;
use crate::vocabulary::*;

pub(super) fn group() -> Group {
    Group {
        name: "Compatibility",
        about: "What the product's published client speaks, over the same ledger as `/v1`: a call may begin here and be \
                looked at there. Errors are `{\"error\": {\"code\", \"message\"}}`; a wallet that cannot pay is 400 \
                `insufficient_balance`. Unknown fields and parameters are passed over. New work is better begun with `/v1`.",
        operations: wallets().into_iter().chain(prices()).collect(),
        schemas: vec![(
            "ClientRecommendation",
            gives([
                must("id", id("rec_"), ""),
                must("feature", text(), "The event type."),
                may("currentCredits", credits(), ""),
                may("recommendedCredits", credits(), ""),
                must("reason", text(), ""),
                must("confidence", words(&["high", "medium", "low"]), ""),
                must("estimatedLift", named("Monthly"), ""),
                may("versionFrom", count(), ""),
                may("versionTo", count(), ""),
                must("status", text(), ""),
            ])
            .about("A recommendation, by the names of the product's published client."),
        )],
    }
}

fn client_key() -> Field {
    may("idempotencyKey", key(), "Or `idempotency_key`, or the header; they have to agree.")
}

fn wallets() -> Vec<Operation> {
    let user = || must("userId", customer(), "Your own id of the customer.");
    vec![
        get("/api/wallet/balance/{customer}", "compat_get_wallet", "Get what a customer can spend")
            .needs(Scope::Read)
            .of_customer()
            .for_the_client()
            .gives(
                gives([
                    must("userId", text(), ""),
                    must("walletId", id("wal_").or_null(), "Null for a customer never seen."),
                    must("balance", credits(), "What can be spent."),
                    must("unit", words(&["credits"]), ""),
                ]),
                r#"{"userId":"user_42","walletId":"wal_0000000000001yn3ap70","balance":88,"unit":"credits"}"#,
            ),
        post("/api/wallet/consume", "compat_meter_event", "Consume credits")
            .about(
                "Meters one event. An amount that is the price in force is the price; another one is taken where the \
                 event type lets callers set credits.",
            )
            .needs(Scope::Meter)
            .takes(
                reads([
                    user(),
                    must("source", event_name(), "Name of the event type."),
                    may("amount", credits_taken(), "Credits; the price in force if left out."),
                    client_key(),
                ]),
                r#"{"userId":"user_42","source":"image.generate","idempotencyKey":"req-8842"}"#,
            )
            .keyed()
            .for_the_client()
            .gives(
                gives([
                    must("success", boolean(), "Always true."),
                    must("creditsCharged", credits(), ""),
                    must("balanceAfter", credits(), ""),
                    must("transactionId", id("evt_"), "The event."),
                ]),
                r#"{"success":true,"creditsCharged":12,"balanceAfter":88,"transactionId":"evt_0000000000000x1sxv37"}"#,
            )
            .fails(super::metering::CANNOT_CHARGE),
        post("/api/usage/log", "compat_log_usage", "Log usage")
            .about("Tells what an event was. It follows `consume`, and never charges.")
            .needs(Scope::Meter)
            .takes(
                reads([
                    user(),
                    must("featureKey", event_name(), "Name of the event type."),
                    may("creditsCharged", credits_taken(), "What `consume` charged."),
                    may("metadata", properties(), "Becomes the properties of the event."),
                    client_key(),
                ]),
                r#"{"userId":"user_42","featureKey":"image.generate","creditsCharged":12,"metadata":{"model":"sdxl"}}"#,
            )
            .keyed()
            .for_the_client()
            .gives(gives([must("id", id("evt_"), "The event.")]), r#"{"id":"evt_0000000000000x1sxv37"}"#)
            .fails(super::metering::CANNOT_CHARGE),
        post("/api/billing/checkout", "compat_create_checkout", "Create a checkout")
            .needs(Scope::Meter)
            .takes(
                reads([
                    user(),
                    must("creditPackCode", text(), "The code of a pack for sale."),
                    may("successUrl", prose(URL_BYTES_MAX), "Where the buyer is sent on to."),
                    may("cancelUrl", prose(URL_BYTES_MAX), "The same for a buyer who gave up."),
                    client_key(),
                ]),
                r#"{"userId":"user_42","creditPackCode":"starter_500"}"#,
            )
            .keyed()
            .for_the_client()
            .gives(
                gives([
                    must("checkoutId", id("chk_"), ""),
                    must("checkoutUrl", text().or_null(), "Where it is paid."),
                    must("credits", credits(), "Bonus included."),
                ]),
                r#"{"checkoutId":"chk_00000000000014g61sq5","checkoutUrl":"https://billing.example.com/sandbox/test/…","credits":500}"#,
            )
            .fails(&[NotFound, TooManyOrders, PaymentsNotSetUp, PaymentProviderRefused, PaymentProviderUnavailable]),
        get("/api/credit-packs", "compat_list_credit_packs", "List credit packs for the client")
            .needs(Scope::Read)
            .for_the_client()
            .gives(
                gives([must(
                    "items",
                    list(gives([
                        must("id", id("pck_"), ""),
                        must("code", text(), ""),
                        must("name", text(), ""),
                        must("credits", credits(), "Bonus included."),
                        must("priceCents", any_number(), ""),
                        must("currency", currency(), ""),
                    ])),
                    "",
                )]),
                r#"{"items":[{"id":"pck_0000000000000n9y55ds","code":"starter_500","name":"Starter","credits":500,"priceCents":1000,"currency":"usd"}]}"#,
            ),
    ]
}

fn prices() -> Vec<Operation> {
    let advice = "/api/pricing/recommendations/{id}";
    vec![
        get("/api/pricing/rules/{name}", "compat_get_pricing_rule", "Get what an event type costs")
            .needs(Scope::Read)
            .path("name", text(), "The event type.")
            .for_the_client()
            .gives(
                gives([
                    must("id", id("prv_"), "The price version."),
                    must("feature", text(), "The event type."),
                    must("multiplier", any_number(), "Credits per unit of cost; 0 where it is not made of costs."),
                    must("minimumCredits", credits(), "Of a flat price all of it."),
                    must("enabled", boolean(), "Whether events of this type are taken."),
                    must("version", count(), ""),
                    may("rule", named("PriceRule"), "Where two numbers do not tell it."),
                    may("typicalCredits", credits(), "Of one unit, beside `rule`."),
                    must("inWords", text(), ""),
                ]),
                r#"{"id":"prv_0000000000000j3d9hjd","feature":"image.generate","multiplier":0,"minimumCredits":12,"enabled":true,"version":1,"inWords":"12 credits"}"#,
            )
            .fails(&[NotFound, NoActivePrice]),
        get("/api/pricing/recommendations", "compat_list_pricing_recommendations", "List advice for the client")
            .needs(Scope::Read)
            .query("feature", event_name(), "Only of this event type.")
            .query("status", words(&["pending", "accepted", "applied", "rejected", "expired"]), "Only these.")
            .query("limit", within(1, LIST_LIMIT_MAX), "100 if left out.")
            .for_the_client()
            .gives(gives([must("items", list(named("ClientRecommendation")), "")]), r#"{"items":[]}"#),
        get(advice, "compat_get_pricing_recommendation", "Get a recommendation for the client")
            .needs(Scope::Read)
            .of("rec_", "The recommendation.")
            .for_the_client()
            .gives(named("ClientRecommendation"), RECOMMENDATION),
        get(
            "/api/pricing/recommendations/{id}/explain",
            "compat_explain_pricing_recommendation",
            "Explain a recommendation to the client",
        )
        .needs(Scope::Read)
        .of("rec_", "The recommendation.")
        .for_the_client()
        .gives(
            gives([
                must("recommendationId", id("rec_"), ""),
                must("reason", text(), ""),
                must("confidence", text(), ""),
                must("targetMarginPercent", any_number(), ""),
                may("estimatedMarginPercent", any_number(), ""),
                must("providerCostContext", text(), ""),
                must("versionTransition", gives([may("from", count(), ""), may("to", count(), "")]), ""),
            ]),
            r#"{"recommendationId":"rec_0000000000001fst7qf8","reason":"It is sold below its cost.","confidence":"high","targetMarginPercent":60,"estimatedMarginPercent":61.5,"providerCostContext":"4 cents each","versionTransition":{"from":1,"to":2}}"#,
        ),
        decision(
            "/api/pricing/recommendations/{id}/apply",
            "compat_apply_pricing_recommendation",
            "Apply a recommendation for the client",
        ),
        decision(
            "/api/pricing/recommendations/{id}/reject",
            "compat_reject_pricing_recommendation",
            "Reject a recommendation for the client",
        ),
    ]
}

const RECOMMENDATION: &str = r#"{"id":"rec_0000000000001fst7qf8","feature":"image.generate","currentCredits":12,"recommendedCredits":15,"reason":"It is sold below its cost.","confidence":"high","estimatedLift":{"amount":"120","currency":"usd","low":"80","high":"160","per":"month"},"versionFrom":1,"versionTo":2,"status":"pending"}"#;

fn decision(path: &'static str, operation: &'static str, summary: &'static str) -> Operation {
    post(path, operation, summary)
        .needs(Scope::Prices)
        .of("rec_", "The recommendation.")
        .may_take(
            reads([may("reason", reason(), "Why."), client_key()]),
            r#"{"reason":"The provider raised its prices"}"#,
        )
        .keyed()
        .for_the_client()
        .gives(
            gives([
                must("success", boolean(), "Always true."),
                must("recommendationId", id("rec_"), ""),
                must("status", text(), ""),
                may("newVersion", count(), "Of the price."),
            ]),
            r#"{"success":true,"recommendationId":"rec_0000000000001fst7qf8","status":"applied","newVersion":2}"#,
        )
        .fails(&[RecommendationNotOpen, RecommendationNotApplicable, VersionSuperseded])
}
