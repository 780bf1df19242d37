//! From a verified webhook's form to the core's [`Event`].
//!
//! Parameters that are not understood are kept under their own names: Twilio adds new ones at any
//! time.

mod step;

use std::collections::BTreeMap;

use callcore::call::{
    CallStatus, Caller, CarrierCall, DialOutcome, DialResult, Event, EventKind, Incoming,
    LegProgress, LegStatus, Progress, RecordingReady, Transcription, TranscriptionStatus,
};
use callcore::model::Place;
use callcore::vocabulary::{PhoneNumber, TenantId, TrialId};

use crate::Form;

/// The carrier's name in call ids and records.
pub const CARRIER: &str = "twilio";

/// Which of our webhooks a form came to. The ones with a tenant are continuations: only our own
/// TwiML names their addresses, and the signature covers the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Webhook {
    /// A call came in.
    Voice,
    /// The caller's call moved.
    Status,
    /// A `<Dial>` is over.
    DialResult {
        /// Whose call it is.
        tenant: TenantId,
        /// Which dial of the call.
        attempt: u32,
    },
    /// A step of a flow that waited for the caller goes on.
    FlowStep {
        /// Whose call it is.
        tenant: TenantId,
        /// Which step of the call's flow.
        step: u32,
    },
    /// The leg to a buyer moved.
    Leg {
        /// Whose call it is.
        tenant: TenantId,
        /// Which dial of the call.
        attempt: u32,
    },
    /// A recording moved.
    Recording {
        /// Whose call it is.
        tenant: TenantId,
    },
    /// What was said in a recording is known in words, or never will be.
    Transcription {
        /// Whose call it is.
        tenant: TenantId,
    },
    /// A phone that we rang for a test call was answered.
    Trial {
        /// Whose call it is.
        tenant: TenantId,
        /// What it runs.
        trial: TrialId,
    },
}

/// Why a form is no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// A parameter that every such webhook has is missing or empty.
    #[error("the webhook has no {0}")]
    Missing(&'static str),
    /// A parameter has a value that is not in Twilio's documentation.
    #[error("the webhook's {name} has the value {value:?}, which is not documented")]
    Unknown {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// An identifier is longer than any that Twilio makes, or has characters that none has.
    #[error("the webhook's {0} is no identifier")]
    Malformed(&'static str),
}

/// Numbers that stand for callers who do not show theirs:
/// <https://www.twilio.com/docs/voice/tutorials/how-to-handle-blocked-anonymous-calls>.
const HIDDEN_CALLERS: [&str; 5] =
    ["+266696687", "+7378742883", "+2562533", "+8566696", "+86282452253"];

/// Parameters that an event carries in fields of its own, and everything that holds what a caller
/// entered: that stands in a [`CallerInput`](callcore::call::CallerInput), which can be masked, and
/// nowhere else.
const UNDERSTOOD: &[&str] = &[
    "AccountSid",
    "CallDuration",
    "CallSid",
    "CallStatus",
    "CallerName",
    "Confidence",
    "DialCallDuration",
    "DialCallSid",
    "DialCallStatus",
    "Digits",
    "FinishedOnKey",
    "From",
    "FromCity",
    "FromCountry",
    "FromState",
    "FromZip",
    "ParentCallSid",
    "QueueResult",
    "RecordingDuration",
    "RecordingSid",
    "RecordingUrl",
    "SpeechActivity",
    "SpeechResult",
    "StableSpeechResult",
    "To",
    "TranscriptionStatus",
    "TranscriptionText",
    "UnstableSpeechResult",
];

/// Reads a form as an event.
///
/// # Errors
/// [`WebhookError`] names the parameter that is missing or makes no sense.
pub fn event(webhook: Webhook, form: &Form) -> Result<Event, WebhookError> {
    let (tenant, kind) = match webhook {
        Webhook::Voice => (None, EventKind::Incoming(incoming(form)?)),
        Webhook::Trial { tenant, trial } => {
            (Some(tenant), EventKind::Incoming(Incoming { trial: Some(trial), ..rung(form)? }))
        }
        Webhook::Status => (None, EventKind::Progress(progress(form)?)),
        Webhook::DialResult { tenant, attempt } => {
            (Some(tenant), EventKind::DialResult(dial_result(attempt, form)?))
        }
        Webhook::FlowStep { tenant, step } => {
            (Some(tenant), EventKind::FlowStep(step::flow_step(step, form)?))
        }
        Webhook::Leg { tenant, attempt } => {
            (Some(tenant), EventKind::LegProgress(leg_progress(attempt, form)?))
        }
        Webhook::Recording { tenant } => {
            let recording = recording(form).ok_or(WebhookError::Missing("RecordingSid"))?;
            (Some(tenant), EventKind::Recording(recording))
        }
        Webhook::Transcription { tenant } => {
            (Some(tenant), EventKind::Transcription(transcription(form)?))
        }
    };
    // A leg's own id is not the caller's call.
    let call_id = match webhook {
        Webhook::Leg { .. } => identifier(form, "ParentCallSid")?,
        _ => identifier(form, "CallSid")?,
    };
    let account = identifier(form, "AccountSid")?;
    let carrier_call = CarrierCall { carrier: CARRIER.to_owned(), account, call_id };
    Ok(Event { carrier_call, tenant, kind, parameters: others(form) })
}

fn others(form: &Form) -> BTreeMap<String, Vec<String>> {
    let mut others = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in form.iter().filter(|(name, _)| !UNDERSTOOD.contains(name)) {
        others.entry(name.to_owned()).or_default().push(value.to_owned());
    }
    others
}

fn filled<'a>(form: &'a Form, name: &str) -> Option<&'a str> {
    form.get(name).filter(|value| !value.is_empty())
}

