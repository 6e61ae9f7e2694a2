//! API keys of this environment.

use chargly_api::object;
use maud::{Markup, html};

use super::tabs;
use crate::api::{Target, body_of};
use crate::json::Json;
use crate::look::{Cell, Column, Table, note, say, tag};
use crate::page::Page;
use crate::people::Role;
use crate::serve::{Done, Form};
use crate::trouble::Trouble;
use crate::visit::Visit;

/// What a key may do, in the API's words and in a person's.
const SCOPES: [(&str, &str); 6] = [
    ("meter", "meter events, place holds, start checkouts"),
    ("record", "record finished work although the wallet cannot pay"),
    ("read", "read wallets, events and figures"),
    ("grant", "grant, reverse, refund, freeze"),
    ("prices", "change prices, and decide on advice"),
    ("admin", "settings, keys, webhooks, audit, erasure"),
];

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let mut page = Page {
        title: "Keys".into(),
        lead: "Programs and agents use keys. A secret is shown once and kept as a hash only.".into(),
        ..Page::default()
    };
    if visit.person.role != Role::Approver {
        page.content = html! { (tabs(visit, "settings/keys")) section.chart { p { "Keys are an approver's business." } } };
        return Ok(page);
    }
    let keys = visit.api.get(Target::new("/v1/keys").with("limit", "1000")).await?;
    let mut table = Table::new(["Key", "Scopes", "State", "Made", "", ""].map(Column::text).into());
    for key in keys.get("data").list() {
        let (id, is_alive) = (key.get("id").text(), key.get("state").text() != "revoked");
        let scopes: Vec<&str> = key.get("scopes").list().iter().map(Json::text).collect();
        let zone = jiff::tz::TimeZone::UTC;
        let created = key.get("created_at").text();
        table.row(vec![
            Cell::Drawn(
                html! { b { (key.get("label").text()) } br; span.soft { "…" (key.get("hint").text()) } },
                key.get("label").text().to_owned(),
            ),
            Cell::text(scopes.join(", ")),
            Cell::Drawn(
                if is_alive { tag("good", "alive") } else { tag("bad", "revoked") },
                if is_alive { "alive".into() } else { "revoked".into() },
            ),
            Cell::Time(say::day(created, &zone), created.to_owned()),
            Cell::Drawn(
                if is_alive {
                    press(visit, "rotate", id, "Rotate")
                } else {
                    html! {}
                },
                String::new(),
            ),
            Cell::Drawn(
                if is_alive {
                    press(visit, "revoke", id, "Revoke")
                } else {
                    html! {}
                },
                String::new(),
            ),
        ]);
    }
    page.content = html! {
        (tabs(visit, "settings/keys"))
        section.chart {
            h2 { "Make a key" }
            form.stack method="post" {
                (visit.form_fields("create"))
                label { "What it is for" input name="label" required placeholder="backend"; }
                fieldset.choices {
                    legend { "What it may do" }
                    @for (scope, words) in SCOPES {
                        label.choice { input type="checkbox" name={ "scope-" (scope) } value="yes" checked[scope == "meter" || scope == "read"]; span { b { (scope) } " " (words) } }
                    }
                }
                button.main { "Make the key, and show its secret" }
            }
        }
        (page.sheet.table_with(&visit.state, "keys", "Which keys are there?", table,
            &note("Rotating makes a new key; the old one goes on for an hour. A revoked key is dead at once. Those named “at the dashboard” are people.")))
    };
    Ok(page)
}

fn press(visit: &Visit, action: &str, id: &str, words: &str) -> Markup {
    html! {
        form method="post" {
            (visit.form_fields(action))
            input type="hidden" name="id" value=(id);
            button { (words) }
        }
    }
}

pub(crate) async fn act(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    visit.needs(Role::Approver)?;
    let key = Target::new("/v1/keys");
    match form.get("action") {
        "create" => {
            let body = object(|o| {
                o.text("label", form.get("label"));
                o.array("scopes", |list| {
                    for (scope, _) in
                        SCOPES.iter().filter(|(scope, _)| form.some(&format!("scope-{scope}")).is_some())
                    {
                        list.text(scope);
                    }
                });
            });
            let made = visit.once(form, key, body_of(body)).await?;
            Ok(shown_once(visit, &made))
        }
        "rotate" => {
            let rotate = key.part(form.get("id")).then("rotate");
            let made = visit.once(form, rotate, "{}".into()).await?;
            Ok(shown_once(visit, &made))
        }
        "revoke" => {
            visit.api.send("DELETE", key.part(form.get("id")), String::new(), None).await?;
            Ok(Done::Said("The key is dead.".into()))
        }
        _ => Err(Trouble::NotFound),
    }
}

fn shown_once(visit: &Visit, made: &Json) -> Done {
    let secret = made.get("secret").text();
    Done::Shown(Box::new(Page {
        title: format!("The key {}", made.get("label").text()),
        up: Some(("Keys".into(), "settings/keys".into())),
        content: html! {
            section.chart {
                p { "Its secret, shown this once. Put it where your program reads it:" }
                pre { "export CHARGLY_SECRET_KEY=" (secret) }
                p { "And a first call with it, in " (visit.env.name()) ":" }
                pre { "curl -sS -X POST " (visit.address) "/v1/events \\\n  -H 'authorization: Bearer " (secret) "' \\\n  -H 'content-type: application/json' \\\n  -d '{\"event\":\"image.generate\",\"customer\":\"user_42\"}'" }
            }
        },
        ..Page::default()
    }))
}
