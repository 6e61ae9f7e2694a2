//! `/dashboard/{environment}/stream`: what commits, for the live page. Sampled, with the true rate beside it: a browser
//! draws what a person can read.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tokio::time::Interval;

use crate::api::Target;
use crate::visit::Visit;

/// Facts passed on in a second; more cannot be read.
pub(crate) const SHOWN_A_SECOND_MAX: u32 = 50;
/// How often the true rate is told.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// The stream of an environment, narrowed down as the page is.
pub(crate) async fn stream(visit: &Visit, headers: &HeaderMap) -> Response {
    let asked = Target::new("/v1/stream")
        .with_some("event", visit.state.get("event"))
        .with_some("customer", visit.state.get("customer"));
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let last = last.map(|last| (HeaderName::from_static("last-event-id"), last));
    let answer = visit.api.call("GET", asked.into(), Body::empty(), last.as_slice()).await;
    if answer.status() != StatusCode::OK {
        return answer;
    }
    let facts = answer.into_body().into_data_stream().filter_map(|bytes| async { bytes.ok() }).boxed();
    let sampled = futures_util::stream::unfold(Sampler::new(facts), |mut sampler| async move {
        let bytes = sampler.next_bytes().await?;
        Some((Ok::<_, Infallible>(bytes), sampler))
    });
    let mut response = Response::new(Body::from_stream(sampled));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Cuts the stream into its events, passes some on, and counts all.
struct Sampler {
    facts: BoxStream<'static, Bytes>,
    second: Interval,
    /// Behind the last whole event.
    rest: Vec<u8>,
    out: VecDeque<Bytes>,
    seen: u64,
    shown: u32,
}

impl Sampler {
    fn new(facts: BoxStream<'static, Bytes>) -> Self {
        let mut second = tokio::time::interval(TELL_EVERY);
        second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self { facts, second, rest: Vec::new(), out: VecDeque::new(), seen: 0, shown: 0 }
    }

    async fn next_bytes(&mut self) -> Option<Bytes> {
        loop {
            if let Some(bytes) = self.out.pop_front() {
                return Some(bytes);
            }
            tokio::select! {
                _ = self.second.tick() => self.tell(),
                bytes = self.facts.next() => self.take(&bytes?),
            }
        }
    }

    /// Says how many there really were, and begins the next second.
    fn tell(&mut self) {
        let skipped = self.seen.saturating_sub(u64::from(self.shown));
        let told = format!("event: rate\ndata: {{\"seen\":{},\"skipped\":{skipped}}}\n\n", self.seen);
        self.out.push_back(told.into());
        (self.seen, self.shown) = (0, 0);
    }

    fn take(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        let mut from = 0;
        while let Some(length) = self.rest[from..].windows(2).position(|two| two == b"\n\n") {
            let event = &self.rest[from..from + length + 2];
            from += length + 2;
            if event.starts_with(b":") {
                self.out.push_back(Bytes::copy_from_slice(event));
                continue;
            }
            self.seen += 1;
            if self.shown < SHOWN_A_SECOND_MAX {
                self.shown += 1;
                self.out.push_back(unnamed(event));
            }
        }
        self.rest.drain(..from);
    }
}

/// The event without its name: the page takes all of them in one way. What was skipped keeps it.
fn unnamed(event: &[u8]) -> Bytes {
    let text = String::from_utf8_lossy(event);
    if text.contains("event: skipped\n") {
        return Bytes::copy_from_slice(event);
    }
    let kept = text.split_inclusive('\n').filter(|line| !line.starts_with("event: "));
    Bytes::from(kept.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn more_than_can_be_read_is_counted_and_not_passed_on() {
        let one = |id: u32| format!("id: 1.{id}\nevent: metered\ndata: {{\"type\":\"metered\"}}\n\n");
        let all: String = (0..SHOWN_A_SECOND_MAX * 3).map(one).collect();
        // Cut anywhere: what arrives knows nothing of events.
        let chunks: Vec<Bytes> = all.as_bytes().chunks(37).map(Bytes::copy_from_slice).collect();
        let facts = futures_util::stream::iter(chunks).chain(futures_util::stream::pending()).boxed();
        let mut sampler = Sampler::new(facts);
        let (mut shown, mut seen, mut skipped) = (0, 0, 0);
        while seen < u64::from(SHOWN_A_SECOND_MAX) * 3 {
            let bytes = sampler.next_bytes().await.expect("it goes on");
            let text = String::from_utf8(bytes.to_vec()).expect("text");
            match text.strip_prefix("event: rate\ndata: ") {
                None => {
                    assert!(text.starts_with("id: 1.") && !text.contains("event:"), "{text}");
                    shown += 1;
                }
                Some(told) => {
                    let told = crate::json::Json::parse(told.trim()).expect("JSON");
                    seen += u64::try_from(told.get("seen").sum().0 / crate::look::UNIT).expect("a count");
                    skipped +=
                        u64::try_from(told.get("skipped").sum().0 / crate::look::UNIT).expect("a count");
                }
            }
        }
        assert_eq!(u64::from(SHOWN_A_SECOND_MAX) * 3, skipped + shown);
        assert!(skipped > 0);
    }
}
