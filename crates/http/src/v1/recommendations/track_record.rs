//! `GET /v1/recommendations/track-record`: how often claims came true, beside how sure they were said to be.

use chargly_api::{Problem, object};
use chargly_engine::advisor::{MATURED_MIN, track_record};
use chargly_engine::ledger::{Catalogue, Money};

use super::numbers::part;
use crate::answer::Answer;
use crate::call::Call;

pub(crate) async fn handle(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let catalogue = call.env.catalogue();
    Ok(Answer::json(track_record_json(&catalogue)))
}

/// How claims came out as JSON.
pub fn track_record_json(catalogue: &Catalogue) -> Vec<u8> {
    let record = track_record(&catalogue.recommendations);
    object(|o| {
        o.number("graded", record.n).number("provisional", record.provisional);
        o.number("shown_from", MATURED_MIN);
        // Thousandths: a millionth of a unit of money is three places further.
        let brier = record.brier_milli.map(|milli| Money::amount_of(i128::from(milli) * 1_000_000));
        o.shown_or_null("brier_score", brier);
        o.array("bins", |list| {
            for bin in &record.by_bin {
                list.object(|o| {
                    part(o, "from", bin.from_bp);
                    part(o, "to", bin.to_bp);
                    o.number("claims", bin.n);
                    part(o, "stated", bin.stated_bp);
                    o.number("came_true", bin.came_true);
                });
            }
        });
    })
}
