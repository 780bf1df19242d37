//! Documents that can be written, with awkward strings in every place.

mod noun;

use callcore_twiml::{
    Dial, DialRecord, DialTarget, Enqueue, Gather, GatherInput, GatherPrompt, Hangup, Method, Noun,
    Pause, Play, Prosody, Record, RecordingEvent, RecordingStatusCallback, RecordingTrack,
    Redirect, Reject, RejectReason, Response, RingTone, Say, SpeechModel, SpeechTimeout, Trim,
    Verb, Voice,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use noun::{conference, number, queue, sip};

const AWKWARD: &[&str] = &[
    "<",
    ">",
    "&",
    "&amp;",
    "&#0;",
    "]]>",
    "<![CDATA[",
    "<!--",
    "-->",
    "<?",
    "\"",
    "'",
    "\r",
    "\r\n",
    "\n",
    "\t",
    " ",
    "\u{A0}",
    "\u{85}",
    "\u{2028}",
    "\u{202E}",
    "שלום",
    "\u{1F4DE}",
    "\u{10FFFF}",
    "\u{FEFF}",
    "\u{FFFD}",
    "e\u{301}",
    "%zz",
    "</Response>",
    "a",
    "7",
    ",",
];

/// Any text that XML can hold.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let character = any::<char>()
        .prop_map(|c| callcore_twiml::sanitize_text(c.encode_utf8(&mut [0; 4])).into_owned());
    let awkward = select(AWKWARD).prop_map(str::to_owned);
    vec(prop_oneof![awkward, character], 0..8).prop_map(|parts| parts.concat())
}

/// A text that readers do not trim.
fn bare() -> impl Strategy<Value = String> {
    text().prop_map(|text| format!("+{text}."))
}

fn some_text() -> impl Strategy<Value = Option<String>> {
    option::of(text())
}

fn flag() -> impl Strategy<Value = Option<bool>> {
    option::of(any::<bool>())
}

fn method() -> impl Strategy<Value = Option<Method>> {
    option::of(select(&[Method::Get, Method::Post][..]))
}

fn trim() -> impl Strategy<Value = Option<Trim>> {
    option::of(select(&[Trim::TrimSilence, Trim::DoNotTrim][..]))
}

fn language() -> impl Strategy<Value = Option<String>> {
    option::of("[a-z]{2}(-[A-Z]{2})?")
}

fn say() -> impl Strategy<Value = Say> {
    let voice = prop_oneof![
        Just(Voice::Man),
        Just(Voice::Woman),
        Just(Voice::Alice),
        bare().prop_map(Voice::Polly),
        bare().prop_map(Voice::Google),
    ];
    let prosody = option::of((20..=200_u32).prop_map(Prosody::rate));
    (text(), prosody, option::of(voice), language(), any::<Option<u32>>()).prop_map(
        |(text, prosody, voice, language, loop_count)| {
            // Some of it must be audible.
            let text = if text.trim().is_empty() { format!("{text}x") } else { text };
            Say { text, prosody, voice, language, loop_count }
        },
    )
}

fn play_url() -> impl Strategy<Value = Play> {
    (bare(), any::<Option<u32>>())
        .prop_map(|(url, loop_count)| Play { loop_count, ..Play::url(url) })
}

fn play() -> impl Strategy<Value = Play> {
    prop_oneof![play_url(), "[0-9A-D#*wW]{1,9}".prop_map(Play::digits)]
}

fn pause() -> impl Strategy<Value = Pause> {
    option::of(1..=u32::MAX).prop_map(|length| Pause { length })
}

fn gather() -> impl Strategy<Value = Gather> {
    let prompt = prop_oneof![
        say().prop_map(GatherPrompt::from),
        play_url().prop_map(GatherPrompt::from),
        pause().prop_map(GatherPrompt::from),
    ];
    let speech_timeout =
        prop_oneof![Just(SpeechTimeout::Auto), any::<u32>().prop_map(SpeechTimeout::Seconds)];
    let speech_model = prop_oneof![
        Just(SpeechModel::Default),
        Just(SpeechModel::PhoneCall),
        Just(SpeechModel::NumbersAndCommands),
        text().prop_map(SpeechModel::Experimental),
        text().prop_map(SpeechModel::GoogleV2),
        text().prop_map(SpeechModel::Deepgram),
    ];
    let hint = text().prop_map(|hint| hint.replace(',', ""));
    let input = vec(select(&[GatherInput::Dtmf, GatherInput::Speech][..]), 0..3);
    let keys = (
        vec(prompt, 0..4),
        input,
        any::<Option<u32>>(),
        option::of(1..=u32::MAX),
        option::of("[0-9#*]?"),
    );
    let speech = (
        option::of(speech_timeout),
        any::<Option<u32>>(),
        language(),
        vec(hint, 0..4),
        option::of(speech_model),
    );
    let rest = (some_text(), method(), some_text(), method(), [flag(), flag(), flag(), flag()]);
    (keys, speech, rest, flag()).prop_map(|(keys, speech, rest, debug)| Gather {
        prompts: keys.0,
        input: keys.1,
        timeout: keys.2,
        num_digits: keys.3,
        finish_on_key: keys.4,
        speech_timeout: speech.0,
        max_speech_time: speech.1,
        language: speech.2,
        hints: speech.3,
        speech_model: speech.4,
        action: rest.0,
        method: rest.1,
        partial_result_callback: rest.2,
        partial_result_callback_method: rest.3,
        action_on_empty_result: rest.4[0],
        profanity_filter: rest.4[1],
        barge_in: rest.4[2],
        enhanced: rest.4[3],
        debug,
    })
}

