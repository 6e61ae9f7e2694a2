//! A shop: a world with a pack on the shelf, Stripe's stand-in behind *test*, and a buyer.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use chargly_engine::Clock as _;
use chargly_engine::payments::PaymentSweep;
use chargly_fake_stripe::{Command, FakeStripe, Options, sign};
use chargly_stripe::{Stripe, StripeConfig};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::world::{Got, PUBLIC_URL, START_MS, World};

/// What webhooks are signed with, and what takes its place.
pub(crate) const SECRETS: [&str; 2] = ["whsec_hush_one", "whsec_hush_two"];
/// Where webhooks go.
pub(crate) const WEBHOOK: &str = "/v1/stripe/webhook";

pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) fake: FakeStripe,
    pub(crate) sweep: PaymentSweep,
    /// What stands behind the address that webhooks are sent to: another router after a restart.
    door: Arc<Mutex<Router>>,
}

/// An order, as both sides call it.
#[derive(Clone)]
pub(crate) struct Ordered {
    /// `chk_…`
    pub(crate) checkout: String,
    /// `ord_…`
    pub(crate) order: String,
    /// `cs_…`
    pub(crate) session: String,
}

impl Shop {
    /// `user_42` has 47 credits that were a present, and may buy 500 for ten dollars.
    pub(crate) async fn open() -> Self {
        Self::open_with(Options::default()).await
    }

