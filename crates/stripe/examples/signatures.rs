//! Reads and makes signatures for `judges/stripe_library.py`: one JSON object a line in, one a line out.
#![expect(clippy::print_stdout, reason = "its answers are what it is for")]

use chargly_engine::payments::PaymentProvider as _;
use chargly_stripe::{STRIPE_URL, Stripe, StripeConfig, sign};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(untagged)]
enum Question {
    Read { read: String, signature: String, now: i64, secrets: Vec<String> },
    Sign { sign: String, secret: String, at: i64 },
}

fn main() {
    for line in std::io::stdin().lines() {
        let question = line.map(|line| serde_json::from_str(&line));
        println!("{}", question.map_or(Value::Null, |question| question.map_or(Value::Null, answer)));
    }
}

fn answer(question: Question) -> Value {
    match question {
        Question::Sign { sign: body, secret, at } => json!({"signature": sign(body.as_bytes(), &secret, at)}),
        Question::Read { read, signature, now, secrets } => {
            let config = StripeConfig {
                secret_key: "sk_test_none".to_owned(),
                webhook_secrets: secrets,
                base_url: STRIPE_URL.to_owned(),
                is_live: false,
            };
            let stripe = match Stripe::new(&config) {
                Ok(stripe) => stripe,
                Err(problem) => return json!({"error": problem.to_string()}),
            };
            match stripe.read_notice(&signature, read.as_bytes(), now * 1_000) {
                Ok(notice) => {
                    json!({"id": notice.id, "kind": notice.kind, "about": format!("{:?}", notice.about)})
                }
                Err(problem) => json!({"error": problem.to_string()}),
            }
        }
    }
}
