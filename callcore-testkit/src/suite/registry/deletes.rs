//! Deleting, and what holds on to what.

use callcore::model::{CampaignStatus, Kind};
use callcore::port::{Holder, RegistryError};

use crate::Harness;
use crate::fixtures::{
    buyer_id, call, call_id, campaign_id, flow, flow_id, number_id, router_id, target_id, template,
};
use crate::suite::kit::{Kit, assert_is, race};

fn holder(n: u32) -> Holder {
    Holder { kind: Kind::Campaign, id: campaign_id(n).uuid(), name: format!("Campaign {n}") }
}

/// What was deleted is gone, and deleting it again finds nothing.
pub async fn a_deleted_object_is_gone(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.buyer(1).await;
    kit.number(1).await;
    kit.campaign(1).await;
    kit.target(1).await;
    kit.router(1, &[1]).await;
    kit.flow(1).await;
    kit.create(flow_id(1).uuid(), template(flow(1))).await;
    let ids = [
        (Kind::Flow, flow_id(1).uuid()),
        (Kind::FlowTemplate, flow_id(1).uuid()),
        (Kind::Router, router_id(1).uuid()),
        (Kind::Target, target_id(1).uuid()),
        (Kind::Buyer, buyer_id(1).uuid()),
        (Kind::Number, number_id(1).uuid()),
        (Kind::Campaign, campaign_id(1).uuid()),
    ];
    for (kind, id) in ids {
        kit.delete(kind, id).await.expect("nothing holds it");
        assert_eq!(kit.read(kind, id).await, None);
        assert_is!(kit.delete(kind, id).await, Err(RegistryError::NotFound(found)) if found == kind);
    }
}

/// **Errors**: a buyer that is assigned is in use, and the error names every campaign.
pub async fn a_buyer_that_is_assigned_cannot_be_deleted(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let buyer = kit.buyer(1).await;
    for n in [1, 2] {
        kit.campaign(n).await;
        kit.assign(n, 1).await.expect("both are there");
    }
    kit.campaign(3).await;
    match kit.delete(Kind::Buyer, buyer.id).await {
        Err(RegistryError::InUse(mut holders)) => {
            holders.sort_by_key(|holder| holder.name.clone());
            assert_eq!(holders, [holder(1), holder(2)]);
        }
        other => panic!("expected InUse, got {other:?}"),
    }
    assert!(kit.read(Kind::Buyer, buyer.id).await.is_some());
    for n in [1, 2] {
        let unassigned = kit.registry.unassign(kit.tenant, campaign_id(n), buyer_id(1)).await;
        unassigned.expect("the buyer is assigned");
    }
    kit.delete(Kind::Buyer, buyer.id).await.expect("nothing holds it any more");
}

/// **Errors**: a number that a campaign names is in use, whatever the campaign's status.
pub async fn a_number_that_a_campaign_names_cannot_be_deleted(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let number = kit.number(1).await;
    kit.campaign_on(1, 1, CampaignStatus::Completed).await;
    let refused = kit.delete(Kind::Number, number.id).await;
    assert_is!(refused, Err(RegistryError::InUse(holders)) if holders == [holder(1)]);
    assert!(kit.read(Kind::Number, number.id).await.is_some());
    kit.delete(Kind::Campaign, campaign_id(1).uuid()).await.expect("nothing holds a campaign");
    kit.delete(Kind::Number, number.id).await.expect("nothing holds it any more");
}

/// A campaign's assignments go with it: its buyers are free, and a campaign that is created under the
/// same id has none.
pub async fn a_campaigns_assignments_go_with_it(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.campaign(1).await;
    kit.buyer(1).await;
    kit.assign(1, 1).await.expect("both are there");
    kit.delete(Kind::Campaign, campaign_id(1).uuid()).await.expect("nothing holds a campaign");
    let assignments = kit.registry.assignments(kit.tenant, campaign_id(1)).await;
    assert_is!(assignments, Err(RegistryError::NotFound(Kind::Campaign)));
    kit.delete(Kind::Buyer, buyer_id(1).uuid()).await.expect("nothing holds the buyer any more");
    kit.campaign(1).await;
    assert_eq!(kit.assigned(1).await, Vec::<uuid::Uuid>::new());
}

/// **Atomicity**: calls stay when their campaign goes.
pub async fn calls_outlive_their_campaign(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.campaign(1).await;
    let call = call(kit.tenant, 1);
    kit.save_new(call.clone()).await;
    kit.delete(Kind::Campaign, campaign_id(1).uuid()).await.expect("nothing holds a campaign");
    let journey = kit.calls.read(kit.tenant, call_id(1)).await.expect("the store answers");
    assert_eq!(journey.map(|journey| journey.call), Some(call));
}

/// A buyer is never assigned and deleted, also where both are tried at once.
pub async fn a_buyer_is_never_both_assigned_and_deleted(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.campaign(1).await;
    for n in 1..=8 {
        kit.buyer(n).await;
        race(2, |side| {
            let kit = kit.clone();
            async move {
                match side {
                    0 => drop(kit.assign(1, n).await),
                    _ => drop(kit.delete(Kind::Buyer, buyer_id(n).uuid()).await),
                }
            }
        })
        .await;
        let assigned = kit.assigned(1).await.contains(&buyer_id(n).uuid());
        let there = kit.read(Kind::Buyer, buyer_id(n).uuid()).await.is_some();
        assert_eq!(assigned, there, "exactly one of the two goes through");
    }
    let source =
        kit.directory.source(kit.tenant, campaign_id(1), None).await.expect("the store answers");
    let buyers = source.expect("the campaign is there").buyers.len();
    assert_eq!(buyers, kit.assigned(1).await.len());
}