    /// With a stand-in that is set up like this.
    pub(crate) async fn open_with(options: Options) -> Self {
        let options = Options { now_s: Some(START_MS / 1_000), ..options };
        let fake = FakeStripe::start_with(options).await.expect("a free port");
        let world = World::selling_by(Some(config(&fake))).await;
        world.put("/v1/event-types/image.generate", r#"{"label":"Image","credits":12}"#).await.expect(200);
        world
            .put(
                "/v1/packs/regular_500",
                r#"{"name":"Regular","credits":450,"bonus_credits":50,"price":{"amount":"10","currency":"usd"}}"#,
            )
            .await
            .expect(200);
        let present = r#"{"credits":47,"kind":"promotional"}"#;
        world.post("/v1/customers/user_42/grants", present).await.expect(200);
        let door = Arc::new(Mutex::new(world.router.clone()));
        let url = listen(Arc::clone(&door)).await + WEBHOOK;
        let endpoint = Command::AddEndpoint { url, secrets: vec![SECRETS[0].to_owned()] };
        fake.control(endpoint).await.expect("always");
        Self { world, fake, sweep: PaymentSweep::default(), door }
    }

    /// Another client of the same account.
    pub(crate) fn stripe(&self) -> Stripe {
        Stripe::new(&config(&self.fake)).expect("a good configuration")
    }

    /// Everything of ours ends and begins again; Stripe goes on.
    pub(crate) async fn restart(mut self) -> Self {
        self.world = self.world.restart().await;
        *self.door.lock().expect("nobody panics") = self.world.router.clone();
        self.sweep = PaymentSweep::default();
        self
    }

    /// Asks for a checkout of the pack.
    pub(crate) async fn ask_for_checkout(&self, customer: &str, key: &str) -> Got {
        let body = format!(r#"{{"customer":"{customer}","pack":"regular_500","idempotency_key":"{key}"}}"#);
        self.world.post("/v1/checkouts", &body).await
    }

    /// Orders the pack.
    pub(crate) async fn order(&self, customer: &str, key: &str) -> Ordered {
        Ordered::of(&self.ask_for_checkout(customer, key).await.expect(200))
    }

    /// Orders the pack for `user_42`, who pays for it by card.
    pub(crate) async fn paid(&self) -> Ordered {
        let order = self.order("user_42", "k").await;
        self.fake.pay(&order.session).await.expect("an open session");
        self.deliver().await;
        order
    }

    /// Delivers what has happened, in order, once; all of it must be taken.
    pub(crate) async fn deliver(&self) {
        for attempt in self.fake.deliver().await {
            assert_eq!(attempt.status, 200, "{attempt:?}");
        }
    }

    /// A delivery of an event as Stripe makes them, signed now.
    pub(crate) fn delivery(&self, event: &Value) -> Request<Body> {
        let body = serde_json::to_vec_pretty(event).expect("JSON");
        let signature = sign(&body, &[SECRETS[0].to_owned()], self.world.clock.wall_ms() / 1_000);
        signed(body, &signature)
    }

    /// Lets what has happened get lost on the way, though Stripe believes that it arrived.
    pub(crate) async fn lose_notices(&self) {
        let times = u32::try_from(self.fake.queue().len()).expect("a few");
        self.fake.control(Command::SetFailing { times, status: 200 }).await.expect("always");
        self.fake.deliver().await;
    }

    /// Takes what has happened out of the queue: never sent, and listed as not delivered.
    pub(crate) async fn drop_notices(&self) {
        while !self.fake.queue().is_empty() {
            self.fake.control(Command::Drop { index: 0 }).await.expect("one is left");
        }
    }

    /// Time passes, for Stripe too.
    pub(crate) fn pass(&self, minutes: i64) {
        self.world.clock.advance(minutes * 60_000);
        self.fake.advance(minutes * 60);
    }

    /// One pass of the sweep.
    pub(crate) async fn sweep(&mut self) {
        self.sweep.pass(&self.world.test).await.expect("a whole pass");
    }

    /// The buyer comes back to the page of the order.
    pub(crate) async fn return_to(&self, order: &Ordered) -> Got {
        let session = self.fake.object(&order.session).expect("a session");
        let address = session["success_url"].as_str().expect("an address");
        let path = address.strip_prefix(PUBLIC_URL).expect("an address of ours").to_owned();
        self.world.ask("GET", &path, None, "").await
    }

    /// How an order stands.
    pub(crate) async fn order_now(&self, order: &Ordered) -> Value {
        self.world.get(&format!("/v1/orders/{}", order.order)).await.expect(200).json()
    }

    /// Refunds unused credits.
    pub(crate) async fn refund(&self, order: &Ordered, body: &str) -> Got {
        self.world.post(&format!("/v1/orders/{}/refund", order.order), body).await
    }

    /// The payment of an order, as Stripe calls it.
    pub(crate) fn payment(&self, order: &Ordered) -> String {
        let session = self.fake.object(&order.session).expect("a session");
        session["payment_intent"].as_str().expect("a payment").to_owned()
    }

    /// Somebody refunds in Stripe's dashboard: so many cents. What Stripe calls the refund.
    pub(crate) async fn refund_by_hand(&self, order: &Ordered, cents: i64, is_pending: bool) -> String {
        let command = Command::Refund { payment: self.payment(order), amount: Some(cents), is_pending };
        id_of(&self.fake.control(command).await.expect("a refund"))
    }

    /// How far the journal has come.
    pub(crate) fn position(&self) -> String {
        let committed = self.world.test.tail().committed();
        format!("{}.{}", committed.epoch, committed.next.0 - 1)
    }

    /// Deferred revenue, by the books and by the lots, which have to agree.
    pub(crate) async fn deferred(&self) -> String {
        let path = format!("/v1/revenue?min_position={}", self.position());
        let revenue = self.world.get(&path).await.expect(200);
        assert_eq!(revenue.json()["deferred"]["agrees"], true, "{}", revenue.json()["deferred"]);
        revenue.text("/deferred/by_books")
    }
}

impl Ordered {
    pub(crate) fn of(checkout: &Got) -> Self {
        let url = checkout.text("/url");
        Self {
            checkout: checkout.text("/id"),
            order: checkout.text("/order"),
            session: url.rsplit('/').next().expect("a path").to_owned(),
        }
    }
}

fn config(fake: &FakeStripe) -> StripeConfig {
    StripeConfig {
        secret_key: "sk_test_fake".to_owned(),
        webhook_secrets: SECRETS.map(str::to_owned).to_vec(),
        base_url: fake.base_url().to_owned(),
        is_live: false,
    }
}

/// The `id` of an object.
pub(crate) fn id_of(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}

/// A request to the webhook route.
pub(crate) fn signed(body: Vec<u8>, signature: &str) -> Request<Body> {
    let request = Request::builder().method("POST").uri(WEBHOOK).header("stripe-signature", signature);
    request.header("content-type", "application/json").body(Body::from(body)).expect("a request")
}

/// An address of this machine at which whatever router is behind `door` answers.
async fn listen(door: Arc<Mutex<Router>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let forward = move |request: axum::extract::Request| {
        let router = door.lock().expect("nobody panics").clone();
        router.oneshot(request)
    };
    // Ends with the test's runtime.
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(forward)).await });
    url
}
