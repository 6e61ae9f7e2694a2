//! Who takes payments, where they tell what happened, and whether the connection works. Secrets are set where the server
//! is started, and shown nowhere.

use chargly_engine::payments::ConnectionVerdict;
use maud::{Markup, html};

use super::tabs;
use crate::api::Target;
use crate::json::Json;
use crate::look::{empty, fact, note, say, tag};
use crate::page::Page;
use crate::people::Role;
use crate::serve::{Done, Form};
use crate::trouble::Trouble;
use crate::visit::Visit;

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let providers = visit.api.get(Target::new("/v1/payment-providers")).await?;
    let list = providers.get("data").list();
    Ok(Page {
        title: "Payments".into(),
        lead:
            "Who takes the money for credits. Keys are given to the server at its start, and shown nowhere."
                .into(),
        content: html! {
            (tabs(visit, "settings/payments"))
            @if providers.get("paused").is_true() {
                p.trouble role="status" { "Since a backup was restored nothing is asked of a provider. " code { "chargly resume-effects" } " lets it go on." }
            }
            @if list.is_empty() { (nobody(visit)) }
            @for one in list { (provider(visit, one)) }
            @if list.len() == 1 && visit.env.name() == "test" && list[0].get("provider").text() == "sandbox" {
                (how_to_connect(visit))
            }
        },
        ..Page::default()
    })
}

fn nobody(visit: &Visit) -> Markup {
    html! {
        (empty("Nothing can be bought here yet.", &html! { p { "Connect this environment to Stripe, and its packs are for sale." } }))
        (how_to_connect(visit))
    }
}

/// One provider: how it is connected, and the button.
fn provider(visit: &Visit, one: &Json) -> Markup {
    let name = one.get("provider").text();
    let text = |field: &str| html! { (one.get(field).text()) };
    html! {
        section.chart id=(name) {
            h2 {
                (called(name)) " "
                @if one.get("mode").text() == "live" { (tag("good", "real money")) } @else { (tag("", "test mode")) }
                @if !one.get("takes_orders").is_true() { " " (tag("", "earlier orders only")) }
            }
            dl.facts {
                @if one.get("address").is_null() {
                    (fact("Where", &html! { "A page of this server with buttons, which stands for the buyer's bank" }))
                } @else {
                    (fact("Where", &text("address")))
                    (fact("Version of its API", &text("api_version")))
                }
            }
            @if !one.get("webhook").is_null() { (webhook(visit, one.get("webhook"))) }
            @if visit.person.role >= Role::Operator {
                form method="post" {
                    (visit.form_fields("test"))
                    input type="hidden" name="provider" value=(name);
                    button { "Test the connection" }
                }
                (note("It asks for one thing, once, and changes nothing."))
            } @else { (note("Testing the connection takes the role operator.")) }
        }
    }
}

/// Where the provider tells what happened, and whether it does.
fn webhook(visit: &Visit, webhook: &Json) -> Markup {
    let zone = jiff::tz::TimeZone::UTC;
    let last = webhook.get("last_notice_at").text();
    html! {
        dl.facts {
            (fact("Enter this at Stripe as the address of a webhook", &html! { code.long { (webhook.get("url").text()) } }))
            (fact("Its signing secret", &html! {
                @if webhook.get("has_secret").is_true() { (tag("good", "is set")) }
                @else { (tag("bad", "is missing")) " No notice is believed without it: " code { (variable(visit, "WEBHOOK_SECRET")) } }
            }))
            (fact("The last notice came", &html! {
                @if last.is_empty() { span.none { "never" } } @else { time datetime=(last) { (say::instant(last, &zone)) } " UTC" }
            }))
        }
        @if last.is_empty() {
            (note("Orders are settled without notices too: whoever comes back, and a look now and then, ask how they stand. With notices it is at once."))
        }
    }
}

fn how_to_connect(visit: &Visit) -> Markup {
    html! {
        section.chart {
            h2 { "How is it connected to Stripe?" }
            p { "Start the server with these two. The guide says which events to subscribe to, and what a restricted key has to be allowed." }
            pre { (variable(visit, "SECRET_KEY")) "=sk_" (visit.env.name()) "_…\n" (variable(visit, "WEBHOOK_SECRET")) "=whsec_…" }
            p.note { "The address of the webhook at Stripe: " code.long { (visit.env.public_url().map_or(visit.address.as_str(), |url| url)) "/v1/stripe/webhook" } }
        }
    }
}

/// The environment variable of a secret.
fn variable(visit: &Visit, of: &str) -> String {
    format!("CHARGLY_STRIPE_{}_{of}", visit.env.name().to_ascii_uppercase())
}

fn called(name: &str) -> &str {
    match name {
        "stripe" => "Stripe",
        "sandbox" => "Sandbox",
        other => other,
    }
}

pub(crate) async fn act(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    visit.needs(Role::Operator)?;
    if form.get("action") != "test" {
        return Err(Trouble::NotFound);
    }
    let target = Target::new("/v1/payment-providers").part(form.get("provider")).then("test");
    let answer = visit.api.send("POST", target, "{}".to_owned(), None).await?;
    let words = in_words(&answer);
    if answer.get("verdict").text() == ConnectionVerdict::Good.as_str() {
        return Ok(Done::Said(words));
    }
    let mut page = show(visit).await?;
    page.content = html! { p.trouble role="alert" { (words) } (page.content) };
    Ok(Done::Shown(Box::new(page)))
}

/// What came of the test, and what to do about it.
fn in_words(answer: &Json) -> String {
    let (name, said) = (called(answer.get("provider").text()), answer.get("said").text());
    let found = answer.get("verdict").text();
    let verdict = ConnectionVerdict::ALL.into_iter().find(|verdict| verdict.as_str() == found);
    let said = said.trim_end_matches('.');
    match verdict {
        Some(ConnectionVerdict::Good) if name == "Sandbox" => {
            "The sandbox works: it is part of this server.".to_owned()
        }
        Some(ConnectionVerdict::Good) => {
            format!("The connection works: {name} answers, knows the key, and it is of the right mode.")
        }
        Some(ConnectionVerdict::KeyRefused) => format!(
            "{name} does not know the key: {said}. Take it from Developers, API keys, once more, and start the server with it."
        ),
        Some(ConnectionVerdict::NotAllowed) => format!(
            "{name} knows the key, which may not read events: {said}. Allow it that, or take a key that may."
        ),
        Some(ConnectionVerdict::OtherMode) => {
            format!("The key is of the other mode: {said}. Take the one of this environment's mode.")
        }
        Some(ConnectionVerdict::Unreachable) => format!(
            "{name} cannot be reached: {said}. Look whether this server may call out, and try again. Nothing is lost meanwhile."
        ),
        Some(ConnectionVerdict::NotUnderstood) | None => {
            format!("{name} answered something that is not understood: {said}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_says_what_to_do() {
        for (verdict, said, expected) in [
            ("good", "", "The connection works"),
            (
                "key_refused",
                "Invalid API Key provided: sk_test_****",
                "does not know the key: Invalid API Key",
            ),
            ("not_allowed", "permission", "may not read events: permission. Allow"),
            ("other_mode", "the account's events are of live mode", "of the other mode"),
            ("unreachable", "no connection", "cannot be reached: no connection. Look"),
            ("not_understood", "events", "not understood: events."),
            ("something_new", "x", "not understood: x."),
        ] {
            let answer = format!(r#"{{"provider":"stripe","verdict":"{verdict}","said":"{said}"}}"#);
            let words = in_words(&Json::parse(&answer).expect("JSON"));
            assert!(words.contains(expected), "{words}");
        }
    }
}
