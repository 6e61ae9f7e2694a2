//! A server of the few routes a bench needs, with balances in a map, and flaws on purpose; and a host that starts,
//! stops and kills it as a thread of the test.

use std::collections::{HashMap, HashSet};
use std::net::TcpListener;
use std::path::Path as FilePath;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result, ensure};

use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use chargly_bench::{Host, Running, Site};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

pub(crate) const API_KEY: &str = "sk_test_toy";
const SESSION: &str = "session=toy";

/// What the server does wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    /// Answers as if it had charged.
    ForgetsOneInAThousand,
    /// Accepts one event more than a wallet affords.
    AffordsOneTooMany,
    MixesUpCustomers,
    /// Knows nothing of the last calls before it was killed.
    ForgetsWhenKilled,
    /// Charges again what is asked for again after a restart.
    ForgetsKeysWhenKilled,
    /// Its balances change by being folded anew.
    RebuildsWrongly,
}

/// Begins projects of toys, all with the same flaw.
pub(crate) struct ToyHost {
    pub(crate) api_key: &'static str,
    flaw: Flaw,
    directory: tempfile::TempDir,
}

impl ToyHost {
    pub(crate) fn new(flaw: Flaw) -> Self {
        Self { api_key: API_KEY, flaw, directory: tempfile::tempdir().expect("a directory") }
    }
}

impl Host for ToyHost {
    fn directory(&self) -> &FilePath {
        self.directory.path()
    }

    fn begin(&mut self) -> Result<Box<dyn Site>> {
        let flaw = self.flaw;
        let toy = Toy { flaw, balances: HashMap::new(), keys: HashSet::new(), events: 0 };
        let data_dir = tempfile::tempdir_in(self.directory.path())?;
        Ok(Box::new(ToySite {
            toy: Arc::new(Mutex::new(toy)),
            data_dir,
            api_key: self.api_key,
            has_checkpoint: false,
            running: None,
        }))
    }
}

struct ToySite {
    toy: Shared,
    data_dir: tempfile::TempDir,
    api_key: &'static str,
    has_checkpoint: bool,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl ToySite {
    fn end(&mut self) -> Result<()> {
        let (stop, thread) = self.running.take().context("it does not run")?;
        drop(stop);
        thread.join().ok().context("its thread failed")
    }

    fn folded(&self) -> Result<u64> {
        ensure!(self.running.is_none(), "it runs");
        Ok(self.toy.lock().expect("no panic elsewhere").events)
    }
}

impl Site for ToySite {
    fn api_key(&self) -> &str {
        self.api_key
    }

    fn data_dir(&self) -> &FilePath {
        self.data_dir.path()
    }

    fn start(&mut self) -> Result<Running> {
        ensure!(self.running.is_none(), "it runs already");
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (stop, told_to_stop) = oneshot::channel();
        let router = router(Arc::clone(&self.toy));
        self.running = Some((stop, std::thread::spawn(move || serve(listener, &router, told_to_stop))));
        Ok(Running { address, pid: std::process::id() })
    }

    fn sign_in(&mut self) -> Result<String> {
        Ok(SESSION.to_owned())
    }

    fn stop(&mut self) -> Result<()> {
        self.has_checkpoint = true;
        self.end()
    }

    fn kill(&mut self) -> Result<()> {
        self.end()?;
        let mut toy = self.toy.lock().expect("no panic elsewhere");
        match toy.flaw {
            Flaw::ForgetsWhenKilled => {
                // A key of each of a hundred customers, and what it cost.
                let forgotten: Vec<_> = toy.keys.iter().take(100).cloned().collect();
                for (customer, key) in forgotten {
                    toy.keys.remove(&(customer.clone(), key));
                    *toy.balances.entry(customer).or_default() += 1;
                }
            }
            Flaw::ForgetsKeysWhenKilled => toy.keys.clear(),
            _ => {}
        }
        Ok(())
    }

    fn discard_checkpoint(&mut self) -> Result<()> {
        ensure!(std::mem::take(&mut self.has_checkpoint), "there is no checkpoint");
        Ok(())
    }

    fn verify(&mut self) -> Result<u64> {
        self.folded()
    }

