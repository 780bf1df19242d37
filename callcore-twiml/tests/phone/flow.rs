//! What the renderer writes for steps of a flow, the phone runs, and the webhook's forms say again
//! what the caller did.

use std::sync::Arc;

use callcore::call::{
    CallStatus, CallerInput, Confer, Directive, Enqueue, EventKind, FlowStep, Message, Prompt,
    Question, QueueOutcome, Sound, Speech,
};
use callcore::model::Recording;
use callcore::vocabulary::{CallId, TenantId};
use callcore_twiml::phone::{Manner, Report};
use callcore_twiml::render::Renderer;
use callcore_twiml::webhook::{Webhook, event};

use crate::server::{Server, answer, call, heard, phone, twiml};

const TENANT: TenantId = TenantId::from_uuid(uuid::Uuid::from_u128(1));
const CALL: CallId = CallId::from_uuid(uuid::Uuid::from_u128(2));
const STEP: u32 = 3;

/// Plays a call whose only step is this directive, and says what came back at that step, if
/// anything did. What comes after it says goodbye.
fn step(directive: Directive, script: &str) -> (Option<FlowStep>, Report, Arc<Server>) {
    let renderer = Renderer::new("https://h");
    let document = renderer.response(CALL, Some(TENANT), &[directive]).to_xml();
    let document = document.expect("the directive can be written");
    let step_url = renderer.flow_url(TENANT, STEP);
    let server = Server::new()
        .on("https://h/a", answer(200, "text/xml", &document))
        .on(&step_url, twiml("<Say>bye</Say>"))
        .on(&renderer.recording_url(TENANT), answer(204, "", ""))
        .on(&renderer.transcription_url(TENANT), answer(204, "", ""))
        .on("https://h/s.mp3", answer(200, "audio/mpeg", "ID3"));
    let server = Arc::new(server);
    let report = call(&phone(&server), script);
    assert_eq!(report.warnings().collect::<Vec<_>>(), Vec::<&_>::new());
    let seen = server.seen_at(&format!("POST {step_url}"));
    assert!(seen.len() <= 1, "{:?}", server.lines());
    let step = seen.first().map(|seen| {
        let event = event(Webhook::FlowStep { tenant: TENANT, step: STEP }, &seen.form);
        let event = event.expect("the form is an event");
        let EventKind::FlowStep(step) = event.kind else { panic!("{event:?}") };
        step
    });
    (step, report, server)
}

fn input(directive: Directive, script: &str) -> Option<CallerInput> {
    step(directive, script).0.map(|step| step.input)
}

fn question() -> Question {
    Question {
        step: STEP,
        prompts: vec![
            Prompt::Say(Speech {
                voice: Some("Polly.Amy".into()),
                language: Some("en-GB".into()),
                speed_percent: Some(50),
                times: 2,
                ..Speech::new("Your code?")
            }),
            Prompt::Play(Sound { url: "https://h/s.mp3".into(), times: 1 }),
        ],
        keys: true,
        speech: true,
        timeout_secs: 4,
        most_keys: Some(4),
        finish_on_key: Some('#'),
        language: None,
        hints: vec!["yes".into()],
    }
}

fn keys(digits: &str) -> Option<CallerInput> {
    Some(CallerInput::Keys { digits: digits.into() })
}

#[test]
fn questions_are_answered_by_keys_words_or_silence() {
    let ask = |script: &str| input(Directive::Ask(question()), script);
    assert_eq!(ask("digits 12#"), keys("12"));
    assert_eq!(ask("digits 123456"), keys("1234"));
    assert_eq!(ask("digits #"), keys(""));
    assert_eq!(ask("silence"), Some(CallerInput::Silence));
    let words = CallerInput::Speech { text: "yes please".into(), confidence_percent: Some(42) };
    assert_eq!(ask("say yes please with confidence 0.42"), Some(words));
    assert_eq!(ask("hang up"), None);
    let endless = Question { finish_on_key: None, most_keys: None, ..question() };
    assert_eq!(input(Directive::Ask(endless), "digits 12#4#"), keys("12#4#"));
    let deaf = Question { speech: false, ..question() };
    assert_eq!(input(Directive::Ask(deaf), "say yes"), Some(CallerInput::Silence));
    let mute = Question { keys: false, ..question() };
    assert_eq!(input(Directive::Ask(mute), "digits 1"), Some(CallerInput::Silence));
}

