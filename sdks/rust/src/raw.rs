//! What the server sent, as it came.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// The JSON of an answer, to the byte.
#[derive(Clone, PartialEq, Eq)]
pub struct Raw(Arc<str>);

impl Raw {
    pub(crate) fn of_text(text: &str) -> Self {
        Self(text.into())
    }

    /// The text, in which every number is exact.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a value to look into; `null` where it is no JSON. Numbers that are not whole are floats there: for amounts,
    /// use the typed fields, or read [`Raw::as_str`] into an [`Amount`](crate::Amount).
    #[must_use]
    pub fn to_value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or(Value::Null)
    }
}

impl Default for Raw {
    fn default() -> Self {
        Self("null".into())
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raw({} bytes)", self.0.len())
    }
}
