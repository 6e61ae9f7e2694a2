//! Stripe behind the port, against the stand-in.

mod checkouts;
mod connection;
mod notices;
mod refunds;
mod retries;
mod secrets;
mod standings;

use std::time::Duration;

use chargly_engine::ledger::{Currency, Money};
use chargly_engine::payments::{
    CheckoutTerms, NewCheckout, NewRefund, OrderName, PaymentProvider as _, StartedCheckout,
};
use chargly_fake_stripe::{FakeStripe, Options};
use chargly_stripe::{Patience, Stripe, StripeConfig};

/// Where the stand-in's clock stands, in milliseconds since 1970.
const NOON_MS: i64 = 1_800_000_000_000;
const SECRET: &str = "whsec_hush_one";

/// Stripe as we know it, and as it is.
struct Pair {
    fake: FakeStripe,
    stripe: Stripe,
}

impl Pair {
    async fn start() -> Self {
        let options = Options { now_s: Some(NOON_MS / 1_000), ..Options::default() };
        let fake = FakeStripe::start_with(options).await.expect("a free port");
        let stripe = Stripe::new(&config(fake.base_url())).expect("a good configuration");
        Self { fake, stripe: stripe.with_patience(patience()) }
    }

    async fn checkout(&self, order: &str) -> StartedCheckout {
        self.stripe.start(&new_checkout(order)).await.expect("a checkout")
    }

    /// An order that was paid by card: its name, with the payment's.
    async fn paid(&self, order: &str) -> OrderName {
        let reference = self.checkout(order).await.reference;
        let payment = self.fake.pay(&reference).await.expect("an open checkout");
        OrderName { order: order.to_owned(), reference: Some(reference), payment: Some(payment) }
    }
}

fn config(base_url: &str) -> StripeConfig {
    StripeConfig {
        secret_key: "sk_test_fake".to_owned(),
        webhook_secrets: vec![SECRET.to_owned()],
        base_url: base_url.to_owned(),
        is_live: false,
    }
}

/// Asks again at once.
fn patience() -> Patience {
    let pause = Duration::from_millis(1);
    Patience { timeout: Duration::from_secs(10), attempts: 4, first_pause: pause, pause_max: pause }
}

fn new_checkout(order: &str) -> NewCheckout {
    NewCheckout {
        order: order.to_owned(),
        title: "Regular: 1,200 credits".to_owned(),
        description: "They never expire".to_owned(),
        price: usd("20"),
        success_url: "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}".to_owned(),
        cancel_url: "https://shop.example/packs".to_owned(),
        placed_at_ms: NOON_MS,
        expires_at_ms: NOON_MS + 3_600_000,
        terms: CheckoutTerms::default(),
    }
}

fn new_refund(order: &OrderName, refund: &str, amount: &str) -> NewRefund {
    NewRefund { order: order.clone(), refund: refund.to_owned(), amount: usd(amount) }
}

fn named(order: &str, reference: &str) -> OrderName {
    OrderName { order: order.to_owned(), reference: Some(reference.to_owned()), payment: None }
}

fn usd(amount: &str) -> Money {
    Money::parse(amount, Currency::USD).expect("an amount")
}
