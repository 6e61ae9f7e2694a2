//! How calls fail: one schema for all, and for each code its answer and an example.

use chargly_api::ErrorCode;
use chargly_api::limits::FIELD_ERRORS_MAX;

use crate::json::Json;
use crate::kinds::{credits, id, money};
use crate::operation::Errors;
use crate::schema::{Field, Schema, boolean, count, gives, list_up_to, may, must, named, text, whole, words};

/// Where problems are of this kind.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// The body of every error, with all the facts that one of them has.
pub(crate) fn schemas() -> Vec<(&'static str, Schema)> {
    let codes: Vec<&'static str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    let head = [
        must("type", text(), "`urn:chargly:error:` and the code: the same at every server."),
        must("title", text(), "A few words about the code."),
        must("status", whole(), "The HTTP status."),
        must("detail", text(), "What was wrong this time, in a sentence."),
        must("code", words(&codes), "A stable name. `/docs#` and the code leads to what can be done."),
        must("instance", text(), "The path that was asked for."),
        must("retryable", boolean(), "Whether the same request with the same key may succeed later."),
    ];
    vec![
        (
            "Problem",
            gives(head.into_iter().chain(facts())).about(
                "An error (RFC 9457). Programs act on `code` and the facts that come with it; people read `detail`.",
            ),
        ),
        (
            "ClientError",
            gives([must(
                "error",
                gives([
                    must("code", text(), "The code; `insufficient_balance` where a wallet cannot pay."),
                    must("message", text(), "What was wrong, in a sentence."),
                ]),
                "",
            )])
            .about("An error, as the product's published client reads it."),
        ),
        (
            "CheckoutHint",
            gives([must(
                "smallest_covering_pack",
                gives([
                    must("code", text(), ""),
                    must("name", text(), ""),
                    must("credits", credits(), "Bonus included."),
                    must("price", money(), ""),
                ]),
                "The pack that has what is missing, or the largest where none has so much.",
            )])
            .about("What the customer could buy."),
        ),
    ]
}

fn facts() -> Vec<Field> {
    vec![
        may(
            "errors",
            list_up_to(
                FIELD_ERRORS_MAX,
                gives([
                    must("field", text(), "With the path to it: `events[3].customer`."),
                    must("problem", text(), "What is wrong, to follow the field's name."),
                ]),
            ),
            "`invalid_request`: everything that is wrong, not the first alone.",
        ),
        may("required_scope", text(), "`forbidden`: the scope that the key lacks."),
        may("required", credits(), "`insufficient_credits`: what it costs."),
        may("available", credits(), "`insufficient_credits`: what there is."),
        may("shortfall", credits(), "`insufficient_credits`: what is missing."),
        may("customer", text(), "Whose wallet it is about."),
        may("retry_with", words(&["new_key"]), "A verdict is final for its key: try again with another."),
        may("checkout_hint", named("CheckoutHint"), "`insufficient_credits`, where packs are for sale."),
        may("index", count(), "Which event of an atomic batch."),
        may("event", text(), "The event type."),
        may("did_you_mean", text().or_null(), "`unknown_event_type`: the nearest name."),
        may("field", text(), "`idempotency_conflict`: what differs; `cost_required`: what to send."),
        may("first", text(), "`idempotency_conflict`: as it was first."),
        may("now", text(), "`idempotency_conflict`: as it is now."),
        may("kind", text(), "`not_found`, `gone`: what there is none of."),
        may("limit", any_limit(), "How much there may be."),
        may("budget", text(), "`budget_exceeded`: whose."),
        may("spent", credits(), "`budget_exceeded`: what was spent of it today."),
        may("renews_at", text().with("format", "date-time"), "`budget_exceeded`: when there is a new one."),
        may("required_permission", text(), "`forbidden`: the permission that the key lacks."),
        may(
            "uncharged",
            gives([must("events", count(), ""), must("credits", credits(), "")]),
            "What stays uncharged.",
        ),
        may("next_cursor", text().or_null(), "Where a collection goes on."),
        may("state", text(), "`hold_not_open`: how it ended."),
        may("held", credits(), "What is set aside."),
        may("requested", credits(), "What was asked for."),
        may("left", credits(), "`already_reversed`: what is left of the event."),
        may("reversed", credits(), "`already_reversed`: what was reversed before."),
        may("unused", credits(), "`refund_exceeds_unused`: what is unused of the order."),
        may("credits", credits(), "`refund_goes_on`: of the refund that goes on."),
        may("order_status", text(), "`order_not_paid`: how the order stands."),
        may("latest", id("prv_").or_null(), "`version_superseded`: the newest version."),
        may("recommendation_status", text(), "`recommendation_not_open`: where it stands."),
        may("provider_code", text(), "`payment_provider_refused`: in the provider's words."),
        may("provider_message", text(), "`payment_provider_refused`: in the provider's words."),
    ]
}

fn any_limit() -> Schema {
    credits()
}

