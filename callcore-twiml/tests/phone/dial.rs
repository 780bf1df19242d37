//! Dialling: legs, what callees hear, limits and recordings.

use std::sync::Arc;

use callcore::call::CallStatus;
use callcore_twiml::phone::{Event, Parting, Party, Phone, Purpose, Sound};

use crate::server::{Server, answer, call, heard, phone, play, play_one, twiml};

fn dialling(document: &str) -> Server {
    Server::new()
        .on("https://h/a", twiml(document))
        .on("https://h/d", twiml("<Say>after</Say>"))
        .on("https://h/s", answer(204, "", ""))
}

#[test]
fn a_callee_hears_and_accepts_before_being_connected() {
    let document = r#"<Dial action="/d"><Number url="/w/1" sendDigits="ww9">+1</Number></Dial>"#;
    let menu = r#"<Gather numDigits="1" action="2"><Say>press</Say></Gather><Hangup/>"#;
    let server = dialling(document)
        .on("https://h/w/1", twiml(menu))
        .on("https://h/w/2", twiml("<Say>thanks</Say>"));
    let (server, report) = play(server, "callee +1 answers after 2s presses 1 talks 10s");
    let seen = server.last("POST https://h/w/2");
    assert_eq!((seen.get("Digits"), seen.get("CallStatus")), (Some("1"), Some("in-progress")));
    let callee = Party::Callee("+1".to_owned());
    let sounds: Vec<_> = report.sounds().filter(|heard| heard.party == callee).collect();
    assert_eq!(sounds[0].sound, Sound::Keys("ww9".to_owned()));
    assert_eq!(sounds[2].sound, Sound::Text("thanks".to_owned()));
    assert_eq!(heard(&report), ["after"]);
    // Two seconds of ringing, the keys, the two texts with half a second between, and the talk.
    let bridged_ms = 2000 + 1250 + 5 * 60 + 500 + 6 * 60;
    let leg = report.dialled().next().unwrap();
    assert_eq!(leg.talked_ms, bridged_ms - 2000 + 10_000);
    assert_eq!(server.last("POST https://h/d").get("DialBridged"), Some("true"));
}

#[test]
fn an_unconnected_callee_is_completed_but_not_bridged() {
    let document = r#"<Dial action="/d"><Number url="/w">+1</Number></Dial>"#;
    for (whisper, script) in [
        (twiml("<Say>x</Say><Hangup/>"), "callee +1 answers"),
        (twiml("<Gather/>"), "callee +1 answers hangs up"),
        (answer(500, "", ""), "callee +1 answers"),
        (twiml("<Dial>+2</Dial><Redirect>/nowhere</Redirect>"), "callee +1 answers"),
    ] {
        let (server, _) = play(dialling(document).on("https://h/w", whisper), script);
        let seen = server.last("POST https://h/d");
        assert_eq!(seen.get("DialCallStatus"), Some("completed"));
        assert_eq!(seen.get("DialBridged"), Some("false"));
    }
}

#[test]
fn sequential_dials_go_on_after_a_callee_declines() {
    let document = concat!(
        r#"<Dial sequential="true"><Number url="/w">+1</Number>"#,
        "<Sip>sip:b@example.com</Sip><Number>+3</Number></Dial>",
    );
    let server = dialling(document).on("https://h/w", twiml("<Hangup/>"));
    let script = "callee * answers after 1s talks 5s";
    let (_, report) = play(server, script);
    let legs: Vec<_> = report.dialled().map(|leg| (leg.to.as_str(), leg.bridged)).collect();
    assert_eq!(legs, [("+1", false), ("sip:b@example.com", true)]);
}

#[test]
fn who_loses_stops_ringing_at_once() {
    let document = r#"<Dial><Number statusCallback="/s">+1</Number><Number>+2</Number></Dial>"#;
    let script = "callee +1 no answer\ncallee +2 answers after 3s talks 20s";
    let (server, _) = play(dialling(document), script);
    let seen = server.last("POST https://h/s");
    assert_eq!(seen.get("CallStatus"), Some("canceled"));
    assert_eq!(seen.get("Timestamp"), Some("Thu, 1 Jan 2026 00:00:03 +0000"));
}

#[test]
fn the_last_failure_is_reported() {
    let document = r#"<Dial action="/d"><Number>+1</Number><Number>+2</Number></Dial>"#;
    let (server, report) = play(dialling(document), "callee +1 busy after 2s\ncallee +2 fails");
    let seen = server.last("POST https://h/d");
    assert_eq!(seen.get("DialCallStatus"), Some("busy"));
    assert_eq!(seen.get("DialCallSid"), report.dialled().next().map(|leg| leg.call_sid.as_str()));
}

#[test]
fn a_conversation_has_a_time_limit() {
    let document = r#"<Dial action="/d" timeLimit="7">+1</Dial>"#;
    let (server, report) = play(dialling(document), "callee +1 answers after 1s talks 2m");
    assert_eq!(server.last("POST https://h/d").get("DialCallDuration"), Some("7"));
    assert!(report.events().any(|event| *event == Event::Parted { reason: Parting::TimeLimit }));
}

