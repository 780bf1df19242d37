//! The ways of calls through flows.

use callcore::call::{FlowSession, FlowStatus, NodeRun, Passage, StepKey};
use callcore::port::{PassageFilter, Save};
use callcore::vocabulary::{Page, PageRequest};
use chrono::{DateTime, TimeDelta, Utc};

use crate::Harness;
use crate::fixtures::{call, call_id, flow_id, in_flow, node_run, noon, over, save};
use crate::suite::kit::Kit;

fn of_flow(n: u32) -> PassageFilter {
    PassageFilter { flow: flow_id(n), from: None, to: None }
}

impl Kit {
    async fn passages(&self, filter: PassageFilter, page: PageRequest) -> Page<Passage> {
        self.calls.passages(self.tenant, &filter, page).await.expect("the store answers")
    }

    /// The numbers, from 1 to 99, of the calls that came through a flow, newest first.
    async fn through(&self, filter: PassageFilter) -> Vec<u32> {
        let found = self.passages(filter, PageRequest::default()).await.items;
        let number = |one: &Passage| (1..100).find(|n| call_id(*n) == one.call);
        found.iter().map(|one| number(one).expect("a call of this case")).collect()
    }

    /// Saves a new call that came into flow `flow` at an instant, and through one node.
    async fn save_through(&self, n: u32, flow: u32, started_at: DateTime<Utc>) {
        let mut call = call(self.tenant, n);
        (call.started_at, call.flow) = (started_at, Some(in_flow(flow, 1)));
        self.save(with_nodes(save(call, None, &StepKey::voice()), [node_run("start")])).await;
    }
}

fn with_nodes(mut save: Save, nodes: impl IntoIterator<Item = NodeRun>) -> Save {
    save.fact.nodes = nodes.into_iter().collect();
    save
}

/// What the nodes of a call did stands in the order in which it was written, whatever the steps are
/// called and whatever else was saved in between.
pub async fn a_passage_has_its_nodes_in_the_order_of_writing(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let mut one = call(kit.tenant, 1);
    kit.save(save(one.clone(), None, &StepKey::voice())).await;
    one.flow = Some(in_flow(1, 2));
    let entered = |node: &str| NodeRun { waited_ms: None, exit: None, ..node_run(node) };
    let note = Some("“noted” <&> \u{1F4DE}".to_owned());
    let steps = [
        (StepKey::flow(9), vec![entered("start"), NodeRun { note, ..node_run("menu") }]),
        (StepKey::dial_result(3), Vec::new()),
        (StepKey::flow(10), vec![node_run("b"), node_run("a"), entered("b")]),
        (StepKey::dial_result(1), vec![node_run("start")]),
    ];
    for (version, (step, nodes)) in (1..).zip(&steps) {
        kit.save(with_nodes(save(one.clone(), Some(version), step), nodes.clone())).await;
    }
    one.flow = Some(FlowSession { status: FlowStatus::Abandoned, ..in_flow(1, 2) });
    let one = over(one, noon() + TimeDelta::seconds(90));
    kit.save(save(one, Some(5), &StepKey::flow(1))).await;
    let found = kit.passages(of_flow(1), PageRequest::default()).await;
    let passage = Passage {
        call: call_id(1),
        version: 2,
        status: FlowStatus::Abandoned,
        started_at: noon(),
        ended_at: Some(noon() + TimeDelta::seconds(90)),
        runs: steps.into_iter().flat_map(|(_, nodes)| nodes).collect(),
    };
    assert_eq!(found, Page { items: vec![passage], next: None });
}

/// Whatever callers and carriers say, the nodes read back: the character 0, and parameters that are
/// called as parts of a fact are.
pub async fn a_passage_is_read_whatever_callers_say(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let mut one = call(kit.tenant, 1);
    one.flow = Some(in_flow(1, 1));
    let said = NodeRun { input: Some("a\0b \\u0000 \"nodes\":[".into()), ..node_run("menu") };
    let mut first = with_nodes(save(one.clone(), None, &StepKey::voice()), [said.clone()]);
    first.fact.parameters.insert("nodes".into(), vec!["\0".into(), "]}".into()]);
    kit.save(first).await;
    let mut second = save(one.clone(), Some(1), &StepKey::flow(1));
    second.fact.parameters.insert("nodes".into(), vec!["{}".into()]);
    kit.save(second).await;
    let mut third = with_nodes(save(one, Some(2), &StepKey::flow(2)), [node_run("end")]);
    third.fact.parameters.insert("nodes".into(), Vec::new());
    kit.save(third).await;
    let found = kit.passages(of_flow(1), PageRequest::default()).await.items;
    assert_eq!(found[0].runs, [said, node_run("end")]);
}

/// **Ordering**: calls newest first, by the time they came in and then by id, both descending.
pub async fn passages_stand_newest_first(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for (n, microseconds) in [(1, 0), (2, 1), (3, 0), (4, 0), (5, 2)] {
        kit.save_through(n, 1, noon() + TimeDelta::microseconds(microseconds)).await;
    }
    let found = kit.passages(of_flow(1), PageRequest::default()).await;
    let found: Vec<_> = found.items.into_iter().map(|one| one.call).collect();
    let mut tied = [1, 3, 4].map(call_id);
    tied.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
    assert_eq!(found[..2], [5, 2].map(call_id));
    assert_eq!(found[2..], tied);
}

