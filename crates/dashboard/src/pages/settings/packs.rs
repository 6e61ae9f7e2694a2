//! What customers can buy.

use chargly_api::object;
use maud::{Markup, html};

use super::tabs;
use crate::api::{Target, body_of};
use crate::json::Json;
use crate::look::{Amount, Cell, Column, Currency, Table, Unit, note, tag};
use crate::page::Page;
use crate::pages::parts::number;
use crate::people::Role;
use crate::serve::{Done, Form};
use crate::trouble::Trouble;
use crate::visit::Visit;

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let [packs, settings] =
        visit.all([Target::new("/v1/packs").with("all", "true"), Target::new("/v1/settings")]).await?;
    let money = Unit::Money(Currency::of(settings.get("currency").text()));
    let mut page = Page {
        title: "Packs".into(),
        lead: "A change is a new version: orders keep the one that they were placed with.".into(),
        ..Page::default()
    };
    let edited = visit
        .state
        .get("edit")
        .and_then(|code| packs.get("data").list().iter().find(|pack| pack.get("code").text() == code));
    let mut table = Table::new(vec![
        Column::text("Pack"),
        Column::number("Credits"),
        Column::number("Bonus"),
        Column::number("Price"),
        Column::number("A credit costs"),
        Column::text("State"),
        Column::text(""),
    ]);
    for pack in packs.get("data").list() {
        let credits = pack.get("credits").sum().plus(pack.get("bonus_credits").sum());
        let (price, code) = (pack.path("price.amount").sum(), pack.get("code").text());
        let is_active = pack.get("active").is_true();
        table.row(vec![
            Cell::Drawn(html! { b { (pack.get("name").text()) } br; span.soft { (code) @if !pack.get("audience").text().is_empty() { " · " (pack.get("audience").text()) } } }, code.to_owned()),
            Cell::Amount(Unit::Credits, pack.get("credits").sum()),
            Cell::Amount(Unit::Credits, pack.get("bonus_credits").sum()),
            Cell::Amount(money, price),
            Cell::some(money, price.share_of(credits)),
            Cell::Drawn(
                if is_active { tag("good", "for sale") } else { tag("", "retired") },
                if is_active { "for sale".into() } else { "retired".into() },
            ),
            Cell::Drawn(
                html! {
                    a href=(visit.state.with("edit", code)) { "Change" } " "
                    form method="post" {
                        (visit.form_fields(if is_active { "retire" } else { "restore" }))
                        input type="hidden" name="code" value=(code);
                        button.quiet { (if is_active { "Retire" } else { "Sell again" }) }
                    }
                },
                String::new(),
            ),
        ]);
    }
    let list = page.sheet.table_with(&visit.state, "packs", "What can be bought?", table,
        &note("The price of a credit counts the bonus. Customers see name, audience, credits, price and the discount line."));
    page.content = html! { (tabs(visit, "settings/packs")) (list) (form(visit, edited)) };
    Ok(page)
}

fn form(visit: &Visit, pack: Option<&Json>) -> Markup {
    // What was typed stays where nothing was done with it.
    let typed = |name: &str| Some(visit.typed("put", name).to_owned()).filter(|typed| !typed.is_empty());
    let of = |name: &str| pack.map_or("", |pack| pack.path(name).text()).to_owned();
    let text = |name: &str| typed(name).unwrap_or_else(|| of(name));
    let amount = |name: &str, path: &str| {
        let now = || pack.and_then(|pack| pack.path(path).amount()).map_or_else(String::new, Amount::exact);
        typed(name).unwrap_or_else(now)
    };
    let number = |name: &str| amount(name, name);
    html! {
        section.chart {
            h2 { @if pack.is_some() { "Change " (of("name")) } @else { "Add a pack" } }
            form.act method="post" {
                (visit.form_fields("put"))
                label { "Code" input name="code" value=(text("code")) required placeholder="starter_500"; }
                label { "Name" input name="name" value=(text("name")) required placeholder="Starter"; }
                label { "Credits" input name="credits" inputmode="decimal" value=(number("credits")) required; }
                label { "Bonus credits" input name="bonus_credits" inputmode="decimal" value=(number("bonus_credits")); }
                label { "Price" input name="price" inputmode="decimal" value=(amount("price", "price.amount")) required; }
                label { "Good for days (empty: for ever)" input name="valid_days" inputmode="numeric" value=(number("valid_days")); }
                label { "Who it is for" input name="audience" value=(text("audience")) placeholder="For a first try."; }
                label { "Discount line" input name="discount_line" value=(text("discount_line")) placeholder="Save 10 %."; }
                label { "Place in the list" input name="order" inputmode="numeric" value=(number("order")); }
                button.main { @if pack.is_some() { "Publish the new version" } @else { "Add the pack" } }
            }
        }
    }
}

pub(crate) async fn act(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    visit.needs(Role::Approver)?;
    let pack = Target::new("/v1/packs").part(form.get("code"));
    match form.get("action") {
        "put" => {
            let settings = visit.api.get(Target::new("/v1/settings")).await?;
            let credits = number("credits", form.get("credits"))?;
            let bonus = form.some("bonus_credits").map(|text| number("bonus_credits", text)).transpose()?;
            let days = form.some("valid_days").map(|text| number("valid_days", text)).transpose()?;
            let order = form.some("order").map(|text| number("order", text)).transpose()?;
            let body = object(|o| {
                o.text("name", form.get("name")).number("credits", credits);
                o.object("price", |o| {
                    o.text("amount", form.get("price")).text("currency", settings.get("currency").text());
                });
                for (name, value) in [("bonus_credits", bonus), ("valid_days", days), ("order", order)] {
                    if let Some(value) = value {
                        o.number(name, value);
                    }
                }
                for name in ["audience", "discount_line"] {
                    if let Some(value) = form.some(name) {
                        o.text(name, value);
                    }
                }
            });
            visit.api.send("PUT", pack, body_of(body), None).await?;
            Ok(Done::At("settings/packs".into(), format!("{} is for sale as shown.", form.get("name"))))
        }
        "retire" => {
            visit.api.send("POST", pack.then("retire"), "{}".into(), None).await?;
            Ok(Done::Said("Nobody can buy it any more. Who bought it keeps the credits.".into()))
        }
        "restore" => {
            visit.api.send("POST", pack.then("restore"), "{}".into(), None).await?;
            Ok(Done::Said("It is for sale again.".into()))
        }
        _ => Err(Trouble::NotFound),
    }
}
