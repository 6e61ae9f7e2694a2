//! Holds: credits set aside for work that is about to start.

use crate::schema::Field;
use crate::vocabulary::*;

pub(super) fn group() -> Group {
    Group {
        name: "Holds",
        about: "Set credits aside before costly work, capture what it came to, and the rest is free again. Capture and \
                void use the id of the hold as their key unless they bring their own.",
        operations: vec![
            post("/v1/holds", "place_hold", "Place a hold")
                .about("Sets credits aside, at the price in force now.")
                .needs(Scope::Meter)
                .takes(
                    takes(
                        [
                            must("event", event_name(), "Name of the event type."),
                            must("customer", customer(), "Your own id of the customer."),
                        ]
                        .into_iter()
                        .chain(amount("one unit if neither is given"))
                        .chain([may(
                            "expires_in_s",
                            within(1, HOLD_SECONDS_MAX),
                            "Seconds until it lapses; 15 minutes if left out, at most 30 days.",
                        )]),
                    ),
                    r#"{"event":"image.generate","customer":"user_42","credits":100,"idempotency_key":"job-17"}"#,
                )
                .keyed()
                .gives(
                    gives([
                        must("id", id("hld_"), ""),
                        must("state", words(&["open"]), ""),
                        must("event", text(), ""),
                        must("customer", text(), ""),
                        must("credits", credits(), "What is set aside."),
                        must("balance", balance(), ""),
                        must("price_version", price_version(), "The price that holds for it."),
                        must("placed_at", instant(), ""),
                        must("expires_at", instant(), ""),
                    ]),
                    sample!("place_hold"),
                )
                .fails(&[
                    InsufficientCredits,
                    BudgetExceeded,
                    TooManyCustomers,
                    WalletFrozen,
                    TooManyHolds,
                    UnknownEventType,
                    NoActivePrice,
                    CostRequired,
                    EventTypeArchived,
                ]),
            get("/v1/holds/{id}", "get_hold", "Get a hold")
                .about("How a hold stands.")
                .needs(Scope::Read)
                .of("hld_", "The hold.")
                .gives(
                    gives([
                        must("id", id("hld_"), ""),
                        must("state", words(&["open", "captured", "voided", "expired"]), ""),
                        must("event", text(), ""),
                        must("customer", text(), ""),
                        must("credits", credits(), "What is still set aside."),
                        must("price_version", price_version(), ""),
                        must("placed_at", instant(), ""),
                        must("expires_at", instant(), ""),
                        must("ended_at", instant().or_null(), "Null while it is open."),
                    ]),
                    sample!("get_hold"),
                ),
            post("/v1/holds/{id}/capture", "capture_hold", "Capture a hold")
                .about(
                    "Charges what was held, and releases the rest. A step (`\"final\": false`) keeps the rest held and \
                     brings its own key. Answers an event.",
                )
                .needs(Scope::Meter)
                .of("hld_", "The hold.")
                .may_take(
                    takes(amount("all that is held if neither is given").into_iter().chain([
                        may("cost", named("NewCost"), "What it cost you."),
                        may("properties", properties(), "As for an event."),
                        may(
                            "if_insufficient",
                            if_insufficient(),
                            "As for an event; with `record` also beyond the hold and after its end.",
                        ),
                        may("final", boolean(), "Whether the rest is released; true if left out."),
                    ])),
                    r#"{"credits":30}"#,
                )
                .keyed()
                .gives(named("Charged"), sample!("capture_hold"))
                .fails(&[
                    CaptureExceedsHold,
                    HoldNotOpen,
                    InsufficientCredits,
                    BudgetExceeded,
                    TooManyCustomers,
                    WalletFrozen,
                    CostRequired,
                    NoActivePrice,
                    BalanceTooLarge,
                ]),
            post("/v1/holds/{id}/increase", "increase_hold", "Increase a hold")
                .about("Sets more aside: either `quantity` or `credits`.")
                .needs(Scope::Meter)
                .of("hld_", "The hold.")
                .takes(
                    any_of([
                        takes([must("credits", some_credits(), "How many credits more.")]),
                        takes([must("quantity", quantity(), "How much more, at the hold's price.")]),
                    ]),
                    r#"{"credits":20,"idempotency_key":"job-17-more"}"#,
                )
                .keyed()
                .gives(changed([must("increased_by", credits(), "")]), sample!("increase_hold"))
                .fails(&[HoldNotOpen, InsufficientCredits, BudgetExceeded, TooManyCustomers, WalletFrozen, NoActivePrice, CostRequired]),
            post("/v1/holds/{id}/extend", "extend_hold", "Extend a hold")
                .about("Moves the time at which it lapses.")
                .needs(Scope::Meter)
                .of("hld_", "The hold.")
                .takes(
                    takes([must("expires_in_s", within(1, HOLD_SECONDS_MAX), "Seconds from now.")]),
                    r#"{"expires_in_s":600,"idempotency_key":"job-17-longer"}"#,
                )
                .keyed()
                .gives(changed([must("expires_at", instant(), "")]), sample!("extend_hold"))
                .fails(&[HoldNotOpen]),
            post("/v1/holds/{id}/void", "void_hold", "Void a hold")
                .about("Gives it up and releases what was held.")
                .needs(Scope::Meter)
                .of("hld_", "The hold.")
                .may_take(takes([]), "{}")
                .keyed()
                .gives(changed([must("released", credits(), "What is free again.")]), sample!("void_hold"))
                .fails(&[HoldNotOpen]),
        ],
        schemas: Vec::new(),
    }
}

fn amount(otherwise: &'static str) -> [Field; 2] {
    let about = match otherwise {
        "one unit if neither is given" => "How much, or `credits`; one unit if neither is given.",
        _ => "How much, or `credits`; all that is held if neither is given.",
    };
    [
        may("quantity", quantity(), about),
        may("credits", some_credits(), "How many credits, instead of `quantity`."),
    ]
}

fn changed(of: [Field; 1]) -> Schema {
    let head = [
        must("id", id("hld_"), ""),
        must("state", words(&["open", "voided"]), ""),
        must("customer", text(), ""),
    ];
    let foot = [must("balance", balance(), ""), must("recorded_at", instant(), "")];
    gives(head.into_iter().chain(of).chain(foot))
}
