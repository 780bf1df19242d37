//! The worked scenarios that need no more than the verbs there are. Not here: a queue that is left
//! by `<Leave>`, and a live call that is changed by REST.

use std::sync::Arc;

use callcore::call::CallStatus;
use callcore::port::HttpError;
use callcore_twiml::phone::{CallbackOrder, Phone, Purpose};

use crate::server::{Server, answer, call, heard, phone, play, play_one, twiml};

const MENU: &str =
    r#"<Gather numDigits="1"><Say>Please press one key</Say></Gather><Say>none</Say>"#;

#[test]
fn s01_a_key_cuts_the_prompt_and_is_submitted_to_the_same_document() {
    let replies = Server::new().on("https://h/a", twiml(MENU)).on("https://h/a", twiml(""));
    let (server, report) = play(replies, "at 1s digits 5");
    assert_eq!(server.lines(), ["POST https://h/a", "POST https://h/a"]);
    let seen = server.seen();
    assert_eq!((seen[0].get("Digits"), seen[0].get("CallStatus")), (None, Some("ringing")));
    assert_eq!(
        (seen[1].get("Digits"), seen[1].get("CallStatus")),
        (Some("5"), Some("in-progress"))
    );
    let sounds: Vec<_> = report.sounds().map(|sound| (sound.cut, sound.times)).collect();
    assert_eq!(sounds, [(true, 1)]);
    assert_eq!((report.status(), report.ended_ms()), (Some(CallStatus::Completed), Some(1000)));
}

#[test]
fn s02_without_a_key_the_next_verb_runs() {
    let (server, report) = play_one(MENU, "silence");
    assert_eq!(heard(&report), ["Please press one key", "none"]);
    assert_eq!(server.lines(), ["POST https://h/a"]);
    assert_eq!(report.ended_ms(), Some(20 * 60 + 5000 + 4 * 60));
}

#[test]
fn s03_the_finish_key_alone_is_no_input() {
    for script in ["digits #", "at 100ms digits #"] {
        let (server, report) = play_one(MENU, script);
        assert_eq!(heard(&report), ["Please press one key", "none"]);
        assert_eq!(server.lines().len(), 1);
        assert!(report.ended_ms() < Some(5000));
    }
}

#[test]
fn s04_an_empty_result_can_be_submitted() {
    let document = r#"<Gather action="/g" method="GET" actionOnEmptyResult="true"/>"#;
    let replies = Server::new().on("https://h/a", twiml(document)).on("https://h/g", twiml(""));
    let (server, report) = play(replies, "");
    assert_eq!(server.lines(), ["POST https://h/a", "GET https://h/g"]);
    assert_eq!(server.last("GET https://h/g").get("Digits"), None);
    assert_eq!(report.ended_ms(), Some(5000));
}

#[test]
fn s05_without_a_finish_key_only_time_ends_the_input() {
    let document = r#"<Gather finishOnKey="" timeout="2"/>"#;
    let replies = Server::new().on("https://h/a", twiml(document)).on("https://h/a", twiml(""));
    let (server, report) = play(replies, "at 1s digits 12#");
    assert_eq!(server.last("POST https://h/a").get("Digits"), Some("12#"));
    assert_eq!(report.ended_ms(), Some(1000 + 2 * 250 + 2000));
}

#[test]
fn s06_speech_is_submitted_without_digits() {
    let document = r#"<Gather input="dtmf speech" action="g"/>"#;
    let replies = Server::new().on("https://h/a", twiml(document)).on("https://h/g", twiml(""));
    let (server, _) = play(replies, "say sales\nat 2s digits 1#");
    let seen = server.last("POST https://h/g");
    let speech = (seen.get("SpeechResult"), seen.get("Confidence"), seen.get("Digits"));
    assert_eq!(speech, (Some("sales"), Some("0.9"), None));
}

#[test]
fn s07_a_busy_dial_without_action_falls_through() {
    let (server, report) = play_one("<Dial>+1</Dial><Say>bye</Say>", "callee +1 busy");
    assert_eq!(heard(&report), ["bye"]);
    assert_eq!(server.lines().len(), 1);
    assert_eq!(report.dialled().next().unwrap().status, CallStatus::Busy);
}

