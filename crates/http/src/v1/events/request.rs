//! Reading one event: the body of `POST /v1/events`, an item of a batch, a quote.

use chargly_api::{Fields, Problems, Properties, Value};
use chargly_engine::ledger::{
    Catalogue, DIMENSION_VALUE_BYTES_MAX, Dimension, EventType, IfInsufficient, PriceInputs, PropertyValue,
    Quantity,
};
use chargly_engine::{MeterEvent, Properties as SentProperties};
use compact_str::CompactString;

use super::sent_cost::read_cost;
use crate::read;

/// What reading an event needs to know.
pub(crate) struct Context<'c> {
    /// For the properties that prices look at.
    pub(crate) catalogue: &'c Catalogue,
    /// Our wall clock.
    pub(crate) now_ms: i64,
}

impl Context<'_> {
    /// Reads an event but for its key. `None` only where a problem was noted.
    pub(crate) fn event(&self, fields: &mut Fields<'_>, problems: &mut Problems) -> Option<MeterEvent> {
        self.event_tried(&[], fields, problems)
    }

    /// Reads an event with properties that a rule looks at which is not published.
    pub(crate) fn event_tried(
        &self,
        also: &[CompactString],
        fields: &mut Fields<'_>,
        problems: &mut Problems,
    ) -> Option<MeterEvent> {
        let event = fields.required("event", problems, read::event_name);
        let customer = fields.required("customer", problems, read::customer);
        let quantity = fields.optional("quantity", problems, read::quantity);
        let credits = fields.optional("credits", problems, read::credits);
        let cost = read_cost(fields, problems);
        let occurred_at = fields.optional("occurred_at", problems, |v| read::occurred_at(v, self.now_ms));
        let if_insufficient = fields.optional("if_insufficient", problems, read::if_insufficient);
        let event_type = event.as_ref().and_then(|name| self.catalogue.event_type(name));
        let properties = self.properties_tried(event_type, also, fields, problems);
        Some(MeterEvent {
            customer: customer?,
            event: event?,
            quantity: quantity.unwrap_or(Quantity::ONE),
            credits,
            cost: cost.reported,
            usage: cost.usage,
            occurred_at,
            if_insufficient: if_insufficient.unwrap_or(IfInsufficient::Refuse),
            properties,
            key: None,
        })
    }

    /// Reads properties: in canonical form, and those that any price of the event type counts. Which version will be
    /// in force is the ledger's to say, later.
    pub(crate) fn properties(
        &self,
        event_type: Option<&EventType>,
        fields: &mut Fields<'_>,
        problems: &mut Problems,
    ) -> Option<SentProperties> {
        self.properties_tried(event_type, &[], fields, problems)
    }

    /// Reads properties, and those besides that a rule looks at which is not published.
    pub(crate) fn properties_tried(
        &self,
        event_type: Option<&EventType>,
        also: &[CompactString],
        fields: &mut Fields<'_>,
        problems: &mut Problems,
    ) -> Option<SentProperties> {
        let sent = fields.optional("properties", problems, Properties::read)?;
        Some(self.properties_sent(event_type, also, sent))
    }

    /// What prices and reports look at of properties that were read, and all of them.
    pub(crate) fn properties_sent(
        &self,
        event_type: Option<&EventType>,
        also: &[CompactString],
        sent: Properties<'_>,
    ) -> SentProperties {
        let mut inputs = PriceInputs::new();
        let priced = event_type.map_or(&[][..], |known| self.catalogue.priced_properties(known.number));
        for name in priced.iter().chain(also.iter().filter(|name| !priced.contains(name))) {
            if let Some(value) = sent.get(name) {
                inputs.push((name.clone(), seen_by_prices(value)));
            }
        }
        let declared = event_type.into_iter().flat_map(|known| &known.dimensions);
        let dimensions = declared.filter_map(|name| {
            let value = dimension_value(sent.get(name)?)?;
            Some(Dimension { name: name.clone(), value })
        });
        let dimensions = dimensions.collect();
        SentProperties { canonical: sent.canonical.into(), inputs, dimensions }
    }
}

/// A text, number or yes-or-no as reports show it; nothing else can be grouped by.
fn dimension_value(value: Value<'_>) -> Option<CompactString> {
    let text = match value.text() {
        Ok(text) => CompactString::from(text),
        Err(_) if value.number().is_ok() || value.boolean().is_ok() => value.raw().into(),
        Err(_) => return None,
    };
    let end = text.floor_char_boundary(DIMENSION_VALUE_BYTES_MAX);
    Some(text[..end].into())
}

/// A property as prices see it. Objects and lists have no text that a condition could ask for.
pub(crate) fn seen_by_prices(value: Value<'_>) -> PropertyValue {
    if let Ok(number) = value.number() {
        return PropertyValue::number(number);
    }
    match value.text() {
        Ok(text) => PropertyValue::Text(text.into()),
        Err(_) if value.boolean().is_ok() => PropertyValue::Text(value.raw().into()),
        Err(_) => PropertyValue::Text(CompactString::default()),
    }
}
