//! The prices of one event type: every version, two of them side by side, and the form of the next.

use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::draft::{Body, Draft, wrong};
use crate::api::Target;
use crate::json::Json;
use crate::look::{Cell, Column, Sheet, Table, Unit, empty, note, say, tag};
use crate::page::Page;
use crate::people::Role;
use crate::serve::{Done, Form};
use crate::state::zone_of;
use crate::trouble::Trouble;
use crate::visit::Visit;

/// Versions that are listed; the newest.
const VERSIONS_SHOWN: &str = "200";

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    render(visit, &visit.typed, None).await
}

/// What a proposed rule would charge, by quantity.
struct Preview {
    quantities: Vec<String>,
    answer: Json,
}

async fn render(visit: &Visit, form: &Form, preview: Option<&Preview>) -> Result<Page, Trouble> {
    let name = visit.param("name");
    let one = Target::new("/v1/event-types").part(name);
    let prices = one.clone().then("prices").with("limit", VERSIONS_SHOWN);
    let [one, prices, settings] = visit.all([one, prices, Target::new("/v1/settings")]).await?;
    let zone = zone_of(settings.get("time_zone").text());
    let versions = prices.get("data").list();
    let price = one.get("price");
    let label = one.get("label").text();
    let mut page = Page {
        title: format!("Prices of {name}"),
        lead: match (price.is_null(), label == name) {
            (true, _) => "It has no price yet: events of it are refused.".to_owned(),
            (false, true) => format!("Now {}.", price.get("in_words").text()),
            (false, false) => format!("{label}: now {}.", price.get("in_words").text()),
        },
        up: Some(("Pricing".into(), "pricing".into())),
        ..Page::default()
    };
    // Who may see keys sees who published.
    let keys = match visit.person.role {
        Role::Approver => {
            visit.api.find(Target::new("/v1/keys").with("limit", "1000")).await?.unwrap_or(Json::Null)
        }
        _ => Json::Null,
    };
    let prices = Prices { visit, name, zone: &zone, versions, price, keys: &keys };
    page.content = html! {
        @if one.get("archived").is_true() { p { (tag("bad", "archived")) " New events of this type are refused." } }
        @if versions.is_empty() { (empty("No version yet.", &html! { p { "Publish the first below." } })) }
        @else {
            (prices.table(&mut page.sheet))
            @if versions.len() > 1 { (prices.compared()) }
        }
        (prices.publish(form, preview))
        div.two {
            section.chart {
                h2 { "Where to look next?" }
                ul {
                    li { a href=(visit.link_to("events", name)) { "Who uses " (name) ", what it brings and what it costs" } }
                    li { a href={ (visit.link("price-impact")) (if visit.state.range_query().is_empty() { "?" } else { "&" }) (query(&[("event", name)])) } { "What its price changes did" } }
                    li { a href={ (visit.link("pricing/simulate")) (if visit.state.range_query().is_empty() { "?" } else { "&" }) (query(&[("about", name)])) } { "Try another price on its past" } }
                }
            }
            (prices.archive(one.get("archived").is_true()))
        }
    };
    Ok(page)
}

fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

struct Prices<'a> {
    visit: &'a Visit,
    name: &'a str,
    zone: &'a TimeZone,
    versions: &'a [Json],
    /// The one in force, or null.
    price: &'a Json,
    keys: &'a Json,
}