#[test]
fn prompts_are_heard_in_their_voice_at_their_speed() {
    let (_, report, _) = step(Directive::Ask(question()), "silence");
    let spoken = report.sounds().next().unwrap();
    let manner = Manner {
        voice: Some("Polly.Amy".into()),
        language: Some("en-GB".into()),
        rate_percent: Some(50),
    };
    assert_eq!((&spoken.manner, spoken.times), (&manner, 2));
    // Ten characters twice at half the speed, a sound of three seconds, and the timeout.
    let asked_ms = 10 * 60 * 2 * 2 + 3000 + 4000;
    assert_eq!(report.ended_ms(), Some(asked_ms + 3 * 60));
    assert!(report.to_string().contains("“Your code?” (Polly.Amy, en-GB, 50 %) × 2"), "{report}");
}

#[test]
fn messages_are_recorded_and_silence_comes_back_all_the_same() {
    let message = |transcribe| {
        Directive::Record(Message {
            step: STEP,
            max_length_secs: 60,
            silence_timeout_secs: 3,
            transcribe,
        })
    };
    let (step_, report, server) = step(message(true), "say call me back");
    let FlowStep { input, call_status, .. } = step_.unwrap();
    let CallerInput::Recorded(recording) = input else { panic!("{input:?}") };
    assert_eq!((recording.duration_secs, call_status), (Some(1), Some(CallStatus::InProgress)));
    assert_eq!(heard(&report), ["bye"]);
    let renderer = Renderer::new("https://h");
    let told = server.last(&format!("POST {}", renderer.recording_url(TENANT)));
    let told = event(Webhook::Recording { tenant: TENANT }, &told.form).unwrap();
    let EventKind::Recording(ready) = told.kind else { panic!("{told:?}") };
    assert_eq!(ready.recording_id, recording.recording_id);
    let text = server.last(&format!("POST {}", renderer.transcription_url(TENANT)));
    assert_eq!(text.get("TranscriptionText"), Some("call me back"));

    let (step_, report, _) = step(message(false), "silence");
    assert_eq!(step_.unwrap().input, CallerInput::Silence);
    assert_eq!(heard(&report), ["bye"]);

    let (step_, report, _) = step(message(false), "talk 9s\nhang up at 5s");
    let FlowStep { input, call_status, .. } = step_.unwrap();
    assert!(matches!(input, CallerInput::Recorded(_)), "{input:?}");
    assert_eq!(call_status, Some(CallStatus::Completed));
    assert!(heard(&report).is_empty());
}

#[test]
fn a_flow_goes_on_at_once() {
    let (step_, report, _) = step(Directive::Continue { step: STEP }, "");
    let expected = FlowStep {
        step: STEP,
        input: CallerInput::Silence,
        call_status: Some(CallStatus::InProgress),
    };
    assert_eq!((step_, heard(&report)), (Some(expected), vec!["bye"]));
    assert_eq!(report.ended_ms(), Some(3 * 60));
}

#[test]
fn queues_are_left() {
    let enqueue = || Directive::Enqueue(Enqueue { step: STEP, queue: "sales".into() });
    let left = |outcome| Some(CallerInput::LeftQueue { outcome });
    let own = format!("queue {TENANT}/sales answers after 5s talks 6s");
    assert_eq!(input(enqueue(), &own), left(QueueOutcome::Bridged));
    let any = "queue * answers after 5s talks 6s";
    assert_eq!(input(enqueue(), any), left(QueueOutcome::Bridged));
    assert_eq!(input(enqueue(), "hang up at 9s"), left(QueueOutcome::HungUp));
    assert_eq!(input(enqueue(), "queue * holds 1000"), left(QueueOutcome::Full));
}

#[test]
fn callers_come_back_from_conferences() {
    let confer = |recording| {
        Directive::Confer(Confer { step: STEP, attempt: 1, time_limit_secs: 600, recording })
    };
    let joined = format!("conference {CALL}/1 joined after 5s talks 6s");
    for recording in [Recording::Off, Recording::Mono, Recording::Dual] {
        assert_eq!(input(confer(recording), &joined), Some(CallerInput::Returned));
    }
    let (step_, ..) = step(confer(Recording::Off), "hang up at 2s");
    let expected = FlowStep {
        step: STEP,
        input: CallerInput::Returned,
        call_status: Some(CallStatus::Completed),
    };
    assert_eq!(step_, Some(expected));
    // A recalled caller never left the conference by themselves.
    let recalled = input(confer(Recording::Off), "conference * recalled after 9s");
    assert_eq!(recalled, Some(CallerInput::Silence));
}
