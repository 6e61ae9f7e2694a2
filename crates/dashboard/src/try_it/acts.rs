//! What the buttons do: the calls that a program would make, to the same routes.

use axum::body::Body;
use axum::http::header::HeaderName;

use crate::api::{Api, Target};
use crate::json::Json;
use crate::look::{Amount, Unit};

/// Credits that each visitor begins with, sold so that using them earns something.
pub(super) const WELCOME_CREDITS: i64 = 100;
/// What they were sold for, a decimal of the playground's currency.
const WELCOME_PRICE: &str = "2";
/// Credits of the two steps that an agent run captures, out of what its hold set aside.
const AGENT_STEPS: [i64; 2] = [10, 9];
/// Bytes of an answer that are read: those of single events are far shorter.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A button: the event that it meters.
pub(super) struct Button {
    pub(super) event: &'static str,
    pub(super) words: &'static str,
    /// What it is said to have cost the operator.
    pub(super) cost: &'static str,
}

/// All of them, in the order in which they stand.
pub(super) static BUTTONS: [Button; 5] = [
    Button { event: "chat.reply", words: "Send a chat reply", cost: "0.0042" },
    Button { event: "image.generate", words: "Generate an image", cost: "0.04" },
    Button { event: "ai.summary", words: "Sum up a document", cost: "0.018" },
    Button { event: AGENT_RUN, words: "Run an agent", cost: "0.06" },
    Button { event: "workflow.step", words: "Run a workflow step", cost: "0.009" },
];
/// The event that is metered by a hold.
pub(super) const AGENT_RUN: &str = "agent.run";

/// What a click came to.
#[derive(Debug)]
pub(super) struct Clicked {
    pub(super) event: &'static str,
    pub(super) said: String,
    /// What is missing where the wallet could not pay; the code that helps is then a top-up.
    pub(super) is_refused: bool,
    /// Status and body of the last answer, as they came.
    pub(super) status: u16,
    pub(super) body: String,
}

/// An answer as it came.
struct Answered {
    status: u16,
    text: String,
    json: Json,
}

/// Who clicks, and how the calls are made.
pub(super) struct Hand<'a> {
    pub(super) api: &'a Api,
    pub(super) customer: &'a str,
    pub(super) currency: &'a str,
    /// The form's own: sent twice, it is done once.
    pub(super) key: &'a str,
}

impl Hand<'_> {
    /// Whether the visitor has a wallet already.
    pub(super) async fn has_wallet(&self) -> bool {
        let wallet = self.api.get(Target::new("/v1/customers").part(self.customer).then("wallet")).await;
        wallet.is_ok_and(|wallet| !wallet.get("wallet_id").is_null())
    }

    /// Sells the visitor what they begin with, once.
    pub(super) async fn welcome(&self) -> Result<(), String> {
        let body = serde_json::json!({
            "credits": WELCOME_CREDITS, "kind": "paid", "reason": "to begin with",
            "price": {"amount": WELCOME_PRICE, "currency": self.currency}, "idempotency_key": "welcome",
        });
        let answer = self.post(Target::new("/v1/customers").part(self.customer).then("grants"), &body).await;
        if answer.is_good() { Ok(()) } else { Err(answer.detail()) }
    }

    /// Meters the event of a button.
    pub(super) async fn click(&self, button: &'static Button) -> Clicked {
        if button.event == AGENT_RUN { self.run_agent(button).await } else { self.meter(button).await }
    }

    async fn meter(&self, button: &'static Button) -> Clicked {
        let body = serde_json::json!({
            "event": button.event, "customer": self.customer, "idempotency_key": self.key,
            "cost": {"amount": button.cost, "currency": self.currency},
        });
        let answer = self.post(Target::new("/v1/events"), &body).await;
        let said = match answer.is_good() {
            true => charged(&answer.json),
            false => answer.detail(),
        };
        Clicked::of(button, said, answer)
    }

    /// Sets aside, charges for two steps, and gives the rest back.
    async fn run_agent(&self, button: &'static Button) -> Clicked {
        let body = serde_json::json!({
            "event": button.event, "customer": self.customer, "expires_in_s": 60,
            "idempotency_key": format!("{}-hold", self.key),
        });
        let hold = self.post(Target::new("/v1/holds"), &body).await;
        if !hold.is_good() {
            let said = hold.detail();
            return Clicked::of(button, said, hold);
        }
        let capture = Target::new("/v1/holds").part(hold.json.get("id").text()).then("capture");
        let [step, end] = AGENT_STEPS;
        let cost = |amount: &str| serde_json::json!({"amount": amount, "currency": self.currency});
        let body = serde_json::json!({
            "credits": step, "final": false, "cost": cost("0.06"), "idempotency_key": format!("{}-step", self.key),
        });
        let first = self.post(capture.clone(), &body).await;
        if !first.is_good() {
            let said = first.detail();
            return Clicked::of(button, said, first);
        }
        let body = serde_json::json!({"credits": end, "cost": cost("0.05"), "idempotency_key": format!("{}-end", self.key)});
        let last = self.post(capture, &body).await;
        let said = match last.is_good() {
            true => format!(
                "{} were set aside, {step} and {end} captured, and the rest went back: {} left",
                Unit::Credits.in_words(hold.json.get("credits").sum()),
                Unit::Credits.in_words(last.json.path("balance.available").sum()),
            ),
            false => last.detail(),
        };
        Clicked::of(button, said, last)
    }

    /// Orders a pack. `Ok` has where it is paid.
    pub(super) async fn top_up(&self, pack: &str, back: Option<&str>) -> Result<String, String> {
        let mut body =
            serde_json::json!({"customer": self.customer, "pack": pack, "idempotency_key": self.key});
        if let Some(back) = back {
            body["success_url"] = back.into();
            body["cancel_url"] = back.into();
        }
        let answer = self.post(Target::new("/v1/checkouts"), &body).await;
        if answer.is_good() { Ok(answer.json.get("url").text().to_owned()) } else { Err(answer.detail()) }
    }

    async fn post(&self, target: Target, body: &serde_json::Value) -> Answered {
        let none: &[(HeaderName, &str)] = &[];
        let response = self.api.call("POST", target.into(), Body::from(body.to_string()), none).await;
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), ANSWER_BYTES_MAX).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = Json::parse(&text).unwrap_or(Json::Null);
        Answered { status, text, json }
    }
}

impl Answered {
    fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    fn detail(&self) -> String {
        match self.json.get("detail").text() {
            "" => "That did not work. The server's log says why.".to_owned(),
            detail => detail.to_owned(),
        }
    }
}

impl Clicked {
    fn of(button: &'static Button, said: String, answer: Answered) -> Self {
        let is_refused = answer.status == 402;
        Self { event: button.event, said, is_refused, status: answer.status, body: answer.text }
    }

    pub(super) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// `Metered: 12 credits, 88 credits left`.
fn charged(event: &Json) -> String {
    let say = |amount: Amount| Unit::Credits.in_words(amount);
    format!(
        "Metered: {}, {} left",
        say(event.get("credits").sum()),
        say(event.path("balance.available").sum())
    )
}
