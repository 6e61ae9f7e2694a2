//! Events as they commit, and a form that makes one.

use chargly_api::object;
use maud::{Markup, html};

use super::parts::{customer_cell, event_cell, number};
use crate::api::{Target, body_of};
use crate::json::Json;
use crate::look::{Cell, Column, LIVE, Table, Unit, note, say};
use crate::page::Page;
use crate::people::Role;
use crate::serve::{Done, Form};
use crate::trouble::Trouble;
use crate::visit::Visit;

/// Events that are there already when the page opens.
const ROWS: &str = "25";

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let newest = Target::new("/v1/events")
        .with("limit", ROWS)
        .with_some("event", visit.state.get("event"))
        .with_some("customer", visit.state.get("customer"));
    let [events, types] = visit.all([newest, Target::new("/v1/event-types").with("limit", "1000")]).await?;
    let zone = jiff::tz::TimeZone::UTC;
    let mut table = Table::new(vec![
        Column::text("Time"),
        Column::text("What"),
        Column::text("Event type"),
        Column::text("Customer"),
        Column::number("Credits"),
        Column::number("Left"),
    ]);
    for event in events.get("data").list() {
        let at = event.get("recorded_at").text();
        table.row(vec![
            Cell::Time(say::at(at, &zone, "%H:%M:%S"), at.to_owned()),
            Cell::Link("metered".to_owned(), visit.link_to("event", event.get("id").text())),
            event_cell(visit, event.get("event").text()),
            customer_cell(visit, event.get("customer").text()),
            Cell::Amount(Unit::Credits, event.get("credits").sum()),
            Cell::None,
        ]);
    }
    let is_filtered = visit.state.get("event").or_else(|| visit.state.get("customer")).is_some();
    let is_quiet = events.get("data").list().is_empty() && !is_filtered;
    let stream = format!("stream{}", visit.state.with("said", ""));
    let mut page = Page {
        title: "Live".into(),
        lead: "What commits, as it commits. Times are UTC.".into(),
        scripts: vec![&LIVE],
        ..Page::default()
    };
    page.content = html! {
        section.chart.live data-stream=(stream) data-customers=(visit.link("customers")) data-types=(visit.link("events")) data-events=(visit.link("event")) {
            h2 { "What happens now?" }
            div.meters {
                p { strong data-meter="rate" { "—" } " facts a second" }
                p { strong data-meter="credits" { "—" } " credits in the last minute, of those shown" }
                p { strong data-meter="refused" { "—" } " refused, of those shown" }
                svg.spark aria-hidden="true" viewBox="0 0 600 100" preserveAspectRatio="none" { polyline.line.credits data-meter="line" points="" {} }
                button type="button" data-pause hidden { "Pause" }
                p.note data-state role="status" { "Without a script this is a list of the newest events. Reload to see newer ones." }
            }
            (table.show("The newest events"))
        }
        @if is_quiet { (super::first_minute::ways(visit)) }
        (try_one(visit, &types))
    };
    Ok(page)
}

fn try_one(visit: &Visit, types: &Json) -> Markup {
    if visit.env.name() == "live" || visit.person.role < Role::Operator {
        return html! {};
    }
    let names: Vec<&str> = types
        .get("data")
        .list()
        .iter()
        .filter(|one| !one.get("archived").is_true())
        .map(|one| one.get("name").text())
        .collect();
    html! {
        section.chart {
            h2 { "Send a test event" }
            @if names.is_empty() { (note("Define an event type first: see pricing.")) } @else {
                form.act method="post" {
                    (visit.form_fields("meter"))
                    label { "Event type" select name="event" { @for name in names { option value=(name) { (name) } } } }
                    label { "Customer" input name="customer" value=(visit.state.get("customer").unwrap_or("demo_user")) required; }
                    label { "Quantity" input name="quantity" inputmode="decimal" value="1"; }
                    label { "What it cost us (may be empty)" input name="cost" inputmode="decimal" placeholder="0.04"; }
                    label { "How" select name="how" { option value="event" { "meter it at once" } option value="hold" { "hold, then capture" } } }
                    button.main { "Send it" }
                }
                (note("It is a real event of this environment: quoted first, then charged."))
            }
        }
    }
}

pub(crate) async fn act(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    visit.needs(Role::Operator)?;
    if visit.env.name() == "live" {
        return Err(Trouble::NotFound);
    }
    let quantity = number("quantity", form.some("quantity").unwrap_or("1"))?;
    let settings = visit.api.get(Target::new("/v1/settings")).await?;
    let cost = form.some("cost").map(|amount| (amount, settings.get("currency").text()));
    let base = |o: &mut chargly_api::ObjectWriter<'_>| {
        o.text("event", form.get("event"))
            .text("customer", form.get("customer"))
            .number("quantity", &quantity);
    };
    let with_cost = |o: &mut chargly_api::ObjectWriter<'_>| {
        if let Some((amount, currency)) = cost {
            o.object("cost", |o| {
                o.text("amount", amount).text("currency", currency);
            });
        }
    };
    let send = |target: Target, body: Vec<u8>, key: String| async move {
        visit.api.send("POST", target, body_of(body), Some(&key)).await
    };
    let quoted = visit.api.send("POST", Target::new("/v1/quote"), body_of(object(base)), None).await?;
    let words = quoted.get("in_words").text().to_owned();
    let event = if form.get("how") == "hold" {
        let held = send(Target::new("/v1/holds"), object(base), format!("{}-hold", form.get("key"))).await?;
        let capture = Target::new("/v1/holds").part(held.get("id").text()).then("capture");
        send(capture, object(with_cost), format!("{}-capture", form.get("key"))).await?
    } else {
        let whole = object(|o| {
            base(o);
            with_cost(o);
        });
        send(Target::new("/v1/events"), whole, form.get("key").to_owned()).await?
    };
    let (credits, left) = (event.get("credits").sum(), event.path("balance.available").sum());
    Ok(Done::Said(format!(
        "Quoted {words}; charged {}; {} has {} left. It is in the list below.",
        Unit::Credits.in_words(credits),
        form.get("customer"),
        Unit::Credits.in_words(left),
    )))
}
