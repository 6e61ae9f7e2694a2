//! Reading a body: bounded in bytes and in time, and all bodies together in bytes.
//!
//! Without the last, every connection could bring the largest body at the same moment: a few keys in wrong hands would
//! be worth all memory of the machine. Small bodies are not counted, so that large ones never stand in the way of a
//! single event, a capture or a void. Bodies that come without a key have a room of their own, which strangers can fill
//! without holding up whoever has one.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use bytes::{Bytes, BytesMut};
use chargly_api::limits::{BODY_BYTES_MAX, BODY_SECONDS_MAX, PUBLIC_BODY_BYTES_MAX};
use chargly_api::{ErrorCode, Problem};
use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of large bodies that are read or answered at one time: sixteen of the largest.
pub const BODIES_BYTES_MAX: usize = 16 * BODY_BYTES_MAX;
/// The same for bodies that come without a key.
pub const PUBLIC_BODIES_BYTES_MAX: usize = 16 * PUBLIC_BODY_BYTES_MAX;
/// Bytes up to which a body counts as small and is not counted: the listener's limit on connections bounds their sum.
pub const SMALL_BODY_BYTES_MAX: usize = 64 * 1024;

/// The room for large bodies of one kind.
pub(crate) struct BodyRoom {
    room: Arc<Semaphore>,
    body_bytes_max: usize,
}

/// A body, with the room that it takes until this is dropped.
pub(crate) struct HeldBody {
    pub(crate) bytes: Bytes,
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

impl BodyRoom {
    /// For requests with a key.
    pub(crate) fn keyed() -> Self {
        Self { room: Arc::new(Semaphore::new(BODIES_BYTES_MAX)), body_bytes_max: BODY_BYTES_MAX }
    }

    /// For requests without one.
    pub(crate) fn public() -> Self {
        Self {
            room: Arc::new(Semaphore::new(PUBLIC_BODIES_BYTES_MAX)),
            body_bytes_max: PUBLIC_BODY_BYTES_MAX,
        }
    }

    /// Reads a body.
    pub(crate) async fn read(&self, headers: &HeaderMap, body: Body) -> Result<HeldBody, Problem> {
        let announced =
            headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        let mut room = None;
        // Before a byte of it is read, and as a whole: bodies that are half here must not wait for each other.
        self.make(&mut room, announced.unwrap_or(0))?;
        let limit = Duration::from_secs(BODY_SECONDS_MAX as u64);
        let whole = announced.unwrap_or(0);
        let read = tokio::time::timeout(limit, self.read_all(&mut room, body, whole)).await;
        let bytes = read.unwrap_or_else(|_| {
            let detail = format!("The body took more than {BODY_SECONDS_MAX} seconds.");
            Err(Problem::new(ErrorCode::RequestTimeout, detail))
        })?;
        Ok(HeldBody { bytes, room })
    }

    /// `announced` bytes are what the sender said; there is room for them.
    async fn read_all(
        &self,
        room: &mut Option<OwnedSemaphorePermit>,
        body: Body,
        announced: usize,
    ) -> Result<Bytes, Problem> {
        let mut stream = body.into_data_stream();
        let mut next = async || stream.next().await.transpose().map_err(|_| broken_off());
        let Some(first) = next().await? else { return Ok(Bytes::new()) };
        self.make(room, first.len())?;
        // Most bodies come in one piece, and are not copied.
        let Some(mut data) = next().await? else { return Ok(first) };
        let mut whole = BytesMut::with_capacity(announced.max(first.len() + data.len()));
        whole.extend_from_slice(&first);
        loop {
            self.make(room, whole.len() + data.len())?;
            whole.extend_from_slice(&data);
            match next().await? {
                Some(more) => data = more,
                None => return Ok(whole.freeze()),
            }
        }
    }

    /// Sees to it that there is room for this many bytes.
    fn make(&self, room: &mut Option<OwnedSemaphorePermit>, bytes: usize) -> Result<(), Problem> {
        if bytes > self.body_bytes_max {
            return Err(too_large(self.body_bytes_max));
        }
        let held = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if bytes <= held.max(SMALL_BODY_BYTES_MAX) {
            return Ok(());
        }
        let more = u32::try_from(bytes - held).map_err(|_| too_large(self.body_bytes_max))?;
        let Ok(more) = Arc::clone(&self.room).try_acquire_many_owned(more) else { return Err(no_room()) };
        match room {
            Some(room) => room.merge(more),
            None => *room = Some(more),
        }
        Ok(())
    }
}

fn too_large(limit: usize) -> Problem {
    let detail = format!("A body may have at most {limit} bytes.");
    Problem::new(ErrorCode::TooLarge, detail).number("limit", limit)
}

fn no_room() -> Problem {
    let detail = "Too many large bodies are on their way at this moment.";
    Problem::new(ErrorCode::Overloaded, detail).retry_after(1)
}

fn broken_off() -> Problem {
    Problem::invalid("body", "broke off before its end")
}
