//! What a request says: form-encoded, with brackets for what lies within something.

use serde_json::{Map, Value};

use crate::errors::ApiError;

/// Parameters in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn require(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| ApiError::required(name))
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let wrong = |_| ApiError::invalid(format!("Invalid integer: {text}")).param(name);
        text.parse().map(Some).map_err(wrong)
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// All of a list: `types[]=a&types[]=b`, or with numbers in the brackets.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        let inside = |key: &str| {
            let index = key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?;
            index.bytes().all(|b| b.is_ascii_digit()).then_some(())
        };
        self.0.iter().filter(|(key, _)| inside(key).is_some()).map(|(_, value)| value.as_str()).collect()
    }

    /// An object of texts, such as `metadata[…]`.
    pub(crate) fn texts(&self, name: &str) -> Value {
        let inside =
            |key: &str| key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']').map(str::to_owned);
        let entries =
            self.0.iter().filter_map(|(key, value)| Some((inside(key)?, Value::from(value.clone()))));
        Value::Object(entries.collect::<Map<_, _>>())
    }

    /// Refuses what Stripe would not know: a typing error must not pass for a setting.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        let top = |key: &str| key.split('[').next().unwrap_or_default().to_owned();
        match self.0.iter().map(|(key, _)| top(key)).find(|key| !known.contains(&key.as_str())) {
            Some(unknown) => Err(ApiError::invalid(format!("Received unknown parameter: {unknown}"))
                .code("parameter_unknown")
                .param(&unknown)),
            None => Ok(()),
        }
    }
}
