//! What work cost you, said as it comes: an amount, counts, or what a provider answered.
//!
//! Providers count differently. Chargly's `input_tokens` are all of them, cached ones included; so are the
//! `prompt_tokens` of OpenAI and LiteLLM, and the `input_tokens` of OpenAI's Responses. Anthropic's `input_tokens` leave
//! out what was read from and written to the cache, so these are added.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::amount::Money;

/// What work cost: made of [`Money`], or of the JSON that OpenAI, Anthropic or LiteLLM answered.
///
/// ```
/// use chargly_client::{Cost, Meter, Money};
/// use serde_json::json;
///
/// let by_hand = Meter::new("image.generate", "user_42").cost(Money::new("0.04", "usd"));
///
/// let answer = json!({
///     "model": "gpt-4o",
///     "choices": [],
///     "usage": { "prompt_tokens": 812, "completion_tokens": 164, "total_tokens": 976 },
/// });
/// let as_it_came = Meter::new("chat.reply", "user_42").cost(&answer);
/// assert_eq!(
///     Cost::from(&answer).to_json().unwrap(),
///     json!({ "provider": "openai", "model": "gpt-4o",
///             "input_tokens": 812, "cached_input_tokens": 0, "output_tokens": 164 }),
/// );
/// ```
///
/// What cannot be understood is an [`Error::Configuration`](crate::Error::Configuration) of the call, with nothing sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost(Result<Value, String>);

impl Cost {
    /// The `usage` of an answer alone, which says neither its provider nor its model.
    #[must_use]
    pub fn usage(provider: &str, model: &str, usage: &Value) -> Self {
        Self(usage_cost(&json!({ "model": model, "usage": usage }), Some(provider)))
    }

    /// As it is sent; `None` where it was not understood.
    #[must_use]
    pub fn to_json(&self) -> Option<Value> {
        self.0.clone().ok()
    }

    pub(crate) fn mistake(&self) -> Option<&str> {
        self.0.as_ref().err().map(String::as_str)
    }
}

impl From<Money> for Cost {
    fn from(money: Money) -> Self {
        Self(Ok(json!({ "amount": money.amount, "currency": money.currency })))
    }
}

impl From<&Value> for Cost {
    fn from(answer: &Value) -> Self {
        Self(cost_of(answer))
    }
}

impl From<Value> for Cost {
    fn from(answer: Value) -> Self {
        Self::from(&answer)
    }
}

impl Serialize for Cost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Ok(value) => value.serialize(serializer),
            Err(mistake) => Err(serde::ser::Error::custom(mistake)),
        }
    }
}

const OURS: [&str; 10] = [
    "provider",
    "model",
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "output_tokens",
    "images",
    "seconds",
    "requests",
    "batch",
];

const MODELS: [(&str, &str); 7] = [
    ("claude", "anthropic"),
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("text-embedding-", "openai"),
];

fn cost_of(given: &Value) -> Result<Value, String> {
    let Some(fields) = given.as_object() else {
        return Err("cost needs a currency: Money::new(\"0.04\", \"usd\")".to_owned());
    };
    if let Some(amount) = fields.get("amount") {
        // A float may not be what was meant.
        return match amount {
            Value::Number(number) if !number.is_f64() => {
                Ok(json!({ "amount": number.to_string(), "currency": fields.get("currency") }))
            }
            Value::String(_) => Ok(given.clone()),
            _ => Err("cost.amount is not exact: give it as a string".to_owned()),
        };
    }
    let ours = fields.contains_key("provider") && fields.contains_key("model");
    if ours && fields.keys().all(|name| OURS.contains(&name.as_str())) {
        return Ok(given.clone());
    }
    usage_cost(given, None)
}