#[test]
fn s08_nobody_answers() {
    let document = r#"<Dial action="/d" timeout="10">+1</Dial><Say>no</Say>"#;
    let replies = Server::new().on("https://h/a", twiml(document)).on("https://h/d", twiml(""));
    let (server, report) = play(replies, "callee +1 no answer");
    let seen = server.last("POST https://h/d");
    assert_eq!(seen.get("DialCallStatus"), Some("no-answer"));
    assert_eq!((seen.get("DialBridged"), seen.get("DialCallDuration")), (Some("false"), None));
    assert_eq!(report.ended_ms(), Some(15_000));
    assert!(heard(&report).is_empty());
    assert!(report.warnings().any(|warning| warning.message.contains("after a <Dial>")));
}

#[test]
fn s09_the_first_to_answer_is_connected_and_the_other_cancelled() {
    let document = r#"<Dial action="/d"><Number>+1</Number><Number>+2</Number></Dial>"#;
    let replies = Server::new().on("https://h/a", twiml(document)).on("https://h/d", twiml(""));
    let script = "callee +1 answers after 4s\ncallee +2 answers after 3s talks 20s";
    let (server, report) = play(replies, script);
    let legs: Vec<_> = report.dialled().collect();
    assert_eq!((legs[0].status, legs[0].bridged), (CallStatus::Canceled, false));
    assert_eq!((legs[1].status, legs[1].bridged), (CallStatus::Completed, true));
    assert_eq!((legs[1].answered_after_ms, legs[1].talked_ms), (Some(3000), 20_000));
    let seen = server.last("POST https://h/d");
    assert_eq!(seen.get("DialCallStatus"), Some("completed"));
    assert_eq!(seen.get("DialCallSid"), Some(legs[1].call_sid.as_str()));
    assert_eq!(seen.get("DialCallDuration"), Some("20"));
    assert_eq!(seen.get("DialBridged"), Some("true"));
    assert_eq!(seen.get("CallStatus"), Some("in-progress"));
    assert_eq!(report.ended_ms(), Some(23_000));
}

#[test]
fn s10_sequential_legs_wait_for_each_other() {
    let document =
        r#"<Dial sequential="true" action="/d"><Number>+1</Number><Number>+2</Number></Dial>"#;
    let replies = Server::new().on("https://h/a", twiml(document)).on("https://h/d", twiml(""));
    let (server, report) = play(replies, "callee +1 busy after 2s\ncallee +2 answers after 1s");
    let dialled_at: Vec<u64> = report
        .entries
        .iter()
        .filter(|entry| matches!(entry.event, callcore_twiml::phone::Event::Dialled(_)))
        .map(|entry| entry.at_ms)
        .collect();
    assert_eq!(dialled_at, [0, 2000]);
    let legs: Vec<_> = report.dialled().map(|leg| leg.status).collect();
    assert_eq!(legs, [CallStatus::Busy, CallStatus::Completed]);
    assert_eq!(server.last("POST https://h/d").get("DialCallStatus"), Some("completed"));
}

#[test]
fn s11_the_star_ends_the_callee_only() {
    let document = r#"<Dial hangupOnStar="true" action="/d">+1</Dial>"#;
    let replies = Server::new()
        .on("https://h/a", twiml(document))
        .on("https://h/d", twiml("<Say>still here</Say>"));
    let (server, report) = play(replies, "callee +1 answers after 1s\nat 5s digits 1*");
    assert_eq!(server.last("POST https://h/d").get("DialCallStatus"), Some("completed"));
    assert_eq!(heard(&report), ["still here"]);
    assert_eq!(report.dialled().next().unwrap().talked_ms, 4250);
    let (_, report) = play_one("<Dial>+1</Dial>", "callee +1 answers after 1s\nat 5s digits *");
    assert_eq!(report.dialled().next().unwrap().talked_ms, 60_000);
}

#[test]
fn s12_a_callee_who_is_hung_up_is_not_connected() {
    let document = r#"<Dial><Number url="/w">+1</Number></Dial><Say>nobody</Say>"#;
    let whisper = r#"<Gather numDigits="1"><Say>press 1</Say></Gather><Hangup/>"#;
    let replies =
        Server::new().on("https://h/a", twiml(document)).on("https://h/w", twiml(whisper));
    let (server, report) = play(replies, "callee +1 answers after 1s");
    assert_eq!(heard(&report), ["nobody"]);
    let leg = report.dialled().next().unwrap();
    assert_eq!((leg.status, leg.bridged), (CallStatus::Completed, false));
    let seen = server.last("POST https://h/w");
    assert_eq!(seen.get("CallSid"), Some(leg.call_sid.as_str()));
    assert_eq!(seen.get("ParentCallSid"), Some(report.call_sid.as_str()));
    assert_eq!((seen.get("Direction"), seen.get("To")), (Some("outbound-dial"), Some("+1")));
}

