//! What the carrier told us: the closed set of things that can happen to a call.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::report::TargetReport;
use super::status::{CallStatus, DialOutcome, LegStatus};
use super::step::StepKey;
use super::transcription::Transcription;
use crate::model::Place;
use crate::vocabulary::{CallId, PhoneNumber, TenantId, TrialId};

/// A call as the carrier names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CarrierCall {
    /// The carrier, such as `twilio`.
    pub carrier: String,
    /// The account at the carrier.
    pub account: String,
    /// The carrier's id of the caller's leg, opaque to the core.
    pub call_id: String,
}

impl CarrierCall {
    /// Our id of the same call.
    pub fn id(&self) -> CallId {
        CallId::derive(&self.carrier, &self.account, &self.call_id)
    }
}

/// Who calls.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    /// The carrier's own text: a number, a SIP address, or a word such as `anonymous`.
    pub address: String,
    /// The number, where the address is one.
    pub number: Option<PhoneNumber>,
    /// The name that came with the call.
    pub name: Option<String>,
    /// Where the caller is, as the carrier says.
    pub place: Place,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller").field("number", &self.number).finish_non_exhaustive()
    }
}

/// A call came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Incoming {
    /// Who calls.
    pub caller: Caller,
    /// What was dialled, as the carrier writes it.
    pub called: String,
    /// What the call runs where it is a test: then we rang the caller, and not the number says whose
    /// call it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<TrialId>,
}

/// A dial that we told the carrier to make is over, and the caller waits for what comes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DialResult {
    /// Which dial of this call, from 1.
    pub attempt: u32,
    /// How it ended.
    pub outcome: DialOutcome,
    /// The carrier's id of the leg to the buyer.
    pub leg: Option<String>,
    /// How long the two talked, in seconds.
    pub talk_secs: Option<u32>,
    /// Where the caller's own call stands; a final status says that the caller is gone.
    pub call_status: Option<CallStatus>,
    /// The recording of the conversation, if there is one.
    pub recording: Option<RecordingReady>,
}

/// The caller's call moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Where it stands now.
    pub status: CallStatus,
    /// How long it lasted, in seconds; with final statuses.
    pub duration_secs: Option<u32>,
}

/// The leg to a buyer moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LegProgress {
    /// Which dial of this call, from 1.
    pub attempt: u32,
    /// The carrier's id of the leg.
    pub leg: String,
    /// Where it stands now.
    pub status: LegStatus,
    /// How it ended, once it has.
    pub outcome: Option<DialOutcome>,
}

/// A recording can be fetched.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingReady {
    /// The carrier's id of the recording.
    pub recording_id: String,
    /// Where the carrier keeps it.
    pub url: String,
    /// Its length in seconds.
    pub duration_secs: Option<u32>,
}

impl std::fmt::Debug for RecordingReady {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordingReady")
            .field("recording_id", &self.recording_id)
            .finish_non_exhaustive()
    }
}

/// How a caller left a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueOutcome {
    /// Somebody took the call.
    Bridged,
    /// The caller hung up.
    HungUp,
    /// The queue has no room.
    Full,
    /// The caller was taken out of it, or the carrier failed.
    Left,
}

/// What the caller did at a step of a flow.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "snake_case")]
pub enum CallerInput {
    /// Pressed keys.
    Keys {
        /// Of `0` to `9`, `*` and `#`, without the key that ended them; empty where that was the only
        /// one.
        digits: String,
    },
    /// Said something.
    Speech {
        /// What was understood.
        text: String,
        /// How sure the carrier is, in percent.
        #[serde(default, rename = "confidencePercent")]
        confidence_percent: Option<u8>,
    },
    /// Nothing, until the time was over.
    Silence,
    /// Left a message.
    Recorded(RecordingReady),
    /// Left a queue.
    LeftQueue {
        /// How.
        outcome: QueueOutcome,
    },
    /// Came back from a conference.
    Returned,
}

impl CallerInput {
    /// The same with every character of keys and words replaced: what may be kept of a sensitive
    /// answer.
    #[must_use]
    pub fn masked(&self) -> Self {
        let mask = |text: &str| "*".repeat(text.chars().count());
        match self {
            Self::Keys { digits } => Self::Keys { digits: mask(digits) },
            Self::Speech { text, confidence_percent } => {
                Self::Speech { text: mask(text), confidence_percent: *confidence_percent }
            }
            Self::Silence | Self::Recorded(_) | Self::LeftQueue { .. } | Self::Returned => {
                self.clone()
            }
        }
    }
}

impl std::fmt::Debug for CallerInput {
    // What callers press and say may be a card number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Keys { .. } => f.write_str("Keys"),
            Self::Speech { .. } => f.write_str("Speech"),
            Self::Silence => f.write_str("Silence"),
            Self::Recorded(recording) => f.debug_tuple("Recorded").field(recording).finish(),
            Self::LeftQueue { outcome } => f.debug_tuple("LeftQueue").field(outcome).finish(),
            Self::Returned => f.write_str("Returned"),
        }
    }
}

/// A step of a flow that waited for the caller goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowStep {
    /// Which step of the call's flow, from 1.
    pub step: u32,
    /// What the caller did.
    pub input: CallerInput,
    /// Where the caller's own call stands; a final status says that the caller is gone.
    pub call_status: Option<CallStatus>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// A call came in.
    Incoming(Incoming),
    /// A dial is over.
    DialResult(DialResult),
    /// A step of a flow goes on.
    FlowStep(FlowStep),
    /// The caller's call moved.
    Progress(Progress),
    /// The leg to a buyer moved.
    LegProgress(LegProgress),
    /// A recording can be fetched.
    Recording(RecordingReady),
    /// What was said in a recording is known in words.
    Transcription(Transcription),
    /// A target says what became of a call that it was dialled for.
    TargetReport(TargetReport),
}

/// One event of one call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The call.
    pub carrier_call: CarrierCall,
    /// The tenant, where the event came to an address that only our own directives name; the
    /// others are found by the number or by the call.
    pub tenant: Option<TenantId>,
    /// What happened.
    pub kind: EventKind,
    /// Everything else that the carrier said, by its own names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Vec<String>>,
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Event")
            .field("carrier_call", &self.carrier_call)
            .field("tenant", &self.tenant)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl Event {
    /// The key under which this event is handled once: a second delivery has the same.
    pub fn step(&self) -> StepKey {
        match &self.kind {
            EventKind::Incoming(_) => StepKey::voice(),
            EventKind::DialResult(result) => StepKey::dial_result(result.attempt),
            EventKind::FlowStep(step) => StepKey::flow(step.step),
            EventKind::Progress(progress) => StepKey::progress(progress.status),
            EventKind::LegProgress(progress) => {
                StepKey::leg_progress(progress.attempt, &progress.leg, progress.status)
            }
            EventKind::Recording(recording) => StepKey::recording(&recording.recording_id),
            EventKind::Transcription(told) => StepKey::transcription(&told.recording_id),
            EventKind::TargetReport(report) => report.step(),
        }
    }

    /// Whether the carrier waits for directives; otherwise it only tells.
    pub fn wants_directives(&self) -> bool {
        matches!(
            self.kind,
            EventKind::Incoming(_) | EventKind::DialResult(_) | EventKind::FlowStep(_)
        )
    }
}
