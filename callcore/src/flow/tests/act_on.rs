//! `start`, `end`, `play_audio`, `advanced_router` and each kind of `action`.

use serde_json::{Value, json};

use super::driver::{Facts, NOON, flow, one, play, program, walk};
use crate::flow::{Run, Step};

const BUYER: &str = "018f0000-0000-7000-8000-000000000001";

#[test]
fn an_end_may_say_something() {
    for (config, expected) in [
        (json!({}), "hangup | end"),
        (json!({ "endType": "hangup", "message": "unused" }), "hangup | end"),
        (
            json!({ "endType": "message", "message": "Bye.", "voice": "alice" }),
            "say(Bye.) by alice | hangup | end",
        ),
        (json!({ "message": "Bye." }), "say(Bye.) | hangup | end"),
    ] {
        assert_eq!(play(&one("end", config, &[]), &Facts::at(NOON), &[]), [expected]);
    }
}

#[test]
fn the_time_of_a_last_message_begins_when_all_before_it_was_heard() {
    let timed = json!({ "message": "Bye.", "maxPlaybackSeconds": 20 });
    let nodes = |last: &Value| {
        json!([{ "id": "start", "type": "start" },
        { "id": "p", "type": "play_audio", "config": { "text": "A long story." } },
        { "id": "e", "type": "end", "config": last }])
    };
    let facts = Facts::at(NOON);
    let told = play(&flow(nodes(&timed), "start.next>p p.next>e"), &facts, &["returned"]);
    assert_eq!(
        told,
        [
            "p.next | say(A long story.) | continue 1",
            "say(Bye.) | hangup | hangs up after 20s | end"
        ]
    );
    let silent = json!({ "endType": "hangup", "maxPlaybackSeconds": 20 });
    let told = play(&flow(nodes(&silent), "start.next>p p.next>e"), &facts, &[]);
    assert_eq!(told, ["p.next | say(A long story.) | hangup | end"]);
}

#[test]
fn audio_is_spoken_or_played_with_speed_and_repetition() {
    for (config, expected) in [
        (json!({ "text": "Hello" }), "say(Hello)"),
        (
            json!({ "messageType": "tts", "text": "Hello", "audioUrl": "", "speed": 1.25, "loop": 2,
            "voice": "Polly.Amy", "language": "en-GB" }),
            "say(Hello) at 125% x2 by Polly.Amy in en-GB",
        ),
        (json!({ "text": "Hello", "speed": 1.0 }), "say(Hello)"),
        (
            json!({ "messageType": "audio", "text": "", "audioUrl": "https://a.example/x.mp3", "loop": 3 }),
            "play(https://a.example/x.mp3) x3",
        ),
        (
            json!({ "text": "You are {caller_number}, dear {name|guest}. {tag.source} {source} {tag.x}{" }),
            "say(You are +13105550123, dear guest. radio radio {)",
        ),
    ] {
        let told = play(&one("play_audio", config, &["next"]), &Facts::at(NOON), &[]);
        assert_eq!(told, [format!("n.next | {expected} | hangup | end")]);
    }
}

#[test]
fn each_outcome_of_routing_has_its_exit() {
    let config = json!({ "strategy": "priority", "campaignBuyers": true });
    let facts = Facts::at(NOON);
    let last = |exits: &[&str], input: &str| {
        play(&one("advanced_router", config.clone(), exits), &facts, &[input]).pop().unwrap()
    };
    let all = ["connected", "no_route", "overflow"];
    assert_eq!(last(&all, "connected"), "n.connected | hangup | end");
    assert_eq!(last(&all, "closed"), "n.no_route | hangup | end");
    assert_eq!(last(&all, "full"), "n.overflow | hangup | end");
    assert_eq!(last(&["no_route"], "full"), "n.overflow | hangup | end");
    // Nothing connected: the end of the call, and the campaign's own treatment.
    assert_eq!(last(&[], "connected"), "n.connected | hangup | end");
    assert_eq!(last(&[], "closed"), "n.no_route | no route: NoBuyerAllClosed");
    assert_eq!(last(&[], "full"), "n.overflow | no route: NoBuyerAllCapped");
}

#[test]
fn a_router_keeps_its_settings() {
    let config = json!({ "strategy": "skills", "requiredSkills": { "spanish": 3 }, "ringTimeout": 20,
        "maxAttempts": 2, "buyers": [{ "buyerId": BUYER, "priority": 2, "weight": 7, "maxConcurrent": 1 }] });
    let program = program(&one("advanced_router", config, &[]));
    let route = program.route("n").unwrap();
    assert_eq!(route.required_skills.get("spanish"), Some(&3));
    assert_eq!((route.ring_timeout_secs, route.max_attempts), (Some(20), Some(2)));
    let chosen = &route.buyers[0];
    assert_eq!(
        (chosen.buyer.to_string().as_str(), chosen.priority, chosen.weight, chosen.max_concurrent),
        (BUYER, Some(2), Some(7), Some(1))
    );
    assert!(program.route("start").is_none());
}

fn action(config: &Value, exits: &[&str], inputs: &[&str]) -> Vec<String> {
    play(&one("action", config.clone(), exits), &Facts::at(NOON), inputs)
}

