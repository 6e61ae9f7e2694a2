//! Event types, prices and settings.

use chargly_ledger::{Action, EventTypeRequest, KeyNo, PackRequest, Payload, PriceRequest, Settings};
use compact_str::CompactString;

use super::item::Namespace;
use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};

impl Environment {
    /// Defines an event type, or changes what is not its name.
    pub async fn define_event_type(
        &self,
        actor: KeyNo,
        request: EventTypeRequest,
    ) -> Result<Outcome, CallError> {
        self.change_catalogue(actor, Action::DefineEventType(request), None).await
    }

    /// Publishes a price version.
    pub async fn publish_price(
        &self,
        actor: KeyNo,
        request: PriceRequest,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        self.change_catalogue(actor, Action::PublishPrice(request), key).await
    }

    /// Changes what figures and advice depend on. Figures in another time zone are counted anew behind it; until then
    /// reports go on in the old one, and say so.
    pub async fn change_settings(
        &self,
        actor: KeyNo,
        settings: Settings,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        self.change_catalogue(actor, Action::ChangeSettings(settings), key).await
    }

    /// Publishes a version of a credit pack.
    pub async fn publish_pack(
        &self,
        actor: KeyNo,
        request: PackRequest,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        self.change_catalogue(actor, Action::PublishPack(Box::new(request)), key).await
    }

    pub(crate) async fn change_catalogue(
        &self,
        actor: KeyNo,
        action: Action,
        key: Option<CompactString>,
    ) -> Result<Outcome, CallError> {
        let mut arena = Vec::new();
        let item = self.item(actor, action, key, &Namespace::Environment, Payload::default(), &mut arena);
        self.call_one(item, arena, true).await
    }
}
