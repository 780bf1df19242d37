//! What callers enter at a sensitive node is in no journal, no log and no transcript.

use serde_json::{Value, json};

use super::driver::{Facts, NOON, flow, program, walk};
use crate::call::CallerInput;
use crate::flow::{Answer, FlowDefinition, Input, Run, SimulatedInput, Simulation, SimulationStep};

const CARD: &str = "4111111111111111";

/// Asks for a card, reads it out, sends it, and gives it to custom code.
fn payment() -> FlowDefinition {
    let nodes = json!([{ "id": "start", "type": "start" },
        { "id": "card", "type": "gather_input", "config": { "prompt": "Card?", "variable": "card",
            "sensitive": true, "minLength": 12 } },
        { "id": "pixel", "type": "tracking_pixel", "config": { "pixelUrl": "https://p.example/{card}" } },
        { "id": "code", "type": "condition", "config": { "conditionType": "custom", "code": "return 1" } },
        { "id": "read", "type": "play_audio", "config": { "text": "It is {card}." } },
        { "id": "open", "type": "gather_input", "config": { "prompt": "Again?", "variable": "card" } },
        { "id": "end", "type": "end" }]);
    flow(
        nodes,
        "start.next>card card.valid>pixel card.failed>end pixel.next>code code.yes>read \
        code.no>read read.next>open open.valid>end open.failed>end",
    )
}

#[test]
fn a_sensitive_answer_is_masked_wherever_it_is_shown() {
    let program = program(&payment());
    assert!(program.is_sensitive("card") && !program.is_sensitive("open"));
    let facts = Facts::at(NOON);
    let mut run = Run::open(&program, facts.context());
    let _ = run.start();
    let turn = run.finish();
    let mut run = Run::resume(&program, facts.context(), turn.session);
    let step = run.answer(&Input::Caller(CallerInput::Keys { digits: CARD.into() }));
    let debug = format!("{run:?} {step:?}");
    // Custom code is given the value, and may complain of it.
    let failed = run.answer(&Input::Scripted(Err(format!("{CARD} is odd"))));
    let debug = format!("{debug} {run:?} {failed:?}");
    let turn = run.finish();
    let debug = format!("{debug} {turn:?} {:?} {:?}", turn.session, turn.nodes);
    assert!(!debug.contains(CARD), "{debug}");
    assert_eq!(turn.session.variables.get("card").unwrap(), CARD);
    assert_eq!(turn.session.shown_variables().get("card").unwrap(), &"*".repeat(16));
    let masked = Some("*".repeat(16));
    assert_eq!(turn.nodes[0].input, masked);
    let code = turn.nodes.iter().find(|run| run.node == "code").unwrap();
    assert_eq!(code.note.as_deref(), Some("**************** is odd"));
}

#[test]
fn what_is_refused_is_masked_as_well_and_what_is_asked_openly_is_shown_again() {
    let program = program(&payment());
    let (_, turn) = walk(&program, &Facts::at(NOON), &["keys:4111"]);
    assert_eq!(turn.nodes[0].input.as_deref(), Some("****"));
    let (_, turn) = walk(&program, &Facts::at(NOON), &["says:four one"]);
    assert_eq!(turn.nodes[0].input.as_deref(), Some("********"));
    let inputs = [format!("keys:{CARD}"), "yes".into(), "keys:12".into()];
    let (_, turn) = walk(&program, &Facts::at(NOON), &inputs.each_ref().map(String::as_str));
    assert_eq!(turn.session.shown_variables().get("card").unwrap(), "12");
    assert_eq!(turn.nodes[0].input.as_deref(), Some("12"));
}

#[test]
fn a_transcript_shows_no_sensitive_answer() {
    let program = program(&payment());
    let facts = Facts::at(NOON);
    let inputs = [SimulatedInput::Text(format!("{CARD}#")), SimulatedInput::Silence];
    assert!(!format!("{inputs:?}").contains(CARD));
    let mut call = Simulation::new(&program, facts.context(), inputs);
    let transcript = loop {
        match call.step() {
            SimulationStep::Need(_) => call.answer(Answer::Scripted(Err(format!("bad {CARD}")))),
            SimulationStep::Done(transcript) => break transcript,
        }
    };
    let told = serde_json::to_value(&transcript).unwrap();
    assert!(!told.to_string().contains(CARD), "{told:#}");
    let stars = "*".repeat(16);
    let texts: Vec<&str> =
        transcript.entries.iter().filter_map(|entry| entry.text.as_deref()).collect();
    let read_out = format!("It is {stars}.");
    let sent = format!("pixel: https://p.example/{stars}");
    assert_eq!(texts[..4], ["Card?", &stars, &sent, &read_out]);
    let note = told["exits"].as_array().unwrap().iter().find_map(|exit| exit["note"].as_str());
    assert_eq!(note, Some(format!("bad {stars}")).as_deref());
    assert_eq!(told["exits"][0], json!({ "nodeId": "start", "exit": "next" }));
    assert!(matches!(told["outcome"], Value::Object(_)));
}
