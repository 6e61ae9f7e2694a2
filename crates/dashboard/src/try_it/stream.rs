//! The visitor's stream: the API's own, narrowed to their wallet, each fact with the row and the indicators that it makes.
//!
//! The id of an event stays the fact's position, so that a browser that lost the connection goes on where it was.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::body::{Body, BodyDataStream};
use futures_util::StreamExt as _;
use futures_util::stream::unfold;
use maud::html;

use super::lines::Line;
use super::tiles::Tiles;
use super::turnstile::StreamRoom;
use crate::api::Api;
use crate::json::Json;

/// Bytes of one event that are waited for: a fact of a wallet is far smaller.
const EVENT_BYTES_MAX: usize = 64 * 1024;

/// A stream that is read, and what its events are written with.
pub(super) struct Follow {
    pub(super) api: Api,
    pub(super) customer: String,
    /// The words of each event type.
    pub(super) labels: BTreeMap<String, String>,
    pub(super) _room: StreamRoom,
}

impl Follow {
    /// The body of the answer, made of the body of `/v1/stream`.
    pub(super) fn over(self, upstream: Body) -> Body {
        let state = (self, upstream.into_data_stream(), Vec::new());
        Body::from_stream(unfold(state, |(follow, mut upstream, mut read)| async move {
            let event = next_event(&mut upstream, &mut read).await?;
            let text = follow.written(&event).await;
            Some((Ok::<_, Infallible>(text), (follow, upstream, read)))
        }))
    }

    /// An event as the page's script reads it: `row` and `tiles` as markup.
    async fn written(&self, event: &str) -> String {
        let field = |name: &str| {
            let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.unwrap_or_default()
        };
        let id = field("id");
        let fact = Json::parse(field("data"));
        let label = |event: &str| self.labels.get(event).cloned().unwrap_or_else(|| event.to_owned());
        let Some(line) = fact.and_then(|fact| Line::of_fact(&fact, label)) else {
            // A comment keeps the connection; an id alone moves the place from which it is resumed.
            return if id.is_empty() { ": still here\n\n".to_owned() } else { format!("id: {id}\n\n") };
        };
        let tiles = Tiles::read(&self.api, &self.customer, id).await.ok().map(|tiles| tiles.show().0);
        let data = serde_json::json!({"row": html! { (line.row()) }.0, "tiles": tiles});
        format!("id: {id}\ndata: {data}\n\n")
    }
}

/// The next event, without the empty line behind it; `None` at the end.
async fn next_event(upstream: &mut BodyDataStream, read: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = read.windows(2).position(|two| two == b"\n\n") {
            let event: Vec<u8> = read.drain(..end + 2).collect();
            return Some(String::from_utf8_lossy(&event).into_owned());
        }
        if read.len() > EVENT_BYTES_MAX {
            return None;
        }
        read.extend_from_slice(&upstream.next().await?.ok()?);
    }
}
