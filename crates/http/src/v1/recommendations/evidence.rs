//! The figures behind a recommendation on the wire, and what it would have done to the past.

use chargly_api::{ObjectWriter, time};
use chargly_engine::ledger::{Backtest, Detail, Evidence, Level, Money, PriceRun, Span};

use super::numbers::{
    credits_or_null, micro, milli_range, money, money_range, part, part_or_null, part_range,
};
use crate::view;

/// Writes the figures of an event type.
pub(super) fn write_evidence(o: &mut ObjectWriter<'_>, evidence: &Evidence) {
    o.number("events", evidence.events).number("customers", evidence.customers);
    o.number("paying_customers", evidence.paying_customers).number("days", evidence.days);
    part(o, "largest_customer_share", evidence.largest_customer_bp);
    micro(o, "quantity", evidence.quantity_micro);
    micro(o, "credits", evidence.credits_micro);
    money(o, "cost", evidence.cost_nano);
    money(o, "revenue_planned", evidence.planned_nano);
    money(o, "revenue_booked", evidence.booked_nano);
    money(o, "paid", evidence.paid_nano);
    micro(o, "credits_paid_for", evidence.paid_micro);
    o.number("cost_missing", evidence.cost_missing);
    money(o, "cost_estimated", evidence.estimated_nano);
    money(o, "cost_unbilled", evidence.unbilled_nano);
    money_range(o, "cost_per_unit", &evidence.cost_per_unit);
    o.boolean("cost_is_exact", evidence.cost_is_exact);
    match evidence.cost_per_unit_before {
        Some(nano) => money(o, "cost_per_unit_before", nano),
        None => {
            o.null("cost_per_unit_before");
        }
    }
    part_or_null(o, "margin", evidence.margin_bp);
    part_or_null(o, "margin_booked", evidence.booked_margin_bp);
    part_or_null(o, "margin_after", evidence.margin_after_bp);
    part(o, "target_margin", evidence.target_bp);
    part(o, "margin_floor", evidence.floor_bp);
    credits_or_null(o, "break_even_credits", evidence.break_even);
    credits_or_null(o, "target_credits", evidence.target_price);
    match &evidence.elasticity_milli {
        Some(span) => milli_range(o, "elasticity", span),
        None => {
            o.null("elasticity");
        }
    }
    o.number("own_price_changes", evidence.own_changes);
    o.array("probability_by_prior", |list| {
        evidence.by_prior_bp.iter().for_each(|bp| {
            list.text(&crate::facts::share((*bp).into()));
        });
    });
    match &evidence.tail {
        Some(tail) => {
            o.object("cost_of_one", |o| {
                money(o, "p50", tail.p50_nano);
                money(o, "p90", tail.p90_nano);
                money(o, "p99", tail.p99_nano);
                part(o, "dearest_hundredth_share", tail.dearest_bp);
            });
        }
        None => {
            o.null("cost_of_one");
        }
    }
    match &evidence.detail {
        Detail::Plain => {
            o.null("detail");
        }
        detail => {
            o.object("detail", |o| write_detail(o, detail));
        }
    }
}

fn write_detail(o: &mut ObjectWriter<'_>, detail: &Detail) {
    match detail {
        Detail::Plain => {}
        Detail::Levels { dimension, levels, gap_bp, cross_subsidy } => {
            o.text("dimension", dimension);
            write_levels(o, levels);
            part_range(o, "margin_gap", gap_bp);
            money_range(o, "cross_subsidy_per_month", cross_subsidy);
        }
        Detail::Mix { dimension, levels, by_rates, by_mix } => {
            o.text("dimension", dimension);
            write_levels(o, levels);
            money_range(o, "moved_by_rates", by_rates);
            money_range(o, "moved_by_mix", by_mix);
        }
        Detail::Line { base, per_unit, small, small_margin_bp, minimum } => {
            money_range(o, "cost_of_any_event", base);
            money_range(o, "cost_of_a_unit", per_unit);
            o.number("small_quantity", small);
            part(o, "small_margin", *small_margin_bp);
            o.number("minimum_credits", minimum);
        }
        Detail::Rate { of, before, after, since_day, noticed_day, is_declared, target_before } => {
            o.text("of", of);
            money_range(o, "rate_before", before);
            money_range(o, "rate_after", after);
            o.text("since", &day(*since_day)).text("noticed", &day(*noticed_day));
            o.boolean("declared", *is_declared);
            credits_or_null(o, "target_credits_before", *target_before);
        }
        Detail::Missing { events, events_bp, estimated_bp, unpriced } => {
            o.number("events_without_cost", events);
            part(o, "events_without_cost_share", *events_bp);
            part(o, "cost_estimated_share", *estimated_bp);
            o.number("events_without_price", unpriced);
        }
    }
}

