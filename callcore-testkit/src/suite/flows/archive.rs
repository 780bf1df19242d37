//! Cases of flows that are put away, and of campaigns that name them.

use callcore::model::{Campaign, CampaignStatus, Kind};
use callcore::port::{FlowStage, Holder, RegistryError};
use chrono::TimeDelta;

use crate::Harness;
use crate::fixtures::{
    campaign, campaign_id, draft, flow, flow_id, instant, noon, pinned, template,
};
use crate::suite::kit::{Kit, assert_is, race};

impl Kit {
    pub(super) async fn archive(&self, n: u32) -> Result<(), RegistryError> {
        self.flows.archive(self.tenant, flow_id(n), noon()).await
    }

    async fn restore(&self, n: u32) -> Result<(), RegistryError> {
        self.flows.restore(self.tenant, flow_id(n)).await
    }

    async fn stage(&self, n: u32) -> Option<FlowStage> {
        self.record(n).await.map(|record| record.stage())
    }
}

fn naming(flow: u32, n: u32, status: CampaignStatus) -> Campaign {
    Campaign { flow_id: Some(flow_id(flow)), status, ..campaign(n) }
}

/// **Errors**: an archived flow is published no more, also not the draft that is published already;
/// what was published stays, and what is restored is published as ever.
pub async fn an_archived_flow_is_not_published(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    let first = kit.publish(1, &row).await;
    kit.campaign_in(1, 1).await;
    kit.archive(1).await.expect("no active campaign names it");
    assert_eq!(kit.stage(1).await, Some(FlowStage::Archived));
    assert_is!(kit.try_publish(1, row.version, noon()).await, Err(RegistryError::FlowArchived));
    let row = kit.redraft(&row, flow(2)).await;
    assert_eq!(kit.stage(1).await, Some(FlowStage::Archived), "its draft can be edited");
    assert_is!(kit.try_publish(1, row.version, noon()).await, Err(RegistryError::FlowArchived));
    assert_eq!(kit.flow_version(1, 1).await, Some(first));
    let source = kit.directory.source(kit.tenant, campaign_id(1), Some(pinned(1, 1))).await;
    let source = source.expect("the store answers").expect("the campaign is there");
    assert!(source.flow.is_some(), "calls that are in it stay in it");
    kit.restore(1).await.expect("it is there");
    assert_eq!(kit.stage(1).await, Some(FlowStage::Published));
    assert_eq!(kit.publish(1, &row).await.number, 2);
}

/// **Idempotency**: archiving what is archived changes nothing, also not when it was; restoring what
/// is not archived changes nothing.
pub async fn archiving_again_changes_nothing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    kit.restore(1).await.expect("it is there");
    let then = instant("2026-11-22T12:00:00.123456789Z");
    for now in [then, then + TimeDelta::hours(1)] {
        kit.flows.archive(kit.tenant, flow_id(1), now).await.expect("no campaign names it");
        let record = kit.record(1).await.expect("it was created");
        assert_eq!(record.archived_at, Some(instant("2026-11-22T12:00:00.123456Z")));
        assert_eq!(record.draft, row.clone().of().expect("a flow"), "the draft stays");
    }
    for _ in 0..2 {
        kit.restore(1).await.expect("it is there");
        assert_eq!(kit.stage(1).await, Some(FlowStage::Draft));
    }
}

/// **Errors**: only a flow of the tenant is archived or restored; a template is none.
pub async fn an_unknown_flow_cannot_be_archived(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.create(flow_id(2).uuid(), template(flow(2))).await;
    let other = kit.as_tenant(2);
    other.flow(1).await;
    for unknown in [1, 2] {
        let refused = kit.archive(unknown).await;
        assert_is!(refused, Err(RegistryError::NotFound(Kind::Flow)));
        let refused = kit.restore(unknown).await;
        assert_is!(refused, Err(RegistryError::NotFound(Kind::Flow)));
    }
    assert_eq!(other.stage(1).await, Some(FlowStage::Draft));
    other.archive(1).await.expect("no campaign names it");
    kit.flow(1).await;
    assert_eq!(kit.stage(1).await, Some(FlowStage::Draft), "the same id is another flow");
}

/// A flow that is created again under the id of an archived one is not archived.
pub async fn a_flow_that_is_created_again_is_not_archived(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.flow(1).await;
    kit.archive(1).await.expect("no campaign names it");
    kit.delete(Kind::Flow, flow_id(1).uuid()).await.expect("nothing holds it");
    kit.create(flow_id(1).uuid(), draft(flow(2))).await;
    assert_eq!(kit.stage(1).await, Some(FlowStage::Draft));
}

