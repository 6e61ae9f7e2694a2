//! Endpoints that are told what happens, and what was sent to them.

use chargly_api::object;
use maud::{Markup, html};

use super::tabs;
use crate::api::{Target, body_of};
use crate::json::Json;
use crate::look::{empty, fact, note, say, tag};
use crate::page::Page;
use crate::people::Role;
use crate::serve::{Done, Form};
use crate::trouble::Trouble;
use crate::visit::Visit;

/// What can be told.
const TYPES: [&str; 11] = [
    "checkout.completed",
    "checkout.held",
    "wallet.credited",
    "wallet.debited",
    "balance.updated",
    "wallet.low_balance",
    "wallet.empty",
    "credits.expiring",
    "hold.expired",
    "price.published",
    "recommendation.created",
];
/// Deliveries on a page.
const DELIVERIES: &str = "50";

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let endpoints = visit.api.get(Target::new("/v1/webhook-endpoints").with("limit", "1000")).await?;
    let list = endpoints.get("data").list();
    let content = html! {
        (tabs(visit, "settings/webhooks"))
        @if list.is_empty() {
            (empty("No endpoint yet.", &html! { p { "An endpoint of yours is told when credits come, run low or run out, and when prices change." } }))
        }
        @for one in list {
            section.chart {
                h2 { a href=(visit.link_to("settings/webhooks", one.get("id").text())) { (one.get("url").text()) } " " (state(one)) }
                p.note { (one.get("description").text()) }
                p { @for kind in one.get("types").list() { code { (kind.text()) } " " } }
            }
        }
        @if visit.person.role == Role::Approver {
            section.chart {
                h2 { "Add an endpoint" }
                form.stack method="post" {
                    (visit.form_fields("create"))
                    label { "Address (https)" input type="url" name="url" required placeholder="https://app.example.com/hooks/chargly"; }
                    label { "What you know it by" input name="description"; }
                    fieldset.choices {
                        legend { "What it is told" }
                        @for kind in TYPES { label.choice { input type="checkbox" name={ "type-" (kind) } value="yes"; span { (kind) } } }
                    }
                    label.choice { input type="checkbox" name="per_second" value="yes"; span { "Sum up debits of a wallet by the second" } }
                    button.main { "Add it, and show its secret" }
                }
            }
        }
    };
    Ok(Page {
        title: "Webhooks".into(),
        lead: "Messages are signed, sent at least once, and tried again for three days.".into(),
        content,
        ..Page::default()
    })
}

fn state(endpoint: &Json) -> Markup {
    match endpoint.get("state").text() {
        "enabled" if endpoint.get("failing_since").is_null() => tag("good", "enabled"),
        "enabled" => tag("bad", "failing"),
        _ => tag("bad", "disabled"),
    }
}

/// One endpoint, with its deliveries.
pub(crate) async fn show_one(visit: &Visit) -> Result<Page, Trouble> {
    let one = Target::new("/v1/webhook-endpoints").part(visit.param("id"));
    let deliveries =
        one.clone().then("deliveries").with("limit", DELIVERIES).with_some("state", visit.state.get("state"));
    let deliveries = deliveries.with_some("cursor", visit.state.get("cursor"));
    let [endpoint, deliveries] = visit.all([one, deliveries]).await?;
    let may = visit.person.role == Role::Approver;
    let is_enabled = endpoint.get("state").text() == "enabled";
    let zone = jiff::tz::TimeZone::UTC;
    Ok(Page {
        title: "An endpoint".into(),
        lead: endpoint.get("url").text().to_owned(),
        up: Some(("Webhooks".into(), "settings/webhooks".into())),
        content: html! {
            section.chart {
                dl.facts {
                    (fact("State", &state(&endpoint)))
                    (fact("Told", &html! { @for kind in endpoint.get("types").list() { code { (kind.text()) } " " } }))
                    @if !endpoint.get("disabled_because").is_null() { (fact("Disabled because", &html! { (endpoint.get("disabled_because").text()) })) }
                    @if !endpoint.get("failing_since").is_null() { (fact("Failing since", &html! { (say::instant(endpoint.get("failing_since").text(), &zone)) " UTC" })) }
                }
                @if may {
                    div.acts {
                        @for (action, words) in [("ping", "Send a ping"), (if is_enabled { "disable" } else { "enable" }, if is_enabled { "Disable" } else { "Enable" }), ("rotate", "New secret"), ("delete", "Delete it, with its log")] {
                            form method="post" { (visit.form_fields(action)) button { (words) } }
                        }
                    }
                }
            }
            section.chart {
                h2 { "What was sent?" }
                nav.ranges aria-label="State" {
                    @for (value, words) in [("", "All"), ("pending", "Waiting"), ("delivered", "Delivered"), ("failed", "Given up")] {
                        a href=(visit.state.with("state", value)) aria-current=[(visit.state.get("state").unwrap_or_default() == value).then_some("true")] { (words) }
                    }
                }
                @if deliveries.get("data").list().is_empty() { (note("Nothing.")) }
                @for delivery in deliveries.get("data").list() { (sent(visit, delivery, may)) }
                @if !deliveries.get("next_cursor").is_null() { p { a href=(visit.state.with("cursor", deliveries.get("next_cursor").text())) { "Earlier ones" } } }
            }
        },
        ..Page::default()
    })
}

