//! The figures of a flow: what counts as what, and what holds for any calls through any flow.

use chrono::{DateTime, TimeDelta, Utc, Weekday};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::driver::{Facts, NOON, flow, one, program};
use super::properties::{any_flow, any_input, fitting};
use crate::call::{CallerInput, FlowStatus, NoRouteReason, Passage};
use crate::flow::{
    Ending, FlowDefinition, FlowStatistics, Input, Layout, Program, Routed, Run, Step, visits,
};
use crate::vocabulary::{CallId, limits};

/// Plays a call in which each input comes seven seconds after what was asked; it hangs up eleven
/// seconds after the last.
fn passage(program: &Program, at: DateTime<Utc>, version: u32, inputs: &[Input]) -> Passage {
    let mut inputs = inputs.iter();
    let mut facts = Facts { version, now: at, ..Facts::at(NOON) };
    let (mut runs, mut session, mut status) = (Vec::new(), None, FlowStatus::Running);
    let mut given: Option<&Input> = None;
    loop {
        let mut run = match session.take() {
            None => Run::open(program, facts.context()),
            Some(session) => Run::resume(program, facts.context(), session),
        };
        let mut step = match given {
            None => run.start(),
            Some(input) => run.answer(input),
        };
        let mut waits = matches!(step, Step::Wait);
        while let Step::Need(need) = &step {
            let Some(input) = inputs.next() else { break };
            step = run.answer(&fitting(need, input));
            waits = matches!(step, Step::Wait);
        }
        let turn = run.finish();
        runs.extend(turn.nodes);
        status = if turn.session.is_running() { status } else { turn.session.status };
        session = Some(turn.session);
        given = inputs.next();
        if !waits || given.is_none() {
            break;
        }
        facts.now += TimeDelta::seconds(7);
    }
    if status == FlowStatus::Running && at.timestamp() % 3 != 0 {
        status = FlowStatus::Abandoned;
    }
    let ended_at = (status != FlowStatus::Running).then(|| facts.now + TimeDelta::seconds(11));
    let call = CallId::from_uuid(Uuid::from_u128(1));
    Passage { call, version, status, started_at: at, ended_at, runs }
}

fn keys(digits: &str) -> Input {
    Input::Caller(CallerInput::Keys { digits: digits.into() })
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn counted<'a>(passages: impl IntoIterator<Item = &'a Passage>, layout: &Layout) -> FlowStatistics {
    let mut statistics = FlowStatistics::default();
    passages.into_iter().for_each(|passage| statistics.add(passage, layout));
    statistics
}

fn menu() -> FlowDefinition {
    one(
        "ivr_menu",
        json!({ "message": "?", "maxRetries": 1, "options": [{ "key": "1" }] }),
        &["key:1"],
    )
}

#[test]
fn a_menu_counts_once_however_often_it_asks() {
    let program = program(&menu());
    let silence = Input::Caller(CallerInput::Silence);
    let calls = [
        passage(&program, at(NOON), 1, &[keys("7"), keys("1")]),
        passage(&program, at("2026-11-22T12:00:01Z"), 1, std::slice::from_ref(&silence)),
        passage(&program, at(NOON), 1, &[]),
    ];
    assert_eq!(
        calls.each_ref().map(|call| call.status),
        [FlowStatus::Completed, FlowStatus::Abandoned, FlowStatus::Running]
    );
    let visit = &visits(&calls[0])[1];
    assert_eq!(
        (visit.inputs.as_slice(), visit.exit.as_deref()),
        (&["7".into(), "1".into()][..], Some("key:1"))
    );
    assert_eq!((visit.ending, visit.duration_ms()), (Ending::Exit, Some(14_000)));
    assert_eq!(visits(&calls[1])[1].duration_ms(), Some(18_000));
    assert_eq!(visits(&calls[2])[1].duration_ms(), None);
    let counted = counted(&calls, &Layout::default());
    let node = &counted.nodes["n"];
    assert_eq!((node.executions, node.calls, node.completed()), (3, 3, 1));
    assert_eq!((node.dropped_off, node.waiting, node.ended, node.failed_over), (1, 1, 0, 0));
    assert_eq!(node.exits, [("key:1".to_owned(), 1)].into());
    assert_eq!((node.durations.count(), node.durations.min_ms()), (2, Some(14_000)));
    let end = &counted.nodes["at key:1"];
    assert_eq!((end.executions, end.ended, end.completed()), (1, 1, 1));
    assert_eq!((counted.outcomes.calls(), counted.outcomes.completed), (3, 1));
    let paths = counted.commonest_paths(1);
    assert_eq!((paths[0].0.nodes.as_slice(), paths[0].1), (&["start".into(), "n".into()][..], 2));
}

