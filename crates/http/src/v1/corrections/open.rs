//! `POST /v1/corrections`: carry out what was previewed. Answered once the decision is recorded; the work goes on.

use chargly_api::limits::NOTE_BYTES_MAX;
use chargly_api::{IdKind, Problem};
use chargly_engine::Outcome;
use chargly_engine::ledger::{CorrectionAction, CorrectionFilter};
use compact_str::CompactString;

use super::Seal;
use super::request::Asked;
use crate::answer::Answer;
use crate::call::Call;
use crate::{read, view};

pub(crate) async fn handle(call: Call) -> Result<Answer, Problem> {
    let catalogue = call.env.catalogue();
    let (asked, decision) = call.read(|fields, problems| {
        let asked = Asked::read(&catalogue, fields, problems);
        let decision = Decision::read(&call, fields, problems);
        Some((asked?, decision?))
    })?;
    let (filter, action) = asked.found(&call).await?;
    decision.carry_out(&call, filter, action).await
}

/// What makes a correction of a preview.
pub(super) struct Decision {
    seal: Seal,
    note: CompactString,
    key: Option<CompactString>,
}

impl Decision {
    /// Reads `preview`, `note` and the idempotency key.
    pub(super) fn read(
        call: &Call,
        fields: &mut chargly_api::Fields<'_>,
        problems: &mut chargly_api::Problems,
    ) -> Option<Self> {
        let seal = fields.required("preview", problems, |value| Seal::parse(&value.text()?));
        let note = fields.required("note", problems, |value| read::some_prose(value, NOTE_BYTES_MAX));
        let key = call.key_of(fields, problems);
        Some(Self { seal: seal?, note: note?, key })
    }

    /// Opens the correction.
    pub(super) async fn carry_out(
        self,
        call: &Call,
        filter: CorrectionFilter,
        action: CorrectionAction,
    ) -> Result<Answer, Problem> {
        let Self { seal: Seal(seal), note, key } = self;
        let opened = call.env.open_correction(call.actor(), filter, action, (note, seal), key).await;
        let outcome = opened.map_err(|error| call.problem(error))?;
        Ok(call.written(&outcome, accepted(&outcome)))
    }
}

/// Rendered from the fact alone, so that a retry gets the same.
fn accepted(outcome: &Outcome) -> Answer {
    let body = chargly_api::object(|o| {
        o.id("id", view::id(IdKind::Correction, outcome.id)).text("status", "running");
        view::instant(o, "opened_at", outcome.at);
    });
    Answer::accepted(body)
}
