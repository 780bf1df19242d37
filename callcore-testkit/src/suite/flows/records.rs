//! Cases of what is told of flows: their newest version, their versions in pages, and what became of
//! their drafts.

use std::collections::BTreeSet;

use callcore::model::FlowReferences;
use callcore::port::{FlowRecord, FlowStage};
use callcore::vocabulary::{Page, PageRequest};
use chrono::TimeDelta;

use super::summary;
use crate::Harness;
use crate::fixtures::{buyer_id, draft, flow, flow_id, flow_naming, noon, router_id, template};
use crate::suite::kit::Kit;

impl Kit {
    pub(super) async fn record(&self, n: u32) -> Option<FlowRecord> {
        self.flows.record(self.tenant, flow_id(n)).await.expect("the store answers")
    }

    async fn records(&self, stage: Option<FlowStage>, page: PageRequest) -> Page<FlowRecord> {
        self.flows.records(self.tenant, stage, page).await.expect("the store answers")
    }

    /// Every flow at a stage, in pages of two.
    async fn flows_at(&self, stage: Option<FlowStage>) -> Vec<FlowRecord> {
        let mut page = PageRequest { limit: 2, after: None };
        let mut all = Vec::new();
        loop {
            let records = self.records(stage, page).await;
            assert!(records.items.len() <= 2);
            all.extend(records.items);
            page.after = records.next;
            if page.after.is_none() {
                return all;
            }
        }
    }

    async fn known(&self, buyers: &[u32], routers: &[u32]) -> FlowReferences {
        let named = references(buyers, routers);
        self.flows.known(self.tenant, named).await.expect("the store answers")
    }
}

fn references(buyers: &[u32], routers: &[u32]) -> FlowReferences {
    FlowReferences {
        buyers: buyers.iter().copied().map(buyer_id).collect(),
        routers: routers.iter().copied().map(router_id).collect(),
    }
}

/// The newest version is what was published last; **ordering**: every acknowledged publish is seen.
pub async fn the_newest_version_is_what_was_published_last(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let newest = async |kit: &Kit, n| {
        kit.flows.newest(kit.tenant, flow_id(n)).await.expect("the store answers")
    };
    let mut row = kit.flow(1).await;
    assert_eq!(newest(&kit, 1).await, None, "a draft is no version");
    for n in 2..=12 {
        let published = kit.publish(1, &row).await;
        assert_eq!(newest(&kit, 1).await, Some(published));
        row = kit.redraft(&row, flow(n)).await;
    }
    assert_eq!(newest(&kit, 2).await, None);
    assert_eq!(newest(&kit.as_tenant(2), 1).await, None);
}

/// Versions come in parts: those before a number, as many as were asked for. **Ordering**: newest
/// first, by number.
pub async fn versions_come_in_parts(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let mut row = kit.flow(1).await;
    let mut all = Vec::new();
    for n in 2..=13 {
        all.insert(0, summary(&kit.publish(1, &row).await));
        row = kit.redraft(&row, flow(n)).await;
    }
    assert_eq!(kit.version_summaries(1, None, 5).await, all[..5]);
    assert_eq!(kit.version_summaries(1, Some(8), 5).await, all[5..10]);
    assert_eq!(kit.version_summaries(1, Some(3), 5).await, all[10..]);
    assert_eq!(kit.version_summaries(1, Some(1), 5).await, Vec::new());
    assert_eq!(kit.version_summaries(1, Some(u32::MAX), 500).await, all);
    assert_eq!(kit.version_summaries(1, None, 0).await, Vec::new());
    assert_eq!(kit.as_tenant(2).version_summaries(1, None, 5).await, Vec::new());
}

/// A version is listed by the name that it was published with, every character of it.
pub async fn a_version_is_listed_by_its_name(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let plain = "Half “done” & \\ \"<new>\"; DROP TABLE flows; -- \u{1F4DE}";
    let mut row = kit.flow(1).await;
    // The second has the character 0 elsewhere in its document, which Postgres cannot read there.
    for (name, described) in [(plain, "a"), (plain, "a\0b"), ("a\0b", "")] {
        let mut written = flow(1);
        name.clone_into(&mut written.name);
        written.others.insert("description".into(), described.into());
        row = kit.redraft(&row, written).await;
        kit.publish(1, &row).await;
        assert_eq!(kit.version_summaries(1, None, 1).await[0].name, name);
    }
}