fn required<'a>(form: &'a Form, name: &'static str) -> Result<&'a str, WebhookError> {
    filled(form, name).ok_or(WebhookError::Missing(name))
}

fn identifier(form: &Form, name: &'static str) -> Result<String, WebhookError> {
    let value = required(form, name)?;
    let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if plain && value.len() <= 64 {
        Ok(value.to_owned())
    } else {
        Err(WebhookError::Malformed(name))
    }
}

fn seconds(form: &Form, name: &str) -> Option<u32> {
    filled(form, name)?.parse().ok()
}

fn incoming(form: &Form) -> Result<Incoming, WebhookError> {
    let name = filled(form, "CallerName").map(str::to_owned);
    let caller = Caller { name, ..party(form, "From") };
    Ok(Incoming { caller, called: required(form, "To")?.to_owned(), trial: None })
}

/// A call that we made ourselves, seen by whoever was rung: they are the caller, and the number that
/// they were shown is what they called.
fn rung(form: &Form) -> Result<Incoming, WebhookError> {
    let called = required(form, "From")?.to_owned();
    Ok(Incoming { caller: party(form, "To"), called, trial: None })
}

/// Who is at one end of the call, `From` or `To`.
fn party(form: &Form, end: &str) -> Caller {
    let address = form.get(end).unwrap_or_default().to_owned();
    let number: Option<PhoneNumber> = address.parse().ok();
    let place = |part: &str| filled(form, &format!("{end}{part}")).map(str::to_owned);
    Caller {
        number: number.filter(|number| !HIDDEN_CALLERS.contains(&number.as_str())),
        address,
        name: None,
        place: Place {
            country: place("Country"),
            state: place("State"),
            city: place("City"),
            zip: place("Zip"),
        },
    }
}

fn call_status(form: &Form) -> Result<Option<CallStatus>, WebhookError> {
    let Some(value) = filled(form, "CallStatus") else { return Ok(None) };
    // `initiated` is an event of legs, where it comes before ringing.
    let name = if value == "initiated" { "queued" } else { value };
    CallStatus::from_name(name).map(Some).ok_or_else(|| unknown("CallStatus", value))
}

fn unknown(name: &'static str, value: &str) -> WebhookError {
    // Enough to recognise it, without letting a stranger fill the log.
    WebhookError::Unknown { name, value: value.chars().take(40).collect() }
}

fn progress(form: &Form) -> Result<Progress, WebhookError> {
    let status = call_status(form)?.ok_or(WebhookError::Missing("CallStatus"))?;
    let duration_secs = seconds(form, "CallDuration").filter(|_| status.is_final());
    Ok(Progress { status, duration_secs })
}

fn dial_outcome(name: &'static str, value: &str) -> Result<DialOutcome, WebhookError> {
    Ok(match value {
        "completed" | "answered" => DialOutcome::Answered,
        "busy" => DialOutcome::Busy,
        "no-answer" => DialOutcome::NoAnswer,
        "failed" => DialOutcome::Failed,
        "canceled" => DialOutcome::Canceled,
        other => return Err(unknown(name, other)),
    })
}

