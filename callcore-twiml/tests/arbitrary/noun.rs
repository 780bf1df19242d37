//! The nouns of a `<Dial>` that can be written.

use callcore_twiml::{
    AnsweringMachineDetection, Beep, CallEvent, Conference, ConferenceEvent, ConferenceRecord,
    ConferenceStatusCallback, JitterBufferSize, MachineDetection, Number, Password, Queue, Region,
    Sip, StatusCallback,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{bare, flag, method, recording_status_callback, some_text, text, trim};

fn status_callback() -> impl Strategy<Value = StatusCallback> {
    let event = select(
        &[CallEvent::Initiated, CallEvent::Ringing, CallEvent::Answered, CallEvent::Completed][..],
    );
    (some_text(), method(), vec(event, 0..5)).prop_map(|(url, method, events)| StatusCallback {
        url,
        method,
        events,
    })
}

fn machine_detection() -> impl Strategy<Value = AnsweringMachineDetection> {
    let mode = select(&[MachineDetection::Enable, MachineDetection::DetectMessageEnd][..]);
    (
        option::of(mode),
        option::of(3..=60_u32),
        option::of(1000..=6000_u32),
        option::of(500..=5000_u32),
        option::of(2000..=10_000_u32),
        some_text(),
        method(),
    )
        .prop_map(|parts| AnsweringMachineDetection {
            mode: parts.0,
            timeout: parts.1,
            speech_threshold: parts.2,
            speech_end_threshold: parts.3,
            silence_timeout: parts.4,
            status_callback: parts.5,
            status_callback_method: parts.6,
        })
}

pub(super) fn number() -> impl Strategy<Value = Number> {
    let own = (bare(), some_text(), some_text(), method(), some_text());
    (own, status_callback(), machine_detection()).prop_map(
        |(own, status_callback, machine_detection)| Number {
            phone_number: own.0,
            send_digits: own.1,
            url: own.2,
            method: own.3,
            byoc: own.4,
            status_callback,
            machine_detection,
        },
    )
}

pub(super) fn sip() -> impl Strategy<Value = Sip> {
    let password = option::of(text().prop_map(Password::new));
    let own = (bare(), some_text(), password, some_text(), method());
    (own, status_callback(), machine_detection()).prop_map(
        |(own, status_callback, machine_detection)| Sip {
            uri: own.0,
            username: own.1,
            password: own.2,
            url: own.3,
            method: own.4,
            status_callback,
            machine_detection,
        },
    )
}

pub(super) fn conference() -> impl Strategy<Value = Conference> {
    let event = select(
        &[ConferenceEvent::Start, ConferenceEvent::Modify, ConferenceEvent::Announcement][..],
    );
    let status_callback = (some_text(), method(), vec(event, 0..4))
        .prop_map(|(url, method, events)| ConferenceStatusCallback { url, method, events });
    let beep = select(&[Beep::True, Beep::False, Beep::OnEnter, Beep::OnExit][..]);
    let record = select(&[ConferenceRecord::DoNotRecord, ConferenceRecord::RecordFromStart][..]);
    let region = select(&[Region::Us1, Region::De1, Region::Jp1][..]);
    let jitter = select(&[JitterBufferSize::Large, JitterBufferSize::Off][..]);
    let words = (
        option::of(beep),
        option::of(record),
        trim(),
        option::of(region),
        option::of(jitter),
        method(),
    );
    let texts = [some_text(), some_text(), some_text(), some_text(), some_text()];
    let rest = (option::of(2..=250_u32), [flag(), flag(), flag()], recording_status_callback());
    (bare(), words, texts, rest, status_callback).prop_map(
        |(name, words, texts, rest, status_callback)| {
            let (beep, record, trim, region, jitter_buffer_size, wait_method) = words;
            let [wait_url, recording_configuration_id, coach, participant_label, events] = texts;
            Conference {
                name,
                muted: rest.1[0],
                beep,
                start_conference_on_enter: rest.1[1],
                end_conference_on_exit: rest.1[2],
                wait_url,
                wait_method,
                max_participants: rest.0,
                record,
                trim,
                recording_configuration_id,
                region,
                coach,
                jitter_buffer_size,
                participant_label,
                event_callback_url: events,
                status_callback,
                recording_status_callback: rest.2,
            }
        },
    )
}

pub(super) fn queue() -> impl Strategy<Value = Queue> {
    (bare(), some_text(), method(), some_text(), some_text()).prop_map(
        |(name, url, method, reservation_sid, post_work_activity_sid)| Queue {
            name,
            url,
            method,
            reservation_sid,
            post_work_activity_sid,
        },
    )
}
