//! What somebody is called, and their password.

use maud::html;

use super::tabs;
use crate::look::note;
use crate::page::Page;
use crate::people::password::{self, PASSWORD_BYTES_MAX, PASSWORD_CHARACTERS_MIN};
use crate::serve::{Done, Form};
use crate::trouble::Trouble;
use crate::visit::Visit;

pub(crate) async fn show(visit: &Visit) -> Result<Page, Trouble> {
    let person = &visit.person;
    Ok(Page {
        title: "You".into(),
        content: html! {
            (tabs(visit, "settings/you"))
            section.chart {
                h2 { "How are you called?" }
                form.act method="post" {
                    (visit.form_fields("profile"))
                    label { "Name" input name="name" value=(person.name) required maxlength="100" autocomplete="name"; }
                    label { "Email" input type="email" name="email" value=(person.email.as_deref().unwrap_or_default()) required autocomplete="username"; }
                    button { "Save" }
                }
                (note("The audit log names you so from your next key on; you sign in by this address."))
            }
            section.chart {
                h2 { "Choose a password" }
                form.act method="post" {
                    (visit.form_fields("password"))
                    label { "New password" input type="password" name="password" required minlength=(PASSWORD_CHARACTERS_MIN) autocomplete="new-password"; }
                    label { "The same again" input type="password" name="again" required autocomplete="new-password"; }
                    button { "Set the password" }
                }
                (note("At least 12 characters. Your other sessions end with it."))
            }
        },
        ..Page::default()
    })
}

pub(crate) async fn act(visit: &Visit, form: &Form) -> Result<Done, Trouble> {
    let failed = |error| Trouble::internal(&error);
    match form.get("action") {
        "profile" => {
            let (name, email) = (form.get("name"), form.get("email"));
            if name.is_empty() || name.chars().count() > 100 || name.contains(char::is_control) {
                return Err(Trouble::field("name", "must be 1 to 100 characters"));
            }
            if !email.contains('@') || email.len() > 255 || email.contains(char::is_control) {
                return Err(Trouble::field("email", "must be an address, of at most 255 bytes"));
            }
            if !visit.people.set_profile(visit.person.id, name, email).map_err(failed)? {
                return Err(Trouble::field("email", "is somebody else's here"));
            }
            Ok(Done::Said("Saved.".into()))
        }
        "password" => {
            let new = form.raw("password");
            if new.chars().count() < PASSWORD_CHARACTERS_MIN || new.len() > PASSWORD_BYTES_MAX {
                return Err(Trouble::field(
                    "password",
                    "must have at least 12 characters and at most 1,024 bytes",
                ));
            }
            if new != form.raw("again") {
                return Err(Trouble::field("again", "is not the same"));
            }
            let (new, salt) = (new.to_owned(), (visit.nonce)());
            let kept = tokio::task::spawn_blocking(move || password::hash(&new, salt)).await;
            let kept = kept.ok().flatten().ok_or(Trouble::Internal)?;
            visit.people.set_password(visit.person.id, &kept, &visit.session).map_err(failed)?;
            Ok(Done::Said("The password is set. Other sessions of yours have ended.".into()))
        }
        _ => Err(Trouble::NotFound),
    }
}
