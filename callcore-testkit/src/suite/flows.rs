//! Cases of [`Flows`](callcore::port::Flows).

mod archive;
mod records;
mod trials;

pub use archive::*;
pub use records::*;
pub use trials::*;

use callcore::model::{FlowDefinition, Kind, Object, Stored};
use callcore::port::{FlowVersion, FlowVersionSummary, RegistryError};
use callcore::vocabulary::limits;
use chrono::TimeDelta;

use super::kit::{Kit, assert_is, race};
use crate::Harness;
use crate::fixtures::{draft, flow, flow_id, flow_naming, instant, noon, template};

impl Kit {
    /// The versions of a flow as they are listed, each with its document.
    async fn versions(&self, n: u32) -> Vec<FlowVersion> {
        let mut versions = Vec::new();
        for listed in self.version_summaries(n, None, limits::PAGE_ITEMS).await {
            let version = self.flow_version(n, listed.number).await.expect("it is listed");
            assert_eq!(listed, summary(&version));
            versions.push(version);
        }
        versions
    }

    async fn version_summaries(
        &self,
        n: u32,
        before: Option<u32>,
        limit: usize,
    ) -> Vec<FlowVersionSummary> {
        let listed = self.flows.versions(self.tenant, flow_id(n), before, limit).await;
        listed.expect("the store answers")
    }

    async fn flow_version(&self, n: u32, number: u32) -> Option<FlowVersion> {
        self.flows.version(self.tenant, flow_id(n), number).await.expect("the store answers")
    }

    /// Writes another document into a draft.
    async fn redraft(&self, before: &Stored<Object>, flow: FlowDefinition) -> Stored<Object> {
        self.try_replace(before, draft(flow), noon()).await.expect("the version is right")
    }
}

fn summary(version: &FlowVersion) -> FlowVersionSummary {
    FlowVersionSummary {
        number: version.number,
        draft: version.draft,
        published_at: version.published_at,
        name: version.definition.name.clone(),
    }
}

/// What is published reads back, every field of it, and is the draft's document.
pub async fn a_published_version_reads_back(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let first = kit.create(flow_id(1).uuid(), draft(flow_naming(1, &[1, 2], &[3]))).await;
    let second = kit.redraft(&first, flow_naming(2, &[2], &[3, 1])).await;
    let later = noon() + TimeDelta::hours(1);
    let published = kit.try_publish(1, second.version, later).await;
    let published = published.expect("the draft is the newest one");
    let expected = FlowVersion {
        number: 1,
        draft: 2,
        published_at: later,
        definition: flow_naming(2, &[2], &[3, 1]),
    };
    assert_eq!(published, expected);
    assert_eq!(kit.flow_version(1, 1).await, Some(expected.clone()));
    assert_eq!(kit.versions(1).await, [expected]);
    assert_eq!(kit.read(Kind::Flow, second.id).await, Some(second), "the draft stays");
}

/// Versions are numbered 1, 2, 3, … in each flow. **Ordering**: newest first.
pub async fn versions_are_listed_newest_first(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let other = kit.flow(2).await;
    kit.publish(2, &other).await;
    let mut row = kit.flow(1).await;
    let mut published = vec![kit.publish(1, &row).await];
    for n in 2..=4 {
        // A draft that is never published takes no number.
        row = kit.redraft(&row, flow(90 + n)).await;
        row = kit.redraft(&row, flow(n)).await;
        // The clock may go backwards.
        let now = noon() - TimeDelta::minutes(i64::from(n));
        let version = kit.try_publish(1, row.version, now).await;
        published.push(version.expect("the draft is the newest one"));
    }
    published.reverse();
    let numbers: Vec<_> = published.iter().map(|version| version.number).collect();
    assert_eq!(numbers, [4, 3, 2, 1]);
    assert_eq!(kit.versions(1).await, published);
    assert_eq!(kit.versions(2).await.len(), 1);
}

