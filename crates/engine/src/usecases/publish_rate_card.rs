//! Publishing what providers charge.

use chargly_ledger::{Action, KeyNo, RateCardRequest};

use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};

impl Environment {
    /// Publishes a rate card. Under no key: the same card again changes no rate.
    pub async fn publish_rate_card(
        &self,
        actor: KeyNo,
        request: RateCardRequest,
    ) -> Result<Outcome, CallError> {
        self.change_catalogue(actor, Action::PublishRateCard(request), None).await
    }
}
