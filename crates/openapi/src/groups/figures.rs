//! Figures: what was used, earned and spent; and the settings that they depend on.

use chargly_ledger::{BLACKOUTS_MAX, REDIRECT_ORIGINS_MAX};

use super::selling::valid_days;
use crate::operation::Operation;
use crate::schema::Field;
use crate::vocabulary::*;

pub(super) fn group() -> Group {
    Group {
        name: "Figures and settings",
        about: "What was used, earned and spent, as JSON or CSV of the same numbers. Money is a decimal string, a share \
                too; what is not known is null, and never 0. Figures are kept by the hour, those of single customers by \
                the local day.",
        operations: vec![
            report("/v1/usage", "get_usage", "Get usage")
                .about("What was used.")
                .asked("?interval=day&group_by=event")
                .gives(figures(usage(), []), sample!("get_usage")),
            report("/v1/revenue", "get_revenue", "Get revenue")
                .about(
                    "What was recognised. Without groups and filters also the books around it, by the day of recording, \
                     and what is still owed.",
                )
                .asked("?interval=month&from=2026-01-01")
                .gives(
                    figures(
                        revenue(),
                        [
                            may(
                                "deferred",
                                gives([
                                    must("by_books", decimal(), "Sales − refunds − recognised."),
                                    must("by_lots", decimal(), "What the lots that are left are worth."),
                                    must("agrees", boolean(), "Whether both are the same."),
                                    must("as_of", named("AsOf"), ""),
                                ]),
                                "Revenue that is owed, computed two ways.",
                            ),
                            may(
                                "liability",
                                gives([
                                    must("paid", credits(), ""),
                                    must("promotional", credits(), ""),
                                    must("adjustment", credits(), ""),
                                    must("debt", credits(), ""),
                                ]),
                                "Credits that are left.",
                            ),
                        ],
                    ),
                    sample!("get_revenue"),
                ),
            get("/v1/liability", "get_liability", "Get what is still owed")
                .about(
                    "Credits that are left in lots, and what of their prices is neither recognised nor refunded: by how \
                     long ago the lots were granted, by how long until they end, or by the month in which they were \
                     granted. As they are now, or were at most 10 seconds ago.",
                )
                .needs(Scope::Read)
                .query("by", words(&["age", "expiry", "month"]), "`age` if left out.")
                .asked("?by=expiry")
                .writes()
                .gives(
                    gives([
                        must("as_of", named("AsOf"), ""),
                        must("currency", currency(), ""),
                        must("time_zone", text(), "The project's."),
                        must("by", words(&["age", "expiry", "month"]), ""),
                        must("data", list(liability()), "One row for each bucket or month and kind."),
                        must("totals", gives(owed()), "The same over all lots."),
                    ]),
                    LIABILITY,
                )
                .or_csv("bucket,kind,lots,credits,deferred,currency,time_zone,as_of_position,as_of_at\n"),
            get("/v1/burn-down", "get_burn_down", "Get how fast packs are used up")
                .about(
                    "Of the credits that were sold in each month or week: how much was used, lapsed, was taken back and is \
                     left, by the end of each piece of time since. Everything counts when it was recorded. The facts since \
                     then are read for it, 5,000,000 at most, and the answer is given again for a minute.",
                )
                .needs(Scope::Read)
                .query(
                    "from",
                    any_of([instant_taken(), date()]),
                    "The first cohort, by any time in it, 400 days ago at most; 150 days ago if left out.",
                )
                .query("cohort", words(&["month", "week"]), "Which sales are told apart; `month` if left out.")
                .query("interval", words(&["day", "week", "month"]), "`week` if left out; weeks from Monday.")
                .asked("?cohort=month&interval=week")
                .writes()
                .gives(
                    gives([
                        must("as_of", named("AsOf"), ""),
                        must("currency", currency(), ""),
                        must("time_zone", text(), "The project's."),
                        must("cohort", words(&["month", "week"]), ""),
                        must("interval", words(&["day", "week", "month"]), ""),
                        must("data", list(burn_down()), "One row for each piece of time and each cohort with sales that began until then."),
                    ]),
                    BURN_DOWN,
                )
                .or_csv("start,end,unfinished,cohort,granted,used,lapsed,taken_back,left,currency,time_zone,as_of_position,as_of_at\n"),
            report("/v1/margin", "get_margin", "Get margin")
                .about("What was earned, what it cost, and what is left.")
                .flag(
                    "margin_range",
                    "With `interval=total` and `group_by=event` alone: also from where to where each margin may be, over \
                     whole local days.",
                )
                .asked("?interval=total&group_by=event")
                .gives(
                    figures(
                        margin(),
                        [
                            must("credit_value", decimal().or_null(), "What a credit is worth in planning."),
                            must(
                                "credit_value_source",
                                words(&["set", "paid", "pack"]).or_null(),
                                "Set by hand; what was really paid; what one costs in the cheapest pack.",
                            ),
                        ],
                    ),
                    sample!("get_margin"),
                ),
            get("/v1/price-impact", "get_price_impact", "Get what price changes did")
                .about(
                    "Exact sums of equal windows before and after, and what the change caused, as far as can be said. \
                     One row for each version that is in force, replaced another one and changed what a unit costs, the \
                     newest first, 20 at most. Estimates are null while it is too early, and ranges hold the truth about \
                     9 times in 10.",
                )
                .needs(Scope::Read)
                .query("event", event_name(), "Only this event type.")
                .query("price_version", id("prv_"), "Only this change.")
                .query(
                    "leave_out",
                    text(),
                    "Event types, by commas, that stand in for the one whose price changed, and are not to be compared \
                     with it.",
                )
                .days("window_days", 1, 91, "Days on each side at most; 28 if left out.")
                .days("washout_days", 0, 14, "Days from the change on that are left out; 3 if left out.")
                .asked("?event=image.generate")
                .writes()
                .gives(
                    gives([
                        must("as_of", named("AsOf"), ""),
                        must("currency", currency(), ""),
                        must("time_zone", text(), ""),
                        must("data", list(named("PriceImpact")), "One row for each change."),
                    ]),
                    sample!("get_price_impact"),
                )
                .or_csv("event,price_version,…\nimage.generate,prv_…,…\n"),
            get("/v1/brief", "get_brief", "Get the Monday brief")
                .about(
                    "What a founder asks on Monday: nine questions about a week, always the same in the same order, each \
                     answered in a sentence with its figure. Credits owed, run-outs and advice are as they stand now, \
                     whatever the week.",
                )
                .needs(Scope::Read)
                .query(
                    "week",
                    text(),
                    "Any date or instant in the week, which begins on Monday in the project's time zone; the last whole \
                     week if left out. Not in the future.",
                )
                .writes()
                .gives(
                    gives([
                        must("as_of", named("AsOf"), ""),
                        must("currency", currency(), ""),
                        must("time_zone", text(), ""),
                        must("from", instant(), "Included."),
                        must("to", instant(), "Excluded."),
                        must("unfinished", boolean(), "Whether the week is not over."),
                        must("questions", list(named("BriefQuestion")), "Nine."),
                    ]),
                    BRIEF,
                ),
            get("/v1/settings", "get_settings", "Get settings")
                .about("What figures, advice and checkouts depend on.")
                .needs(Scope::Read)
                .gives(named("Settings"), sample!("get_settings")),
            put("/v1/settings", "put_settings", "Change settings")
                .about(
                    "As a fact with its author. What is left out goes back to its default. After a change of time zone \
                     figures are counted anew behind the old ones; until that is done `time_zone` in reports names the \
                     old one.",
                )
                .needs(Scope::Admin)
                .may_take(
                    settings_taken(),
                    r#"{"time_zone":"Europe/Berlin","target_margin":"0.65","welcome_grant":{"credits":25,"valid_days":30},"redirect_origins":["https://app.example.com"]}"#,
                )
                .writes()
                .gives(named("Settings"), sample!("put_settings")),
        ],
        schemas: schemas(),
    }
}

