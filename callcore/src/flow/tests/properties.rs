//! What holds for any text, any share and any flow.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::driver::{Facts, NOON, flow, one, program};
use crate::call::{CallerInput, FlowStatus, NoRouteReason, QueueOutcome};
use crate::flow::text::{Text, Values};
use crate::flow::{
    Answer, Input, Need, Routed, Run, SimulatedInput, Simulation, SimulationStep, Step, check,
};
use crate::vocabulary::limits;

/// A palette of nodes with all their exits: those that are taken at once, then those that wait.
fn node(kind: usize) -> (&'static str, Value, &'static [&'static str], &'static [&'static str]) {
    let hours = json!({ "timezone": "Asia/Kolkata", "businessHours": { "sunday": { "enabled": true,
        "timeRanges": [{ "open": "10:00", "close": "02:00" }] } } });
    let splits = json!({ "strategy": "weighted", "enableFailover": true,
        "splits": [{ "id": "a", "weight": 2 }, { "id": "b", "weight": 1 }] });
    match kind % 11 {
        0 => (
            "ivr_menu",
            json!({ "message": "?", "maxRetries": 1, "options": [{ "key": "1" }, { "key": "2" }] }),
            &[],
            &["key:1", "key:2", "timeout"],
        ),
        1 => (
            "gather_input",
            json!({ "prompt": "{x}?", "variable": "x", "maxRetries": 1, "inputType": "both" }),
            &[],
            &["valid", "failed"],
        ),
        2 => ("play_audio", json!({ "text": "{x|none} & more", "loop": 2 }), &["next"], &[]),
        3 => ("business_hours", hours, &["open", "closed"], &[]),
        4 => ("advanced_router", json!({ "campaignBuyers": true }), &["no_route"], &["connected"]),
        5 => ("traffic_splitter", splits, &["a", "b"], &[]),
        6 => ("tracking_pixel", json!({ "pixelUrl": "https://p.example/{x}" }), &["next"], &[]),
        7 => (
            "action",
            json!({ "actionType": "external", "number": "+12125550100" }),
            &[],
            &["connected", "failed"],
        ),
        8 => (
            "action",
            json!({ "actionType": "queue", "queue": "q" }),
            &[],
            &["connected", "failed"],
        ),
        9 => ("action", json!({ "actionType": "voicemail" }), &[], &["done"]),
        _ => ("condition", json!({ "conditionType": "custom", "code": "1" }), &["yes", "no"], &[]),
    }
}

/// A flow of such nodes, in which only exits that wait lead back.
pub(super) fn any_flow() -> impl Strategy<Value = crate::flow::FlowDefinition> {
    let nodes = vec((0_usize..11, vec(any::<prop::sample::Index>(), 3)), 1..12);
    nodes.prop_map(|drawn| {
        let size = drawn.len();
        let mut nodes = vec![json!({ "id": "start", "type": "start" })];
        let mut connections = String::from("start.next>n0 ");
        for (at, (kind, targets)) in drawn.iter().enumerate() {
            let (kind, config, silent, waiting) = node(*kind);
            nodes.push(json!({ "id": format!("n{at}"), "type": kind, "config": config }));
            for (exit, target) in silent.iter().zip(targets) {
                connections += &format!("n{at}.{exit}>n{} ", at + 1 + target.index(size - at));
            }
            for (exit, target) in waiting.iter().zip(targets) {
                connections += &format!("n{at}.{exit}>n{} ", target.index(size + 1));
            }
        }
        nodes.push(json!({ "id": format!("n{size}"), "type": "end" }));
        flow(Value::Array(nodes), &connections)
    })
}

pub(super) fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        "[0-9*#]{0,6}".prop_map(|digits| Input::Caller(CallerInput::Keys { digits })),
        "[12]".prop_map(|digits| Input::Caller(CallerInput::Keys { digits })),
        ".{0,8}"
            .prop_map(|text| Input::Caller(CallerInput::Speech { text, confidence_percent: None })),
        Just(Input::Caller(CallerInput::Silence)),
        Just(Input::Caller(CallerInput::Returned)),
        Just(Input::Caller(CallerInput::LeftQueue { outcome: QueueOutcome::Full })),
        Just(Input::Routed(Routed::Connected)),
        Just(Input::Routed(Routed::Unrouted(NoRouteReason::NoBuyerAllCapped))),
        any::<u64>().prop_map(Input::Ordinal),
        any::<bool>().prop_map(|yes| Input::Scripted(Ok(yes))),
    ]
}

