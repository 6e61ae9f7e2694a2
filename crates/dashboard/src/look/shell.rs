//! What stands around every page: the head, where one is, the test / live switch, the range, and how fresh it is.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::assets::{Asset, FAVICON, STYLESHEET};
use crate::page::{Controls, Page};
use crate::people::Role;
use crate::routes::{SECTIONS, Section};
use crate::sample::SAMPLE;
use crate::state::RANGES;
use crate::visit::Visit;

const WORDMARK: &str = include_str!("../../../http/assets/wordmark.svg");

/// A page of its own, outside the dashboard: signing in, trying it.
pub(crate) struct Around<'a> {
    /// From the page's path to the door's root: `../../`.
    pub(crate) root: &'a str,
    pub(crate) title: &'a str,
    pub(crate) class: &'static str,
    pub(crate) scripts: &'a [&'static Asset],
}

/// The whole document.
pub(crate) fn around(around: &Around<'_>, body: &Markup) -> Markup {
    let asset = |name: &str| format!("{}dashboard/assets/{name}", around.root);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                meta name="color-scheme" content="light dark";
                title { (around.title) " – Chargly" }
                link rel="icon" type="image/svg+xml" href=(asset(&FAVICON.name));
                link rel="stylesheet" href=(asset(&STYLESHEET.name));
                @for script in around.scripts { script type="module" src=(asset(&script.name)) {} }
            }
            body class=(around.class) { (body) }
        }
    }
}

/// The wordmark.
pub(crate) fn wordmark() -> Markup {
    PreEscaped(WORDMARK.trim().to_owned())
}

impl Page {
    /// The page in the dashboard.
    pub(crate) fn in_dashboard(&self, visit: &Visit) -> Markup {
        let (root, env) = (visit.root.as_str(), visit.env.name());
        let link = |path: &str| format!("{root}dashboard/{env}/{path}{}", visit.state.range_query());
        let body = html! {
            a.skip href="#content" { "Skip to the page" }
            div class={ "frame env-" (env) } {
                header.side {
                    a.home href=(link("overview")) aria-label="Chargly: overview" { (wordmark()) }
                    (environment_switch(visit))
                    details.menu {
                        summary { "Menu" }
                        (navigation(visit, &link))
                    }
                    nav.wide aria-label="Pages" { (navigation(visit, &link)) }
                    (person(visit))
                }
                div.page {
                    (environment_banner(visit))
                    main #content {
                        div.head {
                            div {
                                @if let Some((words, path)) = &self.up { p.up { a href=(link(path)) { "← " (words) } } }
                                h1 { (self.title) }
                                @if !self.lead.is_empty() { p.lead { (self.lead) } }
                            }
                            @if self.controls != Controls::None { (controls(visit, self.controls)) }
                        }
                        @if let Some(said) = &self.said { p.said role="status" { (said) } }
                        @if let Some(trouble) = &self.trouble {
                            div.trouble role="alert" {
                                p { strong { "Nothing was done. " } (trouble.sentence()) }
                                @if let crate::trouble::Trouble::Problem(refused) = trouble {
                                    @if !refused.fields.is_empty() {
                                        ul { @for (field, problem) in &refused.fields { li { b { (field) } " " (problem) } } }
                                    }
                                }
                            }
                        }
                        (filters(visit))
                        (self.content)
                    }
                    footer.foot {
                        @if let Some(as_of) = &self.as_of {
                            p { "As of " time datetime=(as_of.at) { (as_of.shown) } ", position " (as_of.position)
                                ". Times are " (as_of.zone) "." }
                        }
                        p { a href={ (root) "docs" } { "API reference" } " · " a href={ (root) "try" } { "Try it" } }
                    }
                }
            }
        };
        around(&Around { root, title: &self.title, class: "dashboard", scripts: &self.scripts }, &body)
    }
}

fn navigation(visit: &Visit, link: &dyn Fn(&str) -> String) -> Markup {
    html! {
        @for group in SECTIONS {
            @if !group.name.is_empty() { p.group { (group.name) } }
            ul {
                @for Section { path, name } in group.sections {
                    li { a href=(link(path)) aria-current=[(visit.section == *path).then_some("page")] { (name) } }
                }
            }
        }
    }
}