fn usage_cost(response: &Value, provider: Option<&str>) -> Result<Value, String> {
    let usage = match &response["usage"] {
        Value::Null => response,
        found => found,
    };
    let model = text(response, "model").or_else(|| text(usage, "model"));
    let provider = provider.map(str::to_owned).or_else(|| provider_of(response, usage, model));
    let (Some(provider), Some(model)) = (&provider, model) else {
        let missing = match (&provider, model) {
            (None, None) => "provider and model",
            (None, _) => "provider",
            _ => "model",
        };
        return Err(format!(
            "this usage does not say its {missing}: give the whole answer, or Cost::usage(…)"
        ));
    };
    // LiteLLM names a model with its provider in front.
    let model =
        model.strip_prefix(provider.as_str()).and_then(|rest| rest.strip_prefix('/')).unwrap_or(model);
    let mut cost = Map::new();
    cost.insert("provider".into(), provider.as_str().into());
    cost.insert("model".into(), model.into());
    cost.extend(tokens(usage)?);
    Ok(cost.into())
}

fn tokens(usage: &Value) -> Result<Map<String, Value>, String> {
    let either = |first: u64, second: u64| if first == 0 { second } else { first };
    let (total, cached, written) = if !usage["prompt_tokens"].is_null() {
        let details = &usage["prompt_tokens_details"];
        let cached = either(count(details, "cached_tokens"), count(usage, "cache_read_input_tokens"));
        let written = either(count(details, "cache_creation_tokens"), count(details, "cache_write_tokens"));
        (count(usage, "prompt_tokens"), cached, either(written, count(usage, "cache_creation_input_tokens")))
    } else if !usage["input_tokens"].is_null() {
        let details = &usage["input_tokens_details"];
        let (read, made) =
            (count(usage, "cache_read_input_tokens"), count(usage, "cache_creation_input_tokens"));
        let total = count(usage, "input_tokens").saturating_add(read).saturating_add(made);
        (
            total,
            either(read, count(details, "cached_tokens")),
            either(made, count(details, "cache_write_tokens")),
        )
    } else {
        return Err("this is no usage: it has neither prompt_tokens nor input_tokens".to_owned());
    };
    let output = either(count(usage, "output_tokens"), count(usage, "completion_tokens"));
    let mut tokens = Map::new();
    tokens.insert("input_tokens".into(), total.into());
    tokens.insert("cached_input_tokens".into(), cached.into());
    tokens.insert("output_tokens".into(), output.into());
    if written > 0 {
        tokens.insert("cache_write_tokens".into(), written.into());
    }
    if usage["service_tier"] == "batch" {
        tokens.insert("batch".into(), true.into());
    }
    Ok(tokens)
}

fn provider_of(response: &Value, usage: &Value, model: Option<&str>) -> Option<String> {
    // LiteLLM speaks for many, and says for whom.
    if let Some(provider) = text(&response["_hidden_params"], "custom_llm_provider") {
        return Some(provider.to_owned());
    }
    if let Some((provider, _)) = model.and_then(|model| model.split_once('/')) {
        return Some(provider.to_owned());
    }
    if let Some((_, provider)) =
        MODELS.iter().find(|(start, _)| model.is_some_and(|model| model.starts_with(start)))
    {
        return Some((*provider).to_owned());
    }
    let counts_beside = usage["prompt_tokens"].is_null() && !usage["cache_read_input_tokens"].is_null();
    counts_beside.then(|| "anthropic".to_owned())
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value[name].as_str().filter(|text| !text.is_empty())
}

