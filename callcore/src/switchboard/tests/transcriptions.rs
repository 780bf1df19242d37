//! What was said in a recording, in words.

use serde_json::json;

use super::desk::Desk;
use super::flows::flow;
use crate::call::{
    CallStatus, CallerInput, EventKind, FinalReason, RecordingReady, Transcription,
    TranscriptionStatus,
};
use crate::vocabulary::limits;

fn voicemail() -> Desk {
    let mut desk = Desk::open();
    desk.buyer("A", |_| {});
    let mail = json!({ "actionType": "voicemail", "message": "Speak.", "transcribe": true });
    desk.flow(&flow(&[("mail", "action", mail)], &[]));
    desk.activate(|_| {});
    desk.voice(1);
    let recording = RecordingReady {
        recording_id: "RE1".into(),
        url: "https://example.com/RE1".into(),
        duration_secs: Some(7),
    };
    desk.step(1, 1, CallerInput::Recorded(recording));
    desk
}

fn said(desk: &Desk, recording: &str, status: TranscriptionStatus, text: &str) {
    let transcription = Transcription::new(recording.into(), status, text);
    assert_eq!(desk.deliver(1, EventKind::Transcription(transcription)), "");
}

#[test]
fn what_was_said_is_kept_with_the_call_once_and_late() {
    let desk = voicemail();
    desk.status(1, CallStatus::Completed);
    desk.wait(600);
    said(&desk, "RE1", TranscriptionStatus::Completed, "Call me back.");
    said(&desk, "RE1", TranscriptionStatus::Completed, "Something else.");
    let call = desk.call(1);
    assert_eq!(call.transcription.unwrap().text, "Call me back.");
    let session = call.flow.unwrap();
    assert_eq!(session.variables["voicemail_transcription"], "Call me back.");
    let steps = ["voice", "flow/1", "status/completed", "transcription/RE1"];
    assert_eq!(desk.facts(1), steps);
    assert!(desk.journal(1).contains("Call me back."));
    assert_eq!(desk.call(1).final_reason(), Some(FinalReason::FlowCompleted));
}

#[test]
fn a_transcription_that_failed_says_so() {
    let desk = voicemail();
    said(&desk, "RE1", TranscriptionStatus::Failed, "");
    let kept = desk.call(1).transcription.unwrap();
    assert_eq!((kept.status, kept.text.as_str()), (TranscriptionStatus::Failed, ""));
    assert!(!desk.call(1).flow.unwrap().variables.contains_key("voicemail_transcription"));
}

#[test]
fn words_of_an_older_recording_do_not_replace_those_of_the_newest() {
    let desk = voicemail();
    said(&desk, "RE0", TranscriptionStatus::Completed, "Early.");
    assert_eq!(desk.call(1).transcription.unwrap().text, "Early.");
    said(&desk, "RE1", TranscriptionStatus::Completed, "The message.");
    said(&desk, "RE2", TranscriptionStatus::Completed, "Late.");
    assert_eq!(desk.call(1).transcription.unwrap().text, "The message.");
}

#[test]
fn no_speech_is_longer_than_the_limit() {
    let desk = voicemail();
    let text = "é".repeat(limits::TRANSCRIPTION_CHARACTERS + 1);
    said(&desk, "RE1", TranscriptionStatus::Completed, &text);
    let kept = desk.call(1).transcription.unwrap();
    assert_eq!(kept.text.chars().count(), limits::TRANSCRIPTION_CHARACTERS);
}
