//! What figures, advice and checkouts depend on.

use chargly_api::{ObjectWriter, object};
use maud::{Markup, html};

use super::tabs;
use crate::api::{Target, body_of};
use crate::json::Json;
use crate::look::{Amount, note};
use crate::page::Page;
use crate::pages::parts::number;
use crate::people::Role;
use crate::serve::{Done, Form};
use crate::trouble::Trouble;
use crate::visit::Visit;

const SHORTFALLS: [(&str, &str); 3] = [
    ("debt", "they owe them"),
    ("debt_and_freeze", "they owe them; the wallet is frozen"),
    ("uncollectable", "they are written off"),
];
const OBJECTIVES: [(&str, &str); 3] =
    [("target_margin", "reach the target margin"), ("profit", "earn more"), ("revenue", "sell more")];

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let settings = visit.api.get(Target::new("/v1/settings")).await?;
    let of = |path: &str| match settings.path(path) {
        Json::Number(amount) => amount.exact(),
        other => other.text().to_owned(),
    };
    let choice = |name: &str, label: &str, choices: &[(&str, &str)], path: &str| -> Markup {
        html! { label { (label) select name=(name) { @for (value, words) in choices { option value=(value) selected[of(path) == *value] { (words) } } } } }
    };
    let tick = |name: &str, words: &str, path: &str| -> Markup {
        html! { label.choice { input type="checkbox" name=(name) value="yes" checked[settings.path(path).is_true()]; span { (words) } } }
    };
    let field = |name: &str, label: &str, path: &str, hint: &str| -> Markup {
        html! { label { (label) input name=(name) value=(of(path)) placeholder=(hint); } }
    };
    let origins: Vec<&str> = settings.get("redirect_origins").list().iter().map(Json::text).collect();
    let blackouts: Vec<String> = settings
        .path("advice.blackouts")
        .list()
        .iter()
        .map(|one| format!("{} {}", one.get("from").text(), one.get("to").text()))
        .collect();
    Ok(Page {
        title: "Settings".into(),
        lead: format!("Of {}. Every change is in the audit log, with its author.", visit.env.name()),
        content: html! {
            (tabs(visit, "settings"))
            form.stack method="post" {
                (visit.form_fields("put"))
                section.chart {
                    h2 { "Figures" }
                    div.act {
                        (field("time_zone", "Time zone", "time_zone", "Europe/Berlin"))
                        (field("target_margin", "Target margin, as a share", "target_margin", "0.6"))
                        (field("credit_value", "What a credit is worth in planning (empty: what was really paid)", "credit_value", ""))
                    }
                    (note("After a change of time zone figures are counted anew behind the old ones."))
                }
                section.chart {
                    h2 { "New customers" }
                    div.act {
                        (field("welcome_credits", "Credits at first sight", "welcome_grant.credits", "none"))
                        (field("welcome_days", "Good for days", "welcome_grant.valid_days", "for ever"))
                    }
                }
                section.chart {
                    h2 { "Sales" }
                    div.act {
                        (choice("refund_shortfall", "Credits used before a refund", &SHORTFALLS, "refund_shortfall"))
                        (choice("dispute_shortfall", "Credits used before a dispute", &SHORTFALLS, "dispute_shortfall"))
                        label { "Sites that buyers may be sent back to, one a line" textarea name="redirect_origins" rows="3" placeholder="https://app.example.com" { (origins.join("\n")) } }
                    }
                    fieldset.choices {
                        legend { "At every checkout, where the provider can" }
                        (tick("automatic_tax", "work out tax", "checkout.automatic_tax"))
                        (tick("invoices", "send an invoice", "checkout.invoices"))
                        (tick("promotion_codes", "take promotion codes", "checkout.promotion_codes"))
                    }
                }
                section.chart {
                    h2 { "Advice on prices" }
                    div.act {
                        (choice("objective", "What it is to do", &OBJECTIVES, "advice.objective"))
                        (field("margin_floor", "Never below this margin", "advice.margin_floor", "0.4"))
                        (field("dead_band", "Silent within this of the target", "advice.dead_band", "0.02"))
                        (field("step_limit", "Largest step of a price", "advice.step_limit", "0.2"))
                        (field("live_changes", "Changes at a time", "advice.live_changes", "2"))
                        (field("notice_days", "Days of notice", "advice.notice_days", "0"))
                        (field("elasticity_centre", "Expected elasticity", "advice.elasticity.centre", "-0.7"))
                        (field("elasticity_scale", "How far from it it may be", "advice.elasticity.scale", "0.6"))
                        label { "No change begins within (from to, one a line)" textarea name="blackouts" rows="2" placeholder="2026-12-20T00:00:00Z 2027-01-02T00:00:00Z" { (blackouts.join("\n")) } }
                    }
                    fieldset.choices { legend { "When" } (tick("weekly", "look by itself once a week", "advice.weekly")) }
                }
                @if visit.person.role == Role::Approver { p { button.main { "Save the settings" } } }
                @else { (note("An approver can change these.")) }
            }
        },
        ..Page::default()
    })
}

pub(crate) async fn act(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    visit.needs(Role::Approver)?;
    let welcome =
        form.some("welcome_credits").map(|text| number("welcome_grant.credits", text)).transpose()?;
    let days = form.some("welcome_days").map(|text| number("welcome_grant.valid_days", text)).transpose()?;
    let changes = form.some("live_changes").map(|text| number("advice.live_changes", text)).transpose()?;
    let notice = form.some("notice_days").map(|text| number("advice.notice_days", text)).transpose()?;
    let body = object(|o| {
        texts(
            o,
            form,
            &["time_zone", "target_margin", "credit_value", "refund_shortfall", "dispute_shortfall"],
        );
        if let Some(credits) = &welcome {
            o.object("welcome_grant", |o| {
                o.number("credits", credits);
                if let Some(days) = &days {
                    o.number("valid_days", days);
                }
            });
        }
        o.object("checkout", |o| {
            for name in ["automatic_tax", "invoices", "promotion_codes"] {
                o.boolean(name, form.some(name).is_some());
            }
        });
        o.array("redirect_origins", |list| {
            for origin in form.get("redirect_origins").split_whitespace() {
                list.text(origin);
            }
        });
        o.object("advice", |o| {
            o.boolean("weekly", form.some("weekly").is_some());
            texts(o, form, &["objective", "margin_floor", "dead_band", "step_limit"]);
            for (name, value) in [("live_changes", &changes), ("notice_days", &notice)] {
                if let Some(value) = value {
                    o.number(name, value);
                }
            }
            if let Some((centre, scale)) = form.some("elasticity_centre").zip(form.some("elasticity_scale")) {
                o.object("elasticity", |o| {
                    o.text("centre", centre).text("scale", scale);
                });
            }
            o.array("blackouts", |list| {
                for line in form.get("blackouts").lines().filter(|line| !line.trim().is_empty()) {
                    let (from, to) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
                    list.object(|o| {
                        o.text("from", from).text("to", to.trim());
                    });
                }
            });
        });
    });
    visit.api.send("PUT", Target::new("/v1/settings"), body_of(body), None).await?;
    Ok(Done::Said("Saved.".into()))
}

fn texts(o: &mut ObjectWriter<'_>, form: &Form, names: &[&str]) {
    for name in names {
        if let Some(value) = form.some(name) {
            // Shares and money are decimal strings in the API; a comma is what some people type.
            let is_decimal = Amount::parse(&value.replace(',', ".")).is_some();
            o.text(name, &if is_decimal { value.replace(',', ".") } else { value.to_owned() });
        }
    }
}