impl Prices<'_> {
    fn table(&self, sheet: &mut Sheet) -> Markup {
        let mut table = Table::new(vec![
            Column::number("Version"),
            Column::text("Price"),
            Column::text("State"),
            Column::text("From"),
            Column::text("Note"),
            Column::text("Published"),
            Column::text("By"),
        ]);
        for version in self.versions {
            let (from, published) = (version.get("effective_at").text(), version.get("published_at").text());
            let (kind, words) = state_of(version);
            table.row(vec![
                Cell::some(Unit::Count, version.get("version").amount()),
                Cell::text(version.get("in_words").text()),
                Cell::Drawn(tag(kind, words), words.to_owned()),
                Cell::Time(say::instant(from, self.zone), from.to_owned()),
                Cell::text(version.get("note").text()),
                Cell::Time(say::instant(published, self.zone), published.to_owned()),
                match version.get("author").text() {
                    "" => Cell::None,
                    author => Cell::text(self.name_of(author)),
                },
            ]);
        }
        let after = note("A version never changes. Events keep what they were charged.");
        sheet.table_with(&self.visit.state, "versions", "Which prices were there?", table, &after)
    }

    /// A key by its label, where that may be seen.
    fn name_of<'b>(&'b self, key: &'b str) -> &'b str {
        let known = self.keys.get("data").list().iter().find(|one| one.get("id").text() == key);
        known.map_or(key, |one| one.get("label").text())
    }

    fn version(&self, parameter: &str) -> Option<&Json> {
        let asked = self.visit.state.get(parameter)?;
        self.versions.iter().find(|one| one.get("version").sum().exact() == asked)
    }

    /// Two versions: the newest and the one before it, unless others are asked for.
    fn compared(&self) -> Markup {
        let new = self.version("new").unwrap_or(&self.versions[0]);
        let before = self.versions.iter().find(|one| one.get("version").sum() < new.get("version").sum());
        let old = self.version("old").or(before).unwrap_or(new);
        let (was, is) = (told(old), told(new));
        let lines = diff(&was, &is);
        let number = |one: &Json| one.get("version").sum().exact();
        let choose = |field: &str, chosen: &Json| {
            html! {
                select name=(field) aria-label=(if field == "old" { "Old version" } else { "New version" }) {
                    @for one in self.versions {
                        option value=(number(one)) selected[number(one) == number(chosen)] { "version " (number(one)) }
                    }
                }
            }
        };
        let side = |one: &Json, keep: Side, mark: &str| {
            html! {
                div {
                    p { strong { "Version " (number(one)) } ": " (one.get("in_words").text()) }
                    p.note { "From " (say::instant(one.get("effective_at").text(), self.zone)) ". " (one.get("note").text()) }
                    pre.diff {
                        @for (side, line) in lines.iter().filter(|(side, _)| *side == Side::Both || *side == keep) {
                            @if *side == Side::Both { "  " (line) "\n" }
                            @else if keep == Side::Old { del { (mark) " " (line) } "\n" }
                            @else { ins { (mark) " " (line) } "\n" }
                        }
                    }
                }
            }
        };
        html! {
            section.chart #compared {
                h2 { "What is different between two versions?" }
                form.choose method="get" action="#compared" {
                    (choose("old", old)) " and " (choose("new", new)) " " button { "Compare" }
                }
                @if was == is { (note("The rule is the same; time and note may differ.")) }
                div.sides { (side(old, Side::Old, "−")) (side(new, Side::New, "+")) }
            }
        }
    }

    /// The form of the next version, begun from what was typed, what was tried, or the price now.
    fn publish(&self, form: &Form, preview: Option<&Preview>) -> Markup {
        let visit = self.visit;
        if visit.person.role < Role::Approver {
            return html! { section.chart #publish { h2 { "A new price?" } (note("Publishing takes the role approver. Everybody may look and try prices on the past.")) } };
        }
        let is_typed = matches!(form.get("action"), "publish" | "preview");
        let draft = if is_typed { Some(Draft::of_form(form)) } else { Draft::of_state(&visit.state) };
        let draft = draft.unwrap_or_else(|| Draft::of_price(self.price));
        let newest = self.versions.first().unwrap_or(&Json::Null);
        // What somebody looked at stays what they looked at, until they look again.
        let replaces = if is_typed { form.get("replaces") } else { newest.get("id").text() };
        let is_overtaken = is_typed && replaces != newest.get("id").text();
        html! {
            section.chart #publish {
                h2 { "A new price?" }
                @if is_overtaken {
                    div.trouble {
                        p { strong { "Somebody published version " (newest.get("version").sum().exact()) " meanwhile: " } (newest.get("in_words").text()) ". "
                            "Your form was made for an earlier one. " a href={ (visit.link_to("pricing", self.name)) "#publish" } { "Begin again from the newest" } "." }
                    }
                }
                form.publish method="post" action="#publish" {
                    (visit.form_fields("publish"))
                    input type="hidden" name="replaces" value=(replaces);
                    (draft.rule_fields())
                    div.act {
                        label { "Note" span.soft { "why; kept with the version" } input name="note" maxlength="500" value=(draft.get("note")); }
                        label { "From" span.soft { "at once if left out; times are " (self.zone.iana_name().unwrap_or("UTC")) }
                            input type="datetime-local" name="effective" value=(draft.get("effective")); }
                    }
                    details.samples open[preview.is_some()] {
                        summary { "Try it on made-up events first" }
                        div.act {
                            label { "Quantities" input name="quantities" placeholder="1, 10, 100" value=(draft.get("quantities")); }
                            label { "Properties, as JSON" input name="properties" placeholder="{\"model\":\"fast-1\"}" value=(draft.get("properties")); }
                            label { "Cost of each" input name="cost" inputmode="decimal" placeholder="0.0042" value=(draft.get("cost")); }
                        }
                        button name="do" value="preview" { "Show what it would charge" }
                    }
                    @if let Some(preview) = preview { (previewed(preview)) }
                    p { button.main name="do" value="publish" { "Publish the new price" } }
                    @if !newest.is_null() {
                        (note(&format!("It follows version {}. If somebody publishes another before you, nothing is done and you are told.", newest.get("version").sum().exact())))
                    }
                }
            }
        }
    }

    fn archive(&self, is_archived: bool) -> Markup {
        let visit = self.visit;
        if visit.person.role < Role::Approver {
            return html! {};
        }
        html! {
            section.chart {
                h2 { @if is_archived { "Take events of it again?" } @else { "No longer sold?" } }
                form method="post" {
                    @if is_archived {
                        (visit.form_fields("unarchive")) (note("New events are charged by the price in force.")) button { "Take events again" }
                    } @else {
                        (visit.form_fields("archive")) (note("New events of it are refused. What it did stays, and it can be taken back.")) button { "Archive it" }
                    }
                }
            }
        }
    }
}

