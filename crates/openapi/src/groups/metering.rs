//! Events: what is charged, what it cost, and what becomes of it.

use crate::schema::{Field, plus};
use crate::vocabulary::*;

pub(super) fn group() -> Group {
    let event_id = "The event, or the capture.";
    Group {
        name: "Metering",
        about: "An event is one billable act. It is priced, taken from the customer's wallet, stored for good, and \
                answered when that is durable.",
        operations: vec![
            post("/v1/events", "meter_event", "Meter an event")
                .about(
                    "Prices one event and deducts it. Without an idempotency key the server makes one, and the call is \
                     not safe to retry. A customer never seen gets a wallet with 0 credits.",
                )
                .needs(Scope::Meter)
                .takes(named("NewEvent"), r#"{"event":"image.generate","customer":"user_42","idempotency_key":"req-8842"}"#)
                .keyed()
                .gives(named("Charged"), sample!("meter_event"))
                .fails(CANNOT_CHARGE),
            post("/v1/events/batch", "meter_events", "Meter up to 10,000 events")
                .about(
                    "An array, an object with `events`, or NDJSON. Items are independent and answered in order, each \
                     with an event or an `error`; each is counted once. With `\"atomic\": true` all or none of at most \
                     1,000 events of one customer are accepted, under one key for the whole batch; a refused one says \
                     in `index` which event it was.",
                )
                .needs(Scope::Meter)
                .takes(
                    any_of([
                        some_of(BATCH_EVENTS_MAX, named("NewEvent")),
                        takes([
                            must(
                                "events",
                                some_of(BATCH_EVENTS_MAX, named("NewEvent")),
                                "Events, each with its own `idempotency_key` unless the batch is atomic.",
                            ),
                            may("atomic", boolean(), "All or none; false if left out."),
                            may("idempotency_key", key(), "Of the whole batch, only with `atomic`."),
                        ]),
                    ]),
                    r#"{"events":[{"event":"image.generate","customer":"user_42","idempotency_key":"req-1"}]}"#,
                )
                .takes_as(
                    "application/x-ndjson",
                    text().about("One event in each line."),
                    Some("{\"event\":\"image.generate\",\"customer\":\"user_42\",\"idempotency_key\":\"req-1\"}\n"),
                )
                .header("Idempotency-Key", key(), "The key of an atomic batch.", false)
                .writes()
                .gives(
                    gives([
                        must(
                            "results",
                            list(any_of([
                                named("Charged"),
                                gives([must("error", named("Problem"), "Why this one was not accepted.")]),
                            ])),
                            "One for each event, in order.",
                        ),
                        must("accepted", count(), "Events charged by this call."),
                        must("refused", count(), "Events that were not charged."),
                        must("replayed", count(), "Events whose first answer was given again."),
                    ]),
                    sample!("meter_events"),
                )
                .fails(CANNOT_CHARGE)
                .fails(&[IdempotencyConflict, Gone]),
            get("/v1/events", "list_events", "List events")
                .about("Newest first. A filter that few events pass may get a short page with a cursor.")
                .needs(Scope::Read)
                .query("customer", customer(), "Of this customer.")
                .query("event", event_name(), "Of this type.")
                .query("from", instant_taken(), "That occurred from then on.")
                .query("to", instant_taken(), "That occurred before then.")
                .flag("uncharged", "`true` for events of which something is used and not charged still.")
                .paged()
                .asked("?customer=user_42&limit=2")
                .gives(
                    plus(
                        page_of(named("Event")),
                        may(
                            "totals",
                            any_object().with("additionalProperties", true),
                            "With `uncharged`: the sums of the page.",
                        ),
                    ),
                    sample!("list_events"),
                ),
            get("/v1/events/{id}", "get_event", "Get an event")
                .about("One event as it was charged, and what became of it.")
                .needs(Scope::Read)
                .of("evt_", event_id)
                .gives(named("Event"), sample!("get_event"))
                .fails(&[Gone]),
            get("/v1/events/{id}/history", "get_event_history", "Get what happened to an event")
                .about(
                    "All that happened to it, the oldest first: how it was charged, what was given back, charged again or \
                     settled of it, what it was said to cost; each with its lines in the customer's ledger.",
                )
                .needs(Scope::Read)
                .of("evt_", event_id)
                .gives(
                    gives([
                        must("event_id", id("evt_"), ""),
                        must(
                            "complete",
                            boolean(),
                            "False where more was recorded for the customer since than is looked at: what is missing \
                             follows the first.",
                        ),
                        must(
                            "data",
                            list(any_object().with("additionalProperties", true)),
                            "Facts, as the stream has them, with `entries`, lines as `GET /v1/customers/{customer}/ledger` \
                             has them, and the `correction_id` of what a correction did.",
                        ),
                    ]),
                    sample!("get_event_history"),
                )
                .fails(&[Gone]),
            post("/v1/events/{id}/reverse", "reverse_event", "Reverse an event")
                .about("Gives credits of an event back to the grants they came from. What it cost you stays.")
                .needs(Scope::Grant)
                .of("evt_", event_id)
                .takes(
                    takes([
                        must("reason", reason(), "Why."),
                        may("credits", some_credits(), "How many; all that are left if left out."),
                    ]),
                    r#"{"reason":"blurred image","idempotency_key":"undo-8842"}"#,
                )
                .keyed()
                .gives(
                    gives([
                        must("id", id("ent_"), "The line of the reversal."),
                        must("event_id", id("evt_"), "What was reversed."),
                        must("customer", text(), ""),
                        must("credits", credits(), "How many were given back."),
                        must("returned_to_grants", credits(), "Of these, back to grants that are still good."),
                        must("debt_cancelled", credits(), "Of these, debt that is not owed any more."),
                        must("adjusted", credits(), "Of these, given as an adjustment: their grant has ended."),
                        must("balance", balance(), ""),
                        must("recorded_at", instant(), ""),
                    ]),
                    sample!("reverse_event"),
                )
                .fails(&[AlreadyReversed, TooManyGrants, BalanceTooLarge]),
            post("/v1/events/{id}/cost", "set_event_cost", "Attach or correct what an event cost you")
                .about("Charges and gives back nothing. Figures take the latest, and the event keeps the first.")
                .needs(Scope::Meter)
                .of("evt_", event_id)
                .takes(
                    takes([
                        must("cost", named("NewCost"), "An amount, or usage that a rate card prices."),
                        may("reason", reason(), "Why."),
                    ]),
                    r#"{"cost":{"amount":"0.0412","currency":"usd"},"reason":"invoice of November"}"#,
                )
                .keyed()
                .gives(
                    gives([
                        must("id", id("ent_"), "The line of the change."),
                        must("event_id", id("evt_"), ""),
                        must("cost", named("Cost"), "As it is now."),
                        must("before", named("Cost"), "As it was."),
                        may("usage", named("Usage"), "As it was sent."),
                        must("recorded_at", instant(), ""),
                    ]),
                    sample!("set_event_cost"),
                ),
            post("/v1/quote", "quote", "Quote an event")
                .about(
                    "What an event would cost, and whether it would be accepted. Changes nothing. With `rule` a price \
                     is tried that is not published; with `samples`, in place of `customer` and all else but `event`, \
                     on up to 100 of them.",
                )
                .needs(Scope::Meter)
                .takes(
                    any_of([
                        takes(new_event().into_iter().chain(tried())),
                        takes(
                            [
                                must("event", event_name(), "Name of the event type."),
                                must(
                                    "samples",
                                    list_up_to(
                                        QUOTE_SAMPLES_MAX,
                                        takes([
                                            may("quantity", quantity(), "1 if left out."),
                                            may("properties", properties(), "What prices may count."),
                                            may("cost", named("NewCost"), "What it cost you."),
                                        ]),
                                    ),
                                    "What to price.",
                                ),
                            ]
                            .into_iter()
                            .chain(tried()),
                        ),
                    ]),
                    r#"{"event":"image.generate","customer":"user_42"}"#,
                )
                .gives(
                    any_of([
                        gives([
                            must("event", text(), ""),
                            must("customer", text(), ""),
                            must("credits", credits(), "What it would cost."),
                            must("available", credits(), "What the customer can spend."),
                            must("accepted", boolean(), "Whether it would be charged."),
                            must("price_version", price_version(), ""),
                            must("in_words", text().or_null(), "The price in words."),
                            must(
                                "refusal",
                                named("Problem").or_null(),
                                "Why it would be refused, as `POST /v1/events` would answer.",
                            ),
                            may("proposed", named("TriedRule"), "The rule that was tried."),
                            may("proposed_credits", credits(), "What it would cost by that rule."),
                        ]),
                        gives([
                            must("event", text(), ""),
                            must("price_version", price_version(), "The version in force."),
                            must("in_words", text().or_null(), "It in words."),
                            must("proposed", named("TriedRule").or_null(), "The rule that was tried."),
                            must(
                                "samples",
                                list(gives([
                                    must("credits", credits().or_null(), "By the version in force."),
                                    must("proposed", credits().or_null(), "By the rule."),
                                ])),
                                "One for each sample, in order.",
                            ),
                        ]),
                    ]),
                    sample!("quote"),
                )
                .fails(&[UnknownEventType, NoActivePrice, CostRequired, EventTypeArchived]),
            get("/v1/stream", "stream", "Follow what happens")
                .about(
                    "Server-sent events: facts as they commit. The id of each is its position; send it back as \
                     `Last-Event-ID` to go on behind it. `skipped` tells how many facts were too old to be sent. The \
                     stream ends when its key is revoked.",
                )
                .needs(Scope::Read)
                .query("customer", customer(), "Of this customer.")
                .query("event", event_name(), "Of this type.")
                .header(
                    "Last-Event-ID",
                    position(),
                    "Go on behind this position.",
                    false,
                )
                .shows(
                    200,
                    "text/event-stream",
                    "Facts, for as long as you read.",
                    Some("id: 1.42\nevent: metered\ndata: {\"type\":\"metered\",\"id\":\"evt_…\",\"credits\":12}\n\n"),
                )
                .fails(&[RateLimited]),
        ],
        schemas: schemas(),
    }
}

/// How a charge can be refused.
pub(super) const CANNOT_CHARGE: &[chargly_api::ErrorCode] = &[
    InsufficientCredits,
    BudgetExceeded,
    TooManyCustomers,
    WalletFrozen,
    UnknownEventType,
    NoActivePrice,
    CostRequired,
    EventTypeArchived,
    BalanceTooLarge,
];

fn new_event() -> Vec<Field> {
    vec![
        must("event", event_name(), "Name of the event type."),
        must("customer", customer(), "Your own id of the customer, 1–255 bytes."),
        may("quantity", quantity(), "How much, more than 0, with at most 6 decimals; 1 if left out."),
        may("credits", credits_taken(), "Chosen by you, only where the event type has `caller_set_credits`."),
        may(
            "properties",
            properties(),
            "At most 4 KiB and 32 keys, nested ones included; prices may count them.",
        ),
        may("cost", named("NewCost"), "What it cost you."),
        may("occurred_at", instant_taken(), "When it happened; moves reports, never balances."),
        may(
            "if_insufficient",
            if_insufficient(),
            "`refuse` if left out; `record` charges work already delivered in any case, which needs the scope `record`.",
        ),
    ]
}

/// A price that is not published.
fn tried() -> [Field; 3] {
    [
        may("rule", named("PriceRule"), "A rule to try."),
        may("grid", grid(), "As for publishing a price."),
        may("rounding", rounding(), "As for publishing a price."),
    ]
}

pub(crate) fn grid() -> Schema {
    words(&["micro_credit", "credit"])
}

pub(crate) fn rounding() -> Schema {
    words(&["half_up", "half_even", "up", "down"])
}

/// What a model was used for.
fn units() -> Vec<Field> {
    vec![
        may("batch", boolean(), "True for work handed in as a batch."),
        may("input_tokens", tokens(), "All of them."),
        may("cached_input_tokens", tokens(), "Of these, read from a cache."),
        may("cache_write_tokens", tokens(), "Of these, written to a cache."),
        may("output_tokens", tokens(), ""),
        may("images", tokens(), ""),
        may("seconds", any_number().with("minimum", 0usize), ""),
        may("requests", tokens(), ""),
    ]
}

fn tokens() -> Schema {
    any_number().with("minimum", 0usize)
}

fn schemas() -> Vec<(&'static str, Schema)> {
    let named_model = || {
        [must("provider", text(), "As rate cards name it."), must("model", text(), "As rate cards name it.")]
    };
    vec![
        (
            "NewEvent",
            takes(new_event().into_iter().chain([may(
                "idempotency_key",
                key(),
                "1–255 visible ASCII characters: the same key gives the same answer, for ever.",
            )]))
            .about("An event to be metered."),
        ),
        (
            "NewCost",
            any_of([money_taken(), takes(named_model().into_iter().chain(units()))]).about(
                "What an event cost you: an amount, or what a model was used for, from which the rate card in force at \
                 `occurred_at` computes it: `provider`, `model`, and at least one unit. A model that no card knows is \
                 accepted; its cost is missing until it is known.",
            ),
        ),
        (
            "Charged",
            gives([
                must("id", id("evt_"), "The event."),
                may("hold_id", id("hld_"), "The hold that was captured."),
                must("event", text(), "Its type."),
                must("customer", text(), ""),
                must("credits", credits(), "What was charged."),
                may("debt", credits(), "Of these, owed: there only where there is some."),
                may("uncharged", credits(), "Used and not charged: there only where there is some."),
                may("still_held", credits(), "What the hold still sets aside."),
                may("ended", boolean(), "Whether the hold is over."),
                must("balance", balance(), ""),
                must("price_version", price_version(), "Null where you chose the credits."),
                must("recorded_at", instant(), ""),
            ])
            .about("An event as it was charged."),
        ),
        (
            "Event",
            gives([
                must("id", id("evt_"), ""),
                must("event", text(), "Its type."),
                must("customer", text(), "Empty once erased."),
                must("quantity", any_number(), ""),
                must("credits", credits(), "What was charged."),
                must("reversed", credits(), "Of these, given back."),
                must("cost", named("Cost"), "What it cost you."),
                may("usage", named("Usage"), "What the cost was computed from, as it was sent."),
                must("revenue", money(), "As it stands now."),
                must(
                    "lots",
                    list(gives([
                        must("grant_id", id("grt_").or_null(), "The grant."),
                        must("credits", credits(), "What it paid."),
                        must("revenue", money().or_null(), "What that was worth."),
                    ])),
                    "Those that paid at first.",
                ),
                must("debt", credits(), "What was owed at first."),
                must("debt_settled", credits(), "What of that has been settled since."),
                must("uncharged", credits(), "Used and not charged still."),
                must("collected", credits(), "Charged later."),
                must("price_version", price_version(), "Null where you chose the credits."),
                must("properties", any_object().with("additionalProperties", true).or_null(), "As they were sent."),
                may("hold_id", id("hld_"), "The hold that it was captured from."),
                must("occurred_at", instant(), ""),
                must("recorded_at", instant(), ""),
            ])
            .about("An event and what became of it."),
        ),
        (
            "Cost",
            gives([
                must("amount", decimal().or_null(), "Null where it is missing, which is not 0."),
                must("currency", currency(), ""),
                must("source", words(&["reported", "rate_card", "estimated", "missing"]), "Where it comes from."),
                may("card", count(), "The number of the rate card."),
                may("first", named("Cost"), "What it was at first, where it was set later."),
            ])
            .about("What an event cost you."),
        ),
        (
            "Usage",
            gives([must("provider", text(), ""), must("model", text(), "")].into_iter().chain(units()))
                .about("What a model was used for."),
        ),
        (
            "TriedRule",
            gives([
                must("rule", named("PriceRule"), ""),
                must("grid", grid(), ""),
                must("rounding", rounding(), ""),
                must("in_words", text(), "The rule in words."),
            ])
            .about("A rule with how its prices are rounded."),
        ),
    ]
}
