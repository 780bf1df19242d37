//! Answers that are too large, too slow, encoded or garbage.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use callcore::port::{HttpError, HttpRequest};
use tokio::io::AsyncWriteExt;

use super::listener::{Listener, request};
use super::{GUARD, fresh, get};

/// What fits into the socket buffers of both sides, and more.
const BUFFERS: u64 = 16 * 1024 * 1024;

/// Sends a head and then a piece for ever, and notes how much was taken and when it was closed.
#[derive(Debug)]
struct Flood {
    listener: Listener,
    sent: Arc<AtomicU64>,
    closed: Arc<AtomicBool>,
}

impl Flood {
    async fn start(head: &'static str, piece: &'static [u8], pause: Duration) -> Self {
        let (sent, closed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let notes = (sent.clone(), closed.clone());
        let listener = Listener::start(move |_, mut stream| {
            let (sent, closed) = notes.clone();
            async move {
                request(&mut stream).await;
                stream.write_all(head.as_bytes()).await.unwrap();
                while stream.write_all(piece).await.is_ok() {
                    sent.fetch_add(piece.len() as u64, Ordering::SeqCst);
                    if !pause.is_zero() {
                        tokio::time::sleep(pause).await;
                    }
                }
                closed.store(true, Ordering::SeqCst);
            }
        })
        .await;
        Self { listener, sent, closed }
    }

    async fn at_full_speed(head: &'static str, piece: &'static [u8]) -> Self {
        Self::start(head, piece, Duration::ZERO).await
    }

    async fn was_closed(&self) {
        let began = Instant::now();
        while !self.closed.load(Ordering::SeqCst) {
            assert!(began.elapsed() < GUARD, "the connection is still open");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

static PIECE: [u8; 64 * 1024] = [b'a'; 64 * 1024];

#[tokio::test]
async fn an_endless_body_is_cut_off_at_the_cap() {
    let flood = Flood::at_full_speed("HTTP/1.1 200 OK\r\n\r\n", &PIECE).await;
    let outcome = fresh().send(get(flood.listener.url())).await;
    assert_eq!(outcome, Err(HttpError::TooLarge));
    flood.was_closed().await;
    let sent = flood.sent.load(Ordering::SeqCst);
    assert!(sent < BUFFERS, "{sent} bytes were taken");
}

#[tokio::test]
async fn an_endless_chunked_body_is_cut_off_at_the_cap() {
    static CHUNKS: &[u8] = b"10\r\naaaaaaaaaaaaaaaa\r\n";
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let flood = Flood::at_full_speed(head, CHUNKS).await;
    let outcome = fresh().send(get(flood.listener.url())).await;
    assert_eq!(outcome, Err(HttpError::TooLarge));
    flood.was_closed().await;
}

#[tokio::test]
async fn a_body_announced_too_large_is_not_read() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n";
    // Nothing but the announcement comes: whoever wanted to read would wait.
    let flood = Flood::start(head, b"", Duration::from_millis(10)).await;
    let began = Instant::now();
    let outcome = fresh().send(get(flood.listener.url())).await;
    assert_eq!(outcome, Err(HttpError::TooLarge));
    assert!(began.elapsed() < GUARD / 2);
}

#[tokio::test]
async fn a_body_of_exactly_the_cap_is_taken() {
    for (length, taken) in [(0, true), (63, true), (64, true), (65, false)] {
        let body = "a".repeat(length);
        for head in [
            format!("Content-Length: {length}\r\n\r\n{body}"),
            format!("Connection: close\r\n\r\n{body}"),
        ] {
            let listener = Listener::saying(format!("HTTP/1.1 200 OK\r\n{head}")).await;
            let request = HttpRequest { most_body_bytes: 64, ..get(listener.url()) };
            let outcome = fresh().send(request).await;
            let expected = if taken { Ok(length) } else { Err(HttpError::TooLarge) };
            assert_eq!(outcome.map(|response| response.body.len()), expected, "{head}");
        }
    }
}

#[tokio::test]
async fn memory_stays_flat_under_a_hundred_floods() {
    let flood = Flood::at_full_speed("HTTP/1.1 200 OK\r\n\r\n", &PIECE).await;
    let client = fresh();
    let before = resident();
    let all = (0..100).map(|_| {
        let (client, request) = (client.clone(), get(flood.listener.url()));
        tokio::spawn(async move { client.send(request).await })
    });
    for one in all.collect::<Vec<_>>() {
        assert_eq!(one.await.unwrap(), Err(HttpError::TooLarge));
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 200 * 1024, "{grown} kB for 100 answers");
}

/// The memory of this process in kB, where the system tells it.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn an_encoded_body_is_handed_on_as_it_is_up_to_the_cap() {
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
    let flood = Flood::at_full_speed(head, &PIECE).await;
    let outcome = fresh().send(get(flood.listener.url())).await;
    assert_eq!(outcome, Err(HttpError::TooLarge));
    flood.was_closed().await;

    for header in ["Content-Encoding: gzip", "Content-Encoding: br", "Content-Encoding: identity"] {
        let answer = format!("HTTP/1.1 503 Busy\r\n{header}\r\nContent-Length: 3\r\n\r\n\x1f\x0b!");
        let response = fresh().send(get(Listener::saying(answer).await.url())).await.unwrap();
        let value = header.split_once(": ").map(|(_, value)| value);
        assert_eq!((response.status, &response.body[..]), (503, &b"\x1f\x0b!"[..]));
        assert_eq!(response.header("content-encoding"), value);
    }
}

#[tokio::test]
async fn an_encoded_transfer_is_no_http_that_is_read() {
    for (header, taken) in [
        ("Transfer-Encoding: gzip, chunked", false),
        ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", false),
        ("Transfer-Encoding: chunked", true),
    ] {
        let listener =
            Listener::saying(format!("HTTP/1.1 200 OK\r\n{header}\r\n\r\n0\r\n\r\n")).await;
        let outcome = fresh().send(get(listener.url())).await;
        assert_eq!(matches!(outcome, Err(HttpError::NotHttp(_))), !taken, "{header}: {outcome:?}");
        assert_eq!(outcome.is_ok(), taken, "{header}: {outcome:?}");
    }
}

#[tokio::test]
async fn an_answer_that_drips_ends_at_the_deadline() {
    let timeout = Duration::from_millis(500);
    for head in [
        "",
        "HTTP/1.1 200 OK\r\nX-Drip: ",
        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n",
    ] {
        let piece = if head.is_empty() { b"H" } else { b"a" };
        let flood = Flood::start(head, piece, Duration::from_millis(100)).await;
        let request = HttpRequest { timeout, ..get(flood.listener.url()) };
        let began = Instant::now();
        let outcome = fresh().send(request).await;
        let took = began.elapsed();
        // A response head of letters only is broken before it is late.
        if !head.is_empty() {
            assert_eq!(outcome, Err(HttpError::Timeout), "{head}");
            assert!((timeout..timeout + Duration::from_secs(5)).contains(&took), "{took:?}");
        } else {
            outcome.unwrap_err();
        }
        flood.was_closed().await;
    }
}

#[tokio::test]
async fn interim_answers_for_ever_end_at_the_deadline() {
    let flood =
        Flood::start("", b"HTTP/1.1 103 Early Hints\r\n\r\n", Duration::from_millis(20)).await;
    let timeout = Duration::from_millis(300);
    let outcome = fresh().send(HttpRequest { timeout, ..get(flood.listener.url()) }).await;
    assert_eq!(outcome, Err(HttpError::Timeout));
    flood.was_closed().await;
}

#[tokio::test]
async fn huge_heads_are_refused() {
    // One endless line, and endless lines.
    for piece in [&PIECE[..], b"X-Header: a\r\n"] {
        let flood = Flood::at_full_speed("HTTP/1.1 200 OK\r\nX-Header: ", piece).await;
        let outcome = fresh().send(get(flood.listener.url())).await;
        assert_eq!(outcome, Err(HttpError::TooLarge));
        flood.was_closed().await;
        let sent = flood.sent.load(Ordering::SeqCst);
        assert!(sent < BUFFERS, "{sent} bytes were taken");
    }
    for (count, length, taken) in
        [(101, 1, false), (99, 1, true), (10, 6_000, true), (10, 7_000, false)]
    {
        let headers = format!("X-Header: {}\r\n", "a".repeat(length)).repeat(count);
        let text = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 0\r\n\r\n");
        let outcome = fresh().send(get(Listener::saying(text).await.url())).await;
        let expected = if taken { Ok(200) } else { Err(HttpError::TooLarge) };
        let outcome = outcome.map(|response| response.status);
        assert_eq!(outcome, expected, "{count} headers of {length}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_told_from_what_broke_off() {
    for (bytes, is_http) in [
        ("SSH-2.0-OpenSSH_9.2\r\n", false),
        ("hello", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", false),
        ("HTTP/9.9 200 OK\r\n\r\n", false),
        ("HTTP/1.1 999999 OK\r\n\r\n", false),
        ("", true),
        ("HTTP/1.1 200 OK\r\nContent-Le", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe", true),
    ] {
        let listener = Listener::saying(bytes).await;
        let outcome = fresh().send(get(listener.url())).await;
        let told = match &outcome {
            Err(HttpError::Broken(_)) => true,
            Err(HttpError::NotHttp(_)) => false,
            _ => panic!("{bytes:?}: {outcome:?}"),
        };
        assert_eq!(told, is_http, "{bytes:?}: {outcome:?}");
        assert_eq!(listener.accepts(), 1, "{bytes:?}");
    }
}

#[tokio::test]
async fn statuses_and_headers_are_handed_on() {
    let listener = Listener::saying(
        "HTTP/1.1 404 Nothing\r\nX-One: 1\r\nx-one: 2\r\nContent-Length: 3\r\n\r\nno!",
    )
    .await;
    let response = fresh().send(get(listener.url())).await.unwrap();
    assert_eq!((response.status, response.body.as_slice()), (404, &b"no!"[..]));
    let ones: Vec<_> = response.headers.iter().filter(|(name, _)| name == "x-one").collect();
    assert_eq!(ones.len(), 2);
    let listener = Listener::saying("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(fresh().send(get(listener.url())).await.unwrap().status, 204);
}
