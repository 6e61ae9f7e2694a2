//! Error codes: stable names, the same in JSON, MCP, SDKs, docs and metrics.

macro_rules! codes {
    ($($variant:ident $code:literal $status:literal $binding:literal $retryable:literal $title:literal $todo:literal;)*) => {
        /// What went wrong, by a name that never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $(#[doc = $title] $variant,)*
        }

        impl ErrorCode {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// Whether it is a verdict: recorded, and final for its idempotency key.
            pub const fn is_binding(self) -> bool {
                match self { $(Self::$variant => $binding,)* }
            }

            /// Whether the same request with the same key may succeed later.
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$variant => $retryable,)* }
            }

            /// A few words about it.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What the caller can do.
            pub const fn what_to_do(self) -> &'static str {
                match self { $(Self::$variant => $todo,)* }
            }
        }
    };
}

codes! {
    InvalidRequest "invalid_request" 400 false false
        "The request is not valid"
        "Mend the fields in `errors` and send it again; the same key may be used.";
    Unauthorized "unauthorized" 401 false false
        "No valid API key"
        "Send `Authorization: Bearer sk_…` with a key that is alive.";
    InsufficientCredits "insufficient_credits" 402 true false
        "The wallet cannot pay"
        "Grant or sell credits, then try again with a new idempotency key.";
    BudgetExceeded "budget_exceeded" 402 true false
        "The key's budget of this day does not have it"
        "Wait until `renews_at`, or have the key's budget raised, then try again with a new idempotency key.";
    TooManyCustomers "too_many_customers" 402 true false
        "The key spent for as many customers today as its budget can count"
        "Wait until `renews_at`, or take the limit per customer away, then try again with a new idempotency key.";
    WalletFrozen "wallet_frozen" 403 true false
        "The wallet is frozen"
        "Thaw the wallet, then try again with a new idempotency key.";
    Forbidden "forbidden" 403 false false
        "The key lacks a scope or a permission"
        "Use a key with the scope in `required_scope`, or the permission in `required_permission`.";
    NotFound "not_found" 404 false false
        "There is no such thing here"
        "Check the id and that the key belongs to the environment where it was made.";
    MethodNotAllowed "method_not_allowed" 405 false false
        "This path does not take this method"
        "Use a method of the `Allow` header.";
    RequestTimeout "request_timeout" 408 false true
        "The body took too long to arrive"
        "Send it again.";
    IdempotencyConflict "idempotency_conflict" 409 false false
        "The key was used before for another request"
        "Use a new key for a new request; `field` says what differs.";
    HoldNotOpen "hold_not_open" 409 true false
        "The hold has ended"
        "Place a new hold, or meter the event directly.";
    CaptureExceedsHold "capture_exceeds_hold" 409 true false
        "More was captured than is held"
        "Capture at most `held`, or send `if_insufficient: record` for work already delivered.";
    AlreadyReversed "already_reversed" 409 true false
        "More was to be reversed than is left of the event"
        "Reverse at most `left`.";
    GrantNotOpen "grant_not_open" 409 true false
        "The grant has nothing left to void"
        "Nothing: its credits were used, lapsed or voided.";
    GrantHeld "grant_held" 409 true false
        "The grant is reserved by open holds"
        "Void or capture the holds first.";
    TooManyHolds "too_many_holds" 409 true false
        "The wallet has too many open holds"
        "Capture or void holds, then try again with a new idempotency key.";
    TooManyGrants "too_many_grants" 409 true false
        "The wallet has too many grants with credits left"
        "Void small grants, or grant more credits at once.";
    BalanceTooLarge "balance_too_large" 409 true false
        "The balance would pass the largest there is"
        "Grant less.";
    VersionSuperseded "version_superseded" 409 true false
        "Another price version was published in between"
        "Read the prices again and decide anew.";
    RecommendationNotOpen "recommendation_not_open" 409 false false
        "The recommendation was decided on already, or its time is over"
        "Read it again: `recommendation_status` says where it stands. A later look may recommend anew.";
    RecommendationNotApplicable "recommendation_not_applicable" 409 false false
        "The recommendation has no price to publish, or is not sure enough yet"
        "Read what it needs, or publish a price of your own.";
    TooManyOrders "too_many_orders" 409 true false
        "The wallet has too many open orders"
        "Wait until some are paid or expire, then try again with a new idempotency key.";
    TooManyAllowances "too_many_allowances" 409 true false
        "The wallet has too many allowances"
        "End one, or change one.";
    OrderNotPaid "order_not_paid" 409 true false
        "The order has not been paid"
        "Nothing: there is no money to refund.";
    RefundExceedsUnused "refund_exceeds_unused" 409 true false
        "More was to be refunded than is unused of the order"
        "Refund at most `unused`, with a new idempotency key.";
    RefundGoesOn "refund_goes_on" 409 true false
        "A refund of this order goes on"
        "Wait until it is done, then try again with a new idempotency key.";
    NothingToRefund "nothing_to_refund" 409 true false
        "What would be refunded comes to less than the smallest coin"
        "Refund more credits at once.";
    Unchanged "unchanged" 409 false false
        "It stands there already"
        "Nothing: it is as it was to be made.";
    PaymentsNotSetUp "payments_not_set_up" 409 false false
        "No payment provider is set up in this environment"
        "Connect one; see the guide to Stripe.";
    PreviewOutdated "preview_outdated" 409 false false
        "What was previewed has changed since"
        "Preview it again, look at it, and send the new `preview`.";
    CorrectionRunning "correction_running" 409 false true
        "Another correction is going on"
        "Wait until it is done, then preview again.";
    TooManyEndpoints "too_many_endpoints" 409 false false
        "The environment has as many webhook endpoints as it can have"
        "Delete one that is not needed any more.";
    Gone "gone" 410 false false
        "What this refers to is gone"
        "Start the list again without the cursor; an erased key never charges again.";
    TooLarge "too_large" 413 false false
        "The request is too large"
        "Send at most `limit`.";
    UnsupportedMediaType "unsupported_media_type" 415 false false
        "The body is of a kind that is not read here"
        "Send `Content-Type: application/json`.";
    UnknownEventType "unknown_event_type" 422 false false
        "There is no event type of this name"
        "Define it with PUT /v1/event-types/{name}, or use the name in `did_you_mean`.";
    NoActivePrice "no_active_price" 422 false false
        "The event type has no price in force"
        "Publish a price with POST /v1/event-types/{name}/prices.";
    CostRequired "cost_required" 422 false false
        "The price needs what the event cost, and it came without"
        "Send `cost`: an amount, or the usage of a model that a rate card has.";
    EventTypeArchived "event_type_archived" 422 false false
        "The event type is archived"
        "Unarchive it, or meter another event type.";
    RateLimited "rate_limited" 429 false true
        "Too many at once"
        "Wait for `Retry-After` seconds, then send it again with the same key.";
    Overloaded "overloaded" 429 false true
        "Too many calls are waiting"
        "Wait for `Retry-After` seconds, then send it again with the same key.";
    Internal "internal" 500 false true
        "Something went wrong here"
        "Send it again with the same key; tell the operator if it stays.";
    PaymentProviderRefused "payment_provider_refused" 502 false false
        "The payment provider refused"
        "Read `provider_code` and `provider_message`, and mend what they name.";
    Unavailable "unavailable" 503 false true
        "This cannot be answered now"
        "Send it again with the same key.";
    PaymentProviderUnavailable "payment_provider_unavailable" 503 false true
        "The payment provider cannot be reached"
        "Send it again with the same key.";
    StorageFull "storage_full" 507 false true
        "The disk is full"
        "Make room on the server; nothing was recorded, and it recovers by itself.";
}

impl ErrorCode {
    /// The code of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_page_has_the_row_of_every_code_and_no_other() {
        let page = include_str!("../../../docs/reference/errors.md");
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
        let expected: Vec<String> = ErrorCode::ALL
            .iter()
            .map(|code| {
                format!(
                    "| `{}` | {} | {} | {} | {}. | {} |",
                    code.as_str(),
                    code.status(),
                    if code.is_binding() { "●" } else { "" },
                    if code.is_retryable() { "yes" } else { "" },
                    code.title(),
                    code.what_to_do()
                )
            })
            .collect();
        assert_eq!(rows, expected);
    }

    #[test]
    fn verdicts_are_never_to_be_retried_with_the_same_key() {
        for code in ErrorCode::ALL {
            assert!(!(code.is_binding() && code.is_retryable()), "{code:?}");
            assert_eq!(ErrorCode::from_name(code.as_str()), Some(*code));
        }
    }
}