#[test]
fn a_node_that_is_entered_twice_is_two_executions_of_one_call() {
    let nodes = json!([{ "id": "start", "type": "start" },
        { "id": "m", "type": "ivr_menu", "config": { "message": "?", "options": [{ "key": "1" }] } }]);
    let program = program(&flow(nodes, "start.next>m m.key:1>m m.timeout>m"));
    let call = passage(&program, at(NOON), 1, &[keys("1"), keys("1")]);
    let counted = counted([&call], &Layout::default());
    assert_eq!((counted.nodes["m"].executions, counted.nodes["m"].calls), (3, 1));
    assert_eq!(counted.nodes["m"].exits, [("key:1".to_owned(), 2)].into());
    let many = passage(&program, at(NOON), 1, &vec![keys("1"); 50]);
    let (path, _) = counted_paths(&many);
    assert_eq!((path.nodes.len(), path.is_cut), (limits::PATH_NODES, true));
}

fn counted_paths(call: &Passage) -> (crate::flow::Path, u64) {
    let counted = counted([call], &Layout::default());
    let paths = counted.commonest_paths(20);
    (paths[0].0.clone(), paths[0].1)
}

#[test]
fn branches_are_compared_with_their_shares_and_second_tries_are_told_apart() {
    let nodes = json!([{ "id": "start", "type": "start" },
        { "id": "s", "type": "traffic_splitter", "config": { "strategy": "weighted",
            "enableFailover": true, "splits": [{ "id": "a", "weight": 3 }, { "id": "b", "weight": 1 }] } },
        { "id": "ra", "type": "advanced_router", "config": { "campaignBuyers": true } },
        { "id": "rb", "type": "advanced_router", "config": { "campaignBuyers": true } }]);
    let definition = flow(nodes, "start.next>s s.a>ra s.b>rb");
    let program = program(&definition);
    let full = Input::Routed(Routed::Unrouted(NoRouteReason::NoBuyerAllCapped));
    let calls: Vec<_> = (0..4)
        .map(|turn| {
            passage(&program, at(NOON), 1, &[Input::Ordinal(turn), full.clone(), full.clone()])
        })
        .collect();
    let counted = counted(&calls, &Layout::of(&definition));
    let splitter = &counted.nodes["s"];
    assert_eq!((splitter.executions, splitter.calls), (8, 4), "each call tries both branches");
    let shown = |exit| {
        let branch = splitter.branches[exit];
        (branch.taken, branch.retried, branch.expected_millionths)
    };
    assert_eq!(shown("a"), (3, 1, Some(3_000_000)));
    assert_eq!(shown("b"), (1, 3, Some(1_000_000)));
    assert_eq!(splitter.exits, [("a".to_owned(), 4), ("b".to_owned(), 4)].into());
    assert_eq!(counted.nodes["ra"].exits, [("overflow".to_owned(), 4)].into());
}

