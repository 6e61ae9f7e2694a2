//! A price as it stands in a form, and the body of a call that is made of it.
//!
//! The two rules that most prices are have fields of their own; any other is written as the API takes it. What is wrong
//! is told by the API, by the field's name, so numbers that are none are sent as they were typed.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::json::Json;
use crate::look::Amount;
use crate::serve::Form;
use crate::state::State;
use crate::trouble::{Refused, Trouble};

/// Every field of a price's form.
pub(crate) const FIELDS: [&str; 14] = [
    "form",
    "credits",
    "base",
    "of",
    "minimum",
    "maximum",
    "rule",
    "grid",
    "rounding",
    "effective",
    "note",
    "quantities",
    "properties",
    "cost",
];
/// Of how many units a sample is, where nothing else is asked for.
const QUANTITIES: &str = "1, 10, 100";
/// Samples that are tried at once.
const SAMPLES_MAX: usize = 20;

/// What stands in the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Draft(Vec<(&'static str, String)>);

impl Draft {
    /// As it was typed.
    pub(crate) fn of_form(form: &Form) -> Self {
        Self::of(|name| form.get(name).to_owned())
    }

    /// As an address has it: what the simulator tried.
    pub(crate) fn of_state(state: &State) -> Option<Self> {
        state.get("form")?;
        Some(Self::of(|name| state.get(name).unwrap_or_default().to_owned()))
    }

    /// As a version, or advice, has it.
    pub(crate) fn of_price(price: &Json) -> Self {
        let rule = price.get("rule");
        let number = |name: &str| rule.get(name).amount().map(Amount::exact).unwrap_or_default();
        let form = match rule.get("type").text() {
            "" | "flat" => "flat",
            "per_unit" => "per_unit",
            _ => "other",
        };
        Self::of(|name| match name {
            "form" => form.to_owned(),
            "credits" | "base" | "minimum" | "maximum" => number(name),
            "of" => rule.get("of").text().to_owned(),
            "rule" if form == "other" => rule.pretty(),
            "grid" | "rounding" if form == "other" => price.get(name).text().to_owned(),
            _ => String::new(),
        })
    }

