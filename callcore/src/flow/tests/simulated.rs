//! Simulated calls: what they tell, how they end, and that they always end.

use serde_json::{Value, json};

use super::driver::{Facts, flow, one, program};
use crate::call::NoRouteReason;
use crate::flow::{
    Answer, FlowDefinition, Need, Offer, SimulatedInput, Simulation, SimulationStep, Transcript,
};

const MONDAY: &str = "2026-11-23T15:00:00Z";

pub(super) fn inputs(inputs: &Value) -> Vec<SimulatedInput> {
    serde_json::from_value(inputs.clone()).unwrap()
}

/// Plays a call in which routing finds two buyers, each rotation is at its first turn, and custom
/// code says yes.
pub(super) fn simulate(definition: &FlowDefinition, at: &str, given: &Value) -> Transcript {
    let offer = |last: u128| Offer {
        buyer: Some(crate::vocabulary::BuyerId::from_uuid(uuid::Uuid::from_u128(last))),
        destination: format!("+1212555010{last}"),
    };
    with(definition, at, given, &|| Answer::Offered(vec![offer(1), offer(2)]))
}

fn with(
    definition: &FlowDefinition,
    at: &str,
    given: &Value,
    route: &dyn Fn() -> Answer,
) -> Transcript {
    let (program, facts) = (program(definition), Facts::at(at));
    let mut call = Simulation::new(&program, facts.context(), inputs(given));
    loop {
        let answer = match call.step() {
            SimulationStep::Done(transcript) => return transcript,
            SimulationStep::Need(Need::Route) => route(),
            SimulationStep::Need(Need::Ordinal { .. }) => Answer::Ordinal(0),
            SimulationStep::Need(Need::Script { .. }) => Answer::Scripted(Ok(true)),
            SimulationStep::Need(need) => panic!("a simulation dials by itself: {need:?}"),
        };
        assert!(call.place().is_some());
        call.answer(answer);
    }
}

/// The transcript in lines: seconds since the beginning, who, what, where, and the rest.
fn lines(transcript: &Transcript, at: &str) -> Vec<String> {
    let begin: chrono::DateTime<chrono::Utc> = at.parse().unwrap();
    let line = |entry: &crate::flow::TranscriptEntry| {
        let told = serde_json::to_value(entry).unwrap();
        let rest = ["text", "seconds", "destination", "result"].map(|key| match &told[key] {
            Value::Null => String::new(),
            Value::String(text) => format!(" {text}"),
            other => format!(" {other}"),
        });
        let secs = (entry.at - begin).num_seconds();
        let word = |key: &str| told[key].as_str().unwrap().to_owned();
        format!("{secs} {} {} @{}{}", word("who"), word("kind"), word("nodeId"), rest.concat())
    };
    transcript.entries.iter().map(line).collect()
}

fn outcome(transcript: &Transcript) -> Value {
    serde_json::to_value(&transcript.outcome).unwrap()
}

/// A menu, a question for words, a router, a voicemail.
fn office() -> FlowDefinition {
    let nodes = json!([{ "id": "start", "type": "start" },
        { "id": "m", "type": "ivr_menu", "config": { "message": "1 or 2?", "timeout": 5, "maxRetries": 1,
            "options": [{ "key": "1" }, { "key": "2" }, { "key": "3" }] } },
        { "id": "g", "type": "gather_input", "config": { "prompt": "Why?", "inputType": "both", "variable": "why" } },
        { "id": "r", "type": "advanced_router", "config": { "campaignBuyers": true, "ringTimeout": 20 } },
        { "id": "q", "type": "action", "config": { "actionType": "queue", "queue": "agents" } },
        { "id": "t", "type": "action", "config": { "actionType": "transfer", "transferType": "warm", "number": "+14155550100" } },
        { "id": "v", "type": "action", "config": { "actionType": "voicemail", "message": "{why|Well}." } },
        { "id": "e", "type": "end", "config": { "message": "Bye." } }]);
    flow(
        nodes,
        "start.next>m m.key:1>g m.key:2>q m.key:3>t m.timeout>v g.valid>r g.failed>e \
        r.no_route>v q.failed>v t.failed>v v.done>e",
    )
}

#[test]
fn a_call_through_a_menu_to_a_second_buyer() {
    let given = json!(["1", "too expensive", { "dial": "no-answer" }, { "dial": "answered", "talk": 90 }, "9"]);
    let transcript = simulate(&office(), MONDAY, &given);
    assert_eq!(
        lines(&transcript, MONDAY),
        [
            "0 system ask @m 1 or 2? 5",
            "0 caller keys @m 1",
            "0 system ask @g Why? 10",
            "0 caller speech @g too expensive",
            "0 carrier dial @r +12125550101 no-answer",
            "20 carrier dial @r 90 +12125550102 answered",
            "110 system hangup @r",
        ]
    );
    let exits: Vec<String> =
        transcript.exits.iter().map(|exit| format!("{}.{}", exit.node_id, exit.exit)).collect();
    assert_eq!(exits, ["start.next", "m.key:1", "g.valid", "r.connected"]);
    assert_eq!(
        outcome(&transcript),
        json!({ "kind": "connected", "nodeId": "r",
        "buyerId": "00000000-0000-0000-0000-000000000002", "destination": "+12125550102" })
    );
    assert_eq!(transcript.unused_inputs, 1);
}

