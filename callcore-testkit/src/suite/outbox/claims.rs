//! Claiming deliveries and settling them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use callcore::port::{DeliveryStatus, Due, Settlement, Tried};
use chrono::{DateTime, TimeDelta, Utc};

use crate::Harness;
use crate::fixtures::{call_id, delivery, delivery_id, instant, noon};
use crate::suite::kit::{Kit, race};

pub(super) fn minute(n: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(n)
}

pub(super) fn again(at: DateTime<Utc>) -> Tried {
    Tried::Again { at, reason: "503, “later”".into() }
}

pub(super) fn given_up() -> Tried {
    Tried::GivenUp { reason: "404 <gone>".into() }
}

impl Kit {
    /// Saves call `n` with delivery `n`, written `n` minutes after noon.
    pub(super) async fn post(&self, n: u32) {
        self.post_at(n, vec![delivery(n)], minute(n.into())).await;
    }

    pub(super) fn due(&self, n: u32, attempt: u32) -> Due {
        let (call, age) = (call_id(n), TimeDelta::zero());
        Due { tenant: self.tenant, call, delivery: delivery(n), attempt, age }
    }
}

/// Deliveries of any tenant are claimed, the longest waiting first, and no more than are wanted.
pub async fn a_claim_takes_the_longest_waiting_first(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let other = kit.as_tenant(2);
    for (kit, n) in [(&kit, 3), (&other, 1), (&kit, 5), (&other, 4), (&kit, 2)] {
        kit.post(n).await;
    }
    let (until, now) = (minute(60), minute(10));
    assert_eq!(kit.claim(0, until, now).await, []);
    assert_eq!(kit.claim(2, until, now).await, [other.due(1, 1), kit.due(2, 1)]);
    assert_eq!(other.claim(2, until, now).await, [kit.due(3, 1), other.due(4, 1)]);
    assert_eq!(kit.claim(2, until, now).await, [kit.due(5, 1)]);
    assert_eq!(kit.claim(2, until, now).await, []);
}

/// What one save wrote is claimed in the order of writing.
pub async fn the_deliveries_of_a_step_are_claimed_in_their_order(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let written: Vec<_> = [4, 1, 3, 2].map(delivery).into();
    kit.post_at(1, written.clone(), noon()).await;
    let first = kit.claim(3, minute(60), noon()).await;
    let second = kit.claim(3, minute(60), noon()).await;
    let claimed: Vec<_> = first.into_iter().chain(second).map(|due| due.delivery).collect();
    assert_eq!(claimed, written);
}

/// Nobody else gets a claimed delivery before `until`; an unsettled one is due again then.
pub async fn a_claim_lasts_until_its_time_is_over(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.post(1).await;
    let until = minute(10);
    assert_eq!(kit.claim(9, until, minute(1)).await, [kit.due(1, 1)]);
    let almost = until - TimeDelta::microseconds(1);
    assert_eq!(kit.claim(9, minute(99), almost).await, []);
    assert_eq!(kit.claim(9, minute(20), until).await, [kit.due(1, 2)]);
    assert_eq!(kit.claim(9, minute(99), minute(19)).await, []);
    assert_eq!(kit.claim(9, minute(30), minute(21)).await, [kit.due(1, 3)]);
    let record = kit.delivery(1).await;
    assert_eq!((record.status, record.attempts), (DeliveryStatus::Waiting, 3));
    assert_eq!((record.created_at, record.updated_at), (minute(1), minute(21)));
}