#[test]
fn dialling_actions_connect_or_fail() {
    let exits = ["connected", "failed"];
    let whisper = "You have a call from +13105550123. You are being connected.";
    for (config, need) in [
        (json!({ "actionType": "route_to_buyer", "buyerId": BUYER }), "route".to_owned()),
        (
            json!({ "actionType": "external", "number": "+12125550100" }),
            "dial +12125550100".to_owned(),
        ),
        (
            json!({ "actionType": "transfer", "number": "sip:sales@example.com" }),
            "dial sip:sales@example.com".to_owned(),
        ),
        (
            json!({ "actionType": "transfer", "transferType": "cold", "number": "+12125550100" }),
            "dial +12125550100".to_owned(),
        ),
        (
            json!({ "actionType": "transfer", "transferType": "warm", "number": "+12125550100" }),
            format!("confer +12125550100: {whisper}"),
        ),
    ] {
        assert_eq!(
            action(&config, &exits, &["connected"]),
            [need.as_str(), "n.connected | hangup | end"]
        );
        assert_eq!(action(&config, &exits, &["full"]), [need.as_str(), "n.failed | hangup | end"]);
        assert_eq!(action(&config, &[], &["connected"])[1], "n.connected | hangup | end");
        assert_eq!(
            action(&config, &[], &["closed"])[1],
            "n.failed | failed: the exit \"failed\" of the node \"n\" is not connected"
        );
    }
}

#[test]
fn a_queue_ends_in_a_conversation_or_not() {
    let config = json!({ "actionType": "queue", "queue": "agents" });
    for (input, expected) in [
        ("queue:bridged", "n.connected | hangup | end"),
        ("queue:full", "n.failed | hangup | end"),
        ("queue:left", "n.failed | hangup | end"),
        ("queue:hung up", "end"),
    ] {
        assert_eq!(
            action(&config, &["connected", "failed"], &[input]),
            ["enqueue agents", expected]
        );
    }
}

#[test]
fn hanging_up_may_come_with_a_message() {
    assert_eq!(action(&json!({ "actionType": "hangup" }), &[], &[]), ["hangup | end"]);
    let config =
        json!({ "actionType": "hangup", "message": "Bye {caller_number}", "language": "en" });
    assert_eq!(action(&config, &[], &[]), ["say(Bye +13105550123) in en | hangup | end"]);
}

#[test]
fn a_voicemail_is_kept_for_what_follows() {
    let nodes = json!([{ "id": "start", "type": "start" },
        { "id": "v", "type": "action", "config": { "actionType": "voicemail", "message": "Speak.",
            "maxLength": 30, "format": "mp3", "transcribe": true } },
        { "id": "e", "type": "end", "config": { "message": "{voicemail_url|nothing}" } }]);
    let flow = flow(nodes, "start.next>v v.done>e");
    let asks = "say(Speak.) | record 30s and transcribe";
    for (input, heard) in [("recorded", "https://carrier.example/RE1.mp3"), ("silence", "nothing")]
    {
        let told = play(&flow, &Facts::at(NOON), &[input]);
        assert_eq!(told, [asks.to_owned(), format!("v.done | say({heard}) | hangup | end")]);
    }
    let plain = action(&json!({ "actionType": "voicemail" }), &[], &["recorded"]);
    assert_eq!(plain, ["record 120s", "n.done | hangup | end"]);
}

#[test]
fn a_pause_has_the_carrier_come_back_and_the_node_routes_then() {
    let config = json!({ "campaignBuyers": true });
    let waits = program(&one("advanced_router", config, &[]));
    let facts = Facts::at(NOON);
    let mut run = Run::open(&waits, facts.context());
    assert!(matches!(run.start(), Step::Need(_)));
    assert_eq!(run.pause(), Step::Wait);
    let turn = run.finish();
    assert_eq!(turn.directives, [crate::call::Directive::Continue { step: 1 }]);
    assert_eq!((turn.session.step, turn.session.node.as_str()), (1, "n"));
    let mut run = Run::resume(&waits, facts.context(), turn.session);
    let returned = crate::flow::Input::Caller(crate::call::CallerInput::Returned);
    assert_eq!(run.answer(&returned), Step::Need(crate::flow::Need::Route));
    let buyer = json!({ "actionType": "route_to_buyer", "buyerId": BUYER });
    let program = program(&one("action", buyer, &["failed"]));
    let (told, _) = walk(&program, &Facts::at(NOON), &["returned", "full"]);
    assert_eq!(told, ["route", "route", "n.failed | hangup | end"]);
}

#[test]
fn a_node_that_is_shown_by_itself_stops_there() {
    let flow = one("play_audio", json!({ "text": "Hello" }), &["next"]);
    let program = crate::flow::compile_node(&flow, "n").unwrap();
    let facts = Facts::at(NOON);
    let mut run = Run::open(&program, facts.context());
    assert_eq!(run.preview("n"), Some(Step::Wait));
    assert_eq!(run.preview("start"), None);
    assert_eq!(run.finish().directives, [crate::call::Directive::say("Hello")]);
    assert_eq!(crate::flow::compile_node(&flow, "nobody").unwrap_err(), []);
}
