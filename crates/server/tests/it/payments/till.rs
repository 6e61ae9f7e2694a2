//! A server with a pack for sale, Stripe's stand-in beside it, and a caller who asks again when the server dies.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chargly_fake_stripe::{Command, FakeStripe};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::support::{Answer, Project, Server, call, client};

const SECRET: &str = "whsec_hush";
/// How long the sweep is given to find what nobody tells of: far beyond what it needs.
const SWEEP_WAIT: Duration = Duration::from_secs(240);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How a server hears of what it did not take before it died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recovery {
    /// Stripe tells it again.
    ToldAgain,
    /// Nobody tells it; the sweep looks every second.
    Sweep,
}

pub(super) struct Till {
    pub(super) project: Project,
    pub(super) crashes: u32,
    data: PathBuf,
    server: Option<Server>,
    fake: FakeStripe,
    runtime: Runtime,
}

impl Till {
    /// `user_42` has 47 credits that were a present, and may buy 500 for ten dollars.
    pub(super) fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let fake = runtime.block_on(FakeStripe::start()).expect("a free port");
        let project = Project::begin();
        let data = project.data();
        let mut till = Self { project, crashes: 0, data, server: None, fake, runtime };
        till.serve(None);
        let pack = r#"{"name":"Regular","credits":500,"price":{"amount":"10","currency":"usd"}}"#;
        assert_eq!(till.ask("PUT", "/v1/packs/regular_500", pack).status, 200);
        let present = r#"{"credits":47,"kind":"promotional","idempotency_key":"present"}"#;
        assert_eq!(till.ask("POST", "/v1/customers/user_42/grants", present).status, 200);
        till
    }

    /// Serves, to die at the planned point, if there is one.
    pub(super) fn serve(&mut self, plan: Option<&str>) {
        // A server that gets away in the middle would hold the directory of the next.
        self.server = None;
        let mut variables = vec![
            ("CHARGLY_STRIPE_TEST_SECRET_KEY", "sk_test_fake"),
            ("CHARGLY_STRIPE_TEST_WEBHOOK_SECRET", SECRET),
            ("CHARGLY_STRIPE_URL", self.fake.base_url()),
            // The same whatever port it listens on, as behind a proxy.
            ("CHARGLY_PUBLIC_URL", "https://billing.example.com"),
        ];
        // With a plan the sweep keeps out of the way, so that it is the planned step at which the server dies.
        variables.push(("CHARGLY_PAYMENT_SWEEP_S", if plan.is_some() { "86400" } else { "1" }));
        variables.extend(plan.map(|plan| ("CHARGLY_CRASH_AT", plan)));
        match Server::try_start(&self.data, &variables) {
            Ok(server) => {
                let url = format!("{}/v1/stripe/webhook", server.url);
                let endpoint = Command::AddEndpoint { url, secrets: vec![SECRET.to_owned()] };
                self.runtime.block_on(self.fake.control(endpoint)).expect("always");
                self.server = Some(server);
            }
            Err(said) => {
                assert!(said.contains("crash point") && plan.is_some(), "it did not start: {said}");
                self.crashes += 1;
                self.serve(None);
            }
        }
    }

    /// Serves another directory from now on.
    pub(super) fn serve_at(&mut self, data: &Path) {
        self.data = data.to_owned();
        self.serve(None);
    }

    /// Asks, and asks again if the server dies meanwhile.
    pub(super) fn ask(&mut self, method: &str, path: &str, body: &str) -> Answer {
        loop {
            let server = self.server.as_ref().expect("it serves");
            let (url, key) = (format!("{}{path}", server.url), &self.project.test_key);
            let body = (method != "GET").then_some(body);
            match call(&client(), method, &url, key, body) {
                Ok(answer) => return answer,
                Err(_) => self.begin_again(),
            }
        }
    }

    fn begin_again(&mut self) {
        self.crashes += 1;
        assert!(self.crashes < 2, "it died without a plan");
        self.serve(None);
    }

    /// The buyer pays by card.
    pub(super) fn pay(&self, session: &str) {
        self.runtime.block_on(self.fake.pay(session)).expect("an open session");
    }

    /// Stripe tells what has happened until it was taken, or gives up when the server dies.
    pub(super) fn is_told_everything(&mut self, recovery: Recovery) {
        while !self.fake.queue().is_empty() {
            // One by one: what comes after a death is told to whoever serves then.
            self.runtime.block_on(self.fake.deliver_as(Some(vec![0]), 1, 0));
            if call(&client(), "GET", &self.health(), "", None).is_err() {
                self.begin_again();
                if recovery == Recovery::Sweep {
                    return;
                }
            }
        }
    }

    fn health(&self) -> String {
        format!("{}/healthz", self.server.as_ref().expect("it serves").url)
    }

    /// Waits until so much is available: at once, but for what the sweep has to find.
    pub(super) fn comes_to(&mut self, plan: &str, available: u32) {
        let mut waited = Duration::ZERO;
        loop {
            let wallet = self.ask("GET", "/v1/customers/user_42/wallet", "").json();
            if wallet["available"] == available && wallet["held"] == 0 {
                return;
            }
            assert!(waited < SWEEP_WAIT, "{plan}: {wallet}");
            std::thread::sleep(LOOK_EVERY);
            waited += LOOK_EVERY;
        }
    }

    /// Whether Stripe has made such a thing.
    pub(super) fn exists(&self, id: &str) -> bool {
        self.fake.object(id).is_some()
    }

    /// What Stripe was asked so far.
    pub(super) fn requests(&self) -> Vec<Value> {
        self.fake.requests()
    }

    /// Stops, and has the books verified.
    pub(super) fn close_and_verify(mut self) {
        self.server.take().expect("it serves").stop();
        self.project.verified();
    }
}
