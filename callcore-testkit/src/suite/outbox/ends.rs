//! What is noted of tries, and what is kept of deliveries that are over.

use callcore::call::Delivery;
use callcore::port::{DeliveryStatus, Lane, Settlement, Tried};
use chrono::TimeDelta;

use super::claims::{again, given_up, minute};
use super::wanted;
use crate::Harness;
use crate::fixtures::{delivery, invitation, noon, recall};
use crate::suite::kit::Kit;

/// **Atomicity**: many tries, of any tenants, are settled at once.
pub async fn many_tries_are_settled_at_once(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let other = kit.as_tenant(2);
    for n in [1, 2, 5] {
        kit.post(n).await;
    }
    for n in [3, 4] {
        other.post(n).await;
    }
    kit.claim(9, minute(10), minute(6)).await;
    let settled = [
        kit.settlement(1, 1, Tried::Delivered),
        other.settlement(3, 1, given_up()),
        kit.settlement(2, 1, again(minute(9))),
        kit.settlement(77, 1, Tried::Delivered),
        other.settlement(4, 1, Tried::Delivered),
    ];
    kit.outbox.settle(&settled, minute(7)).await.expect("the store answers");
    kit.outbox.settle(&[], minute(7)).await.expect("the store answers");
    let status = async |kit: &Kit, n| kit.delivery(n).await.status;
    assert_eq!(status(&kit, 1).await, DeliveryStatus::Delivered);
    assert_eq!(status(&kit, 2).await, DeliveryStatus::Waiting);
    assert_eq!(status(&other, 3).await, DeliveryStatus::GivenUp);
    assert_eq!(status(&other, 4).await, DeliveryStatus::Delivered);
    assert_eq!(status(&kit, 5).await, DeliveryStatus::Waiting);
    assert_eq!(kit.claim(9, minute(99), minute(9)).await, [kit.due(2, 2)]);
}

/// **Ordering**: only the newest try counts.
pub async fn an_earlier_try_settles_nothing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.post(1).await;
    kit.claim(1, minute(2), minute(1)).await;
    kit.claim(1, minute(10), minute(3)).await;
    let before = kit.delivery(1).await;
    for tried in [Tried::Delivered, given_up(), again(minute(3))] {
        kit.settle_try(1, 1, tried, minute(4)).await;
    }
    assert_eq!(kit.delivery(1).await, before);
    assert_eq!(kit.claim(1, minute(20), minute(9)).await, [], "it is still somebody's");
    kit.settle_try(1, 2, Tried::Delivered, minute(9)).await;
    assert_eq!(kit.delivery(1).await.status, DeliveryStatus::Delivered);
}

/// What callers entered is kept for no longer than it takes to send it.
pub async fn what_is_over_holds_nothing_of_the_caller(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let written = vec![delivery(1), delivery(2), delivery(3), invitation(4), recall(5)];
    kit.post_at(1, written.clone(), noon()).await;
    let mut claimed = Vec::new();
    for lane in [Lane::Tenants, Lane::Carrier] {
        claimed.extend(kit.claim_of(&wanted(lane, 9, 9), minute(60), noon()).await);
    }
    let tried = [Tried::Delivered, given_up(), again(minute(2)), given_up(), Tried::Delivered];
    let settled = claimed.into_iter().zip(tried);
    let settled: Vec<_> = settled.map(|(due, tried)| Settlement { due, tried }).collect();
    kit.outbox.settle(&settled, minute(1)).await.expect("the store answers");
    let found: Vec<_> = kit.deliveries(1).await.into_iter().map(|one| one.delivery).collect();
    let mut expected: Vec<_> = written.into_iter().map(Delivery::emptied).collect();
    assert_ne!(expected[0], delivery(1));
    expected[2] = delivery(3);
    assert_eq!(found, expected);
}

/// What is over is forgotten, the oldest first, and what waits never is.
pub async fn what_was_over_for_long_is_forgotten(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let other = kit.as_tenant(2);
    for n in [1, 3, 4, 5] {
        kit.post(n).await;
    }
    other.post(2).await;
    kit.claim(4, minute(90), minute(5)).await;
    kit.settle(1, given_up(), minute(12)).await;
    other.settle(2, Tried::Delivered, minute(11)).await;
    kit.settle(3, Tried::Delivered, minute(13)).await;
    let forget = async |before, most| {
        kit.outbox.forget(before, most, minute(99)).await.expect("the store answers")
    };
    assert_eq!(forget(minute(11), 9).await, 0);
    assert_eq!(forget(minute(13), 0).await, 0);
    assert_eq!(forget(minute(13), 1).await, 1);
    assert_eq!(other.deliveries(2).await, []);
    assert_eq!(kit.deliveries(1).await.len(), 1);
    assert_eq!(forget(minute(13), 9).await, 1);
    assert_eq!(kit.deliveries(1).await, []);
    assert_eq!(forget(minute(13) + TimeDelta::microseconds(1), 9).await, 1);
    assert_eq!(forget(minute(9_999), 9).await, 0);
    assert_eq!((kit.deliveries(4).await.len(), kit.deliveries(5).await.len()), (1, 1));
    let due = kit.claim(9, minute(200), minute(90)).await;
    assert_eq!(due, [kit.due(5, 1), kit.due(4, 2)]);
}
