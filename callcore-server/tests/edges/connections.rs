//! Slow, idle and oversized requests, over real sockets with wide guards.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use callcore_server::serve::serve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// Above the limit of 5 s, far below hyper's own of 30 s.
const GUARD: Duration = Duration::from_secs(15);

async fn server() -> (SocketAddr, oneshot::Sender<()>) {
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route(
            "/slow",
            get(|| async {
                tokio::time::sleep(Duration::from_millis(600)).await;
                "done"
            }),
        )
        .route("/echo", post(|body: Bytes| async { body }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(serve(listener, router, async {
        let _ = stopped.await;
    }));
    (address, stop)
}

/// Everything until the server closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = stream.read_to_end(&mut text);
    // A reset is as good as a close.
    let _ = tokio::time::timeout(GUARD, read).await.expect("the server closes in time");
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn heads_that_drip_and_connections_that_idle_are_closed_and_others_are_served() {
    let (address, _stop) = server().await;
    let mut hostile = Vec::new();
    for index in 0..200 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        if index % 2 == 0 {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-Drip: ").await.unwrap();
        }
        hostile.push(stream);
    }
    let began = Instant::now();
    let mut honest = TcpStream::connect(address).await.unwrap();
    honest.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(rest(&mut honest).await.ends_with("hello"));
    // The hostile ones are closed after 5 s.
    assert!(began.elapsed() < Duration::from_millis(4_800));
    for stream in &mut hostile {
        let answer = rest(stream).await;
        assert!(!answer.contains(" 200 "), "{answer}");
    }
}

#[tokio::test]
async fn a_head_of_more_than_sixteen_kilobytes_is_refused() {
    let (address, _stop) = server().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX-Large: {}\r\n\r\n", "x".repeat(40_000));
    let _ = stream.write_all(head.as_bytes()).await;
    let answer = rest(&mut stream).await;
    assert!(!answer.contains(" 200 "), "{answer}");
}

#[tokio::test]
async fn a_request_that_is_going_on_finishes_after_the_signal_to_stop() {
    let (address, stop) = server().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.send(()).unwrap();
    assert!(rest(&mut stream).await.ends_with("done"));
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(GUARD, refused).await.expect("the server accepts no more");
}
