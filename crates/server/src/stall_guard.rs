//! [`StallGuard`]: a connection that ends when nothing moves on it, in either direction, for too long.
//!
//! hyper's own time-out covers the head of a request only. This one covers its body, and a client that does not read
//! its answer. A stream of events keeps itself alive by writing now and then.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// A connection with a limit to its patience.
pub(crate) struct StallGuard<T> {
    io: T,
    patience: Duration,
    deadline: Pin<Box<Sleep>>,
    /// Whether the deadline counts: it is set anew by the first wait after something moved.
    is_waiting: bool,
}

impl<T> StallGuard<T> {
    /// Ends the connection after `patience` without a byte.
    pub(crate) fn new(io: T, patience: Duration) -> Self {
        Self { io, patience, deadline: Box::pin(tokio::time::sleep(patience)), is_waiting: false }
    }

    /// Passes on what came of an attempt, unless nothing has moved for too long.
    fn judge<R>(&mut self, attempt: Poll<io::Result<R>>, context: &mut Context<'_>) -> Poll<io::Result<R>> {
        if attempt.is_ready() {
            self.is_waiting = false;
            return attempt;
        }
        if !self.is_waiting {
            self.is_waiting = true;
            self.deadline.as_mut().reset(now() + self.patience);
        }
        self.deadline.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the binary may read the clock: a time-out is of this machine only"
)]
fn now() -> Instant {
    Instant::now()
}

impl<T: AsyncRead + Unpin> AsyncRead for StallGuard<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let attempt = Pin::new(&mut self.io).poll_read(cx, buf);
        self.judge(attempt, cx)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for StallGuard<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.io).poll_write(cx, buf);
        self.judge(attempt, cx)
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
        self.judge(attempt, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn silence_ends_the_connection() {
        let (_other, ours) = tokio::io::duplex(16);
        let mut guarded = StallGuard::new(ours, Duration::from_millis(20));
        let error = guarded.read_u8().await.expect_err("nothing is sent");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_peer_that_does_not_read_ends_the_connection() {
        let (_other, ours) = tokio::io::duplex(4);
        let mut guarded = StallGuard::new(ours, Duration::from_millis(20));
        let error = guarded.write_all(b"more than four bytes").await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn bytes_that_move_are_passed_on() {
        let (mut other, ours) = tokio::io::duplex(16);
        let mut guarded = StallGuard::new(ours, Duration::from_secs(60));
        other.write_all(b"ab").await.expect("sent");
        assert_eq!(guarded.read_u16().await.expect("read"), u16::from_be_bytes(*b"ab"));
        guarded.write_all(b"c").await.expect("sent");
        assert_eq!(other.read_u8().await.expect("read"), b'c');
    }
}
