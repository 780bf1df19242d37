//! Our own limits: what they keep from being sent is told from what a bidder does not answer, and
//! whoever reaches them holds up nobody else. The clock is virtual and nothing is connected to: a name
//! that was looked up leads to a forbidden address.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use callcore::port::{HttpError, HttpRequest, HttpResponse};
use callcore_server::egress::GuardedClient;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::names::{Liar, to, uncached};
use super::{guarded, tenant};

type Outcome = Result<HttpResponse, HttpError>;

const PORT: u16 = 8_080;
/// A look-up that ended.
const LOOKED_UP: Outcome = Err(HttpError::Forbidden);

struct Stage {
    client: GuardedClient,
    names: Arc<Liar>,
}

impl Stage {
    fn new() -> Self {
        let names = Arc::new(Liar::default());
        let client = GuardedClient::with_names(uncached(guarded(PORT)), names.clone()).unwrap();
        Self { client, names }
    }

    /// A tenant's request to a name; answers when it has begun.
    async fn begin(&self, number: u128, name: &str, timeout: Duration) -> JoinHandle<Outcome> {
        let client = self.client.tenant(tenant(number));
        let request = HttpRequest { timeout, ..to(name, PORT) };
        let begun = tokio::spawn(async move { client.send(request).await });
        // The clock moves once everybody waits.
        sleep(Duration::from_millis(1)).await;
        begun
    }

    async fn send(&self, number: u128, name: &str, timeout: Duration) -> Outcome {
        self.begin(number, name, timeout).await.await.unwrap()
    }

    /// Requests of a tenant to names whose servers hang, each to its own.
    async fn hang(&self, number: u128, count: usize) -> Vec<JoinHandle<Outcome>> {
        let mut all = Vec::new();
        for n in 0..count {
            all.push(self.begin(number, &format!("hanging.{n}"), seconds(600)).await);
        }
        all
    }

    fn hanging(&self) -> usize {
        self.names.hanging.load(Ordering::SeqCst)
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn busy(why: &str) -> Outcome {
    Err(HttpError::Busy(why.to_owned()))
}

#[tokio::test(start_paused = true)]
async fn a_host_that_hangs_takes_a_quarter_of_its_tenants_places() {
    let stage = Stage::new();
    let mut all = Vec::new();
    for _ in 0..256 {
        all.push(stage.begin(1, "hanging", seconds(2)).await);
    }
    let outcome = stage.send(1, "hanging", seconds(2)).await;
    assert_eq!(outcome, busy("256 requests are under way, 256 of them to this host"));
    assert_eq!(stage.send(1, "here", seconds(60)).await, LOOKED_UP);
    for one in all {
        assert_eq!(one.await.unwrap(), Err(HttpError::Timeout));
    }
    assert_eq!(stage.send(1, "hanging", seconds(1)).await, Err(HttpError::Timeout));
}

#[tokio::test(start_paused = true)]
async fn hosts_that_hang_leave_places_to_the_others_of_their_tenant() {
    let stage = Stage::new();
    let mut all = Vec::new();
    for n in 0..4 {
        for _ in 0..256 {
            all.push(stage.begin(1, &format!("hanging.{n}"), seconds(2)).await);
        }
    }
    // The fourth may not take what is left.
    assert_eq!(stage.send(1, "here", seconds(60)).await, LOOKED_UP);
    let mut told = 0;
    for one in all {
        told += usize::from(matches!(one.await.unwrap(), Err(HttpError::Busy(_))));
    }
    assert_eq!(told, 128);
}

#[tokio::test(start_paused = true)]
async fn names_that_hang_hold_up_no_name_that_is_known() {
    let stage = Stage::new();
    for number in [1, 9] {
        assert_eq!(stage.send(number, "here", seconds(1)).await, LOOKED_UP);
    }
    for number in 1..=8 {
        stage.hang(number, 8).await;
    }
    assert_eq!(stage.hanging(), 64, "all turns of all tenants are taken");
    for number in [1, 9] {
        let began = Instant::now();
        // It is looked up anew each time.
        assert_eq!(stage.send(number, "here", seconds(1)).await, LOOKED_UP, "{number}");
        assert!(began.elapsed() < Duration::from_millis(5), "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn names_that_hang_hold_up_new_names_for_their_turn_only() {
    let stage = Stage::new();
    let began = Instant::now();
    for number in 1..=8 {
        stage.hang(number, 8).await;
    }
    assert_eq!(stage.hanging(), 64);
    for number in [1, 9] {
        let outcome = stage.send(number, "here", Duration::from_millis(200)).await;
        assert_eq!(outcome, busy("its name still waits for its turn to be looked up"), "{number}");
    }
    for number in [1, 9] {
        assert_eq!(stage.send(number, "here", seconds(10)).await, LOOKED_UP, "{number}");
    }
    let took = began.elapsed();
    assert!((seconds(1)..Duration::from_millis(1_100)).contains(&took), "{took:?}");
    // Those that hang are asked once.
    assert_eq!(stage.hanging(), 64);
}

#[tokio::test(start_paused = true)]
async fn look_ups_that_hang_are_bounded_and_leave_some_to_other_tenants() {
    let stage = Stage::new();
    let all = stage.hang(1, 200).await;
    sleep(seconds(60)).await;
    assert_eq!(stage.hanging(), 64, "half of all threads");
    let outcome = stage.send(1, "another", seconds(10)).await;
    assert_eq!(outcome, busy("64 names are being looked up, 64 of them for this tenant"));
    assert_eq!(stage.send(2, "here", seconds(10)).await, LOOKED_UP);
    stage.hang(2, 200).await;
    sleep(seconds(60)).await;
    assert_eq!(stage.hanging(), 64 + 32, "half of what was left");
    assert_eq!(stage.send(3, "here", seconds(10)).await, LOOKED_UP);
    let mut ends = Vec::new();
    for one in all {
        ends.push(one.await.unwrap());
    }
    assert_eq!(ends[0], Err(HttpError::Unreachable("operation timed out".to_owned())));
    assert_eq!(ends[199], busy("its name still waits for its turn to be looked up"));
}
