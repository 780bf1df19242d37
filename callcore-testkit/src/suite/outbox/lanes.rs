//! Whom a claim takes deliveries of, and what waits for whom.

use std::collections::BTreeMap;

use callcore::port::{Due, Lane, Wanted};
use chrono::TimeDelta;

use super::claims::minute;
use super::wanted;
use crate::Harness;
use crate::fixtures::{delivery, delivery_id, invitation, noon, recall};
use crate::suite::kit::Kit;

fn numbers(claimed: &[Due]) -> Vec<u32> {
    let number = |due: &Due| (0..2_000).find(|n| delivery_id(*n) == due.delivery.id);
    claimed.iter().map(|due| number(due).expect("it is one of ours")).collect()
}

/// The carrier's acts and requests to tenants' addresses are claimed apart, however many of the others
/// wait.
pub async fn neither_lane_waits_for_the_other(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let requests = (10..40).map(delivery);
    kit.post_at(1, requests.chain([invitation(1), recall(2)]).collect(), noon()).await;
    let acts = wanted(Lane::Carrier, 9, 9);
    let claimed = kit.claim_of(&acts, minute(60), minute(1)).await;
    assert_eq!(numbers(&claimed), [1, 2]);
    assert_eq!(claimed[0].delivery, invitation(1));
    assert_eq!(kit.claim_of(&acts, minute(60), minute(1)).await, []);
    let requests = wanted(Lane::Tenants, 99, 99);
    let claimed = kit.claim_of(&requests, minute(60), minute(1)).await;
    assert_eq!(numbers(&claimed), (10..40).collect::<Vec<_>>());
}

/// A tenant that has no room left is passed over, and whoever waits behind it is not.
pub async fn a_tenant_without_room_is_passed_over(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let other = kit.as_tenant(2);
    kit.post_at(1, (100..400).map(delivery).collect(), minute(1)).await;
    other.post_at(2, vec![delivery(1), delivery(2)], minute(2)).await;
    let claim = wanted(Lane::Tenants, 50, 3);
    let claimed = kit.claim_of(&claim, minute(60), minute(3)).await;
    assert_eq!(numbers(&claimed), [100, 101, 102, 1, 2], "the longest waiting come first");
    let underway = BTreeMap::from([(kit.tenant, 3)]);
    let claim = Wanted { underway, ..claim };
    assert_eq!(kit.claim_of(&claim, minute(60), minute(3)).await, []);
    kit.as_tenant(3).post_at(3, vec![delivery(3)], minute(2)).await;
    let claimed = kit.claim_of(&claim, minute(60), minute(3)).await;
    assert_eq!(numbers(&claimed), [3]);
    let underway = BTreeMap::from([(kit.tenant, 1)]);
    let claimed = kit.claim_of(&Wanted { underway, ..claim }, minute(60), minute(3)).await;
    assert_eq!(numbers(&claimed), [103, 104]);
}

/// A claim takes no more than it wants, of whomever it is.
pub async fn a_claim_over_many_tenants_keeps_to_its_limit(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=9 {
        let deliveries = [2 * n, 2 * n + 1].map(delivery).to_vec();
        kit.as_tenant(n).post_at(n, deliveries, minute(n.into())).await;
    }
    let claim = wanted(Lane::Tenants, 4, 1);
    let claimed = kit.claim_of(&claim, minute(60), minute(10)).await;
    assert_eq!(numbers(&claimed), [2, 4, 6, 8]);
    let none = wanted(Lane::Tenants, 4, 0);
    assert_eq!(kit.claim_of(&none, minute(60), minute(10)).await, []);
}

/// Whoever claims a delivery is told how long ago it was written, however often it was tried.
pub async fn a_claim_tells_a_deliverys_age(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.post_at(1, vec![recall(1)], minute(1)).await;
    let claim = wanted(Lane::Carrier, 1, 1);
    for (attempt, at) in [(1, 1), (2, 3), (3, 90)] {
        let claimed = kit.claim_of(&claim, minute(at + 1), minute(at)).await;
        assert_eq!((claimed[0].attempt, claimed[0].age), (attempt, TimeDelta::minutes(at - 1)));
    }
}
