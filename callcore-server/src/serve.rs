//! Connections. hyper's own time-outs need a timer, which `axum::serve` does not give it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use futures_util::FutureExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt;

/// How long the head of a request may take to arrive.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// Largest head of a request, in bytes.
const HEADER_BYTES: usize = 16 * 1024;
/// Connections at the same time; more wait until one closes.
const CONNECTIONS: usize = 8_192;
/// How long connections are still accepted after the signal to stop, and how long those may then
/// take until their request is read: what was sent before the signal may wait in the backlog or in a
/// connection of which nothing was read yet, and hyper closes such a connection without an answer.
const SETTLE: Duration = Duration::from_millis(250);
/// Connections that are still taken from the backlog when accepting ends.
const BACKLOG: usize = 1_024;
/// How long stopping may take: requests that are going on finish within it.
pub(crate) const DRAIN: Duration = Duration::from_secs(12);

/// Serves until `stop` is ready, then lets the requests finish that are going on.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let stop = async {
        stop.await;
        tokio::time::sleep(SETTLE).await;
    };
    tokio::pin!(stop);
    let begin = |(stream, peer, place)| {
        tokio::spawn(connection(stream, peer, router.clone(), graceful.watcher(), place));
    };
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok(accepted) => begin(accepted),
            Err(error) => {
                // Out of file descriptors, most likely: waiting lets connections close.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    // A process that stood still finds the signal and a full backlog at the same moment.
    for _ in 0..BACKLOG {
        let Some(Ok(accepted)) = accept(&listener, &places).now_or_never() else { break };
        begin(accepted);
    }
    drop(listener);
    tokio::time::sleep(SETTLE).await;
    if tokio::time::timeout(DRAIN - 2 * SETTLE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish within {} s", DRAIN.as_secs());
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.expect("the semaphore is never closed");
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
    _place: OwnedSemaphorePermit,
) {
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answered = router.clone().oneshot(request);
        async move { Ok::<_, Infallible>(answered.await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection broke off");
    }
}
