//! What is told of a simulated call.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::input::DialResult;
use crate::vocabulary::BuyerId;

/// A simulated call from its beginning to its end. Nothing in it shows what callers entered where a
/// node is sensitive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Transcript {
    /// What was heard, said and done, in order.
    #[serde(rename = "transcript")]
    pub entries: Vec<TranscriptEntry>,
    /// The exits that were taken, in order.
    pub exits: Vec<TakenExit>,
    /// How the call ended.
    pub outcome: SimulationOutcome,
    /// How many inputs were left over because nothing asked for them.
    pub unused_inputs: usize,
}

/// One thing that was heard, said or done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TranscriptEntry {
    /// When, by the simulated clock: silence, conversations and messages take their time.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub who: Who,
    /// What it is.
    pub kind: EntryKind,
    /// The node in which it happened.
    pub node_id: String,
    /// The words, the keys, the address of a sound, the name of a queue or of a pixel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// How long it took, or may take at the most, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// Who was dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// The buyer who was dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_id: Option<BuyerId>,
    /// How the dial ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<DialResult>,
}

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The flow.
    System,
    /// The caller.
    Caller,
    /// The carrier: what came of a dial.
    Carrier,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Words are spoken.
    Say,
    /// A sound is played.
    Play,
    /// The caller is asked.
    Ask,
    /// Keys are pressed.
    Keys,
    /// Words are said.
    Speech,
    /// Nothing comes.
    Silence,
    /// A message is asked for, or left.
    Record,
    /// Somebody is dialled.
    Dial,
    /// The caller waits in a queue.
    Queue,
    /// The caller is handed over in a conference.
    Transfer,
    /// A pixel is sent.
    Pixel,
    /// Somebody hangs up.
    Hangup,
    /// The flow could not go on: the campaign's plain routing takes the call.
    PlainRouting,
    /// Nobody took the call: the campaign's no-route treatment follows.
    NoRoute,
}

/// An exit that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TakenExit {
    /// The node.
    pub node_id: String,
    /// Its exit.
    pub exit: String,
    /// What is worth knowing of it, such as the error of custom code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How a simulated call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SimulationOutcome {
    /// How.
    pub kind: OutcomeKind,
    /// The node in which it ended.
    pub node_id: String,
    /// Why: the reason of a call that nobody took, the sentence of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The buyer who answered last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_id: Option<BuyerId>,
    /// What was dialled where somebody answered last; the name of a queue for a queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
}

/// The ways in which a simulated call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// The flow ended the call, and nobody had talked with the caller.
    Ended,
    /// Somebody talked with the caller.
    Connected,
    /// Nobody took the call: the campaign's no-route treatment follows.
    NoRoute,
    /// The flow could not go on: plain routing takes over. Or the simulation was stopped.
    Failed,
    /// The caller hung up before anybody had answered.
    CallerHungUp,
}

impl TranscriptEntry {
    /// An entry with nothing but words.
    pub(super) fn new(at: DateTime<Utc>, who: Who, kind: EntryKind, node_id: &str) -> Self {
        Self {
            at,
            who,
            kind,
            node_id: node_id.to_owned(),
            text: None,
            seconds: None,
            destination: None,
            buyer_id: None,
            result: None,
        }
    }
}
