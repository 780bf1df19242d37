//! Routers: which targets they name, which campaigns name them, and what that holds.

use callcore::model::{Campaign, Kind};
use callcore::port::{Holder, RegistryError};
use uuid::Uuid;

use crate::Harness;
use crate::fixtures::{campaign, campaign_id, noon, router, router_id, target, target_id};
use crate::suite::kit::{Kit, assert_is, race};

fn campaign_holder(n: u32) -> Holder {
    Holder { kind: Kind::Campaign, id: campaign_id(n).uuid(), name: format!("Campaign {n}") }
}

fn router_holder(n: u32) -> Holder {
    Holder { kind: Kind::Router, id: router_id(n).uuid(), name: format!("Router {n}") }
}

fn naming(router: u32, n: u32) -> Campaign {
    Campaign { rtb_router_id: Some(router_id(router)), ..campaign(n) }
}

/// Who holds on to what cannot be deleted, by their names.
fn holders(refused: Result<(), RegistryError>) -> Vec<Holder> {
    match refused {
        Err(RegistryError::InUse(mut holders)) => {
            holders.sort_by_key(|holder| holder.name.clone());
            holders
        }
        other => panic!("expected InUse, got {other:?}"),
    }
}

/// **Errors**: a router names only targets that the tenant has; the error points at the first that
/// is missing.
pub async fn a_router_names_only_targets_of_its_tenant(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.target(1).await;
    kit.as_tenant(2).target(2).await;
    let id = router_id(1).uuid();
    for (named, place) in [(vec![2], 0), (vec![1, 2, 3], 1), (vec![1, 3], 1)] {
        let refused = kit.try_create(id, router(1, named), noon()).await;
        let expected = format!("/assignments/{place}/targetId");
        assert_is!(
            refused,
            Err(RegistryError::UnknownReference { path, kind: Kind::Target }) if path == expected
        );
    }
    assert_eq!(kit.read(Kind::Router, id).await, None);
    let created = kit.router(1, &[1]).await;
    let refused = kit.try_replace(&created, router(1, [1, 3]), noon()).await;
    assert_is!(
        refused,
        Err(RegistryError::UnknownReference { path, kind: Kind::Target })
            if path == "/assignments/1/targetId"
    );
    assert_eq!(kit.read(Kind::Router, id).await, Some(created));
    // A router may be empty.
    kit.router(2, &[]).await;
}

/// **Errors**: a campaign names only a router that the tenant has.
pub async fn a_campaign_names_only_a_router_of_its_tenant(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.as_tenant(2).router(2, &[]).await;
    kit.router(3, &[]).await;
    let id = campaign_id(1).uuid();
    for unknown in [1, 2] {
        let refused = kit.try_create(id, naming(unknown, 1), noon()).await;
        assert_is!(
            refused,
            Err(RegistryError::UnknownReference { path, kind: Kind::Router })
                if path == "/rtbRouterId"
        );
    }
    assert_eq!(kit.read(Kind::Campaign, id).await, None);
    let created = kit.campaign_with(3, 1).await;
    let refused = kit.try_replace(&created, naming(2, 1), noon()).await;
    assert_is!(refused, Err(RegistryError::UnknownReference { path: _, kind: Kind::Router }));
    assert_eq!(kit.read(Kind::Campaign, id).await, Some(created));
}

/// **Errors**: a target that is assigned or that a router names is in use, and the error names every
/// campaign and every router.
pub async fn a_target_in_use_cannot_be_deleted(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let created = kit.target(1).await;
    kit.target(2).await;
    let naming = kit.router(1, &[2, 1]).await;
    kit.router(2, &[2]).await;
    kit.router(3, &[1]).await;
    for n in [1, 2] {
        kit.campaign(n).await;
        kit.assign_target(n, 1).await.expect("both are there");
    }
    kit.campaign_with(1, 3).await;
    let expected = [campaign_holder(1), campaign_holder(2), router_holder(1), router_holder(3)];
    assert_eq!(holders(kit.delete(Kind::Target, created.id).await), expected);
    for n in [1, 2] {
        kit.unassign_target(n, 1).await.expect("the target is assigned");
    }
    let routers = [router_holder(1), router_holder(3)];
    assert_eq!(holders(kit.delete(Kind::Target, created.id).await), routers);
    kit.try_replace(&naming, router(1, [2]), noon()).await.expect("the version is right");
    assert_eq!(holders(kit.delete(Kind::Target, created.id).await), [router_holder(3)]);
    assert_eq!(kit.read(Kind::Target, created.id).await, Some(created.clone()));
    kit.delete(Kind::Router, router_id(3).uuid()).await.expect("nothing holds it");
    kit.delete(Kind::Target, created.id).await.expect("nothing holds it any more");
}

