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
                        may("budget", budget_taken(), "What may be spent in its name in a day; no end if left out."),
                        may(
                            "may_set_credits",
                            boolean(),
                            "Whether it may choose the credits of an event; true if left out, unless it has a budget.",
                        ),
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
            put("/v1/keys/{id}/budget", "put_key_budget", "Set a key's budget")
                .about("What may be spent in its name in a day. The whole is replaced.")
                .needs(Scope::Admin)
                .of("key_", about_id)
                .takes(budget_taken(), r#"{"credits_per_day":500,"credits_per_customer_per_day":50}"#)
                .writes()
                .gives(named("Key"), BUDGETED),
            delete("/v1/keys/{id}/budget", "remove_key_budget", "Take a key's budget away")
                .about("As much may be spent as there is.")
                .needs(Scope::Admin)
                .of("key_", about_id)
                .writes()
                .gives(named("Key"), BUDGETED),
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

const BUDGETED: &str = r#"{"id":"key_0000000000000ywbdkpw","label":"agent","hint":"Bmw2","scopes":["meter"],"state":"alive","created_at":"2026-11-23T10:00:00.000Z","ends_at":null,"may_set_credits":false,"budget":{"credits_per_day":500,"credits_per_customer_per_day":null,"spent_today":12,"left_today":488,"customers_today":null,"renews_at":"2026-11-24T00:00:00.000Z"}}"#;

/// One limit or both.
fn budget_taken() -> Schema {
    let day = || credits_taken().about("0 stops all spending.");
    any_of([
        takes([
            must("credits_per_day", day(), "By all customers together."),
            may("credits_per_customer_per_day", credits_taken(), "By each customer."),
        ]),
        takes([must("credits_per_customer_per_day", day(), "By each customer.")]),
    ])
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
        may("may_set_credits", boolean(), "Whether it may choose the credits of an event."),
        may(
            "budget",
            gives([
                must("credits_per_day", credits().or_null(), ""),
                must("credits_per_customer_per_day", credits().or_null(), ""),
                must("spent_today", credits(), ""),
                must("left_today", credits().or_null(), ""),
                must("customers_today", count().or_null(), ""),
                must("renews_at", instant(), ""),
            ])
            .or_null(),
            "What may be spent in its name in a day.",
        ),
    ]);
    fields
}