fn recording_status_callback() -> impl Strategy<Value = RecordingStatusCallback> {
    let event = select(
        &[RecordingEvent::InProgress, RecordingEvent::Completed, RecordingEvent::Absent][..],
    );
    (some_text(), method(), vec(event, 0..4))
        .prop_map(|(url, method, events)| RecordingStatusCallback { url, method, events })
}

fn dial() -> impl Strategy<Value = Dial> {
    let noun =
        prop_oneof![number().prop_map(Noun::from).boxed(), sip().prop_map(Noun::from).boxed()];
    let target = prop_oneof![
        bare().prop_map(DialTarget::Number),
        vec(noun, 1..=4).prop_map(DialTarget::Nouns),
        conference().prop_map(|noun| DialTarget::Nouns(vec![noun.into()])).boxed(),
        queue().prop_map(|noun| DialTarget::Nouns(vec![noun.into()])).boxed(),
    ];
    let record = select(&[DialRecord::DoNotRecord, DialRecord::RecordFromRingingDual][..]);
    let track =
        select(&[RecordingTrack::Inbound, RecordingTrack::Outbound, RecordingTrack::Both][..]);
    let ring_tone = select(&[RingTone::At, RingTone::Us, RingTone::UsOld][..]);
    let times = (option::of(5..=600_u32), option::of(1..=86_400_u32));
    let texts = [some_text(), some_text(), some_text(), some_text(), some_text(), some_text()];
    let words = (
        option::of(ring_tone),
        option::of(record),
        trim(),
        option::of(track),
        [method(), method()],
        [flag(), flag(), flag()],
    );
    (target, times, texts, words, recording_status_callback(), option::of("[a-z<&é ]{0,50}"))
        .prop_map(|(target, times, texts, words, recording_status_callback, call_reason)| {
            let [action, caller_id, recording_configuration_id, refer_url, events, passports] =
                texts;
            let (ring_tone, record, trim, recording_track, methods, flags) = words;
            Dial {
                target,
                action,
                method: methods[0],
                timeout: times.0,
                time_limit: times.1,
                caller_id,
                hangup_on_star: flags[0],
                answer_on_bridge: flags[1],
                sequential: flags[2],
                ring_tone,
                record,
                trim,
                recording_track,
                recording_status_callback,
                recording_configuration_id,
                refer_url,
                refer_method: methods[1],
                events,
                passports,
                call_reason,
            }
        })
}

fn record() -> impl Strategy<Value = Record> {
    let own = (
        some_text(),
        method(),
        any::<Option<u32>>(),
        option::of("[0-9#*]{0,12}"),
        option::of(2..=86_400_u32),
    );
    let rest = (trim(), some_text(), some_text(), [flag(), flag()]);
    (own, rest, recording_status_callback()).prop_map(|(own, rest, recording_status_callback)| {
        Record {
            action: own.0,
            method: own.1,
            timeout: own.2,
            finish_on_key: own.3,
            max_length: own.4,
            trim: rest.0,
            recording_configuration_id: rest.1,
            transcribe_callback: rest.2,
            play_beep: rest.3[0],
            transcribe: rest.3[1],
            recording_status_callback,
        }
    })
}

fn enqueue() -> impl Strategy<Value = Enqueue> {
    let target = prop_oneof![bare().prop_map(Enqueue::new), text().prop_map(Enqueue::workflow),];
    (target, some_text(), method(), any::<Option<u32>>(), some_text(), method()).prop_map(
        |(target, action, method, max_queue_size, wait_url, wait_url_method)| Enqueue {
            action,
            method,
            max_queue_size,
            wait_url,
            wait_url_method,
            ..target
        },
    )
}

fn verb() -> impl Strategy<Value = Verb> {
    let reason = select(&[RejectReason::Rejected, RejectReason::Busy][..]);
    prop_oneof![
        say().prop_map(Verb::from).boxed(),
        play().prop_map(Verb::from).boxed(),
        pause().prop_map(Verb::from),
        gather().prop_map(Verb::from).boxed(),
        dial().prop_map(Verb::from).boxed(),
        record().prop_map(Verb::from).boxed(),
        (bare(), method()).prop_map(|(url, method)| Redirect { url, method }.into()),
        option::of(reason).prop_map(|reason| Reject { reason }.into()),
        Just(Hangup::new().into()),
        enqueue().prop_map(Verb::from).boxed(),
    ]
}

/// A document. The choices in it are boxed, since their generators are too large for the stack of a
/// test otherwise.
pub(crate) fn response() -> impl Strategy<Value = Response> {
    vec(verb(), 0..5).prop_map(|verbs| Response { verbs })
}
