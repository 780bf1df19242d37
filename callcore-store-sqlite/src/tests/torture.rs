//! Many at once, with accidents.

use std::time::Duration;

use callcore::call::StepKey;
use callcore::port::{
    Ask, Calls as _, Capacity as _, Release, Reserved, SaveError, StoreError, SystemStore as _,
};
use callcore::schedule::CapWindow;
use callcore::vocabulary::Seed;
use callcore_testkit::fixtures::{attempt, buyer_cap, call, call_id, noon, over, save, tenant};

use super::{Opened, all_tasks_done, path_in, try_reserve};
use crate::SqliteStore;

const TASKS: u32 = 64;
const ROUNDS: u32 = 6;
const LIMIT: u32 = 10;

/// One call from reservation to end. It goes away in the middle of any act.
async fn live(store: SqliteStore, n: u32) {
    let chance = Seed::of_key(&n.to_string());
    let tear = |act: &str| {
        let micros = chance.rank(act.as_bytes()) % 400_000;
        Duration::from_micros(u64::try_from(micros).unwrap())
    };
    let reserved = tokio::time::timeout(tear("reserve"), try_reserve(&store, n, LIMIT)).await;
    let mut torn = call(tenant(1), n);
    if let Ok(Ok(Reserved::Held(held))) = reserved {
        torn.attempts.push(attempt(1, &held));
    }
    let first = save(torn.clone(), None, &StepKey::voice());
    let saved = tokio::time::timeout(tear("save"), store.save(tenant(1), first)).await;
    let releases = [Release { attempt: 1, refund: n.is_multiple_of(3) }];
    let release = store.release(tenant(1), call_id(n), &releases, noon());
    let _ = tokio::time::timeout(tear("release"), release).await;
    if saved.is_ok() {
        let last = save(over(torn, noon()), Some(1), &StepKey::dial_result(1));
        let _ = tokio::time::timeout(tear("end"), store.save(tenant(1), last)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn torture_leaves_the_file_whole_the_caps_kept_and_every_place_free() {
    let opened = Opened::new().await;
    let mut tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let store = opened.store.clone();
            tokio::spawn(async move {
                for round in 0..ROUNDS {
                    live(store.clone(), task * ROUNDS + round).await;
                }
            })
        })
        .collect();
    let cap = buyer_cap(1, CapWindow::Concurrent, LIMIT);
    let ask = Ask { caps: vec![cap], ..Ask::default() };
    let mut most = 0;
    while tasks.iter().any(|task| !task.is_finished()) {
        let look = opened.store.look(tenant(1), call_id(9_999), &ask, noon()).await.unwrap();
        most = most.max(look.usage[&cap.key]);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for task in tasks.drain(..) {
        task.await.unwrap();
    }
    all_tasks_done().await;
    assert!((1..=LIMIT).contains(&most), "{most} of {LIMIT} places were taken");
    opened.assert_sound().await;
    opened.store.sweep(noon() + Duration::from_secs(3_700)).await.unwrap();
    assert_eq!(opened.store.held(tenant(1), noon()).await.unwrap(), 0);
    opened.assert_sound().await;
    opened.assert_writable().await;
}

/// Asks again for as long as the other handle is in the way: every act may be repeated.
async fn insist(store: &SqliteStore, n: u32) -> Reserved {
    let first = save(call(tenant(1), n), None, &StepKey::voice());
    while let Err(SaveError::Store(error)) = store.save(tenant(1), first.clone()).await {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    loop {
        match try_reserve(store, n, LIMIT).await {
            Ok(reserved) => return reserved,
            Err(error) => assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_handles_on_one_file_keep_caps_together() {
    let opened = Opened::new().await;
    let other = SqliteStore::open(&path_in(&opened.directory)).await.unwrap();
    let tasks: Vec<_> = (0..TASKS)
        .map(|n| {
            let store = if n % 2 == 0 { opened.store.clone() } else { other.clone() };
            tokio::spawn(async move { insist(&store, n).await })
        })
        .collect();
    let mut held = 0;
    for task in tasks {
        held += u32::from(matches!(task.await.unwrap(), Reserved::Held(_)));
    }
    assert_eq!(held, LIMIT);
    opened.assert_sound().await;
    for n in 0..TASKS {
        assert_eq!(other.call(call_id(n)).await.unwrap(), Some(tenant(1)));
    }
}
