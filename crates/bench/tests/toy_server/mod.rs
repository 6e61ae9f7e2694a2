//! A server of the few routes a bench needs, with balances in a map, and flaws on purpose.

use std::collections::{HashMap, HashSet};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) const API_KEY: &str = "sk_test_toy";

/// What the server does wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    /// Answers as if it had charged.
    ForgetsOneInAThousand,
    /// Accepts one event more than a wallet affords.
    AffordsOneTooMany,
    MixesUpCustomers,
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

/// Serves until the process ends.
pub(crate) fn start(flaw: Flaw) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let toy = Toy { flaw, balances: HashMap::new(), keys: HashSet::new(), events: 0 };
    let router = Router::new()
        .route("/v1/event-types/{name}", put(StatusCode::OK))
        .route("/v1/customers/{customer}/grants", post(grant))
        .route("/v1/customers/{customer}/wallet", get(wallet))
        .route("/v1/events", post(single))
        .route("/v1/events/batch", post(batch))
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(authorize))
        .with_state(Arc::new(Mutex::new(toy)));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
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
        });
    });
    address
}

async fn authorize(request: Request, next: Next) -> Response {
    let expected = format!("Bearer {API_KEY}");
    match request.headers().get("authorization") {
        Some(given) if *given == *expected => next.run(request).await,
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
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
        Verdict::Accepted | Verdict::Replayed => Json(toy.answer(&event)).into_response(),
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