fn count(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_as_they_came() {
        let anthropic = json!({ "input_tokens": 100, "cache_creation_input_tokens": 30,
            "cache_read_input_tokens": 500, "output_tokens": 164 });
        for (what, answer, expected) in [
            (
                "chat completions of OpenAI",
                json!({ "model": "gpt-4o-2024-08-06", "usage": { "prompt_tokens": 812, "completion_tokens": 164,
                    "prompt_tokens_details": { "cached_tokens": 512, "audio_tokens": 0 } } }),
                json!({ "provider": "openai", "model": "gpt-4o-2024-08-06", "input_tokens": 812,
                    "cached_input_tokens": 512, "output_tokens": 164 }),
            ),
            (
                "responses of OpenAI",
                json!({ "model": "gpt-4.1", "usage": { "input_tokens": 812, "output_tokens": 164,
                    "input_tokens_details": { "cached_tokens": 512, "cache_write_tokens": 20 } } }),
                json!({ "provider": "openai", "model": "gpt-4.1", "input_tokens": 812, "cached_input_tokens": 512,
                    "output_tokens": 164, "cache_write_tokens": 20 }),
            ),
            (
                "embeddings",
                json!({ "model": "text-embedding-3-small", "usage": { "prompt_tokens": 8, "total_tokens": 8 } }),
                json!({ "provider": "openai", "model": "text-embedding-3-small", "input_tokens": 8,
                    "cached_input_tokens": 0, "output_tokens": 0 }),
            ),
            (
                "Anthropic, which counts cached tokens beside the input",
                json!({ "model": "claude-sonnet-4-5", "usage": anthropic }),
                json!({ "provider": "anthropic", "model": "claude-sonnet-4-5", "input_tokens": 630,
                    "cached_input_tokens": 500, "output_tokens": 164, "cache_write_tokens": 30 }),
            ),
            (
                "Anthropic, in a batch",
                json!({ "model": "claude-sonnet-4-5", "usage": { "input_tokens": 100, "output_tokens": 5,
                    "cache_read_input_tokens": null, "service_tier": "batch" } }),
                json!({ "provider": "anthropic", "model": "claude-sonnet-4-5", "input_tokens": 100,
                    "cached_input_tokens": 0, "output_tokens": 5, "batch": true }),
            ),
            (
                "LiteLLM for Anthropic",
                json!({ "model": "claude-sonnet-4-5", "_hidden_params": { "custom_llm_provider": "anthropic" },
                    "usage": { "prompt_tokens": 630, "completion_tokens": 164, "cache_creation_input_tokens": 30,
                        "prompt_tokens_details": { "cached_tokens": 500, "cache_creation_tokens": 30 } } }),
                json!({ "provider": "anthropic", "model": "claude-sonnet-4-5", "input_tokens": 630,
                    "cached_input_tokens": 500, "output_tokens": 164, "cache_write_tokens": 30 }),
            ),
            (
                "LiteLLM for another",
                json!({ "model": "mistral/mistral-large-latest", "usage": { "prompt_tokens": 10,
                    "completion_tokens": 2, "prompt_tokens_details": null } }),
                json!({ "provider": "mistral", "model": "mistral-large-latest", "input_tokens": 10,
                    "cached_input_tokens": 0, "output_tokens": 2 }),
            ),
            (
                "our own words",
                json!({ "provider": "openai", "model": "dall-e-3", "images": 1 }),
                json!({ "provider": "openai", "model": "dall-e-3", "images": 1 }),
            ),
            ("money", json!({ "amount": 2, "currency": "usd" }), json!({ "amount": "2", "currency": "usd" })),
        ] {
            assert_eq!(Cost::from(&answer), Cost(Ok(expected)), "{what}");
        }
        let alone = Cost::usage("anthropic", "claude-sonnet-4-5", &anthropic);
        assert_eq!(alone, Cost::from(json!({ "model": "claude-sonnet-4-5", "usage": anthropic })));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (answer, mistake) in [
            (json!(0.04), "needs a currency"),
            (json!({ "amount": 0.04, "currency": "usd" }), "not exact"),
            (json!({ "usage": { "prompt_tokens": 1 } }), "provider and model"),
            (json!({ "model": "llama", "usage": { "prompt_tokens": 1 } }), "its provider:"),
            (
                json!({ "model": "gpt-4o", "usage": { "tokens": 1 } }),
                "neither prompt_tokens nor input_tokens",
            ),
        ] {
            let cost = Cost::from(&answer);
            assert!(cost.mistake().is_some_and(|found| found.contains(mistake)), "{answer}: {cost:?}");
            assert_eq!(cost.to_json(), None);
        }
    }
}
