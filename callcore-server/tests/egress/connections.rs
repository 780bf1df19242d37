//! Which request goes over which connection.

use std::collections::{HashMap, HashSet};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use callcore::port::{HttpError, HttpRequest};
use callcore_server::egress::{GuardedClient, Options};
use tokio::io::AsyncWriteExt;

use super::listener::{Listener, OK, request};
use super::{GUARD, client, fresh, get, open, post, tenant};

/// What a listener saw: which connection, and the request's text; nothing for its end.
type Seen = Arc<Mutex<Vec<(usize, Option<String>)>>>;

/// Answers everything, but the n-th request of a connection breaks off the connection.
async fn breaking_at(nth: usize, from: usize, reset: bool) -> (Listener, Seen) {
    let seen = Seen::default();
    let noted = seen.clone();
    let listener = Listener::start(move |number, mut stream| {
        let seen = noted.clone();
        async move {
            for count in 1.. {
                let text = request(&mut stream).await;
                let ended = text.is_none();
                seen.lock().unwrap().push((number, text));
                if ended || (count == nth && number < from) {
                    break;
                }
                let cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 2\r\n\r\nok";
                stream.write_all(cookie).await.unwrap();
            }
            if reset {
                stream.set_zero_linger().unwrap();
            }
        }
    })
    .await;
    (listener, seen)
}

async fn keeping() -> (Listener, Seen) {
    breaking_at(usize::MAX, 0, false).await
}

fn requests(seen: &Seen) -> Vec<(usize, String)> {
    let seen = seen.lock().unwrap();
    seen.iter().filter_map(|(number, text)| Some((*number, text.clone()?))).collect()
}

