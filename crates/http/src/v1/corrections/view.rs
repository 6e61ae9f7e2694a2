//! Corrections and their previews on the wire.

use chargly_api::{IdKind, ObjectWriter};
use chargly_engine::ledger::{Catalogue, CorrectionAction, CorrectionFilter, Position, PriceNo};
use chargly_engine::{CorrectionState, LeftAlone, Preview, Totals};

use super::{CUSTOMERS_SHOWN_MAX, Seal, credits};
use crate::call::Call;
use crate::v1::event_types::prices::rule;
use crate::view;

impl Call {
    /// The customer whom a filter is about; empty where it is about all, or the customer was erased.
    pub(super) async fn customer_of_filter(
        &self,
        filter: &CorrectionFilter,
    ) -> Result<compact_str::CompactString, chargly_api::Problem> {
        match filter.wallet {
            Some(wallet) => self.customer_of(wallet).await,
            None => Ok(Default::default()),
        }
    }
}

/// Writes what a correction would do.
pub(super) fn write_preview(
    o: &mut ObjectWriter<'_>,
    preview: &Preview,
    customer: &str,
    catalogue: &Catalogue,
) {
    o.shown("preview", Seal(preview.seal));
    o.object("filter", |o| write_filter(o, &preview.filter, customer, catalogue));
    o.object("action", |o| write_action(o, &preview.action, catalogue));
    write_totals(o, &preview.totals);
    o.number("unchanged", preview.unchanged);
    o.number("customers_total", preview.customers.len());
    o.array("customers", |list| {
        for customer in preview.customers.iter().take(CUSTOMERS_SHOWN_MAX) {
            list.object(|o| {
                o.text("customer", &customer.customer);
                write_totals(o, &customer.totals);
            });
        }
    });
    o.array("left_alone", |list| {
        for (why, events) in &preview.left_alone {
            list.object(|o| {
                o.text("reason", why.as_str()).number("events", events);
            });
        }
    });
    write_left_alone(o, &preview.left_alone_told);
}

fn write_totals(o: &mut ObjectWriter<'_>, totals: &Totals) {
    o.number("events", totals.events);
    credits(o, "credits_before", totals.before_micro);
    credits(o, "credits_after", totals.after_micro);
    credits(o, "difference", totals.after_micro - totals.before_micro);
    credits(o, "returned", totals.returned_micro);
    credits(o, "charged", totals.charged_micro);
    credits(o, "debt", totals.debt_micro);
}

fn write_left_alone(o: &mut ObjectWriter<'_>, told: &[LeftAlone]) {
    o.array("left_alone_events", |list| {
        for LeftAlone { event, why } in told {
            list.object(|o| {
                o.id("event_id", view::id(IdKind::Event, *event)).text("reason", why.as_str());
            });
        }
    });
}

/// Writes a correction as it stands.
pub(super) fn write_correction(
    o: &mut ObjectWriter<'_>,
    state: &CorrectionState,
    customer: &str,
    catalogue: &Catalogue,
) {
    let CorrectionState { record, request, undone_by, progress } = state;
    o.id("id", view::id(IdKind::Correction, record.id));
    o.text("status", if record.closed.is_some() { "done" } else { "running" });
    o.text("note", &request.note);
    o.object("filter", |o| write_filter(o, &request.filter, customer, catalogue));
    o.object("action", |o| write_action(o, &request.action, catalogue));
    let author = catalogue.key(record.author).map(|key| view::id(IdKind::Key, key.id));
    o.shown_or_null("author", author);
    view::instant(o, "opened_at", record.opened_at);
    view::instant_or_null(o, "closed_at", record.closed.map(|closed| closed.at));
    o.number("events_previewed", request.events);
    match record.closed {
        Some(closed) => {
            o.number("events", closed.sums.events);
            credits(o, "returned", closed.sums.returned_micro);
            credits(o, "charged", closed.sums.charged_micro);
            credits(o, "difference", closed.sums.charged_micro - closed.sums.returned_micro);
            o.number("left_alone", closed.sums.left_alone);
        }
        None => {
            o.number("events", progress.changed).null("returned").null("charged").null("difference");
            o.number("left_alone", progress.left_alone);
        }
    }
    write_left_alone(o, &progress.left_alone_told);
    o.shown_or_null("undoes", record.undoes.and_then(|undoes| correction_id(catalogue, undoes)));
    o.shown_or_null("undone_by", undone_by.map(|by| view::id(IdKind::Correction, by)));
}

fn correction_id(catalogue: &Catalogue, position: Position) -> Option<chargly_api::Id> {
    catalogue.correction(position).map(|known| view::id(IdKind::Correction, known.id))
}

fn write_filter(o: &mut ObjectWriter<'_>, filter: &CorrectionFilter, customer: &str, catalogue: &Catalogue) {
    let CorrectionFilter { event_type, wallet, from, to, price, dimension, events } = filter;
    if let Some(event_type) = event_type {
        o.text("event", view::event_name(catalogue, *event_type));
    }
    if wallet.is_some() {
        o.text_or_null("customer", Some(customer).filter(|customer| !customer.is_empty()));
    }
    if let Some(from) = from {
        view::instant(o, "from", *from);
    }
    if let Some(to) = to {
        view::instant(o, "to", *to);
    }
    if price.is_some() {
        view::price_version(o, *price, catalogue);
    }
    if let Some(dimension) = dimension {
        o.object("dimension", |o| {
            o.text("name", &dimension.name).text("value", &dimension.value);
        });
    }
    if !events.is_empty() {
        o.number("ids", events.len());
    }
}

fn write_action(o: &mut ObjectWriter<'_>, action: &CorrectionAction, catalogue: &Catalogue) {
    match action {
        CorrectionAction::Reverse => {
            o.boolean("reverse", true);
        }
        CorrectionAction::Reprice { price } => {
            o.object("reprice", |o| view::price_version(o, Some::<PriceNo>(*price), catalogue));
        }
        CorrectionAction::RepriceBy { rule, grid, rounding } => {
            o.object("reprice", |o| {
                o.object("rule", |o| rule::into_view(o, rule));
                o.text("grid", rule::grid_name(*grid)).text("rounding", rule::rounding_name(*rounding));
            });
        }
        CorrectionAction::Undo { correction } => {
            o.shown_or_null("undo", correction_id(catalogue, *correction));
        }
    }
}
