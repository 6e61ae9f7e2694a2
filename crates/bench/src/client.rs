//! One kept-alive HTTP/1.1 connection that sends prepared bytes and reads answers of a known length.
//!
//! The generator shares its cores with the server it measures, so an exchange allocates nothing once the buffer
//! has grown to the largest answer, and only the status and the length of an answer's head are looked at.
//!
//! Not a general client: no chunked answers, no pipelining, no redirects, no TLS. An answer it does not understand is
//! an error, never a guess.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Header fields of one answer that are understood. More than any route sends; a longer head is refused.
const HEAD_FIELDS_MAX: usize = 32;

/// Bytes of one answer. A batch of 10,000 answers of 400 bytes takes 4 MiB; what is longer is not ours.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes that a buffer starts with: an answer to a single event fits several times.
const BUFFER_BYTES: usize = 4 * 1024;

/// A connection, which is free for the next exchange as soon as the last answer was looked at.
pub(crate) struct Connection<S = TcpStream> {
    stream: S,
    buffer: Vec<u8>,
}

/// What a server answered. Borrows the connection's buffer.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    /// Whether it is said to be the first answer, given again.
    pub(crate) is_replay: bool,
    pub(crate) body: &'a [u8],
}

impl Connection {
    /// Connects without Nagle's delay, which would measure the delay.
    pub(crate) async fn open(server: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(server).await.with_context(|| format!("connecting to {server}"))?;
        stream.set_nodelay(true).context("switching off Nagle's delay")?;
        Ok(Self::over(stream))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    fn over(stream: S) -> Self {
        Self { stream, buffer: Vec::with_capacity(BUFFER_BYTES) }
    }

    /// Sends one whole request and waits for its answer.
    ///
    /// # Errors
    /// Whatever leaves open what the server did: a connection that ended or failed, an answer that is not
    /// understood. The connection is of no use afterwards.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.send(request).await?;
        self.receive().await
    }

    /// Sends one whole request, so that many connections can send before any of them waits.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<()> {
        self.stream.write_all(request).await.context("sending a request")
    }

    /// Waits for the answer to the request sent last.
    pub(crate) async fn receive(&mut self) -> Result<Answer<'_>> {
        self.buffer.clear();
        let head = loop {
            self.read_more().await?;
            if let Some(head) = parse_head(&self.buffer)? {
                break head;
            }
        };
        let end = head.bytes + head.body_bytes;
        self.buffer.reserve(end.saturating_sub(self.buffer.len()) + 1);
        while self.buffer.len() < end {
            self.read_more().await?;
        }
        if self.buffer.len() > end {
            bail!("the server sent {} bytes after its answer", self.buffer.len() - end);
        }
        Ok(Answer { status: head.status, is_replay: head.is_replay, body: &self.buffer[head.bytes..] })
    }

    async fn read_more(&mut self) -> Result<()> {
        let read = self.stream.read_buf(&mut self.buffer).await.context("reading an answer")?;
        if read == 0 {
            bail!("the server closed the connection before its answer was complete");
        }
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    is_replay: bool,
    bytes: usize,
    body_bytes: usize,
}

/// Reads the head of an answer; nothing while its end has not arrived.
fn parse_head(bytes: &[u8]) -> Result<Option<Head>> {
    let mut fields = [httparse::EMPTY_HEADER; HEAD_FIELDS_MAX];
    let mut response = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(head_bytes) =
        response.parse(bytes).context("reading the head of an answer")?
    else {
        return Ok(None);
    };
    let status = response.code.context("an answer without a status")?;
    let field = |name: &str| response.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
    let is_replay = field("idempotent-replayed").is_some_and(|field| field.value == b"true");
    let length = field("content-length")
        .with_context(|| format!("an answer with status {status} does not say its length"))?;
    let body_bytes: usize = std::str::from_utf8(length.value)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .filter(|bytes| *bytes <= ANSWER_BYTES_MAX)
        .context("an answer's length is not a number this client accepts")?;
    Ok(Some(Head { status, is_replay, bytes: head_bytes, body_bytes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 402 Payment Required\r\nContent-Type: application/problem+json\r\n\
        CONTENT-LENGTH: 7\r\n\r\n{\"a\":1}";

    #[test]
    fn head_is_read_only_when_complete() {
        let head_bytes = ANSWER.len() - 7;
        for end in 0..ANSWER.len() {
            let head = parse_head(&ANSWER[..end]).expect("every prefix is well formed");
            let expected = (end >= head_bytes).then_some(Head {
                status: 402,
                is_replay: false,
                bytes: head_bytes,
                body_bytes: 7,
            });
            assert_eq!(head, expected, "prefix of {end} bytes");
        }
    }

    #[test]
    fn answer_given_again_is_known_by_its_field() {
        for (value, expected) in [("true", true), ("false", false)] {
            let head =
                format!("HTTP/1.1 200 OK\r\nIdempotent-Replayed: {value}\r\ncontent-length: 0\r\n\r\n");
            let head = parse_head(head.as_bytes()).expect("well formed").expect("complete");
            assert_eq!(head.is_replay, expected);
        }
    }

    #[test]
    fn answer_without_a_usable_length_is_refused() {
        for head in [
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            "SSH-2.0-OpenSSH\r\n",
        ] {
            assert!(parse_head(head.as_bytes()).is_err(), "{head:?}");
        }
    }

    /// A connection to a server that sends `answers` through a pipe of `pipe_bytes`, whatever it is asked.
    async fn status_and_body(pipe_bytes: usize, answers: &'static [u8]) -> Result<(u16, Vec<u8>)> {
        let (ours, mut theirs) = tokio::io::duplex(pipe_bytes);
        let server = tokio::spawn(async move {
            let mut request = [0; 4];
            theirs.read_exact(&mut request).await.expect("the request arrives");
            theirs.write_all(answers).await.expect("the answer leaves");
        });
        let mut connection = Connection::over(ours);
        let answer = connection.exchange(b"ping").await.map(|answer| (answer.status, answer.body.to_vec()));
        drop(connection);
        server.await.expect("the server ends");
        answer
    }

    #[tokio::test]
    async fn answer_in_any_number_of_pieces_is_read_whole() {
        for pipe_bytes in [1, 2, 7, 64, 1024] {
            let answer = status_and_body(pipe_bytes, ANSWER).await.expect("a whole answer");
            assert_eq!(answer, (402, b"{\"a\":1}".to_vec()), "pieces of {pipe_bytes} bytes");
        }
    }

    #[tokio::test]
    async fn answer_cut_short_is_an_error() {
        assert!(status_and_body(1024, &ANSWER[..ANSWER.len() - 1]).await.is_err());
        assert!(status_and_body(1024, &ANSWER[..20]).await.is_err());
    }

    #[tokio::test]
    async fn bytes_after_the_answer_are_an_error() {
        let answer = status_and_body(1024, b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}").await;
        assert!(answer.is_err());
    }
}