fn dial_result(attempt: u32, form: &Form) -> Result<DialResult, WebhookError> {
    let mut outcome = dial_outcome("DialCallStatus", required(form, "DialCallStatus")?)?;
    if outcome == DialOutcome::Answered && form.get("DialBridged") == Some("false") {
        // The callee answered and hung up before the two were connected.
        outcome = DialOutcome::NoAnswer;
    }
    Ok(DialResult {
        attempt,
        outcome,
        leg: filled(form, "DialCallSid").map(str::to_owned),
        talk_secs: seconds(form, "DialCallDuration"),
        call_status: call_status(form)?,
        recording: recording(form),
    })
}

fn leg_progress(attempt: u32, form: &Form) -> Result<LegProgress, WebhookError> {
    let value = required(form, "CallStatus")?;
    let (status, outcome) = match value {
        "queued" | "initiated" => (LegStatus::Dialled, None),
        "ringing" => (LegStatus::Ringing, None),
        "in-progress" => (LegStatus::Answered, None),
        ended => (LegStatus::Ended, Some(dial_outcome("CallStatus", ended)?)),
    };
    Ok(LegProgress { attempt, leg: identifier(form, "CallSid")?, status, outcome })
}

fn recording(form: &Form) -> Option<RecordingReady> {
    let url = filled(form, "RecordingUrl")?;
    // A dial's result has the address only; its last part is the recording's id.
    let last = url.rsplit('/').next().unwrap_or_default();
    let recording_id = filled(form, "RecordingSid").unwrap_or(last);
    Some(RecordingReady {
        recording_id: recording_id.to_owned(),
        url: url.to_owned(),
        duration_secs: seconds(form, "RecordingDuration"),
    })
}

