//! A connection of the kill harness: sends, hears, follows up, and once in a while does not wait for the answer.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::load::{METER, Work};
use crate::books::{Books, Effect, Request};
use crate::support::{Answer, call, client};

/// How long a caller waits who does not wait.
const HASTE: Duration = Duration::from_millis(2);
/// One request in so many is sent by such a caller.
const HASTY_ONE_IN: u32 = 60;

/// A connection: takes work until there is none or the server is gone.
pub(super) struct Caller<'a> {
    pub(super) books: &'a Books,
    pub(super) key: &'a str,
    pub(super) url: &'a str,
    pub(super) queue: &'a Mutex<Vec<Work>>,
}

impl Caller<'_> {
    pub(super) fn run(&self, seed: u64) {
        let mut draw = ChaCha8Rng::seed_from_u64(seed);
        let client = client();
        let hasty = reqwest::blocking::Client::builder().no_proxy().timeout(HASTE).build().expect("a client");
        loop {
            let next = self.queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let is_alive = match next {
                None => false,
                Some(Work::Single(request)) if draw.random_range(0..HASTY_ONE_IN) == 0 => {
                    // Whether the server is gone is found out by the next.
                    self.send(&hasty, &request);
                    true
                }
                Some(Work::Single(request)) => self.send(&client, &request),
                Some(Work::Batch(requests)) => self.send_batch(&client, &requests),
            };
            if !is_alive {
                return;
            }
            if draw.random_range(0..4) == 0
                && let Some(request) = self.follow_up(&mut draw)
                && !self.send(&client, &request)
            {
                return;
            }
        }
    }

    /// Sends a request; false when the server is gone.
    fn send(&self, client: &reqwest::blocking::Client, request: &Request) -> bool {
        self.books.sending(request);
        match self.post(client, &request.path, &request.body) {
            Some(answer) => {
                self.books.answered(&request.key, &answer);
                true
            }
            None => false,
        }
    }

    fn send_batch(&self, client: &reqwest::blocking::Client, requests: &[Request]) -> bool {
        requests.iter().for_each(|request| self.books.sending(request));
        let bodies: Vec<&str> = requests.iter().map(|request| request.body.as_str()).collect();
        let Some(answer) = self.post(client, "/v1/events/batch", &format!("[{}]", bodies.join(","))) else {
            return false;
        };
        if answer.status == 200 {
            let json = answer.json();
            let results = json["results"].as_array().expect("results");
            assert_eq!(results.len(), requests.len());
            for (request, result) in requests.iter().zip(results) {
                self.books.answered_in_batch(&request.key, result);
            }
        }
        true
    }

    fn post(&self, client: &reqwest::blocking::Client, path: &str, body: &str) -> Option<Answer> {
        call(client, "POST", &format!("{}{path}", self.url), self.key, Some(body)).ok()
    }

    /// Captures, voids or reverses something that was acknowledged. Its key says what it follows, so that one thing
    /// is followed up in one way only, whoever does it and however often.
    fn follow_up(&self, draw: &mut ChaCha8Rng) -> Option<Request> {
        let entry = self.books.pick(|count| draw.random_range(0..count));
        let (id, first) = (entry.id()?, &entry.request);
        let is_even = first.key.bytes().last()? % 2 == 0;
        let key = format!("{}-then", first.key);
        let (path, body, effect) = match first.effect {
            Effect::Hold(held) if is_even => {
                let taken = held - 5;
                let body = json!({"credits": taken, "idempotency_key": key});
                (format!("/v1/holds/{id}/capture"), body, Effect::End { held, taken })
            }
            Effect::Hold(held) => {
                let body = json!({"idempotency_key": key});
                (format!("/v1/holds/{id}/void"), body, Effect::End { held, taken: 0 })
            }
            Effect::Post(credits) if first.path == METER && is_even => {
                let body = json!({"reason": "a test", "idempotency_key": key});
                (format!("/v1/events/{id}/reverse"), body, Effect::Post(-credits))
            }
            Effect::Post(_) | Effect::End { .. } => return None,
        };
        Some(Request { key, customer: first.customer.clone(), path, body: body.to_string(), effect })
    }
}