#[test]
fn business_hours_count_by_the_clock_of_their_zone() {
    let open = json!({ "enabled": true, "timeRanges": [{ "open": "09:00", "close": "17:00" }] });
    let settings = json!({ "timezone": "America/New_York",
        "businessHours": { "monday": open, "tuesday": open },
        "holidays": [{ "date": "2026-11-24", "enabled": true, "name": "A feast" }] });
    let definition = one("business_hours", settings, &["open", "closed", "holiday"]);
    let (program, layout) = (program(&definition), Layout::of(&definition));
    // Monday 09:30 twice, Monday 00:30, Tuesday the holiday, and Sunday 23:00, which is Monday in UTC.
    let calls = [
        "2026-11-23T14:30:00Z",
        "2026-11-23T14:31:00Z",
        "2026-11-23T05:30:00Z",
        "2026-11-24T15:00:00Z",
        "2026-11-23T04:00:00Z",
    ]
    .map(|instant| passage(&program, at(instant), 1, &[]));
    let counted = counted(&calls, &layout);
    let volume = counted.nodes["n"].volume.as_ref().unwrap();
    assert_eq!((volume.in_hours, volume.out_of_hours, volume.on_holidays), (2, 2, 1));
    assert_eq!(volume.by_weekday(), [3, 1, 0, 0, 0, 0, 1]);
    let hours = volume.by_hour();
    assert_eq!((hours[9], hours[0], hours[10], hours[23]), (2, 1, 1, 1));
    assert_eq!(hours.iter().sum::<u64>(), 5);
    let peak = volume.peak().unwrap();
    assert_eq!((peak.weekday, peak.hour, peak.calls), (Weekday::Mon, 9, 2));
    assert_eq!(volume.zone, chrono_tz::America::New_York);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counts_are_conserved_whatever_the_order_and_however_calls_are_divided(
        definition in any_flow(),
        calls in vec((vec(any_input(), 0..25), 0_i64..10_000_000, 1_u32..4), 1..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let Some(program) = crate::flow::check(&definition, None).program else {
            return Ok(());
        };
        let layout = Layout::of(&definition);
        let calls: Vec<Passage> = calls
            .iter()
            .map(|(inputs, secs, version)| {
                passage(&program, at(NOON) + TimeDelta::seconds(*secs), *version, inputs)
            })
            .collect();
        let whole = counted(&calls, &layout);
        conserved(&whole, &calls)?;
        prop_assert_eq!(&counted(calls.iter().rev(), &layout), &whole);
        let (some, others) = calls.split_at(cut.index(calls.len()));
        let mut merged = counted(some, &layout);
        merged.merge(&counted(others, &layout));
        prop_assert_eq!(merged, whole);
    }
}

fn conserved(counted: &FlowStatistics, calls: &[Passage]) -> Result<(), TestCaseError> {
    let all = calls.len() as u64;
    prop_assert_eq!(counted.outcomes.calls(), all);
    prop_assert_eq!(counted.versions.values().sum::<u64>(), all);
    prop_assert_eq!(
        counted.commonest_paths(usize::MAX).iter().map(|(_, calls)| calls).sum::<u64>(),
        all
    );
    let entered: usize = calls.iter().map(|call| visits(call).len()).sum();
    prop_assert_eq!(
        counted.nodes.values().map(|node| node.executions).sum::<u64>(),
        entered as u64
    );
    prop_assert_eq!(counted.nodes["start"].calls, all);
    for node in counted.nodes.values() {
        let parts = [node.completed(), node.dropped_off, node.failed_over, node.waiting];
        prop_assert_eq!(parts.iter().sum::<u64>(), node.executions);
        prop_assert!(node.calls <= node.executions && node.calls <= all);
        prop_assert!(node.durations.count() <= node.executions - node.waiting);
        if let Some(volume) = &node.volume {
            let ways = [volume.in_hours, volume.out_of_hours, volume.on_holidays];
            prop_assert_eq!(ways.iter().sum::<u64>(), node.executions);
            prop_assert_eq!(volume.by_hour().iter().sum::<u64>(), node.executions);
            prop_assert_eq!(volume.by_weekday().iter().sum::<u64>(), node.executions);
        }
        let branches = node.branches.values();
        let (taken, retried) = branches.fold((0, 0), |(taken, retried), branch| {
            (taken + branch.taken, retried + branch.retried)
        });
        if node.kind == "traffic_splitter" {
            prop_assert_eq!(taken + retried, node.exits.values().sum::<u64>());
        }
    }
    // Whoever is gone left the flow at exactly one node.
    let gone = counted.outcomes.abandoned + counted.outcomes.failed;
    prop_assert!(counted.nodes.values().map(|node| node.dropped_off).sum::<u64>() <= gone);
    Ok(())
}