/// A record tells what became of a draft: whether it was published, and whether it differs from that.
pub async fn a_record_tells_what_became_of_a_draft(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let told = |record: &FlowRecord| (record.stage(), record.published, record.changed);
    let row = kit.flow(1).await;
    let record = kit.record(1).await.expect("it was created");
    assert_eq!(told(&record), (FlowStage::Draft, None, true));
    assert_eq!((record.archived_at, record.draft), (None, row.clone().of().expect("a flow")));
    kit.publish(1, &row).await;
    let record = kit.record(1).await.expect("it was created");
    assert_eq!(told(&record), (FlowStage::Published, Some(1), false));
    let row = kit.redraft(&row, flow_naming(2, &[1], &[])).await;
    let record = kit.record(1).await.expect("it was created");
    assert_eq!(told(&record), (FlowStage::Published, Some(1), true));
    assert_eq!(record.draft, row.clone().of().expect("a flow"));
    // The same document again is no change, although it is another draft.
    kit.redraft(&row, flow(1)).await;
    let record = kit.record(1).await.expect("it was created");
    assert_eq!(told(&record), (FlowStage::Published, Some(1), false));
}

/// **Errors**: an unknown flow has no record, nor has a template or another tenant's flow.
pub async fn an_unknown_flow_has_no_record(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let row = kit.flow(1).await;
    kit.publish(1, &row).await;
    kit.create(flow_id(2).uuid(), template(flow(2))).await;
    assert_eq!(kit.record(2).await, None);
    assert_eq!(kit.as_tenant(2).record(1).await, None);
    assert_eq!(kit.as_tenant(2).flows_at(None).await, Vec::new());
}

/// **Ordering**: newest first, by creation and then by id; each stage has its flows and no others.
pub async fn records_are_listed_newest_first(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=6 {
        // Two at each instant, and the clock goes backwards.
        let now = noon() - TimeDelta::hours(i64::from(n / 2));
        let created = kit.try_create(flow_id(n).uuid(), draft(flow(n)), now).await;
        let row = created.expect("it is new");
        if n % 2 == 0 {
            kit.publish(n, &row).await;
        }
        if n > 4 {
            kit.archive(n).await.expect("no campaign names it");
        }
    }
    kit.as_tenant(2).flow(9).await;
    let mut all = Vec::new();
    for n in 1..=6 {
        all.push(kit.record(n).await.expect("it was created"));
    }
    all.sort_by_key(|record| std::cmp::Reverse((record.draft.created_at, record.draft.id)));
    assert_eq!(kit.flows_at(None).await, all);
    for stage in [FlowStage::Draft, FlowStage::Published, FlowStage::Archived] {
        let own: Vec<_> = all.iter().filter(|record| record.stage() == stage).cloned().collect();
        assert_eq!(own.len(), 2, "{stage:?}");
        assert_eq!(kit.flows_at(Some(stage)).await, own);
        let both = kit.records(Some(stage), PageRequest { limit: 2, after: None }).await;
        assert_eq!(both.next, None, "a full page that is the last one");
    }
}

/// What a flow names is known if this tenant has it.
pub async fn only_what_the_tenant_has_is_known(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in [1, 3] {
        kit.buyer(n).await;
        kit.router(n, &[]).await;
    }
    kit.as_tenant(2).buyer(2).await;
    // A buyer's id is no router's.
    kit.buyer(4).await;
    assert_eq!(kit.known(&[1, 2, 3, 5], &[2, 3, 4]).await, references(&[1, 3], &[3]));
    assert_eq!(kit.known(&[], &[]).await, references(&[], &[]));
    let many: BTreeSet<u32> = (1..=2_000).collect();
    let many: Vec<u32> = many.into_iter().collect();
    assert_eq!(kit.known(&many, &many).await, references(&[1, 3, 4], &[1, 3]));
}
