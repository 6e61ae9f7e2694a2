//! `GET /v1/events/{id}`: one event, as it was charged and what became of it.

use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::StoredFact;
use chargly_engine::ledger::{
    Amended, Catalogue, Charge, Cost, Draw, EventTypeNo, Facets, Fact, Lot, Millis, Money, Quantity, Usage,
    Wallet, WalletEvent, cost_of_event,
};

use compact_str::CompactString;

use super::sent_cost::{write_cost, write_usage};
use crate::answer::Answer;
use crate::call::Call;
use crate::view;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let id = call.id(IdKind::Event)?;
    let stored = call.env.event(id).await.map_err(|error| call.problem(error))?;
    let amended =
        call.env.amended(&[id]).await.map_err(|error| call.problem(error))?.pop().unwrap_or_default();
    let wallet = match &stored.fact {
        Fact::Wallet(fact) => {
            call.env.wallet_no(fact.header.wallet).await.map_err(|error| call.problem(error))?
        }
        _ => None,
    };
    let attached = attached_to(&call, &amended).await?;
    let catalogue = call.env.catalogue();
    let state = (&amended, attached.as_deref());
    Ok(Answer::object(|o| write_stored_event(o, &stored, state, wallet.as_deref(), &catalogue)))
}

/// The properties that were attached to an event after it was charged.
pub(super) async fn attached_to(call: &Call, amended: &Amended) -> Result<Option<CompactString>, Problem> {
    let Some(annotation) = &amended.annotation else { return Ok(None) };
    call.env.attached(annotation.position).await.map_err(|error| call.problem(error))
}

/// Writes an event with its current state. Its wallet knows the customer and the ids of lots.
pub(super) fn write_stored_event(
    o: &mut ObjectWriter<'_>,
    stored: &StoredFact,
    (amended, attached): (&Amended, Option<&str>),
    wallet: Option<&Wallet>,
    catalogue: &Catalogue,
) {
    let Some(known) = Known::of(stored) else { return };
    let charge = known.charge;
    let customer = wallet.map_or("", |wallet| &wallet.customer);
    o.shown("id", view::id(IdKind::Event, stored.id));
    o.text("event", view::event_name(catalogue, known.event_type)).text("customer", customer);
    o.number("quantity", known.quantity)
        .number("credits", charge.credits)
        .number("reversed", amended.reversed);
    let latest = amended.cost.or(known.cost);
    write_cost(o, "cost", latest, amended.cost.map(|_| known.cost), catalogue);
    if let Some(usage) = known.usage {
        write_usage(o, usage);
    }
    let revenue_nano = charge.revenue_nano() + amended.revenue_nano;
    o.object("revenue", |o| {
        o.shown("amount", Money::amount_of(revenue_nano)).shown("currency", catalogue.currency.as_str());
    });
    o.array("lots", |list| {
        for draw in &charge.draws {
            let lot = wallet.and_then(|wallet| wallet.lot(draw.lot));
            list.object(|o| write_draw(o, draw, lot, catalogue));
        }
    });
    o.number("debt", charge.debt)
        .number("debt_settled", amended.settled)
        .number("uncharged", amended.uncharged_left(charge))
        .number("collected", amended.collected);
    view::price_version(o, charge.price, catalogue);
    match stored.payload.known().properties.as_deref().or(attached) {
        Some(properties) => o.raw("properties", properties.as_bytes()),
        None => o.null("properties"),
    };
    if let Some(hold) = known.hold {
        o.shown("hold_id", hold);
    }
    view::instant(o, "occurred_at", known.occurred_at.unwrap_or(stored.at));
    view::instant(o, "recorded_at", stored.at);
}

/// What an event's own fact says of it.
pub(super) struct Known<'a> {
    event_type: EventTypeNo,
    quantity: Quantity,
    /// What it was known to cost when it was recorded.
    pub(super) cost: Option<Cost>,
    usage: Option<&'a Usage>,
    occurred_at: Option<Millis>,
    pub(super) charge: &'a Charge,
    hold: Option<chargly_api::Id>,
}

impl<'a> Known<'a> {
    pub(super) fn of(stored: &'a StoredFact) -> Option<Self> {
        let Fact::Wallet(fact) = &stored.fact else { return None };
        match &fact.event {
            WalletEvent::Metered { request, charge, facets } => Some(Self {
                event_type: request.event_type,
                quantity: request.quantity,
                cost: cost_of_event(request.cost, facets.as_deref()),
                usage: usage_of(facets.as_deref()),
                occurred_at: request.occurred_at,
                charge,
                hold: None,
            }),
            WalletEvent::HoldCaptured { request, of, charge, facets, .. } => Some(Self {
                event_type: of.event_type,
                quantity: of.quantity,
                cost: cost_of_event(request.cost, facets.as_deref()),
                usage: usage_of(facets.as_deref()),
                occurred_at: None,
                charge,
                hold: Some(view::id(IdKind::Hold, request.hold)),
            }),
            _ => None,
        }
    }
}

fn usage_of(facets: Option<&Facets>) -> Option<&Usage> {
    facets.and_then(|facets| facets.usage.as_ref())
}

fn write_draw(o: &mut ObjectWriter<'_>, draw: &Draw, lot: Option<&Lot>, catalogue: &Catalogue) {
    let revenue = Money { nano: draw.revenue_nano, currency: catalogue.currency };
    o.shown_or_null("grant_id", lot.map(|lot| view::id(IdKind::Grant, lot.id)));
    o.number("credits", draw.credits);
    view::money_or_null(o, "revenue", Some(revenue));
}
