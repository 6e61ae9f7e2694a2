//! Wallets: what a customer has, where it came from, and how it may be spent.

use chargly_ledger::ALLOWANCE_CODE_BYTES_MAX;

use crate::schema::Field;
use crate::vocabulary::*;

pub(super) fn group() -> Group {
    let policies = ["strict", "overdraft", "record_only"];
    Group {
        name: "Wallets",
        about: "What a customer has: grants of credits, the ledger of every movement, and what happens when credits run \
                out.",
        operations: vec![
            get("/v1/customers/{customer}/wallet", "get_wallet", "Get a wallet")
                .about("What a customer has. A customer never seen has nothing. With `as_of` there are no lots.")
                .needs(Scope::Read)
                .of_customer()
                .query("as_of", instant_taken(), "How it stood at that instant.")
                .gives(named("Wallet"), sample!("get_wallet")),
            get("/v1/customers/{customer}/ledger", "list_ledger", "List what moved in a wallet")
                .about(
                    "Every movement, newest first, with the balance after it. Facts are not split over pages, so a page \
                     may be a little longer than `limit`.",
                )
                .needs(Scope::Read)
                .of_customer()
                .paged()
                .gives(
                    page_of(gives([
                        must("id", id("ent_"), "The line."),
                        must("at", instant(), "When it happened; what happened by time, when it was due."),
                        must(
                            "kind",
                            words(&["grant", "charge", "capture", "reversal", "expiry", "void", "refund"]),
                            "",
                        ),
                        must("label", text(), "What it was, in words that a customer understands."),
                        must("credits", credits(), "With its sign."),
                        must("balance_after", credits(), ""),
                        must("event_id", id("evt_").or_null(), "The event that it is about."),
                        must("grant_id", id("grt_").or_null(), "The grant that it is about."),
                        may("order_id", id("ord_"), "The order that it belongs to."),
                    ])),
                    sample!("list_ledger"),
                ),
            post("/v1/customers/{customer}/wallet-links", "create_wallet_link", "Make a link to a customer's wallet page")
                .about(
                    "The address of a customer's own wallet page, for your backend to hand to them when they are signed in \
                     with you. Whoever has it sees that wallet and buys for it until it expires; it cannot be taken back \
                     before. Nothing is recorded, so a repeat makes another link.",
                )
                .needs(Scope::Meter)
                .of_customer()
                .may_take(
                    takes([may(
                        "expires_in_s",
                        within(1, WALLET_LINK_SECONDS_MAX),
                        "Seconds until it ends, at most 24 hours; one hour if left out.",
                    )]),
                    r#"{"expires_in_s":900}"#,
                )
                .gives(
                    gives([
                        must("customer", customer(), ""),
                        must("token", text().with("pattern", "^wt_"), "What opens the page."),
                        must("url", text(), "The whole address."),
                        must("expires_at", instant(), ""),
                    ]),
                    r#"{"customer":"user_42","token":"wt_…","url":"http://127.0.0.1:8080/wallet/test/wt_…","expires_at":"2026-11-23T10:15:00.000Z"}"#,
                ),
            put("/v1/customers/{customer}/wallet/policy", "set_policy", "Set what happens when credits run out")
                .about(
                    "`strict` refuses, `overdraft` allows debt up to `limit`, `record_only` never refuses and marks the \
                     rest as used, not charged.",
                )
                .needs(Scope::Grant)
                .of_customer()
                .takes(
                    any_of([
                        takes([must("policy", words(&["strict", "record_only"]), "")]),
                        takes([
                            must("policy", words(&["overdraft"]), ""),
                            must("limit", some_credits(), "How much may be owed."),
                        ]),
                    ]),
                    r#"{"policy":"overdraft","limit":50}"#,
                )
                .writes()
                .gives(
                    gives([
                        must("customer", text(), ""),
                        must("policy", words(&policies), ""),
                        may("limit", credits(), "Of an overdraft."),
                        must("balance", balance(), ""),
                        must("changed_at", instant(), ""),
                    ]),
                    sample!("set_policy"),
                )
                .fails(&[Gone]),
            post("/v1/customers/{customer}/wallet/freeze", "freeze_wallet", "Freeze a wallet")
                .about("Refuses new spending. Open holds may still be captured.")
                .needs(Scope::Grant)
                .of_customer()
                .takes(takes([must("reason", reason(), "Why.")]), r#"{"reason":"dispute"}"#)
                .writes()
                .gives(frozen(), sample!("freeze_wallet"))
                .fails(&[Gone]),
            post("/v1/customers/{customer}/wallet/thaw", "thaw_wallet", "Thaw a wallet")
                .about("Allows spending again.")
                .needs(Scope::Grant)
                .of_customer()
                .takes_nothing()
                .writes()
                .gives(frozen(), sample!("thaw_wallet"))
                .fails(&[Gone]),
            post("/v1/customers/{customer}/grants", "grant", "Grant credits")
                .about("Puts a lot of credits into a wallet. Debt is settled first.")
                .needs(Scope::Grant)
                .of_customer()
                .takes(
                    takes([
                        must("credits", some_credits(), "More than 0."),
                        must("kind", grant_kind(), ""),
                        may("price", money_taken(), "What was paid for all of it, only for `paid`."),
                        may("priority", priority(), "Lower burns first; 0 if left out."),
                        may("effective_at", instant_taken(), "From when it can be used."),
                        may("expires_at", instant_taken(), "Until when."),
                        may(
                            "scope",
                            list_up_to(GRANT_SCOPE_MAX, event_name()),
                            "Event types it pays for; all if left out.",
                        ),
                        may("reason", reason(), "Why."),
                    ]),
                    r#"{"credits":1000,"kind":"paid","price":{"amount":"20","currency":"usd"},"idempotency_key":"invoice-114"}"#,
                )
                .keyed()
                .gives(
                    gives(
                        [
                            must("id", id("grt_"), ""),
                            must("customer", text(), ""),
                            must("kind", grant_kind(), ""),
                            must("status", words(&["active", "pending"]), "`pending` until `effective_at`."),
                            must("credits", credits(), ""),
                            must("debt_settled", credits(), "What of it paid debt at once."),
                        ]
                        .into_iter()
                        .chain(terms_of_lot())
                        .chain([must("balance", balance(), ""), must("recorded_at", instant(), "")]),
                    ),
                    sample!("grant"),
                )
                .fails(&[TooManyGrants, BalanceTooLarge]),
            post("/v1/grants/{id}/void", "void_grant", "Void a grant")
                .about(
                    "Takes back what is left of a grant. One that was bought is refused: refund its order, so that the \
                     money goes back with the credits.",
                )
                .needs(Scope::Grant)
                .of("grt_", "The grant.")
                .may_take(takes([may("reason", reason(), "Why.")]), r#"{"reason":"granted by mistake"}"#)
                .keyed()
                .gives(
                    gives([
                        must("id", id("grt_"), ""),
                        must("customer", text(), ""),
                        must("status", words(&["voided"]), ""),
                        must("credits", credits(), "What was taken back."),
                        must("balance", balance(), ""),
                        must("recorded_at", instant(), ""),
                    ]),
                    sample!("void_grant"),
                )
                .fails(&[GrantNotOpen, GrantHeld]),
            get("/v1/customers/{customer}/allowances", "list_allowances", "List allowances")
                .about("Credits that come again every day, week or month.")
                .needs(Scope::Read)
                .of_customer()
                .gives(
                    page_of(gives([must("id", id("alw_"), "")].into_iter().chain(terms_of_allowance()).chain([
                        must("periods", count(), "How many have begun."),
                        must("starts_at", instant(), "When the first began, or will."),
                        must("next_at", instant().or_null(), "When the next begins."),
                    ]))),
                    sample!("list_allowances"),
                ),
            put("/v1/customers/{customer}/allowances/{code}", "set_allowance", "Give or change an allowance")
                .about(
                    "Gives an allowance, or changes the one of this code from its next period on. The whole is sent. A \
                     wallet has at most 10.",
                )
                .needs(Scope::Grant)
                .of_customer()
                .path("code", allowance_code(), "1–64 characters of `a-z`, `0-9`, `-`, `_` and `.`.")
                .takes(
                    takes([
                        must("credits", some_credits(), "Of each period, more than 0."),
                        must("period", period(), ""),
                        may(
                            "starts_at",
                            instant_taken(),
                            "When the first period begins, not in the past; at once if left out, and where the \
                             allowance is changed, when its next period begins.",
                        ),
                        may(
                            "rollover",
                            takes([
                                may("min", credits_taken(), "At least; 0 if left out."),
                                may("max", credits_taken(), "At most; the same as `min` if left out."),
                            ]),
                            "What is carried over; nothing if left out.",
                        ),
                        may("priority", priority(), "As for a grant."),
                        may("scope", list_up_to(GRANT_SCOPE_MAX, event_name()), "As for a grant."),
                    ]),
                    r#"{"credits":100,"period":"month","rollover":{"max":50}}"#,
                )
                .keyed()
                .gives(
                    gives([must("customer", text(), "")].into_iter().chain(terms_of_allowance()).chain([
                        must("starts_at", instant().or_null(), "As it was sent."),
                        must("recorded_at", instant(), ""),
                    ])),
                    sample!("set_allowance"),
                )
                .fails(&[TooManyAllowances]),
            delete("/v1/customers/{customer}/allowances/{code}", "end_allowance", "End an allowance")
                .about("No more periods. What was given stays until its time.")
                .needs(Scope::Grant)
                .of_customer()
                .path("code", allowance_code(), "The allowance.")
                .writes()
                .gives(
                    gives([
                        must("customer", text(), ""),
                        must("code", text(), ""),
                        must("status", words(&["ended"]), ""),
                        must("recorded_at", instant(), ""),
                    ]),
                    sample!("end_allowance"),
                )
                .fails(&[NotFound, Gone]),
        ],
        schemas: vec![(
            "Wallet",
            gives([
                must("customer", text(), ""),
                must("wallet_id", id("wal_").or_null(), "Null for a customer never seen."),
                must("unit", words(&["credits"]), ""),
                must("posted", credits(), "What is in it."),
                must("held", credits(), "What of it is set aside by open holds."),
                must("available", credits(), "What can be spent."),
                must("debt", credits(), "What is owed; the next grant settles it first."),
                may("policy", words(&policies), "What happens when credits run out."),
                may("limit", credits(), "How much may be owed, of an overdraft."),
                may("frozen", boolean(), "Whether new spending is refused."),
                may("open_holds", count(), ""),
                may(
                    "lots",
                    list(gives(
                        [
                            must("id", id("grt_"), "The grant."),
                            must("kind", grant_kind(), ""),
                            must("status", words(&["pending", "active", "expired", "voided"]), ""),
                            must("credits", credits(), "As it was granted."),
                            must("remaining", credits(), "What is left of it."),
                            must("held", credits(), "What of that is set aside."),
                        ]
                        .into_iter()
                        .chain(terms_of_lot()),
                    )),
                    "In the order in which they burn.",
                ),
                may("as_of", instant(), "As it was asked for."),
            ])
            .about("A wallet as it stands."),
        )],
    }
}

fn grant_kind() -> Schema {
    words(&["paid", "promotional", "adjustment"])
}

fn priority() -> Schema {
    within(0, PRIORITY_MAX).with("minimum", crate::json::Json::Number(format!("-{PRIORITY_MAX}")))
}

fn period() -> Schema {
    words(&["day", "week", "month"])
}

fn allowance_code() -> Schema {
    code(ALLOWANCE_CODE_BYTES_MAX, "^[a-z0-9_.-]+$")
}

fn frozen() -> Schema {
    gives([
        must("customer", text(), ""),
        must("frozen", boolean(), ""),
        must("balance", balance(), ""),
        must("changed_at", instant(), ""),
    ])
}

fn terms_of_lot() -> [Field; 5] {
    [
        must("price", money().or_null(), "What was paid for all of it."),
        must("priority", whole(), "Lower burns first."),
        must("effective_at", instant(), ""),
        must("expires_at", instant().or_null(), "Null: never."),
        must("scope", scope_of_events(), "Event types it pays for; empty: all."),
    ]
}

fn terms_of_allowance() -> [Field; 6] {
    [
        must("code", text(), ""),
        must("credits", credits(), "Of each period."),
        must("period", period(), ""),
        must(
            "rollover",
            gives([must("min", credits(), ""), must("max", credits(), "")]),
            "What is carried over.",
        ),
        must("priority", whole(), ""),
        must("scope", scope_of_events(), ""),
    ]
}