    fn rebuild(&mut self) -> Result<u64> {
        let facts = self.folded()?;
        let mut toy = self.toy.lock().expect("no panic elsewhere");
        // That it was opened for this.
        toy.events += 1;
        if toy.flaw == Flaw::RebuildsWrongly {
            *toy.balances.entry("bench_000007".to_owned()).or_default() += 1;
        }
        Ok(facts)
    }
}

struct Toy {
    flaw: Flaw,
    balances: HashMap<String, i64>,
    keys: HashSet<(String, String)>,
    events: u64,
}

type Shared = Arc<Mutex<Toy>>;

#[derive(Deserialize)]
struct Event {
    customer: String,
    idempotency_key: String,
}

#[derive(Deserialize)]
struct Grant {
    credits: i64,
    idempotency_key: String,
}

fn router(toy: Shared) -> Router {
    Router::new()
        .route("/v1/event-types/{name}", put(StatusCode::OK))
        .route("/v1/customers/{customer}/grants", post(grant))
        .route("/v1/customers/{customer}/wallet", get(wallet))
        .route("/v1/events", post(single))
        .route("/v1/events/batch", post(batch))
        .route("/v1/usage", get(StatusCode::OK))
        .route("/v1/margin", get(StatusCode::OK))
        .route("/v1/customers", get(StatusCode::OK))
        .route("/v1/price-simulations", post(simulated))
        .route("/v1/price-simulations/{id}", get(simulated))
        .route("/metrics", get(metrics))
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(authorize))
        .route("/dashboard/test/{*page}", get(page))
        .with_state(toy)
}

/// Serves until the other end of `told_to_stop` is gone; what is under way is cut off.
fn serve(listener: TcpListener, router: &Router, told_to_stop: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let accept = async {
        listener.set_nonblocking(true).expect("a listener");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            let stream = hyper_util::rt::TokioIo::new(stream);
            tokio::spawn(async move {
                hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await
            });
        }
    };
    runtime.block_on(async {
        tokio::select! {
            () = accept => {}
            _ = told_to_stop => {}
        }
    });
}

async fn authorize(request: Request, next: Next) -> Response {
    let expected = format!("Bearer {API_KEY}");
    match request.headers().get("authorization") {
        Some(given) if *given == *expected => next.run(request).await,
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// A page, for who signed in.
async fn page(request: Request) -> StatusCode {
    match request.headers().get("cookie") {
        Some(given) if *given == SESSION => StatusCode::OK,
        _ => StatusCode::UNAUTHORIZED,
    }
}

/// Its figures are always live.
async fn metrics() -> &'static str {
    "chargly_views_lag_facts{environment=\"test\"} 0\n"
}

/// A simulation that has always ended.
async fn simulated() -> Json<Value> {
    Json(json!({"id": "sim_1", "status": "done", "progress": {"done": 10_000, "all": 10_000}}))
}

async fn grant(
    State(toy): State<Shared>,
    Path(customer): Path<String>,
    Json(grant): Json<Grant>,
) -> StatusCode {
    let mut toy = toy.lock().expect("no panic elsewhere");
    if toy.keys.insert((customer.clone(), grant.idempotency_key)) {
        *toy.balances.entry(customer).or_default() += grant.credits;
    }
    StatusCode::OK
}

async fn wallet(State(toy): State<Shared>, Path(customer): Path<String>) -> Json<Value> {
    let toy = toy.lock().expect("no panic elsewhere");
    let posted = toy.balances.get(&customer).copied().unwrap_or_default();
    Json(json!({ "customer": customer, "posted": posted, "held": 0, "available": posted }))
}

async fn single(State(toy): State<Shared>, Json(event): Json<Event>) -> Response {
    let mut toy = toy.lock().expect("no panic elsewhere");
    match toy.meter(&event) {
        Verdict::Accepted => Json(toy.answer(&event)).into_response(),
        Verdict::Replayed => ([("idempotent-replayed", "true")], Json(toy.answer(&event))).into_response(),
        Verdict::Refused => StatusCode::PAYMENT_REQUIRED.into_response(),
    }
}

async fn batch(State(toy): State<Shared>, Json(events): Json<Vec<Event>>) -> Json<Value> {
    let mut toy = toy.lock().expect("no panic elsewhere");
    let mut counts = [0_u64; 3];
    for event in &events {
        counts[toy.meter(event) as usize] += 1;
    }
    let results: Vec<Value> = events.iter().map(|event| toy.answer(event)).collect();
    let [accepted, refused, replayed] = counts;
    Json(json!({ "results": results, "accepted": accepted, "refused": refused, "replayed": replayed }))
}

#[derive(Clone, Copy)]
enum Verdict {
    Accepted,
    Refused,
    Replayed,
}

impl Toy {
    fn meter(&mut self, event: &Event) -> Verdict {
        let floor = if self.flaw == Flaw::AffordsOneTooMany { -1 } else { 0 };
        self.events += 1;
        let balance = self.balances.entry(event.customer.clone()).or_default();
        if !self.keys.insert((event.customer.clone(), event.idempotency_key.clone())) {
            return Verdict::Replayed;
        }
        if *balance <= floor {
            return Verdict::Refused;
        }
        if self.flaw != Flaw::ForgetsOneInAThousand || !self.events.is_multiple_of(1_000) {
            *balance -= 1;
        }
        Verdict::Accepted
    }

    fn answer(&self, Event { customer, .. }: &Event) -> Value {
        let customer = if self.flaw == Flaw::MixesUpCustomers { "bench_other0" } else { customer };
        json!({ "id": "evt_1", "event": "bench.event", "customer": customer, "credits": 1 })
    }
}