/// A version never changes, whatever becomes of the draft.
pub async fn a_version_never_changes(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    let first = kit.publish(1, &row).await;
    let row = kit.redraft(&row, flow_naming(2, &[1], &[])).await;
    assert_eq!(kit.versions(1).await, std::slice::from_ref(&first));
    let second = kit.publish(1, &row).await;
    assert_eq!(kit.flow_version(1, 1).await, Some(first));
    assert_eq!(kit.flow_version(1, 2).await, Some(second));
}

/// A version outlives its draft.
pub async fn a_version_outlives_its_draft(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    let published = kit.publish(1, &row).await;
    kit.delete(Kind::Flow, row.id).await.expect("nothing holds it");
    assert_eq!(kit.flow_version(1, 1).await, Some(published.clone()));
    assert_eq!(kit.versions(1).await, [published]);
}

/// A flow that is created again under the id of a deleted one goes on with the numbers: its first
/// draft is not the one that was published.
pub async fn a_flow_that_is_created_again_is_published_anew(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    let first = kit.publish(1, &row).await;
    kit.delete(Kind::Flow, row.id).await.expect("nothing holds it");
    let row = kit.create(flow_id(1).uuid(), draft(flow(2))).await;
    let second = kit.publish(1, &row).await;
    assert_eq!((second.number, second.draft, &second.definition), (2, 1, &flow(2)));
    assert_eq!(kit.publish(1, &row).await, second);
    assert_eq!(kit.versions(1).await, [second, first]);
}

/// **Idempotency**: publishing a draft that is published already answers the version that there is.
pub async fn a_repeated_publish_answers_the_same_version(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    let first = kit.publish(1, &row).await;
    let again = kit.try_publish(1, row.version, noon() + TimeDelta::hours(1)).await;
    assert_eq!(again.expect("the draft is the newest one"), first);
    assert_eq!(kit.versions(1).await, std::slice::from_ref(&first));
    // A draft that was written anew is another one, also with the same document.
    let row = kit.redraft(&row, flow(1)).await;
    let second = kit.publish(1, &row).await;
    assert_eq!((second.number, second.draft), (2, 2));
    assert_eq!(second.definition, first.definition);
}

/// **Errors**: a draft that is not the newest one is a version conflict, published before or not, and
/// nothing is published.
pub async fn a_publish_of_another_draft_is_a_conflict(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    let first = kit.publish(1, &row).await;
    let row = kit.redraft(&row, flow(2)).await;
    kit.redraft(&row, flow(3)).await;
    let revision = kit.revision();
    for draft in [0, 1, 2, 4, u64::MAX] {
        let refused = kit.try_publish(1, draft, noon()).await;
        assert_is!(refused, Err(RegistryError::VersionConflict));
    }
    assert_eq!(kit.versions(1).await, [first]);
    assert_eq!(kit.revision(), revision);
}

/// **Errors**: an unknown flow is not found; a template is no flow, and a deleted flow is unknown.
pub async fn an_unknown_flow_cannot_be_published(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.create(flow_id(2).uuid(), template(flow(2))).await;
    let row = kit.flow(3).await;
    kit.publish(3, &row).await;
    kit.delete(Kind::Flow, row.id).await.expect("nothing holds it");
    for unknown in 1..=3 {
        let refused = kit.try_publish(unknown, 1, noon()).await;
        assert_is!(refused, Err(RegistryError::NotFound(Kind::Flow)));
    }
    assert_eq!(kit.versions(1).await, Vec::new());
    assert_eq!(kit.versions(2).await, Vec::new());
}

/// **Errors**: an unknown version is `None`, and an unknown flow has none.
pub async fn an_unknown_version_is_none(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    assert_eq!(kit.versions(1).await, Vec::new(), "a draft is no version");
    kit.publish(1, &row).await;
    for number in [0, 2, u32::MAX] {
        assert_eq!(kit.flow_version(1, number).await, None);
    }
    assert_eq!(kit.flow_version(2, 1).await, None);
    assert_eq!(kit.versions(2).await, Vec::new());
}

