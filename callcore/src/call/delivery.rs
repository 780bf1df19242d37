//! What is to be sent to others after a step is saved: the rows of the outbox.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::CarrierCall;
use crate::model::HttpMethod;
use crate::vocabulary::Destination;

/// One thing to send. It is saved with the step that gave rise to it and sent afterwards, so that it
/// can neither delay the call nor be lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Its id, derived from the call and the step: every try has the same, so that a receiver can
    /// tell a repetition.
    pub id: Uuid,
    /// What people call it, such as the name of a pixel.
    pub name: String,
    /// How often it is tried again after a failure.
    pub retries: u32,
    /// What is sent.
    pub payload: Payload,
}

/// What is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Payload {
    /// A request to an address that a tenant configured.
    Http {
        /// Its method.
        method: HttpMethod,
        /// An absolute http or https URL.
        url: String,
        /// The body of a POST; empty for none.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        body: String,
        /// The body's media type.
        #[serde(default, rename = "contentType", skip_serializing_if = "Option::is_none")]
        content_type: Option<String>,
        /// How long one try may take, in milliseconds.
        #[serde(rename = "timeoutMs")]
        timeout_ms: u32,
    },
    /// Has the carrier ring somebody who joins the caller's conference.
    Invite {
        /// The caller's call.
        #[serde(rename = "carrierCall")]
        carrier_call: CarrierCall,
        /// Which attempt of the call it is.
        attempt: u32,
        /// Which step of the call's flow waits in the conference.
        step: u32,
        /// Whom to ring.
        destination: Destination,
        /// The caller id to show: a number that the account holds.
        #[serde(rename = "callerId")]
        caller_id: String,
        /// What whoever answers hears before the two are connected.
        whisper: String,
        /// How long it rings, in seconds.
        #[serde(rename = "ringTimeoutSeconds")]
        ring_timeout_secs: u32,
    },
    /// Has the carrier take the caller out of the conference and ask what comes next.
    Recall {
        /// The caller's call.
        #[serde(rename = "carrierCall")]
        carrier_call: CarrierCall,
        /// The step that goes on.
        step: u32,
        /// How long the carrier is given to bring the caller back by itself, in seconds.
        #[serde(default, rename = "afterSeconds")]
        after_secs: u32,
    },
    /// Has the carrier end the call, should it still be going on: a message may be cut so.
    HangUp {
        /// How long the call may go on, in seconds.
        #[serde(rename = "afterSeconds")]
        after_secs: u32,
    },
}

impl Delivery {
    /// What is kept of it once it arrived or was given up: everything but what callers entered, which
    /// stands in addresses, bodies and whispers.
    #[must_use]
    pub fn emptied(mut self) -> Self {
        if let Payload::Http { url, body, .. } = &mut self.payload {
            url.clear();
            body.clear();
        } else if let Payload::Invite { whisper, .. } = &mut self.payload {
            whisper.clear();
        }
        self
    }
}

impl std::fmt::Debug for Payload {
    // URLs, bodies and whispers hold what callers entered.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Http { .. } => "Http",
            Self::Invite { .. } => "Invite",
            Self::Recall { .. } => "Recall",
            Self::HangUp { .. } => "HangUp",
        })
    }
}
