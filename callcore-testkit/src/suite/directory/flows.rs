//! The flow of a source.

use callcore::model::{Buyer, Campaign, FlowDefinition, Kind, Object, Stored};
use callcore::port::{FlowSource, PinnedFlow, Source};
use uuid::Uuid;

use crate::Harness;
use crate::fixtures::{
    buyer, buyer_id, campaign, campaign_id, draft, flow, flow_id, flow_naming, noon, pinned,
    router_id, target_id,
};
use crate::suite::kit::Kit;

impl Kit {
    async fn source_pinned(&self, campaign: u32, flow: Option<PinnedFlow>) -> Source {
        let source = self.directory.source(self.tenant, campaign_id(campaign), flow).await;
        source.expect("the store answers").expect("the campaign is there")
    }

    /// The flow of a campaign's source, where a call is pinned to this one.
    async fn flow_source(&self, campaign: u32, flow: Option<PinnedFlow>) -> Option<FlowSource> {
        self.source_pinned(campaign, flow).await.flow
    }

    /// Publishes another document of a flow.
    async fn republish(
        &self,
        n: u32,
        before: &Stored<Object>,
        flow: FlowDefinition,
    ) -> Stored<Object> {
        let row =
            self.try_replace(before, draft(flow), noon()).await.expect("the version is right");
        self.publish(n, &row).await;
        row
    }
}

fn ids<T>(rows: &[Stored<T>]) -> Vec<Uuid> {
    rows.iter().map(|row| row.id).collect()
}

/// Without a version that is asked for, a source has the newest published version of the flow that
/// the campaign names.
pub async fn a_source_has_the_newest_published_flow(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    kit.campaign_in(1, 1).await;
    kit.campaign(2).await;
    assert_eq!(kit.flow_source(1, None).await, None, "a draft does not run");
    kit.publish(1, &row).await;
    let found = kit.flow_source(1, None).await.expect("version 1 is published");
    assert_eq!((found.pinned, found.definition), (pinned(1, 1), flow(1)));
    let row = kit.republish(1, &row, flow(2)).await;
    kit.try_replace(&row, draft(flow(3)), noon()).await.expect("the version is right");
    let source = kit.source_pinned(1, None).await;
    assert_eq!(source.revision, kit.revision());
    let found = source.flow.expect("version 2 is published");
    assert_eq!((found.pinned, found.definition), (pinned(1, 2), flow(2)));
    assert_eq!(kit.flow_source(2, None).await, None, "this one names no flow");
}

/// A version that is asked for is answered, whatever the campaign names by now.
pub async fn a_source_has_the_version_that_was_asked_for(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    kit.publish(1, &row).await;
    kit.republish(1, &row, flow(2)).await;
    let other = kit.create(flow_id(2).uuid(), draft(flow(9))).await;
    kit.publish(2, &other).await;
    let naming = kit.campaign_in(1, 1).await;
    kit.campaign_in(2, 2).await;
    kit.campaign(3).await;
    for campaign in [1, 2, 3] {
        for (version, document) in [(1, flow(1)), (2, flow(2))] {
            let found = kit.flow_source(campaign, Some(pinned(1, version))).await;
            let found = found.expect("the version is there");
            assert_eq!((found.pinned, found.definition), (pinned(1, version), document));
        }
    }
    kit.try_replace(&naming, campaign(1), noon()).await.expect("the version is right");
    kit.delete(Kind::Flow, flow_id(1).uuid()).await.expect("no campaign names it any more");
    let found = kit.flow_source(1, Some(pinned(1, 1))).await.expect("versions outlive drafts");
    assert_eq!((found.pinned, found.definition), (pinned(1, 1), flow(1)));
    assert_eq!(kit.flow_source(1, None).await, None);
}

/// Where there is no such version there is no flow: a call that is pinned never gets another one.
pub async fn a_version_that_is_missing_is_no_flow(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    kit.publish(1, &row).await;
    kit.flow(2).await;
    kit.campaign_in(1, 1).await;
    kit.campaign_in(2, 2).await;
    for missing in [pinned(1, 0), pinned(1, 2), pinned(2, 1), pinned(3, 1)] {
        assert_eq!(kit.flow_source(1, Some(missing)).await, None, "{missing:?}");
    }
    assert_eq!(kit.flow_source(2, None).await, None, "nothing is published");
}