/// What arrived or was given up is never due again.
pub async fn a_settled_delivery_is_not_due_again(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in [1, 2, 3] {
        kit.post(n).await;
    }
    kit.claim(9, minute(10), minute(5)).await;
    kit.settle(1, Tried::Delivered, minute(6)).await;
    kit.settle(2, given_up(), minute(7)).await;
    assert_eq!(kit.claim(9, minute(999), minute(99)).await, [kit.due(3, 2)]);
    let arrived = kit.delivery(1).await;
    assert_eq!((arrived.status, arrived.attempts), (DeliveryStatus::Delivered, 1));
    assert_eq!((arrived.reason, arrived.updated_at), (None, minute(6)));
    let failed = kit.delivery(2).await;
    assert_eq!((failed.status, failed.attempts), (DeliveryStatus::GivenUp, 1));
    assert_eq!((failed.reason.as_deref(), failed.updated_at), (Some("404 <gone>"), minute(7)));
    assert_eq!(failed.created_at, minute(2));
}

/// What failed is due again when that was told, be it before the claim's time is over or after.
pub async fn a_failed_delivery_is_due_again_when_it_was_told(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.post(1).await;
    kit.post(2).await;
    kit.claim(9, minute(10), minute(5)).await;
    kit.settle(1, again(minute(7)), minute(6)).await;
    kit.settle(2, again(minute(20)), minute(6)).await;
    let record = kit.delivery(1).await;
    assert_eq!((record.status, record.attempts), (DeliveryStatus::Waiting, 1));
    assert_eq!((record.reason.as_deref(), record.updated_at), (Some("503, “later”"), minute(6)));
    let almost = minute(7) - TimeDelta::microseconds(1);
    assert_eq!(kit.claim(9, minute(30), almost).await, []);
    assert_eq!(kit.claim(9, minute(30), minute(7)).await, [kit.due(1, 2)]);
    assert_eq!(kit.claim(9, minute(30), minute(19)).await, []);
    assert_eq!(kit.claim(9, minute(30), minute(20)).await, [kit.due(2, 2)]);
    kit.settle_try(1, 2, Tried::Delivered, minute(21)).await;
    let record = kit.delivery(1).await;
    assert_eq!((record.status, record.attempts), (DeliveryStatus::Delivered, 2));
    assert_eq!(record.reason, None, "the last try did not fail");
}

/// Whoever failed first and is due again later has waited less long.
pub async fn what_is_due_again_waits_from_then_on(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.post(1).await;
    kit.claim(9, minute(90), minute(1)).await;
    kit.settle(1, again(minute(5)), minute(2)).await;
    kit.post(4).await;
    kit.post(6).await;
    let claimed = kit.claim(9, minute(90), minute(8)).await;
    assert_eq!(claimed, [kit.due(4, 1), kit.due(1, 2), kit.due(6, 1)]);
}

/// **Idempotency**: settling a delivery that is delivered or given up changes nothing.
pub async fn settling_what_is_over_changes_nothing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.post(1).await;
    kit.post(2).await;
    kit.claim(9, minute(10), minute(5)).await;
    kit.settle(1, Tried::Delivered, minute(6)).await;
    kit.settle(2, given_up(), minute(6)).await;
    let before = (kit.delivery(1).await, kit.delivery(2).await);
    for tried in [Tried::Delivered, given_up(), again(minute(8))] {
        kit.settle(1, tried.clone(), minute(7)).await;
        kit.settle(2, tried, minute(7)).await;
    }
    assert_eq!((kit.delivery(1).await, kit.delivery(2).await), before);
    assert_eq!(kit.claim(9, minute(999), minute(99)).await, []);
}

/// **Errors**: an unknown delivery is not an error, and becomes none.
pub async fn an_unknown_delivery_is_settled_without_error(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for tried in [Tried::Delivered, given_up(), again(noon())] {
        kit.settle(1, tried, noon()).await;
    }
    assert_eq!(kit.claim(9, minute(9), minute(1)).await, []);
    assert_eq!(kit.deliveries(1).await, Vec::new());
}

