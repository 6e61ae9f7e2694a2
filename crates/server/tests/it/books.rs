//! The kill harness's own account of what it asked for, what it was answered, and what wallets must therefore hold.
//! It knows prices and wallets from the outside only, and shares no code with the product.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::Value;

use crate::support::Answer;

/// Whole credits.
pub(crate) type Credits = i64;

/// One thing asked for, under a key of its own.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The idempotency key.
    pub(crate) key: String,
    /// Whose wallet.
    pub(crate) customer: String,
    /// The route.
    pub(crate) path: String,
    /// The body. Of a meter event it is also what stands in a batch.
    pub(crate) body: String,
    /// What it does to a wallet when it is accepted.
    pub(crate) effect: Effect,
}

/// What an accepted request does to a wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Changes posted credits.
    Post(Credits),
    /// Holds credits.
    Hold(Credits),
    /// Ends a hold of `held` credits, taking `taken`.
    End {
        /// What was held.
        held: Credits,
        /// What is taken.
        taken: Credits,
    },
}

/// What the harness knows of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Answered 2xx.
    Acknowledged,
    /// Answered by a refusal that is final.
    Refused,
    /// Sent, and never answered.
    Unknown,
}

/// A request and the first final answer to it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// What was asked.
    pub(crate) request: Request,
    /// The first final answer, as JSON and, where it came alone, byte by byte.
    answer: Option<(u16, Value, Option<Vec<u8>>)>,
}

impl Entry {
    /// What is known of it.
    pub(crate) fn fate(&self) -> Fate {
        match &self.answer {
            None => Fate::Unknown,
            Some((200..=299, ..)) => Fate::Acknowledged,
            Some(_) => Fate::Refused,
        }
    }

    /// The id in its answer.
    pub(crate) fn id(&self) -> Option<&str> {
        self.answer.as_ref().and_then(|(_, json, _)| json["id"].as_str())
    }
}

/// The account.
#[derive(Default)]
pub(crate) struct Books {
    entries: Mutex<BTreeMap<String, Entry>>,
}

impl Books {
    /// Notes that a request is about to be sent.
    pub(crate) fn sending(&self, request: &Request) {
        let mut entries = self.lock();
        entries
            .entry(request.key.clone())
            .or_insert_with(|| Entry { request: request.clone(), answer: None });
    }

    /// Notes an answer that came alone, and holds it against the first one. Answers that bind nothing are not noted.
    pub(crate) fn answered(&self, key: &str, answer: &Answer) {
        match answer.status {
            // The disk is full, the queue is, the server is going down: nothing was bound.
            429 | 503 | 507 => {}
            200..=299 | 402 => self.note(key, answer.status, answer.json(), Some(answer.bytes.clone())),
            status => panic!("{key}: {status} {}", String::from_utf8_lossy(&answer.bytes)),
        }
    }

    /// Notes a result out of a batch.
    pub(crate) fn answered_in_batch(&self, key: &str, result: &Value) {
        match result["error"]["status"].as_u64() {
            None => self.note(key, 200, result.clone(), None),
            Some(402) => self.note(key, 402, result["error"].clone(), None),
            Some(429 | 503 | 507) => {}
            Some(_) => panic!("{key}: {result}"),
        }
    }

    fn note(&self, key: &str, status: u16, json: Value, bytes: Option<Vec<u8>>) {
        let mut entries = self.lock();
        let entry = entries.get_mut(key).expect("it was sent");
        let Some((first_status, first_json, first_bytes)) = &mut entry.answer else {
            entry.answer = Some((status, json, bytes));
            return;
        };
        assert_eq!(
            (status, comparable(&json)),
            (*first_status, comparable(first_json)),
            "{key}: another answer"
        );
        match (&first_bytes, &bytes) {
            (Some(first), Some(now)) => assert_eq!(first, now, "{key}: other bytes"),
            _ => *first_bytes = first_bytes.take().or(bytes),
        }
    }

    /// Everything that was sent.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.lock().values().cloned().collect()
    }

    /// One of the requests that were sent; `choose` is told how many there are.
    pub(crate) fn pick(&self, choose: impl FnOnce(usize) -> usize) -> Entry {
        let entries = self.lock();
        let place = choose(entries.len());
        entries.values().nth(place).expect("a place within").clone()
    }

    /// How many requests have each fate: acknowledged, refused, unknown.
    pub(crate) fn census(&self) -> [usize; 3] {
        let mut counts = [0; 3];
        for entry in self.lock().values() {
            counts[match entry.fate() {
                Fate::Acknowledged => 0,
                Fate::Refused => 1,
                Fate::Unknown => 2,
            }] += 1;
        }
        counts
    }

    /// What each customer must have: posted and held.
    pub(crate) fn balances(&self) -> BTreeMap<String, (Credits, Credits)> {
        let mut balances = BTreeMap::<String, (Credits, Credits)>::new();
        for entry in self.lock().values() {
            let (posted, held) = balances.entry(entry.request.customer.clone()).or_default();
            match (entry.fate(), entry.request.effect) {
                (Fate::Unknown, _) => panic!("{} has no answer yet", entry.request.key),
                (Fate::Refused, _) => {}
                (Fate::Acknowledged, Effect::Post(credits)) => *posted += credits,
                (Fate::Acknowledged, Effect::Hold(credits)) => *held += credits,
                (Fate::Acknowledged, Effect::End { held: freed, taken }) => {
                    *held -= freed;
                    *posted -= taken;
                }
            }
        }
        balances
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Entry>> {
        // A panic of another thread has failed the test already.
        self.entries.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// An answer without the path it was asked on, which differs between a batch and a single call.
fn comparable(json: &Value) -> Value {
    let mut json = json.clone();
    if let Some(fields) = json.as_object_mut() {
        fields.remove("instance");
    }
    json
}
