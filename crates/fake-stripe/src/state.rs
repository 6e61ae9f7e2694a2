//! All that the stand-in holds: objects as the JSON they are answered as, by kind and in the order they were made.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::Options;
use crate::control::Injected;
use crate::deliveries::Endpoint;
use crate::errors::ApiError;
use crate::params::Params;

/// The state behind one lock: every request and every command is one step.
pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) base_url: String,
    pub(crate) sessions: Table,
    pub(crate) intents: Table,
    pub(crate) charges: Table,
    pub(crate) refunds: Table,
    pub(crate) disputes: Table,
    pub(crate) events: Table,
    /// What a session will put on its payment: metadata, by the session's id.
    pub(crate) intent_metadata: BTreeMap<String, Value>,
    /// Ids of events that no endpoint has taken yet.
    pub(crate) undelivered: Vec<String>,
    /// Ids of events that are never to be delivered.
    pub(crate) dropped: Vec<String>,
    pub(crate) endpoints: Vec<Endpoint>,
    /// The next so many deliveries get lost, and count as answered with this status.
    pub(crate) failing: (u32, u16),
    pub(crate) faults: VecDeque<Injected>,
    /// Answers by idempotency key.
    pub(crate) answered: BTreeMap<String, Answered>,
    pub(crate) requests: Vec<Value>,
    counters: BTreeMap<&'static str, u64>,
    ahead_s: i64,
}

/// A request that was answered under an idempotency key.
#[derive(Clone)]
pub(crate) struct Answered {
    pub(crate) path: String,
    pub(crate) params: Params,
    pub(crate) body: Value,
}

impl State {
    pub(crate) fn new(options: Options, base_url: &str) -> Self {
        Self {
            options,
            base_url: base_url.to_owned(),
            sessions: Table::new("checkout.session"),
            intents: Table::new("payment_intent"),
            charges: Table::new("charge"),
            refunds: Table::new("refund"),
            disputes: Table::new("dispute"),
            events: Table::new("event"),
            intent_metadata: BTreeMap::new(),
            undelivered: Vec::new(),
            dropped: Vec::new(),
            endpoints: Vec::new(),
            failing: (0, 500),
            faults: VecDeque::new(),
            answered: BTreeMap::new(),
            requests: Vec::new(),
            counters: BTreeMap::new(),
            ahead_s: 0,
        }
    }

    /// The next id of a kind: `pi_000001`.
    pub(crate) fn next_id(&mut self, prefix: &'static str) -> String {
        let count = self.counters.entry(prefix).or_default();
        *count += 1;
        let mode = match (prefix, self.options.is_live) {
            ("cs", true) => "live_",
            ("cs", false) => "test_",
            _ => "",
        };
        format!("{prefix}_{mode}{count:06}")
    }

    /// Its clock, in seconds since 1970.
    pub(crate) fn now_s(&self) -> i64 {
        self.options.now_s.unwrap_or_else(machine_now_s) + self.ahead_s
    }

    pub(crate) fn advance(&mut self, seconds: i64) {
        self.ahead_s += seconds;
        crate::sessions::expire_old(self);
    }

    /// Any object, by its id.
    pub(crate) fn find(&self, id: &str) -> Option<&Value> {
        let tables =
            [&self.sessions, &self.intents, &self.charges, &self.refunds, &self.disputes, &self.events];
        tables.into_iter().find_map(|table| table.get(id).ok())
    }
}

#[expect(clippy::disallowed_methods, reason = "somebody else's machine has a clock of its own")]
fn machine_now_s() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Objects of one kind.
pub(crate) struct Table {
    kind: &'static str,
    objects: Vec<Value>,
}

impl Table {
    fn new(kind: &'static str) -> Self {
        Self { kind, objects: Vec::new() }
    }

    pub(crate) fn insert(&mut self, object: Value) {
        self.objects.push(object);
    }

    pub(crate) fn get(&self, id: &str) -> Result<&Value, ApiError> {
        let found = self.objects.iter().find(|object| object["id"] == id);
        found.ok_or_else(|| ApiError::missing(self.kind, id))
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Result<&mut Value, ApiError> {
        let found = self.objects.iter_mut().find(|object| object["id"] == id);
        found.ok_or_else(|| ApiError::missing(self.kind, id))
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Value> {
        self.objects.iter()
    }

    /// A page of those that `wanted` keeps, newest first, as Stripe lists everything.
    pub(crate) fn page(
        &self,
        params: &Params,
        url: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, ApiError> {
        let limit = params.integer("limit")?.unwrap_or(10);
        let limit = usize::try_from(limit).ok().filter(|limit| (1..=100).contains(limit));
        let limit = limit.ok_or_else(|| ApiError::invalid("This value must be 1 to 100.").param("limit"))?;
        let mut rest = self.objects.iter().rev().filter(|object| wanted(object)).peekable();
        if let Some(after) = params.get("starting_after") {
            self.get(after)?;
            while rest.next().is_some_and(|object| object["id"] != after) {}
        }
        let data: Vec<&Value> = rest.by_ref().take(limit).collect();
        Ok(json!({"object": "list", "url": url, "has_more": rest.peek().is_some(), "data": data}))
    }

    /// As [`Table::page`], of what hangs on a payment: its charge and its payment intent can be asked for.
    pub(crate) fn page_of_a_payment(&self, params: &Params, url: &str) -> Result<Value, ApiError> {
        params.only(&[
            "charge",
            "created",
            "ending_before",
            "expand",
            "limit",
            "payment_intent",
            "starting_after",
        ])?;
        let is = |name: &str, object: &Value| params.get(name).is_none_or(|id| object[name] == id);
        self.page(params, url, |object| is("payment_intent", object) && is("charge", object))
    }
}

/// A text of an object; empty where there is none.
pub(crate) fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_default().to_owned()
}

/// A number of an object; zero where there is none.
pub(crate) fn number(object: &Value, name: &str) -> i64 {
    object[name].as_i64().unwrap_or_default()
}
