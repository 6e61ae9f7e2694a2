//! A recommendation on the wire: what it says, where it stands, and how it came to be.

use chargly_api::{IdKind, ObjectWriter, object};
use chargly_engine::advisor::{Card, LocalDay, card, need_in_words, reason, title};
use chargly_engine::ledger::{
    Advised, Catalogue, Decision, Grade, Guardrail, GuardrailRule, KeyNo, Millis, Need, Needed,
    Recommendation,
};

use super::evidence::{write_backtest, write_evidence};
use super::numbers::{credits_or_null, money, money_range, monthly, part, part_or_null};
use super::zone;
use crate::v1::event_types::prices::rule;
use crate::view;

/// A recommendation as JSON, as `GET /v1/recommendations/{id}` has it.
pub fn recommendation_json(advised: &Advised, catalogue: &Catalogue, now: Millis) -> Vec<u8> {
    object(|o| write_whole(o, advised, catalogue, now))
}

/// A recommendation as JSON, as a list has it.
pub fn recommendation_summary_json(advised: &Advised, catalogue: &Catalogue, now: Millis) -> Vec<u8> {
    object(|o| write_summary(o, advised, catalogue, now))
}

/// Writes everything about a recommendation.
pub(super) fn write_whole(o: &mut ObjectWriter<'_>, advised: &Advised, catalogue: &Catalogue, now: Millis) {
    write_summary(o, advised, catalogue, now);
    write_evidence_and_card(o, &advised.recommendation, catalogue);
}

/// Writes what a list shows: all but the figures and the card.
pub(super) fn write_summary(o: &mut ObjectWriter<'_>, advised: &Advised, catalogue: &Catalogue, now: Millis) {
    o.id("id", view::id(IdKind::Recommendation, advised.id));
    o.text("status", advised.status(now).as_str());
    write_said(o, &advised.recommendation, catalogue, version_to(advised, catalogue));
    view::instant(o, "made_at", advised.made_at);
    view::instant(o, "expires_at", advised.expires_at());
    write_decision(o, &advised.decision, catalogue);
    view::instant_or_null(o, "review_at", advised.review_at());
    match &advised.grade {
        Some(grade) => o.object("grade", |o| write_grade(o, grade)),
        None => o.null("grade"),
    };
    let rolled_back = advised.rolled_back.and_then(|price| catalogue.price(price));
    match rolled_back {
        Some(price) => o.object("rolled_back", |o| {
            o.id("price_version", view::price_id(price)).number("version", price.version);
            view::instant(o, "effective_at", price.effective_at);
        }),
        None => o.null("rolled_back"),
    };
}

/// Writes advice that was not recorded: it has no id, no time and no decision.
pub(super) fn write_draft(o: &mut ObjectWriter<'_>, draft: &Recommendation, catalogue: &Catalogue) {
    write_said(o, draft, catalogue, next_version(draft, catalogue));
    write_evidence_and_card(o, draft, catalogue);
}

/// The version that was published, or that applying would publish.
fn version_to(advised: &Advised, catalogue: &Catalogue) -> Option<u32> {
    match advised.decision {
        Decision::Applied { price, .. } => catalogue.price(price).map(|price| price.version),
        _ => next_version(&advised.recommendation, catalogue),
    }
}

fn next_version(said: &Recommendation, catalogue: &Catalogue) -> Option<u32> {
    said.proposal.as_ref()?;
    Some(base_version(said, catalogue).map_or(1, |from| from + 1))
}

fn base_version(said: &Recommendation, catalogue: &Catalogue) -> Option<u32> {
    said.base.and_then(|base| catalogue.price(base)).map(|price| price.version)
}

fn write_said(
    o: &mut ObjectWriter<'_>,
    said: &Recommendation,
    catalogue: &Catalogue,
    version_to: Option<u32>,
) {
    o.text("kind", said.kind.as_str()).text("event", view::event_name(catalogue, said.event_type));
    o.text("confidence", said.sureness().as_str());
    part(o, "probability", said.probability_bp);
    part(o, "probability_uncapped", said.uncapped_bp);
    o.boolean("exact", said.is_exact);
    credits_or_null(o, "current_credits", said.current);
    credits_or_null(o, "recommended_credits", said.recommended);
    match &said.proposal {
        Some(price) => o.object("proposal", |o| {
            o.object("rule", |o| rule::into_view(o, &price.rule));
            o.text("grid", rule::grid_name(price.grid)).text("rounding", rule::rounding_name(price.rounding));
            o.text("in_words", &price.rule.in_words(price.grid, price.rounding));
        }),
        None => o.null("proposal"),
    };
    monthly(o, "estimated_lift", &said.lift, catalogue);
    monthly(o, "if_left", &said.if_left, catalogue);
    o.text("driver", said.driver.as_str());
    number_or_null(o, "version_from", base_version(said, catalogue));
    number_or_null(o, "version_to", version_to);
    let zone = zone(catalogue);
    o.text("title", &title(said, catalogue, &|at| zone.day_number(at)));
    o.text("reason", &reason(said, catalogue));
    write_needs(o, &said.needs);
    o.array("caps", |list| {
        for cap in &said.caps {
            list.object(|o| {
                o.text("why", cap.why.as_str());
                part(o, "at", cap.at_bp);
            });
        }
    });
    o.array("guardrails", |list| {
        for guardrail in &said.guardrails {
            list.object(|o| write_guardrail(o, guardrail));
        }
    });
    o.boolean("notice_required", said.wants_notice());
    o.object("window", |o| {
        view::instant(o, "from", said.window_from);
        view::instant(o, "to", said.window_to);
    });
    o.number("cut_off", said.cut_off.0).number("method", said.method).number("seed", said.seed);
}