/// A day since 1970 as a date.
fn day(number: i32) -> String {
    let text = time::show(i64::from(number) * 86_400_000);
    text.split('T').next().unwrap_or_default().to_owned()
}

fn write_levels(o: &mut ObjectWriter<'_>, levels: &[Level]) {
    o.array("levels", |list| {
        for level in levels {
            list.object(|o| {
                o.text_or_null("value", Some(level.value.as_str()).filter(|value| !value.is_empty()));
                o.number("events", level.events).number("customers", level.customers);
                micro(o, "quantity", level.quantity_micro);
                micro(o, "credits", level.credits_micro);
                money(o, "cost", level.cost_nano);
                money(o, "revenue_planned", level.planned_nano);
                money(o, "cost_per_unit", level.cost_per_unit_nano);
                part_or_null(o, "margin", level.margin_bp);
                part_or_null(o, "share_before", level.share_before_bp);
                part(o, "share", level.share_bp);
                credits_or_null(o, "recommended_credits", level.proposed);
            });
        }
    });
}

/// Writes what a proposal would have done to the past.
pub(super) fn write_backtest(o: &mut ObjectWriter<'_>, backtest: &Backtest) {
    view::instant(o, "from", backtest.from);
    view::instant(o, "to", backtest.to);
    o.number("facts", backtest.facts).number("customers", backtest.customers);
    o.number("one_customer_in", backtest.one_in);
    o.object("happened", |o| write_run(o, &backtest.before));
    o.object("static", |o| write_run(o, &backtest.fixed));
    match &backtest.replenishing {
        Some(run) => o.object("replenishing", |o| write_run(o, run)),
        None => o.null("replenishing"),
    };
    o.object("elastic", |o| {
        o.number("draws", backtest.draws);
        range_or_null(o, "revenue", backtest.elastic_revenue.as_ref());
        range_or_null(o, "margin", backtest.elastic_margin.as_ref());
    });
    for (name, (low, high)) in [("revenue", backtest.revenue_ends()), ("margin", backtest.margin_ends())] {
        o.object(name, |o| {
            money(o, "low", low);
            money(o, "high", high);
        });
    }
    o.object("run_outs", |o| {
        o.number("happened", backtest.run_outs_before);
        o.number("newly", backtest.run_outs_newly).number("earlier", backtest.run_outs_earlier);
    });
    o.object("bill_shock", |o| {
        part(o, "p50", backtest.shock.p50_bp);
        part(o, "p90", backtest.shock.p90_bp);
        part(o, "max", backtest.shock.max_bp);
        o.number("above_25_percent", backtest.shock.above);
    });
    o.number("customers_who_pay_less", backtest.winners);
    o.number("customers_who_pay_more", backtest.losers);
    o.object("outstanding", |o| {
        // As money, which has three places more.
        o.number("credits", Money::amount_of(backtest.outstanding_micro * 1_000));
        money(o, "devaluation", backtest.devaluation_nano);
    });
}

fn range_or_null(o: &mut ObjectWriter<'_>, name: &str, span: Option<&Span>) {
    match span {
        Some(span) => money_range(o, name, span),
        None => {
            o.null(name);
        }
    }
}

fn write_run(o: &mut ObjectWriter<'_>, run: &PriceRun) {
    o.number("events", run.events).number("denied", run.denied);
    money(o, "revenue", run.revenue_nano);
    money(o, "cost", run.cost_nano);
    money(o, "margin", run.margin_nano());
    money(o, "cash", run.cash_nano);
}
