//! `/v1/keys`

use chargly_api::{IdKind, ObjectWriter, Problem};
use chargly_engine::ledger::{ApiKey, Catalogue, Millis};

use crate::call::Call;
use crate::view;

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;
pub(crate) mod rotate;

/// The key that the path names.
fn find<'c>(call: &Call, catalogue: &'c Catalogue) -> Result<&'c ApiKey, Problem> {
    let id = call.id(IdKind::Key)?;
    catalogue.keys.iter().find(|key| key.id == id).ok_or_else(|| Problem::not_found("key"))
}

/// Writes a key. Its secret is shown once, when it is made, and kept nowhere.
fn write_key(o: &mut ObjectWriter<'_>, key: &ApiKey, secret: Option<&str>, now: Millis) {
    o.shown("id", view::id(IdKind::Key, key.id)).text("label", &key.label);
    if let Some(secret) = secret {
        o.text("secret", secret);
    }
    o.text("hint", &key.hint);
    o.array("scopes", |list| {
        for scope in key.scopes.iter() {
            list.text(scope.as_str());
        }
    });
    let is_ending = key.dead_at != Millis::NEVER;
    let state = match (is_ending, key.dead_at <= now) {
        (false, _) => "alive",
        (true, false) => "ending",
        (true, true) => "revoked",
    };
    o.text("state", state);
    view::instant(o, "created_at", key.created_at);
    // A key that was revoked at once has no later end to tell.
    view::instant_or_null(o, "ends_at", Some(key.dead_at).filter(|_| state == "ending"));
}