/// Following the cursors meets every call that was there at the beginning exactly once, each with its
/// own nodes.
pub async fn following_the_cursors_meets_every_passage_once(harness: &impl Harness) {
    let kit = Kit::of(harness);
    for n in 1..=12 {
        kit.save_through(n, 1, noon() + TimeDelta::microseconds(i64::from(n / 5))).await;
    }
    let mut met = Vec::new();
    let mut page = PageRequest { limit: 3, after: None };
    for round in 1..=10 {
        let found = kit.passages(of_flow(1), page).await;
        assert!(found.items.len() <= 3, "a page keeps to its limit");
        assert!(found.items.iter().all(|one| one.runs.len() == 1), "each has its own nodes");
        met.extend(found.items.into_iter().map(|one| (one.started_at, one.call)));
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
        kit.save_through(20 + round, 1, noon() + TimeDelta::minutes(1)).await;
    }
    assert_eq!(page.after, None, "the walk comes to its end, and a full last page has no next");
    assert_eq!(met.len(), 12);
    assert!(met.is_sorted_by(|one, next| one > next), "each once and in order");
}

/// A flow has the calls that ran it, in any version; `from` is met by calls at that instant or later,
/// `to` by calls before it.
pub async fn passages_are_of_their_flow_and_span(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let minute = |n| noon() + TimeDelta::minutes(n);
    for (n, flow) in [(1, 1), (2, 2), (3, 1), (4, 1), (5, 2)] {
        kit.save_through(n, flow, minute(i64::from(n))).await;
    }
    kit.save_new(call(kit.tenant, 6)).await;
    assert_eq!(kit.through(of_flow(2)).await, [5, 2]);
    let microsecond = TimeDelta::microseconds(1);
    for (from, to, expected) in [
        (None, None, vec![4, 3, 1]),
        (Some(minute(1)), Some(minute(4)), vec![3, 1]),
        (Some(minute(1) + microsecond), Some(minute(4) + microsecond), vec![4, 3]),
        (None, Some(minute(1)), vec![]),
        (Some(minute(4)), None, vec![4]),
    ] {
        let filter = PassageFilter { from, to, ..of_flow(1) };
        assert_eq!(kit.through(filter).await, expected, "{from:?} to {to:?}");
    }
}

/// **Ordering**: sees every acknowledged save.
pub async fn passages_see_every_acknowledged_save(harness: &impl Harness) {
    let kit = Kit::of(harness);
    let mut one = call(kit.tenant, 1);
    kit.save(save(one.clone(), None, &StepKey::voice())).await;
    assert_eq!(kit.through(of_flow(1)).await, [0; 0], "it is in no flow yet");
    for step in 1..=4_u32 {
        one.flow = Some(in_flow(1, step));
        let written = save(one.clone(), Some(step.into()), &StepKey::flow(step));
        kit.save(with_nodes(written, [node_run("menu")])).await;
        let found = kit.passages(of_flow(1), PageRequest::default()).await.items;
        assert_eq!((found.len(), found[0].version), (1, step));
        assert_eq!(found[0].runs.len(), step as usize);
    }
}

/// **Atomicity**: a page is of one instant, so a call has the nodes of its steps and no others.
pub async fn a_page_of_passages_is_of_one_instant(harness: &impl Harness) {
    const STEPS: u32 = 60;
    let kit = Kit::of(harness);
    let writer = kit.clone();
    let writing = tokio::spawn(async move {
        let mut one = call(writer.tenant, 1);
        for step in 1..=STEPS {
            one.flow = Some(in_flow(1, step));
            let expected = (step > 1).then(|| u64::from(step) - 1);
            let written = save(one.clone(), expected, &StepKey::flow(step));
            writer.save(with_nodes(written, [node_run("menu")])).await;
        }
    });
    while !writing.is_finished() {
        let found = kit.passages(of_flow(1), PageRequest::default()).await.items;
        if let Some(one) = found.first() {
            assert_eq!(
                one.runs.len(),
                one.version as usize,
                "nodes of other steps than the call's"
            );
        }
        tokio::task::yield_now().await;
    }
    writing.await.expect("the writer does not panic");
}

/// An unknown flow has none, without an error.
pub async fn an_unknown_flow_has_no_passage(harness: &impl Harness) {
    let kit = Kit::of(harness);
    kit.save_through(1, 1, noon()).await;
    let found = kit.passages(of_flow(2), PageRequest::default()).await;
    assert_eq!(found, Page { items: Vec::new(), next: None });
}

/// Another tenant's flow has none, also where both name it alike.
pub async fn another_tenants_passages_are_absent(harness: &impl Harness) {
    let (kit, other) = (Kit::of(harness), Kit::of(harness).as_tenant(2));
    kit.save_through(1, 1, noon()).await;
    assert_eq!(other.through(of_flow(1)).await, [0; 0]);
    other.save_through(2, 1, noon()).await;
    assert_eq!(other.through(of_flow(1)).await, [2]);
    assert_eq!(kit.through(of_flow(1)).await, [1]);
}