    fn of(value: impl Fn(&str) -> String) -> Self {
        Self(FIELDS.into_iter().map(|name| (name, value(name))).collect())
    }

    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// For an address: what is not empty.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str())).filter(|(_, value)| !value.is_empty())
    }

    /// `rule`, `grid` and `rounding` into a body.
    ///
    /// # Errors
    /// If the rule is written and no JSON.
    pub(crate) fn put_rule(&self, body: &mut Body) -> Result<(), Trouble> {
        let number = |inner: &mut Body, name: &str| {
            if !self.get(name).is_empty() {
                inner.number(name, self.get(name));
            }
        };
        let rule = match self.get("form") {
            "other" => {
                let rule = self.get("rule");
                if Json::parse(rule).is_none_or(|rule| rule.fields().count() == 0) {
                    return Err(wrong("rule", "must be a JSON object, as the reference of prices has it"));
                }
                rule.to_owned()
            }
            "per_unit" => {
                let mut inner = Body::default();
                inner.text("type", "per_unit").number("credits", self.get("credits"));
                if !self.get("of").is_empty() {
                    inner.text("of", self.get("of"));
                }
                for name in ["base", "minimum", "maximum"] {
                    number(&mut inner, name);
                }
                inner.done()
            }
            _ => Body::default().text("type", "flat").number("credits", self.get("credits")).done(),
        };
        body.raw("rule", &rule);
        for name in ["grid", "rounding"] {
            if !self.get(name).is_empty() {
                body.text(name, self.get(name));
            }
        }
        Ok(())
    }

    /// `effective_at`, from a local time; as it was typed where it is none, so that the answer names the field.
    pub(crate) fn put_effective(&self, body: &mut Body, zone: &TimeZone) {
        let typed = self.get("effective");
        if typed.is_empty() {
            return;
        }
        let local = typed.parse::<DateTime>().ok().and_then(|local| local.to_zoned(zone.clone()).ok());
        match local {
            Some(at) => body.text("effective_at", &at.timestamp().to_string()),
            None => body.text("effective_at", typed),
        };
    }

    /// What is tried: samples of these quantities, with the same properties and cost.
    ///
    /// # Errors
    /// If the properties are no JSON.
    pub(crate) fn samples(&self, currency: &str) -> Result<(Vec<String>, String), Trouble> {
        let properties = self.get("properties");
        if !properties.is_empty() && !matches!(Json::parse(properties), Some(Json::Object(_))) {
            return Err(wrong("properties", "must be a JSON object, like {\"model\":\"fast-1\"}"));
        }
        let typed = if self.get("quantities").is_empty() { QUANTITIES } else { self.get("quantities") };
        let quantities: Vec<String> = typed
            .split([',', ' ', ';'])
            .filter(|one| !one.is_empty())
            .take(SAMPLES_MAX)
            .map(str::to_owned)
            .collect();
        let samples = quantities.iter().map(|quantity| {
            let mut sample = Body::default();
            sample.number("quantity", quantity);
            if !properties.is_empty() {
                sample.raw("properties", properties);
            }
            if !self.get("cost").is_empty() {
                let cost = Body::default().text("amount", self.get("cost")).text("currency", currency).done();
                sample.raw("cost", &cost);
            }
            sample.done()
        });
        let samples = format!("[{}]", samples.collect::<Vec<_>>().join(","));
        Ok((quantities, samples))
    }

    /// The fields of the rule itself. Without a script or a new browser all three forms are there at once.
    pub(crate) fn rule_fields(&self) -> Markup {
        let form = if self.get("form").is_empty() { "flat" } else { self.get("form") };
        let radio = |value: &str, words: &str| {
            html! { label.choice { input type="radio" name="form" value=(value) checked[form == value]; (words) } }
        };
        let field = |name: &str, words: &str| {
            html! { label { (words) input name=(name) inputmode="decimal" autocomplete="off" value=(self.get(name)); } }
        };
        html! {
            fieldset.rule {
                legend { "Rule" }
                div.ways {
                    (radio("flat", "The same for every event"))
                    (radio("per_unit", "By quantity or a property"))
                    (radio("other", "Any other rule"))
                }
                div.act.of-number {
                    label { "Credits" input name="credits" inputmode="decimal" autocomplete="off" data-slider=""
                        value=(self.get("credits")); }
                }
                div.act.of-unit {
                    (field("base", "Credits before the first"))
                    label { "For each of" input name="of" autocomplete="off" placeholder="quantity" value=(self.get("of")); }
                    (field("minimum", "At least"))
                    (field("maximum", "At most"))
                }
                div.of-other {
                    label { "Rule, as JSON"
                        textarea name="rule" rows="8" spellcheck="false" placeholder="{\"type\":\"tiered\",\"tiers\":[{\"up_to\":100,\"credits\":1},{\"credits\":0.5}]}" { (self.get("rule")) } }
                    div.act {
                        (choice("grid", "Rounded to", self.get("grid"), &[("", "as the rule needs"), ("micro_credit", "a millionth of a credit"), ("credit", "a whole credit")]))
                        (choice("rounding", "Rounding", self.get("rounding"), &[("", "as the rule needs"), ("half_up", "half up"), ("half_even", "half even"), ("up", "up"), ("down", "down")]))
                    }
                }
            }
        }
    }
}

/// A choice of words.
pub(crate) fn choice(name: &str, words: &str, chosen: &str, options: &[(&str, &str)]) -> Markup {
    html! {
        label { (words)
            select name=(name) {
                @for (value, shown) in options { option value=(value) selected[*value == chosen] { (shown) } }
            }
        }
    }
}

/// A field that is wrong, told as the API tells it.
pub(crate) fn wrong(field: &str, problem: &str) -> Trouble {
    Trouble::Problem(Refused {
        status: 400,
        code: "invalid_request".to_owned(),
        detail: format!("{field} {problem}."),
        fields: vec![(field.to_owned(), problem.to_owned())],
        facts: Json::Null,
    })
}

/// A JSON object that is put together.
#[derive(Debug, Default)]
pub(crate) struct Body(Vec<String>);

impl Body {
    /// A value that is JSON already.
    pub(crate) fn raw(&mut self, name: &str, value: &str) -> &mut Self {
        self.0.push(format!("{}:{value}", quoted(name)));
        self
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.raw(name, &quoted(value))
    }