const LIABILITY: &str = r#"{"as_of":{"position":"1.1042","at":"2026-11-30T06:00:00.000Z"},"currency":"usd","time_zone":"UTC","by":"expiry","data":[{"bucket":"under_7d","kind":"paid","lots":2,"credits":840,"deferred":"16.8"},{"bucket":"never","kind":"promotional","lots":1,"credits":25,"deferred":"0"}],"totals":{"lots":3,"credits":865,"deferred":"16.8"}}"#;
const BURN_DOWN: &str = r#"{"as_of":{"position":"1.1042","at":"2026-11-30T06:00:00.000Z"},"currency":"usd","time_zone":"UTC","cohort":"month","interval":"week","data":[{"start":"2026-11-01T00:00:00.000Z","end":"2026-11-02T00:00:00.000Z","unfinished":false,"cohort":"2026-11-01T00:00:00.000Z","granted":500,"used":20,"lapsed":0,"taken_back":0,"left":480}]}"#;
const BRIEF: &str = r#"{"as_of":{"position":"1.1042","at":"2026-11-30T06:00:00.000Z"},"currency":"usd","time_zone":"UTC","from":"2026-11-23T00:00:00.000Z","to":"2026-11-30T00:00:00.000Z","unfinished":false,"questions":[{"question":"Did we make money, and is margin up or down?","sentence":"You made $64 on $110 of revenue: a margin of 57.9 %, down 5.5 points on the week before.","figure":"0.579","unit":"share","before":"0.634","change":"-0.055","quality":"complete","link":"dashboard/test/revenue?from=2026-11-23&to=2026-11-29","action":null}]}"#;