fn previewed(preview: &Preview) -> Markup {
    let answer = &preview.answer;
    let mut table = Table::new(vec![
        Column::text("Quantity"),
        Column::number("Now"),
        Column::number("Proposed"),
        Column::number("Change"),
    ]);
    for (quantity, sample) in preview.quantities.iter().zip(answer.get("samples").list()) {
        let (now, then) = (sample.get("credits").amount(), sample.get("proposed").amount());
        let change = now.zip(then).and_then(|(now, then)| say::change(then, now)).map(|(_, words)| words);
        table.row(vec![
            Cell::text(quantity),
            Cell::some(Unit::Credits, now),
            Cell::some(Unit::Credits, then),
            change.map_or(Cell::None, Cell::Text),
        ]);
    }
    html! {
        div.preview role="status" {
            p { "Now: " (answer.get("in_words").text()) ". Proposed: " strong { (answer.path("proposed.in_words").text()) } ". Nothing was published." }
            (table.show("What it would charge"))
        }
    }
}

/// The kind of a tag, and the words in it.
fn state_of(version: &Json) -> (&'static str, &'static str) {
    match version.get("state").text() {
        "in_force" => ("good", "in force"),
        "scheduled" => ("wait", "scheduled"),
        _ => ("over", "superseded"),
    }
}

/// All of a version that changes what is charged.
fn told(version: &Json) -> String {
    let mut text = version.get("rule").pretty();
    for name in ["grid", "rounding"] {
        text.push_str(&format!("\n{name}: {}", version.get(name).text()));
    }
    text
}

/// On which side a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Old,
    New,
    Both,
}

