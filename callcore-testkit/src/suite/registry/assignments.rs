//! Buyers in campaigns.

use callcore::model::Kind;
use callcore::port::RegistryError;
use chrono::TimeDelta;

use crate::Harness;
use crate::fixtures::{assignment, buyer_id, campaign_id, noon};
use crate::suite::kit::{Kit, assert_is};

/// **Idempotency**: the same assignment twice is one assignment, and its creation stays; another one
/// of the same buyer replaces it.
pub async fn an_assignment_twice_is_one(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let (campaign, buyer) = (campaign_id(1), buyer_id(1));
    kit.campaign(1).await;
    kit.buyer(1).await;
    for (minutes, weight) in [(0, 1), (1, 1), (2, 7)] {
        let now = noon() + TimeDelta::minutes(minutes);
        let row = kit.registry.assign(kit.tenant, campaign, buyer, assignment(weight), now).await;
        let row = row.expect("both are there");
        assert_eq!((row.id, row.created_at), (buyer.uuid(), noon()));
        assert_eq!(row.value, assignment(weight));
        let rows = kit.registry.assignments(kit.tenant, campaign).await;
        assert_eq!(rows.expect("the campaign is there"), [row]);
    }
}

/// **Errors**: an assignment wants a campaign and a buyer, and says which one is missing.
pub async fn an_assignment_wants_both_sides(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.buyer(1).await;
    assert_is!(kit.assign(1, 1).await, Err(RegistryError::NotFound(Kind::Campaign)));
    kit.campaign(1).await;
    assert_is!(kit.assign(1, 2).await, Err(RegistryError::NotFound(Kind::Buyer)));
    assert_eq!(kit.assigned(1).await, Vec::<uuid::Uuid>::new());
}

/// **Ordering**: assignments stand in the order of assignment; replacing one does not move it, and
/// assigning anew does.
pub async fn assignments_stand_in_their_order(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.campaign(1).await;
    kit.campaign(2).await;
    for n in [3, 1, 2] {
        kit.buyer(n).await;
        kit.assign(1, n).await.expect("both are there");
    }
    kit.assign(2, 1).await.expect("both are there");
    kit.assign(1, 3).await.expect("both are there");
    let order = |numbers: [u32; 3]| numbers.map(|n| buyer_id(n).uuid());
    assert_eq!(kit.assigned(1).await, order([3, 1, 2]));
    let unassigned = kit.registry.unassign(kit.tenant, campaign_id(1), buyer_id(3)).await;
    unassigned.expect("the buyer is assigned");
    kit.assign(1, 3).await.expect("both are there");
    assert_eq!(kit.assigned(1).await, order([1, 2, 3]));
    assert_eq!(kit.assigned(2).await, [buyer_id(1).uuid()]);
}

/// **Errors**: a buyer that is not assigned cannot be taken out.
pub async fn an_unassigned_buyer_is_not_found(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let unassign = || kit.registry.unassign(kit.tenant, campaign_id(1), buyer_id(1));
    assert_is!(unassign().await, Err(RegistryError::NotFound(_)));
    kit.campaign(1).await;
    kit.buyer(1).await;
    assert_is!(unassign().await, Err(RegistryError::NotFound(_)));
    kit.assign(1, 1).await.expect("both are there");
    unassign().await.expect("the buyer is assigned");
    assert_eq!(kit.assigned(1).await, Vec::<uuid::Uuid>::new());
    assert_is!(unassign().await, Err(RegistryError::NotFound(_)));
}

/// **Errors**: an unknown campaign has no assignments.
pub async fn an_unknown_campaign_has_no_assignments(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let rows = kit.registry.assignments(kit.tenant, campaign_id(1)).await;
    assert_is!(rows, Err(RegistryError::NotFound(Kind::Campaign)));
}
