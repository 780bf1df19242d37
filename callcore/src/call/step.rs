//! Step keys and the journal's facts.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::directive::Directive;
use super::event::EventKind;
use super::flow_session::NodeRun;
use super::status::{CallStatus, LegStatus};
use crate::vocabulary::TargetId;

/// Names one step of one call. Handling a key twice has the effect of handling it once: the second
/// time answers the stored reply.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepKey(String);

impl StepKey {
    /// The voice webhook.
    pub fn voice() -> Self {
        Self("voice".into())
    }

    /// The result of a dial.
    pub fn dial_result(attempt: u32) -> Self {
        Self(format!("dial/{attempt}"))
    }

    /// What the caller did at a step of a flow.
    pub fn flow(step: u32) -> Self {
        Self(format!("flow/{step}"))
    }

    /// A status of the caller's call.
    pub fn progress(status: CallStatus) -> Self {
        Self(format!("status/{status}"))
    }

    /// A status of a leg to a buyer.
    pub fn leg_progress(attempt: u32, leg: &str, status: LegStatus) -> Self {
        Self(format!("leg/{attempt}/{leg}/{}", status.name()))
    }

    /// A recording.
    pub fn recording(recording_id: &str) -> Self {
        Self(format!("recording/{recording_id}"))
    }

    /// The words of a recording.
    pub fn transcription(recording_id: &str) -> Self {
        Self(format!("transcription/{recording_id}"))
    }

    /// A report of a target, by what tells it from its other reports.
    pub fn report(target: TargetId, digest: Uuid) -> Self {
        Self(format!("report/{target}/{}", digest.simple()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads what [`StepKey::as_str`] gave.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One line of a call's journal: what happened and what was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// When it was handled.
    pub at: DateTime<Utc>,
    /// Its key.
    pub step: StepKey,
    /// What happened.
    pub event: EventKind,
    /// Everything else that the carrier said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Vec<String>>,
    /// What the carrier was told to do; empty where it only told us something.
    pub directives: Vec<Directive>,
    /// The nodes of the call's flow that the event led through, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeRun>,
}