/// Instants are kept to the microsecond.
pub async fn a_deliverys_instants_are_kept_to_the_microsecond(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let (exact, kept) = ("2026-11-22T12:00:00.123456789Z", "2026-11-22T12:00:00.123456Z");
    let (exact, kept) = (instant(exact), instant(kept));
    kit.post_at(1, vec![delivery(1)], exact).await;
    let record = kit.delivery(1).await;
    assert_eq!((record.created_at, record.updated_at), (kept, kept));
    let later = TimeDelta::minutes(1);
    assert_eq!(kit.claim(1, exact + later, kept).await.len(), 1);
    assert_eq!(kit.claim(1, exact + later * 2, kept + later).await.len(), 1);
    kit.settle_try(1, 2, again(exact + later * 3), exact + later).await;
    assert_eq!(kit.delivery(1).await.updated_at, kept + later);
    assert_eq!(kit.claim(1, minute(9), kept + later * 3).await.len(), 1);
}

/// **Ordering**: a claim sees every acknowledged save.
pub async fn a_claim_sees_every_acknowledged_save(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=20 {
        kit.post(n).await;
        assert_eq!(kit.claim(9, minute(999), minute(50)).await, [kit.due(n, 1)]);
    }
}

/// **Atomicity**: of several claims at once each delivery goes to one.
pub async fn of_several_claims_each_delivery_goes_to_one(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=10 {
        let deliveries = (0..6).map(|place| delivery(n * 6 + place)).collect();
        kit.as_tenant(n % 3).post_at(n, deliveries, noon()).await;
    }
    for round in 0..3 {
        let claimed = race(16, |_| {
            let kit = kit.clone();
            let (until, now) = (minute(10 * (round + 1)), minute(10 * round));
            async move {
                let mut mine = Vec::new();
                loop {
                    let due = kit.claim(7, until, now).await;
                    assert!(due.len() <= 7, "a claim keeps to its limit");
                    if due.is_empty() {
                        return mine;
                    }
                    mine.extend(due);
                    assert!(mine.len() <= 60, "no delivery is claimed twice");
                }
            }
        });
        let claimed: Vec<_> = claimed.await.into_iter().flatten().collect();
        let attempts = claimed.iter().map(|due| i64::from(due.attempt));
        assert_eq!(attempts.clone().min(), Some(round + 1), "each round is a try of all");
        assert_eq!(attempts.max(), Some(round + 1));
        let mut ids: Vec<_> = claimed.iter().map(|due| due.delivery.id).collect();
        ids.sort_unstable();
        let mut expected: Vec<_> = (6..66).map(delivery_id).collect();
        expected.sort_unstable();
        assert_eq!(ids, expected, "each goes to one");
    }
}

/// **Atomicity**: while saves, claims and settlements go on at once, each delivery arrives once.
pub async fn claims_among_saves_lose_nothing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    const CALLS: u32 = 48;
    let posted = Arc::new(AtomicU32::new(0));
    race(8, |n| {
        let (kit, posted) = (kit.clone(), Arc::clone(&posted));
        async move {
            if n < 4 {
                for place in 0..CALLS / 4 {
                    kit.post(n * (CALLS / 4) + place).await;
                    posted.fetch_add(1, Ordering::SeqCst);
                }
                return;
            }
            loop {
                let all_posted = posted.load(Ordering::SeqCst) == CALLS;
                let claimed = kit.claim(3, minute(999), minute(99)).await;
                if all_posted && claimed.is_empty() {
                    return;
                }
                for due in claimed {
                    assert_eq!(due.attempt, 1, "it goes to one");
                    let settled = Settlement { due, tried: Tried::Delivered };
                    let settled = kit.outbox.settle(&[settled], minute(99)).await;
                    settled.expect("the store answers");
                }
                tokio::task::yield_now().await;
            }
        }
    })
    .await;
    for n in 0..CALLS {
        let record = kit.delivery(n).await;
        assert_eq!((record.status, record.attempts), (DeliveryStatus::Delivered, 1));
    }
    assert_eq!(kit.claim(9, minute(9_999), minute(1_999)).await, []);
}
