//! Several servers on one database want the same caps at the same time.

mod harness;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use callcore::call::StepKey;
use callcore::port::{Calls as _, Capacity as _, Release, Reservation, Reserved};
use callcore::routing::{Cap, Claim};
use callcore::schedule::{CapWindow, parse_zone};
use callcore::vocabulary::Seed;
use callcore_store_pg::PgStore;
use callcore_testkit::fixtures::{
    buyer_cap, call, call_id, claim, instant, noon, over, reservation, save, tenant,
};
use chrono::TimeDelta;
use harness::database::Opened;
use sqlx::PgConnection;
use tokio::sync::Barrier;

const WINDOWS: [CapWindow; 5] = [
    CapWindow::Concurrent,
    CapWindow::Hourly,
    CapWindow::Daily,
    CapWindow::Monthly,
    CapWindow::Total,
];

/// Several servers on one database.
async fn servers(opened: &Opened, count: usize) -> Vec<Arc<PgStore>> {
    let mut servers = vec![Arc::clone(&opened.store)];
    while servers.len() < count {
        let store = PgStore::open(&opened.database.options()).await;
        servers.push(Arc::new(store.expect("the database is there")));
    }
    servers
}

/// Runs one task on each number at once, spread over the servers.
async fn race<T, F>(
    servers: &[Arc<PgStore>],
    tasks: u32,
    task: impl Fn(Arc<PgStore>, u32) -> F,
) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(tasks as usize));
    let start = |n: u32| {
        let server = Arc::clone(&servers[n as usize % servers.len()]);
        let (barrier, act) = (Arc::clone(&barrier), task(server, n));
        tokio::spawn(async move {
            barrier.wait().await;
            act.await
        })
    };
    let running: Vec<_> = (0..tasks).map(start).collect();
    let mut outcomes = Vec::new();
    for task in running {
        outcomes.push(task.await.expect("a racing task does not panic"));
    }
    outcomes
}

async fn reserve(store: &PgStore, wanted: Reservation) -> Reserved {
    store.reserve(tenant(1), wanted, noon()).await.expect("the store answers")
}

async fn release(store: &PgStore, n: u32, attempt: u32, refund: bool) {
    let releases = [Release { attempt, refund }];
    let released = store.release(tenant(1), call_id(n), &releases, noon()).await;
    released.expect("the store answers");
}

/// Every counter shows as many places as there are items, and Postgres met no deadlock.
async fn assert_sound(db: &mut PgConnection) {
    let drifted: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM cap_counters AS c WHERE used <> (SELECT count(*) FROM \
         reservation_items AS i WHERE (i.tenant_id, i.scope, i.window_kind, i.window_key) = \
         (c.tenant_id, c.scope, c.window_kind, c.window_key))",
    )
    .fetch_one(&mut *db)
    .await
    .expect("the database answers");
    assert_eq!(drifted, 0, "counters that differ from their items");
    // Backends report what they met within a second, or when they go.
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    let deadlocks: i64 = sqlx::query_scalar(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    )
    .fetch_one(db)
    .await
    .expect("the database answers");
    assert_eq!(deadlocks, 0, "deadlocks");
}

/// Chance that is the same in every run.
struct Chance(Seed);

