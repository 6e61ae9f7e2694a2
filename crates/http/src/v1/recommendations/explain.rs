//! `GET /v1/recommendations/{id}/explain`: the arithmetic, line by line.

use chargly_api::{IdKind, Problem, object};
use chargly_engine::advisor::explain;
use chargly_engine::ledger::{Advised, Catalogue};

use super::numbers::{part, part_or_null};
use super::view::number_or_null;
use super::{find, zone};
use crate::answer::Answer;
use crate::call::Call;
use crate::view;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let catalogue = call.env.catalogue();
    let advised = find(&call, &catalogue)?;
    Ok(Answer::json(explanation_json(advised, &catalogue)))
}

/// The arithmetic of a recommendation as JSON.
pub fn explanation_json(advised: &Advised, catalogue: &Catalogue) -> Vec<u8> {
    let zone = zone(catalogue);
    let found = explain(&advised.recommendation, catalogue, &|at| zone.day_number(at));
    object(|o| {
        o.id("id", view::id(IdKind::Recommendation, advised.id));
        o.text("reason", &found.reason);
        o.text("confidence", advised.recommendation.sureness().as_str());
        part(o, "probability", advised.recommendation.probability_bp);
        part(o, "target_margin", found.target_margin_bp);
        part_or_null(o, "estimated_margin", found.estimated_margin_bp);
        o.text("cost_context", &found.cost_context);
        o.object("version_transition", |o| {
            number_or_null(o, "from", found.version_from);
            number_or_null(o, "to", found.version_to);
        });
        o.array("lines", |list| {
            found.lines.iter().for_each(|line| {
                list.text(line);
            });
        });
    })
}