#[test]
fn ringing_has_a_time_limit() {
    let document = r#"<Dial timeout="5">+1</Dial>"#;
    let (_, report) = play(dialling(document), "callee +1 answers after 9.9s talks 1s");
    assert!(report.dialled().next().unwrap().bridged);
    let (_, report) = play(dialling(document), "callee +1 answers after 10s talks 1s");
    assert_eq!(report.dialled().next().unwrap().status, CallStatus::NoAnswer);
}

#[test]
fn only_the_events_that_are_asked_for_are_told_and_counted() {
    let plain = r#"<Dial><Number statusCallback="/s">+1</Number></Dial>"#;
    let (server, _) = play(dialling(plain), "callee +1 busy");
    let seen = server.seen_at("POST https://h/s");
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].get("CallStatus"), Some("busy"));
    assert_eq!(seen[0].get("SequenceNumber"), Some("0"));
    assert_eq!(seen[0].get("CallbackSource"), Some("call-progress-events"));
    assert_eq!(seen[0].get("Timestamp"), Some("Thu, 1 Jan 2026 00:00:01 +0000"));
    assert_eq!(seen[0].get("FromState"), None);
}

#[test]
fn empty_urls_are_as_good_as_none() {
    let document = concat!(
        r#"<Dial record="true" recordingStatusCallback="">"#,
        r#"<Number url="" statusCallback="">+1</Number></Dial>"#,
    );
    let (server, report) = play_one(document, "callee +1 answers");
    assert_eq!(server.lines(), ["POST https://h/a"]);
    assert!(report.dialled().next().unwrap().bridged);
}

#[test]
fn the_callee_sees_the_caller_id_or_else_the_caller() {
    let (_, report) = play_one(r#"<Dial callerId="+999">+1</Dial><Dial>+2</Dial>"#, "");
    let from: Vec<_> = report.dialled().map(|leg| leg.from.as_str()).collect();
    assert_eq!(from, ["+999", report.from.as_str()]);
}

#[test]
fn recordings_of_conversations_are_told() {
    let document = concat!(
        r#"<Dial action="/d" record="record-from-ringing-dual" recordingStatusCallback="/s">"#,
        "+1</Dial>",
    );
    let (server, _) = play(dialling(document), "callee +1 answers after 2s talks 10s");
    let url = server.last("POST https://h/d").get("RecordingUrl").unwrap().to_owned();
    let seen = server.last("POST https://h/s");
    assert_eq!(seen.get("RecordingUrl"), Some(url.as_str()));
    assert_eq!(
        (seen.get("RecordingChannels"), seen.get("RecordingDuration")),
        (Some("2"), Some("12"))
    );
    assert_eq!(seen.get("RecordingSource"), Some("DialVerb"));
    let (server, _) = play(dialling(document), "callee +1 busy");
    assert_eq!(server.last("POST https://h/d").get("RecordingUrl"), None);
    assert!(server.seen_at("POST https://h/s").is_empty());
}

#[test]
fn a_bridge_can_answer_the_call() {
    let document = r#"<Dial answerOnBridge="true" action="/d">+1</Dial>"#;
    let (server, report) = play(dialling(document), "callee +1 answers after 4s talks 6s");
    assert_eq!(server.last("POST https://h/d").get("CallStatus"), Some("in-progress"));
    let answered = report.entries.iter().find(|entry| entry.event == Event::Answered).unwrap();
    assert_eq!(answered.at_ms, 4000);
    let (server, report) = play(dialling(document), "callee +1 busy");
    assert_eq!(server.last("POST https://h/d").get("CallStatus"), Some("ringing"));
    assert_eq!(report.status(), Some(CallStatus::Completed));
    let document = r#"<Dial answerOnBridge="true">+1</Dial>"#;
    let (_, report) = play_one(document, "callee +1 busy");
    assert_eq!(report.status(), Some(CallStatus::NoAnswer));
}

#[test]
fn callees_change_from_call_to_call() {
    let document = "<Dial>+1</Dial><Dial>+1</Dial>";
    let (_, report) = play_one(document, "callee +1 busy\ncallee +1 answers talks 1s");
    let legs: Vec<_> = report.dialled().map(|leg| leg.status).collect();
    assert_eq!(legs, [CallStatus::Busy, CallStatus::Completed]);
}

#[test]
fn whispers_have_no_fallback_and_detection_is_warned_about() {
    let document = r#"<Dial><Number url="/w" machineDetection="Enable">+1</Number></Dial>"#;
    let server = Arc::new(dialling(document));
    let fallback_url = Some("https://h/d".to_owned());
    let report = call(&Phone { fallback_url, ..phone(&server) }, "callee +1 answers");
    assert_eq!(report.requests_for(Purpose::Fallback).count(), 0);
    let messages: Vec<_> = report.warnings().map(|warning| warning.message.as_str()).collect();
    assert!(messages[0].contains("machine detection"), "{messages:?}");
    assert!(messages[1].starts_with("https://h/w: "), "{messages:?}");
}
