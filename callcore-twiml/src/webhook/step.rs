//! What the caller did at a step of a flow.

use callcore::call::{CallerInput, FlowStep, QueueOutcome};

use super::{WebhookError, call_status, filled, recording};
use crate::Form;

/// What `Digits` says where the caller ended a recording by hanging up.
const HANG_UP: &str = "hangup";

pub(super) fn flow_step(step: u32, form: &Form) -> Result<FlowStep, WebhookError> {
    Ok(FlowStep { step, input: input(form), call_status: call_status(form)? })
}

/// Which verb tells is known by the parameters that only it has. A dial comes first: where it was
/// recorded, its result has a `RecordingUrl` too.
fn input(form: &Form) -> CallerInput {
    if filled(form, "DialCallStatus").is_some() {
        return CallerInput::Returned;
    }
    if let Some(recording) = recording(form) {
        return CallerInput::Recorded(recording);
    }
    if let Some(result) = filled(form, "QueueResult") {
        return CallerInput::LeftQueue { outcome: queue_outcome(result) };
    }
    if let Some(text) = filled(form, "SpeechResult") {
        let confidence_percent = filled(form, "Confidence").and_then(percent);
        return CallerInput::Speech { text: text.to_owned(), confidence_percent };
    }
    match filled(form, "Digits") {
        Some(HANG_UP) => CallerInput::Silence,
        Some(digits) => CallerInput::Keys { digits: digits.to_owned() },
        None if filled(form, "FinishedOnKey").is_some() => {
            CallerInput::Keys { digits: String::new() }
        }
        None => CallerInput::Silence,
    }
}

/// <https://www.twilio.com/docs/voice/twiml/enqueue#attributes-action-parameters>
fn queue_outcome(result: &str) -> QueueOutcome {
    match result {
        "bridged" | "bridging-in-process" | "redirected-from-bridged" => QueueOutcome::Bridged,
        "hangup" => QueueOutcome::HungUp,
        "queue-full" => QueueOutcome::Full,
        // `leave`, `redirected`, `error`, `system-error`, and whatever Twilio adds.
        _ => QueueOutcome::Left,
    }
}

