//! Every error: what it means, and what can be done.

use chargly_api::ErrorCode;
use maud::{Markup, html};

use super::words::{self, line};
use crate::problems::example;

pub(super) fn section() -> Markup {
    html! {
        section #errors.group {
            header {
                div.told {
                    h2 { "Errors" }
                    p {
                        "Errors are " code { "application/problem+json" } ". " code { "code" }
                        " never changes its meaning; the facts that come with it stand at "
                        a href="#object-Problem" { "Problem" } "."
                    }
                    p {
                        "A " strong { "verdict" } " is recorded, and final for its idempotency key: a later attempt needs \
                         a new one. All other errors leave the key free."
                    }
                }
                div.shown { (words::code("402 application/problem+json", &example(ErrorCode::InsufficientCredits).to_string())) }
            }
            table.codes {
                thead { tr { th { "Code" } th { "Status" } th { "What it means, and what to do" } } }
                tbody {
                    @for code in ErrorCode::ALL {
                        tr id=(code.as_str()) {
                            td { a href={ "#" (code.as_str()) } { code { (words::breakable(code.as_str())) } } }
                            td { (code.status()) }
                            td {
                                p { strong { (code.title()) "." } " " (line(code.what_to_do())) }
                                @if code.is_binding() { p.mark { "A verdict, final for its key." } }
                                @if code.is_retryable() { p.mark { "May succeed later with the same key." } }
                            }
                        }
                    }
                }
            }
        }
    }
}