    /// A text, where something was typed.
    pub(crate) fn some_text(&mut self, name: &str, value: &str) -> &mut Self {
        if value.is_empty() { self } else { self.text(name, value) }
    }

    /// A number as it was typed; as a text where it is none, so that the answer names the field.
    pub(crate) fn number(&mut self, name: &str, value: &str) -> &mut Self {
        let is_number = Json::parse(value).is_some_and(|json| matches!(json, Json::Number(_)));
        if is_number { self.raw(name, value) } else { self.text(name, value) }
    }

    pub(crate) fn done(&self) -> String {
        format!("{{{}}}", self.0.join(","))
    }
}

/// A text as JSON has it.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(fields: &[(&str, &str)]) -> Draft {
        let value =
            |name: &str| fields.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        Draft::of(|name| value(name).to_owned())
    }

    fn body(draft: &Draft) -> Result<String, Trouble> {
        let mut body = Body::default();
        draft.put_rule(&mut body).map(|()| body.done())
    }

    #[test]
    fn what_is_typed_becomes_the_body_of_a_price() {
        for (fields, expected) in [
            (&[("credits", "12.50")][..], r#"{"rule":{"type":"flat","credits":12.50}}"#),
            (&[("credits", "many")], r#"{"rule":{"type":"flat","credits":"many"}}"#),
            (&[("credits", "1e3")], r#"{"rule":{"type":"flat","credits":"1e3"}}"#),
            (&[("credits", "")], r#"{"rule":{"type":"flat","credits":""}}"#),
            (
                &[
                    ("form", "per_unit"),
                    ("credits", "0.25"),
                    ("base", "2"),
                    ("of", "properties.pages"),
                    ("maximum", "50"),
                ],
                r#"{"rule":{"type":"per_unit","credits":0.25,"of":"properties.pages","base":2,"maximum":50}}"#,
            ),
            (
                &[
                    ("form", "other"),
                    ("rule", r#"{"type":"flat","credits":1}"#),
                    ("grid", "credit"),
                    ("credits", "9"),
                ],
                r#"{"rule":{"type":"flat","credits":1},"grid":"credit"}"#,
            ),
        ] {
            assert_eq!(body(&draft(fields)).expect("a body"), expected);
        }
        for rule in ["", "flat", "[]", "{}", "{\"type\":}"] {
            let told = body(&draft(&[("form", "other"), ("rule", rule)]));
            let Err(Trouble::Problem(refused)) = told else { panic!("{rule} was taken") };
            assert_eq!(refused.fields[0].0, "rule");
        }
    }

    #[test]
    fn price_comes_back_as_it_was_published() {
        for (price, expected) in [
            (
                r#"{"rule":{"type":"flat","credits":5},"grid":"micro_credit"}"#,
                r#"{"rule":{"type":"flat","credits":5}}"#,
            ),
            (
                r#"{"rule":{"type":"per_unit","base":1,"credits":0.5,"of":"quantity","minimum":null,"maximum":9}}"#,
                r#"{"rule":{"type":"per_unit","credits":0.5,"of":"quantity","base":1,"maximum":9}}"#,
            ),
        ] {
            let price = Json::parse(price).expect("JSON");
            assert_eq!(body(&Draft::of_price(&price)).expect("a body"), expected);
        }
    }

    #[test]
    fn effective_time_is_of_the_projects_zone() {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        for (typed, expected) in [
            ("2026-12-01T10:00", r#"{"effective_at":"2026-12-01T09:00:00Z"}"#),
            ("tomorrow", r#"{"effective_at":"tomorrow"}"#),
            ("", "{}"),
        ] {
            let mut body = Body::default();
            draft(&[("effective", typed)]).put_effective(&mut body, &zone);
            assert_eq!(body.done(), expected);
        }
    }

    #[test]
    fn samples_are_of_the_quantities_that_are_typed() {
        let (quantities, samples) = draft(&[("quantities", "1, x"), ("properties", r#"{"model":"a"}"#)])
            .samples("usd")
            .expect("samples");
        assert_eq!(quantities, ["1", "x"]);
        assert_eq!(
            samples,
            r#"[{"quantity":1,"properties":{"model":"a"}},{"quantity":"x","properties":{"model":"a"}}]"#
        );
        assert!(draft(&[("properties", "model=a")]).samples("usd").is_err());
    }
}
