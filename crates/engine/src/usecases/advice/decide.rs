//! What people decide of a recommendation: apply it, turn it down, take it back.

use chargly_ledger::{
    Action, Advised, Because, Decision, EntryId, KeyNo, Millis, PriceRequest, Recommendation,
    RejectAdviceRequest, Rejection,
};
use compact_str::CompactString;

use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};

/// The note of a price version where whoever applies a recommendation gives no reason.
const APPLIED: &str = "As recommended";
/// The same where one is taken back.
const ROLLED_BACK: &str = "Back to the price before the recommendation";

/// Apply a recommendation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyAdvice {
    /// Which. Its id is sealed with its content, so that nothing else can be applied under it.
    pub recommendation: EntryId,
    /// Days until its price holds; what the settings say where it does not.
    pub notice_days: Option<u32>,
    /// From when its price holds, instead.
    pub effective_at: Option<Millis>,
    /// Why; may be empty.
    pub reason: CompactString,
}

impl Environment {
    /// Publishes the price that a recommendation proposes.
    ///
    /// # Errors
    /// [`CallError::NotFound`] where there is no such recommendation; [`CallError::Rejected`] where it is not open any
    /// more, cannot be applied, or wants a notice that was not chosen.
    pub async fn apply_recommendation(
        &self,
        actor: KeyNo,
        request: ApplyAdvice,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        let ApplyAdvice { recommendation: id, notice_days, effective_at, reason } = request;
        let advised = self.advised(id)?.recommendation;
        let Some(proposal) = &advised.proposal else {
            return Err(Rejection::RecommendationNotApplicable.into());
        };
        let request = PriceRequest {
            event_type: advised.event_type,
            rule: proposal.rule.clone(),
            grid: proposal.grid,
            rounding: proposal.rounding,
            effective_at,
            note: said_or(reason, APPLIED),
            replaces: advised.base,
            because: Some(Because::Approves { id, notice_days }),
        };
        self.publish_price(actor, request, key).await
    }

    /// Turns a recommendation down.
    ///
    /// # Errors
    /// [`CallError::NotFound`] where there is no such recommendation; [`CallError::Rejected`] where it is not open any
    /// more.
    pub async fn reject_recommendation(
        &self,
        actor: KeyNo,
        request: RejectAdviceRequest,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        self.advised(request.recommendation)?;
        self.change_catalogue(actor, Action::RejectRecommendation(request), key).await
    }

    /// Publishes the price again that a recommendation replaced.
    ///
    /// # Errors
    /// [`CallError::NotFound`] where there is no such recommendation; [`CallError::Rejected`] where it was never applied,
    /// or replaced no price.
    pub async fn roll_back_recommendation(
        &self,
        actor: KeyNo,
        id: EntryId,
        reason: CompactString,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        let advised = self.advised(id)?;
        let Decision::Applied { price: applied, .. } = advised.decision else {
            let status = advised.status(Millis(self.wall_ms()));
            return Err(Rejection::RecommendationNotOpen { status }.into());
        };
        let catalogue = self.catalogue();
        let before = advised.recommendation.base.and_then(|base| catalogue.price(base));
        let Some(before) = before else { return Err(Rejection::RecommendationNotApplicable.into()) };
        let (rule, grid, rounding) = before.terms();
        let request = PriceRequest {
            event_type: before.event_type,
            rule: rule.clone(),
            grid,
            rounding,
            effective_at: None,
            note: said_or(reason, ROLLED_BACK),
            replaces: Some(applied),
            because: Some(Because::RollsBack { id }),
        };
        self.publish_price(actor, request, key).await
    }

    /// Records a recommendation, as the system: what a look does for each that it makes.
    ///
    /// # Errors
    /// [`CallError::Rejected`] where its event type is unknown, or got another price since it was made.
    pub async fn record_recommendation(&self, recommendation: Recommendation) -> Result<Outcome, CallError> {
        self.change_catalogue(KeyNo::SYSTEM, Action::Recommend(Box::new(recommendation)), None).await
    }

    fn advised(&self, id: EntryId) -> Result<Advised, CallError> {
        let catalogue = self.catalogue();
        let known = catalogue.recommendation(id.position).filter(|known| known.id == id);
        known.cloned().ok_or(CallError::NotFound { kind: "recommendation" })
    }
}

fn said_or(reason: CompactString, default: &str) -> CompactString {
    if reason.is_empty() { default.into() } else { reason }
}