fn sent(visit: &Visit, delivery: &Json, may: bool) -> Markup {
    let (state, zone) = (delivery.get("state").text(), jiff::tz::TimeZone::UTC);
    let body = match delivery.get("body") {
        Json::Text(text) => text.clone(),
        _ => String::new(),
    };
    html! {
        details.delivery {
            summary {
                (tag(if state == "delivered" { "good" } else if state == "failed" { "bad" } else { "" }, state)) " "
                b { (delivery.get("type").text()) } " " span.soft { (delivery.get("message").text()) " · " (say::plural(delivery.get("tries").sum().0 / crate::look::UNIT, "attempt", "attempts")) }
            }
            @if !body.is_empty() { pre { (body) } }
            @for attempt in delivery.get("attempts").list() {
                p.note { (say::instant(attempt.get("at").text(), &zone)) " UTC: " (attempt.get("result").text())
                    @if let Some(status) = attempt.get("status").amount() { " (" (status.exact()) ")" } ", " (attempt.get("took_ms").sum().exact()) " ms" }
            }
            @if may {
                form method="post" {
                    (visit.form_fields("resend"))
                    input type="hidden" name="message" value=(delivery.get("message").text());
                    button { "Send it again" }
                }
            }
        }
    }
}

pub(crate) async fn act(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    visit.needs(Role::Approver)?;
    let body = object(|o| {
        o.text("url", form.get("url")).text("description", form.get("description"));
        o.text("debits", if form.some("per_second").is_some() { "per_second" } else { "each" });
        o.array("types", |list| {
            for kind in TYPES.iter().filter(|kind| form.some(&format!("type-{kind}")).is_some()) {
                list.text(kind);
            }
        });
    });
    let made = visit.once(form, Target::new("/v1/webhook-endpoints"), body_of(body)).await?;
    Ok(secret(&made))
}

/// What one endpoint's forms do.
pub(crate) async fn act_one(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    visit.needs(Role::Approver)?;
    let one = Target::new("/v1/webhook-endpoints").part(visit.param("id"));
    let send = |method, target| visit.api.send(method, target, "{}".to_owned(), None);
    match form.get("action") {
        "ping" => {
            let answer = send("POST", one.then("ping")).await?;
            let result = answer.path("attempt.result").text();
            Ok(Done::Said(match answer.get("delivered").is_true() {
                true => "The ping arrived.".into(),
                false => format!("The ping did not arrive: {result}."),
            }))
        }
        "enable" => send("POST", one.then("enable"))
            .await
            .map(|_| Done::Said("It is sent to again, what waited first.".into())),
        "disable" => send("POST", one.then("disable"))
            .await
            .map(|_| Done::Said("Nothing is sent to it. What waits goes on waiting.".into())),
        "rotate" => visit.once(form, one.then("rotate"), "{}".into()).await.map(|made| secret(&made)),
        "delete" => send("DELETE", one)
            .await
            .map(|_| Done::At("settings/webhooks".into(), "The endpoint is gone, with its log.".into())),
        "resend" => {
            let body = object(|o| {
                o.text("message", form.get("message"));
            });
            visit.api.send("POST", one.then("resend"), body_of(body), None).await?;
            Ok(Done::Said("It is sent again.".into()))
        }
        _ => Err(Trouble::NotFound),
    }
}

fn secret(made: &Json) -> Done {
    Done::Shown(Box::new(Page {
        title: "The endpoint's secret".into(),
        up: Some(("Webhooks".into(), "settings/webhooks".into())),
        content: html! {
            section.chart {
                p { "Shown this once. What receives the messages checks their signature with it:" }
                pre { (made.get("secret").text()) }
            }
        },
        ..Page::default()
    }))
}
