//! `GET /v1/limits`: every limit with its unit and its reason.

use chargly_api::limits;

use crate::answer::Answer;
use crate::project::Project;

pub(crate) fn handle(_: &Project) -> Answer {
    Answer::object(|o| {
        o.array("data", |list| {
            for (name, value, unit, reason) in limits::ALL {
                list.object(|o| {
                    o.text("name", name)
                        .number("value", value)
                        .text("unit", unit)
                        .text("reason", reason.trim());
                });
            }
        });
    })
}
