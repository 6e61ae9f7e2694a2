//! One piece of advice, whole: the card in words, the figures behind it, and what can be done about it.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::evidence::Evidence;
use super::{standing, sureness};
use crate::api::Target;
use crate::json::Json;
use crate::look::{fact, note, say, tag};
use crate::page::Page;
use crate::pages::pricing::draft::{Body, Draft};
use crate::pages::pricing::price_link;
use crate::people::Role;
use crate::serve::{Done, Form};
use crate::state::zone_of;
use crate::trouble::Trouble;
use crate::visit::Visit;

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let one = Target::new("/v1/recommendations").part(visit.param("id"));
    let [advice, explained, settings] =
        visit.all([one.clone(), one.then("explain"), Target::new("/v1/settings")]).await?;
    let zone = zone_of(settings.get("time_zone").text());
    let mut page = Page {
        title: advice.path("card.title").text().to_owned(),
        up: Some(("Advisor".into(), "advisor".into())),
        ..Page::default()
    };
    let card = Card { visit, advice: &advice, zone: &zone };
    let evidence = Evidence { visit, advice: &advice, settings: &settings, zone: &zone };
    page.content = html! {
        (card.state())
        (card.sections())
        (card.decide())
        (evidence.show(&mut page.sheet))
        div.two {
            (evidence.figures(&mut page.sheet))
            section.chart {
                h2 { "How is it computed?" }
                ol.arithmetic { @for line in explained.get("lines").list() { li { (line.text()) } } }
                p.note { (explained.get("cost_context").text()) }
            }
        }
    };
    Ok(page)
}

struct Card<'a> {
    visit: &'a Visit,
    advice: &'a Json,
    zone: &'a TimeZone,
}

impl Card<'_> {
    fn state(&self) -> Markup {
        let (advice, visit) = (self.advice, self.visit);
        let (kind, words) = standing(advice);
        let (decision, event) = (advice.get("decision"), advice.get("event").text());
        let day = |field: &Json| say::instant(field.text(), self.zone);
        html! {
            section.chart {
                p { (tag(kind, words)) " " (sureness(advice)) }
                dl.facts {
                    (fact("Exactly this advice", &html! { code { (advice.get("id").text()) } }))
                    @if !event.is_empty() { (fact("Event type", &html! { a href=(visit.link_to("events", event)) { (event) } " · " a href=(price_link(visit, event)) { "its prices" } })) }
                    (fact("Made", &html! { (day(advice.get("made_at"))) }))
                    @if advice.get("status").text() == "pending" { (fact("Can be applied until", &html! { (day(advice.get("expires_at"))) })) }
                    @if !decision.is_null() {
                        (fact("Decided", &html! { (day(decision.get("at"))) @if !decision.get("reason").text().is_empty() { ": " (decision.get("reason").text()) } }))
                        @if !decision.get("effective_at").text().is_empty() { (fact("Its price holds from", &html! { (day(decision.get("effective_at"))) })) }
                    }
                    @if !advice.get("review_at").text().is_empty() { (fact("Looked back at", &html! { (day(advice.get("review_at"))) })) }
                    @if !advice.get("rolled_back").is_null() { (fact("Rolled back", &html! { "version " (advice.path("rolled_back.version").sum().exact()) ", since " (day(advice.path("rolled_back.effective_at"))) })) }
                }
                @if self.may_decide() { p { a.button href="#decide" { "Decide" } } }
            }
        }
    }

    /// The card as the command line has it. The last part leads on to pages of the same.
    fn sections(&self) -> Markup {
        html! {
            div.words {
                @for section in self.advice.path("card.sections").list() {
                    @let heading = section.get("heading").text();
                    section.chart {
                        h2 { (heading) }
                        (paragraphs(section.get("text").list()))
                        @if heading == "Check yourself" && !self.advice.get("proposal").is_null() {
                            p { a href=(self.simulator()) { "Try it on the past here" } }
                        }
                    }
                }
            }
        }
    }

    /// The simulator, with this price and the days that the advice is from.
    fn simulator(&self) -> String {
        let day = |field: &str| say::at(self.advice.path(field).text(), self.zone, "%Y-%m-%d");
        let draft = Draft::of_price(self.advice.get("proposal"));
        let (from, to) = (day("window.from"), day("window.to"));
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(draft.pairs())
            .extend_pairs([("about", self.advice.get("event").text()), ("from", &from), ("to", &to)])
            .finish();
        format!("{}dashboard/{}/pricing/simulate?{query}", self.visit.root, self.visit.env.name())
    }

    fn is_open(&self) -> bool {
        self.advice.get("status").text() == "pending"
    }

    /// Whether its price was published by it and still is to be taken back.
    fn is_applied(&self) -> bool {
        matches!(self.advice.get("status").text(), "applied" | "accepted")
            && self.advice.get("rolled_back").is_null()
    }

    fn may_decide(&self) -> bool {
        self.visit.person.role >= Role::Approver && (self.is_open() || self.is_applied())
    }

    fn decide(&self) -> Markup {
        let visit = self.visit;
        if !self.is_open() && !self.is_applied() {
            return html! {};
        }
        if visit.person.role < Role::Approver {
            return html! { section.chart #decide { h2 { "What will you do?" } (note("Deciding takes the role approver.")) } };
        }
        let proposal = self.advice.get("proposal");
        let event = self.advice.get("event").text();
        let is_sure = self.advice.get("confidence").text() != "low";
        html! {
            div.two #decide {
                @if self.is_open() && !proposal.is_null() && is_sure {
                    section.chart {
                        h2 { "Apply it?" }
                        p { "This publishes " strong { (proposal.get("in_words").text()) } " for " (event) ", for all customers. It can be rolled back." }
                        form.act method="post" {
                            (visit.form_fields("apply"))
                            label { "Days of notice" span.soft { (self.notice_words()) } input name="notice_days" inputmode="numeric" autocomplete="off" value=(visit.typed("apply", "notice_days")); }
                            label { "Or from" span.soft { "times are " (self.zone.iana_name().unwrap_or("UTC")) } input type="datetime-local" name="effective" value=(visit.typed("apply", "effective")); }
                            label { "Reason" span.soft { "kept as the version's note" } input name="reason" maxlength="500" value=(visit.typed("apply", "reason")); }
                            button.main { "Publish " (proposal.get("in_words").text()) }
                        }
                    }
                }
                @if self.is_open() {
                    section.chart {
                        h2 { "Reject it?" }
                        p { "It is not said again until the figures have moved." }
                        form.act method="post" {
                            (visit.form_fields("reject"))
                            label { "Reason" input name="reason" maxlength="500" value=(visit.typed("reject", "reason")); }
                            button { "Reject this advice" }
                        }
                    }
                }
                @if self.is_applied() {
                    section.chart {
                        h2 { "Roll it back?" }
                        p { "This publishes the price again that " (event) " had before, from now on, as a new version. Events keep what they were charged." }
                        form.act method="post" {
                            (visit.form_fields("roll-back"))
                            label { "Reason" span.soft { "kept as the version's note" } input name="reason" maxlength="500" value=(visit.typed("roll-back", "reason")); }
                            button { "Publish the price before again" }
                        }
                    }
                }
            }
        }
    }

    fn notice_words(&self) -> &'static str {
        if self.advice.get("notice_required").is_true() {
            "needed: bills rise much"
        } else {
            "what the settings say if left out"
        }
    }
}

