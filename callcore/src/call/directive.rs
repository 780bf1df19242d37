//! What the carrier shall do next, in no carrier's words. `callcore-twiml` writes them as TwiML.

use serde::{Deserialize, Serialize};

use crate::model::Recording;
use crate::vocabulary::Destination;

/// One instruction. A reply is a list of them, carried out in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "directive", rename_all = "snake_case")]
pub enum Directive {
    /// Speaks a text.
    Say {
        /// The text, at most 3,000 characters.
        text: String,
    },
    /// Rings a buyer and connects the two. Whatever comes of it is told as a
    /// [`DialResult`](super::DialResult), so nothing after it is carried out.
    Dial(Dial),
    /// Ends the call.
    Hangup,
}

/// One dial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dial {
    /// Which dial of this call, from 1.
    pub attempt: u32,
    /// Whom to ring.
    pub destination: Destination,
    /// The caller id to show; the caller's own where absent.
    pub caller_id: Option<String>,
    /// How long it rings, in seconds.
    pub ring_timeout_secs: u32,
    /// How long the conversation may last, in seconds.
    pub time_limit_secs: u32,
    /// Whether the conversation is recorded.
    pub recording: Recording,
}
