//! API keys, and what people did with them.

use crate::schema::Field;
use crate::vocabulary::*;

pub(super) fn group() -> Group {
    let about_id = "The key.";
    Group {
        name: "Keys and audit",
        about: "A key belongs to one environment and has scopes. Its secret is shown once, when it is made.",
        operations: vec![
            post("/v1/keys", "create_key", "Make a key")
                .about("Its `secret` is in this answer and nowhere else.")
                .needs(Scope::Admin)
                .takes(
                    takes([
                        must("label", words_of_people(LABEL_BYTES_MAX), "What people call it."),
                        must("scopes", some_of(Scope::ALL.len(), scope()), "What it may do."),
                    ]),
                    r#"{"label":"backend","scopes":["meter","read"]}"#,
                )
                .writes()
                .gives(gives(fields(true)), sample!("create_key")),
            get("/v1/keys", "list_keys", "List keys")
                .about("All keys, without secrets.")
                .needs(Scope::Admin)
                .paged()
                .gives(page_of(named("Key")), sample!("list_keys")),
            post("/v1/keys/{id}/rotate", "rotate_key", "Rotate a key")
                .about("Makes a new key with the same scopes; the old one ends after the overlap.")
                .needs(Scope::Admin)
                .of("key_", about_id)
                .may_take(
                    takes([may(
                        "overlap_s",
                        within(0, KEY_OVERLAP_SECONDS_MAX),
                        "Seconds; 1 hour if left out, at most 7 days.",
                    )]),
                    r#"{"overlap_s":3600}"#,
                )
                .writes()
                .gives(gives(fields(true)), sample!("rotate_key"))
                .fails(&[Gone]),
            delete("/v1/keys/{id}", "revoke_key", "Revoke a key")
                .about("It is dead when this is answered.")
                .needs(Scope::Admin)
                .of("key_", about_id)
                .writes()
                .gives(named("Key"), sample!("revoke_key")),
            get("/v1/audit", "list_audit", "List what people did")
                .about("Newest first: everything but metering and what happens by time.")
                .needs(Scope::Admin)
                .paged()
                .gives(page_of(named("Fact")), sample!("list_audit")),
        ],
        schemas: vec![
            ("Key", gives(fields(false)).about("An API key, without its secret.")),
            (
                "Fact",
                gives([
                    must("type", text(), "What happened: `granted`, `price_published`, `key_revoked` …"),
                    must("id", text(), "What was made by it, else the line itself."),
                    may("at", instant(), ""),
                    may(
                        "actor",
                        named("Actor").or_null(),
                        "Who asked; null: the system, or the command line.",
                    ),
                    may("customer", text(), ""),
                    may("event", text(), "The event type."),
                    may("credits", credits(), ""),
                    may("balance", balance(), ""),
                    may("reason", text(), "Why."),
                ])
                .with("additionalProperties", true)
                .about("Something that happened, with what belongs to its type."),
            ),
        ],
    }
}

fn scope() -> Schema {
    words(&Scope::ALL.map(Scope::as_str))
}

fn fields(has_secret: bool) -> Vec<Field> {
    let mut fields = vec![must("id", id("key_"), ""), must("label", text(), "")];
    if has_secret {
        fields.push(must("secret", text(), "In this answer and nowhere else."));
    }
    fields.extend([
        must("hint", text(), "The end of the secret, to know it by."),
        must("scopes", list(scope()), ""),
        must("state", words(&["alive", "ending", "revoked"]), ""),
        must("created_at", instant(), ""),
        must("ends_at", instant().or_null(), "When a rotated key ends."),
    ]);
    fields
}
