//! The past under other prices: the form, how far it is, and what came out.
//!
//! What is asked stands in the address, with the id of the simulation, so that a link shows the question and the answer.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::draft::{Body, Draft, wrong};
use super::price_link;
use super::simulated::Simulated;
use crate::api::Target;
use crate::json::Json;
use crate::look::{Amount, PRICE_SLIDER, Unit, WAITING, empty, note, say};
use crate::page::Page;
use crate::pages::parts::progress_bar;
use crate::people::Role;
use crate::serve::{Done, Form};
use crate::state::{Span, time, zone_of};
use crate::trouble::{Refused, Trouble};
use crate::visit::Visit;

/// Customers of a result that are read for its charts, and by how many at once.
const CUSTOMERS_READ: usize = 5_000;
const CUSTOMERS_AT_ONCE: &str = "1000";

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let [types, settings] = visit
        .all([Target::new("/v1/event-types").with("limit", "1000"), Target::new("/v1/settings")])
        .await?;
    let zone = zone_of(settings.get("time_zone").text());
    let mut page = Page {
        title: "Try prices on the past".into(),
        lead: "Your events, wallets and top-ups again, event by event, with one price changed. Nothing is published.".into(),
        up: Some(("Pricing".into(), "pricing".into())),
        ..Page::default()
    };
    let priced: Vec<&Json> =
        types.get("data").list().iter().filter(|one| !one.get("price").is_null()).collect();
    let Some(chosen) = chosen(visit, &priced) else {
        page.content = empty(
            "Nothing has a price yet.",
            &html! { p { a.button href=(visit.link("pricing")) { "Define an event type" } } },
        );
        return Ok(page);
    };
    let simulation = match visit.state.get("sim") {
        Some(id) => Some(visit.api.find(Target::new("/v1/price-simulations").part(id)).await?),
        None => None,
    };
    let is_waiting = simulation.iter().flatten().any(is_at_work);
    let asked = Asked { visit, priced: &priced, chosen, zone: &zone };
    page.scripts = vec![&*PRICE_SLIDER];
    if is_waiting {
        page.scripts.push(&*WAITING);
    }
    let result = match &simulation {
        None => html! {},
        Some(None) => empty(
            "This result is forgotten.",
            &html! { p { "Results are kept for an hour, and until the server ends. Everything asked still stands in the form: run it again." } },
        ),
        Some(Some(simulation)) => asked.came_of(&mut page, simulation).await?,
    };
    page.content = html! { (asked.form()) (result) };
    Ok(page)
}

/// The type whose price is tried: the one named, else the first.
fn chosen<'a>(visit: &Visit, priced: &[&'a Json]) -> Option<&'a Json> {
    let typed = visit.typed.some("about").or(visit.state.get("about"));
    let named = priced.iter().find(|one| typed == Some(one.get("name").text()));
    named.or(priced.first()).copied()
}

fn is_at_work(simulation: &Json) -> bool {
    matches!(simulation.get("status").text(), "queued" | "running" | "cancelling")
}

struct Asked<'a> {
    visit: &'a Visit,
    priced: &'a [&'a Json],
    chosen: &'a Json,
    zone: &'a TimeZone,
}

