//! Flows and templates as configuration objects, and campaigns that name flows.

use callcore::model::{Campaign, FlowDefinition, Kind};
use callcore::port::{Holder, RegistryError};
use serde_json::json;

use crate::Harness;
use crate::fixtures::{
    buyer_id, campaign, campaign_id, draft, flow, flow_id, flow_naming, noon, router_id, template,
};
use crate::suite::kit::{Kit, assert_is, race};

fn holder(n: u32) -> Holder {
    Holder { kind: Kind::Campaign, id: campaign_id(n).uuid(), name: format!("Campaign {n}") }
}

fn naming(flow: u32, n: u32) -> Campaign {
    Campaign { flow_id: Some(flow_id(flow)), ..campaign(n) }
}

/// A draft loses nothing, whatever stands in it: unknown keys, nodes of no type, connections from
/// nowhere.
pub async fn a_draft_is_kept_as_it_was_written(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let document = json!({
        "name": "Half “done” & <new>; DROP TABLE flows; -- \u{1F4DE}",
        "nodes": [
            {"id": "", "type": "no such type", "config": null, "notes": ["a", {"b": [1, -2.5]}]},
            {"id": "x", "type": "action", "config": {"buyerId": "no id"}, "position": {"x": 0.25}},
        ],
        "connections": [{"source": 7, "extra": {}}, {}],
        "description": "line\nbreak\t“quote”\\",
        "unknown": {"null": null, "deep": [[[{"a": true}]]]},
    });
    let written: FlowDefinition = serde_json::from_value(document.clone()).expect("a flow");
    let objects = [(Kind::Flow, draft(written.clone())), (Kind::FlowTemplate, template(written))];
    for (kind, object) in objects {
        let created = kit.create(flow_id(1).uuid(), object).await;
        let read = kit.read(kind, created.id).await.expect("it was created");
        assert_eq!(read, created);
        let read: FlowDefinition = read.value.try_into().expect("a flow");
        assert_eq!(serde_json::to_value(read).expect("a document"), document);
    }
}

/// Drafts and templates are replaced at the version that was read, as every object is.
pub async fn a_draft_is_replaced_at_its_version(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let as_draft = kit.flow(1).await;
    let as_template = kit.create(flow_id(1).uuid(), template(flow(1))).await;
    for (row, make) in [(as_draft, draft as fn(_) -> _), (as_template, template)] {
        let replaced = kit.try_replace(&row, make(flow(2)), noon()).await;
        let replaced = replaced.expect("the version is right");
        assert_eq!((replaced.version, &replaced.value), (2, &make(flow(2))));
        let late = kit.try_replace(&row, make(flow(3)), noon()).await;
        assert_is!(late, Err(RegistryError::VersionConflict));
        assert_eq!(kit.read(replaced.value.kind(), row.id).await, Some(replaced));
    }
}

/// **Errors**: a campaign names only a flow that the tenant has; a template is none.
pub async fn a_campaign_names_only_a_flow_of_its_tenant(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.as_tenant(2).flow(2).await;
    kit.flow(3).await;
    kit.create(flow_id(4).uuid(), template(flow(4))).await;
    let id = campaign_id(1).uuid();
    for unknown in [1, 2, 4] {
        let refused = kit.try_create(id, naming(unknown, 1), noon()).await;
        assert_is!(
            refused,
            Err(RegistryError::UnknownReference { path, kind: Kind::Flow }) if path == "/flowId"
        );
    }
    assert_eq!(kit.read(Kind::Campaign, id).await, None);
    let created = kit.campaign_in(3, 1).await;
    let refused = kit.try_replace(&created, naming(2, 1), noon()).await;
    assert_is!(refused, Err(RegistryError::UnknownReference { path: _, kind: Kind::Flow }));
    assert_eq!(kit.read(Kind::Campaign, id).await, Some(created));
}

/// **Errors**: a flow that campaigns name is in use, published or not, and the error names every
/// campaign of the tenant.
pub async fn a_flow_that_a_campaign_names_cannot_be_deleted(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let other = kit.as_tenant(2);
    for tenant in [&kit, &other] {
        tenant.flow(1).await;
    }
    other.campaign_in(1, 3).await;
    let created = kit.read(Kind::Flow, flow_id(1).uuid()).await.expect("it was created");
    kit.publish(1, &created).await;
    kit.flow(2).await;
    let first = kit.campaign_in(1, 1).await;
    kit.campaign_in(1, 2).await;
    kit.campaign_in(2, 4).await;
    match kit.delete(Kind::Flow, created.id).await {
        Err(RegistryError::InUse(mut holders)) => {
            holders.sort_by_key(|holder| holder.name.clone());
            assert_eq!(holders, [holder(1), holder(2)]);
        }
        other => panic!("expected InUse, got {other:?}"),
    }
    kit.try_replace(&first, campaign(1), noon()).await.expect("the version is right");
    let refused = kit.delete(Kind::Flow, created.id).await;
    assert_is!(refused, Err(RegistryError::InUse(holders)) if holders == [holder(2)]);
    assert_eq!(kit.read(Kind::Flow, created.id).await, Some(created.clone()));
    kit.delete(Kind::Campaign, campaign_id(2).uuid()).await.expect("nothing holds a campaign");
    kit.delete(Kind::Flow, created.id).await.expect("only the other tenant's campaign holds it");
    assert_is!(other.delete(Kind::Flow, created.id).await, Err(RegistryError::InUse(_)));
}

/// A flow is never named by a campaign and deleted, also where both are tried at once.
pub async fn a_flow_is_never_both_named_and_deleted(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=8 {
        let (flow, campaign) = (flow_id(n).uuid(), campaign_id(n).uuid());
        kit.flow(n).await;
        race(2, |side| {
            let kit = kit.clone();
            async move {
                match side {
                    0 => drop(kit.try_create(campaign, naming(n, n), noon()).await),
                    _ => drop(kit.delete(Kind::Flow, flow).await),
                }
            }
        })
        .await;
        let named = kit.read(Kind::Campaign, campaign).await.is_some();
        let there = kit.read(Kind::Flow, flow).await.is_some();
        assert_eq!(named, there, "exactly one of the two goes through");
    }
}

/// What flows and templates name is not held by them: a call can find it missing at any time.
pub async fn a_flow_holds_nothing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.buyer(1).await;
    kit.router(1, &[]).await;
    let written = kit.create(flow_id(1).uuid(), draft(flow_naming(1, &[1], &[1]))).await;
    kit.publish(1, &written).await;
    kit.create(flow_id(2).uuid(), template(flow_naming(2, &[1], &[1]))).await;
    kit.delete(Kind::Buyer, buyer_id(1).uuid()).await.expect("a flow holds no buyer");
    kit.delete(Kind::Router, router_id(1).uuid()).await.expect("a flow holds no router");
    assert_eq!(kit.read(Kind::Flow, written.id).await, Some(written));
}
