//! The values of declared dimensions, numbered in the order in which they were first met.

use chargly_ledger::{Dimension, EventTypeNo};
use compact_str::CompactString;
use hashbrown::HashMap;

/// Values of one dimension of one event type that are told apart; each is a row more in every hour it is used in.
/// Those beyond count as [`OTHER`].
pub const DIMENSION_VALUES_MAX: usize = 1_000;
/// What values beyond [`DIMENSION_VALUES_MAX`] count as.
pub const OTHER: &str = "other";

/// A value, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) event_type: u32,
    pub(crate) dimension: Dimension,
}

/// All values, by number.
#[derive(Default)]
pub(crate) struct Values {
    all: Vec<Value>,
    of: HashMap<(u32, CompactString), HashMap<CompactString, u32>>,
}

impl Values {
    pub(crate) fn new(all: Vec<Value>) -> Self {
        let mut values = Self::default();
        all.into_iter().for_each(|value| {
            values.add(value);
        });
        values
    }

    pub(crate) fn all(&self) -> &[Value] {
        &self.all
    }

    /// The number of a value, which may be a new one.
    pub(crate) fn number(&mut self, event_type: EventTypeNo, name: &str, value: &str) -> u32 {
        // No allocation where the value is known, as nearly always; a name that fits in 24 bytes is copied, not allocated.
        let key = (event_type.0, CompactString::from(name));
        let known = self.of.get(&key);
        if let Some(number) = known.and_then(|of| of.get(value)) {
            return *number;
        }
        let value = match known {
            Some(of) if of.len() >= DIMENSION_VALUES_MAX => {
                if let Some(number) = of.get(OTHER) {
                    return *number;
                }
                OTHER
            }
            _ => value,
        };
        let dimension = Dimension { name: key.1, value: value.into() };
        self.add(Value { event_type: event_type.0, dimension })
    }

    fn add(&mut self, value: Value) -> u32 {
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let of = self.of.entry((value.event_type, value.dimension.name.clone())).or_default();
        of.insert(value.dimension.value.clone(), number);
        self.all.push(value);
        number
    }
}
