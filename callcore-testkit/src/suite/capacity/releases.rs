//! Giving places back.

use callcore::port::{Release, Reserved};
use callcore::routing::Cap;
use callcore::schedule::CapWindow;
use chrono::TimeDelta;

use super::WINDOWS;
use crate::Harness;
use crate::fixtures::{buyer_cap, call_id, claim, instant, noon, reservation};
use crate::suite::kit::{Kit, assert_is};

/// One cap of each kind with room for this many.
fn caps(limit: u32) -> [Cap; 5] {
    WINDOWS.map(|window| buyer_cap(1, window, limit))
}

impl Kit {
    /// Asserts how many places are taken: at the same time, and in each of the other windows.
    async fn expect_used(&self, concurrent: u32, others: u32) {
        for cap in caps(0) {
            let concurrently = cap.key.window == CapWindow::Concurrent;
            let expected = if concurrently { concurrent } else { others };
            assert_eq!(self.used(&cap, noon()).await, expected, "{:?}", cap.key.window);
        }
        assert_eq!(self.held(noon()).await, u64::from(concurrent));
    }
}

/// A release gives back the places under concurrency caps, and those only.
pub async fn a_release_gives_back_concurrency_places(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold(1, 1, &caps(2), noon()).await;
    kit.expect_used(1, 1).await;
    kit.release(1, 1, false, noon()).await;
    kit.expect_used(0, 1).await;
}

/// With `refund` it gives back those in the other windows too.
pub async fn a_refund_gives_back_every_place(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold(1, 1, &caps(2), noon()).await;
    kit.hold(2, 1, &caps(2), noon()).await;
    kit.release(1, 1, true, noon()).await;
    kit.expect_used(1, 1).await;
    assert!(kit.takes(3, &caps(2), noon()).await);
}

/// **Idempotency**: what was given back is not given back again, although somebody else holds a
/// place by then.
pub async fn a_second_release_gives_nothing_back(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold(1, 1, &caps(1), noon()).await;
    kit.release(1, 1, true, noon()).await;
    kit.hold(2, 1, &caps(1), noon()).await;
    for refund in [true, false, true] {
        kit.release(1, 1, refund, noon()).await;
        kit.release_all(1, noon()).await;
        kit.expect_used(1, 1).await;
    }
    assert!(!kit.takes(3, &caps(1), noon()).await);
}

/// **Idempotency**: a refund may still follow a release without one, once.
pub async fn a_refund_may_follow_a_release(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold(1, 1, &caps(5), noon()).await;
    kit.hold(2, 1, &caps(5), noon()).await;
    kit.release(1, 1, false, noon()).await;
    kit.expect_used(1, 2).await;
    for _ in 0..2 {
        kit.release(1, 1, true, noon()).await;
        kit.expect_used(1, 1).await;
    }
}

/// **Idempotency**: unknown attempts are passed over, and those beside them are released.
pub async fn unknown_attempts_are_passed_over(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold(1, 1, &caps(5), noon()).await;
    kit.release(7, 1, true, noon()).await;
    kit.release_all(7, noon()).await;
    kit.expect_used(1, 1).await;
    let releases = [7, 1, 8].map(|attempt| Release { attempt, refund: true });
    let released = kit.capacity.release(kit.tenant, call_id(1), &releases, noon()).await;
    released.expect("an unknown attempt is no error");
    kit.expect_used(0, 0).await;
}

/// **Atomicity**: all attempts together, each with or without its refund.
pub async fn several_attempts_are_released_together(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for attempt in 1..=3 {
        kit.hold(1, attempt, &caps(9), noon()).await;
    }
    let releases = [Release { attempt: 1, refund: true }, Release { attempt: 3, refund: false }];
    let released = kit.capacity.release(kit.tenant, call_id(1), &releases, noon()).await;
    released.expect("the store answers");
    kit.expect_used(1, 2).await;
    let released = kit.capacity.release(kit.tenant, call_id(1), &[], noon()).await;
    released.expect("no attempt at all is no error");
    kit.expect_used(1, 2).await;
}

/// The places of every attempt of a call are given back, without refunds, and nobody else's.
pub async fn every_attempt_of_a_call_is_released(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for attempt in [1, 2, 20] {
        kit.hold(1, attempt, &caps(9), noon()).await;
    }
    kit.hold(2, 1, &caps(9), noon()).await;
    for _ in 0..2 {
        kit.release_all(1, noon()).await;
        kit.expect_used(1, 4).await;
    }
    kit.release(1, 2, true, noon()).await;
    kit.expect_used(1, 3).await;
}

/// What a reservation releases is free for its own claims, and stays free where it is refused.
pub async fn a_reservation_releases_first(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.hold(1, 1, &caps(1), noon()).await;
    let mut wanted = reservation(call_id(1), 2, [claim(1, caps(1))]);
    wanted.releases = vec![Release { attempt: 1, refund: true }];
    assert_is!(kit.reserve(wanted.clone(), noon()).await, Reserved::Held(_));
    kit.expect_used(1, 1).await;
    // Repeated, with the same answer and nothing more given back.
    assert_is!(kit.reserve(wanted, noon()).await, Reserved::Held(_));
    kit.expect_used(1, 1).await;
    let mut refused = reservation(call_id(1), 3, [claim(1, caps(0))]);
    refused.releases =
        vec![Release { attempt: 2, refund: true }, Release { attempt: 9, refund: true }];
    assert_is!(kit.reserve(refused, noon()).await, Reserved::Full { .. });
    kit.expect_used(0, 0).await;
}

/// A refund is for the windows that were running when the claim was granted, however late it comes.
pub async fn a_refund_is_for_the_windows_of_the_grant(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let before = instant("2026-11-30T23:59:59Z");
    let after = before + TimeDelta::seconds(1);
    let windows = [CapWindow::Hourly, CapWindow::Daily, CapWindow::Monthly];
    let caps = windows.map(|window| buyer_cap(1, window, 1));
    kit.hold(1, 1, &caps, before).await;
    kit.hold(2, 1, &caps, after).await;
    kit.release(1, 1, true, after).await;
    for cap in &caps {
        let used = (kit.used(cap, before).await, kit.used(cap, after).await);
        assert_eq!(used, (0, 1), "{:?}", cap.key.window);
    }
    assert!(!kit.takes(3, &caps, after).await, "the new windows are still full");
}
