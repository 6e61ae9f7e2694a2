//! [`Patient`]: a connection that is ended when its client takes too long, in whatever it is doing.
//!
//! A connection is in one of three phases, and each has its own patience:
//! - **idle**: an answer is given and no byte of the next request has come. A long time, so that clients can keep
//!   connections open; a very short one while somebody else waits for a connection ([`Crowd`]).
//! - **head**: a request has begun. One deadline for all of its head, which bytes do not push back: whoever sends a
//!   byte now and then gains nothing.
//! - **busy**: the request is being answered. As long as idle, and pushed back by every byte that moves; how long a body
//!   may take in all is the door's own limit. A stream of events keeps itself alive by writing now and then.
//!
//! Not owned here: which phase a request is in is told by [`Progress`], since bytes alone do not show it.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How long an idle connection is kept while another client waits for one. Long enough for a request that is already
/// under way to arrive.
pub(crate) const IDLE_WHEN_CROWDED: Duration = Duration::from_secs(1);

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For the head of a request, from its first byte, or from the beginning of the connection.
    pub(crate) head: Duration,
    /// Without a byte in either direction: between requests, in a body, in an answer.
    pub(crate) idle: Duration,
}

/// Whether somebody waits because all connections are taken.
#[derive(Debug, Default)]
pub(crate) struct Crowd(AtomicBool);

impl Crowd {
    pub(crate) fn set_waiting(&self, is_waiting: bool) {
        self.0.store(is_waiting, Ordering::Relaxed);
    }