/// One question of the brief. Figures are decimals of their unit, counts are numbers.
fn brief_question() -> Schema {
    let figure = || decimal_or_number().or_null();
    gives([
        must("question", text(), ""),
        must("sentence", text(), "The answer."),
        must("figure", figure(), "Null where it is not known, never 0."),
        must("unit", words(&["money", "share", "count"]), "What the figure is in."),
        must("before", figure(), "The same a week before."),
        must("change", figure(), "`figure` less `before`."),
        must(
            "quality",
            words(&["complete", "costs_missing", "too_early", "not_enough_data"]),
            "How far to believe it.",
        ),
        must("link", text(), "The page of the dashboard that says more."),
        must("action", text().or_null(), "What to do about it."),
    ])
}

/// What all reports take.
fn report(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    ranged(get(path, id, summary).needs(Scope::Read))
        .query("interval", words(&["total", "hour", "day", "week", "month"]), "`day` if left out; weeks from Monday.")
        .query(
            "group_by",
            text(),
            "One or more of `event`, `customer`, `price_version` and one dimension that an event type declares, with \
             commas.",
        )
        .query("price_version", crate::kinds::id("prv_"), "Only this version.")
        .query(
            "filter",
            map(text()),
            "`filter[<dimension>]=<value>`: only this value of a declared dimension.",
        )
        .writes()
        .or_csv("start,end,unfinished,events,…,currency,time_zone,as_of_position,as_of_at\n")
}

/// A range of time, and what it is narrowed to.
pub(crate) fn ranged(operation: Operation) -> Operation {
    operation
        .query(
            "from",
            any_of([instant_taken(), date()]),
            "A time, or a date like `2026-11-01` in the project's time zone; 30 days ago if left out.",
        )
        .query("to", any_of([instant_taken(), date()]), "The same, excluded; now if left out.")
        .query("event", event_name(), "Only this event type.")
        .query("customer", customer(), "Only this customer.")
}

fn figures<const N: usize>(columns: Vec<Field>, foot: [Field; N]) -> Schema {
    let period = [
        may("start", instant().or_null(), "When the period begins, unless the interval is `total`."),
        may("end", instant().or_null(), "When it ends."),
        may("unfinished", boolean(), "Whether it is not over, or cut by the range."),
        may("event", text().or_null(), "Where it is grouped by it."),
        may("customer", text().or_null(), "Where it is grouped by it; null once erased."),
        may("price_version", id("prv_").or_null(), "Where it is grouped by it."),
        may("dimension_value", text().or_null(), "Where it is grouped by a dimension."),
    ];
    let rows = gives(period.into_iter().chain(columns));
    gives(
        [
            must("as_of", named("AsOf"), ""),
            must("currency", currency(), ""),
            must("time_zone", text(), "The project's."),
            must("from", instant(), "Where the range really begins."),
            must("to", instant(), ""),
            must("interval", text(), ""),
            must("group_by", list(text()), ""),
            must("data", list(rows), "One row for each period and group."),
            must(
                "totals",
                any_object().with("additionalProperties", true),
                "The same figures over all rows.",
            ),
        ]
        .into_iter()
        .chain(foot),
    )
}

