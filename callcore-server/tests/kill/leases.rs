//! The slots after it all: only calls that went silent hold one, and not over their leases.

use callcore::call::{Attempt, Call};
use callcore::port::{Ask, Calls, Capacity, Look, Release, SystemStore};
use callcore::schedule::CapWindow;
use callcore::vocabulary::{CallId, CandidateId, limits};
use callcore_store_sqlite::SqliteStore;
use chrono::Utc;
use tempfile::TempDir;

use crate::ledger::Seen;
use crate::records::Found;
use crate::world::{BUYERS, CAMPAIGN, LEASE, TENANT, buyer, cap};

/// Checks who holds slots now, and that nobody does when the last lease is over. The sweep is told
/// a later time, so nobody waits.
pub(crate) async fn inspect(store: &SqliteStore, copy: TempDir, seen: &Seen, found: &Found) {
    let now = Utc::now();
    let open = |attempt: &&Attempt| attempt.lease_expires_at.is_some_and(|end| end > now);
    let unfinished = |call: &&Call| !call.is_over() && !seen.cut.contains(&call.id);
    let holding = found
        .calls
        .iter()
        .filter(unfinished)
        .filter(|call| call.current_attempt().filter(open).is_some());
    let holders: Vec<CallId> = holding.map(|call| call.id).collect();
    let loud = holders.iter().find(|call| !found.silent_calls.contains(call));
    assert_eq!(loud, None, "a call that told everything still has an open attempt");
    // What became of a request that was cut off nobody knows: its call may hold a slot, or not.
    let least = u64::try_from(holders.len()).expect("small");
    let most = least + u64::try_from(seen.cut.len()).expect("small");
    let held = store.held(TENANT, now).await.expect("the store answers");
    // On a slow machine the lease of every one of them may be over by now.
    let held_once = |call: &&Call| call.current_attempt().is_some();
    let silent = found.calls.iter().filter(unfinished).filter(held_once).count();
    assert!(silent > 0, "no silent call ever held a slot, which proves nothing about leases");
    assert!((least..=most).contains(&held), "{held} slots are held, and not {least} to {most}");
    only_silent_calls_hold(copy, found).await;

    store.sweep(now + LEASE).await.expect("the store answers");
    // Asked for now, so that a lease that ran out and was not freed would still count.
    let held = store.held(TENANT, now).await.expect("the store answers");
    assert_eq!(held, 0, "slots are held after every lease is over");
    for (place, used) in usage(store, CapWindow::Concurrent).await.into_iter().enumerate() {
        assert_eq!(used, 0, "the counter of {:?} forgot a release", BUYERS[place]);
    }
}

/// Without the silent calls, nothing is held at all.
async fn only_silent_calls_hold(copy: TempDir, found: &Found) {
    let copy_of_it = SqliteStore::open(&copy.path().join("callcore.db")).await;
    let store = copy_of_it.expect("the copy opens");
    let now = Utc::now();
    for call in &found.silent_calls {
        let releases: Vec<_> =
            (1..=limits::ATTEMPTS).map(|attempt| Release { attempt, refund: false }).collect();
        store.release(TENANT, *call, &releases, now).await.expect("the store answers");
    }
    let held = store.held(TENANT, now).await.expect("the store answers");
    assert_eq!(held, 0, "calls hold slots that told everything");
    store.close().await;
}

/// The counters of the buyers are those of the records: no repetition counted twice, and nothing
/// that was given back counts.
pub(crate) async fn counters_agree(store: &SqliteStore, seen: &Seen, found: &Found) {
    let attempts = |place: usize| {
        let attempts = found.calls.iter().flat_map(|call| &call.attempts);
        attempts.filter(move |attempt| attempt.target.buyer() == Some(buyer(place)))
    };
    let activity = look(store, Ask { activity: Some((CAMPAIGN, buyers())), ..Ask::default() });
    let activity = activity.await.activity;
    let daily = usage(store, CapWindow::Daily).await;
    for (place, spec) in BUYERS.iter().enumerate() {
        let count = activity.get(&buyer(place).into()).copied().unwrap_or_default();
        let connected = attempts(place).filter(|attempt| attempt.connected()).count();
        assert_eq!(count.offered, attempts(place).count() as u64, "offered to {spec:?}");
        assert_eq!(count.answered, connected as u64, "answered by {spec:?}");
        // An attempt counts until it is known that nobody answered.
        let counting = attempts(place).filter(|attempt| !attempt.is_over() || attempt.connected());
        let (counting, used) = (counting.count(), daily[place] as usize);
        assert!(
            counting.abs_diff(used) <= seen.cut.len(),
            "{used} of a day's conversations count for {spec:?}, and not {counting}"
        );
        assert!(connected <= spec.daily as usize, "{connected} conversations of {spec:?}");
    }
}

fn buyers() -> Vec<CandidateId> {
    (0..BUYERS.len()).map(|place| buyer(place).into()).collect()
}

/// How many places of each buyer's cap are taken.
async fn usage(store: &SqliteStore, window: CapWindow) -> Vec<u32> {
    let caps: Vec<_> = (0..BUYERS.len()).map(|place| cap(place, window)).collect();
    let usage = look(store, Ask { caps: caps.clone(), ..Ask::default() }).await.usage;
    caps.iter().map(|cap| usage.get(&cap.key).copied().unwrap_or_default()).collect()
}

/// Looks as a call that does not exist.
async fn look(store: &SqliteStore, ask: Ask) -> Look {
    let nobody = CallId::derive("twilio", "nobody", "nothing");
    store.look(TENANT, nobody, &ask, Utc::now()).await.expect("the store answers")
}