/// Writes what is missing before something can be acted on.
pub(super) fn write_needs(o: &mut ObjectWriter<'_>, needs: &[Need]) {
    o.array("needs", |list| {
        for need in needs {
            list.object(|o| {
                o.text("what", need.what.as_str());
                for (name, value) in [("have", need.have), ("need", need.need)] {
                    match need.what {
                        Needed::LargestCustomer | Needed::CostsKnown | Needed::Certainty => {
                            part(o, name, value);
                        }
                        Needed::PaidCredits => money(o, name, value),
                        _ => {
                            o.number(name, value);
                        }
                    }
                }
                o.text("in_words", &need_in_words(need));
            });
        }
    });
}

fn write_guardrail(o: &mut ObjectWriter<'_>, guardrail: &Guardrail) {
    o.text("rule", guardrail.rule.as_str()).boolean("kept", guardrail.is_kept);
    for (name, value) in [("value", guardrail.value), ("limit", guardrail.limit)] {
        match guardrail.rule {
            GuardrailRule::Step
            | GuardrailRule::Floor
            | GuardrailRule::Doubling
            | GuardrailRule::BillShock
            | GuardrailRule::LostCustomers => part(o, name, value),
            GuardrailRule::CoolDown
            | GuardrailRule::Reversal
            | GuardrailRule::LiveChanges
            | GuardrailRule::Blackout => {
                o.number(name, value);
            }
        }
    }
}

fn write_decision(o: &mut ObjectWriter<'_>, decision: &Decision, catalogue: &Catalogue) {
    let by = |o: &mut ObjectWriter<'_>, by: KeyNo| {
        o.shown_or_null("by", catalogue.key(by).map(|key| view::id(IdKind::Key, key.id)));
    };
    match decision {
        Decision::Open => o.null("decision"),
        Decision::Applied { price, effective_at, by: key, at, reason } => o.object("decision", |o| {
            o.text("what", "applied");
            by(o, *key);
            view::instant(o, "at", *at);
            o.text("reason", reason);
            view::price_version(o, Some(*price), catalogue);
            view::instant(o, "effective_at", *effective_at);
        }),
        Decision::Rejected { by: key, at, reason } => o.object("decision", |o| {
            o.text("what", "rejected");
            by(o, *key);
            view::instant(o, "at", *at);
            o.text("reason", reason);
        }),
        Decision::Superseded { at } | Decision::Overtaken { at } => o.object("decision", |o| {
            let is_newer_advice = matches!(decision, Decision::Superseded { .. });
            o.text("what", if is_newer_advice { "superseded" } else { "overtaken" });
            view::instant(o, "at", *at);
        }),
    };
}

fn write_grade(o: &mut ObjectWriter<'_>, grade: &Grade) {
    let outcome = &grade.outcome;
    view::instant(o, "at", grade.at);
    o.text("verdict", outcome.verdict.as_str()).boolean("provisional", outcome.is_provisional);
    o.number("days", outcome.days);
    money_range(o, "predicted", &outcome.predicted);
    match &outcome.realised {
        Some(span) => money_range(o, "realised", span),
        None => {
            o.null("realised");
        }
    }
    match outcome.cost_per_unit_nano {
        Some(nano) => money(o, "cost_per_unit", nano),
        None => {
            o.null("cost_per_unit");
        }
    }
    part_or_null(o, "margin", outcome.margin_bp);
}

fn write_evidence_and_card(o: &mut ObjectWriter<'_>, said: &Recommendation, catalogue: &Catalogue) {
    o.object("evidence", |o| write_evidence(o, &said.evidence));
    match &said.backtest {
        Some(backtest) => o.object("backtest", |o| write_backtest(o, backtest)),
        None => o.null("backtest"),
    };
    let zone = zone(catalogue);
    let local_day: LocalDay<'_> = &|at| zone.day_number(at);
    write_card(o, &card(said, catalogue, local_day));
}

fn write_card(o: &mut ObjectWriter<'_>, card: &Card) {
    o.object("card", |o| {
        o.text("title", &card.title).array("sections", |list| {
            for section in &card.sections {
                list.object(|o| {
                    o.text("heading", section.heading).array("text", |list| {
                        section.text.iter().for_each(|line| {
                            list.text(line);
                        });
                    });
                });
            }
        });
    });
}

/// A number, or null.
pub(super) fn number_or_null(o: &mut ObjectWriter<'_>, name: &str, number: Option<u32>) {
    match number {
        Some(number) => o.number(name, number),
        None => o.null(name),
    };
}