#[test]
fn a_transcript_is_bounded() {
    let pixels =
        json!((0..40).map(|index| json!({ "name": format!("e{index}") })).collect::<Vec<_>>());
    let nodes = json!([{ "id": "start", "type": "start" },
        { "id": "m", "type": "ivr_menu", "config": { "message": "Again?", "options": [{ "key": "1", "nodeId": "p" }] } },
        { "id": "p", "type": "tracking_pixel", "config": { "pixelUrl": "https://p.example/",
            "events": pixels, "parameters": { "x": "x".repeat(3_000), "y": "y".repeat(3_000) } } },
        { "id": "e", "type": "end" }]);
    let definition = flow(nodes, "start.next>m m.timeout>e p.next>m");
    let transcript = simulate(&definition, MONDAY, &json!(vec!["1"; 200]));
    assert_eq!(
        outcome(&transcript)["reason"],
        "the simulation was stopped after 1000000 bytes of transcript"
    );
    let bytes = serde_json::to_string(&transcript).unwrap().len();
    assert!((900_000..1_600_000).contains(&bytes), "{bytes}");
}

#[test]
fn silence_and_messages_take_their_time() {
    let transcript = simulate(&office(), MONDAY, &json!([null, "", { "record": 12 }]));
    assert_eq!(
        lines(&transcript, MONDAY),
        [
            "0 system ask @m 1 or 2? 5",
            "5 caller silence @m",
            "5 system ask @m 1 or 2? 5",
            "10 caller silence @m",
            "10 system say @v Well.",
            "10 system record @v 120",
            "22 caller record @v 12",
            "22 system say @e Bye.",
            "22 system hangup @e",
        ]
    );
    assert_eq!(outcome(&transcript), json!({ "kind": "ended", "nodeId": "e" }));
    // When inputs run out, the rest is silence, and a message of five seconds.
    let transcript = simulate(&office(), MONDAY, &json!([]));
    assert_eq!(lines(&transcript, MONDAY)[6], "15 caller record @v 5");
    let transcript = simulate(&office(), MONDAY, &json!([{ "record": 0 }]));
    assert_eq!(lines(&transcript, MONDAY)[6], "10 caller silence @v");
}

#[test]
fn every_outcome() {
    let buyer = "00000000-0000-0000-0000-000000000001";
    for (given, expected) in [
        (
            json!(["1", "x"]),
            json!({ "kind": "connected", "nodeId": "r", "buyerId": buyer, "destination": "+12125550101" }),
        ),
        (json!([{ "hangup": true }]), json!({ "kind": "caller_hung_up", "nodeId": "m" })),
        (json!(["1", "x", { "hangup": true }]), json!({ "kind": "caller_hung_up", "nodeId": "r" })),
        (
            json!(["1", "x", { "dial": "busy" }, { "dial": "failed" }]),
            json!({ "kind": "ended", "nodeId": "e" }),
        ),
        (json!(["2"]), json!({ "kind": "connected", "nodeId": "q", "destination": "agents" })),
        (json!(["2", { "dial": "no-answer" }]), json!({ "kind": "ended", "nodeId": "e" })),
        (
            json!(["3"]),
            json!({ "kind": "connected", "nodeId": "t", "destination": "+14155550100" }),
        ),
        (
            json!(["3", { "dial": "busy" }, { "hangup": true }]),
            json!({ "kind": "caller_hung_up", "nodeId": "v" }),
        ),
    ] {
        assert_eq!(outcome(&simulate(&office(), MONDAY, &given)), expected, "{given}");
    }
    let router = one("advanced_router", json!({ "campaignBuyers": true }), &[]);
    let full =
        with(&router, MONDAY, &json!([]), &|| Answer::Unrouted(NoRouteReason::NoBuyerAllCapped));
    assert_eq!(
        outcome(&full),
        json!({ "kind": "no_route", "nodeId": "n", "reason": "no_buyer_all_capped" })
    );
    let nobody = with(&router, MONDAY, &json!([]), &|| Answer::Offered(Vec::new()));
    assert_eq!(outcome(&nobody)["kind"], "no_route");
    let wrong = with(&router, MONDAY, &json!([]), &|| Answer::Ordinal(1));
    assert_eq!(outcome(&wrong)["kind"], "failed");
    let dial = one("action", json!({ "actionType": "external", "number": "+12125550100" }), &[]);
    let failed = simulate(&dial, MONDAY, &json!([{ "dial": "busy" }]));
    assert_eq!(
        outcome(&failed),
        json!({ "kind": "failed", "nodeId": "n",
        "reason": "the exit \"failed\" of the node \"n\" is not connected" })
    );
}