/// The lines of both, in order, those that they share once.
fn diff<'a>(old: &'a str, new: &'a str) -> Vec<(Side, &'a str)> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    // The longest run of shared lines from each pair of places on.
    let mut longest = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for at in (0..old.len()).rev() {
        for by in (0..new.len()).rev() {
            longest[at][by] = if old[at] == new[by] {
                longest[at + 1][by + 1] + 1
            } else {
                longest[at + 1][by].max(longest[at][by + 1])
            };
        }
    }
    let (mut at, mut by) = (0, 0);
    let mut lines = Vec::new();
    while at < old.len() || by < new.len() {
        if at < old.len() && by < new.len() && old[at] == new[by] {
            lines.push((Side::Both, old[at]));
            (at, by) = (at + 1, by + 1);
        } else if by == new.len() || at < old.len() && longest[at + 1][by] >= longest[at][by + 1] {
            lines.push((Side::Old, old[at]));
            at += 1;
        } else {
            lines.push((Side::New, new[by]));
            by += 1;
        }
    }
    lines
}

pub(crate) async fn act(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    if visit.person.role < Role::Approver {
        return Err(Trouble::Role(Role::Approver.name()));
    }
    let name = visit.param("name");
    let one = Target::new("/v1/event-types").part(name);
    match form.get("action") {
        "preview" => {
            let preview = preview(visit, name, &Draft::of_form(form)).await?;
            Ok(Done::Shown(Box::new(render(visit, form, Some(&preview)).await?)))
        }
        "publish" => publish(visit, name, form).await,
        what @ ("archive" | "unarchive") => {
            visit.api.send("POST", one.then(what), String::new(), None).await?;
            let did =
                if what == "archive" { "is archived: new events are refused" } else { "is taken again" };
            Ok(Done::Said(format!("{name} {did}.")))
        }
        _ => Err(Trouble::NotFound),
    }
}

async fn preview(visit: &Visit, name: &str, draft: &Draft) -> Result<Preview, Trouble> {
    let settings = visit.api.get(Target::new("/v1/settings")).await?;
    let (quantities, samples) = draft.samples(settings.get("currency").text())?;
    let mut body = Body::default();
    body.text("event", name).raw("samples", &samples);
    draft.put_rule(&mut body)?;
    let answer = visit.api.send("POST", Target::new("/v1/quote"), body.done(), None).await?;
    Ok(Preview { quantities, answer })
}

async fn publish(visit: &Visit, name: &str, form: &Form) -> Result<Done, Trouble> {
    let draft = Draft::of_form(form);
    let settings = visit.api.get(Target::new("/v1/settings")).await?;
    let zone = zone_of(settings.get("time_zone").text());
    if draft.get("note").is_empty() {
        return Err(wrong("note", "is needed: say why the price changes"));
    }
    let mut body = Body::default();
    draft.put_rule(&mut body)?;
    draft.put_effective(&mut body, &zone);
    body.text("note", draft.get("note")).some_text("replaces", form.get("replaces"));
    let target = Target::new("/v1/event-types").part(name).then("prices");
    let made = visit.api.send("POST", target, body.done(), form.some("key")).await?;
    let number = made.get("version").sum().exact();
    let from = say::instant(made.get("effective_at").text(), &zone);
    let said = format!("Version {number} is published: {}, from {from} on.", made.get("in_words").text());
    // What was tried is the price now: the form begins from that.
    let cleared = super::draft::FIELDS.map(|name| (name, ""));
    Ok(Done::To(visit.state.with_all(&[&cleared[..], &[("said", &said)]].concat())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diff_has_every_line_of_both_sides_in_order() {
        for (old, new, expected) in [
            ("a\nb\nc", "a\nx\nc", "=a -b +x =c"),
            ("a", "a", "=a"),
            ("", "a", "+a"),
            ("a\nb", "b\na", "-a =b +a"),
        ] {
            let shown: Vec<String> = diff(old, new)
                .into_iter()
                .map(|(side, line)| match side {
                    Side::Both => format!("={line}"),
                    Side::Old => format!("-{line}"),
                    Side::New => format!("+{line}"),
                })
                .collect();
            assert_eq!(shown.join(" "), expected);
        }
    }
}
