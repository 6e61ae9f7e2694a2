//! Who may look at the dashboard, and what each may do.

use chargly_engine::ledger::KeyNo;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::tabs;
use crate::look::{note, say};
use crate::page::Page;
use crate::people::{Listed, Role};
use crate::serve::{Done, Form};
use crate::state::time;
use crate::trouble::Trouble;
use crate::visit::Visit;

/// Characters of a name or an address.
const NAME_CHARACTERS_MAX: usize = 100;

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let people = visit.people.list().map_err(|error| Trouble::internal(&error))?;
    let notes = visit.people.notes().map_err(|error| Trouble::internal(&error))?;
    let may_change = visit.person.role == Role::Approver;
    Ok(Page {
        title: "People".into(),
        lead: "A viewer sees everything. An operator helps customers: grants, reverses, refunds, freezes. An approver \
               decides: prices, advice, settings, keys and people."
            .into(),
        content: html! {
            (tabs(visit, "settings/people"))
            section.chart {
                h2 { "Who may look?" }
                ul.people { @for one in &people { li { (row(visit, one, may_change)) } } }
            }
            @if may_change {
                section.chart {
                    h2 { "Add somebody" }
                    form.act method="post" {
                        (visit.form_fields("add"))
                        label { "Name" input name="name" required maxlength=(NAME_CHARACTERS_MAX); }
                        label { "Email" input type="email" name="email" required maxlength=(NAME_CHARACTERS_MAX); }
                        label { "Role" select name="role" { @for role in Role::ALL { option value=(role.name()) { (role.name()) } } } }
                        button.main { "Add, and show their link" }
                    }
                    (note("Nothing is sent: hand them the link yourself. It signs in once, within a day; then they choose a password."))
                }
            }
            section.chart {
                h2 { "What was changed?" }
                @if notes.is_empty() { (note("Nothing yet.")) }
                ul { @for (at, by, what) in &notes { li { (say::instant(&time(*at), &TimeZone::UTC)) " UTC: " b { (by) } " " (what) } } }
            }
        },
        ..Page::default()
    })
}

fn row(visit: &Visit, one: &Listed, may_change: bool) -> Markup {
    let person = &one.person;
    html! {
        div.who {
            p { b { (person.name) } @if person.id == visit.person.id { " (you)" }
                " " span.soft { (person.email.as_deref().unwrap_or("no email yet")) }
                @if !one.has_password { " " span.soft { "· signs in by link only" } } }
            p.note { (person.role.name()) " · "
                @match one.seen_ms { Some(seen) => { "last here " (say::instant(&time(seen), &TimeZone::UTC)) " UTC" }, None => "not signed in" } }
        }
        @if may_change {
            div.acts {
                form method="post" {
                    (visit.form_fields("role"))
                    input type="hidden" name="person" value=(person.id);
                    label.hidden for={ "role-" (person.id) } { "Role of " (person.name) }
                    select id={ "role-" (person.id) } name="role" { @for role in Role::ALL { option value=(role.name()) selected[role == person.role] { (role.name()) } } }
                    button { "Change role" }
                }
                form method="post" {
                    (visit.form_fields("link"))
                    input type="hidden" name="person" value=(person.id);
                    button { "New link" }
                }
                form method="post" {
                    (visit.form_fields("remove"))
                    input type="hidden" name="person" value=(person.id);
                    button { "Take " (person.name) " off" }
                }
            }
        }
    }
}

pub(crate) async fn act(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    visit.needs(Role::Approver)?;
    let people = &visit.people;
    let (now_ms, by) = (visit.env.wall_ms(), visit.person.name.as_str());
    let failed = |error| Trouble::internal(&error);
    if form.get("action") == "add" {
        let (name, email) = (form.get("name"), form.get("email"));
        let role =
            Role::parse(form.get("role")).ok_or_else(|| Trouble::field("role", "is none of the three"))?;
        check("name", name)?;
        check("email", email)?;
        let added = people.add(name, email, role, now_ms).map_err(failed)?;
        let added = added.ok_or_else(|| Trouble::field("email", "is somebody's here already"))?;
        people.note(by, &format!("added {name} as {}", role.name()), now_ms).map_err(failed)?;
        return link(visit, added, name);
    }
    let listed = people.list().map_err(failed)?;
    let meant =
        listed.iter().find(|one| one.person.id.to_string() == form.get("person")).ok_or(Trouble::NotFound)?;
    let person = &meant.person;
    match form.get("action") {
        "link" => link(visit, person.id, &person.name),
        "role" => {
            let role = Role::parse(form.get("role"))
                .ok_or_else(|| Trouble::field("role", "is none of the three"))?;
            set_role(visit, person.id, Some(role)).await?;
            people.note(by, &format!("made {} {}", person.name, role.name()), now_ms).map_err(failed)?;
            Ok(Done::Said(format!("{} is {} now.", person.name, role.name())))
        }
        "remove" => {
            set_role(visit, person.id, None).await?;
            people.note(by, &format!("took {} off", person.name), now_ms).map_err(failed)?;
            Ok(Done::Said(format!("{} may not look any more.", person.name)))
        }
        _ => Err(Trouble::NotFound),
    }
}

/// Another role is another key: what the old one could do ends with this.
async fn set_role(visit: &Visit, person: i64, role: Option<Role>) -> Result<(), Trouble> {
    let is_done = visit
        .people
        .set_role(person, role, visit.env.wall_ms())
        .map_err(|error| Trouble::internal(&error))?;
    if !is_done {
        return Err(Trouble::field("role", "must stay: nobody else is an approver"));
    }
    for (environment, key) in visit.people.keys_of(person).map_err(|error| Trouble::internal(&error))? {
        if let Some(env) = visit.project.environment(&environment) {
            // One that is dead already needs nothing.
            let _ = env.revoke_key(visit.api.actor(), KeyNo(key), 0).await;
        }
    }
    Ok(())
}

/// A new link, shown this once.
fn link(visit: &Visit, person: i64, name: &str) -> Result<Done, Trouble> {
    let token = format!("{}{}", visit.fresh_key(), visit.fresh_key());
    visit.people.link_for(person, &token, visit.env.wall_ms()).map_err(|error| Trouble::internal(&error))?;
    Ok(Done::Shown(Box::new(Page {
        title: format!("A link for {name}"),
        up: Some(("People".into(), "settings/people".into())),
        content: html! {
            section.chart {
                p { "Put this behind the address of this server, and hand it to " (name) ". It signs in once, within a day, and is "
                    "shown this once." }
                pre { "/sign-in/" (token) }
                p { a href={ (visit.root) "sign-in/" (token) } { "The whole link" } " (copy it; do not open it yourself)" }
            }
        },
        ..Page::default()
    })))
}

fn check(field: &str, value: &str) -> Result<(), Trouble> {
    let is_whole = !value.is_empty()
        && value.chars().count() <= NAME_CHARACTERS_MAX
        && !value.contains(char::is_control);
    if is_whole { Ok(()) } else { Err(Trouble::field(field, "must be 1 to 100 characters")) }
}