/// Lines of a card: points of a list, commands, and sentences.
fn paragraphs(lines: &[Json]) -> Markup {
    html! {
        @for line in lines {
            @let text = line.text();
            @if let Some(point) = text.strip_prefix("• ") {
                p.point { @if point.starts_with("Fails") { (tag("bad", "fails")) (point.trim_start_matches("Fails:")) }
                    @else if point.starts_with("Pass") { (tag("good", "pass")) (point.trim_start_matches("Pass:")) }
                    @else { "• " (point) } }
            } @else if text.starts_with("chargly ") || text.starts_with("GET ") {
                pre { (text) }
            } @else { p { (text) } }
        }
    }
}

pub(crate) async fn act(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    if visit.person.role < Role::Approver {
        return Err(Trouble::Role(Role::Approver.name()));
    }
    let settings = visit.api.get(Target::new("/v1/settings")).await?;
    let zone = zone_of(settings.get("time_zone").text());
    let mut body = Body::default();
    body.some_text("reason", form.get("reason"));
    let what = match form.get("action") {
        "apply" => {
            if !form.get("notice_days").is_empty() {
                body.number("notice_days", form.get("notice_days"));
            }
            match local(form.get("effective"), &zone) {
                Some(at) => body.text("effective_at", &at),
                None => body.some_text("effective_at", form.get("effective")),
            };
            "apply"
        }
        "reject" => "reject",
        "roll-back" => "roll-back",
        _ => return Err(Trouble::NotFound),
    };
    let target = Target::new("/v1/recommendations").part(visit.param("id")).then(what);
    let done = visit.api.send("POST", target, body.done(), form.some("key")).await?;
    let from = say::instant(done.get("effective_at").text(), &zone);
    let price = done.get("in_words").text();
    Ok(Done::Said(match what {
        "apply" => format!("Published: {price}, from {from} on."),
        "reject" => "Rejected. It is not said again until the figures have moved.".to_owned(),
        _ => format!("Rolled back: {price} again, from {from} on."),
    }))
}

fn local(typed: &str, zone: &TimeZone) -> Option<String> {
    let at = typed.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok()?;
    Some(at.timestamp().to_string())
}
