//! Targets in campaigns.

use callcore::model::{Caps, Kind, TargetAssignment};
use callcore::port::RegistryError;
use callcore::vocabulary::{BuyerId, Currency, Money};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::Harness;
use crate::fixtures::{
    assignment, buyer, campaign_id, modifier, noon, target_assignment, target_id,
};
use crate::suite::kit::{Kit, assert_is, race};

/// **Idempotency**: the same assignment twice is one assignment, and its creation stays; another one
/// of the same target replaces it. Every field of it is kept.
pub async fn a_target_assignment_twice_is_one(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let (campaign, target) = (campaign_id(1), target_id(1));
    kit.campaign(1).await;
    kit.target(1).await;
    let money =
        |text: &str| Money { amount: text.parse().expect("an amount"), currency: Currency::USD };
    let full = TargetAssignment {
        priority: Some(2),
        weight: Some(7),
        min_bid: Some(money("1.50")),
        max_bid: Some(money("99")),
        caps: Some(Caps { daily: Some(3), ..Caps::default() }),
        modifiers: vec![modifier(Some("CA"))],
    };
    let values = [target_assignment(1), target_assignment(1), full];
    for (minutes, value) in (0..).zip(values) {
        let now = noon() + TimeDelta::minutes(minutes);
        let row =
            kit.registry.assign_target(kit.tenant, campaign, target, value.clone(), now).await;
        let row = row.expect("both are there");
        assert_eq!((row.id, row.created_at), (target.uuid(), noon()));
        assert_eq!(row.value, value);
        let rows = kit.registry.target_assignments(kit.tenant, campaign).await;
        assert_eq!(rows.expect("the campaign is there"), [row]);
    }
}

/// **Errors**: an assignment wants a campaign and a target, and says which one is missing.
pub async fn a_target_assignment_wants_both_sides(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.target(1).await;
    assert_is!(kit.assign_target(1, 1).await, Err(RegistryError::NotFound(Kind::Campaign)));
    kit.campaign(1).await;
    let revision = kit.revision();
    assert_is!(kit.assign_target(1, 2).await, Err(RegistryError::NotFound(Kind::Target)));
    assert_eq!(kit.assigned_targets(1).await, Vec::<Uuid>::new());
    assert_eq!(kit.revision(), revision, "nothing changed");
}

/// **Ordering**: target assignments stand in the order of assignment; replacing one does not move it,
/// and assigning anew does.
pub async fn target_assignments_stand_in_their_order(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.campaign(1).await;
    kit.campaign(2).await;
    for n in [3, 1, 2] {
        kit.target(n).await;
        kit.assign_target(1, n).await.expect("both are there");
    }
    kit.assign_target(2, 1).await.expect("both are there");
    kit.assign_target(1, 3).await.expect("both are there");
    let order = |numbers: [u32; 3]| numbers.map(|n| target_id(n).uuid());
    assert_eq!(kit.assigned_targets(1).await, order([3, 1, 2]));
    kit.unassign_target(1, 3).await.expect("the target is assigned");
    kit.assign_target(1, 3).await.expect("both are there");
    assert_eq!(kit.assigned_targets(1).await, order([1, 2, 3]));
    assert_eq!(kit.assigned_targets(2).await, [target_id(1).uuid()]);
}

/// **Errors**: a target that is not assigned cannot be taken out.
pub async fn an_unassigned_target_is_not_found(harness: &impl Harness) {
    let kit = Kit::of(harness);
    assert_is!(kit.unassign_target(1, 1).await, Err(RegistryError::NotFound(_)));
    kit.campaign(1).await;
    kit.target(1).await;
    assert_is!(kit.unassign_target(1, 1).await, Err(RegistryError::NotFound(_)));
    kit.assign_target(1, 1).await.expect("both are there");
    kit.unassign_target(1, 1).await.expect("the target is assigned");
    assert_eq!(kit.assigned_targets(1).await, Vec::<Uuid>::new());
    assert_is!(kit.unassign_target(1, 1).await, Err(RegistryError::NotFound(_)));
}

