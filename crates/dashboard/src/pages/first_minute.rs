//! The first minute: a first event with a key made on the spot, and sample data to look around in.

use chargly_api::object;
use maud::{Markup, html};

use crate::api::{Target, body_of};
use crate::look::{FIRST, empty, note};
use crate::page::Page;
use crate::people::Role;
use crate::sample::{SAMPLE, SampleData, SampleState};
use crate::serve::{Done, Form};
use crate::trouble::Trouble;
use crate::visit::Visit;

/// What a key is called that is made here.
const KEY_LABEL: &str = "First event";
/// Who the example is about.
const CUSTOMER: &str = "demo_user";

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let is_loading = matches!(state(visit), Some(SampleState::Loading { .. }));
    Ok(Page {
        title: "The first minute".into(),
        lead: "Send an event of your own, or look around in a product that is made up.".into(),
        content: ways(visit),
        scripts: if is_loading { vec![&FIRST] } else { Vec::new() },
        ..Page::default()
    })
}

/// What stands on a page on which there is nothing to show yet: what will be here, and two ways to begin.
pub(super) fn nothing_yet(visit: &Visit, what: &str) -> Markup {
    html! {
        (empty("Nothing was metered yet.", &html! { p { (what) } }))
        (ways(visit))
    }
}

/// Two ways to begin, where nothing was ever metered; nothing elsewhere.
pub(super) async fn ways_if_new(visit: &Visit) -> Result<Markup, Trouble> {
    Ok(if is_new(visit).await? {
        ways(visit)
    } else {
        html! {}
    })
}

/// Whether nothing was ever metered.
pub(super) async fn is_new(visit: &Visit) -> Result<bool, Trouble> {
    let any = visit.api.get(Target::new("/v1/events").with("limit", "1")).await?;
    Ok(any.get("data").list().is_empty())
}

/// Two ways to begin.
pub(super) fn ways(visit: &Visit) -> Markup {
    html! { div.two { (event(visit)) (sample(visit)) } }
}

fn state(visit: &Visit) -> Option<SampleState> {
    visit.sample.as_deref().map(SampleData::state)
}

fn press(visit: &Visit, action: &str, words: &str) -> Markup {
    html! {
        form method="post" action=(visit.link("first-minute")) {
            (visit.form_fields(action))
            button.main { (words) }
        }
    }
}

fn event(visit: &Visit) -> Markup {
    let is_approver = visit.person.role == Role::Approver;
    html! {
        section.chart {
            h2 { "Send a first event" }
            @if visit.env.name() == "live" {
                p { "Real customers are metered here. Try it in test first: it has an event type, a customer and credits." }
                p { a.button href={ (visit.root) "dashboard/test/first-minute" } { "To test" } }
            } @else if is_approver {
                p { "A key that may only meter, made now and shown once, in a line to run. The page notices when the event arrives." }
                (press(visit, "key", "Make a key, and show the line"))
            } @else {
                p { "Ask an approver for a key, or send a test event from the live page." }
                p { a.button href=(visit.link("live")) { "Watch for events" } }
            }
        }
    }
}

fn sample(visit: &Visit) -> Markup {
    let Some(state) = state(visit) else { return html! {} };
    let is_approver = visit.person.role == Role::Approver;
    let there = format!("{}dashboard/{SAMPLE}/overview", visit.root);
    html! {
        section.chart {
            h2 { "Look around in sample data" }
            @match state {
                SampleState::Loading { days, of } => {
                    p role="status" data-reload="" { "Simulating: " (days) " of " (of) " days." }
                    progress value=(days) max=(of) { (days) " of " (of) }
                    (note("It goes on if you leave. Without a script, reload to see how far it is."))
                }
                SampleState::There => {
                    p { a.button href=(there) { "Open the sample data" } }
                    @if is_approver { (remove(visit)) }
                }
                state => {
                    @if let SampleState::Failed(why) = &state { p.trouble role="alert" { "It could not be made: " (why) } }
                    p { "A made-up product of 90 days: 60 customers, four event types, a price change, a provider that "
                        "became dearer. It is an environment of its own, in no figure of test or live, and gone at a press." }
                    @if is_approver { (press(visit, "load", "Load sample data")) } @else { (note("An approver can load it.")) }
                }
            }
        }
    }
}