#[test]
fn where_a_call_goes_that_the_flow_lets_go_of() {
    let last = |transcript: &Transcript| lines(transcript, MONDAY).pop().unwrap();
    let router = one("advanced_router", json!({ "campaignBuyers": true }), &[]);
    let full =
        with(&router, MONDAY, &json!([]), &|| Answer::Unrouted(NoRouteReason::NoBuyerAllCapped));
    assert_eq!(last(&full), "0 system no_route @n");
    let wrong = with(&router, MONDAY, &json!([]), &|| Answer::Ordinal(1));
    assert_eq!(last(&wrong), "0 system plain_routing @n");
    let nodes = json!([{ "id": "start", "type": "start" },
        { "id": "a", "type": "action", "config": { "actionType": "external", "number": "+12125550100" } },
        { "id": "b", "type": "action", "config": { "actionType": "external", "number": "+12125550101" } }]);
    let twice = flow(nodes, "start.next>a a.connected>b");
    let busy = simulate(&twice, MONDAY, &json!([{ "dial": "busy" }]));
    assert_eq!(last(&busy), "0 system plain_routing @a");
    // Who has talked with somebody already is not rung through again.
    let talked = json!([{ "dial": "answered", "talk": 9 }, { "dial": "busy" }]);
    assert_eq!(last(&simulate(&twice, MONDAY, &talked)), "9 system hangup @b");
}

#[test]
fn answers_are_what_a_carrier_would_tell() {
    let heard = |config: Value, given: Value| {
        let flow = one("gather_input", config, &["valid", "failed"]);
        let line = lines(&simulate(&flow, MONDAY, &json!([given])), MONDAY).remove(1);
        line.split_once("caller ").unwrap().1.replace(" @n", "")
    };
    let digits = json!({ "prompt": "?", "maxLength": 5 });
    let speech = json!({ "prompt": "?", "inputType": "speech" });
    let both = json!({ "prompt": "?", "inputType": "both", "finishOnKey": "*" });
    for (config, given, expected) in [
        (&digits, json!("90210#"), "keys 90210"),
        (&digits, json!("902101"), "keys 90210"),
        (&digits, json!("#"), "keys "),
        (&digits, json!("hello"), "silence"),
        (&digits, json!({ "speech": "nine" }), "silence"),
        (&digits, json!({ "digits": "12*" }), "keys 12*"),
        (&speech, json!("90210"), "speech 90210"),
        (&speech, json!({ "digits": "1" }), "silence"),
        (&speech, json!("  "), "silence"),
        (&both, json!("12*3"), "keys 12"),
        (&both, json!("yes"), "speech yes"),
        (&both, json!({ "dial": "busy" }), "silence"),
    ] {
        assert_eq!(heard(config.clone(), given.clone()), expected, "{config} {given}");
    }
}

#[test]
fn inputs_that_are_none_are_refused() {
    for wrong in [
        json!(1),
        json!(true),
        json!([]),
        json!({}),
        json!({ "digits": 1 }),
        json!({ "press": "1" }),
        json!({ "dial": "ringing" }),
        json!({ "dial": "answered", "talk": -1 }),
        json!({ "record": 86401 }),
        json!({ "hangup": false }),
        json!({ "digits": "1", "speech": "x" }),
    ] {
        assert!(serde_json::from_value::<SimulatedInput>(wrong.clone()).is_err(), "{wrong}");
    }
    let all = json!(["1", null, { "digits": "1" }, { "speech": "x" }, { "dial": "answered", "talk": 5 },
        { "dial": "no-answer" }, { "record": 3 }, { "hangup": true }]);
    assert_eq!(serde_json::to_value(inputs(&all)).unwrap(), all);
}

#[test]
fn a_call_that_would_go_round_for_ever_is_stopped() {
    let nodes = json!([{ "id": "start", "type": "start" },
        { "id": "r", "type": "advanced_router", "config": { "campaignBuyers": true } }]);
    let transcript = simulate(&flow(nodes, "start.next>r r.connected>r"), MONDAY, &json!([]));
    // A call makes twenty attempts; then nobody takes it, which is told too.
    assert_eq!(transcript.entries.len(), 21);
    assert_eq!(
        outcome(&transcript),
        json!({ "kind": "no_route", "nodeId": "r", "reason": "attempt_limit" })
    );
    let config = json!({ "message": "?", "options": [{ "key": "1", "nodeId": "n" }] });
    let keys: Vec<&str> = vec!["1"; 150];
    let transcript = simulate(&one("ivr_menu", config, &["timeout"]), MONDAY, &json!(keys));
    assert_eq!(
        outcome(&transcript),
        json!({ "kind": "failed", "nodeId": "n",
        "reason": "the simulation was stopped after 100 turns" })
    );
    assert_eq!(transcript.unused_inputs, 49);
}
