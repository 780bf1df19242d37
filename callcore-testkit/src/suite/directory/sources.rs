//! Revisions, and what a source has.

use callcore::model::{Buyer, CampaignStatus, Kind};
use callcore::port::Source;
use chrono::TimeDelta;

use crate::Harness;
use crate::fixtures::{
    self, assignment, buyer, buyer_id, campaign, campaign_id, draft, flow, flow_id, noon, number,
    number_id, router, target, target_id, template,
};
use crate::suite::kit::Kit;

impl Kit {
    pub(super) async fn source(&self, campaign: u32) -> Option<Source> {
        let source = self.directory.source(self.tenant, campaign_id(campaign), None).await;
        source.expect("the store answers")
    }
}

/// **Ordering**: once a registry of the same process has acknowledged a change, `revision` answers a
/// higher one than before.
pub async fn every_acknowledged_change_raises_the_revision(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let mut last = kit.revision();
    let mut raised = |act: &str| {
        let revision = kit.revision();
        assert!(revision > last, "{act} raises the revision above {last}");
        last = revision;
    };
    let stored = kit.buyer(1).await;
    raised("creating a buyer");
    kit.try_replace(&stored, buyer(2), noon()).await.expect("the version is right");
    raised("replacing a buyer");
    kit.number(1).await;
    raised("creating a number");
    kit.campaign_on(1, 1, CampaignStatus::Draft).await;
    raised("creating a campaign");
    kit.assign(1, 1).await.expect("both are there");
    raised("assigning a buyer");
    kit.registry
        .assign(kit.tenant, campaign_id(1), buyer_id(1), assignment(9), noon())
        .await
        .expect("both are there");
    raised("replacing an assignment");
    kit.registry
        .unassign(kit.tenant, campaign_id(1), buyer_id(1))
        .await
        .expect("the buyer is assigned");
    raised("taking a buyer out");
    let stored = kit.target(1).await;
    raised("creating a target");
    kit.try_replace(&stored, target(2), noon()).await.expect("the version is right");
    raised("replacing a target");
    kit.assign_target(1, 1).await.expect("both are there");
    raised("assigning a target");
    kit.unassign_target(1, 1).await.expect("the target is assigned");
    raised("taking a target out");
    let stored = kit.router(1, &[1]).await;
    raised("creating a router");
    kit.try_replace(&stored, router(1, []), noon()).await.expect("the version is right");
    raised("replacing a router");
    kit.delete(Kind::Router, stored.id).await.expect("nothing holds it");
    raised("deleting a router");
    let stored = kit.flow(1).await;
    raised("creating a flow");
    let stored = kit.try_replace(&stored, draft(flow(2)), noon()).await;
    let stored = stored.expect("the version is right");
    raised("replacing a flow");
    kit.publish(1, &stored).await;
    raised("publishing a flow");
    kit.delete(Kind::Flow, stored.id).await.expect("nothing holds it");
    raised("deleting a flow");
    kit.create(flow_id(1).uuid(), template(flow(1))).await;
    raised("creating a template");
    kit.delete(Kind::FlowTemplate, flow_id(1).uuid()).await.expect("nothing holds it");
    raised("deleting a template");
    kit.delete(Kind::Target, target_id(1).uuid()).await.expect("nothing holds it");
    raised("deleting a target");
    kit.delete(Kind::Campaign, campaign_id(1).uuid()).await.expect("nothing holds it");
    raised("deleting a campaign");
    kit.delete(Kind::Number, number_id(1).uuid()).await.expect("nothing holds it");
    raised("deleting a number");
    kit.delete(Kind::Buyer, buyer_id(1).uuid()).await.expect("nothing holds it");
    raised("deleting a buyer");
}