fn money_known() -> Schema {
    decimal().or_null()
}

fn part() -> Schema {
    share().or_null()
}

fn usage() -> Vec<Field> {
    vec![
        must("events", count(), ""),
        must("late_events", count(), "Recorded after their period was over."),
        must("quantity", any_number(), ""),
        must("credits_used", credits(), "Charged, less what was given back."),
        must("uncharged", credits(), "Used and not charged."),
        must("refused", whole(), "Calls that the wallet could not pay."),
    ]
}

fn revenue() -> Vec<Field> {
    vec![
        must("recognised", decimal(), "Of the lots that were burned."),
        must("breakage", decimal(), "Of credits that lapsed."),
        must("credits_used", credits(), ""),
        must("price_per_credit", money_known(), ""),
        may("cash_sales", decimal(), "What was paid."),
        may("refunds", decimal(), "What was paid back."),
        may("recognised_booked", decimal(), "Recognised, by the day of recording."),
        may("deferred_opening", decimal(), "Owed when the period began."),
        may("deferred_closing", decimal(), "Owed when it ended."),
    ]
}

/// What lots still owe.
fn owed() -> Vec<Field> {
    vec![
        must("lots", count(), "Lots with credits left."),
        must(
            "credits",
            credits(),
            "Credits left in them, with those on hold and those whose day has not come.",
        ),
        must("deferred", decimal(), "What of their prices is neither recognised nor refunded."),
    ]
}

fn liability() -> Schema {
    let bucket = words(&[
        "under_30d",
        "under_90d",
        "under_180d",
        "under_365d",
        "older",
        "over",
        "under_7d",
        "later",
        "never",
    ]);
    let of = [
        may(
            "bucket",
            bucket,
            "By age or expiry. `over`: its time is over, and what is left is on hold or about to lapse.",
        ),
        may("month", instant(), "By month: when it begins."),
        must("kind", words(&["paid", "promotional", "adjustment"]), "The kind of lot."),
    ];
    let granted = may("granted", credits(), "By month: credits of this kind that were granted in it.");
    gives(of.into_iter().chain(owed()).chain([granted]))
}

fn burn_down() -> Schema {
    gives([
        must("start", instant(), "When the piece of time begins."),
        must("end", instant(), "When it ends: up to then all that follows is added up."),
        must("unfinished", boolean(), "Whether it is not over."),
        must("cohort", instant(), "When the month or week began in which they were sold."),
        must("granted", credits(), "Sold, bonus included."),
        must("used", credits(), "Used, less what came back."),
        must("lapsed", credits(), ""),
        must("taken_back", credits(), "With the money, or by hand."),
        must("left", credits(), "What is left of them."),
    ])
}

fn margin() -> Vec<Field> {
    vec![
        must("events", count(), ""),
        must("credits_used", credits(), ""),
        must("recognised", decimal(), ""),
        must("cost", money_known(), "What is known of it."),
        must("cost_missing", part(), "Of the events."),
        must("cost_reported", money_known(), ""),
        must("cost_reported_share", part(), ""),
        must("cost_rate_card", money_known(), ""),
        must("cost_rate_card_share", part(), ""),
        must("cost_estimated", money_known(), ""),
        must("cost_estimated_share", part(), ""),
        must("cost_first", money_known(), "As it was first known."),
        must("contribution", money_known(), "Recognised − cost."),
        must("gross_margin", part(), ""),
        must("upper_bound", boolean(), "Whether some cost is missing, so that the margin is one at most."),
        must("planning_revenue", money_known(), "Credits used at the value of a credit."),
        must("planning_margin", part(), ""),
        must("acquisition_cost", money_known(), "What was given away, at that value."),
        must("credits_given", credits(), "Credits used from lots at no price."),
        must("unbilled_cost", decimal(), "Of work that was refused."),
        may("margin_low", part(), "With `margin_range`: from where the gross margin may be, 9 times in 10."),
        may("margin_high", part(), "To where."),
    ]
}