/// `0.87` as 87, rounded; none for what is no number from 0 to 1.
fn percent(confidence: &str) -> Option<u8> {
    let (whole, fraction) = confidence.split_once('.').unwrap_or((confidence, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    let thousandths = whole.parse::<u16>().ok()?.checked_mul(1000)? + digits.parse::<u16>().ok()?;
    u8::try_from(thousandths.checked_add(5)? / 10).ok().filter(|percent| *percent <= 100)
}

#[cfg(test)]
mod tests {
    use callcore::call::{CallStatus, EventKind, RecordingReady};
    use callcore::vocabulary::TenantId;

    use super::*;
    use crate::webhook::{Webhook, event};

    const TENANT: TenantId = TenantId::from_uuid(uuid::Uuid::from_u128(1));
    const RECORDING_URL: &str =
        "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE557ce644e5ab84fa";

    /// The step that a form is, with what every request of a call in progress has.
    fn step(pairs: &[(&str, &str)]) -> FlowStep {
        let event = event(Webhook::FlowStep { tenant: TENANT, step: 3 }, &form(pairs)).unwrap();
        assert_eq!((event.tenant, event.carrier_call.call_id.as_str()), (Some(TENANT), "CA1"));
        let EventKind::FlowStep(step) = event.kind else { panic!("{event:?}") };
        step
    }

    fn form(pairs: &[(&str, &str)]) -> Form {
        let usual = [
            ("CallSid", "CA1"),
            ("AccountSid", "AC1"),
            ("From", "+14155550100"),
            ("To", "+18005550199"),
            ("Direction", "inbound"),
            ("ApiVersion", "2010-04-01"),
        ];
        let status = [("CallStatus", "in-progress")];
        let has_status = pairs.iter().any(|(name, _)| *name == "CallStatus");
        let status = if has_status { &[][..] } else { &status[..] };
        usual.iter().chain(status).chain(pairs).copied().collect()
    }

    fn keys(digits: &str) -> CallerInput {
        CallerInput::Keys { digits: digits.into() }
    }

    fn speech(text: &str, confidence_percent: Option<u8>) -> CallerInput {
        CallerInput::Speech { text: text.into(), confidence_percent }
    }

    #[test]
    fn what_gathers_send_is_keys_words_or_silence() {
        let table: [(&[(&str, &str)], CallerInput); 10] = [
            (&[("Digits", "12*"), ("FinishedOnKey", "#"), ("msg", "Gather End")], keys("12*")),
            (&[("Digits", ""), ("FinishedOnKey", "#"), ("msg", "Gather End")], keys("")),
            (&[("FinishedOnKey", "*")], keys("")),
            (&[("Digits", ""), ("FinishedOnKey", ""), ("msg", "Gather End")], CallerInput::Silence),
            (&[], CallerInput::Silence),
            (
                &[
                    ("SpeechResult", "Sales, please."),
                    ("Confidence", "0.87499994"),
                    ("Language", "en"),
                ],
                speech("Sales, please.", Some(87)),
            ),
            (&[("SpeechResult", "yes"), ("Digits", "1")], speech("yes", None)),
            (&[("SpeechResult", "yes"), ("Confidence", "0.0")], speech("yes", Some(0))),
            (&[("SpeechResult", ""), ("Confidence", "0.9")], CallerInput::Silence),
            (&[("SpeechResult", ""), ("Digits", "7")], keys("7")),
        ];
        for (pairs, expected) in table {
            let FlowStep { step, input, call_status } = step(pairs);
            assert_eq!((step, call_status), (3, Some(CallStatus::InProgress)));
            assert!(input == expected, "{pairs:?}: {:?}", serde_json::to_string(&input));
        }
    }

    #[test]
    fn what_records_send_is_a_message_even_after_a_hang_up() {
        let message = |digits, status| {
            step(&[
                ("RecordingUrl", RECORDING_URL),
                ("RecordingSid", "RE557ce644e5ab84fa"),
                ("RecordingDuration", "12"),
                ("Digits", digits),
                ("CallStatus", status),
            ])
        };
        let expected = CallerInput::Recorded(RecordingReady {
            recording_id: "RE557ce644e5ab84fa".into(),
            url: RECORDING_URL.into(),
            duration_secs: Some(12),
        });
        let stays = message("#", "in-progress");
        assert_eq!((&stays.input, stays.call_status), (&expected, Some(CallStatus::InProgress)));
        let gone = message("hangup", "completed");
        assert_eq!((&gone.input, gone.call_status), (&expected, Some(CallStatus::Completed)));
        let nothing = step(&[("Digits", "hangup"), ("CallStatus", "completed")]);
        assert_eq!(nothing.input, CallerInput::Silence);
    }

    #[test]
    fn queues_are_left_in_four_ways() {
        for (result, outcome) in [
            ("bridged", QueueOutcome::Bridged),
            ("bridging-in-process", QueueOutcome::Bridged),
            ("redirected-from-bridged", QueueOutcome::Bridged),
            ("hangup", QueueOutcome::HungUp),
            ("queue-full", QueueOutcome::Full),
            ("leave", QueueOutcome::Left),
            ("redirected", QueueOutcome::Left),
            ("error", QueueOutcome::Left),
            ("system-error", QueueOutcome::Left),
        ] {
            let left = step(&[("QueueResult", result), ("QueueSid", "QU1"), ("QueueTime", "9")]);
            assert_eq!(left.input, CallerInput::LeftQueue { outcome }, "{result}");
        }
    }

    #[test]
    fn who_comes_back_from_a_conference_was_not_recorded_here() {
        let dial = [
            ("DialCallStatus", "answered"),
            ("DialBridged", "true"),
            ("RecordingUrl", RECORDING_URL),
            ("Digits", "hangup"),
        ];
        assert_eq!(step(&dial).input, CallerInput::Returned);
    }

    #[test]
    fn what_the_caller_entered_is_nowhere_but_in_the_input() {
        let secret = "4111111111111111";
        let form = form(&[
            ("Digits", secret),
            ("SpeechResult", secret),
            ("StableSpeechResult", secret),
            ("UnstableSpeechResult", secret),
            ("TranscriptionText", secret),
            ("SpeechActivity", secret),
            ("FinishedOnKey", "4"),
            ("Confidence", "0.5"),
            ("Language", "en-US"),
        ]);
        for webhook in [Webhook::FlowStep { tenant: TENANT, step: 1 }, Webhook::Voice] {
            let event = event(webhook, &form).unwrap();
            let names: Vec<_> = event.parameters.keys().map(String::as_str).collect();
            assert_eq!(names, ["ApiVersion", "Direction", "Language"]);
        }
    }

    #[test]
    fn a_status_that_is_no_status_is_an_error() {
        let strange = form(&[("CallStatus", "confused")]);
        let result = event(Webhook::FlowStep { tenant: TENANT, step: 1 }, &strange);
        assert!(matches!(result, Err(WebhookError::Unknown { name: "CallStatus", .. })));
    }

    #[test]
    fn confidences_are_rounded_percents() {
        for (text, expected) in [
            ("0", Some(0)),
            ("0.004", Some(0)),
            ("0.005", Some(1)),
            ("0.9", Some(90)),
            ("0.9049999", Some(90)),
            ("1", Some(100)),
            ("1.0", Some(100)),
            ("1.01", None),
            ("65", None),
            ("-0.1", None),
            ("", None),
            (".", None),
            ("NaN", None),
            ("9e-1", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(percent(text), expected, "{text}");
        }
    }
}
