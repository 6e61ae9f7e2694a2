//! Metering for callers who always name an amount, and may name events that nobody defined.

use chargly_ledger::{Action, Catalogue, EventTypeRequest, KeyNo, Rejection};
use compact_str::CompactString;

use super::meter_events::MeterEvent;
use crate::environment::Environment;
use crate::outcome::{CallError, Outcome};

/// The environment in which an event type is only made of a name where the settings say so.
const LIVE: &str = "live";

impl Environment {
    /// Meters an event. One that is not known, and comes with an amount, becomes an event type whose callers set the
    /// credits, where the environment allows that.
    pub async fn consume(&self, actor: KeyNo, event: MeterEvent) -> Result<Outcome, CallError> {
        match self.meter_one(actor, event.clone()).await {
            Err(CallError::UnknownEventType { name }) if event.credits.is_some() => {
                if !makes_event_types(&self.catalogue()) {
                    return Err(CallError::UnknownEventType { name });
                }
                match self.change_catalogue(actor, Action::DefineNewEventType(made_of(&name)), None).await {
                    // Somebody else was first; theirs holds.
                    Ok(_) | Err(CallError::Rejected(Rejection::Unchanged)) => {}
                    Err(error) => return Err(error),
                }
                self.meter_one(actor, event).await
            }
            result => result,
        }
    }
}

fn makes_event_types(catalogue: &Catalogue) -> bool {
    catalogue.environment != LIVE || catalogue.settings.compat_creates_event_types
}

fn made_of(name: &CompactString) -> EventTypeRequest {
    EventTypeRequest {
        name: name.clone(),
        label: label_of(name),
        description: CompactString::default(),
        caller_set_credits: true,
        dimensions: Vec::new(),
        archived: false,
        estimated_cost_nano: None,
        first_price: None,
    }
}

/// What people may call an event of this name: `image.hd_upscale` is "Image hd upscale".
fn label_of(name: &str) -> CompactString {
    let mut letters = name.chars().map(|letter| if matches!(letter, '.' | '_') { ' ' } else { letter });
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let label: CompactString = first.into_iter().chain(letters).collect();
    // A name of nothing but strokes says nothing as words.
    if label.trim().is_empty() { name.into() } else { label.trim().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_names_as_words() {
        for (name, label) in [
            ("image.generate", "Image generate"),
            ("image.hd_upscale", "Image hd upscale"),
            ("chat", "Chat"),
            ("_", "_"),
            ("_a", "a"),
            ("2fa", "2fa"),
        ] {
            assert_eq!(label_of(name), label, "{name}");
        }
    }
}