    fn is_waiting(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How far a connection's requests have come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    begun: AtomicU32,
    is_busy: AtomicBool,
}

impl Progress {
    /// The head of a request was read.
    pub(crate) fn begin(&self) {
        self.is_busy.store(true, Ordering::Relaxed);
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    /// All of the answer is there, so that what is left is to write it.
    pub(crate) fn answered(&self) {
        self.is_busy.store(false, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Head,
    Busy,
}

/// A connection with a limit to its patience.
pub(crate) struct Patient<T> {
    io: T,
    patience: Patience,
    progress: Arc<Progress>,
    crowd: Arc<Crowd>,
    phase: Phase,
    /// How many requests had begun when the phase was last looked at.
    begun: u32,
    /// When patience ends; `None` where nothing has had to wait in this phase, or since something moved.
    due: Option<Instant>,
    writes_wait: bool,
    wake: Pin<Box<Sleep>>,
}

impl<T> Patient<T> {
    pub(crate) fn new(io: T, patience: Patience, progress: Arc<Progress>, crowd: Arc<Crowd>) -> Self {
        Self {
            io,
            patience,
            progress,
            crowd,
            phase: Phase::Head,
            begun: 0,
            due: None,
            writes_wait: false,
            wake: Box::pin(tokio::time::sleep(patience.head)),
        }
    }

    /// Catches up with what became of the request.
    fn look(&mut self) {
        let begun = self.progress.begun.load(Ordering::Relaxed);
        let is_busy = self.progress.is_busy.load(Ordering::Relaxed);
        let phase = match self.phase {
            _ if is_busy => Phase::Busy,
            Phase::Busy => Phase::Idle,
            _ if begun != self.begun => Phase::Idle,
            phase => phase,
        };
        self.begun = begun;
        self.enter(phase);
    }

    fn enter(&mut self, phase: Phase) {
        if self.phase != phase {
            self.phase = phase;
            self.due = None;
        }
    }

    /// Bytes have moved: only a head gains nothing by that.
    fn moved(&mut self) {
        if self.phase != Phase::Head {
            self.due = None;
        }
    }

    /// Nothing moves: ends the connection once patience is over.
    fn wait<R>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        loop {
            let now = now();
            let begins = self.due.is_none();
            let patience = if self.phase == Phase::Head { self.patience.head } else { self.patience.idle };
            let due = *self.due.get_or_insert(now + patience);
            let is_idle = self.phase == Phase::Idle && !self.writes_wait;
            if now >= due || is_idle && !begins && self.crowd.is_waiting() && self.has_idled(due, now) {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            // An idle connection looks up now and then whether somebody else needs its place.
            let wake = if is_idle { due.min(now + IDLE_WHEN_CROWDED) } else { due };
            if begins || self.wake.is_elapsed() || self.wake.deadline() > wake {
                self.wake.as_mut().reset(wake);
            }
            if self.wake.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn has_idled(&self, due: Instant, now: Instant) -> bool {
        now + self.patience.idle >= due + IDLE_WHEN_CROWDED
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the binary may read the clock: a time-out is of this machine only"
)]
fn now() -> Instant {
    Instant::now()
}

impl<T: AsyncRead + Unpin> AsyncRead for Patient<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled = buf.filled().len();
        let attempt = Pin::new(&mut self.io).poll_read(cx, buf);
        self.look();
        if attempt.is_pending() {
            return self.wait(cx);
        }
        self.moved();
        if self.phase == Phase::Idle && buf.filled().len() > filled {
            self.enter(Phase::Head);
        }
        attempt
    }
}

impl<T: AsyncWrite + Unpin> Patient<T> {
    fn after_write(
        &mut self,
        attempt: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.look();
        self.writes_wait = attempt.is_pending();
        if self.writes_wait {
            return self.wait(cx);
        }
        // Whatever of the next request came early, its time begins when this answer is out.
        if self.phase == Phase::Head {
            self.enter(Phase::Idle);
        }
        self.moved();
        attempt
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patient<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.io).poll_write(cx, buf);
        self.after_write(attempt, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.after_write(attempt, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
    use tokio::time::advance;

    use super::*;

    const PATIENCE: Patience = Patience { head: Duration::from_secs(10), idle: Duration::from_secs(75) };
    const SECOND: Duration = Duration::from_secs(1);

    struct Pair {
        other: DuplexStream,
        ours: Patient<DuplexStream>,
        progress: Arc<Progress>,
        crowd: Arc<Crowd>,
    }

    fn pair() -> Pair {
        let (other, ours) = tokio::io::duplex(16);
        let (progress, crowd) = <(Arc<Progress>, Arc<Crowd>)>::default();
        Pair { other, ours: Patient::new(ours, PATIENCE, progress.clone(), crowd.clone()), progress, crowd }
    }

    /// How many whole seconds pass until the connection is ended while its client sends a byte every `every` seconds.
    async fn seconds_until_ended(pair: &mut Pair, every: Option<u64>) -> u64 {
        for second in 0..1_000 {
            if every.is_some_and(|every| second % every == 0) {
                pair.other.write_all(b"x").await.expect("sent");
            }
            // As hyper does it: read whatever there is, then wait.
            loop {
                let read = tokio::time::timeout(Duration::ZERO, pair.ours.read_u8()).await;
                match read {
                    Err(_) => break,
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => {
                        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
                        return second;
                    }
                }
            }
            advance(SECOND).await;
        }
        panic!("never ended")
    }

    async fn answer_a_request(pair: &mut Pair) {
        pair.other.write_all(b"GET").await.expect("sent");
        pair.ours.read_exact(&mut [0; 3]).await.expect("read");
        pair.progress.begin();
        pair.progress.answered();
        pair.ours.write_all(b"200").await.expect("written");
        pair.other.read_exact(&mut [0; 3]).await.expect("read");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_one_deadline_however_its_bytes_come() {
        assert_eq!(seconds_until_ended(&mut pair(), None).await, 10);
        assert_eq!(seconds_until_ended(&mut pair(), Some(1)).await, 10);
        let mut kept_open = pair();
        answer_a_request(&mut kept_open).await;
        assert_eq!(seconds_until_ended(&mut kept_open, Some(1)).await, 10, "also of a later request");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_between_requests_is_kept_for_longer() {
        let mut pair = pair();
        answer_a_request(&mut pair).await;
        assert_eq!(seconds_until_ended(&mut pair, None).await, 75);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_makes_room_when_somebody_waits_and_a_busy_one_does_not() {
        let mut idle = pair();
        answer_a_request(&mut idle).await;
        idle.crowd.set_waiting(true);
        assert_eq!(seconds_until_ended(&mut idle, None).await, 1);

        let mut busy = pair();
        busy.progress.begin();
        busy.crowd.set_waiting(true);
        assert_eq!(seconds_until_ended(&mut busy, None).await, 75);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_take_its_time_as_long_as_it_moves() {
        let mut pair = pair();
        pair.progress.begin();
        for _ in 0..10 {
            pair.other.write_all(b"x").await.expect("sent");
            assert_eq!(pair.ours.read_u8().await.expect("read"), b'x');
            advance(PATIENCE.idle - SECOND).await;
        }
        assert_eq!(seconds_until_ended(&mut pair, None).await, 75);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_its_answer_ends_the_connection() {
        let mut pair = pair();
        pair.progress.begin();
        pair.progress.answered();
        pair.crowd.set_waiting(true);
        let began = now();
        let error = pair.ours.write_all(b"more than the sixteen bytes").await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(now() - began, PATIENCE.idle, "an answer under way is not idle");
    }
}