/// A flow's source has the buyers and routers that the version names, and the targets that these
/// routers name, each once, ordered by id, each as it is now.
pub async fn a_flows_source_has_what_the_flow_names(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=4 {
        kit.buyer(n).await;
        kit.target(n).await;
    }
    kit.router(1, &[4, 2]).await;
    kit.router(2, &[1]).await;
    kit.router(3, &[2, 3]).await;
    let mut document = flow_naming(1, &[4, 2, 2], &[3, 1]);
    let list = serde_json::json!({"buyers": [{"buyerId": buyer_id(3)}], "else": {"routerId": router_id(1)}});
    document.nodes[0].others.insert("config".into(), list);
    // What stands outside a node's settings names nobody.
    document.others.insert("buyerId".into(), buyer_id(1).to_string().into());
    let row = kit.create(flow_id(1).uuid(), draft(document)).await;
    kit.publish(1, &row).await;
    // What only the draft names does not count.
    kit.try_replace(&row, draft(flow_naming(1, &[1], &[2])), noon()).await.expect("it is right");
    kit.campaign_in(1, 1).await;
    let second = kit.read(Kind::Buyer, buyer_id(2).uuid()).await.expect("it was created");
    let heavier = Buyer { weight: 9, ..buyer(2) };
    kit.try_replace(&second, heavier, noon()).await.expect("the version is right");
    for pinning in [None, Some(pinned(1, 1))] {
        let source = kit.source_pinned(1, pinning).await;
        assert_eq!(source.buyers, Vec::new(), "nobody is assigned");
        assert_eq!((source.router, source.router_targets), (None, Vec::new()));
        let found = source.flow.expect("version 1 is published");
        assert_eq!(ids(&found.buyers), [2, 3, 4].map(|n| buyer_id(n).uuid()));
        assert_eq!(ids(&found.routers), [1, 3].map(|n| router_id(n).uuid()));
        assert_eq!(ids(&found.router_targets), [2, 3, 4].map(|n| target_id(n).uuid()));
        for row in found.buyers {
            let stored = kit.read(Kind::Buyer, row.id).await.expect("it was created");
            assert_eq!(row, stored.of().expect("a buyer"));
        }
        for row in found.routers {
            let stored = kit.read(Kind::Router, row.id).await.expect("it was created");
            assert_eq!(row, stored.of().expect("a router"));
        }
        for row in found.router_targets {
            let stored = kit.read(Kind::Target, row.id).await.expect("it was created");
            assert_eq!(row, stored.of().expect("a target"));
        }
    }
}

/// What a flow names and the tenant does not have is left out, and comes when it comes.
pub async fn what_a_flow_names_may_be_missing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let other = kit.as_tenant(2);
    other.buyer(1).await;
    other.target(1).await;
    other.router(1, &[1]).await;
    kit.buyer(2).await;
    let row = kit.create(flow_id(1).uuid(), draft(flow_naming(1, &[1, 2, 3], &[1, 2]))).await;
    kit.publish(1, &row).await;
    kit.campaign_in(1, 1).await;
    let found = kit.flow_source(1, None).await.expect("version 1 is published");
    assert_eq!(ids(&found.buyers), [buyer_id(2).uuid()]);
    assert_eq!((found.routers, found.router_targets), (Vec::new(), Vec::new()));
    kit.delete(Kind::Buyer, buyer_id(2).uuid()).await.expect("a flow holds nothing");
    kit.buyer(3).await;
    kit.target(2).await;
    kit.router(2, &[2]).await;
    let found = kit.flow_source(1, None).await.expect("version 1 is published");
    assert_eq!(ids(&found.buyers), [buyer_id(3).uuid()]);
    assert_eq!(ids(&found.routers), [router_id(2).uuid()]);
    assert_eq!(ids(&found.router_targets), [target_id(2).uuid()]);
}

/// Another tenant's flow is none, whoever is pinned to it.
pub async fn another_tenants_flow_is_none(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let other = kit.as_tenant(2);
    let row = other.flow(1).await;
    other.publish(1, &row).await;
    kit.campaign(1).await;
    assert_eq!(kit.flow_source(1, Some(pinned(1, 1))).await, None);
    other.campaign_in(1, 1).await;
    let source = kit.directory.source(kit.tenant, campaign_id(2), Some(pinned(1, 1))).await;
    assert_eq!(source.expect("the store answers"), None, "an unknown campaign has no source");
    assert!(other.flow_source(1, Some(pinned(1, 1))).await.is_some());
}

/// **Ordering**: a source shows every acknowledged publication, with a revision that is no older.
pub async fn a_source_shows_every_acknowledged_publication(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let mut row = kit.flow(1).await;
    kit.campaign_in(1, 1).await;
    kit.publish(1, &row).await;
    for version in 2..=20 {
        row = kit.republish(1, &row, flow(version)).await;
        let known = kit.revision();
        let source = kit.source_pinned(1, None).await;
        assert!(source.revision >= known, "{} is older than {known}", source.revision);
        let found = source.flow.expect("it is published");
        assert_eq!((found.pinned, found.definition), (pinned(1, version), flow(version)));
    }
}

/// **Atomicity**: a flow and what it names are of one instant, which is that of the campaign.
pub async fn a_flow_and_what_it_names_are_of_one_instant(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let mut row = kit.create(flow_id(1).uuid(), draft(flow_naming(1, &[1], &[]))).await;
    kit.publish(1, &row).await;
    let mut owner = kit.campaign_in(1, 1).await;
    let mut stored = kit.buyer(1).await;
    let writer = kit.clone();
    let writing = tokio::spawn(async move {
        // The campaign goes first, then the flow, then the buyer: at each instant each tells the
        // same as the next or one more.
        for n in 2..=40 {
            let renamed =
                Campaign { flow_id: Some(flow_id(1)), description: n.to_string(), ..campaign(1) };
            owner = writer.try_replace(&owner, renamed, noon()).await.expect("it is right");
            row = writer.republish(1, &row, flow_naming(n, &[1], &[])).await;
            let heavier = Buyer { weight: n, ..buyer(1) };
            stored = writer.try_replace(&stored, heavier, noon()).await.expect("it is right");
        }
    });
    while !writing.is_finished() {
        let source = kit.source_pinned(1, None).await;
        let of_campaign = source.campaign.value.description.parse().unwrap_or(1);
        let found = source.flow.expect("it is published");
        let (version, weight) = (found.pinned.version, found.buyers[0].value.weight);
        assert_eq!(found.definition, flow_naming(version, &[1], &[]));
        assert!(of_campaign == version || of_campaign == version + 1, "torn before {version}");
        assert!(version == weight || version == weight + 1, "torn: {version}, then {weight}");
        tokio::task::yield_now().await;
    }
    writing.await.expect("the writer does not panic");
}
