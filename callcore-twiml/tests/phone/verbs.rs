//! What the other verbs do in detail.

use std::collections::BTreeMap;
use std::sync::Arc;

use callcore::call::CallStatus;
use callcore_twiml::phone::{Event, Phone, Sound};

use crate::server::{Server, answer, call, heard, phone, play, play_one, twiml};

#[test]
fn sounds_take_their_time() {
    let server = Server::new()
        .on("https://h/a", twiml(r#"<Play loop="2">s.mp3</Play><Play digits="1W"/><Play>x</Play>"#))
        .on("https://h/s.mp3", answer(200, "audio/mpeg", "ID3"));
    let server = Arc::new(server);
    let sounds = BTreeMap::from([("https://h/s.mp3".to_owned(), 700)]);
    let report = call(&Phone { sounds, ..phone(&server) }, "");
    let heard: Vec<_> = report.sounds().map(|heard| (heard.sound.clone(), heard.times)).collect();
    let file = Sound::File("https://h/s.mp3".to_owned());
    assert_eq!(heard, [(file, 2), (Sound::Keys("1W".to_owned()), 1)]);
    assert_eq!(report.ended_ms(), Some(2 * 700 + 1250));
    assert_eq!(server.last("GET https://h/s.mp3").form.len(), 0);
    assert_eq!(report.warnings().next().unwrap().code, Some(11200));
}

#[test]
fn an_answer_of_sound_or_plain_text_is_heard_and_ends_the_call() {
    let server = Server::new().on("https://h/a", answer(200, "audio/wav", "RIFF"));
    let (_, report) = play(server, "");
    assert_eq!(report.sounds().next().unwrap().sound, Sound::File("https://h/a".to_owned()));
    assert_eq!(report.ended_ms(), Some(3000));
    let server = Server::new().on("https://h/a", answer(200, "text/plain", "hello"));
    let (_, report) = play(server, "");
    assert_eq!(heard(&report), ["hello"]);
    assert_eq!(report.status(), Some(CallStatus::Completed));
}

#[test]
fn keys_that_nobody_waits_for_are_lost_unless_they_are_kept() {
    let document = "<Say>a long text</Say><Gather numDigits=\"2\" action=\"/g\"/>";
    let digits = |keep_early_keys| {
        let replies = Server::new().on("https://h/a", twiml(document)).on("https://h/g", twiml(""));
        let server = Arc::new(replies);
        let report = call(
            &Phone { keep_early_keys, ..phone(&server) },
            "at 100ms digits 12\nat 2s digits 34",
        );
        let taken = |event: &&Event| matches!(event, Event::Pressed { taken: false, .. });
        let lost = report.events().filter(taken).count();
        (server.last("POST https://h/g").get("Digits").map(str::to_owned), lost)
    };
    assert_eq!(digits(false), (Some("34".to_owned()), 2));
    assert_eq!(digits(true), (Some("12".to_owned()), 0));
}

#[test]
fn a_question_can_refuse_to_be_interrupted() {
    let document = r#"<Gather bargeIn="false" numDigits="1"><Say>0123456789</Say></Gather>"#;
    let replies = Server::new().on("https://h/a", twiml(document)).on("https://h/a", twiml(""));
    let (server, report) = play(replies, "at 100ms digits 1\nat 1s digits 2");
    assert_eq!(server.last("POST https://h/a").get("Digits"), Some("2"));
    assert!(report.sounds().all(|heard| !heard.cut));
}

#[test]
fn speech_ends_with_silence_and_keys_do_not_count_any_more() {
    let document = r#"<Gather input="speech dtmf" speechTimeout="2" partialResultCallback="/p"/>"#;
    let replies = Server::new()
        .on("https://h/a", twiml(document))
        .on("https://h/a", twiml(""))
        .on("https://h/p", answer(204, "", ""));
    let script = "at 1s say one\nat 2s digits 5#\nat 2.5s say two with confidence 0.2";
    let (server, report) = play(replies, script);
    let seen = server.last("POST https://h/a");
    assert_eq!((seen.get("SpeechResult"), seen.get("Confidence")), (Some("one two"), Some("0.9")));
    assert_eq!(seen.get("Digits"), None);
    assert_eq!(report.ended_ms(), Some(2500 + 3 * 60 + 2000));
    let partial = server.last("POST https://h/p");
    assert_eq!(partial.get("UnstableSpeechResult"), Some("one two"));
}

#[test]
fn speech_is_cut_at_its_longest_and_ignored_where_only_keys_count() {
    let document = r#"<Gather input="speech" maxSpeechTime="4"/>"#;
    let replies = Server::new().on("https://h/a", twiml(document)).on("https://h/a", twiml(""));
    let (_, report) = play(replies, "at 1s talk 30s");
    assert_eq!(report.ended_ms(), Some(5000));
    let (server, report) = play_one("<Gather/>", "say sales");
    assert_eq!((server.lines().len(), report.ended_ms()), (1, Some(5000)));
}

#[test]
fn recordings_end_by_keys_and_silence_and_are_told() {
    let document = concat!(
        r##"<Record action="/r" finishOnKey="#" timeout="3" transcribe="true""##,
        r#" transcribeCallback="/t" recordingStatusCallback="/s""#,
        r#" recordingStatusCallbackEvent="in-progress completed absent"/><Say>nothing</Say>"#,
    );
    let record = |script: &str| {
        let server = Server::new()
            .on("https://h/a", twiml(document))
            .on("https://h/r", twiml(""))
            .on("https://h/s", answer(204, "", ""))
            .on("https://h/t", answer(204, "", ""));
        let (server, report) = play(server, script);
        let states: Vec<_> = server
            .seen_at("POST https://h/s")
            .iter()
            .filter_map(|seen| seen.get("RecordingStatus").map(str::to_owned))
            .collect();
        (server, report, states)
    };
    let (server, report, states) = record("say one two three\nat 4s digits 1#");
    let seen = server.last("POST https://h/r");
    assert_eq!((seen.get("Digits"), seen.get("RecordingDuration")), (None, Some("1")));
    assert_eq!(report.ended_ms(), Some(13 * 60 + 3000));
    assert_eq!(states, ["in-progress", "completed"]);
    assert_eq!(server.last("POST https://h/t").get("TranscriptionText"), Some("one two three"));
    let (server, _, _) = record("talk 9s\nat 4s digits 1#");
    let seen = server.last("POST https://h/r");
    assert_eq!((seen.get("Digits"), seen.get("RecordingDuration")), (Some("#"), Some("5")));
    let (server, report, states) = record("");
    assert!(server.seen_at("POST https://h/r").is_empty());
    assert_eq!(
        (heard(&report), states),
        (vec!["nothing"], vec!["in-progress".into(), "absent".into()])
    );
}

#[test]
fn agents_take_callers_out_of_queues() {
    let document = r#"<Enqueue action="/q" waitUrl="/w">sales</Enqueue>"#;
    let replies = Server::new()
        .on("https://h/a", twiml(document))
        .on("https://h/w", twiml("<Say loop=\"0\">wait</Say>"))
        .on("https://h/q", twiml("<Say>bye</Say>"));
    let (server, report) = play(replies, "queue sales answers after 30s talks 20s");
    let seen = server.last("POST https://h/q");
    assert_eq!(seen.get("QueueResult"), Some("bridged"));
    assert_eq!(heard(&report), ["wait", "bye"]);
    assert_eq!(report.ended_ms(), Some(50_000 + 180));
    let (_, report) = play_one("<Enqueue>q</Enqueue><Say>next</Say>", "queue q answers after 5s");
    assert_eq!(report.sounds().next().unwrap().sound, Sound::Music);
    assert_eq!(heard(&report), ["next"]);
}

#[test]
fn a_wait_document_can_hang_up_but_not_dial() {
    let document = r#"<Enqueue action="/q" waitUrl="/w">q</Enqueue>"#;
    let replies = Server::new()
        .on("https://h/a", twiml(document))
        .on("https://h/w", twiml("<Dial>+1</Dial><Hangup/>"))
        .on("https://h/q", twiml(""));
    let (server, report) = play(replies, "");
    let seen = server.last("POST https://h/q");
    assert_eq!(
        (seen.get("QueueResult"), seen.get("CallStatus")),
        (Some("hangup"), Some("completed"))
    );
    assert_eq!(report.dialled().count(), 0);
    assert_eq!(report.warnings().next().unwrap().code, Some(12200));
}

#[test]
fn no_call_is_endless() {
    let (_, report) = play_one("<Enqueue>q</Enqueue>", "");
    assert_eq!(report.ended_ms(), Some(24 * 60 * 60 * 1000));
    assert!(report.warnings().any(|warning| warning.message.contains("a day")));
    let (_, report) = play_one(&"<Hangup/>".repeat(3), "digits 1\ndigits 2");
    assert!(report.warnings().any(|warning| warning.message.contains("2 of the caller's answers")));
}

#[test]
fn verbs_are_counted_with_the_prompts_of_questions() {
    let plays = "<Play>x</Play>".repeat(2500);
    let (server, report) =
        play_one(&format!("<Gather>{plays}</Gather><Redirect>/a</Redirect>"), "");
    // Three times everything, and then the question and what is left of the limit for it.
    let played = 3 * 2500 + (10_000 - 3 * 2502 - 1);
    assert_eq!(server.seen_at("GET https://h/x").len(), played);
    assert!(report.warnings().any(|warning| warning.message.contains("10000 verbs")));
}

#[test]
fn an_empty_document_answers_and_hangs_up() {
    let (_, report) = play_one("", "");
    assert_eq!((report.status(), report.ended_ms()), (Some(CallStatus::Completed), Some(0)));
}

#[test]
fn a_pause_at_the_beginning_lets_it_ring() {
    let (_, report) = play_one("<Pause length=\"3\"/><Say>hello</Say>", "");
    let answered = report.entries.iter().find(|entry| entry.event == Event::Answered).unwrap();
    assert_eq!(answered.at_ms, 3000);
    let (_, report) = play_one("<Say>hello</Say><Pause length=\"3\"/>", "");
    let answered = report.entries.iter().find(|entry| entry.event == Event::Answered).unwrap();
    assert_eq!(answered.at_ms, 0);
}
