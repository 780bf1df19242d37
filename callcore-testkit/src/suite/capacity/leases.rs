//! How long a lease lasts.

use callcore::schedule::CapWindow;
use chrono::TimeDelta;

use crate::Harness;
use crate::fixtures::{buyer_cap, call_id, claim, group_id, noon, reservation};
use crate::suite::kit::Kit;

/// A lease ends by itself: from the instant of its expiry on it holds no concurrency place, swept or
/// not.
pub async fn an_expired_lease_holds_no_place(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let cap = buyer_cap(1, CapWindow::Concurrent, 1);
    let daily = buyer_cap(1, CapWindow::Daily, 10);
    let held = kit.hold(1, 1, &[cap, daily], noon()).await;
    assert_eq!(kit.used(&cap, held.expires_at).await, 0);
    assert_eq!(kit.held(held.expires_at).await, 0);
    assert_eq!(kit.used(&daily, held.expires_at).await, 1, "it is no refund");
    assert!(kit.takes(2, &[cap], held.expires_at).await);
    assert!(!kit.takes(3, &[cap], held.expires_at).await, "the place is taken once");
}

/// A lease cannot end before its time.
pub async fn a_lease_lasts_until_its_expiry(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let cap = buyer_cap(1, CapWindow::Concurrent, 1);
    let held = kit.hold(1, 1, &[cap], noon()).await;
    let last = held.expires_at - TimeDelta::microseconds(1);
    assert_eq!(kit.used(&cap, last).await, 1);
    assert_eq!(kit.held(last).await, 1);
    assert!(!kit.takes(2, &[cap], last).await);
}

/// A lease lasts as long as was asked for, each by itself.
pub async fn each_lease_has_its_own_length(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let cap = buyer_cap(1, CapWindow::Concurrent, 3);
    for (n, lease_secs) in [(1, 1), (2, 60), (3, 100_000)] {
        let mut wanted = reservation(call_id(n), 1, [claim(1, [cap])]);
        wanted.lease_secs = lease_secs;
        kit.reserve(wanted, noon()).await;
    }
    for (seconds, expected) in [(0, 3), (1, 2), (59, 2), (60, 1), (99_999, 1), (100_000, 0)] {
        let now = noon() + TimeDelta::seconds(seconds);
        assert_eq!(kit.used(&cap, now).await, expected, "after {seconds} s");
        assert_eq!(kit.held(now).await, u64::from(expected), "after {seconds} s");
    }
}

/// `held` counts places under concurrency caps: one for each cap, none for other windows.
pub async fn held_counts_concurrency_places(harness: &impl Harness) {
    let kit = Kit::of(harness);
    assert_eq!(kit.held(noon()).await, 0);
    kit.hold(1, 1, &[], noon()).await;
    kit.hold(2, 1, &[buyer_cap(1, CapWindow::Daily, 5)], noon()).await;
    assert_eq!(kit.held(noon()).await, 0);
    let own = buyer_cap(1, CapWindow::Concurrent, 5);
    let group = callcore::routing::CapScope::Group { group: group_id(1) };
    let shared = crate::fixtures::cap(group, CapWindow::Concurrent, 5);
    kit.hold(3, 1, &[own, shared], noon()).await;
    kit.hold(4, 1, &[own], noon()).await;
    assert_eq!(kit.held(noon()).await, 3);
    kit.release_all(3, noon()).await;
    assert_eq!(kit.held(noon()).await, 1);
}