fn advice_taken() -> Schema {
    takes([
        may("weekly", boolean(), "Whether it is looked for once a week; true if left out."),
        may("objective", objective(), "`target_margin` if left out."),
        may("margin_floor", decimal_or_number(), "No advised price leads below; `\"0.4\"` if left out."),
        may(
            "dead_band",
            decimal_or_number(),
            "How far a margin may be off before anything is said; `\"0.02\"`.",
        ),
        may("step_limit", decimal_or_number(), "How much one change may move a price; `\"0.2\"`."),
        may(
            "live_changes",
            within(0, 100),
            "Price changes younger than a month that there may be, from 1; 2 if left out.",
        ),
        may("notice_days", within(0, 365), "Days of notice where an approval says nothing else; 0."),
        may(
            "elasticity",
            takes([
                may("centre", decimal_or_number(), "−5 to 0; `\"-0.7\"`."),
                may("scale", decimal_or_number(), "How far from there it usually is; `\"0.6\"`."),
            ]),
            "What is expected before you changed a price.",
        ),
        may(
            "blackouts",
            list_up_to(
                BLACKOUTS_MAX,
                takes([must("from", instant_taken(), ""), must("to", instant_taken(), "")]),
            ),
            "Stretches in which no advised price may begin to hold.",
        ),
    ])
}

fn objective() -> Schema {
    words(&["target_margin", "profit", "revenue"])
}

fn shortfall() -> Schema {
    words(&["debt", "debt_and_freeze", "uncollectable"])
}

fn settings_taken() -> Schema {
    takes([
        may("time_zone", text(), "An IANA name; `UTC` if left out."),
        may(
            "target_margin",
            decimal_or_number(),
            "At least 0, below 1, up to 4 decimals; `\"0.6\"` if left out.",
        ),
        may("credit_value", decimal_taken(), "What a credit is worth in planning, more than 0."),
        may(
            "welcome_grant",
            takes([
                must("credits", some_credits(), ""),
                may("valid_days", valid_days(), "For ever if left out."),
            ]),
            "What a customer gets who is seen for the first time; none if left out.",
        ),
        may(
            "refund_shortfall",
            shortfall(),
            "What becomes of credits that were used before their money was refunded; `debt` if left out.",
        ),
        may(
            "dispute_shortfall",
            shortfall(),
            "The same where a dispute took it; `debt_and_freeze` if left out.",
        ),
        may(
            "checkout",
            takes([
                may("automatic_tax", boolean(), ""),
                may("invoices", boolean(), ""),
                may("promotion_codes", boolean(), ""),
            ]),
            "What the provider does at every checkout, each false if left out.",
        ),
        may(
            "redirect_origins",
            list_up_to(REDIRECT_ORIGINS_MAX, text()),
            "Origins that buyers may be sent on to: a scheme, a host and perhaps a port.",
        ),
        may(
            "compat_creates_event_types",
            boolean(),
            "Whether an unknown event with an amount makes an event type in *live*, at the compatibility routes.",
        ),
        may("advice", advice_taken(), "What advice on prices is to reach, and what it may not do."),
    ])
}

fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("BriefQuestion", brief_question().about("A question of the brief, answered.")),
        (
            "AsOf",
            gives([
                must("position", text(), "As `Chargly-Position` has it."),
                must("at", instant(), "When that was recorded."),
            ])
            .about("Up to where figures reflect the journal."),
        ),
        ("PriceImpact", gives(price_impact()).about("What one price change did.")),
        ("Settings", settings()),
    ]
}