/// The same for `numbers_revision`: it rises with everything that changes who answers a number.
pub async fn who_answers_a_number_changes_only_with_the_numbers_revision(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let mut last = kit.directory.numbers_revision();
    let mut raised = |act: &str| {
        let revision = kit.directory.numbers_revision();
        assert!(revision > last, "{act} raises the numbers' revision above {last}");
        last = revision;
    };
    let first = kit.number(1).await;
    raised("creating a number");
    kit.try_replace(&first, number(2), noon()).await.expect("nobody holds number 2");
    raised("replacing a number");
    let one = kit.campaign_on(1, 1, CampaignStatus::Draft).await;
    raised("a campaign that names the number");
    let later = noon() + TimeDelta::seconds(1);
    let two = kit.campaign_on(1, 2, CampaignStatus::Draft).await;
    raised("another campaign that names it");
    kit.set_status(&one, CampaignStatus::Draft, later).await.expect("the version is right");
    raised("a later change of the first campaign");
    let two = kit.set_status(&two, CampaignStatus::Active, later).await.expect("nobody is active");
    raised("an activation");
    kit.try_replace(&two, campaign(2), later).await.expect("the version is right");
    raised("a campaign that no longer names it");
    kit.delete(Kind::Campaign, campaign_id(1).uuid()).await.expect("nothing holds it");
    raised("deleting the campaign that names it");
    kit.as_tenant(2).number(3).await;
    raised("another tenant's number");
    kit.delete(Kind::Number, number_id(1).uuid()).await.expect("nothing holds it");
    raised("deleting a number");
}

/// A source is everything that a campaign's plan is compiled from.
pub async fn a_source_has_all_its_parts(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let number = kit.number(1).await;
    let campaign = kit.campaign_on(1, 1, CampaignStatus::Active).await;
    kit.campaign_on(1, 2, CampaignStatus::Paused).await;
    kit.campaign(3).await;
    let mut buyers = Vec::new();
    for n in [3, 1, 2] {
        buyers.push(kit.buyer(n).await);
        kit.assign(1, n).await.expect("both are there");
    }
    let source = kit.source(1).await.expect("the campaign is there");
    assert_eq!(source.tenant, kit.tenant);
    assert_eq!(source.revision, kit.revision());
    assert_eq!(source.campaign, campaign.of().expect("a campaign"));
    assert_eq!(source.number, Some(number.of().expect("a number")));
    let users: Vec<_> = source.number_also_used_by.iter().collect();
    assert_eq!(users.len(), 1, "one other campaign names the number");
    assert_eq!(users[0].campaign, campaign_id(2));
    assert_eq!((users[0].name.as_str(), users[0].status), ("Campaign 2", CampaignStatus::Paused));
    let assignments = kit.registry.assignments(kit.tenant, campaign_id(1)).await;
    let assignments = assignments.expect("the campaign is there");
    assert_eq!(source.buyers.len(), 3);
    for ((found, assignment), buyer) in source.buyers.iter().zip(assignments).zip(buyers) {
        assert_eq!(found.assignment, assignment, "in the order of assignment");
        assert_eq!(found.buyer, buyer.of().expect("a buyer"));
    }
}

/// So are its own targets in the order of their assignment, its router, and the router's targets in
/// the router's order, each as it is now.
pub async fn a_source_has_its_targets_and_its_router(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in [1, 2, 3] {
        kit.target(n).await;
    }
    kit.router(1, &[3, 1]).await;
    let router = kit.router(2, &[2]).await;
    kit.campaign_with(2, 1).await;
    for n in [3, 1] {
        kit.assign_target(1, n).await.expect("both are there");
    }
    let router = kit.try_replace(&router, fixtures::router(2, [2, 3, 1]), noon()).await;
    let router = router.expect("the version is right");
    let source = kit.source(1).await.expect("the campaign is there");
    assert_eq!(source.revision, kit.revision());
    assert_eq!(source.router, Some(router.of().expect("a router")));
    let in_router: Vec<_> = source.router_targets.iter().map(|target| target.id).collect();
    assert_eq!(in_router, [2, 3, 1].map(|n| target_id(n).uuid()));
    let assignments = kit.registry.target_assignments(kit.tenant, campaign_id(1)).await;
    let assignments = assignments.expect("the campaign is there");
    let found: Vec<_> = source.targets.iter().map(|one| one.assignment.clone()).collect();
    assert_eq!(found, assignments, "in the order of assignment");
    let own = source.targets.into_iter().map(|one| one.target);
    for target in own.chain(source.router_targets) {
        let stored = kit.read(Kind::Target, target.id).await.expect("it was created");
        assert_eq!(target, stored.of().expect("a target"));
    }
}

/// A source without targets and router has none, also where others have.
pub async fn a_source_without_targets_has_none(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.target(1).await;
    kit.router(1, &[1]).await;
    kit.campaign_with(1, 1).await;
    kit.assign_target(1, 1).await.expect("both are there");
    kit.campaign(2).await;
    let source = kit.source(2).await.expect("the campaign is there");
    assert_eq!((source.targets, source.router, source.router_targets), (vec![], None, vec![]));
}

