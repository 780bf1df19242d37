//! No event leads through more nodes, asks more often, or says more than its limit.

use serde_json::{Value, json};

use super::driver::{Facts, NOON, flow, one, play, program, walk};
use crate::call::FlowStatus;
use crate::call::{CallerInput, NoRouteReason};
use crate::flow::{Context, Failure, Input, Routed, Run, Step};
use crate::vocabulary::limits;

#[test]
fn one_event_leads_through_two_hundred_nodes_at_most() {
    let chain = |speakers: usize| {
        let mut nodes = vec![json!({ "id": "start", "type": "start" })];
        let mut connections = String::from("start.next>n0 ");
        for index in 0..speakers {
            nodes.push(json!({ "id": format!("n{index}"), "type": "play_audio", "config": { "text": "." } }));
            connections += &format!("n{index}.next>n{} ", index + 1);
        }
        nodes.push(json!({ "id": format!("n{speakers}"), "type": "end" }));
        play(&flow(Value::Array(nodes), &connections), &Facts::at(NOON), &[]).remove(0)
    };
    // The start and the end are nodes as well. Each text takes 301 of the 40,000 bytes of a reply.
    assert!(chain(120).ends_with("hangup | end"));
    assert!(chain(140).ends_with("failed: the reply is larger than 40000 bytes"));
    let pixels = |count: usize| {
        let mut nodes = vec![json!({ "id": "start", "type": "start" })];
        let mut connections = String::from("start.next>n0 ");
        for index in 0..count {
            nodes.push(json!({ "id": format!("n{index}"), "type": "tracking_pixel",
                "config": { "pixelUrl": "https://p.example/" } }));
            connections += &format!("n{index}.next>n{} ", index + 1);
        }
        nodes.push(json!({ "id": format!("n{count}"), "type": "end" }));
        play(&flow(Value::Array(nodes), &connections), &Facts::at(NOON), &[]).remove(0)
    };
    assert!(pixels(limits::FLOW_STEPS - 2).ends_with("end"));
    assert!(
        pixels(limits::FLOW_STEPS - 1)
            .ends_with("failed: one event led through more than 200 nodes")
    );
}

#[test]
fn a_loop_of_dials_that_cannot_be_made_ends() {
    let nodes = json!([{ "id": "start", "type": "start" },
        { "id": "d", "type": "action", "config": { "actionType": "external", "number": "+12125550100" } }]);
    let program = program(&flow(nodes, "start.next>d d.failed>d"));
    let facts = Facts::at(NOON);
    let mut run = Run::open(&program, facts.context());
    let mut step = run.start();
    let mut answers = 0;
    while let Step::Need(_) = step {
        step = run.answer(&Input::Routed(Routed::Unrouted(NoRouteReason::AttemptLimit)));
        answers += 1;
    }
    assert_eq!((step, answers), (Step::Failed(Failure::StepLimit), limits::FLOW_STEPS - 1));
}

#[test]
fn a_call_is_asked_five_hundred_times_at_most() {
    let config = json!({ "message": "Again?", "options": [{ "key": "1", "nodeId": "n" }] });
    let program = program(&one("ivr_menu", config, &["timeout"]));
    let facts = Facts::at(NOON);
    let mut run = Run::open(&program, facts.context());
    let mut step = run.start();
    let mut asked = 0;
    while step == Step::Wait {
        asked += 1;
        let turn = run.finish();
        assert_eq!(turn.directives.len(), 1);
        run = Run::resume(&program, facts.context(), turn.session);
        step = run.answer(&Input::Caller(CallerInput::Keys { digits: "1".into() }));
    }
    assert_eq!((asked, step), (limits::FLOW_QUESTIONS, Step::Failed(Failure::QuestionLimit)));
    let turn = run.finish();
    assert_eq!((turn.directives, turn.session.status), (Vec::new(), FlowStatus::Failed));
}

#[test]
fn a_reply_that_no_carrier_takes_is_left_out() {
    let text = "&".repeat(3_000);
    let nodes = json!([{ "id": "start", "type": "start" },
        { "id": "a", "type": "play_audio", "config": { "text": text } },
        { "id": "b", "type": "play_audio", "config": { "text": text } },
        { "id": "c", "type": "play_audio", "config": { "text": text } },
        { "id": "e", "type": "end" }]);
    let program = program(&flow(nodes, "start.next>a a.next>b b.next>c c.next>e"));
    let (told, turn) = walk(&program, &Facts::at(NOON), &[]);
    assert!(told[0].ends_with("b.next | failed: the reply is larger than 40000 bytes"), "{told:?}");
    assert_eq!(turn.directives, []);
    assert_eq!(turn.session.failure.as_deref(), Some("the reply is larger than 40000 bytes"));
}

/// What a carrier is sent is longer than what is said: each of these counts as it is written.
#[test]
fn a_reply_counts_as_it_is_written() {
    let failed = |kind: &str, config: Value, count: usize| {
        let mut nodes = vec![json!({ "id": "start", "type": "start" })];
        let mut connections = String::from("start.next>n0 ");
        for index in 0..count {
            nodes.push(json!({ "id": format!("n{index}"), "type": kind, "config": config }));
            connections += &format!("n{index}.next>n{} ", index + 1);
        }
        nodes.push(json!({ "id": format!("n{count}"), "type": "end" }));
        let told = play(&flow(Value::Array(nodes), &connections), &Facts::at(NOON), &[]).remove(0);
        told.ends_with("failed: the reply is larger than 40000 bytes")
    };
    // A carriage return has five bytes in a document, a line feed one.
    let returns = json!({ "text": format!("x{}", "\r".repeat(2_999)) });
    assert!(!failed("play_audio", returns.clone(), 2));
    assert!(failed("play_audio", returns, 3));
    let feeds = json!({ "text": format!("x{}", "\n".repeat(2_999)) });
    assert!(!failed("play_audio", feeds, 11));
    let language = format!("en{}", "-abcdefgh".repeat(300));
    assert!(failed("play_audio", json!({ "text": "x", "language": language }), 14));
    // In an attribute a tab and a line feed are escaped as well.
    let ask = |hint: &str| {
        let hints: Vec<String> = (0..100).map(|_| hint.repeat(90)).collect();
        let config = json!({ "prompt": "?", "inputType": "speech", "hints": hints });
        play(&one("gather_input", config, &["valid", "failed"]), &Facts::at(NOON), &[]).remove(0)
    };
    assert!(ask("x").starts_with("ask"));
    for hint in ["\t", "\n", "\r"] {
        assert_eq!(ask(hint), "failed: the reply is larger than 40000 bytes");
    }
}

#[test]
fn what_nobody_asked_for_and_nodes_that_are_gone_fail() {
    let menu = program(&one(
        "ivr_menu",
        json!({ "message": "?", "options": [{ "key": "1" }] }),
        &["key:1"],
    ));
    let (told, turn) = walk(&menu, &Facts::at(NOON), &["connected"]);
    assert_eq!(told[1], "failed: the node \"n\" cannot go on with what came");
    let other = program(&one("end", json!({}), &[]));
    let facts = Facts::at(NOON);
    let mut session = turn.session;
    session.node = "gone".into();
    let context: Context<'_> = facts.context();
    let mut run = Run::resume(&other, context, session);
    let step = run.answer(&Input::Caller(CallerInput::Silence));
    assert_eq!(step, Step::Failed(Failure::UnknownNode("gone".into())));
}