/// What was said in a recording:
/// <https://www.twilio.com/docs/voice/twiml/record#transcribe>.
fn transcription(form: &Form) -> Result<Transcription, WebhookError> {
    let recording_id = identifier(form, "RecordingSid")?;
    let status = match required(form, "TranscriptionStatus")? {
        "completed" => TranscriptionStatus::Completed,
        "failed" => TranscriptionStatus::Failed,
        other => return Err(unknown("TranscriptionStatus", other)),
    };
    let text = form.get("TranscriptionText").unwrap_or_default();
    Ok(Transcription::new(recording_id, status, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: TenantId = TenantId::from_uuid(uuid::Uuid::from_u128(1));

    fn form(pairs: &[(&str, &str)]) -> Form {
        let mut form = Form::new();
        form.push("CallSid", "CA1");
        form.push("AccountSid", "AC1");
        for (name, value) in pairs {
            form.push(*name, *value);
        }
        form
    }

    #[test]
    fn a_voice_webhook_is_an_incoming_call_and_keeps_what_it_does_not_know() {
        let form = form(&[
            ("From", "+14155550100"),
            ("To", "+18005550199"),
            ("FromState", "CA"),
            ("FromZip", ""),
            ("StirVerstat", "TN-Validation-Passed-A"),
            ("SipHeader_X-A", "1"),
            ("SipHeader_X-A", "2"),
        ]);
        let event = event(Webhook::Voice, &form).unwrap();
        let EventKind::Incoming(incoming) = &event.kind else { panic!("{event:?}") };
        assert_eq!(incoming.caller.number.as_ref().unwrap().as_str(), "+14155550100");
        assert_eq!(incoming.caller.place.state.as_deref(), Some("CA"));
        assert_eq!(incoming.caller.place.zip, None);
        assert_eq!(event.parameters["SipHeader_X-A"], ["1", "2"]);
        assert_eq!(event.parameters.len(), 2);
    }

    #[test]
    fn who_was_rung_for_a_test_is_its_caller() {
        let trial = TrialId::from_uuid(uuid::Uuid::from_u128(9));
        let form = form(&[
            ("From", "+18005550199"),
            ("FromState", "NY"),
            ("To", "+14155550100"),
            ("ToState", "CA"),
            ("Direction", "outbound-api"),
        ]);
        let event = event(Webhook::Trial { tenant: TENANT, trial }, &form).unwrap();
        assert_eq!((event.tenant, event.step().as_str()), (Some(TENANT), "voice"));
        let EventKind::Incoming(incoming) = &event.kind else { panic!("{event:?}") };
        assert_eq!(incoming.caller.address, "+14155550100");
        assert_eq!(incoming.caller.number.as_ref().unwrap().as_str(), "+14155550100");
        assert_eq!(incoming.caller.place.state.as_deref(), Some("CA"));
        assert_eq!((incoming.called.as_str(), incoming.trial), ("+18005550199", Some(trial)));
    }

    #[test]
    fn callers_who_hide_have_an_address_but_no_number() {
        for from in ["anonymous", "+266696687", "client:alice", "sip:a@example.com", ""] {
            let event =
                event(Webhook::Voice, &form(&[("From", from), ("To", "+18005550199")])).unwrap();
            let EventKind::Incoming(incoming) = event.kind else { panic!("{from}") };
            assert_eq!((incoming.caller.number, incoming.caller.address.as_str()), (None, from));
        }
    }

    #[test]
    fn dial_results_and_legs_speak_the_cores_words() {
        let table = [
            ("completed", "true", DialOutcome::Answered),
            ("answered", "true", DialOutcome::Answered),
            ("completed", "false", DialOutcome::NoAnswer),
            ("busy", "false", DialOutcome::Busy),
            ("no-answer", "false", DialOutcome::NoAnswer),
            ("failed", "false", DialOutcome::Failed),
            ("canceled", "false", DialOutcome::Canceled),
        ];
        for (status, bridged, expected) in table {
            let form = form(&[
                ("DialCallStatus", status),
                ("DialBridged", bridged),
                ("CallStatus", "in-progress"),
            ]);
            let event = event(Webhook::DialResult { tenant: TENANT, attempt: 2 }, &form).unwrap();
            let EventKind::DialResult(result) = event.kind else { panic!("{status}") };
            assert_eq!((result.outcome, result.attempt), (expected, 2), "{status} {bridged}");
        }
        let mut leg = Form::new();
        for (name, value) in [
            ("CallSid", "CA2"),
            ("ParentCallSid", "CA1"),
            ("AccountSid", "AC1"),
            ("CallStatus", "in-progress"),
        ] {
            leg.push(name, value);
        }
        let event = event(Webhook::Leg { tenant: TENANT, attempt: 1 }, &leg).unwrap();
        assert_eq!(event.carrier_call.call_id, "CA1");
        let EventKind::LegProgress(progress) = event.kind else { panic!() };
        assert_eq!((progress.status, progress.leg.as_str()), (LegStatus::Answered, "CA2"));
    }

    #[test]
    fn a_transcription_is_of_a_recording_and_its_text_is_nowhere_else() {
        let webhook = Webhook::Transcription { tenant: TENANT };
        let told = form(&[
            ("RecordingSid", "RE1"),
            ("TranscriptionSid", "TR1"),
            ("TranscriptionStatus", "completed"),
            ("TranscriptionText", "Call me."),
        ]);
        let event = super::event(webhook, &told).unwrap();
        assert_eq!(event.parameters.keys().collect::<Vec<_>>(), ["TranscriptionSid"]);
        assert_eq!(event.step().as_str(), "transcription/RE1");
        let EventKind::Transcription(told) = event.kind else { panic!("{event:?}") };
        assert_eq!((told.status, &*told.text), (TranscriptionStatus::Completed, "Call me."));
        let failed = form(&[("RecordingSid", "RE1"), ("TranscriptionStatus", "failed")]);
        let EventKind::Transcription(told) = super::event(webhook, &failed).unwrap().kind else {
            panic!()
        };
        assert_eq!((told.status, &*told.text), (TranscriptionStatus::Failed, ""));
        let strange = form(&[("RecordingSid", "RE1"), ("TranscriptionStatus", "maybe")]);
        assert!(super::event(webhook, &strange).is_err());
        assert!(super::event(webhook, &form(&[("TranscriptionStatus", "failed")])).is_err());
    }

    #[test]
    fn what_is_missing_or_strange_is_named() {
        assert_eq!(event(Webhook::Voice, &form(&[])), Err(WebhookError::Missing("To")));
        assert_eq!(event(Webhook::Voice, &Form::new()), Err(WebhookError::Missing("To")));
        let strange = form(&[("CallStatus", "confused")]);
        assert!(matches!(
            event(Webhook::Status, &strange),
            Err(WebhookError::Unknown { name: "CallStatus", .. })
        ));
        let mut odd = Form::new();
        for (name, value) in
            [("CallSid", "CA 1"), ("AccountSid", "AC1"), ("CallStatus", "completed")]
        {
            odd.push(name, value);
        }
        assert_eq!(event(Webhook::Status, &odd), Err(WebhookError::Malformed("CallSid")));
    }
}
