//! `/v1/orders`

use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::Environment;
use chargly_engine::ledger::{Catalogue, Credits, Currency, HeldBecause, Money};
use chargly_engine::payments::Order;

use crate::call::Call;
use crate::view;

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod refund;
pub(crate) mod release;

/// The order that the path names, by an id of this kind.
pub(crate) async fn find(call: &Call, kind: IdKind) -> Result<Order, Problem> {
    let id = call.id(kind)?;
    let found = call.env.order(id).await.map_err(|error| call.problem(error))?;
    found.ok_or_else(|| Problem::not_found(kind.noun()))
}

/// Writes an order but for its id.
pub(crate) fn write_order(o: &mut ObjectWriter<'_>, order: &Order, catalogue: &Catalogue) {
    let top_up = &order.top_up;
    o.text("customer", &order.customer);
    let pack = catalogue.pack(top_up.pack);
    o.text_or_null("pack", pack.map(|pack| pack.terms.code.as_str()));
    o.shown_or_null("pack_version", pack.map(|pack| view::id(IdKind::Pack, pack.id)));
    o.number("credits", top_up.terms.credits);
    view::money_or_null(o, "price", Some(top_up.terms.price));
    o.text("provider", &top_up.provider).text("status", top_up.status.as_str());
    o.text_or_null("held_because", top_up.held_because.map(HeldBecause::as_str));
    write_payment(o, order);
    let lot = order.lot.as_ref();
    o.shown_or_null("grant_id", lot.map(|lot| view::id(IdKind::Grant, lot.id)));
    o.number("credits_left", lot.map_or(Credits::ZERO, chargly_engine::ledger::Lot::remaining));
    o.number("credits_refundable", Environment::refundable(order));
    o.object("reclaimed", |o| {
        let sums = top_up.sums;
        o.number("credits_taken_back", sums.taken).number("credits_lapsed", sums.lapsed);
        o.number("credits_owed", sums.owed).number("credits_uncollectable", sums.uncollectable);
        o.number("credits_set_aside", sums.reserved);
    });
    match top_up.refund {
        Some(refund) => {
            o.object("refund", |o| {
                o.shown("id", view::id(IdKind::Refund, refund.id)).number("credits", refund.credits);
                view::money_or_null(o, "amount", Some(refund.amount));
            });
        }
        None => {
            o.null("refund");
        }
    }
    view::instant(o, "placed_at", top_up.placed_at);
    view::instant(o, "changed_at", top_up.changed_at);
}

/// What came, and what of it went back.
fn write_payment(o: &mut ObjectWriter<'_>, order: &Order) {
    let Some(payment) = &order.top_up.payment else {
        o.null("payment");
        return;
    };
    let returns = order.top_up.returns;
    o.object("payment", |o| {
        let Money { nano, currency } = payment.subtotal;
        let mut amount = |name: &str, nano: i64| {
            o.shown(name, Money { nano, currency }.amount());
        };
        amount("subtotal", nano);
        amount("discount", payment.discount_nano);
        amount("tax", payment.tax_nano);
        amount("total", payment.total_nano);
        amount("refunded", returns.refunded_nano);
        amount("withdrawn", returns.withdrawn_nano);
        amount("disputed", returns.disputed_nano);
        o.text("currency", Currency::as_str(&currency)).text("reference", &payment.reference);
    });
}