/// Test, live and sample data where there is some, on every page; the playground only while one looks at it.
fn environment_switch(visit: &Visit) -> Markup {
    html! {
        nav.switch aria-label="Environment" {
            @for env in visit.environments() {
                a href={ (visit.root) "dashboard/" (env) "/" (visit.section) (visit.state.range_query()) }
                    class={ "env-" (env) } aria-current=[(env == visit.env.name()).then_some("true")] { (environment_name(&env)) }
            }
        }
    }
}

/// `Test`, `Live`.
pub(crate) fn environment_name(env: &str) -> String {
    let mut letters = env.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Test never looks like live.
fn environment_banner(visit: &Visit) -> Markup {
    let words = match visit.env.name() {
        "live" => return html! {},
        "test" => "Test: no real money moves here, and none of it is in live figures.",
        SAMPLE => "Sample data: a made-up product, to look around. Nobody used any of this.",
        _ => "Playground: what visitors of Try it did. It is in no total.",
    };
    let can_go = visit.env.name() == SAMPLE && visit.sample.is_some() && visit.person.role == Role::Approver;
    html! { div.banner { p { (words) } @if can_go { (crate::pages::first_minute::remove(visit)) } } }
}

fn person(visit: &Visit) -> Markup {
    html! {
        div.person {
            p { (visit.person.name) " " span.soft { (visit.person.role.name()) } }
            form method="post" action={ (visit.root) "sign-out" } {
                input type="hidden" name="csrf" value=(visit.csrf);
                button.quiet { "Sign out" }
            }
        }
    }
}

fn controls(visit: &Visit, controls: Controls) -> Markup {
    let state = &visit.state;
    let current = state.range_name();
    // A field of a date takes nothing else.
    let date =
        |name| state.get(name).filter(|date| visit.env.begin_of_date(date).is_some()).unwrap_or_default();
    html! {
        div.controls {
            nav.ranges aria-label="Range" {
                @for range in RANGES {
                    a href=(state.with_all(&[("range", range.name), ("from", ""), ("to", "")]))
                        aria-current=[(range.name == current).then_some("true")] { (range.words) }
                }
                details.custom {
                    summary aria-current=[(current == "custom").then_some("true")] { "Custom" }
                    form method="get" {
                        @for (name, value) in state.all("").filter(|(name, _)| !matches!(*name, "from" | "to" | "range" | "cursor" | "csv")) {
                            input type="hidden" name=(name) value=(value);
                        }
                        label { "From " input type="date" name="from" required value=(date("from")); }
                        label { "To, included " input type="date" name="to" value=(date("to")); }
                        button { "Show" }
                    }
                }
            }
            @if controls == Controls::RangeAndCompare {
                nav.ranges aria-label="Compare with" {
                    a href=(state.with("compare", "")) aria-current=[(state.compare() == crate::state::Compare::Previous).then_some("true")] { "vs previous" }
                    a href=(state.with("compare", "weekdays")) aria-current=[(state.compare() == crate::state::Compare::SameWeekdays).then_some("true")] { "vs same weekdays" }
                }
            }
        }
    }
}

/// What the page is narrowed to, each with a way out.
fn filters(visit: &Visit) -> Markup {
    let one = |name: &str| visit.state.get(name).map(|value| (name.to_owned(), value.to_owned()));
    let dimensions = visit.state.all("filter[").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let filters: Vec<_> = one("event")
        .into_iter()
        .chain(one("customer"))
        .chain(one("price_version"))
        .chain(dimensions)
        .collect();
    html! {
        @if !filters.is_empty() {
            ul.filters aria-label="Filters" {
                @for (name, value) in &filters {
                    @let words = name.trim_start_matches("filter[").trim_end_matches(']').replace('_', " ");
                    li { (words) ": " b { (value) } " "
                        a href=(visit.state.with(name, "")) aria-label={ "Remove the filter " (words) } { "×" } }
                }
            }
        }
    }
}