impl Chance {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = Seed::of_rank(self.0.rank(b"next"));
        u32::try_from(self.0.below(bound.into())).expect("it is below a u32")
    }

    /// Up to five caps in no order, some of them scarce.
    fn claim(&mut self) -> Claim {
        let caps = (0..=self.below(5)).map(|_| {
            let window = [CapWindow::Concurrent, CapWindow::Daily][self.below(2) as usize];
            let n = self.below(8);
            buyer_cap(n, window, 2 + n * 5)
        });
        let caps: Vec<Cap> = caps.collect();
        claim(self.below(100), caps)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_waits_in_a_circle() {
    let opened = Opened::new().await;
    let servers = servers(&opened, 4).await;
    let granted: u32 = race(&servers, 24, |store, task| async move {
        let mut chance = Chance(Seed::of_key(&task.to_string()));
        let mut granted = 0;
        for round in 0..25 {
            let n = task * 100 + round;
            let claims: Vec<_> = (0..=chance.below(4)).map(|_| chance.claim()).collect();
            let mut wanted = reservation(call_id(n), 1, claims);
            wanted.releases = vec![Release { attempt: 0, refund: true }];
            granted += u32::from(matches!(reserve(&store, wanted).await, Reserved::Held(_)));
            // Places go back by a release, with the next attempt, or with the call's end.
            match chance.below(4) {
                0 => release(&store, n, 1, chance.below(2) == 0).await,
                1 => {
                    let mut next = reservation(call_id(n), 2, [chance.claim()]);
                    next.releases = vec![Release { attempt: 1, refund: true }];
                    reserve(&store, next).await;
                }
                2 => {
                    let ended = save(over(call(tenant(1), n), noon()), None, &StepKey::voice());
                    store.save(tenant(1), ended).await.expect("nobody else saves it");
                }
                _ => {
                    let _ =
                        callcore::port::SystemStore::sweep(&*store, noon() + TimeDelta::minutes(2))
                            .await
                            .expect("the store answers");
                }
            }
        }
        granted
    })
    .await
    .into_iter()
    .sum();
    assert!(granted > 100, "only {granted} were granted");
    assert_sound(&mut opened.database.superuser().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_servers_fill_caps_to_the_last_place() {
    let opened = Opened::new().await;
    let servers = servers(&opened, 3).await;
    let (total, concurrent) = (CapWindow::Total, CapWindow::Concurrent);
    let caps = [buyer_cap(1, total, 100), buyer_cap(2, concurrent, 37), buyer_cap(3, total, 11)];
    let outcomes = race(&servers, 180, |store, n| async move {
        let claims = [claim(2, [caps[0], caps[1]]), claim(3, [caps[2], caps[0]])];
        match reserve(&store, reservation(call_id(n), 1, claims)).await {
            Reserved::Held(held) => {
                let passed_over = held.passed_over.iter().map(|(_, key)| *key).collect();
                (true, passed_over)
            }
            Reserved::Full { passed_over } => {
                (false, passed_over.into_iter().map(|(_, key)| key).collect::<Vec<_>>())
            }
            Reserved::CallEnded => panic!("no call has ended"),
        }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|(granted, _)| *granted).count(), 37 + 11);
    for (granted, passed_over) in outcomes {
        let expected = [caps[1].key, caps[2].key];
        assert_eq!(passed_over, expected[..passed_over.len()]);
        assert!(granted || passed_over.len() == 2, "both claims were tried");
    }
    assert_sound(&mut opened.database.superuser().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cap_holds_over_several_servers_while_calls_come_and_go() {
    let opened = Opened::new().await;
    let servers = servers(&opened, 4).await;
    let cap = buyer_cap(1, CapWindow::Concurrent, 5);
    let (surely_held, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    race(&servers, 32, |store, task| {
        let (surely_held, most) = (Arc::clone(&surely_held), Arc::clone(&most));
        async move {
            for round in 0..12 {
                let n = task * 100 + round;
                let wanted = reservation(call_id(n), 1, [claim(1, [cap])]);
                if let Reserved::Held(_) = reserve(&store, wanted).await {
                    let held = surely_held.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(held, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    surely_held.fetch_sub(1, Ordering::SeqCst);
                    release(&store, n, 1, false).await;
                }
            }
        }
    })
    .await;
    let most = most.load(Ordering::SeqCst);
    assert!((2..=5).contains(&most), "{most} calls held one of 5 places");
    assert_eq!(servers[0].held(tenant(1), noon()).await.expect("the store answers"), 0);
    assert_sound(&mut opened.database.superuser().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_that_ends_while_it_reserves_holds_nothing() {
    let opened = Opened::new().await;
    let servers = servers(&opened, 4).await;
    let caps = [buyer_cap(1, CapWindow::Concurrent, 500), buyer_cap(1, CapWindow::Total, 500)];
    race(&servers, 80, |store, n| async move {
        // Two of four servers end the call that the other two reserve for.
        let id = n / 4;
        match n % 4 {
            0 => {
                let ended = save(over(call(tenant(1), id), noon()), None, &StepKey::voice());
                store.save(tenant(1), ended).await.expect("nobody else saves it");
            }
            attempt => {
                reserve(&store, reservation(call_id(id), attempt, [claim(1, caps)])).await;
            }
        }
    })
    .await;
    let mut db = opened.database.superuser().await;
    let used: i64 = sqlx::query_scalar("SELECT coalesce(sum(used), 0)::bigint FROM cap_counters")
        .fetch_one(&mut db)
        .await
        .expect("the database answers");
    assert_eq!(used, 0, "the call never dialled");
    assert_sound(&mut db).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_stops_waiting_harms_nobody_else() {
    let opened = Opened::new().await;
    let cap = buyer_cap(1, CapWindow::Concurrent, 1_000);
    let start = |n: u32| {
        let store = Arc::clone(&opened.store);
        tokio::spawn(
            async move { reserve(&store, reservation(call_id(n), 1, [claim(1, [cap])])).await },
        )
    };
    let running: Vec<_> = (0..300).map(start).collect();
    for task in running.iter().skip(1).step_by(2) {
        tokio::task::yield_now().await;
        task.abort();
    }
    let mut answered = 0;
    for task in running.into_iter().step_by(2) {
        assert!(matches!(task.await.expect("it is not aborted"), Reserved::Held(_)));
        answered += 1;
    }
    let held = opened.store.held(tenant(1), noon()).await.expect("the store answers");
    assert!(held >= answered, "{held} places for {answered} answers");
    assert_sound(&mut opened.database.superuser().await).await;
}

#[tokio::test]
async fn windows_have_the_names_that_the_core_gives_them() {
    let opened = Opened::new().await;
    let zones = [
        "UTC",
        "America/New_York",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
        "Africa/Cairo",
        "Pacific/Apia",
        "Pacific/Kiritimati",
        "America/Los_Angeles",
    ];
    let zones = zones.map(|name| parse_zone(name, "").expect("it is a zone"));
    let instants = [
        "2026-11-22T12:00:00Z",
        "2026-12-31T23:59:59.999999Z",
        "2027-01-01T00:00:00Z",
        // Clocks change in New York, on Lord Howe, in Chatham, in Cairo, and Samoa skips a day.
        "2026-11-01T05:59:59.999999Z",
        "2026-11-01T06:00:00Z",
        "2026-03-08T06:59:59.999999Z",
        "2026-03-08T07:00:00Z",
        "2026-04-04T14:59:59.999999Z",
        "2026-04-04T15:00:00Z",
        "2026-04-04T14:00:00Z",
        "2026-04-23T21:59:59Z",
        "2026-04-23T22:00:00Z",
        "2011-12-30T09:59:59Z",
        "2011-12-30T10:00:00Z",
    ];
    let mut db = opened.database.superuser().await;
    for (n, text) in (0..).zip(instants) {
        let at = instant(text);
        let caps = (0..).zip(zones).flat_map(|(buyer, zone)| {
            WINDOWS.map(|window| Cap { zone, ..buyer_cap(buyer, window, 1_000) })
        });
        let caps: Vec<Cap> = caps.collect();
        let wanted = reservation(call_id(n), 1, [claim(1, caps.clone())]);
        opened.store.reserve(tenant(1), wanted, at).await.expect("the store answers");
        let found: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT scope, window_kind, window_key FROM reservation_items WHERE call_id = $1",
        )
        .bind(call_id(n).uuid())
        .fetch_all(&mut db)
        .await
        .expect("the database answers");
        let expected = caps
            .iter()
            .map(|cap| (cap.key.scope.key(), cap.key.window.name().to_owned(), cap.window_key(at)));
        assert_eq!(BTreeSet::from_iter(found), expected.collect(), "{text}");
    }
}
