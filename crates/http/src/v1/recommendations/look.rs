//! `/v1/recommendations/look`: look for advice now, and what came of the last look.

use chargly_api::{IdKind, ObjectWriter, Problem, Value, object};
use chargly_engine::advisor::{Watched, watched_in_words};
use chargly_engine::ledger::{Catalogue, Millis};
use chargly_engine::{LookJob, LookRequest, LookStatus, Looked};

use super::evidence::write_evidence;
use super::view::{write_draft, write_needs};
use crate::answer::Answer;
use crate::call::Call;
use crate::view;

/// Seeds above this would not survive a reader that counts in doubles.
const SEED_MAX: i64 = 1 << 53;

/// `POST /v1/recommendations/look`: nothing waits for it.
pub(crate) async fn start(call: Call) -> Result<Answer, Problem> {
    let request = call.read(|fields, problems| {
        let seed = fields.optional("seed", problems, |value| value.integer(0, SEED_MAX));
        let is_dry = fields.optional("dry_run", problems, Value::boolean);
        let seed = seed.and_then(|seed| u64::try_from(seed).ok()).unwrap_or_default();
        Some(LookRequest { seed, is_dry: is_dry.unwrap_or(false) })
    })?;
    let job = call.env.look_for_advice(request);
    let catalogue = call.env.catalogue();
    Ok(Answer::accepted(object(|o| write_job(o, Some(&job), &catalogue))))
}

/// `GET /v1/recommendations/look`
pub(crate) async fn get(mut call: Call) -> Result<Answer, Problem> {
    call.finish_query()?;
    let job = call.env.advice_look();
    let catalogue = call.env.catalogue();
    Ok(Answer::object(|o| write_job(o, job.as_deref(), &catalogue)))
}

/// Writes a look: where it stands, its result once there is one, and the last that was recorded.
fn write_job(o: &mut ObjectWriter<'_>, job: Option<&LookJob>, catalogue: &Catalogue) {
    match job {
        Some(job) => write_known(o, job, catalogue),
        None => {
            o.null("id").text("status", "none").null("progress").null("asked_at");
            o.null("seed").null("dry_run").null("problem").null("result");
        }
    }
    match catalogue.last_look {
        Some(look) => o.object("last_recorded", |o| {
            view::instant(o, "as_of", look.as_of);
            o.number("cut_off", look.cut_off.0).number("recommendations", look.made);
            o.number("seed", look.seed).number("method", look.method);
        }),
        None => o.null("last_recorded"),
    };
}

fn write_known(o: &mut ObjectWriter<'_>, job: &LookJob, catalogue: &Catalogue) {
    let status = job.status();
    let is_over = !matches!(status, LookStatus::Queued | LookStatus::Running);
    let word = match &status {
        _ if !is_over && job.watch.is_cancelled() => "cancelling",
        LookStatus::Queued => "queued",
        LookStatus::Running => "running",
        LookStatus::Done(_) => "done",
        LookStatus::Cancelled => "cancelled",
        LookStatus::Failed(_) => "failed",
    };
    let (done, all) = job.watch.progress();
    o.text("id", &job.id).text("status", word);
    o.object("progress", |o| {
        o.number("done", done).number("all", all);
    });
    view::instant(o, "asked_at", Millis(job.asked_at_ms));
    o.number("seed", job.request.seed).boolean("dry_run", job.request.is_dry);
    match &status {
        LookStatus::Failed(why) => o.text("problem", why),
        _ => o.null("problem"),
    };
    match &status {
        LookStatus::Done(looked) => {
            o.object("result", |o| write_result(o, looked, job.request.is_dry, catalogue))
        }
        _ => o.null("result"),
    };
}

/// What came of a look as JSON, as `GET /v1/recommendations/look` has it in `result`.
pub fn look_json(looked: &Looked, is_dry: bool, catalogue: &Catalogue) -> Vec<u8> {
    object(|o| write_result(o, looked, is_dry, catalogue))
}

fn write_result(o: &mut ObjectWriter<'_>, looked: &Looked, is_dry: bool, catalogue: &Catalogue) {
    view::instant(o, "as_of", looked.as_of);
    o.number("cut_off", looked.cut_off.0).number("events", looked.events);
    o.number("events_ahead", looked.advice.ahead)
        .number("graded", looked.graded)
        .number("took_ms", looked.took_ms);
    o.array("made", |list| {
        for id in &looked.made {
            list.text(&view::id(IdKind::Recommendation, *id).to_string());
        }
    });
    // What was recorded has its own address; what was not is nowhere else.
    o.array("drafts", |list| {
        for draft in looked.advice.recommendations.iter().filter(|_| is_dry) {
            list.object(|o| write_draft(o, draft, catalogue));
        }
    });
    o.array("watched", |list| {
        for watched in &looked.advice.watched {
            list.object(|o| write_watched(o, watched, catalogue));
        }
    });
}

fn write_watched(o: &mut ObjectWriter<'_>, watched: &Watched, catalogue: &Catalogue) {
    o.text("event", view::event_name(catalogue, watched.event_type));
    o.text("in_words", &watched_in_words(&watched.evidence, catalogue));
    write_needs(o, &watched.needs);
    o.object("evidence", |o| write_evidence(o, &watched.evidence));
}
