//! What came back from a target, and when.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::auction::secrets;
use crate::auction::{BidReply, RenderError, Verdict};
use crate::vocabulary::{Destination, TargetId};

/// What came back from a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// An answer, whatever it says.
    Answered(BidReply),
    /// None.
    Unanswered(Unanswered),
}

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Unanswered {
    /// Not in time.
    Timeout,
    /// No connection was made: the name, the address, the port or TLS.
    Unreachable {
        /// What went wrong.
        error: String,
    },
    /// The connection broke off before the answer was whole.
    Broken {
        /// What went wrong.
        error: String,
    },
    /// What came is no HTTP.
    NotHttp {
        /// What went wrong.
        error: String,
    },
    /// The address may not be reached: the operator forbids it.
    Forbidden,
    /// The request could not be written, as a value did not fit its place, or we had no place for it.
    NotSent {
        /// The verdict of that.
        verdict: Verdict,
        /// What went wrong.
        error: String,
    },
    /// Whoever asked it for us panicked.
    Crashed,
}

impl Unanswered {
    /// The verdict that it means.
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Timeout => Verdict::Timeout,
            Self::Unreachable { .. } | Self::Broken { .. } | Self::Forbidden => {
                Verdict::Unreachable
            }
            Self::NotHttp { .. } => Verdict::Malformed,
            Self::NotSent { verdict, .. } => *verdict,
            Self::Crashed => Verdict::HttpError,
        }
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no answer in time"),
            Self::Unreachable { error } => write!(f, "no connection: {error}"),
            Self::Broken { error } => write!(f, "the connection broke off: {error}"),
            Self::NotHttp { error } => write!(f, "the answer is no HTTP: {error}"),
            Self::Forbidden => f.write_str("the address is not allowed"),
            Self::NotSent { error, .. } => write!(f, "nothing was sent: {error}"),
            Self::Crashed => f.write_str("asking it failed on our side"),
        }
    }
}

impl From<BidReply> for Reply {
    fn from(reply: BidReply) -> Self {
        Self::Answered(reply)
    }
}

impl From<Unanswered> for Reply {
    fn from(unanswered: Unanswered) -> Self {
        Self::Unanswered(unanswered)
    }
}

impl From<RenderError> for Reply {
    fn from(error: RenderError) -> Self {
        Unanswered::NotSent { verdict: error.verdict(), error: error.to_string() }.into()
    }
}

impl Reply {
    /// Whether nothing was sent at all.
    pub(super) const fn is_unsent(&self) -> bool {
        matches!(self, Self::Unanswered(Unanswered::NotSent { .. }))
    }

    fn destination(&self) -> Option<&Destination> {
        match self {
            Self::Answered(BidReply::Bid(bid)) => bid.destination.as_ref(),
            Self::Answered(_) | Self::Unanswered(_) => None,
        }
    }

    /// The reply with every one of these words blotted out, for bidders that echo what they were
    /// sent: the log keeps replies, and neither a credential nor a hidden caller id may stand in it.
    #[must_use]
    pub fn redacted(self, words: &[&str]) -> Self {
        // What needs its form, such as a destination, cannot be blotted out: then nothing is kept.
        let unreadable = || {
            let error = secrets::REDACTED.to_owned();
            Self::Unanswered(Unanswered::NotHttp { error })
        };
        let destination = self.destination().cloned();
        secrets::redacted(self, words)
            .filter(|reply| reply.destination() == destination.as_ref())
            .unwrap_or_else(unreadable)
    }
}

/// A reply with the instant at which its last byte came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Received {
    /// Whose it is.
    pub target_id: TargetId,
    /// When it was whole.
    pub at: DateTime<Utc>,
    /// What it says.
    pub reply: Reply,
}
