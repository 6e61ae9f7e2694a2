//! What whoever asks may know.

use crate::vocabulary::*;

pub(super) fn group() -> Group {
    Group {
        name: "For everybody",
        about: "What whoever asks may know, without a key.",
        operations: vec![
            get("/", "landing", "What runs here").gives(
                gives([
                    must("name", words(&["chargly"]), ""),
                    must("version", text(), ""),
                    must("environments", list(text()), ""),
                    must("first_call", text(), "Where to begin."),
                ]),
                sample!("landing"),
            ),
            get("/healthz", "health", "Whether the process lives")
                .gives(gives([must("status", words(&["ok"]), "")]), sample!("health")),
            get("/readyz", "readiness", "Whether it can take money")
                .answers(200, "Every environment can.", readiness(), sample!("readiness"))
                .answers(
                    503,
                    "One cannot.",
                    readiness(),
                    r#"{"status":"not_ready","environments":{"test":{"ready":true,"reason":null},"live":{"ready":false,"reason":"storage_full"}}}"#,
                ),
            get("/metrics", "metrics", "Metrics for Prometheus").shows(
                200,
                "text/plain",
                "In Prometheus' own text format.",
                Some("chargly_ready{environment=\"test\"} 1\n"),
            ),
            get("/v1/limits", "list_limits", "List limits").about("Every limit with its unit and its reason.").gives(
                gives([must(
                    "data",
                    list(gives([
                        must("name", text(), ""),
                        must("value", count(), ""),
                        must("unit", text(), ""),
                        must("reason", text(), ""),
                    ])),
                    "",
                )]),
                sample!("list_limits"),
            ),
            get("/openapi.json", "openapi", "This API as an OpenAPI document")
                .shows(200, "application/json", "OpenAPI 3.1.", None),
            get("/docs", "docs", "This API as a page")
                .about("Works without a network and without a script.")
                .shows(200, "text/html", "The page.", None),
            get("/assets/{file}", "get_asset", "A file that a page refers to")
                .about("A name changes with its content, so that a browser keeps the file for good.")
                .proven()
                .path("file", text(), "Its name with its hash.")
                .shows(200, "text/css", "The file.", None)
                .shows(200, "image/svg+xml", "", None)
                .fails(&[Internal]),
        ],
        schemas: Vec::new(),
    }
}

fn readiness() -> Schema {
    gives([
        must("status", words(&["ready", "not_ready"]), ""),
        must(
            "environments",
            map(gives([must("ready", boolean(), ""), must("reason", text().or_null(), "Why not.")])),
            "By name.",
        ),
    ])
}
