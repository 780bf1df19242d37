//! The caller hangs up: in every verb, the call is over at once, and told once.

use std::sync::Arc;

use callcore::call::CallStatus;
use callcore_twiml::phone::{Phone, Report};

use crate::server::{Server, answer, call, heard, phone, twiml};

const SCRIPT: &str = "hang up at 2s\ncallee +1 answers after 1s talks 20s\ncallee +2 no answer";

fn hang_up(document: &str, script: &str) -> (Arc<Server>, Report) {
    let server = Server::new()
        .on("https://h/a", twiml(document))
        .on("https://h/action", twiml("<Say>unheard</Say>"))
        .on("https://h/w", twiml("<Gather timeout=\"60\"/>"))
        .on("https://h/s.mp3", answer(200, "audio/mpeg", ""))
        .on("https://h/status", answer(204, "", ""));
    let server = Arc::new(server);
    let status_callback = Some("https://h/status".to_owned());
    let report = call(&Phone { status_callback, ..phone(&server) }, script);
    (server, report)
}

#[test]
fn every_verb_ends() {
    for document in [
        "<Say loop=\"0\">on and on</Say>",
        "<Play loop=\"0\">/s.mp3</Play>",
        "<Say>a</Say><Pause length=\"60\"/>",
        "<Gather timeout=\"60\" action=\"/action\"/>",
        "<Gather action=\"/action\"><Say loop=\"0\">on and on</Say></Gather>",
        "<Gather bargeIn=\"false\" action=\"/action\"><Pause length=\"60\"/></Gather>",
        "<Record action=\"/action\"/>",
        "<Dial action=\"/action\">+1</Dial>",
        "<Dial action=\"/action\">+2</Dial>",
        "<Dial action=\"/action\"><Number url=\"/w\">+1</Number></Dial>",
        "<Enqueue action=\"/action\">q</Enqueue>",
        "<Enqueue action=\"/action\" waitUrl=\"\">q</Enqueue>",
        "<Enqueue action=\"/action\" waitUrl=\"/w\">q</Enqueue>",
    ] {
        let (server, report) = hang_up(&format!("{document}<Say>unheard</Say>"), SCRIPT);
        assert_eq!(report.status(), Some(CallStatus::Completed), "{document}");
        assert_eq!(report.ended_ms(), Some(2000), "{document}");
        assert!(!heard(&report).contains(&"unheard"), "{document}");
        let told = server.seen_at("POST https://h/status");
        assert_eq!(told.len(), 1, "{document}");
        assert_eq!(told[0].get("CallDuration"), Some("2"), "{document}");
        let is_asked = ["Record", "Dial", "Enqueue"].iter().any(|verb| document.contains(verb));
        let asked = server.seen_at("POST https://h/action");
        assert_eq!(asked.len(), usize::from(is_asked), "{document}");
        assert!(asked.iter().all(|seen| seen.get("CallStatus") == Some("completed")), "{document}");
    }
}

#[test]
fn the_action_learns_how_far_the_dial_was() {
    let dial = |dialled: &str| {
        let document = format!("<Dial action=\"/action\">{dialled}</Dial>");
        let (server, report) = hang_up(&document, SCRIPT);
        let seen = server.last("POST https://h/action");
        let leg = report.dialled().next().unwrap().status;
        (
            seen.get("DialCallStatus").map(str::to_owned),
            seen.get("DialBridged") == Some("true"),
            leg,
        )
    };
    let canceled = Some("canceled".to_owned());
    let completed = Some("completed".to_owned());
    assert_eq!(dial("+2"), (canceled, false, CallStatus::Canceled));
    assert_eq!(dial("+1"), (completed.clone(), true, CallStatus::Completed));
    let whispering = "<Number url=\"/w\">+1</Number>";
    assert_eq!(dial(whispering), (completed, false, CallStatus::Completed));
}

#[test]
fn a_call_that_was_not_answered_ends_unanswered() {
    for document in
        ["<Dial answerOnBridge=\"true\" action=\"/action\">+2</Dial>", "<Pause length=\"60\"/>"]
    {
        let (server, report) = hang_up(document, SCRIPT);
        assert_eq!(report.status(), Some(CallStatus::NoAnswer));
        let told = server.last("POST https://h/status");
        assert_eq!(
            (told.get("CallStatus"), told.get("CallDuration")),
            (Some("no-answer"), Some("0"))
        );
    }
}

#[test]
fn hanging_up_can_be_an_answer() {
    let (server, report) =
        hang_up("<Gather action=\"/action\"><Say>Well?</Say></Gather>", "hang up");
    assert_eq!(heard(&report), ["Well?"]);
    assert_eq!(report.ended_ms(), Some(5 * 60 + 500));
    assert!(server.seen_at("POST https://h/action").is_empty());
}

#[test]
fn hanging_up_during_a_slow_request_ends_the_call() {
    let server = Server::new().on("https://h/a", Err(callcore::port::HttpError::Timeout));
    let server = Arc::new(server);
    let report = call(&phone(&server), "hang up at 4s");
    assert_eq!((report.status(), report.ended_ms()), (Some(CallStatus::NoAnswer), Some(4000)));
    assert!(heard(&report).is_empty());
}