/// **Errors**: an unknown campaign has no target assignments.
pub async fn an_unknown_campaign_has_no_target_assignments(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let rows = kit.registry.target_assignments(kit.tenant, campaign_id(1)).await;
    assert_is!(rows, Err(RegistryError::NotFound(Kind::Campaign)));
}

/// Buyers and targets are assigned apart, also where a buyer has a target's id.
pub async fn buyers_and_targets_are_assigned_apart(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let (campaign, twin) = (campaign_id(1), BuyerId::from_uuid(target_id(1).uuid()));
    kit.campaign(1).await;
    kit.target(1).await;
    kit.create(twin.uuid(), buyer(1)).await;
    kit.assign_target(1, 1).await.expect("both are there");
    assert_eq!(kit.assigned(1).await, Vec::<Uuid>::new());
    let unassigned = kit.registry.unassign(kit.tenant, campaign, twin).await;
    assert_is!(unassigned, Err(RegistryError::NotFound(_)));
    kit.registry
        .assign(kit.tenant, campaign, twin, assignment(1), noon())
        .await
        .expect("both are there");
    kit.unassign_target(1, 1).await.expect("the target is assigned");
    assert_eq!(kit.assigned(1).await, [twin.uuid()]);
    assert_eq!(kit.assigned_targets(1).await, Vec::<Uuid>::new());
}

/// A campaign's target assignments go with it: its targets are free, and a campaign that is created
/// under the same id has none.
pub async fn a_campaigns_target_assignments_go_with_it(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.campaign(1).await;
    kit.target(1).await;
    kit.assign_target(1, 1).await.expect("both are there");
    kit.delete(Kind::Campaign, campaign_id(1).uuid()).await.expect("nothing holds a campaign");
    kit.delete(Kind::Target, target_id(1).uuid()).await.expect("nothing holds the target any more");
    kit.campaign(1).await;
    assert_eq!(kit.assigned_targets(1).await, Vec::<Uuid>::new());
}

/// Another tenant's campaigns and targets are absent to every act of assignment.
pub async fn another_tenants_targets_cannot_be_assigned(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.campaign(1).await;
    kit.target(1).await;
    kit.assign_target(1, 1).await.expect("both are there");
    let revision = kit.revision();
    let other = kit.as_tenant(2);
    assert_is!(other.assign_target(1, 1).await, Err(RegistryError::NotFound(Kind::Campaign)));
    assert_is!(other.unassign_target(1, 1).await, Err(RegistryError::NotFound(_)));
    let listed = other.registry.target_assignments(other.tenant, campaign_id(1)).await;
    assert_is!(listed, Err(RegistryError::NotFound(Kind::Campaign)));
    other.campaign(2).await;
    assert_is!(other.assign_target(2, 1).await, Err(RegistryError::NotFound(Kind::Target)));
    other.target(2).await;
    assert_is!(kit.assign_target(1, 2).await, Err(RegistryError::NotFound(Kind::Target)));
    assert_eq!(kit.assigned_targets(1).await, [target_id(1).uuid()]);
    assert_eq!(kit.revision(), revision);
}

/// **Atomicity**: of several that assign one target at once all succeed, and it is one assignment;
/// of several targets each has its place.
pub async fn targets_that_are_assigned_at_once_are_assigned_once(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.campaign(1).await;
    for n in 0..4 {
        kit.target(n).await;
    }
    let assigned = race(16, |n| {
        let kit = kit.clone();
        async move { kit.assign_target(1, n % 4).await }
    });
    for outcome in assigned.await {
        outcome.expect("both are there");
    }
    let mut found = kit.assigned_targets(1).await;
    found.sort_unstable();
    assert_eq!(found, [0, 1, 2, 3].map(|n| target_id(n).uuid()));
}
