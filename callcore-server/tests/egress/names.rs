//! Names whose servers lie.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use callcore::port::{Http, HttpError, HttpRequest};
use callcore_server::egress::{GuardedClient, Names, Options};

use super::listener::Listener;
use super::{GUARD, get, guarded, has_ipv6, open, tenant};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14));

/// The first label of a name says what its server answers, the n-th time.
#[derive(Debug, Default)]
pub(crate) struct Liar {
    asked: Mutex<HashMap<String, usize>>,
    pub(crate) hanging: AtomicUsize,
}

impl Liar {
    fn asked(&self, name: &str) -> usize {
        self.asked.lock().unwrap().get(name).copied().unwrap_or(0)
    }
}

#[async_trait]
impl Names for Liar {
    async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let time = {
            let mut asked = self.asked.lock().unwrap();
            let times = asked.entry(name.to_owned()).or_default();
            *times += 1;
            *times
        };
        let six: IpAddr = "::1".parse().unwrap();
        Ok(match name.split('.').next().unwrap() {
            "rebinding" if time % 2 == 1 => vec![PUBLIC],
            "rebinding" | "here" => vec![HERE],
            "here6" => vec![six],
            "mixed" => vec![PUBLIC, HERE],
            "mixed-first" => vec![HERE, PUBLIC],
            "mixed6" => vec![PUBLIC, six],
            "many" => [vec![PUBLIC; 50], vec![HERE]].concat(),
            "mapped" => vec!["::ffff:127.0.0.1".parse().unwrap()],
            "wrapped" => vec!["64:ff9b::7f00:1".parse().unwrap()],
            "private" => vec![IpAddr::from([10, 0, 0, 1])],
            "metadata" => vec![IpAddr::from([169, 254, 169, 254])],
            "zero" => vec![IpAddr::from([0, 0, 0, 0])],
            "fading" | "failing" if time == 1 => vec![HERE],
            "fading" => std::future::pending().await,
            "public" => vec![PUBLIC],
            "nothing" => vec![],
            "hanging" => {
                self.hanging.fetch_add(1, Ordering::SeqCst);
                std::future::pending().await
            }
            _ => return Err(io::Error::other("no such name")),
        })
    }
}

fn client(options: Options, names: &Arc<Liar>) -> Arc<dyn Http> {
    GuardedClient::with_names(options, names.clone()).unwrap().tenant(tenant(1))
}

pub(crate) fn to(name: &str, port: u16) -> HttpRequest {
    get(format!("http://{name}.attacker.net:{port}/?key=s3cret"))
}

/// Every request asks for its name anew.
pub(crate) fn uncached(options: Options) -> Options {
    Options { keep_names: Duration::ZERO, keep_stale_names: Duration::ZERO, ..options }
}

