//! Accepting connections: how many at once, how patiently, and how they end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::{Body as _, Incoming};
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::patience::{Crowd, Patience, Patient, Progress};

/// Bytes of a request's head, its path included: many times what any client of ours sends, and a bound on what a
/// connection takes of memory before anybody knows whose it is. What is larger is answered 431.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Pause after a connection could not be accepted, most often because the process has too many files open: trying
/// again at once would only burn a core.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(50);
/// How long calls under way may take to end once the server is told to stop.
pub(crate) const DRAIN_MAX: Duration = Duration::from_secs(10);

/// Limits of the listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Connections at once; one more waits, and idle ones make room for it.
    pub(crate) connections: usize,
    /// How long a client may take.
    pub(crate) patience: Patience,
}

/// Serves until `stop` ends; then takes no more connections and waits for the calls under way, at most [`DRAIN_MAX`].
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(limits.connections));
    let crowd = Arc::new(Crowd::default());
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            // First of all: who waits to be told to stop begins to listen for it when it is asked first, and whoever got
            // an answer may tell.
            biased;
            () = &mut stop => break,
            accepted = accept(&listener, &slots, &crowd) => accepted,
        };
        let (stream, slot) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                continue;
            }
        };
        // Answers are small and written at once; waiting to fill a packet would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps delaying small packets");
        }
        let progress = Arc::new(Progress::default());
        let patient = Patient::new(stream, limits.patience, Arc::clone(&progress), Arc::clone(&crowd));
        let service = TowerToHyperService::new(router.clone());
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let progress = Arc::clone(&progress);
            progress.begin();
            let answer = service.call(request);
            async move {
                let answer = answer.await;
                // A stream is not answered before its end, which nobody here sees: it stays busy.
                if answer.as_ref().is_ok_and(|answer| answer.body().size_hint().exact().is_some()) {
                    progress.answered();
                }
                answer
            }
        });
        let mut http = hyper::server::conn::http1::Builder::new();
        // A second line of defence: [`Patient`] is stricter with a head whose bytes it saw come.
        http.timer(TokioTimer::new()).header_read_timeout(limits.patience.idle + limits.patience.head);
        http.max_buf_size(HEAD_BYTES_MAX);
        let connection = graceful.watch(http.serve_connection(TokioIo::new(patient), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(slot);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_MAX, graceful.shutdown()).await.is_err() {
        tracing::warn!(after_s = DRAIN_MAX.as_secs(), "calls that had not ended were cut off");
    }
}

/// Takes the next connection, and waits until there is room for it.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    crowd: &Crowd,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let (stream, _) = listener.accept().await?;
    if let Ok(slot) = Arc::clone(slots).try_acquire_owned() {
        return Ok((stream, slot));
    }
    crowd.set_waiting(true);
    let slot = Arc::clone(slots).acquire_owned().await;
    crowd.set_waiting(false);
    Ok((stream, slot.map_err(io::Error::other)?))
}
