//! Many calls at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use callcore::port::{Held, Reserved};
use callcore::schedule::CapWindow;

use super::WINDOWS;
use crate::Harness;
use crate::fixtures::{buyer_cap, call_id, candidate_id, claim, noon, reservation};
use crate::suite::kit::{Kit, race};

fn granted(reserved: Reserved) -> Option<Held> {
    match reserved {
        Reserved::Held(held) => Some(held),
        Reserved::Full { .. } | Reserved::CallEnded => None,
    }
}

/// A cap is never exceeded, and never leaves room unused: of many reservations at once exactly as many
/// are granted as the cap says.
pub async fn of_many_reservations_a_cap_grants_exactly_its_limit(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for (kind, window) in (1..).zip([CapWindow::Concurrent, CapWindow::Daily, CapWindow::Total]) {
        let cap = buyer_cap(kind, window, 20);
        let reserved = race(64, |n| {
            let kit = kit.clone();
            async move { kit.takes(kind * 100 + n, &[cap], noon()).await }
        });
        let granted = reserved.await.into_iter().filter(|taken| *taken).count();
        assert_eq!(granted, 20, "{window:?}");
        assert_eq!(kit.used(&cap, noon()).await, 20, "{window:?}");
    }
}

/// **Atomicity**: all caps of a claim or none, whatever happens at the same time: three caps that
/// overlap in all orders are full to the last place, and no claim holds half of what it wanted.
pub async fn claims_over_the_same_caps_take_all_or_none(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let [a, b, c] = [1, 2, 3].map(|n| buyer_cap(n, CapWindow::Concurrent, 10));
    let pairs = [[a, b], [b, c], [c, a], [b, a], [c, b], [a, c]];
    let reserved = race(60, |n| {
        let (kit, wanted) = (kit.clone(), pairs[n as usize % pairs.len()]);
        async move { kit.takes(n, &wanted, noon()).await.then_some(wanted) }
    });
    let granted: Vec<_> = reserved.await.into_iter().flatten().flatten().collect();
    for cap in [a, b, c] {
        let holders = granted.iter().filter(|taken| taken.key == cap.key).count();
        assert!(holders <= 10, "the cap holds");
        assert_eq!(kit.used(&cap, noon()).await as usize, holders, "no place without its claim");
    }
    // Two caps with room left would have let a claim over both pass.
    let holders = |key| granted.iter().filter(|taken| taken.key == key).count();
    let full = [a, b, c].into_iter().filter(|cap| holders(cap.key) == 10).count();
    assert!(full >= 2, "no claim is refused without need");
}

/// Caps of every kind on one claim: the tightest decides, and all count alike.
pub async fn the_tightest_of_several_caps_decides(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let mut caps = WINDOWS.map(|window| buyer_cap(1, window, 40));
    caps[3].limit = 7;
    let reserved = race(64, |n| {
        let kit = kit.clone();
        async move { kit.takes(n, &caps, noon()).await }
    });
    assert_eq!(reserved.await.into_iter().filter(|taken| *taken).count(), 7);
    for cap in &caps {
        assert_eq!(kit.used(cap, noon()).await, 7, "{:?}", cap.key.window);
    }
}

/// **Idempotency**: where the same attempt is reserved several times at once, all get one answer and
/// one place is taken.
pub async fn repetitions_at_once_take_one_place(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let caps = [1, 2, 3].map(|n| buyer_cap(n, CapWindow::Concurrent, 1));
    let reserved = race(32, |_| {
        let kit = kit.clone();
        let claims = (1..).zip(caps).map(|(n, cap)| claim(n, [cap]));
        let wanted = reservation(call_id(1), 1, claims);
        async move { granted(kit.reserve(wanted, noon()).await) }
    });
    for held in reserved.await {
        let held = held.expect("the first claim has room, and then it is answered again");
        assert_eq!(held.candidate, candidate_id(1));
    }
    assert_eq!(kit.held(noon()).await, 1);
}

/// **Ordering**: an earlier claim goes first: later ones are granted only once it is full.
pub async fn calls_at_once_fill_the_claims_in_order(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let caps = [3, 4, 5].map(|limit| buyer_cap(limit, CapWindow::Concurrent, limit));
    let reserved = race(24, |n| {
        let kit = kit.clone();
        let wanted = reservation(call_id(n), 1, caps.map(|cap| claim(cap.limit, [cap])));
        async move { granted(kit.reserve(wanted, noon()).await) }
    });
    let granted: Vec<_> = reserved.await.into_iter().flatten().collect();
    for limit in [3, 4, 5] {
        let to_buyer = granted.iter().filter(|held| held.candidate == candidate_id(limit));
        assert_eq!(to_buyer.count(), limit as usize);
    }
    for held in granted {
        let passed_over: Vec<_> = held.passed_over.iter().map(|(buyer, _)| *buyer).collect();
        let before: Vec<_> = [3, 4, 5]
            .map(candidate_id)
            .into_iter()
            .take_while(|one| *one != held.candidate)
            .collect();
        assert_eq!(passed_over, before);
    }
}

/// **Idempotency**: releases that come several times at once free each place once.
pub async fn releases_at_once_free_each_place_once(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let caps = [CapWindow::Concurrent, CapWindow::Daily].map(|window| buyer_cap(1, window, 9));
    for n in 0..4 {
        kit.hold(n, 1, &caps, noon()).await;
    }
    race(32, |n| {
        let kit = kit.clone();
        async move {
            match n % 3 {
                0 => kit.release(n % 2, 1, true, noon()).await,
                1 => kit.release(n % 2, 1, false, noon()).await,
                _ => kit.release_all(n % 2, noon()).await,
            }
        }
    })
    .await;
    assert_eq!(kit.used(&caps[0], noon()).await, 2);
    assert_eq!(kit.used(&caps[1], noon()).await, 2);
    assert_eq!(kit.held(noon()).await, 2);
}

/// A cap holds while calls come and go, and in the end every place is free.
pub async fn a_cap_holds_while_calls_come_and_go(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let cap = buyer_cap(1, CapWindow::Concurrent, 3);
    let surely_held = Arc::new(AtomicU32::new(0));
    let most = Arc::new(AtomicU32::new(0));
    race(16, |n| {
        let (kit, surely_held, most) = (kit.clone(), Arc::clone(&surely_held), Arc::clone(&most));
        async move {
            for round in 0..6 {
                let call = n * 100 + round;
                if kit.takes(call, &[cap], noon()).await {
                    // A place is surely held from the grant until its release is asked for.
                    most.fetch_max(
                        surely_held.fetch_add(1, Ordering::SeqCst) + 1,
                        Ordering::SeqCst,
                    );
                    tokio::task::yield_now().await;
                    surely_held.fetch_sub(1, Ordering::SeqCst);
                    kit.release(call, 1, false, noon()).await;
                }
            }
        }
    })
    .await;
    let most = most.load(Ordering::SeqCst);
    assert!((1..=3).contains(&most), "{most} calls held one of 3 places");
    assert_eq!(kit.used(&cap, noon()).await, 0);
    assert_eq!(kit.held(noon()).await, 0);
    assert!(kit.takes(9_999, &[cap], noon()).await);
}