/// The button that drops the sample data, wherever it stands.
pub(crate) fn remove(visit: &Visit) -> Markup {
    html! {
        form method="post" action={ (visit.root) "dashboard/" (visit.env.name()) "/first-minute" } {
            (visit.form_fields("remove"))
            button { "Remove the sample data" }
        }
    }
}

pub(crate) async fn act(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    visit.needs(Role::Approver)?;
    let sample = || visit.sample.as_deref().ok_or(Trouble::NotFound);
    match form.get("action") {
        "key" if visit.env.name() != "live" => first_key(visit, form).await,
        "load" => {
            sample()?.load();
            tracing::info!(by = visit.person.name, "loading sample data");
            Ok(Done::At("first-minute".into(), "The sample data is being made.".into()))
        }
        "remove" => {
            sample()?.remove().await.map_err(|error| Trouble::internal(&error))?;
            visit.people.forget_keys(SAMPLE).map_err(|error| Trouble::internal(&error))?;
            tracing::info!(by = visit.person.name, "removed the sample data");
            Ok(Done::Elsewhere("test", "overview".into(), "The sample data is gone.".into()))
        }
        _ => Err(Trouble::NotFound),
    }
}

/// A key that is shown once, in the line that uses it.
async fn first_key(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    let [types, settings] = visit
        .all([Target::new("/v1/event-types").with("limit", "1000"), Target::new("/v1/settings")])
        .await?;
    let event = types.get("data").list().iter().find(|one| !one.get("archived").is_true());
    let Some(event) = event.map(|one| one.get("name").text()) else {
        return Ok(Done::Said("Define an event type first: there is nothing to meter yet.".into()));
    };
    let body = object(|o| {
        o.text("label", KEY_LABEL).array("scopes", |list| {
            list.text("meter");
        });
    });
    let made = visit.once(form, Target::new("/v1/keys"), body_of(body)).await?;
    let line = curl(
        &visit.address,
        made.get("secret").text(),
        event,
        settings.get("currency").text(),
        form.get("key"),
    );
    Ok(Done::Shown(Box::new(Page {
        title: "Your first event".into(),
        up: Some(("The first minute".into(), "first-minute".into())),
        content: html! {
            section.chart data-first="stream" data-then=(visit.link("live")) {
                h2 { "Run this" }
                pre { (line) }
                p role="status" data-state { "Without a script, run it and then open the live page." }
                (note("The key may only meter, in this environment, and is shown this once. Revoke it under Settings → Keys."))
                p { a.button href=(visit.link("live")) { "Watch for events" } }
            }
        },
        scripts: vec![&FIRST],
        ..Page::default()
    })))
}

/// The line, for a shell. The event's name and the address have nothing in them that a shell reads.
fn curl(address: &str, secret: &str, event: &str, currency: &str, key: &str) -> String {
    let body = object(|o| {
        o.text("event", event)
            .text("customer", CUSTOMER)
            .text("idempotency_key", &format!("first-event-{key}"));
        o.object("cost", |o| {
            o.text("amount", "0.04").text("currency", currency);
        });
    });
    let body = body_of(body).replace('\'', "'\\''");
    format!(
        "curl -sS {address}/v1/events \\\n  -H 'authorization: Bearer {secret}' \\\n  \
         -H 'content-type: application/json' \\\n  -d '{body}'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_is_what_a_shell_takes() {
        assert_eq!(
            curl("http://127.0.0.1:8080", "sk_test_x", "it's", "usd", "1"),
            "curl -sS http://127.0.0.1:8080/v1/events \\\n  -H 'authorization: Bearer sk_test_x' \\\n  \
             -H 'content-type: application/json' \\\n  \
             -d '{\"event\":\"it'\\''s\",\"customer\":\"demo_user\",\"idempotency_key\":\"first-event-1\",\
             \"cost\":{\"amount\":\"0.04\",\"currency\":\"usd\"}}'"
        );
    }
}