#[tokio::test]
async fn a_name_that_changes_its_mind_reaches_nothing() {
    let (listener, names) = (Listener::friendly().await, Arc::new(Liar::default()));
    let client = client(uncached(guarded(listener.port)), &names);
    let mut forbidden = 0;
    for _ in 0..5_000 {
        match client.send(to("rebinding", listener.port)).await {
            Err(HttpError::Forbidden) => forbidden += 1,
            Err(HttpError::Unreachable(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    // Each request asked once: there is no second look-up between the check and the connection.
    assert_eq!((forbidden, names.asked("rebinding.attacker.net")), (2_500, 5_000));
    assert_eq!(listener.accepts(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_while_old_answers_stand_in_reaches_nothing() {
    let (listener, names) = (Listener::friendly().await, Arc::new(Liar::default()));
    let stale = Options { keep_names: Duration::ZERO, ..guarded(listener.port) };
    let client = client(stale, &names);
    let (mut forbidden, mut asked) = (0, 0);
    while forbidden < 200 {
        match client.send(to("rebinding", listener.port)).await {
            Err(HttpError::Forbidden) => forbidden += 1,
            Err(HttpError::Unreachable(_)) => {}
            other => panic!("{other:?}"),
        }
        asked += 1;
        let looked_up = names.asked("rebinding.attacker.net");
        assert!(asked < 100_000, "{looked_up} look-ups and {forbidden} refusals");
        // A request that fails at once lets nothing else run, and the look-ups are tasks of their own.
        tokio::task::yield_now().await;
    }
    assert!(names.asked("rebinding.attacker.net") <= asked);
    assert_eq!(listener.accepts(), 0);
}

#[tokio::test]
async fn one_forbidden_address_spoils_the_whole_answer() {
    let (listener, names) = (Listener::friendly().await, Arc::new(Liar::default()));
    for keep_names in [Duration::ZERO, Duration::from_secs(5)] {
        let client = client(Options { keep_names, ..guarded(listener.port) }, &names);
        for _ in 0..200 {
            for name in [
                "here",
                "here6",
                "mixed",
                "mixed-first",
                "mixed6",
                "many",
                "mapped",
                "wrapped",
                "private",
                "metadata",
                "zero",
            ] {
                let outcome = client.send(to(name, listener.port)).await;
                assert_eq!(outcome, Err(HttpError::Forbidden), "{name}");
            }
        }
    }
    assert_eq!(listener.accepts(), 0);
}

/// The listener would be reached, if it were not for the guard.
#[tokio::test]
async fn where_private_targets_are_allowed_the_same_names_reach_it() {
    let (listener, names) = (Listener::friendly().await, Arc::new(Liar::default()));
    let client = client(open(), &names);
    for name in ["here", "here6", "mixed-first", "zero"] {
        if name == "here6" && !has_ipv6() {
            continue;
        }
        assert_eq!(client.send(to(name, listener.port)).await.unwrap().status, 200, "{name}");
    }
    let metadata = client.send(to("metadata", listener.port)).await;
    assert_eq!(metadata, Err(HttpError::Forbidden));
}

#[tokio::test]
async fn names_without_addresses_are_told_from_forbidden_ones() {
    let (listener, names) = (Listener::friendly().await, Arc::new(Liar::default()));
    let client = client(guarded(listener.port), &names);
    for (name, expected) in [("nothing", "it has no address"), ("unknown", "no such name")] {
        let outcome = client.send(to(name, listener.port)).await;
        let expected = format!("the name was not found: {expected}");
        assert_eq!(outcome, Err(HttpError::Unreachable(expected)), "{name}");
    }
    let unreachable = client.send(to("public", listener.port)).await.unwrap_err();
    assert!(matches!(&unreachable, HttpError::Unreachable(_)), "{unreachable:?}");
    assert!(!format!("{unreachable:?} {unreachable}").contains("s3cret"));
}

#[tokio::test]
async fn answers_are_kept_for_a_short_while() {
    let (listener, names) = (Listener::friendly().await, Arc::new(Liar::default()));
    let keep_names = Duration::from_millis(300);
    let options = Options { keep_names, idle: Duration::ZERO, ..open() };
    let client = client(options, &names);
    let all = (0..20).map(|_| {
        let (client, request) = (client.clone(), to("here", listener.port));
        tokio::spawn(async move { client.send(request).await.unwrap() })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    let asked = names.asked("here.attacker.net");
    tokio::time::sleep(keep_names * 2).await;
    client.send(to("here", listener.port)).await.unwrap();
    // A slow machine may need more than one for the twenty.
    assert!(asked < 20, "{asked}");
    // The old answer stood in, and the name was looked up behind it.
    let began = Instant::now();
    while names.asked("here.attacker.net") <= asked {
        assert!(began.elapsed() < GUARD, "it was not looked up again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(names.asked("here.attacker.net"), asked + 1);
}

#[tokio::test]
async fn an_old_answer_stands_in_while_its_name_server_hangs_or_fails() {
    let listener = Listener::friendly().await;
    for name in ["fading", "failing"] {
        let names = Arc::new(Liar::default());
        let idle = Duration::ZERO;
        let options = Options { keep_names: Duration::ZERO, idle, ..open() };
        let client = client(options, &names);
        for _ in 0..20 {
            assert_eq!(client.send(to(name, listener.port)).await.unwrap().status, 200, "{name}");
        }
        // One look-up at a time, however long it hangs.
        let asked = names.asked(&format!("{name}.attacker.net"));
        assert!(asked > 1, "{name} was not looked up again");
        assert!(name == "failing" || asked == 2, "{name} was looked up {asked} times");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_old_stands_in_for_nothing() {
    let (listener, names) = (Listener::friendly().await, Arc::new(Liar::default()));
    let client = client(uncached(Options { idle: Duration::ZERO, ..open() }), &names);
    for name in ["fading", "failing"] {
        assert_eq!(client.send(to(name, listener.port)).await.unwrap().status, 200, "{name}");
        let timeout = Duration::from_secs(1);
        let outcome = client.send(HttpRequest { timeout, ..to(name, listener.port) }).await;
        match outcome {
            Err(HttpError::Timeout) => assert_eq!(name, "fading"),
            Err(HttpError::Unreachable(why)) => {
                assert_eq!((name, &*why), ("failing", "the name was not found: no such name"));
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_name_server_that_hangs_costs_its_own_requests_alone() {
    let (listener, names) = (Listener::friendly().await, Arc::new(Liar::default()));
    let client = client(open(), &names);
    for _ in 0..20 {
        let request =
            HttpRequest { timeout: Duration::from_millis(50), ..to("hanging", listener.port) };
        let began = Instant::now();
        assert_eq!(client.send(request).await, Err(HttpError::Timeout));
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    assert_eq!(client.send(to("here", listener.port)).await.unwrap().status, 200);
    // One thread and not twenty: who asks for the same name waits for the same answer.
    assert_eq!(names.hanging.load(Ordering::SeqCst), 1);
}
