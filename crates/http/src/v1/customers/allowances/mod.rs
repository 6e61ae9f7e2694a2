//! `/v1/customers/{customer}/allowances`: credits that a customer gets again every day, week or month.

use chargly_api::{IdKind, ObjectWriter};
use chargly_engine::ledger::{Allowance, AllowanceRequest, Catalogue, Millis};

use crate::view;

pub(crate) mod end;
pub(crate) mod list;
pub(crate) mod put;

fn write_terms(o: &mut ObjectWriter<'_>, terms: &AllowanceRequest, catalogue: &Catalogue) {
    o.text("code", &terms.code).number("credits", terms.credits).text("period", terms.period.as_str());
    o.object("rollover", |o| {
        o.number("min", terms.rollover_min).number("max", terms.rollover_max);
    });
    o.number("priority", terms.priority);
    o.array("scope", |list| {
        for event_type in &terms.scope {
            list.text(view::event_name(catalogue, *event_type));
        }
    });
}

fn write_allowance(o: &mut ObjectWriter<'_>, allowance: &Allowance, catalogue: &Catalogue) {
    o.shown("id", view::id(IdKind::Allowance, allowance.id));
    write_terms(o, &allowance.terms, catalogue);
    o.number("periods", allowance.periods);
    view::instant(o, "starts_at", allowance.first);
    view::instant_or_null(o, "next_at", Some(allowance.next_at()).filter(|at| *at != Millis::NEVER));
}