impl Asked<'_> {
    fn draft(&self) -> Draft {
        if self.visit.typed.get("action") == "simulate" {
            return Draft::of_form(&self.visit.typed);
        }
        Draft::of_state(&self.visit.state).unwrap_or_else(|| Draft::of_price(self.chosen.get("price")))
    }

    fn form(&self) -> Markup {
        let (visit, name) = (self.visit, self.chosen.get("name").text());
        let may_run = visit.person.role >= Role::Approver;
        let is_on = |mode: &str| match visit.state.get("sim") {
            Some(_) => visit.state.get(mode).is_some(),
            None => true,
        };
        let (from, to) = days_of(visit, self.zone);
        let forgotten = [
            ("form", ""),
            ("credits", ""),
            ("sim", ""),
            ("rule", ""),
            ("base", ""),
            ("of", ""),
            ("minimum", ""),
            ("maximum", ""),
            ("grid", ""),
            ("rounding", ""),
        ];
        html! {
            section.chart #ask {
                h2 { "Which price?" }
                nav.ranges aria-label="Event type" {
                    @for one in self.priced {
                        @let known = one.get("name").text();
                        a href=(visit.state.with_all(&[&forgotten[..], &[("about", known)]].concat()))
                            aria-current=[(known == name).then_some("true")] { (known) }
                    }
                }
                p { b { (name) } " is " (self.chosen.path("price.in_words").text()) " now." }
                @if may_run {
                    form.publish method="post" data-slides[visit.state.get("sim").is_some()] {
                        (visit.form_fields("simulate"))
                        input type="hidden" name="about" value=(name);
                        (self.draft().rule_fields())
                        div.act {
                            label { "From" input type="date" name="from" required value=(from); }
                            label { "To, included" input type="date" name="to" required value=(to); }
                        }
                        fieldset {
                            legend { "Customers" }
                            div.ways {
                                label.choice { input type="checkbox" checked disabled; "use what they used, buy what they bought" }
                                label.choice { input type="checkbox" name="replenishing" value="1" checked[is_on("replenishing")]; "and top up when they run out" }
                                label.choice { input type="checkbox" name="elastic" value="1" checked[is_on("elastic")]; "use more or less, as prices change" }
                            }
                        }
                        p { button.main { "Run the past again" } }
                    }
                } @else { (note("Running a simulation takes the role approver. Everybody may read results by their link.")) }
                (note("Nobody knows what customers would have done: read the three together. Live traffic is not held up."))
            }
        }
    }

    async fn came_of(&self, page: &mut Page, simulation: &Json) -> Result<Markup, Trouble> {
        let visit = self.visit;
        if is_at_work(simulation) {
            return Ok(self.progress(simulation));
        }
        if simulation.get("result").is_null() {
            let why = match simulation.get("problem") {
                Json::Text(text) => text.clone(),
                problem => problem.get("detail").text().to_owned(),
            };
            let words = if simulation.get("status").text() == "cancelled" {
                "It was stopped."
            } else {
                "It could not be finished."
            };
            return Ok(empty(words, &html! { p { (why) } }));
        }
        let customers = self.customers(simulation.get("id").text()).await?;
        let name = self.chosen.get("name").text();
        let draft = self.draft();
        let pairs = form_urlencoded::Serializer::new(String::new()).extend_pairs(draft.pairs()).finish();
        let link = price_link(visit, name);
        let publish = format!("{link}{}{pairs}#publish", if link.contains('?') { '&' } else { '?' });
        let simulated = Simulated { visit, simulation, customers: &customers, zone: self.zone };
        let then = html! {
            section.chart {
                h2 { "Is this the price?" }
                p { "What you tried goes into the form of a new version, where it can be looked at once more." }
                p { a.button.main href=(publish) { "Publish this price" } }
            }
        };
        Ok(simulated.show(&mut page.sheet, &then))
    }

    fn progress(&self, simulation: &Json) -> Markup {
        let (done, all) = (simulation.path("progress.done").sum(), simulation.path("progress.all").sum());
        let words = if simulation.get("status").text() == "queued" {
            "It waits for another to end."
        } else {
            "The past is being run again."
        };
        html! {
            section.chart data-waits="" aria-live="polite" {
                h2 { (words) }
                (progress_bar(done, all))
                p.note { @if all > Amount::ZERO { (Unit::Count.short(done)) " of " (Unit::Count.short(all)) " facts. " } a href=(self.visit.state.with("said", "")) { "Look again" } }
                @if self.visit.person.role >= Role::Approver {
                    form method="post" { (self.visit.form_fields("stop")) button { "Stop it" } }
                }
            }
        }
    }

    async fn customers(&self, id: &str) -> Result<Vec<Json>, Trouble> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        while all.len() < CUSTOMERS_READ {
            let target = Target::new("/v1/price-simulations")
                .part(id)
                .then("customers")
                .with("limit", CUSTOMERS_AT_ONCE);
            let list = self
                .visit
                .api
                .get(target.with_some("cursor", Some(&*cursor).filter(|at| !at.is_empty())))
                .await?;
            all.extend_from_slice(list.get("data").list());
            list.get("next_cursor").text().clone_into(&mut cursor);
            if cursor.is_empty() {
                break;
            }
        }
        Ok(all)
    }
}

/// The first and the last day that are looked at.
fn days_of(visit: &Visit, zone: &TimeZone) -> (String, String) {
    let span = visit.span();
    let day = |ms: i64| say::at(&time(ms), zone, "%Y-%m-%d");
    let or = |name: &str, usual: String| {
        let typed = visit.typed.some(name).or(visit.state.get(name));
        typed.map_or(usual, str::to_owned)
    };
    (or("from", day(span.from)), or("to", day(span.to - 1)))
}

pub(crate) async fn act(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    if visit.person.role < Role::Approver {
        return Err(Trouble::Role(Role::Approver.name()));
    }
    match form.get("action") {
        "simulate" => simulate(visit, form).await,
        "stop" => {
            let id = visit.state.get("sim").unwrap_or_default();
            visit
                .api
                .send("DELETE", Target::new("/v1/price-simulations").part(id), String::new(), None)
                .await?;
            Ok(Done::Said("It is stopped.".to_owned()))
        }
        _ => Err(Trouble::NotFound),
    }
}

async fn simulate(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    let draft = Draft::of_form(form);
    let (from, to) = (form.get("from"), form.get("to"));
    // Days as the range of a page reads them: the last one named is in it.
    let state = crate::state::State::parse(&query(&[("from", from), ("to", to)]));
    let span = Span::of(&state, &visit.env, visit.env.wall_ms());
    if visit.env.begin_of_date(from).is_none() || visit.env.begin_of_date(to).is_none() || from > to {
        return Err(wrong("from", "and to must be days, the first no later than the last"));
    }
    let mut rule = Body::default();
    rule.text("event", form.get("about"));
    draft.put_rule(&mut rule)?;
    let modes: Vec<String> = ["replenishing", "elastic"]
        .into_iter()
        .filter(|mode| form.some(mode).is_some())
        .map(super::draft::quoted)
        .collect();
    let mut body = Body::default();
    body.text("from", &time(span.from)).text("to", &time(span.to.min(visit.env.wall_ms())));
    body.raw("rules", &format!("[{}]", rule.done())).raw("modes", &format!("[{}]", modes.join(",")));
    let begun = visit.api.send("POST", Target::new("/v1/price-simulations"), body.done(), None).await;
    let begun = begun.map_err(in_words_of_form)?;
    let mut pairs: Vec<(&str, &str)> = draft.pairs().collect();
    pairs.extend([("about", form.get("about")), ("from", from), ("to", to), ("sim", begun.get("id").text())]);
    pairs.extend(
        ["replenishing", "elastic"]
            .into_iter()
            .filter(|mode| form.some(mode).is_some())
            .map(|mode| (mode, "1")),
    );
    Ok(Done::To(format!("?{}", query(&pairs))))
}

fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// `rules[0].rule.credits` is the field `rule.credits` of this form.
fn in_words_of_form(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Problem(refused) => Trouble::Problem(Refused {
            detail: refused.detail.replace("rules[0].", ""),
            fields: refused
                .fields
                .into_iter()
                .map(|(field, problem)| (field.replace("rules[0].", ""), problem))
                .collect(),
            ..refused
        }),
        other => other,
    }
}