/// Waits until as many connections have ended.
async fn ended(seen: &Seen, count: usize) {
    let began = Instant::now();
    while seen.lock().unwrap().iter().filter(|(_, text)| text.is_none()).count() < count {
        assert!(began.elapsed() < GUARD, "the connections are still open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn tenants_share_neither_connections_nor_cookies() {
    let (listener, seen) = keeping().await;
    let guarded = GuardedClient::new(open()).unwrap();
    for _ in 0..5 {
        for number in 1..=3 {
            let headers = vec![("X-Tenant".into(), number.to_string())];
            let request = HttpRequest { headers, ..post(listener.url(), "{}") };
            guarded.tenant(tenant(number)).send(request).await.unwrap();
        }
    }
    let mut connections: HashMap<String, HashSet<usize>> = HashMap::new();
    for (number, text) in requests(&seen) {
        let text = text.to_lowercase();
        assert!(!text.contains("\r\ncookie:"), "{text}");
        let tenant = text.split_once("x-tenant: ").unwrap().1[..1].to_owned();
        connections.entry(tenant).or_default().insert(number);
    }
    // Each kept its own, and used it five times.
    assert_eq!(connections.len(), 3);
    assert!(connections.values().all(|numbers| numbers.len() == 1), "{connections:?}");
    assert_eq!(listener.accepts(), 3);
}

#[tokio::test]
async fn a_kept_connection_that_died_costs_no_request() {
    for reset in [false, true] {
        // Every connection but the third answers once and breaks off at the second request.
        let (listener, seen) = breaking_at(2, 2, reset).await;
        let client = fresh();
        for _ in 0..3 {
            let response = client.send(post(listener.url(), "bid")).await.unwrap();
            assert_eq!(response.body, b"ok", "reset: {reset}");
        }
        let order: Vec<_> = requests(&seen).into_iter().map(|(number, _)| number).collect();
        assert_eq!(order, [0, 0, 1, 1, 2], "reset: {reset}");
    }
}

#[tokio::test]
async fn a_new_connection_that_dies_is_not_tried_again() {
    let (listener, seen) = breaking_at(1, usize::MAX, false).await;
    let outcome = fresh().send(post(listener.url(), "bid")).await;
    assert!(matches!(outcome, Err(HttpError::Broken(_))), "{outcome:?}");
    assert_eq!((listener.accepts(), requests(&seen).len()), (1, 1));
}

#[tokio::test]
async fn the_second_attempt_has_only_the_time_that_is_left() {
    let listener = Listener::start(|number, mut stream| async move {
        request(&mut stream).await;
        if number == 0 {
            stream.write_all(OK).await.unwrap();
            request(&mut stream).await;
            tokio::time::sleep(Duration::from_secs(3)).await;
        } else {
            std::future::pending::<()>().await;
        }
    })
    .await;
    let client = fresh();
    client.send(get(listener.url())).await.unwrap();
    let timeout = Duration::from_secs(6);
    let began = Instant::now();
    let outcome = client.send(HttpRequest { timeout, ..get(listener.url()) }).await;
    let took = began.elapsed();
    assert_eq!((outcome, listener.accepts()), (Err(HttpError::Timeout), 2));
    assert!((timeout..Duration::from_millis(8_500)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let (listener, seen) = keeping().await;
    let client = client(Options { idle: Duration::from_millis(200), ..open() });
    client.send(get(listener.url())).await.unwrap();
    ended(&seen, 1).await;
    client.send(get(listener.url())).await.unwrap();
    assert_eq!(listener.accepts(), 2);
}

#[tokio::test]
async fn the_number_of_tenants_with_connections_is_bounded() {
    let (listener, seen) = keeping().await;
    let guarded = GuardedClient::new(Options { most_tenants: 4, ..open() }).unwrap();
    for number in 1..=20 {
        guarded.tenant(tenant(number)).send(get(listener.url())).await.unwrap();
    }
    ended(&seen, 16).await;
    // Those used last still have theirs.
    for number in 17..=20 {
        guarded.tenant(tenant(number)).send(get(listener.url())).await.unwrap();
    }
    assert_eq!(listener.accepts(), 20);
}

#[tokio::test]
async fn headers_of_the_connection_are_ours() {
    let (listener, seen) = keeping().await;
    let given = [
        ("Host", "internal"),
        ("Content-Length", "100"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "upgrade"),
        ("Upgrade", "websocket"),
        ("Expect", "100-continue"),
        ("Accept-Encoding", "gzip"),
        ("X-Key", "schlüssel"),
    ];
    let headers = given.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let request = HttpRequest { headers, ..post(listener.url(), "bid") };
    fresh().send(request).await.unwrap();
    let text = requests(&seen).remove(0).1.to_lowercase();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.lines().skip(1).collect();
    lines.sort_unstable();
    let host = format!("host: 127.0.0.1:{}", listener.port);
    let agent = format!("user-agent: callcore/{}", env!("CARGO_PKG_VERSION"));
    let expected = ["accept-encoding: identity", "accept: */*", "content-length: 3", &host, &agent];
    assert_eq!(lines, [&expected[..], &["x-key: schlüssel"]].concat());
    assert_eq!(body, "bid");

    for (name, value) in [("X-Split", "a\r\nHost: b"), ("X Y", "a"), ("", "a"), ("X", "a\0")] {
        let headers = vec![(name.to_owned(), value.to_owned())];
        let outcome = fresh().send(HttpRequest { headers, ..get(listener.url()) }).await;
        assert!(matches!(outcome, Err(HttpError::Unreachable(_))), "{name:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_unreachable_over_https() {
    let listener = Listener::saying("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let url = format!("https://127.0.0.1:{}/?key=s3cret", listener.port);
    let error = fresh().send(get(url)).await.unwrap_err();
    assert!(matches!(error, HttpError::Unreachable(_)), "{error:?}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

#[tokio::test]
async fn proxies_of_the_environment_are_ignored() {
    // The environment is read once, so this test starts itself with proxies in it.
    if let Ok(url) = std::env::var("EGRESS_TARGET") {
        assert_eq!(fresh().send(get(url)).await.unwrap().status, 200);
        return;
    }
    let (target, proxy) = (Listener::friendly().await, Listener::friendly().await);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "connections::proxies_of_the_environment_are_ignored"]);
    command.env("EGRESS_TARGET", target.url()).env_remove("NO_PROXY").env_remove("no_proxy");
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    {
        command.env(name, format!("http://127.0.0.1:{}", proxy.port));
    }
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!((target.accepts(), proxy.accepts()), (1, 0));
}