fn settings() -> Schema {
    gives([
        must("currency", currency(), "Chosen when the project began."),
        must("time_zone", text(), ""),
        must("target_margin", share(), ""),
        must(
            "credit_value",
            decimal().or_null(),
            "Null: what was really paid for one, else the cheapest pack's.",
        ),
        must(
            "welcome_grant",
            gives([must("credits", credits(), ""), must("valid_days", count().or_null(), "")]).or_null(),
            "",
        ),
        must("refund_shortfall", shortfall(), ""),
        must("dispute_shortfall", shortfall(), ""),
        must(
            "checkout",
            gives([
                must("automatic_tax", boolean(), ""),
                must("invoices", boolean(), ""),
                must("promotion_codes", boolean(), ""),
            ]),
            "",
        ),
        must("redirect_origins", list(text()), ""),
        must("compat_creates_event_types", boolean(), ""),
        must(
            "advice",
            gives([
                must("weekly", boolean(), ""),
                must("objective", objective(), ""),
                must("margin_floor", share(), ""),
                must("dead_band", share(), ""),
                must("step_limit", share(), ""),
                must("live_changes", count(), ""),
                must("notice_days", count(), ""),
                must("elasticity", gives([must("centre", decimal(), ""), must("scale", decimal(), "")]), ""),
                must("blackouts", list(gives([must("from", instant(), ""), must("to", instant(), "")])), ""),
            ]),
            "",
        ),
    ])
    .about("What figures, advice and checkouts depend on.")
}

fn price_impact() -> Vec<Field> {
    let day = || date().or_null();
    let side = |names: [&'static str; 8]| {
        let [units, events, days, used, earned, cost, missing, margin] = names;
        [
            must(units, any_number(), ""),
            must(events, count(), ""),
            must(days, count(), "Customers, each day."),
            must(used, credits(), ""),
            must(earned, decimal(), ""),
            must(cost, money_known(), ""),
            must(missing, count(), "Events."),
            must(margin, part(), ""),
        ]
    };
    let mut fields = vec![
        must("event", text().or_null(), "The event type."),
        must("price_version", id("prv_").or_null(), ""),
        must("version", count().or_null(), ""),
        must("effective_at", instant().or_null(), ""),
        must(
            "credits_per_unit_before",
            credits(),
            "The price where it is flat, else what was charged on average.",
        ),
        must("credits_per_unit_after", credits(), ""),
        must("before_from", day(), "Local dates, both included."),
        must("before_to", day(), ""),
        must("after_from", day(), ""),
        must("after_to", day(), ""),
    ];
    fields.extend(side([
        "before_units",
        "before_events",
        "before_customer_days",
        "before_credits",
        "before_revenue",
        "before_cost",
        "before_cost_missing",
        "before_margin",
    ]));
    fields.extend(side([
        "after_units",
        "after_events",
        "after_customer_days",
        "after_credits",
        "after_revenue",
        "after_cost",
        "after_cost_missing",
        "after_margin",
    ]));
    fields.extend([
        must("units_change", part(), "A share of before, as those that follow."),
        must("customer_days_change", part(), ""),
        must("credits_change", part(), ""),
        must("revenue_change", part(), ""),
        must("cost_change", part(), ""),
        must("margin_change", part(), "In points."),
        must("status", words(&["too_early", "no_controls", "estimated"]), ""),
        must("in_words", text(), "What can be said."),
        must("compared_with", text(), "Event types, by spaces."),
        must("effect_on_units_low", part(), ""),
        must("effect_on_units", part(), ""),
        must("effect_on_units_high", part(), ""),
        must("elasticity_low", any_number().or_null(), ""),
        must("elasticity", any_number().or_null(), ""),
        must("elasticity_high", any_number().or_null(), ""),
        must("revenue_without_change_low", money_known(), ""),
        must("revenue_without_change_high", money_known(), ""),
        must("margin_without_change_low", money_known(), ""),
        must("margin_without_change_high", money_known(), ""),
        must("margin_gain_low", money_known(), ""),
        must("margin_gain_high", money_known(), ""),
        must("claim", words(&["margin_rose", "margin_fell"]).or_null(), ""),
        must("confidence", words(&["low", "medium", "high"]).or_null(), ""),
        must("probability", part(), ""),
        must("capped", text().or_null(), "Why it is not stated as surer."),
    ]);
    fields
}
