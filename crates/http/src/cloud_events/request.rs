//! From a CloudEvent to an event that is metered.

use std::borrow::Cow;

use chargly_api::{CloudEvent, Fields, Problems, text};
use chargly_engine::MeterEvent;
use chargly_engine::ledger::{Catalogue, IfInsufficient, Quantity, bounded_key};
use compact_str::CompactString;

use crate::read;
use crate::v1::events::request::Context as OfEvents;
use crate::v1::events::sent_cost::{SentCost, read_cost};

/// What the keys of CloudEvents begin with. No key that a caller may choose has a space in it, so that none of those is
/// ever the key of a CloudEvent.
const KEY_MARK: &str = "ce ";

/// An event that was read, and by what its sender knows it.
pub(super) struct Received {
    pub(super) event: MeterEvent,
    pub(super) seen: Seen,
}

/// By what a sender knows an item of its batch, as far as that could be read.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) source: Option<String>,
    pub(super) id: Option<String>,
}

impl Seen {
    pub(super) fn of(raw: &str) -> Self {
        let mut ignored = Problems::default();
        let Some(mut fields) = Fields::read(raw, "", &mut ignored) else { return Self::default() };
        let mut text = |name| {
            let value = fields.take(name)?.text().ok()?;
            Some(value.chars().filter(|c| !c.is_control()).take(100).collect())
        };
        Self { source: text("source"), id: text("id") }
    }
}

/// What reading an event needs to know.
pub(super) struct Context<'c> {
    pub(super) catalogue: &'c Catalogue,
    pub(super) now_ms: i64,
}

impl Context<'_> {
    /// Makes an event of a CloudEvent; `data` is what its data is called in errors. `None` only where a problem was
    /// noted.
    pub(super) fn event(
        &self,
        sent: &CloudEvent<'_>,
        data: &'static str,
        problems: &mut Problems,
    ) -> Option<MeterEvent> {
        let mut check = |name: &str, result: Result<(), String>| {
            result.map_err(|problem| problems.add(name, problem)).is_ok()
        };
        let is_named = check("type", text::check_event_name(&sent.kind));
        let has_customer = check("subject", text::check_customer(&sent.subject));
        let occurred_at = match &sent.time {
            Some(time) => match read::occurred_at_text(time, self.now_ms) {
                Ok(at) => Some(at),
                Err(problem) => {
                    problems.add("time", problem);
                    return None;
                }
            },
            None => None,
        };
        if !is_named || !has_customer {
            return None;
        }
        let context = OfEvents { catalogue: self.catalogue, now_ms: self.now_ms };
        let event_type = self.catalogue.event_type(&sent.kind);
        let mut known = Members::default();
        let mut properties = None;
        match sent.properties() {
            Some(Ok(read)) => {
                known = self.members(sent, event_type.is_some_and(|t| t.caller_set_credits), problems);
                properties = Some(context.properties_sent(event_type, &[], read));
            }
            Some(Err(problem)) => problems.add(data, problem),
            None => {}
        }
        Some(MeterEvent {
            customer: sent.subject.as_ref().into(),
            event: sent.kind.as_ref().into(),
            quantity: known.quantity.unwrap_or(Quantity::ONE),
            credits: known.credits,
            cost: known.cost.reported,
            usage: known.cost.usage,
            occurred_at,
            if_insufficient: IfInsufficient::Uncharged,
            properties,
            key: Some(key(sent)),
        })
    }

    /// The members of the data that say more than a property does. Each stays a property, too.
    fn members(&self, sent: &CloudEvent<'_>, may_set_credits: bool, problems: &mut Problems) -> Members {
        let mut members = Members::default();
        let Some(mut fields) = sent.data_fields(problems) else { return members };
        members.quantity = fields.optional("quantity", problems, read::quantity);
        if may_set_credits {
            members.credits = fields.optional("credits", problems, read::credits);
        }
        if is_cost(sent.data.as_ref()) {
            members.cost = read_cost(&mut fields, problems);
        }
        members
    }
}

#[derive(Default)]
struct Members {
    quantity: Option<Quantity>,
    credits: Option<chargly_engine::ledger::Credits>,
    cost: SentCost,
}

/// Whether the member `cost` has the form of a cost here: an amount and its currency, or a provider and its model.
/// Others call other things so, which stay properties.
fn is_cost(data: Option<&Cow<'_, str>>) -> bool {
    let mut ignored = Problems::default();
    let fields = data.and_then(|data| Fields::read(data, "", &mut ignored));
    let Some(cost) = fields.and_then(|mut fields| fields.object("cost", &mut ignored)) else { return false };
    (cost.has("amount") && cost.has("currency")) || (cost.has("provider") && cost.has("model"))
}

/// Source and id, within the length of keys.
fn key(sent: &CloudEvent<'_>) -> CompactString {
    bounded_key(KEY_MARK, &sent.key())
}
