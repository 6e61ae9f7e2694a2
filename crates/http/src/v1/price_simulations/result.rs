//! What came of a simulation, on the wire: exact decimals, never one number without the others of its span.

use chargly_api::{ObjectWriter, object};
use chargly_engine::Simulated;
use chargly_engine::ledger::{Catalogue, Money};
use chargly_engine::simulator::{Elastic, Spread, Totals, TypeTally};

use crate::view;

/// A result as JSON, as `GET /v1/price-simulations/{id}` has it.
pub fn price_simulation_json(simulated: &Simulated, catalogue: &Catalogue) -> Vec<u8> {
    object(|o| write_result(o, simulated, catalogue))
}

/// Writes the result.
pub(super) fn write_result(o: &mut ObjectWriter<'_>, simulated: &Simulated, catalogue: &Catalogue) {
    let found = &simulated.comparison;
    o.number("facts", simulated.facts.end - simulated.facts.start);
    o.text("currency", catalogue.currency.as_str());
    match simulated.differences {
        Some(differences) => o.number("self_test_differences", differences),
        None => o.null("self_test_differences"),
    };
    o.object("happened", |o| write_totals(o, &found.before));
    o.object("static", |o| write_totals(o, &found.fixed));
    match &found.replenishing {
        Some(totals) => o.object("replenishing", |o| write_totals(o, totals)),
        None => o.null("replenishing"),
    };
    match &found.elastic {
        Some(elastic) => o.object("elastic", |o| write_elastic(o, elastic)),
        None => o.null("elastic"),
    };
    o.array("event_types", |list| {
        for change in &found.types {
            list.object(|o| {
                o.text("event", view::event_name(catalogue, change.event_type));
                o.object("happened", |o| write_type(o, &change.before));
                o.object("static", |o| write_type(o, &change.after));
                credits(o, "same_usage_before", change.after.asked_before_micro);
                credits(o, "same_usage_after", change.after.asked_after_micro);
            });
        }
    });
    o.object("run_outs", |o| {
        let run_outs = &found.run_outs;
        o.number("happened", run_outs.before).number("static", run_outs.after);
        o.number("newly", run_outs.newly).number("earlier", run_outs.earlier);
        o.number("no_longer", run_outs.no_longer);
        o.object("earlier_ms", |o| {
            let [p50, p90, max] = run_outs.earlier_ms;
            o.number("p50", p50).number("p90", p90).number("max", max);
        });
    });
    o.object("bill_shock", |o| {
        let shock = &found.shock;
        o.number("customers", shock.customers).number("p50_bp", shock.p50_bp);
        o.number("p90_bp", shock.p90_bp).number("max_bp", shock.max_bp);
        o.number("above_25_percent", shock.shocked);
    });
    o.object("outstanding", |o| {
        let outstanding = &found.outstanding;
        credits(o, "credits", outstanding.credits_micro);
        money(o, "liability", outstanding.liability_nano);
        money(o, "devaluation", outstanding.devaluation_nano);
        money(o, "serving_cost_before", outstanding.serving_before_nano);
        money(o, "serving_cost_after", outstanding.serving_after_nano);
    });
    o.object("customers", |o| {
        o.number("listed", found.customers.len()).number("left_out", simulated.customers_left_out);
    });
}

fn write_totals(o: &mut ObjectWriter<'_>, totals: &Totals) {
    o.number("events", totals.events);
    credits(o, "credits_used", totals.used_micro);
    credits(o, "credits_uncharged", totals.uncharged_micro);
    money(o, "revenue", totals.revenue_nano);
    money(o, "breakage", totals.breakage_nano);
    money(o, "cash", totals.cash_nano);
    money(o, "cost", totals.cost_nano);
    o.number("cost_missing", totals.cost_missing);
    money(o, "margin", totals.revenue_nano - totals.cost_nano);
    o.number("denied", totals.denied).number("holds_denied", totals.holds_denied);
    o.object("let_in", |o| {
        o.number("events", totals.let_in);
        credits(o, "credits", totals.let_in_micro);
    });
    o.number("refused_again", totals.refused_again).number("left_out", totals.left_out);
    o.number("capped", totals.capped).number("unpriced", totals.unpriced).number("packs", totals.packs);
}

fn write_elastic(o: &mut ObjectWriter<'_>, elastic: &Elastic) {
    let spread =
        |o: &mut ObjectWriter<'_>, name, found: Spread, show: fn(&mut ObjectWriter<'_>, &str, i128)| {
            o.object(name, |o| {
                show(o, "p5", found.p5);
                show(o, "p50", found.p50);
                show(o, "p95", found.p95);
            });
        };
    o.number("draws", elastic.draws);
    spread(o, "events", elastic.events, |o, name, events| {
        o.number(name, events);
    });
    spread(o, "credits_used", elastic.used_micro, credits);
    spread(o, "revenue", elastic.revenue_nano, money);
    spread(o, "cost", elastic.cost_nano, money);
    spread(o, "margin", elastic.margin_nano, money);
}

fn write_type(o: &mut ObjectWriter<'_>, tally: &TypeTally) {
    o.number("events", tally.events).number("denied", tally.denied);
    credits(o, "credits_used", tally.used_micro);
    money(o, "revenue", tally.revenue_nano);
    money(o, "cost", tally.cost_nano);
    money(o, "margin", tally.revenue_nano - tally.cost_nano);
}

/// A sum of credits: it may pass what one amount can be.
fn credits(o: &mut ObjectWriter<'_>, name: &str, micro: i128) {
    o.number(name, credits_text(micro));
}

/// A sum of micro-credits as decimal text.
pub(super) fn credits_text(micro: i128) -> String {
    // A millionth of a credit is a thousand of its billionths, which money is written in.
    Money::amount_of(micro * 1_000)
}

fn money(o: &mut ObjectWriter<'_>, name: &str, nano: i128) {
    o.shown(name, Money::amount_of(nano));
}