#[test]
fn s13_a_recording_has_a_longest_length() {
    let document = r#"<Record maxLength="5"/><Say>n</Say>"#;
    let replies = Server::new().on("https://h/a", twiml(document)).on("https://h/a", twiml(""));
    let (server, report) = play(replies, "talk 9s");
    let seen = server.last("POST https://h/a");
    assert_eq!((seen.get("RecordingDuration"), seen.get("Digits")), (Some("5"), None));
    assert!(seen.get("RecordingUrl").unwrap().contains("/Recordings/RE"));
    assert!(heard(&report).is_empty());
    assert_eq!(report.ended_ms(), Some(5000));
}

#[test]
fn s14_hanging_up_ends_a_recording_and_the_call() {
    let replies = Server::new()
        .on("https://h/a", twiml(r#"<Record action="/r"/>"#))
        .on("https://h/r", twiml("<Say>n</Say>"));
    let (server, report) = play(replies, "talk 9s\nhang up at 3s");
    let seen = server.last("POST https://h/r");
    assert_eq!((seen.get("Digits"), seen.get("RecordingDuration")), (Some("hangup"), Some("3")));
    assert_eq!(seen.get("CallStatus"), Some("completed"));
    assert!(heard(&report).is_empty());
    assert_eq!((report.status(), report.ended_ms()), (Some(CallStatus::Completed), Some(3000)));
}

#[test]
fn s15_a_redirect_never_returns() {
    let server = Arc::new(
        Server::new()
            .on("https://h/x/a", twiml("<Redirect>../b</Redirect><Say>n</Say>"))
            .on("https://h/b", twiml("<Say>b</Say>")),
    );
    let phone = Phone { voice_url: "https://h/x/a".to_owned(), ..phone(&server) };
    let report = call(&phone, "");
    assert_eq!(server.lines(), ["POST https://h/x/a", "POST https://h/b"]);
    assert_eq!(heard(&report), ["b"]);
    let warnings: Vec<_> = report.warnings().map(|warning| warning.message.as_str()).collect();
    let expected = "https://h/x/a: nothing after a <Redirect> runs; unreachable verbs: 1";
    assert_eq!(warnings, [expected]);
}

#[test]
fn s16_a_rejected_call_is_not_answered() {
    for (document, status) in
        [(r#"<Reject reason="busy"/>"#, CallStatus::Busy), ("<Reject/>", CallStatus::NoAnswer)]
    {
        let server = Arc::new(
            Server::new().on("https://h/a", twiml(document)).on("https://h/s", answer(204, "", "")),
        );
        let status_callback = Some("https://h/s".to_owned());
        let report = call(&Phone { status_callback, ..phone(&server) }, "");
        assert_eq!(report.status(), Some(status));
        assert!(!report.to_string().contains("the call is answered"));
        assert_eq!(server.lines(), ["POST https://h/a", "POST https://h/s"]);
        let seen = server.last("POST https://h/s");
        assert_eq!(
            (seen.get("CallStatus"), seen.get("CallDuration")),
            (Some(status.name()), Some("0"))
        );
        assert_eq!(report.warnings().count(), 0);
    }
}

#[test]
fn s17_a_reject_after_a_pause_is_warned_about() {
    let (_, report) = play_one(r#"<Pause length="3"/><Reject/>"#, "");
    assert_eq!(report.ended_ms(), Some(3000));
    assert!(report.warnings().any(|warning| warning.message.contains("<Reject>")));
}

#[test]
fn s18_an_error_leads_to_the_fallback() {
    let server = Arc::new(
        Server::new()
            .on("https://h/a", answer(500, "text/xml", "<Response/>"))
            .on("https://h/f", twiml("<Say>sorry</Say>")),
    );
    let fallback_url = Some("https://h/f".to_owned());
    let report = call(&Phone { fallback_url, ..phone(&server) }, "");
    let seen = server.last("POST https://h/f");
    assert_eq!((seen.get("ErrorCode"), seen.get("ErrorUrl")), (Some("11200"), Some("https://h/a")));
    assert_eq!(heard(&report), ["sorry"]);
}

#[test]
fn s19_a_handler_that_sleeps_is_given_up_after_fifteen_seconds() {
    let server = Arc::new(
        Server::new()
            .on("https://h/a", Err(HttpError::Timeout))
            .on("https://h/f", twiml("<Say>sorry</Say>")),
    );
    let fallback_url = Some("https://h/f".to_owned());
    let report = call(&Phone { fallback_url, ..phone(&server) }, "");
    assert_eq!(server.lines(), ["POST https://h/a", "POST https://h/f"]);
    assert_eq!(server.seen()[0].timeout_ms, 15_000);
    assert_eq!(heard(&report), ["sorry"]);
    assert_eq!(report.ended_ms(), Some(15_000 + 300));
    assert_eq!(report.warnings().next().unwrap().code, Some(11200));
}

#[test]
fn s21_a_queue_is_waited_in_and_left_by_hanging_up() {
    let document = r#"<Enqueue action="/q" waitUrl="/w">sales</Enqueue>"#;
    let replies = Server::new()
        .on("https://h/a", twiml(document))
        .on("https://h/w", twiml("<Say>wait</Say><Pause length=\"5\"/>"))
        .on("https://h/q", twiml("<Say>n</Say>"));
    let (server, report) = play(replies, "hang up at 8s\nqueue sales holds 2");
    assert_eq!(server.seen_at("POST https://h/w").len(), 2);
    let seen = &server.seen_at("POST https://h/w")[0];
    assert_eq!((seen.get("QueuePosition"), seen.get("MaxQueueSize")), (Some("3"), Some("1000")));
    let seen = server.last("POST https://h/q");
    assert_eq!((seen.get("QueueResult"), seen.get("QueueTime")), (Some("hangup"), Some("8")));
    assert_eq!(heard(&report), ["wait", "wait"]);
}

#[test]
fn s21_a_full_queue_is_not_joined() {
    let document = r#"<Enqueue action="/q" maxQueueSize="2">sales</Enqueue>"#;
    let replies = Server::new()
        .on("https://h/a", twiml(document))
        .on("https://h/q", twiml("<Say>full</Say>"));
    let (server, report) = play(replies, "queue sales holds 2");
    assert_eq!(server.last("POST https://h/q").get("QueueResult"), Some("queue-full"));
    assert_eq!(heard(&report), ["full"]);
    let (_, report) = play_one(r#"<Enqueue maxQueueSize="0">q</Enqueue><Say>next</Say>"#, "");
    assert_eq!(heard(&report), ["next"]);
}

#[test]
fn s22_status_callbacks_may_arrive_in_another_order() {
    let events = r#"statusCallbackEvent="initiated ringing answered completed""#;
    let document = format!(r#"<Dial><Number statusCallback="/s" {events}>+1</Number></Dial>"#);
    let numbers = |callback_order| {
        let server = Arc::new(
            Server::new()
                .on("https://h/a", twiml(&document))
                .on("https://h/s", answer(204, "", "")),
        );
        call(&Phone { callback_order, ..phone(&server) }, "callee +1 answers after 2s talks 61s");
        let seen = server.seen_at("POST https://h/s");
        let told = |name| -> Vec<String> {
            seen.iter().filter_map(|seen| seen.get(name)).map(str::to_owned).collect()
        };
        (told("SequenceNumber"), told("CallStatus"), told("CallDuration"), told("Duration"))
    };
    let (order, statuses, seconds, minutes) = numbers(CallbackOrder::InOrder);
    assert_eq!(order, ["0", "1", "2", "3"]);
    assert_eq!(statuses, ["initiated", "ringing", "in-progress", "completed"]);
    assert_eq!((seconds, minutes), (vec!["61".to_owned()], vec!["2".to_owned()]));
    let (order, statuses, ..) = numbers(CallbackOrder::LastSecond);
    assert_eq!(order, ["0", "3", "1", "2"]);
    assert_eq!(statuses, ["initiated", "completed", "ringing", "in-progress"]);
}

#[test]
fn s23_a_repeated_request_gets_the_same_answer_from_a_server_that_knows_its_token() {
    let replies = |server: Server| {
        let server = server
            .on("https://h/a", twiml("<Say>one</Say>"))
            .on("https://h/a", twiml("<Say>two</Say>"));
        Arc::new(server)
    };
    let honouring = replies(Server::honouring_tokens());
    let report = call(&Phone { send_twice: true, ..phone(&honouring) }, "");
    assert_eq!(report.warnings().count(), 0);
    let tokens: Vec<_> = report.requests_for(Purpose::Voice).map(|one| &one.token).collect();
    assert_eq!((tokens.len(), tokens[0]), (2, tokens[1]));
    let careless = replies(Server::new());
    let report = call(&Phone { send_twice: true, ..phone(&careless) }, "");
    assert!(report.warnings().next().unwrap().message.contains("differently"));
    assert_eq!(heard(&report), ["one"]);
}