/// **Errors**: a router that campaigns name is in use, and the error names every campaign.
pub async fn a_router_that_a_campaign_names_cannot_be_deleted(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let created = kit.router(1, &[]).await;
    kit.router(2, &[]).await;
    let first = kit.campaign_with(1, 1).await;
    kit.campaign_with(1, 2).await;
    kit.campaign_with(2, 3).await;
    kit.campaign(4).await;
    let expected = [campaign_holder(1), campaign_holder(2)];
    assert_eq!(holders(kit.delete(Kind::Router, created.id).await), expected);
    kit.try_replace(&first, campaign(1), noon()).await.expect("the version is right");
    assert_eq!(holders(kit.delete(Kind::Router, created.id).await), [campaign_holder(2)]);
    assert_eq!(kit.read(Kind::Router, created.id).await, Some(created.clone()));
    kit.delete(Kind::Campaign, campaign_id(2).uuid()).await.expect("nothing holds a campaign");
    kit.delete(Kind::Router, created.id).await.expect("nothing holds it any more");
}

/// What names a target or a router holds it for its own tenant only.
pub async fn another_tenants_objects_hold_nothing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let other = kit.as_tenant(2);
    for tenant in [&kit, &other] {
        tenant.target(1).await;
        tenant.router(1, &[1]).await;
        tenant.campaign_with(1, 1).await;
        tenant.assign_target(1, 1).await.expect("both are there");
    }
    kit.delete(Kind::Campaign, campaign_id(1).uuid()).await.expect("nothing holds a campaign");
    kit.delete(Kind::Router, router_id(1).uuid()).await.expect("only the other tenant's holds it");
    kit.delete(Kind::Target, target_id(1).uuid()).await.expect("only the other tenant's hold it");
    let expected = [campaign_holder(1), router_holder(1)];
    assert_eq!(holders(other.delete(Kind::Target, target_id(1).uuid()).await), expected);
}

/// A target is never named by a router and deleted, also where both are tried at once.
pub async fn a_target_is_never_both_named_and_deleted(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=8 {
        let (target, named) = (target_id(n).uuid(), router_id(n).uuid());
        kit.target(n).await;
        race(2, |side| {
            let kit = kit.clone();
            async move {
                match side {
                    0 => drop(kit.try_create(named, router(n, [n]), noon()).await),
                    _ => drop(kit.delete(Kind::Target, target).await),
                }
            }
        })
        .await;
        let named = kit.read(Kind::Router, named).await.is_some();
        let there = kit.read(Kind::Target, target).await.is_some();
        assert_eq!(named, there, "exactly one of the two goes through");
    }
}

/// A target is never assigned and deleted, also where both are tried at once.
pub async fn a_target_is_never_both_assigned_and_deleted(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.campaign(1).await;
    for n in 1..=8 {
        let id = target_id(n).uuid();
        kit.target(n).await;
        race(2, |side| {
            let kit = kit.clone();
            async move {
                match side {
                    0 => drop(kit.assign_target(1, n).await),
                    _ => drop(kit.delete(Kind::Target, id).await),
                }
            }
        })
        .await;
        let assigned = kit.assigned_targets(1).await.contains(&id);
        let there = kit.read(Kind::Target, id).await.is_some();
        assert_eq!(assigned, there, "exactly one of the two goes through");
    }
}

/// A router is never named by a campaign and deleted, also where both are tried at once.
pub async fn a_router_is_never_both_named_and_deleted(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=8 {
        let (router, campaign) = (router_id(n).uuid(), campaign_id(n).uuid());
        kit.router(n, &[]).await;
        race(2, |side| {
            let kit = kit.clone();
            async move {
                match side {
                    0 => drop(kit.try_create(campaign, naming(n, n), noon()).await),
                    _ => drop(kit.delete(Kind::Router, router).await),
                }
            }
        })
        .await;
        let named = kit.read(Kind::Campaign, campaign).await.is_some();
        let there = kit.read(Kind::Router, router).await.is_some();
        assert_eq!(named, there, "exactly one of the two goes through");
    }
}

/// Objects of different kinds are kept apart, also under one id.
pub async fn an_id_may_be_of_several_kinds(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let id: Uuid = target_id(1).uuid();
    let as_target = kit.create(id, target(1)).await;
    let as_router = kit.create(id, router(1, [1])).await;
    assert_eq!(kit.read(Kind::Target, id).await, Some(as_target.clone()));
    assert_eq!(kit.read(Kind::Router, id).await, Some(as_router.clone()));
    assert_eq!(kit.read(Kind::Buyer, id).await, None);
    kit.delete(Kind::Router, id).await.expect("nothing holds it");
    assert_eq!(kit.read(Kind::Target, id).await, Some(as_target));
}
