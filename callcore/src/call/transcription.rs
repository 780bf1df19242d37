//! What was said in a recording, in words, and what that makes of the call.

use serde::{Deserialize, Serialize};

use super::flow_session::FlowSession;
use super::state::Call;
use super::status::Advance;
use crate::vocabulary::limits;

/// What came of a transcription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TranscriptionStatus {
    /// There is a text.
    Completed,
    /// The carrier could not make one.
    Failed,
}

/// What was said in a recording.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transcription {
    /// The carrier's id of the recording.
    pub recording_id: String,
    /// What came of it.
    pub status: TranscriptionStatus,
    /// What was said, at most [`limits::TRANSCRIPTION_CHARACTERS`]; empty where it failed.
    pub text: String,
}

impl Transcription {
    /// What was said in a recording; what is longer than the limit is cut.
    pub fn new(recording_id: String, status: TranscriptionStatus, text: &str) -> Self {
        let text = text.chars().take(limits::TRANSCRIPTION_CHARACTERS).collect();
        Self { recording_id, status, text }
    }
}

impl std::fmt::Debug for Transcription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transcription")
            .field("recording_id", &self.recording_id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl Call {
    /// What was said in a recording of the call. Words of another recording do not replace those of the
    /// newest.
    pub fn transcription(&mut self, transcription: &Transcription) -> Advance {
        let newest = self.recording.as_ref().map(|recording| recording.recording_id.as_str());
        let is_of_newest = |one: &Transcription| Some(one.recording_id.as_str()) == newest;
        if self.transcription.as_ref().is_some_and(is_of_newest) && !is_of_newest(transcription) {
            return Advance::Stale;
        }
        if let Some(session) = &mut self.flow
            && transcription.status == TranscriptionStatus::Completed
        {
            let name = FlowSession::TRANSCRIPTION.to_owned();
            session.variables.insert(name, transcription.text.clone());
        }
        self.transcription = Some(transcription.clone());
        Advance::Moved
    }
}