/// A campaign names a number only where it does.
pub async fn a_source_without_number_has_none(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.number(1).await;
    kit.campaign(1).await;
    kit.campaign(2).await;
    let source = kit.source(1).await.expect("the campaign is there");
    assert_eq!(source.number, None);
    assert_eq!(source.number_also_used_by, Vec::new());
    assert_eq!(source.buyers, Vec::new());
}

/// **Ordering**: a source is no older than the last acknowledged change of the same process.
pub async fn a_source_shows_every_acknowledged_change(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.campaign(1).await;
    let mut stored = kit.buyer(1).await;
    kit.assign(1, 1).await.expect("both are there");
    for weight in 1..=20 {
        let heavier = Buyer { weight, ..buyer(1) };
        stored = kit.try_replace(&stored, heavier, noon()).await.expect("the version is right");
        let known = kit.revision();
        let source = kit.source(1).await.expect("the campaign is there");
        assert!(source.revision >= known, "{} is older than {known}", source.revision);
        assert_eq!(source.buyers[0].buyer.value.weight, weight);
    }
}

/// **Ordering**: a source's revision is no newer than its parts, also while they change.
pub async fn a_sources_revision_is_no_newer_than_its_parts(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.campaign(1).await;
    let mut stored = kit.buyer(1).await;
    kit.assign(1, 1).await.expect("both are there");
    let writer = kit.clone();
    let writing = tokio::spawn(async move {
        let mut written = Vec::new();
        for weight in 2..=60 {
            let heavier = Buyer { weight, ..buyer(1) };
            stored =
                writer.try_replace(&stored, heavier, noon()).await.expect("the version is right");
            written.push((writer.revision(), weight));
        }
        written
    });
    let mut seen = Vec::new();
    while !writing.is_finished() {
        let source = kit.source(1).await.expect("the campaign is there");
        seen.push((source.revision, source.buyers[0].buyer.value.weight));
        tokio::task::yield_now().await;
    }
    let written = writing.await.expect("the writer does not panic");
    for (revision, weight) in seen {
        let due = written.iter().filter(|(known, _)| *known <= revision).map(|(_, weight)| *weight);
        let due = due.max().unwrap_or(1);
        assert!(weight >= due, "revision {revision} has weight {due}, not {weight}");
    }
}

/// **Atomicity**: all parts of a source are of one instant.
pub async fn the_parts_of_a_source_are_of_one_instant(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.campaign(1).await;
    let mut stored = kit.buyer(1).await;
    kit.assign(1, 1).await.expect("both are there");
    let writer = kit.clone();
    let writing = tokio::spawn(async move {
        // The buyer goes first, so at each instant its weight is the assignment's or one more.
        for weight in 2..=60 {
            let heavier = Buyer { weight, ..buyer(1) };
            stored =
                writer.try_replace(&stored, heavier, noon()).await.expect("the version is right");
            let (campaign, buyer) = (campaign_id(1), buyer_id(1));
            let assigned = writer
                .registry
                .assign(writer.tenant, campaign, buyer, assignment(weight), noon())
                .await;
            assigned.expect("both are there");
        }
    });
    while !writing.is_finished() {
        let source = kit.source(1).await.expect("the campaign is there");
        let own = source.buyers[0].buyer.value.weight;
        let here = source.buyers[0].assignment.value.weight.expect("it was assigned with a weight");
        assert!(own == here || own == here + 1, "torn: buyer {own}, assignment {here}");
        tokio::task::yield_now().await;
    }
    writing.await.expect("the writer does not panic");
}

/// **Errors**: an unknown campaign is `None`, and a deleted one is unknown.
pub async fn an_unknown_campaign_has_no_source(harness: &impl Harness) {
    let kit = Kit::of(harness);
    assert_eq!(kit.source(1).await, None);
    kit.campaign(1).await;
    kit.delete(Kind::Campaign, campaign_id(1).uuid()).await.expect("nothing holds it");
    assert_eq!(kit.source(1).await, None);
}

/// **Errors**: another tenant's campaign is `None`.
pub async fn another_tenants_campaign_has_no_source(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.campaign(1).await;
    assert_eq!(kit.as_tenant(2).source(1).await, None);
}