/// An example of a code, with its facts.
pub(crate) fn example(code: ErrorCode) -> Json {
    let facts = match code {
        ErrorCode::InvalidRequest => r#"{"errors":[{"field":"customer","problem":"is required"}]}"#,
        ErrorCode::InsufficientCredits => {
            r#"{"required":12,"available":3,"shortfall":9,"customer":"user_42","retry_with":"new_key","checkout_hint":{"smallest_covering_pack":{"code":"starter_500","name":"Starter","credits":500,"price":{"amount":"10","currency":"usd"}}}}"#
        }
        ErrorCode::Forbidden => r#"{"required_scope":"grant"}"#,
        ErrorCode::WalletFrozen => r#"{"customer":"user_42"}"#,
        ErrorCode::NotFound => r#"{"kind":"event"}"#,
        ErrorCode::Gone => r#"{"kind":"cursor"}"#,
        ErrorCode::IdempotencyConflict => r#"{"field":"quantity","first":"1","now":"2"}"#,
        ErrorCode::HoldNotOpen => r#"{"state":"captured"}"#,
        ErrorCode::CaptureExceedsHold => r#"{"held":100,"requested":120}"#,
        ErrorCode::AlreadyReversed => r#"{"requested":12,"left":0,"reversed":12}"#,
        ErrorCode::GrantHeld => r#"{"held":30}"#,
        ErrorCode::TooManyHolds => r#"{"limit":1000,"customer":"user_42"}"#,
        ErrorCode::TooManyGrants => r#"{"limit":10000,"customer":"user_42"}"#,
        ErrorCode::RefundExceedsUnused => r#"{"requested":500,"unused":300}"#,
        ErrorCode::RefundGoesOn => r#"{"credits":300}"#,
        ErrorCode::OrderNotPaid => r#"{"order_status":"created"}"#,
        ErrorCode::UnknownEventType => r#"{"event":"image.generat","did_you_mean":"image.generate"}"#,
        ErrorCode::NoActivePrice | ErrorCode::EventTypeArchived => r#"{"event":"image.generate"}"#,
        ErrorCode::TooLarge => r#"{"limit":16777216}"#,
        ErrorCode::RateLimited => r#"{"limit":256}"#,
        ErrorCode::RecommendationNotOpen => r#"{"recommendation_status":"rejected"}"#,
        ErrorCode::PaymentProviderRefused => {
            r#"{"provider_code":"amount_too_small","provider_message":"Amount must be at least 50 cents."}"#
        }
        _ => "{}",
    };
    let mut problem = Json::object([
        ("type", format!("urn:chargly:error:{}", code.as_str()).into()),
        ("title", code.title().into()),
        ("status", usize::from(code.status()).into()),
        ("detail", format!("{}.", code.title()).into()),
        ("code", code.as_str().into()),
        ("instance", "/v1/…".into()),
        ("retryable", code.is_retryable().into()),
    ]);
    if let (Json::Object(fields), Some(facts)) = (&mut problem, Json::parse(facts)) {
        fields.extend(facts.fields().iter().cloned());
    }
    problem
}

/// The status of a code. The product's published client expects 400 where a wallet cannot pay.
pub(crate) fn status(errors_as: Errors, code: ErrorCode) -> u16 {
    match (errors_as, code) {
        (Errors::Client, ErrorCode::InsufficientCredits) => ErrorCode::InvalidRequest.status(),
        _ => code.status(),
    }
}

/// What a code means, in one line.
pub(crate) fn line(code: ErrorCode) -> String {
    let retry = if code.is_binding() {
        " Final for its idempotency key."
    } else if code.is_retryable() {
        " May succeed later with the same key."
    } else {
        ""
    };
    format!("`{}`: {}. {}{retry}", code.as_str(), code.title(), code.what_to_do())
}

/// The answer of one code, or of several that share a status.
pub(crate) fn response(codes: &[ErrorCode], errors_as: Errors, is_page_too: bool) -> Json {
    let lines: Vec<String> = codes.iter().map(|code| line(*code)).collect();
    let mut problem = Json::object([("schema", named("Problem").0)]);
    match codes {
        _ if errors_as == Errors::Client => problem = Json::object([("schema", named("ClientError").0)]),
        [one] => problem.set("example", example(*one)),
        several => problem.set(
            "examples",
            Json::object(several.iter().map(|code| (code.as_str(), reference("examples", code.as_str())))),
        ),
    }
    let kind = if errors_as == Errors::Client { "application/json" } else { PROBLEM_JSON };
    let mut content = vec![(kind, problem)];
    if is_page_too {
        content.push(("text/html", Json::object([("schema", text().0)])));
    }
    let mut response = Json::object([("description", lines.join("\n\n").into())]);
    let headers = headers(codes);
    if !headers.is_empty() {
        response.set("headers", Json::object(headers));
    }
    response.set("content", Json::object(content));
    response.set("x-codes", Json::list(codes.iter().map(|code| code.as_str())));
    response
}

fn headers(codes: &[ErrorCode]) -> Vec<(&'static str, Json)> {
    let mut headers = Vec::new();
    if codes.iter().any(|code| code.is_retryable() && *code != ErrorCode::RequestTimeout) {
        headers.push(("Retry-After", reference("headers", "Retry-After")));
    }
    if codes.contains(&ErrorCode::Unauthorized) {
        headers.push(("WWW-Authenticate", reference("headers", "WWW-Authenticate")));
    }
    if codes.iter().any(|code| code.is_binding()) {
        headers.push(("Chargly-Position", reference("headers", "Chargly-Position")));
        headers.push(("Idempotent-Replayed", reference("headers", "Idempotent-Replayed")));
    }
    headers
}

/// A reference to a component.
pub(crate) fn reference(kind: &str, name: &str) -> Json {
    Json::object([("$ref", format!("#/components/{kind}/{name}").into())])
}
