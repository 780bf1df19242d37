//! Capacity in memory under load: tasks that reserve, repeat, are cancelled half-way, try again and
//! release. No cap is ever exceeded, and in the end every place is back.

#![expect(clippy::unwrap_used, reason = "a panic is how this test fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use callcore::memory::MemoryStore;
use callcore::port::{Ask, Calls, Capacity, Release, Reservation, Reserved};
use callcore::routing::Cap;
use callcore::schedule::CapWindow;
use callcore::vocabulary::{CallId, Seed};
use callcore_testkit::fixtures::{
    buyer_cap, call_id, candidate_id, claim, noon, reservation, tenant,
};

const TASKS: u32 = 64;
const ROUNDS: u32 = 40;
/// The concurrency caps of buyers 1 and 2.
const LIMITS: [u32; 2] = [5, 3];

/// What is surely held and what was counted, as seen from outside.
#[derive(Debug, Default)]
struct Ledger {
    surely_held: [AtomicU32; 2],
    kept: [AtomicU32; 2],
    refused: AtomicU32,
}

/// Chance that is the same in every run: the interleaving is not, but what each task tries is.
struct Chance(Seed);

impl Chance {
    fn one_in(&mut self, bound: u64) -> bool {
        self.0 = Seed::of_rank(self.0.rank(b"next"));
        self.0.below(bound) == 0
    }
}

fn caps(buyer: usize) -> [Cap; 2] {
    let n = if buyer == 0 { 1 } else { 2 };
    let concurrent = buyer_cap(n, CapWindow::Concurrent, LIMITS[buyer]);
    [concurrent, buyer_cap(n, CapWindow::Daily, u32::MAX)]
}

fn wanted(call: CallId) -> Reservation {
    reservation(call, 1, [claim(1, caps(0)), claim(2, caps(1))])
}

/// Reserves as a server does whose requests are cut off now and then: what came of the act is unknown
/// then, and asking again tells.
async fn reserve(store: &Arc<MemoryStore>, call: CallId, chance: &mut Chance) -> Reserved {
    while chance.one_in(3) {
        let cut_off = tokio::spawn({
            let store = Arc::clone(store);
            async move { store.reserve(tenant(1), wanted(call), noon()).await }
        });
        if chance.one_in(2) {
            tokio::task::yield_now().await;
        }
        cut_off.abort();
        // Whether it was carried out is unknown, but it is over.
        let _ = cut_off.await;
    }
    store.reserve(tenant(1), wanted(call), noon()).await.unwrap()
}

async fn release(store: &Arc<MemoryStore>, call: CallId, refund: bool, chance: &mut Chance) {
    loop {
        let releases = [Release { attempt: 1, refund }];
        store.release(tenant(1), call, &releases, noon()).await.unwrap();
        if !chance.one_in(3) {
            break;
        }
    }
}

async fn one_call(store: &Arc<MemoryStore>, call: CallId, ledger: &Ledger, chance: &mut Chance) {
    let Reserved::Held(held) = reserve(store, call, chance).await else {
        ledger.refused.fetch_add(1, Ordering::SeqCst);
        return;
    };
    let buyer = usize::from(held.candidate == candidate_id(2));
    let holders = ledger.surely_held[buyer].fetch_add(1, Ordering::SeqCst) + 1;
    assert!(holders <= LIMITS[buyer], "{holders} calls hold one of {} places", LIMITS[buyer]);
    tokio::task::yield_now().await;
    if chance.one_in(4) {
        let again = store.reserve(tenant(1), wanted(call), noon()).await.unwrap();
        assert_eq!(again, Reserved::Held(held.clone()), "a repetition answers the same");
    }
    ledger.surely_held[buyer].fetch_sub(1, Ordering::SeqCst);
    let refund = chance.one_in(2);
    if !refund {
        ledger.kept[buyer].fetch_add(1, Ordering::SeqCst);
    }
    release(store, call, refund, chance).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_place_comes_back() {
    let (store, ledger) = (Arc::new(MemoryStore::new()), Arc::new(Ledger::default()));
    let task = |n: u32| {
        let (store, ledger) = (Arc::clone(&store), Arc::clone(&ledger));
        tokio::spawn(async move {
            let mut chance = Chance(Seed::of_rank(u128::from(n)));
            for round in 0..ROUNDS {
                one_call(&store, call_id(n * ROUNDS + round), &ledger, &mut chance).await;
            }
        })
    };
    let tasks: Vec<_> = (0..TASKS).map(task).collect();
    for task in tasks {
        task.await.unwrap();
    }

    assert_eq!(store.held(tenant(1), noon()).await.unwrap(), 0);
    let ask = Ask { caps: [caps(0), caps(1)].concat(), ..Ask::default() };
    let stranger = call_id(TASKS * ROUNDS);
    let usage = store.look(tenant(1), stranger, &ask, noon()).await.unwrap().usage;
    let mut granted = 0;
    for buyer in [0, 1] {
        let used = caps(buyer).map(|cap| usage.get(&cap.key).copied().unwrap_or(0));
        let kept = ledger.kept[buyer].load(Ordering::SeqCst);
        assert_eq!(used, [0, kept], "what was not refunded stays counted, and nothing else");
        granted += kept;
    }
    assert!(granted > 0, "some calls were granted a place");
}
