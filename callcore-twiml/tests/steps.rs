//! Any directives and any forms: whatever is rendered is TwiML or a typed error, and whatever comes
//! in does no harm.

use callcore::call::{
    CallerInput, Confer, Directive, Enqueue, EventKind, Message, Prompt, Question, Sound, Speech,
};
use callcore::model::Recording;
use callcore::vocabulary::{CallId, TenantId};
use callcore_twiml::render::Renderer;
use callcore_twiml::webhook::{Webhook, event};
use callcore_twiml::{Form, MAX_DOCUMENT_BYTES, Response};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

const TENANT: TenantId = TenantId::from_uuid(uuid::Uuid::from_u128(1));
const CALL: CallId = CallId::from_uuid(uuid::Uuid::from_u128(2));

/// Failures are not kept in a file: the seed is printed.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

/// What a flow may say; `text` is what people typed.
fn speech(text: impl Strategy<Value = String>) -> impl Strategy<Value = Speech> {
    let voice = option::of(select(&["man", "Polly.Joanna", "Google.en-US-Standard-C", "?"][..]));
    let language = option::of(select(&["en-US", "fil-PH"][..]));
    (text, voice, language, option::of(50..=200_u16), 0..3_u32).prop_map(
        |(text, voice, language, speed_percent, times)| Speech {
            text,
            voice: voice.map(str::to_owned),
            language: language.map(str::to_owned),
            speed_percent,
            times,
        },
    )
}

fn sound() -> impl Strategy<Value = Sound> {
    ("https://h/[a-z&<]{1,9}", 0..3_u32).prop_map(|(url, times)| Sound { url, times })
}

fn question(
    text: impl Strategy<Value = String> + Clone + 'static,
) -> impl Strategy<Value = Question> {
    let prompt = prop_oneof![
        speech(text.clone()).prop_map(Prompt::Say).boxed(),
        sound().prop_map(Prompt::Play).boxed(),
    ];
    let keys = (
        option::of(1..20_u32),
        option::of(select(&['0', '9', '#', '*'][..])),
        any::<bool>(),
        any::<bool>(),
    );
    (vec(prompt, 0..3), keys, any::<u32>(), vec(text, 0..3)).prop_map(
        |(prompts, (most_keys, finish_on_key, keys, speech), step, hints)| Question {
            step,
            prompts,
            keys,
            speech,
            timeout_secs: step % 60,
            most_keys,
            finish_on_key,
            language: None,
            hints,
        },
    )
}

fn directive(
    text: impl Strategy<Value = String> + Clone + 'static,
) -> impl Strategy<Value = Directive> {
    let recording = select(&[Recording::Off, Recording::Mono, Recording::Dual][..]);
    let message = (any::<u32>(), 0..=86_400_u32, any::<u32>(), any::<bool>());
    prop_oneof![
        speech(text.clone()).prop_map(Directive::Say).boxed(),
        sound().prop_map(Directive::Play).boxed(),
        question(text.clone()).prop_map(Directive::Ask).boxed(),
        message
            .prop_map(|(step, max_length_secs, silence_timeout_secs, transcribe)| {
                let message = Message { step, max_length_secs, silence_timeout_secs, transcribe };
                Directive::Record(message)
            })
            .boxed(),
        (any::<u32>(), text)
            .prop_map(|(step, queue)| Directive::Enqueue(Enqueue { step, queue }))
            .boxed(),
        (any::<u32>(), any::<u32>(), 1..=86_400_u32, recording)
            .prop_map(|(step, attempt, time_limit_secs, recording)| {
                Directive::Confer(Confer { step, attempt, time_limit_secs, recording })
            })
            .boxed(),
        any::<u32>().prop_map(|step| Directive::Continue { step }).boxed(),
        Just(Directive::Hangup).boxed(),
    ]
}

/// A form of a step: parameters that Twilio sends, and some that it may send one day.
fn step_form() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let name = select(
        &[
            "Digits",
            "FinishedOnKey",
            "SpeechResult",
            "StableSpeechResult",
            "UnstableSpeechResult",
            "SpeechActivity",
            "Confidence",
            "TranscriptionText",
            "RecordingUrl",
            "RecordingDuration",
            "QueueResult",
            "DialCallStatus",
        ][..],
    );
    let value = prop_oneof![
        Just("4111".to_owned()),
        Just(String::new()),
        select(&["hangup", "bridged", "0.5", "1e9", "#"][..]).prop_map(str::to_owned),
        any::<String>(),
    ];
    vec((name, value), 0..6)
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn what_a_flow_may_say_is_twiml(directives in vec(directive("[ -~é]{1,60}".prop_filter(
        "queues have names", |text| !text.trim().is_empty())), 0..4))
    {
        let response = Renderer::new("https://h").response(CALL, Some(TENANT), &directives);
        let document = response.to_xml().unwrap();
        prop_assert!(document.len() <= MAX_DOCUMENT_BYTES);
        prop_assert_eq!(Response::parse(&document).unwrap(), response);
    }

    #[test]
    fn any_other_text_is_twiml_or_a_typed_error(
        directives in vec(directive(any::<String>()), 0..4),
        whisper: String,
    ) {
        let renderer = Renderer::new("https://h");
        let response = renderer.response(CALL, Some(TENANT), &directives);
        if let Ok(document) = response.to_xml() {
            prop_assert_eq!(Response::parse(&document).unwrap(), response);
        }
        let whispered = renderer.whisper(CALL, 1, &whisper);
        prop_assert_eq!(Response::parse(&whispered.to_xml().unwrap()).unwrap(), whispered);
    }

    #[test]
    fn any_form_is_a_step_and_keeps_what_was_entered_to_itself(pairs in step_form()) {
        let usual = [("CallSid", "CA1".to_owned()), ("AccountSid", "AC1".to_owned())];
        let form: Form = usual.into_iter().chain(pairs).collect();
        let event = event(Webhook::FlowStep { tenant: TENANT, step: 1 }, &form).unwrap();
        prop_assert_eq!(event.parameters.len(), 0);
        let EventKind::FlowStep(step) = event.kind else { panic!("another event") };
        let said = matches!(step.input, CallerInput::Speech { .. } | CallerInput::Keys { .. });
        let shown = format!("{:?}", step.input);
        prop_assert!(!said || !shown.contains("4111"), "{}", shown);
    }
}