/// **Errors**: a flow that an active campaign names is in use, and the error names every one of them,
/// and no campaign that is not active.
pub async fn a_flow_of_an_active_campaign_is_not_archived(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.flow(1).await;
    kit.flow(2).await;
    let statuses = [
        (1, CampaignStatus::Active),
        (2, CampaignStatus::Draft),
        (3, CampaignStatus::Paused),
        (4, CampaignStatus::Completed),
        (5, CampaignStatus::Active),
    ];
    let mut rows = Vec::new();
    for (n, status) in statuses {
        rows.push(kit.create(campaign_id(n).uuid(), naming(1, n, status)).await);
    }
    kit.create(campaign_id(6).uuid(), naming(2, 6, CampaignStatus::Active)).await;
    let holder = |n| Holder {
        kind: Kind::Campaign,
        id: campaign_id(n).uuid(),
        name: format!("Campaign {n}"),
    };
    match kit.archive(1).await {
        Err(RegistryError::InUse(mut holders)) => {
            holders.sort_by_key(|holder| holder.name.clone());
            assert_eq!(holders, [holder(1), holder(5)]);
        }
        other => panic!("expected InUse, got {other:?}"),
    }
    assert_eq!(kit.stage(1).await, Some(FlowStage::Draft));
    for n in [1, 5] {
        let row = &rows[n as usize - 1];
        let paused = naming(1, n, CampaignStatus::Paused);
        kit.try_replace(row, paused, noon()).await.expect("the version is right");
    }
    kit.archive(1).await.expect("no active campaign names it any more");
}

/// **Errors**: no campaign takes up an archived flow, and none becomes active with one; what named it
/// before can be edited, and let go of it.
pub async fn a_campaign_takes_up_no_archived_flow(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.flow(1).await;
    kit.flow(2).await;
    let with = kit.campaign_in(1, 1).await;
    let without = kit.campaign(2).await;
    let other = kit.campaign_in(2, 3).await;
    kit.archive(1).await.expect("no active campaign names it");
    for status in [CampaignStatus::Draft, CampaignStatus::Active] {
        let refused = kit.try_create(campaign_id(9).uuid(), naming(1, 9, status), noon()).await;
        assert_is!(refused, Err(RegistryError::FlowArchived));
        for (n, before) in [(2, &without), (3, &other)] {
            let refused = kit.try_replace(before, naming(1, n, status), noon()).await;
            assert_is!(refused, Err(RegistryError::FlowArchived));
        }
    }
    assert_eq!(kit.read(Kind::Campaign, campaign_id(9).uuid()).await, None);
    let refused = kit.try_replace(&with, naming(1, 1, CampaignStatus::Active), noon()).await;
    assert_is!(refused, Err(RegistryError::FlowArchived));
    let edited = naming(1, 7, CampaignStatus::Paused);
    let edited = kit.try_replace(&with, edited, noon()).await.expect("it named it before");
    let gone = kit.try_replace(&edited, campaign(1), noon()).await.expect("it lets go of it");
    let refused = kit.try_replace(&gone, naming(1, 1, CampaignStatus::Draft), noon()).await;
    assert_is!(refused, Err(RegistryError::FlowArchived));
    kit.restore(1).await.expect("it is there");
    let active = naming(1, 1, CampaignStatus::Active);
    kit.try_replace(&gone, active, noon()).await.expect("it is not archived any more");
}

/// **Atomicity**: a flow is never archived under a campaign that becomes active at the same time.
pub async fn a_flow_is_never_both_archived_and_active(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=8 {
        kit.flow(n).await;
        let before = kit.campaign_in(n, n).await;
        race(2, |side| {
            let (kit, before) = (kit.clone(), before.clone());
            async move {
                match side {
                    0 => {
                        let active = naming(n, n, CampaignStatus::Active);
                        drop(kit.try_replace(&before, active, noon()).await);
                    }
                    _ => drop(kit.archive(n).await),
                }
            }
        })
        .await;
        let row = kit.read(Kind::Campaign, before.id).await.expect("it was created");
        let row: Campaign = row.of().expect("a campaign").value;
        let archived = kit.stage(n).await == Some(FlowStage::Archived);
        let active = row.status == CampaignStatus::Active;
        assert_ne!(archived, active, "exactly one of the two goes through");
    }
}