/// **Atomicity**: several publishes of one draft at once make one version, and all answer it.
pub async fn of_several_publishes_one_makes_the_version(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    let published = race(24, |n| {
        let (kit, draft) = (kit.clone(), row.version);
        let now = noon() + TimeDelta::seconds(i64::from(n));
        async move { kit.try_publish(1, draft, now).await.expect("the draft is the newest one") }
    });
    let published = published.await;
    let versions = kit.versions(1).await;
    assert_eq!(versions.len(), 1);
    for version in published {
        assert_eq!(version, versions[0]);
    }
}

/// **Atomicity**: of several publishes at once each number is given once, without a gap, and a
/// publish takes the draft that it names or none.
pub async fn each_number_is_given_once(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.flow(1).await;
    let published = race(12, |n| {
        let kit = kit.clone();
        async move {
            let mut mine = Vec::new();
            for round in 0..4 {
                let before = kit.read(Kind::Flow, flow_id(1).uuid()).await.expect("it is there");
                let written = flow(1 + n * 100 + round);
                let replaced = kit.try_replace(&before, draft(written.clone()), noon()).await;
                let Ok(row) = replaced else { continue };
                match kit.try_publish(1, row.version, noon()).await {
                    Ok(version) => {
                        assert_eq!((version.draft, &version.definition), (row.version, &written));
                        mine.push(version);
                    }
                    Err(refused) => assert_is!(refused, RegistryError::VersionConflict),
                }
            }
            mine
        }
    });
    let mut published: Vec<_> = published.await.into_iter().flatten().collect();
    published.sort_by_key(|version| std::cmp::Reverse(version.number));
    assert!(!published.is_empty(), "somebody gets through");
    let numbers: Vec<_> = published.iter().map(|version| version.number as usize).collect();
    assert_eq!(numbers, (1..=published.len()).rev().collect::<Vec<_>>());
    assert_eq!(kit.versions(1).await, published);
}

/// **Atomicity**: the raised revision and the version appear together; a repetition and a refused
/// publish raise nothing that anybody waits for.
pub async fn a_publish_raises_the_revision(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    let before = (kit.revision(), kit.as_tenant(2).revision());
    kit.publish(1, &row).await;
    assert!(kit.revision() > before.0);
    assert_eq!(kit.as_tenant(2).revision(), before.1, "another tenant's stands");
    let raised = kit.revision();
    assert_is!(kit.try_publish(1, 9, noon()).await, Err(RegistryError::VersionConflict));
    assert_is!(kit.try_publish(2, 1, noon()).await, Err(RegistryError::NotFound(Kind::Flow)));
    assert_eq!(kit.revision(), raised);
}

/// Instants are kept to the microsecond, in the answer as in what is read.
pub async fn a_versions_instant_is_kept_to_the_microsecond(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    let published = kit.try_publish(1, row.version, instant("2026-11-22T12:00:00.123456789Z"));
    let published = published.await.expect("the draft is the newest one");
    assert_eq!(published.published_at, instant("2026-11-22T12:00:00.123456Z"));
    assert_eq!(kit.flow_version(1, 1).await, Some(published));
}

/// Another tenant's flow is absent to every act, and the same id is a flow of its own there.
pub async fn another_tenants_flows_are_absent_to_every_act(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    let published = kit.publish(1, &row).await;
    let other = kit.as_tenant(2);
    let refused = other.try_publish(1, row.version, noon()).await;
    assert_is!(refused, Err(RegistryError::NotFound(Kind::Flow)));
    assert_eq!(other.versions(1).await, Vec::new());
    assert_eq!(other.flow_version(1, 1).await, None);
    let own = other.create(flow_id(1).uuid(), draft(flow(9))).await;
    let theirs = other.publish(1, &own).await;
    assert_eq!((theirs.number, &theirs.definition), (1, &flow(9)));
    assert_eq!(kit.versions(1).await, [published]);
}