/// An answer of the kind that is needed.
pub(super) fn fitting(need: &Need, input: &Input) -> Input {
    match (need, input) {
        (Need::Script { .. }, Input::Scripted(_)) | (Need::Ordinal { .. }, Input::Ordinal(_)) => {
            input.clone()
        }
        (Need::Script { .. }, _) => Input::Scripted(Err("no".into())),
        (Need::Ordinal { .. }, _) => Input::Ordinal(7),
        (_, Input::Routed(_)) => input.clone(),
        _ => Input::Routed(Routed::Unrouted(NoRouteReason::NoAnswer)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn texts_are_filled_with_known_names_only(source in "[a-c{}|. ]{0,24}|.{0,40}", value in ".{1,8}") {
        let facts = Facts::at(NOON);
        let variables = std::collections::BTreeMap::from([("a".to_owned(), value.clone())]);
        let context = facts.context();
        let text = Text::parse(&source);
        let values = Values { context: &context, variables: &variables };
        let filled = text.fill(&values, str::to_owned);
        let names: Vec<&str> = text.names().collect();
        if names.is_empty() {
            prop_assert_eq!(&filled, &source);
        }
        // Without its fallbacks and braces, what is left of the source is what is left of the text.
        for name in names {
            let written = source.contains(&format!("{{{name}}}")) || source.contains(&format!("{{{name}|"));
            prop_assert!(written, "{} in {}", name, source);
        }
        let encoded = text.fill(&values, |_| String::new());
        prop_assert!(encoded.len() <= source.len());
    }

    #[test]
    fn no_prefix_of_calls_is_a_whole_call_off_its_percentage(
        parts in vec(1_u32..=9_999, 1..6), calls in 1_u64..60,
    ) {
        // Hundredths of a percent that sum to 10,000.
        let total: u32 = parts.iter().sum();
        let mut shares: Vec<u32> = parts.iter().map(|part| part * 10_000 / total).collect();
        shares[0] += 10_000 - shares.iter().sum::<u32>();
        let splits: Vec<Value> = shares.iter().enumerate().map(|(index, share)| {
            let share = format!("{}.{:02}", share / 100, share % 100);
            json!({ "id": index.to_string(), "percentage": share.parse::<f64>().unwrap() })
        }).collect();
        let ids: Vec<String> = (0..shares.len()).map(|index| index.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let config = json!({ "strategy": "percentage", "splits": splits });
        let program = program(&one("traffic_splitter", config, &ids));
        let facts = Facts::at(NOON);
        let mut counts = vec![0_i64; shares.len()];
        for ordinal in 0..calls {
            let mut run = Run::open(&program, facts.context());
            let _ = run.start();
            let _ = run.answer(&Input::Ordinal(ordinal));
            let exit = run.finish().nodes[1].exit.clone().unwrap();
            counts[exit.parse::<usize>().unwrap()] += 1;
            for (share, count) in shares.iter().zip(&counts) {
                let off = i64::from(*share) * (ordinal as i64 + 1) - 10_000 * count;
                prop_assert!(off.abs() < 10_000, "{shares:?} {counts:?}");
            }
        }
    }

    #[test]
    fn any_flow_ends_within_its_limits(definition in any_flow(), inputs in vec(any_input(), 1..60)) {
        let checked = check(&definition, None);
        prop_assert!(checked.program.is_some(), "{:#?}", checked.problems);
        let program = checked.program.unwrap();
        let facts = Facts::at(NOON);
        let mut run = Run::open(&program, facts.context());
        let mut step = run.start();
        for input in &inputs {
            let next = match &step {
                Step::Need(need) => fitting(need, input),
                Step::Wait => input.clone(),
                _ => break,
            };
            if matches!(step, Step::Wait) {
                let turn = run.finish();
                prop_assert!(turn.directives.last().is_some_and(crate::call::Directive::is_last));
                prop_assert!(turn.directives.iter().rev().skip(1).all(|said| !said.is_last()));
                prop_assert!(turn.session.is_running() && turn.nodes.len() <= 2 * limits::FLOW_STEPS);
                run = Run::resume(&program, facts.context(), turn.session);
            }
            step = run.answer(&next);
        }
        let status = run.finish().session.status;
        prop_assert_eq!(status, match step {
            Step::Wait | Step::Need(_) => FlowStatus::Running,
            Step::End | Step::NoRoute(_) => FlowStatus::Completed,
            Step::Failed(_) => FlowStatus::Failed,
        });
    }

    #[test]
    fn any_simulation_ends(definition in any_flow(), keys in vec("[12#]|.{0,3}", 0..20), turn: u64) {
        let program = check(&definition, None).program.unwrap();
        let facts = Facts::at(NOON);
        let inputs = keys.into_iter().map(SimulatedInput::Text);
        let mut call = Simulation::new(&program, facts.context(), inputs);
        let mut needs = 0;
        while let SimulationStep::Need(need) = call.step() {
            needs += 1;
            prop_assert!(needs < 20_000);
            call.answer(match need {
                Need::Ordinal { .. } => Answer::Ordinal(turn),
                Need::Script { .. } => Answer::Scripted(Ok(turn % 2 == 0)),
                _ => Answer::Unrouted(NoRouteReason::NoBuyerAllClosed),
            });
        }
    }
}
